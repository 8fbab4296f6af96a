//! Contexts of export and import.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// The section of the data settings. Export posts `format`, `current_password`, `plain` and `csrf` to
/// `/settings/data/export`; import posts `csrf` and the file `file` to `/settings/data/import`.
#[derive(Serialize, Clone)]
pub struct TransferSection {
    /// `json`, `markdown` or `jrnl`: what was chosen.
    pub format: String,
    /// Why nothing was exported.
    pub export_error: Option<String>,
    /// Why nothing could be read.
    pub import_error: Option<String>,
}

impl Default for TransferSection {
    fn default() -> Self {
        Self { format: "json".to_owned(), export_error: None, import_error: None }
    }
}

impl TransferSection {
    /// The section in each state, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let refused = Self {
            format: "markdown".to_owned(),
            export_error: Some("That is not the password of this journal. Nothing was exported.".to_owned()),
            ..Self::default()
        };
        let unread =
            Self { import_error: Some("Nothing was read: the file is empty.".to_owned()), ..Self::default() };
        vec![Self::default(), refused, unread]
    }
}

/// `GET /settings/data/import`: what was read and what it would do, or has done.
#[derive(Serialize, Clone)]
pub struct ImportPage {
    /// Surroundings.
    pub shell: Shell,
    /// `planned`, `running`, `paused` or `finished`.
    pub stage: &'static str,
    /// What was read, in words: `Markdown`.
    pub formats: String,
    /// One sentence: what would be put in, or what was.
    pub sentence: String,
    /// Whether there is anything to put in.
    pub has_new: bool,
    /// What is in the journal already and so on, in sentences.
    pub notes: Vec<String>,
    /// Days that get something.
    pub days: Vec<ImportDay>,
    /// Days that get something beyond those that are listed.
    pub more_days: usize,
    /// What cannot be read.
    pub problems: Vec<ImportProblem>,
    /// What cannot be read beyond those that are listed.
    pub more_problems: usize,
}

/// A day that gets something.
#[derive(Serialize, Clone)]
pub struct ImportDay {
    /// ISO.
    pub iso: String,
    /// New entries and replies.
    pub count: usize,
}

/// Something that cannot be read.
#[derive(Serialize, Clone)]
pub struct ImportProblem {
    /// Where.
    pub place: String,
    /// Why.
    pub why: String,
}

impl Template for ImportPage {
    const NAME: &'static str = "settings/import.html";

    fn samples() -> Vec<Self> {
        let planned = Self {
            shell: Shell::sample("Settings"),
            stage: "planned",
            formats: "Markdown".to_owned(),
            sentence: "48 entries and 3 replies on 31 days would be put into the journal.".to_owned(),
            has_new: true,
            notes: vec!["12 entries are in the journal already and stay as they are.".to_owned()],
            days: vec![
                ImportDay { iso: "2019-03-01".to_owned(), count: 1 },
                ImportDay { iso: "2019-03-02".to_owned(), count: 50 },
            ],
            more_days: 29,
            problems: vec![ImportProblem {
                place: "<b>Snow</b>.md".to_owned(),
                why: "it does not say its day".to_owned(),
            }],
            more_problems: 2,
        };
        let nothing = Self {
            sentence: "There is nothing new in it.".to_owned(),
            has_new: false,
            days: Vec::new(),
            more_days: 0,
            problems: Vec::new(),
            more_problems: 0,
            ..planned.clone()
        };
        let running = Self { stage: "running", ..planned.clone() };
        let paused = Self { stage: "paused", ..planned.clone() };
        let finished = Self { stage: "finished", ..planned.clone() };
        vec![planned, nothing, running, paused, finished]
    }
}
