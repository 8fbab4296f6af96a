//! What changed in an open vault, for those who keep an index of it in memory.
//!
//! Whatever lists work in the outbox is noted here after its commit, so an index that asks before it answers never
//! shows an entry as it was. The outbox itself is for what must outlive the process.

use std::sync::PoisonError;

use crate::{journal::ids::EntryId, vault::unlocked::Unlocked};

/// Most entries that are listed one by one.
const MOST: usize = 50_000;

/// What changed since somebody asked.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Any entry may have changed.
    pub all: bool,
    /// Entries, replies and openings, in the order of their changes; one may stand here twice, or not be there any more.
    pub entries: Vec<EntryId>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.all && self.entries.is_empty()
    }
}

impl Unlocked {
    /// What was committed since this was last asked. Whoever cannot act on it gives it back.
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives back what was taken and could not be acted on, or notes what changed.
    pub fn note_changes(&self, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        let mut noted = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        noted.all |= changes.all || noted.entries.len() + changes.entries.len() > MOST;
        if noted.all {
            noted.entries = Vec::new();
        } else {
            noted.entries.extend(changes.entries);
        }
    }
}
