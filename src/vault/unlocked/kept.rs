//! What sessions that survive a restart need of an open vault: its root key while a row is sealed, and proof that a row
//! still leads here.

use std::sync::atomic::Ordering;

use crate::{
    crypto::secret::Key,
    vault::{
        error::VaultError,
        transaction::Writer,
        unlocked::{Unlocked, read_keyring},
    },
};

impl Unlocked {
    /// As [`Unlocked::write`]; `work` is also handed the root key and the number of the keyring that sessions carry.
    pub(in crate::vault) fn write_with_root<T>(
        &self,
        work: impl FnOnce(&mut Writer<'_>, &Key, u64) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let ring = self.ring()?;
        self.transact(&ring.keys, self.heads(), |w| {
            let sess_gen = read_keyring(w.rows(), &ring.vault_keys)?.0.sess_gen;
            work(w, &ring.urk, sess_gen)
        })
    }

    /// Whether a session with this root key and number may come in now.
    pub(in crate::vault) fn admits_session(&self, urk: &Key, sess_gen: u64) -> Result<bool, VaultError> {
        let ring = self.ring()?;
        let snapshot = self.store.snapshot()?;
        let keyring = read_keyring(snapshot.rows(), &ring.vault_keys)?.0;
        Ok(ring.urk.is_same(urk) && keyring.sess_gen == sess_gen)
    }

    /// When the vault was last written to, by the clock of that time; milliseconds since 1970, 0 when not known.
    pub(in crate::vault) fn written_at(&self) -> i64 {
        self.heads().as_ref().map_or(0, |heads| heads.active.wall)
    }

    /// The latest moment something was written since it was opened or before, by the clock of that time; 0 when not
    /// known. Waits for nobody.
    pub fn latest_writing(&self) -> i64 {
        self.latest.load(Ordering::Relaxed)
    }
}
