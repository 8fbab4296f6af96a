//! Which segments of meanings there are: the pointer `search/vectors` and the files it names.
//!
//! A segment is a file of codes, a file of exact vectors, and maybe a graph (`search::segment`). All segments under one
//! pointer are of one embedder, whose identity the pointer carries. When another embedder is in use, its segments are made
//! under `search/vectors/next` and take the place of the others once they are complete; until then an older program, with
//! the older embedder, finds its own.

use crate::vault::{
    error::VaultError,
    files::{self, FileId, FileKind, Pointer, SealedFile},
    payload::{
        Payload,
        file::{SegmentFilesV1, VectorsNoteV1},
    },
    transaction::{Reader, Writer},
};

const CURRENT: &str = "search/vectors";
const NEXT: &str = "search/vectors/next";

/// Where the segments of an embedder stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// They are the journal's.
    Current,
    /// They are being made beside those of another embedder.
    Next,
}

impl Slot {
    /// The name of the pointer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => CURRENT,
            Self::Next => NEXT,
        }
    }
}

/// What made the vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Maker {
    /// SHA-256 of the embedder's file.
    pub embedder: [u8; 32],
    /// Values per vector.
    pub dims: u16,
}

/// The files of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentFiles {
    /// What is held in memory.
    pub codes: FileId,
    /// Exact vectors, opened page by page.
    pub exact: FileId,
    /// The neighbour graph, once it was made.
    pub graph: Option<FileId>,
}

/// The segments of one embedder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segments {
    /// Where they stand.
    pub slot: Slot,
    /// Oldest first.
    pub files: Vec<SegmentFiles>,
    /// The pointer does not open: what it named must be collected, see [`files::collect`].
    pub is_lost: bool,
}

/// The segments of an embedder.
///
/// # Errors
/// Store errors, and [`VaultError::NewerRecord`].
pub fn segments(r: &Reader<'_>, maker: Maker) -> Result<Segments, VaultError> {
    let current = found(r, CURRENT)?;
    let (slot, found) = match current {
        Found::Of(other, _) if other != maker => (Slot::Next, found(r, NEXT)?),
        found => (Slot::Current, found),
    };
    let is_lost = matches!(found, Found::Lost);
    let files = match found {
        Found::Of(of, files) if of == maker => files,
        _ => Vec::new(),
    };
    Ok(Segments { slot, files, is_lost })
}

/// Removes what was begun and not finished. Call it before the first segment is made after signing in.
///
/// # Errors
/// Seal and store errors.
pub fn sweep(w: &mut Writer<'_>, slot: Slot, maker: Maker) -> Result<(), VaultError> {
    if slot == Slot::Next && !matches!(found(w, NEXT)?, Found::Of(of, _) if of == maker) {
        // It was being made with a third embedder, or is lost.
        return files::forget(w, NEXT);
    }
    files::sweep(w, slot.name()).map(|_| ())
}

/// Names a segment whose files were written, in place of those of which these are the files of codes. Answers the
/// segments there are then.
///
/// # Errors
/// [`VaultError::Missing`] when a file is not there; seal and store errors.
pub fn name(
    w: &mut Writer<'_>,
    slot: Slot,
    maker: Maker,
    new: Option<SegmentFiles>,
    gone: &[FileId],
) -> Result<Vec<SegmentFiles>, VaultError> {
    let mut segments = match found(w, slot.name())? {
        Found::Of(of, files) if of == maker => files,
        _ => Vec::new(),
    };
    segments.retain(|segment| !gone.contains(&segment.codes));
    segments.extend(new);
    point(w, slot, maker, &segments)?;
    Ok(segments)
}

/// Adds the graph of a segment. `false` when there is no such segment any more.
///
/// # Errors
/// As [`name`].
pub fn add_graph(
    w: &mut Writer<'_>,
    slot: Slot,
    maker: Maker,
    codes: FileId,
    graph: FileId,
) -> Result<bool, VaultError> {
    let Found::Of(of, mut segments) = found(w, slot.name())? else { return Ok(false) };
    let Some(segment) = segments.iter_mut().find(|segment| of == maker && segment.codes == codes) else {
        return Ok(false);
    };
    segment.graph = Some(graph);
    point(w, slot, maker, &segments)?;
    Ok(true)
}

/// Says that the segments of an embedder hold every entry, or will without anything being embedded: those of other
/// embedders go. Answers where they stand from now on.
///
/// # Errors
/// Seal and store errors.
pub fn complete(w: &mut Writer<'_>, slot: Slot) -> Result<Slot, VaultError> {
    match slot {
        Slot::Next => files::rename(w, NEXT, CURRENT)?,
        Slot::Current if files::pointer(w, NEXT).is_ok_and(|next| next.is_none()) => {}
        Slot::Current => files::forget(w, NEXT)?,
    }
    Ok(Slot::Current)
}

/// Removes all segments of all embedders.
///
/// # Errors
/// Seal and store errors.
pub fn forget(w: &mut Writer<'_>) -> Result<(), VaultError> {
    files::forget(w, CURRENT)?;
    files::forget(w, NEXT)
}

/// Begins a file of a segment; see [`files::begin`].
///
/// # Errors
/// Seal and store errors.
pub fn begin(w: &mut Writer<'_>, slot: Slot, kind: FileKind, bytes: &[u8]) -> Result<SealedFile, VaultError> {
    files::begin(w, slot.name(), kind, "", bytes)
}

fn point(w: &mut Writer<'_>, slot: Slot, maker: Maker, segments: &[SegmentFiles]) -> Result<(), VaultError> {
    let stored = |segment: &SegmentFiles| SegmentFilesV1 {
        codes: *segment.codes.as_bytes(),
        exact: *segment.exact.as_bytes(),
        graph: segment.graph.map(|graph| *graph.as_bytes()),
    };
    let note = VectorsNoteV1 {
        embedder: maker.embedder,
        dims: maker.dims,
        segments: segments.iter().map(stored).collect(),
        ext: Vec::new(),
    };
    let named = |segment: &SegmentFiles| [Some(segment.codes), Some(segment.exact), segment.graph];
    let pointer = Pointer {
        generation: 0,
        files: segments.iter().flat_map(named).flatten().collect(),
        indexed_seq: w.seq(),
        note: note.encode().to_vec(),
    };
    files::point(w, slot.name(), &pointer).map(|_| ())
}

enum Found {
    Nothing,
    Lost,
    Of(Maker, Vec<SegmentFiles>),
}

fn found(r: &Reader<'_>, name: &str) -> Result<Found, VaultError> {
    let pointer = match files::pointer(r, name) {
        Err(error) if error.is_damage() => return Ok(Found::Lost),
        found => found?,
    };
    let Some(pointer) = pointer else { return Ok(Found::Nothing) };
    // A pointer that has only listed what was begun.
    if pointer.note.is_empty() {
        return Ok(Found::Nothing);
    }
    let Ok(note) = VectorsNoteV1::decode(1, &pointer.note) else { return Ok(Found::Lost) };
    let files = |segment: SegmentFilesV1| SegmentFiles {
        codes: FileId::from_bytes(segment.codes),
        exact: FileId::from_bytes(segment.exact),
        graph: segment.graph.map(FileId::from_bytes),
    };
    let maker = Maker { embedder: note.embedder, dims: note.dims };
    Ok(Found::Of(maker, note.segments.into_iter().map(files).collect()))
}
