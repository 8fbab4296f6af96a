//! The one budget for key derivations: one runs at a time, few wait, and strangers never stand in the way of somebody
//! who is known (SR-18).
//!
//! A derivation takes 128 MiB and half a second. Whoever has not shown a device cookie waits in a line of its own, of
//! which only the first stands in front of the derivation: a known device has at most one of theirs ahead of it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::Semaphore;

use crate::{
    blocking,
    services::{Failure, Services, accounts::AccountError},
};

/// Those who wait in one line, the one whose turn it is included.
const MAX_WAITING: usize = 8;
/// When a new try makes sense, in seconds: a full line is done by then.
const RETRY_AFTER_S: u32 = 10;

/// Who asks for a derivation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// A browser that signed in to this journal before, or has it open.
    Known,
    /// Anybody.
    Stranger,
}

/// The lines, and how often a derivation was begun from each.
pub(crate) struct Budget {
    known: Line,
    strangers: Line,
    turn: Arc<Semaphore>,
}

#[derive(Default)]
struct Line {
    waiting: AtomicUsize,
    begun: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { known: Line::default(), strangers: Line::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Services {
    /// Runs a key derivation; refuses when too many wait in that line already.
    pub(crate) async fn derive<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let budget = &self.budget;
        let line = match lane {
            Lane::Known => &budget.known,
            Lane::Stranger => &budget.strangers,
        };
        let place = Place::take(&line.waiting);
        if place.before >= MAX_WAITING {
            return Err(AccountError::TooMany { retry_after_s: RETRY_AFTER_S });
        }
        let turn = match lane {
            Lane::Known => None,
            Lane::Stranger => {
                let turn = Arc::clone(&budget.turn).acquire_owned().await;
                Some(turn.map_err(|_| AccountError::Failed(Failure::Internal))?)
            }
        };
        line.begun.fetch_add(1, Ordering::Relaxed);
        // The turn goes with the work, which also runs on when nobody waits for it any more.
        let work = move || {
            let _turn = turn;
            work()
        };
        Ok(blocking::kdf(work).await.map_err(Failure::from)?)
    }

    /// How many derivations were begun: for known devices and for strangers.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn derivations(&self) -> (u64, u64) {
        let begun = |line: &Line| line.begun.load(Ordering::Relaxed);
        (begun(&self.budget.known), begun(&self.budget.strangers))
    }
}

/// A place in a line; given back also when the request goes away.
struct Place<'a> {
    waiting: &'a AtomicUsize,
    before: usize,
}

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Self {
        Self { waiting, before: waiting.fetch_add(1, Ordering::SeqCst) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
