//! DRAFT, SETTINGS, VECTOR.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Value of `VectorV1::encoding`: IEEE 754 half precision, little-endian, `dims` per chunk, of length 1.
pub(crate) const ENCODING_F16: u8 = 1;

/// Tag of `DraftV1::ext`: the `op` of the form that the text was typed in, UTF-8.
pub(crate) const EXT_BY: u16 = 1;
/// Tag of `DraftV1::ext`: what was typed in other boxes for the same place, newest first, a `Vec<BesideV1>`.
pub(crate) const EXT_BESIDE: u16 = 2;

wire_struct! {
    /// A draft beside the newest one.
    BesideV1 {
        /// What was typed.
        text: String,
        /// Revision of the entry that is being edited, 0 for a new one.
        base_rev: u32,
        /// Milliseconds since 1970 UTC.
        saved: i64,
        /// As under [`EXT_BY`]; empty when the form had none.
        by: String,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of DRAFT, schema 1: the newest draft of its place.
    DraftV1 {
        /// What was typed.
        text: String,
        /// Revision of the entry that is being edited, 0 for a new one.
        base_rev: u32,
        /// Milliseconds since 1970 UTC.
        saved: i64,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of SETTINGS, schema 1.
    SettingV1 {
        /// Bytes whose meaning belongs to the name.
        value: Vec<u8>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// One chunk of a text and where it lies in the space of meanings.
    ChunkV1 {
        /// First byte of the chunk in the text.
        start: u32,
        /// Byte after its last one.
        end: u32,
        /// The vector, as `encoding` says.
        values: Vec<u8>,
    }
}

wire_struct! {
    /// Body of VECTOR, schema 1.
    VectorV1 {
        /// SHA-256 of the embedder's file.
        embedder: [u8; 32],
        /// Revision of the entry the vectors were computed from.
        rev: u32,
        /// Values per vector.
        dims: u16,
        /// 1 half precision.
        encoding: u8,
        /// In the order of the text.
        chunks: Vec<ChunkV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of SECRET, schema 1.
    SecretV1 {
        /// The secret.
        value: Vec<u8>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for BesideV1 {}
impl Payload for DraftV1 {}
impl Payload for SecretV1 {}
impl Payload for SettingV1 {}
impl Payload for VectorV1 {}
