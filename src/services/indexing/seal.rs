//! Making segments: of what is fresh, and of several small ones.
//!
//! A segment is written in small transactions and named in one more, which also removes what it replaces: the vectors of
//! its entries, or the segments it was merged from. Whatever ends in between is swept at the next opening.

use std::sync::Arc;

use crate::{
    journal::ids::EntryId,
    search::{
        engine::{LiveRow, Meta, SegmentFacts, SegmentKey},
        graph::{Graph, Stop},
        segment::Draft,
    },
    services::{
        indexing::{
            index::{Pages, Sizes, UserIndex, key_of},
            write::{make_way, write_behind, write_pages},
        },
        sessions::guard,
    },
    vault::{
        error::VaultError,
        files::{FileKind, SealedFile},
        outbox,
        segments::{self, Maker, SegmentFiles, Slot},
        unlocked::Unlocked,
        vectors,
    },
};

/// Rows whose exact vectors are copied in one view.
const ROWS: usize = 128;
/// A segment of which more than a fifth is dead is made anew.
const DEAD_SHARE: usize = 5;

/// Makes a segment of what is fresh, once that is enough. A failure is no harm: it is tried again later.
pub(super) fn flush_full(vault: &Unlocked, index: &UserIndex, sizes: Sizes, stop: &dyn Fn() -> bool) {
    let is_full = guard(&index.open).as_ref().is_some_and(|open| open.index.n_fresh() >= sizes.fresh);
    if is_full
        && vault.may_write()
        && let Err(error) = flush(vault, index, stop)
    {
        tracing::warn!(%error, "a segment could not be written; it is tried again");
    }
}

/// Makes a segment of all that is fresh.
///
/// # Errors
/// Seal and store errors; then all is as it was.
pub(super) fn flush(vault: &Unlocked, index: &UserIndex, stop: &dyn Fn() -> bool) -> Result<(), VaultError> {
    let (draft, slot, maker) = {
        let open = guard(&index.open);
        let Some(open) = open.as_ref().filter(|open| open.index.n_fresh() > 0) else { return Ok(()) };
        let Ok(draft) = open.index.draft_fresh() else { return Ok(()) };
        (draft, open.slot, open.maker)
    };
    let ids: Vec<EntryId> = draft.segment.metas().map(|meta| meta.id).collect();
    let Some((files, exact)) = write_files(vault, slot, &draft, stop)? else { return Ok(()) };
    write_behind(vault, |w| {
        ids.iter().try_for_each(|id| vectors::remove(w, *id))?;
        segments::name(w, slot, maker, Some(files), &[]).map(|_| ())
    })?;
    admit(index, maker, draft, files, exact, &[]);
    Ok(())
}

/// Lets go of the segments of other embedders: those of this one hold every entry, as soon as what is fresh is among
/// them.
///
/// # Errors
/// Seal and store errors; then all is as it was.
pub(super) fn complete(
    vault: &Unlocked,
    index: &UserIndex,
    stop: &dyn Fn() -> bool,
) -> Result<(), VaultError> {
    let slot = guard(&index.open).as_ref().map(|open| open.slot);
    let Some(slot) = slot.filter(|_| vault.may_write()) else { return Ok(()) };
    if slot == Slot::Next {
        flush(vault, index, stop)?;
    }
    if stop() {
        return Ok(());
    }
    let slot = write_behind(vault, |w| segments::complete(w, slot))?;
    if let Some(open) = guard(&index.open).as_mut() {
        open.slot = slot;
    }
    Ok(())
}

/// Which segments should become one: several of about the same size, or one with too much that is dead.
pub(super) fn plan(facts: &[SegmentFacts], sizes: Sizes) -> Option<Vec<SegmentKey>> {
    let worn = facts.iter().find(|facts| facts.dead * DEAD_SHARE > facts.live + facts.dead);
    if let Some(worn) = worn {
        return Some(vec![worn.key]);
    }
    let level = |facts: &SegmentFacts| {
        let mut level = 0;
        let mut size = sizes.fresh * sizes.fan;
        while facts.live >= size {
            size *= sizes.fan;
            level += 1;
        }
        level
    };
    let top = facts.iter().map(level).max()?;
    (0..=top).find_map(|wanted| {
        let mut total = 0;
        let group: Vec<SegmentKey> = facts
            .iter()
            .filter(|facts| level(facts) == wanted && facts.live * 2 <= sizes.full)
            .take_while(|facts| {
                total += facts.live;
                total <= sizes.full
            })
            .map(|facts| facts.key)
            .collect();
        (group.len() >= sizes.fan).then_some(group)
    })
}

/// Merges segments when some should be; `false` when there is nothing to do, or `stop` said so.
///
/// # Errors
/// Seal and store errors; then all is as it was.
pub(super) fn merge(
    vault: &Unlocked,
    index: &UserIndex,
    sizes: Sizes,
    stop: &dyn Fn() -> bool,
) -> Result<bool, VaultError> {
    let (sources, slot, maker) = {
        let open = guard(&index.open);
        let Some(open) = open.as_ref() else { return Ok(false) };
        let Some(keys) = plan(&open.index.segments(), sizes) else { return Ok(false) };
        let source = |key: SegmentKey| {
            Some((key, *open.files.get(&key)?, Arc::clone(open.exact.get(&key)?), open.index.live_rows(key)))
        };
        let sources: Vec<_> = keys.into_iter().filter_map(source).collect();
        (sources, open.slot, open.maker)
    };
    let Ok(mut draft) = Draft::new(maker.dims.into()) else { return Ok(false) };
    if sources.is_empty() {
        return Ok(false);
    }
    draft.reserve(sources.iter().flat_map(|source| &source.3).map(|row| row.places.len()).sum());
    let mut is_whole = true;
    for (_, _, exact, rows) in &sources {
        match copy(vault, maker, exact, rows, &mut draft, stop)? {
            Some(all) => is_whole &= all,
            None => return Ok(false),
        }
    }
    let gone: Vec<SegmentKey> = sources.iter().map(|source| source.0).collect();
    let gone_files: Vec<_> = sources.iter().map(|source| source.1.codes).collect();
    let written = match draft.segment.metas().next() {
        Some(_) => match write_files(vault, slot, &draft, stop)? {
            None => return Ok(false),
            written => written,
        },
        None => None,
    };
    write_behind(vault, |w| {
        if !is_whole {
            // What could not be read is embedded again.
            outbox::demand_rescan(w)?;
        }
        segments::name(w, slot, maker, written.as_ref().map(|written| written.0), &gone_files).map(|_| ())
    })?;
    match written {
        Some((files, exact)) => admit(index, maker, draft, files, exact, &gone),
        None => {
            if let Some(open) = guard(&index.open).as_mut() {
                open.release(&gone);
            }
        }
    }
    Ok(true)
}

/// Builds the graph of a large segment that has none, seals it, and uses it where it is quicker; `false` when there is
/// none to build, or `stop` said so. It takes a minute of one core per large segment: nothing waits for it.
///
/// # Errors
/// Seal and store errors.
pub(super) fn draw_graph(
    vault: &Unlocked,
    index: &UserIndex,
    sizes: Sizes,
    stop: Stop,
) -> Result<bool, VaultError> {
    let (files, source, slot, maker) = {
        let open = guard(&index.open);
        let Some(open) = open.as_ref() else { return Ok(false) };
        let facts = open.index.segments();
        let is_large = |facts: &&SegmentFacts| facts.live * 2 > sizes.full;
        let without =
            |facts: &SegmentFacts| open.files.get(&facts.key).filter(|files| files.graph.is_none()).copied();
        let Some(files) = facts.iter().filter(is_large).find_map(without) else { return Ok(false) };
        let Some(source) = open.index.graph_source(key_of(&files)) else { return Ok(false) };
        (files, source, open.slot, open.maker)
    };
    let Some(graph) = Graph::build(source, Arc::clone(&stop)) else { return Ok(false) };
    let Some(file) = write_file(vault, slot, FileKind::GRAPH, &graph.to_bytes(), &*stop)? else {
        return Ok(false);
    };
    if !write_behind(vault, |w| segments::add_graph(w, slot, maker, files.codes, file.id))? {
        // It was merged into another meanwhile.
        return Ok(true);
    }
    if let Some(open) = guard(&index.open).as_mut()
        && let Some(known) = open.files.get_mut(&key_of(&files))
    {
        known.graph = Some(file.id);
        open.index.set_graph(key_of(&files), graph);
    }
    Ok(true)
}

/// Copies the exact vectors of rows into a draft; `Some(false)` when some could not be read.
fn copy(
    vault: &Unlocked,
    maker: Maker,
    exact: &SealedFile,
    rows: &[LiveRow],
    draft: &mut Draft,
    stop: &dyn Fn() -> bool,
) -> Result<Option<bool>, VaultError> {
    let mut pages = Pages::new(exact, maker.dims.into());
    let mut is_whole = true;
    for rows in rows.chunks(ROWS) {
        if stop() {
            return Ok(None);
        }
        make_way(vault);
        pages.forget();
        vault.read(|r| {
            for row in rows {
                let mut halves = Vec::with_capacity(row.places.len());
                for (nth, place) in row.places.iter().enumerate() {
                    match pages.chunk(r, row.first + nth) {
                        Ok(half) => halves.push((*place, zeroize::Zeroizing::new(half.to_vec()))),
                        Err(error @ VaultError::Store(_)) => return Err(error),
                        Err(_) => break,
                    }
                }
                if halves.len() < row.places.len() {
                    is_whole = false;
                    continue;
                }
                draft.push_row(row.meta);
                for (place, half) in halves {
                    is_whole &= draft.push_chunk(place, &half);
                }
            }
            Ok(())
        })?;
    }
    Ok(Some(is_whole))
}

/// Writes the files of a segment; `None` when `stop` said so.
fn write_files(
    vault: &Unlocked,
    slot: Slot,
    draft: &Draft,
    stop: &dyn Fn() -> bool,
) -> Result<Option<(SegmentFiles, SealedFile)>, VaultError> {
    let Some(codes) = write_file(vault, slot, FileKind::SEGMENT, &draft.segment.to_bytes(), stop)? else {
        return Ok(None);
    };
    let Some(exact) = write_file(vault, slot, FileKind::EXACT, draft.exact(), stop)? else { return Ok(None) };
    Ok(Some((SegmentFiles { codes: codes.id, exact: exact.id, graph: None }, exact)))
}

/// Writes a file in small transactions; `None` when `stop` said so.
pub(super) fn write_file(
    vault: &Unlocked,
    slot: Slot,
    kind: FileKind,
    bytes: &[u8],
    stop: &dyn Fn() -> bool,
) -> Result<Option<SealedFile>, VaultError> {
    let file = write_behind(vault, |w| segments::begin(w, slot, kind, bytes))?;
    Ok(write_pages(vault, &file, bytes, stop)?.then_some(file))
}

fn admit(
    index: &UserIndex,
    maker: Maker,
    draft: Draft,
    files: SegmentFiles,
    exact: SealedFile,
    gone: &[SegmentKey],
) {
    let mut open = guard(&index.open);
    let Some(open) = open.as_mut().filter(|open| open.maker == maker) else { return };
    let key = key_of(&files);
    let is_same = |meta: &Meta, known: Option<u32>| known == Some(meta.revision);
    if open.index.admit(key, draft.segment, gone, is_same).is_ok() {
        open.exact.insert(key, Arc::new(exact));
        open.files.insert(key, files);
        open.release(gone);
    }
}

#[cfg(test)]
mod tests;
