//! Canonical names: what two ways of typing one name have in common. `format-v1.md` section 3.
//!
//! NFKC; strip spaces and U+0009..U+000D at both ends; lower-case each code point below U+0590 by its own full mapping;
//! final sigma to sigma; NFKC; UTF-8. Lower-casing stops at U+0590 so that no new version of Unicode can change it.

use unicode_normalization::{
    UnicodeNormalization,
    char::{is_combining_mark, is_public_assigned},
};
use zeroize::Zeroizing;

/// Why a name cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing but blanks.
    #[error("the name is empty")]
    Empty,
    /// More than 64 characters or 256 bytes.
    #[error("the name is longer than 64 characters")]
    TooLong,
    /// Something that is no letter, digit, space or one of `_-.'`.
    #[error("a name has letters, digits, spaces and _ - . ' only")]
    Symbol,
    /// A code point that Unicode has not assigned: its canonical form may change.
    #[error("the name has a character that is not in Unicode")]
    Unassigned,
}

/// A user name in canonical form. It is stored nowhere in clear; it goes into the salt of the password.
pub struct Name(Zeroizing<String>);

impl Name {
    /// The most characters (code points) of a name.
    pub const MAX_CHARS: usize = 64;
    /// The most bytes of a name, canonical and as typed.
    pub const MAX_BYTES: usize = 256;

    /// A name that a person chooses now.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn choose(text: &str) -> Result<Self, NameError> {
        if !text.chars().all(is_public_assigned) {
            return Err(NameError::Unassigned);
        }
        let name = Self::typed(text);
        if name.0.is_empty() {
            return Err(NameError::Empty);
        }
        let too_long = name.0.chars().count() > Self::MAX_CHARS || name.0.len() > Self::MAX_BYTES;
        // The keyring keeps the name as typed, so that has to fit as well.
        if too_long || strip(text).len() > Self::MAX_BYTES {
            return Err(NameError::TooLong);
        }
        if name.0.starts_with(is_combining_mark) || !name.0.chars().all(is_name_char) {
            return Err(NameError::Symbol);
        }
        Ok(name)
    }

    /// A name typed to sign in. Never refused: what cannot be chosen simply belongs to nobody.
    pub fn typed(text: &str) -> Self {
        let folded = Zeroizing::new(text.nfkc().collect::<String>());
        let lower = Zeroizing::new(strip(&folded).chars().flat_map(lower).collect::<String>());
        Self(Zeroizing::new(lower.nfkc().collect()))
    }

    /// The canonical text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Removes the blanks that do not count at both ends of a name. Use it on the name as typed before keeping that.
pub fn strip(text: &str) -> &str {
    text.trim_matches(|c| matches!(c, ' ' | '\t'..='\r'))
}

fn lower(c: char) -> impl Iterator<Item = char> {
    let (mapped, kept) = if c < '\u{590}' { (Some(c.to_lowercase()), None) } else { (None, Some(c)) };
    mapped.into_iter().flatten().chain(kept).map(|c| if c == '\u{3c2}' { '\u{3c3}' } else { c })
}

/// Marks belong to letters: without them no name in Devanagari or Thai could be typed.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, ' ' | '_' | '-' | '.' | '\'')
}

#[cfg(test)]
mod tests;
