use proptest::prelude::*;

use super::*;
use crate::crypto::{
    VaultId,
    hash::sha256,
    tests::fixtures::{UUID, VAULT, bytes, flips, hex, key, keyring, nonce, other_lengths, urk, vault_keys},
};

const ROW: [u8; 32] = bytes(0x01);

/// A keyring in which every place is used to the last byte.
fn full() -> Keyring {
    let generation = |number| Generation { number, key: key(number as u8), created: -1 };
    let wrap = |wrap_idx: u8| WrapInfo {
        kind: WrapKind::from_number(1 + wrap_idx % 4).unwrap(),
        profile: if matches!(wrap_idx % 4, 0 | 3) { 255 } else { 0 },
        created: i64::MIN,
        row: [wrap_idx; 32],
        label: "L".repeat(48),
    };
    Keyring {
        rev: u64::MAX,
        created: i64::MAX,
        sess_gen: u64::MAX - 1,
        rotate_again: true,
        name: Zeroizing::new("n".repeat(256)),
        generations: vec![generation(2), generation(1)],
        wraps: (0..16).map(wrap).collect(),
        extensions: vec![
            Extension { tag: 9, bytes: Zeroizing::new(vec![1; 2_000]) },
            Extension { tag: u16::MAX, bytes: Zeroizing::new(vec![2; 38]) },
        ],
    }
}

fn assert_same(one: &Keyring, other: &Keyring) {
    assert_eq!((one.rev, one.created, one.sess_gen), (other.rev, other.created, other.sess_gen));
    assert_eq!((one.rotate_again, one.name.as_str()), (other.rotate_again, other.name.as_str()));
    assert!(one.wraps == other.wraps && one.extensions == other.extensions);
    let generations = |keyring: &Keyring| -> Vec<_> {
        keyring.generations.iter().map(|g| (g.number, *g.key.expose(), g.created)).collect()
    };
    assert_eq!(generations(one), generations(other));
}

/// Opens a keyring whose sealed part was changed by someone who has the key.
fn reopened(change: impl FnOnce(&mut [u8])) -> Result<Keyring, SealError> {
    let keys = vault_keys();
    let mut value = aad(&keys).to_vec();
    let sealed = aead::seal_with(&keys.ring, Nonce::random(), &aad(&keys), PLAIN, |plain| {
        keyring(ROW).write(plain);
        change(plain);
    });
    value.extend(sealed);
    Keyring::open(&keys, &value)
}

#[test]
fn small_and_full_keyrings_read_back() {
    for keyring in [keyring(ROW), full()] {
        let value = keyring.seal(&vault_keys()).unwrap();
        assert_eq!(value.len(), BYTES);
        assert_same(&Keyring::open(&vault_keys(), &value).unwrap(), &keyring);
    }
}

/// The digest is that of `tests/golden/check-vectors.py`, which lays the same keyring out by itself.
#[test]
fn a_full_keyring_is_laid_out_byte_for_byte() {
    let value = full().seal_with(nonce(), &vault_keys()).unwrap();
    assert_eq!(hex(sha256(&value)), "a04668fec49dd6d86184f2114692249ce27b8f957d7f5ce0daa491f535cda02a");
}

#[test]
fn unknown_extensions_are_kept_when_rewriting() {
    let mut opened = Keyring::open(&vault_keys(), &full().seal(&vault_keys()).unwrap()).unwrap();
    opened.rev = 12;
    let again = Keyring::open(&vault_keys(), &opened.seal(&vault_keys()).unwrap()).unwrap();
    assert!(again.rev == 12 && again.extensions == full().extensions);
}

#[test]
fn every_flipped_bit_of_a_keyring_is_found() {
    let value = keyring(ROW).seal(&vault_keys()).unwrap();
    for (bit_idx, flipped) in flips(&value) {
        let expected = if bit_idx < 8 * AAD { SealError::Damaged } else { SealError::Open };
        assert_eq!(Keyring::open(&vault_keys(), &flipped).err(), Some(expected), "bit {bit_idx}");
    }
    for other in other_lengths(&value) {
        assert!(Keyring::open(&vault_keys(), &other).is_err());
    }
}

#[test]
fn a_keyring_opens_for_its_own_vault_file_and_root_key_only() {
    let value = keyring(ROW).seal(&vault_keys()).unwrap();
    for (bit_idx, vault) in flips(VAULT.as_bytes()) {
        let vault = VaultId::from_bytes(vault.try_into().unwrap());
        assert!(
            Keyring::open(&VaultKeys::derive(&urk(), UUID, vault), &value).is_err(),
            "vault bit {bit_idx}"
        );
        // Not even when the part in clear is changed along with it.
        let mut moved = value.clone();
        moved[8..15].copy_from_slice(vault.as_bytes());
        let elsewhere = VaultKeys::derive(&urk(), UUID, vault);
        assert_eq!(Keyring::open(&elsewhere, &moved).err(), Some(SealError::Open));
    }
    for (bit_idx, uuid) in flips(&UUID) {
        let keys = VaultKeys::derive(&urk(), uuid.try_into().unwrap(), VAULT);
        assert!(Keyring::open(&keys, &value).is_err(), "uuid bit {bit_idx}");
    }
    let other = VaultKeys::derive(&key(0x41), UUID, VAULT);
    assert_eq!(Keyring::open(&other, &value).err(), Some(SealError::Open));
}

#[test]
fn every_reserved_byte_must_be_zero() {
    assert!(reopened(|_| ()).is_ok());
    let name_padding = 32 + "Anna".len()..288;
    let label_padding = 384 + 48 + "Chrom".len()..480;
    let reserved =
        [3..4, name_padding, 295..296, 336..384, 388..392, label_padding, 480..1_920, 1_922..3_968];
    for byte_idx in reserved.into_iter().flatten() {
        assert_eq!(reopened(|plain| plain[byte_idx] = 1).err(), Some(SealError::Damaged), "byte {byte_idx}");
    }
}

#[test]
fn contradictions_are_damage() {
    for (what, offset, value) in [
        ("version", 0, 2),
        ("unknown flag", 2, 2),
        ("no generation", 28, 0),
        ("three generations", 28, 3),
        ("a second generation that is not there", 28, 2),
        ("no wrap", 29, 0),
        ("seventeen wraps", 29, 17),
        ("a second wrap that is not there", 29, 2),
        ("name length", 31, 2),
        ("generation number 0", 288, 0),
        ("suite", 292, 2),
        ("state", 294, 2),
        ("kind", 384, 5),
        ("a password without profile", 385, 0),
        ("a recovery code with profile", 384, 2),
        ("label length", 386, 49),
        ("label that is no text", 432, 0xff),
        ("name that is no text", 32, 0xff),
    ] {
        assert_eq!(reopened(|plain| plain[offset] = value).err(), Some(SealError::Damaged), "{what}");
    }
}

#[test]
fn extensions_must_end_inside_their_place() {
    let with = |len: u16, tag_after: u8| {
        reopened(|plain| {
            plain[1_920] = 5;
            plain[1_922..1_924].copy_from_slice(&len.to_le_bytes());
            if let Some(byte) = plain.get_mut(1_924 + usize::from(len)) {
                *byte = tag_after;
            }
        })
    };
    assert_eq!(with(2_042, 0).unwrap().extensions[0].bytes.len(), 2_042);
    assert_eq!(with(2_043, 0).err(), Some(SealError::Damaged));
    assert_eq!(with(2_044, 0).err(), Some(SealError::Damaged));
    assert_eq!(with(u16::MAX, 0).err(), Some(SealError::Damaged));
    assert_eq!(with(2_042, 1).err(), Some(SealError::Damaged), "a tag without length");
}

#[test]
fn the_writer_refuses_what_does_not_fit() {
    let sealed = |change: fn(&mut Keyring)| {
        let mut keyring = full();
        change(&mut keyring);
        keyring.seal(&vault_keys()).err()
    };
    let too_large = Some(SealError::TooLarge);
    assert_eq!(sealed(|keyring| keyring.name.push('n')), too_large);
    assert_eq!(sealed(|keyring| keyring.wraps[0].label.push('L')), too_large);
    assert_eq!(sealed(|keyring| keyring.extensions[0].bytes.push(1)), too_large);
    assert_eq!(sealed(|keyring| keyring.wraps.push(keyring.wraps[0].clone())), too_large);
    let damaged = Some(SealError::Damaged);
    assert_eq!(sealed(|keyring| keyring.wraps.clear()), damaged);
    assert_eq!(sealed(|keyring| keyring.generations.clear()), damaged);
    assert_eq!(sealed(|keyring| keyring.generations.swap(0, 1)), damaged);
    assert_eq!(sealed(|keyring| keyring.extensions[0].tag = 0), damaged);
}

#[test]
fn active_comes_first_and_draining_second() {
    let keyring = full();
    assert_eq!(keyring.active().number, 2);
    assert_eq!(keyring.draining().map(|generation| generation.number), Some(1));
    assert!(super::tests::keyring(ROW).draining().is_none());
    assert!(keyring.lists(&[3; 32]) && !keyring.lists(&[16; 32]));
}

proptest! {
    #[test]
    fn any_sealed_content_is_read_whole_or_refused(changes in prop::collection::vec((0..PLAIN, any::<u8>()), 0..4)) {
        let mut written = vec![0; PLAIN];
        let result = reopened(|plain| {
            changes.iter().for_each(|(offset, byte)| plain[*offset] = *byte);
            written.copy_from_slice(plain);
        });
        if let Ok(keyring) = result {
            let mut again = vec![0; PLAIN];
            keyring.write(&mut again);
            prop_assert!(again == written, "something was read that would not be written");
        }
    }

    #[test]
    fn random_content_never_panics(bytes in prop::collection::vec(any::<u8>(), PLAIN)) {
        prop_assert!(reopened(|plain| plain.copy_from_slice(&bytes)).is_err());
    }
}
