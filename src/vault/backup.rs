//! Backups: sealed rows copied from one snapshot into an archive (`format-v1.md` section 15), and back.
//!
//! Nothing here needs a key: rows are copied as they are. What can be proved without one is proved: that the archive
//! is whole, and that header, wraps and keyrings fit together. What opens it is the business of `audit`.
//!
//! A backup gets its name only after it was written, synchronised, read back and found to hold what was copied. So
//! every file with such a name was verified once, and whatever ends the program on the way leaves earlier ones alone.

mod file;
mod rows;

pub use file::{Made, identity, made_at, make, restore, tag};
pub(super) use file::{Partial, partial_of};
pub use rows::ArchiveRows;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    ops::ControlFlow,
};

use crate::{
    crypto::{
        SealError, Uuid, VaultId,
        archive::{ArchiveError, ArchiveReader, ArchiveWriter, Table},
        header::{Header, ROW},
        keyring,
        record::is_stored_len,
        wrap::WrapFace,
    },
    store::{error::StoreError, rows::Rows, tables::Copy},
    vault::error::{Alteration, VaultError},
};

/// Why there is no backup, or none that can be trusted. Texts name no path and hold no content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder is not there; a medium may not be plugged in.
    #[error("the folder for it is not there")]
    NoFolder,
    /// No space is left where it should go.
    #[error("no space is left where it should go")]
    Full,
    /// The folder cannot be written.
    #[error("the folder for it cannot be written")]
    ReadOnly,
    /// Something of that name is there already, and nothing is ever overwritten.
    #[error("there is something of that name already")]
    Exists,
    /// The file is no archive of this version, or damaged.
    #[error(transparent)]
    Archive(ArchiveError),
    /// The archive is whole, and what it holds does not fit together.
    #[error("the archive is not that of a journal: {0}")]
    Contents(&'static str),
    /// What was read back is not what was copied.
    #[error("what was read back is not what was copied")]
    Unlike,
    /// The journal could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Any other failure of the medium.
    #[error("the medium failed")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BackupError {
    fn from(err: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match err.kind() {
            Kind::NotFound | Kind::NotADirectory => Self::NoFolder,
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Self::Full,
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::ReadOnly,
            Kind::AlreadyExists => Self::Exists,
            _ => Self::Io(err),
        }
    }
}

impl From<ArchiveError> for BackupError {
    fn from(err: ArchiveError) -> Self {
        match err {
            ArchiveError::Io(err) if err.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Archive(ArchiveError::Damaged)
            }
            ArchiveError::Io(err) => err.into(),
            other => Self::Archive(other),
        }
    }
}

impl From<StoreError> for BackupError {
    fn from(err: StoreError) -> Self {
        Self::Vault(err.into())
    }
}

impl From<SealError> for BackupError {
    fn from(err: SealError) -> Self {
        Self::Vault(err.into())
    }
}

/// What an archive holds, as far as it can be seen without a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contents {
    /// Identity of the journal.
    pub uuid: Uuid,
    /// Accounts.
    pub vaults: usize,
    /// Sealed records of all accounts, heads included.
    pub records: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// The archive's own hash: that of everything before it.
    pub sha256: [u8; 32],
}

/// Copies all rows of one snapshot into an archive. Where the two copies of a small row differ, the one that is
/// not plainly damaged is taken, else the first. The same rows always give the same bytes.
///
/// # Errors
/// [`BackupError::Vault`] when the journal cannot be read or its header is gone; those of `output`.
pub fn write(rows: &dyn Rows, output: impl Write) -> Result<Contents, BackupError> {
    let (header, smalls) = small_rows(rows)?;
    let mut writer = ArchiveWriter::new(Tail::new(output))?;
    let mut contents = Contents { uuid: header.uuid, vaults: 0, records: 0, bytes: 0, sha256: [0; 32] };
    for (key, value) in &smalls {
        contents.vaults += usize::from(key.first() == Some(&b'K'));
        writer.row(Table::Small, key, value)?;
    }
    let mut failed = None;
    rows.scan(&[0; 24], &[0xff; 24], &mut |key, value| match writer.row(Table::Records, key, value) {
        Ok(()) => {
            contents.records += 1;
            ControlFlow::Continue(())
        }
        Err(err) => {
            failed = Some(err);
            ControlFlow::Break(())
        }
    })?;
    if let Some(err) = failed {
        return Err(err.into());
    }
    let tail = writer.finish()?;
    Ok(Contents { bytes: tail.bytes, sha256: tail.last, ..contents })
}

/// Reads an archive to its end and proves what can be proved without a key: length, order, count and hash, that the
/// header is one this program can read, that every wrap agrees with it, that every account has a keyring and a way
/// in, and that every record belongs to an account.
///
/// # Errors
/// [`BackupError::Archive`], [`BackupError::Contents`]; [`SealError::Newer`] inside when a newer program is needed.
pub fn inspect(input: impl Read) -> Result<Contents, BackupError> {
    let mut reader = ArchiveReader::new(Tail::new(input))?;
    let mut header: Option<Header> = None;
    let (mut vaults, mut opened, mut records) = (BTreeSet::new(), BTreeSet::new(), 0);
    while let Some(row) = reader.next_row()? {
        let wrong = |what| Err(BackupError::Contents(what));
        let Some(header) = &header else {
            if row.table != Table::Small || row.key != ROW {
                return wrong("it has no header");
            }
            header = Some(Header::parse(&row.value)?);
            continue;
        };
        match (row.table, row.key.split_first()) {
            (Table::Small, Some((b'K', vault))) => match ring_vault(vault, &row.value, header) {
                Some(vault) => {
                    vaults.insert(vault);
                }
                None => return wrong("a keyring is damaged"),
            },
            (Table::Small, Some((b'W', place))) => match WrapFace::parse(&row.value) {
                Ok(face) if place.len() == 32 && face.agrees_with(header) => {
                    opened.insert(face.vault);
                }
                _ => return wrong("a way in does not fit the header"),
            },
            (Table::Records, Some(_)) => {
                let vault = row.key.first_chunk().map(|bytes| VaultId::from_bytes(*bytes));
                if row.key.len() != 24 || !is_stored_len(row.value.len()) {
                    return wrong("a record is damaged");
                }
                if !vault.is_some_and(|vault| vaults.contains(&vault)) {
                    return wrong("a record belongs to no account");
                }
                records += 1;
            }
            _ => return wrong("it has an unknown row"),
        }
    }
    let Some(header) = header else { return Err(BackupError::Contents("it has no header")) };
    if vaults != opened {
        return Err(BackupError::Contents("an account has no way in, or a way in leads nowhere"));
    }
    let tail = reader.into_input();
    Ok(Contents { uuid: header.uuid, vaults: vaults.len(), records, bytes: tail.bytes, sha256: tail.last })
}

/// The vault of a keyring row, when what stands in clear is right.
fn ring_vault(vault: &[u8], value: &[u8], header: &Header) -> Option<VaultId> {
    let vault: [u8; 7] = vault.try_into().ok()?;
    let is_right = value.len() == keyring::BYTES
        && value.get(8..15) == Some(vault.as_slice())
        && value.get(16..32) == Some(header.uuid.as_slice());
    is_right.then(|| VaultId::from_bytes(vault))
}

type SmallRows = BTreeMap<Vec<u8>, Vec<u8>>;

/// The header and every small row that goes into an archive, each once.
fn small_rows(rows: &dyn Rows) -> Result<(Header, SmallRows), BackupError> {
    let mut copies: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for copy in Copy::BOTH {
        for prefix in [b"H", b"K", b"W"] {
            for (key, value) in rows.smalls(copy, prefix)? {
                copies.entry(key).or_default().push(value);
            }
        }
    }
    let header = header_of(copies.get(ROW).map_or(&[], Vec::as_slice))?;
    let mut smalls = SmallRows::new();
    for (key, copies) in copies {
        let is_sound = |value: &Vec<u8>| match key.split_first() {
            Some((b'H', [])) => Header::parse(value).is_ok(),
            Some((b'K', vault)) => ring_vault(vault, value, &header).is_some(),
            Some((b'W', _)) => WrapFace::parse(value).is_ok_and(|face| face.agrees_with(&header)),
            _ => false,
        };
        // A row that is plainly damaged in both copies opens nothing, here or in a backup.
        if let Some(value) = copies.into_iter().find(is_sound) {
            smalls.insert(key, value);
        }
    }
    Ok((header, smalls))
}

/// The header from its copies.
///
/// # Errors
/// [`SealError::Newer`] when a newer program is needed; [`Alteration::Header`] when no copy can be read.
pub(super) fn header_of(copies: &[Vec<u8>]) -> Result<Header, VaultError> {
    let mut header = Err(VaultError::Altered(Alteration::Header));
    for copy in copies {
        match Header::parse(copy) {
            Err(err @ SealError::Newer { .. }) => return Err(err.into()),
            Ok(parsed) if header.is_err() => header = Ok(parsed),
            _ => {}
        }
    }
    header
}

/// Counts what passes and remembers its last 32 bytes, which in an archive are its hash.
struct Tail<T> {
    inner: T,
    bytes: u64,
    last: [u8; 32],
}

impl<T> Tail<T> {
    fn new(inner: T) -> Self {
        Self { inner, bytes: 0, last: [0; 32] }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(last) = bytes.last_chunk() {
            self.last = *last;
        } else {
            self.last.copy_within(bytes.len().., 0);
            let kept = self.last.len() - bytes.len();
            self.last[kept..].copy_from_slice(bytes);
        }
    }
}

impl<W: Write> Write for Tail<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.passed(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.passed(&bytes[..count]);
        Ok(count)
    }
}
