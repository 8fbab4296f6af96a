//! Passphrases drawn by the program: words from a published list, nothing about a person in them.
//!
//! The list is the EFF large word list, 7,776 words (`assets/words/NOTICE.txt`). Five words are 7776^5 = 2^64.6
//! possibilities, all equally likely, so their strength is known and does not have to be judged.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::{
    random,
    services::{Services, strength::Cost},
};

/// Words in a passphrase.
pub const WORDS: usize = 5;

static LIST: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../../assets/words/eff-large.txt").lines().collect());

/// A passphrase, shown once and kept nowhere.
pub struct Passphrase {
    /// The words, with spaces between them.
    pub text: Zeroizing<String>,
    /// How strong it is, in one sentence.
    pub note: String,
}

impl Services {
    /// Draws a passphrase.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn passphrase(&self) -> Passphrase {
        Passphrase { text: draw(), note: note(self.cost()) }
    }
}

fn draw() -> Zeroizing<String> {
    let longest = LIST.iter().map(|word| word.len()).max().unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(WORDS * (longest + 1)));
    for word_idx in 0..WORDS {
        if word_idx > 0 {
            text.push(' ');
        }
        text.push_str(LIST[below(LIST.len())]);
    }
    text
}

/// A random number below `end`, all equally likely: numbers from the uneven rest at the top are drawn again.
fn below(end: usize) -> usize {
    let range = usize::from(u16::MAX) + 1;
    let even = range - range % end;
    loop {
        let number = usize::from(u16::from_le_bytes(random::array()));
        if number < even {
            return number % end;
        }
    }
}

/// Half of all possibilities have to be tried on average.
fn note(cost: Cost) -> String {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bits = (LIST.len() as f64).log2() * 5.0;
    format!(
        "Five words drawn at random, {bits:.1} bits: one graphics card would need {} on average.",
        cost.time_for((bits - 1.0).exp2())
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::services::strength::{Strength, Verdict};

    const COST: Cost = Cost { log2n: 17, p: 1 };

    #[test]
    fn the_list_is_whole_and_can_be_typed() {
        let words: HashSet<&str> = LIST.iter().copied().collect();
        assert_eq!((words.len(), LIST.len()), (7776, 7776));
        for word in words {
            assert!(word.len() >= 3, "{word}");
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{word}");
        }
        assert_eq!(
            note(COST),
            "Five words drawn at random, 64.6 bits: one graphics card would need about 79 million years on average."
        );
    }

    #[test]
    fn passphrases_differ_and_are_strong() {
        let drawn: HashSet<String> = (0..200).map(|_| draw().to_string()).collect();
        assert_eq!(drawn.len(), 200);
        for phrase in drawn.iter().take(20) {
            assert_eq!(phrase.split(' ').count(), WORDS);
            assert_eq!(Strength::of(phrase, "Mira", COST).verdict, Verdict::Strong, "{phrase}");
        }
    }

    #[test]
    fn every_number_is_as_likely_as_the_next() {
        let mut counts: HashMap<usize, u32> = HashMap::new();
        for _ in 0..60_000 {
            *counts.entry(below(6)).or_default() += 1;
        }
        // Ten standard deviations: it fails by chance once in 10^22 runs.
        assert!((0..6).all(|side| counts.get(&side).is_some_and(|count| count.abs_diff(10_000) < 913)));
    }
}
