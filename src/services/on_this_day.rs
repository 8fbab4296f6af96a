//! On this day: what other times say to a day, by date and by meaning.
//!
//! The same date of earlier years, and passages of other times that mean nearly the same as what the day says. All of it
//! is the writer's own text; no language model has a part in it. Nothing is kept: it is looked up when it is opened.

use std::sync::Arc;

use crate::{
    blocking,
    journal::{day::Day, entry::Role},
    services::{
        Failure, Services,
        finding::nearest,
        passages::{Passage, own_entries},
        preferences::EarlierDays,
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
                    if let Some(entry) = entries::entry(r, near.meta.id)? {
                        found.near.push(Passage::of(&entry, Some(near.range())));
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

/// What the same date of earlier years holds. The 29th of February comes back in leap years only.
fn same_date(r: &Reader<'_>, day: Day) -> Result<Vec<Passage>, VaultError> {
    let Some((first, _)) = days::span(r)? else { return Ok(Vec::new()) };
    let mut passages = Vec::new();
    for year in (first.year()..day.year()).rev() {
        let Some(then) = Day::from_ymd(year, day.month(), day.day_of_month()) else { continue };
        let own = own_entries(r, then)?;
        let shown = own.iter().take(OF_A_YEAR);
        passages.extend(shown.map(|entry| Passage::of(entry, None)));
    }
    Ok(passages)
}
