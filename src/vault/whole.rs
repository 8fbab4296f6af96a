//! Everything a vault holds, for taking it out and putting it in: what is in the trash and earlier texts included.

use std::collections::BTreeSet;

use crate::{
    journal::{day::Day, entry::Entry, ids::EntryId, trace::TraceName},
    vault::{
        days,
        entries::{self, Flaw},
        error::VaultError,
        outbox::{self, Work},
        traces,
        transaction::{Reader, Writer},
        trash,
    },
};

/// An entry, reply or opening with its earlier texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// As it is now.
    pub entry: Entry,
    /// Earlier texts that were kept, oldest first.
    pub versions: Vec<Entry>,
    /// The names of its traces. When it is put in, these count, and not the ids that the entry lists.
    pub traces: Vec<TraceName>,
    /// Those of them that their owner pinned.
    pub pinned: Vec<TraceName>,
}

/// All that a day lists.
pub struct WholeDay {
    /// In display order, each entry followed by its replies, trash included.
    pub items: Vec<Item>,
    /// What the day lists and cannot be read.
    pub flaws: Vec<(EntryId, Flaw)>,
}

/// Every day that lists anything, ascending; also days of which all is in the trash.
///
/// # Errors
/// Seal and store errors.
pub fn days(r: &Reader<'_>) -> Result<Vec<Day>, VaultError> {
    let mut found = BTreeSet::new();
    days::walk_days(r, false, &mut |day| {
        found.insert(day);
        Ok(true)
    })?;
    for (id, _) in trash::trashed(r)? {
        match entries::entry(r, id) {
            Ok(entry) => found.extend(entry.map(|entry| entry.day)),
            Err(error @ VaultError::Store(_)) => return Err(error),
            // It is named when its day is read, if the day holds anything else.
            Err(_) => {}
        }
    }
    Ok(found.into_iter().collect())
}

/// All that a day lists.
///
/// # Errors
/// Store errors, and seal errors of the record of the day itself.
pub fn day(r: &Reader<'_>, day: Day) -> Result<WholeDay, VaultError> {
    let mut whole = WholeDay { items: Vec::new(), flaws: Vec::new() };
    for listed in days::load(r, day)?.items {
        let id = EntryId::from_bytes(listed.id);
        match item(r, id) {
            Ok(Some(item)) => whole.items.push(item),
            Ok(None) => whole.flaws.push((id, Flaw::Missing)),
            Err(error @ VaultError::Store(_)) => return Err(error),
            Err(_) => whole.flaws.push((id, Flaw::Unreadable)),
        }
    }
    Ok(whole)
}

fn item(r: &Reader<'_>, id: EntryId) -> Result<Option<Item>, VaultError> {
    let Some(entry) = entries::entry(r, id)? else { return Ok(None) };
    let versions = if entry.revision > 1 { entries::versions(r, id)? } else { Vec::new() };
    let (mut carried, mut pinned) = (Vec::new(), Vec::new());
    for ((_, name, _), found) in traces::named(r, &entry.traces)? {
        let Ok(name) = TraceName::parse(&name) else { continue };
        pinned.extend(found.filter(|found| found.is_pinned).map(|_| name.clone()));
        carried.push(name);
    }
    Ok(Some(Item { entry, versions, traces: carried, pinned }))
}

/// Puts an item in, live; [`trash::trash`] then moves it where it was. A reply needs its entry to be there. Call
/// [`index`] once for all that were put in, in the same transaction and before anything of it goes to the trash.
///
/// # Errors
/// Those of [`entries::insert`].
pub fn insert(w: &mut Writer<'_>, item: &Item) -> Result<(), VaultError> {
    for version in &item.versions {
        entries::version(w, version)?;
    }
    entries::add(w, &Entry { deleted: None, traces: Vec::new(), ..item.entry.clone() })?;
    for name in item.traces.iter().take(traces::MAX_PER_ENTRY) {
        let attached = traces::attach(w, item.entry.id, name)?;
        if item.pinned.iter().any(|pinned| pinned.key() == name.key()) {
            traces::pin(w, attached.trace, true)?;
        }
    }
    Ok(())
}

/// Orders the index to take in what was put in.
///
/// # Errors
/// Seal and store errors.
pub fn index(w: &mut Writer<'_>, ids: &[EntryId]) -> Result<(), VaultError> {
    outbox::push(w, &ids.iter().map(|id| (*id, Work::Index)).collect::<Vec<_>>())
}
