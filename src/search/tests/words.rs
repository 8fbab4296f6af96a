//! What the word index costs. `make bench-search` prints it for 20,000 and 100,000 entries; else a small journal shows
//! that it all works.
//!
//! On two cores that were busy with other builds, 100,000 entries of 79 MB: 6,200 entries/s indexed, 38 MB to seal,
//! 46 MB in memory, opened in 0.1 s. p50 and p99 of a search by words: a name 0.3 and 7 ms, two words 0.6 and 6 ms, a
//! sentence 2.6 and 15 ms, a phrase 9 and 19 ms, a word being typed that 27,000 entries begin 10 and 18 ms, a misspelt
//! word 1.1 and 7 ms.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    journal::{day::Day, ids::EntryId},
    search::{
        lexical::{Job, Seen, Segment, WordIndex},
        plain,
        query::Query,
    },
};

/// A journal as large as wanted, the same each time: sentences of the judged set with other names in them, of some ten
/// to some four hundred words, as diaries have them.
struct Generator {
    sentences: Vec<String>,
    state: u64,
}

impl Generator {
    fn new() -> Self {
        let entries: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/quality/entries.json")).unwrap();
        let text = |row: &Value| plain::plain(row["text"].as_str().unwrap());
        let sentences = entries
            .iter()
            .flat_map(|row| text(row).split_inclusive(". ").map(str::to_owned).collect::<Vec<_>>())
            .collect();
        Self { sentences, state: 7 }
    }

    fn below(&mut self, below: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % below
    }

    /// A word made up; few of them are common, most are rare.
    fn name(&mut self) -> String {
        const PARTS: [&str; 16] = [
            "ka", "ri", "mo", "te", "lu", "san", "dor", "vi", "ne", "pa", "sho", "gul", "be", "xi", "tor",
            "ma",
        ];
        let rarity = self.below(4) + 1;
        let mut number = self.below(16usize.pow(u32::try_from(rarity).unwrap()));
        let mut name = String::from("K");
        for _ in 0..=rarity {
            name.push_str(PARTS[number % 16]);
            number /= 16;
        }
        name
    }

    fn entry(&mut self) -> String {
        let n_sentences = [1, 2, 4, 6, 8, 12, 20, 30][self.below(8)];
        let mut text = String::new();
        for _ in 0..n_sentences {
            let sentence = self.below(self.sentences.len());
            text.push_str(&self.sentences[sentence]);
            text.push_str(&format!(" {} ", self.name()));
        }
        text
    }
}

fn seen(number: usize) -> Seen {
    let created = i64::try_from(number).unwrap();
    let day = Day::from_number(i32::try_from(number / 5).unwrap()).unwrap();
    Seen { id: EntryId::from_parts(created, [3; 10]), day, created, machine: false }
}

#[test]
fn the_cost_of_the_word_index_is_printed() {
    match std::env::var("LLAMORA_TEST_BENCH") {
        Ok(_) => [20_000, 100_000].iter().for_each(|n_entries| measure(*n_entries, 100)),
        Err(_) => measure(150, 5),
    }
}

/// Measures with so many entries in segments, and so many recent ones and queries of each kind.
fn measure(n_entries: usize, n_each: usize) {
    let stop = Arc::default();
    let mut generator = Generator::new();
    let mut index = WordIndex::default();
    let (mut n_bytes, mut building) = (0, Duration::ZERO);
    let mut oldest = String::new();
    for first in (0..n_entries).step_by(2_048) {
        let texts: Vec<String> = (first..n_entries.min(first + 2_048)).map(|_| generator.entry()).collect();
        n_bytes += texts.iter().map(String::len).sum::<usize>();
        if first == 0 {
            oldest.clone_from(&texts[0]);
        }
        let started = Instant::now();
        let entries = (first..).zip(&texts).map(|(number, text)| (seen(number), 1, text.as_str()));
        index.add(Job::of_entries(entries).build(&stop).unwrap());
        while let Some(job) = index.take_parts() {
            let segment = job.build(&stop).unwrap();
            index.finish(&job, segment);
        }
        building += started.elapsed();
    }
    // As written one by one: the most recent ones are in no segment.
    for number in n_entries..n_entries + n_each {
        index.put(seen(number), 1, &generator.entry());
    }
    let mut packed = Vec::new();
    while let Some((number, segment)) = index.unsealed() {
        packed.push(segment.pack());
        index.sealed(number, [u8::try_from(packed.len()).unwrap(); 16]);
    }
    let n_packed: usize = packed.iter().map(Vec::len).sum();
    let started = Instant::now();
    let mut opened = WordIndex::default();
    for bytes in packed {
        opened.adopt(Segment::open(bytes).unwrap(), None);
    }
    let journal: Vec<(EntryId, u32)> = (0..n_entries).map(|number| (seen(number).id, 1)).collect();
    assert!(opened.reconcile(&journal).is_empty());
    let opening = started.elapsed();

    let names: BTreeSet<String> = (0..n_each).map(|_| generator.name()).collect();
    let near: Vec<EntryId> = (0..100).map(|number| seen(number * n_entries / 100).id).collect();
    let kinds: [(&str, Vec<String>); 6] = [
        ("a name", names.iter().cloned().collect()),
        ("two words", names.iter().map(|name| format!("{name} kitchen ")).collect()),
        (
            "a sentence",
            names.iter().map(|name| format!("what did we do in the garden with {name} ")).collect(),
        ),
        ("a phrase", names.iter().map(|name| format!("\"in the morning\" {name} -rain")).collect()),
        ("being typed", names.iter().map(|name| name[..3].to_owned()).collect()),
        ("misspelt", names.iter().map(|name| format!("{}q{} ", &name[..4], &name[4..])).collect()),
    ];
    eprintln!(
        "{n_entries} entries, {} MB of text: {:.0} entries/s indexed, {:.1} MB to seal, {:.1} MB in memory, opened in {opening:.0?}",
        n_bytes / 1_000_000,
        n_entries as f64 / building.as_secs_f64(),
        n_packed as f64 / 1e6,
        index.size() as f64 / 1e6,
    );
    for (kind, queries) in kinds {
        let mut times: Vec<Duration> = Vec::new();
        let mut n_hits = 0;
        for typed in queries.iter().cycle().take(n_each) {
            let query = Query::parse(typed);
            let started = Instant::now();
            n_hits += index.find(&query, None, &near).unwrap().hits.len();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        eprintln!("  {kind:<12} p50 {:>8.2?}  p99 {:>8.2?}  {} hits each", at(50), at(99), n_hits / n_each);
    }
    let phrase: Vec<&str> = oldest.split_whitespace().take(12).collect();
    let typed = format!("\"{}\"", phrase.join(" ").replace('"', " "));
    let hits = index.find(&Query::parse(&typed), None, &[]).unwrap().hits;
    assert!(hits.iter().any(|hit| hit.seen.created == 0), "the oldest entry is found by {typed}");
}
