//! Where the bytes of a store live: a file, or memory.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use redb::{Builder, Database, StorageBackend, backends::FileBackend};

use crate::store::error::StoreError;

/// redb's own default is 1 GiB, which one verification scan would fill (`format-v1.md` section 18).
const CACHE_BYTES: usize = 48 << 20;

/// Up to this size every page is checked when the file is opened (0.3 s for 272 MiB).
const CHECK_ON_OPEN_BYTES: u64 = 256 << 20;

/// The first bytes of every redb file (redb's `design.md`).
const MAGIC: [u8; 9] = [b'r', b'e', b'd', b'b', 0x1A, 0x0A, 0xA9, 0x0D, 0x0A];

/// A medium that can be opened, and opened again after a failure.
pub(super) enum Medium {
    File(PathBuf),
    Memory(Memory),
    #[cfg(test)]
    Custom(Opener),
}

/// How a test opens its own medium.
#[cfg(test)]
pub(super) type Opener = Box<dyn Fn(&Builder) -> Result<Database, redb::DatabaseError> + Send + Sync>;

impl Medium {
    /// Opens the database. The first opening checks every page of a file of moderate size; an opening after
    /// a failure does not, because it must also succeed on a full disk.
    pub(super) fn open(&self, first: bool) -> Result<Database, StoreError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        match self {
            Self::File(path) => open_file(&mut builder, path, first),
            Self::Memory(memory) => Ok(builder.create_with_backend(memory.clone())?),
            #[cfg(test)]
            Self::Custom(open) => {
                builder.set_check_integrity_on_open(first);
                Ok(open(&builder)?)
            }
        }
    }

    /// Bytes the medium holds.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(path) => std::fs::metadata(path).map_or(0, |meta| meta.len()),
            Self::Memory(memory) => memory.len().unwrap_or(0),
            #[cfg(test)]
            Self::Custom(_) => 0,
        }
    }
}

fn open_file(builder: &mut Builder, path: &Path, first: bool) -> Result<Database, StoreError> {
    if first && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder)?;
    }
    // After a failure the file must still be there: an empty one in its place would look like a new journal.
    let (mut file, is_new) = create_or_open(path, first)?;
    let len = file.metadata()?.len();
    if len > 0 {
        expect_magic(&mut file, len)?;
    }
    builder.set_check_integrity_on_open(first && len > 0 && len <= CHECK_ON_OPEN_BYTES);
    let database =
        builder.create_with_backend(FileBackend::new(file)?).map_err(|err| match StoreError::from(err) {
            // The magic number is right, so "not a database" means that what follows it is broken.
            StoreError::Foreign => StoreError::Damaged("its header cannot be read".to_owned()),
            other => other,
        })?;
    if is_new {
        sync_folder(path);
    }
    Ok(database)
}

fn expect_magic(file: &mut std::fs::File, len: u64) -> Result<(), StoreError> {
    use std::io::{Read, Seek, SeekFrom};
    let mut start = [0; MAGIC.len()];
    if len < start.len() as u64 {
        return Err(StoreError::Foreign);
    }
    file.read_exact(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    if start == MAGIC { Ok(()) } else { Err(StoreError::Foreign) }
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
    if is_open && file.set_permissions(std::fs::Permissions::from_mode(0o600)).is_err() {
        tracing::debug!("the data file keeps its permissions");
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

/// A store in memory that survives reopening as long as one clone of it lives.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<RwLock<Vec<u8>>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        work(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn span(bytes: &[u8], offset: u64, len: usize) -> io::Result<std::ops::Range<usize>> {
        usize::try_from(offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(len)?))
            .filter(|span| span.end <= bytes.len())
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.with(|bytes| {
            out.copy_from_slice(&bytes[Self::span(bytes, offset, out.len())?]);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.with(|bytes| bytes.resize(len, 0));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.with(|bytes| {
            let span = Self::span(bytes, offset, data.len())?;
            bytes[span].copy_from_slice(data);
            Ok(())
        })
    }
}
