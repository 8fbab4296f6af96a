//! Changes of a trace as a whole: rename, merge, delete. Each is one transaction, and the last one can be undone.
//!
//! What is needed to undo it is kept, sealed, in the setting `traces.undo`, until the next such change takes its place.
//! An entry that cannot be read keeps its traces; nothing else stops for it.

use crate::{
    crypto::record::RecordType,
    journal::{
        ids::{EntryId, TraceId},
        trace::TraceName,
    },
    random,
    vault::{
        days, entries,
        error::VaultError,
        payload::{
            Payload,
            trace::{
                CHANGE_DELETE, CHANGE_MERGE, CHANGE_RENAME, PostingItemV1, TraceUndoV1, TraceV1, UndoLinkV1,
            },
        },
        settings,
        traces::{id_of, kind_number, links, load, make, one, put_name},
        transaction::{Reader, Writer},
        trash,
        wire::WireError,
    },
};

/// The setting that holds what is needed to undo the last change.
const UNDO: &str = "traces.undo";
/// Most entries of a change that can be undone: what a record holds.
pub const MAX_UNDO: usize = 40_000;

/// Names a change, to undo exactly that one.
pub type ChangeId = [u8; 16];

/// A change that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    /// With this it is undone; `None` when it concerns too many entries.
    pub undo: Option<ChangeId>,
    /// The name before.
    pub name: String,
}

/// What became of renaming.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Renamed {
    /// It has the new name.
    Done(Changed),
    /// It was called that.
    Same,
    /// Another trace has this name: they could be merged.
    Taken(TraceId),
    /// There is no such trace.
    Gone,
}

/// Gives a trace another name.
///
/// # Errors
/// Seal and store errors.
pub fn rename(w: &mut Writer<'_>, trace: TraceId, name: &TraceName) -> Result<Renamed, VaultError> {
    let Some(mut stored) = load(w, trace)?.filter(|stored| stored.count > 0) else {
        return Ok(Renamed::Gone);
    };
    if stored.name == name.as_str() {
        return Ok(Renamed::Same);
    }
    if let Some(other) = other_of(w, &stored, name)? {
        if other.count > 0 {
            return Ok(Renamed::Taken(TraceId::from_bytes(other.id)));
        }
        // All its entries are in the trash, so it is not seen: they go along.
        take_over(w, &other, &mut stored)?;
    }
    let undo = keep(w, undo_of(w, CHANGE_RENAME, &stored, None, Vec::new()))?;
    let before = stored.name.clone();
    give_name(w, &mut stored, name)?;
    w.put(RecordType::TRACE, &stored.id, &stored)?;
    Ok(Renamed::Done(Changed { undo, name: before }))
}

/// Lets the entries of one trace carry another one instead, and removes the first. `None` when one of them is gone, or
/// both are the same.
///
/// # Errors
/// Seal and store errors.
pub fn merge(w: &mut Writer<'_>, from: TraceId, into: TraceId) -> Result<Option<Changed>, VaultError> {
    let (Some(stored), Some(mut other)) = (load(w, from)?, load(w, into)?) else { return Ok(None) };
    if from == into || stored.count == 0 || other.count == 0 {
        return Ok(None);
    }
    let moved = take_over(w, &stored, &mut other)?;
    let undo = keep(w, undo_of(w, CHANGE_MERGE, &stored, Some(other.id), moved))?;
    Ok(Some(Changed { undo, name: stored.name }))
}

/// Takes a trace from all entries. `None` when it is gone.
///
/// # Errors
/// Seal and store errors.
pub fn delete(w: &mut Writer<'_>, trace: TraceId) -> Result<Option<Changed>, VaultError> {
    let Some(stored) = load(w, trace)?.filter(|stored| stored.count > 0) else { return Ok(None) };
    let mut taken = Vec::new();
    for entry in holders(w, &stored)? {
        taken.extend(strip(w, entry, &stored.id, None)?);
    }
    links::erase(w, &stored)?;
    let undo = keep(w, undo_of(w, CHANGE_DELETE, &stored, None, taken))?;
    Ok(Some(Changed { undo, name: stored.name }))
}

/// Undoes a change, if it was the last one, and gives the trace it was about. `None` when it cannot be undone any more:
/// another change was made since, or another trace was given the name.
///
/// # Errors
/// Seal and store errors.
pub fn undo(w: &mut Writer<'_>, change: &ChangeId) -> Result<Option<TraceId>, VaultError> {
    let Some(kept) = kept(w)?.filter(|kept| kept.id == *change) else { return Ok(None) };
    let name = TraceName::parse(&kept.name).map_err(|_| WireError)?;
    let done = match kept.change {
        CHANGE_RENAME => rename_back(w, &kept, &name)?,
        _ => attach_again(w, &kept, &name)?,
    };
    if done.is_some() {
        settings::remove(w, UNDO)?;
    }
    Ok(done)
}

fn rename_back(
    w: &mut Writer<'_>,
    kept: &TraceUndoV1,
    name: &TraceName,
) -> Result<Option<TraceId>, VaultError> {
    let id = TraceId::from_bytes(kept.trace);
    let Some(mut stored) = load(w, id)? else { return Ok(None) };
    if let Some(other) = other_of(w, &stored, name)? {
        if other.count > 0 {
            return Ok(None);
        }
        take_over(w, &other, &mut stored)?;
    }
    give_name(w, &mut stored, name)?;
    w.put(RecordType::TRACE, &stored.id, &stored)?;
    Ok(Some(id))
}

/// Brings a trace back that was deleted or merged. Entries that were removed for ever since are left out; when another
/// trace has the name by now, the entries carry that one.
fn attach_again(
    w: &mut Writer<'_>,
    kept: &TraceUndoV1,
    name: &TraceName,
) -> Result<Option<TraceId>, VaultError> {
    let id = match id_of(w, name.key())? {
        Some(id) if load(w, id)?.is_some() => id,
        _ => {
            let id = TraceId::from_bytes(kept.trace);
            make(w, id, name, kept.flags, kept.created)?;
            id
        }
    };
    let Some(mut stored) = load(w, id)? else { return Ok(None) };
    let mut items = links::items(w, &stored)?;
    // Of a merge that is undone: entries that carried only the first of both.
    let mut parted = Vec::new();
    for link in &kept.links {
        let entry = EntryId::from_bytes(link.id);
        let Some(mut found) = one(entries::load(w, entry))? else { continue };
        if let Some(into) = kept.into.filter(|into| !link.both && *into != stored.id) {
            let before = found.traces.len();
            found.traces.retain(|trace| *trace != into);
            if found.traces.len() != before {
                parted.push((link.id, found.deleted != 0));
            }
        }
        if !found.traces.contains(&stored.id) {
            found.traces.insert(usize::from(link.place).min(found.traces.len()), stored.id);
            match found.deleted {
                0 => items.push(PostingItemV1 { id: link.id, day: found.day }),
                _ => stored.held += 1,
            }
        }
        w.put(RecordType::ENTRY, &link.id, &found)?;
    }
    links::store(w, stored, &items)?;
    if let Some(into) = kept.into
        && let Some(mut other) = load(w, TraceId::from_bytes(into))?
    {
        let held = parted.iter().filter(|(_, is_trashed)| *is_trashed).count();
        other.held = other.held.saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        let mut items = links::items(w, &other)?;
        items.retain(|item| parted.iter().all(|(id, _)| *id != item.id));
        links::store(w, other, &items)?;
    }
    Ok(Some(id))
}

/// Another trace of this name.
fn other_of(r: &Reader<'_>, stored: &TraceV1, name: &TraceName) -> Result<Option<TraceV1>, VaultError> {
    let Some(id) = id_of(r, name.key())?.filter(|id| *id.as_bytes() != stored.id) else { return Ok(None) };
    load(r, id)
}

fn give_name(w: &mut Writer<'_>, stored: &mut TraceV1, name: &TraceName) -> Result<(), VaultError> {
    links::forget_name(w, stored)?;
    name.as_str().clone_into(&mut stored.name);
    stored.kind = kind_number(name.kind());
    put_name(w, name.key(), TraceId::from_bytes(stored.id))
}

/// Lets the entries of one trace, in the trash or not, carry another one, and removes the first.
fn take_over(w: &mut Writer<'_>, from: &TraceV1, into: &mut TraceV1) -> Result<Vec<UndoLinkV1>, VaultError> {
    let mut moved = Vec::new();
    let mut items = links::items(w, into)?;
    for entry in holders(w, from)? {
        let Some(link) = strip(w, entry, &from.id, Some(into.id))? else { continue };
        if !link.both
            && let Some(found) = entries::load(w, entry)?
        {
            match found.deleted {
                0 => items.push(PostingItemV1 { id: link.id, day: found.day }),
                _ => into.held += 1,
            }
        }
        moved.push(link);
    }
    links::erase(w, from)?;
    links::store(w, into.clone(), &items)?;
    // What was counted anew, for whoever goes on writing it.
    if let Some(stored) = load(w, TraceId::from_bytes(into.id))? {
        *into = stored;
    }
    Ok(moved)
}

/// Takes a trace from an entry and puts another one in its place, unless the entry carries that already.
fn strip(
    w: &mut Writer<'_>,
    entry: EntryId,
    from: &[u8; 16],
    into: Option<[u8; 16]>,
) -> Result<Option<UndoLinkV1>, VaultError> {
    let Some(mut found) = one(entries::load(w, entry))? else { return Ok(None) };
    let Some(place) = found.traces.iter().position(|trace| trace == from) else { return Ok(None) };
    found.traces.remove(place);
    let both = into.is_some_and(|into| found.traces.contains(&into));
    if let Some(into) = into.filter(|_| !both) {
        found.traces.insert(place, into);
    }
    w.put(RecordType::ENTRY, entry.as_bytes(), &found)?;
    let place = u16::try_from(place).unwrap_or(u16::MAX);
    Ok(Some(UndoLinkV1 { id: *entry.as_bytes(), place, both }))
}

/// Everything that carries a trace, in the trash too.
fn holders(r: &Reader<'_>, stored: &TraceV1) -> Result<Vec<EntryId>, VaultError> {
    let mut all: Vec<EntryId> =
        links::items(r, stored)?.iter().map(|item| EntryId::from_bytes(item.id)).collect();
    if stored.held == 0 {
        return Ok(all);
    }
    for (id, _) in trash::trashed(r)? {
        let Some(found) = one(entries::load(r, id))? else { continue };
        let day = days::load(r, trash::day_of(&found)?)?;
        for member in trash::group(&day, id) {
            let member_of = one(entries::load(r, member))?;
            let carries = |found: &crate::vault::payload::entry::EntryV1| {
                found.deleted != 0 && found.traces.contains(&stored.id)
            };
            if member_of.as_ref().is_some_and(carries) && !all.contains(&member) {
                all.push(member);
            }
        }
    }
    Ok(all)
}

fn undo_of(
    w: &Writer<'_>,
    change: u8,
    stored: &TraceV1,
    into: Option<[u8; 16]>,
    links: Vec<UndoLinkV1>,
) -> TraceUndoV1 {
    TraceUndoV1 {
        id: random::array(),
        at: w.now(),
        change,
        trace: stored.id,
        name: stored.name.clone(),
        flags: stored.flags,
        created: stored.created,
        into,
        links,
        ext: Vec::new(),
    }
}

/// Keeps what is needed to undo a change, in place of what was kept of the one before.
fn keep(w: &mut Writer<'_>, undo: TraceUndoV1) -> Result<Option<ChangeId>, VaultError> {
    if undo.links.len() > MAX_UNDO {
        settings::remove(w, UNDO)?;
        return Ok(None);
    }
    settings::put(w, UNDO, &undo.encode())?;
    Ok(Some(undo.id))
}

fn kept(r: &Reader<'_>) -> Result<Option<TraceUndoV1>, VaultError> {
    let Some(bytes) = one(settings::get(r, UNDO))? else { return Ok(None) };
    one(TraceUndoV1::decode(1, &bytes).map(Some))
}
