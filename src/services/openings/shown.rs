//! How openings are shown, remembered for each day: SETTINGS record `openings`, a line a day, the latest choice first.

use std::fmt::Write as _;

use crate::{
    journal::day::Day,
    vault::{
        error::VaultError,
        settings,
        transaction::{Reader, Writer},
    },
};

/// Name of the setting.
const SETTING: &str = "openings";
/// Days that are remembered.
const MOST: usize = 400;

/// How the opening of a day is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shown {
    /// As it is.
    #[default]
    Open,
    /// As a line that opens it.
    Folded,
    /// Not at all, until its writer asks.
    Away,
}

impl Shown {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Folded => "folded",
            Self::Away => "away",
        }
    }
}

/// How the opening of a day is shown.
///
/// # Errors
/// Seal and store errors. What is not known is shown open.
pub(super) fn of(r: &Reader<'_>, day: Day) -> Result<Shown, VaultError> {
    let day = day.to_string();
    let kept = kept(r)?;
    let word = kept.lines().find_map(|line| line.strip_prefix(&day)?.strip_prefix(' '));
    Ok([Shown::Folded, Shown::Away].into_iter().find(|shown| Some(shown.word()) == word).unwrap_or_default())
}

/// Remembers it.
///
/// # Errors
/// Seal and store errors.
pub(super) fn set(w: &mut Writer<'_>, day: Day, shown: Shown) -> Result<(), VaultError> {
    if of(w, day)? == shown {
        return Ok(());
    }
    let before = kept(w)?;
    let day = day.to_string();
    let mut after = String::new();
    if shown != Shown::Open {
        let _ = writeln!(after, "{day} {}", shown.word());
    }
    for line in before.lines().filter(|line| !line.starts_with(&day)).take(MOST - 1) {
        let _ = writeln!(after, "{line}");
    }
    settings::put(w, SETTING, after.as_bytes())
}

fn kept(r: &Reader<'_>) -> Result<String, VaultError> {
    match settings::get(r, SETTING) {
        // It says nothing that could not be chosen again.
        Err(error) if error.is_of_one_record() => Ok(String::new()),
        found => Ok(String::from_utf8_lossy(&found?.unwrap_or_default()).into_owned()),
    }
}
