//! Closing indexes when those of several people take more memory than they may.

use std::sync::{Arc, atomic::Ordering};

use crate::services::{
    Services,
    sessions::{User, guard},
};

/// What an open index takes, and when it was last asked.
#[derive(Clone, Copy)]
struct Held {
    bytes: usize,
    used: i64,
}

impl Services {
    /// Closes the indexes that rested longest while all together take more than they may; the one used last stays. A
    /// closed one is opened again by the next search.
    pub(crate) fn close_indexes(&self) {
        let held = |user: Arc<User>| {
            let bytes = guard(&user.index.open).as_ref().map(|open| open.index.n_bytes())?;
            Some((Held { bytes, used: user.index.used.load(Ordering::Relaxed) }, user))
        };
        let (held, users): (Vec<Held>, Vec<Arc<User>>) =
            self.sessions.users().into_iter().filter_map(held).unzip();
        for idx in rested(&held, self.index_bytes) {
            tracing::info!("a search index that rested was closed to save memory");
            let mut open = guard(&users[idx].index.open);
            // Under the lock, as an opening that goes on at this moment says the opposite.
            users[idx].index.is_closed.store(true, Ordering::SeqCst);
            *open = None;
        }
    }

    /// Notes that a person's index is asked; `false` when it was closed and has to be opened first, which begins.
    pub(crate) fn ask_index(&self, user: &User) -> bool {
        user.index.used.store(self.clock.moment().boot_ms, Ordering::Relaxed);
        let is_closed = user.index.is_closed.load(Ordering::SeqCst);
        if is_closed {
            user.index.is_wanted.store(true, Ordering::SeqCst);
            self.nudge(user);
        }
        !is_closed
    }
}

/// Which indexes to close, the longest rested first.
fn rested(held: &[Held], limit: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..held.len()).collect();
    order.sort_by_key(|idx| held[*idx].used);
    order.pop();
    let mut total: usize = held.iter().map(|held| held.bytes).sum();
    order.retain(|idx| {
        let is_too_much = total > limit;
        if is_too_much {
            total -= held[*idx].bytes;
        }
        is_too_much
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_rested_longest_are_closed_and_the_last_one_stays() {
        let held = |pairs: &[(usize, i64)]| -> Vec<Held> {
            pairs.iter().map(|(bytes, used)| Held { bytes: *bytes, used: *used }).collect()
        };
        assert!(rested(&[], 10).is_empty());
        assert!(rested(&held(&[(50, 1)]), 10).is_empty(), "one person may need more");
        assert!(rested(&held(&[(5, 1), (5, 2)]), 10).is_empty());
        assert_eq!(rested(&held(&[(5, 3), (5, 1), (5, 2)]), 10), [1]);
        assert_eq!(rested(&held(&[(50, 3), (5, 1), (5, 2)]), 10), [1, 2]);
    }
}
