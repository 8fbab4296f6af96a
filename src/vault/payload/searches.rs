//! SEARCHES: recent searches.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Most searches that are kept (`format-v1.md` section 8).
pub(crate) const MAX_SEARCHES: usize = 50;

/// Tag of an addition to one search: names of traces as typed, UTF-8.
pub(crate) const EXT_TRACES: u16 = 1;

wire_struct! {
    /// One search.
    SearchV1 {
        /// When it was made last, milliseconds since 1970 UTC; no two of a record are equal.
        at: i64,
        /// What was typed.
        text: String,
        /// First day, as typed; empty for none.
        from: String,
        /// Last day, as typed; empty for none.
        to: String,
        /// Whose texts: 0 everybody's, 1 the writer's, 2 the model's.
        by: u8,
        /// 0 best first, 1 newest first.
        order: u8,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of SEARCHES, schema 1.
    SearchesV1 {
        /// Newest first, at most 50.
        items: Vec<SearchV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for SearchesV1 {}
