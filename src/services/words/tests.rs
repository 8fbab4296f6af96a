use std::{collections::BTreeMap, io::ErrorKind};

use super::{
    keep::{Round, load},
    *,
};
use crate::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{day::Day, entry::Ending},
    search::lexical::RECENT,
    store::{
        Store,
        error::StoreError,
        faults::{Cut, Dice, Disk, torture},
    },
    vault::{
        KdfChoice, Vaults,
        files::{self, FileKind, Pointer, collect},
        trash,
    },
};

const NOON: i64 = 1_795_348_800_000;

fn vaults(disk: &Disk) -> Result<Vaults, VaultError> {
    let store = Arc::new(Store::on_disk(disk)?);
    Vaults::open(store, Arc::new(Fixed::at(NOON)), KdfChoice::Cheap)
}

fn register(disk: &Disk) -> Arc<Unlocked> {
    let (name, password) = (Name::choose("Anna").unwrap(), Password::choose("correct horse").unwrap());
    vaults(disk).unwrap().register(&name, "Anna", &password).unwrap().0
}

fn sign_in(disk: &Disk) -> Arc<Unlocked> {
    vaults(disk).unwrap().sign_in("anna", "correct horse").unwrap().expect("Anna is registered")
}

fn id(number: usize) -> EntryId {
    EntryId::from_parts(i64::try_from(number).unwrap(), [7; 10])
}

fn entry(number: usize, revision: u32, text: &str) -> Entry {
    Entry {
        id: id(number),
        role: Role::Writer,
        ending: Ending::Whole,
        imported: false,
        never_send: false,
        day: Day::from_number(i32::try_from(number / 20).unwrap()).unwrap(),
        created: NOON,
        updated: NOON,
        zone: "UTC".to_owned(),
        utc_offset_min: 0,
        revision,
        deleted: None,
        reply_to: None,
        traces: Vec::new(),
        text: text.to_owned(),
        made_by: None,
    }
}

fn write(vault: &Unlocked, numbers: std::ops::Range<usize>) -> Result<(), VaultError> {
    vault.write(|w| {
        for number in numbers.clone() {
            entries::insert(w, &entry(number, 1, &format!("All of them, and number{number}.")))?;
        }
        Ok(())
    })
}

/// Does everything there is to do.
fn settle(words: &UserWords, vault: &Unlocked) -> Result<(), VaultError> {
    while let Round::More { .. } = words.round(vault, true)? {}
    Ok(())
}

fn opened(vault: &Unlocked) -> UserWords {
    let words = UserWords::default();
    settle(&words, vault).unwrap();
    words
}

/// How many entries say it.
fn count(words: &UserWords, vault: &Unlocked, typed: &str) -> usize {
    let hits = words.find(vault, &Query::parse(typed), None, &[]).unwrap().expect("the index is open");
    hits.hits.len()
}

#[test]
fn what_changes_shows_at_once_and_after_a_restart() {
    let disk = Disk::default();
    let vault = register(&disk);
    let words = opened(&vault);
    assert_eq!(count(&words, &vault, "them"), 0);
    write(&vault, 0..2 * RECENT).unwrap();
    assert_eq!(count(&words, &vault, "them "), 2 * RECENT);
    settle(&words, &vault).unwrap();
    assert!(vault.read(load).unwrap().index.len() >= RECENT, "a segment is sealed");
    vault.write(|w| entries::replace(w, &entry(3, 2, "Quite different."))).unwrap();
    vault.write(|w| trash::trash(w, id(4), NOON).map(|_| ())).unwrap();
    write(&vault, 300..301).unwrap();
    let check = |words: &UserWords, vault: &Unlocked| {
        assert_eq!(count(words, vault, "\"number3\""), 0, "edited");
        assert_eq!(count(words, vault, "different "), 1);
        assert_eq!(count(words, vault, "\"number4\""), 0, "in the trash");
        assert_eq!(count(words, vault, "\"number300\""), 1, "just written");
        assert_eq!(count(words, vault, "\"of them and number0\""), 1, "the oldest");
    };
    check(&words, &vault);
    drop((words, vault));
    let vault = sign_in(&disk);
    let words = opened(&vault);
    check(&words, &vault);
    vault.write(|w| trash::restore(w, id(4)).map(|_| ())).unwrap();
    assert_eq!(count(&words, &vault, "\"number4\""), 1, "back from the trash");
    words.close();
    assert!(words.find(&vault, &Query::parse("them"), None, &[]).unwrap().is_none());
}

#[test]
fn a_search_waits_for_an_index_that_is_just_being_opened() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..30).unwrap();
    drop(opened(&vault));
    let words = UserWords::default();
    std::thread::scope(|scope| {
        let searching = scope.spawn(|| count(&words, &vault, "them "));
        settle(&words, &vault).unwrap();
        assert_eq!(searching.join().unwrap(), 30);
    });
    // One that was closed, and one that has to be made anew, are not waited for.
    words.start_anew(&vault);
    assert!(words.find(&vault, &Query::parse("them"), None, &[]).unwrap().is_none());
}

#[test]
fn a_journal_without_an_index_gets_one_and_much_at_once_is_read_in_batches() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..300).unwrap();
    let words = UserWords::default();
    // It reads what is sealed, and what the journal lists.
    for _ in 0..2 {
        words.round(&vault, false).unwrap();
    }
    assert!(
        words.find(&vault, &Query::parse("them"), None, &[]).unwrap().is_none(),
        "every entry is read instead"
    );
    settle(&words, &vault).unwrap();
    assert_eq!(count(&words, &vault, "them "), 300);
    write(&vault, 300..300 + MOST_AT_ONCE + 1).unwrap();
    assert!(words.find(&vault, &Query::parse("them"), None, &[]).unwrap().is_none());
    settle(&words, &vault).unwrap();
    assert_eq!(count(&words, &vault, "them "), 301 + MOST_AT_ONCE);
    let sealed = vault.read(load).unwrap();
    assert_eq!((sealed.index.len(), sealed.n_broken), (301 + MOST_AT_ONCE, 0));
}

#[test]
fn what_was_sealed_and_cannot_be_used_is_made_anew() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..300).unwrap();
    drop(opened(&vault));
    vault
        .write(|w| {
            let other = files::put(w, FileKind::WORDS, "", b"ljwords0, of another version")?;
            files::point(w, "search/words", &Pointer { files: vec![other.id], ..Pointer::default() })
        })
        .unwrap();
    assert_eq!(vault.read(load).unwrap().n_broken, 1);
    let words = opened(&vault);
    assert_eq!(count(&words, &vault, "them "), 300);
    let sealed = vault.read(load).unwrap();
    assert_eq!((sealed.index.len(), sealed.n_broken), (300, 0));
}

#[test]
fn what_a_damaged_pointer_named_is_collected() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..300).unwrap();
    drop(opened(&vault));
    assert_eq!(vault.read(load).unwrap().index.len(), 300);
    vault.write(|w| collect::spoil(w, "search/words")).unwrap();
    let words = opened(&vault);
    assert_eq!(count(&words, &vault, "them "), 300);
    assert_eq!(vault.read(load).unwrap().index.len(), 300);
    assert!(vault.read(collect::orphans).unwrap().is_empty());
    drop(words);
    // Also when there is too little for a segment.
    let vault = register(&Disk::default());
    vault
        .write(|w| {
            files::put(w, FileKind::WORDS, "", b"a segment")?;
            collect::spoil(w, "search/words")
        })
        .unwrap();
    drop(opened(&vault));
    assert!(vault.read(collect::orphans).unwrap().is_empty());
    assert_eq!(vault.read(|r| files::pointer(r, "search/words")).unwrap(), None);
}

#[test]
fn a_rebuilding_that_cannot_be_sealed_has_failed() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..300).unwrap();
    disk.fail_after(0, ErrorKind::StorageFull);
    assert!(make(&vault).is_err());
    assert_eq!(make(&sign_in(&Disk::holding(disk.cut(Cut::DropAll)))).unwrap(), 300);
}

/// The entries that are in no trash: their numbers with their revisions.
fn journal_of(vault: &Unlocked) -> BTreeMap<usize, u32> {
    let mut journal = BTreeMap::new();
    let number = |text: &str| text.split("number").nth(1)?.trim_end_matches('.').parse().ok();
    let mut note = |entry: Entry| {
        journal.insert(number(&entry.text).expect("each says its number"), entry.revision);
        true
    };
    vault.read(|r| entries::walk(r, false, &mut note)).unwrap();
    journal
}

/// Writes, edits and deletes between the rounds of the index until the disk is gone. `next` is the first number that no
/// entry had.
fn live_until_cut(
    disk: &Disk,
    vault: &Unlocked,
    words: &UserWords,
    dice: &mut Dice,
    next: &mut usize,
) -> BTreeMap<usize, u32> {
    let mut journal = journal_of(vault);
    loop {
        let number = usize::try_from(dice.below(*next as u64)).unwrap();
        let revision = journal.get(&number).copied();
        let done = match (dice.below(3), revision) {
            (0, Some(revision)) => {
                let changed = entry(number, revision + 1, &format!("Changed, number{number}."));
                let done = vault.write(|w| entries::replace(w, &changed));
                done.map(|()| journal.extend([(number, revision + 1)]))
            }
            (1, Some(_)) => vault
                .write(|w| trash::trash(w, id(number), NOON).map(|_| ()))
                .map(|()| journal.retain(|known, _| *known != number)),
            _ => {
                let written = *next..*next + 40;
                *next += 40;
                write(vault, written.clone()).map(|()| journal.extend(written.map(|number| (number, 1))))
            }
        };
        if done.is_err() || settle(words, vault).is_err() || disk.fired() > 0 {
            return journal;
        }
    }
}

// Issue 5, "must be seen to hold" 5.
#[test]
fn a_kill_at_any_point_only_means_that_it_catches_up() {
    let mut dice = Dice::new(5);
    let mut kills = 0;
    for seed in 0..5 * torture() {
        let mut disk = Disk::default();
        let mut vault = register(&disk);
        let mut next = RECENT * 2;
        write(&vault, 0..next).unwrap();
        let mut words = opened(&vault);
        for cut in 0..4 {
            disk.fail_after(dice.below(120), ErrorKind::NotConnected);
            let acknowledged = live_until_cut(&disk, &vault, &words, &mut dice, &mut next);
            drop((words, vault));
            let cut = Cut::of(cut, &mut dice);
            let image = disk.cut(cut);
            disk = Disk::holding(image);
            kills += 1;
            (vault, words) = {
                let vault = sign_in(&disk);
                let words = opened(&vault);
                (vault, words)
            };
            // The last change may or may not have been committed; the index says what the journal says.
            let journal = journal_of(&vault);
            assert!(journal.len() + 1 >= acknowledged.len(), "seed {seed}, kill {kills}");
            let edited = journal.values().filter(|revision| **revision > 1).count();
            let found = (count(&words, &vault, "\"of them\""), count(&words, &vault, "\"changed\""));
            assert_eq!(found, (journal.len() - edited, edited), "seed {seed}, kill {kills}");
            let sealed = vault.read(load).unwrap();
            assert!(sealed.n_broken == 0 && sealed.index.len() >= RECENT, "seed {seed}, kill {kills}");
        }
    }
    println!("{kills} kills while words were indexed and merged: results as from a rebuilt index after each");
}

#[test]
fn a_full_disk_does_not_keep_entries_from_being_found() {
    let disk = Disk::default();
    let vault = register(&disk);
    write(&vault, 0..RECENT + 10).unwrap();
    disk.fail_after(0, ErrorKind::StorageFull);
    let words = opened(&vault);
    assert_eq!(count(&words, &vault, "them "), RECENT + 10);
    assert!(matches!(write(&vault, 500..501), Err(VaultError::Store(StoreError::Full))));
}
