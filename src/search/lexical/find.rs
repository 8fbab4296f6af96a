//! Answering a query from the index: which entries say what, in which form, and what that is worth.

use std::collections::HashMap;

use crate::{
    journal::ids::EntryId,
    search::{
        lexical::{
            WordHit, WordHits,
            analyse::Language,
            bits::Bits,
            index::{Held, WordIndex},
            recent::Numbered,
            score::{self, Weights},
            segment::{Row, Said, WordsError},
            wanted::{Form, Wanted},
        },
        query::{Clause, Query},
        rank, words,
    },
};

/// What of a query was looked up already, for [`WordIndex::find`]; says which entries hold its words: drop it at lock.
pub struct LookedUp {
    /// How the index stood.
    stamp: u64,
    /// Entries of each source that count and say nothing excluded.
    live: Vec<Bits>,
    /// For each clause and source, who says it.
    said: Vec<Vec<Vec<Said>>>,
    /// For each clause, how many say it.
    found: Vec<u32>,
    wanted: Vec<Wanted>,
}

/// One segment or the recent entries.
enum Source<'a> {
    Segment(&'a Held),
    Recent(Numbered<'a>),
}

impl WordIndex {
    /// Looks up what does not depend on meanings, while these are still computed.
    ///
    /// # Errors
    /// [`WordsError`] when a segment cannot be read.
    pub fn look_up(&self, query: &Query) -> Result<LookedUp, WordsError> {
        let sources = self.sources();
        let mut live: Vec<Bits> = sources.iter().map(Source::alive).collect();
        for words in query.excluded() {
            for (source, live) in sources.iter().zip(&mut live) {
                source.said(words, live)?.iter().for_each(|said| live.remove(said.doc));
            }
        }
        let languages = self.languages(query);
        let mut wanted = Vec::new();
        let mut said: Vec<Vec<Vec<Said>>> = vec![Vec::new(); query.clauses().len()];
        let mut found: Vec<u32> = vec![0; query.clauses().len()];
        for (number, clause) in query.clauses().iter().enumerate().filter(|(_, clause)| !waits(query, clause))
        {
            let is_growing = query.growing() == Some(number);
            let (lists, forms) =
                Search { sources: &sources, live: &live }.clause(clause, is_growing, &languages)?;
            found[number] = lists.iter().map(|said| said.len() as u32).sum();
            said[number] = lists;
            wanted.extend(forms);
        }
        Ok(LookedUp { stamp: self.stamp(), live, said, found, wanted })
    }

    /// Finds entries by their words. `looked_up` is what [`WordIndex::look_up`] gave for the same query; when the index
    /// has changed since, or there is none, it is looked up now.
    ///
    /// `near` are the entries nearest in meaning: whether they may be results is answered for them, and what they say
    /// even if it is little. Of the others those that say nearly nothing of the query are left out.
    ///
    /// # Errors
    /// [`WordsError`] when a segment cannot be read.
    pub fn find(
        &self,
        query: &Query,
        looked_up: Option<LookedUp>,
        near: &[EntryId],
    ) -> Result<WordHits, WordsError> {
        let looked_up = match looked_up.filter(|looked_up| looked_up.stamp == self.stamp()) {
            Some(looked_up) => looked_up,
            None => self.look_up(query)?,
        };
        let LookedUp { mut live, mut said, mut found, wanted, .. } = looked_up;
        let sources = self.sources();
        let nearby = self.nearby(&sources, near);
        // Words that say little are looked up only where something telling was said, or meaning is near.
        let candidates = candidates(&live, &said, &nearby);
        for (number, clause) in query.clauses().iter().enumerate().filter(|(_, clause)| waits(query, clause))
        {
            let search = Search { sources: &sources, live: &candidates };
            said[number] = search.each(|source, live| source.said(&clause.words, live))?;
            found[number] =
                sources.iter().map(|source| source.frequency(&clause.words)).sum::<Result<u32, _>>()?;
        }
        let common = query.clauses().iter().map(Clause::is_common);
        let weights = Weights::new(common.zip(found.iter().copied()), self.len() as u32);
        for (_, said) in query.clauses().iter().zip(&said).filter(|(clause, _)| clause.required) {
            for (live, said) in live.iter_mut().zip(said) {
                let mut having = live.clone();
                having.clear();
                said.iter().for_each(|said| having.insert(said.doc));
                live.keep(&having);
            }
        }
        let average = self.average();
        let mut hits = Vec::new();
        for (source_idx, (source, live)) in sources.iter().zip(&live).enumerate() {
            let mut sums = vec![(0.0f32, 0.0f32); source.len()];
            for (clause_idx, said) in said.iter().enumerate() {
                for said in said[source_idx].iter().filter(|said| live.has(said.doc)) {
                    let Some(row) = source.row(said.doc) else { continue };
                    let (share, score) = weights.of(
                        clause_idx,
                        f32::from(said.count),
                        said.weight,
                        row.n_words as f32 / average,
                    );
                    let sum = &mut sums[said.doc as usize];
                    *sum = (sum.0 + share, sum.1 + score);
                }
            }
            for (doc, (share, score)) in (0..).zip(sums).filter(|(_, (share, _))| *share > 0.0) {
                if share >= rank::SOME_SAID || nearby.contains_key(&(source_idx, doc)) {
                    hits.extend(source.row(doc).map(|row| WordHit { seen: row.seen, share, score }));
                }
            }
        }
        let allowed = nearby
            .iter()
            .filter(|((source, doc), _)| live[*source].has(*doc))
            .filter_map(|((source, doc), id)| Some((*id, sources[*source].row(*doc)?.seen)))
            .collect();
        let unknown_word = matches!(found.as_slice(), [0]);
        let rarities = score::rarities(query, &found, self.len() as u32);
        Ok(WordHits { hits, allowed, unknown_word, rarities, wanted })
    }

    fn sources(&self) -> Vec<Source<'_>> {
        let mut sources: Vec<Source<'_>> = self.segments.iter().map(Source::Segment).collect();
        sources.push(Source::Recent(self.recent.numbered()));
        sources
    }

    /// The language of the query, if its words tell; else all in which words of the journal have stems.
    fn languages(&self, query: &Query) -> Vec<Language> {
        let words = query.clauses().iter().flat_map(|clause| &clause.words);
        if let Some(language) = Language::surely_of(words.map(String::as_str)) {
            return vec![language];
        }
        Language::all()
            .filter(|language| {
                self.segments.iter().any(|held| held.segment.languages().contains(language))
                    || self.recent.speaks(*language)
            })
            .collect()
    }

    fn nearby(&self, sources: &[Source<'_>], near: &[EntryId]) -> HashMap<(usize, u32), EntryId> {
        let Some(Source::Recent(recent)) = sources.last() else { return HashMap::new() };
        near.iter()
            .filter_map(|id| {
                let place = self.place(*id).or_else(|| Some((sources.len() - 1, recent.number(*id)?)));
                Some((place?, *id))
            })
            .collect()
    }
}

/// A word on its own that says little, and that an entry may lack.
fn is_only_common(clause: &Clause) -> bool {
    clause.words.len() == 1 && !clause.required && clause.is_common()
}

/// Whether a clause is looked up only where another says something.
fn waits(query: &Query, clause: &Clause) -> bool {
    is_only_common(clause) && query.clauses().iter().any(|other| !is_only_common(other))
}

/// Entries of each source that say something, or are near in meaning.
fn candidates(live: &[Bits], said: &[Vec<Vec<Said>>], nearby: &HashMap<(usize, u32), EntryId>) -> Vec<Bits> {
    let mut candidates: Vec<Bits> = live
        .iter()
        .map(|live| {
            let mut none = live.clone();
            none.clear();
            none
        })
        .collect();
    for lists in said {
        for (candidates, said) in candidates.iter_mut().zip(lists) {
            said.iter().for_each(|said| candidates.insert(said.doc));
        }
    }
    for (source, doc) in nearby.keys().filter(|(source, doc)| live[*source].has(*doc)) {
        candidates[*source].insert(*doc);
    }
    candidates
}

struct Search<'a> {
    sources: &'a [Source<'a>],
    live: &'a [Bits],
}

impl Search<'_> {
    /// Who says a clause, source by source in the order of their entries; and what else than the word itself counted.
    ///
    /// A word alone is also found by its stem; while it is being typed and is no word of the journal, as the beginning of
    /// one; and when nobody says it then, nearly spelt so.
    fn clause(
        &self,
        clause: &Clause,
        is_growing: bool,
        languages: &[Language],
    ) -> Result<(Vec<Vec<Said>>, Option<Wanted>), WordsError> {
        let mut found = self.each(|source, live| source.said(&clause.words, live))?;
        let is_known = found.iter().any(|said| !said.is_empty());
        let [word] = clause.words.as_slice() else { return Ok((found, None)) };
        let wanted = if clause.required { None } else { Wanted::new(word, languages) };
        let Some(mut wanted) = wanted else { return Ok((found, None)) };
        self.more(&mut found, &wanted, Form::Stem)?;
        if is_growing && !is_known {
            wanted.let_begin();
            self.more(&mut found, &wanted, Form::Beginning)?;
        }
        for slips in 1..=wanted.slips() {
            if found.iter().any(|said| !said.is_empty()) {
                break;
            }
            wanted.let_slip(slips);
            self.more(&mut found, &wanted, Form::Misspelt)?;
        }
        found.iter_mut().for_each(by_entry);
        Ok((found, Some(wanted)))
    }

    fn more(&self, found: &mut [Vec<Said>], wanted: &Wanted, form: Form) -> Result<(), WordsError> {
        let more = self.each(|source, live| source.said_otherwise(wanted, form, live))?;
        found.iter_mut().zip(more).for_each(|(found, more)| found.extend(more));
        Ok(())
    }

    fn each(
        &self,
        ask: impl Fn(&Source<'_>, &Bits) -> Result<Vec<Said>, WordsError>,
    ) -> Result<Vec<Vec<Said>>, WordsError> {
        self.sources.iter().zip(self.live).map(|(source, live)| ask(source, live)).collect()
    }
}

/// One for each entry: all that was said in any form, worth as much as the best of the forms.
fn by_entry(said: &mut Vec<Said>) {
    said.sort_unstable_by_key(|said| said.doc);
    said.dedup_by(|next, kept| {
        let is_same = next.doc == kept.doc;
        if is_same {
            kept.count = kept.count.saturating_add(next.count);
            kept.weight = kept.weight.max(next.weight);
        }
        is_same
    });
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Segment(held) => held.segment.rows.len(),
            Self::Recent(recent) => recent.entries.len(),
        }
    }

    fn alive(&self) -> Bits {
        match self {
            Self::Segment(held) => held.alive.clone(),
            Self::Recent(recent) => Bits::all(recent.entries.len()),
        }
    }

    fn row(&self, doc: u32) -> Option<&Row> {
        match self {
            Self::Segment(held) => held.segment.rows.get(doc as usize),
            Self::Recent(recent) => recent.entries.get(doc as usize).map(|recent| &recent.row),
        }
    }

    fn said(&self, wanted: &[String], live: &Bits) -> Result<Vec<Said>, WordsError> {
        match self {
            Self::Segment(held) => held.segment.said(wanted, live),
            Self::Recent(recent) => Ok(recent.said(wanted, live)),
        }
    }

    /// In how many entries a word stands, those that do not count any more included.
    fn frequency(&self, words: &[String]) -> Result<u32, WordsError> {
        let [word] = words else { return Ok(0) };
        match self {
            Self::Segment(held) => held.segment.frequency(word),
            Self::Recent(recent) => Ok(recent.frequency(word)),
        }
    }

    fn said_otherwise(&self, wanted: &Wanted, form: Form, live: &Bits) -> Result<Vec<Said>, WordsError> {
        match self {
            Self::Segment(held) => held.segment.said_otherwise(wanted, form, live),
            Self::Recent(recent) => Ok(recent.said_otherwise(wanted, form, live)),
        }
    }
}

impl Clause {
    /// Whether it has only words that say little.
    pub(super) fn is_common(&self) -> bool {
        self.words.iter().all(|word| words::is_common(word))
    }
}
