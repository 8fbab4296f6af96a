//! Models as files, as the settings page sees them: fetch, add, verify, remove, use another one without a restart,
//! measure.
//!
//! One thing at a time is done with files, and one with the model that runs; each says how far it is and what came of
//! it, for everybody who looks at the page. Nothing is fetched that nobody asked for. Who may ask is for [`permission`]
//! to say. Nothing here knows a word of a journal.

pub mod change;
pub mod files;
pub mod listing;
pub mod permission;
pub mod work;

use std::sync::{Arc, Mutex};

pub use crate::llm::speed::NOT_MEASURED;

use crate::{
    config::Changers,
    llm::{LoadModel, catalogue::Catalogue, speed::Bench},
    services::{Failure, models::work::Slot},
};

/// Where models are, how one is loaded, and who may change what is there.
pub struct Models {
    /// All models that can be used here.
    pub catalogue: Arc<Catalogue>,
    /// Loads one.
    pub load: LoadModel,
    /// Most threads that a model may take.
    pub threads: u32,
    /// Who may change what is there.
    pub changers: Changers,
}

/// What the services know of models as files.
#[derive(Default)]
pub(crate) struct Desk {
    /// Nothing where models cannot be changed, as in most tests.
    models: Option<Models>,
    /// Fetching, copying, reading through.
    files: Slot,
    /// Another model, or a measurement of the one there is.
    change: Slot,
    /// The choice in the data folder that was last acted on.
    acted_on: Mutex<Option<String>>,
    /// What was measured on this machine.
    benches: Mutex<Vec<Bench>>,
}

impl Desk {
    pub(crate) fn new(models: Option<Models>) -> Self {
        let chosen = models.as_ref().and_then(|models| models.catalogue.shelf.chosen());
        Self { models, acted_on: Mutex::new(chosen), ..Self::default() }
    }

    /// Tells everything that runs to stop: the program ends.
    pub(crate) fn stop(&self) {
        self.files.cancel();
        self.change.cancel();
    }
}

/// Why something is not done with a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoChange {
    /// This person may not.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Something else is being done.
    #[error("{0}")]
    Busy(&'static str),
    /// It cannot be done; a sentence that says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// See [`Failure`].
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A message of a lower layer as a sentence: with a capital and a full stop.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    first.chain(letters).collect::<String>() + end
}
