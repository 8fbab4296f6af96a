//! A medium that is only read: what redb writes to it stays in memory.
//!
//! redb opens a file for reading alone only when nothing has to be repaired. Over this it can repair a file that a
//! crash left behind on a medium that cannot be written: the repair happens in memory, page by page, and is gone
//! when the file is closed. The rows are sealed, so no more is in memory than was in the file.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// Bytes that are copied when one of them is written; redb's own page size.
const BLOCK: u64 = 4096;

/// Reads from `base` and keeps every change in memory.
pub(super) struct Overlay {
    base: Box<dyn StorageBackend>,
    changes: Mutex<Changes>,
}

struct Changes {
    /// Length as the one above sees it.
    len: u64,
    /// How much of the base still shows: what was cut off once stays away.
    base_len: u64,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Nothing is changed yet.
    ///
    /// # Errors
    /// When the length of the base cannot be read.
    pub(super) fn over(base: Box<dyn StorageBackend>) -> io::Result<Self> {
        let len = base.len()?;
        Ok(Self { base, changes: Mutex::new(Changes { len, base_len: len, blocks: BTreeMap::new() }) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `out` from the base; zeros where it ends.
    fn read_base(&self, changes: &Changes, offset: u64, out: &mut [u8]) -> io::Result<()> {
        out.fill(0);
        let there = changes.base_len.saturating_sub(offset).min(out.len() as u64);
        let there = usize::try_from(there).map_err(|_| io::ErrorKind::InvalidInput)?;
        if there == 0 { Ok(()) } else { self.base.read(offset, &mut out[..there]) }
    }
}

/// The parts of `offset .. offset + len` by block: block number, first byte in the block, bytes.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let (mut at, end) = (offset, offset + len as u64);
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let (block, first) = (at / BLOCK, at % BLOCK);
        let n = (BLOCK - first).min(end - at);
        at += n;
        // Both are at most 4,096.
        Some((block, first as usize, n as usize))
    })
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overlay")
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > changes.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (block, first, n) in parts(offset, out.len()) {
            let part = &mut out[done..done + n];
            match changes.blocks.get(&block) {
                Some(bytes) => part.copy_from_slice(&bytes[first..first + n]),
                None => self.read_base(&changes, block * BLOCK + first as u64, part)?,
            }
            done += n;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes();
        if len < changes.len {
            changes.base_len = changes.base_len.min(len);
            drop(changes.blocks.split_off(&len.div_ceil(BLOCK)));
            if let Some(last) = changes.blocks.get_mut(&(len / BLOCK)) {
                last[(len % BLOCK) as usize..].fill(0);
            }
        }
        changes.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        let mut done = 0;
        for (block, first, n) in parts(offset, data.len()) {
            if !changes.blocks.contains_key(&block) {
                let mut bytes = vec![0; BLOCK as usize].into_boxed_slice();
                self.read_base(&changes, block * BLOCK, &mut bytes)?;
                changes.blocks.insert(block, bytes);
            }
            if let Some(bytes) = changes.blocks.get_mut(&block) {
                bytes[first..first + n].copy_from_slice(&data[done..done + n]);
            }
            done += n;
        }
        changes.len = changes.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.base.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[test]
    fn what_is_written_over_a_base_is_read_back_and_the_base_stays() {
        let base = Memory::default();
        base.set_len(3 * BLOCK + 100).unwrap();
        let old: Vec<u8> = (0..3 * BLOCK + 100).map(|n| (n % 251) as u8).collect();
        base.write(0, &old).unwrap();
        let overlay = Overlay::over(Box::new(base.clone())).unwrap();
        let mut model = old.clone();
        let read = |model: &[u8]| {
            let mut out = vec![0; model.len()];
            overlay.read(0, &mut out).unwrap();
            assert!(out == model);
            assert_eq!(overlay.len().unwrap(), model.len() as u64);
        };
        read(&model);
        for (offset, len) in [(0, 1), (BLOCK - 1, 2), (2 * BLOCK, BLOCK), (3 * BLOCK + 50, 50), (10, 9000)] {
            let data: Vec<u8> = (0..len).map(|n| (offset + n) as u8 ^ 0x5a).collect();
            overlay.write(offset, &data).unwrap();
            model[offset as usize..(offset + len) as usize].copy_from_slice(&data);
            read(&model);
        }
        for len in [2 * BLOCK + 7, 5 * BLOCK, BLOCK, 4 * BLOCK + 1] {
            overlay.set_len(len).unwrap();
            model.resize(len as usize, 0);
            read(&model);
        }
        assert!(overlay.read(4 * BLOCK, &mut [0; 2]).is_err(), "past the end");
        let mut now = vec![0; old.len()];
        base.read(0, &mut now).unwrap();
        assert!(now == old, "the base was changed");
    }
}
