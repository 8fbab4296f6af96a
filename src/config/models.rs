//! Section `models`: where models are, which one is used, and who may change that.

use serde::{Deserialize, Serialize};

/// Section `models`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// Folder that holds models; empty means `models/` beside the program, then in the data folder.
    pub dir: String,
    /// File name of the text model to use; empty means the one inside the program, else the first found.
    #[serde(rename = "use")]
    pub chosen: String,
    /// Load models when the program starts instead of at the first sign-in.
    pub load_at_start: bool,
    /// Who may change the models on the settings page: `owner`, `everybody` or `nobody`.
    pub changed_by: Changers,
}

/// Who may change the models on the settings page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Changers {
    /// Whoever has the first journal.
    #[default]
    Owner,
    /// Everybody with a journal here.
    Everybody,
    /// Nobody: only the command line.
    Nobody,
}
