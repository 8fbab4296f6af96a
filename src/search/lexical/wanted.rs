//! A word that is looked for in more forms than the one typed.

use crate::search::{
    lexical::analyse::{self, Language},
    words,
};

/// How much a word counts that begins with the one typed: less than half when that one is a word of the journal too,
/// so that `art` alone does not give each `artist`.
const BEGINNING: f32 = 0.8;
const BEGINNING_OF_KNOWN: f32 = 0.4;
/// How much a word counts that is this many slips away.
const SLIP_WEIGHTS: [f32; 3] = [1.0, 0.75, 0.6];

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
    beginning: Option<f32>,
    most_slips: usize,
}

impl Wanted {
    /// What a word of the same stem counts.
    pub(super) const STEM_WEIGHT: f32 = 0.9;

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
        Some(Self { word, stems, languages, beginning: None, most_slips: 0 })
    }

    /// Also words that begin with it.
    pub(super) fn let_begin(&mut self, is_known: bool) {
        self.beginning = Some(if is_known { BEGINNING_OF_KNOWN } else { BEGINNING });
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

    pub(super) fn beginning_weight(&self) -> f32 {
        self.beginning.unwrap_or(0.0)
    }

    /// What a word counts that is nearly spelt so.
    pub(super) fn slip_weight(&self, word: &str) -> Option<f32> {
        let slips = analyse::distance(&self.word, word, self.most_slips)?;
        SLIP_WEIGHTS.get(slips).copied().filter(|_| slips > 0)
    }

    /// What an analysed word counts in this form.
    pub(super) fn weight(&self, form: Form, word: &str, stem: Option<&str>) -> Option<f32> {
        if word == self.word {
            return None;
        }
        let has = |term: &str| self.stems.iter().any(|stem| stem == term);
        match form {
            Form::Stem => (has(word) || stem.is_some_and(has)).then_some(Self::STEM_WEIGHT),
            Form::Beginning => self.beginning.filter(|_| word.starts_with(&self.word)),
            Form::Misspelt if self.most_slips == 0 => None,
            Form::Misspelt => self.slip_weight(word),
        }
    }

    /// Whether a folded word of a text is to be marked.
    pub(super) fn is(&self, word: &str) -> bool {
        let by_stem = || {
            self.languages.iter().any(|language| {
                language
                    .stem(word)
                    .is_some_and(|stem| self.stems.contains(&format!("{}{stem}", language.prefix())))
            })
        };
        word == self.word
            || by_stem()
            || [Form::Beginning, Form::Misspelt].iter().any(|form| self.weight(*form, word, None).is_some())
    }
}
