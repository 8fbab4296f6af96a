//! The data file: one redb 4 database with three tables of bytes (`format-v1.md` sections 1 and 18).
//!
//! This module sees no key and no text. It promises three things: a transaction is kept whole or not at all, a
//! failure of the medium is an error that says what happened, and after such a failure the next call opens the
//! file again, so that nothing needs a restart.
//!
//! Commits are two-phase. The allocator state is written only by [`Store::quiet`], to be called when nothing was
//! written for some seconds, before locking, leaving and backing up; then opening after a crash needs no repair.

pub mod error;
#[cfg(test)]
pub(crate) mod faults;
mod medium;
pub mod rows;
pub mod tables;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{Database, ReadableDatabase, TableError, WriteTransaction};

use crate::store::{
    error::StoreError,
    medium::{Medium, Memory},
    rows::{ReadRows, Rows, WriteRows},
    tables::{A, B, Copy, R},
};

/// Whether the store works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreState {
    /// Reading and writing work, as far as is known.
    Ok,
    /// The file could not be opened again after a failure.
    Failed,
}

/// The open data file. Share it in an `Arc`; all methods block.
///
/// Do not call a method of the store from inside the closure of another: `read` in `write` may wait for ever.
pub struct Store {
    medium: Medium,
    /// `None` only while opening again failed. The lock is taken for writing by what needs the database alone.
    slot: RwLock<Option<Database>>,
    /// A row or a commit failed: redb refuses everything until the database is opened again.
    failed: AtomicBool,
    /// Something was committed since the last [`Store::quiet`].
    unquiet: AtomicBool,
    /// Identity the file must have when it is opened again.
    identity: Mutex<Option<[u8; 16]>>,
}

impl Store {
    /// Opens the data file, or makes a new one (mode 0600, in a folder of mode 0700) where there is none.
    ///
    /// Up to 256 MiB every page is checked; beyond, call [`Store::check`] when there is time.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another instance has it open, [`StoreError::ReadOnly`] when it cannot be
    /// written, [`StoreError::Foreign`] when it is something else, [`StoreError::Damaged`], [`StoreError::Full`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::on(Medium::File(path.to_owned()))
    }

    /// A store that lives in memory and is gone with its last owner: for tests and demonstrations.
    ///
    /// # Errors
    /// When memory for it cannot be had.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::on(Medium::Memory(Memory::default()))
    }

    /// A store on a disk that can fail.
    #[cfg(test)]
    pub(crate) fn on_disk(disk: &faults::Disk) -> Result<Self, StoreError> {
        let disk = disk.clone();
        Self::on(Medium::Custom(Box::new(move |builder| builder.create_with_backend(disk.clone()))))
    }

    fn on(medium: Medium) -> Result<Self, StoreError> {
        let database = guarded(|| {
            let database = medium.open(true)?;
            prepare(&database)?;
            Ok(database)
        })?;
        Ok(Self {
            medium,
            slot: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
            unquiet: AtomicBool::new(true),
            identity: Mutex::new(None),
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
        let slot = self.database()?;
        let rows = guarded(|| {
            let database = slot.as_ref().ok_or(StoreError::Failed)?;
            Ok(ReadRows::open(&database.begin_read()?, &self.failed)?)
        })
        .inspect_err(|_| self.failed.store(true, Ordering::SeqCst))?;
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
        let slot = self.database()?;
        let fail = |err: StoreError| {
            self.failed.store(true, Ordering::SeqCst);
            E::from(err)
        };
        let txn = guarded(|| {
            let mut txn = slot.as_ref().ok_or(StoreError::Failed)?.begin_write()?;
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
                Ok(value)
            }
            Ok(result) => {
                self.abort(txn, broken);
                if broken && result.is_ok() {
                    return Err(StoreError::Failed.into());
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
            self.failed.store(true, Ordering::SeqCst);
        }
    }

    /// Writes the allocator state (an empty quick-repair commit), so that opening after a crash needs no repair.
    /// Does nothing when nothing was written since the last time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn quiet(&self) -> Result<(), StoreError> {
        let slot = self.database()?;
        if !self.unquiet.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        guarded(|| {
            let mut txn = slot.as_ref().ok_or(StoreError::Failed)?.begin_write()?;
            txn.set_quick_repair(true);
            Ok(txn.commit()?)
        })
        .inspect_err(|_| {
            self.unquiet.store(true, Ordering::SeqCst);
            self.failed.store(true, Ordering::SeqCst);
        })
    }

    /// Rewrites the file without the space and the old bytes of what was replaced and removed.
    /// Waits for all readers and writers, and holds them off meanwhile: 3 s for a file of 1 GB.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn compact(&self) -> Result<(), StoreError> {
        drop(self.database()?);
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let database = slot.as_mut().ok_or(StoreError::Failed)?;
        self.unquiet.store(true, Ordering::SeqCst);
        guarded(|| {
            while database.compact()? {}
            Ok(())
        })
        .inspect_err(|_| self.failed.store(true, Ordering::SeqCst))
    }

    /// Checks every page against its checksum; `false` when something had to be repaired.
    /// Waits for all readers and writers, and holds them off meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be repaired.
    pub fn check(&self) -> Result<bool, StoreError> {
        drop(self.database()?);
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let database = slot.as_mut().ok_or(StoreError::Failed)?;
        guarded(|| Ok(database.check_integrity()?)).inspect_err(|_| self.failed.store(true, Ordering::SeqCst))
    }

    /// Whether the store works. After a failure this tries to open the file again.
    pub fn state(&self) -> StoreState {
        if self.database().is_ok() { StoreState::Ok } else { StoreState::Failed }
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
        let slot = self.database()?;
        let used = guarded(|| {
            let txn = slot.as_ref().ok_or(StoreError::Failed)?.begin_write()?;
            let stats = txn.stats()?;
            txn.abort()?;
            Ok(stats.allocated_pages() as f64 * stats.page_size() as f64)
        })?;
        let size = self.size() as f64;
        Ok(if size > used { 1.0 - used / size } else { 0.0 })
    }

    fn database(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, StoreError> {
        if self.failed.load(Ordering::SeqCst) {
            self.reopen()?;
        }
        Ok(self.slot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() && !self.failed.load(Ordering::SeqCst) {
            return Ok(()); // another thread was faster
        }
        let old = slot.take();
        let closed = guarded(|| {
            drop(old);
            Ok(())
        });
        if closed.is_err() {
            tracing::warn!("the data file did not close cleanly");
        }
        let expected = *self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        let database = guarded(|| {
            let database = self.medium.open(false)?;
            if let Some(expected) = expected {
                let rows = ReadRows::open(&database.begin_read()?, &self.failed)?;
                let is_same = |copy| {
                    Ok::<bool, StoreError>(
                        rows.small(copy, b"H")?.is_some_and(|header| header.get(16..32) == Some(&expected)),
                    )
                };
                if !is_same(Copy::A)? && !is_same(Copy::B)? {
                    return Err(StoreError::OtherFile);
                }
            }
            Ok(database)
        })?;
        *slot = Some(database);
        self.failed.store(false, Ordering::SeqCst);
        self.unquiet.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// One consistent view of the file; see [`Store::snapshot`].
pub struct Snapshot<'s> {
    rows: ReadRows<'s>,
    _slot: RwLockReadGuard<'s, Option<Database>>,
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
