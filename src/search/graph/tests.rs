use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::{
        codes::{Coded, dot},
        engine::Meta,
        segment::Segment,
        vectors,
    },
};

const DIMS: usize = 24;

/// Vectors in a few clusters; every tenth is one that was there before.
fn segment(n_rows: usize) -> Segment {
    let mut seed = 7u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let centres: Vec<Vec<f32>> = (0..9).map(|_| (0..DIMS).map(|_| random()).collect()).collect();
    let mut all: Vec<Vec<f32>> = Vec::new();
    let mut segment = Segment::new(DIMS);
    for number in 0..n_rows {
        segment.push_row(Meta {
            id: EntryId::from_parts(number as i64, [0; 10]),
            revision: 1,
            day: Day::from_number(0).unwrap(),
            created: 0,
            role: Role::Writer,
        });
        for chunk in 0..2u32 {
            let mut vector: Vec<f32> =
                centres[number % 9].iter().map(|centre| centre + 0.6 * random()).collect();
            vectors::normalise(&mut vector);
            if number % 10 == 9 {
                vector.clone_from(&all[number / 2]);
            }
            segment.push_chunk((chunk, chunk + 1), &vector);
            all.push(vector);
        }
    }
    segment
}

fn best(scores: &mut [(f32, usize)], k: usize) -> Vec<i32> {
    scores.sort_by(|left, right| right.0.total_cmp(&left.0));
    scores.iter().take(k).map(|(score, _)| (score * 1e4) as i32).collect()
}

#[test]
fn the_graph_finds_what_a_scan_finds_and_survives_sealing() {
    let segment = segment(600);
    let built = Graph::build(Source::of(&segment), Arc::new(|| false)).expect("nobody stopped it");
    assert!(!built.twins.is_empty());
    let bytes = built.to_bytes();
    let graph = Graph::from_bytes(&bytes, segment.n_chunks()).unwrap();
    assert_eq!(*graph.to_bytes(), *bytes);
    let mut right = 0;
    for number in 0..50 {
        let query = Coded::new(
            &segment.codes_of(number * 7).iter().map(|code| f32::from(*code) + 20.0).collect::<Vec<_>>(),
        );
        let score = |chunk: usize| {
            dot(segment.codes_of(chunk), &query.codes) as f32 * segment.scales[chunk] * query.scale
        };
        let mut all: Vec<(f32, usize)> = (0..segment.n_chunks()).map(|chunk| (score(chunk), chunk)).collect();
        let mut found = graph.search(64, |_| {}, score);
        let expected = best(&mut all, 10);
        right += best(&mut found, 10).iter().zip(&expected).filter(|(found, all)| found == all).count();
    }
    assert!(right >= 490, "recall {right} of 500");
}

#[test]
fn a_build_that_is_stopped_ends_at_once() {
    let asked = AtomicUsize::new(0);
    let asked = Arc::new(asked);
    let count = Arc::clone(&asked);
    let stop: Stop = Arc::new(move || count.fetch_add(1, Ordering::Relaxed) >= 20);
    assert!(Graph::build(Source::of(&segment(400)), stop).is_none());
    assert!(asked.load(Ordering::Relaxed) < 30);
}

#[test]
fn other_bytes_are_no_graph() {
    let segment = segment(40);
    let bytes = Graph::build(Source::of(&segment), Arc::new(|| false)).unwrap().to_bytes();
    assert!(Graph::from_bytes(&bytes, segment.n_chunks() + 1).is_none());
    for len in (0..bytes.len()).step_by(7) {
        assert!(Graph::from_bytes(&bytes[..len], segment.n_chunks()).is_none());
    }
    for at in (20..bytes.len()).step_by(3) {
        let mut other = bytes.to_vec();
        other[at] = 0xff;
        // Whatever is accepted can be searched.
        if let Some(graph) = Graph::from_bytes(&other, segment.n_chunks()) {
            graph.search(9, |_| {}, |chunk| chunk as f32);
        }
    }
    let empty = Segment::new(DIMS);
    let graph = Graph::build(Source::of(&empty), Arc::new(|| false)).unwrap();
    assert!(graph.search(5, |_| {}, |_| 0.0).is_empty());
    assert!(Graph::from_bytes(&graph.to_bytes(), 0).is_some());
}
