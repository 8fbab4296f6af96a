//! Tickets: random codes that let somebody make one journal. Whoever gives one out keeps only its hash.

use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::crypto::{
    CROCKFORD,
    hash::sha256_of,
    secret::{fill_random, is_separator, symbol},
};

const SYMBOLS: usize = 28;

/// A ticket: 28 symbols of five random bits, 140 bits.
pub struct Ticket(Zeroizing<[u8; SYMBOLS]>);

/// What is kept of a ticket. It does not lead back to it.
#[derive(Clone, Copy, Debug)]
pub struct TicketHash(pub [u8; 32]);

impl Ticket {
    /// Draws a ticket.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        fill_random(symbols.as_mut_slice());
        for symbol in symbols.iter_mut() {
            *symbol = CROCKFORD[usize::from(*symbol & 31)];
        }
        Self(symbols)
    }

    /// Reads a ticket as people type it: any case, spaces and dashes anywhere, O for 0, I and L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        let mut n_symbols = 0;
        for typed in text.nfkc().filter(|typed| !is_separator(*typed)) {
            *symbols.get_mut(n_symbols)? = symbol(typed).ok()?;
            n_symbols += 1;
        }
        (n_symbols == SYMBOLS).then_some(Self(symbols))
    }

    /// The text to show: seven groups of four symbols joined by `-`.
    pub fn display(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + 6));
        for (symbol_idx, symbol) in self.0.iter().enumerate() {
            if symbol_idx > 0 && symbol_idx % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*symbol));
        }
        text
    }

    /// What is kept of it.
    pub fn hash(&self) -> TicketHash {
        TicketHash(sha256_of(&[b"llamora/ticket", self.0.as_slice()]))
    }
}

impl PartialEq for TicketHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TicketHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_reads_back_as_people_type_it() {
        let ticket = Ticket::random();
        let shown = ticket.display();
        assert_eq!(shown.len(), SYMBOLS + 6);
        for typed in [shown.to_string(), shown.to_lowercase(), shown.replace('-', " ")] {
            assert!(Ticket::parse(&typed).is_some_and(|read| read.hash() == ticket.hash()), "{typed}");
        }
        assert!(Ticket::random().hash() != ticket.hash());
        for typed in ["", "7KQD", &shown[1..], &format!("{}A", *shown), &"!".repeat(SYMBOLS)] {
            assert!(Ticket::parse(typed).is_none(), "{typed}");
        }
    }
}
