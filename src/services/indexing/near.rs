//! The entries nearest to a vector.

use std::{collections::HashMap, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    search::{
        cores::share_out,
        engine::{Meta, Near, SegmentKey},
        vectors as codec,
    },
    services::{
        indexing::{
            index::{Pages, UserIndex},
            is_searchable,
        },
        sessions::guard,
    },
    vault::{entries, error::VaultError, files::SealedFile, unlocked::Unlocked},
};

/// So many vectors are opened in the time in which a second thread begins.
const MANY: usize = 8;

/// The `k` entries nearest to a vector among those that `admits` lets pass, nearest first; none while the index is not
/// open. What was edited, thrown away or removed since it was indexed is not among them, however far behind the index
/// is.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn nearest(
    vault: &Unlocked,
    index: &UserIndex,
    vector: &[f32],
    k: usize,
    admits: Option<&dyn Fn(&Meta) -> bool>,
) -> Result<Vec<Near>, VaultError> {
    fresh(vault, nearest_as_indexed(vault, index, vector, k, admits)?)
}

/// The same with what has changed or gone since it was indexed among them, for who tells that otherwise: it spares
/// opening each entry.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn nearest_as_indexed(
    vault: &Unlocked,
    index: &UserIndex,
    vector: &[f32],
    k: usize,
    admits: Option<&dyn Fn(&Meta) -> bool>,
) -> Result<Vec<Near>, VaultError> {
    let (candidates, exact, dims) = {
        let open = guard(&index.open);
        let Some(open) = open.as_ref() else { return Ok(Vec::new()) };
        let candidates = match open.index.candidates(vector, k, admits) {
            Ok(candidates) => candidates,
            Err(error) => {
                tracing::error!(%error, "the index and the query do not fit");
                return Ok(Vec::new());
            }
        };
        (candidates, open.exact.clone(), open.index.dims())
    };
    // A segment that was merged into another meanwhile is not there any more: its codes say enough.
    let mut opened = opened(vault, &exact, dims, &candidates.wanted())?;
    Ok(candidates.settle(|key, chunk| opened.remove(&(key, chunk))))
}

/// Exact vectors by segment and chunk.
type Opened = HashMap<(SegmentKey, usize), Zeroizing<Vec<f32>>>;

/// Opens the exact vectors of chunks, many of them on two threads: it takes 30 microseconds for each.
fn opened(
    vault: &Unlocked,
    files: &HashMap<SegmentKey, Arc<SealedFile>>,
    dims: usize,
    wanted: &[(SegmentKey, usize)],
) -> Result<Opened, VaultError> {
    let open = |wanted: &[(SegmentKey, usize)]| {
        vault.read(|r| {
            let mut pages: HashMap<SegmentKey, Pages<'_>> =
                files.iter().map(|(key, file)| (*key, Pages::new(file, dims))).collect();
            let vectors = wanted.iter().filter_map(|(key, chunk)| {
                let half = pages.get_mut(key)?.chunk(r, *chunk).ok()?;
                Some(((*key, *chunk), Zeroizing::new(codec::from_bytes(half, dims)?)))
            });
            Ok::<Opened, VaultError>(vectors.collect())
        })
    };
    let halves = wanted.chunks(wanted.len().div_ceil(2).max(MANY));
    let n_halves = halves.len();
    share_out(halves, n_halves, open).into_iter().try_fold(Opened::new(), |mut all, some| {
        all.extend(some?);
        Ok(all)
    })
}

/// Those of them that stand in the journal as they were indexed.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn fresh(vault: &Unlocked, mut near: Vec<Near>) -> Result<Vec<Near>, VaultError> {
    vault.read(|r| {
        let mut failed = None;
        near.retain(|near| match entries::entry(r, near.meta.id) {
            Ok(entry) => {
                entry.is_some_and(|entry| entry.revision == near.meta.revision && is_searchable(&entry))
            }
            Err(error @ VaultError::Store(_)) => {
                failed = Some(error);
                false
            }
            Err(_) => false,
        });
        failed.map_or(Ok(()), Err)
    })?;
    Ok(near)
}
