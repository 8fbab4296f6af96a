//! `models/manifest.toml`, compiled in: the model that comes with the program, and those recommended for download.

use std::sync::LazyLock;

use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Deserialize;

const TEXT: &str = include_str!("../../models/manifest.toml");

/// What may be asked of a model: as the list says of the very file, by what its makers and our own trials say, else by
/// the number of its parameters. Never by its name. Higher is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ability {
    /// Fluent, but invents facts.
    Taste,
    /// Replies; unreliable with facts.
    Plain,
    /// Replies, labels and recaps.
    Able,
    /// All of it, well.
    Good,
}

impl Ability {
    /// Fewest parameters of a model that follows the full rules.
    const ABLE_FROM: u64 = 1_000_000_000;

    /// By the number of parameters of a model.
    pub const fn of(parameters: u64) -> Self {
        match parameters {
            0..400_000_000 => Self::Taste,
            400_000_000..Self::ABLE_FROM => Self::Plain,
            Self::ABLE_FROM..3_500_000_000 => Self::Able,
            _ => Self::Good,
        }
    }

    /// Whether it follows the full rules and makes use of the day and several memories. Others lose the thread: they
    /// are given short rules and little context.
    pub const fn follows_full_rules(self) -> bool {
        matches!(self, Self::Able | Self::Good)
    }

    /// Whether labels and recaps may be left to it. Of others they are worse than what the text itself gives.
    pub const fn writes_labels_and_recaps(self) -> bool {
        matches!(self, Self::Able | Self::Good)
    }

    /// As in the names of the prompts.
    pub const fn prompts(self) -> &'static str {
        if self.follows_full_rules() { "large" } else { "small" }
    }

    /// For people, after "good for" or alone.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Taste => "fluent, but invents facts",
            Self::Plain => "replies, unreliable with facts",
            Self::Able => "replies, labels and recaps",
            Self::Good => "replies, labels and recaps, well",
        }
    }
}

/// A model that can be fetched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recommended {
    /// Short name, as typed in `llamora models pull NAME`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// File name it gets.
    pub file: String,
    /// Where it is at home, by HTTPS.
    pub url: String,
    /// Its size in bytes; about right when there is no checksum.
    pub bytes: u64,
    /// Digest of the file in hexadecimal, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Licence, as SPDX names it.
    pub licence: String,
    /// Context it was trained on, in tokens.
    pub context: u32,
    /// Chat template.
    pub chat_template: String,
    /// Memory of the machines it is meant for, in GB.
    pub memory_gb: u32,
    /// What may be asked of it.
    pub ability: Ability,
    /// What it is good for, in a few words.
    pub good_for: String,
}

/// A model that comes with the program.
#[derive(Debug, Clone, Deserialize)]
struct Shipped {
    #[serde(rename = "use")]
    purpose: String,
    name: String,
    file: String,
    sha256: String,
    #[serde(default)]
    ability: Option<Ability>,
    #[serde(default)]
    good_for: String,
    licence: String,
    #[serde(default)]
    context: Option<u32>,
}

#[derive(Deserialize)]
struct Manifest {
    model: Vec<Shipped>,
    recommended: Vec<Recommended>,
}

/// What the manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What its digest must be, when that is known.
    pub sha256: Option<[u8; 32]>,
    /// Name for people.
    pub title: String,
    /// Licence.
    pub licence: String,
    /// Context it was trained on, in tokens.
    pub context: Option<u32>,
    /// What may be asked of it.
    pub ability: Option<Ability>,
    /// What it is good for.
    pub good_for: String,
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    Figment::from(Toml::string(TEXT)).extract().expect("the manifest is compiled in, and a test reads it")
});

/// The models recommended for download, small ones first.
pub fn recommended() -> &'static [Recommended] {
    &MANIFEST.recommended
}

/// What is known of a model file by its name.
pub fn known(file: &str) -> Option<Known> {
    let shipped = MANIFEST.model.iter().find(|model| model.purpose == "model" && model.file == file);
    if let Some(model) = shipped {
        return Some(Known {
            sha256: digest(&model.sha256),
            title: model.name.clone(),
            context: model.context,
            licence: model.licence.clone(),
            ability: model.ability,
            good_for: model.good_for.clone(),
        });
    }
    recommended().iter().find(|model| model.file == file).map(|model| Known {
        sha256: model.sha256.as_deref().and_then(digest),
        title: model.title.clone(),
        context: Some(model.context),
        licence: model.licence.clone(),
        ability: Some(model.ability),
        good_for: model.good_for.clone(),
    })
}

/// What the list says may be asked of the file with this digest.
pub fn ability(sha256: &[u8; 32]) -> Option<Ability> {
    let is_it = |hex: &str| digest(hex).as_ref() == Some(sha256);
    let shipped = MANIFEST.model.iter().find(|model| is_it(&model.sha256)).and_then(|model| model.ability);
    shipped.or_else(|| {
        let found = recommended().iter().find(|model| model.sha256.as_deref().is_some_and(is_it));
        found.map(|model| model.ability)
    })
}

/// Reads 64 hexadecimal digits.
pub fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (idx, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * idx..2 * idx + 2], 16).ok()?;
    }
    Some(out)
}

/// A digest in hexadecimal.
pub fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_whole_and_its_addresses_are_safe() {
        assert!(recommended().len() >= 4);
        let mut names = std::collections::HashSet::new();
        for model in recommended() {
            assert!(names.insert(&model.name), "{} comes twice", model.name);
            assert!(model.url.starts_with("https://") && model.url.ends_with(&model.file), "{}", model.url);
            assert!(model.sha256.as_deref().is_none_or(|hex| digest(hex).is_some()), "{}", model.name);
            assert!(model.bytes > 100_000_000 && model.memory_gb >= 4 && !model.good_for.is_empty());
        }
        let order: Vec<u64> = recommended().iter().map(|model| model.bytes).collect();
        assert!(order.is_sorted(), "small ones first");
        for memory in [4, 8, 16] {
            assert!(recommended().iter().any(|model| model.memory_gb == memory), "nothing for {memory} GB");
        }
        let taste = known("SmolLM2-135M-Instruct.Q4_1.gguf").expect("the one that comes with the program");
        assert_eq!((taste.ability, taste.sha256.is_some()), (Some(Ability::Taste), true));
        assert_eq!(known("other.gguf"), None);
        assert!(Ability::Taste < Ability::Plain && Ability::Able < Ability::Good);
    }

    #[test]
    fn ability_is_that_of_the_file_and_not_of_its_name() {
        let taste = known("SmolLM2-135M-Instruct.Q4_1.gguf").and_then(|known| known.sha256).expect("pinned");
        assert_eq!(ability(&taste), Some(Ability::Taste));
        assert_eq!(ability(&[7; 32]), None);
        for (millions, expected) in [(135, Ability::Taste), (600, Ability::Plain), (1_700, Ability::Able)] {
            assert_eq!(Ability::of(millions * 1_000_000), expected);
        }
        assert_eq!(Ability::of(8_000_000_000), Ability::Good);
        assert!(!Ability::Plain.follows_full_rules() && !Ability::Plain.writes_labels_and_recaps());
        assert!(Ability::Able.follows_full_rules() && Ability::Able.writes_labels_and_recaps());
    }

    #[test]
    fn digests_are_read_and_written() {
        let text = "b139949c5bd74937ad8ed8c8cf3d9ffb1e99c866c823204dc42c0d91fa181897";
        assert_eq!(digest(text).map(|digest| hex(&digest)).as_deref(), Some(text));
        for wrong in ["", "b1", &text[1..], &text.replace('b', "g"), &"\u{e9}".repeat(32)] {
            assert_eq!(digest(wrong), None);
        }
    }
}
