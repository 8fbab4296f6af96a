//! TRACE, `TRACE_NAME`, `TRACE_DIR`, POSTING, and what is kept to undo a change of traces.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Most ids of one page of the directory (`format-v1.md` section 8).
pub(crate) const MAX_DIR_IDS: usize = 1_000;
/// Most items of one page of entries of a trace.
pub(crate) const MAX_POSTING_ITEMS: usize = 196;

/// Values of `TraceV1::kind`.
pub(crate) const KIND_WORD: u8 = 1;
pub(crate) const KIND_EMOJI: u8 = 2;
/// Bits of `TraceV1::flags`.
pub(crate) const FLAG_PINNED: u32 = 1;
/// Values of `TraceUndoV1::change`.
pub(crate) const CHANGE_RENAME: u8 = 1;
pub(crate) const CHANGE_MERGE: u8 = 2;
pub(crate) const CHANGE_DELETE: u8 = 3;

wire_struct! {
    /// Body of TRACE, schema 1. All but name, kind, flags and `created` follows from the entries.
    TraceV1 {
        /// Identifier, again, so that a record found by a scan names itself.
        id: [u8; 16],
        /// As it is shown.
        name: String,
        /// 1 words, 2 emoji.
        kind: u8,
        /// Bits: 1 pinned. Unknown ones are kept.
        flags: u32,
        /// Milliseconds since 1970 UTC.
        created: i64,
        /// Entries, replies and openings outside the trash that carry it.
        count: u32,
        /// Those in the trash.
        held: u32,
        /// Earliest day of those that count; 0 without any.
        first_day: i32,
        /// Latest day of those that count; 0 without any.
        last_day: i32,
        /// Pages of POSTING.
        pages: u32,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of `TRACE_NAME`, schema 1; the key of the record is the key of the name.
    TraceNameV1 {
        /// The trace.
        id: [u8; 16],
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of `TRACE_DIR`, schema 1, one page.
    TraceDirV1 {
        /// All traces, also those whose entries are all in the trash.
        ids: Vec<[u8; 16]>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// One entry of a trace.
    PostingItemV1 {
        /// Entry, reply or opening.
        id: [u8; 16],
        /// Its day, days since 1970-01-01.
        day: i32,
    }
}

wire_struct! {
    /// Body of POSTING, schema 1, one page.
    PostingV1 {
        /// In the order in which they were attached.
        items: Vec<PostingItemV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// One entry that lost a trace.
    UndoLinkV1 {
        /// Entry, reply or opening.
        id: [u8; 16],
        /// Place among its traces.
        place: u16,
        /// Of a merge: it carried the other trace as well.
        both: bool,
    }
}

wire_struct! {
    /// What the setting `traces.undo` holds: the last rename, merge or deletion.
    TraceUndoV1 {
        /// Names this change.
        id: [u8; 16],
        /// When, milliseconds since 1970 UTC.
        at: i64,
        /// 1 rename, 2 merge, 3 deletion.
        change: u8,
        /// The trace that was changed.
        trace: [u8; 16],
        /// Its name before.
        name: String,
        /// Its flags before.
        flags: u32,
        /// When it was made.
        created: i64,
        /// Of a merge: the trace that it went into.
        into: Option<[u8; 16]>,
        /// Entries that carried it.
        links: Vec<UndoLinkV1>,
        /// Additions.
        ext: Ext,
    }
}

impl Payload for TraceV1 {}
impl Payload for TraceNameV1 {}
impl Payload for TraceDirV1 {}
impl Payload for PostingV1 {}
impl Payload for TraceUndoV1 {}
