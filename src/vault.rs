//! Sealed vaults: the only place where plaintext and key meet.
//!
//! A vault is one person's sealed records. [`Vaults`] opens the data file and turns a name and a password, or a
//! recovery code, into an [`unlocked::Unlocked`]; holding that is the only way to read content, it cannot be made
//! outside this module, and its keys are wiped when the last owner drops it.
//!
//! Reading and writing happen in closures over one snapshot or one transaction. What is in a record is in
//! `payload` (byte forms) and in `entries`, `days`, `trash`, `outbox`, `drafts`, `settings`, `traces`, `vectors`,
//! `files`, `recaps`, `openings`, which are free functions over a [`transaction::Reader`] or [`transaction::Writer`].
//!
//! ```text
//! header, wraps, keyrings  --accounts-->  Unlocked  --read--> Reader  --entries, outbox, ...--> journal values
//! (small rows, a and b)                             --write-> Writer  <-------------------------
//! ```
//! Everything blocks; callers go through `crate::blocking`.

pub mod accounts;
pub mod audit;
pub mod backup;
mod compaction;
pub mod cost;
pub mod days;
mod deletion;
pub mod drafts;
pub mod entries;
pub mod error;
pub mod events;
pub mod files;
mod header;
pub mod machine;
pub mod openings;
pub mod outbox;
pub(crate) mod payload;
mod policy;
pub mod recaps;
pub mod rotation;
pub mod salvage;
pub mod searches;
pub mod secrets;
pub mod segments;
pub mod sessions;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod traces;
pub mod transaction;
pub mod trash;
pub mod unlocked;
pub mod vectors;
pub mod verify;
pub mod whole;
pub(crate) mod wire;
mod witnesses;

#[cfg(any(test, feature = "test-hooks"))]
pub use crate::vault::payload::probe_bodies;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, Weak},
};

use crate::{
    clock::Clock,
    crypto::{
        SealError, VaultId,
        header::{Header, ROW},
    },
    store::{Store, peek, rows::Rows, tables::Copy},
    vault::{error::VaultError, unlocked::Unlocked},
};

/// Cost of the password function of a new data file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KdfChoice {
    /// scrypt with N = 2^17, r = 8, p = 1: 128 MiB and about half a second.
    Default,
    /// As good as nothing, for tests.
    #[cfg(any(test, feature = "test-hooks"))]
    Cheap,
}

/// Refuses a file that a newer program must read, before a byte of it is touched. A file that cannot be looked into
/// passes: opening it says what is wrong.
///
/// # Errors
/// [`VaultError::Seal`] with [`crate::crypto::SealError::Newer`].
pub fn refuse_newer(path: &Path) -> Result<(), VaultError> {
    let Ok(copies) = peek::small(path, ROW) else { return Ok(()) };
    let copies: Vec<_> = copies.into_iter().flatten().collect();
    match backup::header_of(&copies) {
        Err(err @ VaultError::Seal(SealError::Newer { .. })) => Err(err),
        _ => Ok(()),
    }
}

/// What the small rows of a file show without any secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SmallRows {
    /// Accounts.
    pub vaults: usize,
    /// Rows whose two copies differ; at most one of them opens.
    pub differing: usize,
}

/// Compares header, wraps and keyrings with each other and in both copies.
///
/// # Errors
/// [`VaultError::Altered`] when header and wraps contradict each other; store errors.
pub fn check_small_rows(rows: &dyn Rows) -> Result<SmallRows, VaultError> {
    header::check(rows)
}

/// All vaults of one data file, locked. All methods block.
pub struct Vaults {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    header: Header,
    /// The vaults that are open now: one `Unlocked` each, or two would count their transactions apart.
    open: Mutex<HashMap<VaultId, Weak<Unlocked>>>,
    /// Held while the file is rewritten without old bytes.
    settling: Mutex<()>,
    /// Held while a row of the instance is looked for and made.
    policy: Mutex<()>,
}

impl Vaults {
    /// Reads the header of the data file, or writes one into a new file. A header lost in both copies is rebuilt
    /// from the wraps. `kdf` matters for a new file only.
    ///
    /// # Errors
    /// [`VaultError::Altered`] when header and wraps contradict each other, [`VaultError::Seal`] with
    /// [`crate::crypto::SealError::Newer`] when a newer program is needed, and store errors.
    pub fn open(store: Arc<Store>, clock: Arc<dyn Clock>, kdf: KdfChoice) -> Result<Self, VaultError> {
        let header = header::open_or_create(&store, kdf)?;
        store.expect_identity(header.uuid);
        Ok(Self {
            store,
            clock,
            header,
            open: Mutex::new(HashMap::new()),
            settling: Mutex::new(()),
            policy: Mutex::new(()),
        })
    }

    /// Whether nobody has registered yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_new(&self) -> Result<bool, VaultError> {
        self.store.read(|rows| {
            for copy in Copy::BOTH {
                if !rows.smalls(copy, b"K")?.is_empty() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Whether this program may write to the file; a newer one may have kept that to itself.
    pub fn may_write(&self) -> bool {
        self.header.may_write()
    }

    /// The store beneath, for its state and for the quiet commit when nothing was written for a while.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }
}
