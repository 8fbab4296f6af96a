//! What is left in a damaged file: every key and value that still stand in a leaf page, found without the trees.
//!
//! redb keeps pairs in leaf pages only, key and value in one page (`design.md` of redb, section "B+tree pages"):
//! ```text
//! 0 type = 1    1 reserved    2..4 number of pairs u16
//! key ends u32 each (not for keys of fixed length)    value ends u32 each    keys    values
//! ```
//! A page begins at a multiple of 4,096 bytes and may be a power of two longer. Which table a page belongs to is not
//! written in it, so each is read in both shapes, and also what was freed is found as long as nothing overwrote it:
//! the caller tells what is genuine (the seal does) and which of several versions is the newest (the sequence does).

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use crate::store::{error::StoreError, tables::ROW_KEY_LEN};

/// redb's page size; it is the same on every system unless a program chooses another, and we do not.
const PAGE: usize = 4_096;
/// How much is read at a time.
const WINDOW: usize = 8 << 20;
/// The longest value of a row (`format-v1.md` section 7), with room.
const MAX_VALUE: usize = 1 << 20;
/// The longest leaf: redb gives a pair that long a page of the next power of two.
const MAX_LEAF: usize = 2 << 20;
/// The longest key of a small row.
const MAX_KEY: usize = 64;
/// Pages with more pairs than this are not leaves of ours: a small row has at least a key of 8 bytes and its ends.
const MAX_PAIRS: usize = 4_096;
const LEAF: u8 = 1;

/// In which shape a pair was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Shape {
    /// As a row of `r`: a key of 24 bytes.
    Record,
    /// As a row of `a` or `b`: a key of any length.
    Small,
}

/// A pair that may be a row, and where its value lies.
pub struct Pair<'p> {
    /// In which shape it was read.
    pub shape: Shape,
    /// What stands where the key would be.
    pub key: &'p [u8],
    /// What stands where the value would be.
    pub value: &'p [u8],
    /// Offset of the value in the file.
    pub offset: u64,
}

/// How a walk went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Walk {
    /// Pages looked at.
    pub pages: u64,
    /// Pages the medium did not give.
    pub unreadable: u64,
}

/// A file that is read without its trees.
pub struct Leaves {
    file: File,
    len: u64,
    window: Vec<u8>,
    start: u64,
    unreadable: u64,
}

impl Leaves {
    /// Opens a file for reading only. Nothing in it is ever changed.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another instance has it open; [`StoreError::Io`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path)?;
        refuse_busy(&file)?;
        let len = file.metadata()?.len();
        Ok(Self { file, len, window: Vec::new(), start: 0, unreadable: 0 })
    }

    /// Visits every pair of every page that looks like a leaf. The same row may come several times, and what comes
    /// need not be a row at all. Never fails on what the file holds.
    pub fn walk(&mut self, visit: &mut dyn FnMut(&Pair<'_>)) -> Walk {
        let mut pages = 0;
        let mut offset = 0;
        let before = self.unreadable;
        while offset < self.len {
            pages += 1;
            self.look_ahead(offset);
            self.page(offset, visit);
            offset += PAGE as u64;
        }
        Walk { pages, unreadable: self.unreadable - before }
    }

    /// Reads a value that a walk found.
    pub fn value(&mut self, offset: u64, len: usize) -> Vec<u8> {
        let mut value = vec![0; len];
        if read_at(&mut self.file, offset, &mut value).is_err() {
            value.fill(0); // it does not open then, like anything else that is not there
        }
        value
    }

    /// Makes sure that a whole leaf from `offset` is in memory, so that looking at it reads nothing.
    fn look_ahead(&mut self, offset: u64) {
        let needed = self.len.min(offset + (MAX_LEAF + PAGE) as u64);
        if offset < self.start || needed > self.start + self.window.len() as u64 {
            let len = usize::try_from(self.len - offset).map_or(WINDOW, |left| left.min(WINDOW));
            self.fill(offset, len);
        }
    }

    fn page(&self, offset: u64, visit: &mut dyn FnMut(&Pair<'_>)) {
        let head = self.bytes(offset, 4);
        let [LEAF, _, low, high] = *head else { return };
        let n_pairs = usize::from(u16::from_le_bytes([low, high]));
        if n_pairs == 0 || n_pairs > MAX_PAIRS {
            return;
        }
        let ends = self.ends(offset + 4, 2 * n_pairs);
        let (first, second) = ends.split_at(n_pairs.min(ends.len()));
        let keys = 4 + 4 * n_pairs;
        let values = keys + ROW_KEY_LEN * n_pairs;
        self.pairs(offset, Shape::Record, n_pairs, visit, |pair_idx| {
            let key = keys + ROW_KEY_LEN * pair_idx;
            let start = if pair_idx == 0 { values } else { *first.get(pair_idx - 1)? };
            Some((key, ROW_KEY_LEN, start, *first.get(pair_idx)?, values))
        });
        let keys = 4 + 8 * n_pairs;
        self.pairs(offset, Shape::Small, n_pairs, visit, |pair_idx| {
            let values = *first.last()?;
            let key = if pair_idx == 0 { keys } else { *first.get(pair_idx - 1)? };
            let key_len = first.get(pair_idx)?.checked_sub(key).filter(|len| (1..=MAX_KEY).contains(len))?;
            let start = if pair_idx == 0 { values } else { *second.get(pair_idx - 1)? };
            Some((key, key_len, start, *second.get(pair_idx)?, keys))
        });
    }

    /// Each pair stands for itself: one broken end costs the two pairs beside it.
    fn pairs(
        &self,
        offset: u64,
        shape: Shape,
        n_pairs: usize,
        visit: &mut dyn FnMut(&Pair<'_>),
        place: impl Fn(usize) -> Option<(usize, usize, usize, usize, usize)>,
    ) {
        for pair_idx in 0..n_pairs {
            let Some((key, key_len, start, end, least)) = place(pair_idx) else { continue };
            let is_sound = start >= least && end > start && end - start <= MAX_VALUE && end <= MAX_LEAF;
            if !is_sound || key > MAX_LEAF {
                continue;
            }
            let (key, value) =
                (self.bytes(offset + key as u64, key_len), self.bytes(offset + start as u64, end - start));
            if key.len() == key_len && value.len() == end - start {
                visit(&Pair { shape, key, value, offset: offset + start as u64 });
            }
        }
    }

    fn ends(&self, offset: u64, count: usize) -> Vec<usize> {
        let bytes = self.bytes(offset, 4 * count);
        bytes
            .chunks_exact(4)
            .map(|end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize)
            .collect()
    }

    /// Bytes of the window; fewer at its end.
    fn bytes(&self, offset: u64, len: usize) -> &[u8] {
        let start = usize::try_from(offset - self.start).unwrap_or(usize::MAX).min(self.window.len());
        &self.window[start..start.saturating_add(len).min(self.window.len())]
    }

    fn fill(&mut self, offset: u64, len: usize) {
        self.start = offset;
        self.window.clear();
        self.window.resize(len, 0);
        if read_at(&mut self.file, offset, &mut self.window).is_ok() {
            return;
        }
        // Some sector cannot be read: the pages around it can.
        for (page_idx, page) in self.window.chunks_mut(PAGE).enumerate() {
            if read_at(&mut self.file, offset + (page_idx * PAGE) as u64, page).is_err() {
                page.fill(0);
                self.unreadable += 1;
            }
        }
    }
}

fn read_at(file: &mut File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(out)
}

/// Takes the lock that readers share, for as long as the file is open. File systems without locks do not matter here:
/// nothing is written.
pub(super) fn refuse_busy(file: &File) -> Result<(), StoreError> {
    match file.try_lock_shared() {
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Busy),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
