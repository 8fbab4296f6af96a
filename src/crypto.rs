//! Format version 1: every byte that is sealed, and every key that seals it. Pure functions, bytes in and out.
//!
//! The layouts are those of `format-v1.md`; each file names its section. Nothing here touches the store, and the
//! modules above never see a type of the cryptography crates.
//!
//! # Which key seals what
//! ```text
//! password, recovery code, passkey, key file --> Unlocker (row, kek)      unlock, wrap
//!   kek      seals  URK, the vault's root key                             wrap
//!   URK      gives  K_ring (seals the keyring), K_wit (witness)           keys, keyring, witness
//!   keyring  holds  GK, one key per generation                            keyring
//!   GK       gives  K_rec (records), K_blind (row keys), K_set (head)     keys, record, set
//!   token    gives  sid, K_sess (seals URK in a session row)              token, session
//! ```
//!
//! # Rules
//! - A secret has no `Clone`, `Debug`, `Display`, `Serialize` or `PartialEq`, lives on the heap and is wiped on drop.
//! - A nonce is drawn from the operating system for every seal; nobody outside the tests can choose one.
//! - All integers are little-endian. Reserved bytes are written 0 and must be 0 when read.

mod aead;
pub mod archive;
pub mod canon;
pub mod hash;
pub mod header;
mod kdf;
pub mod keyring;
pub mod keys;
pub mod memory;
pub mod record;
pub mod secret;
pub mod session;
pub mod set;
pub mod ticket;
pub mod token;
pub mod unlock;
mod wire;
pub mod witness;
pub mod wrap;

use std::fmt;

use crate::crypto::secret::random;

/// The identity of a data file (`U`): random at creation, never changes, also not by backup or restore.
pub type Uuid = [u8; 16];

/// The symbols of Crockford's base 32, used for short ids and recovery codes.
pub(crate) const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Names a vault inside its file (`V`, 7 random bytes). It stands in clear in front of every row of the vault.
///
/// Its text form is the short id shown to people: the first 30 bits as six symbols, `XXXX-XX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VaultId([u8; 7]);

impl VaultId {
    /// Draws a new id. The caller makes sure that the file has no such vault yet.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        Self(random())
    }

    /// Wraps the 7 bytes of a stored id.
    pub const fn from_bytes(bytes: [u8; 7]) -> Self {
        Self(bytes)
    }

    /// The 7 bytes as stored.
    pub const fn as_bytes(&self) -> &[u8; 7] {
        &self.0
    }
}

impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        let bits = u32::from_be_bytes([a, b, c, d]);
        for symbol_idx in 0..6 {
            let symbol = CROCKFORD[(bits >> (27 - 5 * symbol_idx) & 31) as usize];
            write!(f, "{}{}", if symbol_idx == 4 { "-" } else { "" }, symbol as char)?;
        }
        Ok(())
    }
}

/// Why bytes could not be sealed or opened. No variant carries content, keys or names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key does not open these bytes. Wrong key, wrong place and altered bytes look alike on purpose.
    #[error("this cannot be opened")]
    Open,
    /// The bytes do not have the shape that this version of the format gives them, or they contradict each other.
    #[error("this is damaged, or was written by a newer version")]
    Damaged,
    /// A program of at least this revision is needed to read the file.
    #[error("this file needs a newer version of the program (revision {needs})")]
    Newer {
        /// The smallest program revision that reads it.
        needs: u16,
    },
    /// More bytes than the format has room for.
    #[error("this is too large to be stored")]
    TooLarge,
    /// The scrypt parameters are outside the bounds: the header was altered, or a newer version wrote it.
    #[error("the password parameters of this file are out of bounds")]
    Parameters,
    /// The parameters may be used to open, not to make new wraps: the header was altered to weaken it.
    #[error("the password parameters of this file are weaker than allowed: its header was altered")]
    WeakParameters,
    /// The parameters were changed before and some vaults still need the old ones; there is no room for third ones.
    #[error("the password parameters were changed before, and not everyone has signed in since")]
    ParametersInUse,
    /// Deriving the key takes more memory than half of what is free now.
    #[error("opening this needs {needed_mib} MiB of free memory")]
    Memory {
        /// Mebibytes that must be available.
        needed_mib: u64,
    },
}

#[cfg(test)]
mod tests;
