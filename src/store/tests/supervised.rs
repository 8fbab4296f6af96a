//! Media that are write-protected, full, failing, pulled out and put back: RR-05 to RR-08, RR-32.

use std::{fs, io::ErrorKind, path::Path};

use redb::Builder;

use super::{Disk, Result, get, put, temp};
use crate::store::{
    Store, StoreState,
    error::StoreError,
    faults::{Calls, torture},
    rows::{Rows, RowsMut},
    tables::Copy,
};

/// The bytes of a disk whose power went while the store was open: a repair is due.
fn crashed() -> Vec<u8> {
    let disk = Disk::default();
    let store = Store::on_disk(&disk).unwrap();
    store.write(|rows| rows.put_small(b"H", &[7; 192])).unwrap();
    for key in 0..40 {
        put(&store, key, &[key; 3000]).unwrap();
    }
    disk.image()
}

fn all_there(store: &Store) {
    for key in 0..40 {
        assert_eq!(get(store, key).unwrap(), Some(vec![key; 3000]), "row {key}");
    }
}

// proves: RR-06
#[test]
fn rr06_a_disk_that_becomes_write_protected_is_read_on_and_written_again_later() {
    let disk = Disk::default();
    let store = Store::on_disk(&disk).unwrap();
    put(&store, 1, b"before").unwrap();
    disk.write_protect();
    for _ in 0..2 {
        assert!(matches!(put(&store, 2, b"refused"), Err(StoreError::ReadOnly)));
        assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"before"[..]));
        assert_eq!(get(&store, 2).unwrap(), None);
        assert_eq!((store.look(), store.is_read_only()), (StoreState::ReadOnly, true));
    }
    store.quiet().unwrap();
    assert!(matches!(store.compact(), Err(StoreError::ReadOnly)));
    disk.mend();
    put(&store, 2, b"after").unwrap();
    assert_eq!((store.known_state(), store.is_read_only()), (StoreState::Ok, false));
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"before"[..]));

    disk.write_protect();
    assert!(put(&store, 3, b"refused").is_err());
    disk.mend();
    assert_eq!(store.look(), StoreState::Ok, "nobody has to write for the banner to go");
}

// proves: RR-06
#[test]
fn rr06_after_a_crash_a_write_protected_file_is_repaired_in_memory_only() {
    let image = crashed();
    let disk = Disk::holding(image.clone());
    let plain = Builder::new().open_read_only_with_backend(disk.clone());
    assert!(matches!(plain, Err(redb::DatabaseError::RepairAborted)), "the image needs a repair");
    disk.write_protect();
    let store = Store::on_disk(&disk).unwrap();
    assert_eq!((store.known_state(), store.is_read_only()), (StoreState::ReadOnly, true));
    all_there(&store);
    assert!(store.check().is_ok(), "checking works in memory as well");
    assert!(matches!(put(&store, 1, b"refused"), Err(StoreError::ReadOnly)));
    all_there(&store);
    drop(store);
    assert!(disk.image() == image, "not one byte of the medium was changed");
    disk.mend();
    let store = Store::on_disk(&disk).unwrap();
    all_there(&store);
    put(&store, 1, b"works").unwrap();
}

// proves: RR-06
#[test]
fn rr06_there_is_nothing_to_read_where_there_is_no_journal() {
    let disk = Disk::default();
    disk.write_protect();
    assert!(matches!(Store::on_disk(&disk), Err(StoreError::ReadOnly)));
}

// proves: RR-05
#[test]
fn rr05_a_file_on_a_full_disk_is_opened_for_reading_at_least() {
    let disk = Disk::holding(crashed());
    disk.fail_after(0, ErrorKind::StorageFull);
    let store = Store::on_disk(&disk).unwrap();
    assert_eq!(store.known_state(), StoreState::Full);
    all_there(&store);
    assert!(matches!(put(&store, 1, b"refused"), Err(StoreError::Full)));
    all_there(&store);
    assert_eq!(store.look(), StoreState::Full);
    disk.mend();
    assert_eq!(store.look(), StoreState::Ok);
    put(&store, 1, b"works").unwrap();
}

// proves: RR-05
#[test]
fn rr05_the_reserve_is_given_up_only_when_the_disk_is_full_and_made_again() {
    let (folder, path) = temp();
    let store = Store::open(&path).unwrap();
    let reserve = path.with_extension("reserve");
    assert!(!reserve.exists());
    assert_eq!(store.look(), StoreState::Ok);
    assert_eq!(fs::metadata(&reserve).unwrap().len(), 1 << 20);
    assert!(!store.spend_reserve() && reserve.exists(), "the disk is not full");
    store.set_state(StoreState::Full);
    assert!(store.spend_reserve() && !reserve.exists());
    assert!(!store.spend_reserve(), "there is only one");
    assert_eq!(store.look(), StoreState::Ok, "the probe found room");
    assert!(!reserve.exists(), "not at once: the deletion needs the room");
    drop((store, folder));
}

// proves: RR-32
#[test]
fn rr32_a_fault_at_any_call_fails_one_operation_and_the_next_one_works() {
    let image = crashed();
    let mut faults = 0;
    for once in [true, false] {
        for error in [ErrorKind::Other, ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem] {
            for allowed in 0.. {
                let disk = Disk::holding(image.clone());
                let store = Store::on_disk(&disk).unwrap();
                store.expect_identity([7; 16]);
                disk.fail(Calls::All, allowed, error, once);
                let read = get(&store, 5);
                assert!(read.as_ref().map_or(true, |row| *row == Some(vec![5; 3000])), "call {allowed}");
                let done = store.write(|rows| -> Result<()> {
                    rows.insert(&[90; 24], &[1; 9000])?;
                    rows.remove(&[3; 24])?;
                    rows.put_small(b"S", b"small")
                });
                let quiet = store.quiet();
                let fired = disk.fired();
                disk.mend();
                faults += fired;
                assert_eq!(store.look(), StoreState::Ok, "{error} at call {allowed}, once: {once}");
                let is_after = get(&store, 90).unwrap().is_some();
                assert!(is_after || done.is_err(), "acknowledged and lost: {error} at call {allowed}");
                assert_eq!(get(&store, 3).unwrap().is_none(), is_after);
                for copy in Copy::BOTH {
                    assert_eq!(store.read(|rows| rows.small(copy, b"S")).unwrap().is_some(), is_after);
                }
                put(&store, 91, b"works").unwrap();
                if fired == 0 {
                    assert!(read.is_ok() && done.is_ok() && quiet.is_ok());
                    break;
                }
            }
        }
    }
    assert!(faults > 100, "only {faults} faults");
}

// proves: RR-07
#[test]
fn rr07_a_medium_that_is_pulled_out_and_put_back_goes_on() {
    let image = crashed();
    for allowed in [0, 1, 5, 9] {
        let disk = Disk::holding(image.clone());
        let store = Store::on_disk(&disk).unwrap();
        disk.fail(Calls::All, allowed, ErrorKind::Other, false);
        let _ = put(&store, 90, b"perhaps");
        disk.pull_out();
        assert!(put(&store, 91, b"refused").is_err());
        assert!(matches!(store.look(), StoreState::Missing), "{:?}", store.known_state());
        assert!(put(&store, 91, b"refused").is_err());
        disk.mend();
        assert_eq!(store.look(), StoreState::Ok);
        all_there(&store);
        put(&store, 91, b"works").unwrap();
    }
}

#[test]
fn a_disk_in_trouble_is_left_alone_between_tries_but_not_by_those_who_need_it() {
    let disk = Disk::holding(crashed());
    let store = Store::on_disk(&disk).unwrap();
    disk.fail(Calls::All, 0, ErrorKind::Other, false);
    assert!(put(&store, 90, b"refused").is_err());
    assert_eq!(store.glance(), StoreState::Failed);
    let tries = disk.fired();
    for _ in 0..5 {
        assert_eq!(store.glance(), StoreState::Failed);
    }
    assert_eq!(disk.fired(), tries, "five glances touched the disk");
    disk.mend();
    assert_eq!(store.glance(), StoreState::Failed, "its time has not come");
    put(&store, 90, b"works").unwrap();
    assert_eq!(store.glance(), StoreState::Ok);
}

// proves: RR-07
#[test]
fn rr07_an_older_copy_in_its_place_is_refused_and_the_newer_one_is_taken() {
    let disk = Disk::default();
    let store = Store::on_disk(&disk).unwrap();
    store.write(|rows| rows.put_small(b"H", &[7; 192])).unwrap();
    store.expect_identity([7; 16]);
    put(&store, 1, b"one").unwrap();
    store.quiet().unwrap();
    let older = disk.image();
    put(&store, 2, b"two").unwrap();
    let newer = disk.image();
    disk.pull_out();
    assert!(put(&store, 3, b"refused").is_err());
    disk.replace(older.clone());
    assert!(matches!(get(&store, 1), Err(StoreError::Older)));
    assert!(matches!(put(&store, 3, b"refused"), Err(StoreError::Older)));
    assert_eq!(store.look(), StoreState::Older);
    assert!(disk.image() == older, "the copy was not written to");
    disk.replace(newer);
    assert_eq!(get(&store, 2).unwrap().as_deref(), Some(&b"two"[..]));
    put(&store, 3, b"works").unwrap();
}

fn moved(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}

// proves: RR-07
#[test]
fn rr07_a_file_that_is_moved_away_is_read_on_and_never_written_where_nobody_finds_it() {
    let (folder, path) = temp();
    let store = Store::open(&path).unwrap();
    store.write(|rows| rows.put_small(b"H", &[7; 192])).unwrap();
    store.expect_identity([7; 16]);
    put(&store, 1, b"kept").unwrap();
    let elsewhere = folder.path().join("elsewhere");
    moved(&path, &elsewhere);
    assert!(matches!(put(&store, 2, b"refused"), Err(StoreError::Missing)));
    assert_eq!(store.look(), StoreState::Missing);
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"kept"[..]), "what is open can be read");
    assert!(!path.exists(), "no empty journal in its place");

    // Another journal, then nothing at all, in its place.
    let other = Store::open(&folder.path().join("other")).unwrap();
    other.write(|rows| rows.put_small(b"H", &[8; 192])).unwrap();
    for key in 0..9 {
        put(&other, key, b"of somebody else").unwrap();
    }
    drop(other);
    fs::copy(folder.path().join("other"), &path).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(put(&store, 2, b"refused"), Err(StoreError::OtherFile)));
    assert_eq!(store.look(), StoreState::OtherFile);
    assert!(get(&store, 1).is_err());
    // Opening it writes that it is open, which is what closing takes back; its rows are as they were.
    assert_eq!(fs::metadata(&path).unwrap().len(), before.len() as u64);
    let other = Store::open(&path).unwrap();
    assert_eq!(get(&other, 1).unwrap().as_deref(), Some(&b"of somebody else"[..]));
    assert_eq!(get(&other, 2).unwrap().as_deref(), Some(&b"of somebody else"[..]));
    drop(other);
    fs::remove_file(&path).unwrap();
    assert_eq!(store.look(), StoreState::Missing);

    moved(&elsewhere, &path);
    assert_eq!(store.look(), StoreState::Ok);
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"kept"[..]));
    put(&store, 2, b"works").unwrap();
    assert!(folder.path().exists());
}

// proves: RR-08
#[test]
fn rr08_a_file_that_is_open_elsewhere_is_not_read_either() {
    let (_folder, path) = temp();
    let store = Store::open(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Busy)));
    put(&store, 1, b"unaffected").unwrap();
    assert_eq!(store.look(), StoreState::Ok);
}

// proves: RR-09
#[test]
fn rr09_a_file_too_large_to_check_at_start_is_read_through_later() {
    let (_folder, path) = temp();
    let store = Store::open(&path).unwrap();
    for key in 0..50 {
        put(&store, key, &[key; 3000]).unwrap();
    }
    let many = 9_000_u32;
    store
        .write(|rows| -> Result<()> {
            for n in 0..many {
                let mut key = [0xee; 24];
                key[20..].copy_from_slice(&n.to_be_bytes());
                rows.insert(&key, b"small")?;
            }
            rows.insert(&[0xff; 24], b"the last one there can be").map(|_| ())
        })
        .unwrap();
    let rows = 51 + u64::from(many);
    assert!(!store.needs_check(), "a new file");
    drop(store);
    let store = Store::open_checking_up_to(&path, 1000).unwrap();
    assert!(store.needs_check());
    assert_eq!(store.read_through().unwrap(), rows);
    assert!(!store.needs_check());
    drop(store);
    assert!(!Store::open(&path).unwrap().needs_check());

    // Rows that cannot be reached any more are noticed; the program goes on.
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for page in (1..whole.len() / 4096).step_by(3) {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        // With debug assertions redb looks at more of the file when it opens it.
        let Ok(store) = Store::open_checking_up_to(&path, 1000) else {
            noticed += 1;
            continue;
        };
        match store.read_through() {
            Ok(found) if found == rows => {}
            Ok(_) => noticed += 1,
            Err(err) => {
                assert!(
                    matches!(err, StoreError::Damaged(_) | StoreError::Failed | StoreError::Io(_)),
                    "{err}"
                );
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0, "no page in use was hit");
}

// proves: RR-32
#[test]
fn rr32_a_file_that_is_written_anew_is_the_same_file_wherever_that_breaks_off() {
    let before = crashed();
    // redb takes back a commit whose synchronisation failed. What it has taken back must not be missed the next time.
    for allowed in (0..).step_by(if torture() > 1 { 1 } else { 5 }) {
        let disk = Disk::holding(before.clone());
        let store = Store::on_disk(&disk).unwrap();
        for key in 0..20 {
            store.write(|rows| rows.remove(&[key; 24]).map(|_| ())).unwrap();
        }
        disk.fail(Calls::All, allowed, ErrorKind::Other, true);
        let is_whole = store.scrub().is_ok() && disk.fired() == 0;
        disk.mend();
        for _ in 0..3 {
            assert_eq!(store.look(), StoreState::Ok, "a fault at call {allowed}");
            assert_eq!(get(&store, 30).unwrap(), Some(vec![30; 3000]), "a fault at call {allowed}");
            disk.fail(Calls::All, 0, ErrorKind::Other, true);
            let _ = put(&store, 1, b"refused");
            disk.mend();
        }
        if is_whole {
            break;
        }
    }
}
