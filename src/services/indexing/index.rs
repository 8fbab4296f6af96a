//! What is open of one person's index, and how big its parts become.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize},
    },
};

use crate::{
    journal::ids::EntryId,
    search::{
        embed::EmbedderIdentity,
        engine::{Meta, OpenIndex, Point, SegmentKey},
        segment::{self, place_of},
        vectors as codec,
    },
    vault::{
        entries::Listed,
        error::VaultError,
        files::{self, SealedFile},
        segments::{Maker, SegmentFiles, Slot},
        transaction::Reader,
        vectors::EntryVectors,
    },
};

const _: () = assert!(segment::PAGE_BYTES == files::PAGE_BYTES);

/// The search index of one person.
#[derive(Default)]
pub(crate) struct UserIndex {
    pub(crate) open: Mutex<Option<Open>>,
    pub(super) nudge: tokio::sync::Notify,
    /// Told when there is nothing to put together: then graphs may be drawn.
    pub(super) is_tidy: tokio::sync::Notify,
    /// Entries that wait to be indexed.
    pub(crate) waiting: AtomicUsize,
    /// What was sealed is still being read: more will be found in a moment.
    pub(crate) is_opening: AtomicBool,
    /// When it was last asked, by the clock that nobody can set.
    pub(super) used: AtomicI64,
    /// It was closed to save memory.
    pub(super) is_closed: AtomicBool,
    /// It was asked since.
    pub(super) is_wanted: AtomicBool,
    /// What a program that was killed left half written is gone.
    pub(super) is_swept: AtomicBool,
}

/// An index that can be searched.
pub(crate) struct Open {
    pub(super) index: OpenIndex,
    /// The files of exact vectors.
    pub(super) exact: HashMap<SegmentKey, Arc<SealedFile>>,
    pub(super) files: HashMap<SegmentKey, SegmentFiles>,
    pub(super) slot: Slot,
    pub(super) maker: Maker,
}

impl Open {
    pub(super) fn new(slot: Slot, maker: Maker) -> Self {
        let index = OpenIndex::new(maker.dims.into());
        Self { index, exact: HashMap::new(), files: HashMap::new(), slot, maker }
    }

    /// Takes an entry's stored vectors in; `false` when they are not such of this index.
    pub(super) fn fill(&mut self, meta: Meta, stored: &EntryVectors) -> bool {
        if stored.embedder != self.maker.embedder {
            return false;
        }
        let dims = usize::from(stored.dims);
        let decoded: Option<Vec<Vec<f32>>> =
            stored.chunks.iter().map(|chunk| codec::from_bytes(&chunk.values, dims)).collect();
        let Some(decoded) = decoded else { return false };
        let points: Vec<Point<'_>> = stored
            .chunks
            .iter()
            .zip(&decoded)
            .map(|(chunk, vector)| Point { start: chunk.start, end: chunk.end, vector })
            .collect();
        self.index.insert(meta, &points).is_ok()
    }
}

impl Open {
    /// Takes an entry out.
    pub(super) fn remove(&mut self, id: EntryId) {
        self.index.remove(id);
    }

    /// Lets go of segments that others replace.
    pub(super) fn release(&mut self, gone: &[SegmentKey]) {
        self.index.release(gone);
        for key in gone {
            self.exact.remove(key);
            self.files.remove(key);
        }
    }

    /// Compares the index with what the days list: takes out what they do not list any more, or in another revision, and
    /// answers what it does not know.
    pub(super) fn compare(&mut self, listed: &[Listed]) -> Vec<EntryId> {
        let revisions: HashMap<EntryId, u32> =
            listed.iter().map(|entry| (entry.id, entry.revision)).collect();
        self.index.retain(|meta| revisions.get(&meta.id) == Some(&meta.revision));
        listed.iter().map(|entry| entry.id).filter(|id| !self.index.contains(*id)).collect()
    }
}

/// How big parts of an index become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Chunks at which what is fresh becomes a segment.
    pub(crate) fresh: usize,
    /// So many segments of about one size become one.
    pub(crate) fan: usize,
    /// The most chunks of a segment.
    pub(crate) full: usize,
}

impl Default for Sizes {
    /// 730 entries; 50 MB of exact vectors.
    fn default() -> Self {
        Self { fresh: 2_048, fan: 4, full: 65_536 }
    }
}

/// What the embedder makes; `None` when its vectors are too long to be kept.
pub(super) fn maker_of(identity: &EmbedderIdentity) -> Option<Maker> {
    Some(Maker { embedder: identity.sha256, dims: u16::try_from(identity.dims).ok()? })
}

pub(super) fn key_of(files: &SegmentFiles) -> SegmentKey {
    SegmentKey(*files.codes.as_bytes())
}

/// Reads exact vectors, keeping the pages it read.
pub(super) struct Pages<'f> {
    file: &'f SealedFile,
    dims: usize,
    pages: HashMap<u32, zeroize::Zeroizing<Vec<u8>>>,
}

impl<'f> Pages<'f> {
    pub(super) fn new(file: &'f SealedFile, dims: usize) -> Self {
        Self { file, dims, pages: HashMap::new() }
    }

    /// The half-precision bytes of a chunk.
    ///
    /// # Errors
    /// When its page is not there or does not open.
    pub(super) fn chunk(&mut self, r: &Reader<'_>, chunk: usize) -> Result<&[u8], VaultError> {
        let (page, span) = place_of(self.dims, chunk);
        let read = match self.pages.entry(page) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => free.insert(files::page(r, self.file, page)?),
        };
        read.get(span).ok_or(VaultError::Missing)
    }

    /// Lets go of the pages read so far.
    pub(super) fn forget(&mut self) {
        self.pages.clear();
    }
}
