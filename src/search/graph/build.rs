//! Building a graph.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use instant_distance::{Builder, Point};
use serde::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

use crate::search::{
    codes::dot,
    graph::{Graph, Layer, bytes::take},
    segment::Segment,
};

/// Candidates kept while a point is put in.
const BUILD_WIDTH: usize = 100;
/// Neighbours of a node in the lowest layer, and in the others (fixed by `instant-distance`).
const NEIGHBOURS: [usize; 2] = [64, 32];
/// The same segment gives the same graph.
const SEED: u64 = 0x6c6c_616d;
/// Whether to go on is asked at every so manieth point.
const ASK: u32 = 64;

/// Tells whether to give up.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a graph is built from: the segment may change or go away meanwhile.
pub struct Source {
    n_chunks: usize,
    copied: Copied,
    /// The chunk of each point.
    points: Vec<u32>,
    /// Points and chunks whose vector is that of the point.
    same: Vec<(usize, u32)>,
}

impl Source {
    /// Copies what is needed of a segment.
    pub fn of(segment: &Segment) -> Self {
        let mut first: HashMap<&[i8], usize> = HashMap::new();
        let (mut points, mut same) = (Vec::new(), Vec::new());
        for row in segment.rows.iter().filter(|row| !row.is_dead) {
            for chunk in row.chunks.clone() {
                let n_points = points.len();
                let point = *first.entry(segment.codes_of(chunk)).or_insert(n_points);
                if point == n_points {
                    points.push(chunk as u32);
                } else {
                    same.push((point, chunk as u32));
                }
            }
        }
        let copied = Copied {
            dims: segment.dims,
            codes: points.iter().flat_map(|chunk| segment.codes_of(*chunk as usize)).copied().collect(),
            scales: points.iter().map(|chunk| segment.scales[*chunk as usize]).collect(),
        };
        Self { n_chunks: segment.n_chunks(), copied, points, same }
    }
}

impl Graph {
    /// Builds the graph, on one core, for about a millisecond per chunk. `None` when `stop` said so.
    pub fn build(source: Source, stop: Stop) -> Option<Self> {
        let Source { n_chunks, copied, points, same } = source;
        let copied = Arc::new((copied, stop));
        let nodes: Vec<Node> =
            (0..points.len() as u32).map(|point| Node { point, copied: Arc::clone(&copied) }).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok()?;
        let build = || {
            let builder = Builder::default().ef_construction(BUILD_WIDTH).seed(SEED);
            pool.install(|| builder.build_hnsw(nodes))
        };
        let (built, places) = match catch_unwind(AssertUnwindSafe(build)) {
            Ok(built) => built,
            Err(reason) if (*reason).is::<Stopped>() => return None,
            Err(panic) => resume_unwind(panic),
        };
        let bytes = Zeroizing::new(postcard::to_allocvec(&built).ok()?);
        drop(built);
        let mut graph = Self::parse_built(&bytes, n_chunks)?;
        let place_of: Vec<u32> = places.iter().map(|place| place.into_inner()).collect();
        for (point, place) in place_of.iter().enumerate() {
            *graph.chunks.get_mut(*place as usize)? = points[point];
        }
        graph.twins = same.into_iter().map(|(point, chunk)| (place_of[point], chunk)).collect();
        graph.twins.sort_unstable();
        Some(graph)
    }

    /// Reads what serde writes of an `Hnsw`: width, points, nodes of the lowest layer, layers of nodes.
    fn parse_built(mut bytes: &[u8], n_chunks: usize) -> Option<Self> {
        let input = &mut bytes;
        varint(input)?;
        let n_points = usize::try_from(varint(input)?).ok()?;
        for _ in 0..n_points {
            varint(input)?;
        }
        let mut layers = vec![built_layer(input, NEIGHBOURS[0])?];
        for _ in 0..varint(input)? {
            layers.push(built_layer(input, NEIGHBOURS[1])?);
        }
        let graph = Self { n_chunks, chunks: vec![0; n_points], twins: Vec::new(), layers };
        graph.is_sound().then_some(graph)
    }
}

/// Payload of the unwinding that ends a build.
struct Stopped;

/// The vectors of the points.
struct Copied {
    dims: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl Copied {
    fn codes_of(&self, point: u32) -> &[i8] {
        let start = point as usize * self.dims;
        &self.codes[start..start + self.dims]
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        self.codes.zeroize();
        self.scales.zeroize();
    }
}

/// A point while the graph is built.
#[derive(Clone)]
struct Node {
    point: u32,
    copied: Arc<(Copied, Stop)>,
}

impl Point for Node {
    fn distance(&self, other: &Self) -> f32 {
        let (copied, stop) = &*self.copied;
        if other.point.is_multiple_of(ASK) && stop() {
            // The only way out of the builder. No panic hook runs, and nothing is logged.
            resume_unwind(Box::new(Stopped) as Box<dyn Any + Send>);
        }
        let scale = copied.scales[self.point as usize] * copied.scales[other.point as usize];
        1.0 - dot(copied.codes_of(self.point), copied.codes_of(other.point)) as f32 * scale
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.point.serialize(serializer)
    }
}

/// Nodes as the builder has them: so many places for neighbours, of which the last may be empty.
fn built_layer(input: &mut &[u8], n_places: usize) -> Option<Layer> {
    let n_nodes = varint(input)?;
    let mut layer = Layer { ends: Vec::new(), neighbours: Vec::new() };
    for _ in 0..n_nodes {
        for _ in 0..n_places {
            let point = u32::try_from(varint(input)?).ok()?;
            if point != u32::MAX {
                layer.neighbours.push(point);
            }
        }
        layer.ends.push(layer.neighbours.len() as u32);
    }
    Some(layer)
}

fn varint(input: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let byte = take(input, 1)?[0];
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}
