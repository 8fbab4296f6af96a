//! What a question is about, and whether a piece says that. Pure.
//!
//! The words of a question that tell something weigh as much as they are rare in the journal, and little when they are
//! verbs and fillers of which any text is full. A piece covers a word that it says, in any form, and one that the rest of
//! its entry says nearly as well. A word that neither says is covered as far as the question lies nearer to the piece
//! with it than without it: "instrument" is by a cello, "karate" is not by a lesson.

use std::{collections::HashMap, ops::Range};

use crate::search::{
    ground::{Sources, names_in, numbers_in},
    phrases, words,
};

/// Part of its weight that a word of any text has.
const UNTELLING: f32 = 0.2;
/// What a word is worth that stands elsewhere in the entry.
const ELSEWHERE: f32 = 0.75;
/// How much nearer a question is by a word that the piece says otherwise.
const LIFT: f32 = 0.08;
/// Words that are left out to see what they bring, the weightiest first.
const MOST_WORDS: usize = 6;

/// A word that carries the point of a question.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    range: Range<usize>,
    weight: f32,
    is_name: bool,
}

/// How much of the weight of a question's telling words is covered, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Covered {
    /// Of all of them.
    pub(super) all: f32,
    /// Of those that are no names: a name says of whom something is asked, and not what.
    pub(super) beside_names: f32,
}

/// What kind of thing is asked for, where that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    /// How many, how much, how old, how far.
    Number,
    /// What somebody or something is called.
    Name,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    text: String,
    words: Vec<Word>,
    kind: Kind,
}

impl Point {
    /// Reads a question. `rarities` has what its words weigh by their rarity in the journal; a word that is not there
    /// weighs as much as the rarest.
    pub fn of(question: &str, rarities: &HashMap<String, f32>) -> Self {
        let rarest = rarities.values().copied().fold(1.0, f32::max);
        let names = names_in(question);
        let done = what_is_done(question);
        let read = |(range, _): (Range<usize>, bool)| {
            let folded = words::list(&question[range.clone()]).concat();
            let rarity = rarities.get(&folded).copied().unwrap_or(rarest);
            let is_filler = phrases::is_untelling(&folded) && done.as_ref() != Some(&folded);
            let weight = rarity * if is_filler { UNTELLING } else { 1.0 };
            Word { weight, is_name: names.contains(&folded), range }
        };
        let mut words: Vec<Word> = Sources::default().telling(question).into_iter().map(read).collect();
        words.sort_by(|left, right| right.weight.total_cmp(&left.weight));
        Self { text: question.to_owned(), words, kind: Kind::of(question) }
    }

    /// The question without one of its words, for the weightiest of them.
    pub fn without(&self) -> Vec<String> {
        let words = self.words.iter().take(MOST_WORDS);
        words.map(|word| [&self.text[..word.range.start], &self.text[word.range.end..]].concat()).collect()
    }

    /// How much of the weight a piece covers. `lifts` has for each of [`Self::without`] how much nearer the piece is to the
    /// whole question, where there is an embedder.
    pub(super) fn covered(&self, piece: &str, entry: &Sources, lifts: Option<&[f32]>) -> Covered {
        let said = Sources::new([piece]).telling(&self.text);
        let elsewhere = entry.telling(&self.text);
        let is_said = |list: &[(Range<usize>, bool)], word: &Word| {
            list.iter().any(|(range, is_said)| *range == word.range && *is_said)
        };
        let worth = |idx: usize, word: &Word| {
            let lift = lifts.and_then(|lifts| lifts.get(idx)).copied().unwrap_or_default();
            let worth = match is_said(&said, word) {
                true => 1.0,
                false if is_said(&elsewhere, word) => ELSEWHERE.max(lift / LIFT),
                false => lift / LIFT,
            };
            worth.clamp(0.0, 1.0)
        };
        let share = |with_names: bool| {
            let (mut all, mut covered) = (0.0, 0.0);
            for (idx, word) in self.words.iter().enumerate().filter(|(_, word)| with_names || !word.is_name) {
                all += word.weight;
                covered += word.weight * worth(idx, word);
            }
            if all > 0.0 { covered / all } else { 1.0 }
        };
        Covered { all: share(true), beside_names: share(false) }
    }

    /// Whether a piece holds what is asked for at all: a number, or a name that the question does not say itself.
    pub(super) fn may_be_in(&self, piece: &str) -> bool {
        match self.kind {
            Kind::Any => true,
            Kind::Number => numbers_in(piece),
            Kind::Name => {
                let known = words::list(&self.text);
                names_in(piece).iter().any(|name| !known.contains(name))
            }
        }
    }
}

/// The verb of a question for who did something, which is its point even where it is one of any text: "Who fixed the
/// boiler?" is not answered by a boiler.
fn what_is_done(question: &str) -> Option<String> {
    let words = words::list(question);
    let is_asked = words.first().is_some_and(|first| WHO.contains(&first.as_str()));
    is_asked.then(|| words.get(1).cloned()).flatten()
}

impl Kind {
    fn of(question: &str) -> Self {
        let words = words::list(question);
        let asks = |beginning: &&[&str]| {
            let said = words.iter().map(String::as_str).take(beginning.len());
            words.len() > beginning.len() && said.eq(beginning.iter().copied())
        };
        if NUMBERS.iter().any(asks) {
            return Self::Number;
        }
        let is_named = words.iter().any(|word| CALLED.contains(&word.as_str()))
            || words
                .windows(2)
                .any(|pair| NAME_OF.iter().any(|(one, other)| pair[0] == *one && pair[1] == *other));
        if is_named { Self::Name } else { Self::Any }
    }
}

/// How questions for a number begin, folded.
const NUMBERS: &[&[&str]] = &[
    &["how", "much"],
    &["how", "many"],
    &["how", "old"],
    &["how", "far"],
    &["wie", "viel"],
    &["wie", "viele"],
    &["wieviel"],
    &["wieviele"],
    &["wie", "alt"],
    &["wie", "weit"],
    &["combien"],
    &["cuanto"],
    &["cuanta"],
    &["cuantos"],
    &["cuantas"],
    &["quanto"],
    &["quanta"],
    &["quanti"],
    &["quante"],
    &["hoeveel"],
    &["hoe", "oud"],
    &["hoe", "ver"],
];
/// How questions for who did something begin, folded.
const WHO: &[&str] = &["who", "wer", "qui", "quien", "quienes", "chi"];
/// Words of questions for a name, folded.
const CALLED: &[&str] = &["called", "heisst", "hiess", "heissen", "named"];
const NAME_OF: &[(&str, &str)] =
    &[("name", "of"), ("nom", "de"), ("nombre", "de"), ("nome", "di"), ("nome", "de")];

#[cfg(test)]
mod tests {
    use super::*;

    fn point(question: &str) -> Point {
        let known = [("lesson", 4.0), ("karate", 6.0), ("happened", 4.0), ("buy", 4.0), ("instrument", 6.0)];
        Point::of(question, &known.map(|(word, rarity)| (word.to_owned(), rarity)).into())
    }

    fn covered(question: &str, piece: &str, entry: &str, lifts: Option<&[f32]>) -> f32 {
        point(question).covered(piece, &Sources::new([entry]), lifts).all
    }

    #[test]
    fn a_word_that_the_piece_does_not_say_is_covered_by_what_it_brings_nearer() {
        let question = "What happened at the karate lesson?";
        let said = "The lesson was fine, and then we ate.";
        assert_eq!(point(question).without()[0], "What happened at the  lesson?", "the rarest first");
        let share = covered(question, said, said, None);
        assert!((share - 4.0 / 10.8).abs() < 0.01, "{share}");
        assert_eq!(
            covered(question, said, said, Some(&[-0.2, 0.2, -0.1])),
            share,
            "others are said or bring nothing"
        );
        assert!(covered(question, said, said, Some(&[LIFT, 0.0, 0.0])) > 0.9);
        let elsewhere = covered(question, "It was fine.", said, None);
        assert!((elsewhere - 3.0 / 10.8).abs() < 0.01, "{elsewhere}");
        assert_eq!(covered("What was it?", said, said, None), 1.0, "it tells nothing");
    }

    #[test]
    fn a_name_alone_is_not_what_is_asked_and_what_somebody_did_is() {
        let piece = "Ana came to the lesson with an instrument.";
        let covered = |question: &str| point(question).covered(piece, &Sources::new([piece]), None);
        let karate = covered("Which karate did Ana do?");
        assert!(karate.all > 0.4 && karate.beside_names < 0.1, "{karate:?}");
        let instrument = covered("Which instrument did Ana have?");
        assert!(instrument.beside_names > 0.8, "{instrument:?}");
        let who = covered("Who bought the instrument?");
        let when = covered("When was it that somebody bought the instrument?");
        assert!(who.all < when.all, "{who:?} {when:?}");
    }

    #[test]
    fn a_number_or_a_name_must_be_there_when_it_is_asked_for() {
        let may = |question: &str, piece: &str| point(question).may_be_in(piece);
        assert!(may("How much was the boat?", "The boat was two thousand."));
        assert!(!may("How much was the boat?", "The boat was too much."));
        assert!(
            may("Wie alt ist sie?", "Sie wurde dreiundachtzig.") && !may("Wie alt ist sie?", "Sie ist alt.")
        );
        assert!(may("What is the name of the dentist?", "He is Doctor Achebe, they say."));
        assert!(!may("What is the name of the dentist?", "The dentist says that I grind my teeth."));
        assert!(!may("What was Ana's boat called?", "They had Ana in the boat."), "said by the question");
        assert!(may("What did she say?", "Nothing."));
    }
}
