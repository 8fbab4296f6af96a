//! One vault's vectors, open in memory.

use std::{collections::HashMap, ops::Range};

use half::f16;
use zeroize::Zeroize;

use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::vectors,
};

/// What the index knows of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meta {
    /// The entry.
    pub id: EntryId,
    /// The page it stands on.
    pub day: Day,
    /// When it was first saved, milliseconds since 1970 UTC.
    pub created: i64,
    /// Who wrote it.
    pub role: Role,
}

/// A chunk's place in its entry's plain text and its vector of length one.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    /// First byte in the plain text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// As many components as the index has dimensions.
    pub vector: &'a [f32],
}

/// An entry near to a query.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Near {
    /// What the index knows of the entry.
    pub meta: Meta,
    /// Which of its chunks is nearest, from 0.
    pub chunk_idx: usize,
    /// That chunk's first byte in the plain text.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// Cosine, -1 to 1.
    pub score: f32,
}

impl Near {
    /// The nearest chunk as a range of bytes.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A vector does not have as many components as the index has dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vector of {found} components for an index of {expected}")]
pub struct WrongDims {
    /// Components of the vector.
    pub found: usize,
    /// Dimensions of the index.
    pub expected: usize,
}

/// Vectors of all entries of one vault, in flat arrays: eight-bit codes for scanning, half precision for the order.
///
/// Searching is exact: the scan over codes decides only which entries may be among the nearest, with the rounding
/// error as margin, and those are compared by their stored vectors. Takes 3 bytes per component and about 60 per
/// chunk; 1,000 entries of 3 chunks scan in less than a millisecond.
///
/// # Security
/// Holds plaintext equivalents: drop it when its vault locks. Dropping wipes it; there is no `Debug` and no `Clone`.
pub struct OpenIndex {
    dims: usize,
    rows: Vec<Row>,
    row_of: HashMap<EntryId, usize>,
    places: Vec<(u32, u32)>,
    scales: Vec<f32>,
    codes: Vec<i8>,
    exact: Vec<u16>,
    /// Largest distance between a vector and its code, so far.
    error: f32,
}

struct Row {
    meta: Meta,
    chunks: Range<usize>,
}

impl OpenIndex {
    /// An empty index for vectors of `dims` components.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            rows: Vec::new(),
            row_of: HashMap::new(),
            places: Vec::new(),
            scales: Vec::new(),
            codes: Vec::new(),
            exact: Vec::new(),
            error: 0.0,
        }
    }

    /// Components of each vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of entries.
    pub fn n_entries(&self) -> usize {
        self.rows.len()
    }

    /// Number of chunks.
    pub fn n_chunks(&self) -> usize {
        self.scales.len()
    }

    /// Whether an entry is in the index.
    pub fn contains(&self, id: EntryId) -> bool {
        self.row_of.contains_key(&id)
    }

    /// Puts an entry's chunks in, in place of those it had. Vectors are brought to length one.
    ///
    /// # Errors
    /// [`WrongDims`]; the index is unchanged then.
    pub fn insert(&mut self, meta: Meta, points: &[Point<'_>]) -> Result<(), WrongDims> {
        if let Some(wrong) = points.iter().find(|point| point.vector.len() != self.dims) {
            return Err(WrongDims { found: wrong.vector.len(), expected: self.dims });
        }
        self.remove(meta.id);
        let first = self.n_chunks();
        let mut unit = vec![0.0; self.dims];
        for point in points {
            unit.copy_from_slice(point.vector);
            vectors::normalise(&mut unit);
            for value in &mut unit {
                let stored = f16::from_f32(*value);
                self.exact.push(stored.to_bits());
                *value = stored.to_f32();
            }
            let coded = Coded::new(&unit);
            self.codes.extend_from_slice(&coded.codes);
            self.scales.push(coded.scale);
            self.places.push((point.start, point.end));
            self.error = self.error.max(coded.error);
        }
        unit.zeroize();
        self.row_of.insert(meta.id, self.rows.len());
        self.rows.push(Row { meta, chunks: first..self.n_chunks() });
        Ok(())
    }

    /// Takes an entry out; says whether it was there. Its vectors are overwritten at once.
    pub fn remove(&mut self, id: EntryId) -> bool {
        let Some(row_idx) = self.row_of.remove(&id) else { return false };
        let gone = self.rows.remove(row_idx).chunks;
        let components = gone.start * self.dims..gone.end * self.dims;
        close_gap(&mut self.codes, components.clone());
        close_gap(&mut self.exact, components);
        close_gap(&mut self.scales, gone.clone());
        close_gap(&mut self.places, gone.clone());
        for row in &mut self.rows[row_idx..] {
            row.chunks = row.chunks.start - gone.len()..row.chunks.end - gone.len();
        }
        self.row_of.values_mut().filter(|idx| **idx > row_idx).for_each(|idx| *idx -= 1);
        true
    }

    /// The `k` entries nearest to a query, each by its nearest chunk, nearest first; of equals the newer first.
    ///
    /// # Errors
    /// [`WrongDims`].
    pub fn nearest(&self, query: &[f32], k: usize) -> Result<Vec<Near>, WrongDims> {
        self.nearest_where(query, k, &|_| true)
    }

    /// As [`OpenIndex::nearest`], among the entries that `admits` lets pass, however far the nearest of them are.
    ///
    /// # Errors
    /// [`WrongDims`].
    pub fn nearest_where(
        &self,
        query: &[f32],
        k: usize,
        admits: &dyn Fn(&Meta) -> bool,
    ) -> Result<Vec<Near>, WrongDims> {
        if query.len() != self.dims {
            return Err(WrongDims { found: query.len(), expected: self.dims });
        }
        let mut query = query.to_vec();
        vectors::normalise(&mut query);
        let coded = Coded::new(&query);
        let rough: Vec<(f32, usize)> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.chunks.is_empty() && admits(&row.meta))
            .map(|(row_idx, row)| {
                let best = row.chunks.clone().map(|chunk| self.rough(chunk, &coded)).fold(f32::MIN, f32::max);
                (best, row_idx)
            })
            .collect();
        // Both roundings together move a cosine by at most this much, so nothing below the k-th rough score minus
        // twice the margin can be among the nearest k.
        let margin = coded.error * (1.0 + self.error) + self.error + 1e-4;
        let threshold = kth_largest(&rough, k) - 2.0 * margin;
        let mut near: Vec<Near> = rough
            .into_iter()
            .filter(|(score, _)| *score >= threshold)
            .filter_map(|(_, row_idx)| self.exact_best(&self.rows[row_idx], &query))
            .collect();
        query.zeroize();
        near.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then_with(|| right.meta.id.cmp(&left.meta.id))
        });
        near.truncate(k);
        Ok(near)
    }

    fn rough(&self, chunk: usize, query: &Coded) -> f32 {
        let codes = &self.codes[chunk * self.dims..(chunk + 1) * self.dims];
        let sum: i32 =
            codes.iter().zip(&query.codes).map(|(left, right)| i32::from(*left) * i32::from(*right)).sum();
        sum as f32 * self.scales[chunk] * query.scale
    }

    fn exact_best(&self, row: &Row, query: &[f32]) -> Option<Near> {
        let mut best: Option<(f32, usize)> = None;
        for chunk in row.chunks.clone() {
            let stored = &self.exact[chunk * self.dims..(chunk + 1) * self.dims];
            let score: f32 = stored
                .iter()
                .zip(query)
                .map(|(stored, value)| f16::from_bits(*stored).to_f32() * value)
                .sum();
            if best.is_none_or(|(best_score, _)| score > best_score) {
                best = Some((score, chunk));
            }
        }
        best.map(|(score, chunk)| {
            let (start, end) = self.places[chunk];
            Near { meta: row.meta, chunk_idx: chunk - row.chunks.start, start, end, score }
        })
    }
}

impl Drop for OpenIndex {
    fn drop(&mut self) {
        self.codes.zeroize();
        self.exact.zeroize();
        self.scales.zeroize();
        self.places.zeroize();
    }
}

/// A vector as bytes: `codes * scale` is nearly the vector.
struct Coded {
    codes: Vec<i8>,
    scale: f32,
    /// Distance between the vector and what the codes say.
    error: f32,
}

impl Coded {
    fn new(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let codes: Vec<i8> = vector.iter().map(|value| (value / scale).round() as i8).collect();
        let error = vector
            .iter()
            .zip(&codes)
            .map(|(value, code)| (value - f32::from(*code) * scale).powi(2))
            .sum::<f32>()
            .sqrt();
        Self { codes, scale, error }
    }
}

impl Drop for Coded {
    fn drop(&mut self) {
        self.codes.zeroize();
    }
}

/// Removes a range and overwrites the places that became free.
fn close_gap<T: Copy + Zeroize>(values: &mut Vec<T>, gone: Range<usize>) {
    let kept = values.len() - gone.len();
    values.copy_within(gone.end.., gone.start);
    values[kept..].iter_mut().zeroize();
    values.truncate(kept);
}

fn kth_largest(rough: &[(f32, usize)], k: usize) -> f32 {
    if k == 0 || rough.len() <= k {
        return f32::MIN;
    }
    let mut scores: Vec<f32> = rough.iter().map(|(score, _)| *score).collect();
    *scores.select_nth_unstable_by(k - 1, |left, right| right.total_cmp(left)).1
}

#[cfg(test)]
mod tests;
