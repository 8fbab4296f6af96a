use proptest::prelude::*;

use super::*;
use crate::crypto::tests::fixtures::{ENTRY_ID, UUID, VAULT, flips, key, other_lengths, record_keys};

const ENTRY: Envelope<'static> =
    Envelope { kind: RecordType::ENTRY, schema: 1, seq: 7, key: &ENTRY_ID, body: b"body one" };

fn refusal<T>(result: Result<T, SealError>) -> Option<SealError> {
    result.err()
}

/// Seals any plaintext into the row of [`ENTRY`], as someone who has the keys could.
fn crafted(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let keys = record_keys();
    let aad = keys.aad(&keys.row_key(ENTRY.kind, ENTRY.key));
    aead::seal_with(&keys.record, Nonce::random(), &aad, 480 - OVERHEAD, |plain| {
        Layout::new(plain)
            .put(&ENTRY.kind.0.to_le_bytes())
            .put(&1_u16.to_le_bytes())
            .put(&7_u64.to_le_bytes())
            .put(&16_u16.to_le_bytes())
            .put(&8_u32.to_le_bytes())
            .put(ENTRY.key)
            .put(ENTRY.body);
        change(plain);
    })
}

fn open(value: &[u8]) -> Option<SealError> {
    refusal(record_keys().open(ENTRY.kind, ENTRY.key, value))
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        kind: u16, schema in 1..=u16::MAX, seq: u64,
        key in prop::collection::vec(any::<u8>(), 0..=512),
        body in prop::collection::vec(any::<u8>(), 0..9_000),
    ) {
        let envelope = Envelope { kind: RecordType(kind), schema, seq, key: &key, body: &body };
        let (row, value) = record_keys().seal(&envelope).unwrap();
        prop_assert_eq!(row, record_keys().row_key(envelope.kind, &key));
        prop_assert!(is_stored_len(value.len()) && value.len() >= envelope.kind.floor());
        for opened in [
            record_keys().open(envelope.kind, &key, &value).unwrap(),
            record_keys().open_any(&row, &value).unwrap(),
        ] {
            prop_assert_eq!((opened.kind.0, opened.schema, opened.seq), (kind, schema, seq));
            prop_assert_eq!(opened.key(), key.as_slice());
            prop_assert_eq!(opened.body(), body.as_slice());
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(value in prop::collection::vec(any::<u8>(), 0..1_100)) {
        prop_assert!(open(&value).is_some());
        prop_assert!(record_keys().open_any(&RowKey::from_bytes([0; 24]), &value).is_err());
    }
}

#[test]
fn k6_lengths_follow_the_table() {
    for (payloads, stored) in [
        (1..=452, 480),
        (453..=964, 992),
        (965..=1_988, 2_016),
        (1_989..=4_036, 4_064),
        (4_037..=8_132, 8_160),
        (8_133..=16_324, 16_352),
        (16_325..=32_708, 32_736),
        (32_709..=65_476, 65_504),
        (1_048_516..=1_048_516, 1_048_544),
    ] {
        for payload in payloads {
            assert_eq!(stored_len(payload), Some(stored), "{payload}");
        }
    }
    assert_eq!(stored_len(1_048_517), None);
    assert_eq!(MAX_PAYLOAD_BYTES, 1_048_516);
}

#[test]
fn the_largest_record_fits_and_one_byte_more_does_not() {
    let body = vec![7; MAX_PAYLOAD_BYTES - ENVELOPE - 16];
    let (_, value) = record_keys().seal(&Envelope { body: &body, ..ENTRY }).unwrap();
    assert_eq!(value.len(), 1_048_544);
    assert_eq!(record_keys().open(ENTRY.kind, ENTRY.key, &value).unwrap().body(), body);
    let longer = vec![7; body.len() + 1];
    assert_eq!(refusal(record_keys().seal(&Envelope { body: &longer, ..ENTRY })), Some(SealError::TooLarge));
    let long_key = [0; 513];
    assert_eq!(refusal(record_keys().seal(&Envelope { key: &long_key, ..ENTRY })), Some(SealError::TooLarge));
}

#[test]
fn every_type_keeps_its_floor() {
    for number in 0..=40 {
        let kind = RecordType(number);
        let floor = match number {
            6 | 8 | 9 | 22 => 992,
            18 => 2_016,
            19 => 8_160,
            _ => 480,
        };
        let (_, value) = record_keys().seal(&Envelope { kind, ..ENTRY }).unwrap();
        assert_eq!((kind.floor(), value.len()), (floor, floor), "type {number}");
    }
}

#[test]
fn the_floor_of_an_unknown_type_survives_sealing_again() {
    let unknown = Envelope { kind: RecordType(777), schema: 9, ..ENTRY };
    let (row, value) = record_keys().seal_with(Nonce::random(), &unknown, 8_160).unwrap();
    let opened = record_keys().open_any(&row, &value).unwrap();
    let next = RecordKeys::derive(&key(1), UUID, VAULT, 2);
    let (row, again) = next.reseal(&opened.envelope(), value.len()).unwrap();
    assert_eq!(again.len(), 8_160);
    let moved = next.open_any(&row, &again).unwrap();
    assert_eq!((moved.seq, moved.schema, moved.key(), moved.body()), (7, 9, ENTRY.key, ENTRY.body));
}

// proves: SR-58
#[test]
fn every_flipped_bit_of_value_and_row_fails() {
    let (row, value) = record_keys().seal(&ENTRY).unwrap();
    for (bit_idx, flipped) in flips(&value) {
        assert_eq!(open(&flipped), Some(SealError::Open), "value bit {bit_idx}");
    }
    for (bit_idx, flipped) in flips(row.as_bytes()) {
        let other = RowKey::from_bytes(flipped.try_into().unwrap());
        assert_eq!(
            refusal(record_keys().open_any(&other, &value)),
            Some(SealError::Open),
            "row bit {bit_idx}"
        );
    }
    for other in other_lengths(&value) {
        assert_eq!(open(&other), Some(SealError::Damaged));
    }
}

// proves: SR-58
#[test]
fn every_flipped_bit_of_the_aad_fails() {
    let (row, value) = record_keys().seal(&ENTRY).unwrap();
    let aad = record_keys().aad(&row);
    assert_eq!(aad.len(), 48);
    assert!(aead::open(&record_keys().record, &aad, &value).is_ok());
    for (bit_idx, flipped) in flips(&aad) {
        let result = aead::open(&record_keys().record, &flipped, &value);
        assert_eq!(refusal(result), Some(SealError::Open), "aad bit {bit_idx}");
    }
}

#[test]
fn a_record_opens_in_its_own_place_only() {
    let (row, value) = record_keys().seal(&ENTRY).unwrap();
    let mut others = vec![
        ("generation key", RecordKeys::derive(&key(0x61), UUID, VAULT, 1)),
        ("generation", RecordKeys::derive(&key(0x60), UUID, VAULT, 2)),
        ("generation modulo 256", RecordKeys::derive(&key(0x60), UUID, VAULT, 0)),
    ];
    for (_, vault) in flips(VAULT.as_bytes()) {
        let vault = VaultId::from_bytes(vault.try_into().unwrap());
        others.push(("vault", RecordKeys::derive(&key(0x60), UUID, vault, 1)));
    }
    for (what, keys) in &others {
        assert_eq!(refusal(keys.open(ENTRY.kind, ENTRY.key, &value)), Some(SealError::Open), "{what}");
    }
    for (bit_idx, uuid) in flips(&UUID) {
        let keys = RecordKeys::derive(&key(0x60), uuid.try_into().unwrap(), VAULT, 1);
        assert_eq!(refusal(keys.open_any(&row, &value)), Some(SealError::Open), "uuid bit {bit_idx}");
    }
    for number in (0..64).filter(|number| *number != ENTRY.kind.0) {
        let result = record_keys().open(RecordType(number), ENTRY.key, &value);
        assert_eq!(refusal(result), Some(SealError::Open), "type {number}");
    }
    for (bit_idx, key) in flips(ENTRY.key) {
        let result = record_keys().open(ENTRY.kind, &key, &value);
        assert_eq!(refusal(result), Some(SealError::Open), "key bit {bit_idx}");
    }
}

// proves: SR-58
// D41
#[test]
fn two_records_cannot_be_swapped() {
    let keys = record_keys();
    let day = Envelope { kind: RecordType::DAY, key: &[1, 2, 3, 4], ..ENTRY };
    let ((entry_row, entry), (day_row, day)) = (keys.seal(&ENTRY).unwrap(), keys.seal(&day).unwrap());
    assert_eq!(refusal(keys.open_any(&entry_row, &day)), Some(SealError::Open));
    assert_eq!(refusal(keys.open_any(&day_row, &entry)), Some(SealError::Open));
}

#[test]
fn nonzero_padding_is_refused() {
    assert_eq!(open(&crafted(|_| ())), None);
    let padding = ENVELOPE + 16 + 8..480 - OVERHEAD;
    for byte_idx in padding {
        assert_eq!(open(&crafted(|plain| plain[byte_idx] = 1)), Some(SealError::Damaged), "byte {byte_idx}");
    }
}

#[test]
fn lengths_beyond_the_plaintext_and_schema_zero_are_refused() {
    for (what, offset, bytes) in [
        ("schema 0", 2, [0, 0].as_slice()),
        ("key length 435", 12, &[0xb3, 0x01]),
        ("key length 65535", 12, &[0xff, 0xff]),
        ("body length 419", 14, &[0xa3, 0x01, 0, 0]),
        ("body length 2^32 - 1", 14, &[0xff; 4]),
        ("another type", 0, &[3, 0]),
        ("a shorter key", 12, &[15, 0]),
        ("another key", 18, &[0]),
    ] {
        let value = crafted(|plain| plain[offset..offset + bytes.len()].copy_from_slice(bytes));
        assert_eq!(open(&value), Some(SealError::Damaged), "{what}");
        let row = record_keys().row_key(ENTRY.kind, ENTRY.key);
        assert_eq!(
            refusal(record_keys().open_any(&row, &value)),
            Some(SealError::Damaged),
            "{what}, by scan"
        );
    }
    assert_eq!(refusal(record_keys().seal(&Envelope { schema: 0, ..ENTRY })), Some(SealError::Damaged));
}

#[test]
fn sealing_twice_gives_two_values_in_one_row() {
    let ((one_row, one), (other_row, other)) =
        (record_keys().seal(&ENTRY).unwrap(), record_keys().seal(&ENTRY).unwrap());
    assert!(one_row == other_row && one != other);
}

#[test]
fn a_generation_has_its_own_range_of_rows() {
    let (first, last) = RowKey::range(VAULT, 257);
    let row = RecordKeys::derive(&key(0x60), UUID, VAULT, 257).row_key(ENTRY.kind, ENTRY.key);
    assert!(first <= row && row <= last);
    assert_eq!(first.as_bytes()[7], 1);
    let next = RecordKeys::derive(&key(0x60), UUID, VAULT, 258).row_key(ENTRY.kind, ENTRY.key);
    assert!(next > last);
}

#[test]
fn records_of_one_length_class_look_alike() {
    let (_, short) = record_keys().seal(&Envelope { body: b"", ..ENTRY }).unwrap();
    let (_, long) = record_keys().seal(&Envelope { body: &[1; 418], ..ENTRY }).unwrap();
    assert_eq!((short.len(), long.len()), (480, 480));
}
