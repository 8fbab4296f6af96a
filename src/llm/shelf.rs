//! The folder of models that belongs to this program: what is there, checksums that were remembered, which one is used.
//!
//! Two small files stand for all state. `SHA256SUMS` in the folder holds the checksum of every file that was added or
//! fetched, in the format of `sha256sum`, so that `sha256sum -c SHA256SUMS` works without this program. `model.use` in
//! the data folder holds the name of the model to use, or the path of one in another program's folder. Both are
//! written beside and renamed. Neither holds anything of a journal.
//!
//! # Security
//! A name is a plain file name that ends in `.gguf`: no folders, no `..`, and links are not followed. A path can
//! be named on the command line, and on the page about models by whoever may change them there
//! (`services/models/permission.rs`: whoever owns the first journal, unless a setting says otherwise), with the password
//! typed again. What is added is looked through by [`crate::llm::gguf`] before it gets its name.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    config::manifest,
    container::{self, ContainerError},
    llm::{LlmError, gguf},
};

mod copying;
#[cfg(test)]
mod tests;

const SUMS: &str = "SHA256SUMS";
const CHOICE: &str = "model.use";
/// More than this is not read of either file: it would not be ours.
const MAX_STATE: u64 = 1 << 20;

/// Why something cannot be done with a model file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfError {
    /// Not a name that a model file can have.
    #[error("{0} is not the name of a model file: it must be a plain name that ends in .gguf")]
    Name(String),
    /// There is no such file.
    #[error("there is no model file {0}")]
    Missing(String),
    /// A file of that name is there already.
    #[error("there is already a model file {0}; remove it first, or give the new one another name")]
    Exists(String),
    /// A link, a folder, or a device.
    #[error("{0} is not a plain file")]
    NotPlain(String),
    /// Not the file that was expected.
    #[error("{file} is not the file that it should be: its checksum is {found}, and {expected} is expected")]
    Altered {
        /// The file.
        file: String,
        /// What was found, in hexadecimal.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Whoever asked does not want it any more.
    #[error("it was stopped")]
    Stopped,
    /// No model.
    #[error(transparent)]
    Model(#[from] LlmError),
    /// The disk or the folder refuses.
    #[error("{0}: {1}")]
    Io(&'static str, #[source] io::Error),
}

/// A model file in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnShelf {
    /// Its name.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Remembered checksum.
    pub pinned: Option<[u8; 32]>,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    choice: PathBuf,
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> ShelfError {
    move |error| ShelfError::Io(what, error)
}

/// Whether a model file may have this name.
pub fn is_file_name(name: &str) -> bool {
    let has_end = name.len() > 5 && name[name.len() - 5..].eq_ignore_ascii_case(".gguf");
    let plain = |symbol: char| symbol.is_ascii_alphanumeric() || " .-_+()[]@,=".contains(symbol);
    name.is_ascii() && has_end && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain)
}

impl Shelf {
    /// The shelf in `folder`, with the choice kept in the data folder. Touches nothing.
    pub fn new(folder: impl Into<PathBuf>, data: &Path) -> Self {
        Self { folder: folder.into(), choice: data.join(CHOICE) }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data folder, where the choice is kept.
    pub fn data(&self) -> &Path {
        self.choice.parent().unwrap_or(&self.folder)
    }

    /// What was chosen: a file name, or the absolute path of a file elsewhere.
    pub fn chosen(&self) -> Option<String> {
        let text = read_small(&self.choice)?;
        let line = text.lines().next()?.trim();
        (is_file_name(line) || Path::new(line).is_absolute()).then(|| line.to_owned())
    }

    /// Remembers which model to use.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn choose(&self, what: &str) -> Result<(), ShelfError> {
        replace(&self.choice, format!("{what}\n").as_bytes()).map_err(failed("the choice cannot be kept"))
    }

    /// Forgets the choice: the model inside the program, else the first one found, is used again.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn forget_choice(&self) -> Result<(), ShelfError> {
        match fs::remove_file(&self.choice) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ShelfError::Io("the choice cannot be changed", error))
            }
            _ => Ok(()),
        }
    }

    /// The models in it, by name. Links and what is not finished are left out.
    pub fn list(&self) -> Vec<OnShelf> {
        let mut all = Vec::new();
        for item in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let (Some(file), Ok(facts)) = (item.file_name().to_str().map(str::to_owned), item.metadata())
            else {
                continue;
            };
            if is_file_name(&file) && facts.is_file() {
                let pinned = self.pinned(&file);
                all.push(OnShelf { file, bytes: facts.len(), pinned });
            }
        }
        all.sort_by(|left, right| left.file.cmp(&right.file));
        all
    }

    /// Checksum remembered for a file: of the compiled list, else of its first use here. `file` is a name in the folder
    /// or an absolute path.
    pub fn pinned(&self, file: &str) -> Option<[u8; 32]> {
        let name = Path::new(file).file_name()?.to_str()?;
        manifest::known(name).and_then(|known| known.sha256).or_else(|| self.sums().remove(file))
    }

    /// Remembers a checksum.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn pin(&self, file: &str, sha256: &[u8; 32]) -> Result<(), ShelfError> {
        let mut sums = self.sums();
        if sums.insert(file.to_owned(), *sha256) == Some(*sha256) {
            return Ok(());
        }
        self.write_sums(&sums)
    }

    /// Looks through a file outside the folder and remembers its checksum, unless that is known: then it must be the
    /// same. `known` is what the program that it belongs to says.
    ///
    /// # Errors
    /// When it is no model, or not the one that it was.
    pub fn pin_elsewhere(&self, shown: &str, path: &Path, known: Option<[u8; 32]>) -> Result<(), ShelfError> {
        check(path)?;
        let found = container::sha256_of_file(path).map_err(LlmError::from)?;
        if let Some(expected) = known.or_else(|| self.pinned(shown))
            && expected != found
        {
            let (found, expected) = (manifest::hex(&found), manifest::hex(&expected));
            return Err(ShelfError::Altered { file: shown.to_owned(), found, expected });
        }
        self.pin(shown, &found)
    }

    /// Copies a file onto the shelf, after a look through it, and remembers its checksum. `progress` is told bytes done
    /// and in all.
    ///
    /// # Errors
    /// When it is no model, not the one that its name says, or cannot be copied; nothing is left behind then.
    pub fn add(&self, from: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<OnShelf, ShelfError> {
        self.add_watched(from, progress, &|| true)
    }

    /// The same, as long as it is wanted.
    ///
    /// # Errors
    /// [`ShelfError::Stopped`]; those of [`Shelf::add`].
    pub fn add_watched(
        &self,
        from: &Path,
        progress: &mut dyn FnMut(u64, u64),
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<OnShelf, ShelfError> {
        let name = from.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !is_file_name(&name) {
            return Err(ShelfError::Name(name));
        }
        let target = self.folder.join(&name);
        if fs::symlink_metadata(&target).is_ok() {
            return Err(ShelfError::Exists(name));
        }
        check(from)?;
        self.make_folder()?;
        self.sweep();
        let temp = self.folder.join(copying::temp_name(&name));
        // The copy is held open, and so locked, until it has its name.
        let copied = copying::copy(from, &temp, progress, is_wanted);
        let added = copied.and_then(|_held| self.adopt(&temp, &name, None));
        if added.is_err() {
            let _ = fs::remove_file(&temp);
        }
        added
    }

    /// Gives a finished file its name on the shelf: looks through it, compares its checksum with the one in the list
    /// (or `expected`), remembers it, and renames.
    ///
    /// # Errors
    /// When it is not what it should be; the file stays where it is then.
    pub fn adopt(
        &self,
        finished: &Path,
        name: &str,
        expected: Option<[u8; 32]>,
    ) -> Result<OnShelf, ShelfError> {
        if !is_file_name(name) {
            return Err(ShelfError::Name(name.to_owned()));
        }
        check(finished)?;
        let found = container::sha256_of_file(finished).map_err(LlmError::from)?;
        let listed = manifest::known(name).and_then(|known| known.sha256);
        for expected in [expected, listed].into_iter().flatten() {
            if expected != found {
                return Err(ShelfError::Altered {
                    file: name.to_owned(),
                    found: manifest::hex(&found),
                    expected: manifest::hex(&expected),
                });
            }
        }
        let bytes = fs::metadata(finished).map_err(failed("the file cannot be read"))?.len();
        self.pin(name, &found)?;
        let target = self.folder.join(name);
        fs::rename(finished, &target).map_err(failed("the file cannot get its name"))?;
        sync_folder(&self.folder);
        Ok(OnShelf { file: name.to_owned(), bytes, pinned: Some(found) })
    }

    /// Deletes a model file and what is remembered of it. A program that runs keeps what it has loaded.
    ///
    /// # Errors
    /// When it is not there or cannot be deleted.
    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        if !is_file_name(name) {
            return Err(ShelfError::Name(name.to_owned()));
        }
        let path = self.folder.join(name);
        let facts = fs::symlink_metadata(&path).map_err(|_| ShelfError::Missing(name.to_owned()))?;
        if !facts.is_file() {
            return Err(ShelfError::NotPlain(name.to_owned()));
        }
        fs::remove_file(&path).map_err(failed("the file cannot be removed"))?;
        sync_folder(&self.folder);
        let mut sums = self.sums();
        if sums.remove(name).is_some() {
            self.write_sums(&sums)?;
        }
        if self.chosen().as_deref() == Some(name) {
            self.forget_choice()?;
        }
        Ok(())
    }

    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_folder(&self) -> Result<(), ShelfError> {
        fs::create_dir_all(&self.folder).map_err(failed("the folder of models cannot be made"))
    }

    fn sums(&self) -> std::collections::BTreeMap<String, [u8; 32]> {
        let text = read_small(&self.folder.join(SUMS)).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let (hex, name) = line.split_once(char::is_whitespace)?;
                let name = name.trim_start().trim_start_matches('*');
                Some((name.to_owned(), manifest::digest(hex)?))
            })
            .collect()
    }

    fn write_sums(&self, sums: &std::collections::BTreeMap<String, [u8; 32]>) -> Result<(), ShelfError> {
        self.make_folder()?;
        let lines = sums.iter().filter(|(name, _)| !name.contains(['\n', '\r']));
        let text: String =
            lines.map(|(name, sha256)| format!("{}  {name}\n", manifest::hex(sha256))).collect();
        replace(&self.folder.join(SUMS), text.as_bytes()).map_err(failed("the checksum cannot be kept"))
    }
}

/// Looks through a model file.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<gguf::Summary, ShelfError> {
    let shown = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let facts = fs::metadata(path).map_err(|_| ShelfError::Missing(shown.clone()))?;
    if !facts.is_file() {
        return Err(ShelfError::NotPlain(shown));
    }
    if facts.len() == 0 {
        return Err(LlmError::Truncated.into());
    }
    let bytes = container::map(path, 0, facts.len()).map_err(|error| match error {
        ContainerError::Io(_, cause) => LlmError::Unreadable(cause.kind().to_string()),
        other => other.into(),
    })?;
    Ok(gguf::check(&bytes)?)
}

fn read_small(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_STATE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Puts a file in place of another, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let temp = path.with_file_name(name);
    let written = File::create(&temp).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temp);
    } else if let Some(folder) = path.parent() {
        sync_folder(folder);
    }
    written
}

/// Makes a rename last; some systems cannot sync a folder, and then there is nothing more to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
