//! What the search index has still to do. Written in the transaction that changes an entry, so that nothing is
//! forgotten when the program ends in between.

use crate::{
    crypto::record::RecordType,
    journal::ids::EntryId,
    vault::{
        error::VaultError,
        payload::index::{EXT_RESCAN_SEQ, MAX_OUTBOX_ITEMS, OP_INDEX, OP_REMOVE, OutboxItemV1, OutboxV1},
        transaction::{Reader, Writer},
    },
};

/// What to do with an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Compute its vectors again.
    Index,
    /// Take it out.
    Remove,
}

/// One piece of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutboxItem {
    /// Entry, reply or opening.
    pub id: EntryId,
    /// What to do.
    pub work: Work,
    seq: u64,
}

/// All pending work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outbox {
    /// Too much happened to list it: look at every entry, then call [`rescanned`].
    pub rescan: bool,
    /// At most one per entry, oldest first.
    pub items: Vec<OutboxItem>,
    demanded: u64,
}

impl Outbox {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.rescan && self.items.is_empty()
    }
}

/// The pending work.
///
/// # Errors
/// Seal and store errors.
pub fn pending(r: &Reader<'_>) -> Result<Outbox, VaultError> {
    let stored = load(r)?;
    let item = |item: &OutboxItemV1| {
        // Other work is that of a later program.
        let work = match item.op {
            OP_INDEX => Work::Index,
            OP_REMOVE => Work::Remove,
            _ => return None,
        };
        Some(OutboxItem { id: EntryId::from_bytes(item.id), work, seq: item.seq })
    };
    Ok(Outbox {
        rescan: stored.rescan,
        items: stored.items.iter().filter_map(item).collect(),
        demanded: demanded(&stored),
    })
}

/// Strikes out work that is done. An entry that changed since the work was taken stays listed.
///
/// # Errors
/// Seal and store errors.
pub fn acknowledge(w: &mut Writer<'_>, done: &[OutboxItem]) -> Result<(), VaultError> {
    let mut stored = load(w)?;
    let before = stored.items.len();
    stored
        .items
        .retain(|item| !done.iter().any(|done| *done.id.as_bytes() == item.id && done.seq == item.seq));
    if stored.items.len() == before {
        return Ok(());
    }
    w.put(RecordType::OUTBOX, &[], &stored)
}

/// Notes that every entry was looked at, beginning with the state in which `taken` was pending. When too much
/// happened since then, the demand stays.
///
/// # Errors
/// Seal and store errors.
pub fn rescanned(w: &mut Writer<'_>, taken: &Outbox) -> Result<(), VaultError> {
    let mut stored = load(w)?;
    if !stored.rescan || demanded(&stored) != taken.demanded {
        return Ok(());
    }
    stored.rescan = false;
    w.put(RecordType::OUTBOX, &[], &stored)
}

/// Asks for every entry to be looked at, for example after another embedder was installed.
///
/// # Errors
/// Seal and store errors.
pub fn demand_rescan(w: &mut Writer<'_>) -> Result<(), VaultError> {
    let mut stored = load(w)?;
    set_rescan(&mut stored, w.seq());
    w.touch_all();
    w.put(RecordType::OUTBOX, &[], &stored)
}

/// Lists work for an entry in place of what was listed for it.
pub(super) fn push(w: &mut Writer<'_>, work: &[(EntryId, Work)]) -> Result<(), VaultError> {
    let mut stored = load(w)?;
    let seq = w.seq();
    for (id, work) in work {
        w.touch(*id);
        stored.items.retain(|item| item.id != *id.as_bytes());
        if stored.items.len() >= MAX_OUTBOX_ITEMS {
            set_rescan(&mut stored, seq);
        }
        let op = match work {
            Work::Index => OP_INDEX,
            Work::Remove => OP_REMOVE,
        };
        stored.items.push(OutboxItemV1 { id: *id.as_bytes(), op, seq });
    }
    w.put(RecordType::OUTBOX, &[], &stored)
}

fn load(r: &Reader<'_>) -> Result<OutboxV1, VaultError> {
    let stored = match r.load::<OutboxV1>(RecordType::OUTBOX, &[]) {
        Err(error) if error.is_damage() => None,
        stored => stored?,
    };
    // A lost outbox is no reason to fail: everything is looked at again.
    Ok(stored.unwrap_or(OutboxV1 { rescan: true, items: Vec::new(), ext: Vec::new() }))
}

fn set_rescan(stored: &mut OutboxV1, seq: u64) {
    stored.rescan = true;
    stored.items.clear();
    stored.ext.retain(|(tag, _)| *tag != EXT_RESCAN_SEQ);
    stored.ext.push((EXT_RESCAN_SEQ, seq.to_le_bytes().to_vec()));
    stored.ext.sort_by_key(|(tag, _)| *tag);
}

fn demanded(stored: &OutboxV1) -> u64 {
    let found = stored.ext.iter().find(|(tag, _)| *tag == EXT_RESCAN_SEQ);
    found.and_then(|(_, bytes)| bytes.as_slice().try_into().ok()).map_or(0, u64::from_le_bytes)
}
