//! Contexts of the settings pages.

use serde::Serialize;

use crate::web::{
    pages::{Shell, transfer::TransferSection},
    view::Template,
};

/// `GET /settings/data`.
#[derive(Serialize, Clone)]
pub struct SettingsDataPage {
    /// Surroundings.
    pub shell: Shell,
    /// Where the journal is kept.
    pub folder: String,
    /// Size of its file, as in `1.2 MB`.
    pub file_size: String,
    /// One sentence on how much is in it.
    pub entries_note: String,
    /// Version of the program.
    pub version: String,
    /// Export and import.
    pub transfer: TransferSection,
    /// Whether recent searches are kept.
    pub keeps_searches: bool,
    /// How many are.
    pub n_searches: usize,
    /// Backups.
    pub backup: BackupView,
}

/// How backups are.
#[derive(Serialize, Clone)]
pub struct BackupView {
    /// When the last one was verified, in words; nothing when there is none.
    pub when: Option<String>,
    /// Where it is.
    pub place: Option<String>,
    /// How large it is.
    pub size: Option<String>,
    /// How long ago that was, when it is long.
    pub age: Option<String>,
    /// It is no longer there.
    pub is_gone: bool,
    /// Where the next one goes; nothing when the journal is in memory only.
    pub folder: Option<String>,
    /// That folder lies beside the journal.
    pub is_beside: bool,
    /// How often one is made by itself.
    pub every: Option<String>,
    /// Why the last try failed, and what to do.
    pub failed: Option<String>,
}

impl BackupView {
    fn samples() -> Vec<Self> {
        let none = Self {
            when: None,
            place: None,
            size: None,
            age: None,
            is_gone: false,
            folder: Some("/media/stick/llamora-data/backups".to_owned()),
            is_beside: true,
            every: None,
            failed: None,
        };
        let made = Self {
            when: Some("20 November 2026, 10:00".to_owned()),
            place: Some("/media/disk/backups/journal-1a2b3c4d-2026-11-20-090000Z.llamora-backup".to_owned()),
            size: Some("1.1 MB".to_owned()),
            folder: Some("/media/disk/backups".to_owned()),
            is_beside: false,
            every: Some("every day".to_owned()),
            ..none.clone()
        };
        let old = Self { age: Some("12 days ago".to_owned()), ..made.clone() };
        let failed = Self {
            is_gone: true,
            failed: Some("The folder for backups is not there. Plug in its medium.".to_owned()),
            ..made.clone()
        };
        vec![made, none, old, failed]
    }
}

impl Template for SettingsDataPage {
    const NAME: &'static str = "settings/data.html";

    fn samples() -> Vec<Self> {
        let sample = |n_searches: usize, backup, transfer| Self {
            shell: Shell::sample("Settings"),
            folder: "/media/stick/llamora-data".to_owned(),
            file_size: "1.2 MB".to_owned(),
            entries_note: "148 entries on 96 days.".to_owned(),
            version: "0.1.0".to_owned(),
            transfer,
            keeps_searches: n_searches < 3,
            n_searches,
            backup,
        };
        let backups = BackupView::samples();
        let first = backups[0].clone();
        let transfers =
            TransferSection::samples().into_iter().map(|transfer| sample(2, first.clone(), transfer));
        let plain = |(n, backup)| sample(n, backup, TransferSection::default());
        backups.into_iter().enumerate().map(plain).chain(transfers).collect()
    }
}
