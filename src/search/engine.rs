//! One vault's vectors, open in memory.
//!
//! ```text
//! fresh     entries since the last segment: codes and exact vectors, both in memory
//! segments  codes in memory; exact vectors stay sealed, and are opened for the best of a search
//! ```
//! An entry is found in one place only, its home. Replacing or removing it marks its row there as dead, at once and
//! whatever the size of the index; making segments anew drops dead rows.

mod changes;
mod near;

use std::{collections::HashMap, ops::Range};

use zeroize::Zeroize;

pub use crate::search::engine::near::{Candidates, RERANK};
use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::{
        graph::{Graph, Source},
        segment::{Draft, Row, Segment, half_bytes},
    },
};

/// What the index knows of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meta {
    /// The entry.
    pub id: EntryId,
    /// The revision its vectors were computed from.
    pub revision: u32,
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

/// Names a segment; drawn by whoever keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SegmentKey(pub [u8; 16]);

/// What is known of a segment from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentFacts {
    /// Its name.
    pub key: SegmentKey,
    /// Chunks that can be found.
    pub live: usize,
    /// Chunks of rows that were replaced or removed.
    pub dead: usize,
}

/// An entry of a segment that can be found, for making another segment.
pub struct LiveRow {
    /// The entry.
    pub meta: Meta,
    /// Its first chunk in the segment.
    pub first: usize,
    /// Where its chunks stand in its plain text.
    pub places: Vec<(u32, u32)>,
}

/// The vectors of all entries of one vault.
///
/// A search scans the codes of everything, which decides what may be among the nearest, with the rounding error as
/// margin; the best are then compared by their exact vectors, see [`Candidates`]. Takes about 400 bytes per chunk of 384
/// dimensions in a segment, and 1,200 in the fresh part.
///
/// # Security
/// Holds plaintext equivalents: drop it when its vault locks. Dropping wipes it; there is no `Debug` and no `Clone`.
pub struct OpenIndex {
    dims: usize,
    fresh: Part,
    segments: Vec<Part>,
    homes: HashMap<EntryId, Home>,
    n_chunks: usize,
}

/// Where an entry is found.
#[derive(Clone, Copy)]
struct Home {
    /// Of a segment, or nothing for the fresh part.
    key: Option<SegmentKey>,
    row_idx: usize,
    revision: u32,
}

struct Part {
    key: Option<SegmentKey>,
    segment: Segment,
    /// Of the fresh part: the exact vectors.
    exact: Vec<u16>,
    n_dead: usize,
    /// A graph that is quicker than looking at every code.
    graph: Option<Graph>,
}

impl Part {
    fn new(key: Option<SegmentKey>, segment: Segment) -> Self {
        Self { key, segment, exact: Vec::new(), n_dead: 0, graph: None }
    }

    fn kill(&mut self, row_idx: usize) -> usize {
        self.segment.kill(row_idx);
        let chunks = self.segment.rows[row_idx].chunks.clone();
        let dims = self.segment.dims;
        if let Some(exact) = self.exact.get_mut(chunks.start * dims..chunks.end * dims) {
            exact.zeroize();
        }
        self.n_dead += chunks.len();
        chunks.len()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.exact.zeroize();
    }
}

impl OpenIndex {
    /// An empty index for vectors of `dims` components.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            fresh: Part::new(None, Segment::new(dims)),
            segments: Vec::new(),
            homes: HashMap::new(),
            n_chunks: 0,
        }
    }

    /// Components of each vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of entries.
    #[cfg(test)]
    pub fn n_entries(&self) -> usize {
        self.homes.len()
    }

    /// Number of chunks.
    pub fn n_chunks(&self) -> usize {
        self.n_chunks
    }

    /// Whether an entry is in the index.
    pub fn contains(&self, id: EntryId) -> bool {
        self.homes.contains_key(&id)
    }

    /// The revision of an entry that the index knows.
    pub fn revision(&self, id: EntryId) -> Option<u32> {
        self.homes.get(&id).map(|home| home.revision)
    }

    /// Bytes that the index takes, nearly.
    pub fn n_bytes(&self) -> usize {
        let parts = self.segments.iter().chain([&self.fresh]);
        let bytes = |part: &Part| {
            let Segment { rows, places, scales, codes, .. } = &part.segment;
            rows.capacity() * size_of::<Row>()
                + places.capacity() * size_of::<(u32, u32)>()
                + scales.capacity() * size_of::<f32>()
                + codes.capacity()
                + part.exact.capacity() * size_of::<u16>()
                + part.graph.as_ref().map_or(0, Graph::n_bytes)
        };
        parts.map(bytes).sum::<usize>() + self.homes.capacity() * (size_of::<(EntryId, Home)>() + 1)
    }

    /// What is known of the segments, in the order in which they came.
    pub fn segments(&self) -> Vec<SegmentFacts> {
        let facts = |part: &Part| {
            let live = part.segment.n_chunks() - part.n_dead;
            part.key.map(|key| SegmentFacts { key, live, dead: part.n_dead })
        };
        self.segments.iter().filter_map(facts).collect()
    }

    /// Chunks of a segment, dead ones included.
    pub fn size_of(&self, key: SegmentKey) -> Option<usize> {
        self.segments.iter().find(|part| part.key == Some(key)).map(|part| part.segment.n_chunks())
    }

    /// What the graph of a segment is built from.
    pub fn graph_source(&self, key: SegmentKey) -> Option<Source> {
        let part = self.segments.iter().find(|part| part.key == Some(key))?;
        Some(Source::of(&part.segment))
    }

    /// Gives a segment its graph, to be used if that is quicker here than a scan of its codes; answers whether it is. A
    /// segment that is not there any more needs none.
    pub fn set_graph(&mut self, key: SegmentKey, graph: Graph) -> bool {
        let Some(part) = self.segments.iter_mut().find(|part| part.key == Some(key)) else { return false };
        let pays = part.graph_pays(&graph);
        if pays {
            part.graph = Some(graph);
        }
        pays
    }

    /// Chunks in the fresh part that can be found.
    pub fn n_fresh(&self) -> usize {
        self.fresh.segment.n_chunks() - self.fresh.n_dead
    }

    /// A segment of what is in the fresh part, and the entries in it.
    ///
    /// # Errors
    /// [`WrongDims`] when vectors are too long for a page.
    pub fn draft_fresh(&self) -> Result<Draft, WrongDims> {
        let mut draft = Draft::new(self.dims)?;
        draft.reserve(self.n_fresh());
        let Part { segment, exact, .. } = &self.fresh;
        for row in segment.rows.iter().filter(|row| !row.is_dead) {
            draft.push_row(row.meta);
            for chunk in row.chunks.clone() {
                let stored = &exact[chunk * self.dims..(chunk + 1) * self.dims];
                draft.push_chunk(segment.places[chunk], &half_bytes(stored));
            }
        }
        Ok(draft)
    }

    /// The entries of a segment that can be found.
    pub fn live_rows(&self, key: SegmentKey) -> Vec<LiveRow> {
        let Some(part) = self.segments.iter().find(|part| part.key == Some(key)) else { return Vec::new() };
        let live = |row: &Row| LiveRow {
            meta: row.meta,
            first: row.chunks.start,
            places: part.segment.places[row.chunks.clone()].to_vec(),
        };
        part.segment.rows.iter().filter(|row| !row.is_dead).map(live).collect()
    }

    /// The `k` entries nearest to a query, each by its nearest chunk, nearest first; of equals the newer first. What is
    /// in segments is compared by its codes; see [`OpenIndex::candidates`].
    ///
    /// # Errors
    /// [`WrongDims`].
    #[cfg(test)]
    pub fn nearest(&self, query: &[f32], k: usize) -> Result<Vec<Near>, WrongDims> {
        Ok(self.candidates(query, k, None)?.settle(|_, _| None))
    }
}

#[cfg(test)]
mod tests;
