use proptest::prelude::*;

use super::*;
use crate::crypto::tests::fixtures::{bytes, flips, header, other_lengths, profile};

/// The header row with some bytes changed and the checksum made right again, as an attacker would.
fn altered(change: impl FnOnce(&mut [u8])) -> [u8; Header::BYTES] {
    let mut row = header().to_bytes();
    change(&mut row);
    let checksum = sha256(&row[..160]);
    row[160..].copy_from_slice(&checksum);
    row
}

#[test]
fn a_header_reads_back_with_one_and_with_two_profiles() {
    let one = header();
    assert_eq!(Header::parse(&one.to_bytes()), Ok(one.clone()));
    let two = Header { previous: Some(Profile { id: 200, salt: bytes(0x77), ..profile() }), ..one };
    assert_eq!(Header::parse(&two.to_bytes()), Ok(two.clone()));
    assert_eq!(two.profiles().map(|profile| profile.id).collect::<Vec<_>>(), [1, 200]);
}

#[test]
fn every_flipped_bit_of_the_header_is_found() {
    for (bit_idx, row) in flips(&header().to_bytes()) {
        assert_eq!(Header::parse(&row), Err(SealError::Damaged), "bit {bit_idx}");
    }
    for row in other_lengths(&header().to_bytes()) {
        assert_eq!(Header::parse(&row), Err(SealError::Damaged));
    }
}

#[test]
fn every_reserved_byte_must_be_zero() {
    for byte_idx in std::iter::once(15).chain(36..40).chain(72..160) {
        let row = altered(|row| row[byte_idx] = 1);
        assert_eq!(Header::parse(&row), Err(SealError::Damaged), "byte {byte_idx}");
    }
}

#[test]
fn contradictions_are_damage() {
    for (offset, value) in [(14, 0), (14, 2), (14, 3), (32, 0)] {
        let row = altered(|row| row[offset] = value);
        assert_eq!(Header::parse(&row), Err(SealError::Damaged), "{value} at {offset}");
    }
    let twice = altered(|row| {
        row[14] = 2;
        row.copy_within(32..72, 72);
    });
    assert_eq!(Header::parse(&twice), Err(SealError::Damaged), "one id in both slots");
}

#[test]
fn a_newer_file_is_refused_or_read_only() {
    assert_eq!(Header::parse(&altered(|row| row[10] = 7)), Err(SealError::Newer { needs: 7 }));
    assert_eq!(Header::parse(&altered(|row| row[8] = 2)), Err(SealError::Newer { needs: 2 }));
    let read_only = Header::parse(&altered(|row| row[12] = 2)).unwrap();
    assert!(!read_only.may_write() && header().may_write());
}

#[test]
fn parameters_out_of_bounds_are_refused_before_anything_is_allocated() {
    // A cost of 2^40 or more would end the process if it came as far as the allocation.
    for (log2n, r, p) in
        [(13, 8, 1), (21, 8, 1), (40, 8, 1), (255, 8, 1), (3, 8, 1), (4, 8, 3), (0, 8, 1), (17, 4, 1)]
            .into_iter()
            .chain([(17, 16, 1), (17, 0, 1), (17, 8, 0), (17, 8, 6), (17, 8, 255)])
    {
        let profile = Profile { log2n, r, p, ..profile() };
        assert_eq!(profile.check(), Err(SealError::Parameters), "{log2n} {r} {p}");
        assert_eq!(profile.check_against(None), Err(SealError::Parameters));
        assert!(!profile.allows_new_wraps());
    }
    for (log2n, p) in [(14, 1), (14, 5), (17, 1), (20, 5)] {
        assert_eq!(Profile { log2n, p, ..profile() }.check_against(None), Ok(()));
    }
    assert_eq!(Profile { id: 0, ..profile() }.check_against(None), Err(SealError::Parameters));
}

#[test]
fn more_than_half_of_the_free_memory_is_refused() {
    let profile = Profile { log2n: 17, ..profile() };
    assert_eq!(profile.check_against(Some(256 << 20)), Ok(()));
    assert_eq!(profile.check_against(Some((256 << 20) - 1)), Err(SealError::Memory { needed_mib: 256 }));
    assert_eq!(profile.check_against(Some(0)), Err(SealError::Memory { needed_mib: 256 }));
}

#[test]
fn new_wraps_are_made_under_listed_costs_only() {
    let listed = [(17, 1), (17, 2), (17, 4), (18, 1), (18, 2), (16, 2), (15, 3)];
    for log2n in 0..=40 {
        for p in 0..=6 {
            let allowed = listed.contains(&(log2n, p)) || (log2n == 4 && [1, 2, 4].contains(&p));
            assert_eq!(Profile { log2n, p, ..profile() }.allows_new_wraps(), allowed, "{log2n} {p}");
        }
    }
    assert!(Profile::standard().allows_new_wraps() && Profile::cheap().allows_new_wraps());
    assert_eq!((Profile::standard().log2n, Profile::standard().r, Profile::standard().p), (17, 8, 1));
}

#[test]
fn a_new_profile_takes_the_next_id_and_a_new_salt() {
    let first = Profile::standard();
    let second = first.next(17, 2).unwrap();
    assert_eq!((second.id, second.log2n, second.p), (2, 17, 2));
    assert!(first.salt != second.salt);
    assert_eq!(Profile { id: 255, ..first.clone() }.next(17, 1).unwrap().id, 1);
    assert_eq!(first.next(14, 1), Err(SealError::WeakParameters));
}

#[test]
fn there_is_never_a_third_profile() {
    let mut header = Header::new(Profile::standard());
    let second = header.current.next(17, 2).unwrap();
    header.adopt(second.clone()).unwrap();
    assert!(header.current == second && header.previous.as_ref().is_some_and(|previous| previous.id == 1));
    let third = header.current.next(17, 4).unwrap();
    assert_eq!(header.adopt(third.clone()), Err(SealError::ParametersInUse));
    header.previous = None;
    assert_eq!(header.adopt(third), Ok(()));
    let weak = Profile { id: 9, ..profile() };
    assert_eq!(header.adopt(weak), Err(SealError::WeakParameters));
}

#[test]
fn two_new_files_have_two_identities() {
    assert!(Header::new(Profile::cheap()).uuid != Header::new(Profile::cheap()).uuid);
}

proptest! {
    #[test]
    fn any_bytes_with_a_right_checksum_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 160)) {
        let whole = altered(|row| row[..160].copy_from_slice(&bytes));
        let with_magic = altered(|row| row[14..160].copy_from_slice(&bytes[14..]));
        prop_assert_eq!(Header::parse(&whole), Err(SealError::Damaged));
        if let Ok(header) = Header::parse(&with_magic) {
            prop_assert_eq!(header.to_bytes(), with_magic);
        }
    }
}
