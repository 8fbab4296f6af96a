//! Writing so that what a person saves hardly waits: large sealed files in small transactions, and others first.

use std::time::{Duration, Instant};

use crate::vault::{
    error::VaultError,
    files::{self, SealedFile},
    transaction::Writer,
    unlocked::Unlocked,
};

/// Pages written in one transaction: what a person saves waits for one at most.
const PAGES: u32 = 32;
/// How long others may be waited for between two of these.
const PATIENCE: Duration = Duration::from_millis(100);
/// So many times as long as a transaction took rests what writes, so that most of what is saved meets none.
const REST: u32 = 4;

/// Writes the pages of a file that was begun; `false` when `stop` said so. Then point to it.
///
/// # Errors
/// Those of [`files::write`].
pub(crate) fn write_pages(
    vault: &Unlocked,
    file: &SealedFile,
    bytes: &[u8],
    stop: &dyn Fn() -> bool,
) -> Result<bool, VaultError> {
    let mut next = 0;
    while next < file.pages {
        if stop() {
            return Ok(false);
        }
        let end = (next + PAGES).min(file.pages);
        make_way(vault);
        let began = Instant::now();
        vault.write_behind(|w| files::write(w, file, bytes, next..end))?;
        std::thread::sleep((began.elapsed() * REST).min(PATIENCE));
        next = end;
    }
    Ok(true)
}

/// Runs one transaction that nobody waits for, after those that somebody does.
///
/// # Errors
/// Those of [`Unlocked::write`].
pub(crate) fn write_behind<T>(
    vault: &Unlocked,
    work: impl FnOnce(&mut Writer<'_>) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    make_way(vault);
    vault.write_behind(work)
}

/// Lets those write who wait for it. A lock does not go to who waits longest, so this step takes care of it.
pub(super) fn make_way(vault: &Unlocked) {
    let step = Duration::from_millis(1);
    let mut left = PATIENCE;
    while vault.is_awaited() && !left.is_zero() {
        std::thread::sleep(step);
        left = left.saturating_sub(step);
    }
}
