//! Phrases of a text that could name it, and a choice among them that fits and does not repeat itself.
//!
//! Pure: the caller brings the vectors. The choice is maximal marginal relevance (Carbonell and Goldstein, 1998): what
//! comes next is near to the text and far from what was chosen before.

use std::collections::HashMap;

use crate::search::{vectors::dot, words};

/// Most words of a phrase.
const MOST_WORDS: usize = 3;
/// Letters of the shortest word that says something by itself.
const LEAST_LETTERS: usize = 3;
/// How much nearness to the text counts against nearness to what was chosen.
const FIT: f32 = 0.7;

/// A phrase of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phrase {
    /// In small letters, with single blanks.
    pub text: String,
    /// How often it stands there.
    pub count: usize,
}

/// Phrases of one to three words that say something, those first that stand there most often, then the longer ones,
/// then the earlier ones.
pub fn candidates(text: &str, most: usize) -> Vec<Phrase> {
    let mut found: HashMap<String, (usize, usize, usize)> = HashMap::new();
    let mut run: Vec<String> = Vec::new();
    let mut last_end = 0;
    let mut place = 0;
    let mut note = |run: &[String]| {
        // Every phrase that ends with the word that was just read.
        for n_words in 1..=run.len().min(MOST_WORDS) {
            let phrase = run[run.len() - n_words..].join(" ");
            let entry = found.entry(phrase).or_insert((0, n_words, place));
            entry.0 += 1;
            place += 1;
        }
    };
    words::for_each(text, |folded, range| {
        let between = &text[last_end..range.start];
        if !matches!(between, " " | "-") {
            run.clear();
        }
        last_end = range.end;
        let is_telling = folded.chars().count() >= LEAST_LETTERS
            && folded.chars().all(char::is_alphabetic)
            && !words::is_common(folded);
        if is_telling {
            run.push(text[range].to_lowercase());
            note(&run);
        } else {
            run.clear();
        }
    });
    let mut all: Vec<(String, (usize, usize, usize))> = found.into_iter().collect();
    all.sort_by_key(|(_, (count, n_words, place))| {
        (std::cmp::Reverse(*count), std::cmp::Reverse(*n_words), *place)
    });
    all.truncate(most);
    all.into_iter().map(|(text, (count, ..))| Phrase { text, count }).collect()
}

/// Chooses up to `most` of `options`, best first: each is near to what is sought by its `worth`, and unlike those before
/// it. Answers their places. Vectors are normalised and of one length.
pub fn choose(options: &[(f32, &[f32])], most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < most {
        let next = options
            .iter()
            .enumerate()
            .filter(|(idx, _)| !chosen.contains(idx))
            .map(|(idx, (worth, vector))| {
                let like = chosen.iter().map(|other| dot(vector, options[*other].1)).fold(0.0, f32::max);
                (idx, FIT * worth - (1.0 - FIT) * like)
            })
            .max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
        let Some((idx, _)) = next else { break };
        chosen.push(idx);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, most: usize) -> Vec<String> {
        candidates(text, most).into_iter().map(|phrase| phrase.text).collect()
    }

    #[test]
    fn phrases_are_words_that_say_something_and_stand_together() {
        let all = texts("The cold lake was very cold. We saw the cold lake and the bridge.", 20);
        assert_eq!(all[..1], ["cold"], "three times");
        assert!(all.contains(&"cold lake".to_owned()) && all.contains(&"bridge".to_owned()));
        assert!(!all.iter().any(|phrase| phrase.contains("the ") || phrase == "was"));
        assert!(!all.contains(&"cold saw".to_owned()), "not over the end of a sentence");
        assert_eq!(texts("Caf\u{e9} Z\u{fc}rich", 9)[0], "caf\u{e9} z\u{fc}rich", "accents stay");
        assert!(texts("", 9).is_empty() && texts("12 34 :) a", 9).is_empty());
        assert_eq!(texts("one two three four five six seven", 2).len(), 2);
    }

    #[test]
    fn what_is_chosen_fits_and_does_not_repeat_itself() {
        let options: [(f32, &[f32]); 4] =
            [(0.9, &[1.0, 0.0]), (0.88, &[1.0, 0.0]), (0.7, &[0.0, 1.0]), (0.1, &[0.0, 1.0])];
        assert_eq!(choose(&options, 2), [0, 2]);
        assert_eq!(choose(&options, 9).len(), 4);
        assert!(choose(&[], 3).is_empty());
    }
}
