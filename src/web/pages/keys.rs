//! Contexts of `/settings/keys`.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `GET /settings/keys`. Forms: `refresh`, `revoke` and `let-go` with `password`, `code` with `recovery_code`, all with
/// `csrf`. Its fragment is the progress alone.
#[derive(Serialize, Clone)]
pub struct KeysPage {
    /// Surroundings.
    pub shell: Shell,
    /// Day on which the keys in use were made, in words.
    pub since: String,
    /// The keys were last changed by a revocation.
    pub was_revoked: bool,
    /// How far a renewal is.
    pub progress: Option<ProgressView>,
    /// What a renewal could not take along.
    pub leftover: Option<LeftoverView>,
    /// The recovery code in force was never typed back.
    pub code_unconfirmed: bool,
    /// One sentence on what was just done.
    pub said: Option<String>,
    /// One sentence on what went wrong with the form of this name.
    pub refresh_error: Option<String>,
    /// See `refresh_error`.
    pub revoke_error: Option<String>,
    /// See `refresh_error`.
    pub code_error: Option<String>,
}

/// A renewal that is under way.
#[derive(Serialize, Clone)]
pub struct ProgressView {
    /// Records sealed anew, as in `3,200`.
    pub done: String,
    /// Records at all.
    pub all: String,
    /// `done` as a number.
    pub done_number: u64,
    /// `all` as a number, at least 1.
    pub all_number: u64,
    /// All records are done; old bytes are being removed from the file.
    pub is_cleaning: bool,
    /// Another renewal follows.
    pub again: bool,
}

/// Records that a renewal could not take along.
#[derive(Serialize, Clone)]
pub struct LeftoverView {
    /// How many do not open.
    pub unreadable: u64,
    /// Records were deleted, put back or added outside this program.
    pub is_altered: bool,
    /// One sentence on what went wrong with its form.
    pub error: Option<String>,
}

/// The answer to `POST /settings/keys/revoke`: the recovery code in force, to be typed back. Must be `no-store`.
#[derive(Serialize, Clone)]
pub struct KeysCodePage {
    /// Surroundings.
    pub shell: Shell,
    /// The code as people write it down: 7 groups of 4.
    pub code: String,
    /// Name of the journal, printed on the sheet.
    pub name: String,
    /// One sentence on what went wrong with the group that was typed.
    pub error: Option<String>,
}

impl Template for KeysPage {
    const NAME: &'static str = "settings/keys.html";
    const PART: Option<&'static str> = Some("settings/_keys_progress.html");

    fn samples() -> Vec<Self> {
        let calm = Self {
            shell: Shell::sample("Settings"),
            since: "2026-11-20".to_owned(),
            was_revoked: false,
            progress: None,
            leftover: None,
            code_unconfirmed: false,
            said: Some("Your new recovery code is in force, and you have kept it.".to_owned()),
            refresh_error: None,
            revoke_error: None,
            code_error: None,
        };
        let progress = ProgressView {
            done: "3,200".to_owned(),
            all: "20,512".to_owned(),
            done_number: 3_200,
            all_number: 20_512,
            is_cleaning: false,
            again: true,
        };
        let running = Self {
            progress: Some(progress.clone()),
            was_revoked: true,
            code_unconfirmed: true,
            code_error: Some("That is not the code in force.".to_owned()),
            said: None,
            ..calm.clone()
        };
        let cleaning = ProgressView { is_cleaning: true, again: false, ..progress.clone() };
        let cleaning = Self {
            progress: Some(cleaning),
            refresh_error: Some("This is not the password of this journal.".to_owned()),
            ..calm.clone()
        };
        let left = |unreadable, is_altered, error| Self {
            progress: Some(progress.clone()),
            leftover: Some(LeftoverView { unreadable, is_altered, error }),
            revoke_error: Some("This is not the password of this journal.".to_owned()),
            ..calm.clone()
        };
        let stuck = left(2, false, Some("This is not the password of this journal.".to_owned()));
        vec![calm.clone(), running, cleaning, stuck, left(1, false, None), left(0, true, None)]
    }
}

impl Template for KeysCodePage {
    const NAME: &'static str = "settings/keys_code.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample("Recovery code"),
            code: "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned(),
            name: "Mira".to_owned(),
            error: None,
        };
        let again = Self { error: Some("That is not the code in force.".to_owned()), ..first.clone() };
        vec![first, again]
    }
}
