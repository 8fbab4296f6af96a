//! The life of a reply, and what a writer may wish of one.
//!
//! Each state is a type of its own, and a step to the next takes the old one away: text cannot be added to a reply
//! that has ended, and none can go back. [`Life`] holds whichever state it is. How a reply ended is stored as
//! [`Ending`]; the states before that live in memory only.

use zeroize::Zeroizing;

use crate::journal::entry::Ending;

/// Longest wish in words, in characters.
pub const MAX_WISH_CHARS: usize = 200;

/// Where a reply stands. The first three are running states and live in memory; the others are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyState {
    /// Waits for its turn.
    Queued,
    /// The model reads the prompt.
    Reading,
    /// Words arrive.
    Streaming,
    /// The model came to its end.
    Complete,
    /// The writer stopped it; what is there is kept.
    Stopped,
    /// The model failed.
    Failed,
    /// The program ended first.
    Interrupted,
}

impl ReplyState {
    /// The value of `data-state` and the word used everywhere else.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reading => "reading",
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether more may still come.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Queued | Self::Reading | Self::Streaming)
    }
}

impl From<Ending> for ReplyState {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Whole => Self::Complete,
            Ending::Stopped => Self::Stopped,
            Ending::Failed => Self::Failed,
            Ending::Interrupted => Self::Interrupted,
        }
    }
}

/// Waits for its turn.
#[derive(Default)]
pub struct Queued {
    position: Option<usize>,
}

/// Its prompt is read.
pub struct Reading(());

/// Words arrive.
pub struct Streaming {
    text: Zeroizing<String>,
}

/// It is over, in one of four ways, and stays so.
pub struct Ended {
    ending: Ending,
    text: Zeroizing<String>,
}

impl Queued {
    /// This many are before it.
    pub fn waits_at(self, position: usize) -> Self {
        Self { position: Some(position) }
    }

    /// The model begins to read.
    pub fn reads(self) -> Reading {
        Reading(())
    }

    /// It ends before its turn came.
    pub fn ends(self, ending: Ending) -> Ended {
        Ended::new(ending, Zeroizing::default())
    }
}

impl Reading {
    /// The first words.
    pub fn says(self, words: &str) -> Streaming {
        Streaming { text: Zeroizing::new(words.to_owned()) }
    }

    /// It ends without a word.
    pub fn ends(self, ending: Ending) -> Ended {
        Ended::new(ending, Zeroizing::default())
    }
}

impl Streaming {
    /// More words.
    pub fn says(mut self, words: &str) -> Self {
        self.text.push_str(words);
        self
    }

    /// It ends; what was said stays.
    pub fn ends(self, ending: Ending) -> Ended {
        Ended::new(ending, self.text)
    }
}

impl Ended {
    /// A model that came to its end without a word has failed.
    fn new(ending: Ending, text: Zeroizing<String>) -> Self {
        let is_empty = ending == Ending::Whole && text.trim().is_empty();
        Self { ending: if is_empty { Ending::Failed } else { ending }, text }
    }

    /// How it ended, as it is stored.
    pub fn ending(&self) -> Ending {
        self.ending
    }
}

/// A reply in whichever state it is. A step that its state does not know leaves it as it is.
pub enum Life {
    /// See [`Queued`].
    Queued(Queued),
    /// See [`Reading`].
    Reading(Reading),
    /// See [`Streaming`].
    Streaming(Streaming),
    /// See [`Ended`].
    Ended(Ended),
}

impl Default for Life {
    fn default() -> Self {
        Self::Queued(Queued::default())
    }
}

impl Life {
    /// This many are before it; 0 means that its turn has come.
    pub fn waits_at(self, position: usize) -> Self {
        match self {
            Self::Queued(queued) if position == 0 => Self::Reading(queued.reads()),
            Self::Queued(queued) => Self::Queued(queued.waits_at(position)),
            other => other,
        }
    }

    /// The model reads.
    pub fn reads(self) -> Self {
        match self {
            Self::Queued(queued) => Self::Reading(queued.reads()),
            other => other,
        }
    }

    /// More words.
    pub fn says(self, words: &str) -> Self {
        match self {
            Self::Queued(queued) => Self::Streaming(queued.reads().says(words)),
            Self::Reading(reading) => Self::Streaming(reading.says(words)),
            Self::Streaming(streaming) => Self::Streaming(streaming.says(words)),
            ended @ Self::Ended(_) => ended,
        }
    }

    /// It ends. The first end counts.
    pub fn ends(self, ending: Ending) -> Self {
        Self::Ended(match self {
            Self::Queued(queued) => queued.ends(ending),
            Self::Reading(reading) => reading.ends(ending),
            Self::Streaming(streaming) => streaming.ends(ending),
            Self::Ended(ended) => ended,
        })
    }

    /// The word for its state.
    pub fn state(&self) -> ReplyState {
        match self {
            Self::Queued(_) => ReplyState::Queued,
            Self::Reading(_) => ReplyState::Reading,
            Self::Streaming(_) => ReplyState::Streaming,
            Self::Ended(ended) => ended.ending().into(),
        }
    }

    /// All that was said.
    pub fn text(&self) -> &str {
        match self {
            Self::Queued(_) | Self::Reading(_) => "",
            Self::Streaming(streaming) => &streaming.text,
            Self::Ended(ended) => &ended.text,
        }
    }

    /// How many are before it, while it waits.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Queued(queued) => queued.position,
            _ => None,
        }
    }
}

/// How long a reply is wished, compared with the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// Fewer words.
    Shorter,
    /// More words.
    Longer,
}

/// What the writer wishes of another reply. It is the writer's words, never a rule of the program.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Shorter or longer than the one before.
    pub length: Option<Length>,
    /// In the writer's own words, one line, at most [`MAX_WISH_CHARS`] characters; may be empty.
    words: String,
}

/// A wish has too many characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{chars} characters, and a wish may have {MAX_WISH_CHARS}")]
pub struct WishTooLong {
    /// How many it has.
    pub chars: usize,
}

impl Wish {
    /// Reads the two fields of a form: `shorter` or `longer`, and free words. Line ends and control characters in
    /// them become spaces.
    ///
    /// # Errors
    /// [`WishTooLong`].
    pub fn parse(length: &str, words: &str) -> Result<Self, WishTooLong> {
        let words: Vec<&str> = words
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        let words = words.join(" ");
        let chars = words.chars().count();
        if chars > MAX_WISH_CHARS {
            return Err(WishTooLong { chars });
        }
        let length = match length {
            "shorter" => Some(Length::Shorter),
            "longer" => Some(Length::Longer),
            _ => None,
        };
        Ok(Self { length, words })
    }

    /// The writer's own words.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether nothing is wished.
    pub fn is_empty(&self) -> bool {
        self.length.is_none() && self.words.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_goes_forward_only() {
        let life = Life::default();
        assert_eq!((life.state(), life.position()), (ReplyState::Queued, None));
        let life = life.waits_at(2);
        assert_eq!((life.state(), life.position()), (ReplyState::Queued, Some(2)));
        let life = life.waits_at(0);
        assert_eq!((life.state(), life.position()), (ReplyState::Reading, None));
        let life = life.waits_at(3).says("a").reads().says("b");
        assert_eq!((life.state(), life.text()), (ReplyState::Streaming, "ab"));
        let life = life.ends(Ending::Stopped).says("c").waits_at(1).ends(Ending::Whole);
        assert_eq!((life.state(), life.text()), (ReplyState::Stopped, "ab"));
    }

    #[test]
    fn an_end_without_a_word_has_failed_and_a_stop_without_one_has_not() {
        assert_eq!(Life::default().reads().ends(Ending::Whole).state(), ReplyState::Failed);
        assert_eq!(Life::default().says(" \n").ends(Ending::Whole).state(), ReplyState::Failed);
        assert_eq!(Life::default().ends(Ending::Stopped).state(), ReplyState::Stopped);
        assert_eq!(Life::default().ends(Ending::Interrupted).state(), ReplyState::Interrupted);
    }

    #[test]
    fn a_wish_is_one_line_of_at_most_200_characters() {
        let wish = Wish::parse("shorter", " in\r\nDutch,\u{2028}please\0 ").expect("a wish");
        assert_eq!((wish.length, wish.words()), (Some(Length::Shorter), "in Dutch, please"));
        assert!(Wish::parse("other", " ").is_ok_and(|wish| wish.is_empty()));
        assert!(Wish::parse("", &"\u{65e5}".repeat(200)).is_ok());
        assert_eq!(Wish::parse("", &"x".repeat(201)).err(), Some(WishTooLong { chars: 201 }));
    }
}
