//! What of a model's words reaches the page: no thoughts, and nothing twice. Pure.
//!
//! Text comes in pieces and goes out a little later, because the beginning of a repetition looks like any other words:
//! words that were said before in the same order are held back until they go on differently. A model that repeats
//! itself is cut there, so the repetition is neither shown nor stored.

/// So much said again in a row is a repetition: eight words, or sixteen characters of a script without spaces.
const ENOUGH: usize = 16;
const WORD: usize = 2;
const SYMBOL: usize = 1;
/// A word without an end is taken to end after so many bytes.
const LONGEST_WORD: usize = 60;
/// Marks around thoughts, which stand before the answer.
const THOUGHTS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

/// Passes a model's words on, as the module says.
#[derive(Default)]
pub struct Visible {
    thoughts: Thoughts,
    /// Text that is not yet known to be a whole word.
    open: String,
    /// Everything that came, in units.
    units: Vec<Unit>,
    /// For each unit, how many weights in a row up to it equal those up to the last unit.
    runs: Vec<usize>,
    /// Units that were passed on.
    n_out: usize,
    has_repeated: bool,
}

struct Unit {
    /// As it came, white space after it included.
    text: String,
    /// What it is compared by.
    key: String,
    weight: usize,
}

impl Visible {
    /// Takes a piece; gives what can be shown now, which may be nothing.
    pub fn push(&mut self, piece: &str) -> String {
        if self.has_repeated {
            return String::new();
        }
        let said = self.thoughts.push(piece);
        self.open.push_str(&said);
        while let Some(end) = unit_end(&self.open) {
            let rest = self.open.split_off(end);
            let text = std::mem::replace(&mut self.open, rest);
            self.take(text);
            if self.has_repeated {
                break;
            }
        }
        self.pass_on()
    }

    /// Whether the model said again what it had said. Nothing more is passed on then.
    pub fn has_repeated(&self) -> bool {
        self.has_repeated
    }

    /// What was held back when the model came to its end.
    pub fn finish(mut self) -> String {
        if self.has_repeated {
            return String::new();
        }
        let rest = self.thoughts.finish();
        self.open.push_str(&rest);
        let last = std::mem::take(&mut self.open);
        if !last.is_empty() {
            self.take(last);
        }
        if self.has_repeated {
            return self.pass_on();
        }
        self.units[self.n_out..].iter().map(|unit| unit.text.as_str()).collect()
    }

    /// Adds a unit, and sees whether it completes a repetition.
    fn take(&mut self, text: String) {
        let unit = Unit::new(text);
        let mut before = 0;
        let mut longest = 0;
        for (idx, run) in self.runs.iter_mut().enumerate() {
            let equal = self.units[idx].key == unit.key;
            let now = if equal { before + unit.weight } else { 0 };
            before = std::mem::replace(run, now);
            longest = longest.max(now);
        }
        self.units.push(unit);
        // The unit itself does not repeat itself.
        self.runs.push(0);
        self.has_repeated = longest >= ENOUGH;
    }

    /// Gives all units but those that may become a repetition.
    fn pass_on(&mut self) -> String {
        let mut held = self.runs.iter().copied().max().unwrap_or(0);
        let mut end = self.units.len();
        while held > 0 && end > self.n_out {
            end -= 1;
            held = held.saturating_sub(self.units[end].weight);
        }
        let out = self.units[self.n_out..end].iter().map(|unit| unit.text.as_str()).collect();
        self.n_out = end;
        out
    }
}

impl Unit {
    fn new(text: String) -> Self {
        let key: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let is_word = key.chars().next().is_some_and(|c| !stands_alone(c));
        let key = if key.is_empty() { text.trim().to_owned() } else { key };
        Self { text, key, weight: if is_word { WORD } else { SYMBOL } }
    }
}

/// Whether a character is a unit by itself: scripts that put no spaces between words.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Where the first whole unit of a text ends: a word with the white space after it, or a character that stands alone.
fn unit_end(text: &str) -> Option<usize> {
    let mut in_space = false;
    for (at, c) in text.char_indices() {
        if in_space && !c.is_whitespace() {
            return Some(at);
        }
        in_space |= c.is_whitespace() && !text[..at].trim().is_empty();
        if stands_alone(c) {
            // Before it something else may stand without a space between.
            return Some(if text[..at].trim().is_empty() { at + c.len_utf8() } else { at });
        }
        if at >= LONGEST_WORD && !in_space && !c.is_whitespace() {
            return Some(at);
        }
    }
    None
}

/// Takes away thoughts between marks, when they are the first thing said.
#[derive(Default)]
struct Thoughts {
    stage: Stage,
    held: String,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing but white space was said.
    #[default]
    Start,
    /// Thinking, until this mark.
    Inside(&'static str),
    /// Thoughts are over; white space follows.
    After,
    /// The answer.
    Answer,
}

impl Thoughts {
    fn push(&mut self, piece: &str) -> String {
        if self.stage == Stage::Answer {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        loop {
            let begun = self.held.trim_start();
            match self.stage {
                Stage::Start => {
                    if let Some((open, close)) = THOUGHTS.iter().find(|(open, _)| begun.starts_with(open)) {
                        self.held = begun[open.len()..].to_owned();
                        self.stage = Stage::Inside(close);
                    } else if THOUGHTS.iter().any(|(open, _)| open.starts_with(begun)) {
                        return String::new();
                    } else {
                        self.stage = Stage::Answer;
                        return std::mem::take(&mut self.held).trim_start().to_owned();
                    }
                }
                Stage::Inside(close) => {
                    let Some(end) = self.held.find(close) else { return String::new() };
                    self.held = self.held[end + close.len()..].to_owned();
                    self.stage = Stage::After;
                }
                Stage::After if begun.is_empty() => return String::new(),
                Stage::After | Stage::Answer => {
                    let said = begun.to_owned();
                    self.held.clear();
                    self.stage = Stage::Answer;
                    return said;
                }
            }
        }
    }

    /// The beginning of what might have become a mark.
    fn finish(&mut self) -> String {
        match self.stage {
            Stage::Start => std::mem::take(&mut self.held).trim_start().to_owned(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
