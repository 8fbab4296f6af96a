//! What the process does so that keys in its memory stay there: no core dumps, no reading by other processes of the
//! same user, and locked pages for every [`Key`](crate::crypto::secret::Key). It also answers how much memory is free,
//! before scrypt takes its share.

mod arena;

#[cfg(any(test, feature = "test-hooks"))]
pub use self::arena::Census;
pub(crate) use self::arena::Kept;
use self::arena::{Arena, Protection};

/// The result of one protective measure, for `llamora check` and the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hardening {
    /// What was attempted, a short phrase.
    pub measure: &'static str,
    /// Whether it is in force now.
    pub done: bool,
}

/// Applies every measure this system has. Call it first in `main`, before any secret is read.
///
/// A measure that fails is reported, not fatal: a journal that refuses to open inside a container helps nobody.
#[must_use]
pub fn harden_process() -> Vec<Hardening> {
    use secmem_proc::components;
    vec![
        #[cfg(unix)]
        Hardening { measure: "no core dumps", done: components::disable_core_dumps_rlimit().is_ok() },
        #[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "macos"))]
        Hardening {
            measure: "memory closed to other processes",
            done: components::disable_tracing_prctl().is_ok(),
        },
        #[cfg(windows)]
        Hardening {
            measure: "memory closed to other processes",
            done: components::set_default_dacl_winapi().is_ok(),
        },
        #[cfg(unix)]
        Hardening { measure: "keys in locked memory", done: keys_are_locked() },
        #[cfg(target_os = "linux")]
        Hardening { measure: "no debugger attached", done: components::check_tracer_procfs().is_ok() },
        #[cfg(windows)]
        Hardening { measure: "no debugger attached", done: components::check_tracer_winapi().is_ok() },
    ]
}

/// Where all keys of the process lie.
static KEYS: Arena = Arena::new();

/// Thirty-two zero bytes in the best memory there is; wiped on drop.
pub(crate) fn keep() -> Kept {
    KEYS.keep()
}

/// Whether keys lie in memory that is never swapped out. False when the system refused to lock pages.
pub fn keys_are_locked() -> bool {
    KEYS.protection() >= Protection::Locked
}

/// How many keys the process holds, and whether the rest of their memory is blank.
#[cfg(any(test, feature = "test-hooks"))]
pub fn census() -> Census {
    KEYS.census()
}

/// Bytes of memory that can be had now without swapping, where the system tells (Linux).
pub(crate) fn available() -> Option<u64> {
    if cfg!(target_os = "linux") {
        available_in(&std::fs::read_to_string("/proc/meminfo").ok()?)
    } else {
        None
    }
}

fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests;
