//! Finding what is nearest: codes first, exact vectors for the best.

use std::{collections::HashSet, hint::black_box, time::Instant};

use half::f16;
use zeroize::Zeroizing;

use crate::search::{
    codes::{Coded, dot, scan},
    cores::share_out,
    engine::{Meta, Near, OpenIndex, Part, SegmentKey, WrongDims},
    graph::Graph,
    segment::Row,
    vectors,
};

/// The most entries of segments whose exact vectors are opened for one search.
pub const RERANK: usize = 32;

/// How wide a graph is searched, at least.
const WIDTH: usize = 128;
/// Searches by which it is measured whether a graph is quicker.
const SAMPLES: usize = 12;

/// An entry that may be among the nearest.
struct Candidate {
    near: Near,
    /// Its chunks in a segment that may be the nearest of it; empty when the score is exact.
    sealed: Option<(SegmentKey, Vec<Chunk>)>,
}

struct Chunk {
    idx: usize,
    /// From 0 within its entry.
    of_entry: usize,
    place: (u32, u32),
}

/// What a search found by codes. [`Candidates::settle`] puts it in order.
pub struct Candidates {
    /// By their scores so far, best first.
    found: Vec<Candidate>,
    query: Zeroizing<Vec<f32>>,
    k: usize,
}

impl Candidates {
    /// The chunks whose exact vectors [`Candidates::settle`] asks for.
    pub fn wanted(&self) -> Vec<(SegmentKey, usize)> {
        let sealed = self.found.iter().filter_map(|candidate| candidate.sealed.as_ref());
        let chunks =
            sealed.take(RERANK).flat_map(|(key, chunks)| chunks.iter().map(|chunk| (*key, chunk.idx)));
        chunks.collect()
    }

    /// Puts the candidates in order and answers the `k` nearest, of equals the newer first. `exact` opens the stored
    /// vector of a chunk of a segment, by the chunk's number in it; it is asked for the best [`RERANK`] entries. Where it
    /// has none, what the codes say stands.
    pub fn settle(
        mut self,
        mut exact: impl FnMut(SegmentKey, usize) -> Option<Zeroizing<Vec<f32>>>,
    ) -> Vec<Near> {
        let sealed = self.found.iter_mut().filter_map(|Candidate { near, sealed }| {
            let (key, chunks) = sealed.as_ref()?;
            Some((near, *key, chunks))
        });
        for (near, key, chunks) in sealed.take(RERANK) {
            let mut best: Option<(f32, &Chunk)> = None;
            for chunk in chunks {
                let Some(vector) = exact(key, chunk.idx) else { continue };
                let score = vectors::dot(&vector, &self.query);
                if best.is_none_or(|(best, _)| score > best) {
                    best = Some((score, chunk));
                }
            }
            if let Some((score, chunk)) = best {
                near.score = score;
                near.chunk_idx = chunk.of_entry;
                (near.start, near.end) = chunk.place;
            }
        }
        let mut near: Vec<Near> = self.found.iter().map(|candidate| candidate.near).collect();
        near.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then_with(|| right.meta.id.cmp(&left.meta.id))
        });
        near.truncate(self.k);
        near
    }
}

/// A row and how near it seems.
#[derive(Clone, Copy)]
struct Rough {
    score: f32,
    part_idx: usize,
    row_idx: usize,
}

impl OpenIndex {
    /// The entries that may be the `k` nearest to a query, among those that `admits` lets pass, however far the nearest
    /// of them are.
    ///
    /// # Errors
    /// [`WrongDims`].
    pub fn candidates(
        &self,
        query: &[f32],
        k: usize,
        admits: Option<&dyn Fn(&Meta) -> bool>,
    ) -> Result<Candidates, WrongDims> {
        if query.len() != self.dims {
            return Err(WrongDims { found: query.len(), expected: self.dims });
        }
        let mut query = Zeroizing::new(query.to_vec());
        vectors::normalise(&mut query);
        let coded = Coded::new(&query);
        let parts: Vec<&Part> = self.segments.iter().chain([&self.fresh]).collect();
        let error = parts.iter().fold(0.0f32, |error, part| error.max(part.segment.error));
        // Both roundings together move a cosine by at most this much, so nothing below the k-th rough score minus
        // twice the margin can be among the nearest k.
        let margin = coded.error * (1.0 + error) + error + 1e-4;
        let mut best = Best::new(k, 2.0 * margin);
        // A graph leads to what is near, which may be nothing that is admitted.
        let graphs: Vec<Option<&Graph>> =
            parts.iter().map(|part| part.graph.as_ref().filter(|_| admits.is_none())).collect();
        let without = parts.iter().zip(&graphs).filter(|(_, graph)| graph.is_none());
        let through: Vec<&[i8]> = without.map(|(part, _)| &part.segment.codes[..]).collect();
        let mut sums = scan(&through, &coded.codes).into_iter();
        let along: Vec<(usize, &Graph)> =
            graphs.iter().enumerate().filter_map(|(part_idx, graph)| Some((part_idx, (*graph)?))).collect();
        // A width counts chunks, of which an entry has two or three: one graph alone is searched wider.
        let width = WIDTH.max(2 * k / along.len().max(1));
        for rough in look_along_all(&parts, along, width, &coded) {
            best.offer(rough);
        }
        for (part_idx, (part, _)) in
            parts.iter().zip(&graphs).enumerate().filter(|(_, (_, graph))| graph.is_none())
        {
            let admitted = |row_idx: usize| {
                let row = &part.segment.rows[row_idx];
                !row.is_dead && admits.is_none_or(|admits| admits(&row.meta))
            };
            let sums = sums.next().unwrap_or_default();
            part.look_through(part_idx, &sums, &coded, &admitted, &mut best);
        }
        let found = best
            .finish()
            .into_iter()
            .map(|rough| {
                let part = parts[rough.part_idx];
                let rough_of = |chunk: usize| part.rough(chunk, &coded);
                part.candidate(rough, 2.0 * margin, &query, &rough_of)
            })
            .collect();
        Ok(Candidates { found, query, k })
    }
}

/// Rows found along the graphs of parts, of several at the same time: each step waits for memory.
fn look_along_all(parts: &[&Part], graphs: Vec<(usize, &Graph)>, width: usize, query: &Coded) -> Vec<Rough> {
    let n_graphs = graphs.len();
    let found = share_out(graphs.into_iter(), n_graphs, |(part_idx, graph)| {
        let rows = parts[part_idx].look_along(graph, width, query).into_iter();
        rows.map(|(row_idx, score)| Rough { score, part_idx, row_idx }).collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

impl Part {
    /// How near a chunk is by its codes.
    fn rough(&self, chunk: usize, query: &Coded) -> f32 {
        let sum = dot(self.segment.codes_of(chunk), &query.codes);
        sum as f32 * self.segment.scales[chunk] * query.scale
    }

    /// Offers the rows that `admitted` lets pass by the inner products of all their codes with the query's. Most chunks are
    /// told by one comparison: it is asked only of the rest which row they belong to.
    fn look_through(
        &self,
        part_idx: usize,
        sums: &[i32],
        query: &Coded,
        admitted: &dyn Fn(usize) -> bool,
        best: &mut Best,
    ) {
        let rows = &self.segment.rows;
        let (mut row_idx, mut of_row): (usize, Option<f32>) = (0, None);
        for (chunk, (sum, scale)) in sums.iter().zip(&self.segment.scales).enumerate() {
            let score = *sum as f32 * scale * query.scale;
            if score < best.threshold {
                continue;
            }
            if rows.get(row_idx).is_some_and(|row| row.chunks.end <= chunk) {
                if let Some(score) = of_row.take() {
                    best.offer(Rough { score, part_idx, row_idx });
                }
                row_idx = row_of(rows, row_idx, chunk);
            }
            if of_row.is_some() || admitted(row_idx) {
                of_row = Some(of_row.map_or(score, |best| best.max(score)));
            }
        }
        if let Some(score) = of_row {
            best.offer(Rough { score, part_idx, row_idx });
        }
    }

    /// Goes from neighbour to neighbour: rows that can be found, and how near each seems.
    fn look_along(&self, graph: &Graph, width: usize, query: &Coded) -> Vec<(usize, f32)> {
        let mut near =
            graph.search(width, |chunk| self.segment.fetch(chunk), |chunk| self.rough(chunk, query));
        near.sort_unstable_by(|left, right| right.0.total_cmp(&left.0));
        let rows = &self.segment.rows;
        let mut seen = HashSet::with_capacity(near.len());
        let row_of = |(score, chunk)| (rows.partition_point(|row| row.chunks.end <= chunk), score);
        near.into_iter()
            .map(row_of)
            .filter(|(row_idx, _)| {
                rows.get(*row_idx).is_some_and(|row| !row.is_dead) && seen.insert(*row_idx)
            })
            .collect()
    }

    /// Whether a graph is quicker here than looking at every code.
    pub(super) fn graph_pays(&self, graph: &Graph) -> bool {
        let step = (self.segment.n_chunks() / SAMPLES).max(1);
        let queries: Vec<Coded> = (0..self.segment.n_chunks())
            .step_by(step)
            .map(|chunk| {
                Coded::new(&self.segment.codes_of(chunk).iter().map(|c| f32::from(*c)).collect::<Vec<_>>())
            })
            .collect();
        let through = Instant::now();
        for query in &queries {
            let sums = scan(&[&self.segment.codes], &query.codes).pop().unwrap_or_default();
            let mut best = Best::new(WIDTH / 2, query.error);
            self.look_through(0, &sums, query, &|row_idx| !self.segment.rows[row_idx].is_dead, &mut best);
            black_box(best.finish());
        }
        let through = through.elapsed();
        let along = Instant::now();
        queries.iter().for_each(|query| drop(black_box(self.look_along(graph, WIDTH, query))));
        let along = along.elapsed();
        along < through
    }

    fn candidate(
        &self,
        rough: Rough,
        margin: f32,
        query: &[f32],
        rough_of: &dyn Fn(usize) -> f32,
    ) -> Candidate {
        let row = &self.segment.rows[rough.row_idx];
        let (mut score, mut chunk) = (f32::MIN, row.chunks.start);
        for idx in row.chunks.clone() {
            let of_chunk = if self.key.is_none() { self.exact_score(idx, query) } else { rough_of(idx) };
            if of_chunk > score {
                (score, chunk) = (of_chunk, idx);
            }
        }
        let (start, end) = self.segment.places[chunk];
        let near = Near { meta: row.meta, chunk_idx: chunk - row.chunks.start, start, end, score };
        let sealed = self.key.map(|key| {
            let may_be_nearest = row.chunks.clone().filter(|idx| rough_of(*idx) >= rough.score - margin);
            let chunk =
                |idx| Chunk { idx, of_entry: idx - row.chunks.start, place: self.segment.places[idx] };
            (key, may_be_nearest.map(chunk).collect())
        });
        Candidate { near, sealed }
    }

    /// Of the fresh part.
    fn exact_score(&self, chunk: usize, query: &[f32]) -> f32 {
        let dims = self.segment.dims;
        let stored = &self.exact[chunk * dims..(chunk + 1) * dims];
        stored.iter().zip(query).map(|(stored, value)| f16::from_bits(*stored).to_f32() * value).sum()
    }
}

/// The row of a chunk that belongs to none before `from`, and that is mostly near to it.
fn row_of(rows: &[Row], from: usize, chunk: usize) -> usize {
    let (mut first, mut step) = (from, 1);
    while rows.get(first + step).is_some_and(|row| row.chunks.end <= chunk) {
        first += step;
        step *= 2;
    }
    let end = (first + step + 1).min(rows.len());
    first + rows[first..end].partition_point(|row| row.chunks.end <= chunk)
}

/// The best of many, and those that may be better than the k-th of them.
struct Best {
    k: usize,
    margin: f32,
    kept: Vec<Rough>,
    threshold: f32,
    /// So many are kept until it is looked which of them can go.
    patience: usize,
}

impl Best {
    fn new(k: usize, margin: f32) -> Self {
        Self { k, margin, kept: Vec::new(), threshold: f32::MIN, patience: 8 * k.max(64) }
    }

    fn offer(&mut self, rough: Rough) {
        if self.k == 0 || rough.score < self.threshold {
            return;
        }
        self.kept.push(rough);
        if self.kept.len() >= self.patience {
            self.prune();
            // Many may be equally near.
            self.patience = self.patience.max(2 * self.kept.len());
        }
    }

    fn prune(&mut self) {
        if self.kept.len() <= self.k {
            return;
        }
        let by_score = |left: &Rough, right: &Rough| right.score.total_cmp(&left.score);
        let (_, kth, _) = self.kept.select_nth_unstable_by(self.k - 1, by_score);
        self.threshold = kth.score - self.margin;
        let threshold = self.threshold;
        self.kept.retain(|rough| rough.score >= threshold);
    }

    /// Best first, the later row first of equals. Of very many that are equally near, not all.
    fn finish(mut self) -> Vec<Rough> {
        self.prune();
        self.kept.sort_unstable_by(|left, right| {
            let place = |rough: &Rough| (rough.part_idx, rough.row_idx);
            right.score.total_cmp(&left.score).then_with(|| place(right).cmp(&place(left)))
        });
        self.kept.truncate(4 * self.k.max(RERANK));
        self.kept
    }
}
