//! What can go wrong with the data file.

use std::io::ErrorKind;

/// Why the data file cannot be used. Texts name no path and hold no content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another instance of the program has the file open.
    #[error("the data file is in use by another instance of the program")]
    Busy,
    /// The file, its folder or its medium cannot be written.
    #[error("the data file or its folder cannot be written")]
    ReadOnly,
    /// The medium is full, a quota is used up, or the file system allows no larger file.
    #[error("the disk is full")]
    Full,
    /// The file is a journal, but its bytes are not as they were written.
    #[error("the data file is damaged ({0})")]
    Damaged(String),
    /// The file is something else.
    #[error("the file is not a journal")]
    Foreign,
    /// The file was written in a container format this program does not know.
    #[error("the data file has another container format (number {0})")]
    Newer(u8),
    /// After a failure the file was opened again, and it is another journal than before.
    #[error("another journal lies where the data file was")]
    OtherFile,
    /// After a failure an older copy of the same journal lay in its place.
    #[error("an older copy of the journal lies where the data file was")]
    Older,
    /// The file is not in its place any more: it was moved, or its medium pulled out.
    #[error("the data file is not in its place any more")]
    Missing,
    /// An earlier failure left the store closed, or a row could not be read or written.
    #[error("the data file failed earlier and could not be used")]
    Failed,
    /// Any other failure of the medium.
    #[error("the data file could not be read or written")]
    Io(#[source] std::io::Error),
}

impl From<std::io::Error> for StoreError {
    fn from(err: std::io::Error) -> Self {
        match err.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::ReadOnly,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::InvalidData => Self::Foreign,
            ErrorKind::UnexpectedEof => Self::Damaged("it ends too early".to_owned()),
            _ => Self::Io(err),
        }
    }
}

impl From<redb::StorageError> for StoreError {
    fn from(err: redb::StorageError) -> Self {
        match err {
            redb::StorageError::Corrupted(detail) => Self::Damaged(detail),
            redb::StorageError::Io(err) => err.into(),
            redb::StorageError::LockPoisoned(_)
            | redb::StorageError::PreviousIo
            | redb::StorageError::DatabaseClosed => Self::Failed,
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}

impl From<redb::DatabaseError> for StoreError {
    fn from(err: redb::DatabaseError) -> Self {
        match err {
            redb::DatabaseError::DatabaseAlreadyOpen | redb::DatabaseError::LockProtocolMismatch => {
                Self::Busy
            }
            redb::DatabaseError::UpgradeRequired(version) => Self::Newer(version),
            redb::DatabaseError::RepairAborted => Self::ReadOnly,
            redb::DatabaseError::Storage(err) => err.into(),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}

impl From<redb::TransactionError> for StoreError {
    fn from(err: redb::TransactionError) -> Self {
        match err {
            redb::TransactionError::Storage(err) => err.into(),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}

impl From<redb::TableError> for StoreError {
    fn from(err: redb::TableError) -> Self {
        match err {
            redb::TableError::Storage(err) => err.into(),
            _ => Self::Foreign,
        }
    }
}

impl From<redb::CommitError> for StoreError {
    fn from(err: redb::CommitError) -> Self {
        match err {
            redb::CommitError::Storage(err) => err.into(),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}

impl From<redb::CompactionError> for StoreError {
    fn from(err: redb::CompactionError) -> Self {
        match err {
            redb::CompactionError::Storage(err) => err.into(),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}
