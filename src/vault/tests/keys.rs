//! Changes of keys and deletions: what opens afterwards, what is left of the old bytes, and what a power cut costs.

use std::{
    collections::{BTreeMap, HashSet},
    io::ErrorKind,
    ops::ControlFlow,
    sync::Arc,
};

use crate::{
    crypto::{VaultId, secret::Password, secret::RecoveryCode},
    store::{
        Store,
        faults::{Cut, Disk},
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        entries,
        error::VaultError,
        tests::{Fixture, day, entry, ids},
        unlocked::Unlocked,
    },
};

const NEW: &str = "battery staple";

/// Anna and Ben with entries of every size, on a disk that is closed cleanly; and Anna's recovery code.
fn image() -> (Vec<u8>, String) {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
    let (ben, _) = fixture.register("Ben", "correct horse").unwrap();
    for number in 1..40 {
        let length = [20, 700, 3_000, 9_000][usize::from(number) % 4];
        let text = "word ".repeat(length / 5);
        anna.write(|w| entries::insert(w, &entry(number, day(i32::from(number)), &text))).unwrap();
        ben.write(|w| entries::insert(w, &entry(number, day(1), &text))).unwrap();
    }
    fixture.store.quiet().unwrap();
    drop((anna, ben, fixture));
    (disk.image(), code.display().to_string())
}

fn on(image: Vec<u8>) -> (Disk, Fixture) {
    let disk = Disk::holding(image);
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    (disk, fixture)
}

fn password(text: &str) -> Password {
    Password::choose(text).unwrap()
}

fn opens(fixture: &Fixture, name: &str, password: &str) -> bool {
    let opened = fixture.vaults.sign_in(name, password).unwrap();
    opened.is_some_and(|unlocked| unlocked.verify().unwrap().ok)
}

/// The rows of a vault: every key with its value.
fn rows_of(fixture: &Fixture, vault: VaultId) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let carries = |key: &[u8], value: &[u8]| {
        let id = vault.as_bytes().as_slice();
        key.get(1..8) == Some(id) || value.get(12..19) == Some(id) || value.get(8..15) == Some(id)
    };
    let read = fixture.store.read(|rows| -> Result<_, VaultError> {
        let mut found = BTreeMap::new();
        for copy in Copy::BOTH {
            found.extend(rows.smalls(copy, b"")?.into_iter().filter(|(key, value)| carries(key, value)));
        }
        rows.scan(&[0; 24], &[0xff; 24], &mut |key, value| {
            if key.starts_with(vault.as_bytes()) {
                found.insert(key.to_vec(), value.to_vec());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    read.unwrap()
}

/// How many of these rows can still be found in the file, by their nonce and first sealed bytes or by their tag.
fn traces(image: &[u8], rows: &BTreeMap<Vec<u8>, Vec<u8>>) -> usize {
    let mut pieces: Vec<[u8; 16]> = Vec::new();
    for value in rows.values() {
        let sealed = match value.len() {
            132 => &value[72..],
            4_028 => &value[32..],
            _ => value,
        };
        pieces.extend([sealed.first_chunk().unwrap(), sealed.last_chunk().unwrap()]);
    }
    let mut may_begin = vec![false; 1 << 16];
    let start = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    pieces.iter().for_each(|piece| may_begin[start(piece)] = true);
    let found: HashSet<&[u8]> = image
        .windows(16)
        .filter(|bytes| may_begin[start(bytes)] && pieces.iter().any(|piece| piece == bytes))
        .collect();
    pieces.chunks(2).filter(|pair| pair.iter().any(|piece| found.contains(&piece[..]))).count()
}

/// Numbers of operations after which the power goes: all of the first, later ones further apart.
fn moments() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0_u64), |n| Some(n + 1 + n / 24))
}

#[test]
fn the_old_wrap_and_keyring_leave_the_file_with_the_old_password() {
    let (disk, fixture) = on(image().0);
    let anna = fixture.sign_in();
    let before = rows_of(&fixture, anna.id());
    fixture.vaults.set_password(&anna, "Anna", &password(NEW)).unwrap();
    let after = rows_of(&fixture, anna.id());
    let gone: BTreeMap<_, _> =
        before.into_iter().filter(|(key, value)| after.get(key) != Some(value)).collect();
    assert_eq!(gone.len(), 3, "the wrap, the keyring and the head");
    assert_eq!(traces(&disk.image(), &gone), 3, "a store never overwrites in place");
    assert!(fixture.vaults.settle().unwrap());
    assert_eq!(traces(&disk.image(), &gone), 0);
    assert_eq!(traces(&disk.image(), &after), after.len(), "what counts is there");
    assert!(!fixture.vaults.settle().unwrap(), "once is enough");
    assert!(!opens(&fixture, "Anna", "correct horse") && opens(&fixture, "Anna", NEW));
    assert!(opens(&fixture, "Ben", "correct horse"));
}

#[test]
fn a_deleted_vault_leaves_no_byte_and_the_others_all() {
    let (image, code) = image();
    let (disk, fixture) = on(image);
    let anna = fixture.sign_in();
    let ben = fixture.vaults.sign_in("Ben", "correct horse").unwrap().unwrap();
    let (hers, his) = (rows_of(&fixture, anna.id()), rows_of(&fixture, ben.id()));
    assert!(hers.len() > 80, "{}", hers.len());
    fixture.vaults.delete(&anna).unwrap();
    assert_eq!(rows_of(&fixture, anna.id()).len(), 0);
    assert!(traces(&disk.image(), &hers) > 0, "the control: without more work the bytes stay");
    assert!(fixture.vaults.settle().unwrap());
    assert_eq!(traces(&disk.image(), &hers), 0);
    assert!(!disk.image().windows(7).any(|bytes| bytes == anna.id().as_bytes()), "not even its id is left");

    assert_eq!(rows_of(&fixture, ben.id()), his, "nothing of the others was touched");
    assert_eq!(ids(&ben.read(|r| entries::day(r, day(1))).unwrap()).len(), 39);
    assert!(ben.verify().unwrap().ok);
    let late = anna.write(|w| entries::insert(w, &entry(99, day(1), "too late")));
    assert!(matches!(late, Err(VaultError::Altered(_))), "who still holds it open writes nothing");
    assert_eq!(rows_of(&fixture, anna.id()).len(), 0);
    drop(anna);
    assert!(fixture.vaults.sign_in("Anna", "correct horse").unwrap().is_none());
    assert!(fixture.vaults.open_with_code(&RecoveryCode::parse(&code).unwrap()).unwrap().is_none());
    let (again, _) = fixture.register("Anna", "correct horse").unwrap();
    assert!(again.read(|r| entries::day(r, day(1))).unwrap().is_empty());
    assert!(!fixture.vaults.is_new().unwrap());
}

#[test]
fn a_wrap_of_which_both_copies_are_damaged_goes_as_well() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let wraps: Vec<Vec<u8>> =
        rows_of(&fixture, anna.id()).into_keys().filter(|key| key.starts_with(b"W")).collect();
    assert_eq!(wraps.len(), 2);
    let damaged = fixture.store.write(|rows| rows.put_small(&wraps[0], &[0; 132]));
    damaged.unwrap();
    fixture.vaults.delete(&anna).unwrap();
    let left = fixture.store.read(|rows| rows.smalls(Copy::A, b"W")).unwrap();
    assert!(left.is_empty());
    assert!(fixture.vaults.is_new().unwrap());
}

#[test]
fn a_power_cut_while_the_password_changes_leaves_the_old_one_or_the_new_one() {
    let (image, code) = image();
    let code = RecoveryCode::parse(&code).unwrap();
    let change = |fixture: &Fixture, anna: &Arc<Unlocked>| {
        fixture.vaults.set_password(anna, "Annabel", &password(NEW))?;
        fixture.vaults.settle().map(|_| ())
    };
    let old_wrap = old_wrap(&image);
    let (mut n_old, mut n_new) = (0, 0);
    for allowed in moments() {
        let (disk, fixture) = on(image.clone());
        let anna = fixture.sign_in();
        disk.fail_after(allowed, ErrorKind::Other);
        let done = change(&fixture, &anna);
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(2 * allowed + 1)] {
            let (after, again) = on(disk.cut(cut));
            let (old, new) = (opens(&again, "Anna", "correct horse"), opens(&again, "Annabel", NEW));
            assert!(old != new, "{cut:?} after {allowed}: old {old}, new {new}");
            assert!(new || done.is_err(), "an acknowledged change was lost: {cut:?} after {allowed}");
            assert!(again.vaults.open_with_code(&code).unwrap().is_some(), "{cut:?} after {allowed}");
            assert!(opens(&again, "Ben", "correct horse"), "{cut:?} after {allowed}");
            let was_owed = again.vaults.settle().unwrap();
            assert!(!was_owed || new, "only a change asks for more work");
            if new {
                n_new += 1;
                assert_eq!(traces(&after.image(), &old_wrap), 0, "{cut:?} after {allowed}");
            } else {
                n_old += 1;
            }
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(n_old > 3 && n_new > 3, "{n_old} old, {n_new} new");
}

/// The wrap of Anna's password as it was in the beginning.
fn old_wrap(image: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (_disk, fixture) = on(image.to_vec());
    let anna = fixture.sign_in();
    let mut rows = rows_of(&fixture, anna.id());
    fixture.vaults.set_password(&anna, "Anna", &password("another one")).unwrap();
    let after = rows_of(&fixture, anna.id());
    rows.retain(|key, _| key.starts_with(b"W") && !after.contains_key(key));
    assert_eq!(rows.len(), 1);
    rows
}

#[test]
fn a_power_cut_while_a_vault_is_deleted_leaves_all_of_it_or_nothing() {
    let (image, _) = image();
    let (mut n_kept, mut n_gone) = (0, 0);
    for allowed in moments() {
        let (disk, fixture) = on(image.clone());
        let anna = fixture.sign_in();
        let (id, rows) = (anna.id(), rows_of(&fixture, anna.id()));
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let done = fixture.vaults.delete(&anna).and_then(|()| fixture.vaults.settle());
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(2 * allowed + 1)] {
            let (after, again) = on(disk.cut(cut));
            assert!(opens(&again, "Ben", "correct horse"), "{cut:?} after {allowed}");
            let kept = rows_of(&again, id);
            if kept.is_empty() {
                n_gone += 1;
                again.vaults.settle().unwrap();
                assert_eq!(traces(&after.image(), &rows), 0, "{cut:?} after {allowed}");
            } else {
                n_kept += 1;
                assert_eq!(kept, rows, "{cut:?} after {allowed}");
                assert!(done.is_err() && opens(&again, "Anna", "correct horse"), "{cut:?} after {allowed}");
            }
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(n_kept > 3 && n_gone > 3, "{n_kept} kept, {n_gone} gone");
}

#[test]
fn voiding_sessions_takes_the_rows_of_one_vault_only() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let (ben, _) = fixture.register("Ben", "correct horse").unwrap();
    let row = |vault: VaultId| {
        let mut value = vec![0; 140];
        value[8..15].copy_from_slice(vault.as_bytes());
        value
    };
    let planted = fixture.store.write(|rows| -> Result<(), VaultError> {
        for sid in [b"S0123456789abcde", b"Sfedcba987654321"] {
            rows.put_small(sid, &row(anna.id()))?;
        }
        Ok(rows.put_small(b"Saaaaaaaaaaaaaaa", &row(ben.id()))?)
    });
    planted.unwrap();
    fixture.vaults.void_sessions(&anna).unwrap();
    let left = fixture.store.read(|rows| rows.smalls(Copy::B, b"S")).unwrap();
    assert_eq!(left, [(b"Saaaaaaaaaaaaaaa".to_vec(), row(ben.id()))]);
    assert!(fixture.vaults.settle().unwrap(), "a session row holds the root key");
    fixture.vaults.void_sessions(&anna).unwrap();
    assert!(!fixture.vaults.settle().unwrap(), "without rows there is nothing to take out");
    assert!(anna.verify().unwrap().ok && ben.verify().unwrap().ok);
}

#[test]
fn facts_tell_when_each_way_in_was_made() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let begun = fixture.vaults.facts(&anna).unwrap();
    assert_eq!((begun.password_since, begun.recovery_since), (Some(begun.created), Some(begun.created)));
    fixture.clock.advance(1_000);
    fixture.vaults.set_password(&anna, "Anna", &password(NEW)).unwrap();
    fixture.clock.advance(1_000);
    fixture.vaults.adopt_recovery(&anna, &RecoveryCode::random()).unwrap();
    let now = fixture.vaults.facts(&anna).unwrap();
    assert_eq!(now.created, begun.created);
    assert_eq!(now.password_since, Some(begun.created + 1_000));
    assert_eq!(now.recovery_since, Some(begun.created + 2_000));
}
