//! Words of a text, folded, with their places; and words that say little.

use std::ops::Range;

use crate::search::fold;

/// Calls `visit` with each word of `text`: its folded form and its bytes in `text`, in order.
///
/// A word is a run of letters, digits and their accents, so `art` is no part of `start`. In scripts written without
/// spaces (Han, kana, Thai, Lao, Khmer, Burmese) each character is a word, and so is an emoji; runs are found as
/// phrases. An apostrophe joins (`don't`), but `'s` at the end is dropped and an elided article is a word of its own.
pub fn for_each(text: &str, mut visit: impl FnMut(&str, Range<usize>)) {
    let mut folded = String::new();
    let mut emit = |range: Range<usize>| {
        if !text[range.clone()].contains(APOSTROPHES) {
            folded.clear();
            fold::fold_into(&text[range.clone()], &mut folded);
            if !folded.is_empty() {
                visit(&folded, range);
            }
            return;
        }
        for part in parts(&text[range.clone()]) {
            folded.clear();
            let word = &text[range.start + part.start..range.start + part.end];
            fold::fold_into(word, &mut folded);
            folded.retain(|symbol| !APOSTROPHES.contains(&symbol));
            if !folded.is_empty() {
                visit(&folded, range.start + part.start..range.start + part.end);
            }
        }
    };
    let mut open: Option<usize> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((idx, symbol)) = chars.next() {
        match class(symbol) {
            Class::Letter => {
                open.get_or_insert(idx);
            }
            Class::Mark if open.is_some() => {}
            Class::Apostrophe
                if open.is_some() && chars.peek().is_some_and(|(_, next)| class(*next) == Class::Letter) => {}
            Class::Alone => {
                if let Some(start) = open.take() {
                    emit(start..idx);
                }
                let mut end = idx + symbol.len_utf8();
                while let Some((mark_idx, mark)) = chars.next_if(|(_, next)| class(*next) == Class::Mark) {
                    end = mark_idx + mark.len_utf8();
                }
                emit(idx..end);
            }
            _ => {
                if let Some(start) = open.take() {
                    emit(start..idx);
                }
            }
        }
    }
    if let Some(start) = open {
        emit(start..text.len());
    }
}

/// The folded words of a short text, such as a query.
pub fn list(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each(text, |word, _| words.push(word.to_owned()));
    words
}

/// Whether a folded word is among the commonest of its language, so that finding it says little.
///
/// Needed beside counted rarity because a young journal is too small to tell: with ten entries `when` may be rare.
/// English, and the core of German, French, Spanish, Italian and Dutch; words that are telling in one of these
/// languages (`die`, `art`, `son`) are left out.
pub fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

const APOSTROPHES: [char; 2] = ['\'', '\u{2019}'];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Alone,
    Mark,
    Apostrophe,
    Other,
}

fn class(symbol: char) -> Class {
    if symbol.is_ascii() {
        return match symbol {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Class::Letter,
            '\'' => Class::Apostrophe,
            _ => Class::Other,
        };
    }
    match symbol as u32 {
        0x2019 => Class::Apostrophe,
        0x0e00..=0x0eff
        | 0x1000..=0x109f
        | 0x1780..=0x17ff
        | 0x3040..=0x30ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0xff66..=0xff9f
        | 0x20000..=0x3ffff
        | 0x2600..=0x27bf
        | 0x1f000..=0x1faff
            if !unicode_normalization::char::is_combining_mark(symbol) =>
        {
            Class::Alone
        }
        0x200d | 0xfe0e | 0xfe0f => Class::Mark,
        _ if unicode_normalization::char::is_combining_mark(symbol) => Class::Mark,
        _ if symbol.is_alphanumeric() => Class::Letter,
        _ => Class::Other,
    }
}

/// Splits at apostrophes: drops `'s`, sets elided articles (`l'eau`, `qu'il`) apart; other words stay whole.
fn parts(word: &str) -> impl Iterator<Item = Range<usize>> {
    let mut ranges = [Some(0..word.len()), None];
    if let Some(at) = word.find(APOSTROPHES) {
        let after = at + word[at..].chars().next().map_or(1, char::len_utf8);
        let (before, rest) = (&word[..at], &word[after..]);
        if matches!(rest, "s" | "S") {
            ranges = [Some(0..at), None];
        } else if (before.chars().count() == 1 && !matches!(before, "o" | "O") && rest.chars().count() > 1)
            || before.eq_ignore_ascii_case("qu")
        {
            ranges = [Some(0..at), Some(after..word.len())];
        }
    }
    ranges.into_iter().flatten()
}

#[rustfmt::skip]
const COMMON: &[&str] = &[
    "a", "aber", "about", "after", "again", "all", "alla", "als", "also", "am", "an", "and", "any", "are",
    "as", "at", "au", "auch", "auf", "aus", "avec", "be", "because", "been", "before", "bei", "being", "but",
    "by", "c", "can", "che", "come", "como", "con", "could", "d", "dans", "das", "dass", "day", "de", "del",
    "della", "dem", "den", "der", "des", "di", "did", "didnt", "do", "does", "doesnt", "doing", "done",
    "dont", "du", "e", "een", "ein", "eine", "einen", "el", "en", "er", "es", "est", "et", "ever", "feel",
    "feeling", "felt", "find", "for", "from", "fur", "get", "getting", "go", "going", "got", "had", "has",
    "have", "having", "he", "her", "here", "het", "him", "his", "how", "i", "ich", "id", "if", "ik", "il",
    "ill", "im", "in", "into", "is", "ist", "it", "its", "ive", "j", "je", "just", "know", "l", "la", "le",
    "les", "like", "lo", "los", "m", "made", "make", "me", "mein", "mi", "mich", "mir", "mit", "mon", "more",
    "much", "my", "n", "ne", "nicht", "no", "not", "now", "o", "of", "off", "on", "one", "only", "or", "our",
    "out", "over", "par", "para", "pas", "per", "por", "pour", "qu", "que", "qui", "really", "s", "said",
    "se", "she", "should", "sich", "sie", "so", "some", "something", "su", "sur", "t", "than", "that", "the",
    "their", "them", "then", "there", "they", "thing", "things", "think", "this", "those", "time", "to",
    "today", "too", "u", "uber", "um", "un", "una", "und", "une", "uno", "up", "us", "van", "very", "von",
    "want", "wanted", "war", "was", "wasnt", "we", "well", "went", "were", "what", "when", "where", "which",
    "while", "who", "why", "wie", "will", "wir", "with", "would", "y", "yo", "you", "your", "zu", "zum",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_of_common_words_can_be_searched() {
        let mut sorted = COMMON.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, COMMON);
        assert!(is_common("the") && !is_common("harbour"));
    }

    #[test]
    fn words_are_whole_and_folded() {
        assert_eq!(
            list("Start the ART, café-bar: 14:30!"),
            ["start", "the", "art", "cafe", "bar", "14", "30"]
        );
        assert_eq!(
            list("Anna's don't O’Brien l'école qu'il"),
            ["anna", "dont", "obrien", "l", "ecole", "qu", "il"]
        );
        assert_eq!(list("'quoted' \u{301}x cafe\u{301}s"), ["quoted", "x", "cafes"]);
    }

    #[test]
    fn scripts_without_spaces_give_a_word_per_character() {
        assert_eq!(list("東京へ"), ["東", "京", "へ"]);
        assert_eq!(list("party🎉time"), ["party", "🎉", "time"]);
        assert_eq!(list("한국어 привет"), [fold::fold("한국어"), "привет".to_owned()]);
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_on_character_boundaries(text in any::<String>()) {
            let mut last = 0;
            for_each(&text, |word, range| {
                assert!(!word.is_empty());
                assert!(range.start >= last && range.end > range.start);
                assert!(text.get(range.clone()).is_some());
                last = range.end;
            });
        }
    }
}
