//! Neighbour graphs (HNSW) of segments that no longer change, for searching them without looking at every vector.
//!
//! `instant-distance` builds the graph, over the codes; only who is neighbour of whom is kept, and searched here, so that
//! no vector is held twice and how wide a search goes is decided per search. Vectors that are the same get one point:
//! exact duplicates break the graph (they become each other's only neighbours).
//!
//! ```text
//! "LLGR"   version u16 = 1   layers u16   chunks u32   points u32   twins u32
//! points x   chunk u32
//! twins  x   chunk u32   point u32                      chunks whose vector is that of a point
//! layers x   nodes u32, then nodes x   count u8   count x  point u32       the lowest layer, which has all points, first
//! ```
//!
//! # Security
//! Who is near to whom tells something about a text: sealed like vectors, wiped when dropped.

mod build;
mod bytes;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::BinaryHeap};

use zeroize::Zeroize;

pub use crate::search::graph::build::{Source, Stop};

/// A graph over the chunks of one segment.
pub struct Graph {
    n_chunks: usize,
    /// The chunk of each point.
    chunks: Vec<u32>,
    /// Chunks whose vector is that of a point: (point, chunk), sorted.
    twins: Vec<(u32, u32)>,
    /// The lowest first. A layer has the first of all points.
    layers: Vec<Layer>,
}

struct Layer {
    /// Where the neighbours of each node end.
    ends: Vec<u32>,
    neighbours: Vec<u32>,
}

impl Layer {
    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.neighbours[start as usize..self.ends[node] as usize]
    }
}

impl Graph {
    /// The chunks nearest by `similarity`, at most `width`, in no order; the wider, the surer and the slower. `fetch` is told
    /// of chunks that are compared next: what it reads of each is on its way from memory at the same time.
    pub fn search(
        &self,
        width: usize,
        fetch: impl Fn(usize),
        similarity: impl Fn(usize) -> f32,
    ) -> Vec<(f32, usize)> {
        if self.chunks.is_empty() || width == 0 {
            return Vec::new();
        }
        let near = |point: u32| Near { score: similarity(self.chunks[point as usize] as usize), point };
        let mut best = near(0);
        for layer in self.layers[1..].iter().rev() {
            loop {
                let next = layer.of(best.point).iter().map(|point| near(*point)).max();
                match next.filter(|next| next.score > best.score) {
                    Some(next) => best = next,
                    None => break,
                }
            }
        }
        let mut seen = vec![false; self.chunks.len()];
        seen[best.point as usize] = true;
        let (mut found, mut open) = (BinaryHeap::from([Reverse(best)]), BinaryHeap::from([best]));
        let mut unseen = Vec::new();
        while let Some(from) = open.pop() {
            let worst = found.peek().map_or(f32::MIN, |Reverse(worst)| worst.score);
            if found.len() >= width && from.score < worst {
                break;
            }
            let is_new = |point: &&u32| !std::mem::replace(&mut seen[**point as usize], true);
            unseen.clear();
            unseen.extend(self.layers[0].of(from.point).iter().filter(is_new));
            unseen.iter().for_each(|point| fetch(self.chunks[*point as usize] as usize));
            for point in &unseen {
                let next = near(*point);
                if found.len() < width || found.peek().is_some_and(|Reverse(worst)| next > *worst) {
                    open.push(next);
                    found.push(Reverse(next));
                    if found.len() > width {
                        found.pop();
                    }
                }
            }
        }
        let mut chunks = Vec::with_capacity(found.len());
        for Reverse(near) in found {
            chunks.push((near.score, self.chunks[near.point as usize] as usize));
            let start = self.twins.partition_point(|(point, _)| *point < near.point);
            let twins = self.twins[start..].iter().take_while(|(point, _)| *point == near.point);
            chunks.extend(twins.map(|(_, chunk)| (near.score, *chunk as usize)));
        }
        chunks
    }

    /// Bytes that the graph takes, nearly.
    pub fn n_bytes(&self) -> usize {
        let layers: usize = self.layers.iter().map(|layer| layer.ends.len() + layer.neighbours.len()).sum();
        4 * (layers + self.chunks.len() + 2 * self.twins.len())
    }

    /// Whether every number names something that is there.
    fn is_sound(&self) -> bool {
        let is_chunk = |chunk: &u32| (*chunk as usize) < self.n_chunks;
        let n_points = self.chunks.len();
        let mut above = n_points;
        !self.layers.is_empty()
            && self.layers[0].ends.len() == n_points
            && self.chunks.iter().all(is_chunk)
            && self.twins.iter().all(|(point, chunk)| (*point as usize) < n_points && is_chunk(chunk))
            && self.layers.iter().all(|layer| {
                let n_nodes = layer.ends.len();
                let fits = n_nodes > 0 || n_points == 0;
                let is_smaller = n_nodes <= std::mem::replace(&mut above, n_nodes);
                fits && is_smaller && layer.neighbours.iter().all(|point| (*point as usize) < n_nodes)
            })
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.chunks.zeroize();
        for layer in &mut self.layers {
            layer.neighbours.zeroize();
        }
    }
}

/// A point and how near it is.
#[derive(Clone, Copy)]
struct Near {
    score: f32,
    point: u32,
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.point.cmp(&self.point))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}
