//! What can go wrong between the journal and its sealed records.

use crate::{
    crypto::{SealError, canon::NameError, secret::PasswordError},
    journal::day::Day,
    store::error::StoreError,
};

/// Which part of the file is not as this program left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Alteration {
    /// The header contradicts the wraps, or is gone.
    #[error("its header")]
    Header,
    /// The row found for a name and password does not open in either copy.
    #[error("the row that holds the key")]
    Wrap,
    /// The keyring does not open, or is not the one the head record names.
    #[error("the keyring")]
    Keyring,
    /// The head record is missing, does not open, or changed behind our back.
    #[error("the head record")]
    Head,
    /// A record opens and holds something it cannot hold.
    #[error("the shape of a record")]
    Shape,
}

/// Why a vault cannot do what was asked. Texts hold no content, name or path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The data file failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The name cannot be chosen.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The password cannot be chosen.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Somebody has this name and this password: another password is needed.
    #[error("choose another password")]
    Taken,
    /// A vault cannot be made without an invitation that is good.
    #[error("there is no such invitation")]
    Uninvited,
    /// The password was right once and has been replaced since.
    #[error("this password was replaced")]
    Replaced,
    /// The file was changed by something other than this program.
    #[error("the data file was altered: {0}")]
    Altered(Alteration),
    /// A newer program must write to this file; this one only reads it.
    #[error("only a newer version of the program can write to this file")]
    ReadOnly,
    /// The record was written by a newer program.
    #[error("a newer version of the program is needed to read this record")]
    NewerRecord,
    /// The stored entry is newer than the one that should replace it.
    #[error("the entry was changed meanwhile (revision {stored})")]
    Conflict {
        /// Revision in the file.
        stored: u32,
    },
    /// An entry with this identifier exists.
    #[error("this entry exists already")]
    Exists,
    /// There is no such entry, or it moved to another day or role.
    #[error("there is no such entry")]
    Missing,
    /// A day holds at most 4,096 entries and replies.
    #[error("a day is full")]
    DayFull(Day),
    /// An entry carries at most [`crate::vault::traces::MAX_PER_ENTRY`] traces.
    #[error("an entry has as many traces as it can have")]
    TooManyTraces,
    /// A name of a setting must have 1 to 64 bytes.
    #[error("this is no name of a setting")]
    SettingName,
    /// The key of this vault was used too often: a rotation is due.
    #[error("the key of this vault is worn out")]
    KeyWorn,
}

impl VaultError {
    /// Whether one record cannot be read and others may be: it does not open, or holds what it cannot hold.
    pub fn is_of_one_record(&self) -> bool {
        matches!(
            self,
            Self::Seal(SealError::Open | SealError::Damaged)
                | Self::Altered(Alteration::Shape)
                | Self::NewerRecord
        )
    }

    /// Whether a record was broken. One of a newer program is not, and must be left as it is.
    pub(super) fn is_damage(&self) -> bool {
        self.is_of_one_record() && !matches!(self, Self::NewerRecord)
    }
}
