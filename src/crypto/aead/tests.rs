use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::crypto::tests::fixtures::{flips, key};

fn seal(key: &Key, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    seal_with(key, Nonce::random(), aad, plain.len(), |text| text.copy_from_slice(plain))
}

proptest! {
    #[test]
    fn what_was_sealed_opens(aad: Vec<u8>, plain: Vec<u8>, bytes: [u8; 32]) {
        let key = Key::from_bytes(Zeroizing::new(bytes));
        let sealed = seal(&key, &aad, &plain);
        prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
        let opened = open(&key, &aad, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plain);
    }
}

// proves: SR-58
#[test]
fn every_flipped_bit_of_key_aad_and_value_fails() {
    let (key, aad, plain) = (key(0x60), [0x5a; 48], [0x33; 40]);
    let sealed = seal(&key, &aad, &plain);
    assert!(open(&key, &aad, &sealed).is_ok());
    for (bit_idx, flipped) in flips(&sealed) {
        assert_eq!(open(&key, &aad, &flipped).map(|_| ()), Err(SealError::Open), "value bit {bit_idx}");
    }
    for (bit_idx, flipped) in flips(&aad) {
        assert_eq!(open(&key, &flipped, &sealed).map(|_| ()), Err(SealError::Open), "aad bit {bit_idx}");
    }
    for (bit_idx, flipped) in flips(key.expose()) {
        let other = Key::from_bytes(Zeroizing::new(flipped.try_into().unwrap()));
        assert_eq!(open(&other, &aad, &sealed).map(|_| ()), Err(SealError::Open), "key bit {bit_idx}");
    }
}

#[test]
fn shorter_and_longer_values_fail() {
    let (key, sealed) = (key(0x60), seal(&key(0x60), b"aad", b"some text"));
    for len in 0..sealed.len() {
        assert_eq!(open(&key, b"aad", &sealed[..len]).map(|_| ()), Err(SealError::Open));
    }
    assert!(open(&key, b"aad", &[sealed.as_slice(), &[0]].concat()).is_err());
}

// proves: SR-59 (50,000 seals)
#[test]
fn every_seal_draws_its_own_nonce() {
    let key = key(0x60);
    let nonces: HashSet<_> = (0..50_000).map(|_| seal(&key, b"", b"")[..NONCE].to_vec()).collect();
    assert_eq!(nonces.len(), 50_000);
}
