//! A word that is looked for in more forms than the one typed.

use crate::search::{
    lexical::analyse::{self, Language},
    words,
};

/// How much a word counts that is this many slips away.
const SLIP_WEIGHTS: [f32; 3] = [1.0, 0.75, 0.6];
/// The same for one slip in a word of less than six letters: there are many words around a short one.
const SLIP_IN_SHORT: f32 = 0.5;

/// In which form a word is found besides the one typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Another word of the same stem.
    Stem,
    /// A word that begins with it.
    Beginning,
    /// A word that is nearly spelt so.
    Misspelt,
}

/// What counts as the word.
#[derive(Clone)]
pub struct Wanted {
    /// As typed, folded.
    pub(super) word: String,
    /// Its stems, each as it stands in the index, and those that are words themselves.
    stems: Vec<String>,
    languages: Vec<Language>,
    may_begin: bool,
    most_slips: usize,
}

impl Wanted {
    /// What a word counts that begins with the one typed, which itself stands nowhere. Not less than half, so that it is
    /// a result when nothing else was typed; not more, because a finished word may be the beginning of another one.
    pub(super) const BEGINNING_WEIGHT: f32 = 0.55;
    /// What a word of the same stem counts.
    pub(super) const STEM_WEIGHT: f32 = 0.8;

    /// The word and its stems in these languages; `None` when only the word itself counts: a common one, a number, a
    /// single sign.
    pub(super) fn new(word: &str, languages: &[Language]) -> Option<Self> {
        let has_digit = word.contains(|symbol: char| symbol.is_ascii_digit());
        if words::is_common(word) || has_digit || word.chars().count() < 2 {
            return None;
        }
        let mut stems = Vec::new();
        for language in languages {
            let Some(stem) = language.stem(word) else { continue };
            stems.push(format!("{}{stem}", language.prefix()));
            // A word that is its own stem stands in the index as itself.
            if stem != word && language.stem(&stem).as_ref() == Some(&stem) {
                stems.push(stem);
            }
        }
        stems.sort_unstable();
        stems.dedup();
        let (word, languages) = (word.to_owned(), languages.to_vec());
        Some(Self { word, stems, languages, may_begin: false, most_slips: 0 })
    }

    /// Also words that begin with it.
    pub(super) fn let_begin(&mut self) {
        self.may_begin = true;
    }

    /// How many slips may be in it: one from four letters on, two from eight.
    pub(super) fn slips(&self) -> usize {
        match self.word.chars().count() {
            0..=3 => 0,
            4..=7 => 1,
            _ => 2,
        }
    }

    /// Also words that are this many slips away.
    pub(super) fn let_slip(&mut self, most: usize) {
        self.most_slips = most;
    }

    pub(super) fn most_slips(&self) -> usize {
        self.most_slips
    }

    pub(super) fn stem_terms(&self) -> &[String] {
        &self.stems
    }

    /// What a word counts that is nearly spelt so.
    pub(super) fn slip_weight(&self, word: &str) -> Option<f32> {
        let slips = analyse::distance(&self.word, word, self.most_slips)?;
        let is_short = self.word.chars().count() < 6;
        SLIP_WEIGHTS
            .get(slips)
            .map(|weight| if is_short { SLIP_IN_SHORT } else { *weight })
            .filter(|_| slips > 0)
    }

    /// Whether a folded word of a text is to be marked for any of them.
    pub(super) fn are(all: &[Self], word: &str) -> bool {
        let is_spelt_so = |wanted: &Self| {
            word == wanted.word
                || (wanted.may_begin && word.starts_with(&wanted.word))
                || (wanted.most_slips > 0 && wanted.slip_weight(word).is_some())
        };
        // Each stem once, as most of them are looked for in the same languages.
        let by_stem = |language: Language| {
            let mut those = all.iter().filter(|wanted| wanted.languages.contains(&language)).peekable();
            let stem = those.peek().and_then(|_| language.stem(word));
            let term = stem.map(|stem| format!("{}{stem}", language.prefix()));
            term.is_some_and(|term| those.any(|wanted| wanted.stems.contains(&term)))
        };
        all.iter().any(is_spelt_so) || Language::all().any(by_stem)
    }
}
