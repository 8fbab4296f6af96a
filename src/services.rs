//! Use cases: each method is one intention of a person.
//!
//! Pages call these; these combine sealed storage, search and the model. Plaintext lives only in memory while its
//! owner is unlocked, and in the answer of one request.

pub mod accounts;
pub mod admission;
pub mod asking;
pub mod backup;
pub mod budget;
pub mod calendar;
pub mod days;
pub mod devices;
pub mod drafts;
pub mod entries;
pub mod finding;
pub mod generation;
pub mod indexing;
pub mod integrity;
pub mod keys;
pub mod labels;
pub mod machine;
pub mod models;
pub mod on_this_day;
pub mod openings;
pub mod passages;
pub mod passphrase;
pub mod preferences;
mod proof;
pub mod recaps;
pub mod replies;
pub mod reviews;
pub mod rotation;
pub mod sample;
pub mod sessions;
mod shaped;
pub mod size;
pub mod state;
pub mod strength;
pub mod switch;
pub mod tasks;
pub mod traces;
pub mod transfer;
pub mod trash;
pub mod upstream;
pub mod words;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    blocking::{self, Panicked},
    clock::Clock,
    config::{Generation, SessionLimits},
    crypto::token::{CsrfKey, DeviceKey},
    llm::{prompt::templates::Prompts, worker::Engine},
    search::embed::EmbedEngine,
    services::{
        admission::{Gate, Registration},
        backup::Backups,
        budget::Budget,
        models::{Desk, Models},
        sessions::Sessions,
        tasks::Tasks,
    },
    store::{Store, error::StoreError},
    vault::{
        Vaults,
        error::{Alteration, VaultError},
    },
};

/// The recovery code as shown once, seven groups of four symbols.
pub type ShownCode = Zeroizing<String>;

/// How often sessions whose time is over are looked for.
const SWEEP: Duration = Duration::from_secs(15);
/// After how long without a write the store gets its empty quick-repair commit (`format-v1.md` 18).
const QUIET_AFTER: Duration = Duration::from_secs(5);
/// How long the work of all people together may take to store what it has when the program stops.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// What services are made of.
pub struct Parts {
    /// The data file.
    pub store: Arc<Store>,
    /// The accounts in it.
    pub vaults: Vaults,
    /// Time and identifiers.
    pub clock: Arc<dyn Clock>,
    /// The text model; [`Engine`] without a loader that works when there is none.
    pub llm: Engine,
    /// Another program that may answer, when the owner has set one.
    pub upstream: Option<upstream::Upstream>,
    /// The embedder.
    pub embed: EmbedEngine,
    /// How long sign-ins last.
    pub session: SessionLimits,
    /// Whether browsers may stay signed in over a restart.
    pub keeps_sessions: bool,
    /// How replies are sampled.
    pub generation: Generation,
    /// Who may make a journal.
    pub registration: Registration,
    /// The texts of prompts.
    pub prompts: Prompts,
    /// The data folder, for the settings page.
    pub folder: String,
    /// Whether a model file was found.
    pub has_model: bool,
    /// Where models were looked for, in words.
    pub models_hint: String,
    /// What it takes to change the model; nothing where it cannot be changed.
    pub models: Option<Models>,
    /// Whether an embedder was found.
    pub has_embedder: bool,
    /// Bytes that open indexes of several people may take together.
    pub index_bytes: usize,
    /// Where backups go and when they are made.
    pub backups: backup::Plan,
}

/// Everything the pages can ask for. One per process, shared.
pub struct Services {
    pub(crate) store: Arc<Store>,
    vaults: Arc<Vaults>,
    clock: Arc<dyn Clock>,
    sessions: Sessions,
    keeps_sessions: bool,
    csrf: CsrfKey,
    llm: Engine,
    upstream: Option<upstream::Upstream>,
    embed: EmbedEngine,
    generation: Generation,
    gate: Gate,
    prompts: Prompts,
    folder: String,
    has_model: AtomicBool,
    models_hint: String,
    desk: Desk,
    has_embedder: bool,
    index_bytes: usize,
    budget: Budget,
    devices: OnceLock<Arc<DeviceKey>>,
    tasks: Tasks,
    recap_turn: tokio::sync::Mutex<()>,
    recaps_at_work: Arc<recaps::AtWork>,
    backups: Backups,
    written: tokio::sync::Notify,
}

/// Why an intention could not be carried out, in the terms a page needs. The cause is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The store refuses: medium full or read-only, or it failed.
    #[error("the store cannot be written")]
    Store {
        /// The medium can be read but not written.
        read_only: bool,
        /// No space is left.
        full: bool,
    },
    /// The file is not in its place, or its medium does not answer.
    #[error("the store cannot be reached")]
    Unreachable,
    /// A sealed record did not open, or the head does not match.
    #[error("a record is damaged")]
    Damaged,
    /// The head of the journal was lost: nothing is written before its owner accepts it as it is.
    #[error("the journal has no head that fits")]
    Headless,
    /// Too much waits already.
    #[error("too many requests wait")]
    Overloaded {
        /// Seconds after which a new try makes sense.
        retry_after_s: u32,
    },
    /// A fault of ours.
    #[error("internal fault")]
    Internal,
}

impl From<Panicked> for Failure {
    fn from(_: Panicked) -> Self {
        Self::Internal
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        // The one place where the cause is logged; its text holds nothing a person wrote.
        tracing::error!(%error, "a use case failed");
        match error {
            VaultError::Store(StoreError::Full) => Self::Store { read_only: false, full: true },
            VaultError::Store(StoreError::ReadOnly) => Self::Store { read_only: true, full: false },
            VaultError::Store(
                StoreError::Missing | StoreError::OtherFile | StoreError::Older | StoreError::Busy,
            ) => Self::Unreachable,
            VaultError::Store(StoreError::Damaged(_)) => Self::Damaged,
            VaultError::Store(_) => Self::Store { read_only: false, full: false },
            VaultError::ReadOnly => Self::Store { read_only: true, full: false },
            VaultError::Altered(Alteration::Head) => Self::Headless,
            VaultError::Seal(_) | VaultError::Altered(_) => Self::Damaged,
            _ => Self::Internal,
        }
    }
}

impl Services {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let slept_ms = parts.clock.boot_ms() - parts.clock.awake_ms();
        Arc::new(Self {
            store: parts.store,
            vaults: Arc::new(parts.vaults),
            clock: parts.clock,
            sessions: Sessions::new(&parts.session, slept_ms),
            keeps_sessions: parts.keeps_sessions,
            csrf: CsrfKey::random(),
            llm: parts.llm,
            upstream: parts.upstream,
            embed: parts.embed,
            generation: parts.generation,
            gate: Gate::from(parts.registration),
            prompts: parts.prompts,
            folder: parts.folder,
            has_model: AtomicBool::new(parts.has_model),
            models_hint: parts.models_hint,
            desk: Desk::new(parts.models),
            has_embedder: parts.has_embedder,
            index_bytes: parts.index_bytes,
            budget: Budget::default(),
            devices: OnceLock::new(),
            tasks: Tasks::default(),
            recap_turn: tokio::sync::Mutex::default(),
            recaps_at_work: Arc::default(),
            backups: Backups::new(parts.backups),
            written: tokio::sync::Notify::new(),
        })
    }

    /// Starts the work that goes on beside requests: ending sessions, quieting the store. Call once, inside a runtime.
    pub fn start(self: &Arc<Self>) {
        let sweeper = Arc::downgrade(self);
        self.tasks.spawn_forever(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(services) = sweeper.upgrade() else { return };
                services.notice_sleep();
                services.forget_later(services.sessions.sweep(services.clock.moment()));
                services.tend_all();
                services.open_days_ahead();
                services.close_indexes();
            }
        });
        self.watch_store();
        let quieter = Arc::downgrade(self);
        self.tasks.spawn_forever(async move {
            // What the last run could not finish.
            let Some(services) = quieter.upgrade() else { return };
            let mut may_settle = services.settle().await;
            drop(services);
            loop {
                let Some(services) = quieter.upgrade() else { return };
                services.written.notified().await;
                // Waits until nothing has been written for a while.
                while tokio::time::timeout(QUIET_AFTER, services.written.notified()).await.is_ok() {}
                // A disk that refuses it once would refuse it after every writing.
                may_settle = may_settle && services.settle().await;
                services.quiet().await;
            }
        });
        self.start_backups();
        self.start_following_choice();
    }

    /// Begins to load the models, if that has not begun.
    pub fn wake_engines(&self) {
        if self.has_model() {
            self.llm.load();
        }
        if self.has_embedder {
            self.embed.load();
        }
    }

    /// Whether there is a model to load.
    fn has_model(&self) -> bool {
        self.has_model.load(Ordering::SeqCst)
    }

    fn set_has_model(&self, has_model: bool) {
        self.has_model.store(has_model, Ordering::SeqCst);
    }

    /// Ends all sessions, lets running replies store what they have, stops the engines, and leaves the file quiet.
    pub async fn finish(self: &Arc<Self>) {
        self.desk.stop();
        let users = self.sessions.end_all();
        drop(users);
        self.tasks.finish(STOP_LIMIT).await;
        let (llm, embed) = (Duration::from_millis(700), Duration::from_millis(300));
        let services = Arc::clone(self);
        let stopped = blocking::db(move || {
            let upstream = services.upstream.as_ref().is_none_or(|upstream| upstream.engine.shutdown(llm));
            services.llm.shutdown(llm) & services.embed.shutdown(embed) & upstream
        })
        .await;
        if !matches!(stopped, Ok(true)) {
            tracing::warn!("a model thread did not end in time");
        }
        self.quiet().await;
    }

    /// Told after each commit.
    fn wrote(&self) {
        self.written.notify_one();
    }

    /// Takes what a change of keys replaced out of the file; `false` when that failed. The change stands all the same,
    /// and this is tried again when nothing is written, with the next change, and at the next start.
    async fn settle(&self) -> bool {
        let vaults = Arc::clone(&self.vaults);
        match blocking::db(move || vaults.settle()).await {
            Ok(Ok(has_changed)) => {
                if has_changed {
                    self.wrote();
                }
                return true;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "old bytes could not be taken out of the file yet; it is tried again");
            }
            Err(error) => tracing::error!(%error, "old bytes could not be taken out of the file yet"),
        }
        false
    }

    async fn quiet(&self) {
        let store = Arc::clone(&self.store);
        match blocking::db(move || store.quiet()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the quick-repair commit failed; the next start checks the file")
            }
            Err(error) => tracing::error!(%error, "the quick-repair commit failed"),
        }
    }
}
