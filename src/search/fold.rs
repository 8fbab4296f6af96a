//! One spelling for words that differ in case, accents or form only.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Folds case, accents and compatibility forms: `Caf\u{e9}`, `CAFE` and `cafe` become `cafe`.
///
/// Applying it twice changes nothing. Signs that make another letter rather than an accent (Indic vowel signs, kana
/// voicing, Thai vowels) are kept.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded form to `folded`, for use in loops.
pub fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        folded[start..].make_ascii_lowercase();
        return;
    }
    for symbol in text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|symbol| !is_accent(*symbol)) {
        match plain_letters(symbol) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(symbol),
        }
    }
}

/// Marks by their canonical combining class (Unicode Character Database, `UnicodeData.txt` field 3): 10 to 36 are
/// Hebrew and Arabic points, 200 to 240 stand above, below or on a letter.
pub(crate) fn is_accent(symbol: char) -> bool {
    matches!(canonical_combining_class(symbol), 10..=36 | 200..=240)
}

/// Letters that Unicode does not decompose, although people type the plain ones in their place.
const fn plain_letters(symbol: char) -> Option<&'static str> {
    Some(match symbol {
        '\u{00df}' => "ss",
        '\u{00e6}' => "ae",
        '\u{0153}' => "oe",
        '\u{00f8}' => "o",
        '\u{0142}' => "l",
        '\u{0111}' | '\u{00f0}' => "d",
        '\u{0127}' => "h",
        '\u{0131}' => "i",
        '\u{00fe}' => "th",
        '\u{03c2}' => "\u{03c3}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_forms_fold_together() {
        for (text, folded) in [
            ("Café", "cafe"),
            ("CAFE\u{301}", "cafe"),
            ("Straße", "strasse"),
            ("Żółć", "zolc"),
            ("Ærø", "aero"),
            ("İstanbul", "istanbul"),
            ("ﬁn", "fin"),
            ("Ｆｕｌｌ", "full"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Ёлка", "елка"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn signs_that_make_other_letters_stay() {
        assert_ne!(fold("が"), fold("か"));
        assert_ne!(fold("कि"), fold("का"));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn upper_and_lower_case_fold_alike(text in "[a-zA-Zà-ÿÀ-Þ]{0,20}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text.to_lowercase()));
        }
    }
}
