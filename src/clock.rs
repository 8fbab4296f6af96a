//! Time and randomness, passed in so that tests can fix both.

use std::time::{SystemTime, UNIX_EPOCH};

/// The only source of wall-clock time and of random identifiers. Keys and nonces never come from here:
/// `crypto` draws them from the operating system itself.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;

    /// Ten random bytes for an identifier.
    fn id_random(&self) -> [u8; 10];
}

/// The machine's clock and the operating system's generator.
pub struct System;

impl Clock for System {
    fn now_ms(&self) -> i64 {
        #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn id_random(&self) -> [u8; 10] {
        crate::random::array()
    }
}

/// A clock that stands still until it is moved, with counted identifiers.
#[cfg(any(test, feature = "test-hooks"))]
pub struct Fixed {
    now: std::sync::atomic::AtomicI64,
    drawn: std::sync::atomic::AtomicU64,
    /// Calls until one panics; 0 when none shall.
    fuse: std::sync::atomic::AtomicU64,
}

#[cfg(any(test, feature = "test-hooks"))]
impl Fixed {
    /// A clock standing at `now_ms`.
    pub fn at(now_ms: i64) -> Self {
        Self { now: now_ms.into(), drawn: 0.into(), fuse: 0.into() }
    }

    /// Makes the `calls`-th look at this clock panic, once: a bug in the middle of whatever looks then. 0 takes it back
    /// and tells whether it has happened.
    pub fn panic_at(&self, calls: u64) -> bool {
        self.fuse.swap(calls, std::sync::atomic::Ordering::SeqCst) == 0
    }

    /// Moves the clock by `millis`.
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "test-hooks"))]
impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        use std::sync::atomic::Ordering::SeqCst;
        let burn = |left: u64| left.checked_sub(1);
        assert!(self.fuse.fetch_update(SeqCst, SeqCst, burn) != Ok(1), "a bug, planted by a test");
        self.now.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn id_random(&self) -> [u8; 10] {
        let count = self.drawn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}
