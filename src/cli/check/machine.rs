//! What `llamora check` says about the folder and the machine.

use std::{fs, path::Path};

use crate::{cli::check::Finding, services::backup};

const DAY_MS: i64 = 86_400_000;
/// 2025-01-01: no journal is older than the program.
const EARLIEST_MS: i64 = 1_735_689_600_000;
/// Free space below which a journal may soon be refused.
const LEAST_FREE: u64 = 64 << 20;

/// Who else can read the folder and the file, and whether they can be written.
pub(super) fn permissions(folder: &Path, journal: &Path) -> Vec<Finding> {
    let mut findings = vec![mode("folder permissions", folder, "chmod 700 it")];
    if journal.exists() {
        findings.push(mode("file permissions", journal, "chmod 600 it"));
    }
    findings.push(writable(folder, journal));
    findings
}

#[cfg(unix)]
fn mode(what: &'static str, path: &Path, remedy: &str) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path) {
        Err(error) => Finding::bad(what, error.to_string()),
        Ok(facts) => {
            let mode = facts.permissions().mode() & 0o777;
            if mode & 0o077 == 0 {
                Finding::ok(what, format!("{mode:o}"))
            } else {
                Finding::bad(what, format!("{mode:o}: other users can look in; {remedy}"))
            }
        }
    }
}

#[cfg(not(unix))]
fn mode(what: &'static str, _path: &Path, _remedy: &str) -> Finding {
    Finding::ok(what, "left to the system")
}

fn writable(folder: &Path, journal: &Path) -> Finding {
    let what = "medium";
    let probe = folder.join(".check.partial");
    let folder_ok = fs::OpenOptions::new().write(true).create_new(true).open(&probe).is_ok();
    let removed = !folder_ok || fs::remove_file(&probe).is_ok();
    let file_ok = !journal.exists() || fs::OpenOptions::new().append(true).open(journal).is_ok();
    if folder_ok && removed && file_ok {
        Finding::ok(what, "can be written")
    } else {
        Finding::bad(what, "read-only: the journal can be read, and nothing can be saved")
    }
}

/// Room for the journal to grow, and for the copy that compaction makes.
pub(super) fn free_space(folder: &Path, journal: &Path) -> Finding {
    let what = "free space";
    let size = fs::metadata(journal).map_or(0, |facts| facts.len());
    match free_bytes(folder) {
        None => Finding::note(what, "this system does not tell"),
        Some(free) if free < LEAST_FREE.max(size / 4) => {
            Finding::bad(what, format!("{} MB; free some, or saving will stop", free >> 20))
        }
        Some(free) => Finding::ok(what, format!("{} MB", free >> 20)),
    }
}

#[cfg(target_os = "linux")]
fn free_bytes(folder: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    facts.f_bavail.checked_mul(facts.f_frsize)
}

#[cfg(not(target_os = "linux"))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// A clock that stands before the last write gives entries a wrong time.
pub(super) fn clock(journal: &Path, now: i64) -> Finding {
    let what = "clock";
    let since_epoch = |facts: fs::Metadata| facts.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok();
    let written = fs::metadata(journal).ok().and_then(since_epoch);
    let written = written.and_then(|since| i64::try_from(since.as_millis()).ok());
    if now < EARLIEST_MS {
        Finding::bad(what, "stands before 2025; set it, or entries get a wrong time")
    } else if written.is_some_and(|written| written > now + DAY_MS) {
        Finding::bad(what, "stands more than a day before the journal was written last")
    } else {
        Finding::ok(what, "plausible")
    }
}

/// When the last backup was verified, and whether it is still there.
pub(super) fn last_backup(folder: &Path, now: i64) -> Finding {
    let what = "last backup";
    match backup::last(folder) {
        None => Finding::note(what, "none that is known; make one with llamora backup create"),
        Some(last) if !last.file.is_file() => {
            Finding::note(what, format!("{} is not there now", last.file.display()))
        }
        Some(last) => {
            let days = (now - last.verified).max(0) / DAY_MS;
            let said = format!("verified {days} days ago, {} bytes, {}", last.bytes, last.file.display());
            if days > 7 { Finding::note(what, said) } else { Finding::ok(what, said) }
        }
    }
}

/// Memory that goes to a disk in clear takes keys and text with it.
#[cfg(target_os = "linux")]
pub(super) fn swap() -> Option<Finding> {
    let what = "swap";
    let table = fs::read_to_string("/proc/swaps").ok()?;
    let devices: Vec<&str> =
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    // Compressed memory is no disk; a device of the mapper may be encrypted.
    let plain: Vec<&str> = devices.iter().filter(|name| !name.contains("zram")).copied().collect();
    Some(
        match (plain.is_empty(), plain.iter().all(|name| name.contains("/dm-") || name.contains("/mapper/")))
        {
            (true, _) => Finding::ok(what, "none on a disk"),
            (false, true) => Finding::note(what, "on a mapped device, which should be encrypted"),
            (false, false) => Finding::note(
                what,
                format!(
                    "{}: opened pages may be written there in clear; encrypt it or switch it off",
                    plain.join(", ")
                ),
            ),
        },
    )
}

#[cfg(not(target_os = "linux"))]
pub(super) fn swap() -> Option<Finding> {
    None
}
