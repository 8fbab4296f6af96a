//! Time and randomness, passed in so that tests can fix both.

use std::time::{SystemTime, UNIX_EPOCH};

/// The only source of wall-clock time and of random identifiers. Keys and nonces never come from here:
/// `crypto` draws them from the operating system itself.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds since some moment before the program began, asleep or not. Setting the clock does not move it.
    fn boot_ms(&self) -> i64;

    /// The same without the time this machine was asleep.
    fn awake_ms(&self) -> i64;

    /// Ten random bytes for an identifier.
    fn id_random(&self) -> [u8; 10];

    /// Now, by the clock on the wall and by the one that cannot be set.
    fn moment(&self) -> Moment {
        Moment { wall_ms: self.now_ms(), boot_ms: self.boot_ms() }
    }
}

/// One moment on two clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC, as far as this machine knows: for people, and for what outlives the process.
    pub wall_ms: i64,
    /// See [`Clock::boot_ms`]: for limits of time that a clock being set must not stretch.
    pub boot_ms: i64,
}

/// The machine's clock and the operating system's generator.
pub struct System;

impl Clock for System {
    fn now_ms(&self) -> i64 {
        #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn boot_ms(&self) -> i64 {
        steady::boot_ms()
    }

    fn awake_ms(&self) -> i64 {
        steady::awake_ms()
    }

    fn id_random(&self) -> [u8; 10] {
        crate::random::array()
    }
}

/// The clocks that nobody can set.
#[cfg(target_os = "linux")]
mod steady {
    use rustix::time::{ClockId, clock_gettime};

    pub(super) fn boot_ms() -> i64 {
        read(ClockId::Boottime)
    }

    pub(super) fn awake_ms() -> i64 {
        read(ClockId::Monotonic)
    }

    fn read(clock: ClockId) -> i64 {
        let time = clock_gettime(clock);
        time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
    }
}

/// Elsewhere one clock stands for both, so that sleep is not noticed; limits of time hold all the same.
#[cfg(not(target_os = "linux"))]
mod steady {
    use std::{sync::LazyLock, time::Instant};

    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(super) fn boot_ms() -> i64 {
        i64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn awake_ms() -> i64 {
        boot_ms()
    }
}

/// A clock that stands still until it is moved, with counted identifiers.
#[cfg(any(test, feature = "test-hooks"))]
pub struct Fixed {
    now: std::sync::atomic::AtomicI64,
    boot: std::sync::atomic::AtomicI64,
    awake: std::sync::atomic::AtomicI64,
    drawn: std::sync::atomic::AtomicU64,
    /// Calls until one panics; 0 when none shall.
    fuse: std::sync::atomic::AtomicU64,
}

#[cfg(any(test, feature = "test-hooks"))]
impl Fixed {
    /// A clock standing at `now_ms`, of a machine that was started an hour ago and has not slept.
    pub fn at(now_ms: i64) -> Self {
        let hour = 3_600_000;
        Self { now: now_ms.into(), boot: hour.into(), awake: hour.into(), drawn: 0.into(), fuse: 0.into() }
    }

    /// Makes the `calls`-th look at this clock panic, once: a bug in the middle of whatever looks then. 0 takes it back
    /// and tells whether it has happened.
    pub fn panic_at(&self, calls: u64) -> bool {
        self.fuse.swap(calls, std::sync::atomic::Ordering::SeqCst) == 0
    }

    /// Lets `millis` go by.
    pub fn advance(&self, millis: i64) {
        self.awake.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
        self.sleep(millis);
    }

    /// Lets `millis` go by while the machine is asleep.
    pub fn sleep(&self, millis: i64) {
        self.boot.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
        self.jump(millis);
    }

    /// Sets the clock on the wall forward, or back, by `millis`; no time goes by.
    pub fn jump(&self, millis: i64) {
        self.now.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "test-hooks"))]
impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        use std::sync::atomic::Ordering::SeqCst;
        let burn = |left: u64| left.checked_sub(1);
        assert!(self.fuse.fetch_update(SeqCst, SeqCst, burn) != Ok(1), "a bug, planted by a test");
        self.now.load(SeqCst)
    }

    fn boot_ms(&self) -> i64 {
        self.boot.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn awake_ms(&self) -> i64 {
        self.awake.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn id_random(&self) -> [u8; 10] {
        let count = self.drawn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clocks_go_forward_and_sleep_is_never_negative() {
        let before = (System.awake_ms(), System.boot_ms());
        assert!(System.awake_ms() >= before.0 && System.boot_ms() >= before.1);
        assert!(before.1 >= before.0);
    }

    #[test]
    fn a_clock_that_is_set_moves_alone() {
        let clock = Fixed::at(1000);
        clock.jump(-500);
        assert_eq!((clock.now_ms(), clock.boot_ms() - clock.awake_ms()), (500, 0));
        clock.sleep(70_000);
        clock.advance(1);
        assert_eq!((clock.now_ms(), clock.boot_ms() - clock.awake_ms()), (70_501, 70_000));
    }
}
