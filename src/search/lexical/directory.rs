//! Where tantivy keeps its files: in memory, and as one piece that can be sealed.
//!
//! A segment has half a dozen small files. [`MemoryDirectory::pack`] puts them into one piece, which `services` seals
//! as one file of the journal; [`MemoryDirectory::unpack`] reads it again without copying.
//!
//! # Security
//! Everything here is as good as the text. Memory is overwritten when it is freed, by the program's allocator
//! (`main.rs`), because tantivy shares its buffers and gives no place to do it by hand.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback,
    WatchCallbackList, WatchHandle, WritePtr,
    error::{DeleteError, LockError, OpenReadError, OpenWriteError},
};

/// First bytes of a packed segment. The number goes up whenever the layout, the analysis ([`super::analyse`]) or
/// tantivy's own format changes: older pieces are then made anew from the entries.
const MAGIC: [u8; 8] = *b"ljwords1";

/// The files of one segment. Clones share them.
#[derive(Clone, Default)]
pub(super) struct MemoryDirectory {
    files: Arc<Mutex<BTreeMap<PathBuf, OwnedBytes>>>,
    stop: Arc<AtomicBool>,
}

impl MemoryDirectory {
    /// An empty directory; once `stop` is true every write fails, which ends a merge early.
    pub(super) fn stoppable(stop: &Arc<AtomicBool>) -> Self {
        Self { stop: Arc::clone(stop), ..Self::default() }
    }

    /// All files as one piece: magic, count (u32), then for each file the lengths of its name (u32) and content (u64),
    /// then names and contents. Little-endian.
    pub(super) fn pack(&self) -> Vec<u8> {
        let files = self.files();
        let n_bytes: usize = files.iter().map(|(path, bytes)| name(path).len() + bytes.len() + 12).sum();
        let mut packed = Vec::with_capacity(MAGIC.len() + 4 + n_bytes);
        packed.extend_from_slice(&MAGIC);
        packed.extend_from_slice(&(files.len() as u32).to_le_bytes());
        for (path, bytes) in files.iter() {
            packed.extend_from_slice(&(name(path).len() as u32).to_le_bytes());
            packed.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        }
        for (path, bytes) in files.iter() {
            packed.extend_from_slice(name(path).as_bytes());
            packed.extend_from_slice(bytes);
        }
        packed
    }

    /// The files of a packed segment; `None` when it is not one of this version.
    pub(super) fn unpack(packed: Vec<u8>) -> Option<Self> {
        let packed = OwnedBytes::new(packed);
        let number = |at: usize, len: usize| -> Option<u64> {
            let mut bytes = [0; 8];
            bytes[..len].copy_from_slice(packed.get(at..at.checked_add(len)?)?);
            Some(u64::from_le_bytes(bytes))
        };
        if packed.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        let n_files = usize::try_from(number(MAGIC.len(), 4)?).ok()?;
        let head = MAGIC.len() + 4;
        let mut at = head.checked_add(n_files.checked_mul(12)?)?;
        let mut files = BTreeMap::new();
        for idx in 0..n_files {
            let name_len = usize::try_from(number(head + idx * 12, 4)?).ok()?;
            let len = usize::try_from(number(head + idx * 12 + 4, 8)?).ok()?;
            let body = at.checked_add(name_len)?;
            let end = body.checked_add(len)?;
            let name = std::str::from_utf8(packed.get(at..body)?).ok()?;
            packed.get(body..end)?;
            files.insert(PathBuf::from(name), packed.slice(body..end));
            at = end;
        }
        (at == packed.len()).then(|| Self { files: Arc::new(Mutex::new(files)), stop: Arc::default() })
    }

    /// Bytes of all files together.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.files().values().map(|bytes| bytes.len()).sum()
    }

    fn files(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, OwnedBytes>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the index is being closed"));
        }
        self.files().insert(path.to_owned(), OwnedBytes::new(bytes));
        Ok(())
    }

    fn get(&self, path: &Path) -> Result<OwnedBytes, OpenReadError> {
        self.files().get(path).cloned().ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }
}

/// Names are ids and endings that tantivy makes.
fn name(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryDirectory")
    }
}

impl Directory for MemoryDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.get(path)?))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        match self.files().remove(path) {
            Some(_) => Ok(()),
            None => Err(DeleteError::FileDoesNotExist(path.to_owned())),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.files().contains_key(path))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = NewFile { directory: self.clone(), path: path.to_owned(), bytes: Vec::new() };
        Ok(BufWriter::new(Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        Ok(self.get(path)?.to_vec())
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.put(path, data.to_vec())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    /// Nobody else has this directory.
    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    /// Files never change here, so there is nothing to tell.
    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchCallbackList::default().subscribe(callback))
    }
}

struct NewFile {
    directory: MemoryDirectory,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.directory.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the index is being closed"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for NewFile {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.shrink_to_fit();
        self.directory.put(&self.path, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> MemoryDirectory {
        let directory = MemoryDirectory::default();
        directory.put(Path::new("a.term"), b"words".to_vec()).unwrap();
        directory.put(Path::new("meta.json"), Vec::new()).unwrap();
        directory
    }

    #[test]
    fn packed_files_are_read_again_and_damage_is_refused() {
        let packed = filled().pack();
        let opened = MemoryDirectory::unpack(packed.clone()).unwrap();
        assert_eq!(opened.get(Path::new("a.term")).unwrap().as_slice(), b"words");
        assert_eq!((opened.pack(), opened.size()), (packed.clone(), 5));
        for len in 0..packed.len() {
            assert!(MemoryDirectory::unpack(packed[..len].to_vec()).is_none(), "cut to {len}");
        }
        let mut newer = packed;
        newer[7] = b'9';
        assert!(MemoryDirectory::unpack(newer).is_none());
    }

    #[test]
    fn a_stopped_directory_takes_nothing_more() {
        let stop = Arc::new(AtomicBool::new(false));
        let directory = MemoryDirectory::stoppable(&stop);
        let mut file = directory.open_write(Path::new("a")).unwrap();
        file.write_all(b"some").unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(file.flush().is_err());
        assert!(directory.atomic_write(Path::new("b"), b"").is_err());
    }
}
