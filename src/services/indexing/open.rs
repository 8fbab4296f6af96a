//! Opening an index after signing in: sealed segments first, newest first, so that there is something to find at once;
//! then what is in no segment yet.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use zeroize::Zeroizing;

use crate::{
    journal::ids::EntryId,
    search::{
        engine::Meta,
        graph::Graph,
        segment::{Segment, place_of},
    },
    services::{
        indexing::{
            index::{Open, Sizes, UserIndex, key_of},
            is_searchable, meta_of, seal,
            write::write_behind,
        },
        sessions::guard,
    },
    vault::{
        entries,
        error::VaultError,
        files::{self, FileId, SealedFile, collect},
        segments::{self, Maker, SegmentFiles},
        unlocked::Unlocked,
        vectors,
    },
};

/// Pages read in one view, so that no view is held for long.
const PAGES: u32 = 256;
/// Entries looked at in one view.
const ENTRIES: usize = 256;

/// Opens the index and answers the entries of which it has no vectors, newest first. What the days list decides which
/// rows of a segment are of use, so nothing that was edited or removed since comes back. `None` when `stop` said so, or
/// when the index was closed meanwhile: then nothing is known of what is missing.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn open(
    vault: &Unlocked,
    index: &UserIndex,
    maker: Maker,
    sizes: Sizes,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Vec<EntryId>>, VaultError> {
    index.is_opening.store(true, Ordering::Relaxed);
    let found = vault.read(|r| segments::segments(r, maker))?;
    let (mut listed, mut order) = (HashMap::new(), Vec::new());
    vault.read(|r| {
        entries::list(r, &mut |entry| {
            listed.insert(entry.id, entry.revision);
            order.push(entry.id);
            !stop()
        })
    })?;
    {
        let mut open = guard(&index.open);
        *open = Some(Open::new(found.slot, maker));
        index.is_closed.store(false, Ordering::SeqCst);
    }
    let stop = &|| stop() || index.is_closed.load(Ordering::SeqCst);
    let mut broken: Vec<FileId> = Vec::new();
    for files in found.files.iter().rev() {
        if stop() {
            return Ok(None);
        }
        let Some((segment, exact)) = read_segment(vault, files, maker, stop)? else {
            broken.push(files.codes);
            continue;
        };
        if let Some(open) = guard(&index.open).as_mut() {
            let key = key_of(files);
            let is_live = |meta: &Meta, known: Option<u32>| {
                known.is_none() && listed.get(&meta.id) == Some(&meta.revision)
            };
            if open.index.admit(key, segment, &[], is_live).is_ok() {
                open.exact.insert(key, Arc::new(exact));
                open.files.insert(key, *files);
            }
        }
    }
    if stop() {
        return Ok(None);
    }
    mend(vault, index, &found, maker, &broken);
    let mut missing = Vec::new();
    for batch in order.chunks(ENTRIES) {
        if stop() {
            return Ok(None);
        }
        read_fresh(vault, index, batch, &mut missing)?;
        seal::flush_full(vault, index, sizes, stop);
    }
    index.is_opening.store(false, Ordering::Relaxed);
    for files in &found.files {
        if stop() {
            return Ok(None);
        }
        read_graph(vault, index, files)?;
    }
    Ok((!stop()).then_some(missing))
}

/// Reads the graph of a segment, if it has one; without it the segment is searched all the same.
fn read_graph(vault: &Unlocked, index: &UserIndex, files: &SegmentFiles) -> Result<(), VaultError> {
    let Some(id) = files.graph else { return Ok(()) };
    let key = key_of(files);
    let n_chunks = guard(&index.open).as_ref().and_then(|open| open.index.size_of(key));
    let Some(n_chunks) = n_chunks else { return Ok(()) };
    let bytes = match vault.read(|r| match files::file(r, id)? {
        Some(file) => files::read(r, &file).map(Some),
        None => Ok(None),
    }) {
        Err(error) if error.is_of_one_record() => None,
        Err(VaultError::Missing) => None,
        bytes => bytes?,
    };
    let graph = bytes.and_then(|bytes| Graph::from_bytes(&bytes, n_chunks));
    if let Some(open) = guard(&index.open).as_mut() {
        match graph {
            Some(graph) => drop(open.index.set_graph(key, graph)),
            // It is drawn again.
            None => {
                if let Some(files) = open.files.get_mut(&key) {
                    files.graph = None;
                }
            }
        }
    }
    Ok(())
}

/// Reads a segment; `None` when it is not whole: its entries are then embedded again.
fn read_segment(
    vault: &Unlocked,
    files: &SegmentFiles,
    maker: Maker,
    stop: &dyn Fn() -> bool,
) -> Result<Option<(Segment, SealedFile)>, VaultError> {
    let facts = vault.read(|r| Ok((files::file(r, files.codes)?, files::file(r, files.exact)?)));
    let (codes, exact) = match facts {
        Err(error) if error.is_of_one_record() => return Ok(None),
        Err(error) => return Err(error),
        Ok((Some(codes), Some(exact))) => (codes, exact),
        Ok(_) => return Ok(None),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(codes.len).unwrap_or(0)));
    let mut next = 0;
    while next < codes.pages && !stop() {
        let end = (next + PAGES).min(codes.pages);
        let read = vault.read(|r| {
            for page in next..end {
                bytes.extend_from_slice(&files::page(r, &codes, page)?);
            }
            Ok(())
        });
        match read {
            Err(error @ VaultError::Store(_)) => return Err(error),
            Err(_) => return Ok(None),
            Ok(()) => next = end,
        }
    }
    let Some(segment) = Segment::from_bytes(&bytes) else { return Ok(None) };
    let dims = usize::from(maker.dims);
    let last = segment.n_chunks().checked_sub(1).map(|last| place_of(dims, last).0);
    let is_whole = segment.dims() == dims && last.is_none_or(|last| last < exact.pages);
    Ok(is_whole.then_some((segment, exact)))
}

/// Lets go of what is broken or was left over. It can wait for another time. Only the first opening sweeps: what is half
/// written at a later one may be a graph that is being sealed.
fn mend(vault: &Unlocked, index: &UserIndex, found: &segments::Segments, maker: Maker, broken: &[FileId]) {
    let is_swept = index.is_swept.load(Ordering::SeqCst);
    if !vault.may_write() || is_swept && broken.is_empty() && !found.is_lost {
        return;
    }
    let mended = write_behind(vault, |w| {
        if !is_swept {
            segments::sweep(w, found.slot, maker)?;
        }
        if !broken.is_empty() {
            segments::name(w, found.slot, maker, None, broken)?;
        }
        Ok(())
    });
    let mended = mended.and_then(|()| if found.is_lost { collect::clear(vault) } else { Ok(()) });
    match mended {
        Ok(()) => index.is_swept.store(true, Ordering::SeqCst),
        Err(VaultError::Store(_)) => {}
        Err(error) => tracing::warn!(%error, "what is left of an index stays for now"),
    }
}

/// Takes in entries that have vectors of their own, and lists those that have none and are in no segment.
///
/// Vectors of its own are newer than what a segment says of an entry, also where the revision is the same: an entry that
/// was removed for ever and came back by an import may say something else under an old number.
fn read_fresh(
    vault: &Unlocked,
    index: &UserIndex,
    batch: &[EntryId],
    missing: &mut Vec<EntryId>,
) -> Result<(), VaultError> {
    let (maker, known): (_, Vec<bool>) = {
        let open = guard(&index.open);
        let Some(open) = open.as_ref() else { return Ok(()) };
        (open.maker, batch.iter().map(|id| open.index.contains(*id)).collect())
    };
    vault.read(|r| {
        for (id, is_known) in batch.iter().copied().zip(known) {
            if is_known {
                match vectors::get(r, id) {
                    Ok(Some(own)) if own.embedder == maker.embedder => {}
                    Err(error @ VaultError::Store(_)) => return Err(error),
                    _ => continue,
                }
            }
            let found = entries::entry(r, id).and_then(|entry| Ok((entry, vectors::get(r, id)?)));
            let (entry, stored) = match found {
                Ok((Some(entry), stored)) if is_searchable(&entry) => (entry, stored),
                Err(error @ VaultError::Store(_)) => return Err(error),
                // Written by a newer program, which will read it again; or not to be found; or damaged.
                Ok(_) | Err(VaultError::NewerRecord) => continue,
                // Vectors are derived: what cannot be read is made again.
                Err(_) => {
                    missing.push(id);
                    continue;
                }
            };
            let is_filled = stored.is_some_and(|stored| {
                stored.revision == entry.revision
                    && guard(&index.open).as_mut().is_some_and(|open| open.fill(meta_of(&entry), &stored))
            });
            if !is_filled {
                missing.push(id);
            }
        }
        Ok(())
    })
}
