//! A medium in memory: for tests and demonstrations.

use std::{
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
};

use redb::StorageBackend;

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
