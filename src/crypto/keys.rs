//! The keys derived from a vault's root key and from the key of a generation. `format-v1.md` section 4.

use crate::crypto::{Uuid, VaultId, kdf, secret::Key};

/// What the root key (URK) of a vault gives: the key of its keyring and that of its witnesses.
pub struct VaultKeys {
    pub(crate) uuid: Uuid,
    pub(crate) vault: VaultId,
    pub(crate) ring: Key,
    pub(crate) witness: Key,
}

impl VaultKeys {
    /// Derives both keys. They work for this vault of this file only.
    pub fn derive(urk: &Key, uuid: Uuid, vault: VaultId) -> Self {
        let (ring, witness) = (kdf::expand(urk, "llm1/keyring"), kdf::expand(urk, "llm1/witness"));
        Self { uuid, vault, ring, witness }
    }

    /// The vault these keys belong to.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// The file these keys belong to.
    pub fn uuid(&self) -> &Uuid {
        &self.uuid
    }
}

/// What the key of a generation (GK) gives: the keys of its records, of their row keys and of its set hash.
///
/// Sealing and opening is in [`crate::crypto::record`], hashing in [`crate::crypto::set`].
pub struct RecordKeys {
    pub(crate) uuid: Uuid,
    pub(crate) vault: VaultId,
    pub(crate) generation: u32,
    pub(crate) record: Key,
    pub(crate) blind: Key,
    pub(crate) set: Key,
}

impl RecordKeys {
    /// Derives the three keys. They work for this generation of this vault of this file only.
    pub fn derive(generation_key: &Key, uuid: Uuid, vault: VaultId, generation: u32) -> Self {
        Self {
            uuid,
            vault,
            generation,
            record: kdf::expand(generation_key, "llm1/record"),
            blind: kdf::expand(generation_key, "llm1/blind"),
            set: kdf::expand(generation_key, "llm1/set"),
        }
    }

    /// The vault these keys belong to.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// The number of the generation.
    pub fn generation(&self) -> u32 {
        self.generation
    }
}
