//! Looking through one vault with the secret of its owner and without changing anything: for a journal file, and for
//! a backup, which is read in place.
//!
//! It proves what [`crate::vault::verify`] proves, and besides that every record opens, stands where its own key
//! leads, is not newer than the head, and that every day lists what is there.

pub(super) mod look;
mod traces;

use crate::{
    crypto::{
        VaultId,
        canon::Name,
        header::{Header, ROW},
        keyring::Keyring,
        keys::VaultKeys,
        secret::{Key, Password, RecoveryCode},
        unlock::Unlocker,
        wrap::{open_wrap, row_key},
    },
    journal::day::Day,
    store::{rows::Rows, tables::Copy},
    vault::{
        audit::look::look,
        backup::header_of,
        error::{Alteration, VaultError},
        transaction::{KeySet, Reader},
        unlocked::keyring_row,
    },
};

/// What opens a vault. It is used at once and kept by nobody.
pub enum Secret {
    /// A name and a password, as typed.
    Password {
        /// The name.
        name: String,
        /// The password.
        password: zeroize::Zeroizing<String>,
    },
    /// A recovery code.
    Code(RecoveryCode),
}

/// What was found in one vault.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Its short id, as shown to people.
    pub vault: VaultId,
    /// Records, heads not counted.
    pub records: u64,
    /// Of these, how many open and stand in their place.
    pub opened: u64,
    /// The head opens, and exactly the rows are there that were written last.
    pub head_ok: bool,
    /// The head is missing, does not open, or is older than the keyring: nothing is written until the journal is accepted.
    pub head_lost: bool,
    /// Records that are newer than the head.
    pub newer: u64,
    /// Rows of generations that the keyring does not list, when they are not those that were accepted.
    pub strays: u64,
    /// Entries, replies and openings, those in the trash included.
    pub entries: usize,
    /// Entries that no day lists as they are.
    pub unlisted: usize,
    /// Traces that are not as the entries say: their counts, names or lists were lost or put back.
    pub traces: usize,
    /// Days on which something is wrong.
    pub days: Vec<DayFlaws>,
    /// When the vault was written last, milliseconds since 1970 UTC.
    pub written: Option<i64>,
    /// The number of the last transaction.
    pub seq: Option<u64>,
}

/// What is wrong with one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayFlaws {
    /// Which day.
    pub day: Day,
    /// Entries that it lists and that are not there or do not open.
    pub lost: usize,
    /// Entries that are there in an earlier version.
    pub stale: usize,
    /// Entries that are there and that it does not list, or in an earlier version: its list was lost or put back.
    pub unlisted: usize,
    /// Entries that had been removed for ever and are there again.
    pub returned: usize,
}

impl DayFlaws {
    /// How many entries something is wrong with.
    pub fn count(&self) -> usize {
        self.lost + self.stale + self.unlisted + self.returned
    }
}

impl Audit {
    /// Whether nothing is wrong.
    pub fn ok(&self) -> bool {
        self.head_ok
            && self.opened == self.records
            && (self.newer, self.strays, self.unlisted, self.traces) == (0, 0, 0, 0)
            && self.days.is_empty()
    }
}

/// Looks through the vault that a secret opens, in one view of the rows. `None` when it opens none.
///
/// # Errors
/// [`VaultError::Replaced`], [`VaultError::Altered`] when keyring or header do not open; key derivation and store errors.
pub fn audit(rows: &dyn Rows, secret: &Secret) -> Result<Option<Audit>, VaultError> {
    Ok(audit_and(rows, secret, |_| ())?.map(|(audit, ())| audit))
}

/// As [`audit`], and what `also` finds in the same view.
///
/// # Errors
/// Those of [`audit`].
pub fn audit_and<T>(
    rows: &dyn Rows,
    secret: &Secret,
    also: impl FnOnce(&Reader<'_>) -> T,
) -> Result<Option<(Audit, T)>, VaultError> {
    let mut headers = Vec::new();
    for copy in Copy::BOTH {
        headers.extend(rows.small(copy, ROW)?);
    }
    let header = header_of(&headers)?;
    let candidates = |key: &[u8]| {
        let copies = [rows.small(Copy::A, key)?, rows.small(Copy::B, key)?];
        Ok(copies.into_iter().flatten().collect())
    };
    let Some(found) = open_ring(&header, secret, &candidates)? else { return Ok(None) };
    let keys = KeySet::of(&found.keyring, header.uuid, found.vault);
    let looked = look(rows, &keys, found.keyring.rev, &|| false)?;
    Ok(looked.map(|look| (look.audit, also(&Reader::new(rows, &keys)))))
}

/// A way in that opened, and what it led to.
pub(super) struct Ring {
    pub(super) vault: VaultId,
    pub(super) row: [u8; 32],
    pub(super) wrap: Vec<u8>,
    pub(super) urk: Key,
    pub(super) keyring: Keyring,
    pub(super) ring: Vec<u8>,
}

/// The values found for a key of a small row.
pub(super) type Candidates<'c> = &'c dyn Fn(&[u8]) -> Result<Vec<Vec<u8>>, VaultError>;

/// Finds the wrap that a secret opens, and the newest keyring that opens with it.
pub(super) fn open_ring(
    header: &Header,
    secret: &Secret,
    candidates: Candidates<'_>,
) -> Result<Option<Ring>, VaultError> {
    for unlocker in unlockers(header, secret)? {
        let unlocker = unlocker?;
        for wrap in candidates(&row_key(unlocker.row()))? {
            let Ok((vault, urk)) = open_wrap(&unlocker, header, &wrap) else { continue };
            let vault_keys = VaultKeys::derive(&urk, header.uuid, vault);
            let rings = candidates(&keyring_row(vault))?.into_iter();
            let best = rings
                .filter_map(|ring| Some((Keyring::open(&vault_keys, &ring).ok()?, ring)))
                .max_by_key(|(keyring, _)| keyring.rev);
            let Some((keyring, ring)) = best else {
                return Err(VaultError::Altered(Alteration::Keyring));
            };
            if !keyring.lists(unlocker.row()) {
                return Err(VaultError::Replaced);
            }
            return Ok(Some(Ring { vault, row: *unlocker.row(), wrap, urk, keyring, ring }));
        }
    }
    Ok(None)
}

type Unlockers<'a> = Box<dyn Iterator<Item = Result<Unlocker, VaultError>> + 'a>;

fn unlockers<'a>(header: &'a Header, secret: &'a Secret) -> Result<Unlockers<'a>, VaultError> {
    Ok(match secret {
        Secret::Code(code) => Box::new(std::iter::once(Ok(Unlocker::recovery(header, code)))),
        Secret::Password { name, password } => {
            let (name, password) = (Name::typed(name), Password::typed(password)?);
            Box::new(
                header
                    .profiles()
                    .map(move |profile| Ok(Unlocker::password(header, profile, &name, &password)?)),
            )
        }
    })
}
