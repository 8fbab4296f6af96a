//! How the keys of a vault are.

use crate::vault::{
    error::VaultError,
    rotation::mark::{CLEAN, Cause, Mark},
    transaction::Heads,
    unlocked::Unlocked,
};

/// Where a rotation stands, and when the last one was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// When the keys in use were made, milliseconds since 1970 UTC.
    pub since: i64,
    /// Which generation they are, from 1.
    pub generation: u32,
    /// Records are being sealed anew now.
    pub is_draining: bool,
    /// Another rotation follows when this one has ended.
    pub again: bool,
    /// The last rotation, this one included, was a revocation.
    pub was_revoked: bool,
    /// Old bytes have still to leave the file.
    pub is_unclean: bool,
    /// Records under the keys in use.
    pub done: u64,
    /// Records at all.
    pub all: u64,
    /// The recovery code in force was shown and never typed back.
    pub is_code_unconfirmed: bool,
}

impl Rotation {
    /// Whether anything has still to be done.
    pub fn is_running(&self) -> bool {
        self.is_draining || self.again || self.is_unclean
    }
}

impl Unlocked {
    /// How the keys are: four small records are opened.
    ///
    /// # Errors
    /// Seal and store errors.
    pub fn rotation(&self) -> Result<Rotation, VaultError> {
        let keyring = self.keyring()?;
        self.read(|r| {
            let heads = Heads::read(r.rows(), r.keys())?;
            let mark = Mark::read(r);
            let left = heads.draining.as_ref().map_or(0, |head| head.count);
            Ok(Rotation {
                since: keyring.active().created,
                generation: heads.active.generation,
                is_draining: heads.draining.is_some(),
                again: keyring.rotate_again,
                was_revoked: mark.cause == Cause::Revoke,
                is_unclean: mark.unclean != CLEAN,
                done: heads.active.count,
                all: heads.active.count + left,
                is_code_unconfirmed: mark.shown.is_some_and(|row| keyring.lists(&row)),
            })
        })
    }
}
