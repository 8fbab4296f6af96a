//! Context of recaps in the calendar.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `GET /d/{date}/recap/line`: the recap of one day beneath the month. Nothing when the day has none.
#[derive(Serialize, Clone)]
pub struct RecapLine {
    /// Surroundings.
    pub shell: Shell,
    /// The day, ISO.
    pub day: String,
    /// Its sentences.
    pub text: Option<String>,
}

impl Template for RecapLine {
    const NAME: &'static str = "calendar/_recap.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let text = Some("Snow on the bridge. Ana called from <Lisbon>.".to_owned());
        let full = Self { shell: Shell::sample("Calendar"), day: "2026-11-19".to_owned(), text };
        vec![Self { text: None, ..full.clone() }, full]
    }
}
