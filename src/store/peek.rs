//! Looking into a file without changing a byte of it: before a program that may be too old touches it.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::{Builder, ReadableDatabase, StorageBackend};

use crate::store::{
    error::StoreError,
    guarded,
    leaves::refuse_busy,
    medium::CACHE_BYTES,
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
    let failed = std::sync::atomic::AtomicBool::new(false);
    guarded(|| {
        let is_checked = file.metadata()?.len() <= CHECKED_BYTES;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(is_checked);
        let database = builder.create_with_backend(Overlay::new(file)?)?;
        let rows = ReadRows::open(&database.begin_read()?, &failed)?;
        Ok([rows.small(Copy::A, key)?, rows.small(Copy::B, key)?])
    })
}

/// A file below, and what was written above it, in memory.
struct Overlay(Mutex<Layers>);

struct Layers {
    file: File,
    file_len: u64,
    len: u64,
    written: BTreeMap<u64, Vec<u8>>,
}

/// Writes are kept in blocks of this size.
const BLOCK: u64 = 4_096;

impl Overlay {
    fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len == 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        Ok(Self(Mutex::new(Layers { file, file_len: len, len, written: BTreeMap::new() })))
    }

    fn layers(&self) -> MutexGuard<'_, Layers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overlay")
    }
}

impl Layers {
    fn block(&mut self, number: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = self.written.get(&number) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK as usize];
        let start = number * BLOCK;
        let held = self.file_len.saturating_sub(start).min(BLOCK) as usize;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut block[..held])?;
        Ok(block)
    }

    /// The blocks that `len` bytes from `offset` touch: number, first byte inside, first byte of the whole, count.
    fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            if done == len {
                return None;
            }
            let at = offset + done as u64;
            let inside = (at % BLOCK) as usize;
            let count = (len - done).min(BLOCK as usize - inside);
            done += count;
            Some((at / BLOCK, inside, done - count, count))
        })
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layers().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut layers = self.layers();
        if offset + out.len() as u64 > layers.len {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        for (number, inside, at, count) in Layers::pieces(offset, out.len()) {
            let block = layers.block(number)?;
            out[at..at + count].copy_from_slice(&block[inside..inside + count]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut layers = self.layers();
        layers.len = len;
        layers.file_len = layers.file_len.min(len);
        layers.written.retain(|number, _| number * BLOCK < len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut layers = self.layers();
        for (number, inside, at, count) in Layers::pieces(offset, data.len()) {
            let mut block = layers.block(number)?;
            block[inside..inside + count].copy_from_slice(&data[at..at + count]);
            layers.written.insert(number, block);
        }
        Ok(())
    }
}
