//! The new journal: what was found, in its place.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use crate::{
    clock::Clock,
    crypto::{
        header::{Header, ROW},
        record::RecordType,
        set::{Head, SetHash},
        wrap::{WrapFace, row_key},
    },
    journal::{day::Day, entry::Role, ids::EntryId},
    store::{Store, leaves::Leaves, rows::RowsMut},
    vault::{
        audit::Ring,
        backup::{BackupError, Partial, partial_of},
        days, drafts, entries,
        error::VaultError,
        files::FileKind,
        outbox,
        payload::{
            Payload,
            entry::{EntryV1, role_number},
            file::FileV1,
            index::{DayItemV1, DayV1, OutboxV1, RootV1, TRASHED},
            small::DraftV1,
        },
        salvage::{
            Found, Place, Salvaged, SalvagedDay,
            traces::{count_traces, remains},
        },
        transaction::{KeySet, Writer},
        trash,
        unlocked::{self, Unlocked, Wrap, keyring_row},
    },
};

/// Rows that are written in one transaction.
const BATCH: usize = 2_000;
/// Days that are put in order in one transaction.
const BATCH_DAYS: usize = 100;

/// How the new journal is opened.
pub(super) struct Way {
    pub(super) header: Header,
    pub(super) ring: Ring,
    pub(super) wraps: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What is known of an entry before its text is needed.
pub(super) struct Known {
    pub(super) day: i32,
    rev: u32,
    role: u8,
    created: i64,
    pub(super) deleted: i64,
    reply_to: Option<[u8; 16]>,
    pub(super) traces: Vec<[u8; 16]>,
    text: [u8; 32],
}

/// Writes a new journal with what was found.
pub(super) fn rebuild(
    leaves: &mut Leaves,
    found: &Found,
    keys: &KeySet,
    way: Way,
    journal: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Salvaged, BackupError> {
    let days = read_days(leaves, found, keys)?;
    let (known, removed) = read_entries(leaves, found, keys, &days)?;
    let partial = Partial::new(partial_of(journal));
    if partial.path.exists() {
        std::fs::remove_file(&partial.path)?;
    }
    let store = Arc::new(Store::open(&partial.path)?);
    let mut salvaged = Salvaged { entries: known.len(), removed, ..Salvaged::default() };
    let chosen = choose(leaves, found, keys, &known, &mut salvaged)?;
    write_rows(&store, leaves, keys, &way, &chosen, found.last_seq(), clock.now_ms())?;
    let Way { header, ring, .. } = way;
    let wrap = Wrap { row: ring.row, value: ring.wrap, vault: ring.vault, urk: ring.urk };
    let place = unlocked::Place { store: Arc::clone(&store), clock, header };
    let unlocked = unlocked::open(place, wrap)?;
    salvaged.days = put_in_order(&unlocked, &days, &known)?;
    count_traces(&unlocked, remains(leaves, found, keys)?, &known)?;
    if !unlocked.verify()?.ok {
        return Err(BackupError::Unlike);
    }
    drop(unlocked);
    store.compact()?;
    store.quiet()?;
    drop(store);
    std::fs::File::open(&partial.path)?.sync_all()?;
    partial.keep_as(journal)?;
    Ok(salvaged)
}

/// The newest record of every day, with its sequence number.
fn read_days(
    leaves: &mut Leaves,
    found: &Found,
    keys: &KeySet,
) -> Result<BTreeMap<i32, (u64, DayV1)>, VaultError> {
    let mut days = BTreeMap::new();
    for (_, place) in found.of(RecordType::DAY) {
        let (opened, _) = place.open(leaves, keys)?;
        if let Ok(day) = DayV1::decode(opened.schema, opened.body()) {
            days.insert(day.day, (place.seq, day));
        }
    }
    Ok(days)
}

/// The entries that belong into the journal, and how many had been removed for ever.
fn read_entries(
    leaves: &mut Leaves,
    found: &Found,
    keys: &KeySet,
    days: &BTreeMap<i32, (u64, DayV1)>,
) -> Result<(HashMap<[u8; 16], Known>, usize), VaultError> {
    let (mut known, mut removed) = (HashMap::new(), 0);
    for (_, place) in found.of(RecordType::ENTRY) {
        let (opened, _) = place.open(leaves, keys)?;
        let Ok(entry) = EntryV1::decode(opened.schema, opened.body()) else { continue };
        // The day is written in every transaction that changes which entries it has.
        let is_removed = days
            .get(&entry.day)
            .is_some_and(|(seq, day)| *seq >= place.seq && !day.items.iter().any(|item| item.id == entry.id));
        if is_removed {
            removed += 1;
            continue;
        }
        known.insert(
            entry.id,
            Known {
                day: entry.day,
                rev: entry.rev,
                role: entry.role,
                created: entry.created,
                deleted: entry.deleted,
                reply_to: entry.reply_to,
                traces: entry.traces.clone(),
                text: digest(&entry.text),
            },
        );
    }
    Ok((known, removed))
}

fn digest(text: &str) -> [u8; 32] {
    crate::crypto::hash::sha256(text.trim().as_bytes())
}

/// Which of the found records go into the new journal as they are. Those that say where entries stand are made anew.
fn choose(
    leaves: &mut Leaves,
    found: &Found,
    keys: &KeySet,
    known: &HashMap<[u8; 16], Known>,
    salvaged: &mut Salvaged,
) -> Result<Vec<Place>, VaultError> {
    let mut chosen = Vec::new();
    let kept_files = read_files(leaves, found, keys)?;
    for ((kind, key), place) in &found.records {
        let of_known = key.first_chunk::<16>().is_some_and(|id| known.contains_key(id));
        let count = match *kind {
            RecordType::HEAD | RecordType::DAY | RecordType::YEAR | RecordType::ROOT => continue,
            RecordType::OUTBOX | RecordType::TRASH | RecordType::VECTOR | RecordType::SESSION => continue,
            // What finds entries is made anew from them; its parts may be of several versions.
            RecordType::NAMED if key.starts_with(b"search/") => continue,
            RecordType::FILE | RecordType::PAGE
                if !key.first_chunk().is_some_and(|id| kept_files.contains(id)) =>
            {
                continue;
            }
            RecordType::TRACE_NAME | RecordType::TRACE_DIR | RecordType::POSTING => continue,
            RecordType::ENTRY if of_known => None,
            RecordType::VERSION if of_known => Some(&mut salvaged.versions),
            RecordType::ENTRY | RecordType::VERSION => continue,
            RecordType::DRAFT if !is_unsaved(leaves, keys, place, key, known)? => continue,
            _ => Some(&mut salvaged.others),
        };
        if let Some(count) = count {
            *count += 1;
        }
        chosen.push(*place);
    }
    chosen.sort_by_key(|place| place.row);
    Ok(chosen)
}

/// The files that cannot be made anew from the entries.
fn read_files(leaves: &mut Leaves, found: &Found, keys: &KeySet) -> Result<HashSet<[u8; 16]>, VaultError> {
    let mut kept = HashSet::new();
    for (_, place) in found.of(RecordType::FILE) {
        let (opened, _) = place.open(leaves, keys)?;
        let Some(id) = opened.key().first_chunk() else { continue };
        let kind = FileV1::decode(opened.schema, opened.body()).map(|file| FileKind(file.kind));
        if kind.map_or(true, |kind| !kind.is_derived()) {
            kept.insert(*id);
        }
    }
    Ok(kept)
}

/// Whether a draft holds something that was not saved.
fn is_unsaved(
    leaves: &mut Leaves,
    keys: &KeySet,
    place: &Place,
    key: &[u8],
    known: &HashMap<[u8; 16], Known>,
) -> Result<bool, VaultError> {
    let (opened, _) = place.open(leaves, keys)?;
    let Ok(draft) = DraftV1::decode(opened.schema, opened.body()) else { return Ok(true) };
    let mut texts = drafts::unfold(draft).into_iter().map(|draft| draft.text);
    let is_unsaved = |text: String| match key.split_first() {
        Some((2, id)) => id
            .first_chunk::<16>()
            .and_then(|id| known.get(id))
            .is_some_and(|entry| entry.text != digest(&text)),
        Some((1, day)) => {
            let day = day.first_chunk::<4>().map(|day| i32::from_le_bytes(*day));
            !text.trim().is_empty()
                && !known.values().any(|entry| Some(entry.day) == day && entry.text == digest(&text))
        }
        _ => true,
    };
    Ok(texts.any(is_unsaved))
}

/// Header, ways in, keyring, records as they were sealed, and a head for them.
fn write_rows(
    store: &Store,
    leaves: &mut Leaves,
    keys: &KeySet,
    way: &Way,
    chosen: &[Place],
    last_seq: u64,
    now: i64,
) -> Result<(), VaultError> {
    let (active, keyring) = (&keys.active, &way.ring.keyring);
    let (mut set, mut count) = (SetHash::EMPTY, 0);
    for batch in chosen.chunks(BATCH) {
        let mut rows = Vec::with_capacity(batch.len());
        for place in batch {
            let (opened, value) = place.open(leaves, keys)?;
            // What a rotation had not come to yet is taken along to the new generation.
            let (row, value) = if place.is_active {
                (place.row, value)
            } else {
                active.reseal(&opened.envelope(), value.len())?
            };
            set.toggle(&active.mark(&row, &value)?);
            count += 1;
            rows.push((row, value));
        }
        store.write(|out| -> Result<(), VaultError> {
            for (row, value) in &rows {
                out.insert(row.as_bytes(), value)?;
            }
            Ok(())
        })?;
    }
    let seq = last_seq + 1;
    let head = |generation, set, count| Head {
        generation,
        seq,
        count,
        set,
        // Unknown; every record was written at least once, so this is not far from the truth.
        seals: seq.saturating_mul(6),
        keyring_rev: keyring.rev,
        wall: now,
        lineage: Head::new_lineage(),
    };
    let (head_row, head_value) = active.seal_head(&head(active.generation(), set, count))?;
    let drained = match &keys.draining {
        Some(keys) => Some(keys.seal_head(&head(keys.generation(), SetHash::EMPTY, 0))?),
        None => None,
    };
    store.write(|out| -> Result<(), VaultError> {
        out.put_small(ROW, &way.header.to_bytes())?;
        out.put_small(&keyring_row(way.ring.vault), &way.ring.ring)?;
        for (key, value) in &way.wraps {
            let is_ours = keyring.wraps.iter().any(|wrap| row_key(&wrap.row).as_slice() == key.as_slice());
            if is_ours && WrapFace::parse(value).is_ok_and(|face| face.agrees_with(&way.header)) {
                out.put_small(key, value)?;
            }
        }
        out.put_small(&row_key(&way.ring.row), &way.ring.wrap)?;
        out.insert(head_row.as_bytes(), &head_value)?;
        if let Some((row, value)) = &drained {
            out.insert(row.as_bytes(), value)?;
        }
        Ok(())
    })
}

/// Makes the records that say where entries stand, and tells what every day has and misses.
fn put_in_order(
    unlocked: &Unlocked,
    days: &BTreeMap<i32, (u64, DayV1)>,
    known: &HashMap<[u8; 16], Known>,
) -> Result<Vec<SalvagedDay>, VaultError> {
    let mut of_day: BTreeMap<i32, Vec<&[u8; 16]>> = days.keys().map(|day| (*day, Vec::new())).collect();
    for (id, entry) in known {
        of_day.entry(entry.day).or_default().push(id);
    }
    let mut report = Vec::new();
    let all: Vec<_> = of_day.iter().collect();
    unlocked.write(|w| {
        let root = RootV1 { first_day: 0, last_day: 0, years: Vec::new(), ext: Vec::new() };
        w.put(RecordType::ROOT, &[], &root)?;
        w.put(RecordType::OUTBOX, &[], &OutboxV1 { rescan: true, items: Vec::new(), ext: Vec::new() })?;
        outbox::demand_rescan(w)
    })?;
    for batch in all.chunks(BATCH_DAYS) {
        unlocked.write(|w| {
            for (number, ids) in batch {
                let Some(day) = Day::from_number(**number) else { continue };
                let listed = days.get(*number).map(|(_, day)| day);
                report.push(order_day(w, day, listed, ids, known)?);
            }
            Ok(())
        })?;
    }
    report.retain(|day| day.found + day.lost > 0);
    Ok(report)
}

fn order_day(
    w: &mut Writer<'_>,
    day: Day,
    listed: Option<&DayV1>,
    ids: &[&[u8; 16]],
    known: &HashMap<[u8; 16], Known>,
) -> Result<SalvagedDay, VaultError> {
    let mut stored = DayV1 { day: day.number(), items: Vec::new(), ext: Vec::new() };
    let mut lost = 0;
    if let Some(listed) = listed {
        stored.ext.clone_from(&listed.ext);
        for item in &listed.items {
            match known.get(&item.id).filter(|entry| entry.day == day.number()) {
                Some(entry) => stored.items.push(item_of(item.id, entry)),
                None => lost += 1,
            }
        }
    }
    let mut unlisted: Vec<_> =
        ids.iter().filter(|id| !stored.items.iter().any(|item| item.id == ***id)).copied().collect();
    // Answered entries come before their replies, and everything in the order of its making.
    unlisted.sort_by_key(|id| (known[*id].role == role_number(Role::Reply), known[*id].created, **id));
    for id in unlisted {
        let entry = entries::entry(w, EntryId::from_bytes(*id))?.ok_or(VaultError::Missing)?;
        let place = entries::place(&stored.items, &entry);
        stored.items.insert(place, item_of(*id, &known[id]));
    }
    days::store(w, day, &stored)?;
    for id in ids {
        let entry = &known[*id];
        let goes_with = entry.reply_to.and_then(|answered| known.get(&answered));
        // A reply that went to the trash with its entry is not listed by itself.
        if entry.deleted != 0 && goes_with.is_none_or(|answered| answered.deleted != entry.deleted) {
            trash::list(w, EntryId::from_bytes(**id), entry.deleted)?;
        }
    }
    Ok(SalvagedDay { day, found: stored.items.len(), lost })
}

fn item_of(id: [u8; 16], entry: &Known) -> DayItemV1 {
    let flags = if entry.deleted == 0 { 0 } else { TRASHED };
    DayItemV1 { id, role: entry.role, flags, rev: entry.rev }
}
