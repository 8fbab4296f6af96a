//! RECAP: a cached summary.

use crate::vault::{
    payload::{Payload, entry::ProvenanceV1},
    wire::{Ext, wire_struct},
};

wire_struct! {
    /// Body of RECAP, schema 1.
    RecapV1 {
        /// Its sentences, one on each line; empty when its owner removed it.
        text: String,
        /// Fingerprint of what it sums up: it is stale when that has another.
        digest: [u8; 32],
        /// When it was made, milliseconds since 1970 UTC.
        made: i64,
        /// The model that wrote it; none for sentences of the writer.
        made_by: Option<ProvenanceV1>,
        /// The model that was asked for it and gave nothing that holds; empty for none.
        tried: String,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for RecapV1 {}
