//! Changing the keys of an open vault: its keyring, its generations, its root key.

use std::sync::{Arc, PoisonError};

use crate::{
    crypto::{keyring::Keyring, keys::VaultKeys, secret::Key},
    store::rows::RowsMut,
    vault::{
        error::{Alteration, VaultError},
        transaction::{Heads, KeySet, Writer},
        unlocked::{Ring, Unlocked, Wrap, keyring_row, read_keyring},
    },
};

/// A change of the keyring in the making, and what of it may be changed; see [`Unlocked::rekey`].
pub(in crate::vault) struct Change<'c> {
    pub(in crate::vault) keyring: &'c mut Keyring,
    pub(in crate::vault) heads: &'c mut Heads,
    pub(in crate::vault) rows: &'c mut dyn RowsMut,
    /// The root key and the keys of the generations, before the change.
    pub(in crate::vault) urk: &'c Key,
    pub(in crate::vault) keys: &'c KeySet,
    pub(in crate::vault) now: i64,
}

/// What became of a [`Change`].
pub(in crate::vault) enum Outcome<T> {
    /// Nothing is to be written.
    Keep(T),
    /// The keyring is to be written.
    Write(T),
    /// The keyring is to be written under this new root key.
    WriteUnder(Key, T),
}

impl Unlocked {
    /// Changes the keyring, and with it the generations and the root key, in one transaction; `and` writes records that
    /// belong to the change, under the keys it brings. Readers and writers wait until it is committed and the keys in
    /// memory are those of the file.
    pub(in crate::vault) fn rekey<T>(
        &self,
        change: impl FnOnce(&mut Change<'_>) -> Result<Outcome<T>, VaultError>,
        and: impl FnOnce(&mut Writer<'_>, &T) -> Result<(), VaultError>,
    ) -> Result<T, VaultError> {
        self.refuse_writing()?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut ring)?;
        let mut heads = self.heads();
        let (known, now) = (heads.take(), self.clock.now_ms());
        let uuid = *ring.vault_keys.uuid();
        let mut new_urk = None;
        let done = self.store.write(|rows| -> Result<_, VaultError> {
            let mut known = match known {
                Some(known) => known,
                None => Heads::read(rows, &ring.keys)?,
            };
            known.expect(rows, &ring.keys)?;
            let (mut keyring, _) = read_keyring(rows, &ring.vault_keys)?;
            if keyring.rev != known.active.keyring_rev {
                return Err(VaultError::Altered(Alteration::Keyring));
            }
            let value = match change(&mut Change {
                keyring: &mut keyring,
                heads: &mut known,
                rows,
                urk: &ring.urk,
                keys: &ring.keys,
                now,
            })? {
                Outcome::Keep(value) => return Ok((value, known, None)),
                Outcome::Write(value) => value,
                Outcome::WriteUnder(urk, value) => {
                    new_urk = Some(urk);
                    value
                }
            };
            keyring.rev += 1;
            let derived = new_urk.as_ref().map(|urk| VaultKeys::derive(urk, uuid, self.vault));
            let sealed = keyring.seal(derived.as_ref().unwrap_or(&ring.vault_keys))?;
            rows.put_small(&keyring_row(self.vault), &sealed)?;
            let keys = KeySet::of(&keyring, uuid, self.vault);
            let mut writer = Writer::over(rows, &keys, known, now);
            and(&mut writer, &value)?;
            writer.note_keyring(keyring.rev);
            let committed = writer.finish()?;
            Ok((value, committed, Some((keys, derived, Arc::from(keyring.name.as_str())))))
        });
        match done {
            Ok((value, committed, changed)) => {
                self.keep(&mut heads, committed);
                if let Some((keys, derived, name)) = changed {
                    (ring.keys, ring.name) = (Arc::new(keys), name);
                    if let (Some(derived), Some(urk)) = (derived, new_urk) {
                        (ring.vault_keys, ring.urk) = (derived, urk);
                    }
                }
                Ok(value)
            }
            Err(err) => {
                ring.doubt = Some(new_urk);
                Err(err)
            }
        }
    }

    /// After a change that failed: finds out which of both states the file is in.
    pub(super) fn look(&self, ring: &mut Ring) -> Result<(), VaultError> {
        let Some(other) = &ring.doubt else { return Ok(()) };
        let uuid = *ring.vault_keys.uuid();
        let snapshot = self.store.snapshot()?;
        let (keyring, derived) = match (read_keyring(snapshot.rows(), &ring.vault_keys), other) {
            (Err(VaultError::Altered(_)), Some(urk)) => {
                let derived = VaultKeys::derive(urk, uuid, self.vault);
                (read_keyring(snapshot.rows(), &derived)?.0, Some(derived))
            }
            (found, _) => (found?.0, None),
        };
        drop(snapshot);
        ring.keys = Arc::new(KeySet::of(&keyring, uuid, self.vault));
        ring.name = Arc::from(keyring.name.as_str());
        let other = ring.doubt.take().flatten();
        if let (Some(derived), Some(urk)) = (derived, other) {
            (ring.vault_keys, ring.urk) = (derived, urk);
        }
        Ok(())
    }

    /// Whether a wrap that was opened is a way into this vault now.
    pub(in crate::vault) fn admits(&self, wrap: &Wrap) -> Result<bool, VaultError> {
        let ring = self.ring()?;
        let snapshot = self.store.snapshot()?;
        Ok(ring.urk.is_same(&wrap.urk) && read_keyring(snapshot.rows(), &ring.vault_keys)?.0.lists(&wrap.row))
    }

    /// The keys of the generations in use.
    pub(in crate::vault) fn key_set(&self) -> Result<Arc<KeySet>, VaultError> {
        Ok(Arc::clone(&self.ring()?.keys))
    }
}
