//! An archive as a set of rows, so that what reads a journal also reads a backup, without unpacking it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::{
    crypto::archive::{ArchiveReader, Table},
    store::{
        error::StoreError,
        rows::{Rows, SmallRow, Visit},
        tables::{Copy, RowBytes},
    },
    vault::backup::BackupError,
};

/// Bytes of an archive before its first row, and of a row before its key.
const START: u64 = 8;
const ROW_START: u64 = 7;

/// The rows of an archive. Values are read from the file when they are asked for; 100,000 records take 8 MB.
pub struct ArchiveRows {
    file: Mutex<File>,
    smalls: BTreeMap<Vec<u8>, Vec<u8>>,
    records: BTreeMap<RowBytes, (u64, usize)>,
}

impl ArchiveRows {
    /// Reads an archive once, to its end.
    ///
    /// # Errors
    /// [`BackupError::Archive`] when it is not whole.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let mut reader = ArchiveReader::new(BufReader::new(File::open(path)?))?;
        let (mut smalls, mut records) = (BTreeMap::new(), BTreeMap::new());
        let mut offset = START;
        while let Some(row) = reader.next_row()? {
            let value_at = offset + ROW_START + row.key.len() as u64;
            offset = value_at + row.value.len() as u64;
            match row.table {
                Table::Small => drop(smalls.insert(row.key, row.value)),
                Table::Records => {
                    let key = RowBytes::try_from(row.key)
                        .map_err(|_| BackupError::Contents("a record is damaged"))?;
                    records.insert(key, (value_at, row.value.len()));
                }
            }
        }
        Ok(Self { file: Mutex::new(File::open(path)?), smalls, records })
    }

    fn value(&self, offset: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut value = vec![0; len];
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut value)?;
        Ok(value)
    }
}

impl Rows for ArchiveRows {
    fn small(&self, _: Copy, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.smalls.get(key).cloned())
    }

    fn smalls(&self, _: Copy, prefix: &[u8]) -> Result<Vec<SmallRow>, StoreError> {
        let rows = self.smalls.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn record(&self, key: &RowBytes) -> Result<Option<Vec<u8>>, StoreError> {
        self.records.get(key).map(|(offset, len)| self.value(*offset, *len)).transpose()
    }

    fn scan(&self, first: &RowBytes, last: &RowBytes, visit: Visit<'_>) -> Result<(), StoreError> {
        for (key, (offset, len)) in self.records.range(*first..=*last) {
            if visit(key, &self.value(*offset, *len)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}
