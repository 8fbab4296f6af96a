//! What several test modules of the format share, and the tests that cover it as a whole.

pub(in crate::crypto) mod fixtures;
mod known_answers;
mod no_leaks;
mod vectors;

use std::collections::HashSet;

use super::*;

#[test]
fn a_vault_is_shown_by_its_first_thirty_bits() {
    assert_eq!(VaultId::from_bytes([0; 7]).to_string(), "0000-00");
    assert_eq!(VaultId::from_bytes([0xff; 7]).to_string(), "ZZZZ-ZZ");
    assert_eq!(VaultId::from_bytes([0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7]).to_string(), "Y7SF-7X");
    assert_eq!(VaultId::from_bytes([0xf1, 0xf2, 0xf3, 0xf7, 0, 0, 0]).to_string(), "Y7SF-7X");
}

#[test]
fn vault_ids_are_drawn() {
    let ids: HashSet<_> = (0..1_000).map(|_| VaultId::random()).collect();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn what_cannot_be_opened_says_so_in_one_way() {
    assert_eq!(SealError::Open.to_string(), "this cannot be opened");
}
