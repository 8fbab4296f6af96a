//! Where the models are: inside the program, or in a folder.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    config::Config,
    container::{self, ContainerError, source::ModelSource},
    llm::{
        catalogue::{Catalogue, Spot},
        elsewhere,
        shelf::Shelf,
    },
    search::{
        candle::{CandleEmbedder, ModelFiles},
        embed::{EmbedError, Embedder},
    },
};

/// Files of the embedder, as they are named in a folder and inside the program.
const EMBEDDER_FILES: [&str; 3] =
    ["embedder/model-f16.safetensors", "embedder/tokenizer.json", "embedder/config.json"];

/// The three files of the embedder.
#[derive(Clone, Debug)]
pub struct EmbedderFiles {
    /// Half-precision weights (safetensors); the hash of this file is the embedder's identity.
    pub weights: ModelSource,
    /// `tokenizer.json`.
    pub tokenizer: ModelSource,
    /// `config.json`.
    pub config: ModelSource,
}

/// What was found.
#[derive(Debug, Default)]
pub struct FoundModels {
    /// The text model (GGUF).
    pub model: Option<ModelSource>,
    /// The embedder.
    pub embedder: Option<EmbedderFiles>,
    /// Folders that were looked into.
    pub looked_in: Vec<PathBuf>,
    /// The file name that was asked for and is not there.
    pub wanted: Option<String>,
}

/// Where text models are looked for: in the folder of `models.dir` if one is set, then inside the program, in `models/`
/// beside it, in the checkout when cargo started it, and in the data folder.
pub fn catalogue(config: &Config, data: &Path) -> Catalogue {
    let mut spots = Vec::new();
    let own = config.models_dir();
    spots.extend(own.clone().map(Spot::Folder));
    if let Ok(program) = env::current_exe() {
        let beside = program.parent().map(|folder| folder.join("models"));
        spots.push(Spot::Program(program));
        spots.extend(beside.map(Spot::Folder));
    }
    if let Some(checkout) = env::var_os("CARGO_MANIFEST_DIR") {
        spots.push(Spot::Folder(PathBuf::from(checkout).join("models")));
    }
    spots.push(Spot::Folder(data.join("models")));
    let shelf = Shelf::new(own.unwrap_or_else(|| data.join("models")), data);
    let value = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Catalogue { spots, shelf, others: elsewhere::folders(&value), fixed: config.models.chosen.clone() }
}

impl FoundModels {
    /// Looks for the text model and the embedder, see [`catalogue`]. The first place that has one wins, for each.
    pub fn find(catalogue: &Catalogue) -> Self {
        let mut found = Self { model: catalogue.used(), ..Self::default() };
        for spot in &catalogue.spots {
            match spot {
                Spot::Program(program) => found.look_inside(program),
                Spot::Folder(folder) => found.look_into(folder),
            }
        }
        if found.model.is_none() {
            found.wanted = catalogue.wanted();
        }
        found
    }

    /// Name of the text model, for the log.
    pub fn model_name(&self) -> String {
        self.model.as_ref().map_or_else(|| "none".to_owned(), ModelSource::name)
    }

    /// Where the embedder is, for the log.
    pub fn embedder_name(&self) -> String {
        self.embedder.as_ref().map_or_else(|| "none".to_owned(), |files| files.weights.name())
    }

    /// One sentence for people when there is no text model.
    pub fn hint(&self) -> String {
        let places: Vec<String> = self.looked_in.iter().map(|folder| folder.display().to_string()).collect();
        let what = match &self.wanted {
            Some(name) => format!("The model {name} is not there"),
            None => "There is no language model".to_owned(),
        };
        format!(
            "{what}; the journal works without one. For replies, get one under Settings, Model, or with `llamora models \
             pull`; or put a model file (GGUF) into {}.",
            places.last().map_or("the data folder's models folder", String::as_str)
        )
    }

    fn look_inside(&mut self, program: &Path) {
        if self.embedder.is_some() {
            return;
        }
        // Damage is told once, by the catalogue.
        let parts = container::read_index(program).unwrap_or_default();
        self.embedder = embedder_of(|name| {
            parts.iter().find(|part| part.name == name).map(|part| ModelSource::part(program, part))
        });
    }

    fn look_into(&mut self, folder: &Path) {
        if self.embedder.is_none() {
            self.embedder = embedder_of(|name| {
                let path = folder.join(name);
                path.is_file().then(|| ModelSource::file(path))
            });
        }
        self.looked_in.push(folder.to_owned());
    }
}

fn embedder_of(file: impl Fn(&str) -> Option<ModelSource>) -> Option<EmbedderFiles> {
    let [weights, tokenizer, config] = EMBEDDER_FILES;
    Some(EmbedderFiles { weights: file(weights)?, tokenizer: file(tokenizer)?, config: file(config)? })
}

/// Name of the embedder as shown to people.
const EMBEDDER_NAME: &str = "all-MiniLM-L6-v2";

/// Maps the embedder's files and reads the weights.
///
/// # Errors
/// When a file cannot be read or is not the embedder's.
pub fn load_embedder(files: &EmbedderFiles) -> Result<Box<dyn Embedder>, EmbedError> {
    let unusable = |source: &ModelSource| {
        let name = source.name();
        move |error: ContainerError| EmbedError::NotAModel(format!("{name}: {error}"))
    };
    let open = |source: &ModelSource| source.open().map_err(unusable(source));
    let sha256 = match files.weights.pinned() {
        Some(sha256) => sha256,
        None => files.weights.sha256().map_err(unusable(&files.weights))?,
    };
    let (weights, tokenizer, config) = (open(&files.weights)?, open(&files.tokenizer)?, open(&files.config)?);
    Ok(Box::new(CandleEmbedder::load(ModelFiles {
        weights: Box::new(weights),
        tokenizer: &tokenizer,
        config: &config,
        name: EMBEDDER_NAME.to_owned(),
        sha256,
    })?))
}

/// The files that a bundle carries, with their names and kinds.
pub fn bundle_parts(found: &FoundModels) -> Vec<container::NewPart> {
    let mut parts = Vec::new();
    let mut add = |name: String, kind: &str, source: &ModelSource| {
        if let ModelSource::File { path, .. } = source {
            parts.push(container::NewPart {
                name,
                kind: kind.to_owned(),
                path: path.clone(),
                meta: String::new(),
            });
        }
    };
    if let Some(files) = &found.embedder {
        let [weights, tokenizer, config] = EMBEDDER_FILES;
        add(weights.to_owned(), "embedder", &files.weights);
        add(tokenizer.to_owned(), "tokenizer", &files.tokenizer);
        add(config.to_owned(), "config", &files.config);
    }
    if let Some(model) = &found.model {
        add(format!("model/{}", model.name()), "model", model);
    }
    parts
}
