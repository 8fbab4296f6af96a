//! Where entries stand: the records DAY, YEAR and ROOT, all derived from the entries and kept in step with them.

use crate::{
    crypto::record::RecordType,
    journal::{day::Day, entry::Role},
    vault::{
        error::VaultError,
        payload::{
            entry::role_number,
            index::{
                DayItemV1, DayV1, HAS_OPENING, HAS_REPLY, MAX_DAY_ITEMS, RootV1, TRASHED, YEAR_DAYS, YearV1,
            },
        },
        transaction::{Reader, Writer},
    },
};

/// Years the journal knows.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=9999;

/// What a day holds, for calendars.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayCount {
    /// The writer's entries outside the trash; 255 means that or more.
    pub entries: u8,
    /// Holds a reply.
    pub has_reply: bool,
    /// Holds an opening.
    pub has_opening: bool,
}

/// What the days of one year hold.
pub struct Year(YearV1);

impl Year {
    /// What a day holds; nothing for a day of another year.
    pub fn day(&self, day: Day) -> DayCount {
        if i32::from(day.year()) != self.0.year {
            return DayCount::default();
        }
        let day_idx = day.day_of_year();
        let flags = self.0.flags.get(day_idx).copied().unwrap_or(0);
        DayCount {
            entries: self.0.entries.get(day_idx).copied().unwrap_or(0),
            has_reply: flags & HAS_REPLY != 0,
            has_opening: flags & HAS_OPENING != 0,
        }
    }
}

/// What the days of a year hold.
///
/// # Errors
/// Seal and store errors.
pub fn year(r: &Reader<'_>, year: i16) -> Result<Year, VaultError> {
    load_year(r, year.into()).map(Year)
}

/// The first and the last day that hold anything; `None` in an empty journal.
///
/// # Errors
/// Seal and store errors.
pub fn span(r: &Reader<'_>) -> Result<Option<(Day, Day)>, VaultError> {
    let root = load_root(r)?;
    if root.years.is_empty() {
        return Ok(None);
    }
    Ok(Day::from_number(root.first_day).zip(Day::from_number(root.last_day)))
}

/// What a whole journal holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Totals {
    /// The last day with an entry of the writer's.
    pub last: Day,
    /// The writer's entries outside the trash. A day of 255 or more counts as 255.
    pub entries: u64,
    /// Days with such entries.
    pub days: u64,
}

/// What the journal holds, from the records of its years; `None` without an entry.
///
/// # Errors
/// Seal and store errors.
pub fn totals(r: &Reader<'_>) -> Result<Option<Totals>, VaultError> {
    let (mut last, mut entries, mut days) = (None, 0, 0);
    for number in load_root(r)?.years {
        let year = load_year(r, number)?;
        for (day_idx, count) in year.entries.iter().enumerate().filter(|(_, count)| **count > 0) {
            entries += u64::from(*count);
            days += 1;
            last = day_of(number, day_idx).or(last);
        }
    }
    Ok(last.map(|last| Totals { last, entries, days }))
}

/// The last days before `day` with entries of the writer's outside the trash, latest first; at most `most`.
///
/// # Errors
/// Seal and store errors.
pub fn written_before(r: &Reader<'_>, day: Day, most: usize) -> Result<Vec<Day>, VaultError> {
    let mut found = Vec::new();
    for number in load_root(r)?.years.into_iter().rev().filter(|number| *number <= day.year().into()) {
        let year = load_year(r, number)?;
        let counts = year.entries.iter().enumerate().rev().filter(|(_, count)| **count > 0);
        let days = counts.filter_map(|(day_idx, _)| day_of(number, day_idx)).filter(|other| *other < day);
        found.extend(days.take(most - found.len()));
        if found.len() == most {
            break;
        }
    }
    Ok(found)
}

/// The days after `day` that hold an opening outside the trash, in order.
///
/// # Errors
/// Seal and store errors.
pub(super) fn opened_after(r: &Reader<'_>, day: Day) -> Result<Vec<Day>, VaultError> {
    let mut found = Vec::new();
    for number in load_root(r)?.years.into_iter().filter(|number| *number >= day.year().into()) {
        let year = load_year(r, number)?;
        let opened = year.flags.iter().enumerate().filter(|(_, flags)| **flags & HAS_OPENING != 0);
        let days = opened.filter_map(|(day_idx, _)| day_of(number, day_idx));
        found.extend(days.filter(|other| *other > day));
    }
    Ok(found)
}

/// The nearest days before and after that hold more than an opening outside the trash.
///
/// # Errors
/// Seal and store errors.
pub fn neighbours(r: &Reader<'_>, day: Day) -> Result<(Option<Day>, Option<Day>), VaultError> {
    let root = load_root(r)?;
    let this_year = i32::from(day.year());
    let mut before = None;
    for year in root.years.iter().rev().filter(|year| **year <= this_year) {
        before = told_days(r, *year)?.into_iter().rev().find(|told| *told < day);
        if before.is_some() {
            break;
        }
    }
    let mut after = None;
    for year in root.years.iter().filter(|year| **year >= this_year) {
        after = told_days(r, *year)?.into_iter().find(|told| *told > day);
        if after.is_some() {
            break;
        }
    }
    Ok((before, after))
}

/// Visits every day that holds anything outside the trash, until `visit` says no.
///
/// # Errors
/// Those of `visit`; seal and store errors.
pub fn walk_days(
    r: &Reader<'_>,
    newest_first: bool,
    visit: &mut dyn FnMut(Day) -> Result<bool, VaultError>,
) -> Result<(), VaultError> {
    let mut years = load_root(r)?.years;
    if newest_first {
        years.reverse();
    }
    for year in years {
        let mut days = held_days(r, year)?;
        if newest_first {
            days.reverse();
        }
        for day in days {
            if !visit(day)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// How many more entries and replies a day can hold.
///
/// # Errors
/// Seal and store errors.
pub fn room(r: &Reader<'_>, day: Day) -> Result<usize, VaultError> {
    Ok(MAX_DAY_ITEMS.saturating_sub(load(r, day)?.items.len()))
}

fn held_days(r: &Reader<'_>, year: i32) -> Result<Vec<Day>, VaultError> {
    let stored = load_year(r, year)?;
    Ok(stored.held().filter_map(|day_idx| day_of(year, day_idx)).collect())
}

/// Days that hold more than an opening: something was written there, or answered.
fn told_days(r: &Reader<'_>, year: i32) -> Result<Vec<Day>, VaultError> {
    let stored = load_year(r, year)?;
    Ok(stored.told().filter_map(|day_idx| day_of(year, day_idx)).collect())
}

fn day_of(year: i32, day_idx: usize) -> Option<Day> {
    let first = Day::from_ymd(i16::try_from(year).ok()?, 1, 1)?;
    Day::from_number(first.number() + i32::try_from(day_idx).ok()?)
}

/// The record of a day, empty when there is none.
pub(super) fn load(r: &Reader<'_>, day: Day) -> Result<DayV1, VaultError> {
    let found = r.load::<DayV1>(RecordType::DAY, &day.number().to_le_bytes())?;
    Ok(found.unwrap_or(DayV1 { day: day.number(), items: Vec::new(), ext: Vec::new() }))
}

/// Writes the record of a day whose items changed, and what follows from it for the year and the root.
pub(super) fn store(w: &mut Writer<'_>, day: Day, stored: &DayV1) -> Result<(), VaultError> {
    // Read before the day is written: a year that is made anew must not know it yet.
    let mut year = load_year(w, day.year().into())?;
    store_items(w, day, stored)?;
    let day_idx = day.day_of_year();
    let was_held = year.holds(day_idx);
    let (entries, flags) = summary(&stored.items);
    let (Some(old_entries), Some(old_flags)) = (year.entries.get_mut(day_idx), year.flags.get_mut(day_idx))
    else {
        return Err(crate::vault::wire::WireError.into());
    };
    if (*old_entries, *old_flags) == (entries, flags) {
        return Ok(());
    }
    (*old_entries, *old_flags) = (entries, flags);
    w.put(RecordType::YEAR, &year.year.to_le_bytes(), &year)?;
    if was_held == year.holds(day_idx) { Ok(()) } else { refresh_root(w, &year) }
}

/// Writes the record of a day when neither its items nor their place in the trash changed.
pub(super) fn store_items(w: &mut Writer<'_>, day: Day, stored: &DayV1) -> Result<(), VaultError> {
    let key = day.number().to_le_bytes();
    if stored.items.is_empty() && stored.ext.is_empty() {
        w.delete(RecordType::DAY, &key)
    } else {
        w.put(RecordType::DAY, &key, stored)
    }
}

/// What a year notes of a day: the writer's entries and a set of bits.
fn summary(items: &[DayItemV1]) -> (u8, u8) {
    let live = || items.iter().filter(|item| item.flags & TRASHED == 0);
    let entries = live().filter(|item| item.role == role_number(Role::Writer)).count();
    let holds = |role| live().any(|item| item.role == role_number(role));
    let reply = if holds(Role::Reply) { HAS_REPLY } else { 0 };
    let opening = if holds(Role::Opening) { HAS_OPENING } else { 0 };
    (u8::try_from(entries).unwrap_or(u8::MAX), reply | opening)
}

/// The record of a year. One that is gone or broken is made anew from its days: it only repeats what they say.
fn load_year(r: &Reader<'_>, year: i32) -> Result<YearV1, VaultError> {
    match r.load::<YearV1>(RecordType::YEAR, &year.to_le_bytes()) {
        Ok(Some(found)) => Ok(found),
        Err(error) if !error.is_damage() => Err(error),
        _ => count_year(r, year),
    }
}

fn count_year(r: &Reader<'_>, year: i32) -> Result<YearV1, VaultError> {
    let mut counted = YearV1::empty(year);
    for day_idx in 0..YEAR_DAYS {
        let Some(day) = day_of(year, day_idx).filter(|day| i32::from(day.year()) == year) else { break };
        let stored = match load(r, day) {
            // Its own page says so.
            Err(error) if error.is_of_one_record() => continue,
            stored => stored?,
        };
        (counted.entries[day_idx], counted.flags[day_idx]) = summary(&stored.items);
    }
    Ok(counted)
}

/// The record of the whole journal. It is written at registration, so one that is gone was taken away.
fn load_root(r: &Reader<'_>) -> Result<RootV1, VaultError> {
    match r.load::<RootV1>(RecordType::ROOT, &[]) {
        Ok(Some(found)) => Ok(found),
        Err(error) if !error.is_damage() => Err(error),
        _ => find_root(r),
    }
}

/// The root, made anew from the years that are there.
fn find_root(r: &Reader<'_>) -> Result<RootV1, VaultError> {
    let mut held = Vec::new();
    for number in YEARS {
        let is_there = match r.open(RecordType::YEAR, &number.to_le_bytes()) {
            Err(error) if error.is_of_one_record() => true,
            found => found?.is_some(),
        };
        if is_there {
            let year = load_year(r, number)?;
            held.extend(year.held().filter_map(|day_idx| day_of(number, day_idx)));
        }
    }
    let mut years: Vec<i32> = held.iter().map(|day| i32::from(day.year())).collect();
    years.dedup();
    let end = |day: Option<&Day>| day.map_or(0, |day| day.number());
    Ok(RootV1 { first_day: end(held.first()), last_day: end(held.last()), years, ext: Vec::new() })
}

/// Makes the records of years and root fit the days, for a journal that is accepted as it is.
pub(super) fn recount(w: &mut Writer<'_>, days: &[Day]) -> Result<(), VaultError> {
    let mut years: Vec<i32> = load_root(w)?.years;
    years.extend(days.iter().map(|day| i32::from(day.year())));
    years.sort_unstable();
    years.dedup();
    for year in years {
        for day in (0..YEAR_DAYS).filter_map(|day_idx| day_of(year, day_idx)) {
            // Nothing of what a list said that cannot be read is left: what was there stands on its days by now.
            if load(w, day).is_err_and(|error| error.is_damage()) {
                w.delete(RecordType::DAY, &day.number().to_le_bytes())?;
            }
        }
        let counted = count_year(w, year)?;
        let stored = w.load::<YearV1>(RecordType::YEAR, &year.to_le_bytes());
        let is_right = stored.as_ref().is_ok_and(|stored| {
            let same =
                |stored: &YearV1| (&stored.entries, &stored.flags) == (&counted.entries, &counted.flags);
            stored.as_ref().map_or(counted.held().next().is_none(), same)
        });
        if !is_right {
            let ext = stored.ok().flatten().map_or_else(Vec::new, |stored| stored.ext);
            w.put(RecordType::YEAR, &year.to_le_bytes(), &YearV1 { ext, ..counted })?;
        }
    }
    let found = find_root(w)?;
    let stored = w.load::<RootV1>(RecordType::ROOT, &[]).ok().flatten();
    let ext = stored.as_ref().map_or_else(Vec::new, |stored| stored.ext.clone());
    let root = RootV1 { ext, ..found };
    if stored.as_ref() == Some(&root) { Ok(()) } else { w.put(RecordType::ROOT, &[], &root) }
}

/// Brings the root up to date after a day of `year` came to hold something, or ceased to.
fn refresh_root(w: &mut Writer<'_>, year: &YearV1) -> Result<(), VaultError> {
    let mut root = load_root(w)?;
    let before = root.clone();
    root.years.retain(|other| *other != year.year);
    if year.held().next().is_some() {
        root.years.push(year.year);
        root.years.sort_unstable();
    }
    let end = |r: &Reader<'_>, end: Option<&i32>, last: bool| -> Result<i32, VaultError> {
        let Some(number) = end else { return Ok(0) };
        let loaded;
        let of = if *number == year.year {
            year
        } else {
            loaded = load_year(r, *number)?;
            &loaded
        };
        let day_idx = if last { of.held().next_back() } else { of.held().next() };
        Ok(day_idx.and_then(|day_idx| day_of(*number, day_idx)).map_or(0, Day::number))
    };
    root.first_day = end(w, root.years.first(), false)?;
    root.last_day = end(w, root.years.last(), true)?;
    if root == before { Ok(()) } else { w.put(RecordType::ROOT, &[], &root) }
}
