//! Contexts of the first run, and of the page that shows every component.

use serde::Serialize;

use crate::web::{
    pages::{Shell, days::Composer, entries::EntryItem},
    view::Template,
};

/// `GET /welcome`: what a journal is, in under a minute.
#[derive(Serialize, Clone)]
pub struct WelcomePage {
    /// Surroundings.
    pub shell: Shell,
    /// Whether this journal has a model, so that there is something to switch off.
    pub has_model: bool,
    /// Whether the model is on.
    pub model_is_on: bool,
    /// Whether a sample day can be had: nothing was written yet.
    pub offers_sample: bool,
}

impl Template for WelcomePage {
    const NAME: &'static str = "welcome/welcome.html";

    fn samples() -> Vec<Self> {
        let first =
            Self { shell: Shell::sample("Welcome"), has_model: true, model_is_on: true, offers_sample: true };
        vec![
            Self { model_is_on: false, offers_sample: false, ..first.clone() },
            Self { has_model: false, ..first.clone() },
            first,
        ]
    }
}

/// `GET /shortcuts`: what single keys do.
#[derive(Serialize, Clone)]
pub struct ShortcutsPage {
    /// Surroundings.
    pub shell: Shell,
}

impl Template for ShortcutsPage {
    const NAME: &'static str = "welcome/shortcuts.html";
    const PART: Option<&'static str> = Some("components/_shortcuts.html");

    fn samples() -> Vec<Self> {
        let on = Self { shell: Shell::sample("Shortcuts") };
        let mut off = on.clone();
        off.shell.look.has_keys = false;
        vec![on, off]
    }
}

/// `GET /dev/components`, only under `llamora dev`: every component in every state.
#[derive(Serialize, Clone)]
pub struct ComponentsPage {
    /// Surroundings.
    pub shell: Shell,
    /// Entries and replies in each state.
    pub entries: Vec<EntryItem>,
    /// A box to write in, with a text that was refused.
    pub composer: Option<Composer>,
}

impl ComponentsPage {
    /// The page with the samples of each part.
    pub fn new(shell: Shell) -> Self {
        Self { shell, entries: EntryItem::samples(), composer: Composer::samples().pop() }
    }
}

impl Template for ComponentsPage {
    const NAME: &'static str = "dev/components.html";

    fn samples() -> Vec<Self> {
        vec![Self::new(Shell::sample("Components"))]
    }
}
