//! Identifiers: 16 bytes, time-ordered (ULID layout: 48-bit milliseconds big-endian, then 80 random bits).
//!
//! They live only inside sealed records and in addresses. Text form: 26 symbols of Crockford base 32, upper case.

use std::{fmt, str::FromStr};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Text that is not an identifier of 26 Crockford base-32 symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct ParseIdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Makes an identifier from milliseconds since 1970 (the low 48 bits count) and 80 random bits.
            pub fn from_parts(millis: i64, random: [u8; 10]) -> Self {
                let mut bytes = [0u8; 16];
                bytes[..6].copy_from_slice(&(millis as u64).to_be_bytes()[2..]);
                bytes[6..].copy_from_slice(&random);
                Self(bytes)
            }

            /// Wraps the 16 bytes of a stored identifier.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, in the order in which identifiers are compared and stored.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The time part in milliseconds since 1970.
            pub fn millis(&self) -> i64 {
                let mut bytes = [0u8; 8];
                bytes[2..].copy_from_slice(&self.0[..6]);
                i64::from_be_bytes(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = u128::from_be_bytes(self.0);
                for symbol_idx in (0..26).rev() {
                    let symbol = ALPHABET[((value >> (symbol_idx * 5)) & 31) as usize];
                    write!(f, "{}", symbol as char)?;
                }
                Ok(())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                if text.len() != 26 {
                    return Err(ParseIdError);
                }
                let mut value: u128 = 0;
                for (symbol_idx, symbol) in text.bytes().enumerate() {
                    let digit = ALPHABET
                        .iter()
                        .position(|known| *known == symbol.to_ascii_uppercase())
                        .ok_or(ParseIdError)?;
                    if symbol_idx == 0 && digit > 7 {
                        return Err(ParseIdError);
                    }
                    value = (value << 5) | digit as u128;
                }
                Ok(Self(value.to_be_bytes()))
            }
        }
    };
}

id! {
    /// Names an entry, a reply or an opening: all three are stored alike and share one space of ids.
    EntryId
}
id! {
    /// Names a trace.
    TraceId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_keeps_order() {
        let early = EntryId::from_parts(1_000, [0xff; 10]);
        let late = EntryId::from_parts(1_001, [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse::<EntryId>(), Ok(early));
        assert_eq!(late.to_string().to_lowercase().parse::<EntryId>(), Ok(late));
        assert_eq!(early.millis(), 1_000);
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "0", "80000000000000000000000000", "0000000000000000000000000U", "ééééééééééééé"]
        {
            assert_eq!(text.parse::<EntryId>(), Err(ParseIdError), "{text:?}");
        }
    }
}
