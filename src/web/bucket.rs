//! Allowances that refill: so many at once, then so many in a while, for each of many sources. In memory, under keyed
//! hashes, and never more than `MOST` of them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Sources remembered at most. Beyond that all new ones share one allowance.
const MOST: usize = 4096;
/// The place of the shared allowance.
const SHARED: u64 = 0;

/// An allowance for each source.
pub struct Buckets {
    hasher: RandomState,
    burst: u32,
    every: Duration,
    sources: Mutex<HashMap<u64, Level>>,
}

/// When an allowance will be whole again.
struct Level {
    full_at: Instant,
}

impl Buckets {
    /// `burst` at once, then one in each `every`.
    pub fn new(burst: u32, every: Duration) -> Self {
        Self { hasher: RandomState::new(), burst, every, sources: Mutex::default() }
    }

    /// Takes one from the allowance of `source`; otherwise the seconds to wait.
    ///
    /// # Errors
    /// The wait in seconds, at least 1.
    pub fn take(&self, source: &impl Hash, now: Instant) -> Result<(), u32> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = self.hasher.hash_one(source);
        if sources.len() >= MOST && !sources.contains_key(&key) {
            sources.retain(|_, level| level.full_at > now);
            if sources.len() >= MOST {
                key = SHARED;
            }
        }
        let level = sources.entry(key).or_insert(Level { full_at: now });
        let full_at = level.full_at.max(now) + self.every;
        let missing = full_at - now;
        let most = self.every * self.burst;
        if missing > most {
            return Err(seconds(missing - most));
        }
        level.full_at = full_at;
        Ok(())
    }

    /// Gives one back that was taken for nothing.
    pub fn give_back(&self, source: &impl Hash) {
        let key = self.hasher.hash_one(source);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = sources.get_mut(&key) {
            level.full_at = level.full_at.checked_sub(self.every).unwrap_or(level.full_at);
        }
    }

    /// Fills all allowances, for tests of something else.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn forget(&self) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A wait in whole seconds, at least 1.
pub fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

/// What people behind an address are counted by: the address, of IPv6 the 64 bits that one household has.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(long) => {
            let [a, b, c, d, ..] = long.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        short => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_then_one_in_a_while() {
        let buckets = Buckets::new(3, Duration::from_secs(12));
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take(&"a", now), Ok(()));
        }
        assert_eq!(buckets.take(&"a", now), Err(12));
        assert_eq!(buckets.take(&"b", now), Ok(()));
        let later = now + Duration::from_secs(12);
        assert_eq!(buckets.take(&"a", later), Ok(()));
        assert_eq!(buckets.take(&"a", later), Err(12));
        let much_later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(buckets.take(&"a", much_later), Ok(()));
        }
        assert!(buckets.take(&"a", much_later).is_err(), "never more than the burst");
    }

    #[test]
    fn memory_is_bounded_and_a_crowd_shares() {
        let buckets = Buckets::new(2, Duration::from_secs(60));
        let now = Instant::now();
        let passed = (0..2 * MOST).filter(|source| buckets.take(source, now).is_ok()).count();
        assert_eq!(passed, MOST + 2);
        let n_kept = buckets.sources.lock().unwrap().len();
        assert!(n_kept <= MOST + 1, "{n_kept}");
        assert_eq!(buckets.take(&"later", now + Duration::from_secs(121)), Ok(()));
    }

    #[test]
    fn a_household_is_one() {
        let of = |text: &str| household(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }
}
