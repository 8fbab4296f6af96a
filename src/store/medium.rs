//! Where the bytes of a store live: a file, or memory; and how redb is put on top.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::{Builder, Database, StorageBackend, backends::FileBackend};

#[cfg(any(test, feature = "test-hooks"))]
use crate::store::faults::Disk;
use crate::store::{
    error::StoreError,
    memory::Memory,
    overlay::Overlay,
    watched::{Facts, HEADER_BYTES, Watched, newest_commit, sure_commit},
};

/// redb's own default is 1 GiB, which one verification scan would fill (`format-v1.md` section 18).
pub(super) const CACHE_BYTES: usize = 48 << 20;

/// Up to this size every page is checked when the file is opened (0.3 s for 272 MiB).
pub(super) const CHECK_ON_OPEN_BYTES: u64 = 256 << 20;

/// The first bytes of every redb file (redb's `design.md`).
const MAGIC: [u8; 9] = [b'r', b'e', b'd', b'b', 0x1A, 0x0A, 0xA9, 0x0D, 0x0A];

/// A medium that can be opened, and opened again after a failure.
pub(super) enum Medium {
    File(Journal),
    Memory(Memory),
    #[cfg(any(test, feature = "test-hooks"))]
    Disk(Disk),
}

/// A file, and which one it was when it was opened last.
pub(super) struct Journal {
    path: PathBuf,
    /// Files up to this size are checked when they are opened first.
    check_up_to: u64,
    opened: Mutex<Option<FileId>>,
}

/// Names a file as long as something has it open: device and number in it.
type FileId = (u64, u64);

/// How a medium is to be opened.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// At the start: a file may be made, and its pages are checked. An opening after a failure checks nothing,
    /// because it must also succeed on a full disk.
    pub(super) first: bool,
    /// Writing goes to memory only.
    pub(super) reading: bool,
    /// The newest commit must have at least this number, or an older copy lies there.
    pub(super) floor: u64,
}

/// An open medium.
pub(super) struct Opened {
    pub(super) database: Database,
    /// Number of the newest commit that is surely on the medium.
    pub(super) commit: u64,
    /// Every page was read and compared with its checksum.
    pub(super) checked: bool,
}

impl Journal {
    pub(super) fn at(path: &Path, check_up_to: u64) -> Self {
        Self { path: path.to_owned(), check_up_to, opened: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn opened(&self) -> MutexGuard<'_, Option<FileId>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium {
    /// Opens the database.
    pub(super) fn open(&self, how: How, facts: &Arc<Facts>) -> Result<Opened, StoreError> {
        let (backend, is_new) = self.backend(how)?;
        let len = backend.len()?;
        let mut header = [0; HEADER_BYTES];
        let known = usize::try_from(len).unwrap_or(HEADER_BYTES).min(HEADER_BYTES);
        backend.read(0, &mut header[..known])?;
        let is_file = matches!(self, Self::File(_));
        if is_file && len > 0 && header.first_chunk() != Some(&MAGIC) {
            return Err(StoreError::Foreign);
        }
        if newest_commit(&header[..known]) < how.floor {
            return Err(StoreError::Older);
        }
        if how.reading && len == 0 {
            return Err(StoreError::ReadOnly);
        }
        let backend = if how.reading { Box::new(Overlay::over(backend)?) } else { backend };
        let mut builder = Builder::new();
        builder.set_cache_size(self.cache_bytes());
        let checked = how.first && len > 0 && len <= self.check_up_to();
        builder.set_check_integrity_on_open(checked);
        let commit = sure_commit(&header[..known]);
        if how.reading {
            facts.begin_reading();
        } else {
            facts.begin(commit);
        }
        let database =
            builder.create_with_backend(Watched::new(backend, facts, !how.reading)).map_err(|err| {
                match (StoreError::from(err), facts.why()) {
                    (StoreError::Failed, Some(cause)) => cause,
                    // The magic number is right, so "not a database" means that what follows it is broken.
                    (StoreError::Foreign, _) if is_file => {
                        StoreError::Damaged("its header cannot be read".to_owned())
                    }
                    (other, _) => other,
                }
            })?;
        if facts.has_no_lock() && is_file && !how.reading {
            tracing::warn!(
                "this disk cannot keep a second llamora away from the journal: start only one at a time"
            );
        }
        if is_new && let Self::File(journal) = self {
            sync_folder(&journal.path);
        }
        // Over a medium that is only read, what was repaired in memory does not count.
        let commit = if how.reading { commit } else { facts.commit() };
        // A new file has been checked as well: there is nothing in it.
        Ok(Opened { database, commit, checked: checked || len == 0 })
    }

    fn backend(&self, how: How) -> Result<(Box<dyn StorageBackend>, bool), StoreError> {
        match self {
            Self::File(journal) => journal.backend(how),
            Self::Memory(memory) => Ok((Box::new(memory.clone()), false)),
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(disk) => Ok((Box::new(disk.open(how.reading)?), false)),
        }
    }

    fn cache_bytes(&self) -> usize {
        match self {
            // A test is about the disk, so most accesses reach it.
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(_) => 32 << 10,
            _ => CACHE_BYTES,
        }
    }

    fn check_up_to(&self) -> u64 {
        match self {
            Self::File(journal) => journal.check_up_to,
            _ => u64::MAX,
        }
    }

    /// Bytes the medium holds.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(journal) => std::fs::metadata(&journal.path).map_or(0, |meta| meta.len()),
            Self::Memory(memory) => memory.len().unwrap_or(0),
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(disk) => disk.image().len() as u64,
        }
    }

    /// Whether the file that is open is still the one in its place: nobody finds again what is written to another.
    pub(super) fn is_in_place(&self) -> bool {
        match self {
            Self::File(journal) => {
                let there = std::fs::metadata(&journal.path).ok();
                there.is_some_and(|meta| *journal.opened() == file_id(&meta))
            }
            Self::Memory(_) => true,
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(disk) => disk.is_in_place(),
        }
    }

    /// Whether anything is in its place.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::File(journal) => journal.path.exists(),
            Self::Memory(_) => true,
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(disk) => disk.is_there(),
        }
    }

    /// Whether the medium lets itself be opened for writing: cheap, and no promise.
    pub(super) fn may_write(&self) -> bool {
        match self {
            Self::File(journal) => {
                std::fs::OpenOptions::new().read(true).write(true).open(&journal.path).is_ok()
            }
            Self::Memory(_) => true,
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Disk(disk) => disk.open(false).is_ok(),
        }
    }
}

impl Journal {
    fn backend(&self, how: How) -> Result<(Box<dyn StorageBackend>, bool), StoreError> {
        if how.reading {
            let file = std::fs::File::open(&self.path)?;
            *self.opened() = file_id(&file.metadata()?);
            // A program that writes holds this lock alone, so nothing changes beneath the overlay. Where files cannot
            // be locked, reading is still better than nothing.
            if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock_shared() {
                return Err(StoreError::Busy);
            }
            return Ok((Box::new(FileBackend::new(file)?), false));
        }
        if how.first
            && let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            create_folder(folder)?;
        }
        // After a failure the file must still be there: an empty one in its place would look like a new journal.
        let (file, is_new) = create_or_open(&self.path, how.first)?;
        *self.opened() = file_id(&file.metadata()?);
        Ok((Box::new(FileBackend::new(file)?), is_new))
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere files cannot be told apart")]
fn file_id(meta: &std::fs::Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn file_id(_meta: &std::fs::Metadata) -> Option<FileId> {
    None
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    Ok(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> Result<(), StoreError> {
    Ok(std::fs::create_dir_all(folder)?)
}

fn create_or_open(path: &Path, may_create: bool) -> Result<(std::fs::File, bool), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true);
    match options.open(path) {
        Ok(file) => {
            restrict(&file);
            return Ok((file, false));
        }
        Err(err) if err.kind() == io::ErrorKind::NotFound && may_create => {}
        Err(err) => return Err(err.into()),
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok((options.create_new(true).open(path)?, true))
}

/// Takes the file from the eyes of other users; a file system without permissions refuses, which is no error.
#[cfg(unix)]
fn restrict(file: &std::fs::File) {
    use std::os::unix::fs::PermissionsExt;
    let is_open = file.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if !is_open {
        return;
    }
    match file.set_permissions(std::fs::Permissions::from_mode(0o600)) {
        Ok(()) => tracing::warn!("other users could read the journal file; now only its owner can (0600)"),
        Err(_) => {
            tracing::warn!("other users can read the journal file, and its permissions cannot be changed")
        }
    }
}

#[cfg(not(unix))]
fn restrict(_file: &std::fs::File) {}

/// Makes the name of a new file durable; not every file system can, and the rows are safe without it.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    #[cfg(unix)]
    if std::fs::File::open(folder).and_then(|folder| folder.sync_all()).is_err() {
        tracing::debug!("the data folder cannot be synchronised");
    }
    #[cfg(not(unix))]
    let _ = folder;
}
