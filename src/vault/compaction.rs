//! Old bytes: what a change of keys or a deletion replaced must leave the file, also when the power goes first.
//!
//! The transaction that removes a wrap or a vault counts up a row `Pcompact` (instance policy, `format-v1.md` section
//! 1). [`Vaults::settle`] scrubs the file and takes the row away. A program that was killed in between, or whose medium
//! failed, finds the row at its next start and does it then.

use std::sync::PoisonError;

use crate::{
    store::{
        error::StoreError,
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{Vaults, error::VaultError},
};

const OWED: &[u8] = b"Pcompact";

/// Notes, in the transaction of a change, that what it replaces must leave the file.
pub(super) fn owe(rows: &mut dyn RowsMut) -> Result<(), StoreError> {
    let count = owed(&*rows)?.unwrap_or(0).wrapping_add(1);
    rows.put_small(OWED, &count.to_le_bytes())
}

/// How many changes ask for it; the row may have lost a copy, or its shape.
fn owed(rows: &dyn Rows) -> Result<Option<u64>, StoreError> {
    let mut found = None;
    for copy in Copy::BOTH {
        let Some(value) = rows.small(copy, OWED)? else { continue };
        let count = value.as_slice().try_into().map_or(0, u64::from_le_bytes);
        found = found.max(Some(count));
    }
    Ok(found)
}

impl Vaults {
    /// Whether no change waits for [`Vaults::settle`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_settled(&self) -> Result<bool, VaultError> {
        Ok(self.store.read(|rows| owed(rows))?.is_none())
    }

    /// Rewrites the file without the bytes that a change of keys or a deletion replaced; `false` when no change asks
    /// for that. Call it after each such change, once its sessions are ended, and when the program starts. It holds
    /// off readers and writers for some seconds per gigabyte.
    ///
    /// # Errors
    /// When the file cannot be written. The change itself stands, and the next call tries again.
    pub fn settle(&self) -> Result<bool, VaultError> {
        let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = self.store.read(|rows| owed(rows))? else { return Ok(false) };
        self.store.scrub()?;
        self.store.write(|rows| -> Result<(), VaultError> {
            // A change that came meanwhile counted up, and asks for another time.
            if owed(&*rows)? == Some(before) {
                rows.remove_small(OWED)?;
            }
            Ok(())
        })?;
        Ok(true)
    }
}
