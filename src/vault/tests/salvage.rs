//! RR-10: what is left of a damaged file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    clock::Fixed,
    crypto::secret::{Password, RecoveryCode},
    journal::{entry::Entry, ids::EntryId},
    store::{Store, error::StoreError, faults::wreck_trees},
    vault::{
        audit::Secret,
        backup::BackupError,
        drafts::{self, Draft, DraftOf},
        entries,
        error::VaultError,
        files::{self, FileKind, Pointer},
        outbox,
        salvage::{Salvaged, salvage},
        settings,
        tests::{Fixture, NOON, day, entry, reply},
        trash,
    },
};

const PAGE: usize = 4_096;
const ENTRIES: u32 = 900;

struct Damaged {
    folder: tempfile::TempDir,
    code: RecoveryCode,
}

fn number_id(number: u32) -> EntryId {
    let mut bytes = [0xaa; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    EntryId::from_bytes(bytes)
}

fn numbered(number: u32) -> Entry {
    let text = format!("Entry {number}: {}", "it rained all day. ".repeat((number % 90) as usize));
    Entry { id: number_id(number), ..entry(1, day(20_000 + i32::try_from(number / 10).unwrap()), &text) }
}

impl Damaged {
    /// A journal of two people, closed, with an entry in the trash, one removed for ever, versions and drafts.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Fixture::over(Store::open(&folder.path().join("journal")).unwrap()).unwrap();
        let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
        let (ben, _) = fixture.register("Ben", "battery staple").unwrap();
        for batch in (0..ENTRIES).collect::<Vec<_>>().chunks(30) {
            anna.write(|w| batch.iter().try_for_each(|number| entries::insert(w, &numbered(*number))))
                .unwrap();
        }
        anna.write(|w| {
            entries::insert(w, &reply(9, &numbered(3), "an answer"))?;
            entries::version(w, &numbered(5))?;
            entries::replace(w, &Entry { revision: 2, text: "changed".into(), ..numbered(5) })?;
            trash::trash(w, number_id(7), NOON)?;
            trash::trash(w, number_id(8), NOON)?;
            settings::put(w, "zone", b"Europe/Berlin")?;
            drafts::set(w, DraftOf::Day(day(21_000)), &[draft("not saved yet")])?;
            let beside = [draft(&numbered(11).text), draft("not saved in another window")];
            drafts::set(w, DraftOf::Day(day(20_001)), &beside)?;
            drafts::set(w, DraftOf::Day(day(20_000)), &[draft(&numbered(1).text)])
        })
        .unwrap();
        anna.write(|w| trash::purge(w, number_id(8)).map(|_| ())).unwrap();
        anna.write(|w| {
            let derived = files::put(w, FileKind::WORDS, "", &[1; 40_000])?;
            files::point(w, "search/words", &Pointer { files: vec![derived.id], ..Pointer::default() })?;
            let own = files::put(w, FileKind(300), "", &[2; 40_000])?;
            files::point(w, "a later program", &Pointer { files: vec![own.id], ..Pointer::default() })
                .map(|_| ())
        })
        .unwrap();
        ben.write(|w| entries::insert(w, &entry(1, day(20_000), "of Ben"))).unwrap();
        Self { folder, code }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn damage(&self, work: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path("journal")).unwrap();
        work(&mut bytes);
        fs::write(self.path("journal"), bytes).unwrap();
    }

    fn salvage(&self, secret: &Secret, to: &Path) -> Result<Option<Salvaged>, BackupError> {
        salvage(&self.path("journal"), secret, to, Arc::new(Fixed::at(NOON)))
    }
}

fn draft(text: &str) -> Draft {
    Draft { text: text.to_owned(), saved: NOON, ..Draft::default() }
}

fn password() -> Secret {
    Secret::Password { name: "anna".to_owned(), password: "correct horse".to_owned().into() }
}

// proves: RR-10 (900 entries and replies, all found)
#[test]
fn everything_is_found_when_all_branch_pages_are_destroyed() {
    let damaged = Damaged::new();
    damaged.damage(|bytes| assert!(wreck_trees(bytes) > 5, "there are trees to destroy"));
    assert!(matches!(
        Store::open(&damaged.path("journal")),
        Err(StoreError::Damaged(_) | StoreError::Foreign)
    ));
    let to = damaged.path("new").join("journal");
    let found = damaged.salvage(&password(), &to).unwrap().expect("the password opens it");
    // 900 and a reply, without the one that was removed for ever.
    assert_eq!(
        (found.entries, found.lost(), found.versions, found.other_vaults),
        (900, 0, 1, 1),
        "{found:?}"
    );
    assert!(found.removed <= 1, "only that one may have been left in a freed page");
    assert_eq!(found.days.iter().map(|day| day.found).sum::<usize>(), 900);

    let new = Fixture::over(Store::open(&to).unwrap()).unwrap();
    let anna = new.sign_in();
    assert!(anna.verify().unwrap().ok);
    for number in 0..ENTRIES {
        let stored = anna.read(|r| entries::entry(r, number_id(number))).unwrap();
        match number {
            5 => assert_eq!(stored.unwrap().text, "changed"),
            7 => assert_eq!(stored.unwrap().deleted, Some(NOON)),
            8 => assert!(stored.is_none(), "removed for ever stays removed"),
            _ => assert_eq!(stored.unwrap().text, numbered(number).text),
        }
    }
    let page = anna.read(|r| entries::page(r, day(20_000))).unwrap();
    assert!(page.flaws.is_empty());
    let texts: Vec<_> = page.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!((texts.len(), texts[4]), (9, "an answer"), "the reply stands after its entry");
    assert_eq!(anna.read(|r| entries::versions(r, number_id(5))).unwrap()[0].text, numbered(5).text);
    assert_eq!(anna.read(trash::trashed).unwrap(), [(number_id(7), NOON)]);
    assert_eq!(anna.read(|r| settings::get(r, "zone")).unwrap().as_deref(), Some(&b"Europe/Berlin"[..]));
    let kept = |on| anna.read(|r| drafts::all(r, DraftOf::Day(day(on)))).unwrap();
    assert_eq!(kept(21_000).first().map(|draft| draft.text.as_str()), Some("not saved yet"));
    assert!(kept(20_000).is_empty(), "its text is that of an entry");
    assert_eq!(kept(20_001).len(), 2, "one beside it was not saved");
    assert!(anna.read(outbox::pending).unwrap().rescan, "the index is made anew");
    assert!(anna.write(|w| trash::restore(w, number_id(7))).unwrap().is_some());
    anna.write(|w| entries::insert(w, &entry(200, day(20_000), "and writing goes on"))).unwrap();
    assert!(anna.verify().unwrap().ok);
    drop(anna);
    assert!(new.vaults.open_with_code(&damaged.code).unwrap().is_some(), "the recovery code opens it too");
    assert!(new.vaults.sign_in("Ben", "battery staple").unwrap().is_none(), "others need a run of their own");
}

// proves: RR-10
#[test]
fn days_tell_what_they_list_and_what_could_not_be_found() {
    let damaged = Damaged::new();
    // Every fifth leaf of one record goes, whatever it holds.
    damaged.damage(|bytes| {
        wreck_trees(bytes);
        let leaves = bytes.chunks_mut(PAGE).filter(|page| page[0] == 1 && page[2..4] == [2, 0]);
        leaves.step_by(5).for_each(|page| page.fill(0xee));
    });
    let to = damaged.path("new").join("journal");
    let found = damaged.salvage(&password(), &to).unwrap().unwrap();
    assert!(found.lost() > 0 && found.entries > 500, "{} lost, {} found", found.lost(), found.entries);
    let new = Fixture::over(Store::open(&to).unwrap()).unwrap();
    let anna = new.sign_in();
    assert!(anna.verify().unwrap().ok);
    let mut n_found = 0;
    anna.read(|r| {
        for day in &found.days {
            let page = entries::page(r, day.day)?;
            assert!(page.flaws.is_empty(), "no day lists what is not there");
            n_found += page.entries.len();
        }
        Ok(())
    })
    .unwrap();
    // The one in the trash; and the one removed for ever, as it lay there, when the page that says so is lost and the
    // one that held it was not used again.
    let n_trashed = anna.read(trash::trashed).unwrap().len();
    assert!(n_trashed <= 2, "{n_trashed} in the trash");
    assert!(n_found + n_trashed >= found.entries, "all others are on their days");
}

#[test]
fn an_old_password_and_a_wrong_one_open_nothing() {
    let damaged = Damaged::new();
    let fixture = Fixture::over(Store::open(&damaged.path("journal")).unwrap()).unwrap();
    fixture
        .vaults
        .set_password(&fixture.sign_in(), "Anna", &Password::choose("new and longer").unwrap())
        .unwrap();
    drop(fixture);
    damaged.damage(|bytes| {
        wreck_trees(bytes);
    });
    let to = damaged.path("new").join("journal");
    match damaged.salvage(&password(), &to) {
        // Compaction may have left the old row in a freed page.
        Ok(None) | Err(BackupError::Vault(VaultError::Replaced)) => {}
        other => panic!("the old password: {other:?}"),
    }
    let wrong = Secret::Password { name: "anna".into(), password: "wrong".to_owned().into() };
    assert!(damaged.salvage(&wrong, &to).unwrap().is_none());
    assert!(!to.exists());
    let new = Secret::Password { name: "anna".into(), password: "new and longer".to_owned().into() };
    assert_eq!(damaged.salvage(&new, &to).unwrap().unwrap().entries, 900);
    assert!(matches!(damaged.salvage(&new, &to), Err(BackupError::Exists)), "never over a journal");
}

#[test]
fn a_whole_file_is_salvaged_whole_and_an_open_one_is_busy() {
    let damaged = Damaged::new();
    let before = fs::read(damaged.path("journal")).unwrap();
    let to = damaged.path("new").join("journal");
    let found = damaged.salvage(&password(), &to).unwrap().unwrap();
    assert_eq!((found.entries, found.lost()), (900, 0));
    assert_eq!(fs::read(damaged.path("journal")).unwrap(), before, "the damaged file is only read");
    let _open = Store::open(&damaged.path("journal")).unwrap();
    let busy = damaged.salvage(&password(), &damaged.path("other"));
    assert!(matches!(busy, Err(BackupError::Vault(VaultError::Store(StoreError::Busy)))));
}

// proves: RR-09, RR-10 (19 pages of a journal of 60 entries; all 55 with LLAMORA_TEST_DAMAGE)
#[test]
fn a_page_that_is_lost_costs_only_what_stood_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let fixture = Fixture::over(Store::open(&path).unwrap()).unwrap();
    let anna = fixture.anna();
    for batch in (0..60).collect::<Vec<_>>().chunks(10) {
        anna.write(|w| batch.iter().try_for_each(|number| entries::insert(w, &numbered(*number)))).unwrap();
    }
    drop((anna, fixture));
    let whole = fs::read(&path).unwrap();
    // `LLAMORA_TEST_DAMAGE` looks at every page.
    let step = if std::env::var_os("LLAMORA_TEST_DAMAGE").is_some() { 1 } else { 3 };
    let is_used = |page: &&usize| whole[**page * PAGE..][..PAGE].iter().any(|byte| *byte != 0);
    let pages: Vec<usize> = (0..whole.len() / PAGE).collect();
    let (mut n_pages, mut n_lost) = (0, 0);
    for page in pages.iter().filter(is_used).step_by(step) {
        let mut bytes = whole.clone();
        bytes[page * PAGE..][..PAGE].fill(0);
        fs::write(&path, bytes).unwrap();
        let to = folder.path().join(format!("page {page}")).join("journal");
        let found = salvage(&path, &password(), &to, Arc::new(Fixed::at(NOON))).unwrap();
        let found = found.expect("wraps and keyring stand twice");
        // A page holds at most 8 records; a longer leaf has one page or two for one record.
        assert!(found.entries >= 60 - 8 && found.lost() <= 8, "page {page}: {found:?}");
        let new = Fixture::over(Store::open(&to).unwrap()).unwrap();
        let anna = new.sign_in();
        assert!(anna.verify().unwrap().ok);
        for number in 0..60 {
            // The text is the right one or none: never another.
            if let Some(entry) = anna.read(|r| entries::entry(r, number_id(number))).unwrap() {
                assert_eq!(entry.text, numbered(number).text);
            }
        }
        n_pages += 1;
        n_lost += found.lost();
    }
    println!("salvage: {n_pages} pages lost one at a time, {n_lost} entries with them");
    assert!(n_pages > 5);
}

// proves: RR-09 (12 damaged files; LLAMORA_TEST_DAMAGE: as many as it says)
#[test]
fn random_damage_never_panics_and_what_comes_out_verifies() {
    let damaged = Damaged::new();
    let whole = fs::read(damaged.path("journal")).unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || -> usize {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 1).unwrap()
    };
    // `LLAMORA_TEST_DAMAGE` makes more rounds.
    let rounds = std::env::var("LLAMORA_TEST_DAMAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let (mut least, mut opened) = (usize::MAX, 0);
    for round in 0..rounds {
        let mut bytes = whole.clone();
        match round % 3 {
            0 => bytes.truncate(next() % bytes.len()),
            1 => (0..400).for_each(|_| {
                let place = next() % bytes.len();
                bytes[place] ^= 1 << (next() % 8);
            }),
            _ => (0..bytes.len() / PAGE / 10).for_each(|_| {
                let page = next() % (bytes.len() / PAGE) * PAGE;
                let byte = next().to_le_bytes()[0];
                bytes[page..page + PAGE].fill(byte);
            }),
        }
        fs::write(damaged.path("journal"), bytes).unwrap();
        let to = damaged.path(&format!("round {round}")).join("journal");
        match damaged.salvage(&password(), &to) {
            Ok(Some(found)) => {
                let new = Fixture::over(Store::open(&to).unwrap()).unwrap();
                assert!(new.sign_in().verify().unwrap().ok, "round {round}");
                least = least.min(found.entries);
                opened += 1;
            }
            Ok(None) | Err(BackupError::Vault(VaultError::Altered(_))) => assert!(!to.exists()),
            Err(other) => panic!("round {round}: {other}"),
        }
    }
    println!("salvage: {opened} of {rounds} damaged files opened, at least {least} of 900 entries each");
    assert!(opened > rounds / 2);
}
