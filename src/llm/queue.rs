//! Who is next: a bounded queue that serves its owners in turn. Pure; the worker holds it under its lock.

use std::collections::VecDeque;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Items of all owners together.
    pub total: usize,
    /// Items of one owner, so that nobody fills the queue alone.
    pub per_owner: usize,
}

/// Waiting items, grouped by owner. Within one owner first come, first served; between owners, round robin.
#[derive(Debug)]
pub struct AdmissionQueue<T> {
    limits: Limits,
    /// Owners in the order in which they are served; none is empty.
    owners: VecDeque<(u64, VecDeque<T>)>,
    /// Who was served last: never twice in a row while somebody else waits.
    last: Option<u64>,
}

impl<T> AdmissionQueue<T> {
    /// An empty queue.
    pub fn new(limits: Limits) -> Self {
        Self { limits, owners: VecDeque::new(), last: None }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.owners.iter().map(|(_, items)| items.len()).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// Adds an item at the end of its owner's line; a new owner comes last in turn.
    ///
    /// # Errors
    /// Gives the item back when a limit is reached.
    pub fn push(&mut self, owner: u64, item: T) -> Result<(), T> {
        if self.len() >= self.limits.total {
            return Err(item);
        }
        match self.owners.iter_mut().find(|(waiting, _)| *waiting == owner) {
            Some((_, items)) if items.len() >= self.limits.per_owner => Err(item),
            Some((_, items)) => {
                items.push_back(item);
                Ok(())
            }
            None => {
                self.owners.push_back((owner, VecDeque::from([item])));
                Ok(())
            }
        }
    }

    /// Takes the next item; its owner goes to the end of the turn.
    pub fn pop(&mut self) -> Option<T> {
        if self.is_again() {
            self.owners.rotate_left(1);
        }
        let (owner, mut items) = self.owners.pop_front()?;
        self.last = Some(owner);
        let item = items.pop_front();
        if !items.is_empty() {
            self.owners.push_back((owner, items));
        }
        item
    }

    /// Whether the first in line was served last, and somebody else waits.
    fn is_again(&self) -> bool {
        self.owners.len() > 1 && self.owners.front().map(|(owner, _)| *owner) == self.last
    }

    /// Takes out everything that nobody wants any more.
    pub fn take_unwanted(&mut self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let mut unwanted = Vec::new();
        for (_, items) in &mut self.owners {
            let (keep, drop): (VecDeque<T>, Vec<T>) = {
                let mut keep = VecDeque::new();
                let mut drop = Vec::new();
                for item in items.drain(..) {
                    if wanted(&item) { keep.push_back(item) } else { drop.push(item) }
                }
                (keep, drop)
            };
            *items = keep;
            unwanted.extend(drop);
        }
        self.owners.retain(|(_, items)| !items.is_empty());
        unwanted
    }

    /// Takes out everything.
    pub fn take_all(&mut self) -> Vec<T> {
        self.owners.drain(..).flat_map(|(_, items)| items).collect()
    }

    /// All items in the order in which [`Self::pop`] would give them.
    pub fn in_turn(&self) -> Vec<&T> {
        let mut owners: Vec<&VecDeque<T>> = self.owners.iter().map(|(_, items)| items).collect();
        if self.is_again() {
            owners.rotate_left(1);
        }
        let longest = owners.iter().map(|items| items.len()).max().unwrap_or(0);
        (0..longest).flat_map(|round| owners.iter().filter_map(move |items| items.get(round))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { total: 8, per_owner: 4 };

    #[test]
    fn owners_take_turns() {
        let mut queue = AdmissionQueue::new(LIMITS);
        for item in ["a1", "a2", "a3"] {
            queue.push(1, item).expect("room");
        }
        queue.push(2, "b1").expect("room");
        queue.push(3, "c1").expect("room");
        queue.push(2, "b2").expect("room");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn who_is_served_first_is_not_served_twice_in_a_row() {
        let mut queue = AdmissionQueue::new(LIMITS);
        queue.push(1, "a1").expect("room");
        assert_eq!(queue.pop(), Some("a1"));
        for (owner, item) in [(1, "a2"), (1, "a3"), (2, "b1"), (2, "b2"), (2, "b3")] {
            queue.push(owner, item).expect("room");
        }
        let said: Vec<_> = queue.in_turn().into_iter().copied().collect();
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["b1", "a2", "b2", "a3", "b3"]);
        assert_eq!(said, order);
    }

    #[test]
    fn limits_give_the_item_back() {
        let mut queue = AdmissionQueue::new(LIMITS);
        for item in 0..4 {
            queue.push(1, item).expect("room");
        }
        assert_eq!(queue.push(1, 99), Err(99));
        for item in 4..8 {
            queue.push(2, item).expect("room");
        }
        assert_eq!(queue.push(3, 98), Err(98));
    }

    #[test]
    fn what_nobody_wants_is_taken_out_of_every_line() {
        let mut queue = AdmissionQueue::new(LIMITS);
        for (owner, item) in [(1, 1), (1, 2), (2, 4), (3, 5)] {
            queue.push(owner, item).expect("room");
        }
        let mut gone = queue.take_unwanted(|item| item % 2 == 1);
        gone.sort_unstable();
        assert_eq!(gone, [2, 4]);
        assert_eq!(queue.in_turn(), [&1, &5]);
    }

    proptest! {
        #[test]
        fn no_limit_is_passed_and_nobody_starves(steps in proptest::collection::vec((0_u64..5, any::<bool>()), 1..200)) {
            let mut queue = AdmissionQueue::new(LIMITS);
            let mut waits = [0_usize; 5];
            for (owner, push) in steps {
                if push {
                    let _ = queue.push(owner, owner);
                } else {
                    let expected = queue.in_turn().first().map(|owner| **owner);
                    let served = queue.pop();
                    prop_assert_eq!(served, expected);
                    for other in 0..5_u64 {
                        let waiting = queue.in_turn().iter().any(|owner| **owner == other);
                        let wait = &mut waits[other as usize];
                        *wait = if Some(other) != served && waiting { *wait + 1 } else { 0 };
                        prop_assert!(*wait < 5, "owner {} waited {} turns", other, wait);
                    }
                }
                prop_assert!(queue.len() <= LIMITS.total);
                for owner in 0..5 {
                    prop_assert!(queue.in_turn().iter().filter(|item| ***item == owner).count() <= LIMITS.per_owner);
                }
            }
        }
    }
}
