//! The keyring row `"K" || V`: the generation keys of a vault and what is known of its wraps, under the root key.
//! `format-v1.md` section 6.
//!
//! ```text
//! value   0..4 "LLM1"   4 object=2   5 suite=1   6..8 0   8..15 V   15 0   16..32 U       AAD = 0..32
//!        32..4028 seal(K_ring, AAD, plain[3968])
//! plain    0..2 version = 1   2..4 flags   4..12 rev   12..20 created   20..28 sess_gen
//!         28 generations 1|2  29 wraps 1..16  30..32 name length   32..288 name as typed
//!        288..384 2 x generation[48]: number u32, suite u16, state, 0, GK[32], created i64
//!        384..1920 16 x wrap[96]: kind, profile, label length u16, 0 u32, created i64, row[32], label[48]
//!        1920..3968 extensions: (tag u16, length u16, bytes)*, then tag 0, then zeros
//! ```

use zeroize::Zeroizing;

use crate::crypto::{
    SealError,
    aead::{self, Nonce, OVERHEAD},
    canon::Name,
    keys::VaultKeys,
    secret::Key,
    unlock::WrapKind,
    wire::{Layout, object},
    wrap::MAX_WRAPS,
};

mod layout;

/// Length of a keyring row's value.
pub const BYTES: usize = AAD + OVERHEAD + PLAIN;
/// The most bytes of a wrap's label.
pub const MAX_LABEL_BYTES: usize = 48;

const OBJECT: u8 = 2;
const AAD: usize = 32;
const PLAIN: usize = 3_968;

/// Everything in a keyring row. It holds generation keys: keep it no longer than needed.
pub struct Keyring {
    /// Starts at 1 and grows by 1 with every change. Of two copies that open, the higher one counts, and it must equal
    /// the head's `keyring_rev`.
    pub rev: u64,
    /// When the vault was made, milliseconds since 1970.
    pub created: i64,
    /// Session rows of an older number are void.
    pub sess_gen: u64,
    /// A revoke came during a rotation: rotate again when that is done.
    pub rotate_again: bool,
    /// The name as typed, without blanks at its ends.
    pub name: Zeroizing<String>,
    /// The active generation, then the draining one if there is one, whose number is one less.
    pub generations: Vec<Generation>,
    /// The ways in. A wrap row that is not listed here was replaced and must not be honoured.
    pub wraps: Vec<WrapInfo>,
    /// What newer programs added, kept when rewriting.
    pub extensions: Vec<Extension>,
}

/// A generation of records and its key (GK).
pub struct Generation {
    /// Counted from 1; its lowest byte is part of every row key.
    pub number: u32,
    /// The random key from which [`crate::crypto::keys::RecordKeys`] are derived.
    pub key: Key,
    /// When it began, milliseconds since 1970.
    pub created: i64,
}

/// What is known of one wrap row, so that it can be shown and deleted without its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WrapInfo {
    /// What opens it.
    pub kind: WrapKind,
    /// The id of its profile, 0 for kinds without a password.
    pub profile: u8,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
    /// The rest of its row key, after `"W"`.
    pub row: [u8; 32],
    /// A name given by its owner, up to 48 bytes.
    pub label: String,
}

/// A field that this program does not know.
#[derive(Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it is, never 0.
    pub tag: u16,
    /// Its content.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Keyring {
    /// The row's value.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] when something has more bytes or items than its place, [`SealError::Damaged`] when the
    /// content contradicts itself.
    pub fn seal(&self, keys: &VaultKeys) -> Result<Vec<u8>, SealError> {
        self.seal_with(Nonce::random(), keys)
    }

    pub(crate) fn seal_with(&self, nonce: Nonce, keys: &VaultKeys) -> Result<Vec<u8>, SealError> {
        self.check()?;
        let aad = aad(keys);
        let mut value = Vec::with_capacity(BYTES);
        value.extend_from_slice(&aad);
        value.extend_from_slice(&aead::seal_with(&keys.ring, nonce, &aad, PLAIN, |plain| self.write(plain)));
        Ok(value)
    }

    /// Opens a row's value. With two copies, open both and take the higher [`Keyring::rev`].
    ///
    /// # Errors
    /// [`SealError::Open`] when it does not open with these keys, [`SealError::Damaged`] when it belongs elsewhere or
    /// what it holds is not understood.
    pub fn open(keys: &VaultKeys, value: &[u8]) -> Result<Self, SealError> {
        let (face, sealed) = value.split_at_checked(AAD).ok_or(SealError::Damaged)?;
        if face != aad(keys) || value.len() != BYTES {
            return Err(SealError::Damaged);
        }
        let plain = aead::open(&keys.ring, face, sealed)?;
        let keyring = Self::read(&plain)?;
        keyring.check()?;
        Ok(keyring)
    }

    /// Whether a row's value is, as far as shows without a key, a keyring of this vault in this file. One that does not
    /// open all the same was sealed under another root key, or somebody changed bytes of it.
    pub fn fits(keys: &VaultKeys, value: &[u8]) -> bool {
        value.len() == BYTES && value[..AAD] == aad(keys)
    }

    /// The generation new records are written to.
    pub fn active(&self) -> &Generation {
        &self.generations[0]
    }

    /// The generation that is being emptied by a rotation.
    pub fn draining(&self) -> Option<&Generation> {
        self.generations.get(1)
    }

    /// Whether the wrap row is one of this vault's ways in.
    pub fn lists(&self, row: &[u8; 32]) -> bool {
        self.wraps.iter().any(|wrap| wrap.row == *row)
    }

    /// What both the writer and the reader require.
    fn check(&self) -> Result<(), SealError> {
        let too_large = self.name.len() > Name::MAX_BYTES
            || self.generations.len() > 2
            || self.wraps.len() > MAX_WRAPS
            || self.wraps.iter().any(|wrap| wrap.label.len() > MAX_LABEL_BYTES)
            || layout::extension_bytes(&self.extensions) > layout::EXTENSIONS;
        if too_large {
            return Err(SealError::TooLarge);
        }
        let generations_fit = match self.generations.as_slice() {
            [active] => active.number > 0,
            [active, draining] => {
                draining.number > 0 && draining.number.checked_add(1) == Some(active.number)
            }
            _ => false,
        };
        let wraps_fit = !self.wraps.is_empty()
            && self.wraps.iter().all(|wrap| wrap.kind.has_password() == (wrap.profile != 0));
        if generations_fit && wraps_fit && self.extensions.iter().all(|extension| extension.tag != 0) {
            Ok(())
        } else {
            Err(SealError::Damaged)
        }
    }
}

fn aad(keys: &VaultKeys) -> [u8; AAD] {
    let mut aad = [0; AAD];
    Layout::new(&mut aad).put(&object(OBJECT)).put(keys.vault.as_bytes()).skip(1).put(&keys.uuid);
    aad
}

/// Reads bytes as the inside of an opened keyring, filled up with zeros, for fuzzing.
#[cfg(any(test, feature = "test-hooks"))]
pub fn probe(bytes: &[u8]) {
    let mut plain = Zeroizing::new([0; PLAIN]);
    let len = bytes.len().min(PLAIN);
    plain[..len].copy_from_slice(&bytes[..len]);
    if let Ok(keyring) = Keyring::read(plain.as_slice()) {
        let mut again = Zeroizing::new([0; PLAIN]);
        keyring.write(again.as_mut_slice());
        assert!(Keyring::read(again.as_slice()).is_ok(), "what was read is written as it can be read");
    }
}

#[cfg(test)]
mod tests;
