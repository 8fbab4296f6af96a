//! Guessing passwords and recovery codes costs time, and never the owner's (SR-18, SR-19).
//!
//! | who tries | what limits |
//! |---|---|
//! | a known device (device cookie) | a wait of its own after five wrong tries; 100 tries at once and then 96 a day for all known devices of one journal |
//! | somebody inside (an open session) | a wait for the journal |
//! | anybody else | a wait for the name as typed; 10 at once and then 5 a minute for an address; nothing at all for a name after 100 wrong tries in a row |
//!
//! Waits begin after five wrong tries, with 1 s, and double up to a quarter of an hour. Names that exist and names that
//! do not are treated alike: nobody here knows which is which. A name that is closed for strangers opens when a known
//! device signs in, or when the program starts again: counters are in memory only, under keyed hashes.
//!
//! A try counts as wrong from the moment it is admitted, so that many at once gain nothing. What was found wrong is
//! counted once more by name ([`tally`]), to be told to whoever opens a journal with that name next.

mod tally;

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    services::{
        devices::{Device, same_name},
        sessions::{Session, wrong::WrongTries},
    },
    web::{
        bucket::{Buckets, household, seconds},
        guess::tally::Tally,
    },
};

/// Wrong tries before waiting begins.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Wrong tries in a row after which strangers may not try a name any more.
const MOST_IN_A_ROW: u32 = 100;
/// After this long without a try its counter starts afresh.
const FORGET: Duration = Duration::from_secs(24 * 60 * 60);
/// Counters kept at most. When they are all taken, the one with the fewest tries goes.
const MAX_COUNTERS: usize = 4096;
/// Tries of strangers from one address at once, and the time in which one more is allowed.
const ADDRESS: (u32, Duration) = (10, Duration::from_secs(12));
/// The same for all known devices of a journal together. Whoever has a journal of the same name can have as many known
/// devices as wanted, but all of them belong to that journal.
const CIRCLE: (u32, Duration) = (100, Duration::from_secs(15 * 60));

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Door {
    /// Name and password.
    SignIn,
    /// A recovery code: 130 random bits, so it is never closed altogether.
    Recovery,
}

/// Why a try is not even looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// So many seconds must pass first.
    Wait(u32),
    /// Only a known device may try this name.
    Closed,
}

/// A try that was admitted, and counted as wrong unless it is said to be something else.
#[must_use]
pub struct Attempt {
    counter: u64,
    name: Option<u64>,
    address: Option<IpAddr>,
    is_known: bool,
}

/// Counts tries.
pub struct Guesses {
    hasher: RandomState,
    counters: Mutex<HashMap<u64, Counter>>,
    addresses: Buckets,
    circles: Buckets,
    tally: Tally,
}

#[derive(Clone, Copy)]
struct Counter {
    in_a_row: u32,
    last: Instant,
}

impl Attempt {
    /// Whether it comes from a known device or from inside.
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

impl Guesses {
    /// Nothing tried yet.
    #[allow(clippy::new_without_default, reason = "it draws a key")]
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            counters: Mutex::default(),
            addresses: Buckets::new(ADDRESS.0, ADDRESS.1),
            circles: Buckets::new(CIRCLE.0, CIRCLE.1),
            tally: Tally::default(),
        }
    }

    /// Admits a try with a name, from a device that is known for it or from anywhere.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn outside(
        &self,
        door: Door,
        name: &str,
        peer: IpAddr,
        device: Option<Device>,
        now: Instant,
    ) -> Result<Attempt, Refused> {
        let name = self.hasher.hash_one((door, same_name(name).as_str()));
        if let Some(device) = device {
            let counter = self.hasher.hash_one(("device", door, device));
            if self.is_free(counter, now) && self.circles.take(&device.circle, now).is_ok() {
                self.count(counter, now);
                return Ok(Attempt { counter, name: Some(name), address: None, is_known: true });
            }
        }
        if door == Door::SignIn && self.counters().get(&name).is_some_and(Counter::is_closed) {
            return Err(Refused::Closed);
        }
        self.wait(name, now).map_err(Refused::Wait)?;
        let address = household(peer);
        self.addresses.take(&address, now).map_err(Refused::Wait)?;
        self.count(name, now);
        Ok(Attempt { counter: name, name: None, address: Some(address), is_known: false })
    }

    /// Admits a try of somebody who has the journal open: the password typed again.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn inside(&self, session: &Session, now: Instant) -> Result<Attempt, u32> {
        let counter = self.hasher.hash_one(("inside", session.user.vault.id()));
        self.wait(counter, now)?;
        self.count(counter, now);
        Ok(Attempt { counter, name: None, address: None, is_known: true })
    }

    /// It was right: forgets the wrong ones before it. From a known device this opens a closed name to strangers again.
    pub fn succeeded(&self, attempt: Attempt) {
        let mut counters = self.counters();
        counters.remove(&attempt.counter);
        if let Some(name) = attempt.name {
            counters.remove(&name);
        }
        drop(counters);
        if let Some(address) = attempt.address {
            self.addresses.give_back(&address);
        }
    }

    /// It was not looked at after all: it does not count.
    pub fn withdrawn(&self, attempt: &Attempt) {
        if let Some(counter) = self.counters().get_mut(&attempt.counter) {
            counter.in_a_row = counter.in_a_row.saturating_sub(1);
        }
        if let Some(address) = attempt.address {
            self.addresses.give_back(&address);
        }
    }

    /// It was looked at and found wrong, at this moment of the clock on the wall.
    pub fn was_wrong(&self, door: Door, name: &str, now_ms: i64) {
        self.tally.count(self.told_as(name), door, now_ms);
    }

    /// What was wrong for a name since this was last asked: for somebody who has just opened a journal with it.
    pub fn told(&self, name: &str) -> Option<WrongTries> {
        self.tally.take(self.told_as(name))
    }

    fn told_as(&self, name: &str) -> u64 {
        self.hasher.hash_one(("told", same_name(name).as_str()))
    }

    /// Forgets everything, for tests of something else.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn forget(&self) {
        self.counters().clear();
        self.addresses.forget();
        self.circles.forget();
    }

    fn is_free(&self, counter: u64, now: Instant) -> bool {
        self.wait(counter, now).is_ok()
    }

    fn wait(&self, counter: u64, now: Instant) -> Result<(), u32> {
        let Some(counter) = self.counters().get(&counter).copied() else { return Ok(()) };
        let wait = wait_after(counter.in_a_row).saturating_sub(now.saturating_duration_since(counter.last));
        if wait.is_zero() { Ok(()) } else { Err(seconds(wait)) }
    }

    fn count(&self, key: u64, now: Instant) {
        let mut counters = self.counters();
        if counters.len() >= MAX_COUNTERS && !counters.contains_key(&key) {
            counters.retain(|_, counter| now.saturating_duration_since(counter.last) < FORGET);
        }
        if counters.len() >= MAX_COUNTERS && !counters.contains_key(&key) {
            let least = counters.iter().min_by_key(|(_, counter)| (counter.in_a_row, counter.last));
            if let Some(least) = least.map(|(key, _)| *key) {
                counters.remove(&least);
            }
        }
        let counter = counters.entry(key).or_insert(Counter { in_a_row: 0, last: now });
        if now.saturating_duration_since(counter.last) >= FORGET && !counter.is_closed() {
            counter.in_a_row = 0;
        }
        counter.in_a_row = counter.in_a_row.saturating_add(1);
        counter.last = now;
    }

    fn counters(&self) -> MutexGuard<'_, HashMap<u64, Counter>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter {
    fn is_closed(&self) -> bool {
        self.in_a_row >= MOST_IN_A_ROW
    }
}

/// 1 s after the sixth wrong try, doubling up to a quarter of an hour.
fn wait_after(in_a_row: u32) -> Duration {
    match in_a_row.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(doublings) => LONGEST.min(Duration::from_secs(1 << doublings.min(10))),
    }
}

#[cfg(test)]
mod tests;
