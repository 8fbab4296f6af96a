//! Secrets of an owner for other programs, such as the key for an upstream: kept under a name, never shown again.

use zeroize::Zeroizing;

use crate::{
    crypto::record::RecordType,
    vault::{
        error::VaultError,
        payload::small::SecretV1,
        transaction::{Reader, Writer},
    },
};

/// The secret kept under this name, wiped when it is dropped.
///
/// # Errors
/// Seal and store errors.
pub fn get(r: &Reader<'_>, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let found = r.load::<SecretV1>(RecordType::SECRET, name.as_bytes())?;
    Ok(found.map(|secret| Zeroizing::new(secret.value)))
}

/// Keeps a secret in place of the one before.
///
/// # Errors
/// Seal and store errors.
pub fn put(w: &mut Writer<'_>, name: &str, value: &[u8]) -> Result<(), VaultError> {
    w.put(RecordType::SECRET, name.as_bytes(), &SecretV1 { value: value.to_vec(), ext: Vec::new() })
}

/// Forgets the secret.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, name: &str) -> Result<(), VaultError> {
    w.delete(RecordType::SECRET, name.as_bytes())
}
