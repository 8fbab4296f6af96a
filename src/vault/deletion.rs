//! Deleting a vault (`format-v1.md` section 11).

use std::ops::ControlFlow;

use crate::{
    crypto::{VaultId, wrap::row_key},
    store::{
        rows::{Rows, RowsMut},
        tables::{Copy, ROW_KEY_LEN, RowBytes},
    },
    vault::{
        Vaults, compaction,
        error::VaultError,
        policy,
        unlocked::{Unlocked, keyring_row},
    },
};

impl Vaults {
    /// Removes a vault: its keyring, its ways in, its sessions and all its records, in one transaction. Whoever still
    /// holds it open can write nothing any more. The bytes leave the file with [`Vaults::settle`].
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors, after which nothing was removed unless the commit itself failed.
    pub fn delete(&self, unlocked: &Unlocked) -> Result<(), VaultError> {
        self.refuse_read_only()?;
        let vault = unlocked.id();
        // Wraps are found by the vault's id in clear. Those of which both copies are damaged only the keyring names;
        // a keyring that does not open must not keep anybody from leaving.
        let listed = unlocked.keyring().map(|keyring| keyring.wraps).unwrap_or_default();
        self.store.write(|rows| {
            for wrap in &listed {
                rows.remove_small(&row_key(&wrap.row))?;
            }
            remove(rows, vault)?;
            policy::forget_owner(rows, vault)?;
            Ok(compaction::owe(rows)?)
        })
    }
}

/// Removes all rows that carry the id of a vault; it stands at bytes 12 to 19 of a wrap's value and 8 to 15 of a
/// session's, and begins the key of every record.
fn remove(rows: &mut dyn RowsMut, vault: VaultId) -> Result<(), VaultError> {
    rows.remove_small(&keyring_row(vault))?;
    for (kind, place) in [(b"W", 12..19), (b"S", 8..15)] {
        for copy in Copy::BOTH {
            for (key, value) in rows.smalls(copy, kind)? {
                if value.get(place.clone()) == Some(vault.as_bytes().as_slice()) {
                    rows.remove_small(&key)?;
                }
            }
        }
    }
    for key in records(&*rows, vault)? {
        rows.remove(&key)?;
    }
    Ok(())
}

fn records(rows: &dyn Rows, vault: VaultId) -> Result<Vec<RowBytes>, VaultError> {
    let (mut first, mut last) = ([0; ROW_KEY_LEN], [0xff; ROW_KEY_LEN]);
    first[..7].copy_from_slice(vault.as_bytes());
    last[..7].copy_from_slice(vault.as_bytes());
    let mut keys = Vec::new();
    rows.scan(&first, &last, &mut |key, _| {
        keys.push(*key);
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}
