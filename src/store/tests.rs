mod supervised;

use std::{collections::BTreeSet, io::ErrorKind, ops::ControlFlow, path::PathBuf};

use super::{
    faults::{Cut, Disk},
    rows::{Rows, RowsMut},
    tables::Copy,
    *,
};

type Result<T> = std::result::Result<T, StoreError>;

fn temp() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("journal.llamora");
    (folder, path)
}

fn put(store: &Store, key: u8, value: &[u8]) -> Result<()> {
    store.write(|rows| rows.insert(&[key; 24], value).map(|_| ()))
}

fn get(store: &Store, key: u8) -> Result<Option<Vec<u8>>> {
    store.read(|rows| rows.record(&[key; 24]))
}

#[test]
fn rows_are_there_after_reopening() {
    let (_folder, path) = temp();
    let store = Store::open(&path).unwrap();
    store
        .write(|rows| -> Result<()> {
            rows.put_small(b"Hx", b"head")?;
            assert_eq!(rows.insert(&[1; 24], b"one")?, None);
            assert_eq!(rows.insert(&[1; 24], b"two")?.as_deref(), Some(&b"one"[..]));
            rows.insert(&[2; 24], b"three")?;
            assert_eq!(rows.remove(&[2; 24])?.as_deref(), Some(&b"three"[..]));
            Ok(())
        })
        .unwrap();
    store.quiet().unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(get(&store, 2).unwrap(), None);
    for copy in Copy::BOTH {
        let smalls = store.read(|rows| rows.smalls(copy, b"H")).unwrap();
        assert_eq!(smalls, [(b"Hx".to_vec(), b"head".to_vec())]);
    }
    let mut seen = 0;
    let mut count = |_: &[u8; 24], _: &[u8]| {
        seen += 1;
        ControlFlow::Continue(())
    };
    store.read(|rows| rows.scan(&[0; 24], &[0xff; 24], &mut count)).unwrap();
    assert_eq!(seen, 1);
}

#[cfg(unix)]
#[test]
fn the_file_and_a_new_folder_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = temp();
    drop(Store::open(&path).unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(Store::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600, "a wide mode is narrowed");
}

// proves: RR-08
#[test]
fn rr08_a_second_instance_is_told_that_the_file_is_in_use() {
    let (_folder, path) = temp();
    let store = Store::open(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Busy)));
    put(&store, 1, b"still works").unwrap();
    drop(store);
    assert!(Store::open(&path).is_ok());
}

#[test]
fn other_files_are_called_foreign_and_left_alone() {
    for content in [&b"x"[..], b"SQLite format 3\0 and more of it", &[0; 9000], &[0xa5; 100_000]] {
        let (folder, _) = temp();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Foreign)));
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    let (folder, _) = temp();
    let path = folder.path().join("redb");
    let other = Database::create(&path).unwrap();
    let txn = other.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u64, u64>::new("a")).unwrap();
    txn.commit().unwrap();
    drop(other);
    assert!(matches!(Store::open(&path), Err(StoreError::Foreign)), "a redb file of another program");
}

// proves: RR-09
#[test]
fn rr09_a_truncated_file_is_an_error_and_never_a_panic() {
    let (folder, path) = temp();
    let store = Store::open(&path).unwrap();
    for key in 0..200 {
        put(&store, key, &[key; 2000]).unwrap();
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let cuts = (1..whole.len()).step_by(whole.len() / 40).chain([9, 20, 63, 320, 4095, 4096, 4097, 8192]);
    for len in cuts {
        let path = folder.path().join("cut");
        std::fs::write(&path, &whole[..len]).unwrap();
        match Store::open(&path) {
            Err(StoreError::Damaged(_) | StoreError::Foreign) => {}
            Err(other) => panic!("cut to {len}: {other}"),
            Ok(_) => panic!("cut to {len} of {} opened", whole.len()),
        }
    }
}

// proves: RR-09
#[test]
fn rr09_a_damaged_page_is_found_when_the_file_is_opened() {
    let (folder, path) = temp();
    let store = Store::open(&path).unwrap();
    for key in 0..100 {
        put(&store, key, &[key; 3000]).unwrap();
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let expected = |store: &Store| (0..100).all(|key| get(store, key).unwrap() == Some(vec![key; 3000]));
    let mut refused = 0;
    for place in (0..whole.len()).step_by(whole.len() / 150) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        let path = folder.path().join("flipped");
        std::fs::write(&path, &damaged).unwrap();
        match Store::open(&path) {
            Ok(store) => assert!(expected(&store), "a flip at {place} changed rows and was not found"),
            Err(StoreError::Damaged(_) | StoreError::Foreign | StoreError::Newer(_)) => refused += 1,
            Err(other) => panic!("flip at {place}: {other}"),
        }
    }
    assert!(refused > 0, "no flip hit a page in use");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_called_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _) = temp();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), b"").is_err() {
        // Not for the superuser, who may write everywhere.
        assert!(matches!(Store::open(&closed.join("journal")), Err(StoreError::ReadOnly)));
    }
    assert!(matches!(
        StoreError::from(std::io::Error::from(ErrorKind::ReadOnlyFilesystem)),
        StoreError::ReadOnly
    ));
    assert!(Store::open(Path::new("/proc/llamora/journal")).is_err());
}

#[test]
fn an_error_or_a_panic_in_a_transaction_leaves_nothing_behind() {
    let store = Store::in_memory().unwrap();
    put(&store, 1, b"before").unwrap();
    let refused = store.write(|rows| -> Result<()> {
        rows.insert(&[1; 24], b"after")?;
        Err(StoreError::Failed)
    });
    assert!(refused.is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write(|rows| -> Result<()> {
            rows.insert(&[1; 24], b"after")?;
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"before"[..]));
    put(&store, 1, b"works").unwrap();
    assert_eq!(store.look(), StoreState::Ok);
}

#[test]
fn a_reader_keeps_its_view_while_others_write() {
    let store = Store::in_memory().unwrap();
    put(&store, 1, b"old").unwrap();
    let snapshot = store.snapshot().unwrap();
    put(&store, 1, b"new").unwrap();
    assert_eq!(snapshot.rows().record(&[1; 24]).unwrap().as_deref(), Some(&b"old"[..]));
    drop(snapshot);
    assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"new"[..]));
}

// proves: RR-05
#[test]
fn rr05_after_a_full_disk_the_same_store_reads_and_writes_again() {
    let disk = Disk::default();
    let store = Store::on_disk(&disk).unwrap();
    put(&store, 1, b"kept").unwrap();
    let mut failed = 0;
    for allowed in 0.. {
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let done = put(&store, 2, &[allowed as u8; 5000]);
        assert_eq!(get(&store, 1).unwrap_or(Some(b"kept".to_vec())).as_deref(), Some(&b"kept"[..]));
        disk.mend();
        match done {
            Ok(()) => break,
            Err(StoreError::Full) => failed += 1,
            Err(other) => panic!("after {allowed} operations: {other}"),
        }
        assert_eq!(store.look(), StoreState::Ok, "space came free");
        assert_eq!(get(&store, 1).unwrap().as_deref(), Some(&b"kept"[..]));
        put(&store, 3, &[allowed as u8]).unwrap();
        assert_eq!(get(&store, 3).unwrap(), Some(vec![allowed as u8]));
    }
    assert!(failed > 2, "only {failed} operations in a commit");
}

// proves: RR-07
#[test]
fn rr07_a_store_on_another_medium_in_the_same_place_is_refused() {
    let header = |uuid: u8| {
        let disk = Disk::default();
        let store = Store::on_disk(&disk).unwrap();
        store.write(|rows| rows.put_small(b"H", &[uuid; 192])).unwrap();
        drop(store);
        disk.image()
    };
    let disk = Disk::holding(header(1));
    let store = Store::on_disk(&disk).unwrap();
    store.expect_identity([1; 16]);
    disk.fail_after(0, ErrorKind::Other);
    assert!(put(&store, 1, b"lost").is_err());
    let own = disk.image();
    disk.replace(header(2));
    assert!(matches!(get(&store, 1), Err(StoreError::OtherFile)));
    assert_eq!(store.look(), StoreState::OtherFile);
    disk.replace(own);
    assert_eq!(get(&store, 1).unwrap(), None);
    assert_eq!(store.look(), StoreState::Ok);
}

// proves: RR-02
#[test]
fn rr02_power_cuts_leave_whole_transactions() {
    let disk = Disk::default();
    let store = Store::on_disk(&disk).unwrap();
    put(&store, 1, b"before").unwrap();
    store.quiet().unwrap();
    let image = disk.image();
    drop(store);
    for allowed in 0.. {
        let disk = Disk::holding(image.clone());
        let Ok(store) = Store::on_disk(&disk) else { panic!("the disk works") };
        disk.fail_after(allowed, ErrorKind::Other);
        let done = store.write(|rows| -> Result<()> {
            rows.insert(&[1; 24], b"after")?;
            rows.insert(&[2; 24], &[2; 9000])?;
            rows.put_small(b"S", b"small")
        });
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed + 1), Cut::Torn(allowed + 77_777)] {
            let again = Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap();
            let first = get(&again, 1).unwrap().unwrap();
            let is_after = first == b"after";
            assert!(is_after || first == b"before", "{cut:?} after {allowed}");
            assert_eq!(get(&again, 2).unwrap().is_some(), is_after, "{cut:?} after {allowed}");
            for copy in Copy::BOTH {
                let small = again.read(|rows| rows.small(copy, b"S")).unwrap();
                assert_eq!(small.is_some(), is_after, "{cut:?} after {allowed}");
            }
            assert!(is_after || done.is_err(), "an acknowledged transaction was lost by {cut:?}");
        }
        if done.is_ok() {
            break;
        }
    }
}

#[test]
fn compaction_and_the_quiet_commit_keep_every_row() {
    let (_folder, path) = temp();
    let store = Store::open(&path).unwrap();
    for round in 0..5 {
        for key in 0..100 {
            put(&store, key, &[round; 4064]).unwrap();
        }
        store.quiet().unwrap();
    }
    let before = store.size();
    store.compact().unwrap();
    assert!(store.size() <= before);
    assert!(store.check().unwrap());
    assert!((0..100).all(|key| get(&store, key).unwrap() == Some(vec![4; 4064])));
    assert!(store.free_share().unwrap() < 0.9);
}

/// Which of the marked rows can still be read in the bytes of a file.
fn marks(image: &[u8]) -> BTreeSet<u8> {
    let is_mark = |bytes: &&[u8]| bytes[0] == b'<' && bytes[2..] == *b"mark>";
    image.windows(7).filter(is_mark).map(|bytes| bytes[1]).collect()
}

#[test]
fn scrubbing_leaves_no_byte_of_what_was_removed_where_compaction_does() {
    let sizes: [&[usize]; 3] = [&[480, 992, 4_064, 8_160, 32_736], &[480, 4_064, 32_736], &[480, 8_160]];
    let mut random = 88_172_645_463_325_252_u64;
    let mut below = move |end: usize| {
        // xorshift64: any sequence will do, as long as it is the same each time.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % 1_000).unwrap() % end
    };
    let mut n_left_by_compaction = 0;
    for round in 0..15 {
        let disk = Disk::default();
        let store = Store::on_disk(&disk).unwrap();
        let of_round = sizes[round % sizes.len()];
        let (mut kept, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for key in 0..150 {
            let value =
                [b'<', key, b'm', b'a', b'r', b'k', b'>', 0].repeat(of_round[below(of_round.len())] / 8);
            put(&store, key, &value).unwrap();
        }
        for key in 0..150 {
            if below(10) < 1 + round % 9 {
                store.write(|rows| rows.remove(&[key; 24]).map(|_| ())).unwrap();
                gone.insert(key);
            } else {
                kept.insert(key);
            }
        }
        store.compact().unwrap();
        n_left_by_compaction += marks(&disk.image()).intersection(&gone).count();
        let before = store.size();
        store.scrub().unwrap();
        assert_eq!(marks(&disk.image()), kept, "round {round}");
        assert!(store.size() <= before, "the file is not longer");
        assert!(kept.iter().all(|key| get(&store, *key).unwrap().is_some_and(|value| value[1] == *key)));
        assert!(store.check().unwrap());
    }
    assert!(n_left_by_compaction > 0, "compaction alone would do, and scrubbing is needless");
}
