//! Disks that fill up, fail and lose power.

mod power;
mod traces;

use std::{io::ErrorKind, sync::Arc};

use crate::{
    journal::entry::Entry,
    store::{
        Store, StoreState,
        error::StoreError,
        faults::{Cut, Disk},
    },
    vault::{
        days, entries,
        error::VaultError,
        outbox,
        tests::{Fixture, day, entry, id, reply},
        trash,
        unlocked::Unlocked,
    },
};

/// What a reader sees of the journal.
#[derive(PartialEq, Debug)]
struct Seen {
    texts: Vec<(u8, u32)>,
    counts: (u8, bool),
    trashed: usize,
    work: usize,
    name: Arc<str>,
}

fn seen(anna: &Unlocked) -> Seen {
    assert!(anna.verify().unwrap().ok);
    anna.read(|r| {
        let page = entries::page(r, day(1))?;
        assert!(page.flaws.is_empty());
        let count = days::year(r, 1970)?.day(day(1));
        Ok(Seen {
            texts: page.entries.iter().map(|entry| (entry.id.as_bytes()[0], entry.revision)).collect(),
            counts: (count.entries, count.has_reply),
            trashed: trash::trashed(r)?.len(),
            work: outbox::pending(r)?.items.len(),
            name: anna.name(),
        })
    })
    .unwrap()
}

fn change(anna: &Unlocked) -> Result<(), VaultError> {
    let first = entry(1, day(1), "one");
    anna.write(|w| {
        entries::version(w, &first)?;
        entries::replace(w, &Entry { revision: 2, ..entry(1, day(1), &"two ".repeat(2_000)) })?;
        entries::insert(w, &reply(3, &first, "an answer"))?;
        trash::trash(w, id(2), 5).map(|_| ())
    })
}

/// A file in which Anna has two entries, after a clean end.
fn image() -> Vec<u8> {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.anna();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "one"))).unwrap();
    anna.write(|w| entries::insert(w, &entry(2, day(1), "other"))).unwrap();
    fixture.store.quiet().unwrap();
    drop((anna, fixture));
    disk.image()
}

fn on(image: Vec<u8>) -> (Disk, Fixture, Arc<Unlocked>) {
    let disk = Disk::holding(image);
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.sign_in();
    (disk, fixture, anna)
}

// proves: RR-05
#[test]
fn rr05_after_a_full_disk_the_same_vault_goes_on_without_a_restart() {
    let image = image();
    let (_, _fixture, anna) = on(image.clone());
    let before = seen(&anna);
    change(&anna).unwrap();
    let after = seen(&anna);
    for allowed in 0.. {
        let (disk, fixture, anna) = on(image.clone());
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let done = change(&anna);
        if done.is_ok() {
            break;
        }
        assert!(matches!(done, Err(VaultError::Store(StoreError::Full))), "after {allowed}");
        disk.mend();
        assert_eq!(fixture.store.look(), StoreState::Ok);
        let found = seen(&anna);
        assert!(found == before || found == after, "after {allowed}");
        if found == before {
            change(&anna).unwrap();
        }
        assert_eq!(seen(&anna), after);
    }
}

// proves: RR-02, RR-04
#[test]
fn rr04_a_power_cut_while_registering_leaves_a_whole_vault_or_none() {
    for allowed in 0.. {
        let disk = Disk::default();
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        disk.fail_after(allowed, ErrorKind::Other);
        let done = fixture.register("Anna", "correct horse").map(|_| ());
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed * 3 + 1)] {
            let again = Fixture::over(Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap()).unwrap();
            match again.vaults.sign_in("Anna", "correct horse").unwrap() {
                Some(anna) => assert!(anna.verify().unwrap().ok && !again.vaults.is_new().unwrap()),
                None => {
                    assert!(done.is_err() && again.vaults.is_new().unwrap(), "{cut:?} after {allowed}");
                    again.anna();
                }
            }
        }
        if done.is_ok() {
            break;
        }
    }
}
