//! What changed between two texts, word by word, for people to read.

use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::web::markdown::visible;

/// Comparing two texts that have nothing in common ends here; what is not compared by then counts as replaced.
const LIMIT: Duration = Duration::from_millis(40);
/// Below this likeness (0 to 1) word by word is noise: the texts are shown one after the other.
const LIKE: f32 = 0.3;
/// A stretch that stayed the same is shortened when it is longer than this, in characters.
const LONG: usize = 320;
/// What is kept of it beside a change.
const AROUND: usize = 120;

/// A stretch of a comparison.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// What became of it.
    pub kind: Kind,
    /// The stretch, plain; empty for [`Kind::Skipped`].
    pub text: String,
}

/// What became of a stretch.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It stands in both texts.
    Same,
    /// It stands only in the newer text.
    Added,
    /// It stands only in the older text.
    Removed,
    /// A longer stretch of both that is not shown.
    Skipped,
}

/// Compares two texts, for showing: long stretches that stayed are shortened, and several lines that were replaced
/// stand above the lines that replace them; characters that hide are drawn ([`visible`]).
pub fn changes(old: &str, new: &str) -> Vec<Piece> {
    apart(shorten(compare(old, new)))
}

/// Puts an empty line between lines that were removed and what stands in their place.
fn apart(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut shown: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let is_after_lines = shown
            .last()
            .is_some_and(|last| last.kind == Kind::Removed && last.text.trim_end().contains('\n'));
        if piece.kind == Kind::Added && is_after_lines {
            shown.push(Piece { kind: Kind::Same, text: "\n\n".to_owned() });
        }
        shown.push(Piece { text: visible(&piece.text).into_owned(), ..piece });
    }
    shown
}

/// The stretches that are not [`Kind::Added`] make up `old`, those that are not [`Kind::Removed`] make up `new`.
fn compare(old: &str, new: &str) -> Vec<Piece> {
    let diff = TextDiff::configure().timeout(LIMIT).diff_words(old, new);
    let mut pieces = Pieces::default();
    if old != new && diff.ratio() < LIKE {
        pieces.removed.push_str(old);
        pieces.added.push_str(new);
        return pieces.end();
    }
    // Stretches first, so that a space between two changed words can be told from text that stayed.
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    let last_idx = runs.len().saturating_sub(1);
    for (run_idx, (tag, text)) in runs.into_iter().enumerate() {
        match tag {
            ChangeTag::Delete => pieces.removed.push_str(&text),
            ChangeTag::Insert => pieces.added.push_str(&text),
            ChangeTag::Equal => {
                let is_gap = text.chars().all(|c| c == ' ') && run_idx != last_idx;
                if is_gap && !pieces.removed.is_empty() && !pieces.added.is_empty() {
                    pieces.removed.push_str(&text);
                    pieces.added.push_str(&text);
                } else {
                    pieces.flush();
                    pieces.all.push(Piece { kind: Kind::Same, text });
                }
            }
        }
    }
    pieces.end()
}

#[derive(Default)]
struct Pieces {
    all: Vec<Piece>,
    removed: String,
    added: String,
}

impl Pieces {
    fn flush(&mut self) {
        for (kind, text) in [
            (Kind::Removed, std::mem::take(&mut self.removed)),
            (Kind::Added, std::mem::take(&mut self.added)),
        ] {
            if !text.is_empty() {
                self.all.push(Piece { kind, text });
            }
        }
    }

    fn end(mut self) -> Vec<Piece> {
        self.flush();
        self.all
    }
}

/// Leaves out the middle of long stretches that stayed the same.
fn shorten(pieces: Vec<Piece>) -> Vec<Piece> {
    let last_idx = pieces.len().saturating_sub(1);
    let mut shown = Vec::new();
    for (piece_idx, piece) in pieces.into_iter().enumerate() {
        if piece.kind != Kind::Same || piece.text.chars().count() <= LONG {
            shown.push(piece);
            continue;
        }
        let same = |text: &str| Piece { kind: Kind::Same, text: text.to_owned() };
        if piece_idx > 0 {
            shown.push(same(&piece.text[..at_char(&piece.text, AROUND)]));
        }
        shown.push(Piece { kind: Kind::Skipped, text: String::new() });
        if piece_idx < last_idx {
            let n_chars = piece.text.chars().count();
            shown.push(same(&piece.text[at_char(&piece.text, n_chars - AROUND)..]));
        }
    }
    shown
}

fn at_char(text: &str, n_chars: usize) -> usize {
    text.char_indices().nth(n_chars).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(old: &str, new: &str) -> String {
        let piece = |piece: &Piece| match piece.kind {
            Kind::Same => piece.text.clone(),
            Kind::Added => format!("[+{}]", piece.text),
            Kind::Removed => format!("[-{}]", piece.text),
            Kind::Skipped => "[...]".to_owned(),
        };
        changes(old, new).iter().map(piece).collect()
    }

    #[test]
    fn words_that_changed_stand_side_by_side() {
        assert_eq!(
            drawn("We swam in the cold lake at noon.", "We swam in the icy river at noon."),
            "We swam in the [-cold lake][+icy river] at noon."
        );
        assert_eq!(drawn("Snow on the bridge.", "Snow on the old bridge."), "Snow on the [+old ]bridge.");
        assert_eq!(drawn("same", "same"), "same");
        assert_eq!(drawn("", "new"), "[+new]");
    }

    #[test]
    fn texts_with_little_in_common_stand_one_after_the_other() {
        assert_eq!(
            drawn("a tram was late", "nobody in this hurry at all"),
            "[-a tram was late][+nobody in this hurry at all]"
        );
    }

    #[test]
    fn lines_that_were_replaced_stand_above_those_that_replace_them() {
        assert_eq!(drawn("one\ntwo", "x y z"), "[-one\ntwo]\n\n[+x y z]");
    }

    #[test]
    fn what_hides_is_drawn() {
        assert_eq!(drawn("to pay: 10", "to pay: \u{202e}01"), "to pay: [-10][+\u{27ea}RLO\u{27eb}01]");
    }

    #[test]
    fn what_stayed_is_shortened_and_what_changed_is_not() {
        let (before, after) = ("first words ".repeat(60), "last words ".repeat(60));
        let drawn = drawn(&format!("{before}old {after}"), &format!("{before}new {after}"));
        assert!(drawn.starts_with("[...]") && drawn.ends_with("[...]"), "{drawn}");
        assert!(drawn.contains("[-old][+new]") && drawn.chars().count() < 300, "{drawn}");
    }

    #[test]
    fn two_long_texts_of_nothing_but_different_words_end_in_time() {
        let text = |seed: u32| {
            (0..3_000u32).map(|n| format!("{} ", n.wrapping_mul(seed) % 9_973)).collect::<String>()
        };
        let begun = std::time::Instant::now();
        assert!(!changes(&text(7_919), &text(104_729)).is_empty());
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_out_of_a_comparison(old in "\\PC{0,60}|[ab \n]{0,40}", new in "\\PC{0,60}|[ab \n]{0,40}") {
            let pieces = compare(&old, &new);
            let side = |other: Kind| -> String {
                pieces.iter().filter(|piece| piece.kind != other).map(|piece| piece.text.as_str()).collect()
            };
            prop_assert_eq!(side(Kind::Added), old);
            prop_assert_eq!(side(Kind::Removed), new);
        }
    }
}
