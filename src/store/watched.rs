//! What the store notices of its medium while redb works on it: why an access failed, and which commit is the newest.
//!
//! After the first failure redb says of everything only that something failed before. The number of the newest commit
//! stands in clear in redb's header (`design.md` of redb 4, "Commit slot"); it tells an older copy of a file from the
//! file without any key.

use std::{
    fmt, io,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use redb::{BackendError, StorageBackend};

use crate::store::error::StoreError;

/// Bytes of redb's header that hold the commit slots.
pub(super) const HEADER_BYTES: usize = 320;
/// Where the two commit slots begin, and where in them the number of the commit stands.
const SLOTS: [usize; 2] = [64, 192];
const NUMBER: usize = 104;

/// Where the byte stands whose lowest bit names the slot that counts; the next bit says that it was not closed.
const GOD_BYTE: usize = 9;
const SLOT_BIT: u8 = 1;
const OPEN_BIT: u8 = 2;

/// The number of the newest commit that a header speaks of, begun or done; 0 when it is too short to hold one.
pub(super) fn newest_commit(header: &[u8]) -> u64 {
    SLOTS.into_iter().map(|slot| number(header, slot)).max().unwrap_or(0)
}

/// The number of the commit that counts; 0 when the header is too short to hold one.
fn done_commit(header: &[u8]) -> u64 {
    let slot = header.get(GOD_BYTE).map_or(0, |bits| usize::from(bits & SLOT_BIT));
    number(header, SLOTS[slot])
}

/// The number of a commit that is surely on the medium. A file that was not closed is repaired when it is opened, and
/// that takes back the last commit when not all of it is there.
pub(super) fn sure_commit(header: &[u8]) -> u64 {
    let is_closed = header.get(GOD_BYTE).is_some_and(|bits| bits & OPEN_BIT == 0);
    if is_closed {
        return done_commit(header);
    }
    SLOTS.into_iter().map(|slot| number(header, slot)).min().unwrap_or(0)
}

fn number(header: &[u8], slot: usize) -> u64 {
    let bytes = header.get(slot + NUMBER..).and_then(|rest| rest.first_chunk::<8>());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// What was noticed; shared by the store and every opening of its medium.
#[derive(Default)]
pub(super) struct Facts {
    cause: Mutex<Option<(io::ErrorKind, Option<i32>)>>,
    /// Number in the header written last.
    written: AtomicU64,
    /// Number in the header that was synchronised last.
    commit: AtomicU64,
    has_no_lock: AtomicBool,
}

impl Facts {
    /// Forgets an earlier opening, and begins with a commit that is surely on the medium.
    pub(super) fn begin(&self, commit: u64) {
        self.begin_reading();
        self.written.store(commit, Ordering::SeqCst);
        self.commit.store(commit, Ordering::SeqCst);
    }

    /// Forgets why an earlier opening failed. What is committed over a medium that is only read counts nowhere.
    pub(super) fn begin_reading(&self) {
        *self.cause() = None;
        self.has_no_lock.store(false, Ordering::SeqCst);
    }

    /// Why the first access failed since [`Facts::begin`].
    pub(super) fn why(&self) -> Option<StoreError> {
        let (kind, code) = (*self.cause())?;
        Some(code.map_or_else(|| io::Error::from(kind), io::Error::from_raw_os_error).into())
    }

    /// Number of the commit that counts in the header that was written and synchronised last. One that is only written
    /// may still be lost: the next writer is often that far when an earlier commit is acknowledged.
    pub(super) fn commit(&self) -> u64 {
        self.commit.load(Ordering::SeqCst)
    }

    /// Whether the medium cannot keep other programs away.
    pub(super) fn has_no_lock(&self) -> bool {
        self.has_no_lock.load(Ordering::SeqCst)
    }

    fn cause(&self) -> MutexGuard<'_, Option<(io::ErrorKind, Option<i32>)>> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(err) = &result {
            self.cause().get_or_insert((err.kind(), err.raw_os_error()));
        }
        result
    }
}

/// A medium that is watched.
pub(super) struct Watched {
    inner: Box<dyn StorageBackend>,
    facts: Arc<Facts>,
    /// What is written reaches the medium. Over an overlay it does not, and a writer that acknowledges the last commit
    /// of the file while it is looked at would vouch for one that never was.
    counts: bool,
}

impl Watched {
    pub(super) fn new(inner: Box<dyn StorageBackend>, facts: &Arc<Facts>, counts: bool) -> Self {
        Self { inner, facts: Arc::clone(facts), counts }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.facts.note(self.inner.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.facts.note(self.inner.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.facts.note(self.inner.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        // redb has one writer at a time, so nothing is written meanwhile.
        let written = self.facts.written.load(Ordering::SeqCst);
        self.facts.note(self.inner.sync_data())?;
        if self.counts {
            // Not the greatest ever: a repair takes back a commit whose synchronisation failed.
            self.facts.commit.store(written, Ordering::SeqCst);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.facts.note(self.inner.write(offset, data))?;
        if self.counts && offset == 0 && data.len() >= HEADER_BYTES {
            self.facts.written.store(done_commit(data), Ordering::SeqCst);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        let is_whole = matches!(start, Bound::Unbounded | Bound::Included(0)) && end == Bound::Unbounded;
        let locked = self.inner.try_lock_range(start, end);
        if is_whole && matches!(locked, Err(BackendError::Unsupported)) {
            self.facts.has_no_lock.store(true, Ordering::SeqCst);
        }
        locked
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    #[derive(Debug)]
    struct Unsynced(InMemoryBackend);

    impl StorageBackend for Unsynced {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            Err(io::Error::other("the disk does not answer"))
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
    }

    fn header(number: u8) -> Vec<u8> {
        let mut header = vec![0; HEADER_BYTES];
        header[SLOTS[0] + NUMBER] = number;
        header
    }

    #[test]
    fn a_commit_counts_when_it_is_synchronised_and_not_when_it_is_written() {
        let facts = Arc::new(Facts::default());
        facts.begin(6);
        let good = Watched::new(Box::new(InMemoryBackend::new()), &facts, true);
        good.set_len(4096).unwrap();
        good.write(0, &header(7)).unwrap();
        assert_eq!(facts.commit(), 6);
        good.sync_data().unwrap();
        assert_eq!(facts.commit(), 7);

        let bad = Unsynced(InMemoryBackend::new());
        bad.set_len(4096).unwrap();
        let bad = Watched::new(Box::new(bad), &facts, true);
        bad.write(0, &header(8)).unwrap();
        bad.sync_data().unwrap_err();
        assert_eq!(facts.commit(), 7, "what was not synchronised may be lost");
        good.write(0, &header(8)).unwrap();
        good.sync_data().unwrap();
        good.write(0, &header(7)).unwrap();
        good.sync_data().unwrap();
        assert_eq!(facts.commit(), 7, "a repair took it back");

        let overlay = Watched::new(Box::new(InMemoryBackend::new()), &facts, false);
        overlay.set_len(4096).unwrap();
        facts.begin_reading();
        overlay.write(0, &header(9)).unwrap();
        overlay.sync_data().unwrap();
        assert_eq!(facts.commit(), 7, "what is repaired in memory is on no medium");
    }

    #[test]
    fn a_file_that_was_not_closed_vouches_only_for_the_older_of_its_commits() {
        let mut bytes = header(8);
        bytes[SLOTS[1] + NUMBER] = 7;
        assert_eq!((newest_commit(&bytes), sure_commit(&bytes)), (8, 8));
        bytes[GOD_BYTE] = OPEN_BIT;
        assert_eq!((newest_commit(&bytes), sure_commit(&bytes)), (8, 7));
        assert_eq!((newest_commit(&[]), sure_commit(&[])), (0, 0));
    }
}
