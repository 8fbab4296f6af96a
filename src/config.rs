//! Configuration: compiled defaults, then `config.toml`, then `LLAMORA_SECTION__KEY`, then flags.
//!
//! An unknown key is an error that names the nearest valid one. After start the configuration does not change;
//! each part of the program is handed its own section.

pub mod backup;
pub mod manifest;
pub mod models;
pub mod prompts;
pub mod session;
pub mod upstream;

use std::path::{Path, PathBuf};

use figment::{
    Figment, Profile, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use serde::{Deserialize, Serialize};

pub use crate::config::models::{Changers, Models};
pub use crate::config::session::{Crypto, DekStorage, SessionLimits};

/// Environment variables with our prefix that are not settings: the data folder, and those of builds and tests.
const NOT_SETTINGS: &[&str] =
    &["data", "bin", "slim", "node_modules", "require_offline", "screenshots", "preview"];

/// Settings that are never shown.
const SECRETS: &[&str] = &["llm.chat.api_key"];

/// The whole configuration. Sections and keys carry the names of the settings table in the README.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and logging.
    pub app: App,
    /// What is switched on.
    pub features: Features,
    /// How long a sign-in lasts.
    pub session: SessionLimits,
    /// Where the keys of open journals are.
    pub crypto: Crypto,
    /// Where models are and when they are loaded.
    pub models: Models,
    /// The text model.
    pub llm: Llm,
    /// The texts of prompts.
    pub prompts: prompts::PromptTexts,
    /// The embedder.
    pub embedding: Embedding,
    /// Automatic backups.
    pub backup: backup::Backup,
}

/// Section `app`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct App {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Further names under which a browser may reach the journal, for the Host check.
    pub names: Vec<String>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
}

impl Default for App {
    fn default() -> Self {
        Self { host: "127.0.0.1".into(), port: 5757, names: Vec::new(), log_level: "info".into() }
    }
}

/// Section `features`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// Close the registration page once the first account exists.
    pub disable_registration: bool,
}

/// Section `llm`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Llm {
    /// How replies are sampled.
    pub generation: Generation,
    /// The model inside the program.
    pub local: Local,
    /// Another program that may answer instead.
    pub upstream: upstream::Upstream,
    /// How to talk to it.
    pub chat: upstream::Chat,
}

/// Section `llm.generation`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Generation {
    /// Longest reply, in tokens.
    pub n_predict: u32,
    /// Sampling temperature, 0 to 2.
    pub temperature: f32,
    /// Nucleus sampling, 0 to 1.
    pub top_p: f32,
}

impl Default for Generation {
    fn default() -> Self {
        Self { n_predict: 320, temperature: 0.6, top_p: 0.9 }
    }
}

/// Section `llm.local`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Local {
    /// Context window in tokens.
    pub ctx_size: u32,
    /// Threads; 0 chooses.
    pub threads: u32,
}

impl Default for Local {
    fn default() -> Self {
        Self { ctx_size: 4096, threads: 0 }
    }
}

/// Section `embedding`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Embedding {
    /// Search by meaning as well as by word.
    pub enabled: bool,
    /// Megabytes that the indexes of several people may take together; beyond, the one that rested longest is closed.
    pub memory: u32,
}

impl Default for Embedding {
    fn default() -> Self {
        Self { enabled: true, memory: 400 }
    }
}

/// Flags of the command line, which override everything else, and what decides a default.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--host`
    pub host: Option<String>,
    /// `--port`
    pub port: Option<u16>,
    /// The journal lies beside the program, and so travels with it from machine to machine.
    pub is_portable: bool,
}

/// Why a configuration cannot be used. Each message says what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key nobody knows.
    #[error("unknown setting `{key}` in {origin}; did you mean `{nearest}`?")]
    Unknown {
        /// The key, dotted.
        key: String,
        /// Where it stands.
        origin: String,
        /// The nearest valid key.
        nearest: String,
    },
    /// A value of the wrong type, or a file that is not TOML.
    #[error("{0}")]
    Wrong(String),
    /// A value out of its range.
    #[error("`{key}` must be {rule}")]
    Range {
        /// The key, dotted.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The file named by `--config` is not there.
    #[error("the configuration file {0} cannot be read")]
    Missing(String),
}

/// A setting as `llamora config` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key, dotted.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Where the value came from.
    pub origin: String,
}

impl Config {
    /// Reads the configuration. `file` is `config.toml` in the data folder, or the file named by `--config`
    /// (`required`), in which case it must exist.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(file: &Path, required: bool, flags: &Flags) -> Result<(Self, Vec<Effective>), ConfigError> {
        if required && !file.is_file() {
            return Err(ConfigError::Missing(file.display().to_string()));
        }
        let known = flatten(&defaults());
        let from_file = Toml::file_exact(file);
        let from_env = Env::prefixed("LLAMORA_")
            .filter(|key| {
                let key = key.as_str().to_ascii_lowercase();
                !NOT_SETTINGS.contains(&key.as_str()) && !key.starts_with("test_")
            })
            .split("__");
        let mut compiled = Self::default();
        if flags.is_portable {
            compiled.session.idle_ttl = SessionLimits::PORTABLE_IDLE;
        }
        let mut figment = Figment::from(Serialized::defaults(compiled));
        if file.is_file() {
            refuse_unknown(&from_file, &known, &file.display().to_string())?;
            figment = figment.merge(from_file);
        }
        refuse_unknown(&from_env, &known, "the environment")?;
        figment = figment.merge(from_env);
        if let Some(host) = &flags.host {
            figment = figment.merge(("app.host", host));
        }
        if let Some(port) = flags.port {
            figment = figment.merge(("app.port", port));
        }
        let config: Self = figment.extract().map_err(|error| ConfigError::Wrong(error.to_string()))?;
        config.validate()?;
        let effective = known.iter().map(|key| effective(&figment, key)).collect();
        Ok((config, effective))
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let range =
            |holds: bool, key, rule| if holds { Ok(()) } else { Err(ConfigError::Range { key, rule }) };
        range(
            self.app.host.parse::<std::net::IpAddr>().is_ok(),
            "app.host",
            "an IP address, such as 127.0.0.1",
        )?;
        range(
            ["error", "warn", "info", "debug", "trace"].contains(&self.app.log_level.as_str()),
            "app.log_level",
            "error, warn, info, debug or trace",
        )?;
        range(self.session.idle_ttl >= 60, "session.idle_ttl", "at least 60 seconds")?;
        let (idle, absolute) = (self.session.idle_ttl, self.session.absolute_ttl);
        range(absolute >= idle, "session.absolute_ttl", "at least session.idle_ttl")?;
        range((1..=4096).contains(&self.llm.generation.n_predict), "llm.generation.n_predict", "1 to 4096")?;
        range(
            (0.0..=2.0).contains(&self.llm.generation.temperature),
            "llm.generation.temperature",
            "0 to 2",
        )?;
        range((0.0..=1.0).contains(&self.llm.generation.top_p), "llm.generation.top_p", "0 to 1")?;
        range((512..=8192).contains(&self.llm.local.ctx_size), "llm.local.ctx_size", "512 to 8192")?;
        range((50..=65_536).contains(&self.embedding.memory), "embedding.memory", "50 to 65536 megabytes")?;
        self.llm.chat.validate()?;
        self.backup.validate()
    }

    /// The folder named by `models.dir`, if one is.
    pub fn models_dir(&self) -> Option<PathBuf> {
        (!self.models.dir.is_empty()).then(|| PathBuf::from(&self.models.dir))
    }
}

fn defaults() -> Dict {
    Serialized::defaults(Config::default())
        .data()
        .ok()
        .and_then(|mut profiles: Map<Profile, Dict>| profiles.remove(&Profile::Default))
        .unwrap_or_default()
}

fn flatten(dict: &Dict) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in dict {
        match value {
            Value::Dict(_, inner) => {
                keys.extend(flatten(inner).into_iter().map(|rest| format!("{key}.{rest}")))
            }
            _ => keys.push(key.clone()),
        }
    }
    keys
}

fn refuse_unknown(provider: &impl Provider, known: &[String], origin: &str) -> Result<(), ConfigError> {
    let data = provider.data().map_err(|error| ConfigError::Wrong(error.to_string()))?;
    for key in data.values().flat_map(flatten) {
        if known.contains(&key) {
            continue;
        }
        let nearest = known.iter().min_by_key(|valid| distance(valid, &key)).cloned().unwrap_or_default();
        return Err(ConfigError::Unknown { key, origin: origin.to_owned(), nearest });
    }
    Ok(())
}

/// Levenshtein distance, for the nearest valid key only.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, symbol) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(symbol != *other);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

fn effective(figment: &Figment, key: &str) -> Effective {
    let value = match figment.find_value(key) {
        // Never shown, not even how long it is.
        Ok(Value::String(_, text)) if SECRETS.contains(&key) && !text.is_empty() => "********".to_owned(),
        Ok(Value::String(_, text)) => format!("{text:?}"),
        Ok(value) => serde_json::to_string(&value).unwrap_or_default(),
        Err(_) => String::new(),
    };
    let origin = figment.find_metadata(key).map_or_else(String::new, |metadata| {
        if metadata.name.starts_with("llamora::config") {
            "default".to_owned()
        } else if metadata.name.contains("environment") {
            format!("environment LLAMORA_{}", key.replace('.', "__").to_uppercase())
        } else if let Some(path) = metadata.source.as_ref().and_then(figment::Source::file_path) {
            path.display().to_string()
        } else {
            "command line".to_owned()
        }
    });
    Effective { key: key.to_owned(), value, origin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unwrap_used, reason = "test")]
    fn load(text: &str) -> Result<(Config, Vec<Effective>), ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(&file, true, &Flags { port: Some(0), ..Flags::default() })
    }

    #[test]
    fn an_unknown_key_names_the_nearest_valid_one() {
        let error = load("[app]\nprot = 1\n").expect_err("unknown").to_string();
        assert!(error.contains("`app.prot`") && error.contains("`app.port`"), "{error}");
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let (config, effective) =
            load("[app]\nport = 99\n[llm.generation]\ntemperature = 0.1\n").expect("a valid file");
        assert_eq!(config.app.port, 0);
        assert!((config.llm.generation.temperature - 0.1).abs() < 1e-6);
        let origin =
            |key: &str| effective.iter().find(|line| line.key == key).map(|line| line.origin.clone());
        assert_eq!(origin("app.port").as_deref(), Some("command line"));
        assert_eq!(origin("app.host").as_deref(), Some("default"));
        assert!(origin("llm.generation.temperature").is_some_and(|origin| origin.ends_with("config.toml")));
    }

    #[test]
    fn values_out_of_range_and_of_the_wrong_type_are_refused() {
        assert!(load("[app]\nhost = \"localhost\"\n").is_err());
        assert!(load("[features]\ndisable_registration = \"many\"\n").is_err());
        assert!(load("[llm.local]\nctx_size = 200000000\n").is_err());
    }
}
