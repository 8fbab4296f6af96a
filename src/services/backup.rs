//! Backups while the journal is open: made on demand, by the clock, and for the command line. They need no key, so
//! they are made also when nobody is signed in.
//!
//! What was made last is noted in `last-backup.json` in the data folder: time, place, size; nothing of the journal.

pub mod keep;
pub mod request;

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    blocking,
    config::backup::Backup,
    services::{Services, accounts::Instance, sessions::guard},
    store::Store,
    vault::backup::{self, BackupError, Contents},
};

/// How often a request of the command line is looked for.
const LOOK: Duration = Duration::from_secs(2);
/// After how many looks it is asked whether an automatic backup is due.
const LOOKS: u32 = 30;
/// How long after a failure the next try is made.
const RETRY_MS: i64 = 30 * 60 * 1000;
const HOUR_MS: i64 = 3_600_000;
/// File in the data folder that says what was made last.
const LAST_FILE: &str = "last-backup.json";
/// Folder in the data folder that is used when none was chosen.
const OWN_FOLDER: &str = "backups";

/// Where backups go and when they are made.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The data folder; without one no backups can be made.
    data: Option<PathBuf>,
    chosen: Option<PathBuf>,
    every_ms: i64,
}

impl Plan {
    /// The plan of a configuration and a data folder.
    pub fn new(config: &Backup, data: &Path) -> Self {
        let chosen = (!config.folder.is_empty()).then(|| PathBuf::from(&config.folder));
        Self { data: Some(data.to_owned()), chosen, every_ms: i64::from(config.every_hours) * HOUR_MS }
    }

    /// Where backups go: the chosen folder, else one beside the journal.
    fn folder(&self) -> Option<PathBuf> {
        self.chosen.clone().or_else(|| Some(self.data.as_ref()?.join(OWN_FOLDER)))
    }
}

/// The last backup that was made and verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When it was made, milliseconds since 1970 UTC.
    pub made: i64,
    /// When it was found to hold all that the journal holds, milliseconds since 1970 UTC.
    pub verified: i64,
    /// Where it is.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its sealed records.
    pub records: u64,
}

/// How backups are, for the settings page.
#[derive(Clone, Debug)]
pub struct BackupState {
    /// The last one.
    pub last: Option<LastBackup>,
    /// It is no longer where it was made.
    pub is_gone: bool,
    /// Where the next one goes.
    pub folder: Option<String>,
    /// That folder lies beside the journal, on the same medium.
    pub is_beside: bool,
    /// Hours between automatic backups; `None` when none are made.
    pub every_hours: Option<u32>,
    /// Why the last try failed, and what to do.
    pub failed: Option<String>,
}

/// Why there is no new backup.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{sentence}")]
pub struct NoBackup {
    /// What happened, what is safe and what to do.
    pub sentence: String,
    /// It can be tried again once that is done.
    pub may_retry: bool,
}

/// What the services know of backups.
#[derive(Default)]
pub(crate) struct Backups {
    plan: Plan,
    state: Mutex<State>,
    /// One is made at a time.
    making: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    failed: Option<String>,
    failed_at: i64,
}

impl Backups {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, ..Self::default() }
    }
}

impl Services {
    /// Starts looking at the clock and for requests of the command line.
    pub(crate) fn start_backups(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        self.tasks.spawn_forever(async move {
            for looks in 1_u32.. {
                tokio::time::sleep(LOOK).await;
                let Some(services) = weak.upgrade() else { return };
                services.answer_backup_request().await;
                if looks % LOOKS == 1 {
                    services.back_up_when_due().await;
                }
            }
        });
    }

    /// Makes the backup that the command line asks for, if it does.
    pub async fn answer_backup_request(self: &Arc<Self>) {
        let Some(data) = self.backups.plan.data.clone() else { return };
        let Some(asked) = request::take(&data) else { return };
        let made = self.make_backup(asked.folder.clone(), false).await;
        request::answer(&data, &asked, &made.map_err(|no| no.sentence));
    }

    /// Makes the automatic backup when it is due.
    pub async fn back_up_when_due(self: &Arc<Self>) {
        let Backups { plan, .. } = &self.backups;
        let (Some(data), Some(folder)) = (&plan.data, &plan.chosen) else { return };
        // An empty journal has nothing to lose, and its backup would put off the first real one.
        let is_used = |instance: Instance| !instance.is_new;
        if plan.every_ms > 0 && self.is_backup_due(data, folder) && self.instance().await.is_ok_and(is_used) {
            // Its outcome is in the state, for the settings page, and in the log.
            let _ = self.make_backup(folder.clone(), true).await;
        }
    }

    /// Makes a backup now, in the chosen folder or beside the journal.
    ///
    /// # Errors
    /// [`NoBackup`] says why not and what to do.
    pub async fn back_up_now(self: &Arc<Self>) -> Result<LastBackup, NoBackup> {
        let plan = &self.backups.plan;
        let Some(folder) = plan.folder() else {
            let sentence = "This journal is kept in memory only; there is no file to back up.".to_owned();
            return Err(NoBackup { sentence, may_retry: false });
        };
        if plan.chosen.is_none() && make_private(&folder).is_err() {
            return Err(NoBackup { sentence: sentence(&BackupError::ReadOnly), may_retry: true });
        }
        self.make_backup(folder, true).await
    }

    /// How backups are.
    pub fn backup_state(&self) -> BackupState {
        let plan = &self.backups.plan;
        let last = plan.data.as_deref().and_then(last);
        let is_automatic = plan.chosen.is_some() && plan.every_ms > 0;
        BackupState {
            is_gone: last.as_ref().is_some_and(|last| !last.file.is_file()),
            last,
            folder: plan.folder().map(|folder| folder.display().to_string()),
            is_beside: plan.chosen.is_none(),
            every_hours: is_automatic.then(|| u32::try_from(plan.every_ms / HOUR_MS).unwrap_or(0)),
            failed: guard(&self.backups.state).failed.clone(),
        }
    }

    fn is_backup_due(&self, data: &Path, folder: &Path) -> bool {
        let (every_ms, now) = (self.backups.plan.every_ms, self.clock.now_ms());
        let state = guard(&self.backups.state);
        let is_early = |since: i64, wait: i64| since <= now && now - since < wait;
        let is_recent = last(data)
            .is_some_and(|last| last.file.parent() == Some(folder) && is_early(last.verified, every_ms));
        let has_failed = state.failed.is_some() && is_early(state.failed_at, RETRY_MS);
        !is_recent && !has_failed
    }

    async fn make_backup(self: &Arc<Self>, folder: PathBuf, thin_out: bool) -> Result<LastBackup, NoBackup> {
        let _alone = self.backups.making.lock().await;
        self.quiet().await;
        let now = self.clock.now_ms();
        let (store, data) = (Arc::clone(&self.store), self.backups.plan.data.clone());
        let made = blocking::db(move || {
            let made = if thin_out { renew(&store, &folder, now) } else { fresh(&store, &folder, now) };
            if let (Ok(made), Some(data)) = (&made, &data) {
                note(data, made);
            }
            made
        })
        .await;
        let mut state = guard(&self.backups.state);
        match made {
            Ok(Ok(made)) => {
                state.failed = None;
                Ok(made)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "a backup failed");
                let said = sentence(&error);
                (state.failed, state.failed_at) = (Some(said.clone()), now);
                Err(NoBackup { sentence: said, may_retry: true })
            }
            Err(error) => {
                tracing::error!(%error, "a backup failed");
                let sentence =
                    "The backup failed inside the program. Earlier backups are as they were.".to_owned();
                Err(NoBackup { sentence, may_retry: true })
            }
        }
    }
}

/// Makes a backup whatever is there already.
///
/// # Errors
/// See [`BackupError`].
pub fn fresh(store: &Store, folder: &Path, now: i64) -> Result<LastBackup, BackupError> {
    let made = backup::make(store, folder, now)?;
    Ok(last_of(&made.path, &made.contents, now, now))
}

/// Makes a backup and removes those that are no longer kept. When nothing changed since the newest one, that is
/// verified again instead.
///
/// # Errors
/// See [`BackupError`].
pub fn renew(store: &Store, folder: &Path, now: i64) -> Result<LastBackup, BackupError> {
    if !folder.is_dir() {
        return Err(BackupError::NoFolder);
    }
    let tag = backup::tag(&backup::identity(store)?);
    if let Some((made, path)) = list(folder, &tag).into_iter().max()
        && let Some(contents) = unchanged(store, &path)?
    {
        return Ok(last_of(&path, &contents, made, now));
    }
    let made = fresh(store, folder, now)?;
    let all = list(folder, &tag);
    let surplus = keep::surplus(&all.iter().map(|(made, _)| *made).collect::<Vec<_>>());
    for (_, path) in all.iter().filter(|(at, path)| surplus.contains(at) && *path != made.file) {
        if fs::remove_file(path).is_err() {
            tracing::warn!("an old backup could not be removed");
        }
    }
    Ok(made)
}

/// What a backup holds, when that is exactly what the journal holds now.
fn unchanged(store: &Store, path: &Path) -> Result<Option<Contents>, BackupError> {
    let Some(hash) = hash_of(path) else { return Ok(None) };
    let now = backup::write(store.snapshot()?.rows(), std::io::sink())?;
    if now.sha256 != hash {
        return Ok(None);
    }
    let found = fs::File::open(path)
        .map_err(BackupError::from)
        .and_then(|file| backup::inspect(std::io::BufReader::new(file)));
    Ok(found.ok().filter(|found| *found == now))
}

/// The backups of one journal in a folder, with the times in their names.
fn list(folder: &Path, tag: &str) -> Vec<(i64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((backup::made_at(entry.file_name().to_str()?, tag)?, entry.path())))
        .collect()
}

/// The hash that a backup ends with.
fn hash_of(path: &Path) -> Option<[u8; 32]> {
    let mut file = fs::File::open(path).ok()?;
    file.seek(SeekFrom::End(-32)).ok()?;
    let mut hash = [0; 32];
    file.read_exact(&mut hash).ok()?;
    Some(hash)
}

fn last_of(path: &Path, contents: &Contents, made: i64, verified: i64) -> LastBackup {
    LastBackup { made, verified, file: path.to_owned(), bytes: contents.bytes, records: contents.records }
}

/// What was made last, as noted in a data folder.
pub fn last(data: &Path) -> Option<LastBackup> {
    serde_json::from_slice(&fs::read(data.join(LAST_FILE)).ok()?).ok()
}

/// Notes what was made last. A failure is no reason to call the backup failed.
pub fn note(data: &Path, made: &LastBackup) {
    let noted = serde_json::to_vec_pretty(made)
        .map_err(std::io::Error::other)
        .and_then(|bytes| request::put(&data.join(LAST_FILE), &bytes));
    if noted.is_err() {
        tracing::warn!("the time of the backup could not be noted in the data folder");
    }
}

/// Makes the folder for backups beside the journal.
///
/// # Errors
/// When it cannot be made.
pub fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The folder for backups beside the journal.
pub fn own_folder(data: &Path) -> PathBuf {
    data.join(OWN_FOLDER)
}

/// Why a backup failed, what is safe, and what to do.
pub fn sentence(error: &BackupError) -> String {
    let text = match error {
        BackupError::NoFolder => {
            "The folder for backups is not there. Plug in its medium, or choose another folder in the setting backup.folder."
        }
        BackupError::Full => {
            "No space is left for the backup. Earlier backups are as they were; free some space there and try again."
        }
        BackupError::ReadOnly => {
            "The folder for backups cannot be written. Make it writable for this user, or choose another in the setting backup.folder."
        }
        BackupError::Exists => "A backup of this second is there already. Try again in a moment.",
        BackupError::Unlike | BackupError::Archive(_) | BackupError::Contents(_) => {
            "What was written could not be read back as it was, so it was thrown away. Use another medium for backups."
        }
        BackupError::Vault(_) => {
            "The journal could not be read to its end, so no backup was made. Earlier backups are as they were; run llamora check."
        }
        BackupError::Io(_) => {
            "The medium for backups failed. Earlier backups are as they were; check the medium, or use another."
        }
    };
    text.to_owned()
}
