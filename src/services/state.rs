//! How the parts of the program are.

use std::{sync::Arc, time::Duration};

use crate::{
    blocking,
    llm::worker::EngineState,
    search::embed::EmbedState,
    services::{Failure, Services, sessions::Session},
    store::{StoreState, error::StoreError},
    vault::error::VaultError,
};

/// How often the journal's file is looked at. A page asks every 2 seconds as well, so that what happened is said
/// within 5 (RR-07).
const LOOK: Duration = Duration::from_secs(2);

/// How far the clock may stand before the last writing, in milliseconds: clocks get corrected.
const CLOCK_SLACK_MS: i64 = 60_000;

/// For `/readyz`: `ok`, `loading`, `absent` or `failed` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The store: `ok`, `read-only`, `full` or `failed`.
    pub store: &'static str,
    /// The model.
    pub model: &'static str,
    /// The embedder.
    pub embedder: &'static str,
}

/// Why the journal cannot be used as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreNote {
    /// `read-only`, `full` or `failed`.
    pub state: &'static str,
    /// What happened, what still works, what to do.
    pub sentence: &'static str,
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
    /// Whether this machine's clock stands before the last time something was written: then it is wrong, or was.
    pub fn clock_is_behind(&self, session: &Session) -> bool {
        self.clock.now_ms() < session.user.vault.latest_writing().saturating_sub(CLOCK_SLACK_MS)
    }

    /// What is to be said about the journal's file; `None` while all is well. Tells what is known and waits for
    /// nothing.
    pub fn store_note(&self) -> Option<StoreNote> {
        let (state, sentence) = match self.store.known_state() {
            StoreState::Ok if self.vaults.may_write() => return None,
            StoreState::Ok => (
                "read-only",
                "This journal can only be read now: a newer version of the program has written to it. Use that version to write.",
            ),
            StoreState::ReadOnly => (
                "read-only",
                "This journal can only be read now: its file or its disk cannot be written. Reading and searching work; nothing new is saved.",
            ),
            StoreState::Full => (
                "full",
                "The disk is full: new writing cannot be saved until there is room. Reading and deleting work.",
            ),
            StoreState::Missing => (
                "failed",
                "The journal's file is not in its place any more, so nothing can be saved. Put it or its disk back, and writing goes on here. What you typed stays on this page.",
            ),
            StoreState::OtherFile => (
                "failed",
                "Another journal lies where this one was, so nothing is read or saved. Put the right file or disk back, and writing goes on here.",
            ),
            StoreState::Older => (
                "failed",
                "An older copy of this journal lies in its place, so nothing is read or saved. Put the newer one back, or start the program again to use the copy.",
            ),
            StoreState::Busy => (
                "failed",
                "Another llamora has this journal open now. Stop it there, and writing goes on here. What you typed stays on this page.",
            ),
            StoreState::Damaged => (
                "failed",
                "A part of the journal's file cannot be read. Keep a copy of the file, then run `llamora check`.",
            ),
            StoreState::Failed => (
                "failed",
                "The journal's disk does not work as it should, so nothing can be saved. Check the disk; when it works again, writing goes on here. What you typed stays on this page.",
            ),
        };
        Some(StoreNote { state, sentence })
    }

    /// Looks at the journal's file at once, and opens it again where that is called for.
    ///
    /// # Errors
    /// Only faults of ours.
    pub async fn look_at_store(&self) -> Result<(), Failure> {
        let store = Arc::clone(&self.store);
        blocking::db(move || store.look()).await?;
        Ok(())
    }

    /// Looks at the journal's file every few seconds, and reads a file through that was too large to check at start.
    pub(super) fn watch_store(self: &Arc<Self>) {
        let watcher = Arc::downgrade(self);
        self.tasks.spawn_forever(async move {
            loop {
                let Some(services) = watcher.upgrade() else { return };
                let store = Arc::clone(&services.store);
                drop(services);
                let looked = blocking::db(move || store.glance()).await;
                if looked.is_err() {
                    tracing::error!("looking at the journal file failed");
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        if self.store.needs_check() {
            let store = Arc::clone(&self.store);
            self.tasks.spawn_forever(async move {
                match blocking::db(move || store.read_through()).await {
                    Ok(Ok(rows)) => tracing::info!(rows, "the journal file was read through"),
                    Ok(Err(error)) => tracing::error!(%error, "the journal file cannot be read through"),
                    Err(error) => tracing::error!(%error, "reading the journal file through failed"),
                }
            });
        }
    }

    /// Runs a deletion; on a full disk once more, with the reserve given up.
    pub(super) async fn making_room<T: Send + 'static>(
        &self,
        work: impl Fn() -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = Arc::clone(&self.store);
        blocking::db(move || match work() {
            Err(VaultError::Store(StoreError::Full)) if store.spend_reserve() => work(),
            done => done,
        })
        .await?
        .map_err(Failure::from)
    }

    /// How the parts are.
    pub fn readiness(&self) -> Readiness {
        let store = self.store_note().map_or("ok", |note| note.state);
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
        if !self.has_model() {
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
