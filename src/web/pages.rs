//! Contexts: what each template may show. Handlers fill them with finished strings and flags.
//!
//! Strings are plain text and are escaped by the template; rendered Markdown is [`SanitizedHtml`] and nothing else
//! reaches a page unescaped. Every page carries a [`Shell`] in its field `shell`, and so does every fragment that
//! holds a form. Options that are `None` are not drawn.
//!
//! [`SanitizedHtml`]: crate::web::markdown::SanitizedHtml

pub mod ask;
pub mod auth;
pub mod calendar;
pub mod choosing;
pub mod days;
pub mod earlier;
pub mod entries;
pub mod errors;
pub mod integrity;
pub mod invitations;
pub mod keys;
pub mod look;
pub mod machine;
pub mod model;
pub mod older;
pub mod opening;
pub mod recaps;
pub mod registry;
pub mod review;
pub mod search;
pub mod security;
pub mod settings;
pub mod traces;
pub mod transfer;
pub mod trash;
pub mod versions;
pub mod welcome;

use serde::Serialize;

use crate::{
    services::{integrity::IntegrityNote, preferences::Preferences, state::StoreNote},
    web::form::{Form, HELD_FIELD},
};

/// What surrounds every page, and what its forms need.
#[derive(Serialize, Clone)]
pub struct Shell {
    /// Nonce of this very answer's Content-Security-Policy, for pages and fragments alike: hx-csp reads it from the
    /// header of a fragment's answer and puts the page's nonce in its place. Letters and digits only.
    pub nonce: String,
    /// CSRF token of the session, for the field `csrf` and the header `X-CSRF-Token`.
    pub csrf: String,
    /// Short id of the journal that the page belongs to, for the header `X-Journal`; empty when signed out.
    pub journal: String,
    /// Address of the style sheet: `assets::css_href()`.
    pub css_href: String,
    /// Address of the script: `assets::js_href()`.
    pub js_href: String,
    /// What addresses of files begin with: `/assets/{hash}`.
    pub assets: String,
    /// How the journal looks for its writer.
    pub look: look::Look,
    /// Generic name of the page (`Day`, `Search`, `Sign in`, `Settings`, `Entry`, ...); never content or dates (SR-29).
    pub title: String,
    /// Whether a journal is open in this session.
    pub signed_in: bool,
    /// Name of the writer, when signed in.
    pub name: Option<String>,
    /// Today in the writer's zone, ISO; empty when signed out.
    pub today: String,
    /// Whether the page reloads itself every 2 seconds while scripts are off (a reply is running).
    pub refresh: bool,
    /// Whether the page travels over plain HTTP to another machine; draws a warning.
    pub lan_http: bool,
    /// Why the journal cannot be used as usual, when it cannot: stands above every page until it can.
    pub store: Option<StoreBanner>,
    /// Whether this machine's clock stands before the last writing.
    pub clock_is_behind: bool,
    /// The journal is not as this program left it: stands above every page until it is accepted as it is.
    pub integrity: Option<IntegrityBanner>,
    /// The journal is older than what the browser last saw, and its owner only reads it.
    pub is_older: bool,
}

/// That the journal was changed outside this program, in a sentence.
#[derive(Serialize, Clone)]
pub struct IntegrityBanner {
    /// What happened, up to the day when one is named.
    pub said: String,
    /// The first day that is concerned, ISO.
    pub day: Option<String>,
    /// What follows the day.
    pub then: String,
}

impl From<IntegrityNote> for IntegrityBanner {
    fn from(note: IntegrityNote) -> Self {
        Self { said: note.said, day: note.day.map(|day| day.to_string()), then: note.then }
    }
}

/// How the journal's file is, in a sentence.
#[derive(Serialize, Clone)]
pub struct StoreBanner {
    /// `read-only`, `full` or `failed`.
    pub state: &'static str,
    /// What happened, what still works, what to do.
    pub sentence: &'static str,
}

impl From<StoreNote> for StoreBanner {
    fn from(note: StoreNote) -> Self {
        Self { state: note.state, sentence: note.sentence }
    }
}

impl Shell {
    /// A shell for tests and the preview, signed in.
    pub fn sample(title: &str) -> Self {
        Self {
            nonce: "c2FtcGxlLW5vbmNl".to_owned(),
            csrf: "sample-csrf-token".to_owned(),
            journal: "f1f2f3f4f5f6f7".to_owned(),
            css_href: crate::web::assets::css_href(),
            js_href: crate::web::assets::js_href(),
            assets: crate::web::assets::base(),
            look: Preferences::default().into(),
            title: title.to_owned(),
            signed_in: true,
            name: Some("Mira".to_owned()),
            today: "2026-11-22".to_owned(),
            refresh: false,
            lan_http: false,
            store: None,
            integrity: None,
            is_older: false,
            clock_is_behind: false,
        }
    }

    /// A shell for tests and the preview, signed out.
    pub fn sample_signed_out(title: &str) -> Self {
        Self { signed_in: false, name: None, today: String::new(), ..Self::sample(title) }
    }
}

/// A text that a failed or signed-out POST brought along, so that it is not lost.
#[derive(Serialize, Clone)]
pub struct Held {
    /// Day it was meant for, ISO.
    pub day: String,
    /// The `op` of its composer, so that saving it twice is harmless.
    pub op: String,
    /// The draft that its box held, which goes with the save.
    pub draft: Option<i64>,
    /// The text itself.
    pub text: String,
}

impl Held {
    /// The text that a sign-in form carries, if it carries one.
    pub fn over_sign_in(form: &Form) -> Option<Self> {
        let text = form.get(HELD_FIELD).filter(|text| !text.trim().is_empty())?;
        let (day, op) = (form.text("held_day").to_owned(), form.text("held_op").to_owned());
        Some(Self { day, op, draft: form.text("held_draft").parse().ok(), text: text.to_owned() })
    }

    /// A held text for tests and the preview.
    pub fn sample() -> Self {
        Self {
            day: "2026-11-22".to_owned(),
            op: "8f14e45fceea167a".to_owned(),
            draft: Some(1_795_341_600_000),
            text: "The tram was late and I did not mind.\n\n<b>Snow</b> on the bridge.".to_owned(),
        }
    }
}

/// The model as the pages speak of it.
#[derive(Serialize, Clone)]
pub struct ModelView {
    /// `ready`, `loading`, `absent`, `failed`, or `off` when the writer wants none.
    pub state: &'static str,
    /// Name of the model, when there is one.
    pub name: Option<String>,
    /// One sentence on how it is.
    pub sentence: String,
    /// Whether a day says that there is none.
    pub is_said: bool,
}

impl ModelView {
    /// A model in each state, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let view = |state, name: Option<&str>, sentence: &str| Self {
            state,
            name: name.map(str::to_owned),
            sentence: sentence.to_owned(),
            is_said: state == "absent",
        };
        vec![
            view("ready", Some("SmolLM2 135M Instruct"), "The model is ready."),
            view("loading", Some("SmolLM2 135M Instruct"), "The model is being read into memory."),
            view("absent", None, "There is no model here. Writing and searching work without one."),
            view(
                "failed",
                Some("broken.gguf"),
                "The model file could not be read: it is shorter than it says.",
            ),
            view("off", None, "You have switched the model off."),
        ]
    }
}
