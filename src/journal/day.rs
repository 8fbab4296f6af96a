//! The civil day: the page of the journal.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// A civil date, counted in days since 1970-01-01 (proleptic Gregorian), as stored (`format-v1.md` section 0).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i32);

/// Text or a number that is not a day the journal knows (1900-01-01 to 9999-12-30).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day")]
pub struct ParseDayError;

/// English names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const EPOCH: Date = Date::constant(1970, 1, 1);
const FIRST: i32 = -25_567; // 1900-01-01
const LAST: i32 = 2_932_895; // 9999-12-30

impl Day {
    /// The day with this number of days since 1970-01-01; `None` outside 1900 to 9999.
    pub fn from_number(number: i32) -> Option<Self> {
        (FIRST..=LAST).contains(&number).then_some(Self(number))
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day of a moment (milliseconds since 1970 UTC) in a time zone, clamped to the days the journal knows.
    pub fn at(millis: i64, zone: &TimeZone) -> Self {
        let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        Self::from_date(zone.to_datetime(moment).date()).unwrap_or(Self(0))
    }

    fn from_date(date: Date) -> Option<Self> {
        let days = EPOCH.until(date).ok()?.get_days();
        Self::from_number(days)
    }

    /// The day of a year, month (1 to 12) and day of month; `None` when there is no such day.
    pub fn from_ymd(year: i16, month: i8, day: i8) -> Option<Self> {
        Self::from_date(Date::new(year, month, day).ok()?)
    }

    fn date(self) -> Date {
        EPOCH.checked_add(self.0.days()).expect("days are kept between 1900 and 9999")
    }

    /// Calendar year.
    pub fn year(self) -> i16 {
        self.date().year()
    }

    /// Month, 1 to 12.
    pub fn month(self) -> i8 {
        self.date().month()
    }

    /// Day of the month, 1 to 31.
    pub fn day_of_month(self) -> i8 {
        self.date().day()
    }

    /// Day of the year from 0, the index into a year's counters.
    pub fn day_of_year(self) -> usize {
        usize::try_from(self.date().day_of_year() - 1).expect("a day of year starts at 1")
    }

    /// The day before, if the journal knows it.
    pub fn previous(self) -> Option<Self> {
        Self::from_number(self.0 - 1)
    }

    /// The day after, if the journal knows it.
    pub fn next(self) -> Option<Self> {
        Self::from_number(self.0 + 1)
    }

    /// English weekday, as shown beneath the date.
    pub fn weekday(self) -> &'static str {
        use jiff::civil::Weekday::*;
        match self.date().weekday() {
            Monday => "Monday",
            Tuesday => "Tuesday",
            Wednesday => "Wednesday",
            Thursday => "Thursday",
            Friday => "Friday",
            Saturday => "Saturday",
            Sunday => "Sunday",
        }
    }

    /// Days since the last Monday, 0 to 6.
    pub fn days_after_monday(self) -> usize {
        usize::try_from(self.date().weekday().to_monday_zero_offset()).expect("a week starts at 0")
    }

    /// English name of the month.
    pub fn month_name(self) -> &'static str {
        MONTHS[usize::try_from(self.month() - 1).expect("months start at 1")]
    }

    /// English long form, as in `22 November 2026`.
    pub fn long(self) -> String {
        format!("{} {} {}", self.day_of_month(), self.month_name(), self.year())
    }
}

impl fmt::Display for Day {
    /// ISO 8601, as in `2026-11-22`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day_of_month())
    }
}

impl FromStr for Day {
    type Err = ParseDayError;

    /// Reads exactly `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, ParseDayError> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 10
            && bytes.iter().enumerate().all(|(idx, byte)| match idx {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !well_formed {
            return Err(ParseDayError);
        }
        let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().map_err(|_| ParseDayError);
        let month = i8::try_from(number(5..7)?).map_err(|_| ParseDayError)?;
        let day = i8::try_from(number(8..10)?).map_err(|_| ParseDayError)?;
        Self::from_ymd(number(0..4)?, month, day).ok_or(ParseDayError)
    }
}

/// Reads an IANA zone name from the bundled database; `None` when it is unknown.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The IANA name of the machine's zone, or `UTC`.
pub fn machine_zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// Offset from UTC in minutes and the wall clock `HH:MM` of a moment in a zone.
pub fn wall_clock(millis: i64, zone: &TimeZone) -> (i16, String) {
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(moment);
    let offset = i16::try_from(zone.to_offset(moment).seconds() / 60).unwrap_or(0);
    (offset, format!("{:02}:{:02}", local.hour(), local.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_format_document() {
        let day: Day = "2026-11-22".parse().expect("a day");
        assert_eq!(day.number(), 20_779);
        assert_eq!(day.to_string(), "2026-11-22");
        assert_eq!(day.weekday(), "Sunday");
        assert_eq!(day.long(), "22 November 2026");
        assert_eq!(Day::from_ymd(1900, 1, 1).map(Day::number), Some(FIRST));
        assert_eq!(Day::from_ymd(9999, 12, 30).map(Day::number), Some(LAST));
        assert_eq!(Day::from_ymd(2024, 12, 31).map(Day::day_of_year), Some(365));
    }

    #[test]
    fn what_is_not_a_day_is_refused() {
        for text in
            ["", "2026-02-30", "2026-2-3", "26-02-03", "2026-13-01", "+026-01-01", "1899-12-31", "todayy"]
        {
            assert_eq!(text.parse::<Day>(), Err(ParseDayError), "{text:?}");
        }
    }

    #[test]
    fn midnight_belongs_to_the_zone() {
        let moment = 1_795_305_600_000; // 2026-11-22 00:00 UTC
        assert_eq!(Day::at(moment, &TimeZone::UTC).to_string(), "2026-11-22");
        let new_york = zone("America/New_York").expect("bundled zones");
        assert_eq!(Day::at(moment, &new_york).to_string(), "2026-11-21");
        assert_eq!(wall_clock(moment, &new_york), (-300, "19:00".to_owned()));
    }
}
