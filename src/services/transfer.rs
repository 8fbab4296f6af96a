//! The whole journal out and in: JSON, a folder of Markdown, jrnl's and Day One's JSON.
//!
//! ```text
//! vault --whole--> export --json, markdown, others--> bytes --folder (one file)--> browser or disk
//! bytes --folder, json, markdown, others--> read --> plan (dry run) --> import, a batch at a time --> vault
//! ```
//! Reading and planning change nothing. Everything here holds plaintext, in memory only and bounded by
//! [`read::Limits`]; it is never logged, and names of files lead nowhere: they are looked at for a date and no more.

pub mod export;
pub mod folder;
pub mod import;
mod json;
mod loose;
mod markdown;
mod others;
pub mod read;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use run::ImportSlot;
pub use run::{Export, ImportView, Stage};

use crate::{
    journal::day::{self, Day},
    services::accounts::ZONE_SETTING,
    vault::{error::VaultError, settings, unlocked::Unlocked},
};

/// A way in which a journal is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Everything, in our own words: `docs` of `json` name each field.
    Json,
    /// A folder with one file for each day.
    Markdown,
    /// What `jrnl --export json` writes.
    Jrnl,
    /// What Day One exports. Read only.
    DayOne,
}

impl Format {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "Llamora JSON",
            Self::Markdown => "Markdown",
            Self::Jrnl => "jrnl JSON",
            Self::DayOne => "Day One JSON",
        }
    }
}

/// What times and days are read against.
#[derive(Clone)]
pub struct Circumstances {
    /// Now, milliseconds since 1970 UTC.
    pub now: i64,
    /// IANA name of the writer's zone, for texts that name none.
    pub zone_name: String,
    /// Its rules.
    pub zone: jiff::tz::TimeZone,
}

impl Circumstances {
    /// Those of a vault's owner.
    ///
    /// # Errors
    /// When the setting cannot be read.
    pub fn of(vault: &Unlocked, now: i64) -> Result<Self, VaultError> {
        let stored = vault.read(|r| settings::get(r, ZONE_SETTING))?;
        let zone_name =
            stored.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(day::machine_zone);
        let zone = day::zone(&zone_name).unwrap_or(jiff::tz::TimeZone::UTC);
        Ok(Self { now, zone_name, zone })
    }

    /// Today, for the owner.
    pub fn today(&self) -> Day {
        Day::at(self.now, &self.zone)
    }

    /// The moment of a wall clock on a day, in a zone; noon where the clock is unknown.
    fn moment(day: Day, clock: Option<(i8, i8)>, zone: &jiff::tz::TimeZone) -> Option<i64> {
        let (hour, minute) = clock.unwrap_or((12, 0));
        let date = jiff::civil::Date::new(day.year(), day.month(), day.day_of_month()).ok()?;
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
    }
}

/// A moment as it is written down: RFC 3339 in UTC, as precise as it is stored.
fn moment_text(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|moment| moment.to_string()).unwrap_or_default()
}

/// Reads a moment with its offset.
fn parse_moment(text: &str) -> Option<i64> {
    text.trim().parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Reads `HH:MM`, with or without seconds.
fn parse_clock(text: &str) -> Option<(i8, i8)> {
    let mut parts = text.trim().split(':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.get(..2)?.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}
