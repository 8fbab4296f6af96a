//! Instance policy: rows `P...`, which belong to the program and to no vault. No format describes them, backups leave
//! them out, and losing them costs no writing.

use std::sync::PoisonError;

use zeroize::Zeroizing;

use crate::{
    crypto::{secret::Key, token::DeviceKey},
    store::{rows::Rows, tables::Copy},
    vault::{Vaults, error::VaultError},
};

/// The key under which device cookies are made: 32 random bytes.
const DEVICE: &[u8] = b"Pdevice";

impl Vaults {
    /// The key of device cookies; drawn and kept when it is missing and `may_make`.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors.
    pub fn device_key(&self, may_make: bool) -> Result<Option<DeviceKey>, VaultError> {
        let _one_at_a_time = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.store.read(|rows| read_key(rows, DEVICE))?;
        if found.is_some() || !may_make {
            return Ok(found.map(DeviceKey::from_key));
        }
        self.refuse_read_only()?;
        let key = Key::random();
        self.store.write(|rows| rows.put_small(DEVICE, key.expose()))?;
        Ok(Some(DeviceKey::from_key(key)))
    }
}

/// A key from the first copy that has the right shape.
fn read_key(rows: &dyn Rows, row: &[u8]) -> Result<Option<Key>, VaultError> {
    for copy in Copy::BOTH {
        let Some(value) = rows.small(copy, row)?.map(Zeroizing::new) else { continue };
        if let Ok(bytes) = <[u8; 32]>::try_from(value.as_slice()) {
            return Ok(Some(Key::from_bytes(Zeroizing::new(bytes))));
        }
    }
    Ok(None)
}
