use proptest::prelude::*;

use super::*;
use crate::crypto::tests::fixtures::{UUID, VAULT, flips, head, key, other_lengths, record_keys};

fn row(number: u8) -> RowKey {
    RowKey::from_bytes([number; 24])
}

proptest! {
    #[test]
    fn a_set_hash_forgets_order_and_what_was_removed(
        numbers in prop::collection::hash_set(any::<u8>(), 0..40), removed in 0..40_usize,
    ) {
        let keys = record_keys();
        let marks: Vec<_> = numbers.iter().map(|number| keys.mark(&row(*number), &[*number; 32]).unwrap()).collect();
        let (mut forwards, mut backwards) = (SetHash::EMPTY, SetHash::EMPTY);
        marks.iter().for_each(|mark| forwards.toggle(mark));
        marks.iter().rev().for_each(|mark| backwards.toggle(mark));
        prop_assert!(forwards.matches(&backwards));
        prop_assert_eq!(forwards.is_empty(), marks.is_empty());
        if let Some(mark) = marks.get(removed) {
            forwards.toggle(mark);
            prop_assert!(!forwards.matches(&backwards));
            forwards.toggle(mark);
            prop_assert!(forwards.matches(&backwards));
        }
        marks.iter().for_each(|mark| forwards.toggle(mark));
        prop_assert!(forwards.is_empty());
    }
}

#[test]
fn a_mark_depends_on_row_tag_and_key_only() {
    let keys = record_keys();
    let mark = keys.mark(&row(1), &[7; 40]).unwrap();
    assert!(mark.matches(&keys.mark(&row(1), &[[9; 24].as_slice(), &[7; 16]].concat()).unwrap()));
    for (bit_idx, flipped) in flips(&[7; 16]) {
        assert!(!mark.matches(&keys.mark(&row(1), &flipped).unwrap()), "tag bit {bit_idx}");
    }
    assert!(!mark.matches(&keys.mark(&row(2), &[7; 40]).unwrap()));
    let other = RecordKeys::derive(&key(0x61), UUID, VAULT, 1);
    assert!(!mark.matches(&other.mark(&row(1), &[7; 40]).unwrap()));
}

#[test]
fn a_value_without_a_tag_is_damage() {
    for len in 0..16 {
        assert_eq!(record_keys().mark(&row(1), &vec![0; len]).err(), Some(SealError::Damaged));
    }
}

#[test]
fn a_head_reads_back() {
    let set = record_keys().mark(&row(1), &[1; 16]).unwrap();
    let head = Head { wall: -5, lineage: [3; 16], seals: MAX_SEALS, ..head(set) };
    let again = Head::parse(head.to_bytes().as_slice()).unwrap();
    assert_eq!((again.generation, again.seq, again.count, again.seals), (1, 8, 2, MAX_SEALS));
    assert_eq!((again.keyring_rev, again.wall, again.lineage), (1, -5, [3; 16]));
    assert!(again.set.matches(&head.set));
}

#[test]
fn reserved_bytes_and_other_lengths_of_a_head_are_damage() {
    let bytes = head(SetHash::EMPTY).to_bytes();
    for byte_idx in (0..4).chain(96..128) {
        let mut changed = bytes.to_vec();
        changed[byte_idx] ^= 0x40;
        assert_eq!(Head::parse(&changed).err(), Some(SealError::Damaged), "byte {byte_idx}");
    }
    for other in other_lengths(bytes.as_slice()) {
        assert_eq!(Head::parse(&other).err(), Some(SealError::Damaged));
    }
}

#[test]
fn a_head_stands_in_its_row_and_in_no_other_generation() {
    let keys = record_keys();
    let (head_row, value) = keys.seal_head(&head(SetHash::EMPTY)).unwrap();
    assert_eq!((head_row, value.len()), (keys.head_row(), 480));
    assert_eq!(keys.open_head(&value).unwrap().seq, 8);
    let other = RecordKeys::derive(&key(0x60), UUID, VAULT, 2);
    assert_eq!(other.open_head(&value).err(), Some(SealError::Open));
    assert_eq!(other.seal_head(&head(SetHash::EMPTY)).err(), Some(SealError::Damaged));
}

#[test]
fn a_head_that_names_another_generation_is_damage() {
    let keys = record_keys();
    let (kind, body) = (RecordType::HEAD, Head { generation: 2, ..head(SetHash::EMPTY) }.to_bytes());
    let envelope = Envelope { kind, schema: 1, seq: 8, key: &[], body: body.as_slice() };
    let (_, value) = keys.seal(&envelope).unwrap();
    assert_eq!(keys.open_head(&value).err(), Some(SealError::Damaged));
}

#[test]
fn lineages_are_drawn() {
    assert!(Head::new_lineage() != Head::new_lineage());
}
