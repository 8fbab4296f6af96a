//! On this day: what other times say to a day, by date and by meaning.
//!
//! The same date of earlier years, and passages of other times that mean nearly the same as what the day says. All of it
//! is the writer's own text; no language model has a part in it. Nothing is kept: it is looked up when it is opened.

use std::{ops::Range, sync::Arc};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    search::{
        plain::plain,
        snippet::{Piece, snippet},
    },
    services::{
        Failure, Services, finding::nearest, indexing::is_searchable, preferences::EarlierDays,
        sessions::Session,
    },
    vault::{days, entries, error::VaultError, transaction::Reader},
};

/// Days that must lie between for a passage to be of another time: what was written last week is still in mind.
const APART: i32 = 30;
/// Entries shown of the same date in one year.
const OF_A_YEAR: usize = 2;
/// Passages shown that mean nearly the same.
const BY_MEANING: usize = 3;
/// Entries nearest in meaning that are considered.
const CONSIDERED: usize = 60;
/// What is less near than this does not mean nearly the same. Higher than what a reply is shown: nobody asked for it.
const NEAR_ENOUGH: f32 = 0.45;

/// A piece of an entry, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its day.
    pub day: Day,
    /// Its entry.
    pub entry: EntryId,
    /// Plain text, cut at words.
    pub text: String,
}

/// What other times say to a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnThisDay {
    /// Of the same date in earlier years, the latest year first.
    pub years: Vec<Passage>,
    /// Passages that mean nearly the same, the nearest first.
    pub near: Vec<Passage>,
}

/// Whether the journal holds other times than those around a day, so that looking may find something.
pub(super) fn has_other_times(r: &Reader<'_>, day: Day) -> Result<bool, VaultError> {
    Ok(days::span(r)?.is_some_and(|(first, last)| is_apart(first, day) || is_apart(last, day)))
}

impl Services {
    /// What other times say to a day. Without an embedder that can be asked it is the same date alone.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn on_this_day(&self, session: &Session, day: Day) -> Result<OnThisDay, Failure> {
        if session.preferences().earlier == EarlierDays::Off {
            return Ok(OnThisDay::default());
        }
        let user = Arc::clone(&session.user);
        let own = blocking::db(move || user.vault.read(|r| own_entries(r, day))).await??;
        // The longest entry says best what the day was about.
        let vector = match own.iter().max_by_key(|entry| entry.text.len()) {
            Some(entry) if self.ask_index(&session.user) => self.meaning_of_entry(entry).await,
            _ => None,
        };
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let near = vector.map_or_else(Vec::new, |vector| nearest(&user, &vector, CONSIDERED));
            let found = user.vault.read(|r| {
                let mut found = OnThisDay { years: same_date(r, day)?, near: Vec::new() };
                for near in near.iter().filter(|near| near.score >= NEAR_ENOUGH) {
                    let is_shown = |one: &Passage| one.entry == near.meta.id || one.day == near.meta.day;
                    let is_new = !found.years.iter().chain(&found.near).any(is_shown);
                    if near.meta.role != Role::Writer || !is_apart(near.meta.day, day) || !is_new {
                        continue;
                    }
                    // The index may be behind: what is in the trash by now is not shown.
                    if let Some(entry) = entries::entry(r, near.meta.id)?.filter(is_searchable) {
                        let is_current = near.meta.revision == entry.revision;
                        found.near.push(passage(&entry, is_current.then(|| near.range())));
                    }
                    if found.near.len() == BY_MEANING {
                        break;
                    }
                }
                Ok(found)
            })?;
            Ok(found)
        })
        .await?
    }
}

fn is_apart(other: Day, day: Day) -> bool {
    other.number().abs_diff(day.number()) >= APART.unsigned_abs()
}

/// The writer's own entries of a day, outside the trash. A day that cannot be read hides nothing else.
pub(super) fn own_entries(r: &Reader<'_>, day: Day) -> Result<Vec<Entry>, VaultError> {
    match entries::day(r, day) {
        Err(error) if error.is_of_one_record() => Ok(Vec::new()),
        found => {
            Ok(found?.into_iter().filter(|one| one.role == Role::Writer && is_searchable(one)).collect())
        }
    }
}

/// What the same date of earlier years holds. The 29th of February comes back in leap years only.
fn same_date(r: &Reader<'_>, day: Day) -> Result<Vec<Passage>, VaultError> {
    let Some((first, _)) = days::span(r)? else { return Ok(Vec::new()) };
    let mut passages = Vec::new();
    for year in (first.year()..day.year()).rev() {
        let Some(then) = Day::from_ymd(year, day.month(), day.day_of_month()) else { continue };
        let own = own_entries(r, then)?;
        let shown = own.iter().take(OF_A_YEAR);
        passages.extend(shown.map(|entry| passage(entry, None)));
    }
    Ok(passages)
}

/// An entry from `start` of its plain text on, else from its beginning.
pub(super) fn passage(entry: &Entry, start: Option<Range<usize>>) -> Passage {
    let pieces = snippet(&plain(&entry.text), &[], start);
    Passage {
        day: entry.day,
        entry: entry.id,
        text: pieces.into_iter().map(|Piece { text, .. }| text).collect(),
    }
}
