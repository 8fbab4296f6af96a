//! Contexts of `/settings/integrity`.

use serde::Serialize;

use crate::web::{
    pages::{IntegrityBanner, Shell},
    view::Template,
};

/// `GET /settings/integrity`. Forms: `check` and `accept`, both with `csrf`.
#[derive(Serialize, Clone)]
pub struct IntegrityPage {
    /// Surroundings.
    pub shell: Shell,
    /// `unchecked`, `whole`, `looking` (opening every record) or `altered`.
    pub state: &'static str,
    /// Nothing is saved before the journal is accepted.
    pub is_headless: bool,
    /// Days with something wrong, earliest first.
    pub days: Vec<DayFlawView>,
    /// Days beyond those listed.
    pub more_days: usize,
    /// Records that do not open.
    pub unreadable: u64,
    /// Rows of no generation of keys in use.
    pub strays: u64,
    /// When the journal was accepted as it is, latest first.
    pub accepted: Vec<AcceptedView>,
    /// One sentence on what was just done.
    pub said: Option<&'static str>,
}

/// What is wrong with one day.
#[derive(Serialize, Clone)]
pub struct DayFlawView {
    /// ISO, for its address.
    pub iso: String,
    /// As in `1 entry is missing, 2 are older than they should be`.
    pub flaws: String,
}

/// One acceptance.
#[derive(Serialize, Clone)]
pub struct AcceptedView {
    /// Day and time, in words.
    pub when: String,
    /// The days that were concerned, ISO.
    pub days: Vec<String>,
}

impl Template for IntegrityPage {
    const NAME: &'static str = "settings/integrity.html";

    fn samples() -> Vec<Self> {
        let whole = Self {
            shell: Shell::sample("Settings"),
            state: "whole",
            is_headless: false,
            days: Vec::new(),
            more_days: 0,
            unreadable: 0,
            strays: 0,
            accepted: vec![AcceptedView {
                when: "22 November 2026, 11:00".to_owned(),
                days: vec!["2026-11-20".to_owned()],
            }],
            said: Some("The journal is accepted as it is."),
        };
        let day = |iso: &str, flaws: &str| DayFlawView { iso: iso.to_owned(), flaws: flaws.to_owned() };
        let mut altered = Self {
            state: "altered",
            days: vec![
                day("2025-03-14", "1 entry is missing, 1 entry is older than it should be"),
                day("2025-03-16", "2 entries are not listed on their day"),
            ],
            more_days: 3,
            unreadable: 2,
            strays: 1,
            accepted: Vec::new(),
            said: None,
            ..whole.clone()
        };
        altered.shell.integrity = Some(IntegrityBanner {
            said: "2 entries of".to_owned(),
            day: Some("2025-03-14".to_owned()),
            then: " are missing or older than they should be.".to_owned(),
        });
        let headless = Self { is_headless: true, more_days: 0, days: Vec::new(), ..altered.clone() };
        let looking = Self { state: "looking", days: Vec::new(), more_days: 0, ..altered.clone() };
        let unchecked = Self { state: "unchecked", accepted: Vec::new(), said: None, ..whole.clone() };
        vec![whole, altered, headless, looking, unchecked]
    }
}
