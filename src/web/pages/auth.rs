//! Contexts of the pages before the journal opens.

use serde::Serialize;

use crate::web::{
    pages::{Held, Shell, choosing::PassphraseView},
    view::Template,
};

/// `GET POST /register`. Fields: `username`, `password`, `password_confirm`, `zone` (filled by script), `code` where one
/// is asked for, `csrf`.
#[derive(Serialize, Clone)]
pub struct RegisterPage {
    /// Surroundings.
    pub shell: Shell,
    /// Name as typed before.
    pub username: String,
    /// Setup token or invitation as typed before.
    pub code: String,
    /// One sentence on what to change.
    pub error: Option<String>,
    /// Whether this is the first journal of the instance: the page then also welcomes.
    pub is_new: bool,
    /// Whether the browser is asked for its time zone.
    pub zone_field: bool,
    /// A passphrase that was asked for.
    pub passphrase: Option<PassphraseView>,
    /// The code that is asked for: `setup` or `invitation`.
    pub asks: Option<&'static str>,
}

impl Template for RegisterPage {
    const NAME: &'static str = "auth/register.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample_signed_out("New journal"),
            username: String::new(),
            code: String::new(),
            error: None,
            is_new: true,
            zone_field: true,
            passphrase: None,
            asks: None,
        };
        let refused = Self {
            username: "mira".to_owned(),
            error: Some("The two passwords are not the same.".to_owned()),
            is_new: false,
            zone_field: false,
            passphrase: Some(PassphraseView::sample()),
            ..first.clone()
        };
        let setup = Self { asks: Some("setup"), ..first.clone() };
        let code = "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned();
        let invited = Self { asks: Some("invitation"), code, ..refused.clone() };
        vec![first, refused, setup, invited]
    }
}

/// Shown once after registration and after recovery. The answer must be `no-store`.
#[derive(Serialize, Clone)]
pub struct RecoveryPage {
    /// Surroundings.
    pub shell: Shell,
    /// The code as people write it down: 7 groups of 4.
    pub code: String,
    /// Name of the journal, printed on the sheet.
    pub name: String,
}

impl Template for RecoveryPage {
    const NAME: &'static str = "auth/recovery.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample("Recovery code"),
            code: "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned(),
            name: "Mira".to_owned(),
        }]
    }
}

/// `GET POST /login`. Fields: `username`, `password`, `csrf`, and with a held text `held_day`, `held_op`, `held_draft`, `held_text`.
#[derive(Serialize, Clone)]
pub struct LoginPage {
    /// Surroundings.
    pub shell: Shell,
    /// Name as typed before.
    pub username: String,
    /// One sentence on what went wrong. Also used for notices (`You are signed out.`).
    pub error: Option<String>,
    /// Whether the page links to `/register`.
    pub registration_open: bool,
    /// A text that will be saved once after signing in.
    pub held: Option<Held>,
    /// Whether the browser may ask to stay signed in, with the field `stay`.
    pub may_stay: bool,
    /// Whether the visitor is signed in, and tries whether name and password open the journal.
    pub is_again: bool,
}

impl Template for LoginPage {
    const NAME: &'static str = "auth/login.html";
    const PART: Option<&'static str> = Some("auth/_login.html");

    fn samples() -> Vec<Self> {
        let plain = Self {
            shell: Shell::sample_signed_out("Sign in"),
            username: String::new(),
            error: None,
            registration_open: true,
            held: None,
            may_stay: false,
            is_again: false,
        };
        let wrong = Self {
            username: "mira".to_owned(),
            error: Some("This name and this password open nothing here.".to_owned()),
            registration_open: false,
            may_stay: true,
            ..plain.clone()
        };
        let mut held = Self { held: Some(Held::sample()), ..plain.clone() };
        held.shell.lan_http = true;
        held.shell.clock_is_behind = true;
        let again = Self { shell: Shell::sample("Sign in"), is_again: true, ..plain.clone() };
        vec![plain, wrong, held, again]
    }
}

/// `GET POST /recover`. Fields: `username`, `recovery_code`, `password`, `password_confirm`, `csrf`.
#[derive(Serialize, Clone)]
pub struct RecoverPage {
    /// Surroundings.
    pub shell: Shell,
    /// Name as typed before.
    pub username: String,
    /// Recovery code as typed before.
    pub code: String,
    /// One sentence on what to change.
    pub error: Option<String>,
    /// A passphrase that was asked for.
    pub passphrase: Option<PassphraseView>,
}

impl Template for RecoverPage {
    const NAME: &'static str = "auth/recover.html";

    fn samples() -> Vec<Self> {
        let plain = Self {
            shell: Shell::sample_signed_out("Recover"),
            username: String::new(),
            code: String::new(),
            error: None,
            passphrase: None,
        };
        let refused = Self {
            username: "mira".to_owned(),
            code: "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned(),
            error: Some("This code does not open a journal of that name.".to_owned()),
            ..plain.clone()
        };
        vec![plain, refused]
    }
}
