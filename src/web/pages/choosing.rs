//! Parts of the pages on which a password is chosen.

use serde::Serialize;

use crate::{services::passphrase::Passphrase, web::view::Template};

/// A passphrase that was drawn, as it stands on a page. The answer must be `no-store`.
#[derive(Serialize, Clone)]
pub struct PassphraseView {
    /// The words.
    pub words: String,
    /// How strong they are.
    pub note: String,
}

impl PassphraseView {
    /// The view of a passphrase.
    pub fn of(passphrase: &Passphrase) -> Self {
        Self { words: passphrase.text.as_str().to_owned(), note: passphrase.note.clone() }
    }

    /// One for tests and the preview.
    pub fn sample() -> Self {
        Self {
            words: "gravel omelette unstuck heron parasol".to_owned(),
            note: "Five words drawn at random, 64.6 bits.".to_owned(),
        }
    }
}

/// `POST /passphrase`, in part.
#[derive(Serialize, Clone)]
pub struct PassphrasePart {
    /// What was drawn.
    pub passphrase: Option<PassphraseView>,
}

/// `POST /password-strength`. Nothing in it comes from the password but these.
#[derive(Serialize, Clone)]
pub struct StrengthPart {
    /// One word for the meter.
    pub word: &'static str,
    /// Guesses as a power of ten, with one decimal.
    pub value: String,
    /// What to say.
    pub sentence: String,
}

impl Template for PassphrasePart {
    const NAME: &'static str = "auth/_passphrase.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        vec![Self { passphrase: Some(PassphraseView::sample()) }]
    }
}

impl Template for StrengthPart {
    const NAME: &'static str = "auth/_strength.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        vec![Self {
            word: "weak",
            value: "11.2".to_owned(),
            sentence: "This will do, but it is not strong.".to_owned(),
        }]
    }
}
