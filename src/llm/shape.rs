//! Shapes of answers: what a model may write where free text is of no use, as a grammar and as a reader of the same.
//!
//! A shape is lines: labels, or sentences. The generator inside this program is bound by [`Shape::grammar`], so another
//! shape cannot be written there; other generators are asked for lines. Whatever came is read by [`Shape::parse`], which
//! leaves out every line that has not the shape, so damaged text is never shown. Both are made from the same tables.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// What an answer has to look like: one to `most` lines of at most `chars` characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Labels: words with single spaces, hyphens or apostrophes between them.
    Labels {
        /// Most labels.
        most: u8,
        /// Most characters of one.
        chars: u16,
    },
    /// Sentences, each with a mark at its end, without any markup.
    Sentences {
        /// Most sentences.
        most: u8,
        /// Most characters of one.
        chars: u16,
    },
}

type Ranges = &'static [(u32, u32)];

/// In no line: controls, marks that turn the direction of writing, what has no meaning of its own.
const NEVER: Ranges = &[
    (0x00, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x61c, 0x61c),
    (0x200b, 0x200b),
    (0x200e, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0xe000, 0xf8ff),
    (0xfeff, 0xfeff),
    (0xfff0, 0xffff),
    (0xe_0000, 0x10_ffff),
];
/// White space but for the usual one.
const SPACES: Ranges =
    &[(0xa0, 0xa0), (0x1680, 0x1680), (0x2000, 0x200a), (0x202f, 0x202f), (0x205f, 0x205f), (0x3000, 0x3000)];
/// Signs of Markdown, HTML and templates: ``# * < > [ \ ] _ ` { | } ~``, and what lists begin with.
const MARKUP: Ranges = &[
    (0x23, 0x23),
    (0x2a, 0x2a),
    (0x3c, 0x3c),
    (0x3e, 0x3e),
    (0x5b, 0x5d),
    (0x5f, 0x60),
    (0x7b, 0x7e),
    (0x2022, 0x2022),
];
/// No sentence begins with one of these signs.
const NO_BEGINNING: Ranges =
    &[(0x20, 0x21), (0x24, 0x26), (0x29, 0x29), (0x2b, 0x2f), (0x3a, 0x3b), (0x3d, 0x40), (0x5e, 0x5e)];
/// Signs that are in no label, but for those in [`BETWEEN`].
const SIGNS: Ranges = &[
    (0x21, 0x26),
    (0x28, 0x2c),
    (0x2e, 0x2f),
    (0x3a, 0x40),
    (0x5b, 0x60),
    (0x7b, 0x7e),
    (0xa1, 0xa9),
    (0xab, 0xb4),
    (0xb6, 0xb9),
    (0xbb, 0xbf),
    (0x2010, 0x2018),
    (0x201a, 0x2027),
    (0x2030, 0x205e),
    (0x3001, 0x3003),
    (0x3008, 0x3020),
    (0xff01, 0xff0f),
    (0xff1a, 0xff20),
    (0xff3b, 0xff40),
    (0xff5b, 0xff65),
];
/// Between the words of a label: space, apostrophe, hyphen.
const BETWEEN: Ranges = &[(0x20, 0x20), (0x27, 0x27), (0x2d, 0x2d), (0x2019, 0x2019)];
/// The marks that end a sentence, in many scripts.
const ENDS: Ranges = &[
    (0x21, 0x21),
    (0x2e, 0x2e),
    (0x3f, 0x3f),
    (0x2026, 0x2026),
    (0x3002, 0x3002),
    (0xff01, 0xff01),
    (0xff1f, 0xff1f),
    (0x964, 0x964),
    (0x6d4, 0x6d4),
    (0x61f, 0x61f),
];

/// Characters that a place of a line may hold.
#[derive(Clone, Copy)]
enum Class {
    Among(Ranges),
    /// All but those of the tables.
    AllBut(&'static [Ranges]),
}

const LABEL_FIRST: Class = Class::AllBut(&[NEVER, SPACES, SIGNS, BETWEEN]);
const LABEL_NEXT: Class = Class::AllBut(&[NEVER, SPACES, SIGNS]);
const SENTENCE_FIRST: Class = Class::AllBut(&[NEVER, SPACES, MARKUP, NO_BEGINNING]);
const SENTENCE_NEXT: Class = Class::AllBut(&[NEVER, MARKUP]);
const SENTENCE_END: Class = Class::Among(ENDS);

fn is_in(ranges: Ranges, symbol: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&(symbol as u32)))
}

impl Class {
    fn holds(self, symbol: char) -> bool {
        match self {
            Self::Among(ranges) => is_in(ranges, symbol),
            Self::AllBut(tables) => !tables.iter().any(|ranges| is_in(ranges, symbol)),
        }
    }

    /// As a class of llama.cpp's notation.
    fn notation(self) -> String {
        let (mut out, tables) = match self {
            Self::Among(ranges) => ("[".to_owned(), vec![ranges]),
            Self::AllBut(tables) => ("[^".to_owned(), tables.to_vec()),
        };
        for (first, last) in tables.into_iter().flatten() {
            let _ = write!(out, "\\U{first:08X}");
            if last > first {
                let _ = write!(out, "-\\U{last:08X}");
            }
        }
        out.push(']');
        out
    }
}

impl Shape {
    /// Most lines, and most characters of one.
    const fn limits(self) -> (usize, usize) {
        let (Self::Labels { most, chars } | Self::Sentences { most, chars }) = self;
        // Both at least what a line needs.
        let (most, chars) = (if most < 1 { 1 } else { most }, if chars < 3 { 3 } else { chars });
        (most as usize, chars as usize)
    }

    /// The most tokens worth writing: two characters each, which also leaves room in scripts with long encodings.
    pub const fn max_tokens(self) -> u32 {
        let (most, chars) = self.limits();
        (most * (chars / 2 + 2)) as u32
    }

    /// The shape in llama.cpp's notation of grammars; its rule is `root`.
    pub fn grammar(self) -> String {
        let (most, chars) = self.limits();
        let lines = if most > 1 { format!(" (\"\\n\" line){{0,{}}}", most - 1) } else { String::new() };
        let line = match self {
            Self::Labels { .. } => {
                let (first, next) = (LABEL_FIRST.notation(), LABEL_NEXT.notation());
                format!("line ::= first next{{0,{}}}\nfirst ::= {first}\nnext ::= {next}\n", chars - 1)
            }
            Self::Sentences { .. } => {
                let classes = [SENTENCE_FIRST, SENTENCE_NEXT, SENTENCE_END].map(Class::notation);
                let [first, next, end] = &classes;
                format!(
                    "line ::= first next{{0,{}}} end\nfirst ::= {first}\nnext ::= {next}\nend ::= {end}\n",
                    chars - 2
                )
            }
        };
        format!("root ::= line{lines}\n{line}")
    }

    /// The lines of an answer that have the shape. `is_whole` tells whether the model came to its end by itself: of an
    /// answer that was cut, a last label may be half a word, and is left out.
    ///
    /// Lines may begin with a dash, as models without a grammar like to write. A label as long as a label may be, and a
    /// sentence as long as a sentence may be, were cut by the grammar and are left out too. Labels come with single
    /// spaces and none twice.
    pub fn parse(self, said: &str, is_whole: bool) -> Vec<String> {
        let (most, chars) = self.limits();
        let mut lines: Vec<&str> = said.split('\n').collect();
        if !is_whole && matches!(self, Self::Labels { .. }) {
            lines.pop();
        }
        let mut out: Vec<String> = Vec::new();
        for line in lines {
            let line = line.trim_matches([' ', '\r']);
            let line = line.strip_prefix("- ").unwrap_or(line).trim_start_matches(' ');
            let fits = line.chars().count() < chars;
            let read = match self {
                Self::Labels { .. } => label(line),
                Self::Sentences { .. } => sentence(line),
            };
            let Some(read) = read.filter(|_| fits) else { continue };
            let is_new = !out.iter().any(|other| other.to_lowercase() == read.to_lowercase());
            if is_new && out.len() < most {
                out.push(read);
            }
        }
        out
    }
}

fn label(line: &str) -> Option<String> {
    let mut symbols = line.chars();
    let has_shape = symbols.next().is_some_and(|first| LABEL_FIRST.holds(first))
        && symbols.all(|next| LABEL_NEXT.holds(next));
    let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches(['\'', '-', '\u{2019}'])).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    has_shape.then(|| words.join(" "))
}

fn sentence(line: &str) -> Option<String> {
    let first = line.chars().next()?;
    let last = line.chars().next_back()?;
    let has_shape = line.chars().nth(1).is_some()
        && SENTENCE_FIRST.holds(first)
        && SENTENCE_END.holds(last)
        && line.chars().all(|next| SENTENCE_NEXT.holds(next));
    has_shape.then(|| line.to_owned())
}
