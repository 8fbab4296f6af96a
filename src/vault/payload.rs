//! Bodies of records: the wire structs of `format-v1.md` section 9 and how they become values of the journal.
//!
//! A struct `NameVn` never changes once released; `tests/golden/` holds its bytes. A new shape is `NameVn+1` with
//! schema n+1 and a total conversion from every older one. The last field of every struct is `ext`; tags a program
//! does not know are kept when it writes the record again.

pub(crate) mod entry;
pub(crate) mod file;
pub(crate) mod index;
pub(crate) mod log;
pub(crate) mod recap;
pub(crate) mod searches;
pub(crate) mod session;
pub(crate) mod small;
#[cfg(test)]
mod tests;
pub(crate) mod trace;

use zeroize::Zeroizing;

use crate::vault::{
    error::VaultError,
    wire::{Wire, WireError, from_body, to_body},
};

/// A body with one schema, the newest this program knows of its type.
pub(crate) trait Payload: Wire {
    /// Schema number written, from 1.
    const SCHEMA: u16 = 1;

    /// Reads the body of any schema this program knows.
    fn decode(schema: u16, body: &[u8]) -> Result<Self, VaultError> {
        match schema {
            1 => Ok(from_body(body)?),
            _ => Err(VaultError::NewerRecord),
        }
    }

    /// The body in the newest schema.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        to_body(self)
    }
}

/// Reads bytes as the body of every kind of record, and what could be read as what people see, for fuzzing.
#[cfg(any(test, feature = "test-hooks"))]
pub fn probe_bodies(body: &[u8]) {
    if let Ok(read) = entry::EntryV1::decode(1, body) {
        let _ = read.into_entry();
    }
    let _ = index::DayV1::decode(1, body);
    if let Ok(year) = index::YearV1::decode(1, body) {
        year.held().for_each(drop);
    }
    let _ = index::RootV1::decode(1, body);
    let _ = index::OutboxV1::decode(1, body);
    let _ = index::TrashV1::decode(1, body);
    let _ = log::EventsV1::decode(1, body);
    let _ = recap::RecapV1::decode(1, body);
    let _ = searches::SearchesV1::decode(1, body);
    if let Ok(draft) = small::DraftV1::decode(1, body) {
        drop(crate::vault::drafts::unfold(draft));
    }
    let _ = small::SecretV1::decode(1, body);
    let _ = small::SettingV1::decode(1, body);
    let _ = small::VectorV1::decode(1, body);
    let _ = file::FileV1::decode(1, body);
    let _ = file::NamedV1::decode(1, body);
    let _ = file::VectorsNoteV1::decode(1, body);
    let _ = trace::TraceV1::decode(1, body);
    let _ = trace::TraceNameV1::decode(1, body);
    let _ = trace::TraceDirV1::decode(1, body);
    let _ = trace::PostingV1::decode(1, body);
    let _ = trace::TraceUndoV1::decode(1, body);
}

impl From<WireError> for VaultError {
    fn from(_: WireError) -> Self {
        Self::Altered(crate::vault::error::Alteration::Shape)
    }
}
