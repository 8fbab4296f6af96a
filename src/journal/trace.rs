//! Traces: names that tie entries together across days.
//!
//! # Names
//! A name keeps every script and the case it was typed in. What is typed becomes a name thus:
//! 1. A text in colons, `:tada:`, becomes the emoji of that name; a name no emoji has is refused.
//! 2. One emoji, with its skin tone or as a sequence, is a name of its own kind.
//! 3. Of everything else leading `#` go; blanks, `_` and hyphens become one `-`; `-` at the ends goes; control
//!    characters and marks that only steer the direction of text or are invisible go (joiners inside stay: Persian
//!    and Indic words need them). The rest is brought to NFC.
//! 4. A name has 1 to 64 characters and at least one letter, digit or pictograph; longer ones are refused, not cut.
//!
//! | typed | name |
//! |---|---|
//! | `caf\u{e9}`, `cafe\u{301}` | the same trace, with its accent; `cafe` is another |
//! | `Z\u{fc}rich`, `z\u{dc}RICH` | the same trace, shown as it was typed first |
//! | `\u{65e5}\u{8a18}` | itself; so is a name that runs from right to left |
//! | `\u{1f389}`, `:tada:` | the same trace, an emoji |
//! | `C++`, `c++` | the same trace; `C#` is another |
//! | `#work log`, `Work_Log` | the same trace, `work-log` |
//!
//! # Equality
//! Two names are one trace when their keys are equal: case folded (each character upper-cased, then lower-cased, by
//! its full mapping, the dotless i left alone, so that `Stra\u{df}e` and `STRASSE` meet), without joiners in words and
//! without variation selectors, in NFC. The key, at most 256 bytes, is what a name is looked up by.

pub mod alike;
pub mod emoji;

use unicode_normalization::UnicodeNormalization;

/// Most characters of a name.
pub const MAX_CHARS: usize = 64;
/// Most bytes of a key.
const MAX_KEY_BYTES: usize = 256;
/// Marks with which two half-words are joined or kept apart.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// What a name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Words.
    Word,
    /// One emoji.
    Emoji,
}

/// The name of a trace, valid by construction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceName {
    text: String,
    key: String,
    kind: Kind,
}

/// Why a text is no name of a trace. The texts follow "This is no trace: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left.
    #[error("nothing was typed")]
    Empty,
    /// Signs only.
    #[error("it needs a letter, a digit or an emoji")]
    NoLetter,
    /// More than [`MAX_CHARS`] characters.
    #[error("it has {chars} characters, and {MAX_CHARS} is the most")]
    TooLong {
        /// How many there are.
        chars: usize,
    },
    /// A text in colons that no emoji is called.
    #[error("no emoji is called that")]
    UnknownEmoji,
}

impl TraceName {
    /// Makes a name of what was typed; see the module for how.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let trimmed: String = typed.trim().nfc().collect();
        if let Some(name) = Self::special(&trimmed)? {
            return Ok(name);
        }
        let text = tidy(&trimmed);
        if let Some(name) = Self::special(&text)? {
            return Ok(name);
        }
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if !text.chars().any(|c| c.is_alphanumeric() || emoji::is_pictograph(c)) {
            return Err(NameError::NoLetter);
        }
        let chars = text.chars().count();
        let key = key_of(&text);
        if chars > MAX_CHARS || key.len() > MAX_KEY_BYTES {
            return Err(NameError::TooLong { chars });
        }
        Ok(Self { text, key, kind: Kind::Word })
    }

    /// An emoji, or its short name in colons.
    fn special(text: &str) -> Result<Option<Self>, NameError> {
        let inner = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
        let is_shortcode = |inner: &&str| {
            !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+".contains(&b))
        };
        let text = match inner.filter(is_shortcode) {
            Some(inner) => emoji::of_shortcode(inner).ok_or(NameError::UnknownEmoji)?,
            None if emoji::is_one(text) => text,
            None => return Ok(None),
        };
        let chars = text.chars().count();
        if chars > MAX_CHARS {
            return Err(NameError::TooLong { chars });
        }
        let key = text.chars().filter(|c| !emoji::is_variation(*c)).collect();
        Ok(Some(Self { text: text.to_owned(), key, kind: Kind::Emoji }))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is looked up by: equal for equal names.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is words or an emoji.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// The short name of an emoji, in colons; nothing for words and for emoji without one.
pub fn shortcode(name: &str) -> Option<String> {
    emoji::shortcode_of(name).map(|code| format!(":{code}:"))
}

/// The folded form of what may become a name, for comparing while it is typed.
pub fn folded(typed: &str) -> String {
    if is_folded(typed) { typed.to_owned() } else { fold_any(typed) }
}

/// Whether this is surely its own folded form, as most names are: small letters and digits of ASCII, with single hyphens
/// between them.
fn is_folded(typed: &str) -> bool {
    let mut is_after_hyphen = true;
    let is_plain = typed.bytes().all(|b| {
        let is_hyphen = b == b'-';
        let is_doubled = is_hyphen && is_after_hyphen;
        is_after_hyphen = is_hyphen;
        !is_doubled && (is_hyphen || b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    is_plain && !is_after_hyphen
}

fn fold_any(typed: &str) -> String {
    key_of(&tidy(&typed.trim().nfc().collect::<String>()))
}

/// Steps 3 of the module.
fn tidy(typed: &str) -> String {
    let typed = typed.trim_start_matches('#');
    let mut text = String::with_capacity(typed.len());
    for c in typed.chars() {
        if c.is_whitespace() || matches!(c, '_' | '-' | '\u{2010}' | '\u{2011}') {
            // Beside a hyphen a joiner joins nothing, and would keep two hyphens apart.
            text.truncate(text.trim_end_matches(JOINERS).len());
            if !text.ends_with('-') {
                text.push('-');
            }
        } else if !(is_unseen(c) || JOINERS.contains(&c) && text.ends_with('-')) {
            text.push(c);
        }
    }
    let ends = |c: char| c == '-' || JOINERS.contains(&c);
    // A name that begins with `#` after all, behind something invisible, would be read differently the next time.
    text.trim_matches(ends).trim_start_matches(|c| c == '#' || ends(c)).nfc().collect()
}

/// Characters that cannot be seen and say nothing in a name.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

fn key_of(text: &str) -> String {
    let kept = text.chars().filter(|c| !JOINERS.contains(c) && !emoji::is_variation(*c));
    kept.flat_map(fold).nfc().collect()
}

/// Folds the case of one character.
fn fold(c: char) -> impl Iterator<Item = char> {
    // The dotless i would become an i on its way through the capitals.
    let is_folded = c != '\u{131}';
    let plain = (!is_folded).then_some(c);
    let folded = is_folded.then(|| c.to_uppercase().flat_map(char::to_lowercase));
    plain.into_iter().chain(folded.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(typed: &str) -> TraceName {
        TraceName::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
    }

    fn same(one: &str, other: &str) -> bool {
        name(one).key() == name(other).key()
    }

    #[test]
    fn names_behave_as_the_module_says() {
        assert!(same("caf\u{e9}", "cafe\u{301}") && !same("caf\u{e9}", "cafe"));
        assert_eq!(name("Caf\u{e9}").as_str(), "Caf\u{e9}");
        assert!(same("Z\u{fc}rich", "z\u{dc}RICH") && same("Stra\u{df}e", "STRASSE"));
        assert_eq!(name("\u{65e5}\u{8a18}").as_str(), "\u{65e5}\u{8a18}");
        assert_eq!(name("\u{200f}\u{634}\u{639}\u{631}\u{200e}").as_str(), "\u{634}\u{639}\u{631}");
        assert!(same(
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{645}\u{6cc}\u{62e}\u{648}\u{627}\u{647}\u{645}"
        ));
        assert!(same("C++", "c++") && !same("C++", "C#") && !same("C++", "C"));
        assert!(same("#work log", "Work_Log") && same("work -- log", "work-log"));
        assert_eq!(name("  - deep   work _").as_str(), "deep-work");
        assert!(!same("\u{131}s\u{131}", "isi"));
        assert!(same(
            "\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}",
            "\u{3a3}\u{38a}\u{3a3}\u{3a5}\u{3a6}\u{39f}\u{3a3}"
        ));
    }

    #[test]
    fn an_emoji_and_its_short_name_are_one_trace() {
        for typed in ["\u{1f389}", ":tada:", ":TADA:", "#:tada:", " \u{1f389} "] {
            let name = name(typed);
            assert_eq!((name.as_str(), name.kind()), ("\u{1f389}", Kind::Emoji), "{typed}");
        }
        assert!(same("\u{2764}\u{fe0f}", ":heart:"));
        assert_eq!(name("\u{1f389}\u{1f389}").kind(), Kind::Word);
        assert_eq!(name("party \u{1f389}").as_str(), "party-\u{1f389}");
        assert_eq!(shortcode("\u{1f389}").as_deref(), Some(":tada:"));
        assert_eq!(TraceName::parse(":nobody-knows:"), Err(NameError::UnknownEmoji));
        assert_eq!(name("10:30").as_str(), "10:30");
    }

    #[test]
    fn sixty_four_characters_fit_and_one_more_does_not() {
        for symbol in ["a", "\u{e9}", "\u{65e5}", "\u{1f40}", "\u{634}"] {
            assert_eq!(name(&symbol.repeat(MAX_CHARS)).as_str().chars().count(), 64);
            let long = TraceName::parse(&symbol.repeat(MAX_CHARS + 1));
            assert_eq!(long, Err(NameError::TooLong { chars: 65 }));
        }
        assert_eq!(TraceName::parse(" \u{200b}--_ "), Err(NameError::Empty));
        assert_eq!(TraceName::parse("+++"), Err(NameError::NoLetter));
    }

    proptest! {
        #[test]
        fn what_is_folded_at_a_glance_is_folded(typed in "[a-z0-9-]{0,12}|[a-zA-Z_ -]{0,4}") {
            if is_folded(&typed) {
                prop_assert_eq!(fold_any(&typed), typed);
            }
        }

        #[test]
        fn a_name_read_again_is_the_same_name(typed in "\\PC{0,70}|[#:a-z_ \\-\u{200d}\u{301}\u{1f389}]{0,12}") {
            let Ok(first) = TraceName::parse(&typed) else { return Ok(()) };
            prop_assert_eq!(TraceName::parse(first.as_str()), Ok(first.clone()));
            prop_assert!((1..=MAX_CHARS).contains(&first.as_str().chars().count()));
            prop_assert!((1..=MAX_KEY_BYTES).contains(&first.key().len()));
            prop_assert!(unicode_normalization::is_nfc(first.as_str()) && unicode_normalization::is_nfc(first.key()));
            // Its key is that of its key: looking up what is shown in small letters finds it.
            if let (Kind::Word, Ok(again)) = (first.kind(), TraceName::parse(first.key())) {
                prop_assert_eq!(again.key(), first.key());
            }
        }

        #[test]
        fn case_never_tells_two_traces_apart(typed in "[a-zA-Z\u{c0}-\u{17e}\u{391}-\u{3c9}\u{410}-\u{44f}]{1,30}") {
            let Ok(first) = TraceName::parse(&typed) else { return Ok(()) };
            if typed.contains('\u{131}') || typed.contains('\u{130}') { return Ok(()) }
            for other in [typed.to_lowercase(), typed.to_uppercase()] {
                let Ok(other) = TraceName::parse(&other) else { continue };
                prop_assert_eq!(other.key(), first.key());
            }
        }
    }
}
