//! The data file: one redb 4 database with three tables of bytes (`format-v1.md` sections 1 and 18).
//!
//! This module sees no key and no text. It promises three things: a transaction is kept whole or not at all, a
//! failure of the medium is an error that says what happened, and after such a failure the next call opens the
//! file again, so that nothing needs a restart.
//!
//! Commits are two-phase. The allocator state is written only by [`Store::quiet`], to be called when nothing was
//! written for some seconds, before locking, leaving and backing up; then opening after a crash needs no repair.

pub mod error;
#[cfg(any(test, feature = "test-hooks"))]
pub mod faults;
pub mod leaves;
mod medium;
mod memory;
mod overlay;
pub mod peek;
mod reserve;
pub mod rows;
mod scrub;
mod supervise;
pub mod tables;
#[cfg(test)]
mod tests;
mod watched;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redb::{Database, ReadableDatabase, TableError, WriteTransaction};

pub use crate::store::supervise::StoreState;
use crate::store::{
    error::StoreError,
    medium::{CHECK_ON_OPEN_BYTES, How, Journal, Medium},
    memory::Memory,
    reserve::Reserve,
    rows::{ReadRows, WriteRows},
    supervise::{Held, Slot},
    tables::{A, B, R},
    watched::Facts,
};

/// The open data file. Share it in an `Arc`; all methods block.
///
/// Do not call a method of the store from inside the closure of another: `read` in `write` may wait for ever.
pub struct Store {
    medium: Medium,
    slot: RwLock<Slot>,
    /// A row or a commit failed: redb refuses everything until the database is opened again.
    failed: AtomicBool,
    /// Something was committed since the last [`Store::quiet`].
    unquiet: AtomicBool,
    /// Identity the file must have when it is opened again.
    identity: Mutex<Option<[u8; 16]>>,
    /// Number that the newest commit of a file opened again must have: that of the last one acknowledged.
    floor: AtomicU64,
    facts: Arc<Facts>,
    state: Mutex<StoreState>,
    checked: AtomicBool,
    /// Reading the whole file found rows that cannot be reached.
    damaged: AtomicBool,
    reserve: Option<Reserve>,
    /// Until when [`Store::glance`] leaves the medium alone, and for how long in all.
    pause: Mutex<Option<(Instant, Duration)>>,
    /// When the reserve is to be made; `None` when it is there.
    reserve_due: Mutex<Option<Instant>>,
}

impl Store {
    /// Opens the data file, or makes a new one (mode 0600, in a folder of mode 0700) where there is none.
    ///
    /// A file that cannot be written, or stands on a full disk, is opened for reading: see [`Store::known_state`].
    /// Up to 256 MiB every page is checked; beyond, see [`Store::needs_check`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another instance has it open, [`StoreError::ReadOnly`] when there is none and none
    /// can be made, [`StoreError::Foreign`] when it is something else, [`StoreError::Damaged`], [`StoreError::Full`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::on(Medium::File(Journal::at(path, CHECK_ON_OPEN_BYTES)))
    }

    /// [`Store::open`] with another size up to which every page is checked.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn open_checking_up_to(path: &Path, bytes: u64) -> Result<Self, StoreError> {
        Self::on(Medium::File(Journal::at(path, bytes)))
    }

    /// A store that lives in memory and is gone with its last owner: for tests and demonstrations.
    ///
    /// # Errors
    /// When memory for it cannot be had.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::on(Medium::Memory(Memory::default()))
    }

    /// A store on a disk that can fail.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn on_disk(disk: &faults::Disk) -> Result<Self, StoreError> {
        Self::on(Medium::Disk(disk.clone()))
    }

    fn on(medium: Medium) -> Result<Self, StoreError> {
        let facts = Arc::new(Facts::default());
        let open = |reading| {
            guarded(|| {
                let opened = medium.open(How { first: true, reading, floor: 0 }, &facts)?;
                prepare(&opened.database)?;
                Ok(opened)
            })
        };
        let (opened, reads_only) = match open(false) {
            Ok(opened) => (opened, None),
            Err(err @ (StoreError::ReadOnly | StoreError::Full | StoreError::Io(_))) => {
                let why = StoreState::after(&err);
                (open(true).map_err(|_| err)?, Some(why))
            }
            Err(err) => return Err(err),
        };
        let reserve = match &medium {
            Medium::File(journal) => Some(Reserve::beside(journal.path())),
            _ => None,
        };
        Ok(Self {
            medium,
            slot: RwLock::new(Slot { database: Some(opened.database), reads_only }),
            failed: AtomicBool::new(false),
            unquiet: AtomicBool::new(true),
            identity: Mutex::new(None),
            floor: AtomicU64::new(opened.commit),
            facts,
            state: Mutex::new(reads_only.unwrap_or_default()),
            checked: AtomicBool::new(opened.checked),
            damaged: AtomicBool::new(false),
            reserve,
            pause: Mutex::new(None),
            reserve_due: Mutex::new(Some(Instant::now())),
        })
    }

    /// From now on, opening again after a failure accepts only a file whose header row carries this identity
    /// (bytes 16 to 32 of row `H`), so that another medium in the same place is not written to.
    pub fn expect_identity(&self, identity: [u8; 16]) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }

    /// Takes one consistent view of the file. It holds off compaction, so keep it short.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        match self.try_snapshot() {
            // The failure was found only now: the second try opens the file again.
            Err(_) if self.failed.load(Ordering::SeqCst) => self.try_snapshot(),
            result => result,
        }
    }

    fn try_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let slot = self.for_reading(false)?;
        let rows = guarded(|| Ok(ReadRows::open(&slot.database()?.begin_read()?, &self.failed)?))
            .map_err(|err| self.fail(err))?;
        Ok(Snapshot { rows, _slot: slot })
    }

    /// Reads in one snapshot.
    ///
    /// # Errors
    /// Those of `work`, and when the file cannot be read.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&ReadRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let snapshot = self.snapshot()?;
        work(&snapshot.rows)
    }

    /// Runs one write transaction: committed when `work` returns `Ok`, undone when it returns an error or
    /// panics. When nothing was changed nothing is written. Transactions wait for each other.
    ///
    /// # Errors
    /// Those of `work`, and when the file cannot be written. After a failed commit either state may be found.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut WriteRows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let slot = self.for_writing()?;
        let fail = |err: StoreError| E::from(self.fail(err));
        let txn = guarded(|| {
            let mut txn = slot.database()?.begin_write()?;
            txn.set_two_phase_commit(true);
            Ok(txn)
        })
        .map_err(fail)?;
        let mut rows = guarded(|| Ok(WriteRows::open(&txn)?)).map_err(fail)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut rows)));
        let (changed, broken) = (rows.changed(), rows.failed());
        guarded(|| {
            drop(rows);
            Ok(())
        })
        .map_err(fail)?;
        match outcome {
            Ok(Ok(value)) if changed && !broken => {
                self.unquiet.store(true, Ordering::SeqCst);
                guarded(|| Ok(txn.commit()?)).map_err(fail)?;
                self.committed();
                Ok(value)
            }
            Ok(result) => {
                self.abort(txn, broken);
                if broken && result.is_ok() {
                    return Err(fail(StoreError::Failed));
                }
                result
            }
            Err(panic) => {
                self.abort(txn, broken);
                drop(slot);
                resume_unwind(panic)
            }
        }
    }

    fn abort(&self, txn: WriteTransaction, broken: bool) {
        let aborted = guarded(|| Ok(txn.abort()?));
        if broken || aborted.is_err() {
            self.fail(StoreError::Failed);
        }
    }

    /// Writes the allocator state (an empty quick-repair commit), so that opening after a crash needs no repair.
    /// Does nothing when nothing was written since the last time, and on a medium that is only read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn quiet(&self) -> Result<(), StoreError> {
        if self.is_read_only() || !self.unquiet.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let done = self.for_writing().and_then(|slot| {
            guarded(|| {
                let mut txn = slot.database()?.begin_write()?;
                txn.set_quick_repair(true);
                Ok(txn.commit()?)
            })
            .map_err(|err| self.fail(err))?;
            // As long as the file is held: whoever opens it anew counts from there.
            self.committed();
            Ok(())
        });
        if done.is_err() {
            self.unquiet.store(true, Ordering::SeqCst);
        }
        done
    }

    /// Rewrites the file without the space and the old bytes of what was replaced and removed.
    /// Waits for all readers and writers, and holds them off meanwhile: 3 s for a file of 1 GB.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn compact(&self) -> Result<(), StoreError> {
        drop(self.for_writing()?);
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if slot.reads_only.is_some() {
            return Err(StoreError::ReadOnly); // since a moment ago
        }
        let database = slot.database.as_mut().ok_or(StoreError::Failed)?;
        self.unquiet.store(true, Ordering::SeqCst);
        guarded(|| {
            while database.compact()? {}
            Ok(())
        })
        .map_err(|err| self.fail(err))?;
        self.committed();
        Ok(())
    }

    /// Checks every page against its checksum; `false` when something had to be repaired.
    /// Waits for all readers and writers, and holds them off meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be repaired.
    pub fn check(&self) -> Result<bool, StoreError> {
        drop(self.for_reading(false)?);
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let database = slot.database.as_mut().ok_or(StoreError::Failed)?;
        guarded(|| Ok(database.check_integrity()?)).map_err(|err| self.fail(err))
    }

    /// Whether the file is open for reading only.
    pub fn is_read_only(&self) -> bool {
        self.slot.read().unwrap_or_else(PoisonError::into_inner).reads_only.is_some()
    }

    /// Length of the data file in bytes.
    pub fn size(&self) -> u64 {
        self.medium.len()
    }

    /// Share of the file that holds nothing, 0 to 1; compaction pays above a quarter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn free_share(&self) -> Result<f64, StoreError> {
        let slot = self.for_reading(false)?;
        let used = guarded(|| {
            let txn = slot.database()?.begin_write()?;
            let stats = txn.stats()?;
            txn.abort()?;
            Ok(stats.allocated_pages() as f64 * stats.page_size() as f64)
        })?;
        let size = self.size() as f64;
        Ok(if size > used { 1.0 - used / size } else { 0.0 })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner);
        let database = slot.database.take();
        // Closing writes, and in a damaged file redb may panic over that.
        let closed = guarded(|| {
            drop(database);
            Ok(())
        });
        if closed.is_err() {
            tracing::warn!("the data file did not close cleanly");
        }
    }
}

/// One consistent view of the file; see [`Store::snapshot`].
pub struct Snapshot<'s> {
    rows: ReadRows<'s>,
    _slot: Held<'s>,
}

impl<'s> Snapshot<'s> {
    /// The rows of this view.
    pub fn rows(&self) -> &ReadRows<'s> {
        &self.rows
    }
}

/// Makes the three tables in a new file; refuses a redb file that holds something else.
fn prepare(database: &Database) -> Result<(), StoreError> {
    let failed = AtomicBool::new(false);
    let txn = database.begin_read()?;
    match ReadRows::open(&txn, &failed) {
        Ok(_) => return Ok(()),
        Err(TableError::TableDoesNotExist(_)) => {}
        Err(err) => return Err(err.into()),
    }
    if txn.list_tables()?.next().is_some() || txn.list_multimap_tables()?.next().is_some() {
        return Err(StoreError::Foreign);
    }
    drop(txn);
    let mut txn = database.begin_write()?;
    txn.set_two_phase_commit(true);
    txn.open_table(A)?;
    txn.open_table(B)?;
    txn.open_table(R)?;
    Ok(txn.commit()?)
}

/// Turns a panic of redb, which a damaged file can cause, into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Damaged("reading it went wrong".to_owned())))
}
