//! Phrases of a text that could name it, and a choice among them that fits and does not repeat itself.
//!
//! Pure: the caller brings the vectors. The choice is maximal marginal relevance (Carbonell and Goldstein, 1998): what
//! comes next is near to the text and far from what was chosen before.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use crate::search::{vectors::dot, words};

/// Most words of a phrase.
const MOST_WORDS: usize = 3;
/// Letters of the shortest word that says something by itself.
const LEAST_LETTERS: usize = 3;
/// Characters of a run of Han or of katakana that may be a word.
const RUN: std::ops::RangeInclusive<usize> = 2..=6;
/// How much nearness to the text counts against nearness to what was chosen.
const FIT: f32 = 0.8;
/// Words that say what happened and not what it was about, folded, of eight languages. None of them names a trace.
const UNTELLING: &str = include_str!("untelling.txt");
static UNTELLING_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| UNTELLING.split_ascii_whitespace().collect());

/// Whether a folded word says what happened and not what it was about.
pub fn is_untelling(word: &str) -> bool {
    UNTELLING_WORDS.contains(word)
}

/// A phrase of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phrase {
    /// With single blanks: a name as it was written, everything else in small letters.
    pub text: String,
    /// How often it stands there.
    pub count: usize,
    /// How many words it has.
    pub n_words: usize,
    /// All of its words were written large within a sentence: a person or a place, in German any noun.
    pub is_name: bool,
    /// Words of the text before it.
    pub place: usize,
}

/// A word that says something, or a run of characters of a script without spaces.
struct Word {
    /// In small letters.
    text: String,
    written: String,
    is_name: bool,
    place: usize,
}

/// Phrases of one to three words that say something: names first, then those that stand there most often, then the
/// shorter ones, then the earlier ones.
pub fn candidates(text: &str, most: usize) -> Vec<Phrase> {
    let mut found: HashMap<String, Phrase> = HashMap::new();
    for run in runs(text) {
        for (end, n_words) in (1..=run.len()).flat_map(|end| (1..=end.min(MOST_WORDS)).map(move |n| (end, n)))
        {
            let words = &run[end - n_words..end];
            let is_name = words.iter().all(|word| word.is_name);
            // A part of a name of several words is another name.
            let goes_on = |word: Option<&Word>| is_name && word.is_some_and(|word| word.is_name);
            let before = (end - n_words).checked_sub(1).and_then(|before| run.get(before));
            if n_words < MOST_WORDS && (goes_on(before) || goes_on(run.get(end))) {
                continue;
            }
            let joined = |of: fn(&Word) -> &str| words.iter().map(of).collect::<Vec<_>>().join(" ");
            let (key, place) = (joined(|word| &word.text), words[0].place);
            let known = found.entry(key.clone()).or_insert(Phrase {
                text: key,
                count: 0,
                n_words,
                is_name: false,
                place,
            });
            known.count += 1;
            if is_name && !known.is_name {
                known.is_name = true;
                known.text = joined(|word| &word.written);
            }
        }
    }
    let mut all: Vec<Phrase> = found.into_values().collect();
    all.sort_by_key(|phrase| {
        (!phrase.is_name, Reverse(phrase.count), phrase.n_words, phrase.place, phrase.text.clone())
    });
    all.truncate(most);
    all
}

/// The words that say something, in runs that no sign and no other word breaks.
fn runs(text: &str) -> Vec<Vec<Word>> {
    let mut runs: Vec<Vec<Word>> = vec![Vec::new()];
    // A run of a script without spaces that goes on: where it begins, its script, and how many characters it has.
    let mut open: Option<(usize, Script, usize)> = None;
    let (mut last_end, mut place, mut is_first) = (0, 0, true);
    let close = |runs: &mut Vec<Vec<Word>>, open: Option<(usize, Script, usize)>, end: usize, place| {
        if let Some((start, _, n_chars)) = open
            && RUN.contains(&n_chars)
        {
            let written = text[start..end].to_owned();
            runs.push(vec![Word { text: written.clone(), written, is_name: false, place }]);
            runs.push(Vec::new());
        }
    };
    words::for_each(text, |folded, range| {
        let (between, written) = (&text[last_end..range.start], &text[range.clone()]);
        is_first |=
            between.contains(['.', '!', '?', '\n', ':', '\u{2026}', '"', '\u{201e}', '\u{201c}', '\u{ab}']);
        place += 1;
        let script = script_of(written);
        open = match (open.take(), script) {
            (Some((start, before, n)), Some(now)) if before == now && between.is_empty() => {
                Some((start, before, n + 1))
            }
            (before, now) => {
                close(&mut runs, before, last_end, place);
                now.map(|now| (range.start, now, 1))
            }
        };
        let breaks = !matches!(between, " " | "-");
        let is_telling = script.is_none()
            && folded.chars().count() >= LEAST_LETTERS
            && folded.chars().all(char::is_alphabetic)
            && !words::is_common(folded)
            && !is_untelling(folded);
        if (breaks || !is_telling) && runs.last().is_some_and(|run| !run.is_empty()) {
            runs.push(Vec::new());
        }
        if is_telling && let Some(run) = runs.last_mut() {
            let is_name = !is_first && written.chars().next().is_some_and(char::is_uppercase);
            run.push(Word { text: written.to_lowercase(), written: written.to_owned(), is_name, place });
        }
        is_first = false;
        last_end = range.end;
    });
    close(&mut runs, open, last_end, place);
    runs
}

/// Scripts without spaces of which a run is a word more often than not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Katakana,
}

fn script_of(word: &str) -> Option<Script> {
    match word.chars().next()? {
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{3005}' => Some(Script::Han),
        '\u{30a1}'..='\u{30ff}' => Some(Script::Katakana),
        _ => None,
    }
}

/// Whether one of two names holds all words of the other.
pub fn overlaps(one: &str, other: &str) -> bool {
    let words = |name: &str| -> HashSet<String> { name.split([' ', '-']).map(str::to_lowercase).collect() };
    let (one, other) = (words(one), words(other));
    one.is_subset(&other) || other.is_subset(&one)
}

/// Chooses up to `most` of `options`, best first: each is near to what is sought by its `worth`, and unlike those before
/// it. Answers their places. Vectors are normalised and of one length.
pub fn choose(options: &[(f32, &[f32])], most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    // How near each is to what was chosen.
    let mut like: Vec<f32> = vec![0.0; options.len()];
    while chosen.len() < most {
        let next = options
            .iter()
            .enumerate()
            .filter(|(idx, _)| !chosen.contains(idx))
            .map(|(idx, (worth, _))| (idx, FIT * worth - (1.0 - FIT) * like[idx]))
            .max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
        let Some((idx, _)) = next else { break };
        chosen.push(idx);
        for (like, (_, vector)) in like.iter_mut().zip(options) {
            *like = like.max(dot(vector, options[idx].1));
        }
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
        assert!(
            texts("Caf\u{e9} Z\u{fc}rich", 9).contains(&"caf\u{e9} z\u{fc}rich".to_owned()),
            "accents stay"
        );
        assert!(texts("", 9).is_empty() && texts("12 34 :) a", 9).is_empty());
        assert_eq!(texts("apple pear plum cherry grape", 2).len(), 2);
    }

    #[test]
    fn names_come_first_and_whole() {
        assert_eq!(texts("We walked from Port Isaac along the cliffs.", 1), ["Port Isaac"]);
        assert!(!texts("We walked from Port Isaac.", 9).contains(&"Isaac".to_owned()));
        let phrases = candidates("Lakes again. Then Lena and the lakes.", 9);
        assert!(phrases.iter().all(|phrase| phrase.is_name == (phrase.text == "Lena")), "{phrases:?}");
    }

    #[test]
    fn a_name_is_spelt_as_its_writer_spells_it_within_a_sentence() {
        let names = |text: &str| -> Vec<String> {
            let all = candidates(text, 9).into_iter().filter(|phrase| phrase.is_name);
            all.map(|phrase| format!("{} {}", phrase.text, phrase.count)).collect()
        };
        assert_eq!(names("Jonas came late. I saw Jonas again, and jonas waved."), ["Jonas 3"]);
        assert_eq!(names("We saw McEwan and the BBC."), ["McEwan 1", "BBC 1"]);
        assert_eq!(texts("Harbour. The harbour.", 1), ["harbour"], "a sentence begins large with any word");
    }

    #[test]
    fn in_a_script_without_spaces_runs_are_words() {
        let all = texts(
            "\u{6771}\u{4eac}\u{3067}\u{30b3}\u{30fc}\u{30d2}\u{30fc}\u{3092}\u{98f2}\u{3080}\u{3002}",
            9,
        );
        assert_eq!(all, ["\u{6771}\u{4eac}", "\u{30b3}\u{30fc}\u{30d2}\u{30fc}"]);
    }

    #[test]
    fn the_list_of_untelling_words_is_folded_and_in_order() {
        let all: Vec<&str> = UNTELLING.split_ascii_whitespace().collect();
        assert!(all.is_sorted() && all.iter().all(|word| crate::search::fold::fold(word) == *word));
    }

    #[test]
    fn names_overlap_when_one_says_the_other() {
        assert!(overlaps("tarte aux mirabelles", "mirabelles") && overlaps("Lake", "lake"));
        assert!(!overlaps("job-interview", "interview-room"));
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
