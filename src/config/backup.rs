//! Section `backup`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// Automatic backups. They are sealed like the journal; none needs anybody to be signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Folder for automatic backups, an absolute path, best on another medium; empty means that none are made.
    pub folder: String,
    /// Hours between them; 0 makes none. When nothing changed, the newest is only verified again.
    pub every_hours: u32,
}

impl Default for Backup {
    fn default() -> Self {
        Self { folder: String::new(), every_hours: 24 }
    }
}

impl Backup {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if !self.folder.is_empty() && !Path::new(&self.folder).is_absolute() {
            let rule = "an absolute path, such as /media/stick/backups, or empty";
            return Err(ConfigError::Range { key: "backup.folder", rule });
        }
        if self.every_hours > 24 * 366 {
            return Err(ConfigError::Range { key: "backup.every_hours", rule: "0 to 8784" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_not_depend_on_where_the_program_is_started() {
        let named = |folder: &str| Backup { folder: folder.to_owned(), ..Backup::default() }.validate();
        assert!(named("").is_ok() && named("/media/stick/backups").is_ok());
        assert!(named("backups").is_err());
        assert!(Backup { every_hours: 9_000, ..Backup::default() }.validate().is_err());
    }
}
