//! RR-12: backups while people write.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::*;
use crate::journal::ids::EntryId;

/// What `make torture` asks for more of: backups (`LLAMORA_TEST_BACKUPS`), writers (`LLAMORA_TEST_WRITERS`), and the
/// seconds over which the backups are spread (`LLAMORA_TEST_SECONDS`).
fn asked(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

// proves: RR-12 (8 writers, 6 backups; `make torture`: 50 writers for 60 s, 20 backups)
#[test]
fn a_backup_made_while_people_write_is_a_prefix_of_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(Store::open(&folder.path().join("journal")).unwrap()).unwrap();
    let n_backups = asked("LLAMORA_TEST_BACKUPS", 6);
    let span = Duration::from_secs(asked("LLAMORA_TEST_SECONDS", 0).into());
    // Two for each person, as from two browsers.
    let people: Vec<_> = (0..asked("LLAMORA_TEST_WRITERS", 8).div_ceil(2))
        .map(|number| fixture.register(&format!("Person {number}"), "correct horse").unwrap().0)
        .collect();
    // Per person: the number of the transaction that was acknowledged, and the entry it wrote.
    let acknowledged: Vec<Mutex<BTreeMap<u64, EntryId>>> = people.iter().map(|_| Mutex::default()).collect();
    let done = AtomicBool::new(false);
    let mut made = Vec::new();
    std::thread::scope(|scope| {
        for (person, log) in people.iter().zip(&acknowledged) {
            for half in 0..2_u8 {
                let done = &done;
                scope.spawn(move || {
                    let mut written = 0_u32;
                    while !done.load(Ordering::SeqCst) {
                        written += 1;
                        let mut bytes = [half; 16];
                        bytes[..4].copy_from_slice(&written.to_be_bytes());
                        let new = Entry {
                            id: EntryId::from_bytes(bytes),
                            ..entry(
                                1,
                                day(20_000 + i32::try_from(written / 50).unwrap()),
                                "written meanwhile",
                            )
                        };
                        let seq = person
                            .write(|w| {
                                entries::insert(w, &new)?;
                                Ok(w.seq())
                            })
                            .unwrap();
                        log.lock().unwrap().insert(seq, new.id);
                    }
                });
            }
        }
        let to = folder.path().join("backups");
        fs::create_dir(&to).unwrap();
        let begun = Instant::now();
        for number in 0..n_backups {
            // Not before its time, and not before somebody has written since the last one.
            while begun.elapsed() < span * number / n_backups {
                std::thread::park_timeout(Duration::from_millis(10));
            }
            let before: usize = acknowledged.iter().map(|log| log.lock().unwrap().len()).sum();
            let patience = Instant::now() + Duration::from_secs(60);
            while acknowledged.iter().map(|log| log.lock().unwrap().len()).sum::<usize>() < before + 20 {
                assert!(Instant::now() < patience, "nobody writes");
                std::thread::yield_now();
            }
            let at_least: Vec<u64> = acknowledged
                .iter()
                .map(|log| log.lock().unwrap().keys().last().copied().unwrap_or(0))
                .collect();
            let backup = make(&fixture.store, &to, NOON + i64::from(number) * SECOND).unwrap();
            made.push((backup, at_least));
        }
        done.store(true, Ordering::SeqCst);
    });

    let mut sizes = Vec::new();
    for (number, (backup, at_least)) in made.iter().enumerate() {
        let target = folder.path().join(format!("restored {number}")).join("journal");
        restore(&backup.path, &target).unwrap();
        let restored = Fixture::over(Store::open(&target).unwrap()).unwrap();
        for (person, log) in acknowledged.iter().enumerate() {
            let vault =
                restored.vaults.sign_in(&format!("Person {person}"), "correct horse").unwrap().unwrap();
            assert!(vault.verify().unwrap().ok);
            let mut found = Vec::new();
            vault
                .read(|r| {
                    entries::walk(r, false, &mut |entry| {
                        found.push(entry.id);
                        true
                    })
                })
                .unwrap();
            let seq = vault.write(|w| Ok(w.seq() - 1)).unwrap();
            assert!(seq >= at_least[person], "what was acknowledged before the backup is in it");
            let mut expected: Vec<_> = log.lock().unwrap().range(..=seq).map(|(_, id)| *id).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "backup {number}, person {person}, transaction {seq}");
            sizes.push(found.len());
        }
    }
    println!(
        "backups while writing: {} backups, {} to {} entries each person",
        made.len(),
        sizes.iter().min().unwrap(),
        sizes.iter().max().unwrap()
    );
}
