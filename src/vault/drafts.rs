//! Drafts: text not yet saved as an entry. What was typed for one place in several boxes stands in one record.

use crate::{
    crypto::record::RecordType,
    journal::{day::Day, ids::EntryId},
    vault::{
        error::VaultError,
        payload::small::{BesideV1, DraftV1, EXT_BESIDE, EXT_BY},
        transaction::{Reader, Writer},
        wire::{Ext, from_body, to_body},
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
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// What was typed, of any length and shape.
    pub text: String,
    /// Revision of the entry when the edit began, 0 for a new entry.
    pub base_revision: u32,
    /// When it was kept, milliseconds since 1970 UTC. Names it among the drafts of its place.
    pub saved: i64,
    /// The `op` of the form it was typed in; empty when the form had none.
    pub by: String,
}

impl DraftOf {
    fn key(self) -> Vec<u8> {
        match self {
            Self::Day(day) => [&[1], day.number().to_le_bytes().as_slice()].concat(),
            Self::Entry(id) => [&[2], id.as_bytes().as_slice()].concat(),
        }
    }
}

/// Keeps these drafts, newest first, in place of the ones before; none of them removes the record.
///
/// # Errors
/// Seal and store errors.
pub fn set(w: &mut Writer<'_>, of: DraftOf, drafts: &[Draft]) -> Result<(), VaultError> {
    let Some((newest, others)) = drafts.split_first() else { return remove(w, of) };
    let mut ext = match w.load::<DraftV1>(RecordType::DRAFT, &of.key()) {
        Err(error) if error.is_damage() => Vec::new(),
        stored => stored?.map_or_else(Vec::new, |stored| stored.ext),
    };
    let before = beside(&ext);
    ext.retain(|(tag, _)| ![EXT_BY, EXT_BESIDE].contains(tag));
    if !newest.by.is_empty() {
        ext.push((EXT_BY, newest.by.clone().into_bytes()));
    }
    if !others.is_empty() {
        let known = |draft: &Draft| before.iter().find(|stored| stored.saved == draft.saved);
        let fold = |draft: &Draft| BesideV1 {
            ext: known(draft).map_or_else(Vec::new, |stored| stored.ext.clone()),
            ..BesideV1::from(draft.clone())
        };
        ext.push((EXT_BESIDE, to_body(&others.iter().map(fold).collect::<Vec<_>>()).to_vec()));
    }
    ext.sort_by_key(|(tag, _)| *tag);
    let Draft { text, base_revision, saved, by: _ } = newest.clone();
    w.put(RecordType::DRAFT, &of.key(), &DraftV1 { text, base_rev: base_revision, saved, ext })
}

/// The drafts of one place, newest first.
///
/// # Errors
/// Seal and store errors.
pub fn all(r: &Reader<'_>, of: DraftOf) -> Result<Vec<Draft>, VaultError> {
    Ok(r.load::<DraftV1>(RecordType::DRAFT, &of.key())?.map_or_else(Vec::new, unfold))
}

/// The drafts that a record holds, newest first. An addition that does not read is left out.
pub(super) fn unfold(stored: DraftV1) -> Vec<Draft> {
    let DraftV1 { text, base_rev, saved, ext } = stored;
    let by = String::from_utf8_lossy(tagged(&ext, EXT_BY).unwrap_or_default()).into_owned();
    let newest = Draft { text, base_revision: base_rev, saved, by };
    std::iter::once(newest).chain(beside(&ext).into_iter().map(Draft::from)).collect()
}

fn beside(ext: &Ext) -> Vec<BesideV1> {
    tagged(ext, EXT_BESIDE).and_then(|bytes| from_body(bytes).ok()).unwrap_or_default()
}

fn tagged(ext: &Ext, wanted: u16) -> Option<&[u8]> {
    ext.iter().find(|(tag, _)| *tag == wanted).map(|(_, bytes)| bytes.as_slice())
}

/// Forgets all drafts of one place.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, of: DraftOf) -> Result<(), VaultError> {
    w.delete(RecordType::DRAFT, &of.key())
}

impl From<Draft> for BesideV1 {
    fn from(draft: Draft) -> Self {
        let Draft { text, base_revision, saved, by } = draft;
        Self { text, base_rev: base_revision, saved, by, ext: Vec::new() }
    }
}

impl From<BesideV1> for Draft {
    fn from(stored: BesideV1) -> Self {
        let BesideV1 { text, base_rev, saved, by, ext: _ } = stored;
        Self { text, base_revision: base_rev, saved, by }
    }
}
