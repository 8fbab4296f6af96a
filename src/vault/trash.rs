//! The trash: entries are marked and listed, and can be put back until they are removed for ever.

use std::collections::BTreeSet;

use crate::{
    crypto::record::RecordType,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
    },
    vault::{
        days,
        drafts::{self, DraftOf},
        entries::{load, version_key},
        error::VaultError,
        openings,
        outbox::{self, Work},
        payload::{
            entry::{EntryV1, role_number},
            index::{DayItemV1, DayV1, MAX_TRASH_ITEMS, TRASHED, TrashItemV1, TrashV1},
        },
        recaps, traces,
        transaction::{Reader, Writer},
        vectors,
        wire::WireError,
    },
};

/// Moves an entry to the trash, and its replies with it. Gives it back as it is now stored; `None` when there is no
/// such entry or it is there already. `now` must not be 0.
///
/// # Errors
/// Seal and store errors.
pub fn trash(w: &mut Writer<'_>, id: EntryId, now: i64) -> Result<Option<Entry>, VaultError> {
    let Some(found) = load(w, id)?.filter(|found| found.deleted == 0) else { return Ok(None) };
    let day = day_of(&found)?;
    let mut stored = days::load(w, day)?;
    let group = group(&stored, id);
    let live = mark(w, &mut stored, &group, |entry| if entry.deleted == 0 { Some(now) } else { None })?;
    days::store(w, day, &stored)?;
    list(w, id, now)?;
    outbox::push(w, &live.iter().map(|id| (*id, Work::Remove)).collect::<Vec<_>>())?;
    crate::vault::entries::entry(w, id)
}

/// Puts an entry back in its place, with the replies that went with it. A reply brings back the entry it answers.
/// `None` when there is no such entry or it is not in the trash.
///
/// # Errors
/// Seal and store errors.
pub fn restore(w: &mut Writer<'_>, id: EntryId) -> Result<Option<Entry>, VaultError> {
    let Some(found) = load(w, id)?.filter(|found| found.deleted != 0) else { return Ok(None) };
    if let Some(answered) = found.reply_to.map(EntryId::from_bytes).filter(|answered| *answered != id) {
        restore(w, answered)?;
    }
    let day = day_of(&found)?;
    let mut stored = days::load(w, day)?;
    let group = group(&stored, id);
    let back = mark(w, &mut stored, &group, |entry| (entry.deleted == found.deleted).then_some(0))?;
    days::store(w, day, &stored)?;
    unlist(w, &[id])?;
    outbox::push(w, &back.iter().map(|id| (*id, Work::Index)).collect::<Vec<_>>())?;
    crate::vault::entries::entry(w, id)
}

/// What lies in the trash and when it went there, oldest first. Replies that went with their entry are not listed.
///
/// # Errors
/// Seal and store errors.
pub fn trashed(r: &Reader<'_>) -> Result<Vec<(EntryId, i64)>, VaultError> {
    let mut all = Vec::new();
    for page_idx in 0.. {
        let Some(page) = load_page(r, page_idx)? else { break };
        all.extend(page.items.iter().map(|item| (EntryId::from_bytes(item.id), item.deleted)));
    }
    Ok(all)
}

/// Removes an entry that is in the trash for ever, with its replies, earlier texts, draft and vectors. Whether there
/// was one. Its old bytes leave the file when the store is compacted.
///
/// # Errors
/// Seal and store errors.
pub fn purge(w: &mut Writer<'_>, id: EntryId) -> Result<bool, VaultError> {
    Ok(purge_all(w, &[id], i64::MAX)? == 1)
}

/// The same for many, in one transaction; keep it to some dozens. Only what went to the trash at `until` or before is
/// removed: an entry that was restored, or thrown away again, since the list was made stays. What cannot be opened
/// stays as well. Gives the number of entries that were removed.
///
/// # Errors
/// Store errors, and seal errors of the records of days.
pub fn purge_all(w: &mut Writer<'_>, ids: &[EntryId], until: i64) -> Result<usize, VaultError> {
    let mut n_removed = 0;
    let mut gone = Vec::new();
    let mut told = BTreeSet::new();
    for id in ids {
        let found = match load(w, *id) {
            Ok(Some(found)) if found.deleted != 0 && found.deleted <= until => found,
            // Listed and not there: only the list has to forget it.
            Ok(None) => {
                gone.push(*id);
                continue;
            }
            Ok(Some(_)) => continue,
            Err(err @ VaultError::Store(_)) => return Err(err),
            Err(_) => continue,
        };
        gone.extend(remove_group(w, &found)?);
        if found.role == role_number(Role::Writer) {
            told.insert(day_of(&found)?);
        }
        n_removed += 1;
    }
    unlist(w, &gone)?;
    for day in told {
        openings::forget_citing(w, day)?;
    }
    Ok(n_removed)
}

/// Removes replies and openings for ever, wherever they are, without a way back. What is not there any more is passed
/// over.
///
/// # Errors
/// Store errors, and seal errors of the records of days.
pub(super) fn remove_now(w: &mut Writer<'_>, ids: &[EntryId]) -> Result<(), VaultError> {
    let mut gone = Vec::new();
    for id in ids {
        match load(w, *id) {
            Ok(Some(found)) if found.role != role_number(Role::Writer) => {
                gone.extend(remove_group(w, &found)?)
            }
            Err(err @ VaultError::Store(_)) => return Err(err),
            _ => {}
        }
    }
    unlist(w, &gone)
}

/// Removes an entry and what follows it, and says which they were.
fn remove_group(w: &mut Writer<'_>, found: &EntryV1) -> Result<Vec<EntryId>, VaultError> {
    let day = day_of(found)?;
    let mut stored = days::load(w, day)?;
    let group = group(&stored, EntryId::from_bytes(found.id));
    for member in &group {
        remove(w, *member)?;
    }
    stored.items.retain(|item| !group.contains(&EntryId::from_bytes(item.id)));
    days::store(w, day, &stored)?;
    outbox::push(w, &group.iter().map(|id| (*id, Work::Remove)).collect::<Vec<_>>())?;
    if found.role == role_number(Role::Writer) {
        // It may hold sentences of what is removed.
        recaps::remove(w, day)?;
    }
    Ok(group)
}

/// Everything that is kept under the id of one entry or reply.
fn remove(w: &mut Writer<'_>, id: EntryId) -> Result<(), VaultError> {
    let found = match load(w, id) {
        Ok(found) => found,
        Err(err @ VaultError::Store(_)) => return Err(err),
        Err(_) => None,
    };
    if let Some(entry) = &found {
        for trace in entry.traces.iter().copied().map(TraceId::from_bytes) {
            match entry.deleted {
                0 => traces::unlink(w, trace, &entry.id)?,
                _ => traces::release(w, trace)?,
            }
        }
    }
    recaps::remove_of_entry(w, id)?;
    for revision in 1..found.map_or(0, |entry| entry.rev) {
        w.delete(RecordType::VERSION, &version_key(id, revision))?;
    }
    w.delete(RecordType::ENTRY, id.as_bytes())?;
    drafts::remove(w, DraftOf::Entry(id))?;
    vectors::remove(w, id)
}

pub(super) fn day_of(entry: &EntryV1) -> Result<Day, VaultError> {
    Day::from_number(entry.day).ok_or_else(|| WireError.into())
}

/// An entry and its replies, which stand right after it; a reply alone.
pub(super) fn group(day: &DayV1, id: EntryId) -> Vec<EntryId> {
    let reply = role_number(Role::Reply);
    let mut following = day.items.iter().skip_while(|item| item.id != *id.as_bytes());
    let mut group = vec![id];
    if following.next().is_some_and(|item| item.role == role_number(Role::Writer)) {
        let replies = following.take_while(|item| item.role == reply);
        group.extend(replies.map(|item| EntryId::from_bytes(item.id)));
    }
    group
}

/// Gives the members for which `deleted` has an answer that time of deletion, here and in their day.
fn mark(
    w: &mut Writer<'_>,
    day: &mut DayV1,
    group: &[EntryId],
    deleted: impl Fn(&EntryV1) -> Option<i64>,
) -> Result<Vec<EntryId>, VaultError> {
    let mut marked = Vec::new();
    for id in group {
        let Some(mut entry) = load(w, *id)? else { continue };
        let Some(deleted) = deleted(&entry) else { continue };
        entry.deleted = deleted;
        w.put(RecordType::ENTRY, &entry.id, &entry)?;
        // Held before it is unlinked, and linked before it is released: else its last entry would take a trace along.
        for trace in entry.traces.iter().copied().map(TraceId::from_bytes) {
            if deleted == 0 {
                traces::link(w, trace, entry.id, entry.day)?;
                traces::release(w, trace)?;
            } else {
                traces::hold(w, trace)?;
                traces::unlink(w, trace, &entry.id)?;
            }
        }
        let flag = |item: &mut DayItemV1| {
            item.flags = if deleted == 0 { item.flags & !TRASHED } else { item.flags | TRASHED };
        };
        day.items.iter_mut().filter(|item| item.id == entry.id).for_each(flag);
        marked.push(*id);
    }
    Ok(marked)
}

/// Adds an entry to the last page of the trash.
pub(super) fn list(w: &mut Writer<'_>, id: EntryId, deleted: i64) -> Result<(), VaultError> {
    let item = TrashItemV1 { id: *id.as_bytes(), deleted };
    let mut page_idx = 0;
    let mut last = None;
    while let Some(page) = load_page(w, page_idx)? {
        last = Some((page_idx, page));
        page_idx += 1;
    }
    let (page_idx, mut page) = match last {
        Some((last_idx, page)) if page.items.len() < MAX_TRASH_ITEMS => (last_idx, page),
        _ => (page_idx, TrashV1 { items: Vec::new(), ext: Vec::new() }),
    };
    page.items.push(item);
    w.put(RecordType::TRASH, &page_idx.to_le_bytes(), &page)
}

/// Makes the pages of the trash say what lies in it, for a journal that is accepted as it is. A page that cannot be read
/// is made anew.
pub(super) fn relist(w: &mut Writer<'_>, lying: &[(EntryId, i64)]) -> Result<(), VaultError> {
    for page_idx in 0.. {
        match load_page(w, page_idx) {
            Ok(None) => break,
            Err(error) if error.is_damage() => {
                let empty = TrashV1 { items: Vec::new(), ext: Vec::new() };
                w.put(RecordType::TRASH, &page_idx.to_le_bytes(), &empty)?;
            }
            page => drop(page?),
        }
    }
    let listed = trashed(w)?;
    let gone: Vec<EntryId> =
        listed.iter().map(|(id, _)| *id).filter(|id| lying.iter().all(|(other, _)| other != id)).collect();
    unlist(w, &gone)?;
    for (id, deleted) in lying.iter().filter(|(id, _)| listed.iter().all(|(other, _)| other != id)) {
        list(w, *id, *deleted)?;
    }
    Ok(())
}

/// Strikes entries from the pages of the trash. Pages stay, even empty, so that they can be counted from 0.
fn unlist(w: &mut Writer<'_>, ids: &[EntryId]) -> Result<(), VaultError> {
    for page_idx in 0.. {
        let Some(mut page) = load_page(w, page_idx)? else { break };
        let before = page.items.len();
        page.items.retain(|item| !ids.contains(&EntryId::from_bytes(item.id)));
        if page.items.len() != before {
            w.put(RecordType::TRASH, &page_idx.to_le_bytes(), &page)?;
        }
    }
    Ok(())
}

fn load_page(r: &Reader<'_>, page_idx: u32) -> Result<Option<TrashV1>, VaultError> {
    r.load(RecordType::TRASH, &page_idx.to_le_bytes())
}
