//! Context of what other times say to a day.

use serde::Serialize;

use crate::{
    services::passages::Passage,
    web::{pages::Shell, view::Template},
};

/// `GET /d/{date}/on-this-day`.
#[derive(Serialize, Clone)]
pub struct OnThisDayPage {
    /// Surroundings.
    pub shell: Shell,
    /// The day, ISO.
    pub day: String,
    /// Of the same date in earlier years, the latest first.
    pub years: Vec<PassageItem>,
    /// Passages of other times that mean nearly the same.
    pub near: Vec<PassageItem>,
}

/// A piece of an entry of another day.
#[derive(Serialize, Clone)]
pub struct PassageItem {
    /// Its day, ISO.
    pub day: String,
    /// Id of its entry.
    pub entry: String,
    /// Plain text, cut at words.
    pub text: String,
}

impl From<&Passage> for PassageItem {
    fn from(passage: &Passage) -> Self {
        Self { day: passage.day.to_string(), entry: passage.entry.to_string(), text: passage.text.clone() }
    }
}

impl Template for OnThisDayPage {
    const NAME: &'static str = "days/on_this_day.html";
    const PART: Option<&'static str> = Some("days/_on_this_day.html");

    fn samples() -> Vec<Self> {
        let year = PassageItem {
            day: "2024-11-22".to_owned(),
            entry: "01JDAMQ000000000000000000A".to_owned(),
            text: "The first snow on the bridge, and <Ana> without gloves\u{2026}".to_owned(),
        };
        let near = PassageItem { day: "2025-02-03".to_owned(), ..year.clone() };
        let full = Self {
            shell: Shell::sample("On this day"),
            day: "2026-11-22".to_owned(),
            years: vec![year],
            near: vec![near],
        };
        vec![
            full.clone(),
            Self { years: Vec::new(), ..full.clone() },
            Self { years: Vec::new(), near: Vec::new(), ..full },
        ]
    }
}
