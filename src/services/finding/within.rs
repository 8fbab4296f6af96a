//! What a search is narrowed to besides its words: days, voice, and traces as the entries that carry them.

use std::collections::HashSet;

use crate::{
    journal::{day::Day, entry::Entry, ids::EntryId},
    search::{
        filter::{By, Filter},
        lexical::{Matcher, WordHits},
        plain::plain,
        query::Query,
        rank::{self, Ranked},
    },
    services::{
        finding::asked::Wanted, indexing::is_searchable, traces::page::carriers as carriers_of, words::seen,
    },
    vault::{days, entries, error::VaultError, transaction::Reader},
};

/// What a result must satisfy besides the words.
pub(super) struct Within {
    filter: Filter,
    /// What carries all the traces that were asked for; `None` when none was.
    carriers: Option<HashSet<EntryId>>,
    /// What carries any of the traces that must not be there.
    barred: HashSet<EntryId>,
}

impl Within {
    /// The whole journal.
    pub(super) fn all() -> Self {
        Self { filter: Filter::default(), carriers: None, barred: HashSet::new() }
    }

    /// What the writer wrote.
    pub(super) fn writer() -> Self {
        Self { filter: Filter { by: By::Writer, ..Filter::default() }, ..Self::all() }
    }

    /// What was wanted.
    ///
    /// # Errors
    /// Store errors.
    pub(super) fn of(r: &Reader<'_>, wanted: &Wanted) -> Result<Self, VaultError> {
        let carriers = if !wanted.unknown.is_empty() {
            Some(HashSet::new())
        } else if wanted.traces.is_empty() {
            None
        } else {
            Some(carriers_of(r, &wanted.traces)?)
        };
        let mut barred = HashSet::new();
        for id in &wanted.without {
            barred.extend(carriers_of(r, &[*id])?);
        }
        Ok(Self { filter: wanted.filter, carriers, barred })
    }

    /// Whether everything passes.
    pub(super) fn is_open(&self) -> bool {
        self.filter.is_open() && self.carriers.is_none() && self.barred.is_empty()
    }

    /// Whether a text passes; `machine` says that the model wrote it.
    pub(super) fn admits(&self, id: EntryId, day: Day, machine: bool) -> bool {
        self.filter.admits(day, machine)
            && self.carriers.as_ref().is_none_or(|carriers| carriers.contains(&id))
            && !self.barred.contains(&id)
    }

    /// Leaves out what is not admitted. How rare a word is stays what it is in the whole journal.
    pub(super) fn narrow(&self, words: &mut WordHits) {
        if !self.is_open() {
            words.allowed.retain(|_, seen| self.admits(seen.id, seen.day, seen.machine));
            words.hits.retain(|hit| self.admits(hit.seen.id, hit.seen.day, hit.seen.machine));
        }
    }

    /// Everything that is admitted and that the query does not bar, newest first.
    ///
    /// # Errors
    /// Store errors.
    pub(super) fn everything(&self, r: &Reader<'_>, query: &Query) -> Result<Vec<Ranked>, VaultError> {
        let mut barred = Matcher::new(&query.barred());
        let mut all = Vec::new();
        let mut take = |entry: &Entry| {
            let seen = seen(entry);
            if is_searchable(entry)
                && self.admits(seen.id, seen.day, seen.machine)
                && barred.spans(&plain(&entry.text)).is_empty()
            {
                all.push(Ranked { seen, score: 0.0, only_meaning: false, chunk: None });
            }
        };
        if let Some(carriers) = &self.carriers {
            for id in carriers {
                match entries::entry(r, *id) {
                    Ok(entry) => entry.iter().for_each(&mut take),
                    Err(error @ VaultError::Store(_)) => return Err(error),
                    // Its day says that it does not open.
                    Err(_) => {}
                }
            }
        } else {
            let Filter { from, to, .. } = self.filter;
            days::walk_days(r, true, &mut |day| {
                if from.is_some_and(|from| day < from) {
                    return Ok(false);
                }
                if to.is_none_or(|to| day <= to) {
                    entries::day(r, day)?.iter().for_each(&mut take);
                }
                Ok(true)
            })?;
        }
        rank::newest_first(&mut all);
        Ok(all)
    }
}
