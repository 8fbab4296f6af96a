//! Instance policy: rows `P...`, which belong to the program and to no vault. No format describes them, backups leave
//! them out, and losing them costs no writing.

use std::{collections::BTreeMap, sync::PoisonError};

use zeroize::Zeroizing;

use crate::{
    crypto::{VaultId, secret::Key, ticket::TicketHash, token::DeviceKey},
    store::{
        error::StoreError,
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{Vaults, error::VaultError},
};

/// The key under which device cookies are made: 32 random bytes.
const DEVICE: &[u8] = b"Pdevice";
/// The vault that was alone here when a second one came: its id.
const OWNER: &[u8] = b"Powner";
/// Begins the key of each row of an invitation.
const INVITATION: &[u8] = b"Pinvite/";

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

impl Vaults {
    /// The vault whose owner decides about what all share here: the only one there is, else the one that was alone when
    /// the second came. `None` when that is not known, as after a restore, or when it is gone and several are left.
    ///
    /// # Errors
    /// Store errors.
    pub fn owner(&self) -> Result<Option<VaultId>, VaultError> {
        Ok(self.store.read(|rows| -> Result<_, StoreError> {
            let all = vaults(rows)?;
            if let [only] = all.as_slice() {
                return Ok(Some(*only));
            }
            for copy in Copy::BOTH {
                let noted = rows.small(copy, OWNER)?;
                if let Some(owner) =
                    noted.and_then(|noted| all.iter().find(|id| id.as_bytes()[..] == noted[..]))
                {
                    return Ok(Some(*owner));
                }
            }
            Ok(None)
        })?)
    }
}

/// Notes the only vault there is as the first, in the transaction in which the second comes.
pub(super) fn note_owner(rows: &mut dyn RowsMut) -> Result<(), VaultError> {
    if let [only] = vaults(&*rows)?.as_slice() {
        rows.put_small(OWNER, only.as_bytes())?;
    }
    Ok(())
}

/// Forgets a vault that is deleted, in the transaction that deletes it.
pub(super) fn forget_owner(rows: &mut dyn RowsMut, vault: VaultId) -> Result<(), StoreError> {
    for copy in Copy::BOTH {
        if rows.small(copy, OWNER)?.is_some_and(|noted| noted[..] == vault.as_bytes()[..]) {
            rows.remove_small(OWNER)?;
        }
    }
    Ok(())
}

/// The ids of all vaults; they begin the keys of keyrings (`K` and the id).
fn vaults(rows: &dyn Rows) -> Result<Vec<VaultId>, StoreError> {
    let mut all = std::collections::BTreeSet::new();
    for copy in Copy::BOTH {
        for (row, _) in rows.smalls(copy, b"K")? {
            all.extend(<[u8; 7]>::try_from(&row[1..]).ok());
        }
    }
    Ok(all.into_iter().map(VaultId::from_bytes).collect())
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

/// The key of an invitation's row. Its value is the moment until which it is good, in milliseconds since 1970.
fn invitation_row(hash: &TicketHash) -> Vec<u8> {
    [INVITATION, hash.0.as_slice()].concat()
}

/// Invitations with the moment until which each is good; of two copies that differ, the earlier one.
fn all_invitations(rows: &dyn Rows) -> Result<BTreeMap<Vec<u8>, i64>, StoreError> {
    let mut found = BTreeMap::new();
    for copy in Copy::BOTH {
        for (row, value) in rows.smalls(copy, INVITATION)? {
            let until = value.as_slice().try_into().map_or(0, i64::from_le_bytes);
            found.entry(row).and_modify(|known: &mut i64| *known = until.min(*known)).or_insert(until);
        }
    }
    Ok(found)
}

/// Takes an invitation, in the transaction of the vault that is made with it.
pub(super) fn use_invitation(rows: &mut dyn RowsMut, hash: &TicketHash, now: i64) -> Result<(), VaultError> {
    let row = invitation_row(hash);
    if all_invitations(rows)?.get(&row).is_none_or(|until| now >= *until) {
        return Err(VaultError::Uninvited);
    }
    Ok(rows.remove_small(&row)?)
}

impl Vaults {
    /// Keeps an invitation that is good until then, and removes those that are over. `false` when `most` wait already.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors.
    pub fn invite(&self, hash: &TicketHash, now: i64, until: i64, most: usize) -> Result<bool, VaultError> {
        self.refuse_read_only()?;
        self.store.write(|rows| -> Result<bool, VaultError> {
            let (over, waiting): (Vec<_>, Vec<_>) =
                all_invitations(&*rows)?.into_iter().partition(|(_, until)| now >= *until);
            for (row, _) in over {
                rows.remove_small(&row)?;
            }
            if waiting.len() >= most {
                return Ok(false);
            }
            rows.put_small(&invitation_row(hash), &until.to_le_bytes())?;
            Ok(true)
        })
    }

    /// Whether this invitation is good.
    ///
    /// # Errors
    /// Store errors.
    pub fn is_invited(&self, hash: &TicketHash, now: i64) -> Result<bool, VaultError> {
        let row = invitation_row(hash);
        Ok(self.store.read(|rows| all_invitations(rows))?.get(&row).is_some_and(|until| now < *until))
    }

    /// How many invitations are good.
    ///
    /// # Errors
    /// Store errors.
    pub fn invitations(&self, now: i64) -> Result<usize, VaultError> {
        Ok(self.store.read(|rows| all_invitations(rows))?.values().filter(|until| now < **until).count())
    }

    /// Removes all invitations.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors.
    pub fn withdraw_invitations(&self) -> Result<(), VaultError> {
        self.refuse_read_only()?;
        self.store.write(|rows| -> Result<(), VaultError> {
            for row in all_invitations(&*rows)?.into_keys() {
                rows.remove_small(&row)?;
            }
            Ok(())
        })
    }
}
