//! Cutting a plain text into the pieces that are embedded.

use std::ops::Range;

/// A piece of a plain text, as byte offsets on character boundaries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Chunk {
    /// The piece itself.
    ///
    /// # Panics
    /// When `text` is not the text the chunk was cut from.
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    /// As a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Longest chunk, in cost units (one for a Latin character, two for others): pieces of about 400 characters beat 1,200
/// clearly on diary text, and 400 units stay below the embedder's 256 tokens also in scripts where each character is
/// a token.
const LONGEST: usize = 400;
/// A chunk this long ends early where a block ends.
const FULL_ENOUGH: usize = 200;
/// A last chunk shorter than this joins the one before.
const TOO_SHORT: usize = 60;
/// The last sentence of a chunk is repeated in the next one when it is not longer than this.
const OVERLAP: usize = 80;

/// Cuts a plain text into overlapping chunks that respect sentences and blocks.
///
/// Every character that is not white space lies in at least one chunk; chunks are in order, never empty, never nested;
/// a text without words gives none. Never fails, whatever the script.
///
/// ```
/// let text = "We met at the pier. It was cold.";
/// let chunks = llamora::search::chunk::chunks(text);
/// assert_eq!(chunks[0].of(text), text);
/// ```
pub fn chunks(text: &str) -> Vec<Chunk> {
    let units = units(text);
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut first = 0; // first unit of the open chunk
    let mut next = 0; // first unit not yet in any chunk
    while next < units.len() {
        let mut cost: usize = units[first..next].iter().map(|unit| unit.cost).sum();
        let mut end = next;
        while end < units.len() {
            let unit = &units[end];
            let fits = cost + unit.cost <= LONGEST;
            let natural_end = unit.starts_block && cost >= FULL_ENOUGH;
            if end > next && (!fits || natural_end) {
                break;
            }
            cost += unit.cost;
            end += 1;
        }
        let rest: usize = units[end..].iter().map(|unit| unit.cost).take(TOO_SHORT).sum();
        if rest < TOO_SHORT {
            end = units.len();
        }
        chunks.push(Chunk { start: units[first].start, end: units[end - 1].end });
        next = end;
        first = if end - first > 1 && units[end - 1].cost <= OVERLAP { end - 1 } else { end };
    }
    chunks
}

/// The sentences of a plain text, without surrounding white space, in order; what is longer than a chunk may be comes in
/// parts. Never fails.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    units(text).into_iter().map(|unit| unit.start..unit.end).collect()
}

/// A sentence, or a part of one that is too long, without surrounding white space.
struct Unit {
    start: usize,
    end: usize,
    cost: usize,
    starts_block: bool,
}

fn units(text: &str) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut block_start = 0;
    for line in text.split_inclusive('\n') {
        let mut starts_block = true;
        let mut sentence_start = block_start;
        for sentence_end in sentence_ends(line).map(|end| block_start + end) {
            push_sentence(text, sentence_start..sentence_end, starts_block, &mut units);
            sentence_start = sentence_end;
            starts_block = false;
        }
        block_start += line.len();
    }
    units
}

/// Ends of sentences in one line, the end of the line included, in ascending order.
fn sentence_ends(line: &str) -> impl Iterator<Item = usize> + '_ {
    let mut chars = line.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((idx, symbol)) = chars.next() {
            let after = idx + symbol.len_utf8();
            let Some(&(_, following)) = chars.peek() else { return Some(after) };
            let ends = match symbol {
                '.' | '!' | '?' | '\u{2026}' | '\u{06d4}' | '\u{061f}' | '\u{0964}' => {
                    following.is_whitespace()
                }
                '"' | ')' | '\u{201d}' | '\u{2019}' => {
                    following.is_whitespace() && line[..idx].ends_with(['.', '!', '?', '\u{2026}'])
                }
                '\u{3002}' | '\u{ff01}' | '\u{ff1f}' => {
                    !matches!(following, '\u{300d}' | '\u{300f}' | '\u{ff09}')
                }
                _ => false,
            };
            if ends {
                return Some(after);
            }
        }
        None
    })
}

/// Adds a sentence, cut at white space (or anywhere, if there is none) when it is longer than a chunk may be.
fn push_sentence(text: &str, range: Range<usize>, starts_block: bool, units: &mut Vec<Unit>) {
    let sentence = &text[range.clone()];
    let trimmed = sentence.trim();
    if trimmed.is_empty() {
        return;
    }
    let mut start = range.start + (sentence.len() - sentence.trim_start().len());
    let end = start + trimmed.len();
    let mut starts_block = starts_block;
    while start < end {
        let mut cost = 0;
        let mut cut = end;
        let mut last_space = None;
        for (idx, symbol) in text[start..end].char_indices() {
            cost += cost_of(symbol);
            if cost > LONGEST {
                cut = last_space.filter(|space| *space > start).unwrap_or(start + idx);
                break;
            }
            if symbol.is_whitespace() {
                last_space = Some(start + idx);
            }
        }
        let piece = text[start..cut].trim_end();
        if !piece.is_empty() {
            let cost = piece.chars().map(cost_of).sum();
            units.push(Unit { start, end: start + piece.len(), cost, starts_block });
            starts_block = false;
        }
        start = cut + (text[cut..end].len() - text[cut..end].trim_start().len());
    }
}

/// One for Latin letters and signs; two for scripts of which the embedder's vocabulary knows single characters only.
const fn cost_of(symbol: char) -> usize {
    if (symbol as u32) < 0x0250 || matches!(symbol as u32, 0x2000..=0x206f) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(text: &str) -> usize {
        text.chars().map(cost_of).sum()
    }

    #[test]
    fn a_short_text_is_one_chunk_and_a_blank_one_none() {
        assert_eq!(chunks(" Hello there. \n"), vec![Chunk { start: 1, end: 13 }]);
        assert!(chunks(" \n\t\n ").is_empty());
    }

    #[test]
    fn chunks_end_at_sentences_and_share_the_last_short_one() {
        let text = (0..30).map(|n| format!("This is sentence number {n}.")).collect::<Vec<_>>().join(" ");
        let chunks = chunks(&text);
        assert!(chunks.len() >= 2);
        for pair in chunks.windows(2) {
            assert!(pair[0].of(&text).ends_with('.'));
            assert!(pair[1].start < pair[0].end, "neighbours overlap");
            assert_eq!(text[pair[1].start..pair[0].end].matches('.').count(), 1, "by one sentence");
        }
    }

    #[test]
    fn a_long_enough_chunk_ends_where_a_block_ends() {
        let paragraph = "word ".repeat(50);
        let text = format!("{}\n\n{}", paragraph.trim(), paragraph.trim());
        let chunks = chunks(&text);
        assert_eq!(chunks.len(), 2);
        assert_eq!(chunks[0].of(&text), paragraph.trim());
        assert_eq!(chunks[1].of(&text), paragraph.trim());
    }

    #[test]
    fn text_without_spaces_is_cut_too() {
        for symbol in ["a", "日", "🎉", "ж"] {
            let text = symbol.repeat(3_000);
            let chunks = chunks(&text);
            assert!(chunks.len() >= 7, "{symbol}");
            assert!(chunks.iter().all(|chunk| cost(chunk.of(&text)) <= LONGEST + TOO_SHORT));
        }
    }

    proptest! {
        #[test]
        fn chunks_cover_every_character_and_stay_small(
            text in proptest::collection::vec(prop_oneof![
                3 => "[a-zA-Z ,.!?\n]{0,120}", 1 => any::<String>(), 1 => "[日本語。！ ]{0,200}",
            ], 0..12).prop_map(|parts| parts.join(" "))
        ) {
            let chunks = chunks(&text);
            let mut covered = vec![false; text.len()];
            for chunk in &chunks {
                prop_assert!(!chunk.of(&text).trim().is_empty());
                prop_assert!(cost(chunk.of(&text)) <= LONGEST + OVERLAP + TOO_SHORT + 400);
                covered[chunk.range()].fill(true);
            }
            for (idx, symbol) in text.char_indices() {
                prop_assert!(symbol.is_whitespace() || covered[idx], "{:?} at {}", symbol, idx);
            }
            for pair in chunks.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[0].end < pair[1].end);
            }
        }
    }
}
