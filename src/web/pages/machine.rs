//! Context of the page on which everything a model wrote is removed.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `GET /settings/model/texts`, and `POST /settings/model/texts/remove` after it.
#[derive(Serialize, Clone)]
pub struct MachineTextsPage {
    /// Surroundings.
    pub shell: Shell,
    /// What there is, or what was removed, in words: `12 replies`, `1 recap`; nothing when there is none.
    pub texts: Vec<String>,
    /// When it was counted: nothing that came later is removed.
    pub until: i64,
    /// It was removed just now.
    pub is_done: bool,
}

impl Template for MachineTextsPage {
    const NAME: &'static str = "settings/machine.html";

    fn samples() -> Vec<Self> {
        let some = Self {
            shell: Shell::sample("Settings"),
            texts: vec!["12 replies".to_owned(), "1 opening".to_owned(), "45 recaps".to_owned()],
            until: 1_795_000_000_000,
            is_done: false,
        };
        let none = Self { texts: Vec::new(), ..some.clone() };
        vec![Self { is_done: true, ..some.clone() }, Self { is_done: true, ..none.clone() }, some, none]
    }
}
