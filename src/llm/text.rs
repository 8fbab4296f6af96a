//! Small pure helpers for streamed text.

/// Puts characters together again that a model gives out in pieces of bytes.
#[derive(Debug, Default)]
pub struct Utf8Pieces {
    held: Vec<u8>,
}

impl Utf8Pieces {
    /// Takes the bytes of one token; gives all characters that are whole now. Bytes that cannot belong to any
    /// character become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.held.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    rest = &[];
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(good));
                    let Some(len) = error.error_len() else {
                        rest = bad;
                        break;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &bad[len..];
                }
            }
        }
        self.held = rest.to_vec();
        text
    }

    /// What is left at the end: nothing, or U+FFFD for a character that never became whole.
    pub fn finish(self) -> Option<char> {
        (!self.held.is_empty()).then_some(char::REPLACEMENT_CHARACTER)
    }
}

/// Longest unit that [`repeats_itself`] looks for, in bytes.
const LONGEST_UNIT: usize = 400;
/// Fewest bytes that three repeats have to fill; below it, repeats are style ("ha ha ha", "...").
const SHORTEST_RUN: usize = 60;
/// As many bytes of the end of a text as [`repeats_itself`] can look at.
pub const REPEAT_WINDOW: usize = 3 * LONGEST_UNIT;

/// Whether the end of a text says the same thing three times in a row, as small models do when they are stuck.
///
/// The unit may be 1 to 400 bytes long, and the run of equal units has to fill at least 60 bytes.
pub fn repeats_itself(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=LONGEST_UNIT).any(|unit| {
        let units = 3.max(SHORTEST_RUN.div_ceil(unit));
        let Some(start) = bytes.len().checked_sub(units * unit) else { return false };
        let run = &bytes[start..];
        // A run repeats with period `unit` when it equals itself shifted by one unit.
        run[unit..] == run[..run.len() - unit]
    })
}

/// Cuts a text after the first character of every place where one of `words` stands.
pub fn cut_within<'a>(text: &'a str, words: &[String]) -> Vec<&'a str> {
    let mut cuts = Vec::new();
    for word in words {
        let first = word.chars().next().map_or(0, char::len_utf8);
        cuts.extend(text.match_indices(word.as_str()).map(|(start, _)| start + first));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([text.len()]) {
        if cut > start {
            pieces.push(&text[start..cut]);
            start = cut;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_cut_of_a_text_comes_out_whole(text in "\\PC{0,40}", cuts in proptest::collection::vec(1_usize..4, 0..80)) {
            let mut pieces = Utf8Pieces::default();
            let mut out = String::new();
            let mut rest = text.as_bytes();
            for cut in cuts.into_iter().chain(std::iter::repeat(5)) {
                if rest.is_empty() {
                    break;
                }
                let (first, later) = rest.split_at(cut.min(rest.len()));
                out.push_str(&pieces.push(first));
                rest = later;
            }
            prop_assert_eq!(out, text);
            prop_assert_eq!(pieces.finish(), None);
        }

        #[test]
        fn any_bytes_come_out_as_lossy_text(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut pieces = Utf8Pieces::default();
            let mut out: String = bytes.iter().map(|byte| pieces.push(&[*byte])).collect();
            out.extend(pieces.finish());
            prop_assert_eq!(out, String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn texts_are_cut_inside_the_given_words_and_lose_nothing() {
        let words = ["<think>".to_owned(), "<t>".to_owned()];
        assert_eq!(cut_within("a <think><t> b", &words), ["a <", "think><", "t> b"]);
        assert_eq!(cut_within("", &words), Vec::<&str>::new());
        assert_eq!(cut_within("plain", &words), ["plain"]);
    }

    #[test]
    fn a_text_stuck_in_a_loop_is_noticed() {
        let sentence = "It sounds like a good day to rest. ";
        assert!(repeats_itself(&format!("You wrote about rest. {}", sentence.repeat(3))));
        assert!(!repeats_itself(&format!("You wrote about rest. {}", sentence.repeat(2))));
        assert!(repeats_itself(&"so ".repeat(30)));
    }

    #[test]
    fn style_is_no_loop() {
        for text in
            ["", "ha ha ha", "Well... no!!!", "---\n- one\n- two\n- three", "and on and on and on it went"]
        {
            assert!(!repeats_itself(text), "{text:?}");
        }
    }
}
