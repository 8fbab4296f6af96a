use proptest::prelude::*;

use super::{changes::UNTIDY, *};
use zeroize::Zeroizing;

use crate::search::{
    segment::{PAGE_BYTES, place_of},
    vectors,
};

const DIMS: usize = 16;

fn meta(number: u8) -> Meta {
    Meta {
        id: EntryId::from_parts(i64::from(number), [number; 10]),
        revision: 1,
        day: Day::from_number(i32::from(number)).unwrap(),
        created: i64::from(number),
        role: Role::Writer,
    }
}

fn insert(index: &mut OpenIndex, number: u8, vectors: &[Vec<f32>]) {
    let points: Vec<Point<'_>> =
        vectors.iter().zip(0..).map(|(vector, at)| Point { start: at, end: at + 1, vector }).collect();
    index.insert(meta(number), &points).unwrap();
}

/// As the index stores it: length one, half precision.
fn stored(vector: &[f32]) -> Vec<f32> {
    let mut vector = vector.to_vec();
    vectors::normalise(&mut vector);
    vectors::from_bytes(&vectors::to_bytes(&vector), vector.len()).unwrap()
}

fn brute_force(entries: &[(u8, Vec<Vec<f32>>)], query: &[f32], k: usize) -> Vec<f32> {
    let mut query = query.to_vec();
    vectors::normalise(&mut query);
    let mut scores: Vec<f32> = entries
        .iter()
        .filter(|(_, vectors)| !vectors.is_empty())
        .map(|(_, chunks)| {
            chunks.iter().map(|chunk| vectors::dot(&stored(chunk), &query)).fold(f32::MIN, f32::max)
        })
        .collect();
    scores.sort_by(|left, right| right.total_cmp(left));
    scores.truncate(k);
    scores
}

fn vector() -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-1.0f32..1.0, DIMS)
}

proptest! {
    #[test]
    fn nearest_equals_brute_force_after_any_changes(
        entries in proptest::collection::vec((any::<u8>(), proptest::collection::vec(vector(), 0..4)), 0..80),
        removed in proptest::collection::vec(any::<u8>(), 0..20),
        query in vector(),
        k in 0usize..12,
    ) {
        let mut index = OpenIndex::new(DIMS);
        let mut kept: Vec<(u8, Vec<Vec<f32>>)> = Vec::new();
        for (number, vectors) in entries {
            insert(&mut index, number, &vectors);
            kept.retain(|(known, _)| *known != number);
            kept.push((number, vectors));
        }
        for number in removed {
            let was_there = kept.iter().any(|(known, _)| *known == number);
            prop_assert_eq!(index.remove(meta(number).id), was_there);
            kept.retain(|(known, _)| *known != number);
        }
        prop_assert_eq!(index.n_entries(), kept.len());
        prop_assert_eq!(index.n_chunks(), kept.iter().map(|(_, vectors)| vectors.len()).sum::<usize>());
        let near = index.nearest(&query, k).unwrap();
        let expected = brute_force(&kept, &query, k);
        prop_assert_eq!(near.len(), expected.len());
        for (near, expected) in near.iter().zip(expected) {
            prop_assert!((near.score - expected).abs() < 1e-5);
            let (_, vectors) = kept.iter().find(|(number, _)| meta(*number).id == near.meta.id).unwrap();
            let mut unit = query.clone();
            vectors::normalise(&mut unit);
            let own = vectors::dot(&stored(&vectors[near.chunk_idx]), &unit);
            prop_assert!((own - near.score).abs() < 1e-5, "the chunk named is the one meant");
            prop_assert_eq!(near.start as usize, near.chunk_idx);
        }
    }
}

#[test]
fn an_entry_put_in_again_replaces_itself() {
    let mut index = OpenIndex::new(2);
    insert(&mut index, 1, &[vec![1.0, 0.0], vec![0.0, 1.0]]);
    insert(&mut index, 1, &[vec![0.0, 2.0]]);
    assert_eq!((index.n_entries(), index.n_chunks()), (1, 1));
    assert!((index.nearest(&[0.0, 1.0], 5).unwrap()[0].score - 1.0).abs() < 1e-3);
}

#[test]
fn of_equally_near_entries_the_newer_comes_first() {
    let mut index = OpenIndex::new(2);
    for number in [3, 9, 5] {
        insert(&mut index, number, &[vec![1.0, 1.0]]);
    }
    let order: Vec<i64> =
        index.nearest(&[1.0, 1.0], 2).unwrap().iter().map(|near| near.meta.created).collect();
    assert_eq!(order, [9, 5]);
}

#[test]
fn vectors_of_another_model_are_refused_and_change_nothing() {
    let mut index = OpenIndex::new(2);
    insert(&mut index, 1, &[vec![1.0, 0.0]]);
    let point = Point { start: 0, end: 1, vector: &[1.0, 0.0, 0.0] };
    assert_eq!(index.insert(meta(1), &[point]), Err(WrongDims { found: 3, expected: 2 }));
    assert!(index.contains(meta(1).id));
    assert_eq!(index.nearest(&[1.0], 1), Err(WrongDims { found: 1, expected: 2 }));
}

/// Segments as somebody keeps them: their exact vectors by name.
#[derive(Default)]
struct Kept {
    exact: std::collections::HashMap<SegmentKey, Vec<u8>>,
    next: u8,
}

impl Kept {
    fn vector(&self, key: SegmentKey, chunk: usize) -> Option<Zeroizing<Vec<f32>>> {
        let (page, span) = place_of(DIMS, chunk);
        let page = self.exact.get(&key)?.get(page as usize * PAGE_BYTES..)?;
        vectors::from_bytes(page.get(span)?, DIMS).map(Zeroizing::new)
    }

    fn keep(&mut self, index: &mut OpenIndex, draft: Draft, gone: &[SegmentKey]) {
        self.next += 1;
        let key = SegmentKey([self.next; 16]);
        self.exact.insert(key, draft.exact().to_vec());
        let segment = Segment::from_bytes(&draft.segment.to_bytes()).expect("it reads what it wrote");
        let is_same = |meta: &Meta, known: Option<u32>| known == Some(meta.revision);
        index.admit(key, segment, gone, is_same).unwrap();
        gone.iter().for_each(|key| {
            self.exact.remove(key);
        });
    }

    fn flush(&mut self, index: &mut OpenIndex) {
        let draft = index.draft_fresh().unwrap();
        self.keep(index, draft, &[]);
    }

    fn merge(&mut self, index: &mut OpenIndex) {
        let keys: Vec<SegmentKey> = index.segments().iter().map(|facts| facts.key).collect();
        let mut draft = Draft::new(DIMS).unwrap();
        for key in &keys {
            for row in index.live_rows(*key) {
                draft.push_row(row.meta);
                for (nth, place) in row.places.iter().enumerate() {
                    let vector = self.vector(*key, row.first + nth).unwrap();
                    assert!(draft.push_chunk(*place, &vectors::to_bytes(&vector)));
                }
            }
        }
        self.keep(index, draft, &keys);
    }
}

#[derive(Clone, Debug)]
enum Act {
    Insert(u8, Vec<Vec<f32>>),
    Remove(u8),
    Flush,
    Merge,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0u8..24, proptest::collection::vec(vector(), 0..4)).prop_map(|(n, v)| Act::Insert(n, v)),
        2 => (0u8..24).prop_map(Act::Remove),
        2 => Just(Act::Flush),
        1 => Just(Act::Merge),
    ]
}

proptest! {
    #[test]
    fn segments_give_what_brute_force_gives_after_each_step(
        acts in proptest::collection::vec(act(), 1..40),
        query in vector(),
        k in 1usize..12,
    ) {
        let mut index = OpenIndex::new(DIMS);
        let mut kept = Kept::default();
        let mut model: Vec<(u8, Vec<Vec<f32>>)> = Vec::new();
        for act in acts {
            match act {
                Act::Insert(number, vectors) => {
                    insert(&mut index, number, &vectors);
                    model.retain(|(known, _)| *known != number);
                    model.push((number, vectors));
                }
                Act::Remove(number) => {
                    let was_there = model.iter().any(|(known, _)| *known == number);
                    prop_assert_eq!(index.remove(meta(number).id), was_there);
                    model.retain(|(known, _)| *known != number);
                }
                Act::Flush => kept.flush(&mut index),
                Act::Merge => kept.merge(&mut index),
            }
            prop_assert_eq!(index.n_entries(), model.len());
            prop_assert_eq!(index.n_chunks(), model.iter().map(|(_, vectors)| vectors.len()).sum::<usize>());
            let near = index.candidates(&query, k, None).unwrap().settle(|key, chunk| kept.vector(key, chunk));
            let expected = brute_force(&model, &query, k);
            prop_assert_eq!(near.len(), expected.len());
            for (near, expected) in near.iter().zip(expected) {
                prop_assert!((near.score - expected).abs() < 2e-5, "{} and {expected}", near.score);
                prop_assert_eq!(near.start as usize, near.chunk_idx);
            }
            let rough = index.nearest(&query, k).unwrap();
            prop_assert!(rough.iter().zip(&near).all(|(rough, near)| (rough.score - near.score).abs() < 0.05));
        }
    }
}

#[test]
fn a_segment_finds_no_entry_that_changed_since_it_was_made() {
    let mut index = OpenIndex::new(2);
    for number in 1..=4 {
        insert(&mut index, number, &[vec![1.0, 0.0]]);
    }
    let draft = index.draft_fresh().unwrap();
    index.remove(meta(1).id);
    let revised = Meta { revision: 2, ..meta(2) };
    index.insert(revised, &[Point { start: 0, end: 1, vector: &[0.0, 1.0] }]).unwrap();
    let key = SegmentKey([1; 16]);
    let is_same = |meta: &Meta, known: Option<u32>| known == Some(meta.revision);
    index.admit(key, draft.segment, &[], is_same).unwrap();
    assert_eq!(index.segments(), [SegmentFacts { key, live: 2, dead: 2 }]);
    assert_eq!((index.n_fresh(), index.n_entries(), index.revision(meta(2).id)), (1, 3, Some(2)));
    index.retain(|meta| meta.created != 3);
    assert_eq!((index.n_entries(), index.n_chunks()), (2, 2));
    index.release(&[key]);
    assert_eq!((index.n_entries(), index.n_chunks(), index.contains(meta(4).id)), (1, 1, false));
}

#[test]
fn an_entry_that_changes_a_thousand_times_takes_no_more_room() {
    let mut index = OpenIndex::new(2);
    for _ in 0..10 * UNTIDY {
        insert(&mut index, 1, &[vec![1.0, 0.0]]);
    }
    assert!(index.fresh.segment.n_chunks() <= 2 * UNTIDY + 2);
    assert_eq!(index.nearest(&[1.0, 0.0], 3).unwrap().len(), 1);
}

#[test]
fn a_graph_finds_what_a_scan_finds() {
    let mut index = OpenIndex::new(DIMS);
    let mut dice = 9u32;
    let mut random = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    for number in 0..250u8 {
        let vectors: Vec<Vec<f32>> = (0..3).map(|_| (0..DIMS).map(|_| random()).collect()).collect();
        insert(&mut index, number, &vectors);
    }
    let mut kept = Kept::default();
    kept.flush(&mut index);
    for number in (0..250).step_by(17) {
        index.remove(meta(number).id);
    }
    let key = index.segments()[0].key;
    let graph = Graph::build(index.graph_source(key).unwrap(), std::sync::Arc::new(|| false)).unwrap();
    let mut same = 0;
    for _ in 0..20 {
        let query: Vec<f32> = (0..DIMS).map(|_| random()).collect();
        let scanned = index.nearest(&query, 10).unwrap();
        let mut along = OpenIndex::new(DIMS);
        std::mem::swap(&mut along, &mut index);
        along.segments[0].graph = Some(Graph::from_bytes(&graph.to_bytes(), 750).unwrap());
        let found = along.nearest(&query, 10).unwrap();
        same += scanned.iter().filter(|near| found.contains(near)).count();
        along.segments[0].graph = None;
        std::mem::swap(&mut along, &mut index);
    }
    assert!(same >= 196, "{same} of 200");
    index.set_graph(key, graph);
    assert!(
        !index.set_graph(
            SegmentKey([99; 16]),
            Graph::from_bytes(
                &Graph::build(Source::of(&Segment::new(DIMS)), std::sync::Arc::new(|| false))
                    .unwrap()
                    .to_bytes(),
                0
            )
            .unwrap()
        )
    );
}

#[test]
fn what_is_not_admitted_takes_no_place_among_the_nearest() {
    let mut index = OpenIndex::new(2);
    for number in 1..=9 {
        insert(&mut index, number, &[vec![1.0, f32::from(number) / 10.0]]);
    }
    let nearest = |admits: &dyn Fn(&Meta) -> bool| -> Vec<i64> {
        let near = index.candidates(&[1.0, 0.0], 2, Some(admits)).unwrap().settle(|_, _| None);
        near.iter().map(|near| near.meta.created).collect()
    };
    assert_eq!(nearest(&|meta| meta.created >= 7), [7, 8]);
    assert!(nearest(&|_| false).is_empty());
}
