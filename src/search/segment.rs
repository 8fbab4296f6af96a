//! Segments: many entries' vectors in a form that does not change, and the bytes that are sealed for them.
//!
//! A segment is two files. The first is held in memory while the vault is open; the second stays sealed, and single
//! pages of it are opened for what comes nearest. All numbers little-endian:
//!
//! ```text
//! codes  "LLSG"  version u16 = 1   dims u16   rows u32   chunks u32
//!        rows x    entry id[16]   revision u32   day i32   created i64   role u8   chunks u32        37 bytes
//!        chunks x  start u32   end u32   scale f32                                                   12 bytes
//!        chunks x  dims codes i8
//! exact  pages of 16,128 bytes; on each as many whole vectors of dims half-precision numbers as fit, then zeros
//! ```
//! What has another shape is no segment; it is made anew from the entries.
//!
//! # Security
//! A vector is as good as the text it stands for: no `Debug`, no `Clone`, wiped when dropped.

use std::{hint::black_box, ops::Range};

use half::f16;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::{
        codes::Coded,
        engine::{Meta, WrongDims},
        vectors,
    },
};

const MAGIC: &[u8; 4] = b"LLSG";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 16;
const ROW_BYTES: usize = 37;
const CHUNK_BYTES: usize = 12;
/// Bytes of a page of exact vectors.
pub const PAGE_BYTES: usize = 16_128;

/// One entry of a segment.
pub(crate) struct Row {
    pub(crate) meta: Meta,
    pub(crate) chunks: Range<usize>,
    /// Replaced or removed since: it must not be found.
    pub(crate) is_dead: bool,
}

/// What is held in memory of many entries.
pub struct Segment {
    pub(crate) dims: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) places: Vec<(u32, u32)>,
    pub(crate) scales: Vec<f32>,
    pub(crate) codes: Vec<i8>,
    /// Largest distance between a vector and its code.
    pub(crate) error: f32,
}

impl Segment {
    /// A segment without entries.
    pub(crate) fn new(dims: usize) -> Self {
        Self { dims, rows: Vec::new(), places: Vec::new(), scales: Vec::new(), codes: Vec::new(), error: 0.0 }
    }

    /// Components of each vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The entries in it.
    pub fn metas(&self) -> impl Iterator<Item = &Meta> {
        self.rows.iter().map(|row| &row.meta)
    }

    /// Number of chunks, those of dead rows included.
    pub fn n_chunks(&self) -> usize {
        self.scales.len()
    }

    /// Adds a row; its chunks follow with [`Segment::push_chunk`].
    pub(crate) fn push_row(&mut self, meta: Meta) {
        self.rows.push(Row { meta, chunks: self.n_chunks()..self.n_chunks(), is_dead: false });
    }

    /// Adds a chunk to the last row. `unit` is a stored vector: length one, rounded to half precision.
    pub(crate) fn push_chunk(&mut self, place: (u32, u32), unit: &[f32]) {
        let coded = Coded::new(unit);
        self.codes.extend_from_slice(&coded.codes);
        self.scales.push(coded.scale);
        self.places.push(place);
        self.error = self.error.max(coded.error);
        if let Some(row) = self.rows.last_mut() {
            row.chunks.end = self.scales.len();
        }
    }

    pub(crate) fn codes_of(&self, chunk: usize) -> &[i8] {
        &self.codes[chunk * self.dims..(chunk + 1) * self.dims]
    }

    /// Reads a byte of each cache line of the codes of a chunk, and of its scale: several chunks come from memory in the
    /// time of one when none waits for another.
    pub(crate) fn fetch(&self, chunk: usize) {
        /// Bytes of a cache line of most processors.
        const LINE: usize = 64;
        for code in self.codes_of(chunk).iter().step_by(LINE) {
            black_box(*code);
        }
        black_box(self.scales[chunk]);
    }

    /// Overwrites what is known of the meaning of a row, and never finds it again.
    pub(crate) fn kill(&mut self, row_idx: usize) {
        let row = &mut self.rows[row_idx];
        row.is_dead = true;
        let chunks = row.chunks.clone();
        self.codes[chunks.start * self.dims..chunks.end * self.dims].zeroize();
        self.scales[chunks].zeroize();
    }

    /// The bytes of the first file.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let rows = self.rows.len();
        let len = HEAD_BYTES + rows * ROW_BYTES + self.n_chunks() * (CHUNK_BYTES + self.dims);
        let mut bytes = Zeroizing::new(Vec::with_capacity(len));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.dims as u16).to_le_bytes());
        bytes.extend_from_slice(&(rows as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.n_chunks() as u32).to_le_bytes());
        for Row { meta, chunks, .. } in &self.rows {
            bytes.extend_from_slice(meta.id.as_bytes());
            bytes.extend_from_slice(&meta.revision.to_le_bytes());
            bytes.extend_from_slice(&meta.day.number().to_le_bytes());
            bytes.extend_from_slice(&meta.created.to_le_bytes());
            bytes.push(role_number(meta.role));
            bytes.extend_from_slice(&(chunks.len() as u32).to_le_bytes());
        }
        for ((start, end), scale) in self.places.iter().zip(&self.scales) {
            bytes.extend_from_slice(&start.to_le_bytes());
            bytes.extend_from_slice(&end.to_le_bytes());
            bytes.extend_from_slice(&scale.to_le_bytes());
        }
        bytes.extend(self.codes.iter().map(|code| code.cast_unsigned()));
        bytes
    }

    /// Reads what [`Segment::to_bytes`] made; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_at_checked(HEAD_BYTES)?;
        if head[..4] != *MAGIC || u16_at(head, 4) != VERSION {
            return None;
        }
        let dims = usize::from(u16_at(head, 6));
        let (n_rows, n_chunks) = (u32_at(head, 8) as usize, u32_at(head, 12) as usize);
        let expected =
            n_rows.checked_mul(ROW_BYTES)?.checked_add(n_chunks.checked_mul(CHUNK_BYTES + dims)?)?;
        if rest.len() != expected {
            return None;
        }
        let mut segment = Self::new(dims);
        segment.rows.reserve_exact(n_rows);
        let mut first = 0usize;
        for row in take(&mut rest, n_rows * ROW_BYTES)?.chunks_exact(ROW_BYTES) {
            let end = first.checked_add(u32_at(row, 33) as usize)?;
            let meta = Meta {
                id: EntryId::from_bytes(row[..16].try_into().ok()?),
                revision: u32_at(row, 16),
                day: Day::from_number(u32_at(row, 20).cast_signed())?,
                created: i64::from_le_bytes(row[24..32].try_into().ok()?),
                role: role_of(row[32])?,
            };
            segment.rows.push(Row { meta, chunks: first..end, is_dead: false });
            first = end;
        }
        if first != n_chunks {
            return None;
        }
        segment.places.reserve_exact(n_chunks);
        segment.scales.reserve_exact(n_chunks);
        for chunk in take(&mut rest, n_chunks * CHUNK_BYTES)?.chunks_exact(CHUNK_BYTES) {
            let scale = f32::from_bits(u32_at(chunk, 8));
            if !scale.is_finite() {
                return None;
            }
            segment.places.push((u32_at(chunk, 0), u32_at(chunk, 4)));
            segment.scales.push(scale);
        }
        segment.codes = rest.iter().map(|code| code.cast_signed()).collect();
        // A rounded component is wrong by half a step at most.
        let largest = segment.scales.iter().fold(0.0f32, |largest, scale| largest.max(*scale));
        segment.error = largest * (dims as f32).sqrt() / 2.0;
        Some(segment)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.codes.zeroize();
        self.scales.zeroize();
        self.places.zeroize();
    }
}

/// A segment being made: its codes, and the pages of its exact vectors.
pub struct Draft {
    /// What will be held in memory.
    pub segment: Segment,
    exact: Zeroizing<Vec<u8>>,
}

impl Draft {
    /// A draft without entries.
    ///
    /// # Errors
    /// [`WrongDims`] when not even one vector fits on a page.
    pub fn new(dims: usize) -> Result<Self, WrongDims> {
        match per_page(dims) {
            0 => Err(WrongDims { found: dims, expected: PAGE_BYTES / 2 }),
            _ => Ok(Self { segment: Segment::new(dims), exact: Zeroizing::default() }),
        }
    }

    /// Makes room at once, so that growing does not need twice as much memory.
    pub fn reserve(&mut self, n_chunks: usize) {
        let dims = self.segment.dims;
        self.exact.reserve_exact(n_chunks.div_ceil(per_page(dims)) * PAGE_BYTES);
        self.segment.codes.reserve_exact(n_chunks * dims);
    }

    /// Adds an entry; its chunks follow.
    pub fn push_row(&mut self, meta: Meta) {
        self.segment.push_row(meta);
    }

    /// Adds a chunk to the last entry, with the half-precision bytes of a vector of length one. `false`, and nothing is
    /// added, when these are not as many numbers as there are dimensions.
    pub fn push_chunk(&mut self, place: (u32, u32), half: &[u8]) -> bool {
        let dims = self.segment.dims;
        let Some(mut unit) = vectors::from_bytes(half, dims) else { return false };
        let place_in_file = offset(dims, self.segment.n_chunks());
        self.exact.resize(place_in_file, 0);
        self.exact.extend_from_slice(half);
        self.segment.push_chunk(place, &unit);
        unit.zeroize();
        true
    }

    /// The bytes of the second file.
    pub fn exact(&self) -> &[u8] {
        &self.exact
    }
}

/// On which page of the second file a chunk's exact vector stands, and where on it.
pub fn place_of(dims: usize, chunk: usize) -> (u32, Range<usize>) {
    let per_page = per_page(dims).max(1);
    let start = chunk % per_page * dims * 2;
    (u32::try_from(chunk / per_page).unwrap_or(u32::MAX), start..start + dims * 2)
}

fn offset(dims: usize, chunk: usize) -> usize {
    let (page, span) = place_of(dims, chunk);
    page as usize * PAGE_BYTES + span.start
}

fn per_page(dims: usize) -> usize {
    PAGE_BYTES.checked_div(dims * 2).unwrap_or(0)
}

/// A stored vector as bytes.
pub(crate) fn half_bytes(stored: &[u16]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(stored.iter().flat_map(|bits| f16::from_bits(*bits).to_le_bytes()).collect())
}

fn take<'b>(rest: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

const fn role_number(role: Role) -> u8 {
    match role {
        Role::Writer => 1,
        Role::Reply => 2,
        Role::Opening => 3,
    }
}

const fn role_of(number: u8) -> Option<Role> {
    match number {
        1 => Some(Role::Writer),
        2 => Some(Role::Reply),
        3 => Some(Role::Opening),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let mut draft = Draft::new(4).unwrap();
        for (number, n_chunks) in [(1u8, 2u32), (2, 0), (3, 1)] {
            draft.push_row(Meta {
                id: EntryId::from_bytes([number; 16]),
                revision: 300,
                day: Day::from_number(-1).unwrap(),
                created: 1 << 40,
                role: if number == 1 { Role::Writer } else { Role::Reply },
            });
            for chunk in 0..n_chunks {
                assert!(draft.push_chunk((chunk, 70_000), &vectors::to_bytes(&[0.0, 0.6, -0.8, 0.0])));
            }
        }
        draft
    }

    #[test]
    fn bytes_are_frozen_and_read_back() {
        let draft = draft();
        let bytes = draft.segment.to_bytes();
        assert_eq!(bytes.len(), 16 + 3 * 37 + 3 * 16);
        assert_eq!(bytes[..16], *b"LLSG\x01\0\x04\0\x03\0\0\0\x03\0\0\0");
        let mut row = [1; 37];
        row[16..].copy_from_slice(b"\x2c\x01\0\0\xff\xff\xff\xff\0\0\0\0\0\x01\0\0\x01\x02\0\0\0");
        assert_eq!(bytes[16..53], row);
        assert_eq!(bytes[127..135], *b"\0\0\0\0\x70\x11\x01\0");
        assert_eq!(bytes[bytes.len() - 4..], [0, 95, 0x81, 0]);
        let read = Segment::from_bytes(&bytes).unwrap();
        assert_eq!(*read.to_bytes(), *bytes);
        assert!(read.rows.iter().zip(&draft.segment.rows).all(|(read, row)| read.meta == row.meta));
        assert!(read.error >= draft.segment.error);
    }

    #[test]
    fn other_bytes_are_no_segment() {
        let bytes = draft().segment.to_bytes();
        for len in 0..bytes.len() {
            assert!(Segment::from_bytes(&bytes[..len]).is_none(), "cut to {len}");
        }
        for (at, value) in [(0, b'X'), (4, 2), (6, 5), (8, 2), (12, 2), (48, 9), (49, 3)] {
            let mut other = bytes.to_vec();
            other[at] = value;
            assert!(Segment::from_bytes(&other).is_none(), "byte {at}");
        }
    }

    #[test]
    fn exact_vectors_stand_whole_on_their_pages() {
        let mut draft = Draft::new(384).unwrap();
        let meta = Meta {
            id: EntryId::from_bytes([1; 16]),
            revision: 1,
            day: Day::from_number(1).unwrap(),
            created: 0,
            role: Role::Writer,
        };
        draft.push_row(meta);
        for chunk in 0..45u16 {
            let vector: Vec<f32> =
                (0..384).map(|at| f32::from(chunk) + f32::from(at as u8) / 256.0).collect();
            assert!(draft.push_chunk((0, 1), &vectors::to_bytes(&vector)));
        }
        assert!(!draft.push_chunk((0, 1), &[0; 5]));
        assert_eq!(draft.segment.n_chunks(), 45);
        assert_eq!(place_of(384, 44), (2, 2 * 768..3 * 768));
        for chunk in 0..45 {
            let (page, span) = place_of(384, chunk);
            let page = &draft.exact()[page as usize * PAGE_BYTES..];
            let first = vectors::half_values(&page[span]).next().unwrap();
            assert!((first - chunk as f32).abs() < 0.1);
        }
        assert!(Draft::new(PAGE_BYTES).is_err());
    }
}
