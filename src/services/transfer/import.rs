//! Putting what was read into the journal. What is there already is recognised, so that importing the same file once
//! more adds nothing, and an import that was cut short goes on where it stopped.
//!
//! Recognised is, within a day and one for one: the same id; else the same text and moment of creation; else the same
//! text, also an earlier one of an entry that was edited since.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    vault::{
        days, entries,
        error::VaultError,
        transaction::{Reader, Writer},
        trash,
        unlocked::Unlocked,
        whole::{self, Item},
    },
};

/// Entries put in with one transaction: some dozen milliseconds in which others wait.
const BATCH: usize = 128;
/// Days looked at in one snapshot of a dry run.
const DAYS_PER_LOOK: usize = 64;

/// What became, or would become, of the entries and replies that were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// The writer's entries that are new.
    pub n_new: usize,
    /// Replies and openings that are new.
    pub n_new_replies: usize,
    /// Days that get something.
    pub n_days: usize,
    /// In the journal already.
    pub n_known: usize,
    /// In the trash already.
    pub n_in_trash: usize,
    /// In the journal with another text, which stays.
    pub n_differ: usize,
    /// Replies whose entry is nowhere.
    pub n_orphans: usize,
    /// For which their day has no room.
    pub n_no_room: usize,
}

/// What becomes of one item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    New {
        reply_to: Option<EntryId>,
    },
    /// Put in by this import.
    Done,
    Known,
    InTrash,
    Differs,
    Orphan,
    NoRoom,
}

impl Tally {
    fn count(&mut self, fates: &[Fate], items: &[Item]) {
        for (fate, item) in fates.iter().zip(items) {
            let counted = match fate {
                Fate::New { .. } | Fate::Done if item.entry.role == Role::Writer => &mut self.n_new,
                Fate::New { .. } | Fate::Done => &mut self.n_new_replies,
                Fate::Known => &mut self.n_known,
                Fate::InTrash => &mut self.n_in_trash,
                Fate::Differs => &mut self.n_differ,
                Fate::Orphan => &mut self.n_orphans,
                Fate::NoRoom => &mut self.n_no_room,
            };
            *counted += 1;
        }
        let is_new = |fate: &Fate| matches!(fate, Fate::New { .. } | Fate::Done);
        self.n_days += usize::from(fates.iter().any(is_new));
    }
}

/// Looks what an import would do, without doing it. Also answers the days that would get something.
///
/// # Errors
/// Seal and store errors.
pub fn dry_run(
    vault: &Unlocked,
    items: &BTreeMap<Day, Vec<Item>>,
) -> Result<(Tally, Vec<(Day, usize)>), VaultError> {
    let mut tally = Tally::default();
    let mut days = Vec::new();
    let all: Vec<(&Day, &Vec<Item>)> = items.iter().collect();
    for look in all.chunks(DAYS_PER_LOOK) {
        vault.read(|r| {
            for (day, items) in look {
                let fates = fates(r, **day, items, &HashSet::new())?;
                tally.count(&fates, items);
                let n_new = fates.iter().filter(|fate| matches!(fate, Fate::New { .. })).count();
                if n_new > 0 {
                    days.push((**day, n_new));
                }
            }
            Ok(())
        })?;
    }
    Ok((tally, days))
}

/// An import under way.
#[derive(Default)]
pub struct Import {
    /// What is still to be looked at.
    pub items: BTreeMap<Day, Vec<Item>>,
    /// What became of the rest.
    pub tally: Tally,
    /// Put in on the first of the days in `items`, when that one was left unfinished.
    inserted: HashSet<EntryId>,
}

impl Import {
    /// Begins with what was read.
    pub fn new(items: BTreeMap<Day, Vec<Item>>) -> Self {
        Self { items, ..Self::default() }
    }

    /// Puts the next entries in, all or none of them. Whether there is more to do.
    ///
    /// # Errors
    /// Seal and store errors; then nothing of this step was put in, and it can be tried again.
    pub fn step(&mut self, vault: &Unlocked) -> Result<bool, VaultError> {
        let (items, inserted, none) = (&self.items, &self.inserted, HashSet::new());
        let done = vault.write(|w| {
            let mut done = Step::default();
            for (day, items) in items {
                let before = if done.finished.is_empty() { inserted } else { &none };
                if !done.day(w, *day, items, before)? {
                    break;
                }
            }
            // Once for the whole transaction: the order to index is one record, written anew each time.
            if !done.inserted.is_empty() {
                whole::index(w, &done.inserted)?;
            }
            for entries in std::mem::take(&mut done.thrown_away) {
                throw_away(w, &entries.iter().collect::<Vec<_>>())?;
            }
            Ok(done)
        })?;
        for (day, fates) in done.finished {
            if let Some(items) = self.items.remove(&day) {
                self.tally.count(&fates, &items);
            }
            self.inserted.clear();
        }
        self.inserted.extend(done.unfinished);
        Ok(!self.items.is_empty())
    }
}

/// What one transaction did.
#[derive(Default)]
struct Step {
    finished: Vec<(Day, Vec<Fate>)>,
    unfinished: Vec<EntryId>,
    inserted: Vec<EntryId>,
    /// By day, what was put in and belongs into the trash, with what went in beside it.
    thrown_away: Vec<Vec<Entry>>,
}

impl Step {
    /// Puts the items of a day in. `false` when the transaction is full: the day is then to be gone on with.
    fn day(
        &mut self,
        w: &mut Writer<'_>,
        day: Day,
        items: &[Item],
        before: &HashSet<EntryId>,
    ) -> Result<bool, VaultError> {
        if self.inserted.len() >= BATCH {
            return Ok(false);
        }
        let mut fates = fates(w, day, items, before)?;
        let mut here: Vec<&Entry> = Vec::new();
        let mut is_full = false;
        for (item, fate) in items.iter().zip(&mut fates) {
            let Fate::New { reply_to } = *fate else { continue };
            // A reply goes in with its entry.
            is_full |= self.inserted.len() >= BATCH && item.entry.role != Role::Reply;
            if is_full {
                continue;
            }
            whole::insert(w, &Item { entry: Entry { reply_to, ..item.entry.clone() }, ..item.clone() })?;
            *fate = Fate::Done;
            self.inserted.push(item.entry.id);
            here.push(&item.entry);
        }
        if here.iter().any(|entry| entry.deleted.is_some()) {
            self.thrown_away.push(here.iter().map(|entry| (*entry).clone()).collect());
        }
        if is_full {
            self.unfinished = here.iter().map(|entry| entry.id).collect();
            return Ok(false);
        }
        self.finished.push((day, fates));
        Ok(true)
    }
}

/// Moves to the trash what lay there: replies that went by themselves first, so that the others go with their entry.
fn throw_away(w: &mut Writer<'_>, inserted: &[&Entry]) -> Result<(), VaultError> {
    let went_with = |reply: &Entry| {
        inserted.iter().any(|entry| Some(entry.id) == reply.reply_to && entry.deleted == reply.deleted)
    };
    for of_replies in [true, false] {
        for entry in inserted.iter().filter(|entry| (entry.role == Role::Reply) == of_replies) {
            let Some(deleted) = entry.deleted else { continue };
            if !(of_replies && went_with(entry)) {
                trash::trash(w, entry.id, deleted)?;
            }
        }
    }
    Ok(())
}

/// What the journal holds on a day, as far as it matters here.
struct Known {
    id: EntryId,
    role: Role,
    reply_to: Option<EntryId>,
    created: i64,
    is_trashed: bool,
    /// The current text first.
    texts: Vec<String>,
    is_taken: bool,
}

/// What is to become of the items of a day. `done` was put in by this import.
fn fates(r: &Reader<'_>, day: Day, items: &[Item], done: &HashSet<EntryId>) -> Result<Vec<Fate>, VaultError> {
    let mut known: Vec<Known> = whole::day(r, day)?.items.into_iter().map(Known::of).collect();
    let mut fates: Vec<Option<Fate>> = vec![None; items.len()];
    // Where an id of the file leads in the journal.
    let mut leads: HashMap<EntryId, EntryId> = HashMap::new();
    for (item, fate) in items.iter().zip(&mut fates) {
        let id = item.entry.id;
        *fate = match known.iter_mut().find(|known| known.id == id) {
            Some(known) => {
                known.is_taken = true;
                leads.insert(id, id);
                Some(if done.contains(&id) { Fate::Done } else { known.fate(&item.entry) })
            }
            // On another day, or not to be opened.
            None => entries::exists(r, id)?.then_some(Fate::Differs),
        };
    }
    // What a reply can stand beneath, and whether that lies in the trash.
    let mut answerable: HashMap<EntryId, bool> = HashMap::new();
    for known in known.iter().filter(|known| known.role != Role::Reply) {
        answerable.insert(known.id, known.is_trashed && !done.contains(&known.id));
    }
    let mut room = days::room(r, day)?;
    // Entries first: their replies have to know where they lead.
    for of_replies in [false, true] {
        for same_moment in [true, false] {
            for (entry, fate) in open(items, &mut fates, of_replies) {
                let reply_to = entry.reply_to.map(|id| leads.get(&id).copied().unwrap_or(id));
                if let Some(known) = known.iter_mut().find(|known| known.is(entry, reply_to, same_moment)) {
                    known.is_taken = true;
                    leads.insert(entry.id, known.id);
                    *fate = Some(known.fate(entry));
                }
            }
        }
        for (entry, fate) in open(items, &mut fates, of_replies) {
            let reply_to = entry.reply_to.map(|id| leads.get(&id).copied().unwrap_or(id));
            let beneath = reply_to.map(|id| answerable.get(&id).copied());
            *fate = Some(match (beneath, room.checked_sub(1)) {
                (Some(None), _) => Fate::Orphan,
                (Some(Some(true)), _) => Fate::InTrash,
                (_, None) => Fate::NoRoom,
                (_, Some(left)) => {
                    room = left;
                    if !of_replies {
                        answerable.insert(entry.id, false);
                    }
                    Fate::New { reply_to }
                }
            });
        }
    }
    Ok(fates.into_iter().map(|fate| fate.unwrap_or(Fate::Orphan)).collect())
}

/// The items whose fate is still open: replies, or all others.
fn open<'a>(
    items: &'a [Item],
    fates: &'a mut [Option<Fate>],
    of_replies: bool,
) -> impl Iterator<Item = (&'a Entry, &'a mut Option<Fate>)> {
    let pairs = items.iter().map(|item| &item.entry).zip(fates);
    pairs.filter(move |(entry, fate)| fate.is_none() && (entry.role == Role::Reply) == of_replies)
}

impl Known {
    fn of(item: Item) -> Self {
        let mut texts = vec![item.entry.text];
        texts.extend(item.versions.into_iter().map(|version| version.text));
        Self {
            id: item.entry.id,
            role: item.entry.role,
            reply_to: item.entry.reply_to,
            created: item.entry.created,
            is_trashed: item.entry.deleted.is_some(),
            texts,
            is_taken: false,
        }
    }

    fn is(&self, entry: &Entry, reply_to: Option<EntryId>, same_moment: bool) -> bool {
        !self.is_taken
            && (self.role, self.reply_to) == (entry.role, reply_to)
            && (!same_moment || self.created == entry.created)
            && self.texts.contains(&entry.text)
    }

    fn fate(&self, entry: &Entry) -> Fate {
        match (self.texts.contains(&entry.text), self.is_trashed) {
            (false, _) => Fate::Differs,
            (true, true) if entry.deleted.is_none() => Fate::InTrash,
            (true, _) => Fate::Known,
        }
    }
}
