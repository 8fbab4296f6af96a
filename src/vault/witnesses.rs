//! What opens the witnesses that browsers got before the keys were revoked: SETTINGS `witness`.
//!
//! ```text
//! items of 40 bytes, latest revocation first:  K_wit[32]   u64 number of the last transaction before it
//! ```
//! A witness key opens witnesses and nothing else. Without the record every other browser of a person would be told
//! after a revocation that an older journal came back, although none did.

use crate::{
    crypto::{keys::VaultKeys, record::RecordType, secret::Key, witness::Witness},
    vault::{
        error::VaultError,
        payload::small::SettingV1,
        transaction::{Reader, Writer},
    },
};

/// Name of the setting.
const NAME: &[u8] = b"witness";
const ITEM: usize = 40;
/// Revocations after which a browser is remembered.
const MOST: usize = 8;

/// The witness key of a root key that was replaced.
pub(super) struct Retired {
    key: Key,
    /// The last transaction under it.
    last: u64,
}

/// What a cookie says that was sealed under a root key before.
pub(super) struct Earlier {
    pub(super) witness: Witness,
    /// Whether what was seen lies before the revocation. If not, it was seen of another history.
    pub(super) is_before: bool,
}

impl Retired {
    /// That of these keys, of which `last` is the number of the last transaction.
    pub(super) fn of(keys: VaultKeys, last: u64) -> Self {
        Self { key: keys.witness, last }
    }

    /// Keeps it before those that are kept already.
    pub(super) fn put(&self, w: &mut Writer<'_>) -> Result<(), VaultError> {
        let mut value = Vec::with_capacity(MOST * ITEM);
        value.extend_from_slice(self.key.expose());
        value.extend_from_slice(&self.last.to_le_bytes());
        for item in all(w)?.iter().take(MOST - 1) {
            value.extend_from_slice(item.key.expose());
            value.extend_from_slice(&item.last.to_le_bytes());
        }
        w.put(RecordType::SETTINGS, NAME, &SettingV1 { value, ext: Vec::new() })
    }
}

/// Opens a witness from before a revocation; `keys` are those in force.
pub(super) fn open(r: &Reader<'_>, keys: &VaultKeys, cookie: &str) -> Result<Option<Earlier>, VaultError> {
    Ok(all(r)?.iter().find_map(|item| {
        let witness = Witness::parse_under(&item.key, keys, cookie).ok()?;
        let is_before = witness.seq <= item.last;
        Some(Earlier { witness, is_before })
    }))
}

/// All that are kept. A record that does not open says nothing: then it is asked once too often.
fn all(r: &Reader<'_>) -> Result<Vec<Retired>, VaultError> {
    let value = match r.load::<SettingV1>(RecordType::SETTINGS, NAME) {
        Ok(found) => found.map_or_else(Vec::new, |setting| setting.value),
        Err(error) if error.is_of_one_record() => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(value
        .as_chunks::<ITEM>()
        .0
        .iter()
        .filter_map(|item| {
            let (key, last) = item.split_first_chunk::<32>()?;
            Some(Retired {
                key: Key::filled(|bytes| bytes.copy_from_slice(key)),
                last: u64::from_le_bytes(last.try_into().ok()?),
            })
        })
        .collect())
}
