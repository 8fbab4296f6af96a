//! The last searches of a session, in memory, so that going back shows them again without a query in any address.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use crate::services::{
    finding::asked::Asked,
    sessions::{Session, guard},
};

/// Searches a session remembers; of more the oldest goes.
const MAX_HELD: usize = 24;

/// Searches of one session under small numbers, which stand in addresses. Dropped, and wiped, when the session ends.
#[derive(Clone, Default)]
pub(crate) struct HeldSearches(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    last: u32,
    searches: VecDeque<(u32, Asked)>,
}

impl HeldSearches {
    /// Holds a search in place of the one with this number, or under a new number when there is none.
    fn hold(&self, number: Option<u32>, asked: Asked) -> u32 {
        let mut held = guard(&self.0);
        let known = number.and_then(|number| held.searches.iter_mut().find(|(known, _)| *known == number));
        if let Some((number, search)) = known {
            *search = asked;
            return *number;
        }
        held.last += 1;
        let number = held.last;
        held.searches.push_back((number, asked));
        if held.searches.len() > MAX_HELD {
            held.searches.pop_front();
        }
        number
    }

    fn get(&self, number: u32) -> Option<Asked> {
        guard(&self.0).searches.iter().find(|(known, _)| *known == number).map(|(_, asked)| asked.clone())
    }
}

impl Session {
    /// Remembers a search until the session ends, and answers its number for an address. With the number of an earlier
    /// one it takes its place, as while somebody types.
    pub fn hold_search(&self, number: Option<u32>, asked: &Asked) -> u32 {
        self.searches.hold(number, asked.clone())
    }

    /// The search with this number; `None` when it is of another session, or too many came after it.
    pub fn held_search(&self, number: u32) -> Option<Asked> {
        self.searches.get(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::finding::asked::Fields;

    fn asked(q: &str) -> Asked {
        Asked::of(Fields { q, ..Fields::default() })
    }

    #[test]
    fn a_search_keeps_its_number_while_it_is_typed() {
        let held = HeldSearches::default();
        let first = held.hold(None, asked("bo"));
        assert_eq!(held.hold(Some(first), asked("boat")), first);
        assert!(held.get(first).is_some_and(|found| found == asked("boat")));
        let second = held.hold(Some(99), asked("rain"));
        assert_ne!(second, first);
        for _ in 0..MAX_HELD {
            held.hold(None, asked("more"));
        }
        assert!(held.get(first).is_none() && held.get(second).is_none());
    }
}
