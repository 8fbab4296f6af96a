//! The only composition root: configuration, then store, engines, services, routes.

pub mod folder;
pub mod keeping;
pub mod models;
pub mod running;
pub mod setup;

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};

use crate::{
    app::{folder::DataFolder, models::FoundModels, running::RunFile, setup::SetupFile},
    clock,
    config::{Config, manifest},
    crypto::{SealError, header::REVISION, memory},
    lifecycle::{self, Signals},
    llm::{
        self, LlamaOptions, LlmError, LoadModel, catalogue::Catalogue, machine, openai::UpstreamOptions,
        prompt::templates::Prompts, speed, worker::Engine,
    },
    routes,
    search::embed::{EmbedEngine, EmbedError},
    services::{Parts, Services, admission::Registration, backup::Plan, models::Models, upstream::Upstream},
    shutdown::shutdown,
    store::{Store, StoreState, error::StoreError},
    vault::{self, KdfChoice, Vaults, error::VaultError},
    web::{self, host::Hosts, state::AppState, view::Views},
};

/// Name of the journal's file in the data folder.
pub const JOURNAL_FILE: &str = "journal.llamora";
/// Longest time between a signal to stop and the end of the process.
const STOP_LIMIT: Duration = Duration::from_millis(4800);
/// How long requests that have begun may go on before sessions end: what somebody was saving is saved then, and not
/// answered with a page that asks to sign in.
const GRACE: Duration = Duration::from_millis(1000);

/// How the program is started.
pub struct Start {
    /// The configuration.
    pub config: Config,
    /// Where the data is.
    pub folder: DataFolder,
    /// Open the browser once the journal can be reached.
    pub open_browser: bool,
    /// Read templates from this folder for every request, for work on them.
    pub templates: Option<std::path::PathBuf>,
}

/// Opens the journal file, with an error that says what happened, what is safe and what to do. One that cannot be
/// written, or stands on a full disk, is opened for reading.
///
/// # Errors
/// When it cannot be opened.
pub fn open_store(folder: &DataFolder) -> anyhow::Result<Store> {
    let path = folder.path().join(JOURNAL_FILE);
    let shown = path.display();
    // Before a byte of the file is touched.
    if let Err(VaultError::Seal(SealError::Newer { needs })) = vault::refuse_newer(&path) {
        bail!(
            "the journal {shown} was written by a newer llamora (revision {needs} is needed, this is revision {REVISION}). \
             Nothing was changed.\n\
             Use that version or a later one."
        );
    }
    match Store::open(&path) {
        Ok(store) => {
            match store.known_state() {
                StoreState::Ok => {}
                StoreState::Full => tracing::warn!("no space is left for the journal: it can only be read"),
                _ => tracing::warn!("the journal file or its disk cannot be written: it can only be read"),
            }
            Ok(store)
        }
        Err(StoreError::Busy) => {
            let who = running::other(folder.path()).map(|who| format!(" ({who})")).unwrap_or_default();
            bail!(
                "the journal {shown} is already open in another llamora{who}. Nothing was changed.\n\
                 Use the one that runs, or stop it first."
            )
        }
        Err(StoreError::Damaged(what)) => bail!(
            "the journal {shown} is damaged or is not a journal ({what}). Nothing was changed.\n\
             Keep a copy of this file, then put a backup in its place, or read what is left of it:\n\
             llamora check --salvage --to FOLDER --name NAME"
        ),
        Err(StoreError::Foreign) => bail!(
            "the file {shown} is not a journal. Nothing was changed.\n\
             Move it elsewhere, or name another folder with --data."
        ),
        Err(StoreError::Newer(_)) => bail!(
            "the journal {shown} was written by a newer llamora. Nothing was changed.\n\
             Use that version or a later one."
        ),
        Err(StoreError::Full) => {
            bail!("no space is left for the journal {shown}. Free some space and start again.")
        }
        Err(StoreError::ReadOnly) => bail!(
            "the journal {shown} cannot be written. Nothing was changed.\n\
             Make the file and its folder writable for this user, or name another folder with --data."
        ),
        Err(error) => {
            bail!("the journal {shown} cannot be opened: {error}. Nothing was changed. Run `llamora check`.")
        }
    }
}

/// Runs the journal until a signal ends it.
///
/// # Errors
/// When something it needs is missing or taken; the message says what to do.
pub fn run(start: Start) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the program's threads could not be started")?;
    let result = runtime.block_on(serve(start));
    // Blocking work that hangs must not hold the process; everything that counts is committed by now.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn serve(start: Start) -> anyhow::Result<()> {
    let Start { config, folder, open_browser, templates } = start;
    let ip: IpAddr = config.app.host.parse().context("app.host is checked to be an address")?;
    // Before anybody is told that the program runs: a signal at once must end it cleanly as well.
    let mut signals = Signals::listen().context("signals of the operating system")?;
    // Before the port, so that a second start on the same folder is told who has it open.
    let store = Arc::new(open_store(&folder)?);
    let listener = bind(SocketAddr::new(ip, config.app.port))?;
    let address = listener.local_addr().context("the address of the listener")?;
    let catalogue = Arc::new(models::catalogue(&config, folder.path()));
    let found = FoundModels::find(&catalogue);
    let (parts, _setup_file) = parts(&config, &folder, store, &catalogue, &found)?;
    let services = Services::new(parts);
    services.start();
    if config.models.load_at_start {
        services.wake_engines();
    }
    let views = match templates {
        Some(folder) => Views::from_disk(&folder),
        None => Views::embedded().context("the templates inside the program")?,
    };
    let (stopper, stopping) = shutdown();
    let state = AppState::new(Arc::clone(&services), views, Hosts::new(address, &config.app.names));
    let mut server = tokio::spawn(web::serve(listener, web::wrap(routes::table(state)), stopping));
    let _run_file = RunFile::write(folder.path(), address);

    announce(address)?;
    folder.warn_of_others();
    if let Err(reason) = keeping::keeps_sessions(&config, &folder) {
        tracing::warn!(reason, "a setting is not followed");
    }
    tracing::info!(data = %folder.path().display(), reason = folder.reason(), "the data folder");
    tracing::info!(model = found.model_name(), embedder = found.embedder_name(), "the models");
    if open_browser {
        open_in_browser(address);
    }
    if !memory::keys_are_locked() {
        tracing::warn!(
            "this system refuses to lock memory, so keys may be swapped out; llamora check says more"
        );
    }
    let told = lifecycle::until_told(signals.next(), &mut server).await;
    tracing::info!("stopping");
    let orderly = async {
        stopper.stop();
        if told.is_err() {
            services.finish().await;
            return Ok(());
        }
        let early = tokio::time::timeout(GRACE, &mut server).await;
        services.finish().await;
        let ended = match early {
            Ok(ended) => ended,
            Err(_) => server.await,
        };
        ended.context("the server task")?.context("the server")
    };
    tokio::select! {
        ended = orderly => ended?,
        () = tokio::time::sleep(STOP_LIMIT) => tracing::warn!("not everything ended in time"),
        () = signals.next() => tracing::warn!("told to stop again: stopping at once"),
    }
    told
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} is in use on {}. Another llamora may be running; stop it, or choose a port with --port (0 takes a free one).",
            address.port(),
            address.ip()
        ),
        std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {} may not be used by this user. Choose one above 1023 with --port.",
            address.port()
        ),
        _ => anyhow::anyhow!("cannot listen on {address}: {error}. Check app.host and app.port."),
    })?;
    listener.set_nonblocking(true).context("a listener that does not block")?;
    Ok(listener)
}

/// Whether only this machine can reach the program.
fn is_loopback(config: &Config) -> bool {
    config.app.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn parts(
    config: &Config,
    folder: &DataFolder,
    store: Arc<Store>,
    catalogue: &Arc<Catalogue>,
    found: &FoundModels,
) -> anyhow::Result<(Parts, Option<SetupFile>)> {
    let clock: Arc<dyn clock::Clock> = Arc::new(clock::System);
    let vaults = Vaults::open(Arc::clone(&store), Arc::clone(&clock), KdfChoice::Default)
        .context("the accounts in the journal cannot be read")?;
    let is_new = vaults.is_new().context("the accounts in the journal cannot be read")?;
    let (setup, setup_file) = if is_new && !is_loopback(config) {
        let (setup, file) = setup::offer(folder.path(), clock.now_ms());
        (Some(setup), file)
    } else {
        setup::forget(folder.path());
        (None, None)
    };
    let local = &config.llm.local;
    let options =
        LlamaOptions { context: local.ctx_size, threads: (local.threads > 0).then_some(local.threads) };
    let data = folder.path().to_owned();
    let load: LoadModel = Arc::new(move |source| {
        // What was measured here says how many threads pay off at most.
        let hex = source.pinned().map(|sha256| manifest::hex(&sha256)).unwrap_or_default();
        let best = speed::of(&data, &hex).and_then(|bench| bench.best()).map(|best| best.threads);
        llm::load_local(source, &LlamaOptions { threads: options.threads.or(best), ..options })
    });
    // Looked up anew for every load: another model may have been chosen meanwhile.
    let (models, load_used) = (Arc::clone(catalogue), Arc::clone(&load));
    let llm = Engine::start(move || match models.used() {
        Some(source) => load_used(&source),
        None => Err(LlmError::NoModel),
    });
    let chat = &config.llm.chat;
    let upstream = UpstreamOptions::of(&config.llm.upstream.host, &chat.base_url, &chat.model, &chat.api_key)
        .map_err(|error| anyhow::anyhow!("llm.upstream.host or llm.chat.base_url: {error}"))?
        .map(Upstream::new);
    let embedder = found.embedder.clone();
    let embed = EmbedEngine::start(move || match &embedder {
        Some(files) => models::load_embedder(files),
        None => Err(EmbedError::Unavailable),
    });
    let parts = Parts {
        store,
        vaults,
        clock,
        llm,
        upstream,
        embed,
        session: config.session.clone(),
        keeps_sessions: keeping::keeps_sessions(config, folder) == Ok(true),
        generation: config.llm.generation.clone(),
        registration: Registration {
            is_remote: !is_loopback(config),
            is_disabled: config.features.disable_registration,
            setup,
        },
        prompts: Prompts::load(config.prompts.folder().as_deref())?,
        folder: folder.path().display().to_string(),
        has_model: found.model.is_some(),
        models_hint: found.hint(),
        models: Some(Models {
            catalogue: Arc::clone(catalogue),
            load,
            threads: options.threads.unwrap_or_else(machine::default_threads),
            changers: config.models.changed_by,
        }),
        has_embedder: config.embedding.enabled && found.embedder.is_some(),
        index_bytes: config.embedding.memory as usize * 1_000_000,
        backups: Plan::new(&config.backup, folder.path()),
    };
    Ok((parts, setup_file))
}

/// The first line on standard output, which programs read.
#[allow(clippy::print_stdout, reason = "the documented first line of output")]
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "Listening on http://{address}").and_then(|()| out.flush()).context("standard output")
}

/// Opens the journal in the browser when a desktop is there. A failure is no error: the address is printed.
fn open_in_browser(address: SocketAddr) {
    let url = format!("http://{address}");
    let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else if has_desktop {
        ("xdg-open", &[])
    } else {
        return;
    };
    let started = std::process::Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if started.is_err() {
        tracing::info!("no browser could be opened; open the address above yourself");
    }
}
