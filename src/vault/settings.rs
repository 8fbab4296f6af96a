//! Settings of a vault: small values under a name. What the bytes mean belongs to the name.

use crate::{
    crypto::record::RecordType,
    vault::{
        error::VaultError,
        payload::small::SettingV1,
        transaction::{Reader, Writer},
    },
};

/// The value kept under this name.
///
/// # Errors
/// [`VaultError::SettingName`] for a name of no or more than 64 bytes; seal and store errors.
pub fn get(r: &Reader<'_>, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    let found = r.load::<SettingV1>(RecordType::SETTINGS, key(name)?)?;
    Ok(found.map(|setting| setting.value))
}

/// Keeps a value in place of the one before.
///
/// # Errors
/// As [`get`].
pub fn put(w: &mut Writer<'_>, name: &str, value: &[u8]) -> Result<(), VaultError> {
    let key = key(name)?;
    let ext = match w.load::<SettingV1>(RecordType::SETTINGS, key) {
        // A value that cannot be read any more is replaced like any other; one of a newer program is left alone.
        Err(error) if error.is_damage() => Vec::new(),
        old => old?.map_or_else(Vec::new, |old| old.ext),
    };
    w.put(RecordType::SETTINGS, key, &SettingV1 { value: value.to_vec(), ext })
}

/// Forgets the value.
///
/// # Errors
/// As [`get`].
pub fn remove(w: &mut Writer<'_>, name: &str) -> Result<(), VaultError> {
    w.delete(RecordType::SETTINGS, key(name)?)
}

fn key(name: &str) -> Result<&[u8], VaultError> {
    if (1..=64).contains(&name.len()) { Ok(name.as_bytes()) } else { Err(VaultError::SettingName) }
}
