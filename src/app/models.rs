//! Where the models are: inside the program, or in a folder.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    config::Config,
    container::{self, ContainerError, source::ModelSource},
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

impl FoundModels {
    /// Looks in the folder of `models.dir` if one is set, then inside the program, then in `models/` beside it, in the
    /// checkout when cargo started it, and in the data folder. The first place that has a model wins, for the text
    /// model and the embedder each.
    pub fn find(config: &Config, data: &Path) -> Self {
        let mut found = Self::default();
        let chosen = config.models.chosen.as_str();
        if let Some(folder) = config.models_dir() {
            found.look_into(folder, chosen);
        }
        let program = env::current_exe().ok();
        if let Some(program) = &program {
            found.look_inside(program, chosen);
            if let Some(folder) = program.parent() {
                found.look_into(folder.join("models"), chosen);
            }
        }
        if let Some(checkout) = env::var_os("CARGO_MANIFEST_DIR") {
            found.look_into(PathBuf::from(checkout).join("models"), chosen);
        }
        found.look_into(data.join("models"), chosen);
        if found.model.is_none() && !chosen.is_empty() {
            found.wanted = Some(chosen.to_owned());
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
            "{what}; the journal works without one. For replies, put a model file (GGUF) into {} and start again.",
            places.last().map_or("the data folder's models folder", String::as_str)
        )
    }

    fn look_inside(&mut self, program: &Path, chosen: &str) {
        let parts = match container::read_index(program) {
            Ok(parts) => parts,
            Err(error) => {
                tracing::warn!(%error, "the models inside the program cannot be used");
                return;
            }
        };
        let part = |name: &str| {
            parts.iter().find(|part| part.name == name).map(|part| ModelSource::part(program, part))
        };
        if self.model.is_none() {
            self.model = parts
                .iter()
                .filter(|part| part.kind == "model")
                .find(|part| chosen.is_empty() || part.name.ends_with(chosen))
                .map(|part| ModelSource::part(program, part));
        }
        if self.embedder.is_none() {
            self.embedder = embedder_of(part);
        }
    }

    fn look_into(&mut self, folder: PathBuf, chosen: &str) {
        if self.model.is_none() {
            self.model = gguf_in(&folder, chosen).map(ModelSource::file);
        }
        if self.embedder.is_none() {
            self.embedder = embedder_of(|name| {
                let path = folder.join(name);
                path.is_file().then(|| ModelSource::file(path))
            });
        }
        self.looked_in.push(folder);
    }
}

fn embedder_of(file: impl Fn(&str) -> Option<ModelSource>) -> Option<EmbedderFiles> {
    let [weights, tokenizer, config] = EMBEDDER_FILES;
    Some(EmbedderFiles { weights: file(weights)?, tokenizer: file(tokenizer)?, config: file(config)? })
}

fn gguf_in(folder: &Path, chosen: &str) -> Option<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|item| Some(item.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")))
        .filter(|path| chosen.is_empty() || path.file_name().is_some_and(|name| name == chosen))
        .collect();
    files.sort();
    files.into_iter().next()
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
