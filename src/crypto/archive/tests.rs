use proptest::prelude::*;

use super::*;
use crate::crypto::tests::fixtures::flips;

type Row = (Table, Vec<u8>, Vec<u8>);

fn write(rows: &[Row]) -> Result<Vec<u8>, ArchiveError> {
    let mut writer = ArchiveWriter::new(Vec::new())?;
    for (table, key, value) in rows {
        writer.row(*table, key, value)?;
    }
    writer.finish()
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, ArchiveError> {
    let mut reader = ArchiveReader::new(bytes)?;
    let mut rows = Vec::new();
    while let Some(ArchiveRow { table, key, value }) = reader.next_row()? {
        rows.push((table, key, value));
    }
    assert!(reader.next_row()?.is_none(), "the end stays the end");
    Ok(rows)
}

fn small(key: &[u8]) -> Row {
    (Table::Small, key.to_vec(), b"value".to_vec())
}

fn record(number: u8) -> Row {
    (Table::Records, vec![number; 24], vec![number; 480])
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        numbers in prop::collection::btree_map(any::<[u8; 24]>(), prop::collection::vec(any::<u8>(), 0..50), 0..20),
    ) {
        let mut rows = vec![small(b"H"), small(b"Wrow")];
        rows.extend(numbers.into_iter().map(|(key, value)| (Table::Records, key.to_vec(), value)));
        prop_assert_eq!(read(&write(&rows).unwrap()).unwrap(), rows);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
        prop_assert!(read(&[MAGIC.as_slice(), &bytes].concat()).is_err());
        prop_assert!(read(&bytes).is_err());
    }
}

#[test]
fn every_flipped_bit_of_an_archive_is_found() {
    let archive = write(&[small(b"H"), small(b"K123"), record(1), record(2)]).unwrap();
    for (bit_idx, flipped) in flips(&archive) {
        assert!(read(&flipped).is_err(), "bit {bit_idx}");
    }
    for len in 0..archive.len() {
        assert!(read(&archive[..len]).is_err(), "cut at {len}");
    }
    let longer = [archive.as_slice(), &[0]].concat();
    assert!(matches!(read(&longer), Err(ArchiveError::Damaged)));
}

#[test]
fn sessions_policy_and_unknown_rows_are_not_archived() {
    for key in [b"S0123456789abcdef".as_slice(), b"Pquota", b"", b"X"] {
        assert!(matches!(write(&[small(key)]), Err(ArchiveError::Row)), "{key:?}");
    }
}

#[test]
fn a_planted_session_row_is_refused_when_reading() {
    let mut archive = write(&[small(b"K")]).unwrap();
    archive[15] = b'S';
    let signed = archive.len() - 32;
    let hash = crate::crypto::hash::sha256(&archive[..signed]);
    archive[signed..].copy_from_slice(&hash);
    assert!(matches!(read(&archive), Err(ArchiveError::Row)));
}

#[test]
fn rows_out_of_order_and_doubled_rows_are_refused() {
    for rows in [
        [small(b"W"), small(b"H")],
        [small(b"H"), small(b"H")],
        [record(2), record(1)],
        [record(1), record(1)],
        [record(1), small(b"H")],
    ] {
        assert!(matches!(write(&rows), Err(ArchiveError::Row)));
    }
}

#[test]
fn absurd_lengths_are_refused_before_anything_is_allocated() {
    let mut archive = MAGIC.to_vec();
    archive.extend([b'r', 24, 0, 0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(read(&archive), Err(ArchiveError::Row)));
    let long_key = (Table::Records, vec![0; MAX_KEY_BYTES + 1], vec![]);
    assert!(matches!(write(&[long_key]), Err(ArchiveError::Row)));
    let long_value = (Table::Records, vec![0; 24], vec![0; MAX_VALUE_BYTES + 1]);
    assert!(matches!(write(&[long_value]), Err(ArchiveError::Row)));
}

#[test]
fn another_file_is_no_archive() {
    assert!(matches!(read(b"LLMARC02 and more"), Err(ArchiveError::NotAnArchive)));
}
