//! Which changes make a cached text stale.

use proptest::prelude::*;

use super::{day, entry};
use crate::{
    journal::{
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
    },
    vault::recaps::{digest, digest_of_trace},
};

/// What a day or a trace sums up, by another way: the texts with their ids and revisions.
fn summed_up(entries: &[Entry]) -> Vec<(EntryId, u32, String)> {
    let own = entries.iter().filter(|entry| entry.role == Role::Writer && entry.deleted.is_none());
    own.map(|entry| (entry.id, entry.revision, entry.text.clone())).collect()
}

proptest! {
    // What a change makes stale is what has another digest: exactly that of which another text is summed up.
    #[test]
    fn a_digest_changes_exactly_when_what_is_summed_up_does(
        before in proptest::collection::vec((0u8..4, "[ab]{0,2}", 0u8..4), 0..4),
        after in proptest::collection::vec((0u8..4, "[ab]{0,2}", 0u8..4), 0..4),
    ) {
        let journal = |all: &[(u8, String, u8)]| -> Vec<Entry> {
            let one = |(number, text, kind): &(u8, String, u8)| Entry {
                role: if *kind == 1 { Role::Reply } else { Role::Writer },
                deleted: (*kind == 2).then_some(9),
                revision: if *kind == 3 { 2 } else { 1 },
                traces: vec![TraceId::from_bytes([*kind; 16])],
                ..entry(*number, day(20_000), text)
            };
            all.iter().map(one).collect()
        };
        let (before, after) = (journal(&before), journal(&after));
        let is_same = summed_up(&before) == summed_up(&after);
        prop_assert_eq!(digest(&before) == digest(&after), is_same);
        prop_assert_eq!(digest_of_trace(&before) == digest_of_trace(&after), is_same);
        prop_assert_ne!(digest(&before), digest_of_trace(&before));
    }
}
