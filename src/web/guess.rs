//! Wrong guesses cost time (SR-18, the part that needs no device cookies): per name, and over all names.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Wrong guesses of one name before waiting begins.
const FREE: u32 = 5;
/// The longest wait for one name.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// After this long without a wrong guess a name starts afresh.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Wrong guesses over all names in one [`WINDOW`].
const MAX_IN_WINDOW: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// Names remembered at most; beyond that only the count over all names protects.
const MAX_NAMES: usize = 4096;

/// Counts wrong guesses, in memory, under keyed hashes of what was typed as name.
pub struct Guesses {
    hasher: RandomState,
    counts: Mutex<Counts>,
}

struct Counts {
    names: HashMap<u64, Count>,
    window_start: Instant,
    in_window: u32,
}

struct Count {
    failures: u32,
    last: Instant,
}

impl Guesses {
    /// Nothing guessed yet.
    #[allow(clippy::new_without_default, reason = "it reads the clock")]
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            counts: Mutex::new(Counts { names: HashMap::new(), window_start: Instant::now(), in_window: 0 }),
        }
    }

    /// Whether `name` may be tried now; otherwise the seconds to wait.
    ///
    /// # Errors
    /// The wait in seconds, at least 1.
    pub fn check(&self, name: &str, now: Instant) -> Result<(), u32> {
        let counts = self.counts();
        let since_start = now.saturating_duration_since(counts.window_start);
        if since_start < WINDOW && counts.in_window >= MAX_IN_WINDOW {
            return Err(seconds(WINDOW - since_start));
        }
        let Some(count) = counts.names.get(&self.key(name)) else { return Ok(()) };
        let wait = wait_after(count.failures).saturating_sub(now.saturating_duration_since(count.last));
        if wait.is_zero() { Ok(()) } else { Err(seconds(wait)) }
    }

    /// Counts a wrong guess.
    pub fn failed(&self, name: &str, now: Instant) {
        let key = self.key(name);
        let mut counts = self.counts();
        if now.saturating_duration_since(counts.window_start) >= WINDOW {
            counts.window_start = now;
            counts.in_window = 0;
        }
        counts.in_window = counts.in_window.saturating_add(1);
        counts.names.retain(|_, count| now.saturating_duration_since(count.last) < FORGET);
        if counts.names.len() < MAX_NAMES || counts.names.contains_key(&key) {
            let count = counts.names.entry(key).or_insert(Count { failures: 0, last: now });
            count.failures = count.failures.saturating_add(1);
            count.last = now;
        }
    }

    /// Forgets the wrong guesses of a name that has now been opened.
    pub fn succeeded(&self, name: &str) {
        let key = self.key(name);
        self.counts().names.remove(&key);
    }

    fn key(&self, name: &str) -> u64 {
        self.hasher.hash_one(name.trim().to_lowercase())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 1 s after the sixth wrong guess, doubling up to a quarter of an hour.
fn wait_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(doublings) => LONGEST.min(Duration::from_secs(1 << doublings.min(10))),
    }
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_begins_after_five_and_doubles() {
        let guesses = Guesses::new();
        let now = Instant::now();
        for _ in 0..=FREE {
            assert_eq!(guesses.check("mira", now), Ok(()));
            guesses.failed(" Mira ", now);
        }
        assert_eq!(guesses.check("mira", now), Err(2));
        assert_eq!(guesses.check("mira", now + Duration::from_secs(1)), Ok(()));
        guesses.failed("mira", now);
        assert_eq!(guesses.check("mira", now), Err(3));
        assert_eq!(guesses.check("jonas", now), Ok(()));
        guesses.succeeded("mira");
        assert_eq!(guesses.check("mira", now), Ok(()));
        assert_eq!(wait_after(u32::MAX), LONGEST);
    }

    #[test]
    fn many_names_do_not_help() {
        let guesses = Guesses::new();
        let now = Instant::now();
        for guess_idx in 0..MAX_IN_WINDOW {
            guesses.failed(&guess_idx.to_string(), now);
        }
        assert!(guesses.check("somebody else", now).is_err());
        assert_eq!(guesses.check("somebody else", now + WINDOW), Ok(()));
    }
}
