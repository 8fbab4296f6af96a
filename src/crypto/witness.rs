//! The witness against rollback: what a browser last saw of a journal, sealed under the root key. `format-v1.md`
//! section 14.
//!
//! ```text
//! cookie  llw_<V in hex> = base64url(seal(K_wit, AAD, plain[64])), 123 characters
//! AAD     "LLM1" 5 1 0 0   U[16]   V[7]   0
//! plain   lineage[16]   seq u64   wall i64   set[32]
//! ```

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use crate::crypto::{
    SealError, VaultId,
    aead::{self, Nonce, OVERHEAD},
    keys::VaultKeys,
    secret::Key,
    set::{Head, SetHash},
    wire::{Fields, Layout, object},
};

/// Length of the cookie's value.
pub const TEXT_BYTES: usize = 123;

const OBJECT: u8 = 5;
const AAD: usize = 32;
const PLAIN: usize = 64;

/// What was seen last of a vault.
pub struct Witness {
    /// The history it belongs to.
    pub lineage: [u8; 16],
    /// The number of the last write transaction seen.
    pub seq: u64,
    /// When that was written, milliseconds since 1970.
    pub wall: i64,
    /// The set hash after it.
    set: SetHash,
}

/// The name of the cookie that holds the witness of this vault.
pub fn cookie_name(vault: VaultId) -> String {
    format!("llw_{}", HEXLOWER.encode(vault.as_bytes()))
}

impl Witness {
    /// What the head of the active generation says now.
    pub fn of(head: &Head) -> Self {
        Self { lineage: head.lineage, seq: head.seq, wall: head.wall, set: head.set.clone() }
    }

    /// The cookie's value. Set it with every response after a commit.
    pub fn to_cookie(&self, keys: &VaultKeys) -> String {
        BASE64URL_NOPAD.encode(&self.seal_with(Nonce::random(), keys))
    }

    pub(crate) fn seal_with(&self, nonce: Nonce, keys: &VaultKeys) -> Vec<u8> {
        aead::seal_with(&keys.witness, nonce, &aad(keys), PLAIN, |plain| {
            Layout::new(plain)
                .put(&self.lineage)
                .put(&self.seq.to_le_bytes())
                .put(&self.wall.to_le_bytes())
                .put(self.set.as_bytes());
        })
    }

    /// Opens a cookie's value.
    ///
    /// # Errors
    /// [`SealError::Open`] and [`SealError::Damaged`]. A witness that is there but does not open is a warning too: an
    /// older root key may have come back.
    pub fn parse(keys: &VaultKeys, cookie: &str) -> Result<Self, SealError> {
        Self::parse_under(&keys.witness, keys, cookie)
    }

    /// The same with the witness key of a root key that was replaced; `keys` are those in force, which say the place.
    ///
    /// # Errors
    /// As [`Witness::parse`].
    pub(crate) fn parse_under(key: &Key, keys: &VaultKeys, cookie: &str) -> Result<Self, SealError> {
        if cookie.len() != TEXT_BYTES {
            return Err(SealError::Damaged);
        }
        Self::open(key, keys, &BASE64URL_NOPAD.decode(cookie.as_bytes()).map_err(|_| SealError::Damaged)?)
    }

    pub(crate) fn open(key: &Key, keys: &VaultKeys, sealed: &[u8]) -> Result<Self, SealError> {
        if sealed.len() != PLAIN + OVERHEAD {
            return Err(SealError::Damaged);
        }
        let plain = aead::open(key, &aad(keys), sealed)?;
        let mut fields = Fields::new(&plain);
        let (lineage, seq, wall) = (fields.array()?, fields.u64()?, fields.i64()?);
        let set = SetHash::from_bytes(fields.array()?);
        fields.end()?;
        Ok(Self { lineage, seq, wall, set })
    }

    /// Whether this head may follow what was seen: the same history, and later or exactly the same. Otherwise an older
    /// state or another history has come back, and the person is asked before the first page.
    pub fn allows(&self, head: &Head) -> bool {
        let same = self.seq == head.seq && self.set.matches(&head.set);
        self.lineage == head.lineage && (self.seq < head.seq || same)
    }
}

fn aad(keys: &VaultKeys) -> [u8; AAD] {
    let mut aad = [0; AAD];
    Layout::new(&mut aad).put(&object(OBJECT)).put(&keys.uuid).put(keys.vault.as_bytes());
    aad
}

#[cfg(test)]
mod tests;
