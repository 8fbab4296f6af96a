//! The word index of one person: opened after signing in, kept up to date, sealed in the background, dropped at lock.
//!
//! Three things keep it right. What changed in a vault is noted by the vault itself, and every search applies it before
//! it answers, so an edit or a deletion shows at once. At sign-in the index is compared with what the days list, so it
//! does not matter what was sealed before a crash. And what cannot be read, or is of another version, is left out and
//! made anew from the entries.
//!
//! While there is no index yet (the first time, or after much was brought in) [`UserWords::find`] answers nothing and
//! the caller reads every entry.

mod keep;

pub use self::keep::{Compared, compare, forget, listed, make};

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    search::{
        lexical::{Job, LookedUp, Seen, Segment, WordHits, WordIndex, WordsError},
        plain::plain,
        query::Query,
    },
    services::{indexing::is_searchable, sessions::guard, words::keep::Progress},
    vault::{
        entries,
        error::VaultError,
        unlocked::{Unlocked, changes::Changes},
    },
};

/// Most changed entries that a search reads before it answers; with more it reads all entries instead, while the
/// index catches up.
const MOST_AT_ONCE: usize = 256;

/// Longest wait of a search for an index that is just being opened. It takes half a second with 100,000 entries; to read
/// those takes four, and slows the opening down.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// The word index of one person.
#[derive(Default)]
pub(crate) struct UserWords {
    open: Mutex<Open>,
    /// Told when the index is open, or is not to be waited for.
    opened: Condvar,
    /// Told when there may be something to do.
    nudge: tokio::sync::Notify,
    /// Ends what is being built.
    stop: Arc<AtomicBool>,
}

#[derive(Default)]
struct Open {
    index: WordIndex,
    progress: Progress,
    /// It is not to be waited for: many entries are missing in it, or it could not be read.
    lacks_much: bool,
    /// A newer program keeps an index here: it is not ours to replace.
    is_foreign: bool,
    /// What points to the sealed segments does not open: what it named must be collected.
    is_lost: bool,
    /// What a program that was killed left half written is gone.
    is_swept: bool,
    /// Sealing failed, and is tried again when something has changed.
    rests: bool,
}

impl Open {
    fn is_whole(&self) -> bool {
        matches!(self.progress, Progress::Whole)
    }
}

impl UserWords {
    /// Tells that something may have changed. A lost nudge is harmless.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// What of a query can be looked up before its meaning is known, for [`UserWords::find`]. `None` while there is no
    /// index.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) fn look_up(&self, vault: &Unlocked, query: &Query) -> Result<Option<LookedUp>, VaultError> {
        self.ask(guard(&self.open), vault, |index| index.look_up(query))
    }

    /// Entries that say words of the query; see [`WordIndex::find`]. Of those that are `near` only these may be results
    /// whose text is the one of this revision. `None` while there is no index; for one that is just being opened it waits.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) fn find(
        &self,
        vault: &Unlocked,
        query: &Query,
        looked_up: Option<LookedUp>,
        near: &[(EntryId, u32)],
    ) -> Result<Option<WordHits>, VaultError> {
        self.ask(self.wait(guard(&self.open)), vault, |index| {
            let is_fresh = |(id, revision): &&(EntryId, u32)| index.revision(*id) == Some(*revision);
            let near: Vec<EntryId> = near.iter().filter(is_fresh).map(|(id, _)| *id).collect();
            index.find(query, looked_up, &near)
        })
    }

    fn ask<T>(
        &self,
        mut open: MutexGuard<'_, Open>,
        vault: &Unlocked,
        ask: impl FnOnce(&WordIndex) -> Result<T, WordsError>,
    ) -> Result<Option<T>, VaultError> {
        if !open.is_whole() || catch_up(vault, &mut open, MOST_AT_ONCE)?.is_none() {
            drop(open);
            self.nudge();
            return Ok(None);
        }
        match ask(&open.index) {
            Ok(answer) => Ok(Some(answer)),
            Err(WordsError) => {
                tracing::error!("the word index cannot be read; it is made anew");
                drop(open);
                self.start_anew(vault);
                self.nudge();
                Ok(None)
            }
        }
    }

    /// Waits for an index that is just being opened.
    fn wait<'a>(&'a self, open: MutexGuard<'a, Open>) -> MutexGuard<'a, Open> {
        let is_opening = |open: &mut Open| !open.is_whole() && !open.lacks_much && !self.is_closed();
        match self.opened.wait_timeout_while(open, OPENS_WITHIN, is_opening) {
            Ok((open, _)) => open,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }

    /// Drops everything, for good.
    pub(crate) fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        *guard(&self.open) = Open::default();
        self.opened.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Applies what the vault has noted, and answers how much that was. `None` when it is more than `most` entries, or when
/// any entry may have changed: then nothing was applied.
fn catch_up(vault: &Unlocked, open: &mut Open, most: usize) -> Result<Option<usize>, VaultError> {
    let changes = vault.take_changes();
    if changes.all || changes.entries.len() > most {
        vault.note_changes(changes);
        return Ok(None);
    }
    for (done, id) in changes.entries.iter().enumerate() {
        if let Err(error) = apply(vault, &mut open.index, *id) {
            vault.note_changes(Changes { all: false, entries: changes.entries[done..].to_vec() });
            return Err(error);
        }
    }
    Ok(Some(changes.entries.len()))
}

/// Brings one entry up to date.
fn apply(vault: &Unlocked, index: &mut WordIndex, id: EntryId) -> Result<(), VaultError> {
    match vault.read(|r| entries::entry(r, id)) {
        Ok(Some(entry)) if is_searchable(&entry) => {
            index.put(seen(&entry), entry.revision, &plain(&entry.text));
        }
        Err(error @ VaultError::Store(_)) => return Err(error),
        // Gone, in the trash, not finished, or not to be read: its day says so, a search does not show it.
        _ => index.remove(id),
    }
    Ok(())
}

/// What ranking has to know of an entry.
pub(crate) fn seen(entry: &Entry) -> Seen {
    Seen { id: entry.id, day: entry.day, created: entry.created, machine: entry.role != Role::Writer }
}

/// A segment of these entries, as far as they can be read and are to be found.
fn segment_of(
    vault: &Unlocked,
    ids: &[EntryId],
    stop: &Arc<AtomicBool>,
) -> Result<Option<Segment>, VaultError> {
    let mut texts: Vec<(Seen, u32, String)> = Vec::with_capacity(ids.len());
    vault.read(|r| {
        for id in ids {
            match entries::entry(r, *id) {
                Ok(Some(entry)) if is_searchable(&entry) => {
                    texts.push((seen(&entry), entry.revision, plain(&entry.text)));
                }
                Err(error @ VaultError::Store(_)) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    })?;
    if texts.is_empty() {
        return Ok(None);
    }
    let entries = texts.iter().map(|(seen, revision, text)| (*seen, *revision, text.as_str()));
    Ok(Job::of_entries(entries).build(stop).ok())
}

#[cfg(test)]
mod tests;
