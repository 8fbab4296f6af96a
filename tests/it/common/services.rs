//! Services in memory: fixed clock, cheap key derivation, scripted generator, toy embedder.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Barrier, Mutex},
    time::Duration,
};

use llamora::{
    clock::Fixed,
    config::{Changers, Generation, SessionLimits, manifest::Ability},
    llm::{
        Generator, LlmError, LoadModel,
        catalogue::{Catalogue, Spot},
        openai::UpstreamOptions,
        prompt::templates::Prompts,
        scripted::ScriptedGenerator,
        shelf::Shelf,
        worker::Engine,
    },
    search::{
        embed::{EmbedEngine, EmbedError, Embedder},
        toy::Toy,
    },
    services::{
        Parts, Services,
        admission::{Registration, Setup},
        backup::Plan,
        models::Models,
        upstream::Upstream,
    },
    store::{Store, faults::Disk},
    vault::{KdfChoice, Vaults},
};

/// 2026-11-22 10:00 UTC.
const NOW: i64 = 1_795_341_600_000;

/// Makes an embedder on the thread that will use it; nothing where its files are not.
pub type MakeEmbedder = Arc<dyn Fn() -> Option<Box<dyn Embedder>> + Send + Sync>;

/// What a test chooses about its services.
#[derive(Clone)]
pub struct Options {
    /// Leave the model out.
    pub has_model: bool,
    /// Registration is closed after the first account.
    pub registration_disabled: bool,
    /// Other machines can reach the program.
    pub is_remote: bool,
    /// Where the setup token is left for the test.
    pub setup_token: Arc<Mutex<String>>,
    /// What may be asked of the generator.
    pub ability: Ability,
    /// How long the generator waits between words when an entry says `slowly`.
    pub pause: Duration,
    /// Where backups go; nowhere unless a test says so.
    pub backups: Plan,
    /// Loading the model ends when somebody else waits here too.
    pub loading: Option<Arc<Barrier>>,
    /// The embedder is there when somebody else waits here too.
    pub embedding: Option<Arc<Barrier>>,
    /// The embedder, instead of the toy.
    pub embedder: Option<MakeEmbedder>,
    /// The disk the journal lies on, instead of plain memory.
    pub disk: Option<Disk>,
    /// Whether browsers may stay signed in over a restart.
    pub keeps_sessions: bool,
    /// How long sign-ins last.
    pub session: SessionLimits,
    /// Address of an upstream, as the owner sets it.
    pub upstream: Option<String>,
    /// Models that can be changed: those in the folder `shelf` of this one. A file is answered by a scripted generator
    /// of its name; one whose name says `broken` cannot be loaded.
    pub models: Option<PathBuf>,
    /// Who may change them.
    pub changers: Changers,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            has_model: true,
            ability: Ability::Taste,
            registration_disabled: false,
            is_remote: false,
            setup_token: Arc::default(),
            pause: Duration::from_millis(5),
            backups: Plan::default(),
            loading: None,
            embedding: None,
            embedder: None,
            disk: None,
            keeps_sessions: false,
            session: SessionLimits::default(),
            upstream: None,
            models: None,
            changers: Changers::default(),
        }
    }
}

fn upstream(host: &str) -> Upstream {
    let options = UpstreamOptions::of(host, "", "", "sk-canary").expect("an address").expect("one is set");
    Upstream::new(options)
}

/// Makes and starts them, and gives their clock as well.
pub fn services(options: &Options) -> (Arc<Services>, Arc<Fixed>) {
    let store = options.disk.as_ref().map_or_else(Store::in_memory, Store::on_disk);
    make(options, Arc::new(store.expect("a store")))
}

/// The program started again over the same store, at the time of the clock before.
pub fn restarted(options: &Options, store: Arc<Store>, now: i64) -> (Arc<Services>, Arc<Fixed>) {
    let (services, clock) = make(options, store);
    clock.jump(now - NOW);
    (services, clock)
}

/// The same over a store that holds something already.
pub fn services_over(store: Arc<Store>) -> (Arc<Services>, Arc<Fixed>) {
    make(&Options::default(), store)
}

/// The same with options, over a store that holds something already.
pub fn services_with(options: &Options, store: Arc<Store>) -> (Arc<Services>, Arc<Fixed>) {
    make(options, store)
}

/// The models below a folder.
fn catalogue(data: &Path) -> Catalogue {
    let shelf = Shelf::new(data.join("shelf"), data);
    let spots = vec![Spot::Folder(data.join("shelf"))];
    Catalogue { spots, shelf, others: vec![("lmstudio", data.join("lmstudio"))], fixed: String::new() }
}

fn load(file: &str, pause: Duration, ability: Ability) -> Result<Box<dyn Generator>, LlmError> {
    if file.contains("broken") {
        return Err(LlmError::Truncated);
    }
    Ok(Box::new(ScriptedGenerator::named(file.trim_end_matches(".gguf"), pause).able(ability)))
}

fn make(options: &Options, store: Arc<Store>) -> (Arc<Services>, Arc<Fixed>) {
    let clock = Arc::new(Fixed::at(NOW));
    let vaults = Vaults::open(Arc::clone(&store), clock.clone(), KdfChoice::Cheap).expect("accounts");
    let ability = options.ability;
    let embedder = options.embedder.clone();
    let (pause, loading, embedding) = (options.pause, options.loading.clone(), options.embedding.clone());
    let catalogue = options.models.as_deref().map(|data| Arc::new(catalogue(data)));
    let has_model = catalogue.as_ref().map_or(options.has_model, |catalogue| catalogue.used().is_some());
    let load: LoadModel = Arc::new(move |source| load(&source.name(), pause, ability));
    let (used, load_used) = (catalogue.clone(), Arc::clone(&load));
    let services = Services::new(Parts {
        store,
        vaults,
        clock: clock.clone(),
        llm: Engine::start(move || {
            if let Some(loading) = &loading {
                loading.wait();
            }
            if let Some(catalogue) = &used {
                catalogue.used().map_or(Err(LlmError::NoModel), |source| load_used(&source))
            } else if has_model {
                Ok(Box::new(ScriptedGenerator::with_pause(pause).able(ability)))
            } else {
                Err(LlmError::NoModel)
            }
        }),
        upstream: options.upstream.as_deref().map(upstream),
        embed: EmbedEngine::start(move || {
            if let Some(embedding) = &embedding {
                embedding.wait();
            }
            match &embedder {
                Some(make) => make().ok_or(EmbedError::Unavailable),
                None => Ok(Box::new(Toy::default())),
            }
        }),
        session: options.session.clone(),
        keeps_sessions: options.keeps_sessions,
        generation: Generation::default(),
        registration: Registration {
            is_remote: options.is_remote,
            is_disabled: options.registration_disabled,
            setup: options.is_remote.then(|| {
                let (setup, text) = Setup::random(NOW, None);
                *options.setup_token.lock().expect("unpoisoned") = text.as_str().to_owned();
                setup
            }),
        },
        prompts: Prompts::embedded().expect("prompts parse"),
        folder: "memory".to_owned(),
        has_model,
        models_hint: "There is no model here.".to_owned(),
        models: catalogue.map(|catalogue| Models { catalogue, load, threads: 4, changers: options.changers }),
        has_embedder: true,
        index_bytes: 100_000_000,
        backups: options.backups.clone(),
    });
    services.start();
    services.wake_engines();
    (services, clock)
}
