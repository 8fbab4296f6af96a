//! Recent searches: one sealed record, whose length says nothing about them.

use crate::{
    crypto::record::RecordType,
    vault::{
        error::VaultError,
        payload::{
            Payload,
            searches::{EXT_TRACES, MAX_SEARCHES, SearchV1, SearchesV1},
        },
        settings,
        transaction::{Reader, Writer},
    },
};

/// Longest body that is written: it fits the least length of the type, so that the record is never longer.
const MAX_BODY: usize = 8_000;
/// Name of the setting. Its value is `off`, or there is none.
const SETTING: &str = "searches";
const OFF: &[u8] = b"off";

/// A search somebody made.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// When it was made last, milliseconds since 1970 UTC; names it among the others.
    pub at: i64,
    /// What was typed.
    pub text: String,
    /// First day, as typed.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Names of traces, as typed.
    pub traces: String,
    /// Whose texts: 0 everybody's, 1 the writer's, 2 the model's.
    pub by: u8,
    /// 0 best first, 1 newest first.
    pub order: u8,
}

/// Whether searches are kept.
///
/// # Errors
/// Seal and store errors.
pub fn are_kept(r: &Reader<'_>) -> Result<bool, VaultError> {
    Ok(settings::get(r, SETTING)?.is_none_or(|value| value != OFF))
}

/// Begins or ends keeping searches. With the end, those that were kept are removed.
///
/// # Errors
/// Seal and store errors.
pub fn keep_any(w: &mut Writer<'_>, are_kept: bool) -> Result<(), VaultError> {
    if are_kept {
        return settings::remove(w, SETTING);
    }
    settings::put(w, SETTING, OFF)?;
    clear(w)
}

/// The searches that are kept, newest first. A record that cannot be read counts as empty.
///
/// # Errors
/// Store errors.
pub fn all(r: &Reader<'_>) -> Result<Vec<Search>, VaultError> {
    let stored = match load(r) {
        Err(VaultError::NewerRecord) => return Ok(Vec::new()),
        stored => stored?,
    };
    Ok(stored.items.into_iter().map(Search::from).collect())
}

/// Puts a search before the others; the same made earlier goes, and so does the oldest when there are too many. Does
/// nothing when searches are not kept.
///
/// # Errors
/// Seal and store errors; [`VaultError::NewerRecord`].
pub fn keep(w: &mut Writer<'_>, search: &Search) -> Result<(), VaultError> {
    if !are_kept(w)? {
        return Ok(());
    }
    let mut stored = load(w)?;
    let newest = stored.items.iter().map(|item| item.at).max().unwrap_or(i64::MIN);
    let mut item = SearchV1::from(Search { at: search.at.max(newest.saturating_add(1)), ..search.clone() });
    if let Some(idx) = stored.items.iter().position(|known| item.is_like(known)) {
        item.ext = stored.items.remove(idx).ext;
    }
    stored.items.insert(0, item);
    stored.items.truncate(MAX_SEARCHES);
    while stored.encode().len() > MAX_BODY && stored.items.pop().is_some() {}
    w.put(RecordType::SEARCHES, &[], &stored)
}

/// Removes one search; does nothing when it is not there.
///
/// # Errors
/// As [`keep`].
pub fn forget(w: &mut Writer<'_>, at: i64) -> Result<(), VaultError> {
    let mut stored = load(w)?;
    stored.items.retain(|item| item.at != at);
    if stored.items.is_empty() { clear(w) } else { w.put(RecordType::SEARCHES, &[], &stored) }
}

/// Removes all searches.
///
/// # Errors
/// Seal and store errors.
pub fn clear(w: &mut Writer<'_>) -> Result<(), VaultError> {
    w.delete(RecordType::SEARCHES, &[])
}

fn load(r: &Reader<'_>) -> Result<SearchesV1, VaultError> {
    match r.load(RecordType::SEARCHES, &[]) {
        Err(error) if error.is_damage() => Ok(None),
        stored => stored,
    }
    .map(|stored| stored.unwrap_or(SearchesV1 { items: Vec::new(), ext: Vec::new() }))
}

impl SearchV1 {
    /// The same search made at another time.
    fn is_like(&self, other: &Self) -> bool {
        (&self.text, &self.from, &self.to, self.traces(), self.by, self.order)
            == (&other.text, &other.from, &other.to, other.traces(), other.by, other.order)
    }

    fn traces(&self) -> &[u8] {
        self.ext.iter().find(|(tag, _)| *tag == EXT_TRACES).map_or(&[], |(_, traces)| traces)
    }
}

impl From<Search> for SearchV1 {
    fn from(search: Search) -> Self {
        let Search { at, text, from, to, traces, by, order } = search;
        let traces = (!traces.is_empty()).then(|| (EXT_TRACES, traces.into_bytes()));
        Self { at, text, from, to, by, order, ext: traces.into_iter().collect() }
    }
}

impl From<SearchV1> for Search {
    fn from(stored: SearchV1) -> Self {
        let traces = String::from_utf8_lossy(stored.traces()).into_owned();
        let SearchV1 { at, text, from, to, by, order, ext: _ } = stored;
        Self { at, text, from, to, traces, by, order }
    }
}
