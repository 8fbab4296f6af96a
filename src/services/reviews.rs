//! Reviews: a week or a month looked back on.
//!
//! A review is put together when it is looked at, out of what is there: the writer's entries, the recaps that are kept,
//! and the traces. Nothing is asked of a language model for it, nothing is kept, and nothing is scored.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    blocking,
    journal::{day::Day, entry::Entry, ids::TraceId, period::Period},
    search::{plain::plain, recap},
    services::{
        Failure, Services,
        passages::{Passage, own_entries},
        recaps::WORTH_IT,
        sessions::{Session, User},
        traces::Chip,
    },
    vault::{days, error::VaultError, recaps, transaction::Reader},
};

/// Traces that are shown of a period.
const TRACES: usize = 8;
/// Entries worth reading again that are shown.
const AGAIN: usize = 3;
/// An entry of fewer characters is read where its day is listed.
const LONG: usize = 400;

/// What a review shows.
pub struct Review {
    /// The week or month.
    pub period: Period,
    /// Today, in the writer's zone.
    pub today: Day,
    /// Whether the journal holds anything before it.
    pub has_earlier: bool,
    /// Days with writing, in order.
    pub days: Vec<ReviewDay>,
    /// A few sentences that stand for all, each with its day; none with the model switched off or with few days.
    pub in_short: Vec<(Day, String)>,
    /// What came up most: the trace, entries that carry it, and entries that carried it in the period before.
    pub traces: Vec<(Chip, usize, usize)>,
    /// The longest entries.
    pub again: Vec<Passage>,
}

/// A day of a review.
pub struct ReviewDay {
    /// Which day.
    pub day: Day,
    /// The writer's entries on it.
    pub entries: usize,
    /// What it was about: its recap, else the beginning of its first entry.
    pub about: String,
    /// Name of the model that wrote it, if one did.
    pub model: Option<String>,
}

impl Services {
    /// A week or a month looked back on.
    ///
    /// # Errors
    /// When a record cannot be read; a day that cannot is left out.
    pub async fn review(&self, session: &Session, period: Period) -> Result<Review, Failure> {
        let (user, today) = (Arc::clone(&session.user), self.today(session));
        let wants_recaps = !session.user.model_is_off.load(Ordering::SeqCst);
        blocking::db(move || {
            let read = user.vault.read(|r| {
                let mut days = Vec::new();
                for day in period.days().filter(|day| *day <= today) {
                    days.push((day, own_entries(r, day)?, kept_recap(r, day)?));
                }
                let mut before = Vec::new();
                for day in period.previous().into_iter().flat_map(Period::days) {
                    before.extend(own_entries(r, day)?);
                }
                Ok((days, before, days::span(r)?))
            });
            let (days, before, span) = read?;
            Ok(put_together(
                &user,
                (period, today),
                &days,
                &before,
                (span.map(|(first, _)| first), wants_recaps),
            ))
        })
        .await?
    }
}

type ReadDay = (Day, Vec<Entry>, Option<recaps::Recap>);

fn put_together(
    user: &User,
    (period, today): (Period, Day),
    read: &[ReadDay],
    before: &[Entry],
    (first, wants_recaps): (Option<Day>, bool),
) -> Review {
    let written = read.iter().filter(|(_, entries, _)| !entries.is_empty());
    let days: Vec<ReviewDay> = written.clone().map(|one| review_day(one, wants_recaps)).collect();
    let own: Vec<&Entry> = written.flat_map(|(_, entries, _)| entries).collect();
    let in_short = if wants_recaps { in_short(read) } else { Vec::new() };
    let mut long: Vec<&&Entry> = own.iter().filter(|entry| entry.text.chars().count() >= LONG).collect();
    long.sort_by_key(|entry| (std::cmp::Reverse(entry.text.chars().count()), entry.day));
    Review {
        has_earlier: first.is_some_and(|first| first < period.first()),
        traces: traces(user, &own, before),
        again: long.into_iter().take(AGAIN).map(|entry| Passage::of(entry, None)).collect(),
        period,
        today,
        days,
        in_short,
    }
}

fn review_day((day, entries, kept): &ReadDay, wants_recaps: bool) -> ReviewDay {
    let kept = kept.as_ref().filter(|kept| wants_recaps && kept.digest == recaps::digest(entries));
    let is_removed = kept.is_some_and(|kept| kept.sentences.is_empty());
    let texts: Vec<String> = entries.iter().map(|entry| plain(&entry.text)).collect();
    let own = || {
        let sentences = recap::sentences(&texts);
        let n_chars: usize = texts.iter().map(|text| text.chars().count()).sum();
        let chosen = match wants_recaps && !is_removed && n_chars >= WORTH_IT {
            true => recap::choose(&sentences, &recap::word_vectors(&sentences)).join(" "),
            false => String::new(),
        };
        if chosen.is_empty() {
            entries.first().map_or_else(String::new, |entry| Passage::of(entry, None).text)
        } else {
            chosen
        }
    };
    let about = kept.filter(|_| !is_removed).map_or_else(own, |kept| kept.sentences.join(" "));
    let model = kept.and_then(|kept| kept.made_by.as_ref()).map(|maker| maker.model.clone());
    ReviewDay { day: *day, entries: entries.len(), about, model }
}

/// The sentences that stand for the whole, in the writer's own words and the order of writing.
fn in_short(read: &[ReadDay]) -> Vec<(Day, String)> {
    let mut all: Vec<(Day, String)> = Vec::new();
    for (day, entries, _) in read {
        let texts: Vec<String> = entries.iter().map(|entry| plain(&entry.text)).collect();
        let sentences = recap::sentences(&texts);
        // Of each day one sentence, so that a long day does not outweigh the others.
        let picked = recap::pick(&sentences, &recap::word_vectors(&sentences));
        all.extend(picked.first().map(|idx| (*day, sentences[*idx].clone())));
    }
    let n_days = read.iter().filter(|(_, entries, _)| !entries.is_empty()).count();
    if n_days < 3 {
        return Vec::new();
    }
    let sentences: Vec<String> = all.iter().map(|(_, sentence)| sentence.clone()).collect();
    let chosen = recap::pick(&sentences, &recap::word_vectors(&sentences));
    chosen.into_iter().map(|idx| (all[idx].0, recap::cut(&all[idx].1))).collect()
}

/// The traces that most entries carry, and how many carried them in the period before.
fn traces(user: &User, own: &[&Entry], before: &[Entry]) -> Vec<(Chip, usize, usize)> {
    let mut counts: HashMap<TraceId, (usize, usize)> = HashMap::new();
    own.iter().flat_map(|entry| &entry.traces).for_each(|id| counts.entry(*id).or_default().0 += 1);
    before.iter().flat_map(|entry| &entry.traces).for_each(|id| counts.entry(*id).or_default().1 += 1);
    let mut most: Vec<_> = counts.into_iter().filter(|(_, (now, _))| *now > 0).collect();
    most.sort_by_key(|(id, (now, then))| (std::cmp::Reverse(*now), *then, id.as_bytes().to_owned()));
    most.truncate(TRACES);
    let ids: Vec<TraceId> = most.iter().map(|(id, _)| *id).collect();
    let chips = Chip::of(user, &ids);
    most.into_iter()
        .filter_map(|(id, (now, then))| Some((chips.iter().find(|chip| chip.id == id)?.clone(), now, then)))
        .collect()
}

fn kept_recap(r: &Reader<'_>, day: Day) -> Result<Option<recaps::Recap>, VaultError> {
    match recaps::get(r, day) {
        Err(error) if error.is_of_one_record() => Ok(None),
        found => found,
    }
}
