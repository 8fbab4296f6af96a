//! Drafts: text not yet saved as an entry.

use crate::{
    crypto::record::RecordType,
    journal::{day::Day, ids::EntryId},
    vault::{
        error::VaultError,
        payload::small::DraftV1,
        transaction::{Reader, Writer},
    },
};

/// What a draft will become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DraftOf {
    /// A new entry of this day.
    Day(Day),
    /// A new text of this entry.
    Entry(EntryId),
}

/// A draft.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// What was typed, of any length and shape.
    pub text: String,
    /// Revision of the entry when the edit began, 0 for a new entry.
    pub base_revision: u32,
    /// When it was kept, milliseconds since 1970 UTC.
    pub saved: i64,
}

impl DraftOf {
    fn key(self) -> Vec<u8> {
        match self {
            Self::Day(day) => [&[1], day.number().to_le_bytes().as_slice()].concat(),
            Self::Entry(id) => [&[2], id.as_bytes().as_slice()].concat(),
        }
    }
}

/// Keeps a draft in place of the one before.
///
/// # Errors
/// Seal and store errors.
pub fn put(w: &mut Writer<'_>, of: DraftOf, draft: &Draft) -> Result<(), VaultError> {
    let ext = w.load::<DraftV1>(RecordType::DRAFT, &of.key())?.map_or_else(Vec::new, |old| old.ext);
    let Draft { text, base_revision, saved } = draft.clone();
    w.put(RecordType::DRAFT, &of.key(), &DraftV1 { text, base_rev: base_revision, saved, ext })
}

/// The draft, if there is one.
///
/// # Errors
/// Seal and store errors.
pub fn get(r: &Reader<'_>, of: DraftOf) -> Result<Option<Draft>, VaultError> {
    let found = r.load::<DraftV1>(RecordType::DRAFT, &of.key())?;
    Ok(found.map(|draft| Draft { text: draft.text, base_revision: draft.base_rev, saved: draft.saved }))
}

/// Forgets the draft.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, of: DraftOf) -> Result<(), VaultError> {
    w.delete(RecordType::DRAFT, &of.key())
}
