//! Looking into a file without changing a byte of it: before a program that may be too old touches it.

use std::{fs::File, path::Path, sync::atomic::AtomicBool};

use redb::{Builder, ReadableDatabase, backends::FileBackend};

use crate::store::{
    error::StoreError,
    guarded,
    leaves::refuse_busy,
    medium::CACHE_BYTES,
    overlay::Overlay,
    rows::{ReadRows, Rows},
    tables::Copy,
};

/// Up to this size every page is checked first (some 0.07 s), so that redb does not stumble over a damaged one. In a
/// larger file it may, which is caught; opening it then says what is wrong.
const CHECKED_BYTES: u64 = 64 << 20;

/// Both copies of a small row. A file that was not closed cleanly is repaired in memory for that.
///
/// # Errors
/// [`StoreError::Busy`] when another instance has the file open; whatever keeps it from being read.
pub fn small(path: &Path, key: &[u8]) -> Result<[Option<Vec<u8>>; 2], StoreError> {
    let file = File::open(path)?;
    refuse_busy(&file)?;
    let failed = AtomicBool::new(false);
    guarded(|| {
        let len = file.metadata()?.len();
        if len == 0 {
            return Err(StoreError::Foreign); // a new file has no rows, and none are made for it
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(len <= CHECKED_BYTES);
        let database = builder.create_with_backend(Overlay::over(Box::new(FileBackend::new(file)?))?)?;
        let rows = ReadRows::open(&database.begin_read()?, &failed)?;
        Ok([rows.small(Copy::A, key)?, rows.small(Copy::B, key)?])
    })
}
