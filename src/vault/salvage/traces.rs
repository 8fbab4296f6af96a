//! The traces of a salvaged journal, counted anew from its entries.

use std::collections::HashMap;

use crate::{
    crypto::record::RecordType,
    store::leaves::Leaves,
    vault::{
        error::VaultError,
        payload::{Payload, trace::TraceNameV1},
        salvage::{Found, rebuild::Known},
        traces::recount::{Carrier, Remains, recount},
        transaction::KeySet,
        unlocked::Unlocked,
    },
};

/// Makes what follows from the traces of the entries. Of a trace that was found its name is taken, unless no entry
/// carries it; a rename or a removal that came later may be undone by what lies in freed pages, never an entry.
pub(super) fn count_traces(
    unlocked: &Unlocked,
    remains: Remains,
    known: &HashMap<[u8; 16], Known>,
) -> Result<(), VaultError> {
    let carrier = |(id, entry): (&[u8; 16], &Known)| Carrier {
        entry: *id,
        day: entry.day,
        is_trashed: entry.deleted != 0,
        traces: entry.traces.clone(),
    };
    let carriers: Vec<Carrier> = known.iter().map(carrier).collect();
    if remains.traces.is_empty() && carriers.iter().all(|carrier| carrier.traces.is_empty()) {
        return Ok(());
    }
    unlocked.write(|w| recount(w, &remains, &carriers))
}

/// The traces and names that were found.
pub(super) fn remains(leaves: &mut Leaves, found: &Found, keys: &KeySet) -> Result<Remains, VaultError> {
    let traces =
        found.of(RecordType::TRACE).filter_map(|(key, _)| key.first_chunk::<16>().copied()).collect();
    let mut remains = Remains { traces, names: Vec::new() };
    for (key, place) in found.of(RecordType::TRACE_NAME) {
        let (opened, _) = place.open(leaves, keys)?;
        let Ok(name) = TraceNameV1::decode(opened.schema, opened.body()) else { continue };
        remains.names.extend(std::str::from_utf8(key).ok().map(|key| (key.to_owned(), name.id)));
    }
    Ok(remains)
}
