//! Models as files, for the page about models.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// All models, and what can be done with them.
#[derive(Serialize, Clone)]
pub struct ModelsView {
    /// This machine, in a sentence.
    pub machine: String,
    /// The folder of models.
    pub folder: String,
    /// Why this person may not change anything.
    pub no_changes: Option<String>,
    /// The setting that names the model to use, when it does.
    pub fixed: Option<String>,
    /// The model that answers: names of facts and facts.
    pub used: Vec<(&'static str, String)>,
    /// The one that answers can be measured now.
    pub can_measure: bool,
    /// Models that are here.
    pub here: Vec<ModelRow>,
    /// Models of other programs.
    pub elsewhere: Vec<ModelRow>,
    /// Models that can be fetched.
    pub away: Vec<ModelRow>,
    /// Own downloads that were begun: name of the file, what has come of it.
    pub begun: Vec<(String, String)>,
    /// What is being done.
    pub work: WorkView,
}

/// A model.
#[derive(Serialize, Clone, Default)]
pub struct ModelRow {
    /// Field `name` of its forms.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Size, licence, context, place.
    pub facts: String,
    /// What it is good for.
    pub good_for: Option<String>,
    /// Whether it suits this machine, and how long a reply takes.
    pub fit: String,
    /// What is known of its checksum.
    pub checksum: String,
    /// It answers, or will when it is loaded.
    pub is_used: bool,
    /// It is the one to use, and does not answer.
    pub is_failed: bool,
    /// What it does, if it is the one to use.
    pub state: Option<&'static str>,
    /// It suits this machine.
    pub is_fitting: bool,
    /// Name of its file.
    pub file: String,
    /// It is not here, and this much of it has come.
    pub begun: Option<String>,
    /// Who is asked for it.
    pub host: Option<String>,
    /// There is room for it.
    pub has_room: bool,
    /// It can be removed here.
    pub can_remove: bool,
    /// It can be verified here.
    pub can_verify: bool,
}

/// What is being done with models.
#[derive(Serialize, Clone, Default)]
pub struct WorkView {
    /// What runs.
    pub lines: Vec<WorkLine>,
    /// What came of the last.
    pub outcomes: Vec<OutcomeView>,
    /// Whether the reader may stop it and go on.
    pub may_change: bool,
}

/// One thing that is being done.
#[derive(Serialize, Clone)]
pub struct WorkLine {
    /// `files` or `change`, as the form says that stops it.
    pub kind: &'static str,
    /// What is being done, in a few words.
    pub title: String,
    /// How far it is, in words.
    pub said: String,
    /// How far it is.
    pub done: u64,
    /// Of how much; 0 when that is not known.
    pub all: u64,
    /// Whether it can be stopped.
    pub can_stop: bool,
}

/// What came of something.
#[derive(Serialize, Clone)]
pub struct OutcomeView {
    /// It went wrong.
    pub is_error: bool,
    /// What happened, and what to do.
    pub sentence: String,
    /// A download that can go on.
    pub go_on: Option<String>,
    /// A model that can be used now.
    pub usable: Option<String>,
}

/// `GET /settings/model/work`: what is being done, asked for again and again while something is.
#[derive(Serialize, Clone)]
pub struct ModelWorkPart {
    /// Surroundings.
    pub shell: Shell,
    /// What is being done.
    pub work: WorkView,
    /// This is an answer to a page that shows something running, so that its end draws the whole anew.
    pub is_followed: bool,
}

impl Template for ModelWorkPart {
    const NAME: &'static str = "settings/_model_work.html";

    fn samples() -> Vec<Self> {
        let part = |work, is_followed| Self { shell: Shell::sample("Settings"), work, is_followed };
        vec![
            part(WorkView::default(), false),
            part(WorkView::sample(), true),
            part(WorkView { lines: Vec::new(), ..WorkView::sample() }, true),
        ]
    }
}

impl WorkView {
    /// Something of each kind, for tests and the preview.
    pub fn sample() -> Self {
        let line = |kind, title: &str, said: &str, done, all| WorkLine {
            kind,
            title: title.to_owned(),
            said: said.to_owned(),
            done,
            all,
            can_stop: true,
        };
        let outcome = |is_error, sentence: &str, go_on: Option<&str>, usable: Option<&str>| OutcomeView {
            is_error,
            sentence: sentence.to_owned(),
            go_on: go_on.map(str::to_owned),
            usable: usable.map(str::to_owned),
        };
        Self {
            lines: vec![
                line(
                    "files",
                    "Fetching Qwen3-1.7B-Q4_K_M.gguf",
                    "310 of 1,107 MB, 3.1 MB/s, about 4 minutes left",
                    310,
                    1_107,
                ),
                WorkLine {
                    can_stop: false,
                    ..line("change", "Loading Qwen3 0.6B", "This takes a few seconds.", 0, 0)
                },
            ],
            outcomes: vec![
                outcome(
                    true,
                    "Qwen3-1.7B-Q4_K_M.gguf is not here yet. The connection to huggingface.co broke off. What has come, 310 MB, is kept, and the download goes on from there.",
                    Some("Qwen3-1.7B-Q4_K_M.gguf"),
                    None,
                ),
                outcome(
                    false,
                    "Qwen3-0.6B-Q4_K_M.gguf is here now, 397 MB, with the checksum it should have.",
                    None,
                    Some("Qwen3-0.6B-Q4_K_M.gguf"),
                ),
            ],
            may_change: true,
        }
    }
}

impl ModelsView {
    /// A machine with a few models, for tests and the preview.
    pub fn samples() -> [Self; 3] {
        let text = str::to_owned;
        let row = ModelRow {
            name: text("SmolLM2-135M-Instruct.Q4_1.gguf"),
            file: text("SmolLM2-135M-Instruct.Q4_1.gguf"),
            title: text("SmolLM2-135M-Instruct Q4_1"),
            facts: text("99 MB, inside the program, Apache-2.0, trained on 2,048 tokens"),
            good_for: Some(text("a first taste; it comes with the program")),
            fit: text("Fits this machine. A usual reply takes about 3 s."),
            checksum: text("Its checksum stands in the program's list."),
            is_used: true,
            state: Some("answers now"),
            is_fitting: true,
            has_room: true,
            can_verify: true,
            ..ModelRow::default()
        };
        let own = ModelRow {
            name: text("my own model.gguf"),
            title: text("my own model.gguf"),
            facts: text("4.1 GB, in the folder of models"),
            good_for: None,
            fit: text("Too large for this machine."),
            checksum: text("Its checksum was remembered when it came."),
            is_used: false,
            state: None,
            is_fitting: false,
            can_remove: true,
            ..row.clone()
        };
        let other = ModelRow {
            name: text("ollama:llama3.2:3b"),
            title: text("ollama:llama3.2:3b"),
            can_remove: false,
            ..own.clone()
        };
        let away = ModelRow {
            name: text("qwen3-1.7b"),
            title: text("Qwen3 1.7B"),
            facts: text("1.1 GB, Apache-2.0, trained on 40,960 tokens"),
            good_for: Some(text("replies and labels on a Raspberry Pi 5 or an older laptop")),
            fit: text("Fits this machine. A usual reply takes roughly half a minute."),
            is_used: false,
            state: None,
            begun: Some(text("310 MB")),
            host: Some(text("huggingface.co")),
            ..row.clone()
        };
        let busy = Self {
            machine: text(
                "This machine has 8.1 GB of memory; a model takes 4 threads. 41.0 GB are free where models are kept.",
            ),
            folder: text("/mnt/stick/llamora/models"),
            no_changes: None,
            fixed: None,
            used: vec![
                ("Model", text("SmolLM2-135M-Instruct Q4_1")),
                ("Speed", text("A usual reply takes about 3 s here, as measured.")),
            ],
            can_measure: true,
            here: vec![row, own],
            elsewhere: vec![other],
            away: vec![ModelRow { begun: None, has_room: false, ..away.clone() }, away],
            begun: vec![(text("another.gguf"), text("12 MB"))],
            work: WorkView::sample(),
        };
        let calm = Self { work: WorkView { may_change: true, ..WorkView::default() }, ..busy.clone() };
        let other = Self {
            no_changes: Some(text("The models are shared by everybody here.")),
            fixed: Some(text("mine.gguf")),
            used: Vec::new(),
            here: Vec::new(),
            elsewhere: Vec::new(),
            work: WorkView { may_change: false, ..WorkView::sample() },
            ..busy.clone()
        };
        [busy, calm, other]
    }
}
