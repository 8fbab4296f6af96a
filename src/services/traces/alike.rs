//! Traces whose names look alike or mean the same, and those that their owner wants to keep apart.
//!
//! What was kept apart stands sealed in the setting `traces.apart`, by the keys of both names, so that another name is
//! looked at anew.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use crate::{
    blocking,
    journal::{
        ids::TraceId,
        trace::{self, Kind, alike},
    },
    services::{Failure, Services, sessions::Session},
    vault::{
        error::VaultError,
        settings,
        traces::{self, Trace},
        transaction::Reader,
    },
};

/// Pairs that are shown at a time.
const MOST: usize = 3;
/// The setting, and how many pairs it remembers.
const SETTING: &str = "traces.apart";
const MOST_KEPT: usize = 500;
/// The setting is never shorter, so that its length does not tell how many names and which.
const FILLED: usize = 7_900;

/// Two traces that may be meant as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alike {
    /// The one that would go.
    pub from: Trace,
    /// The one that would stay: pinned, else with more entries, else the older one.
    pub into: Trace,
}

/// Pairs of keys, latest first, each in order.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Apart(Vec<(String, String)>);

impl Services {
    /// Keeps two traces as they are: they are not shown as alike any more while they have these names. `false` when one
    /// of them is gone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_apart(&self, session: &Session, one: TraceId, other: TraceId) -> Result<bool, Failure> {
        let user = Arc::clone(&session.user);
        let kept = blocking::db(move || {
            user.vault.write(|w| {
                let (Some(one), Some(other)) = (traces::trace(w, one)?, traces::trace(w, other)?) else {
                    return Ok(false);
                };
                let mut apart = Apart::read(w)?;
                apart.note(trace::folded(&one.name), trace::folded(&other.name));
                settings::put(w, SETTING, &apart.to_bytes())?;
                Ok(true)
            })
        })
        .await??;
        self.wrote();
        Ok(kept)
    }
}

/// A few pairs of traces that look alike, or mean the same by their keys, and were not kept apart, those with most
/// entries first; each trace once.
pub(super) fn pairs(all: &[Trace], apart: &Apart, meant: &[(String, String)]) -> Vec<Alike> {
    let words: Vec<&Trace> = all.iter().filter(|found| found.kind == Kind::Word).collect();
    let keys: Vec<String> = words.iter().map(|found| trace::folded(&found.name)).collect();
    let kept: HashSet<(&str, &str)> =
        apart.0.iter().map(|(one, other)| (one.as_str(), other.as_str())).collect();
    let is_open = |(one, other): &(usize, usize)| {
        let (one, other) = (keys[*one].as_str(), keys[*other].as_str());
        !kept.contains(&(one.min(other), one.max(other)))
    };
    let rank = |found: &Trace| (found.is_pinned, found.count, Reverse(found.created), Reverse(found.id));
    let place = |key: &String| keys.iter().position(|known| known == key);
    let meant = meant.iter().filter_map(|(one, other)| Some((place(one)?, place(other)?)));
    let mut found: Vec<Alike> = alike::pairs(&keys)
        .into_iter()
        .chain(meant)
        .filter(is_open)
        .map(|(one, other)| {
            let (one, other) = (words[one], words[other]);
            let (from, into) = if rank(one) < rank(other) { (one, other) } else { (other, one) };
            Alike { from: from.clone(), into: into.clone() }
        })
        .collect();
    found.sort_by_key(|pair| (Reverse(pair.from.count), Reverse(pair.into.count), pair.from.id));
    let mut seen = BTreeSet::new();
    found.retain(|pair| {
        let is_new = !seen.contains(&pair.from.id) && !seen.contains(&pair.into.id);
        if is_new {
            seen.extend([pair.from.id, pair.into.id]);
        }
        is_new
    });
    found.truncate(MOST);
    found
}

impl Apart {
    pub(super) fn read(r: &Reader<'_>) -> Result<Self, VaultError> {
        match settings::get(r, SETTING) {
            // At worst a pair is shown again.
            Err(error) if error.is_of_one_record() => Ok(Self::default()),
            found => Ok(found?.map_or_else(Self::default, |bytes| Self::from_bytes(&bytes))),
        }
    }

    fn note(&mut self, one: String, other: String) {
        let pair = if one <= other { (one, other) } else { (other, one) };
        self.0.retain(|known| *known != pair);
        self.0.insert(0, pair);
        self.0.truncate(MOST_KEPT);
    }

    /// A line a pair: two keys with a blank between. A key holds neither.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.0.iter().map(|(one, other)| format!("{one} {other}\n")).collect::<String>().into_bytes();
        bytes.resize(bytes.len().max(FILLED), b'\n');
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let pair = |line: &str| line.split_once(' ').map(|(one, other)| (one.to_owned(), other.to_owned()));
        Self(text.lines().filter_map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::day::Day;

    fn known(number: u8, name: &str, count: u32) -> Trace {
        let day = Day::from_number(20_000).unwrap();
        Trace {
            id: TraceId::from_bytes([number; 16]),
            name: name.to_owned(),
            kind: Kind::Word,
            created: number.into(),
            count,
            first: day,
            last: day,
            is_pinned: false,
        }
    }

    #[test]
    fn the_trace_with_more_entries_stays_and_each_is_shown_once() {
        let all = [known(1, "lakes", 1), known(2, "lake", 9), known(3, "L\u{e1}ke", 2), known(4, "sea", 3)];
        let found = pairs(&all, &Apart::default(), &[]);
        let names: Vec<_> =
            found.iter().map(|pair| (pair.from.name.as_str(), pair.into.name.as_str())).collect();
        assert_eq!(names, [("L\u{e1}ke", "lake")]);
        let mut apart = Apart::default();
        apart.note("lake".to_owned(), "l\u{e1}ke".to_owned());
        let found = pairs(&all, &apart, &[]);
        assert!(found.iter().all(|pair| pair.from.name == "lakes"), "{found:?}");
        let meant = [("lake".to_owned(), "sea".to_owned()), ("lake".to_owned(), "gone".to_owned())];
        let by_meaning = pairs(&all[1..], &apart, &meant);
        assert!(by_meaning.iter().any(|pair| (&*pair.from.name, &*pair.into.name) == ("sea", "lake")));
        let pinned = Trace { is_pinned: true, ..known(1, "lakes", 1) };
        assert_eq!(pairs(&[pinned, known(2, "lake", 9)], &Apart::default(), &[])[0].into.name, "lakes");
    }

    #[test]
    fn what_was_kept_apart_is_remembered_in_any_order_and_bounded() {
        let mut apart = Apart::default();
        for n in 0..MOST_KEPT + 2 {
            apart.note(format!("b{n}"), format!("a{n}"));
        }
        apart.note("a9".to_owned(), "b9".to_owned());
        assert_eq!((apart.0.len(), apart.0[0].clone()), (MOST_KEPT, ("a9".to_owned(), "b9".to_owned())));
        assert_eq!(Apart::from_bytes(&apart.to_bytes()), apart);
        assert_eq!(Apart::from_bytes(b"\xff"), Apart::default());
    }
}
