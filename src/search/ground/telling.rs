//! The words of a text that tell something, and what a text holds beside them.

use std::ops::Range;

use crate::search::{
    ground::{
        Facts, Read, Sources,
        claims::{What, claims, words_of},
        tables,
    },
    words,
};

impl Sources {
    /// The words of a text that tell something, where they stand, and whether one of the sources says them, in any form.
    /// Numbers and dates are none of them.
    pub fn telling(&self, text: &str) -> Vec<(Range<usize>, bool)> {
        let read = Read::of(text);
        let words = read.telling().map(|at| &read.words[at]);
        words
            .map(|word| {
                let is_said = self.each.iter().any(|facts| facts.says(&word.folded));
                (word.start..word.end, is_said)
            })
            .collect()
    }
}

impl Read<'_> {
    /// Numbers of its telling words.
    pub(super) fn telling(&self) -> impl Iterator<Item = usize> {
        let words = self.claims.iter().filter(|claim| claim.what == What::Word).map(|claim| claim.first);
        words.filter(|at| {
            let folded = self.words[*at].folded.as_str();
            !(words::is_common(folded)
                || tables::STARTERS.contains(&folded)
                || tables::PRONOUNS.contains(&folded))
        })
    }
}

impl Facts {
    /// Whether the text says a word, perhaps in another form.
    pub(super) fn says(&self, folded: &str) -> bool {
        let by_stem =
            || self.stem(folded).is_some_and(|stem| self.small.contains(&stem) || self.large.contains(&stem));
        self.words.contains(folded) || by_stem()
    }
}

/// Whether a text holds a number, in digits or words.
pub fn numbers_in(text: &str) -> bool {
    let words = words_of(text);
    claims(text, &words).iter().any(|claim| matches!(claim.what, What::Number { .. }))
}

/// The words of a text that may be names because they are written large within a sentence, folded.
pub fn names_in(text: &str) -> Vec<String> {
    let read = Read::of(text);
    let names = read.claims.iter().filter(|claim| {
        let word = &read.words[claim.first];
        let is_large = word.written.chars().next().is_some_and(char::is_uppercase);
        claim.what == What::Word
            && !(is_large && word.begins())
            && !tables::PRONOUNS.contains(&word.folded.as_str())
            && read.may_name(claim)
    });
    names.map(|claim| read.words[claim.first].folded.clone()).collect()
}
