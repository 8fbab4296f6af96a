//! Word search: which entries say what was typed, and how telling that is.
//!
//! [`WordIndex`] answers from an index; [`Matcher`] reads texts one by one: it marks what was found,
//! and answers while there is no index yet. Both count and weigh the same way (`score`), and find the same entries by
//! exact words and phrases; only the index also finds other forms of a word.

mod analyse;
mod bits;
mod directory;
mod find;
mod index;
mod matcher;
mod recent;
mod score;
mod segment;
mod wanted;

use std::collections::HashMap;

pub(in crate::search) use self::analyse::Language;
pub use self::{
    analyse::spoken,
    find::LookedUp,
    index::{Job, RECENT, WordIndex},
    matcher::Matcher,
    segment::{Row, Segment, WordsError},
    wanted::Wanted,
};
use crate::journal::{day::Day, ids::EntryId};

/// What ranking has to know of an entry besides its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The entry.
    pub id: EntryId,
    /// The day it belongs to.
    pub day: Day,
    /// When it was first saved, milliseconds since 1970 UTC.
    pub created: i64,
    /// Written by the model.
    pub machine: bool,
}

/// How well the words of one entry fit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WordHit {
    /// Which entry.
    pub seen: Seen,
    /// Share of the query's weight that the entry says, 0 to 1.
    pub share: f32,
    /// The share, lowered for passing mentions in long entries and for words that many entries hold; 0 to 1.
    pub score: f32,
}

/// What the words of a query say.
pub struct WordHits {
    /// Entries that say at least one clause and nothing excluded, in no order.
    pub hits: Vec<WordHit>,
    /// Entries that may be results by meaning alone: live, nothing excluded, all quoted phrases said. Only those that
    /// were asked about are here.
    pub allowed: HashMap<EntryId, Seen>,
    /// The query is one word and no entry says it, or anything like it: perhaps a name that is not in this journal.
    pub unknown_word: bool,
    /// How rare each word of the query is that stands alone.
    pub rarities: HashMap<String, f32>,
    /// What counted besides the very words, for marks ([`Matcher::widen`]).
    pub wanted: Vec<Wanted>,
}
