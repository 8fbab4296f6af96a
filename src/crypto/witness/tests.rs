use super::*;
use crate::crypto::{
    record::RowKey,
    tests::fixtures::{UUID, VAULT, flips, head, key, other_lengths, record_keys, urk, vault_keys},
};

fn set(number: u8) -> SetHash {
    record_keys().mark(&RowKey::from_bytes([number; 24]), &[number; 16]).unwrap()
}

#[test]
fn a_witness_reads_back_from_its_cookie() {
    let cookie = Witness::of(&head(set(1))).to_cookie(&vault_keys());
    assert_eq!(cookie.len(), TEXT_BYTES);
    assert!(cookie.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    let witness = Witness::parse(&vault_keys(), &cookie).unwrap();
    assert_eq!((witness.lineage, witness.seq, witness.wall), ([0; 16], 8, 1_795_305_600_000));
    assert!(witness.allows(&head(set(1))));
    assert_eq!(cookie_name(VAULT), "llw_f1f2f3f4f5f6f7");
}

#[test]
fn every_flipped_bit_of_a_witness_and_of_its_place_fails() {
    let sealed = Witness::of(&head(set(1))).seal_with(Nonce::random(), &vault_keys());
    for (bit_idx, flipped) in flips(&sealed) {
        assert_eq!(
            Witness::open(&vault_keys().witness, &vault_keys(), &flipped).err(),
            Some(SealError::Open),
            "bit {bit_idx}"
        );
    }
    for (bit_idx, uuid) in flips(&UUID) {
        let keys = VaultKeys::derive(&urk(), uuid.try_into().unwrap(), VAULT);
        assert_eq!(
            Witness::open(&keys.witness, &keys, &sealed).err(),
            Some(SealError::Open),
            "uuid bit {bit_idx}"
        );
    }
    for (bit_idx, vault) in flips(VAULT.as_bytes()) {
        let keys = VaultKeys::derive(&urk(), UUID, VaultId::from_bytes(vault.try_into().unwrap()));
        assert_eq!(
            Witness::open(&keys.witness, &keys, &sealed).err(),
            Some(SealError::Open),
            "vault bit {bit_idx}"
        );
    }
    let older = VaultKeys::derive(&key(0x41), UUID, VAULT);
    assert_eq!(
        Witness::open(&older.witness, &older, &sealed).err(),
        Some(SealError::Open),
        "another root key"
    );
    for (bit_idx, aad) in flips(&aad(&vault_keys())) {
        assert!(aead::open(&vault_keys().witness, &aad, &sealed).is_err(), "aad bit {bit_idx}");
    }
    for other in other_lengths(&sealed) {
        assert_eq!(
            Witness::open(&vault_keys().witness, &vault_keys(), &other).err(),
            Some(SealError::Damaged)
        );
    }
}

#[test]
fn text_that_is_no_witness_is_damage() {
    let cookie = Witness::of(&head(set(1))).to_cookie(&vault_keys());
    for text in [String::new(), "!".repeat(TEXT_BYTES), format!("{cookie}="), cookie[1..].to_owned()] {
        assert_eq!(Witness::parse(&vault_keys(), &text).err(), Some(SealError::Damaged));
    }
}

#[test]
fn only_the_same_or_a_later_state_of_the_same_history_is_allowed() {
    let seen = Witness::of(&head(set(1)));
    let later = |seq, number| Head { seq, ..head(set(number)) };
    assert!(seen.allows(&later(8, 1)), "the same");
    assert!(seen.allows(&later(9, 2)), "later");
    assert!(!seen.allows(&later(7, 2)), "older");
    assert!(!seen.allows(&later(8, 2)), "as late, but another");
    assert!(!seen.allows(&Head { lineage: [1; 16], ..later(9, 2) }), "another history");
}
