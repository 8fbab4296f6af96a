//! The inputs of the known answers (`format-v1.md` section 19), and helpers that break things on purpose.

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::crypto::{
    Uuid, VaultId,
    aead::Nonce,
    canon::Name,
    header::{Header, Profile},
    keyring::{Generation, Keyring, WrapInfo},
    keys::{RecordKeys, VaultKeys},
    secret::{Key, Password},
    set::{Head, SetHash},
    token::Token,
    unlock::{Unlocker, WrapKind},
};

pub(crate) const UUID: Uuid = bytes(0x00);
pub(crate) const VAULT: VaultId = VaultId::from_bytes(bytes(0xf1));
pub(crate) const ENTRY_ID: [u8; 16] = bytes(0xb0);
pub(crate) const DAY: [u8; 4] = 20_779_i32.to_le_bytes();

/// `N` bytes that count up from `first`.
pub(crate) const fn bytes<const N: usize>(first: u8) -> [u8; N] {
    let mut bytes = [0; N];
    let mut byte_idx = 0;
    while byte_idx < N {
        bytes[byte_idx] = first + byte_idx as u8;
        byte_idx += 1;
    }
    bytes
}

pub(crate) fn nonce() -> Nonce {
    Nonce::fixed(bytes(0xa0))
}

pub(crate) fn key(first: u8) -> Key {
    Key::from_bytes(Zeroizing::new(bytes(first)))
}

pub(crate) fn urk() -> Key {
    key(0x40)
}

pub(crate) fn token() -> Token {
    Token::from_key(key(0x80))
}

/// Profile 1 of the known answers: log2N 14, which no writer would choose.
pub(crate) fn profile() -> Profile {
    Profile { id: 1, log2n: 14, r: 8, p: 1, salt: bytes(0x20) }
}

/// The header of the known answers.
pub(crate) fn header() -> Header {
    Header::rebuilt(UUID, profile(), None)
}

/// A header under which tests may seal wraps quickly.
pub(crate) fn cheap_header() -> Header {
    Header::rebuilt(UUID, Profile { log2n: 4, ..profile() }, None)
}

pub(crate) fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

/// The way in for a name and a password under [`cheap_header`].
pub(crate) fn cheap_unlocker(name: &str, typed: &str) -> Unlocker {
    let header = cheap_header();
    Unlocker::password(&header, &header.current, &Name::typed(name), &password(typed)).unwrap()
}

pub(crate) fn vault_keys() -> VaultKeys {
    VaultKeys::derive(&urk(), UUID, VAULT)
}

pub(crate) fn record_keys() -> RecordKeys {
    RecordKeys::derive(&key(0x60), UUID, VAULT, 1)
}

/// The keyring of known answer 9; `row` is that of the wrap of known answer 3.
pub(crate) fn keyring(row: [u8; 32]) -> Keyring {
    Keyring {
        rev: 1,
        created: 0,
        sess_gen: 1,
        rotate_again: false,
        name: Zeroizing::new("Anna".to_owned()),
        generations: vec![Generation { number: 1, key: key(0x60), created: 0 }],
        wraps: vec![WrapInfo {
            kind: WrapKind::Password,
            profile: 1,
            created: 0,
            row,
            label: "Chrom".into(),
        }],
        extensions: vec![],
    }
}

/// The head of known answer 8.
pub(crate) fn head(set: SetHash) -> Head {
    let (generation, seq, count, seals, keyring_rev) = (1, 8, 2, 5, 1);
    Head { generation, seq, count, set, seals, keyring_rev, wall: 1_795_305_600_000, lineage: [0; 16] }
}

/// A value of the golden file, as text.
pub(crate) fn known(name: &str) -> &'static str {
    include_str!("../../../tests/golden/format-v1-kat.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(key, value)| (key == name).then_some(value))
        .unwrap_or_else(|| panic!("no known answer {name}"))
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Every copy of `bytes` in which one bit is flipped, with the number of that bit.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit_idx| {
        let mut flipped = bytes.to_vec();
        flipped[bit_idx / 8] ^= 1 << (bit_idx % 8);
        (bit_idx, flipped)
    })
}

/// Every prefix of `bytes`, and `bytes` with one more byte.
pub(crate) fn other_lengths(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let longer = [bytes, &[0]].concat();
    (0..bytes.len()).map(|len| bytes[..len].to_vec()).chain([longer])
}
