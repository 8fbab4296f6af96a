//! Which entries carry a trace: the pages of each trace, its counts, and the directory of all.

use crate::{
    crypto::record::RecordType,
    journal::ids::TraceId,
    vault::{
        error::VaultError,
        payload::trace::{
            MAX_DIR_IDS, MAX_POSTING_ITEMS, PostingItemV1, PostingV1, TraceDirV1, TraceNameV1, TraceV1,
        },
        recaps::{self, Subject},
        traces::{key_of, load, one},
        transaction::{Reader, Writer},
    },
};

/// Notes that an entry outside the trash carries a trace. A trace whose record is gone is left as it is.
pub(in crate::vault) fn link(
    w: &mut Writer<'_>,
    trace: TraceId,
    entry: [u8; 16],
    day: i32,
) -> Result<(), VaultError> {
    let Some(mut stored) = load(w, trace)? else { return Ok(()) };
    let last = stored.pages.checked_sub(1);
    let page = match last {
        Some(number) => page(w, &stored, number)?.filter(|page| page.items.len() < MAX_POSTING_ITEMS),
        None => None,
    };
    let (number, mut page) = match (last, page) {
        (Some(number), Some(page)) => (number, page),
        _ => {
            stored.pages += 1;
            (stored.pages - 1, PostingV1 { items: Vec::new(), ext: Vec::new() })
        }
    };
    page.items.push(PostingItemV1 { id: entry, day });
    w.put(RecordType::POSTING, &page_key(&stored.id, number), &page)?;
    let is_first = stored.count == 0;
    stored.first_day = if is_first { day } else { stored.first_day.min(day) };
    stored.last_day = if is_first { day } else { stored.last_day.max(day) };
    stored.count += 1;
    w.put(RecordType::TRACE, &stored.id, &stored)
}

/// Notes that an entry does not carry a trace any more, or went to the trash. A trace that nothing carries is removed.
pub(in crate::vault) fn unlink(
    w: &mut Writer<'_>,
    trace: TraceId,
    entry: &[u8; 16],
) -> Result<(), VaultError> {
    let Some(mut stored) = load(w, trace)? else { return Ok(()) };
    // It may hold sentences of an entry that is removed for ever later, when nothing ties both any more.
    recaps::remove(w, Subject::Trace(trace))?;
    for number in (0..stored.pages).rev() {
        let Some(mut page) = page(w, &stored, number)? else { continue };
        let Some(place) = page.items.iter().position(|item| item.id == *entry) else { continue };
        let gone = page.items.remove(place);
        stored.count = stored.count.saturating_sub(1);
        if page.items.is_empty() && number + 1 == stored.pages {
            w.delete(RecordType::POSTING, &page_key(&stored.id, number))?;
            stored.pages = number;
        } else {
            w.put(RecordType::POSTING, &page_key(&stored.id, number), &page)?;
        }
        if gone.day == stored.first_day || gone.day == stored.last_day {
            let days =
                || -> Result<_, VaultError> { Ok(items(w, &stored)?.into_iter().map(|item| item.day)) };
            let ends = (days()?.min().unwrap_or(0), days()?.max().unwrap_or(0));
            (stored.first_day, stored.last_day) = ends;
        }
        return keep_or_erase(w, &stored);
    }
    Ok(())
}

/// Notes that an entry in the trash carries a trace.
pub(in crate::vault) fn hold(w: &mut Writer<'_>, trace: TraceId) -> Result<(), VaultError> {
    let Some(mut stored) = load(w, trace)? else { return Ok(()) };
    stored.held += 1;
    w.put(RecordType::TRACE, &stored.id, &stored)
}

/// Notes that an entry left the trash, either way.
pub(in crate::vault) fn release(w: &mut Writer<'_>, trace: TraceId) -> Result<(), VaultError> {
    let Some(mut stored) = load(w, trace)? else { return Ok(()) };
    stored.held = stored.held.saturating_sub(1);
    keep_or_erase(w, &stored)
}

fn keep_or_erase(w: &mut Writer<'_>, stored: &TraceV1) -> Result<(), VaultError> {
    if stored.count == 0 && stored.held == 0 {
        erase(w, stored)
    } else {
        w.put(RecordType::TRACE, &stored.id, stored)
    }
}

/// Removes everything that is kept of a trace but what its entries say.
pub(super) fn erase(w: &mut Writer<'_>, stored: &TraceV1) -> Result<(), VaultError> {
    for number in 0..stored.pages {
        w.delete(RecordType::POSTING, &page_key(&stored.id, number))?;
    }
    w.delete(RecordType::TRACE, &stored.id)?;
    recaps::remove(w, Subject::Trace(TraceId::from_bytes(stored.id)))?;
    forget_name(w, stored)?;
    unlist(w, &stored.id)
}

/// Removes the record by which a trace's name is found, unless it leads to another one.
pub(super) fn forget_name(w: &mut Writer<'_>, stored: &TraceV1) -> Result<(), VaultError> {
    let key = key_of(&stored.name);
    let found = one(w.load::<TraceNameV1>(RecordType::TRACE_NAME, key.as_bytes()))?;
    if found.is_some_and(|name| name.id == stored.id) {
        w.delete(RecordType::TRACE_NAME, key.as_bytes())?;
    }
    Ok(())
}

/// Writes all entries of a trace anew, and its counts with them. Without any, and none in the trash, the trace goes.
pub(super) fn store(
    w: &mut Writer<'_>,
    mut stored: TraceV1,
    items: &[PostingItemV1],
) -> Result<(), VaultError> {
    let old_pages = stored.pages;
    recaps::remove(w, Subject::Trace(TraceId::from_bytes(stored.id)))?;
    stored.pages = 0;
    for (number, items) in (0..).zip(items.chunks(MAX_POSTING_ITEMS)) {
        let page = PostingV1 { items: items.to_vec(), ext: Vec::new() };
        w.put(RecordType::POSTING, &page_key(&stored.id, number), &page)?;
        stored.pages = number + 1;
    }
    for number in stored.pages..old_pages {
        w.delete(RecordType::POSTING, &page_key(&stored.id, number))?;
    }
    stored.count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    stored.first_day = items.iter().map(|item| item.day).min().unwrap_or(0);
    stored.last_day = items.iter().map(|item| item.day).max().unwrap_or(0);
    keep_or_erase(w, &stored)
}

/// The entries of a trace, in the order in which they were attached. Pages that cannot be read are left out.
pub(super) fn items(r: &Reader<'_>, stored: &TraceV1) -> Result<Vec<PostingItemV1>, VaultError> {
    let mut all = Vec::with_capacity(stored.count as usize);
    for number in 0..stored.pages {
        all.extend(page(r, stored, number)?.into_iter().flat_map(|page| page.items));
    }
    Ok(all)
}

fn page(r: &Reader<'_>, stored: &TraceV1, number: u32) -> Result<Option<PostingV1>, VaultError> {
    one(r.load::<PostingV1>(RecordType::POSTING, &page_key(&stored.id, number)))
}

pub(in crate::vault) fn page_key(trace: &[u8; 16], number: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(trace);
    key[16..].copy_from_slice(&number.to_le_bytes());
    key
}

/// Every trace of the directory.
pub(super) fn listed(r: &Reader<'_>) -> Result<Vec<TraceId>, VaultError> {
    let mut all = Vec::new();
    for number in 0.. {
        let Some(page) = dir(r, number)? else { break };
        all.extend(page.ids.into_iter().map(TraceId::from_bytes));
    }
    Ok(all)
}

/// Adds a trace to the directory.
pub(super) fn list(w: &mut Writer<'_>, trace: TraceId) -> Result<(), VaultError> {
    for number in 0.. {
        let mut page = dir(w, number)?.unwrap_or(TraceDirV1 { ids: Vec::new(), ext: Vec::new() });
        if page.ids.len() < MAX_DIR_IDS {
            page.ids.push(*trace.as_bytes());
            return w.put(RecordType::TRACE_DIR, &u32::to_le_bytes(number), &page);
        }
    }
    Ok(())
}

/// Strikes a trace from the directory. Pages stay, even empty, so that they can be counted from 0.
fn unlist(w: &mut Writer<'_>, trace: &[u8; 16]) -> Result<(), VaultError> {
    for number in 0.. {
        let Some(mut page) = dir(w, number)? else { break };
        let before = page.ids.len();
        page.ids.retain(|id| id != trace);
        if page.ids.len() != before {
            return w.put(RecordType::TRACE_DIR, &u32::to_le_bytes(number), &page);
        }
    }
    Ok(())
}

/// A page of the directory; `None` behind the last. A broken one is as good as empty; one of a newer program fails.
pub(super) fn dir(r: &Reader<'_>, number: u32) -> Result<Option<TraceDirV1>, VaultError> {
    match r.load::<TraceDirV1>(RecordType::TRACE_DIR, &number.to_le_bytes()) {
        Err(error) if error.is_damage() => Ok(Some(TraceDirV1 { ids: Vec::new(), ext: Vec::new() })),
        found => found,
    }
}
