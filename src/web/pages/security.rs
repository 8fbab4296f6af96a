//! Contexts of the pages on which a person looks after name, password, recovery code and account.

use serde::Serialize;

use crate::web::{
    pages::{Shell, choosing::PassphraseView},
    view::Template,
};

/// `GET /settings/security`.
#[derive(Serialize, Clone)]
pub struct SecurityPage {
    /// Surroundings.
    pub shell: Shell,
    /// What has just been done, in one sentence.
    pub done: Option<&'static str>,
    /// Name of the journal.
    pub name: String,
    /// Its short id, `XXXX-XX`.
    pub short_id: String,
    /// The day it was begun, in words.
    pub since: String,
    /// The day name or password was last chosen.
    pub password_since: Option<String>,
    /// The day the recovery code was made.
    pub code_since: Option<String>,
    /// Where it is open now; this browser first.
    pub browsers: Vec<BrowserView>,
    /// Invitations that wait, where journals are made by invitation.
    pub invitations: Option<usize>,
    /// Whether browsers may stay signed in over a restart of the program.
    pub keeps_sessions: bool,
}

/// A browser somebody is signed in with. `POST /settings/security/sessions/{id}/end`, field `csrf`, signs it out.
#[derive(Serialize, Clone)]
pub struct BrowserView {
    /// Name of its session, which opens nothing.
    pub id: String,
    /// What kind of browser it is, in words of ours.
    pub label: String,
    /// When it signed in, in words.
    pub began: String,
    /// When it was last seen, in words.
    pub seen: String,
    /// Whether it is the one that shows the page.
    pub is_this: bool,
    /// Whether it stays signed in over a restart.
    pub is_kept: bool,
}

impl BrowserView {
    fn sample(is_this: bool, label: &str) -> Self {
        Self {
            id: "00112233445566778899aabbccddeeff".to_owned(),
            label: label.to_owned(),
            began: "21 November 2026, 19:05".to_owned(),
            seen: "22 November 2026, 10:00".to_owned(),
            is_this,
            is_kept: !is_this,
        }
    }
}

/// The password is asked for before something serious. Sent to the address that was wanted, the form carries the field
/// `current_password`, everything that was typed before, and `csrf`.
#[derive(Serialize, Clone)]
pub struct ConfirmPage {
    /// Surroundings.
    pub shell: Shell,
    /// Address that was wanted.
    pub action: String,
    /// What was wanted, as a title.
    pub title: String,
    /// One sentence on what will happen.
    pub sentence: String,
    /// What the button says.
    pub button: String,
    /// Name of the journal, for password managers.
    pub name: String,
    /// Fields of the form that was sent, other than passwords.
    pub fields: Vec<CarriedField>,
    /// One sentence on what went wrong.
    pub error: Option<String>,
}

/// A field that is carried along.
#[derive(Serialize, Clone)]
pub struct CarriedField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// `GET POST /settings/security/password`. Fields: `current_password`, `username`, `password`, `password_confirm`,
/// `csrf`.
#[derive(Serialize, Clone)]
pub struct PasswordPage {
    /// Surroundings.
    pub shell: Shell,
    /// Name as typed before, or as it is.
    pub username: String,
    /// One sentence on what to change.
    pub error: Option<String>,
    /// A passphrase that was asked for.
    pub passphrase: Option<PassphraseView>,
}

/// A new recovery code that waits to be typed back. The answer must be `no-store`. Field: `last_group`, `csrf`.
#[derive(Serialize, Clone)]
pub struct CodePage {
    /// Surroundings.
    pub shell: Shell,
    /// The code as people write it down: 7 groups of 4.
    pub code: String,
    /// Name of the journal, printed on the sheet.
    pub name: String,
    /// Whether the page follows a recovery, with the old code.
    pub is_recovery: bool,
    /// What was typed back before.
    pub typed: String,
    /// One sentence on what went wrong.
    pub error: Option<String>,
}

/// `GET POST /settings/security/delete`. Fields: `name`, `current_password` when it is needed, `csrf`.
#[derive(Serialize, Clone)]
pub struct DeletePage {
    /// Surroundings.
    pub shell: Shell,
    /// Name of the journal, to be typed.
    pub name: String,
    /// What was typed before.
    pub typed: String,
    /// Whether the password must be typed as well.
    pub asks_password: bool,
    /// One sentence on what went wrong.
    pub error: Option<String>,
}

/// Where a person lands whose journal was deleted.
#[derive(Serialize, Clone)]
pub struct DeletedPage {
    /// Surroundings, signed out.
    pub shell: Shell,
}

impl Template for SecurityPage {
    const NAME: &'static str = "settings/security.html";

    fn samples() -> Vec<Self> {
        let day = || "2026-11-22".to_owned();
        let plain = Self {
            shell: Shell::sample("Settings"),
            done: None,
            name: "Mira".to_owned(),
            short_id: "7KQD-M3".to_owned(),
            since: day(),
            password_since: Some(day()),
            code_since: Some(day()),
            browsers: vec![BrowserView::sample(true, "Firefox on Linux")],
            invitations: None,
            keeps_sessions: false,
        };
        let changed = Self {
            done: Some("Your name and password were changed."),
            password_since: None,
            code_since: None,
            browsers: vec![
                BrowserView::sample(true, "Firefox on Linux"),
                BrowserView::sample(false, "Safari on iPhone"),
            ],
            invitations: Some(2),
            keeps_sessions: true,
            ..plain.clone()
        };
        let inviting = Self { invitations: Some(0), ..plain.clone() };
        vec![plain, changed, inviting]
    }
}

impl Template for ConfirmPage {
    const NAME: &'static str = "settings/security_confirm.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample("Settings"),
            action: "/settings/security/recovery".to_owned(),
            title: "A new recovery code".to_owned(),
            sentence: "Type your password, and a new code is shown.".to_owned(),
            button: "Show a new code".to_owned(),
            name: "Mira".to_owned(),
            fields: Vec::new(),
            error: None,
        };
        let again = Self {
            fields: vec![CarriedField { name: "name".to_owned(), value: "<Mira>".to_owned() }],
            error: Some("That is not the password of this journal.".to_owned()),
            ..first.clone()
        };
        vec![first, again]
    }
}

impl Template for PasswordPage {
    const NAME: &'static str = "settings/security_password.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample("Settings"),
            username: "Mira".to_owned(),
            error: None,
            passphrase: None,
        };
        let again = Self {
            error: Some("The two passwords are not the same.".to_owned()),
            passphrase: Some(PassphraseView::sample()),
            ..first.clone()
        };
        vec![first, again]
    }
}

impl Template for CodePage {
    const NAME: &'static str = "settings/security_code.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample("Recovery code"),
            code: "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned(),
            name: "Mira".to_owned(),
            is_recovery: false,
            typed: String::new(),
            error: None,
        };
        let again = Self {
            is_recovery: true,
            typed: "J4F7".to_owned(),
            error: Some("That is not the last group of this code.".to_owned()),
            ..first.clone()
        };
        vec![first, again]
    }
}

impl Template for DeletePage {
    const NAME: &'static str = "settings/security_delete.html";

    fn samples() -> Vec<Self> {
        let first = Self {
            shell: Shell::sample("Settings"),
            name: "Mira".to_owned(),
            typed: String::new(),
            asks_password: true,
            error: None,
        };
        let again = Self {
            typed: "Myra".to_owned(),
            asks_password: false,
            error: Some("That is not the name of this journal.".to_owned()),
            ..first.clone()
        };
        vec![first, again]
    }
}

impl Template for DeletedPage {
    const NAME: &'static str = "settings/security_deleted.html";

    fn samples() -> Vec<Self> {
        vec![Self { shell: Shell::sample_signed_out("Journal deleted") }]
    }
}
