//! Where the chunks of an entry lie in the space of meanings, for entries that are in no search segment yet.

use crate::{
    crypto::record::RecordType,
    journal::ids::EntryId,
    vault::{
        error::VaultError,
        payload::small::{ChunkV1, ENCODING_F16, VectorV1},
        transaction::{Reader, Writer},
        wire::WireError,
    },
};

/// The vectors of one entry.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryVectors {
    /// SHA-256 of the embedder's file: vectors of different embedders cannot be compared.
    pub embedder: [u8; 32],
    /// Revision of the entry they were computed from.
    pub revision: u32,
    /// Values per vector.
    pub dims: u16,
    /// In the order of the text.
    pub chunks: Vec<ChunkVector>,
}

/// One chunk.
#[derive(Clone, PartialEq, Eq)]
pub struct ChunkVector {
    /// First byte of the chunk in the entry's text.
    pub start: u32,
    /// Byte after its last one.
    pub end: u32,
    /// `dims` values of IEEE 754 half precision, little-endian: `2 * dims` bytes.
    pub values: Vec<u8>,
}

/// Keeps the vectors of an entry in place of those before.
///
/// # Errors
/// [`VaultError::Altered`] when a chunk has not `2 * dims` bytes; seal and store errors.
pub fn put(w: &mut Writer<'_>, id: EntryId, vectors: &EntryVectors) -> Result<(), VaultError> {
    let is_whole = |chunk: &ChunkVector| chunk.values.len() == 2 * usize::from(vectors.dims);
    if !vectors.chunks.iter().all(is_whole) {
        return Err(WireError.into());
    }
    let payload = VectorV1 {
        embedder: vectors.embedder,
        rev: vectors.revision,
        dims: vectors.dims,
        encoding: ENCODING_F16,
        chunks: vectors
            .chunks
            .iter()
            .map(|chunk| ChunkV1 { start: chunk.start, end: chunk.end, values: chunk.values.clone() })
            .collect(),
        ext: Vec::new(),
    };
    w.put(RecordType::VECTOR, id.as_bytes(), &payload)
}

/// The vectors of an entry, if it has any.
///
/// # Errors
/// Seal and store errors.
pub fn get(r: &Reader<'_>, id: EntryId) -> Result<Option<EntryVectors>, VaultError> {
    let Some(found) = r.load::<VectorV1>(RecordType::VECTOR, id.as_bytes())? else { return Ok(None) };
    let len = 2 * usize::from(found.dims);
    if found.encoding != ENCODING_F16 {
        return Err(VaultError::NewerRecord);
    }
    if found.chunks.iter().any(|chunk| chunk.values.len() != len) {
        return Err(WireError.into());
    }
    let chunk = |chunk: ChunkV1| ChunkVector { start: chunk.start, end: chunk.end, values: chunk.values };
    Ok(Some(EntryVectors {
        embedder: found.embedder,
        revision: found.rev,
        dims: found.dims,
        chunks: found.chunks.into_iter().map(chunk).collect(),
    }))
}

/// Forgets the vectors of an entry.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, id: EntryId) -> Result<(), VaultError> {
    w.delete(RecordType::VECTOR, id.as_bytes())
}
