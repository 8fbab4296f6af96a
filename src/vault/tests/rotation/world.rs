//! What a person does to a journal, the same way each time, so that two vaults can be compared.

use std::collections::BTreeMap;

use crate::{
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    vault::{
        drafts::{self, Draft, DraftOf},
        entries,
        error::VaultError,
        outbox::{self, Work},
        rotation::{Cursor, Step},
        settings,
        tests::{Fixture, NOON, day, entry, id, reply},
        trash,
        unlocked::Unlocked,
    },
};

const DAYS: i32 = 3;
const MAX_ENTRIES: u8 = 24;

/// Everything in a journal that a person can see.
#[derive(PartialEq)]
pub struct Seen {
    entries: BTreeMap<EntryId, (Entry, Vec<Entry>)>,
    pages: Vec<Vec<EntryId>>,
    trashed: Vec<EntryId>,
    work: Vec<(EntryId, Work)>,
    settings: Vec<Option<Vec<u8>>>,
    drafts: Vec<Option<String>>,
}

/// Reads everything, in one snapshot.
pub fn seen(anna: &Unlocked) -> Seen {
    anna.read(|r| {
        let mut seen = Seen {
            entries: BTreeMap::new(),
            pages: Vec::new(),
            trashed: trash::trashed(r)?.into_iter().map(|(id, _)| id).collect(),
            work: outbox::pending(r)?.items.iter().map(|item| (item.id, item.work)).collect(),
            settings: Vec::new(),
            drafts: Vec::new(),
        };
        for number in 0..=MAX_ENTRIES {
            if let Some(entry) = entries::entry(r, id(number))? {
                seen.entries.insert(id(number), (entry, entries::versions(r, id(number))?));
            }
        }
        for number in 0..DAYS {
            let page = entries::page(r, day(number))?;
            assert!(page.flaws.is_empty(), "{:?}", page.flaws);
            seen.pages.push(page.entries.iter().map(|entry| entry.id).collect());
            seen.drafts.push(drafts::all(r, DraftOf::Day(day(number)))?.pop().map(|draft| draft.text));
            seen.settings.push(settings::get(r, &format!("setting {number}"))?);
        }
        Ok(seen)
    })
    .unwrap()
}

/// Does one thing, in one transaction. `n` makes its text its own.
pub fn act(anna: &Unlocked, kind: u8, which: u8, n: u8) -> Result<(), VaultError> {
    let on = day(i32::from(which) % DAYS);
    let now = NOON + i64::from(n);
    let which = id(which % MAX_ENTRIES);
    let text = format!("{n} {}", "words ".repeat(usize::from(n % 50) * 8));
    anna.write(|w| {
        let found = entries::entry(w, which)?;
        match (kind % 12, found) {
            (0..=4, None) => entries::insert(w, &Entry { id: which, text, ..entry(0, on, "") }),
            (0 | 1, Some(answered)) if answered.role == Role::Writer && answered.deleted.is_none() => {
                let free = (0..MAX_ENTRIES)
                    .map(id)
                    .find(|id| entries::entry(w, *id).is_ok_and(|found| found.is_none()));
                let Some(free) = free else { return Ok(()) };
                entries::insert(w, &Entry { id: free, ..reply(0, &answered, &text) })
            }
            (0..=6, Some(old)) => {
                entries::version(w, &old)?;
                entries::replace(w, &Entry { revision: old.revision + 1, text, ..old })
            }
            (7, Some(_)) => trash::trash(w, which, now).map(|_| ()),
            (8, Some(_)) => trash::restore(w, which).map(|_| ()),
            (9, Some(_)) => trash::purge(w, which).map(|_| ()),
            (10, _) => settings::put(w, &format!("setting {}", on.number()), text.as_bytes()),
            (11, _) if n.is_multiple_of(3) => drafts::remove(w, DraftOf::Day(on)),
            (11, _) => drafts::set(w, DraftOf::Day(on), &[Draft { text, saved: now, ..Draft::default() }]),
            _ => Ok(()),
        }
    })
}

/// Brings rotations to their end, compaction included.
pub fn finish(fixture: &Fixture, anna: &Unlocked) {
    let mut cursor = Cursor::default();
    loop {
        match anna.advance_by(&mut cursor, 6).unwrap() {
            Step::Idle => return,
            Step::Moved | Step::Turned => {}
            Step::Compact => {
                fixture.vaults.settle().unwrap();
                anna.compacted().unwrap();
            }
            Step::Stuck(left) => panic!("{left:?}"),
        }
    }
}
