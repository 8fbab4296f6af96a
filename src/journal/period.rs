//! A week or a month of a journal, as a review looks back on it.

use std::{fmt, str::FromStr};

use jiff::civil::{ISOWeekDate, Weekday};

use super::day::Day;

/// A calendar month, or a week from Monday to Sunday (ISO 8601), of which the journal knows every day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    first: Day,
    last: Day,
}

/// The text names no week and no month.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written 2026-11, a week 2026-W48")]
pub struct ParsePeriodError;

impl Period {
    /// The month that a day lies in; `None` at the ends of time.
    pub fn month_of(day: Day) -> Option<Self> {
        let first = Day::from_ymd(day.year(), day.month(), 1)?;
        let next = match day.month() {
            12 => Day::from_ymd(day.year() + 1, 1, 1),
            month => Day::from_ymd(day.year(), month + 1, 1),
        };
        Some(Self { first, last: next?.previous()? })
    }

    /// The week that a day lies in; `None` at the ends of time.
    pub fn week_of(day: Day) -> Option<Self> {
        let first = Day::from_number(day.number() - i32::try_from(day.days_after_monday()).ok()?)?;
        Some(Self { first, last: Day::from_number(first.number() + 6)? })
    }

    /// Its first day.
    pub fn first(self) -> Day {
        self.first
    }

    /// Its last day.
    pub fn last(self) -> Day {
        self.last
    }

    /// Its days in order.
    pub fn days(self) -> impl Iterator<Item = Day> {
        (self.first.number()..=self.last.number()).filter_map(Day::from_number)
    }

    /// Whether it is a week.
    pub fn is_week(self) -> bool {
        self.last.number() - self.first.number() == 6
    }

    /// The period before.
    pub fn previous(self) -> Option<Self> {
        self.holding(self.first.previous()?)
    }

    /// The period after.
    pub fn next(self) -> Option<Self> {
        self.holding(self.last.next()?)
    }

    fn holding(self, day: Day) -> Option<Self> {
        if self.is_week() { Self::week_of(day) } else { Self::month_of(day) }
    }

    /// English title, as in `November 2026` or `23 to 29 November 2026`.
    pub fn title(self) -> String {
        let (first, last) = (self.first, self.last);
        match self.is_week() {
            false => format!("{} {}", first.month_name(), first.year()),
            true if first.month() == last.month() => format!("{} to {}", first.day_of_month(), last.long()),
            true if first.year() == last.year() => {
                format!("{} {} to {}", first.day_of_month(), first.month_name(), last.long())
            }
            true => format!("{} to {}", first.long(), last.long()),
        }
    }
}

impl fmt::Display for Period {
    /// `2026-11`, or the ISO 8601 week `2026-W48`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_week() {
            return write!(f, "{:04}-{:02}", self.first.year(), self.first.month());
        }
        // The Thursday says which year a week belongs to.
        let thursday = Day::from_number(self.first.number() + 3).unwrap_or(self.first);
        write!(f, "{:04}-W{:02}", thursday.year(), thursday.day_of_year() / 7 + 1)
    }
}

impl FromStr for Period {
    type Err = ParsePeriodError;

    fn from_str(text: &str) -> Result<Self, ParsePeriodError> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<i16>().ok()).ok_or(ParsePeriodError)
        };
        let year = number(0..4)?;
        let period = match (text.len(), text.get(4..6)) {
            (8, Some("-W")) => {
                let week = i8::try_from(number(6..8)?).map_err(|_| ParsePeriodError)?;
                let monday =
                    ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| ParsePeriodError)?.date();
                Day::from_ymd(monday.year(), monday.month(), monday.day()).and_then(Self::week_of)
            }
            (7, Some(_)) if text.as_bytes()[4] == b'-' => {
                let month = i8::try_from(number(5..7)?).map_err(|_| ParsePeriodError)?;
                Day::from_ymd(year, month, 1).and_then(Self::month_of)
            }
            _ => None,
        };
        period.ok_or(ParsePeriodError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn period(text: &str) -> Period {
        text.parse().expect("a period")
    }

    #[test]
    fn months_and_weeks_are_read_written_and_named() {
        for (text, first, last, title) in [
            ("2026-11", "2026-11-01", "2026-11-30", "November 2026"),
            ("2024-02", "2024-02-01", "2024-02-29", "February 2024"),
            ("2026-W48", "2026-11-23", "2026-11-29", "23 to 29 November 2026"),
            ("2026-W40", "2026-09-28", "2026-10-04", "28 September to 4 October 2026"),
            ("2026-W53", "2026-12-28", "2027-01-03", "28 December 2026 to 3 January 2027"),
            ("2025-W01", "2024-12-30", "2025-01-05", "30 December 2024 to 5 January 2025"),
        ] {
            let period = period(text);
            assert_eq!((period.first().to_string(), period.last().to_string()), (first.into(), last.into()));
            assert_eq!((period.to_string(), period.title()), (text.to_owned(), title.to_owned()));
        }
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2025-W53",
            "2026-W00",
            "2026-W1",
            "2026/11",
            "+026-11",
            "2026-1\u{e9}",
        ] {
            assert_eq!(text.parse::<Period>(), Err(ParsePeriodError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn neighbours_touch_and_every_day_lies_in_its_period(number in 0_i32..60_000) {
            let day = Day::from_number(number).expect("a day");
            for period in [Period::month_of(day), Period::week_of(day)].into_iter().flatten() {
                prop_assert!(period.first() <= day && day <= period.last());
                prop_assert_eq!(period.to_string().parse(), Ok(period));
                let next = period.next().expect("a next one");
                prop_assert_eq!(period.last().next(), Some(next.first()));
                prop_assert_eq!(next.previous(), Some(period));
            }
        }
    }
}
