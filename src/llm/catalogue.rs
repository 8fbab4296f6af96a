//! All models that can be used here: inside the program, in folders of models, in those of other programs; and which
//! one is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    config::manifest::{self, Known},
    container::{self, source::ModelSource},
    llm::{
        LlmError,
        elsewhere::{self, Elsewhere},
        machine,
        shelf::{Shelf, ShelfError, is_file_name},
        speed::{Bench, Estimates},
    },
};

/// Memory that a model takes besides its file: context, buffers, the rest of the program.
const BESIDES: u64 = 700_000_000;

/// A place with models, in the order in which they are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// Inside an executable.
    Program(PathBuf),
    /// In a folder.
    Folder(PathBuf),
}

/// A model that can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// File name.
    pub file: String,
    /// Where it is.
    pub spot: Spot,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its bytes, with the checksum they must have.
    pub source: ModelSource,
}

/// A model that can take over.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What is kept as the choice; `None` for the program's own.
    pub kept: Option<String>,
    /// Its bytes.
    pub source: ModelSource,
    /// How many.
    pub bytes: u64,
}

/// What a look through a model and its checksum came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has the checksum it must have.
    AsItShouldBe,
    /// It has another one.
    Altered,
    /// It had none; the one it has is remembered.
    Remembered,
    /// It has none, and none can be remembered.
    NothingToCompare,
}

/// Whether a model suits a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It fits well.
    Good,
    /// It fits, but other programs may have to give way.
    Tight,
    /// The machine has too little memory.
    TooLarge,
    /// How much memory there is, is not known.
    Unknown,
}

impl Fit {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Good => "fits this machine",
            Self::Tight => "just fits",
            Self::TooLarge => "too large for this machine",
            Self::Unknown => "size of this machine unknown",
        }
    }

    /// Whether it can be used here as far as is known.
    pub fn is_fitting(self) -> bool {
        self != Self::TooLarge
    }

    /// Whether a model file of this size suits a machine with so much memory.
    pub fn of(bytes: u64, memory: Option<u64>) -> Self {
        let Some(memory) = memory else { return Self::Unknown };
        let needed = bytes.saturating_add(BESIDES);
        // Machines sold with 8 GB show less; the rest belongs to the system and other programs.
        if needed <= memory / 20 * 11 {
            Self::Good
        } else if needed <= memory / 20 * 17 {
            Self::Tight
        } else {
            Self::TooLarge
        }
    }

    /// Whether a model file of this size suits this machine.
    pub fn here(bytes: u64) -> Self {
        Self::of(bytes, machine::memory_bytes())
    }
}

/// Where models are looked for, and which one is used.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Places in order; the first model of the first place that has one is used when nothing was chosen.
    pub spots: Vec<Spot>,
    /// The folder that belongs to this program.
    pub shelf: Shelf,
    /// Folders of other programs.
    pub others: Vec<(&'static str, PathBuf)>,
    /// The setting `models.use`: it stands above what was chosen by `llamora models use` or in the settings.
    pub fixed: String,
}

impl Catalogue {
    /// File name or path of the model to use, if one was chosen.
    pub fn wanted(&self) -> Option<String> {
        if self.fixed.is_empty() { self.shelf.chosen() } else { Some(self.fixed.clone()) }
    }

    /// The model to use now: the chosen one, else the first there is.
    pub fn used(&self) -> Option<ModelSource> {
        match self.wanted() {
            Some(wanted) => self.source(&wanted),
            None => self.present().into_iter().next().map(|present| present.source),
        }
    }

    /// All models in the places, in order, each file name once.
    pub fn present(&self) -> Vec<Present> {
        let mut all: Vec<Present> = Vec::new();
        for spot in &self.spots {
            let found = match spot {
                Spot::Program(program) => inside(program),
                Spot::Folder(folder) => self.in_folder(folder),
            };
            for present in found {
                if all.iter().all(|known| known.file != present.file) {
                    all.push(present);
                }
            }
        }
        all
    }

    /// Models in the folders of other programs.
    pub fn elsewhere(&self) -> Vec<Elsewhere> {
        elsewhere::list(&self.others)
    }

    /// How fast models are here, from what was measured on this machine.
    pub fn estimates(&self, benches: Vec<Bench>) -> Estimates {
        let here = self.present().into_iter().filter_map(|present| {
            present.source.pinned().map(|sha256| (manifest::hex(&sha256), present.bytes))
        });
        Estimates::new(benches, here)
    }

    /// What the manifest says of a file.
    pub fn known(file: &str) -> Option<Known> {
        manifest::known(file)
    }

    /// Remembers which model to use, see [`Catalogue::candidate`]. Gives what is kept; `None` when there is no such
    /// model.
    ///
    /// # Errors
    /// When it is no model, not the one that it was, or the choice cannot be kept.
    pub fn choose(&self, name: &str) -> Result<Option<String>, ShelfError> {
        let kept = self.candidate(name)?.and_then(|candidate| candidate.kept);
        if let Some(kept) = &kept {
            self.shelf.choose(kept)?;
        }
        Ok(kept)
    }

    /// The first model there is, which is used when none was chosen.
    pub fn first(&self) -> Option<Candidate> {
        let Present { source, bytes, .. } = self.present().into_iter().next()?;
        Some(Candidate { kept: None, source, bytes })
    }

    /// Size of the model that is used, in bytes.
    pub fn used_bytes(&self) -> Option<u64> {
        self.used()?.place().ok().map(|(_, _, bytes)| bytes)
    }

    /// A model to use: one that is present by file name or short name, or one of another program by its name here, or any
    /// file by its absolute path. It is looked through, and its checksum is remembered if it was not. `None` when there
    /// is no such model.
    ///
    /// # Errors
    /// When it is no model, or not the one that it was.
    pub fn candidate(&self, name: &str) -> Result<Option<Candidate>, ShelfError> {
        let short = manifest::recommended().iter().find(|model| model.name == name);
        let file = short.map_or(name, |model| model.file.as_str());
        if let Some(present) = self.present().into_iter().find(|present| present.file == file) {
            if let ModelSource::File { path, sha256: None } = &present.source {
                match self.shelf.pin_elsewhere(file, path, None) {
                    // A folder that cannot be written is no reason not to use what is in it.
                    Ok(()) | Err(ShelfError::Io(..)) => {}
                    Err(error) => return Err(error),
                }
            }
            let source = self.source(file).unwrap_or(present.source);
            return Ok(Some(Candidate { kept: Some(file.to_owned()), source, bytes: present.bytes }));
        }
        let other = self.elsewhere().into_iter().find(|other| other.name == name);
        let (path, sha256) = match other {
            Some(other) => (other.path, other.sha256),
            None if Path::new(name).is_absolute() && Path::new(name).is_file() => (PathBuf::from(name), None),
            None => return Ok(None),
        };
        let Some(shown) = path.to_str() else { return Ok(None) };
        self.shelf.pin_elsewhere(shown, &path, sha256)?;
        let Some(source) = self.source(shown) else { return Ok(None) };
        let bytes = source.place().map_err(LlmError::from)?.2;
        Ok(Some(Candidate { kept: Some(shown.to_owned()), source, bytes }))
    }

    /// Reads a model through and compares it with its checksum; one of our own folder that has none is remembered.
    /// `progress` is told bytes done and in all, and answers whether to go on.
    ///
    /// # Errors
    /// When it cannot be read; [`ShelfError::Stopped`].
    pub fn verify(
        &self,
        present: &Present,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Verdict, ShelfError> {
        let (path, offset, len) = present.source.place().map_err(LlmError::from)?;
        let found = container::sha256_watched(path, offset, len, &mut |done| progress(done, len));
        let found = found.map_err(LlmError::from)?.ok_or(ShelfError::Stopped)?;
        match present.source.pinned() {
            Some(pinned) if pinned == found => Ok(Verdict::AsItShouldBe),
            Some(_) => Ok(Verdict::Altered),
            None => {
                let is_ours = matches!(&present.spot, Spot::Folder(folder) if folder == self.shelf.folder());
                let is_kept = is_ours && self.shelf.pin(&present.file, &found).is_ok();
                Ok(if is_kept { Verdict::Remembered } else { Verdict::NothingToCompare })
            }
        }
    }

    fn source(&self, wanted: &str) -> Option<ModelSource> {
        let path = Path::new(wanted);
        if path.is_absolute() {
            let sha256 = self.shelf.pinned(wanted);
            return path.is_file().then(|| ModelSource::File { path: path.to_owned(), sha256 });
        }
        self.present().into_iter().find(|present| present.file == wanted).map(|present| present.source)
    }

    fn in_folder(&self, folder: &Path) -> Vec<Present> {
        let mut all = Vec::new();
        for item in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(file) = item.file_name().into_string() else { continue };
            // A link could lead anywhere; whoever wants that names the file itself.
            let Some(facts) = item.metadata().ok().filter(fs::Metadata::is_file) else { continue };
            if is_file_name(&file) {
                let source = ModelSource::File { path: item.path(), sha256: self.shelf.pinned(&file) };
                let spot = Spot::Folder(folder.to_owned());
                all.push(Present { file, spot, bytes: facts.len(), source });
            }
        }
        all.sort_by(|left, right| left.file.cmp(&right.file));
        all
    }
}

fn inside(program: &Path) -> Vec<Present> {
    let parts = container::read_index(program).unwrap_or_else(|error| {
        tracing::warn!(%error, "the models inside the program cannot be used");
        Vec::new()
    });
    let present = |part: &container::Part| {
        let source = ModelSource::part(program, part);
        let (file, spot) = (source.name(), Spot::Program(program.to_owned()));
        Present { file, spot, bytes: part.len, source }
    };
    parts.iter().filter(|part| part.kind == "model").map(present).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::gguf::sample::good_file;

    fn catalogue(root: &Path, fixed: &str) -> Catalogue {
        let shelf = Shelf::new(root.join("own"), root);
        Catalogue {
            spots: vec![Spot::Folder(root.join("first")), Spot::Folder(root.join("own"))],
            shelf,
            others: vec![("lmstudio", root.join("lmstudio"))],
            fixed: fixed.to_owned(),
        }
    }

    #[test]
    fn the_chosen_model_is_used_and_else_the_first() {
        let root = tempfile::tempdir().unwrap();
        for (folder, name) in
            [("first", "b.gguf"), ("own", "a.gguf"), ("own", "b.gguf"), ("lmstudio", "c.gguf")]
        {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join(name), good_file(1)).unwrap();
        }
        let models = catalogue(root.path(), "");
        let name = |models: &Catalogue| models.used().map(|source| source.name());
        assert_eq!(name(&models).as_deref(), Some("b.gguf"));
        let files: Vec<_> = models.present().into_iter().map(|present| present.file).collect();
        assert_eq!(files, ["b.gguf", "a.gguf"]);
        assert_eq!(models.choose("a.gguf").unwrap().as_deref(), Some("a.gguf"));
        assert_eq!(name(&models).as_deref(), Some("a.gguf"));
        assert_eq!(models.choose("nothing.gguf").unwrap(), None);
        assert_eq!(models.choose("../own/a.gguf").unwrap(), None);

        // One of another program: by its name here, read where it is, and remembered.
        let kept = models.choose("lmstudio:c.gguf").unwrap().expect("it is there");
        assert!(Path::new(&kept).is_absolute());
        let used = models.used().unwrap();
        assert!(used.pinned().is_some() && used.name() == "c.gguf");
        assert_eq!(models.present().len(), 2);

        // The setting stands above the choice.
        assert_eq!(name(&catalogue(root.path(), "b.gguf")).as_deref(), Some("b.gguf"));
        assert_eq!(name(&catalogue(root.path(), "gone.gguf")), None);
    }

    #[test]
    fn what_fits_depends_on_the_memory() {
        let gb = 1_000_000_000;
        assert_eq!(Fit::of(400_000_000, Some(4 * gb)), Fit::Good);
        assert_eq!(Fit::of(1_100_000_000, Some(79 * gb / 10)), Fit::Good);
        assert_eq!(Fit::of(2_500_000_000, Some(79 * gb / 10)), Fit::Good);
        assert_eq!(Fit::of(2_500_000_000, Some(4 * gb)), Fit::Tight);
        assert_eq!(Fit::of(5_000_000_000, Some(79 * gb / 10)), Fit::Tight);
        assert_eq!(Fit::of(5_000_000_000, Some(4 * gb)), Fit::TooLarge);
        assert_eq!(Fit::of(5_000_000_000, Some(158 * gb / 10)), Fit::Good);
        assert_eq!(Fit::of(1, None), Fit::Unknown);
        assert_eq!(Fit::of(u64::MAX, Some(gb)), Fit::TooLarge);
    }
}
