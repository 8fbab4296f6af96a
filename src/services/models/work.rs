//! One thing that is being done with a model: how far it is, how to stop it, and what came of the last one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    llm::{Cancel, speed},
    services::sessions::guard,
};

/// How long back the speed is measured.
const WINDOW: Duration = Duration::from_secs(8);
/// Samples are no closer than this.
const APART: Duration = Duration::from_millis(250);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A model comes over the network.
    Fetching,
    /// A model is copied from this machine.
    Adding,
    /// A model is read through and compared with its checksum.
    Verifying,
    /// A model file is deleted.
    Removing,
    /// Another model is being loaded.
    Changing,
    /// The model is measured.
    Measuring,
}

/// How far something is.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkState {
    /// What is being done.
    pub doing: Doing,
    /// With which model, by its name for people.
    pub name: String,
    /// Bytes (of a measurement: steps) that are done.
    pub done: u64,
    /// Of how many, where that is known.
    pub all: Option<u64>,
    /// Bytes per second of late; nothing before that can be told.
    pub per_second: Option<f64>,
    /// Whether it was told to stop.
    pub is_stopping: bool,
}

impl WorkState {
    /// The same in words; nothing before that can be told.
    pub fn words_left(&self) -> Option<String> {
        self.seconds_left().map(speed::about)
    }

    /// Seconds that are left at this speed.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.all?.saturating_sub(self.done);
        self.per_second.filter(|rate| *rate > 0.0).map(|rate| left as f64 / rate)
    }
}

/// What came of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it went wrong.
    pub is_error: bool,
    /// What happened, and what to do.
    pub sentence: String,
    /// A download that can go on where it broke off.
    pub go_on: Option<String>,
    /// A model that is here now and can be used.
    pub usable: Option<String>,
}

impl Outcome {
    pub(super) fn good(sentence: impl Into<String>) -> Self {
        Self { is_error: false, sentence: sentence.into(), go_on: None, usable: None }
    }

    pub(super) fn bad(sentence: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::good(sentence) }
    }
}

/// Something that is being done.
pub(super) struct Work {
    doing: Doing,
    name: String,
    pub(super) cancel: Cancel,
    done: AtomicU64,
    /// 0 while it is not known.
    all: AtomicU64,
    samples: Mutex<VecDeque<(Instant, u64)>>,
}

impl Work {
    /// Notes how far it is.
    pub(super) fn progress(&self, done: u64, all: Option<u64>) {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all.unwrap_or(0), Ordering::Relaxed);
        let (mut samples, now) = (guard(&self.samples), Instant::now());
        if samples.back().is_some_and(|(at, _)| now - *at < APART) {
            return;
        }
        samples.push_back((now, done));
        while samples.len() > 2 && samples.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            samples.pop_front();
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.cancel.is_cancelled()
    }

    fn state(&self) -> WorkState {
        let all = self.all.load(Ordering::Relaxed);
        WorkState {
            doing: self.doing,
            name: self.name.clone(),
            done: self.done.load(Ordering::Relaxed),
            all: (all > 0).then_some(all),
            per_second: rate(&guard(&self.samples)),
            is_stopping: self.cancel.is_cancelled(),
        }
    }
}

fn rate(samples: &VecDeque<(Instant, u64)>) -> Option<f64> {
    let ((first, from), (last, to)) = (samples.front()?, samples.back()?);
    let seconds = last.saturating_duration_since(*first).as_secs_f64();
    (seconds >= 0.5).then(|| to.saturating_sub(*from) as f64 / seconds)
}

/// A place for one thing at a time, and what came of the last one.
#[derive(Default)]
pub(crate) struct Slot {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    running: Option<Arc<Work>>,
    last: Option<Outcome>,
}

impl Slot {
    /// Begins something, unless something runs.
    pub(super) fn begin(&self, doing: Doing, name: &str) -> Option<Arc<Work>> {
        let mut inner = guard(&self.inner);
        if inner.running.is_some() {
            return None;
        }
        let work = Arc::new(Work {
            doing,
            name: name.to_owned(),
            cancel: Cancel::new(),
            done: AtomicU64::new(0),
            all: AtomicU64::new(0),
            samples: Mutex::default(),
        });
        (inner.running, inner.last) = (Some(Arc::clone(&work)), None);
        Some(work)
    }

    /// What runs is over; without an outcome when whoever asked is told otherwise.
    pub(super) fn end(&self, outcome: impl Into<Option<Outcome>>) {
        let mut inner = guard(&self.inner);
        (inner.running, inner.last) = (None, outcome.into());
    }

    /// Whether something runs.
    pub(super) fn is_running(&self) -> bool {
        guard(&self.inner).running.is_some()
    }

    /// Notes what came of something that was done at once.
    pub(super) fn note(&self, outcome: Outcome) {
        guard(&self.inner).last = Some(outcome);
    }

    /// Tells what runs to stop.
    pub(crate) fn cancel(&self) {
        if let Some(running) = &guard(&self.inner).running {
            running.cancel.cancel();
        }
    }

    /// What runs, and what came of the last one.
    pub(super) fn state(&self) -> (Option<WorkState>, Option<Outcome>) {
        let inner = guard(&self.inner);
        (inner.running.as_ref().map(|work| work.state()), inner.last.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_what_is_left_come_from_the_last_seconds() {
        let start = Instant::now();
        let at = |ms, done| (start + Duration::from_millis(ms), done);
        assert_eq!(rate(&VecDeque::from([at(0, 0)])), None);
        assert_eq!(rate(&VecDeque::from([at(0, 0), at(100, 500)])), None);
        let per_second = rate(&VecDeque::from([at(0, 1_000), at(2_000, 5_000)]));
        assert_eq!(per_second, Some(2_000.0));
        let state = WorkState {
            doing: Doing::Fetching,
            name: String::new(),
            done: 4_000,
            all: Some(10_000),
            per_second,
            is_stopping: false,
        };
        assert_eq!(state.seconds_left(), Some(3.0));
        assert_eq!(WorkState { all: None, ..state.clone() }.seconds_left(), None);
        assert_eq!(WorkState { per_second: Some(0.0), ..state }.seconds_left(), None);
    }

    #[test]
    fn one_thing_is_done_at_a_time_and_the_last_outcome_is_kept() {
        let slot = Slot::default();
        let work = slot.begin(Doing::Fetching, "a").expect("nothing runs");
        assert!(slot.begin(Doing::Adding, "b").is_none());
        work.progress(3, Some(9));
        slot.cancel();
        let (running, last) = slot.state();
        let running = running.expect("it runs");
        assert_eq!((running.done, running.all, running.is_stopping, last), (3, Some(9), true, None));
        slot.end(Outcome::bad("It broke off."));
        assert_eq!(slot.state(), (None, Some(Outcome::bad("It broke off."))));
        assert!(slot.begin(Doing::Adding, "b").is_some());
        assert_eq!(slot.state().1, None);
    }
}
