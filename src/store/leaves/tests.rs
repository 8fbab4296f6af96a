use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::store::{Store, rows::RowsMut};

fn pairs(path: &Path) -> Vec<(Shape, Vec<u8>, Vec<u8>)> {
    let mut leaves = Leaves::open(path).unwrap();
    let mut found = Vec::new();
    leaves.walk(&mut |pair| found.push((pair.shape, pair.key.to_vec(), pair.value.to_vec())));
    found
}

fn key(number: u32) -> [u8; 24] {
    let mut key = [7; 24];
    key[20..].copy_from_slice(&number.to_be_bytes());
    key
}

/// Values of every length class, so that small leaves, whole pages and long pages all occur.
fn value(number: u32) -> Vec<u8> {
    let len = (1_usize << (9 + number % 12)) - 32;
    vec![u8::try_from(number % 251).unwrap(); len]
}

#[test]
fn every_row_is_found_without_the_trees() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let store = Store::open(&path).unwrap();
    for number in 0..240 {
        store.write(|rows| rows.insert(&key(number), &value(number)).map(|_| ())).unwrap();
    }
    store.write(|rows| rows.put_small(b"Hello", &[9; 192])).unwrap();
    drop(store);
    let found: BTreeSet<_> = pairs(&path).into_iter().collect();
    for number in 0..240 {
        let row = (Shape::Record, key(number).to_vec(), value(number));
        assert!(found.contains(&row), "row {number} of {} bytes", value(number).len());
    }
    assert!(found.contains(&(Shape::Small, b"Hello".to_vec(), vec![9; 192])));
}

#[test]
fn a_value_is_read_again_where_it_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let store = Store::open(&path).unwrap();
    store.write(|rows| rows.insert(&key(1), &value(5)).map(|_| ())).unwrap();
    drop(store);
    let mut leaves = Leaves::open(&path).unwrap();
    let mut places = Vec::new();
    leaves.walk(&mut |pair| {
        if pair.key == key(1) && pair.shape == Shape::Record {
            places.push((pair.offset, pair.value.len()));
        }
    });
    assert!(!places.is_empty());
    for (offset, len) in places {
        assert_eq!(leaves.value(offset, len), value(5));
    }
    assert_eq!(leaves.value(1 << 40, 10), [0; 10], "what is not there reads as zeros");
}

#[test]
fn a_file_that_is_open_elsewhere_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let _store = Store::open(&path).unwrap();
    assert!(matches!(Leaves::open(&path), Err(StoreError::Busy)));
    assert!(matches!(crate::store::peek::small(&path, b"H"), Err(StoreError::Busy)));
}

#[test]
fn looking_into_a_file_finds_small_rows_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let store = Store::open(&path).unwrap();
    store.write(|rows| rows.put_small(b"H", b"header")).unwrap();
    let crashed = std::fs::read(&path).unwrap();
    drop(store);
    let closed = std::fs::read(&path).unwrap();
    assert_ne!(crashed, closed, "an open file looks like a crashed one");
    for bytes in [crashed, closed] {
        std::fs::write(&path, &bytes).unwrap();
        let found = crate::store::peek::small(&path, b"H").unwrap();
        assert_eq!(found, [Some(b"header".to_vec()), Some(b"header".to_vec())]);
        assert_eq!(crate::store::peek::small(&path, b"X").unwrap(), [None, None]);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "not a byte is changed");
    }
    assert!(crate::store::peek::small(&folder.path().join("none"), b"H").is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(pages in prop::collection::vec((0u8..3, any::<u16>(), prop::collection::vec(any::<u8>(), 0..4_092)), 0..6)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut bytes = Vec::new();
        for (kind, count, rest) in pages {
            bytes.extend([kind, 0]);
            bytes.extend((count % 70).to_le_bytes());
            bytes.extend(rest);
            bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
        }
        bytes.truncate(bytes.len().saturating_sub(17));
        std::fs::write(&path, &bytes).unwrap();
        for (_, key, value) in pairs(&path) {
            prop_assert!(!key.is_empty() && !value.is_empty() && value.len() <= MAX_VALUE);
        }
    }
}
