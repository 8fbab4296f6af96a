//! Secrets: keys, passwords, recovery codes, key files. On the heap, wiped on drop, nothing derived.
//!
//! Formats: `format-v1.md` section 3.

use subtle::ConstantTimeEq;
use unicode_normalization::{UnicodeNormalization, char::is_public_assigned};
use zeroize::Zeroizing;

use crate::{
    crypto::{
        CROCKFORD,
        hash::sha256_of,
        memory::{self, Kept},
    },
    random,
};

/// Random bytes from the operating system, the only source of keys and nonces.
///
/// # Panics
/// When the system has none: a process without randomness must not go on sealing.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

pub(crate) fn fill_random(bytes: &mut [u8]) {
    random::fill(bytes);
}

/// A 256-bit key. It lies in locked memory, see [`crate::crypto::memory`].
pub struct Key(Kept);

impl Key {
    /// Draws a key.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        Self::filled(|bytes| fill_random(bytes))
    }

    /// Takes over 32 bytes, for example those found inside a sealed object. The bytes passed in are wiped.
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self::filled(|own| own.copy_from_slice(bytes.as_slice()))
    }

    /// The bytes. The name is meant to stand out where it is used.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same key, compared in constant time.
    pub fn is_same(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }

    /// Lets `fill` write the bytes where they will stay.
    pub(crate) fn filled(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut bytes = memory::keep();
        fill(&mut bytes);
        Self(bytes)
    }
}

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Nothing was typed.
    #[error("the password is empty")]
    Empty,
    /// More than 1,024 bytes in canonical form.
    #[error("the password is longer than 1,024 bytes")]
    TooLong,
    /// A control character, refused when choosing because other keyboards cannot type it.
    #[error("the password has a control character")]
    Control,
    /// A code point that Unicode has not assigned, refused when choosing because its canonical form may change.
    #[error("the password has a character that is not in Unicode")]
    Unassigned,
}

/// A password in canonical form: NFKC, UTF-8, 1 to 1,024 bytes, nothing stripped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The most bytes a canonical password has.
    pub const MAX_BYTES: usize = 1_024;

    /// A password that a person chooses now. How hard it is to guess is for the caller to judge.
    ///
    /// # Errors
    /// All of [`PasswordError`].
    pub fn choose(text: &str) -> Result<Self, PasswordError> {
        if !text.chars().all(is_public_assigned) {
            return Err(PasswordError::Unassigned);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        Self::typed(text)
    }

    /// A password typed to unlock.
    ///
    /// # Errors
    /// [`PasswordError::Empty`] and [`PasswordError::TooLong`] only.
    pub fn typed(text: &str) -> Result<Self, PasswordError> {
        // Two passes: the first finds the length, so that the second never reallocates and leaves copies behind.
        let mut n_bytes = 0;
        for canonical in text.nfkc() {
            n_bytes += canonical.len_utf8();
            if n_bytes > Self::MAX_BYTES {
                return Err(PasswordError::TooLong);
            }
        }
        if n_bytes == 0 {
            return Err(PasswordError::Empty);
        }
        let mut canonical = Zeroizing::new(String::with_capacity(n_bytes));
        canonical.extend(text.nfkc());
        Ok(Self(canonical))
    }

    /// The canonical text, for key derivation and for estimating how hard it is to guess.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A key file (optional second factor of a password): any file up to 1 MiB, kept as its digest.
pub struct KeyFile(Key);

impl KeyFile {
    /// The largest key file, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Takes the digest of a key file's bytes. `None` when there are more than [`KeyFile::MAX_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > Self::MAX_BYTES {
            return None;
        }
        Some(Self(Key::from_bytes(Zeroizing::new(sha256_of(&[b"llm1/keyfile", bytes])))))
    }

    pub(crate) fn digest(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// Why a text is not a recovery code. All three are found without looking at the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// A character that no recovery code has.
    #[error("a recovery code has only digits and letters, and never a U")]
    Symbol,
    /// Not 28 symbols.
    #[error("a recovery code has seven groups of four")]
    Length,
    /// The check symbols do not fit: a symbol is wrong, or two are swapped.
    #[error("the recovery code has a typing mistake")]
    Checksum,
}

/// A recovery code: 26 symbols of five random bits (130 bits) and two check symbols.
pub struct RecoveryCode(Box<Zeroizing<[u8; 26]>>);

impl RecoveryCode {
    /// Draws a new code.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        let mut symbols = Box::new(Zeroizing::new([0; 26]));
        fill_random(symbols.as_mut_slice());
        for symbol in symbols.iter_mut() {
            *symbol = CROCKFORD[usize::from(*symbol & 31)];
        }
        Self(symbols)
    }

    /// Reads a code as people type it: any case, spaces and dashes anywhere, O for 0, I and L for 1.
    ///
    /// # Errors
    /// [`CodeError`] tells what is wrong with the text; a code that passes may still open nothing.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut symbols = Zeroizing::new([0; 28]);
        let mut n_symbols = 0;
        for typed in text.nfkc().filter(|typed| !is_separator(*typed)) {
            *symbols.get_mut(n_symbols).ok_or(CodeError::Length)? = symbol(typed)?;
            n_symbols += 1;
        }
        if n_symbols != symbols.len() {
            return Err(CodeError::Length);
        }
        let mut own = Box::new(Zeroizing::new([0; 26]));
        own.copy_from_slice(&symbols[..26]);
        let code = Self(own);
        if code.check() == symbols[26..] { Ok(code) } else { Err(CodeError::Checksum) }
    }

    /// The text to print or write down: seven groups of four symbols joined by `-`.
    pub fn display(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(34));
        for (symbol_idx, symbol) in self.0.iter().chain(&self.check()).enumerate() {
            if symbol_idx > 0 && symbol_idx % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*symbol));
        }
        text
    }

    /// Whether the last group of four symbols was typed, or the whole code, as [`RecoveryCode::parse`] reads them: the
    /// sign that somebody has kept it. Not for secrets of others: the time it takes depends on the symbols.
    pub fn was_kept(&self, typed: &str) -> bool {
        let symbols = typed.nfkc().filter(|typed| !is_separator(*typed)).map(symbol);
        let Ok(symbols) = symbols.collect::<Result<Vec<u8>, _>>().map(Zeroizing::new) else { return false };
        let display = self.display();
        let own = Zeroizing::new(display.bytes().filter(|symbol| *symbol != b'-').collect::<Vec<u8>>());
        *symbols == *own || own.strip_suffix(symbols.as_slice()).is_some_and(|rest| rest.len() == 24)
    }

    /// The 26 ASCII symbols: the secret itself.
    pub(crate) fn expose(&self) -> &[u8; 26] {
        &self.0
    }

    /// Two symbols that catch every single wrong symbol and every swap: `c = sum((i + 1) * v_i) mod 1021`.
    ///
    /// 1021 is prime, and neither a difference of two symbols (at most 31) nor a position (at most 26) reaches it,
    /// so neither mistake can leave `c` as it was.
    fn check(&self) -> [u8; 2] {
        let sum: usize = self.0.iter().zip(1..).map(|(symbol, place)| place * value_of(*symbol)).sum();
        let check = sum % 1021;
        [CROCKFORD[check >> 5], CROCKFORD[check & 31]]
    }
}

/// One typed symbol as it is kept.
pub(crate) fn symbol(typed: char) -> Result<u8, CodeError> {
    let symbol = match typed.to_ascii_uppercase() {
        'O' => b'0',
        'I' | 'L' => b'1',
        other => u8::try_from(other).map_err(|_| CodeError::Symbol)?,
    };
    if CROCKFORD.contains(&symbol) { Ok(symbol) } else { Err(CodeError::Symbol) }
}

fn value_of(symbol: u8) -> usize {
    CROCKFORD.iter().position(|known| *known == symbol).expect("only known symbols are kept")
}

pub(crate) fn is_separator(typed: char) -> bool {
    typed.is_whitespace() || matches!(typed, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests;
