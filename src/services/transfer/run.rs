//! Export and import as pages ask for them.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{
    blocking,
    journal::day::Day,
    services::{
        Failure, Services,
        sessions::{Session, User, guard},
        transfer::{
            Circumstances, Format, export,
            import::{self, Import, Tally},
            read::{self, Parsed, Problem, ReadError},
        },
    },
    shutdown::Shutdown,
    vault::{error::VaultError, whole},
};

/// Bytes of an export that are sent at a time.
const CHUNK: usize = 32 * 1024;
/// Chunks that wait for a slow reader.
const MAX_WAITING: usize = 4;
/// How long one request imports before it answers how far it came.
const STRETCH: Duration = Duration::from_secs(8);
/// What was read for an import is forgotten after this long without a yes.
const FORGET_MS: i64 = 30 * 60_000;

/// A running export. Dropping it ends the export.
pub struct Export {
    /// Name for the file: the program and the day, nothing of the journal.
    pub file_name: String,
    /// Its media type.
    pub content_type: &'static str,
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
    locked: Shutdown,
}

impl Export {
    /// The next bytes; `None` at the end, an error when it broke off or the journal was locked.
    pub async fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        tokio::select! {
            biased;
            () = self.locked.wait() => {
                self.chunks.close();
                Some(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            chunk = self.chunks.recv() => chunk,
        }
    }
}

/// How far an import is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Read, and nothing done yet.
    Planned,
    /// At work for another request.
    Running,
    /// Some of it is in the journal.
    Paused,
    /// All of it is.
    Finished,
}

/// What was read, what it will do, and what it has done.
#[derive(Clone)]
pub struct ImportView {
    /// How far it is.
    pub stage: Stage,
    /// Formats that were met.
    pub formats: Vec<Format>,
    /// What it does, by the dry run.
    pub planned: Tally,
    /// Days that get something, with the number of new entries and replies, ascending.
    pub days: Arc<[(Day, usize)]>,
    /// What it has done.
    pub done: Tally,
    /// Entries that stood in the file twice, under one id.
    pub n_repeated: usize,
    /// The first of what cannot be read.
    pub problems: Arc<[Problem]>,
    /// All of what cannot be read.
    pub n_problems: usize,
    /// What is left out or odd, in sentences.
    pub notes: Vec<String>,
}

/// An import of one person, between one request and the next. In memory only, and gone when the vault is locked.
#[derive(Default)]
pub(crate) struct ImportSlot(Mutex<Slot>);

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    /// The import itself is with the request that works on it.
    Running(ImportView),
    Waiting {
        import: Box<Import>,
        view: ImportView,
        since: i64,
    },
    Finished(ImportView),
}

impl ImportSlot {
    /// Forgets an import that nobody said yes to.
    pub(crate) fn expire(&self, now: i64) {
        let mut slot = guard(&self.0);
        if matches!(&*slot, Slot::Waiting { since, .. } if now.saturating_sub(*since) > FORGET_MS) {
            *slot = Slot::Empty;
        }
    }

    fn view(&self) -> Option<ImportView> {
        match &*guard(&self.0) {
            Slot::Empty => None,
            Slot::Running(view) | Slot::Waiting { view, .. } | Slot::Finished(view) => Some(view.clone()),
        }
    }

    fn take(&self) -> Option<(Box<Import>, ImportView)> {
        let mut slot = guard(&self.0);
        match std::mem::take(&mut *slot) {
            Slot::Waiting { import, view, .. } => {
                *slot = Slot::Running(ImportView { stage: Stage::Running, ..view.clone() });
                Some((import, view))
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    fn put(&self, slot: Slot) {
        *guard(&self.0) = slot;
    }
}

impl Services {
    /// Begins to write the whole journal down, in clear, for its owner. At most one day and a few chunks are in memory.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn export(self: &Arc<Self>, session: &Session, format: Format) -> Result<Export, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let keep = Arc::clone(&user);
        let around = blocking::db(move || {
            // What is wrong with the journal shows before the answer begins.
            keep.vault.read(whole::days)?;
            Circumstances::of(&keep.vault, now)
        })
        .await??;
        let (extension, content_type) = match format {
            Format::Markdown => ("zip", "application/zip"),
            Format::Jrnl => ("jrnl.json", "application/json"),
            Format::Json | Format::DayOne => ("json", "application/json"),
        };
        let file_name = format!("llamora-{}.{extension}", around.today());
        let (send, chunks) = mpsc::channel(MAX_WAITING);
        let locked = user.locked.clone();
        self.tasks.spawn(async move {
            let failed = send.clone();
            let written = blocking::db(move || {
                let mut out = Chunks { buffer: Vec::with_capacity(CHUNK), send, locked: user.locked.clone() };
                let summary = export::to_file(&user.vault, format, &around, &mut out)?;
                out.flush()?;
                Ok::<_, export::ExportError>(summary)
            })
            .await;
            match written {
                Ok(Ok(summary)) => tracing::info!(
                    records = summary.n_entries,
                    failures = summary.n_unreadable,
                    "the journal was exported"
                ),
                Ok(Err(export::ExportError::Vault(error))) => {
                    tracing::error!(%error, "an export broke off");
                    let _ = failed.send(Err(io::ErrorKind::Other.into())).await;
                }
                Ok(Err(export::ExportError::Out(_))) => tracing::info!("an export was not taken to its end"),
                Err(error) => {
                    tracing::error!(%error, "an export broke off");
                    let _ = failed.send(Err(io::ErrorKind::Other.into())).await;
                }
            }
        });
        Ok(Export { file_name, content_type, chunks, locked })
    }

    /// Reads a file and keeps what is in it, in memory, until [`Services::go_on_importing`] or
    /// [`Services::forget_import`]. Of `name` only a date is read. Changes nothing in the journal.
    ///
    /// # Errors
    /// When the journal cannot be read; the inner error when the file cannot.
    pub async fn read_import(
        &self,
        session: &Session,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Result<(), ReadError>, Failure> {
        let (user, now, name) = (Arc::clone(&session.user), self.clock.now_ms(), name.to_owned());
        let clock = Arc::clone(&self.clock);
        let keep = Arc::clone(&user);
        let looked = blocking::db(move || {
            let around = Circumstances::of(&keep.vault, now)?;
            let parsed = match read::file(&name, bytes, &around, &*clock) {
                Ok(parsed) => parsed,
                Err(error) => return Ok(Err(error)),
            };
            let plan = import::dry_run(&keep.vault, &parsed.items)?;
            Ok::<_, VaultError>(Ok((parsed, plan)))
        })
        .await??;
        let (mut parsed, (planned, days)) = match looked {
            Ok(looked) => looked,
            Err(error) => return Ok(Err(error)),
        };
        let items = std::mem::take(&mut parsed.items);
        let view = view_of(parsed, planned, days);
        user.import.put(Slot::Waiting { import: Box::new(Import::new(items)), view, since: now });
        Ok(Ok(()))
    }

    /// The import that waits, runs or is finished.
    pub fn import(&self, session: &Session) -> Option<ImportView> {
        session.user.import.view()
    }

    /// Imports for some seconds, then answers how far it came. `None` when there is nothing to import, or another
    /// request is at it.
    ///
    /// # Errors
    /// When it cannot be written; what was put in until then stays, and it can be gone on with.
    pub async fn go_on_importing(&self, session: &Session) -> Result<Option<ImportView>, Failure> {
        let user = Arc::clone(&session.user);
        let Some((import, view)) = user.import.take() else { return Ok(None) };
        let keep = Arc::clone(&user);
        let begun = Instant::now();
        let worked = blocking::db(move || {
            let mut import = import;
            let result = stretch(&keep, &mut import, begun);
            (import, result)
        })
        .await;
        let (import, result) = match worked {
            Ok(worked) => worked,
            Err(error) => {
                user.import.put(Slot::Empty);
                return Err(error.into());
            }
        };
        self.wrote();
        self.nudge(&user);
        let view = ImportView { stage: Stage::Paused, done: import.tally, ..view };
        let view = match result {
            Ok(false) => ImportView { stage: Stage::Finished, ..view },
            Ok(true) | Err(_) => view,
        };
        user.import.put(match view.stage {
            Stage::Finished => Slot::Finished(view.clone()),
            _ => Slot::Waiting { import, view: view.clone(), since: self.clock.now_ms() },
        });
        result?;
        Ok(Some(view))
    }

    /// Forgets what was read for an import, or its result.
    pub fn forget_import(&self, session: &Session) {
        let mut slot = guard(&session.user.import.0);
        if !matches!(*slot, Slot::Running(_)) {
            *slot = Slot::Empty;
        }
    }
}

/// Step after step, until it is done, the time is over or the vault is locked. Whether there is more to do.
fn stretch(user: &User, import: &mut Import, begun: Instant) -> Result<bool, VaultError> {
    while import.step(&user.vault)? {
        if begun.elapsed() > STRETCH || user.locked.is_stopping() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn view_of(parsed: Parsed, planned: Tally, days: Vec<(Day, usize)>) -> ImportView {
    let mut notes = parsed.notes;
    let counted = [
        (
            parsed.n_repeated,
            "One entry stands in the file twice; it is imported once.",
            "entries stand in the file twice; each is imported once.",
        ),
        (
            parsed.n_divided,
            "One text is longer than an entry can be; it becomes several.",
            "texts are longer than an entry can be; each becomes several.",
        ),
        (
            parsed.n_files,
            "One picture or attachment is not imported.",
            "pictures and attachments are not imported.",
        ),
        (
            parsed.n_left_out,
            "One file is neither Markdown nor JSON and is left out.",
            "files are neither Markdown nor JSON and are left out.",
        ),
        (
            planned.n_orphans,
            "One reply is left out, because the entry it answers is not there.",
            "replies are left out, because the entries they answer are not there.",
        ),
        (
            planned.n_no_room,
            "One entry is left out, because its day is full.",
            "entries are left out, because their days are full.",
        ),
    ];
    for (n, one, many) in counted {
        match n {
            0 => {}
            1 => notes.push(one.to_owned()),
            n => notes.push(format!("{n} {many}")),
        }
    }
    ImportView {
        stage: Stage::Planned,
        formats: parsed.formats,
        planned,
        days: days.into(),
        done: Tally::default(),
        n_repeated: parsed.n_repeated,
        problems: parsed.problems.into(),
        n_problems: parsed.n_problems,
        notes,
    }
}

/// Cuts an export into chunks for whoever takes it.
struct Chunks {
    buffer: Vec<u8>,
    send: mpsc::Sender<io::Result<Vec<u8>>>,
    locked: Shutdown,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        // A reader that does not read must not hold the keys of a vault that is being locked.
        let sent = async {
            tokio::select! {
                biased;
                () = self.locked.wait() => false,
                sent = self.send.send(Ok(chunk)) => sent.is_ok(),
            }
        };
        let is_sent = tokio::runtime::Handle::current().block_on(sent);
        if is_sent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}
