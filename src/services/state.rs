//! How the parts of the program are.

use crate::{llm::worker::EngineState, search::embed::EmbedState, services::Services, store::StoreState};

/// For `/readyz`: `ok`, `loading`, `absent` or `failed` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The store.
    pub store: &'static str,
    /// The model.
    pub model: &'static str,
    /// The embedder.
    pub embedder: &'static str,
}

/// How the model is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelState {
    /// `ready`, `loading`, `absent` or `failed`.
    pub state: &'static str,
    /// Its name.
    pub name: Option<String>,
    /// One sentence: what it can do now, or what to do.
    pub sentence: String,
}

/// What the settings page says about the program and its data.
#[derive(Clone, Debug)]
pub struct About {
    /// The data folder.
    pub folder: String,
    /// Size of the journal file in bytes.
    pub file_bytes: u64,
    /// Version of the program.
    pub version: &'static str,
}

impl Services {
    /// How the parts are.
    pub fn readiness(&self) -> Readiness {
        let store = match self.store.state() {
            StoreState::Ok => "ok",
            _ => "failed",
        };
        let embedder = match self.embed.state() {
            _ if !self.has_embedder => "absent",
            EmbedState::Ready(_) => "ok",
            EmbedState::Idle | EmbedState::Loading => "loading",
            EmbedState::Unavailable(_) => "failed",
        };
        let model = match self.model().state {
            "ready" => "ok",
            other => other,
        };
        Readiness { store, model, embedder }
    }

    /// How the model is.
    pub fn model(&self) -> ModelState {
        if !self.has_model {
            return ModelState { state: "absent", name: None, sentence: self.models_hint.clone() };
        }
        match self.llm.state() {
            EngineState::Ready(identity) => ModelState {
                state: "ready",
                sentence: format!("{} answers on this machine; nothing leaves it.", identity.name),
                name: Some(identity.name),
            },
            EngineState::Idle | EngineState::Loading => ModelState {
                state: "loading",
                name: None,
                sentence: "The model is being loaded; replies are possible in a moment.".to_owned(),
            },
            EngineState::Unavailable(sentence) => ModelState { state: "failed", name: None, sentence },
        }
    }

    /// Where the data is.
    pub fn about(&self) -> About {
        About {
            folder: self.folder.clone(),
            file_bytes: self.store.size(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
