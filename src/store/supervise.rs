//! How the store is, and how it works again when the cause of a failure is gone.
//!
//! Whoever is refused by the medium gets the error; the next one opens the file again. A file that can only be read
//! is opened over an overlay in memory. [`Store::glance`], called every few seconds, finds out what nobody asked:
//! that the file was moved or pulled out, that it came back, that a full disk has room again.

use std::{
    ops::ControlFlow,
    sync::{MutexGuard, PoisonError, RwLockReadGuard, atomic::Ordering},
    time::{Duration, Instant},
};

use redb::{Database, ReadableDatabase};

use crate::store::{
    Store,
    error::StoreError,
    guarded,
    medium::{How, Medium},
    reserve::Reserve,
    rows::{ReadRows, Rows},
    tables::{Copy, ROW_KEY_LEN, RowBytes},
};

/// Rows that are read in one go when the whole file is read in the background.
const SLICE: u64 = 4096;

/// How long [`Store::glance`] lets a disk in trouble rest, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A reserve that could not be made is tried again after this time, because trying wears the medium.
const RESERVE_AGAIN: Duration = Duration::from_secs(60);

/// Whether the store works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StoreState {
    /// Reading and writing work, as far as is known.
    #[default]
    Ok,
    /// The file, its folder or its medium can only be read.
    ReadOnly,
    /// Reading works; no space is left to write.
    Full,
    /// The file is not in its place any more; what is still open can be read.
    Missing,
    /// Another journal lies where the file was.
    OtherFile,
    /// An older copy of the file lies in its place.
    Older,
    /// Another program has the file open.
    Busy,
    /// A part of the file cannot be read.
    Damaged,
    /// The medium fails.
    Failed,
}

impl StoreState {
    /// The state that an error leads to.
    pub(super) fn after(err: &StoreError) -> Self {
        match err {
            StoreError::ReadOnly => Self::ReadOnly,
            StoreError::Full => Self::Full,
            StoreError::Missing => Self::Missing,
            StoreError::OtherFile => Self::OtherFile,
            StoreError::Older => Self::Older,
            StoreError::Busy => Self::Busy,
            StoreError::Damaged(_) | StoreError::Foreign | StoreError::Newer(_) => Self::Damaged,
            StoreError::Failed | StoreError::Io(_) => Self::Failed,
        }
    }
}

/// What the store runs on now. The lock around it is taken for writing by what needs the database alone.
pub(super) struct Slot {
    /// `None` only while opening again failed.
    pub(super) database: Option<Database>,
    /// Why it is open for reading only; `None` when it may be written.
    pub(super) reads_only: Option<StoreState>,
}

impl Slot {
    pub(super) fn database(&self) -> Result<&Database, StoreError> {
        self.database.as_ref().ok_or(StoreError::Failed)
    }
}

/// The slot, held for a while.
pub(super) type Held<'s> = RwLockReadGuard<'s, Slot>;

impl Store {
    /// How the store is, as far as is known: touches nothing and never waits for the medium.
    pub fn known_state(&self) -> StoreState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`Store::look`], to be called every few seconds: after a try that was in vain and not cheap it lets some time
    /// pass, so that a disk in trouble is not read over and over. Whoever needs the file still tries at once.
    pub fn glance(&self) -> StoreState {
        let is_early = |(due, _): (Instant, Duration)| Instant::now() < due && self.medium.is_there();
        if self.pause().is_some_and(is_early) {
            return self.known_state();
        }
        let state = self.look();
        let is_calm = match state {
            StoreState::Ok | StoreState::Missing => true,
            StoreState::ReadOnly | StoreState::Full => !(self.is_read_only() && self.medium.may_write()),
            _ => false,
        };
        let mut pause = self.pause();
        *pause = (!is_calm).then(|| {
            let longer = pause.map_or(FIRST_PAUSE, |(_, last)| LONGEST_PAUSE.min(last * 2));
            (Instant::now() + longer, longer)
        });
        state
    }

    /// Looks at the medium, and opens the file again where that is called for.
    pub fn look(&self) -> StoreState {
        let is_full = || self.known_state() == StoreState::Full;
        // What cannot be opened now is tried again the next time; the state says why.
        if self.is_stale() || !self.medium.is_in_place() {
            drop(self.for_reading(true));
        } else if self.is_read_only() && self.medium.may_write() && (!is_full() || self.has_room()) {
            drop(self.reopen());
        }
        if is_full() && !self.is_read_only() && self.has_room() {
            self.set_state(StoreState::Ok);
        }
        self.keep_reserve();
        self.known_state()
    }

    /// Gives up the reserve beside the journal, so that a deletion finds room on a full disk. `false` when there is
    /// none, or when the disk is not full. It is made again when there is room.
    pub fn spend_reserve(&self) -> bool {
        let is_spent =
            self.known_state() == StoreState::Full && self.reserve.as_ref().is_some_and(Reserve::spend);
        if is_spent {
            *self.reserve_due() = Some(Instant::now() + RESERVE_AGAIN);
            tracing::warn!("the disk is full: the reserve was given up so that deleting works");
        }
        is_spent
    }

    /// Whether the pages of the file still have to be looked at: it was too large to check when it was opened.
    pub fn needs_check(&self) -> bool {
        !self.checked.load(Ordering::SeqCst)
    }

    /// Reads every row once, in the background of other work, and counts them. Finds rows that cannot be reached;
    /// whether their content is genuine only opening them shows.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], and when the file cannot be read.
    pub fn read_through(&self) -> Result<u64, StoreError> {
        let counted = self.count_rows();
        self.checked.store(true, Ordering::SeqCst);
        if let Err(StoreError::Damaged(_)) = &counted {
            self.damaged.store(true, Ordering::SeqCst);
            self.set_state(StoreState::Damaged);
        }
        counted
    }

    fn count_rows(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for copy in Copy::BOTH {
            count += self.read(|rows| Ok::<_, StoreError>(rows.smalls(copy, b"")?.len() as u64))?;
        }
        // A snapshot for each slice, so that nobody waits for the whole file.
        let mut first = Some([0; ROW_KEY_LEN]);
        while let Some(from) = first {
            let (mut seen, mut last) = (0, None);
            self.read(|rows| {
                rows.scan(&from, &[0xff; ROW_KEY_LEN], &mut |key, _| {
                    (seen, last) = (seen + 1, Some(*key));
                    if seen < SLICE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })
            })?;
            count += seen;
            first = last.filter(|_| seen == SLICE).and_then(after);
        }
        Ok(count)
    }

    /// The database for reading; opened again after a failure.
    pub(super) fn for_reading(&self, is_moved: bool) -> Result<Held<'_>, StoreError> {
        if is_moved || self.is_stale() {
            self.reopen()?;
        }
        Ok(self.held())
    }

    /// Whether what is open is not to be used any more: it failed, or it was away and something lies in its place.
    fn is_stale(&self) -> bool {
        let is_back = || self.known_state() == StoreState::Missing && self.medium.is_there();
        self.failed.load(Ordering::SeqCst) || is_back()
    }

    /// The database for writing; opened again after a failure, and when the medium may have become writable.
    pub(super) fn for_writing(&self) -> Result<Held<'_>, StoreError> {
        let mut slot = self.for_reading(!self.medium.is_in_place())?;
        if slot.reads_only.is_some() && self.medium.may_write() {
            drop(slot);
            self.reopen()?;
            slot = self.held();
        }
        match slot.reads_only {
            None => Ok(slot),
            Some(StoreState::Full) => Err(StoreError::Full),
            Some(StoreState::ReadOnly) => Err(StoreError::ReadOnly),
            Some(_) => Err(StoreError::Failed),
        }
    }

    fn held(&self) -> Held<'_> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a failure: the next one who comes opens the file again. Gives the error with its cause, where redb only
    /// knows that something failed before.
    pub(super) fn fail(&self, err: StoreError) -> StoreError {
        let err = match (err, self.facts.why()) {
            (StoreError::Failed, Some(cause)) => cause,
            (err, _) => err,
        };
        self.failed.store(true, Ordering::SeqCst);
        self.set_state(StoreState::after(&err));
        err
    }

    /// Notes that a commit is on the medium.
    pub(super) fn committed(&self) {
        self.floor.fetch_max(self.facts.commit(), Ordering::SeqCst);
        self.set_state(StoreState::Ok);
    }

    pub(super) fn set_state(&self, state: StoreState) {
        // What was found once when reading the whole file is not mended by a commit elsewhere in it.
        let is_damaged = state == StoreState::Ok && self.damaged.load(Ordering::SeqCst);
        let state = if is_damaged { StoreState::Damaged } else { state };
        let mut known = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != state {
            tracing::warn!(from = ?*known, to = ?state, "the state of the journal file changed");
            *known = state;
        }
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let has_failed = self.failed.load(Ordering::SeqCst);
        let before = self.known_state();
        let is_good = slot.database.is_some() && !self.is_stale() && self.medium.is_in_place();
        if is_good && (slot.reads_only.is_none() || !self.medium.may_write()) {
            return Ok(()); // another thread was faster
        }
        if slot.database.is_some() && !has_failed && !self.medium.is_there() {
            // What is open can still be read, and is all that is left.
            self.set_state(StoreState::Missing);
            return Err(StoreError::Missing);
        }
        let old = slot.database.take();
        let closed = guarded(|| {
            drop(old);
            Ok(())
        });
        if closed.is_err() {
            tracing::warn!("the data file did not close cleanly");
        }
        // A disk that is merely full is the same disk.
        let known = if before == StoreState::Full { Ok(()) } else { self.is_ours() };
        let opened = known
            .and_then(|()| self.open_again(false, self.floor()))
            .or_else(|err| self.read_only_after(err));
        match opened {
            Ok((database, reads_only)) => {
                *slot = Slot { database: Some(database), reads_only };
                self.failed.store(false, Ordering::SeqCst);
                self.unquiet.store(true, Ordering::SeqCst);
                // Opening works on a full disk as well.
                let found = if before == StoreState::Full { before } else { StoreState::Ok };
                self.set_state(reads_only.unwrap_or(found));
                Ok(())
            }
            Err(err) => {
                self.failed.store(true, Ordering::SeqCst);
                self.set_state(StoreState::after(&err));
                Err(err)
            }
        }
    }

    fn read_only_after(&self, err: StoreError) -> Result<(Database, Option<StoreState>), StoreError> {
        match err {
            StoreError::ReadOnly | StoreError::Full | StoreError::Io(_) => {
                let why = StoreState::after(&err);
                self.open_again(true, self.floor())
                    .map(|(database, _)| (database, Some(why)))
                    .map_err(|_| err)
            }
            other => Err(other),
        }
    }

    /// Looks through an overlay whether what lies there is the journal, so that nothing else is ever written to.
    fn is_ours(&self) -> Result<(), StoreError> {
        // Whose it is comes before how old it is.
        let (database, _) = self.open_again(true, 0)?;
        guarded(|| {
            drop(database);
            Ok(())
        })
    }

    fn open_again(&self, reading: bool, floor: u64) -> Result<(Database, Option<StoreState>), StoreError> {
        let how = How { first: false, reading, floor };
        let expected = *self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        guarded(|| {
            let opened = self.medium.open(how, &self.facts)?;
            if let Some(expected) = expected {
                let rows = ReadRows::open(&opened.database.begin_read()?, &self.failed)?;
                let is_same = |copy| {
                    Ok::<bool, StoreError>(
                        rows.small(copy, b"H")?.is_some_and(|header| header.get(16..32) == Some(&expected)),
                    )
                };
                if !is_same(Copy::A)? && !is_same(Copy::B)? {
                    return Err(StoreError::OtherFile);
                }
            }
            if !reading {
                // What is only looked at is not repaired yet: a commit it speaks of may still be taken back.
                self.floor.fetch_max(opened.commit, Ordering::SeqCst);
            }
            Ok((opened.database, None))
        })
    }

    fn floor(&self) -> u64 {
        self.floor.load(Ordering::SeqCst)
    }

    fn has_room(&self) -> bool {
        match &self.medium {
            Medium::File(_) => self.reserve.as_ref().is_none_or(Reserve::has_room),
            Medium::Memory(_) => true,
            #[cfg(any(test, feature = "test-hooks"))]
            Medium::Disk(disk) => disk.has_room(),
        }
    }

    fn keep_reserve(&self) {
        let Some(reserve) = &self.reserve else { return };
        let mut due = self.reserve_due();
        let now = Instant::now();
        if self.known_state() == StoreState::Ok && due.is_some_and(|due| now >= due) {
            *due = match reserve.keep() {
                Ok(()) => None,
                Err(_) => Some(now + RESERVE_AGAIN),
            };
        }
    }

    fn pause(&self) -> MutexGuard<'_, Option<(Instant, Duration)>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve_due(&self) -> MutexGuard<'_, Option<Instant>> {
        self.reserve_due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key that follows `key`; `None` after the last one.
fn after(key: RowBytes) -> Option<RowBytes> {
    let mut next = key;
    for byte in next.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(next);
        }
    }
    None
}
