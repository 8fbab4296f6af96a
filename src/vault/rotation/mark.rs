//! The record that says what a rotation has still to do besides moving records: SETTINGS `keys`.
//!
//! ```text
//! 0 cause: 1 refresh, 2 revoke   1 old bytes: 0 none, 1 compact at the end, 2 compact now   2..34 row of the wrap of a
//! recovery code that was shown and not yet typed back, or zeros
//! ```

use crate::{
    crypto::record::RecordType,
    vault::{
        error::VaultError,
        payload::small::SettingV1,
        transaction::{Reader, Writer},
    },
};

/// Name of the setting.
const NAME: &[u8] = b"keys";
const BYTES: usize = 34;

/// No old bytes are left in the file by a rotation.
pub(super) const CLEAN: u8 = 0;
/// When the rotation has ended, the file is to be compacted.
pub(super) const AT_END: u8 = 1;
/// Replaced ways in are still in the file: compact it now, and again at the end.
pub(super) const NOW: u8 = 2;

/// Why the keys were changed last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// As a matter of hygiene; or never.
    Refresh,
    /// Somebody may know a password or a code, or hold a copy.
    Revoke,
}

/// The record.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) cause: Cause,
    pub(super) unclean: u8,
    pub(super) shown: Option<[u8; 32]>,
}

impl Mark {
    /// The record as it stands. One that is missing or cannot be read must not stop anything: then nothing is known to
    /// be left, and the next rotation writes a new one.
    pub(super) fn read(r: &Reader<'_>) -> Self {
        let none = Self { cause: Cause::Refresh, unclean: CLEAN, shown: None };
        let Ok(Some(SettingV1 { value, .. })) = r.load::<SettingV1>(RecordType::SETTINGS, NAME) else {
            return none;
        };
        let Some(([cause, unclean], row)) = value.split_first_chunk().filter(|_| value.len() == BYTES) else {
            return none;
        };
        let row: [u8; 32] = row.try_into().unwrap_or_default();
        Self {
            cause: if *cause == 2 { Cause::Revoke } else { Cause::Refresh },
            unclean: (*unclean).min(NOW),
            shown: (row != [0; 32]).then_some(row),
        }
    }

    /// Writes the record in place of the one before, readable or not.
    pub(super) fn put(self, w: &mut Writer<'_>) -> Result<(), VaultError> {
        let cause = match self.cause {
            Cause::Refresh => 1,
            Cause::Revoke => 2,
        };
        let value = [&[cause, self.unclean], self.shown.unwrap_or_default().as_slice()].concat();
        w.put(RecordType::SETTINGS, NAME, &SettingV1 { value, ext: Vec::new() })
    }
}
