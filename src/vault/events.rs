//! The security log of a vault: sealed records of what its owner should be able to look up later.

use crate::{
    crypto::record::RecordType,
    journal::day::Day,
    vault::{
        error::VaultError,
        payload::log::{EventV1, EventsV1, MAX_EVENTS},
        transaction::{Reader, Writer},
    },
};

/// Most days one event names.
const MAX_DAYS: usize = 64;

/// What happened. A number, once given, keeps its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// 3: what a rotation could not take along was let go. Numbers: records that could not be opened and were removed.
    LetGo,
    /// 4: the journal was accepted as it is, although it did not match its head. Days: those with something wrong. Numbers:
    /// entries lost, in an earlier version, not in their list, back after having been removed; records that do not open;
    /// rows of no generation; 1 when the head was lost.
    Accepted,
    /// 5: the journal was gone on from although a browser had seen a later state. Numbers: the transaction it stood at, and
    /// the one that had been seen, 0 when that could not be read.
    WentOn,
}

impl Kind {
    const ALL: [(Self, u16); 3] = [(Self::LetGo, 3), (Self::Accepted, 4), (Self::WentOn, 5)];

    fn number(self) -> u16 {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, number)| *number)
    }
}

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When, milliseconds since 1970 UTC.
    pub at: i64,
    /// What; nothing when a newer program wrote it.
    pub kind: Option<Kind>,
    /// Days it concerns.
    pub days: Vec<Day>,
    /// See [`Kind`].
    pub numbers: Vec<u64>,
}

/// Adds an event at the time of the transaction. Of the days the first 64 are kept.
///
/// # Errors
/// Seal and store errors.
pub fn append(w: &mut Writer<'_>, kind: Kind, days: &[Day], numbers: &[u64]) -> Result<(), VaultError> {
    let (page_idx, mut page) = last_page(w)?;
    page.items.push(EventV1 {
        at: w.now(),
        kind: kind.number(),
        days: days.iter().take(MAX_DAYS).map(|day| day.number()).collect(),
        numbers: numbers.to_vec(),
    });
    w.put(RecordType::EVENT, &page_idx.to_le_bytes(), &page)
}

/// All events, oldest first.
///
/// # Errors
/// Seal and store errors.
pub fn all(r: &Reader<'_>) -> Result<Vec<Event>, VaultError> {
    let mut all = Vec::new();
    for page_idx in 0.. {
        let Some(page) = load(r, page_idx)? else { break };
        let Some(page) = page else { continue };
        all.extend(page.items.into_iter().map(|item| Event {
            at: item.at,
            kind: Kind::ALL.iter().find(|(_, number)| *number == item.kind).map(|(kind, _)| *kind),
            days: item.days.into_iter().filter_map(Day::from_number).collect(),
            numbers: item.numbers,
        }));
    }
    Ok(all)
}

/// The page the next event goes to, and its number.
fn last_page(r: &Reader<'_>) -> Result<(u32, EventsV1), VaultError> {
    let mut last: Option<(u32, Option<EventsV1>)> = None;
    for page_idx in 0.. {
        let Some(page) = load(r, page_idx)? else { break };
        last = Some((page_idx, page));
    }
    let empty = || EventsV1 { items: Vec::new(), ext: Vec::new() };
    Ok(match last {
        Some((page_idx, Some(page))) if page.items.len() < MAX_EVENTS => (page_idx, page),
        Some((page_idx, _)) => (page_idx + 1, empty()),
        None => (0, empty()),
    })
}

/// A page, if it is there; with nothing in it when it cannot be read, so that the log goes on behind it.
fn load(r: &Reader<'_>, page_idx: u32) -> Result<Option<Option<EventsV1>>, VaultError> {
    match r.load(RecordType::EVENT, &page_idx.to_le_bytes()) {
        Err(error) if error.is_of_one_record() => Ok(Some(None)),
        page => Ok(page?.map(Some)),
    }
}
