//! How many recaps are being made, so that it can be seen that leafing and hovering never begin two at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts what is at work.
#[derive(Default)]
pub(crate) struct AtWork {
    rounds: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    begun: AtomicUsize,
    asked: AtomicUsize,
}

/// Recaps are made one after another, until it is dropped.
pub(super) struct Round(Arc<AtWork>);

/// One is being made, until it is dropped, however that ends.
pub(super) struct Working<'a>(&'a AtWork);

impl AtWork {
    pub(super) fn round(self: &Arc<Self>) -> Round {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        Round(Arc::clone(self))
    }

    pub(super) fn begin(&self) -> Working<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Working(self)
    }

    /// Notes that the model is asked for one.
    pub(super) fn ask(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.0.rounds.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What was counted, for tests.
#[cfg(any(test, feature = "test-hooks"))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Whether nothing is being made and nobody waits for the model.
    pub is_at_rest: bool,
    /// The most recaps that ever were made at once.
    pub most: usize,
    /// How often one was begun.
    pub begun: usize,
    /// How often the model was asked for one.
    pub asked: usize,
}

#[cfg(any(test, feature = "test-hooks"))]
impl crate::services::Services {
    /// What recaps were made, and how many at once, since the start.
    pub fn recaps_counted(&self) -> Counted {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        let work = &self.recaps_at_work;
        Counted {
            is_at_rest: read(&work.rounds) == 0 && self.llm.waiting() == 0,
            most: read(&work.most),
            begun: read(&work.begun),
            asked: read(&work.asked),
        }
    }
}
