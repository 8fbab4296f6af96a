//! The page of one trace: its counts, its days, what appears with it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
    },
    services::{
        Failure, Services,
        days::with_replies,
        entries::EntryView,
        passages::Passage,
        sessions::{Session, User},
        traces::Chip,
    },
    vault::{
        entries,
        error::VaultError,
        traces::{self, Link, Trace},
        transaction::Reader,
    },
};

/// Entries on one page.
pub const ON_PAGE: usize = 20;
/// Entries that are shown where a chip is opened.
const MOST_LATEST: usize = 5;
/// Traces that are named as appearing with this one.
const MOST_RELATED: usize = 8;
/// Of these, so many can be chosen to narrow its entries down: a trace has rarely more beside it.
const MOST_BESIDE: usize = 200;

/// Which of a trace's entries are wanted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct TraceAsk {
    /// Only those that carry this one too.
    pub with: Option<TraceId>,
    /// Only from this day on.
    pub from: Option<Day>,
    /// Only until this day.
    pub to: Option<Day>,
    /// The year of the heat map; the last one by default.
    pub year: Option<i16>,
    /// From 1.
    pub page: usize,
    /// Beginning with that page, so many; for the way back to where one was.
    pub upto: usize,
}

/// What is shown of a trace where its chip is opened.
pub struct About {
    /// Traces of the same entries with how many of them carry both, most first.
    pub related: Vec<(Chip, u32)>,
    /// The latest entries that carry it, latest first; of a reply the entry it answers.
    pub latest: Vec<Passage>,
}

/// A trace as its page shows it.
pub struct TraceView {
    /// The trace.
    pub trace: Trace,
    /// Its name, with the short name of an emoji.
    pub chip: Chip,
    /// Traces of the same entries with how many of them carry both, most first.
    pub related: Vec<(Chip, u32)>,
    /// The same and more of them, and the second trace of the filter: any other would leave nothing of the list.
    pub beside: Vec<(Chip, u32)>,
    /// The second trace of the filter.
    pub with: Option<Chip>,
    /// The year of the heat map.
    pub year: i16,
    /// Days of that year with how many entries carry the trace.
    pub heat: Vec<(Day, u32)>,
    /// Entries that fit the filter; a reply counts.
    pub count: usize,
    /// Entries of this page by day, latest first.
    pub days: Vec<(Day, Vec<EntryView>)>,
    /// This page, from 1; of several the first.
    pub page: usize,
    /// How many pages of entries these are.
    pub n_pages: usize,
    /// Whether there is another one.
    pub more: bool,
}

impl Services {
    /// The page of a trace; `None` when there is no such trace.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn trace_page(
        &self,
        session: &Session,
        id: TraceId,
        ask: TraceAsk,
    ) -> Result<Option<TraceView>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let Some(found) = user.vault.read(|r| look(r, id, &ask))? else { return Ok(None) };
            Ok(Some(found.shown(&user, &ask)))
        })
        .await?
    }
}

impl Services {
    /// What is known of a trace, in short; `None` when there is no such trace.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn trace_about(&self, session: &Session, id: TraceId) -> Result<Option<About>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let ask = TraceAsk { page: 1, upto: 1, ..TraceAsk::default() };
            let Some(found) = user.vault.read(|r| look(r, id, &ask))? else { return Ok(None) };
            let cards = found.days.iter().flat_map(|(_, cards, stored)| {
                cards.iter().filter_map(|id| stored.iter().find(|entry| entry.id == *id))
            });
            let latest = cards.take(MOST_LATEST).map(|entry| Passage::of(entry, None)).collect();
            Ok(Some(About { related: found.related(&user, MOST_RELATED), latest }))
        })
        .await?
    }
}

/// The entries, replies and openings that carry every one of these traces; none when `ids` is empty.
///
/// # Errors
/// Store errors.
pub(crate) fn carriers(r: &Reader<'_>, ids: &[TraceId]) -> Result<HashSet<EntryId>, VaultError> {
    let mut all: Option<HashSet<EntryId>> = None;
    for id in ids {
        let of_one: HashSet<EntryId> = traces::entries(r, *id)?.into_iter().map(|link| link.entry).collect();
        all = Some(match all {
            None => of_one,
            Some(before) => before.intersection(&of_one).copied().collect(),
        });
    }
    Ok(all.unwrap_or_default())
}

/// What one view of the journal says of a trace.
struct Found {
    trace: Trace,
    related: Vec<(TraceId, u32)>,
    year: i16,
    heat: Vec<(Day, u32)>,
    count: usize,
    page: usize,
    n_pages: usize,
    more: bool,
    /// The cards of this page with the records of their days, latest first.
    days: Vec<(Day, Vec<EntryId>, Vec<Entry>)>,
}

fn look(r: &Reader<'_>, id: TraceId, ask: &TraceAsk) -> Result<Option<Found>, VaultError> {
    let Some(trace) = traces::trace(r, id)? else { return Ok(None) };
    let links = traces::entries(r, id)?;
    let year = ask.year.unwrap_or_else(|| trace.last.year()).clamp(trace.first.year(), trace.last.year());
    let heat = heat_of(&links, year);
    // What an entry is shown as: itself, or for a reply the entry it answers; and when it was written.
    let mut cards: HashMap<EntryId, (EntryId, i64)> = HashMap::new();
    let related = traces::together(r, id, &links, |entry| {
        let card = if entry.role == Role::Reply { entry.reply_to.unwrap_or(entry.id) } else { entry.id };
        cards.insert(entry.id, (card, entry.created));
    })?;
    let with = match ask.with {
        Some(with) => {
            Some(traces::entries(r, with)?.into_iter().map(|link| link.entry).collect::<HashSet<_>>())
        }
        None => None,
    };
    let fits = |link: &&Link| {
        with.as_ref().is_none_or(|with| with.contains(&link.entry))
            && ask.from.is_none_or(|from| link.day >= from)
            && ask.to.is_none_or(|to| link.day <= to)
    };
    let fitting: Vec<&Link> = links.iter().filter(fits).collect();
    let mut first: HashMap<EntryId, (Day, i64)> = HashMap::new();
    for link in &fitting {
        let Some((card, created)) = cards.get(&link.entry) else { continue };
        let place = first.entry(*card).or_insert((link.day, *created));
        *place = (*place).min((link.day, *created));
    }
    let shown: BTreeSet<(Day, i64, EntryId)> =
        first.into_iter().map(|(card, (day, created))| (day, created, card)).collect();
    let all_pages = shown.len().div_ceil(ON_PAGE).max(1);
    let page = ask.page.clamp(1, all_pages);
    let n_pages = ask.upto.clamp(1, all_pages + 1 - page);
    let mut days: Vec<(Day, Vec<EntryId>, Vec<Entry>)> = Vec::new();
    for (day, _, card) in shown.iter().rev().skip((page - 1) * ON_PAGE).take(n_pages * ON_PAGE) {
        match days.last_mut() {
            Some((last, cards, _)) if last == day => cards.push(*card),
            _ => days.push((*day, vec![*card], entries::day(r, *day)?)),
        }
    }
    Ok(Some(Found {
        trace,
        related,
        year,
        heat,
        count: fitting.len(),
        page,
        n_pages,
        more: shown.len() > (page + n_pages - 1) * ON_PAGE,
        days,
    }))
}

/// How many entries of each day of a year carry the trace.
fn heat_of(links: &[Link], year: i16) -> Vec<(Day, u32)> {
    let mut heat: Vec<(Day, u32)> = Vec::new();
    for link in links.iter().filter(|link| link.day.year() == year) {
        match heat.last_mut() {
            Some((day, n)) if *day == link.day => *n += 1,
            _ => heat.push((link.day, 1)),
        }
    }
    heat
}

impl Found {
    fn related(&self, user: &User, most: usize) -> Vec<(Chip, u32)> {
        let chip = |id: TraceId| Chip::of(user, &[id]).pop();
        self.related.iter().filter_map(|(id, n)| Some((chip(*id)?, *n))).take(most).collect()
    }

    fn shown(self, user: &User, ask: &TraceAsk) -> TraceView {
        let mut beside = self.related(user, MOST_BESIDE);
        let related = beside.iter().take(MOST_RELATED).cloned().collect();
        let with = ask.with.and_then(|with| Chip::of(user, &[with]).pop());
        if let Some(with) = with.as_ref().filter(|with| beside.iter().all(|(chip, _)| chip.id != with.id)) {
            let n = self.related.iter().find(|(id, _)| *id == with.id).map_or(0, |(_, n)| *n);
            beside.push((with.clone(), n));
        }
        let days = self.days.into_iter().map(|(day, cards, stored)| {
            let views = with_replies(user, stored);
            (day, views.into_iter().filter(|view| cards.contains(&view.entry.id)).collect())
        });
        TraceView {
            chip: Chip::new(self.trace.id, self.trace.name.clone(), self.trace.kind, Some(&self.trace)),
            related,
            beside,
            with,
            year: self.year,
            heat: self.heat,
            count: self.count,
            days: days.collect(),
            page: self.page,
            n_pages: self.n_pages,
            more: self.more,
            trace: self.trace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heat_map_counts_the_days_of_one_year() {
        let link = |day: &str, n: u8| Link { day: day.parse().unwrap(), entry: EntryId::from_bytes([n; 16]) };
        let links =
            [link("2025-12-31", 1), link("2026-01-01", 2), link("2026-01-01", 3), link("2026-12-31", 4)];
        let heat = heat_of(&links, 2026);
        assert_eq!(heat, [("2026-01-01".parse().unwrap(), 2), ("2026-12-31".parse().unwrap(), 1)]);
        assert_eq!(heat_of(&links, 2025).len(), 1);
        assert!(heat_of(&links, 2024).is_empty());
    }
}
