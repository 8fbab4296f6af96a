//! Contexts of the settings pages.

use serde::Serialize;

use crate::web::{
    pages::{ModelView, Shell},
    view::Template,
};

/// `GET /settings/data`.
#[derive(Serialize, Clone)]
pub struct SettingsDataPage {
    /// Surroundings.
    pub shell: Shell,
    /// Where the journal is kept.
    pub folder: String,
    /// Size of its file, as in `1.2 MB`.
    pub file_size: String,
    /// One sentence on how much is in it.
    pub entries_note: String,
    /// Version of the program.
    pub version: String,
}

/// `GET /settings/model`.
#[derive(Serialize, Clone)]
pub struct SettingsModelPage {
    /// Surroundings.
    pub shell: Shell,
    /// The model.
    pub model: ModelView,
    /// One sentence on the embedder.
    pub embedder: String,
}

impl Template for SettingsDataPage {
    const NAME: &'static str = "settings/data.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample("Settings"),
            folder: "/media/stick/llamora-data".to_owned(),
            file_size: "1.2 MB".to_owned(),
            entries_note: "148 entries on 96 days.".to_owned(),
            version: "0.1.0".to_owned(),
        }]
    }
}

impl Template for SettingsModelPage {
    const NAME: &'static str = "settings/model.html";

    fn samples() -> Vec<Self> {
        ModelView::samples()
            .into_iter()
            .map(|model| Self {
                shell: Shell::sample("Settings"),
                model,
                embedder: "Search by meaning is ready (all-MiniLM-L6-v2).".to_owned(),
            })
            .collect()
    }
}
