use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    journal::day::Day,
    search::{
        lexical::{Matcher, WordHits},
        query::Query,
    },
};

fn id(number: u8) -> EntryId {
    EntryId::from_parts(i64::from(number), [number; 10])
}

fn seen(number: u8) -> Seen {
    let day = Day::from_number(i32::from(number) - 3).unwrap();
    Seen { id: id(number), day, created: i64::from(number) - 9, machine: number.is_multiple_of(3) }
}

fn built(texts: &[(u8, u32, &str)]) -> Segment {
    let entries = texts.iter().map(|(number, revision, text)| (seen(*number), *revision, *text));
    Job::of_entries(entries).build(&Arc::default()).unwrap()
}

/// Entries numbered from 0, in a segment.
fn index(texts: &[&str]) -> WordIndex {
    let numbered: Vec<(u8, u32, &str)> = (0..).zip(texts).map(|(number, text)| (number, 0, *text)).collect();
    let mut index = WordIndex::default();
    index.add(built(&numbered));
    index
}

/// Numbers of the entries found, best first.
fn found(index: &WordIndex, typed: &str) -> Vec<i64> {
    let mut hits = index.find(&Query::parse(typed), None, &[]).unwrap().hits;
    hits.sort_by(|left, right| right.score.total_cmp(&left.score));
    hits.iter().map(|hit| hit.seen.created + 9).collect()
}

/// The same once from a segment and once from recent entries.
fn everywhere(texts: &[&str], typed: &str, expected: &[i64]) {
    assert_eq!(found(&index(texts), typed), expected, "{typed} in a segment");
    let mut recent = WordIndex::default();
    (0..).zip(texts).for_each(|(number, text)| recent.put(seen(number), 0, text));
    assert_eq!(found(&recent, typed), expected, "{typed} among recent entries");
}

// Issue 5, "must be seen to hold" 2.
#[test]
fn words_are_found_without_accents_and_never_inside_others() {
    everywhere(&["a fresh start", "an art class", "the party"], "art ", &[1]);
    everywhere(&["tea at home", "Am Caf\u{e9} vorbei, sehr lange vorbei und weiter"], "cafe", &[1]);
    everywhere(&["cafe"], "CAF\u{c9}", &[0]);
    everywhere(&["tea", "nothing"], "\u{6771}\u{4eac}", &[]);
    everywhere(&["\u{6628}\u{65e5}\u{6771}\u{4eac}\u{3078}", "\u{4eac}\u{6771}"], "\u{6771}\u{4eac}", &[0]);
}

#[test]
fn other_forms_of_a_word_are_found_after_the_word_itself() {
    let texts = ["The harbours were quiet and cold", "We saw the harbour", "in Hamburg"];
    everywhere(&texts, "harbour ", &[1, 0]);
    everywhere(&texts, "harbours ", &[0, 1]);
    everywhere(&texts, "\"harbour\"", &[1]);
    everywhere(&["Ich habe die H\u{e4}user gesehen und nicht gemalt"], "haus ", &[0]);
}

#[test]
fn a_word_that_is_being_typed_finds_those_that_begin_with_it() {
    let texts = ["an artist came", "the art of it", "start"];
    everywhere(&texts, "arti", &[0]);
    everywhere(&texts, "ar ", &[]);
    everywhere(&texts, "art", &[1]);
    everywhere(&texts, "art ", &[1]);
}

#[test]
fn a_misspelt_name_finds_the_name_and_a_known_word_only_itself() {
    let texts = ["Tea with Gwenllian", "Beatriz rang", "Beatrix Potter, again and again and again"];
    everywhere(&texts, "Gwenlian ", &[0]);
    everywhere(&texts, "Gwelnlian ", &[0]);
    everywhere(&texts, "Beatriz ", &[1]);
    everywhere(&texts, "Baetriz ", &[1]);
    everywhere(&texts, "Tae ", &[]);
    everywhere(&texts, "\"Gwenlian\"", &[]);
    assert!(index(&texts).find(&Query::parse("Xanthippe "), None, &[]).unwrap().unknown_word);
    assert!(!index(&texts).find(&Query::parse("Gwenlian "), None, &[]).unwrap().unknown_word);
}

#[test]
fn what_is_near_in_meaning_is_allowed_unless_barred_or_gone() {
    let mut index = index(&["sea and rain", "sea and sun", "hills", "hills and rain"]);
    index.put(seen(7), 0, "recent hills");
    index.remove(id(2));
    let asked: Vec<EntryId> = [0, 1, 2, 3, 7, 9].map(id).to_vec();
    let allowed = |typed: &str| {
        let hits = index.find(&Query::parse(typed), None, &asked).unwrap();
        let mut allowed: Vec<i64> = hits.allowed.values().map(|seen| seen.created + 9).collect();
        allowed.sort_unstable();
        allowed
    };
    assert_eq!(allowed("water"), [0, 1, 3, 7]);
    assert_eq!(allowed("water -rain"), [1, 7]);
    assert_eq!(allowed("\"sea and\""), [0, 1]);
}

#[test]
fn entries_that_change_or_go_are_gone_at_once_and_after_a_merge() {
    let stop = Arc::default();
    let mut index = index(&["alpha beta", "alpha gamma", "alpha delta"]);
    index.put(seen(1), 1, "epsilon");
    index.remove(id(2));
    assert_eq!((found(&index, "alpha "), found(&index, "epsilon "), index.len()), (vec![0], vec![1], 2));
    let job = index.take_parts().expect("most of the segment is gone");
    let segment = job.build(&stop).unwrap();
    index.remove(id(0));
    index.finish(&job, segment);
    assert!(found(&index, "alpha ").is_empty() && index.take_parts().is_none());
    assert_eq!((index.segments.len(), index.len()), (0, 1));
}

#[test]
fn what_was_looked_up_before_a_change_is_looked_up_again() {
    let query = Query::parse("alpha ");
    let ids = |index: &WordIndex, looked_up| {
        let hits = index.find(&query, Some(looked_up), &[]).unwrap().hits;
        let mut ids: Vec<i64> = hits.iter().map(|hit| hit.seen.created + 9).collect();
        ids.sort_unstable();
        ids
    };
    let whole = || index(&["alpha beta", "alpha gamma", "alpha delta", "zeta"]);
    let unchanged = whole();
    assert_eq!(ids(&unchanged, unchanged.look_up(&query).unwrap()), [0, 1, 2]);
    type Change = fn(&mut WordIndex);
    let changes: [(Change, &[i64]); 5] = [
        (|index| index.put(seen(9), 0, "alpha"), &[0, 1, 2, 9]),
        (|index| index.put(seen(1), 1, "epsilon"), &[0, 2]),
        (|index| index.remove(id(2)), &[0, 1]),
        (|index| index.add(built(&[(7, 0, "alpha again")])), &[0, 1, 2, 7]),
        (|index| drop(index.reconcile(&[(id(0), 0)])), &[0]),
    ];
    for (number, (change, expected)) in changes.into_iter().enumerate() {
        let mut index = whole();
        let before = index.look_up(&query).unwrap();
        change(&mut index);
        assert_eq!(ids(&index, before), expected, "change {number}");
    }
    // Another index, in which the same numbers mean other entries.
    let other = index(&["zeta", "zeta", "alpha", "zeta"]);
    assert_eq!(ids(&other, unchanged.look_up(&query).unwrap()), [2]);
}

#[test]
fn recent_entries_become_segments_and_segments_larger_ones() {
    let stop = Arc::default();
    let mut index = WordIndex::default();
    let mut most = 0;
    for number in 0..2_500i64 {
        let seen = Seen {
            id: EntryId::from_parts(number, [1; 10]),
            day: Day::from_number(0).unwrap(),
            created: number,
            machine: false,
        };
        index.put(seen, 0, &format!("same word{number}"));
        while let Some(job) = index.take_recent().or_else(|| index.take_parts()) {
            let segment = job.build(&stop).unwrap();
            index.finish(&job, segment);
        }
        most = most.max(index.segments.len());
    }
    assert!((8..=16).contains(&most), "{most} segments");
    assert_eq!((index.len(), found(&index, "same ").len()), (2_500, 2_500));
    assert_eq!(found(&index, "\"word2077\"").len(), 1);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let job = WordIndex::job(index.segments.iter());
    assert!(job.build(&stop).is_err(), "a merge ends when the vault is locked");
}

#[test]
fn an_opened_index_is_compared_with_the_journal() {
    let old = built(&[(0, 0, "old words"), (1, 0, "kept"), (2, 0, "gone")]).pack();
    let new = built(&[(0, 1, "new words")]).pack();
    let mut index = WordIndex::default();
    index.adopt(Segment::open(new).unwrap(), Some([2; 16]));
    index.adopt(Segment::open(old.clone()).unwrap(), Some([1; 16]));
    assert_eq!(found(&index, "words "), [0]);
    assert!(found(&index, "old ").is_empty());
    let missing = index.reconcile(&[(id(0), 1), (id(1), 0), (id(5), 3)]);
    assert_eq!(missing, [id(5)]);
    assert!(found(&index, "gone ").is_empty());
    assert_eq!((index.names(), index.unsealed().is_none()), (vec![[2; 16], [1; 16]], true));
    assert!(Segment::open(old[..old.len() - 1].to_vec()).is_err());
    assert!(Segment::open(b"ljwords0 is of another version".to_vec()).is_err());
}

/// What a journal goes through.
#[derive(Clone, Debug)]
enum Step {
    Write(u8, String),
    Remove(u8),
    Flush,
    Merge,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let text = prop::collection::vec(
        prop::sample::select(vec![
            "sea",
            "seas",
            "Caf\u{e9}",
            "rain",
            "the",
            "of",
            "walked",
            "walking",
            "Ilse",
            "\u{6771}\u{4eac}",
            "14:30",
            "don't",
            "harbour",
            "\n",
        ]),
        0..12,
    );
    prop_oneof![
        6 => (0..20u8, text).prop_map(|(number, words)| Step::Write(number, words.join(" "))),
        2 => (0..20u8).prop_map(Step::Remove),
        1 => Just(Step::Flush),
        1 => Just(Step::Merge),
        1 => Just(Step::Reopen),
    ]
}

/// Hits and what is allowed, sorted.
fn sorted(hits: &WordHits) -> (Vec<(i64, f32, f32)>, Vec<i64>) {
    let mut list: Vec<(i64, f32, f32)> =
        hits.hits.iter().map(|hit| (hit.seen.created, hit.share, hit.score)).collect();
    list.sort_by_key(|(created, _, _)| *created);
    let mut allowed: Vec<i64> = hits.allowed.values().map(|seen| seen.created).collect();
    allowed.sort_unstable();
    (list, allowed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_index_finds_what_reading_every_entry_finds(steps in prop::collection::vec(step(), 1..60)) {
        let stop = Arc::default();
        let mut index = WordIndex::default();
        let mut journal: BTreeMap<u8, (u32, String)> = BTreeMap::new();
        let mut revision = 0;
        for step in steps {
            match step {
                Step::Write(number, text) => {
                    revision += 1;
                    index.put(seen(number), revision, &text);
                    journal.insert(number, (revision, text));
                }
                Step::Remove(number) => {
                    index.remove(id(number));
                    journal.remove(&number);
                }
                Step::Flush if index.recent.len() > 0 => {
                    let job = Job { parts: Vec::new(), recent: index.recent.all() };
                    let segment = job.build(&stop).unwrap();
                    index.finish(&job, segment);
                }
                Step::Merge if !index.segments.is_empty() => {
                    let job = WordIndex::job(index.segments.iter());
                    let segment = job.build(&stop).unwrap();
                    index.finish(&job, segment);
                    prop_assert!(index.segments.len() <= 1);
                }
                Step::Reopen => {
                    let mut opened = WordIndex::default();
                    for held in &index.segments {
                        opened.adopt(Segment::open(held.segment.pack()).unwrap(), None);
                    }
                    let list: Vec<(EntryId, u32)> =
                        journal.iter().map(|(number, (revision, _))| (id(*number), *revision)).collect();
                    for missing in opened.reconcile(&list) {
                        let (number, (revision, text)) =
                            journal.iter().find(|(number, _)| id(**number) == missing).unwrap();
                        opened.put(seen(*number), *revision, text);
                    }
                    index = opened;
                }
                Step::Flush | Step::Merge => {}
            }
        }
        prop_assert_eq!(index.len(), journal.len());
        let all: Vec<EntryId> = (0..20).map(id).collect();
        for typed in [
            "\"sea\"", "\"cafe\" \"the sea\"", "\"walked\" -rain", "\"\u{6771}\u{4eac}\"", "\"of the\"", "14:30",
            "\"don't\" -\"sea rain\"", "-sea", "\u{6771}\u{4eac} \"harbour\"",
        ] {
            let query = Query::parse(typed);
            let mut matcher = Matcher::new(&query);
            journal.iter().for_each(|(number, (_, text))| matcher.read(seen(*number), text));
            let (read, asked) = (matcher.finish(), index.find(&query, None, &all).unwrap());
            let ((expected, expected_allowed), (hits, allowed)) = (sorted(&read), sorted(&asked));
            prop_assert_eq!(allowed, expected_allowed, "{}", typed);
            prop_assert_eq!(asked.unknown_word, read.unknown_word);
            prop_assert_eq!(hits.len(), expected.len(), "{}", typed);
            for (hit, expected) in hits.iter().zip(&expected) {
                prop_assert!(hit.0 == expected.0 && (hit.1 - expected.1).abs() + (hit.2 - expected.2).abs() < 1e-4);
            }
        }
        // Other forms come on top; nothing that is said word for word is lost.
        for typed in ["sea", "walked ", "ilse cafe", "harbor "] {
            let query = Query::parse(typed);
            let mut matcher = Matcher::new(&query);
            journal.iter().for_each(|(number, (_, text))| matcher.read(seen(*number), text));
            let said: Vec<i64> = sorted(&matcher.finish()).0.iter().map(|hit| hit.0).collect();
            let hits: Vec<i64> =
                sorted(&index.find(&query, None, &all).unwrap()).0.iter().map(|hit| hit.0).collect();
            prop_assert!(said.iter().all(|number| hits.contains(number)), "{}", typed);
        }
    }
}
