//! The archive: a backup file, and the input of the independent decryptor. `format-v1.md` section 15.
//!
//! ```text
//! "LLMARC01"
//! rows:  table 'a'|'r'   key length u16   value length u32   key   value       sorted by (table, key)
//! end:   0   rows u64   SHA-256 of everything before
//! ```
//! Rows are copied as they are, sealed, from one snapshot. Sessions (`"S"`) and the instance policy (`"P"`) are left
//! out. The hash finds damage; what protects the content is the seal of every row.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// The most bytes of a row's value: more than any row has.
pub const MAX_VALUE_BYTES: usize = 1 << 20;
/// The most bytes of a row's key: more than any row has.
pub const MAX_KEY_BYTES: usize = 64;

const MAGIC: &[u8; 8] = b"LLMARC01";
const END: u8 = 0;

/// Which table a row stands in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Table {
    /// The small rows, kept twice in a data file (`a` and `b`) and once here.
    Small,
    /// The sealed records (`r`).
    Records,
}

impl Table {
    const fn letter(self) -> u8 {
        match self {
            Self::Small => b'a',
            Self::Records => b'r',
        }
    }
}

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The medium failed, or the file ends too early (`UnexpectedEof`).
    #[error("the archive could not be read or written")]
    Io(#[from] io::Error),
    /// The file does not begin like an archive of this version.
    #[error("this is not an archive, or a newer one")]
    NotAnArchive,
    /// A row that does not belong into an archive here: wrong order, wrong table, too large, or never archived.
    #[error("the archive has a row that does not belong there")]
    Row,
    /// Count or hash do not fit, or something follows the end.
    #[error("the archive is damaged")]
    Damaged,
}

/// Writes an archive row by row. Without [`ArchiveWriter::finish`] what it wrote is no archive.
pub struct ArchiveWriter<W> {
    output: W,
    track: Track,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn new(output: W) -> Result<Self, ArchiveError> {
        let mut writer = Self { output, track: Track::default() };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    /// Adds a row. Rows come sorted by table, then key, each once.
    ///
    /// # Errors
    /// [`ArchiveError::Row`] for a row that does not belong here, [`ArchiveError::Io`].
    pub fn row(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), ArchiveError> {
        self.track.accept(table, key, value.len())?;
        let (Ok(key_len), Ok(value_len)) = (u16::try_from(key.len()), u32::try_from(value.len())) else {
            return Err(ArchiveError::Row);
        };
        self.put(&[table.letter()])?;
        self.put(&key_len.to_le_bytes())?;
        self.put(&value_len.to_le_bytes())?;
        self.put(key)?;
        self.put(value)
    }

    /// Writes the end and returns the output, flushed but not synced.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn finish(mut self) -> Result<W, ArchiveError> {
        let n_rows = self.track.n_rows.to_le_bytes();
        self.put(&[END])?;
        self.put(&n_rows)?;
        let hash: [u8; 32] = self.track.hash.finalize().into();
        self.output.write_all(&hash)?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.track.hash.update(bytes);
        Ok(self.output.write_all(bytes)?)
    }
}

/// One row of an archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveRow {
    /// Where it belongs.
    pub table: Table,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value, sealed as it was.
    pub value: Vec<u8>,
}

/// Reads an archive row by row. Nothing read is known to be whole before [`ArchiveReader::next_row`] has returned
/// `None`: restore into a new file, and keep that only then.
pub struct ArchiveReader<R> {
    input: R,
    track: Track,
    ended: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`], [`ArchiveError::Io`].
    pub fn new(input: R) -> Result<Self, ArchiveError> {
        let mut reader = Self { input, track: Track::default(), ended: false };
        let magic: [u8; 8] = reader.take()?;
        if magic == *MAGIC { Ok(reader) } else { Err(ArchiveError::NotAnArchive) }
    }

    /// The next row; `None` after the last, when count and hash were right and nothing follows.
    ///
    /// # Errors
    /// All but [`ArchiveError::NotAnArchive`].
    pub fn next_row(&mut self) -> Result<Option<ArchiveRow>, ArchiveError> {
        if self.ended {
            return Ok(None);
        }
        let table = match self.take()? {
            [b'a'] => Table::Small,
            [b'r'] => Table::Records,
            [END] => return self.end().map(|()| None),
            _ => return Err(ArchiveError::Damaged),
        };
        let key_len = usize::from(u16::from_le_bytes(self.take()?));
        let value_len = usize::try_from(u32::from_le_bytes(self.take()?)).map_err(|_| ArchiveError::Row)?;
        // Both lengths are bounded before anything is allocated.
        if key_len > MAX_KEY_BYTES || value_len > MAX_VALUE_BYTES {
            return Err(ArchiveError::Row);
        }
        let (key, value) = (self.take_vec(key_len)?, self.take_vec(value_len)?);
        self.track.accept(table, &key, value.len())?;
        Ok(Some(ArchiveRow { table, key, value }))
    }

    /// Gives the input back.
    pub fn into_input(self) -> R {
        self.input
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        let n_rows = u64::from_le_bytes(self.take()?);
        let expected: [u8; 32] = self.track.hash.clone().finalize().into();
        let mut hash = [0; 32];
        self.input.read_exact(&mut hash)?;
        let at_end = self.input.read(&mut [0])? == 0;
        if n_rows != self.track.n_rows || hash != expected || !at_end {
            return Err(ArchiveError::Damaged);
        }
        self.ended = true;
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        self.track.hash.update(bytes);
        Ok(bytes)
    }

    fn take_vec(&mut self, len: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = vec![0; len];
        self.input.read_exact(&mut bytes)?;
        self.track.hash.update(&bytes);
        Ok(bytes)
    }
}

/// What writer and reader both keep count of.
#[derive(Default)]
struct Track {
    hash: Sha256,
    n_rows: u64,
    last: Option<(Table, Vec<u8>)>,
}

impl Track {
    fn accept(&mut self, table: Table, key: &[u8], value_len: usize) -> Result<(), ArchiveError> {
        let archived = match table {
            Table::Small => matches!(key.first(), Some(b'H' | b'W' | b'K')),
            Table::Records => true,
        };
        let in_order =
            self.last.as_ref().is_none_or(|(last, last_key)| (*last, last_key.as_slice()) < (table, key));
        if !archived || !in_order || key.len() > MAX_KEY_BYTES || value_len > MAX_VALUE_BYTES {
            return Err(ArchiveError::Row);
        }
        self.n_rows += 1;
        self.last = Some((table, key.to_vec()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
