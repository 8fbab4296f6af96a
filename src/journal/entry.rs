//! Entries: what is written on a day, by the writer or by the model.

use jiff::tz::TimeZone;

use crate::journal::{
    day::{self, Day},
    ids::{EntryId, TraceId},
};

/// Longest entry, in Unicode scalar values, after line ends are made uniform.
pub const MAX_CHARS: usize = 12_000;

/// Who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The person who keeps the journal.
    Writer,
    /// The model, answering an entry.
    Reply,
    /// The model, greeting a day.
    Opening,
}

/// How a stored text ended. Running states live in memory only (see [`crate::journal::reply::ReplyState`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Whole: the writer saved it, or the model came to its end.
    Whole,
    /// The writer stopped the model; what was there is kept.
    Stopped,
    /// The model failed; what was there is kept and never enters later prompts or search.
    Failed,
    /// The program ended, or still runs, before the text did.
    Interrupted,
}

/// Where machine text came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// Name of the model as shown to people.
    pub model: String,
    /// SHA-256 of the model file; zero for an upstream, whose file is unknown.
    pub sha256: [u8; 32],
    /// Sampling settings, in words.
    pub settings: String,
    /// What it was made from, besides what it answers.
    pub given: Given,
}

/// What a machine text was made from, besides what it answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Given {
    /// Days whose passages the model was shown, nearest first.
    pub days: Vec<Day>,
    /// What the writer wished of it; empty for none.
    pub wish: String,
    /// What it was not shown for want of room.
    pub left_out: LeftOut,
    /// The model repeated itself and was cut there.
    pub is_cut: bool,
}

/// What a model was not shown for want of room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Earlier texts of the day, and earlier replies.
    pub texts: u16,
    /// Passages of other days.
    pub passages: u16,
    /// The middle of the entry itself.
    pub is_shortened: bool,
}

impl LeftOut {
    /// Counts one more.
    pub fn count(&mut self, is_text: bool) {
        let count = if is_text { &mut self.texts } else { &mut self.passages };
        *count = count.saturating_add(1);
    }
}

/// One piece of writing. All of it is sealed; it exists in clear only in memory while its vault is unlocked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Identifier, also its address.
    pub id: EntryId,
    /// Who wrote it.
    pub role: Role,
    /// How it ended.
    pub ending: Ending,
    /// Came from an import, so it is not trusted in prompts.
    pub imported: bool,
    /// Never leaves this machine, not even for an upstream the writer allowed.
    pub never_send: bool,
    /// The page it stands on.
    pub day: Day,
    /// When it was first saved, milliseconds since 1970 UTC.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
    /// IANA zone of the writer when it was first saved.
    pub zone: String,
    /// Offset from UTC then, in minutes.
    pub utc_offset_min: i16,
    /// Counts from 1, one more with each edit.
    pub revision: u32,
    /// When it was moved to the trash.
    pub deleted: Option<i64>,
    /// The entry a reply answers.
    pub reply_to: Option<EntryId>,
    /// Traces attached to it.
    pub traces: Vec<TraceId>,
    /// Markdown source.
    pub text: String,
    /// For machine text, what made it.
    pub made_by: Option<Provenance>,
}

impl Entry {
    /// What a writer writes: whole, in its first revision. `at` is the moment in milliseconds since 1970 UTC, `zone` the
    /// writer's, with its IANA name. What a model writes, or what is imported, says in which fields it differs.
    pub fn written(id: EntryId, day: Day, at: i64, zone: (String, &TimeZone), text: String) -> Self {
        Self {
            id,
            role: Role::Writer,
            ending: Ending::Whole,
            imported: false,
            never_send: false,
            day,
            created: at,
            updated: at,
            utc_offset_min: day::wall_clock(at, zone.1).0,
            zone: zone.0,
            revision: 1,
            deleted: None,
            reply_to: None,
            traces: Vec::new(),
            text,
            made_by: None,
        }
    }

    /// What a writer saved at a moment, in UTC: for tests.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn saved(id: EntryId, day: Day, at: i64, text: &str) -> Self {
        Self::written(id, day, at, ("UTC".to_owned(), &TimeZone::UTC), text.to_owned())
    }
}

/// Text of an entry, valid by construction: uniform line ends, trimmed, 1 to [`MAX_CHARS`] characters, no NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryText(String);

/// Why a text cannot become an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("nothing was written")]
    Empty,
    /// More than [`MAX_CHARS`] characters.
    #[error("{chars} characters, {} more than an entry can hold", chars - MAX_CHARS)]
    TooLong {
        /// How many there are.
        chars: usize,
    },
    /// Contains a NUL character.
    #[error("a character that cannot be stored")]
    Control,
}

impl EntryText {
    /// Makes line ends uniform, drops blank lines before and white space after the text, and checks its length.
    ///
    /// # Errors
    /// When nothing is left, when it is too long, or when it holds a NUL.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
        let text = unified.trim_end();
        let indent_start = text.len() - text.trim_start().len();
        let start = text[..indent_start].rfind('\n').map_or(0, |line_end| line_end + 1);
        let text = &text[start..];
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        if text.contains('\0') {
            return Err(TextError::Control);
        }
        let chars = text.chars().count();
        if chars > MAX_CHARS {
            return Err(TextError::TooLong { chars });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text away.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_thousand_characters_of_any_script_fit_and_one_more_does_not() {
        for symbol in ["a", "é", "日", "🎉"] {
            assert!(EntryText::parse(&symbol.repeat(MAX_CHARS)).is_ok());
            assert_eq!(
                EntryText::parse(&symbol.repeat(MAX_CHARS + 1)).err(),
                Some(TextError::TooLong { chars: MAX_CHARS + 1 })
            );
        }
    }

    #[test]
    fn line_ends_are_one_character_and_indents_survive() {
        assert!(EntryText::parse(&"a\r\n".repeat(MAX_CHARS / 2)).is_ok());
        assert_eq!(
            EntryText::parse("\r\n\n    code\n \n").map(EntryText::into_string),
            Ok("    code".to_owned())
        );
    }

    #[test]
    fn blank_and_nul_texts_are_refused() {
        assert_eq!(EntryText::parse(" \n\t ").err(), Some(TextError::Empty));
        assert_eq!(EntryText::parse("a\0b").err(), Some(TextError::Control));
    }
}
