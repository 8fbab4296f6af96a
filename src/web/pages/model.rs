//! Contexts of the page about models.

use serde::Serialize;

pub mod shelf;

use crate::web::{
    pages::{ModelView, Shell, model::shelf::ModelsView},
    view::Template,
};

/// `GET /settings/model`. Forms: `use`, `fetch`, `verify`, `remove` and `discard` with `name`, `add` with `path`,
/// `address` with `address`, `stop` with `what`, and `bench`. Its fragment is the part about models as files.
#[derive(Serialize, Clone)]
pub struct ModelPage {
    /// Surroundings.
    pub shell: Shell,
    /// The model that answers this person.
    pub model: ModelView,
    /// One sentence on the embedder.
    pub embedder: String,
    /// Another program, when the owner has set one.
    pub upstream: Option<UpstreamView>,
    /// Models as files, where they can be seen and this person wants a model.
    pub models: Option<ModelsView>,
    /// One sentence on what was refused.
    pub error: Option<String>,
}

/// Another program that may answer.
#[derive(Serialize, Clone)]
pub struct UpstreamView {
    /// Its host.
    pub host: String,
    /// Whether the way there is encrypted.
    pub is_protected: bool,
    /// Whether it is this machine.
    pub is_here: bool,
    /// Whether this person allowed it.
    pub is_allowed: bool,
    /// How it is, once it is allowed.
    pub sentence: Option<String>,
    /// Whether this person gave a key of their own.
    pub has_own_key: bool,
    /// Whether that key cannot be read any more.
    pub is_key_lost: bool,
}

/// `GET /entries/{id}/sending`: what would be sent for a reply to an entry.
#[derive(Serialize, Clone)]
pub struct SentPage {
    /// Surroundings.
    pub shell: Shell,
    /// Where it would go.
    pub host: String,
    /// Whether this person allowed that.
    pub is_allowed: bool,
    /// Whether a key of this person goes along.
    pub has_own_key: bool,
    /// Day of the entry, ISO.
    pub day: String,
    /// The entry.
    pub id: String,
    /// Whether the entry is never sent.
    pub is_kept: bool,
    /// Who speaks and what is said, in order.
    pub turns: Vec<(&'static str, String)>,
    /// The body of the request, byte for byte.
    pub payload: String,
}

impl Template for SentPage {
    const NAME: &'static str = "settings/sent.html";

    fn samples() -> Vec<Self> {
        let sent = Self {
            shell: Shell::sample("What is sent"),
            host: "models.example.org".to_owned(),
            is_allowed: true,
            has_own_key: true,
            day: "2026-11-22".to_owned(),
            id: "01KAMQ0000000000000000000A".to_owned(),
            is_kept: false,
            turns: vec![
                ("The rules", "Answer shortly.".to_owned()),
                ("You", "Snow on </pre> the bridge.".to_owned()),
            ],
            payload: r#"{"model":"Lantern","messages":[]}"#.to_owned(),
        };
        let kept = Self { is_kept: true, turns: Vec::new(), payload: String::new(), ..sent.clone() };
        let asked = Self { is_allowed: false, has_own_key: false, ..sent.clone() };
        let too_long = Self { turns: Vec::new(), payload: String::new(), ..sent.clone() };
        vec![sent, kept, asked, too_long]
    }
}

impl Template for ModelPage {
    const NAME: &'static str = "settings/model.html";
    const PART: Option<&'static str> = Some("settings/_models.html");

    fn samples() -> Vec<Self> {
        let page = |model, upstream| Self {
            shell: Shell::sample("Settings"),
            model,
            embedder: "Search by meaning is ready (all-MiniLM-L6-v2).".to_owned(),
            upstream,
            models: None,
            error: None,
        };
        let asked = UpstreamView {
            host: "models.example.org".to_owned(),
            is_protected: true,
            is_here: false,
            is_allowed: false,
            sentence: None,
            has_own_key: false,
            is_key_lost: false,
        };
        let bare =
            UpstreamView { host: "192.168.1.20:8081".to_owned(), is_protected: false, ..asked.clone() };
        let allowed = UpstreamView {
            host: "127.0.0.1:8081".to_owned(),
            is_here: true,
            is_allowed: true,
            sentence: Some(
                "Qwen3-4B at 127.0.0.1:8081 answers; what you ask about is sent there.".to_owned(),
            ),
            ..bare.clone()
        };
        let own = UpstreamView { has_own_key: true, ..allowed.clone() };
        let models = ModelView::samples();
        let first = models[0].clone();
        let plain = models.into_iter().map(|model| page(model, None));
        let with_models = ModelsView::samples().map(|models| Self {
            shell: Shell { refresh: !models.work.lines.is_empty(), ..Shell::sample("Settings") },
            error: models.no_changes.is_none().then(|| "That model is not here.".to_owned()),
            models: Some(models),
            ..page(first.clone(), None)
        });
        let lost = UpstreamView { is_key_lost: true, ..allowed.clone() };
        let sent = [asked, bare, allowed, own, lost].map(|upstream| page(first.clone(), Some(upstream)));
        plain.chain(sent).chain(with_models).collect()
    }
}
