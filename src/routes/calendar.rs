//! The calendar: a month to choose a day from, and a year as a heat map of writing.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{dates::Language, day::Day},
    services::{
        calendar::{DayCount, Stretch},
        preferences::Preferences,
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        pages::calendar::{DayCell, HeatCell, MonthPage, YearMonth, YearPage},
    },
};

/// Steps of the heat ramp above nothing.
const LEVELS: u8 = 4;

/// `GET /calendar`: leads to this month, or to the one that `year` and `month` choose; `day` goes along.
///
/// # Errors
/// Never.
pub async fn choose(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let today = call.services().today(&session);
    let number = |name: &str| call.query(name).and_then(|value| value.parse::<i16>().ok());
    let year = number("year").unwrap_or(today.year());
    let month = number("month").and_then(|month| i8::try_from(month).ok()).unwrap_or(today.month());
    let chosen = Day::from_ymd(year, month, 1).filter(|day| *day <= today).unwrap_or(today);
    Ok(see_other(&address(chosen.year(), chosen.month(), from(&call))))
}

/// `GET /calendar/{year}/{month}`.
///
/// # Errors
/// 404 when there is no such month.
pub async fn month(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let (year, month) = (call.param("year")?, call.param("month")?);
    let found = call.services().month(&session, year, month).await?.ok_or_else(WebError::not_found)?;
    let Stretch { days, first, today } = &found;
    let start = days.first().map_or(*today, |(day, _)| *day);
    let end = days.last().map_or(*today, |(day, _)| *day);
    let (preferences, from) = (session.preferences(), from(&call));
    let dates = preferences.dates;
    let last_year = today.year().max(year);
    let page = MonthPage {
        shell: call.shell("Calendar"),
        title: dates.month_of_year(start),
        year,
        month,
        weekdays: week(preferences).map(|day| (dates.weekday_short(day), dates.weekday(day))).collect(),
        weeks: weeks(days, preferences, |day, count| day_cell(day, count, *today, from, dates)),
        earlier: start
            .previous()
            .filter(|day| day >= first)
            .map(|day| address(day.year(), day.month(), from)),
        later: end.next().filter(|day| day <= today).map(|day| address(day.year(), day.month(), from)),
        years: (first.year().min(year)..=last_year).collect(),
        months: (1..).zip(dates.months()).collect(),
        is_elsewhere: !(start..=end).contains(today),
        review: days
            .iter()
            .any(|(_, count)| count.entries > 0)
            .then(|| format!("/review/{year:04}-{month:02}")),
        has_recaps: call.services().may_recap(&session),
        shown: from.map(|day| day.to_string()),
    };
    call.page_or_part(StatusCode::OK, &page)
}

/// `GET /calendar/{year}`.
///
/// # Errors
/// 404 when the journal does not know the year.
pub async fn year(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let year = call.param("year")?;
    let found = call.services().year(&session, year).await?.ok_or_else(WebError::not_found)?;
    let Stretch { days, first, today } = &found;
    let preferences = session.preferences();
    let dates = preferences.dates;
    let names = dates.months();
    let most = days.iter().map(|(_, count)| count.entries).max().unwrap_or(0);
    let written: Vec<u64> =
        days.iter().map(|(_, count)| u64::from(count.entries)).filter(|count| *count > 0).collect();
    let month = |number: i8| {
        let own: Vec<_> = days.iter().copied().filter(|(day, _)| day.month() == number).collect();
        YearMonth {
            name: names[usize::try_from(number - 1).unwrap_or(0)].clone(),
            number,
            has_begun: own.first().is_some_and(|(day, _)| day <= today),
            weeks: weeks(&own, preferences, |day, count| HeatCell {
                iso: day.to_string(),
                level: level(count.entries, most),
                label: format!("{}: {}", dates.date(day), held(count)),
                is_today: day == *today,
            }),
        }
    };
    let page = YearPage {
        shell: call.shell("Calendar"),
        year,
        earlier: (year > first.year()).then(|| year - 1),
        later: (year < today.year()).then(|| year + 1),
        sum: match written.len() {
            0 => "Nothing was written in this year.".to_owned(),
            n_days => {
                let (entries, days) = (written.iter().sum(), u64::try_from(n_days).unwrap_or(u64::MAX));
                format!("{} on {}.", super::days::entries(entries), super::days::days(days))
            }
        },
        months: (1..=12).map(month).collect(),
        weekdays: week(preferences).map(|day| dates.weekday(day)).collect(),
    };
    call.page(StatusCode::OK, &page)
}

/// The day the calendar was opened from.
fn from(call: &Call) -> Option<Day> {
    call.query("day").and_then(|day| day.parse().ok())
}

fn address(year: i16, month: i8, from: Option<Day>) -> String {
    from.map_or_else(
        || format!("/calendar/{year}/{month}"),
        |day| format!("/calendar/{year}/{month}?day={day}"),
    )
}

/// Seven days that begin with the writer's first weekday.
fn week(preferences: Preferences) -> impl Iterator<Item = Day> {
    // 1970-01-05 was a Monday.
    let first = 4 + i32::try_from(preferences.week_offset()).unwrap_or(0);
    (first..first + 7).filter_map(Day::from_number)
}

/// Days in rows of seven that begin with the writer's first weekday.
fn weeks<T>(
    days: &[(Day, DayCount)],
    preferences: Preferences,
    cell: impl Fn(Day, DayCount) -> T,
) -> Vec<Vec<Option<T>>> {
    let before =
        days.first().map_or(0, |(day, _)| (day.days_after_monday() + 7 - preferences.week_offset()) % 7);
    let mut places: Vec<Option<T>> = (0..before).map(|_| None).collect();
    places.extend(days.iter().map(|(day, count)| Some(cell(*day, *count))));
    while !places.len().is_multiple_of(7) {
        places.push(None);
    }
    let mut rows = Vec::new();
    let mut places = places.into_iter();
    loop {
        let row: Vec<Option<T>> = places.by_ref().take(7).collect();
        if row.is_empty() {
            return rows;
        }
        rows.push(row);
    }
}

fn day_cell(day: Day, count: DayCount, today: Day, from: Option<Day>, dates: Language) -> DayCell {
    let is_own = count.entries > 0;
    DayCell {
        iso: day.to_string(),
        number: day.day_of_month(),
        mark: match count {
            _ if is_own => "own",
            // An opening alone is no writing.
            DayCount { has_reply: true, .. } => "machine",
            _ => "none",
        },
        label: format!("{}, {}", dates.full(day), held(count)),
        is_today: day == today,
        is_shown: from == Some(day),
        is_future: day > today,
    }
}

/// What a day holds, in words.
fn held(count: DayCount) -> String {
    match count {
        DayCount { entries: 0, has_reply: false, .. } => "nothing written".to_owned(),
        DayCount { entries: 0, .. } => "only the model wrote".to_owned(),
        DayCount { entries, .. } => super::days::entries(entries.into()),
    }
}

/// The step of the heat ramp for so many entries, where the fullest day of the year has `most`.
fn level(entries: u8, most: u8) -> u8 {
    if most <= 1 {
        return entries.min(1);
    }
    let steps = (u16::from(entries) * u16::from(LEVELS)).div_ceil(u16::from(most));
    u8::try_from(steps).unwrap_or(LEVELS).min(LEVELS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_day_is_the_warmest_and_one_entry_is_never_cold() {
        assert_eq!([0, 1, 4, 5, 8].map(|entries| level(entries, 8)), [0, 1, 2, 3, 4]);
        assert_eq!([0, 1].map(|entries| level(entries, 1)), [0, 1]);
        assert_eq!([1, 255].map(|entries| level(entries, 255)), [1, 4]);
    }

    #[test]
    fn weeks_begin_where_the_writer_wants_them_to() {
        let first = Day::from_ymd(2026, 11, 1).expect("a Sunday");
        let days = [(first, DayCount::default())];
        let place = |preferences| {
            weeks(&days, preferences, |day, _| day)[0].iter().position(Option::is_some).expect("it is there")
        };
        let mut chosen = Preferences::default();
        assert_eq!(place(chosen), 6);
        assert!(chosen.set("week", "sunday"));
        assert_eq!(place(chosen), 0);
        assert!(chosen.set("week", "saturday"));
        assert_eq!(place(chosen), 1);
    }
}
