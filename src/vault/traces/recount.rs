//! Counting traces anew from what the entries say: for a check, for a journal that is accepted as it is, and after a
//! salvage.

use std::collections::BTreeMap;

use crate::{
    crypto::record::RecordType,
    journal::{ids::TraceId, trace::TraceName},
    vault::{
        error::VaultError,
        payload::trace::{MAX_DIR_IDS, PostingItemV1, TraceDirV1, TraceNameV1, TraceV1},
        traces::{id_of, key_of, kind_number, links, load, one, put_name},
        transaction::Writer,
    },
};

/// What one entry says of its traces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::vault) struct Carrier {
    pub(in crate::vault) entry: [u8; 16],
    pub(in crate::vault) day: i32,
    pub(in crate::vault) is_trashed: bool,
    pub(in crate::vault) traces: Vec<[u8; 16]>,
}

/// What must be kept of one trace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::vault) struct Expected {
    /// Day and id of what carries it outside the trash, ascending.
    pub(in crate::vault) links: Vec<(i32, [u8; 16])>,
    /// How many in the trash do.
    pub(in crate::vault) held: u32,
}

impl Expected {
    /// Whether the record of a trace and its entries say the same.
    pub(in crate::vault) fn fits(&self, stored: &TraceV1, mut links: Vec<(i32, [u8; 16])>) -> bool {
        links.sort_unstable();
        let ends = (self.links.first().map_or(0, |link| link.0), self.links.last().map_or(0, |link| link.0));
        links == self.links
            && stored.count as usize == self.links.len()
            && stored.held == self.held
            && (stored.first_day, stored.last_day) == ends
    }
}

/// What must be kept of every trace that some entry carries: a pure function of the entries.
pub(in crate::vault) fn expected(carriers: &[Carrier]) -> BTreeMap<[u8; 16], Expected> {
    let mut all: BTreeMap<[u8; 16], Expected> = BTreeMap::new();
    for carrier in carriers {
        for trace in &carrier.traces {
            let expected = all.entry(*trace).or_default();
            if carrier.is_trashed {
                expected.held += 1;
            } else {
                expected.links.push((carrier.day, carrier.entry));
            }
        }
    }
    all.values_mut().for_each(|expected| expected.links.sort_unstable());
    all
}

/// Records of traces that were found.
#[derive(Default)]
pub(in crate::vault) struct Remains {
    pub(in crate::vault) traces: Vec<[u8; 16]>,
    /// Keys of names with the traces they lead to.
    pub(in crate::vault) names: Vec<(String, [u8; 16])>,
}

/// Makes everything that is kept of traces fit the entries. Of a trace whose record was lost the name is taken from what
/// leads to it; where that was lost too, it is called `unnamed-1`, `unnamed-2` and so on.
pub(in crate::vault) fn recount(
    w: &mut Writer<'_>,
    remains: &Remains,
    carriers: &[Carrier],
) -> Result<(), VaultError> {
    let expected = expected(carriers);
    for id in remains.traces.iter().filter(|id| !expected.contains_key(*id)) {
        if let Some(stored) = load(w, TraceId::from_bytes(*id))? {
            links::erase(w, &stored)?;
        }
    }
    let mut ids = Vec::with_capacity(expected.len());
    for (id, expected) in &expected {
        let stored = match w.load::<TraceV1>(RecordType::TRACE, id) {
            Ok(Some(stored)) => stored,
            Ok(None) => anew(w, id, remains)?,
            Err(error) if error.is_damage() => anew(w, id, remains)?,
            // A newer program wrote it, and will count it.
            Err(error) if error.is_of_one_record() => continue,
            Err(error) => return Err(error),
        };
        settle(w, stored, expected)?;
        ids.push(*id);
    }
    for (key, id) in &remains.names {
        let is_right = load(w, TraceId::from_bytes(*id))?.is_some_and(|stored| key_of(&stored.name) == *key);
        if !is_right && id_of(w, key)?.is_some_and(|found| found.as_bytes() == id) {
            w.delete(RecordType::TRACE_NAME, key.as_bytes())?;
        }
    }
    relist(w, &ids)
}

/// Writes a trace again where it does not fit, and sees to it that its name leads to it.
fn settle(w: &mut Writer<'_>, mut stored: TraceV1, expected: &Expected) -> Result<(), VaultError> {
    let key = key_of(&stored.name);
    match id_of(w, &key)? {
        Some(id) if *id.as_bytes() == stored.id => {}
        // Two traces of one name: one of them came back. It stays, under another name.
        Some(id) if load(w, id)?.is_some_and(|other| key_of(&other.name) == key) => {
            let name = free_name(w, &stored.name)?;
            name.as_str().clone_into(&mut stored.name);
            put_name(w, name.key(), TraceId::from_bytes(stored.id))?;
        }
        _ => put_name(w, &key, TraceId::from_bytes(stored.id))?,
    }
    let found = links::items(w, &stored)?.iter().map(|item| (item.day, item.id)).collect();
    if expected.fits(&stored, found) {
        return w.put(RecordType::TRACE, &stored.id, &stored);
    }
    stored.held = expected.held;
    let items: Vec<_> = expected.links.iter().map(|(day, id)| PostingItemV1 { id: *id, day: *day }).collect();
    links::store(w, stored, &items)
}

/// The record of a trace that lost it.
fn anew(w: &mut Writer<'_>, id: &[u8; 16], remains: &Remains) -> Result<TraceV1, VaultError> {
    let key = remains.names.iter().find(|(_, led)| led == id).map(|(key, _)| key.as_str());
    let name = match key.and_then(|key| TraceName::parse(key).ok()) {
        Some(name) => name,
        None => free_name(w, "unnamed")?,
    };
    let stored = TraceV1 {
        id: *id,
        name: name.as_str().to_owned(),
        kind: kind_number(name.kind()),
        flags: 0,
        created: TraceId::from_bytes(*id).millis(),
        count: 0,
        held: 0,
        first_day: 0,
        last_day: 0,
        pages: pages_left(w, id)?,
        ext: Vec::new(),
    };
    put_name(w, name.key(), TraceId::from_bytes(*id))?;
    Ok(stored)
}

/// Pages that stand there without the record that counts them.
fn pages_left(w: &Writer<'_>, id: &[u8; 16]) -> Result<u32, VaultError> {
    let mut pages = 0;
    loop {
        match w.open(RecordType::POSTING, &links::page_key(id, pages)) {
            Ok(None) => return Ok(pages),
            Err(error) if !error.is_of_one_record() => return Err(error),
            _ => pages += 1,
        }
    }
}

/// A name like this one that no trace has.
fn free_name(w: &Writer<'_>, like: &str) -> Result<TraceName, VaultError> {
    let stem: String = like.chars().take(50).collect();
    for number in 1..u32::MAX {
        let Ok(name) = TraceName::parse(&format!("{stem}-{number}")) else { break };
        if one(w.load::<TraceNameV1>(RecordType::TRACE_NAME, name.key().as_bytes()))?.is_none() {
            return Ok(name);
        }
    }
    // Only a stem that is no name comes here.
    if like == "unnamed" { Err(VaultError::TooManyTraces) } else { free_name(w, "unnamed") }
}

/// Writes the directory anew.
fn relist(w: &mut Writer<'_>, ids: &[[u8; 16]]) -> Result<(), VaultError> {
    let mut chunks = ids.chunks(MAX_DIR_IDS);
    for number in 0_u32.. {
        let stored = links::dir(w, number)?;
        let wanted = chunks.next();
        if wanted.is_none() && stored.is_none() {
            break;
        }
        let ids = wanted.unwrap_or_default().to_vec();
        let is_right = stored.as_ref().is_some_and(|stored| stored.ids == ids)
            && w.open(RecordType::TRACE_DIR, &number.to_le_bytes()).is_ok();
        if !is_right {
            let ext = stored.map_or_else(Vec::new, |stored| stored.ext);
            w.put(RecordType::TRACE_DIR, &number.to_le_bytes(), &TraceDirV1 { ids, ext })?;
        }
    }
    Ok(())
}
