mod writers;

use std::{
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
};

use crate::{
    crypto::{
        SealError,
        archive::{ArchiveReader, ArchiveRow, ArchiveWriter, Table},
        header::{Header, ROW},
        secret::RecoveryCode,
    },
    journal::entry::Entry,
    store::{
        Store,
        error::StoreError,
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        audit::{Secret, audit},
        backup::{ArchiveRows, BackupError, Made, inspect, made_at, make, restore, tag, write},
        drafts::{self, Draft, DraftOf},
        entries,
        error::VaultError,
        settings,
        tests::{Fixture, NOON, day, entry, id, ids, reply},
        trash,
    },
};

const SECOND: i64 = 1_000;

fn password(password: &str) -> Secret {
    Secret::Password { name: " ANNA".to_owned(), password: password.to_owned().into() }
}

/// A journal in a file with two people and something of everything.
struct Journal {
    folder: tempfile::TempDir,
    fixture: Fixture,
    code: RecoveryCode,
}

impl Journal {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Fixture::over(Store::open(&folder.path().join("journal")).unwrap()).unwrap();
        let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
        let (ben, _) = fixture.register("Ben", "battery staple").unwrap();
        let first = entry(1, day(20_000), "first");
        anna.write(|w| {
            entries::insert(w, &first)?;
            entries::insert(w, &reply(2, &first, "an answer"))?;
            entries::insert(w, &entry(3, day(20_001), &"long ".repeat(4_000)))?;
            entries::insert(w, &entry(4, day(20_001), "thrown away"))?;
            entries::version(w, &first)?;
            entries::replace(w, &Entry { revision: 2, text: "first, changed".into(), ..first })?;
            trash::trash(w, id(4), NOON)?;
            settings::put(w, "zone", b"UTC")?;
            drafts::set(w, DraftOf::Day(day(20_002)), &[Draft { text: "half".into(), ..Draft::default() }])
        })
        .unwrap();
        ben.write(|w| entries::insert(w, &entry(9, day(20_000), "of Ben"))).unwrap();
        Self { folder, fixture, code }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn backup(&self, at: i64) -> Made {
        let to = self.path("backups");
        fs::create_dir_all(&to).unwrap();
        make(&self.fixture.store, &to, at).unwrap()
    }
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

// proves: RR-13
#[test]
fn a_backup_restores_to_the_same_journal() {
    let journal = Journal::new();
    let made = journal.backup(NOON);
    assert_eq!((made.contents.vaults, made.contents.bytes), (2, fs::metadata(&made.path).unwrap().len()));
    let name = made.path.file_name().unwrap().to_str().unwrap();
    let tag = tag(&made.contents.uuid);
    assert!(name.starts_with(&format!("journal-{tag}-2026-11-22-")), "{name}");
    assert_eq!(made_at(name, &tag), Some(NOON));
    assert_eq!(made_at(name, "00000000"), None, "that of another journal");

    let target = journal.path("restored").join("journal");
    assert_eq!(restore(&made.path, &target).unwrap(), made.contents);
    let restored = Fixture::over(Store::open(&target).unwrap()).unwrap();
    let anna = restored.sign_in();
    assert_eq!(anna.id(), journal.fixture.sign_in().id(), "the same account of the same journal");
    assert!(anna.verify().unwrap().ok);
    let page = |on| ids(&anna.read(|r| entries::day(r, on)).unwrap());
    assert_eq!((page(day(20_000)), page(day(20_001))), (vec![1, 2], vec![3]));
    assert_eq!(anna.read(|r| entries::versions(r, id(1))).unwrap().len(), 1);
    assert_eq!(anna.read(trash::trashed).unwrap(), [(id(4), NOON)]);
    drop(anna);
    assert!(restored.vaults.sign_in("ben", "battery staple").unwrap().is_some());
    assert!(restored.vaults.open_with_code(&journal.code).unwrap().is_some());
    let again = restore(&made.path, &target);
    assert!(matches!(again, Err(BackupError::Exists)), "never over a journal that is there");
}

#[test]
fn sessions_and_policy_stay_out_of_a_backup() {
    let journal = Journal::new();
    let before = write(journal.fixture.store.snapshot().unwrap().rows(), io::sink()).unwrap();
    journal
        .fixture
        .store
        .write(|rows| -> Result<(), StoreError> {
            rows.put_small(b"S0123456789abcdef", &[1; 140])?;
            rows.put_small(b"Pquota", b"policy")
        })
        .unwrap();
    let made = journal.backup(NOON);
    assert_eq!(made.contents, before, "the same bytes with and without them");
}

// proves: RR-13
#[test]
fn the_secret_of_each_person_opens_every_record_of_a_backup() {
    let journal = Journal::new();
    let made = journal.backup(NOON);
    let rows = ArchiveRows::open(&made.path).unwrap();
    let found = audit(&rows, &password("correct horse")).unwrap().expect("Anna");
    assert!(found.ok(), "{found:?}");
    assert_eq!((found.entries, found.opened), (4, found.records));
    assert_eq!(found.written, Some(NOON));
    let code = RecoveryCode::parse(&journal.code.display()).unwrap();
    assert!(audit(&rows, &Secret::Code(code)).unwrap().is_some_and(|found| found.ok()));
    assert!(audit(&rows, &password("wrong")).unwrap().is_none());
    let snapshot = journal.fixture.store.snapshot().unwrap();
    let live = audit(snapshot.rows(), &password("correct horse")).unwrap().expect("Anna");
    assert_eq!((live.records, live.seq), (found.records, found.seq), "the same as the journal itself");
}

#[test]
fn a_record_put_back_is_named_by_its_day() {
    let journal = Journal::new();
    let all = |journal: &Journal| {
        let mut rows = Vec::new();
        let snapshot = journal.fixture.store.snapshot().unwrap();
        snapshot
            .rows()
            .scan(&[0; 24], &[0xff; 24], &mut |key, value| {
                rows.push((*key, value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    };
    let before = all(&journal);
    let changed = Entry { revision: 3, ..entry(1, day(20_000), "changed again") };
    journal.fixture.sign_in().write(|w| entries::replace(w, &changed)).unwrap();
    let now = all(&journal);
    let mut named = 0;
    for (key, value) in now.iter().filter(|row| !before.contains(row)) {
        let Some((_, old)) = before.iter().find(|(other, _)| other == key) else { continue };
        let put = |value: &[u8]| {
            journal.fixture.store.write(|rows| rows.insert(key, value).map(|_| ())).unwrap();
        };
        put(old);
        let snapshot = journal.fixture.store.snapshot().unwrap();
        let found = audit(snapshot.rows(), &password("correct horse")).unwrap().unwrap();
        assert!(!found.ok() && !found.head_ok);
        named += usize::from(found.days.iter().any(|flaw| flaw.day == day(20_000) && flaw.count() == 1));
        drop(snapshot);
        put(value);
    }
    assert_eq!(named, 2, "the entry was put back, or the day");
}

// proves: RR-13
#[test]
fn every_cut_and_a_flipped_bit_of_each_row_is_found() {
    let journal = Journal::new();
    let made = journal.backup(NOON);
    let whole = fs::read(&made.path).unwrap();
    assert_eq!(inspect(whole.as_slice()).unwrap(), made.contents);
    for place in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(inspect(flipped.as_slice()).is_err(), "flipped at {place}");
        assert!(inspect(&whole[..place]).is_err(), "cut at {place}");
    }
    let bad = journal.path("bad.llamora-backup");
    let mut flipped = whole;
    flipped[3_000] ^= 4;
    fs::write(&bad, flipped).unwrap();
    let target = journal.path("never").join("journal");
    assert!(restore(&bad, &target).is_err());
    assert!(!target.exists());
}

#[test]
fn archives_whose_rows_do_not_fit_together_are_refused() {
    let journal = Journal::new();
    let mut rows = Vec::new();
    let bytes = fs::read(journal.backup(NOON).path).unwrap();
    let mut reader = ArchiveReader::new(bytes.as_slice()).unwrap();
    while let Some(row) = reader.next_row().unwrap() {
        rows.push(row);
    }
    let refused = |what: &str, change: &dyn Fn(&mut Vec<ArchiveRow>)| {
        let mut changed = rows.clone();
        change(&mut changed);
        let mut writer = ArchiveWriter::new(Vec::new()).unwrap();
        for row in &changed {
            writer.row(row.table, &row.key, &row.value).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let found = inspect(bytes.as_slice());
        assert!(matches!(found, Err(BackupError::Contents(_) | BackupError::Vault(_))), "{what}: {found:?}");
    };
    let first = |letter: u8| rows.iter().position(|row| row.key.first() == Some(&letter)).unwrap();
    refused("no header", &|rows| drop(rows.remove(0)));
    refused("a header of another file", &|rows| {
        let mut header = Header::parse(&rows[0].value).unwrap();
        header.uuid[0] ^= 1;
        rows[0].value = header.to_bytes().to_vec();
    });
    refused("a newer format", &|rows| {
        let mut header = Header::parse(&rows[0].value).unwrap();
        header.min_reader = 2;
        rows[0].value = header.to_bytes().to_vec();
    });
    refused("no keyring", &|rows| drop(rows.remove(first(b'K'))));
    refused("a short record", &|rows| rows.last_mut().unwrap().value.truncate(479));
    refused("no ways in", &|rows| rows.retain(|row| row.table == Table::Records || row.key[0] != b'W'));
    refused("nothing", &Vec::clear);
}

#[test]
fn a_failed_backup_leaves_the_earlier_one_and_nothing_else() {
    let journal = Journal::new();
    let made = journal.backup(NOON);
    let to = journal.path("backups");
    assert!(matches!(make(&journal.fixture.store, &to, NOON), Err(BackupError::Exists)));
    let nowhere = journal.path("unplugged");
    assert!(matches!(make(&journal.fixture.store, &nowhere, NOON), Err(BackupError::NoFolder)));
    // What a killed program left is swept, and only that of this journal.
    let name = made.path.file_name().unwrap().to_str().unwrap().to_owned();
    fs::write(to.join(format!(".{name}.partial")), b"half").unwrap();
    fs::write(to.join(".something.partial"), b"not ours").unwrap();
    let next = journal.backup(NOON + SECOND);
    let next = next.path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(files(&to), [".something.partial".to_owned(), name, next]);
    assert!(inspect(fs::read(&made.path).unwrap().as_slice()).is_ok());
}

#[cfg(unix)]
#[test]
fn backups_and_restored_journals_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let journal = Journal::new();
    let made = journal.backup(NOON);
    let target = journal.path("restored").join("journal");
    restore(&made.path, &target).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&made.path), mode(&target), mode(target.parent().unwrap())), (0o600, 0o600, 0o700));
}

/// A medium that takes so many bytes and no more.
struct Small(usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_medium_is_said_to_be_full_at_every_place() {
    let journal = Journal::new();
    let len = usize::try_from(journal.backup(NOON).contents.bytes).unwrap();
    let snapshot = journal.fixture.store.snapshot().unwrap();
    for room in (0..len).step_by(len / 50) {
        let failed = write(snapshot.rows(), Small(room));
        assert!(matches!(failed, Err(BackupError::Full)), "room for {room}: {failed:?}");
    }
    assert!(write(snapshot.rows(), Small(len)).is_ok());
}

#[test]
fn a_damaged_copy_of_a_key_row_does_not_get_into_a_backup() {
    let journal = Journal::new();
    let good = journal.backup(NOON).contents;
    let smalls = journal.fixture.store.read(|rows| rows.smalls(Copy::A, b"")).unwrap();
    for (key, value) in &smalls {
        let mut broken = value.clone();
        broken[5] ^= 1;
        let put = |value: &[u8]| {
            journal.fixture.store.write(|rows| rows.put_small_one(Copy::A, key, value)).unwrap();
        };
        put(&broken);
        let found = write(journal.fixture.store.snapshot().unwrap().rows(), io::sink()).unwrap();
        let is_checked = key[0] != b'K';
        assert_eq!(found == good, is_checked, "row {:?}", char::from(key[0]));
        put(value);
    }
}

// proves: RR-15
#[test]
fn a_file_of_a_newer_format_is_refused_before_any_write() {
    let journal = Journal::new();
    let Journal { folder, fixture, .. } = journal;
    let path = folder.path().join("journal");
    let header = fixture.store.read(|rows| rows.small(Copy::A, ROW)).unwrap().unwrap();
    let mut header = Header::parse(&header).unwrap();
    header.min_reader = 7;
    fixture.store.write(|rows| rows.put_small(ROW, &header.to_bytes())).unwrap();
    let crashed = fs::read(&path).unwrap();
    let store = Arc::clone(&fixture.store);
    drop(fixture);
    drop(store);
    let closed = fs::read(&path).unwrap();
    for bytes in [closed, crashed] {
        fs::write(&path, &bytes).unwrap();
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        let refused = crate::vault::refuse_newer(&path);
        assert!(matches!(refused, Err(VaultError::Seal(SealError::Newer { needs: 7 }))), "{refused:?}");
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), changed);
        assert_eq!(fs::read(&path).unwrap(), bytes, "not a byte is changed");
    }
}
