//! Entries that are in no segment yet: the words of a hundred or so, in maps.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use crate::{
    journal::ids::EntryId,
    search::lexical::{
        Seen,
        analyse::{Analysed, BETWEEN, Language, STEM, STEM_MARK, analyse},
        bits::Bits,
        segment::{Row, Said},
        wanted::{Form, Wanted},
    },
};

/// An entry that is in no segment yet.
pub(super) struct Recent {
    pub(super) row: Row,
    /// From [`analyse`].
    pub(super) tokens: String,
    language: Language,
}

impl Recent {
    pub(super) fn new(seen: Seen, revision: u32, text: &str) -> Self {
        let Analysed { tokens, n_words, language } = analyse(text);
        Self { row: Row { seen, revision, n_words }, tokens, language }
    }

    /// Words and marked stems, each as often as it stands there.
    fn terms(&self) -> impl Iterator<Item = &str> {
        self.tokens.split([BETWEEN, STEM]).filter(|term| !term.is_empty())
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct RecentEntries {
    entries: BTreeMap<EntryId, Arc<Recent>>,
    /// How often each entry holds a word or a stem.
    terms: BTreeMap<Box<str>, BTreeMap<EntryId, u16>>,
}

impl RecentEntries {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes in memory, about.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.entries.values().map(|recent| recent.tokens.len() * 3).sum()
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Arc<Recent>> {
        self.entries.get(&id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.entries.keys().copied()
    }

    pub(super) fn all(&self) -> Vec<Arc<Recent>> {
        self.entries.values().map(Arc::clone).collect()
    }

    pub(super) fn put(&mut self, recent: Recent) {
        let id = recent.row.seen.id;
        self.remove(id);
        for term in recent.terms() {
            let entries = match self.terms.get_mut(term) {
                Some(entries) => entries,
                None => self.terms.entry(term.into()).or_default(),
            };
            let count = entries.entry(id).or_default();
            *count = count.saturating_add(1);
        }
        self.entries.insert(id, Arc::new(recent));
    }

    pub(super) fn remove(&mut self, id: EntryId) {
        let Some(recent) = self.entries.remove(&id) else { return };
        for term in recent.terms() {
            if let Some(entries) = self.terms.get_mut(term) {
                entries.remove(&id);
                if entries.is_empty() {
                    self.terms.remove(term);
                }
            }
        }
    }

    pub(super) fn speaks(&self, language: Language) -> bool {
        self.entries.values().any(|recent| recent.language == language)
    }

    /// The entries in the order in which their numbers count.
    pub(super) fn numbered(&self) -> Numbered<'_> {
        let entries: Vec<&Recent> = self.entries.values().map(|recent| &**recent).collect();
        let numbers = (0..).zip(&entries).map(|(number, recent)| (recent.row.seen.id, number)).collect();
        Numbered { all: self, entries, numbers }
    }
}

/// Recent entries under the numbers they have in one search.
pub(super) struct Numbered<'a> {
    all: &'a RecentEntries,
    pub(super) entries: Vec<&'a Recent>,
    numbers: HashMap<EntryId, u32>,
}

impl Numbered<'_> {
    pub(super) fn number(&self, id: EntryId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// In how many a word stands.
    pub(super) fn frequency(&self, word: &str) -> u32 {
        self.all.terms.get(word).map_or(0, |entries| entries.len() as u32)
    }

    /// Entries in `live` that hold these words one after the other, in order.
    pub(super) fn said(&self, words: &[String], live: &Bits) -> Vec<Said> {
        let mut said = Vec::new();
        let Some((first, rest)) = words.split_first() else { return said };
        let Some(entries) = self.all.terms.get(first.as_str()) else { return said };
        for (id, count) in entries {
            let Some(doc) = self.number(*id).filter(|doc| live.has(*doc)) else { continue };
            let holds = |word: &String| {
                self.all.terms.get(word.as_str()).is_some_and(|entries| entries.contains_key(id))
            };
            let count = match (rest.is_empty(), self.entries.get(doc as usize)) {
                (true, _) => *count,
                (false, Some(recent)) if rest.iter().all(holds) => runs(&recent.tokens, words),
                _ => 0,
            };
            if count > 0 {
                said.push(Said { doc, count, weight: 1.0 });
            }
        }
        said
    }

    /// Entries in `live` that hold the word in another form, in any order, perhaps more than once.
    pub(super) fn said_otherwise(&self, wanted: &Wanted, form: Form, live: &Bits) -> Vec<Said> {
        let mut said = Vec::new();
        let mut add = |term: &str, entries: &BTreeMap<EntryId, u16>| {
            let weight = match form {
                Form::Stem => Some(Wanted::STEM_WEIGHT),
                Form::Beginning => Some(Wanted::BEGINNING_WEIGHT),
                Form::Misspelt => wanted.slip_weight(term),
            };
            let Some(weight) = weight else { return };
            for (id, count) in entries {
                if let Some(doc) = self.number(*id).filter(|doc| live.has(*doc)) {
                    said.push(Said { doc, count: *count, weight });
                }
            }
        };
        match form {
            Form::Stem => {
                for term in wanted.stem_terms() {
                    if let Some(entries) = self.all.terms.get(term.as_str()) {
                        add(term, entries);
                    }
                }
            }
            Form::Beginning => {
                let from = (Bound::Excluded(wanted.word.as_str()), Bound::Unbounded);
                let longer = self.all.terms.range::<str, _>(from);
                for (term, entries) in longer.take_while(|(term, _)| term.starts_with(&wanted.word)) {
                    add(term, entries);
                }
            }
            Form::Misspelt => {
                for (term, entries) in self.all.terms.iter().filter(|(term, _)| !term.starts_with(STEM_MARK))
                {
                    add(term, entries);
                }
            }
        }
        said
    }
}

/// How many places there are from which one word follows the other.
fn runs(tokens: &str, words: &[String]) -> u16 {
    let read: Vec<&str> =
        tokens.split(BETWEEN).map(|token| token.split(STEM).next().unwrap_or_default()).collect();
    let runs = read.windows(words.len()).filter(|run| **run == *words);
    u16::try_from(runs.count()).unwrap_or(u16::MAX)
}
