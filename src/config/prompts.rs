//! Where the texts of prompts are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Section `prompts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptTexts {
    /// Folder whose files replace the prompts of the same name; empty means those inside the program.
    pub template_dir: String,
}

impl PromptTexts {
    /// The folder, if one is named.
    pub fn folder(&self) -> Option<PathBuf> {
        (!self.template_dir.is_empty()).then(|| PathBuf::from(&self.template_dir))
    }
}
