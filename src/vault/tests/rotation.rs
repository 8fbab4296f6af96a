//! Rotations, step by step. `kills` ends them at any point.

mod kills;
mod revoking;
pub(super) mod world;

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    crypto::{record::RecordType, secret::RecoveryCode},
    store::{
        Store,
        faults::Disk,
        rows::{Rows, RowsMut},
    },
    vault::{
        entries,
        error::VaultError,
        events,
        rotation::{Cursor, Leftover, Step},
        tests::{Fixture, NOON, day, entry, id},
        unlocked::Unlocked,
    },
};
use world::{act, finish, seen};

/// Number of the generation in byte 7 of the row keys of a vault, and how many rows each has.
fn generations(fixture: &Fixture) -> Vec<(u8, usize)> {
    let mut found: Vec<(u8, usize)> = Vec::new();
    fixture
        .store
        .read(|rows| {
            rows.scan(&[0; 24], &[0xff; 24], &mut |row, _| {
                match found.last_mut().filter(|(generation, _)| *generation == row[7]) {
                    Some((_, n_rows)) => *n_rows += 1,
                    None => found.push((row[7], 1)),
                }
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    found
}

/// A vault with entries, replies, versions, trash, drafts and settings.
fn written() -> (Fixture, Arc<Unlocked>, RecoveryCode) {
    let fixture = Fixture::in_memory();
    let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
    for n in 0..40 {
        act(&anna, n, n.wrapping_mul(7), n).unwrap();
    }
    (fixture, anna, code)
}

#[test]
fn a_refresh_takes_every_record_along_and_keeps_every_way_in() {
    let (fixture, anna, code) = written();
    let before = seen(&anna);
    let at_first = anna.rotation().unwrap();
    assert_eq!((at_first.generation, at_first.since, at_first.is_running()), (1, NOON, false));
    assert_eq!(anna.advance(&mut Cursor::default()).unwrap(), Step::Idle);
    let rows = generations(&fixture)[0].1;

    fixture.clock.advance(1_000);
    assert!(anna.refresh().unwrap());
    assert!(!anna.refresh().unwrap(), "one at a time");
    let mut cursor = Cursor::default();
    let mut n_steps = 0;
    loop {
        assert!(seen(&anna) == before);
        assert!(anna.verify().unwrap().ok);
        let state = anna.rotation().unwrap();
        assert_eq!(state.all, at_first.all + 1, "with the record that says what is to be done");
        assert!(fixture.vaults.open_with_code(&code).unwrap().is_some());
        assert!(fixture.vaults.sign_in("Anna", "correct horse").unwrap().is_some());
        match anna.advance_by(&mut cursor, 3).unwrap() {
            Step::Moved => assert!(anna.rotation().unwrap().done >= state.done),
            Step::Turned => assert!(!anna.rotation().unwrap().is_draining),
            Step::Compact => {
                fixture.vaults.settle().unwrap();
                anna.compacted().unwrap();
            }
            Step::Idle => break,
            Step::Stuck(left) => panic!("{left:?}"),
        }
        n_steps += 1;
    }
    assert!(n_steps > 10, "only {n_steps} steps");
    let after = anna.rotation().unwrap();
    assert_eq!((after.generation, after.since, after.is_running()), (2, NOON + 1_000, false));
    assert_eq!(generations(&fixture), [(2, rows + 1)]);
    drop(anna);
    let anna = fixture.sign_in();
    assert!(seen(&anna) == before && anna.verify().unwrap().ok);
}

#[test]
fn writing_and_reading_go_on_while_records_move() {
    let (fixture, anna, _) = written();
    let shadow = Fixture::in_memory().anna();
    for n in 0..40 {
        act(&shadow, n, n.wrapping_mul(7), n).unwrap();
    }
    anna.refresh().unwrap();
    let mut cursor = Cursor::default();
    for n in 40..160 {
        for vault in [&anna, &shadow] {
            act(vault, n, n.wrapping_mul(11), n).unwrap();
        }
        assert!(seen(&anna) == seen(&shadow), "after {n}");
        assert!(anna.verify().unwrap().ok, "after {n}");
        if n % 2 == 0 {
            anna.advance_by(&mut cursor, 2).unwrap();
        }
    }
    finish(&fixture, &anna);
    assert!(seen(&anna) == seen(&shadow));
    assert_eq!(anna.rotation().unwrap().generation, 2);
}

#[test]
fn readers_see_a_whole_journal_at_every_moment() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    for n in 1..=60 {
        anna.write(|w| entries::insert(w, &entry(n, day(i32::from(n) % 5), "text"))).unwrap();
    }
    let done = AtomicBool::new(false);
    let n_reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut n_reads = 0;
            while !done.load(Ordering::SeqCst) || n_reads == 0 {
                let mut found = BTreeSet::new();
                anna.read(|r| {
                    entries::walk(r, false, &mut |entry| {
                        found.insert(entry.id);
                        true
                    })
                })
                .unwrap();
                assert_eq!(found.len(), 60);
                assert!(anna.verify().unwrap().ok);
                n_reads += 1;
            }
            n_reads
        });
        for round in 0..6 {
            if round % 2 == 0 {
                anna.refresh().unwrap();
            } else {
                fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
            }
            let mut cursor = Cursor::default();
            while !matches!(anna.advance_by(&mut cursor, 7).unwrap(), Step::Compact | Step::Idle)
                || anna.rotation().unwrap().is_draining
            {}
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert!(n_reads > 0);
    assert_eq!(anna.rotation().unwrap().generation, 7);
}

#[test]
fn in_the_middle_of_a_rotation_every_logical_key_of_every_type_is_read() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    // Types of today and of later programs, each with a key of its own shape and a body of another length.
    let keys: Vec<(RecordType, Vec<u8>, Vec<u8>)> = (2..=40)
        .map(|number| (RecordType(number), vec![number as u8; 1 + usize::from(number) * 3], number))
        .map(|(kind, key, number)| (kind, key, vec![number as u8; usize::from(number).pow(2) * 20]))
        .collect();
    anna.write(|w| keys.iter().try_for_each(|(kind, key, body)| w.put_body(*kind, 7, key, body))).unwrap();
    anna.refresh().unwrap();
    let mut cursor = Cursor::default();
    let (mut halfway, mut seqs) = (0, BTreeSet::new());
    while anna.rotation().unwrap().is_draining {
        let state = anna.rotation().unwrap();
        halfway += usize::from(state.done > 5 && state.done + 5 < state.all);
        anna.read(|r| {
            for (kind, key, body) in &keys {
                let opened = r.open(*kind, key)?.expect("it was written");
                assert_eq!((opened.schema, opened.body()), (7, body.as_slice()));
                seqs.insert(opened.seq);
            }
            Ok(())
        })
        .unwrap();
        anna.advance_by(&mut cursor, 4).unwrap();
    }
    assert!(halfway > 3, "the middle was seen {halfway} times");
    assert_eq!(seqs.len(), 1, "a record keeps the number of the transaction that wrote it");
}

#[test]
fn more_rotations_than_numbers_of_generations() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "still here"))).unwrap();
    for _ in 0..258 {
        assert!(anna.refresh().unwrap());
        let mut cursor = Cursor::default();
        while anna.rotation().unwrap().is_draining {
            anna.advance(&mut cursor).unwrap();
        }
    }
    assert_eq!(anna.rotation().unwrap().generation, 259);
    drop(anna);
    let anna = fixture.sign_in();
    assert_eq!(anna.read(|r| entries::day(r, day(1))).unwrap()[0].text, "still here");
    assert!(anna.verify().unwrap().ok);
}

/// Rows of the draining generation, without its head, in the order in which the drain comes to them.
fn draining_rows(fixture: &Fixture, anna: &Unlocked) -> Vec<([u8; 24], Vec<u8>)> {
    let keys = anna.key_set().unwrap();
    let draining = keys.draining.as_ref().expect("a rotation is under way");
    let mut rows = Vec::new();
    fixture
        .store
        .read(|store| {
            store.scan(&[0; 24], &[0xff; 24], &mut |row, value| {
                if row[7] == draining.generation() as u8 && row != draining.head_row().as_bytes() {
                    rows.push((*row, value.to_vec()));
                }
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    rows
}

fn tamper(fixture: &Fixture, work: impl FnOnce(&mut dyn RowsMut)) {
    fixture
        .store
        .write(|rows| {
            work(rows);
            Ok::<_, VaultError>(())
        })
        .unwrap();
}

/// Goes on until the rotation ends or is stuck.
fn drain_all(anna: &Unlocked) -> Option<Leftover> {
    let mut cursor = Cursor::default();
    loop {
        match anna.advance_by(&mut cursor, 5).unwrap() {
            Step::Stuck(left) => return Some(left),
            Step::Moved | Step::Turned => {}
            Step::Compact | Step::Idle => return None,
        }
    }
}

#[test]
fn a_row_that_does_not_open_stays_until_its_owner_lets_go() {
    let (fixture, anna, _) = written();
    anna.refresh().unwrap();
    // A setting: nothing else in this test needs it.
    let wanted = anna.key_set().unwrap();
    let wanted = wanted.draining.as_ref().unwrap().row_key(RecordType::SETTINGS, b"setting 1");
    let rows = draining_rows(&fixture, &anna);
    let (row, mut broken) = rows.into_iter().find(|(row, _)| row == wanted.as_bytes()).expect("it is there");
    broken[40] ^= 1;
    tamper(&fixture, |store| drop(store.insert(&row, &broken).unwrap()));
    let stuck = Leftover { unreadable: 1, is_altered: false };
    assert_eq!(drain_all(&anna), Some(stuck));
    assert_eq!(drain_all(&anna), Some(stuck), "as often as it is tried");
    assert!(anna.rotation().unwrap().is_draining);
    assert_eq!(draining_rows(&fixture, &anna), [(row, broken)], "it stays where it is");
    assert!(anna.verify().unwrap().ok, "its tag is as it was: nothing was deleted or put back");
    drop(anna);

    let anna = fixture.sign_in();
    assert_eq!(drain_all(&anna), Some(stuck), "also after signing in again");
    act(&anna, 0, 0, 200).unwrap();
    // Its owner may revoke without waiting for it.
    let code = fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    assert!(anna.rotation().unwrap().again);
    assert_eq!(anna.let_go().unwrap(), 1);
    finish(&fixture, &anna);
    let state = anna.rotation().unwrap();
    assert_eq!((state.generation, state.is_running()), (3, false), "the revocation followed");
    let events = anna.read(events::all).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind, events[0].numbers.as_slice()), (Some(events::Kind::LetGo), &[1][..]));
    assert!(anna.verify().unwrap().ok);
    assert!(fixture.vaults.open_with_code(&code).unwrap().is_some());
}

#[test]
fn a_readable_row_that_came_in_the_way_is_taken_along_when_letting_go() {
    let (fixture, anna, _) = written();
    let before = seen(&anna);
    anna.refresh().unwrap();
    let rows = draining_rows(&fixture, &anna);
    let mut cursor = Cursor::default();
    while draining_rows(&fixture, &anna).len() > 4 {
        anna.advance_by(&mut cursor, 1).unwrap();
    }
    // Rows that have moved are put back, so that the old head counts too few.
    tamper(&fixture, |store| {
        for (row, value) in &rows[..6] {
            store.insert(row, value).unwrap();
        }
    });
    assert!(!anna.verify().unwrap().ok);
    let left = drain_all(&anna).expect("it does not add up");
    assert!(left.is_altered && left.unreadable > 0);
    assert_eq!(anna.let_go().unwrap(), 0, "nothing is lost: all of them open");
    finish(&fixture, &anna);
    assert!(seen(&anna) == before, "and none of them took the place of a later version");
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn rows_deleted_during_a_rotation_are_reported_at_its_end() {
    let (fixture, anna, _) = written();
    anna.refresh().unwrap();
    let rows = draining_rows(&fixture, &anna);
    tamper(&fixture, |store| drop(store.remove(&rows[rows.len() - 1].0).unwrap()));
    assert_eq!(drain_all(&anna), Some(Leftover { unreadable: 0, is_altered: true }));
    anna.let_go().unwrap();
    assert_eq!(drain_all(&anna), None);
    assert_eq!(anna.rotation().unwrap().generation, 2);
    assert!(anna.verify().unwrap().ok);
    assert_eq!(anna.read(events::all).unwrap().len(), 1);
}

#[test]
fn old_values_wraps_and_keyrings_leave_the_file() {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.anna();
    for n in 0..60 {
        act(&anna, n, n.wrapping_mul(7), n).unwrap();
    }
    let rows = fixture
        .store
        .read(|rows| {
            let mut all: Vec<Vec<u8>> =
                rows.smalls(crate::store::tables::Copy::A, b"")?.into_iter().map(|row| row.1).collect();
            all.retain(|value| !value.starts_with(b"LLAMORA1"));
            rows.scan(&[0; 24], &[0xff; 24], &mut |_, value| {
                all.push(value.to_vec());
                ControlFlow::Continue(())
            })?;
            Ok::<_, VaultError>(all)
        })
        .unwrap();
    let found = |image: &[u8]| {
        // 24 bytes from the sealed part of each value.
        let parts: BTreeSet<&[u8]> = rows.iter().map(|value| &value[value.len() - 24..]).collect();
        image.windows(24).filter(|window| parts.contains(window)).count()
    };
    assert!(found(&disk.image()) >= rows.len());
    fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    finish(&fixture, &anna);
    assert_eq!(found(&disk.image()), 0, "old bytes are left in free pages");
    assert!(anna.verify().unwrap().ok);
    assert!(anna.read(|r| entries::entry(r, id(1))).unwrap().is_some());
}
