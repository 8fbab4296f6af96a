//! Files that somebody changed.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    clock::Fixed,
    crypto::{
        SealError,
        header::{Header, Profile},
        secret::Password,
    },
    journal::entry::Entry,
    store::{
        Store,
        rows::{Rows, RowsMut, WriteRows},
        tables::{Copy, RowBytes},
    },
    vault::{
        KdfChoice, Vaults,
        drafts::{self, Draft, DraftOf},
        entries::{self, Flaw},
        error::{Alteration, VaultError},
        settings,
        tests::{Fixture, NOON, day, entry, id},
        trash,
        unlocked::Unlocked,
        verify::Verification,
    },
};

pub(super) type Rowed = Vec<(RowBytes, Vec<u8>)>;

pub(super) fn raw(store: &Store) -> Rowed {
    let mut all = Vec::new();
    store
        .read(|rows| {
            rows.scan(&[0; 24], &[0xff; 24], &mut |key, value| {
                all.push((*key, value.to_vec()));
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    all
}

/// The rows that differ from an earlier state or are new, as they are now.
pub(super) fn changed(before: &Rowed, now: &Rowed) -> Rowed {
    now.iter().filter(|row| !before.contains(row)).cloned().collect()
}

pub(super) fn tamper(store: &Store, work: impl FnOnce(&mut WriteRows<'_>)) {
    store
        .write(|rows| {
            work(rows);
            Ok::<_, VaultError>(())
        })
        .unwrap();
}

fn smalls(store: &Store, copy: Copy, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.read(|rows| rows.smalls(copy, prefix)).unwrap()
}

fn reopen(fixture: Fixture) -> Result<Vaults, VaultError> {
    let Fixture { store, clock, vaults } = fixture;
    drop(vaults);
    Vaults::open(store, clock, KdfChoice::Cheap)
}

pub(super) fn with_two_entries() -> (Fixture, Arc<Unlocked>) {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "one"))).unwrap();
    anna.write(|w| entries::insert(w, &entry(2, day(1), "two"))).unwrap();
    (fixture, anna)
}

// proves: RR-09, SR-58
// D41
#[test]
fn every_deleted_swapped_or_flipped_row_is_noticed() {
    let (fixture, anna) = with_two_entries();
    let rows = raw(&fixture.store);
    assert_eq!(rows.len(), 7, "HEAD, ROOT, OUTBOX, DAY, YEAR and two entries");
    let noticed = |what: &str| match anna.verify() {
        Ok(proof) => assert!(!proof.ok, "{what}"),
        Err(VaultError::Altered(Alteration::Head)) => {}
        Err(other) => panic!("{what}: {other}"),
    };
    let put_back = || {
        tamper(&fixture.store, |store| {
            for (key, value) in &rows {
                store.insert(key, value).unwrap();
            }
        });
        assert!(anna.verify().unwrap().ok);
    };
    for (key, value) in &rows {
        tamper(&fixture.store, |rows| drop(rows.remove(key).unwrap()));
        noticed("deleted");
        put_back();
        let mut flipped = value.clone();
        *flipped.last_mut().unwrap() ^= 1;
        tamper(&fixture.store, |rows| drop(rows.insert(key, &flipped).unwrap()));
        noticed("flipped");
        for (_, other) in rows.iter().filter(|(other, _)| other != key) {
            tamper(&fixture.store, |rows| drop(rows.insert(key, other).unwrap()));
            noticed("another row's value");
        }
        tamper(&fixture.store, |rows| drop(rows.insert(key, b"short").unwrap()));
        noticed("short");
        put_back();
    }
}

#[test]
fn an_entry_put_back_to_an_earlier_text_is_named() {
    let (fixture, anna) = with_two_entries();
    let before = raw(&fixture.store);
    anna.write(|w| entries::replace(w, &Entry { revision: 2, ..entry(2, day(1), "changed") })).unwrap();
    let now = raw(&fixture.store);
    // Not knowing which row is the entry, the attacker tries each row that changed.
    let mut named = 0;
    for (key, value) in changed(&before, &now) {
        let old = before.iter().find(|(other, _)| *other == key).unwrap().1.clone();
        tamper(&fixture.store, |rows| drop(rows.insert(&key, &old).unwrap()));
        assert!(!anna.verify().is_ok_and(|proof| proof.ok), "an old row with new ones");
        let flaws = anna.read(|r| entries::page(r, day(1))).unwrap().flaws;
        named += usize::from(flaws == [(id(2), Flaw::Stale)]);
        tamper(&fixture.store, |rows| drop(rows.insert(&key, &value).unwrap()));
    }
    assert_eq!(named, 2, "the entry was put back, or the day");
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn a_record_that_is_gone_or_broken_does_not_hide_the_others() {
    let (fixture, anna) = with_two_entries();
    let before = raw(&fixture.store);
    anna.write(|w| entries::insert(w, &entry(3, day(1), "three"))).unwrap();
    let new: Rowed =
        raw(&fixture.store).into_iter().filter(|(key, _)| before.iter().all(|(old, _)| old != key)).collect();
    let [(key, value)] = new.as_slice() else { panic!("one new row") };
    tamper(&fixture.store, |rows| drop(rows.remove(key).unwrap()));
    let page = anna.read(|r| entries::page(r, day(1))).unwrap();
    assert_eq!((page.entries.len(), page.flaws), (2, vec![(id(3), Flaw::Missing)]));
    let mut flipped = value.clone();
    flipped[40] ^= 1;
    tamper(&fixture.store, |rows| drop(rows.insert(key, &flipped).unwrap()));
    let page = anna.read(|r| entries::page(r, day(1))).unwrap();
    assert_eq!((page.entries.len(), page.flaws), (2, vec![(id(3), Flaw::Unreadable)]));
    assert!(matches!(anna.read(|r| entries::entry(r, id(3))), Err(VaultError::Seal(SealError::Open))));
    assert!(anna.verify().unwrap().ok, "the tag is as it was: only opening shows it");
}

#[test]
fn planted_rows_are_counted_as_strays() {
    let (fixture, anna) = with_two_entries();
    let mut planted = raw(&fixture.store)[0].0;
    planted[7] = 200;
    tamper(&fixture.store, |rows| drop(rows.insert(&planted, &[0; 480]).unwrap()));
    assert_eq!(anna.verify().unwrap(), Verification { records: 6, strays: 1, ok: false });
    planted[7] = 1;
    planted[23] ^= 1;
    tamper(&fixture.store, |rows| drop(rows.insert(&planted, &[0; 480]).unwrap()));
    assert_eq!(anna.verify().unwrap(), Verification { records: 7, strays: 1, ok: false });
}

#[test]
fn an_old_or_missing_head_stops_writing_until_it_is_accepted() {
    let (fixture, anna) = with_two_entries();
    let before = raw(&fixture.store);
    anna.write(|w| settings::put(w, "a", b"1")).unwrap();
    let now = raw(&fixture.store);
    let mut replaced = changed(&before, &now);
    replaced.retain(|(key, _)| before.iter().any(|(old, _)| old == key));
    let [(head, new)] = replaced.as_slice() else { panic!("the setting is new, only the head was replaced") };
    let old = before.iter().find(|(key, _)| key == head).unwrap().1.clone();
    tamper(&fixture.store, |rows| drop(rows.insert(head, &old).unwrap()));
    let written = anna.write(|w| settings::put(w, "a", b"2"));
    assert!(matches!(written, Err(VaultError::Altered(Alteration::Head))), "an old head under an open vault");
    assert!(!anna.verify().unwrap().ok);
    drop(anna);
    let anna = fixture.sign_in();
    assert!(!anna.verify().unwrap().ok, "after signing in again only verifying shows it");
    tamper(&fixture.store, |rows| drop(rows.remove(head).unwrap()));
    assert!(matches!(anna.verify(), Err(VaultError::Altered(Alteration::Head))));
    assert!(matches!(
        anna.write(|w| settings::put(w, "a", b"3")),
        Err(VaultError::Altered(Alteration::Head))
    ));
    drop(anna);
    let anna = fixture.sign_in();
    assert!(anna.is_headless());
    assert_eq!(anna.read(|r| entries::day(r, day(1))).unwrap().len(), 2, "it can be read");
    for refused in [anna.write(|w| settings::put(w, "a", b"4")), anna.refresh().map(|_| ())] {
        assert!(matches!(refused, Err(VaultError::Altered(Alteration::Head))));
    }
    drop(anna);
    tamper(&fixture.store, |rows| drop(rows.insert(head, new).unwrap()));
    let anna = fixture.sign_in();
    assert!(anna.verify().unwrap().ok && !anna.is_headless(), "the head is there again");
    drop(anna);
    tamper(&fixture.store, |rows| drop(rows.insert(head, &[7; 480]).unwrap()));
    let anna = fixture.sign_in();
    let found = anna.accept().unwrap();
    assert!(found.head_lost && found.days.is_empty());
    assert!(anna.verify().unwrap().ok && !anna.is_headless());
    anna.write(|w| settings::put(w, "a", b"5")).unwrap();
    drop(anna);
    assert!(fixture.sign_in().verify().unwrap().ok);
}

#[test]
fn old_keyrings_and_old_wraps_are_refused() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let (old_rings, old_wraps) =
        (smalls(&fixture.store, Copy::A, b"K"), smalls(&fixture.store, Copy::A, b"W"));
    fixture.vaults.set_password(&anna, "Anna", &Password::choose("battery staple").unwrap()).unwrap();
    drop(anna);
    let new_rings = smalls(&fixture.store, Copy::A, b"K");
    tamper(&fixture.store, |rows| {
        for (key, value) in &old_wraps {
            rows.put_small(key, value).unwrap();
        }
    });
    assert!(matches!(fixture.vaults.sign_in("Anna", "correct horse"), Err(VaultError::Replaced)));
    let anna = fixture.vaults.sign_in("Anna", "battery staple").unwrap().unwrap();
    assert!(
        matches!(fixture.vaults.sign_in("Anna", "correct horse"), Err(VaultError::Replaced)),
        "also while open"
    );
    drop(anna);
    tamper(&fixture.store, |rows| rows.put_small(&old_rings[0].0, &old_rings[0].1).unwrap());
    for password in ["correct horse", "battery staple"] {
        let signed_in = fixture.vaults.sign_in("Anna", password);
        assert!(matches!(signed_in, Err(VaultError::Altered(Alteration::Keyring) | VaultError::Replaced)));
    }
    tamper(&fixture.store, |rows| {
        rows.put_small_one(Copy::B, &new_rings[0].0, &new_rings[0].1).unwrap();
    });
    assert!(fixture.vaults.sign_in("Anna", "battery staple").unwrap().is_some(), "the newer copy counts");
    assert_eq!(smalls(&fixture.store, Copy::A, b"K"), new_rings, "and is written to both");
}

// proves: RR-11
#[test]
fn a_flipped_byte_in_one_copy_is_healed_from_the_other() {
    let (fixture, anna) = with_two_entries();
    drop(anna);
    let whole = smalls(&fixture.store, Copy::A, b"");
    let mut fixture = fixture;
    for copy in Copy::BOTH {
        for (key, value) in &whole {
            for place in [0, value.len() / 2, value.len() - 1] {
                let mut flipped = value.clone();
                flipped[place] ^= 0x40;
                tamper(&fixture.store, |rows| rows.put_small_one(copy, key, &flipped).unwrap());
                let (store, clock) = (Arc::clone(&fixture.store), Arc::clone(&fixture.clock));
                let vaults = reopen(fixture).unwrap();
                fixture = Fixture { store, clock, vaults };
                assert!(fixture.sign_in().verify().unwrap().ok);
                let healed = smalls(&fixture.store, copy, key)[0].1 == *value;
                // The sealed part of the wrap with the recovery code: which copy is right shows when it is used.
                let is_open = key[0] == b'W' && value[6] == 2 && place > 72;
                assert_eq!(healed, !is_open, "row {:?} at {place}", char::from(key[0]));
            }
            tamper(&fixture.store, |rows| rows.put_small(key, value).unwrap());
        }
    }
}

// proves: RR-11
#[test]
fn either_table_of_key_rows_may_be_lost() {
    for copy in Copy::BOTH {
        let (fixture, anna) = with_two_entries();
        drop(anna);
        let whole = smalls(&fixture.store, Copy::A, b"");
        tamper(&fixture.store, |rows| {
            for (key, _) in &whole {
                rows.remove_small_one(copy, key).unwrap();
            }
        });
        let store = Arc::clone(&fixture.store);
        let vaults = reopen(fixture).unwrap();
        assert!(!vaults.is_new().unwrap());
        let anna = vaults.sign_in("Anna", "correct horse").unwrap().unwrap();
        assert!(anna.verify().unwrap().ok);
        assert_eq!(smalls(&store, copy, b""), whole);
    }
}

#[test]
fn a_header_lost_in_both_copies_is_rebuilt_from_a_wrap() {
    let (fixture, anna) = with_two_entries();
    drop(anna);
    let header = smalls(&fixture.store, Copy::A, b"H");
    for broken in [None, Some([0xee; 192])] {
        tamper(&fixture.store, |rows| match broken {
            None => rows.remove_small(b"H").unwrap(),
            Some(broken) => rows.put_small(b"H", &broken).unwrap(),
        });
        let clock = Arc::new(Fixed::at(NOON));
        let vaults = Vaults::open(Arc::clone(&fixture.store), clock, KdfChoice::Cheap).unwrap();
        assert!(vaults.sign_in("Anna", "correct horse").unwrap().is_some());
        assert_eq!(smalls(&fixture.store, Copy::A, b"H"), header, "the same header as before");
    }
    // Without header and wraps nothing can ever be opened: that is no new journal.
    tamper(&fixture.store, |rows| {
        for (key, _) in smalls_of(rows, b"W").into_iter().chain(smalls_of(rows, b"H")) {
            rows.remove_small(&key).unwrap();
        }
    });
    assert!(matches!(reopen(fixture), Err(VaultError::Altered(Alteration::Header))));
}

fn smalls_of(rows: &WriteRows<'_>, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    rows.smalls(Copy::A, prefix).unwrap()
}

#[test]
fn a_changed_header_is_refused() {
    let change = |change: fn(&mut Header)| {
        let (fixture, anna) = with_two_entries();
        drop(anna);
        let mut header = Header::parse(&smalls(&fixture.store, Copy::A, b"H")[0].1).unwrap();
        change(&mut header);
        tamper(&fixture.store, |rows| rows.put_small(b"H", &header.to_bytes()).unwrap());
        let vaults = reopen(fixture)?;
        Ok::<_, VaultError>(vaults)
    };
    let altered =
        |result: Result<Vaults, VaultError>| matches!(result, Err(VaultError::Altered(Alteration::Header)));
    assert!(altered(change(|header| header.uuid[3] ^= 1)));
    assert!(altered(change(|header| header.current.salt[3] ^= 1)));
    assert!(altered(change(|header| header.current.log2n = 14)));
    assert!(altered(change(|header| header.current = Profile::cheap())));
    assert!(matches!(
        change(|header| header.min_reader = 2),
        Err(VaultError::Seal(SealError::Newer { needs: 2 }))
    ));
    let vaults = change(|header| header.min_writer = 2).unwrap();
    let anna = vaults.sign_in("Anna", "correct horse").unwrap().unwrap();
    assert_eq!(anna.read(|r| entries::day(r, day(1))).unwrap().len(), 2, "reading goes on");
    assert!(matches!(anna.write(|w| settings::put(w, "a", b"")), Err(VaultError::ReadOnly)));
    let planted = change(|header| {
        let weak = Profile { id: 2, ..Profile::cheap() };
        header.previous = Some(std::mem::replace(&mut header.current, Profile { log2n: 14, ..weak }));
    });
    let vaults = planted.unwrap();
    let moved = vaults.sign_in("Anna", "correct horse");
    assert!(
        matches!(moved, Err(VaultError::Seal(SealError::WeakParameters))),
        "no wrap under a planted profile"
    );
}

#[test]
fn words_planted_anywhere_are_nowhere_in_the_file() {
    const CANARY: &str = "zanzibarcanary";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let name = format!("{CANARY}name");
    {
        let fixture = Fixture::over(Store::open(&path).unwrap()).unwrap();
        let (one, _) = fixture.register(&name, CANARY).unwrap();
        one.write(|w| {
            let planted = Entry { zone: CANARY.into(), ..entry(1, day(1), &CANARY.repeat(900)) };
            entries::insert(w, &planted)?;
            entries::version(w, &planted)?;
            entries::replace(w, &Entry { revision: 2, text: "gone".into(), ..planted })?;
            settings::put(w, CANARY, CANARY.as_bytes())?;
            drafts::set(w, DraftOf::Day(day(2)), &[Draft { text: CANARY.into(), ..Draft::default() }])?;
            trash::trash(w, id(1), NOON).map(|_| ())
        })
        .unwrap();
    }
    let bytes = std::fs::read(&path).unwrap();
    let utf16: Vec<u8> = CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = data_encoding::HEXLOWER.encode(CANARY.as_bytes());
    let id = id(1);
    for planted in [CANARY.as_bytes(), &utf16, hex.as_bytes(), id.as_bytes()] {
        assert!(!bytes.windows(planted.len()).any(|window| window == planted));
    }
    assert!(bytes.windows(8).any(|window| window == b"LLAMORA1"), "the search finds what is there");
}
