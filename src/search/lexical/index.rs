//! The word index of one open journal: segments, what is newer than they are, and which of their entries still count.
//!
//! An entry is in one place at most: in a segment, where it is alive, or among the recent ones, whose analysed words
//! are read through. Changing or removing it takes it out of that place at once. When enough recent ones have gathered
//! they become a segment ([`WordIndex::take_recent`]), and when enough segments of a size have, one larger segment
//! ([`WordIndex::take_parts`]); both are built outside of the index and handed back, so searching goes on meanwhile.
//!
//! Nothing here says which entries the journal holds; whoever opens the index compares it ([`WordIndex::reconcile`]),
//! so what is sealed need not know of removals, and a segment that is missing is only work to do again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    journal::ids::EntryId,
    search::{
        lexical::{
            Seen,
            analyse::analyse,
            bits::Bits,
            recent::{Recent, RecentEntries},
            segment::{Row, Segment, WordsError},
        },
        words,
    },
};

/// Recent entries that become a segment.
pub const RECENT: usize = 128;
/// Segments of one size that become a larger one; each size is this many times the one before.
const FAN: usize = 8;
/// Entries from which a segment is not merged any more, unless much of it is gone.
const LARGEST: usize = 32_768;

/// A segment with what still counts in it, and the name under which it is sealed.
pub(super) struct Held {
    pub(super) segment: Arc<Segment>,
    pub(super) alive: Bits,
    name: Option<[u8; 16]>,
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    segment: u64,
    pub(super) doc: u32,
}

/// See the module.
#[derive(Default)]
pub struct WordIndex {
    pub(super) segments: Vec<Held>,
    pub(super) recent: RecentEntries,
    places: HashMap<EntryId, Place>,
    /// Words of all entries that count.
    n_words: u64,
    /// Another number after each change.
    stamp: u64,
}

/// No two indexes ever have the same stamp, but for empty ones.
static STAMP: AtomicU64 = AtomicU64::new(1);

/// Segments, or recent entries, that are to become one segment. Holds text: drop it when the vault is locked.
pub struct Job {
    parts: Vec<(Arc<Segment>, Bits)>,
    recent: Vec<Arc<Recent>>,
}

impl Job {
    /// A segment of entries that are in no index yet: id, revision and plain text of each.
    pub fn of_entries<'a>(entries: impl Iterator<Item = (Seen, u32, &'a str)>) -> Self {
        let recent = entries.map(|(seen, revision, text)| Arc::new(Recent::new(seen, revision, text)));
        Self { parts: Vec::new(), recent: recent.collect() }
    }

    /// Builds the segment. Takes a second or so for the largest; ends early when `stop` becomes true.
    ///
    /// # Errors
    /// [`WordsError`].
    pub fn build(&self, stop: &Arc<AtomicBool>) -> Result<Segment, WordsError> {
        if self.parts.is_empty() {
            let entries = self.recent.iter().map(|recent| (recent.row, recent.tokens.as_str()));
            return Segment::build(entries, stop);
        }
        Segment::merge(&self.parts, stop)
    }
}

impl WordIndex {
    /// How many entries can be found.
    pub fn len(&self) -> usize {
        self.places.len() + self.recent.len()
    }

    /// Whether no entry can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory, about.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        let segments: usize = self.segments.iter().map(|held| held.segment.size()).sum();
        segments + self.recent.size() + self.places.len() * size_of::<(EntryId, Place)>()
    }

    /// Words per entry.
    pub(super) fn average(&self) -> f32 {
        (self.n_words as f32 / self.len().max(1) as f32).max(1.0)
    }

    /// Which entries stand where, as a number that is another one after each change.
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    fn changed(&mut self) {
        self.stamp = STAMP.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts an entry in, in place of what was known of it.
    pub fn put(&mut self, seen: Seen, revision: u32, text: &str) {
        self.remove(seen.id);
        let recent = Recent::new(seen, revision, text);
        self.n_words += u64::from(recent.row.n_words);
        self.recent.put(recent);
    }

    /// Takes an entry out, at once.
    pub fn remove(&mut self, id: EntryId) {
        self.changed();
        if let Some(row) = self.row(id) {
            self.n_words -= u64::from(row.n_words);
        }
        self.recent.remove(id);
        if let Some(place) = self.places.remove(&id)
            && let Some(held) = self.segments.iter_mut().find(|held| held.segment.number == place.segment)
        {
            held.alive.remove(place.doc);
        }
    }

    /// The revision in which an entry is known.
    pub fn revision(&self, id: EntryId) -> Option<u32> {
        self.row(id).map(|row| row.revision)
    }

    fn row(&self, id: EntryId) -> Option<&Row> {
        if let Some(recent) = self.recent.get(id) {
            return Some(&recent.row);
        }
        let place = self.places.get(&id)?;
        let held = self.segments.iter().find(|held| held.segment.number == place.segment)?;
        held.segment.rows.get(place.doc as usize)
    }

    /// Adds a segment that was sealed under this name. Of two texts of one entry the later revision counts.
    pub fn adopt(&mut self, segment: Segment, name: Option<[u8; 16]>) {
        self.take_in(Arc::new(segment), name, |index, row| {
            index.revision(row.seen.id).is_none_or(|known| known < row.revision)
        });
    }

    fn take_in(
        &mut self,
        segment: Arc<Segment>,
        name: Option<[u8; 16]>,
        counts: impl Fn(&Self, &Row) -> bool,
    ) {
        let mut alive = Bits::none(segment.rows.len());
        for (doc, row) in (0..).zip(&segment.rows) {
            if counts(self, row) {
                self.remove(row.seen.id);
                self.n_words += u64::from(row.n_words);
                self.places.insert(row.seen.id, Place { segment: segment.number, doc });
                alive.insert(doc);
            }
        }
        self.segments.push(Held { segment, alive, name });
        self.drop_empty();
    }

    /// Removes every entry that the journal does not hold in the revision known here, and answers which of its entries
    /// are missing, in the order given.
    pub fn reconcile(&mut self, journal: &[(EntryId, u32)]) -> Vec<EntryId> {
        let wanted: HashMap<EntryId, u32> = journal.iter().copied().collect();
        let known: Vec<EntryId> = self.places.keys().copied().chain(self.recent.ids()).collect();
        for id in known {
            if wanted.get(&id).copied() != self.revision(id) {
                self.remove(id);
            }
        }
        self.drop_empty();
        journal.iter().map(|(id, _)| *id).filter(|id| self.revision(*id).is_none()).collect()
    }

    /// Whether an entry is known here with as many words as this text has, each of which finds it. `None` when it is
    /// not known. For checks: this reads a list for every word.
    pub fn agrees(&self, id: EntryId, text: &str) -> Option<bool> {
        let row = *self.row(id)?;
        let words = words::list(text);
        if row.n_words as usize != words.len() {
            return Some(false);
        }
        let Some((segment, doc)) = self.place(id) else {
            return Some(self.recent.get(id).is_some_and(|recent| recent.tokens == analyse(text).tokens));
        };
        let segment = &self.segments.get(segment)?.segment;
        let finds = |word: &String| segment.has(word, doc).unwrap_or(false);
        let distinct: BTreeSet<String> = words.into_iter().collect();
        Some(distinct.iter().all(finds))
    }

    /// The recent entries, when they are enough for a segment.
    pub fn take_recent(&self) -> Option<Job> {
        (self.recent.len() >= RECENT).then(|| Job { parts: Vec::new(), recent: self.recent.all() })
    }

    /// Segments that should be one.
    pub fn take_parts(&self) -> Option<Job> {
        let mut sizes: BTreeMap<u32, Vec<&Held>> = BTreeMap::new();
        for held in &self.segments {
            let (n_alive, n_all) = (held.alive.len(), held.segment.rows.len());
            if n_alive * 2 < n_all {
                return Some(Self::job([held].into_iter()));
            }
            if n_alive < LARGEST {
                sizes.entry((n_alive / RECENT).max(1).ilog(FAN)).or_default().push(held);
            }
        }
        let many = sizes.into_values().find(|held| held.len() >= FAN)?;
        Some(Self::job(many.into_iter()))
    }

    fn job<'a>(parts: impl Iterator<Item = &'a Held>) -> Job {
        let parts = parts.map(|held| (Arc::clone(&held.segment), held.alive.clone()));
        Job { parts: parts.collect(), recent: Vec::new() }
    }

    /// Puts the segment that a job built in place of what it was built from. What changed meanwhile stays changed.
    pub fn finish(&mut self, job: &Job, segment: Segment) {
        let parts: HashSet<u64> = job.parts.iter().map(|(segment, _)| segment.number).collect();
        let recent: HashMap<EntryId, &Arc<Recent>> =
            job.recent.iter().map(|recent| (recent.row.seen.id, recent)).collect();
        let segment = Arc::new(segment);
        self.take_in(segment, None, |index, row| {
            let id = row.seen.id;
            let stands_in_parts = index.places.get(&id).is_some_and(|place| parts.contains(&place.segment));
            let is_same_recent = || {
                let (now, then) = (index.recent.get(id), recent.get(&id));
                now.zip(then).is_some_and(|(now, then)| Arc::ptr_eq(now, then))
            };
            (stands_in_parts && index.revision(id) == Some(row.revision)) || is_same_recent()
        });
        self.segments.retain(|held| !parts.contains(&held.segment.number));
        self.changed();
    }

    /// Puts in a segment of entries that were in no index ([`Job::of_entries`]).
    pub fn add(&mut self, segment: Segment) {
        self.adopt(segment, None);
    }

    /// A segment that is not sealed yet: its number for [`WordIndex::sealed`], and itself.
    pub fn unsealed(&self) -> Option<(u64, Arc<Segment>)> {
        let held = self.segments.iter().find(|held| held.name.is_none())?;
        Some((held.segment.number, Arc::clone(&held.segment)))
    }

    /// Notes the name under which a segment was sealed; `false` when the segment is gone by now.
    pub fn sealed(&mut self, number: u64, name: [u8; 16]) -> bool {
        let held = self.segments.iter_mut().find(|held| held.segment.number == number);
        held.map(|held| held.name = Some(name)).is_some()
    }

    /// Names of all sealed segments in use.
    pub fn names(&self) -> Vec<[u8; 16]> {
        self.segments.iter().filter_map(|held| held.name).collect()
    }

    /// Where an entry stands: in which segment of `segments`, or among the recent ones.
    pub(super) fn place(&self, id: EntryId) -> Option<(usize, u32)> {
        let place = self.places.get(&id)?;
        let segment = self.segments.iter().position(|held| held.segment.number == place.segment)?;
        Some((segment, place.doc))
    }

    fn drop_empty(&mut self) {
        self.changed();
        self.segments.retain(|held| held.alive.len() > 0);
    }
}

#[cfg(test)]
mod tests;
