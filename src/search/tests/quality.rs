//! Quality on the judged set in `tests/quality`, with the real embedder: the figures behind [`crate::search::rank`].
//!
//! `entries.json` is a hand-written diary of three writers; `queries.json` says for each query which entries answer it
//! (2: exactly what was meant, 1: of use), each query in the half that rank.rs was tuned on (`tune`) or in the half
//! that figures are reported from (`report`). The table compares words alone and meaning alone, each without any
//! threshold and so at their best, with what is shown: results, then offers. The figure is nDCG@10 with gains 3 and 1.

use std::{collections::HashMap, sync::Arc, time::Instant};

use serde_json::Value;

use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::{
        candle::{self, CandleEmbedder},
        chunk,
        embed::Embedder,
        engine::{Meta, Near, OpenIndex, Point},
        lexical::{Job, Matcher, Seen, WordHits, WordIndex},
        plain,
        query::Query,
        rank,
    },
};

const KINDS: [&str; 8] =
    ["name", "number", "phrase", "accent", "misspelling", "language", "paraphrase", "nothing"];
const HALVES: [&str; 2] = ["tune", "report"];
/// Kind of the queries that no entry answers.
const NOTHING: &str = "nothing";
/// Places of a list that count.
const SHOWN: usize = 10;

pub(super) struct Judged {
    kind: String,
    half: String,
    typed: String,
    /// Numbers of the entries that answer it, with 1 or 2.
    grades: HashMap<usize, u8>,
}

/// The entries as written, by day, and the queries about them.
pub(super) fn judged_set() -> (Vec<String>, Vec<Judged>) {
    let list = |json: &str| -> Vec<Value> { serde_json::from_str(json).unwrap() };
    let entries = list(include_str!("../../../tests/quality/entries.json"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let number_of: HashMap<String, usize> =
        entries.iter().enumerate().map(|(number, row)| (text(row, "id"), number)).collect();
    assert_eq!(number_of.len(), entries.len(), "an id stands twice");
    let queries = list(include_str!("../../../tests/quality/queries.json"))
        .iter()
        .map(|row| Judged {
            kind: text(row, "kind"),
            half: text(row, "half"),
            typed: text(row, "text"),
            grades: row["grades"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(id, grade)| (number_of[id], u8::try_from(grade.as_u64().unwrap()).unwrap()))
                .collect(),
        })
        .collect();
    (entries.iter().map(|row| text(row, "text")).collect(), queries)
}

pub(super) fn seen(number: usize) -> Seen {
    let day = Day::from_number(i32::try_from(number).unwrap()).unwrap();
    Seen { id: id(number), day, created: number as i64, machine: false }
}

fn id(number: usize) -> EntryId {
    EntryId::from_parts(i64::try_from(number).unwrap(), [7; 10])
}

pub(super) struct Diary {
    words: WordIndex,
    n_entries: usize,
    index: OpenIndex,
    pub(super) embedder: CandleEmbedder,
}

/// Numbers of the entries found, best first.
struct Lists {
    words: Vec<usize>,
    meaning: Vec<usize>,
    results: Vec<usize>,
    offers: Vec<usize>,
    nearest: f32,
}

impl Lists {
    /// What a person sees.
    fn both(&self) -> Vec<usize> {
        [self.results.as_slice(), &self.offers].concat()
    }
}

impl Diary {
    pub(super) fn open(entries: &[String], mut embedder: CandleEmbedder) -> Self {
        let texts: Vec<String> = entries.iter().map(|markdown| plain::plain(markdown)).collect();
        let mut index = OpenIndex::new(384);
        for (number, text) in texts.iter().enumerate() {
            let chunks = chunk::chunks(text);
            let parts: Vec<&str> = chunks.iter().map(|chunk| chunk.of(text)).collect();
            let vectors = embedder.embed(&parts).unwrap();
            let points: Vec<Point<'_>> = chunks
                .iter()
                .zip(&vectors)
                .map(|(chunk, vector)| Point {
                    start: u32::try_from(chunk.start).unwrap(),
                    end: u32::try_from(chunk.end).unwrap(),
                    vector,
                })
                .collect();
            let day = Day::from_number(i32::try_from(number).unwrap()).unwrap();
            let meta = Meta { id: id(number), revision: 1, day, created: number as i64, role: Role::Writer };
            index.insert(meta, &points).unwrap();
        }
        // Half of it in a segment, half as recent entries.
        let mut words = WordIndex::default();
        let parts = texts.split_at(texts.len() / 2);
        let first = parts.0.iter().enumerate().map(|(number, text)| (seen(number), 0, text.as_str()));
        words.add(Job::of_entries(first).build(&Arc::default()).unwrap());
        for (number, text) in (parts.0.len()..).zip(parts.1) {
            words.put(seen(number), 0, text);
        }
        Self { words, n_entries: texts.len(), index, embedder }
    }

    pub(super) fn near(&mut self, query: &Query) -> Vec<Near> {
        let vectors = self.embedder.embed(&[query.meaning()]).unwrap();
        self.index.nearest(&vectors[0], 50).unwrap()
    }

    pub(super) fn words(&self, query: &Query) -> WordHits {
        let all: Vec<EntryId> = (0..self.n_entries).map(id).collect();
        self.words.find(query, None, &all).unwrap()
    }

    fn search(&mut self, typed: &str) -> Lists {
        let query = Query::parse(typed);
        let near = self.near(&query);
        let words = self.words(&query);
        let results = rank::fuse(&words, &near);
        let offers = rank::perhaps(&words, &near, &results);
        let mut hits = words.hits;
        hits.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then(right.seen.created.cmp(&left.seen.created))
        });
        let number = |created: i64| usize::try_from(created).unwrap();
        Lists {
            words: hits.iter().map(|hit| number(hit.seen.created)).collect(),
            meaning: near.iter().map(|near| number(near.meta.created)).collect(),
            results: results.iter().map(|ranked| number(ranked.seen.created)).collect(),
            offers: offers.iter().map(|ranked| number(ranked.seen.created)).collect(),
            nearest: near[0].score,
        }
    }
}

/// Discounted gain of the first ten over that of the best order, 0 to 1.
fn ndcg(list: &[usize], grades: &HashMap<usize, u8>) -> f64 {
    let gain = |grades: &mut dyn Iterator<Item = u8>| -> f64 {
        grades
            .take(SHOWN)
            .enumerate()
            .map(|(place, grade)| f64::from((1u8 << grade) - 1) / (place as f64 + 2.0).log2())
            .sum()
    };
    let mut ideal: Vec<u8> = grades.values().copied().collect();
    ideal.sort_unstable_by(|left, right| right.cmp(left));
    let found = gain(&mut list.iter().map(|number| grades.get(number).copied().unwrap_or(0)));
    found / gain(&mut ideal.into_iter())
}

/// Whether an entry that is exactly what was meant is among the first three.
fn answered(list: &[usize], grades: &HashMap<usize, u8>) -> bool {
    list.iter().take(3).any(|number| grades.get(number) == Some(&2))
}

/// Means over the queries of one kind (or all that have an answer) in one half.
#[derive(Default)]
struct Figures {
    n_queries: f64,
    words: f64,
    meaning: f64,
    both: f64,
    answered: f64,
    quiet: f64,
}

impl Figures {
    fn add(&mut self, judged: &Judged, lists: &Lists) {
        self.n_queries += 1.0;
        self.quiet += f64::from(lists.results.is_empty());
        if judged.kind == NOTHING {
            return;
        }
        let both = lists.both();
        self.words += ndcg(&lists.words, &judged.grades);
        self.meaning += ndcg(&lists.meaning, &judged.grades);
        self.both += ndcg(&both, &judged.grades);
        self.answered += f64::from(answered(&both, &judged.grades));
    }

    fn mean(self) -> Self {
        let mean = |sum: f64| sum / self.n_queries.max(1.0);
        Self {
            n_queries: self.n_queries,
            words: mean(self.words),
            meaning: mean(self.meaning),
            both: mean(self.both),
            answered: mean(self.answered),
            quiet: mean(self.quiet),
        }
    }
}

fn figures(rows: &[(Judged, Lists)], half: &str, of: impl Fn(&str) -> bool) -> Figures {
    let mut figures = Figures::default();
    rows.iter()
        .filter(|(judged, _)| judged.half == half && of(&judged.kind))
        .for_each(|(judged, lists)| figures.add(judged, lists));
    figures.mean()
}

#[test]
fn the_judged_set_is_large_and_both_halves_are_alike() {
    let (entries, queries) = judged_set();
    let n_queries = |kind: &str, half: &str| {
        queries.iter().filter(|judged| judged.kind == kind && judged.half == half).count()
    };
    assert!(entries.len() >= 150 && queries.len() >= 60);
    assert!(queries.iter().all(|judged| judged.grades.values().all(|grade| matches!(grade, 1 | 2))));
    assert!(
        queries
            .iter()
            .all(|judged| (judged.kind == NOTHING) != judged.grades.values().any(|grade| *grade == 2))
    );
    let by_kind: usize = KINDS.iter().flat_map(|kind| HALVES.map(|half| n_queries(kind, half))).sum();
    assert_eq!(by_kind, queries.len(), "a query of another kind or half");
    assert!(KINDS.iter().all(|kind| n_queries(kind, "tune") == n_queries(kind, "report")));
}

// Issue 5, "must be seen to hold" 3.
#[test]
fn both_together_find_more_than_words_or_meaning_alone() {
    let Some(embedder) = candle::tests::pinned("both_together_find_more_than_words_or_meaning_alone") else {
        return;
    };
    let (entries, queries) = judged_set();
    let mut diary = Diary::open(&entries, embedder);
    let rows: Vec<(Judged, Lists)> = queries
        .into_iter()
        .map(|judged| {
            let lists = diary.search(&judged.typed);
            (judged, lists)
        })
        .collect();
    for (judged, lists) in &rows {
        let loud = judged.kind == NOTHING && !lists.results.is_empty();
        if loud || (judged.kind != NOTHING && ndcg(&lists.both(), &judged.grades) < 0.7) {
            eprintln!(
                "{:>11} {:<6} words {:.2} meaning {:.2} both {:.2}, {} results, nearest {:.2}: {}",
                judged.kind,
                judged.half,
                ndcg(&lists.words, &judged.grades),
                ndcg(&lists.meaning, &judged.grades),
                ndcg(&lists.both(), &judged.grades),
                lists.results.len(),
                lists.nearest,
                judged.typed
            );
        }
    }
    eprintln!("nDCG@10 on {} entries, {} queries", entries.len(), rows.len());
    for half in HALVES {
        eprintln!("{half:<11}   n  words  meaning  both   answer in the first 3");
        for kind in KINDS.iter().filter(|kind| **kind != NOTHING) {
            print_row(kind, &figures(&rows, half, |of| of == *kind));
        }
        print_row("all", &figures(&rows, half, |of| of != NOTHING));
        let quiet = figures(&rows, half, |of| of == NOTHING);
        eprintln!("nothing fits, no result: {:.2} of {}", quiet.quiet, quiet.n_queries);
    }
    for half in HALVES {
        let all = figures(&rows, half, |of| of != NOTHING);
        assert!(all.both >= all.words && all.both >= all.meaning, "{half}: one alone is better than both");
        assert!(all.answered >= 0.7, "{half}: too few of the answers among the first three");
        assert!(figures(&rows, half, |of| of == NOTHING).quiet >= 0.8, "{half}: noise when nothing fits");
    }
}

fn print_row(name: &str, figures: &Figures) {
    eprintln!(
        "{name:<11} {:>3}  {:.3}  {:.3}    {:.3}  {:.2}",
        figures.n_queries, figures.words, figures.meaning, figures.both, figures.answered
    );
}

#[test]
fn time_of_a_search_in_a_thousand_entries_is_printed() {
    let paragraphs: Vec<String> = judged_set().0.iter().map(|markdown| markdown.repeat(2)).collect();
    let vector = |seed: usize| -> Vec<f32> {
        (0..384).map(|at| ((seed * 31 + at * at * 7) % 101) as f32 - 50.0).collect()
    };
    let mut index = OpenIndex::new(384);
    for number in 0..1_000 {
        let vectors = [vector(number), vector(number + 5), vector(number + 9)];
        let points: Vec<Point<'_>> =
            vectors.iter().map(|vector| Point { start: 0, end: 1, vector }).collect();
        let day = Day::from_number(0).unwrap();
        index
            .insert(Meta { id: id(number), revision: 1, day, created: 0, role: Role::Writer }, &points)
            .unwrap();
    }
    let query = Query::parse("the old window \"kitchen\" moon -goose");
    let started = Instant::now();
    let near = index.nearest(&vector(3), 50).unwrap();
    let scanned = started.elapsed();
    let mut matcher = Matcher::new(&query);
    let (mut bytes, mut stripping) = (0, std::time::Duration::ZERO);
    for number in 0..1_000 {
        let before = Instant::now();
        let text = plain::plain(&paragraphs[number % paragraphs.len()]);
        stripping += before.elapsed();
        bytes += text.len();
        matcher.read(seen(number), &text);
    }
    let results = rank::fuse(&matcher.finish(), &near);
    eprintln!(
        "1,000 entries, {} KB, {} chunks: vectors {scanned:.1?}, Markdown {stripping:.1?}, all {:.1?}, {} results",
        bytes / 1_000,
        index.n_chunks(),
        started.elapsed(),
        results.len()
    );
    assert!(!results.is_empty());
}
