//! Word search: which entries say what was typed, and how telling that is.

use std::{collections::HashMap, ops::Range};

use crate::{
    journal::{day::Day, ids::EntryId},
    search::{query::Query, words},
};

/// A common word weighs this part of what its rarity in the journal would give it.
const COMMON_WEIGHT: f32 = 0.15;
/// A word found nowhere weighs this part: it says that the query speaks in other words than the journal does.
const ABSENT_WEIGHT: f32 = 0.5;
/// BM25's k1 and b, for short texts in which saying a word once says nearly all.
const SATURATION: f32 = 0.4;
const LENGTH_WEIGHT: f32 = 0.4;

/// What ranking has to know of an entry besides its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The entry.
    pub id: EntryId,
    /// The page it stands on.
    pub day: Day,
    /// When it was first saved, milliseconds since 1970 UTC.
    pub created: i64,
    /// Written by the model.
    pub machine: bool,
}

/// How well the words of one entry fit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WordHit {
    /// Which entry.
    pub seen: Seen,
    /// Share of the query's weight that the entry says, 0 to 1.
    pub share: f32,
    /// The share, lowered for passing mentions in long entries and for words that many entries hold; 0 to 1.
    pub score: f32,
}

/// The outcome of a walk over all live entries.
pub struct WordHits {
    /// Entries that say at least one clause and nothing excluded, in the order of the walk.
    pub hits: Vec<WordHit>,
    /// Entries that may be results, also by meaning alone: seen, nothing excluded, all quoted phrases said.
    pub allowed: HashMap<EntryId, Seen>,
    /// The query is one word and no entry says it: perhaps a name that is not in this journal.
    pub unknown_word: bool,
}

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
}

struct Needle {
    terms: Vec<u16>,
    required: bool,
    common: bool,
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
        }
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

    /// Scores what was read.
    ///
    /// A clause weighs `ln(1 + (N - n + 0.5) / (n + 0.5))` (N entries, n of them say it: BM25's rarity), less when it
    /// is a common word or found nowhere. The share is the weight of the clauses said over that of all. The score
    /// multiplies each said weight by how much the entry speaks of it (BM25's saturation, in 0 to 1) and by its
    /// rarity among all possible rarities, so that only rare words reach 1.
    pub fn finish(self) -> WordHits {
        let n_entries = self.n_entries as f32;
        let rarest = (1.0 + (n_entries + 0.5) / 0.5).ln();
        let average = (self.n_words as f32 / n_entries.max(1.0)).max(1.0);
        let rarity: Vec<f32> = self
            .entries_with
            .iter()
            .map(|entries_with| {
                let found = *entries_with as f32;
                (1.0 + (n_entries - found + 0.5) / (found + 0.5)).ln()
            })
            .collect();
        let weights: Vec<f32> = self
            .clauses
            .iter()
            .zip(&rarity)
            .zip(&self.entries_with)
            .map(|((needle, rarity), entries_with)| {
                let absent = if *entries_with == 0 { ABSENT_WEIGHT } else { 1.0 };
                rarity * absent * if needle.common { COMMON_WEIGHT } else { 1.0 }
            })
            .collect();
        let total: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let hits = self
            .raw
            .iter()
            .map(|raw| {
                let length = 1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * raw.n_words as f32 / average;
                let mut share = 0.0;
                let mut score = 0.0;
                for (clause_idx, count) in raw.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let count = f32::from(*count);
                    share += weights[clause_idx];
                    score += weights[clause_idx] * (rarity[clause_idx] / rarest) * count
                        / (count + SATURATION * length);
                }
                WordHit { seen: raw.seen, share: share / total, score: score / total }
            })
            .collect();
        let unknown_word = matches!((&*self.clauses, &*self.entries_with), ([_], [0]));
        WordHits { hits, allowed: self.allowed, unknown_word }
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
