//! FILE and NAMED: objects larger than a record, and what points to them. A PAGE has no structure: its body is the
//! bytes of the page.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Schema of PAGE.
pub(crate) const PAGE_SCHEMA: u16 = 1;
/// Tag of `NamedV1::ext`: ids (16 bytes each) of files that were begun and are not in `files` yet.
pub(crate) const EXT_UNFINISHED: u16 = 1;
/// Tag of `NamedV1::ext`: bytes whose meaning belongs to the name.
pub(crate) const EXT_NOTE: u16 = 2;

wire_struct! {
    /// Body of FILE, schema 1.
    FileV1 {
        /// Identifier, again, so that a record found by a scan names itself.
        id: [u8; 16],
        /// What is in it; below 256 it can be made anew from the entries.
        kind: u16,
        /// A name among the files of one pointer.
        name: String,
        /// Bytes of all pages together.
        len: u64,
        /// Bytes of every page but the last, which may be shorter.
        page_size: u32,
        /// How many pages there are.
        pages: u32,
        /// SHA-256 of all pages together.
        sha256: [u8; 32],
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of NAMED, schema 1.
    NamedV1 {
        /// Counts the changes, from 1.
        generation: u64,
        /// Files, in an order that belongs to the name.
        files: Vec<[u8; 16]>,
        /// Seq of the newest transaction whose entries are taken into account.
        indexed_seq: u64,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// The files of a segment of meanings.
    SegmentFilesV1 {
        /// Entries, places and codes.
        codes: [u8; 16],
        /// Half-precision vectors.
        exact: [u8; 16],
        /// The neighbour graph, once it was made.
        graph: Option<[u8; 16]>,
    }
}

wire_struct! {
    /// The note of the pointer `search/vectors`.
    VectorsNoteV1 {
        /// SHA-256 of the embedder's file.
        embedder: [u8; 32],
        /// Values per vector.
        dims: u16,
        /// Oldest first.
        segments: Vec<SegmentFilesV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for VectorsNoteV1 {}
impl Payload for FileV1 {}
impl Payload for NamedV1 {}
