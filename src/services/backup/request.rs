//! How the command line asks the running program for a backup: a file in the data folder, and a file with the answer.
//!
//! The data file is locked by the program that has it open, and only a snapshot taken by that program is a sound copy.
//! So `llamora backup create` writes `backup.request` (a random id and the folder, nothing secret) and waits for
//! `backup.answer` with the same id. Both files are for their owner only. A request counts only when it belongs to the
//! user the program runs as: whoever else can write into the folder must not choose where this user's files are made.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::services::backup::LastBackup;

const REQUEST: &str = "backup.request";
const ANSWER: &str = "backup.answer";
/// Longest request that is read.
const MAX_BYTES: u64 = 16 << 10;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Random; the answer repeats it.
    pub id: String,
    /// Where the backup should go, an absolute path.
    pub folder: PathBuf,
}

/// What the running program answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: String,
    made: Result<LastBackup, String>,
}

/// Asks for a backup.
///
/// # Errors
/// When the data folder cannot be written.
pub fn ask(data: &Path, asked: &Asked) -> io::Result<()> {
    let _ = fs::remove_file(data.join(ANSWER)); // that of an earlier request nobody waited for
    put(&data.join(REQUEST), &serde_json::to_vec(asked).map_err(io::Error::other)?)
}

/// Takes a request back; whether it was still there, which means that nobody took it up.
pub fn withdraw(data: &Path) -> bool {
    fs::remove_file(data.join(REQUEST)).is_ok()
}

/// Whether a request is still waiting to be taken up.
pub fn is_waiting(data: &Path) -> bool {
    data.join(REQUEST).exists()
}

/// The answer to a request, once there is one.
pub fn answered(data: &Path, id: &str) -> Option<Result<LastBackup, String>> {
    let answer: Answer = serde_json::from_slice(&fs::read(data.join(ANSWER)).ok()?).ok()?;
    if answer.id != id {
        return None;
    }
    let _ = fs::remove_file(data.join(ANSWER));
    Some(answer.made)
}

/// Takes up a request. One that is not ours or cannot be read is removed and forgotten.
pub(super) fn take(data: &Path) -> Option<Asked> {
    let path = data.join(REQUEST);
    let facts = path.symlink_metadata().ok()?;
    let asked = (facts.is_file() && facts.len() <= MAX_BYTES && is_ours(&facts))
        .then(|| serde_json::from_slice::<Asked>(&fs::read(&path).ok()?).ok())
        .flatten()
        .filter(|asked| asked.folder.is_absolute());
    if asked.is_none() {
        tracing::warn!("a request for a backup was refused");
    }
    fs::remove_file(&path).ok()?;
    asked
}

/// Answers a request.
pub(super) fn answer(data: &Path, asked: &Asked, made: &Result<LastBackup, String>) {
    let answer = Answer { id: asked.id.clone(), made: made.clone() };
    let put = serde_json::to_vec(&answer)
        .map_err(io::Error::other)
        .and_then(|bytes| put(&data.join(ANSWER), &bytes));
    if put.is_err() {
        tracing::warn!("the answer to a request for a backup could not be written");
    }
}

#[cfg(target_os = "linux")]
fn is_ours(facts: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(facts) == rustix::process::geteuid().as_raw()
}

/// Elsewhere the folder's own permissions decide.
#[cfg(not(target_os = "linux"))]
fn is_ours(_facts: &fs::Metadata) -> bool {
    true
}

/// Writes a small file whole or not at all, for its owner only.
pub(super) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    match fs::remove_file(&partial) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}
