//! The models as the settings page lists them.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use crate::{
    blocking,
    config::manifest,
    llm::{
        catalogue::{Catalogue, Fit, Present, Spot},
        download::{self, begun},
        elsewhere::Elsewhere,
        machine,
        speed::{self, Bench, Estimate, Estimates},
        worker::EngineState,
    },
    services::{
        Failure, Services,
        models::{
            Desk, Models,
            work::{Outcome, WorkState},
        },
        sessions::{Session, guard},
    },
};

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// Inside the program.
    Program,
    /// In the folder of models that belongs to this program, from which it can be removed here.
    Shelf,
    /// In another folder that the program looks into.
    Folder(PathBuf),
    /// In the folder of another program.
    Elsewhere,
    /// At its home in the network; so many bytes of it have come already.
    Away {
        /// Bytes of a download that was begun.
        begun: Option<u64>,
        /// Who is asked for it.
        host: String,
    },
}

/// What is known of a model's checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// It stands in the list of this program.
    Listed,
    /// It was remembered when the file was first seen.
    Remembered,
    /// Nothing to compare with.
    Unknown,
}

/// What a model does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: another one is used, or none.
    Rests,
    /// It answers.
    Answers,
    /// It is the one that was chosen, or the first when none was, and is not loaded yet.
    Waits,
    /// It is that one, and could not be loaded or has failed.
    Fails,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Listed {
    /// By what it is used, fetched and removed.
    pub name: String,
    /// Name of its file.
    pub file: String,
    /// Name for people.
    pub title: String,
    /// Size of its file in bytes.
    pub bytes: u64,
    /// Where it is.
    pub place: Where,
    /// Licence, where it is known.
    pub licence: Option<String>,
    /// Context it was trained on, in tokens.
    pub context: Option<u32>,
    /// What it is good for.
    pub good_for: Option<String>,
    /// What may be asked of it, in words.
    pub ability: Option<&'static str>,
    /// Memory of the machines it is meant for, in GB.
    pub memory_gb: Option<u32>,
    /// Whether it suits this machine.
    pub fit: Fit,
    /// Whether there is room for it on the disk, as far as that is known.
    pub has_room: bool,
    /// Its checksum.
    pub checksum: Checksum,
    /// What it does now.
    pub standing: Standing,
    /// How fast it is here, as far as that is known.
    pub speed: Option<Estimate>,
}

/// The model that answers now.
#[derive(Debug, Clone)]
pub struct InUse {
    /// What is known of its file; nothing when the file is gone.
    pub listed: Option<Listed>,
    /// Its name.
    pub name: String,
    /// Digest of the bytes that were loaded, in hexadecimal.
    pub sha256: String,
    /// Longest conversation here, in tokens.
    pub context: u32,
    /// What may be asked of it, in words.
    pub ability: &'static str,
    /// How long a usual reply takes here, in words.
    pub wait: Option<String>,
    /// Whether that was measured by a bench, and not by replies.
    pub is_measured: bool,
}

/// All of it.
pub struct ModelsState {
    /// Memory of this machine in bytes, where that is known.
    pub memory: Option<u64>,
    /// Free disk where models are kept, in bytes.
    pub free: Option<u64>,
    /// Threads a model takes.
    pub threads: u32,
    /// The folder of models.
    pub folder: String,
    /// Why this person may not change anything; `None` when they may.
    pub no_changes: Option<&'static str>,
    /// The setting `models.use`, when it decides.
    pub fixed: Option<String>,
    /// The model that answers.
    pub used: Option<InUse>,
    /// Models that are here.
    pub here: Vec<Listed>,
    /// Models of other programs.
    pub elsewhere: Vec<Listed>,
    /// Models recommended for download that are not here.
    pub away: Vec<Listed>,
    /// Other downloads that were begun: file and bytes.
    pub begun: Vec<(String, u64)>,
    /// What is being done.
    pub work: ModelWork,
}

/// What is being done with models, and what came of the last.
#[derive(Debug, Clone, Default)]
pub struct ModelWork {
    /// With files.
    pub files: Option<WorkState>,
    /// With the model that runs.
    pub change: Option<WorkState>,
    /// What came of the last of each.
    pub outcomes: Vec<Outcome>,
}

impl ModelWork {
    /// Whether anything is being done.
    pub fn is_running(&self) -> bool {
        self.files.is_some() || self.change.is_some()
    }
}

impl Desk {
    /// What was measured on this machine; read anew when the page is looked at and after a measurement.
    pub(super) fn benches(&self) -> Vec<Bench> {
        guard(&self.benches).clone()
    }

    pub(super) fn read_benches(&self) {
        if let Some(models) = &self.models {
            *guard(&self.benches) = speed::known(models.catalogue.shelf.data());
        }
    }
}

impl Services {
    /// What is being done with models, and what came of the last.
    pub fn model_work(&self) -> ModelWork {
        let ((files, last_file), (change, last_change)) = (self.desk.files.state(), self.desk.change.state());
        ModelWork { files, change, outcomes: [last_change, last_file].into_iter().flatten().collect() }
    }

    /// The models of this instance, as this person sees them; `None` where there is no place for models at all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn models(self: &Arc<Self>, session: &Session) -> Result<Option<ModelsState>, Failure> {
        if self.desk.models.is_none() {
            return Ok(None);
        }
        let no_changes = self.no_model_changes(session).await?;
        let services = Arc::clone(self);
        let state = blocking::db(move || services.list_models(no_changes)).await?;
        Ok(state)
    }

    fn list_models(&self, no_changes: Option<&'static str>) -> Option<ModelsState> {
        let models = self.desk.models.as_ref()?;
        self.desk.read_benches();
        let catalogue = &models.catalogue;
        let view = View::of(self, models);
        let used_name = catalogue.used().map(|used| used.name());
        let present = catalogue.present();
        let here: Vec<Listed> =
            present.iter().map(|present| view.here(present, used_name.as_deref())).collect();
        let elsewhere = catalogue.elsewhere();
        let elsewhere: Vec<Listed> =
            elsewhere.iter().map(|other| view.elsewhere(other, catalogue.wanted().as_deref())).collect();
        let is_here = |file: &str| present.iter().any(|present| present.file == file);
        let away = manifest::recommended().iter().filter(|model| !is_here(&model.file));
        let away: Vec<Listed> = away.map(|model| view.away(model)).collect();
        let listed: HashSet<&str> = manifest::recommended().iter().map(|model| model.file.as_str()).collect();
        let begun = begun::all(&catalogue.shelf).into_iter();
        let begun = begun.filter(|begun| !listed.contains(begun.file.as_str()) && !is_here(&begun.file));
        let used = self.in_use(&here, &elsewhere);
        Some(ModelsState {
            memory: view.memory,
            free: view.free,
            threads: models.threads,
            folder: catalogue.shelf.folder().display().to_string(),
            no_changes,
            fixed: (!catalogue.fixed.is_empty()).then(|| catalogue.fixed.clone()),
            used,
            begun: begun.map(|begun| (begun.file, begun.bytes)).collect(),
            here,
            elsewhere,
            away,
            work: self.model_work(),
        })
    }

    fn in_use(&self, here: &[Listed], elsewhere: &[Listed]) -> Option<InUse> {
        let EngineState::Ready(identity) = self.llm.state() else { return None };
        let sha256 = manifest::hex(&identity.sha256);
        let bench = self.desk.benches().into_iter().find(|bench| bench.sha256 == sha256);
        Some(InUse {
            listed: here.iter().chain(elsewhere).find(|listed| listed.standing == Standing::Answers).cloned(),
            name: identity.name,
            sha256,
            context: identity.context,
            ability: identity.ability.words(),
            wait: self.usual_wait(),
            is_measured: bench.is_some_and(|bench| bench.best().is_some()),
        })
    }
}

/// What the rows are drawn from.
struct View {
    /// What the one to use does.
    used: Standing,
    memory: Option<u64>,
    free: Option<u64>,
    estimates: Estimates,
    shelf: PathBuf,
    catalogue: Arc<Catalogue>,
}

impl View {
    fn of(services: &Services, models: &Models) -> Self {
        let catalogue = &models.catalogue;
        Self {
            used: match services.llm.state() {
                EngineState::Ready(_) => Standing::Answers,
                EngineState::Unavailable(_) if services.has_model() => Standing::Fails,
                // It began without one: what has come since was not tried.
                EngineState::Unavailable(_) => Standing::Rests,
                EngineState::Idle | EngineState::Loading => Standing::Waits,
            },
            memory: machine::memory_bytes(),
            free: machine::free_bytes(catalogue.shelf.folder()),
            estimates: catalogue.estimates(services.desk.benches()),
            shelf: catalogue.shelf.folder().to_owned(),
            catalogue: Arc::clone(catalogue),
        }
    }

    fn here(&self, present: &Present, used: Option<&str>) -> Listed {
        let pinned = present.source.pinned();
        let place = match &present.spot {
            Spot::Program(_) => Where::Program,
            Spot::Folder(folder) if *folder == self.shelf => Where::Shelf,
            Spot::Folder(folder) => Where::Folder(folder.clone()),
        };
        let standing = self.standing(used == Some(present.file.as_str()));
        Listed { standing, ..self.row(&present.file, &present.file, present.bytes, place, pinned) }
    }

    fn elsewhere(&self, other: &Elsewhere, wanted: Option<&str>) -> Listed {
        let path = other.path.to_str().unwrap_or_default();
        let pinned = self.catalogue.shelf.pinned(path).or(other.sha256);
        let standing = self.standing(wanted == Some(path));
        Listed { standing, ..self.row(&other.name, &other.name, other.bytes, Where::Elsewhere, pinned) }
    }

    fn standing(&self, is_wanted: bool) -> Standing {
        if is_wanted { self.used } else { Standing::Rests }
    }

    fn away(&self, model: &manifest::Recommended) -> Listed {
        let begun = begun::bytes(&self.catalogue.shelf, &model.file);
        let host = download::host(&model.url).unwrap_or_default();
        let left = model.bytes.saturating_sub(begun.unwrap_or(0));
        let pinned = model.sha256.as_deref().and_then(manifest::digest);
        Listed {
            has_room: self.free.is_none_or(|free| left < free),
            memory_gb: Some(model.memory_gb),
            ..self.row(&model.name, &model.file, model.bytes, Where::Away { begun, host }, pinned)
        }
    }

    fn row(&self, name: &str, file: &str, bytes: u64, place: Where, pinned: Option<[u8; 32]>) -> Listed {
        let known = Catalogue::known(file);
        let sha256 = pinned.map(|pinned| manifest::hex(&pinned));
        let checksum = match (pinned, &known) {
            (None, _) => Checksum::Unknown,
            (Some(pinned), Some(known)) if known.sha256 == Some(pinned) => Checksum::Listed,
            (Some(_), _) => Checksum::Remembered,
        };
        let ability = known.as_ref().and_then(|known| known.ability);
        Listed {
            name: name.to_owned(),
            file: file.to_owned(),
            title: known.as_ref().map_or_else(|| file.to_owned(), |known| known.title.clone()),
            bytes,
            place,
            licence: known.as_ref().map(|known| known.licence.clone()),
            context: known.as_ref().and_then(|known| known.context),
            good_for: known.map(|known| known.good_for),
            ability: ability.map(manifest::Ability::words),
            memory_gb: None,
            fit: Fit::of(bytes, self.memory),
            has_room: true,
            checksum,
            standing: Standing::Rests,
            speed: self.estimates.of(sha256.as_deref(), bytes),
        }
    }
}
