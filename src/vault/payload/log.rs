//! EVENT: the security log.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Most events of one page of the log (`format-v1.md` section 8).
pub(crate) const MAX_EVENTS: usize = 200;

wire_struct! {
    /// One event of the log.
    EventV1 {
        /// When, milliseconds since 1970 UTC.
        at: i64,
        /// What; see `crate::vault::events::Kind`.
        kind: u16,
        /// Days it concerns, as days since 1970-01-01; at most 64.
        days: Vec<i32>,
        /// Numbers whose meaning belongs to the kind.
        numbers: Vec<u64>,
    }
}

wire_struct! {
    /// Body of EVENT, schema 1, one page.
    EventsV1 {
        /// Oldest first.
        items: Vec<EventV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for EventsV1 {}
