//! SESSION: what its owner may know of a browser that stays signed in.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

wire_struct! {
    /// Body of SESSION, schema 1. Times are milliseconds since 1970 UTC.
    SessionV1 {
        /// When it signed in.
        created: i64,
        /// When it ends whatever happens.
        expires: i64,
        /// When it was last used, as far as that was written down.
        seen: i64,
        /// What kind of browser it is.
        label: String,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for SessionV1 {}
