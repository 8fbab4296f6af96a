//! Pieces of entries, as pages that look back show them.

use std::ops::Range;

use crate::{
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    search::{
        plain::plain,
        snippet::{Piece, snippet},
    },
    services::indexing::is_searchable,
    vault::{entries, error::VaultError, transaction::Reader},
};

/// A piece of an entry, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its day.
    pub day: Day,
    /// Its entry.
    pub entry: EntryId,
    /// Plain text, cut at words.
    pub text: String,
}

impl Passage {
    /// An entry from the beginning of a range of its plain text on, else from its own; a range that does not fit is
    /// its beginning.
    pub(super) fn of(entry: &Entry, from: Option<Range<usize>>) -> Self {
        let pieces = snippet(&plain(&entry.text), &[], from);
        Self {
            day: entry.day,
            entry: entry.id,
            text: pieces.into_iter().map(|Piece { text, .. }| text).collect(),
        }
    }
}

/// The writer's own entries of a day, outside the trash. A day that cannot be read hides nothing else.
pub(super) fn own_entries(r: &Reader<'_>, day: Day) -> Result<Vec<Entry>, VaultError> {
    match entries::day(r, day) {
        Err(error) if error.is_of_one_record() => Ok(Vec::new()),
        found => {
            Ok(found?.into_iter().filter(|one| one.role == Role::Writer && is_searchable(one)).collect())
        }
    }
}
