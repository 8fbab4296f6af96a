//! Backups as files: written beside their name, proved, then given it.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    crypto::{
        Uuid,
        archive::{ArchiveReader, Table},
    },
    store::{
        Store,
        rows::{RowsMut, WriteRows},
        tables::RowBytes,
    },
    vault::backup::{BackupError, Contents, inspect, small_rows, write},
};

/// How the name of every backup ends.
const ENDING: &str = ".llamora-backup";
/// Rows and bytes that are restored in one transaction.
const BATCH_ROWS: usize = 2_000;
const BATCH_BYTES: usize = 8 << 20;

/// A backup that was made and verified.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub contents: Contents,
}

/// The part of a file name that tells the backups of one journal from those of another: the first 4 bytes of its
/// identity in hexadecimal, which stand in clear in every journal and backup.
pub fn tag(uuid: &Uuid) -> String {
    uuid[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a backup made at a time: `journal-1a2b3c4d-2026-11-22-100000Z.llamora-backup`.
fn name(uuid: &Uuid, at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!("journal-{}-{}Z{ENDING}", tag(uuid), at.strftime("%Y-%m-%d-%H%M%S"))
}

/// When the backup with this file name was made, in milliseconds since 1970; `None` for other files and for backups
/// of other journals.
pub fn made_at(file_name: &str, tag: &str) -> Option<i64> {
    let stamp = file_name.strip_prefix("journal-")?.strip_prefix(tag)?.strip_prefix('-')?;
    let stamp = stamp.strip_suffix(ENDING)?.strip_suffix('Z')?;
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%d-%H%M%S", stamp).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// The identity of a journal.
///
/// # Errors
/// [`BackupError::Vault`] when it cannot be read or a newer program is needed.
pub fn identity(store: &Store) -> Result<Uuid, BackupError> {
    let snapshot = store.snapshot()?;
    Ok(small_rows(snapshot.rows())?.0.uuid)
}

/// Makes a backup in a folder, which must be there: copies one snapshot, synchronises, reads back, compares, and only
/// then gives the file its name. `at_ms` is the time that stands in the name. Writing goes on meanwhile.
///
/// # Errors
/// See [`BackupError`]; nothing but earlier backups is left in the folder then.
pub fn make(store: &Store, folder: &Path, at_ms: i64) -> Result<Made, BackupError> {
    if !folder.is_dir() {
        return Err(BackupError::NoFolder);
    }
    let uuid = identity(store)?;
    let path = folder.join(name(&uuid, at_ms));
    if path.exists() {
        return Err(BackupError::Exists);
    }
    sweep(folder, &tag(&uuid));
    let partial = Partial::new(partial_of(&path));
    let mut file = BufWriter::with_capacity(1 << 18, create(&partial.path)?);
    let written = {
        let snapshot = store.snapshot()?;
        write(snapshot.rows(), &mut file)?
    };
    file.flush()?;
    file.into_inner().map_err(|err| BackupError::from(err.into_error()))?.sync_all()?;
    let contents = inspect(BufReader::with_capacity(1 << 18, File::open(&partial.path)?))?;
    if contents != written {
        return Err(BackupError::Unlike);
    }
    partial.keep_as(&path)?;
    Ok(Made { path, contents })
}

/// Makes a journal file from an archive. Nothing is ever overwritten: `journal` must not be there. The journal is
/// the same as the one that was copied, at that earlier state, and opens with the passwords of that time.
///
/// Before it gets its name the new file is proved: written out again it must give the archive byte for byte.
///
/// # Errors
/// See [`BackupError`]; no journal is left then.
pub fn restore(archive: &Path, journal: &Path) -> Result<Contents, BackupError> {
    if journal.symlink_metadata().is_ok() {
        return Err(BackupError::Exists);
    }
    let contents = inspect(BufReader::with_capacity(1 << 18, File::open(archive)?))?;
    let partial = Partial::new(partial_of(journal));
    match fs::remove_file(&partial.path) {
        Ok(()) => {} // what an earlier try left
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => {}
        Err(err) => return Err(err.into()),
    }
    let store = Store::open(&partial.path)?;
    copy_rows(archive, &store)?;
    store.compact()?;
    if !store.check()? {
        return Err(BackupError::Unlike);
    }
    let again = {
        let snapshot = store.snapshot()?;
        write(snapshot.rows(), std::io::sink())?
    };
    if again != contents {
        return Err(BackupError::Unlike);
    }
    store.quiet()?;
    drop(store);
    File::open(&partial.path)?.sync_all()?;
    partial.keep_as(journal)?;
    Ok(contents)
}

fn copy_rows(archive: &Path, store: &Store) -> Result<(), BackupError> {
    let mut reader = ArchiveReader::new(BufReader::with_capacity(1 << 18, File::open(archive)?))?;
    let mut ended = false;
    while !ended {
        store.write(|rows: &mut WriteRows<'_>| -> Result<(), BackupError> {
            let (mut n_rows, mut n_bytes) = (0, 0);
            while n_rows < BATCH_ROWS && n_bytes < BATCH_BYTES {
                let Some(row) = reader.next_row()? else {
                    ended = true;
                    break;
                };
                n_rows += 1;
                n_bytes += row.value.len();
                match row.table {
                    Table::Small => rows.put_small(&row.key, &row.value)?,
                    Table::Records => {
                        let key = RowBytes::try_from(row.key)
                            .map_err(|_| BackupError::Contents("a record is damaged"))?;
                        rows.insert(&key, &row.value)?;
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A file that is removed unless it was given its name.
pub(in crate::vault) struct Partial {
    pub(in crate::vault) path: PathBuf,
    kept: bool,
}

impl Partial {
    pub(in crate::vault) fn new(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    /// Renames it to what it was made for, and makes the name durable.
    pub(in crate::vault) fn keep_as(mut self, path: &Path) -> Result<(), BackupError> {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists);
        }
        fs::rename(&self.path, path)?;
        self.kept = true;
        if let Some(folder) = path.parent() {
            sync_folder(folder);
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept && fs::remove_file(&self.path).is_err() {
            tracing::debug!("an unfinished file could not be removed");
        }
    }
}

pub(in crate::vault) fn partial_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.partial"))
}

/// Removes what unfinished backups of this journal left. Only one program has the journal open, so none is running.
fn sweep(folder: &Path, tag: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let inner = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".partial"));
        if inner.is_some_and(|name| made_at(name, tag).is_some()) && fs::remove_file(entry.path()).is_err() {
            tracing::debug!("an unfinished backup could not be removed");
        }
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Not every file system can, and the file is whole without it.
fn sync_folder(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    #[cfg(unix)]
    if File::open(folder).and_then(|folder| folder.sync_all()).is_err() {
        tracing::debug!("a folder cannot be synchronised");
    }
    #[cfg(not(unix))]
    let _ = folder;
}
