//! From a text to what is indexed: folded words, the stems of those that have another form, and the language.
//!
//! Every word is indexed as it stands, folded ([`crate::search::words`]), so that phrases and quoted words stay exact.
//! A word whose stem differs from it is found by the stem as well, at the same place, marked with the language, so that
//! a French stem finds no English word. Stems are made of folded words: `h\u{e4}user` and `haus` meet, because accents
//! are gone on both sides.
//!
//! Scripts without spaces give one word per character, and a run of them in a query is a phrase, so each pair of
//! neighbours is found as it would be with an index of pairs.

use std::{collections::HashMap, sync::LazyLock};

use frostem::{Algorithm, Stemmer};

use crate::search::words;

/// Between the words of an analysed text.
pub(super) const BETWEEN: char = '\u{3}';
/// Between a word and its stem.
pub(super) const STEM: char = '\u{2}';
/// First character of a stem in the index. Words have letters, digits and emoji only, so no word begins with it.
pub(super) const STEM_MARK: char = '\u{1}';
/// Shortest word and shortest stem that are looked for by stem, in characters: short ones meet by chance.
const SHORTEST_WORD: usize = 4;
const SHORTEST_STEM: usize = 3;
/// Words of the text that are looked at to tell its language.
const SAMPLE: usize = 200;

/// A language with a stemmer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::search) struct Language(u8);

impl Language {
    const ENGLISH: Self = Self(0);
    pub(in crate::search) const GERMAN: Self = Self(1);
    pub(in crate::search) const FRENCH: Self = Self(2);
    const RUSSIAN: Self = Self(13);
    const GREEK: Self = Self(14);

    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).filter_map(|number| u8::try_from(number).ok()).map(Self)
    }

    /// The language whose commonest words stand most often in a list of folded words; `None` when there is no sign.
    pub(in crate::search) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (counts, script) = signs(words);
        let most = counts.iter().copied().max().filter(|most| *most > 0);
        let best = most.and_then(|most| counts.iter().position(|count| *count == most));
        best.and_then(|number| u8::try_from(number).ok()).map(Self).or(script)
    }

    /// The same, and `None` when several languages have as many.
    pub(in crate::search) fn surely_of<'a>(words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (counts, script) = signs(words);
        let most = counts.iter().copied().max().filter(|most| *most > 0);
        let Some(most) = most else { return script };
        let mut best = (0..).zip(counts).filter(|(_, count)| *count == most);
        best.next().filter(|_| best.next().is_none()).map(|(number, _)| Self(number))
    }

    /// The stem of a folded word, if it is one that is looked for.
    pub(in crate::search) fn stem(self, word: &str) -> Option<String> {
        if word.chars().count() < SHORTEST_WORD || word.contains(|symbol: char| symbol.is_ascii_digit()) {
            return None;
        }
        let (algorithm, _) = LANGUAGES.get(usize::from(self.0))?;
        let stem = Stemmer::new(*algorithm).stem(word).into_owned();
        (stem.chars().count() >= SHORTEST_STEM).then_some(stem)
    }

    /// What all stems of this language begin with in the index.
    pub(super) fn prefix(self) -> String {
        [STEM_MARK, char::from(b'a' + self.0)].iter().collect()
    }
}

/// How many of the words are common in each language, and the language of a script of its own.
fn signs<'a>(words: impl Iterator<Item = &'a str>) -> ([u16; LANGUAGES.len()], Option<Language>) {
    let mut counts = [0u16; LANGUAGES.len()];
    let mut script = None;
    for word in words.take(SAMPLE) {
        if let Some(spoken_in) = COMMON.get(word) {
            spoken_in.iter().for_each(|number| counts[usize::from(*number)] += 1);
        }
        script = script.or(match word.chars().next() {
            Some('\u{400}'..='\u{4ff}') => Some(Language::RUSSIAN),
            Some('\u{370}'..='\u{3ff}') => Some(Language::GREEK),
            _ => None,
        });
    }
    (counts, script)
}

/// A text as it is indexed.
pub(super) struct Analysed {
    /// Words between [`BETWEEN`], each with its marked stem after [`STEM`] if that differs.
    pub(super) tokens: String,
    /// How many words.
    pub(super) n_words: u32,
    /// In which the stems are.
    pub(super) language: Language,
}

/// Analyses a plain text.
pub(super) fn analyse(text: &str) -> Analysed {
    let words = words::list(text);
    let language = language_of(&words);
    let prefix = language.prefix();
    let mut tokens = String::with_capacity(text.len() + text.len() / 2);
    for word in &words {
        if !tokens.is_empty() {
            tokens.push(BETWEEN);
        }
        tokens.push_str(word);
        if words::is_common(word) {
            continue;
        }
        if let Some(stem) = language.stem(word).filter(|stem| stem != word) {
            tokens.push(STEM);
            tokens.push_str(&prefix);
            tokens.push_str(&stem);
        }
    }
    Analysed { tokens, n_words: u32::try_from(words.len()).unwrap_or(u32::MAX), language }
}

/// The language of a text as two letters, for the few that the program has words of its own in; `None` when nothing
/// tells it.
pub fn spoken(text: &str) -> Option<&'static str> {
    let words = words::list(text);
    let language = Language::of(words.iter().map(String::as_str))?;
    ["en", "de", "fr", "es", "it", "pt", "nl"].get(usize::from(language.0)).copied()
}

/// The language of an entry; English when nothing tells.
pub(super) fn language_of(words: &[String]) -> Language {
    Language::of(words.iter().map(String::as_str)).unwrap_or(Language::ENGLISH)
}

/// How many letters have to be changed, added, left out or swapped with their neighbour to make one word of another
/// (optimal string alignment), if it is not more than `most`.
pub(super) fn distance(left: &str, right: &str, most: usize) -> Option<usize> {
    if left.chars().count().abs_diff(right.chars().count()) > most {
        return None;
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, symbol) in left.iter().enumerate() {
        let mut next = Vec::with_capacity(last.len());
        next.push(row + 1);
        for (column, other) in right.iter().enumerate() {
            let change = last[column] + usize::from(symbol != other);
            let mut cost = change.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && *symbol == right[column - 1] && left[row - 1] == *other {
                cost = cost.min(before[column - 1] + 1);
            }
            next.push(cost);
        }
        if next.iter().min().is_none_or(|least| *least > most) {
            return None;
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

/// Stemmers, each with words that are common in its language, folded; those of other scripts are told by the script.
/// The order is part of the index: new ones go to the end.
#[rustfmt::skip]
const LANGUAGES: [(Algorithm, &[&str]); 17] = [
    (Algorithm::English, &["the", "and", "of", "to", "was", "with", "that", "for", "my", "at", "but", "have", "not", "she", "he", "they", "we", "it", "is", "had", "this", "from", "are", "me", "you", "were", "be", "as", "on", "what", "when", "there", "or", "our", "your", "after", "about", "did", "been", "would"]),
    (Algorithm::German, &["der", "die", "das", "und", "ist", "nicht", "ich", "mit", "ein", "eine", "zu", "auf", "wir", "es", "den", "dem", "im", "auch", "war", "habe", "sie", "von"]),
    (Algorithm::French, &["le", "la", "les", "et", "est", "je", "une", "des", "du", "dans", "que", "qui", "pas", "pour", "avec", "sur", "nous", "elle", "il", "au", "ai", "mon"]),
    (Algorithm::Spanish, &["el", "la", "los", "las", "y", "es", "en", "que", "por", "con", "una", "un", "del", "mi", "no", "para", "muy", "yo", "al", "lo", "pero", "su"]),
    (Algorithm::Italian, &["il", "la", "di", "che", "e", "un", "una", "per", "non", "sono", "con", "del", "della", "mi", "ho", "gli", "nel", "anche", "ma", "si", "alla", "piu"]),
    (Algorithm::Portuguese, &["o", "a", "os", "as", "e", "que", "nao", "uma", "um", "com", "para", "do", "da", "em", "no", "na", "eu", "mais", "foi", "meu", "minha", "dos"]),
    (Algorithm::Dutch, &["de", "het", "een", "en", "ik", "niet", "van", "dat", "is", "op", "met", "voor", "zijn", "maar", "was", "heb", "naar", "aan", "ook", "wij", "te", "bij"]),
    (Algorithm::Danish, &["og", "jeg", "det", "at", "en", "er", "ikke", "pa", "til", "med", "af", "som", "har", "var", "vi", "den", "mig", "blev", "hvad", "noget"]),
    (Algorithm::Norwegian, &["og", "jeg", "det", "en", "er", "ikke", "pa", "til", "med", "av", "som", "har", "var", "vi", "den", "meg", "ble", "hva", "noe"]),
    (Algorithm::Swedish, &["och", "jag", "det", "att", "en", "ar", "inte", "pa", "till", "med", "av", "som", "har", "var", "vi", "den", "mig", "blev", "ett", "for"]),
    (Algorithm::Finnish, &["ja", "on", "ei", "se", "etta", "oli", "mina", "olen", "ole", "kun", "niin", "mutta", "han", "myos", "joka", "ovat", "tai", "nyt"]),
    (Algorithm::Polish, &["i", "w", "nie", "sie", "na", "z", "do", "jest", "ze", "to", "mnie", "po", "jak", "ale", "byl", "byla", "mi", "tym", "juz", "od", "o", "dla"]),
    (Algorithm::Hungarian, &["a", "az", "es", "hogy", "nem", "egy", "is", "volt", "meg", "de", "van", "mint", "csak", "mar", "nagyon", "ez", "amikor", "vagyok"]),
    (Algorithm::Russian, &[]),
    (Algorithm::Greek, &[]),
    (Algorithm::Romanian, &["si", "de", "la", "nu", "un", "o", "cu", "pe", "din", "este", "mai", "am", "sa", "dar", "ca", "fost", "care", "foarte"]),
    (Algorithm::Turkish, &["ve", "bir", "bu", "ben", "ile", "cok", "icin", "da", "de", "gibi", "ama", "daha", "bugun", "sonra", "var", "degil", "kadar"]),
];

/// In which languages a word is common.
static COMMON: LazyLock<HashMap<&str, Vec<u8>>> = LazyLock::new(|| {
    let mut common: HashMap<&str, Vec<u8>> = HashMap::new();
    for (number, (_, words)) in (0..).zip(LANGUAGES) {
        words.iter().for_each(|word| common.entry(word).or_default().push(number));
    }
    common
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_language_of_an_entry_is_told_by_its_commonest_words() {
        let of = |text: &str| language_of(&words::list(text));
        let number = |algorithm| LANGUAGES.iter().position(|(of, _)| *of == algorithm).unwrap();
        for (text, algorithm) in [
            ("We walked to the harbour and it was cold", Algorithm::English),
            ("Ich habe mit dem Hund gespielt und es war kalt", Algorithm::German),
            ("Je suis all\u{e9}e dans les bois avec elle", Algorithm::French),
            ("Hoy no he dormido, pero el perro es muy bueno", Algorithm::Spanish),
            ("Wielkanoc u babci w Poznaniu, ale nie by\u{142}o zimno", Algorithm::Polish),
            ("\u{42f} \u{438}\u{434}\u{443} \u{434}\u{43e}\u{43c}\u{43e}\u{439}", Algorithm::Russian),
            ("Harbours", Algorithm::English),
        ] {
            assert_eq!(usize::from(of(text).0), number(algorithm), "{text}");
        }
        assert_eq!(usize::from(Language::GERMAN.0), number(Algorithm::German));
        assert_eq!(usize::from(Language::FRENCH.0), number(Algorithm::French));
        assert_eq!(usize::from(Language::RUSSIAN.0), number(Algorithm::Russian));
        assert_eq!(usize::from(Language::GREEK.0), number(Algorithm::Greek));
    }

    #[test]
    fn words_keep_their_form_and_get_a_stem_when_it_differs() {
        assert_eq!(
            analyse("The harbours were quiet").tokens,
            "the\u{3}harbours\u{2}\u{1}aharbour\u{3}were\u{3}quiet"
        );
        assert_eq!(analyse("The harbours were quiet").n_words, 4);
        assert_eq!(analyse("\u{6771}\u{4eac}").tokens, "\u{6771}\u{3}\u{4eac}");
        assert_eq!(analyse("").n_words, 0);
    }

    #[test]
    fn distances_count_swaps_once() {
        assert_eq!(distance("gwenllian", "gwenlian", 2), Some(1));
        assert_eq!(distance("beatriz", "beartiz", 1), Some(1));
        assert_eq!(distance("achebe", "achebbee", 1), None);
        assert_eq!(distance("a", "b", 0), None);
        assert_eq!(distance("same", "same", 0), Some(0));
    }

    proptest! {
        #[test]
        fn distances_are_the_same_from_both_ends(left in "[a-d]{0,9}", right in "[a-d]{0,9}") {
            prop_assert_eq!(distance(&left, &right, 2), distance(&right, &left, 2));
            prop_assert_eq!(distance(&left, &right, 9), distance(&right, &left, 9));
        }

        #[test]
        fn an_analysed_text_has_the_words_of_the_text(text in any::<String>()) {
            let analysed = analyse(&text);
            let words: Vec<&str> = analysed
                .tokens
                .split(BETWEEN)
                .filter_map(|token| token.split(STEM).next())
                .filter(|word| !word.is_empty())
                .collect();
            prop_assert_eq!(words.len(), analysed.n_words as usize);
            prop_assert_eq!(words, words::list(&text));
        }
    }
}
