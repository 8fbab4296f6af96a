//! Writing large sealed files in small transactions, so that what a person saves hardly waits.

use std::time::{Duration, Instant};

use crate::vault::{
    error::VaultError,
    files::{self, SealedFile},
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
        make_way(vault);
        let end = (next + PAGES).min(file.pages);
        let began = Instant::now();
        vault.write_behind(|w| files::write(w, file, bytes, next..end))?;
        std::thread::sleep((began.elapsed() * REST).min(PATIENCE));
        next = end;
    }
    Ok(true)
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
