//! Context of `/older`.

use serde::Serialize;

use crate::web::{
    pages::{Shell, days::LastEntry},
    view::Template,
};

/// `GET /older`. Forms: `continue`, `read-only` and `logout`, all with `csrf`.
#[derive(Serialize, Clone)]
pub struct OlderPage {
    /// Surroundings.
    pub shell: Shell,
    /// The last entry that is there; `None` without one.
    pub last_entry: Option<LastEntry>,
    /// When that was written which the browser last saw; `None` when it cannot be read.
    pub seen: Option<String>,
    /// Whether going on can be written down.
    pub can_go_on: bool,
    /// Whether reading only was chosen before.
    pub only_reads: bool,
}

impl Template for OlderPage {
    const NAME: &'static str = "auth/older.html";

    fn samples() -> Vec<Self> {
        let seen = Self {
            shell: Shell::sample("Journal"),
            last_entry: Some(LastEntry::sample()),
            seen: Some("22 November 2026, 11:00".to_owned()),
            can_go_on: true,
            only_reads: false,
        };
        let mut reading =
            Self { last_entry: None, seen: None, can_go_on: false, only_reads: true, ..seen.clone() };
        reading.shell.is_older = true;
        vec![seen, reading]
    }
}
