//! How many wrong tries there were for a name since a journal was last opened with it, so that its owner is told.
//!
//! It is kept in memory only, under a keyed hash, for names that exist and names that do not alike: the file knows no
//! names, and a count in it that is found by a name would tell a thief which names there are. A restart forgets it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{services::sessions::wrong::WrongTries, web::guess::Door};

/// Names counted at most. When they are all taken, the one with the fewest tries goes, and of those the oldest.
const MAX_NAMES: usize = 4096;

/// Counts what is told after a sign-in.
#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<u64, WrongTries>>);

impl Tally {
    /// Counts a wrong try; `now` is in milliseconds since 1970.
    pub(super) fn count(&self, name: u64, door: Door, now: i64) {
        let mut names = self.names();
        if names.len() >= MAX_NAMES && !names.contains_key(&name) {
            let least = names.iter().min_by_key(|(_, wrong)| (wrong.passwords + wrong.codes, wrong.since));
            if let Some(least) = least.map(|(name, _)| *name) {
                names.remove(&least);
            }
        }
        let wrong = names.entry(name).or_insert(WrongTries { passwords: 0, codes: 0, since: now });
        let counter = match door {
            Door::SignIn => &mut wrong.passwords,
            Door::Recovery => &mut wrong.codes,
        };
        *counter = counter.saturating_add(1).min(1_000_000);
    }

    /// What there was, and begins anew.
    pub(super) fn take(&self, name: u64) -> Option<WrongTries> {
        self.names().remove(&name)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<u64, WrongTries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_names_does_not_push_out_the_one_that_is_guessed() {
        let tally = Tally::default();
        (0..3).for_each(|now| tally.count(0, Door::SignIn, now));
        tally.count(0, Door::Recovery, 3);
        (1..=2 * MAX_NAMES as u64).for_each(|name| tally.count(name, Door::SignIn, 9));
        assert_eq!(tally.names().len(), MAX_NAMES);
        assert_eq!(tally.take(0), Some(WrongTries { passwords: 3, codes: 1, since: 0 }));
        assert_eq!(tally.take(0), None, "it is told once");
    }
}
