//! Entries, replies and openings: one record each, found through the record of their day.

use crate::{
    crypto::record::RecordType,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    vault::{
        days,
        error::VaultError,
        outbox::{self, Work},
        payload::{
            entry::{EntryV1, role_number},
            index::{DayItemV1, MAX_DAY_ITEMS, TRASHED},
        },
        traces,
        transaction::{Reader, Writer},
        trash,
    },
};

/// Earlier texts of an entry that are kept: with one more edit the oldest goes.
pub const MAX_VERSIONS: u32 = 200;

/// What is wrong with an entry that its day lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// Its record is gone.
    Missing,
    /// Its record does not open, or a newer program wrote it.
    Unreadable,
    /// Its record was put back to an earlier text, or the day's record was.
    Stale,
}

/// A day as it is shown.
pub struct Page {
    /// In display order, without what is in the trash.
    pub entries: Vec<Entry>,
    /// What the day lists and cannot be shown, or is shown in an earlier text.
    pub flaws: Vec<(EntryId, Flaw)>,
}

/// The entry, reply or opening with this id, also when it is in the trash.
///
/// # Errors
/// Seal and store errors; [`VaultError::NewerRecord`].
pub fn entry(r: &Reader<'_>, id: EntryId) -> Result<Option<Entry>, VaultError> {
    load(r, id)?.map(EntryV1::into_entry).transpose()
}

/// Whether a record stands under this id, opened or not.
///
/// # Errors
/// Store errors.
pub fn exists(r: &Reader<'_>, id: EntryId) -> Result<bool, VaultError> {
    match r.open(RecordType::ENTRY, id.as_bytes()) {
        Ok(found) => Ok(found.is_some()),
        Err(err @ VaultError::Store(_)) => Err(err),
        Err(_) => Ok(true),
    }
}

/// The entries of a day in display order, without what is in the trash: openings, then entries, each with its
/// replies right after it. What cannot be opened is left out; [`page`] names it.
///
/// # Errors
/// Seal and store errors.
pub fn day(r: &Reader<'_>, day: Day) -> Result<Vec<Entry>, VaultError> {
    Ok(page(r, day)?.entries)
}

/// As [`day`], and what is wrong with the day.
///
/// # Errors
/// Store errors, and seal errors of the record of the day itself.
pub fn page(r: &Reader<'_>, day: Day) -> Result<Page, VaultError> {
    let mut page = Page { entries: Vec::new(), flaws: Vec::new() };
    for item in days::load(r, day)?.items.iter().filter(|item| item.flags & TRASHED == 0) {
        let id = EntryId::from_bytes(item.id);
        match entry(r, id) {
            Ok(Some(entry)) => {
                if entry.revision != item.rev {
                    page.flaws.push((id, Flaw::Stale));
                }
                page.entries.push(entry);
            }
            Ok(None) => page.flaws.push((id, Flaw::Missing)),
            Err(err @ VaultError::Store(_)) => return Err(err),
            Err(_) => page.flaws.push((id, Flaw::Unreadable)),
        }
    }
    Ok(page)
}

/// Adds an entry: its record, its place on the day, the counts, and the order to index it. A reply is placed after
/// the entry it answers and the earlier replies to it, an opening before all entries, an entry last.
///
/// # Errors
/// [`VaultError::Exists`] when the id is taken, [`VaultError::DayFull`]; seal and store errors.
pub fn insert(w: &mut Writer<'_>, entry: &Entry) -> Result<(), VaultError> {
    add(w, entry)?;
    match entry.deleted {
        None => outbox::push(w, &[(entry.id, Work::Index)]),
        Some(deleted) => trash::list(w, entry.id, deleted),
    }
}

/// Like [`insert`], without the order to index it and without its place in the trash.
pub(super) fn add(w: &mut Writer<'_>, entry: &Entry) -> Result<(), VaultError> {
    if w.open(RecordType::ENTRY, entry.id.as_bytes())?.is_some() {
        return Err(VaultError::Exists);
    }
    let mut day = days::load(w, entry.day)?;
    if day.items.len() >= MAX_DAY_ITEMS {
        return Err(VaultError::DayFull(entry.day));
    }
    let place = place(&day.items, entry);
    day.items.insert(
        place,
        DayItemV1 {
            id: *entry.id.as_bytes(),
            role: role_number(entry.role),
            flags: if entry.deleted.is_some() { TRASHED } else { 0 },
            rev: entry.revision,
        },
    );
    w.put(RecordType::ENTRY, entry.id.as_bytes(), &EntryV1::new(entry, None))?;
    for trace in &entry.traces {
        match entry.deleted {
            None => traces::link(w, *trace, *entry.id.as_bytes(), entry.day.number())?,
            Some(_) => traces::hold(w, *trace)?,
        }
    }
    days::store(w, entry.day, &day)
}

/// Where an entry stands among the items of its day.
pub(super) fn place(items: &[DayItemV1], entry: &Entry) -> usize {
    let after = |start: usize, role: Role| {
        let following = items[start..].iter().take_while(|item| item.role == role_number(role)).count();
        start + following
    };
    match (entry.role, entry.reply_to) {
        (Role::Opening, _) => after(0, Role::Opening),
        (Role::Reply, Some(answered)) => items
            .iter()
            .position(|item| item.id == *answered.as_bytes())
            .map_or(items.len(), |answered_idx| after(answered_idx + 1, Role::Reply)),
        _ => items.len(),
    }
}

/// Puts another text in the place of an entry's. The caller has raised `revision` and kept the old text with
/// [`version`] if it is to be kept. Whether it is in the trash does not change, nor do its traces.
///
/// # Errors
/// [`VaultError::Missing`] when there is no such entry on that day in that role, [`VaultError::Conflict`] when the
/// stored revision is higher; seal and store errors.
pub fn replace(w: &mut Writer<'_>, entry: &Entry) -> Result<(), VaultError> {
    checkpoint(w, entry)?;
    let is_live = load(w, entry.id)?.is_some_and(|stored| stored.deleted == 0);
    if is_live { outbox::push(w, &[(entry.id, Work::Index)]) } else { Ok(()) }
}

/// Like [`replace`], but leaves the index alone: for a running reply, whose text is not searched before its end.
///
/// # Errors
/// Those of [`replace`].
pub fn checkpoint(w: &mut Writer<'_>, entry: &Entry) -> Result<(), VaultError> {
    let old = load(w, entry.id)?.ok_or(VaultError::Missing)?;
    let mut new = EntryV1::new(entry, Some(&old));
    new.deleted = old.deleted;
    // Whoever writes a text may have read the entry before a trace was attached.
    new.traces.clone_from(&old.traces);
    if (old.day, old.role) != (new.day, new.role) {
        return Err(VaultError::Missing);
    }
    if old.rev > new.rev {
        return Err(VaultError::Conflict { stored: old.rev });
    }
    w.put(RecordType::ENTRY, &new.id, &new)?;
    let mut day = days::load(w, entry.day)?;
    if let Some(item) = day.items.iter_mut().find(|item| item.id == new.id && item.rev != new.rev) {
        item.rev = new.rev;
        days::store_items(w, entry.day, &day)?;
    }
    Ok(())
}

/// Keeps an earlier text of an entry, sealed, under its revision, and lets go of the one [`MAX_VERSIONS`] before it.
///
/// # Errors
/// Seal and store errors.
pub fn version(w: &mut Writer<'_>, old: &Entry) -> Result<(), VaultError> {
    if let Some(oldest) = old.revision.checked_sub(MAX_VERSIONS).filter(|revision| *revision > 0) {
        w.delete(RecordType::VERSION, &version_key(old.id, oldest))?;
    }
    w.put(RecordType::VERSION, &version_key(old.id, old.revision), &EntryV1::new(old, None))
}

/// The earlier texts of an entry that were kept, oldest first.
///
/// # Errors
/// Seal and store errors.
pub fn versions(r: &Reader<'_>, id: EntryId) -> Result<Vec<Entry>, VaultError> {
    let mut versions = Vec::new();
    let Some(current) = load(r, id)? else { return Ok(versions) };
    for revision in current.rev.saturating_sub(MAX_VERSIONS).max(1)..current.rev {
        match r.load::<EntryV1>(RecordType::VERSION, &version_key(id, revision)) {
            // One that cannot be read does not hide the others.
            Err(error) if error.is_of_one_record() => {}
            found => versions.extend(found?.map(EntryV1::into_entry).transpose()?),
        }
    }
    Ok(versions)
}

/// Visits every entry, reply and opening outside the trash, day by day, until `visit` says no. Within a day in
/// display order, or from its end with `newest_first`. What cannot be opened is left out.
///
/// # Errors
/// Seal and store errors.
pub fn walk(
    r: &Reader<'_>,
    newest_first: bool,
    visit: &mut dyn FnMut(Entry) -> bool,
) -> Result<(), VaultError> {
    days::walk_days(r, newest_first, &mut |walked| {
        let mut entries = day(r, walked)?;
        if newest_first {
            entries.reverse();
        }
        Ok(entries.into_iter().all(&mut *visit))
    })
}

/// What a day says of an entry, without the entry being opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Entry, reply or opening.
    pub id: EntryId,
    /// Its revision.
    pub revision: u32,
}

/// Visits every entry, reply and opening outside the trash as its day lists it, newest day first, until `visit` says no.
/// Much quicker than [`walk`]. A day that cannot be opened is left out.
///
/// # Errors
/// Seal and store errors.
pub fn list(r: &Reader<'_>, visit: &mut dyn FnMut(Listed) -> bool) -> Result<(), VaultError> {
    days::walk_days(r, true, &mut |walked| {
        let items = match days::load(r, walked) {
            Err(error) if error.is_of_one_record() => return Ok(true),
            day => day?.items,
        };
        let live = items.iter().rev().filter(|item| item.flags & TRASHED == 0);
        let mut listed = live.map(|item| Listed { id: EntryId::from_bytes(item.id), revision: item.rev });
        Ok(listed.all(&mut *visit))
    })
}

pub(super) fn load(r: &Reader<'_>, id: EntryId) -> Result<Option<EntryV1>, VaultError> {
    r.load(RecordType::ENTRY, id.as_bytes())
}

pub(super) fn version_key(id: EntryId, revision: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(id.as_bytes());
    key[16..].copy_from_slice(&revision.to_le_bytes());
    key
}
