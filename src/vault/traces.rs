//! Traces: which entries carry a name, and how many.
//!
//! An entry lists its traces (`EntryV1::traces`); everything else is derived from that and kept in step in the
//! transaction that changes an entry: the record of the trace with its counts, its pages of entries, the record by
//! which its name is found, and the directory of all traces.
//!
//! Only what is outside the trash counts. A trace whose last entry went to the trash is not shown, and its record waits
//! there with it (`held`), so that a restored entry has its traces back; when that entry is removed for ever, the trace
//! is. Detaching the last one removes it at once.
//!
//! ```text
//! TRACE_NAME key --> id --> TRACE name, count, held, first and last day
//! TRACE_DIR  page -> ids          POSTING id, page -> entries with their days
//! ```

pub mod change;
mod links;
pub(super) mod recount;

use std::{cmp::Reverse, collections::HashMap};

use crate::{
    crypto::record::RecordType,
    journal::{
        day::Day,
        entry::Entry,
        ids::{EntryId, TraceId},
        trace::{Kind, TraceName},
    },
    random,
    vault::{
        entries,
        error::VaultError,
        payload::{
            entry::EntryV1,
            trace::{FLAG_PINNED, KIND_EMOJI, KIND_WORD, TraceNameV1, TraceV1},
        },
        transaction::{Reader, Writer},
    },
};

pub(super) use links::{hold, link, release, unlink};

/// Most traces of one entry.
pub const MAX_PER_ENTRY: usize = 1_000;

/// A trace that at least one entry outside the trash carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Identifier, also its address.
    pub id: TraceId,
    /// As it is shown.
    pub name: String,
    /// Words or an emoji.
    pub kind: Kind,
    /// When it was first attached, milliseconds since 1970 UTC.
    pub created: i64,
    /// Entries, replies and openings that carry it.
    pub count: u32,
    /// The earliest day of these.
    pub first: Day,
    /// The latest day of these.
    pub last: Day,
    /// Its owner wants it first.
    pub is_pinned: bool,
}

/// An entry that carries a trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Link {
    /// Its day.
    pub day: Day,
    /// Entry, reply or opening.
    pub entry: EntryId,
}

/// A trace as it is called.
pub type Name = (TraceId, String, Kind);

/// What became of attaching.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// The trace.
    pub trace: TraceId,
    /// Whether the entry carried it before.
    pub was_there: bool,
}

/// The trace with this id; `None` when nothing outside the trash carries it.
///
/// # Errors
/// Seal and store errors.
pub fn trace(r: &Reader<'_>, id: TraceId) -> Result<Option<Trace>, VaultError> {
    Ok(load(r, id)?.and_then(shown))
}

/// The trace of this name; `None` when nothing outside the trash carries it.
///
/// # Errors
/// Seal and store errors.
pub fn find(r: &Reader<'_>, name: &TraceName) -> Result<Option<Trace>, VaultError> {
    match id_of(r, name.key())? {
        Some(id) => trace(r, id),
        None => Ok(None),
    }
}

/// Every trace that is shown, in no order that means anything. Those that cannot be opened are left out.
///
/// # Errors
/// Store errors.
pub fn all(r: &Reader<'_>) -> Result<Vec<Trace>, VaultError> {
    let mut all = Vec::new();
    for id in links::listed(r)? {
        all.extend(load(r, id)?.and_then(shown));
    }
    Ok(all)
}

/// The names of traces, in the order of `ids`; those that are gone or do not open are left out.
///
/// # Errors
/// Store errors.
pub fn names(r: &Reader<'_>, ids: &[TraceId]) -> Result<Vec<Name>, VaultError> {
    Ok(named(r, ids)?.into_iter().map(|(name, _)| name).collect())
}

/// As [`names`], each with the trace when something outside the trash carries it.
///
/// # Errors
/// Store errors.
pub fn named(r: &Reader<'_>, ids: &[TraceId]) -> Result<Vec<(Name, Option<Trace>)>, VaultError> {
    let mut named = Vec::with_capacity(ids.len());
    for id in ids {
        named.extend(load(r, *id)?.map(|stored| {
            let (name, kind) = (stored.name.clone(), kind_of(stored.kind));
            ((*id, name, kind), shown(stored))
        }));
    }
    Ok(named)
}

/// The entries, replies and openings outside the trash that carry a trace, by day and then by id, which is the order
/// of their making. Empty when there is no such trace.
///
/// # Errors
/// Store errors.
pub fn entries(r: &Reader<'_>, id: TraceId) -> Result<Vec<Link>, VaultError> {
    let Some(stored) = load(r, id)? else { return Ok(Vec::new()) };
    let items = links::items(r, &stored)?;
    let link = |item: &crate::vault::payload::trace::PostingItemV1| {
        Some(Link { day: Day::from_number(item.day)?, entry: EntryId::from_bytes(item.id) })
    };
    let mut links: Vec<Link> = items.iter().filter_map(link).collect();
    links.sort_unstable();
    Ok(links)
}

/// The other traces of these entries of a trace, with how many carry both, most first. Each entry is handed to `each`;
/// those that cannot be read are left out.
///
/// # Errors
/// Store errors.
pub fn together(
    r: &Reader<'_>,
    id: TraceId,
    links: &[Link],
    mut each: impl FnMut(&Entry),
) -> Result<Vec<(TraceId, u32)>, VaultError> {
    let mut counts: HashMap<TraceId, u32> = HashMap::new();
    for link in links {
        let Some(entry) = one(entries::entry(r, link.entry))? else { continue };
        for other in entry.traces.iter().filter(|other| **other != id) {
            *counts.entry(*other).or_default() += 1;
        }
        each(&entry);
    }
    let mut counts: Vec<(TraceId, u32)> = counts.into_iter().collect();
    counts.sort_by_key(|(id, n)| (Reverse(*n), *id));
    Ok(counts)
}

/// Attaches a trace to an entry, reply or opening; makes the trace when there is none of this name. An entry keeps its
/// revision, because its text does not change.
///
/// # Errors
/// [`VaultError::Missing`] when there is no such entry outside the trash, [`VaultError::TooManyTraces`]; seal and store
/// errors.
pub fn attach(w: &mut Writer<'_>, entry: EntryId, name: &TraceName) -> Result<Attached, VaultError> {
    let mut stored = live(w, entry)?;
    let trace = existing_or_new(w, name)?;
    if stored.traces.contains(trace.as_bytes()) {
        return Ok(Attached { trace, was_there: true });
    }
    if stored.traces.len() >= MAX_PER_ENTRY {
        return Err(VaultError::TooManyTraces);
    }
    stored.traces.push(*trace.as_bytes());
    w.put(RecordType::ENTRY, &stored.id, &stored)?;
    link(w, trace, stored.id, stored.day)?;
    Ok(Attached { trace, was_there: false })
}

/// Takes a trace from an entry. Gives its name; `None` when the entry did not carry it. With its last entry the trace
/// is gone.
///
/// # Errors
/// [`VaultError::Missing`] when there is no such entry outside the trash; seal and store errors.
pub fn detach(w: &mut Writer<'_>, entry: EntryId, trace: TraceId) -> Result<Option<String>, VaultError> {
    let mut stored = live(w, entry)?;
    let before = stored.traces.len();
    stored.traces.retain(|id| id != trace.as_bytes());
    if stored.traces.len() == before {
        return Ok(None);
    }
    let name = load(w, trace)?.map(|found| found.name).unwrap_or_default();
    w.put(RecordType::ENTRY, &stored.id, &stored)?;
    unlink(w, trace, &stored.id)?;
    Ok(Some(name))
}

/// Pins a trace, so that it stands before others, or lets go of it. `false` when there is no such trace.
///
/// # Errors
/// Seal and store errors.
pub fn pin(w: &mut Writer<'_>, id: TraceId, is_pinned: bool) -> Result<bool, VaultError> {
    let Some(stored) = load(w, id)?.filter(|stored| stored.count > 0) else { return Ok(false) };
    let flags = if is_pinned { stored.flags | FLAG_PINNED } else { stored.flags & !FLAG_PINNED };
    if flags != stored.flags {
        w.put(RecordType::TRACE, id.as_bytes(), &TraceV1 { flags, ..stored })?;
    }
    Ok(true)
}

/// The record of an entry outside the trash.
fn live(r: &Reader<'_>, id: EntryId) -> Result<EntryV1, VaultError> {
    entries::load(r, id)?.filter(|entry| entry.deleted == 0).ok_or(VaultError::Missing)
}

/// The trace of a name, made when there is none. One whose entries are all in the trash is shown as it is typed now.
fn existing_or_new(w: &mut Writer<'_>, name: &TraceName) -> Result<TraceId, VaultError> {
    if let Some(id) = id_of(w, name.key())?
        && let Some(stored) = load(w, id)?
    {
        if stored.count == 0 && stored.name != name.as_str() {
            w.put(RecordType::TRACE, &stored.id, &TraceV1 { name: name.as_str().to_owned(), ..stored })?;
        }
        return Ok(id);
    }
    let id = TraceId::from_parts(w.now(), random::array());
    make(w, id, name, 0, w.now())?;
    Ok(id)
}

/// Makes a trace that nothing carries yet.
fn make(
    w: &mut Writer<'_>,
    id: TraceId,
    name: &TraceName,
    flags: u32,
    created: i64,
) -> Result<TraceV1, VaultError> {
    let stored = TraceV1 {
        id: *id.as_bytes(),
        name: name.as_str().to_owned(),
        kind: kind_number(name.kind()),
        flags,
        created,
        count: 0,
        held: 0,
        first_day: 0,
        last_day: 0,
        pages: 0,
        ext: Vec::new(),
    };
    w.put(RecordType::TRACE, id.as_bytes(), &stored)?;
    put_name(w, name.key(), id)?;
    links::list(w, id)?;
    Ok(stored)
}

fn put_name(w: &mut Writer<'_>, key: &str, id: TraceId) -> Result<(), VaultError> {
    w.put(RecordType::TRACE_NAME, key.as_bytes(), &TraceNameV1 { id: *id.as_bytes(), ext: Vec::new() })
}

/// The trace that a key leads to, also when it is not shown.
fn id_of(r: &Reader<'_>, key: &str) -> Result<Option<TraceId>, VaultError> {
    let found = one(r.load::<TraceNameV1>(RecordType::TRACE_NAME, key.as_bytes()))?;
    Ok(found.map(|name| TraceId::from_bytes(name.id)))
}

/// The record of a trace. One that does not open counts as none: it must keep no entry from being written, and is made
/// anew when the journal is accepted as it is.
fn load(r: &Reader<'_>, id: TraceId) -> Result<Option<TraceV1>, VaultError> {
    one(r.load::<TraceV1>(RecordType::TRACE, id.as_bytes()))
}

/// `None` in place of a record that cannot be read.
fn one<T>(found: Result<Option<T>, VaultError>) -> Result<Option<T>, VaultError> {
    match found {
        Err(error) if error.is_of_one_record() => Ok(None),
        found => found,
    }
}

fn shown(stored: TraceV1) -> Option<Trace> {
    if stored.count == 0 {
        return None;
    }
    Some(Trace {
        id: TraceId::from_bytes(stored.id),
        kind: kind_of(stored.kind),
        created: stored.created,
        count: stored.count,
        first: Day::from_number(stored.first_day)?,
        last: Day::from_number(stored.last_day)?,
        is_pinned: stored.flags & FLAG_PINNED != 0,
        name: stored.name,
    })
}

const fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::Word => KIND_WORD,
        Kind::Emoji => KIND_EMOJI,
    }
}

const fn kind_of(number: u8) -> Kind {
    if number == KIND_EMOJI { Kind::Emoji } else { Kind::Word }
}

/// The key by which a stored name is found. A name that is no longer one for this program is its own key.
pub(super) fn key_of(name: &str) -> String {
    TraceName::parse(name).map_or_else(|_| name.to_owned(), |name| name.key().to_owned())
}
