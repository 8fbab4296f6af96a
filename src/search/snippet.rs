//! The lines shown beneath a result.

use std::ops::Range;

/// Length aimed at, in characters.
const WINDOW: usize = 200;
/// Words before the first mark, in characters, at most.
const LEAD: usize = 70;
/// How far a cut may move to stand between words, in characters.
const SLACK: usize = 24;

/// A stretch of a snippet.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// Plain text on one line.
    pub text: String,
    /// Whether it is what was looked for.
    pub marked: bool,
}

/// Cuts about 200 characters out of a plain text around the densest marks, at words, with an ellipsis at each cut.
///
/// `spans` are the places to mark ([`crate::search::lexical::Matcher::spans`]); without any, the snippet begins where
/// `fallback` does (the chunk nearest in meaning). White space becomes single spaces. Ranges that do not fit the text
/// are left out; never fails.
pub fn snippet(text: &str, spans: &[Range<usize>], fallback: Option<Range<usize>>) -> Vec<Piece> {
    let spans: Vec<Range<usize>> = spans
        .iter()
        .filter(|span| !span.is_empty() && text.get((*span).clone()).is_some())
        .cloned()
        .collect();
    let window = match densest(text, &spans) {
        Some(target) => around(text, target),
        None => {
            let start = fallback.map_or(0, |range| range.start);
            let start = if text.is_char_boundary(start) { start } else { 0 };
            start..forward(text, start, WINDOW)
        }
    };
    let window = at_words(text, window);
    pieces(text, window, &spans)
}

/// First to last byte of the marks that fit into one window and are the most.
fn densest(text: &str, spans: &[Range<usize>]) -> Option<Range<usize>> {
    let mut best: Option<(usize, Range<usize>)> = None;
    for (first_idx, first) in spans.iter().enumerate() {
        let limit = forward(text, first.start, WINDOW - LEAD);
        let inside = spans[first_idx..].iter().take_while(|span| span.end <= limit.max(first.end));
        let weight: usize = inside.clone().map(|span| span.len()).sum();
        let end = inside.map(|span| span.end).max().unwrap_or(first.end);
        if best.as_ref().is_none_or(|(best_weight, _)| weight > *best_weight) {
            best = Some((weight, first.start..end));
        }
    }
    best.map(|(_, range)| range)
}

/// A window that holds the target, with some words before it.
fn around(text: &str, target: Range<usize>) -> Range<usize> {
    let n_target = text[target.clone()].chars().count().min(WINDOW);
    let lead = LEAD.min(WINDOW - n_target);
    let start = backward(text, target.start, lead);
    let end = forward(text, start, WINDOW);
    let missing = WINDOW - text[start..end].chars().count();
    backward(text, start, missing)..end
}

/// Moves the ends of a window inwards so that no word is cut, if there is a gap near.
fn at_words(text: &str, window: Range<usize>) -> Range<usize> {
    let mut start = window.start;
    if start > 0 && !text[..start].ends_with(char::is_whitespace) {
        let slack = forward(text, start, SLACK).min(window.end);
        if let Some(gap) = text[start..slack].find(char::is_whitespace) {
            start += gap;
        }
    }
    let mut end = window.end;
    if end < text.len() && !text[end..].starts_with(char::is_whitespace) {
        let slack = backward(text, end, SLACK).max(start);
        if let Some(gap) = text[slack..end].rfind(char::is_whitespace) {
            end = slack + gap;
        }
    }
    start..end
}

fn pieces(text: &str, window: Range<usize>, spans: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Pieces(Vec::new());
    if !text[..window.start].trim().is_empty() {
        pieces.push("\u{2026} ", false);
    }
    let mut at = window.start + leading_space(&text[window.clone()]);
    for span in spans {
        let (start, end) = (span.start.max(at), span.end.min(window.end));
        if start < end {
            pieces.push(&text[at..start], false);
            pieces.push(&text[start..end], true);
            at = end;
        }
    }
    let rest = text[at.min(window.end)..window.end].trim_end();
    pieces.push(rest, false);
    if !text[window.end..].trim().is_empty() {
        pieces.push(" \u{2026}", false);
    }
    pieces.0
}

struct Pieces(Vec<Piece>);

impl Pieces {
    /// Adds text with white space collapsed, also across pieces.
    fn push(&mut self, raw: &str, marked: bool) {
        if self.0.last().is_none_or(|last| last.marked != marked) {
            self.0.push(Piece { text: String::new(), marked });
        }
        let ends_in_space = |pieces: &[Piece]| {
            pieces
                .iter()
                .rev()
                .find_map(|piece| piece.text.chars().next_back())
                .is_none_or(|last| last == ' ')
        };
        for symbol in raw.chars() {
            let symbol = if symbol.is_whitespace() || symbol.is_control() { ' ' } else { symbol };
            if symbol != ' ' || !ends_in_space(&self.0) {
                let last = self.0.last_mut().expect("a piece was pushed above");
                last.text.push(symbol);
            }
        }
        if self.0.last().is_some_and(|last| last.text.is_empty()) {
            self.0.pop();
        }
    }
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The byte `n_chars` characters after `start`, or the end.
fn forward(text: &str, start: usize, n_chars: usize) -> usize {
    text[start..].char_indices().nth(n_chars).map_or(text.len(), |(idx, _)| start + idx)
}

/// The byte `n_chars` characters before `start`, or the beginning.
fn backward(text: &str, start: usize, n_chars: usize) -> usize {
    match n_chars.checked_sub(1) {
        Some(nth) => text[..start].char_indices().rev().nth(nth).map_or(0, |(idx, _)| idx),
        None => start,
    }
}

#[cfg(test)]
mod tests;
