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

/// `LLAMORA_TEST_SEALS` makes so many instead of 100,000.
fn n_seals() -> usize {
    std::env::var("LLAMORA_TEST_SEALS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

// proves: SR-59 (100,000 seals on two threads; `make torture`: 10,000,000)
#[test]
fn every_seal_draws_its_own_nonce() {
    let key = &key(0x60);
    let half = n_seals() / 2;
    let draw = move || -> Vec<[u8; NONCE]> {
        (0..half).map(|_| *seal(key, b"", b"").first_chunk().expect("the nonce comes first")).collect()
    };
    let mut nonces = std::thread::scope(|scope| {
        let other = scope.spawn(draw);
        let mut nonces = draw();
        nonces.extend(other.join().expect("seals like the first"));
        nonces
    });
    nonces.sort_unstable();
    assert!(nonces.windows(2).all(|pair| pair[0] != pair[1]), "a nonce was drawn twice");
    assert_eq!(nonces.len(), half * 2);
}
