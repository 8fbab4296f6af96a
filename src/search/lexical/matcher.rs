//! Reading texts one by one: counts, and places for marks.

use std::{collections::HashMap, ops::Range};

use crate::{
    journal::ids::EntryId,
    search::{
        lexical::{
            Seen, Wanted, WordHit, WordHits,
            score::{self, Weights},
        },
        query::Query,
        words,
    },
};

/// Reads entries one by one and keeps only counts, so that the text can be dropped at once.
pub struct Matcher {
    terms: HashMap<String, u16>,
    clauses: Vec<Needle>,
    excluded: Vec<Vec<u16>>,
    entries_with: Vec<u32>,
    n_words: u64,
    n_entries: u32,
    raw: Vec<Raw>,
    allowed: HashMap<EntryId, Seen>,
    scratch: Vec<Occurrence>,
    wanted: Vec<Wanted>,
    /// Which words of the texts read so far are to be marked for `wanted`: to find the stem of a word takes long.
    marked: HashMap<String, bool>,
}

struct Needle {
    terms: Vec<u16>,
    required: bool,
    common: bool,
    /// The word, where it is one.
    lone: Option<String>,
}

struct Raw {
    seen: Seen,
    n_words: u32,
    counts: Vec<u16>,
}

struct Occurrence {
    term: u16,
    position: u32,
    start: usize,
    end: usize,
}

impl Matcher {
    /// Prepares a walk for one query.
    pub fn new(query: &Query) -> Self {
        let mut terms = HashMap::new();
        let mut number = |words: &[String]| -> Vec<u16> {
            let mut numbers = Vec::with_capacity(words.len());
            for word in words {
                let next = u16::try_from(terms.len()).unwrap_or(u16::MAX);
                numbers.push(*terms.entry(word.clone()).or_insert(next));
            }
            numbers
        };
        let clauses: Vec<Needle> = query
            .clauses()
            .iter()
            .map(|clause| Needle {
                terms: number(&clause.words),
                required: clause.required,
                common: clause.words.iter().all(|word| words::is_common(word)),
                lone: clause.words.first().filter(|_| clause.words.len() == 1).cloned(),
            })
            .collect();
        let excluded = query.excluded().iter().map(|words| number(words)).collect();
        Self {
            entries_with: vec![0; clauses.len()],
            terms,
            clauses,
            excluded,
            n_words: 0,
            n_entries: 0,
            raw: Vec::new(),
            allowed: HashMap::new(),
            scratch: Vec::new(),
            wanted: Vec::new(),
            marked: HashMap::new(),
        }
    }

    /// Also marks what the index took for a word of the query.
    pub fn widen(&mut self, wanted: &[Wanted]) {
        self.wanted = wanted.to_vec();
        self.marked.clear();
    }

    /// Reads the plain text of one live entry. Every entry is read once, matching or not: rarity is counted.
    pub fn read(&mut self, seen: Seen, text: &str) {
        let n_words = self.scan(text);
        self.n_entries += 1;
        self.n_words += u64::from(n_words);
        if self.excluded.iter().any(|needle| count(&self.scratch, needle) > 0) {
            return;
        }
        let counts: Vec<u16> =
            self.clauses.iter().map(|needle| count(&self.scratch, &needle.terms)).collect();
        for (entries_with, count) in self.entries_with.iter_mut().zip(&counts) {
            *entries_with += u32::from(*count > 0);
        }
        if self.clauses.iter().zip(&counts).any(|(needle, count)| needle.required && *count == 0) {
            return;
        }
        self.allowed.insert(seen.id, seen);
        if counts.iter().any(|count| *count > 0) {
            self.raw.push(Raw { seen, n_words, counts });
        }
    }

    /// Scores what was read (`score`).
    pub fn finish(self) -> WordHits {
        let average = (self.n_words as f32 / self.n_entries.max(1) as f32).max(1.0);
        let common = self.clauses.iter().map(|needle| needle.common);
        let weights = Weights::new(common.zip(self.entries_with.iter().copied()), self.n_entries);
        let hits = self
            .raw
            .iter()
            .map(|raw| {
                let (mut share, mut score) = (0.0, 0.0);
                for (clause_idx, count) in raw.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let said = weights.of(clause_idx, f32::from(*count), 1.0, raw.n_words as f32 / average);
                    (share, score) = (share + said.0, score + said.1);
                }
                WordHit { seen: raw.seen, share, score }
            })
            .collect();
        let unknown_word = matches!((&*self.clauses, &*self.entries_with), ([_], [0]));
        let words = self.clauses.iter().zip(&self.entries_with);
        let rarities = words
            .filter_map(|(needle, found)| Some((needle.lone.clone()?, score::rarity(*found, self.n_entries))))
            .collect();
        WordHits { hits, allowed: self.allowed, unknown_word, rarities, wanted: Vec::new() }
    }

    /// Places of the clauses in a text, for marks: byte ranges, in order, not overlapping.
    ///
    /// Common words are marked only when the query has nothing else.
    pub fn spans(&mut self, text: &str) -> Vec<Range<usize>> {
        self.scan(text);
        let only_common = self.clauses.iter().all(|needle| needle.common);
        let mut spans = Vec::new();
        for needle in self.clauses.iter().filter(|needle| only_common || needle.required || !needle.common) {
            places(&self.scratch, &needle.terms, |start, end| spans.push(start..end));
        }
        if !self.wanted.is_empty() {
            let Self { wanted, marked, .. } = self;
            words::for_each(text, |word, range| {
                let is_marked = marked.get(word).copied().unwrap_or_else(|| {
                    let is_marked = Wanted::are(wanted, word);
                    marked.insert(word.to_owned(), is_marked);
                    is_marked
                });
                if is_marked {
                    spans.push(range);
                }
            });
        }
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.start < last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        merged
    }

    /// Whether there is neither a clause nor an exclusion, so that walking the entries only finds out who is live.
    pub fn is_idle(&self) -> bool {
        self.clauses.is_empty() && self.excluded.is_empty()
    }

    /// Fills `scratch` with the places of known terms and gives the number of words.
    fn scan(&mut self, text: &str) -> u32 {
        let Self { terms, scratch, .. } = self;
        scratch.clear();
        let mut position = 0;
        words::for_each(text, |word, range| {
            if let Some(term) = terms.get(word) {
                scratch.push(Occurrence { term: *term, position, start: range.start, end: range.end });
            }
            position += 1;
        });
        position
    }
}

fn count(occurrences: &[Occurrence], needle: &[u16]) -> u16 {
    let mut count = 0u16;
    places(occurrences, needle, |_, _| count = count.saturating_add(1));
    count
}

/// Calls `found` for each run of neighbouring occurrences that spells `needle`.
fn places(occurrences: &[Occurrence], needle: &[u16], mut found: impl FnMut(usize, usize)) {
    for run in occurrences.windows(needle.len().max(1)) {
        let matches = run.iter().zip(needle).enumerate().all(|(idx, (occurrence, term))| {
            occurrence.term == *term && occurrence.position as usize == run[0].position as usize + idx
        });
        if matches {
            found(run[0].start, run[run.len() - 1].end);
        }
    }
}

#[cfg(test)]
mod tests;
