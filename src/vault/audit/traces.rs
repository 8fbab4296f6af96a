//! Comparing what is kept of traces with what the entries say.

use std::collections::{BTreeSet, HashMap};

use crate::{
    crypto::record::{Opened, RecordType},
    vault::{
        audit::look::Listed,
        payload::{
            Payload,
            trace::{PostingV1, TraceDirV1, TraceNameV1, TraceV1},
        },
        traces::{
            key_of,
            recount::{Carrier, Expected, Remains, expected},
        },
    },
};

/// What stands in the records of traces; of two versions of one, the later.
#[derive(Default)]
pub(in crate::vault) struct Kept {
    traces: HashMap<[u8; 16], (u64, TraceV1)>,
    names: HashMap<Vec<u8>, (u64, [u8; 16])>,
    pages: HashMap<Vec<u8>, (u64, PostingV1)>,
    dirs: HashMap<Vec<u8>, (u64, TraceDirV1)>,
    /// A newer program wrote some of them, and may know better.
    is_newer: bool,
}

impl Kept {
    pub(in crate::vault) fn note(&mut self, opened: &Opened) {
        fn later<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, (u64, V)>, key: K, seq: u64, value: V) {
            if map.get(&key).is_none_or(|(known, _)| *known <= seq) {
                map.insert(key, (seq, value));
            }
        }
        if opened.schema != 1 {
            self.is_newer = true;
            return;
        }
        let (seq, key, body) = (opened.seq, opened.key().to_vec(), opened.body());
        match opened.kind {
            RecordType::TRACE => {
                if let Ok(trace) = TraceV1::decode(1, body) {
                    later(&mut self.traces, trace.id, seq, trace);
                }
            }
            RecordType::TRACE_NAME => {
                if let Ok(name) = TraceNameV1::decode(1, body) {
                    later(&mut self.names, key, seq, name.id);
                }
            }
            RecordType::POSTING => {
                if let Ok(page) = PostingV1::decode(1, body) {
                    later(&mut self.pages, key, seq, page);
                }
            }
            _ => {
                if let Ok(page) = TraceDirV1::decode(1, body) {
                    later(&mut self.dirs, key, seq, page);
                }
            }
        }
    }

    /// What was found, for making anew what was not.
    pub(in crate::vault) fn remains(&self) -> Remains {
        let name =
            |(key, (_, id)): (&Vec<u8>, &(u64, [u8; 16]))| Some((String::from_utf8(key.clone()).ok()?, *id));
        Remains {
            traces: self.traces.keys().copied().collect(),
            names: self.names.iter().filter_map(name).collect(),
        }
    }
}

impl Listed {
    /// What the entries say of their traces. Those that had been removed for ever say nothing.
    pub(in crate::vault) fn carriers(&self) -> Vec<Carrier> {
        let returned = self.returned();
        let known = self.entries.iter().filter(|(id, _)| !returned.contains(*id));
        let carrier = |(id, facts): (&[u8; 16], &super::look::Facts)| Carrier {
            entry: *id,
            day: facts.day,
            is_trashed: facts.deleted != 0,
            traces: facts.traces.clone(),
        };
        known.filter_map(|(id, known)| Some((id, known.facts.as_ref()?))).map(carrier).collect()
    }

    /// How many traces are not as the entries say: counts, names, pages or the directory.
    pub(in crate::vault) fn wrong_traces(&self) -> usize {
        let kept = &self.traces;
        let has_unknown = self.entries.values().any(|known| known.facts.is_none());
        if kept.is_newer || has_unknown {
            return 0;
        }
        let expected = expected(&self.carriers());
        let mut listed: HashMap<[u8; 16], usize> = HashMap::new();
        for id in kept.dirs.values().flat_map(|(_, dir)| &dir.ids) {
            *listed.entry(*id).or_default() += 1;
        }
        let mut links: HashMap<[u8; 16], Vec<(i32, [u8; 16])>> = HashMap::new();
        for (key, (_, page)) in &kept.pages {
            if let Some(id) = key.first_chunk::<16>() {
                links.entry(*id).or_default().extend(page.items.iter().map(|item| (item.day, item.id)));
            }
        }
        let none = Expected::default();
        let all: BTreeSet<[u8; 16]> = expected
            .keys()
            .chain(kept.traces.keys())
            .chain(listed.keys())
            .chain(links.keys())
            .copied()
            .collect();
        let is_wrong = |id: &&[u8; 16]| {
            let Some((_, stored)) = kept.traces.get(*id) else { return true };
            let key = key_of(&stored.name).into_bytes();
            let leads = kept.names.get(&key).is_some_and(|(_, led)| led == *id);
            let links = links.get(*id).cloned().unwrap_or_default();
            let expected = expected.get(*id).unwrap_or(&none);
            let is_empty = expected.links.is_empty() && expected.held == 0;
            is_empty || !leads || listed.get(*id) != Some(&1) || !expected.fits(stored, links)
        };
        let wrong = all.iter().filter(is_wrong).count();
        // Names that lead nowhere, or to a trace that is called otherwise.
        let is_stray = |(key, (_, id)): &(&Vec<u8>, &(u64, [u8; 16]))| {
            kept.traces.get(id).is_none_or(|(_, stored)| key_of(&stored.name).as_bytes() != key.as_slice())
        };
        wrong + kept.names.iter().filter(is_stray).count()
    }
}
