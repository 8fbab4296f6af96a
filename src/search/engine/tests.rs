use proptest::prelude::*;

use super::*;

const DIMS: usize = 16;

fn meta(number: u8) -> Meta {
    Meta {
        id: EntryId::from_parts(i64::from(number), [number; 10]),
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

#[test]
fn what_is_not_admitted_takes_no_place_among_the_nearest() {
    let mut index = OpenIndex::new(2);
    for number in 1..=9 {
        insert(&mut index, number, &[vec![1.0, f32::from(number) / 10.0]]);
    }
    let old = |meta: &Meta| meta.created >= 7;
    let near = index.nearest_where(&[1.0, 0.0], 2, &old).unwrap();
    assert_eq!(near.iter().map(|near| near.meta.created).collect::<Vec<_>>(), [7, 8]);
    assert!(index.nearest_where(&[1.0, 0.0], 2, &|_| false).unwrap().is_empty());
}
