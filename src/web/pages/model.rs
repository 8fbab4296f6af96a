//! Contexts of the page about models.

use serde::Serialize;

use crate::web::{
    pages::{ModelView, Shell},
    view::Template,
};

/// `GET /settings/model`.
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
}

impl Template for ModelPage {
    const NAME: &'static str = "settings/model.html";

    fn samples() -> Vec<Self> {
        let page = |model, upstream| Self {
            shell: Shell::sample("Settings"),
            model,
            embedder: "Search by meaning is ready (all-MiniLM-L6-v2).".to_owned(),
            upstream,
        };
        let asked = UpstreamView {
            host: "models.example.org".to_owned(),
            is_protected: true,
            is_here: false,
            is_allowed: false,
            sentence: None,
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
        let models = ModelView::samples();
        let first = models[0].clone();
        let plain = models.into_iter().map(|model| page(model, None));
        plain.chain([asked, bare, allowed].map(|upstream| page(first.clone(), Some(upstream)))).collect()
    }
}
