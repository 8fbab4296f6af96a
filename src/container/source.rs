//! Where a model's bytes are: a file of its own, or a part of an executable.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::container::{ContainerError, Mapped, Part, failed, map, sha256_of};

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// A model that can be opened: a file of its own, or a part of an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// What its digest must be; `None` when nobody pinned it.
        sha256: Option<[u8; 32]>,
    },
    /// Bytes inside an executable, see [`crate::container::read_index`].
    Part {
        /// The executable.
        executable: PathBuf,
        /// Name of the part.
        name: String,
        /// First byte.
        offset: u64,
        /// Number of bytes.
        len: u64,
        /// What the digest must be.
        sha256: [u8; 32],
    },
}

impl ModelSource {
    /// A file whose digest nobody pinned.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into(), sha256: None }
    }

    /// A part of an executable.
    pub fn part(executable: impl Into<PathBuf>, part: &Part) -> Self {
        let Part { name, offset, len, sha256, .. } = part.clone();
        Self::Part { executable: executable.into(), name, offset, len, sha256 }
    }

    /// The file name without folders, for people.
    pub fn name(&self) -> String {
        let path = match self {
            Self::File { path, .. } => path.as_path(),
            Self::Part { name, .. } => Path::new(name.as_str()),
        };
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Path, first byte and number of bytes.
    ///
    /// # Errors
    /// When a file is not there or cannot be read.
    pub fn place(&self) -> Result<(&Path, u64, u64), ContainerError> {
        match self {
            Self::File { path, .. } => {
                let facts = fs::metadata(path).map_err(failed("open a model file"))?;
                Ok((path, 0, facts.len()))
            }
            Self::Part { executable, offset, len, .. } => Ok((executable, *offset, *len)),
        }
    }

    /// Maps the bytes.
    ///
    /// # Errors
    /// See [`map`].
    pub fn open(&self) -> Result<Mapped, ContainerError> {
        let (path, offset, len) = self.place()?;
        map(path, offset, len)
    }

    /// What the digest must be, if that is known.
    pub fn pinned(&self) -> Option<[u8; 32]> {
        match self {
            Self::File { sha256, .. } => *sha256,
            Self::Part { sha256, .. } => Some(*sha256),
        }
    }

    /// Reads all bytes and computes their digest.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sha256(&self) -> Result<[u8; 32], ContainerError> {
        let (path, offset, len) = self.place()?;
        sha256_of(path, offset, len)
    }
}
