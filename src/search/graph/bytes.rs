//! The bytes of a graph.

use zeroize::Zeroizing;

use crate::search::graph::{Graph, Layer};

const MAGIC: &[u8; 4] = b"LLGR";
const VERSION: u16 = 1;

impl Graph {
    /// The bytes to seal.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.n_bytes() + 64));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.layers.len() as u16).to_le_bytes());
        for count in [self.n_chunks, self.chunks.len(), self.twins.len()] {
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
        }
        self.chunks.iter().for_each(|chunk| bytes.extend_from_slice(&chunk.to_le_bytes()));
        for (point, chunk) in &self.twins {
            bytes.extend_from_slice(&chunk.to_le_bytes());
            bytes.extend_from_slice(&point.to_le_bytes());
        }
        for layer in &self.layers {
            let n_nodes = layer.ends.len() as u32;
            bytes.extend_from_slice(&n_nodes.to_le_bytes());
            for node in 0..n_nodes {
                let neighbours = layer.of(node);
                bytes.push(neighbours.len() as u8);
                neighbours.iter().for_each(|point| bytes.extend_from_slice(&point.to_le_bytes()));
            }
        }
        bytes
    }

    /// Reads what [`Graph::to_bytes`] made for a segment of so many chunks; `None` for anything else.
    pub fn from_bytes(mut bytes: &[u8], n_chunks: usize) -> Option<Self> {
        let input = &mut bytes;
        if take(input, 4)? != MAGIC || take(input, 2)? != VERSION.to_le_bytes() {
            return None;
        }
        let n_layers = take(input, 2)?;
        let n_layers = u16::from_le_bytes([n_layers[0], n_layers[1]]);
        if u32_of(input)? as usize != n_chunks {
            return None;
        }
        let (n_points, n_twins) = (u32_of(input)? as usize, u32_of(input)? as usize);
        if n_points > n_chunks || n_twins > n_chunks {
            return None;
        }
        let chunks: Option<Vec<u32>> = (0..n_points).map(|_| u32_of(input)).collect();
        let twins: Option<Vec<(u32, u32)>> = (0..n_twins)
            .map(|_| {
                let chunk = u32_of(input)?;
                Some((u32_of(input)?, chunk))
            })
            .collect();
        let mut layers = Vec::with_capacity(n_layers.into());
        for _ in 0..n_layers {
            let n_nodes = u32_of(input)? as usize;
            if n_nodes > n_points {
                return None;
            }
            let mut layer = Layer { ends: Vec::with_capacity(n_nodes), neighbours: Vec::new() };
            for _ in 0..n_nodes {
                let count = take(input, 1)?[0];
                for _ in 0..count {
                    layer.neighbours.push(u32_of(input)?);
                }
                layer.ends.push(layer.neighbours.len() as u32);
            }
            layers.push(layer);
        }
        let graph = Self { n_chunks, chunks: chunks?, twins: twins?, layers };
        (input.is_empty() && graph.is_sound()).then_some(graph)
    }
}

fn u32_of(input: &mut &[u8]) -> Option<u32> {
    take(input, 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// The next bytes.
pub(super) fn take<'b>(input: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(taken)
}
