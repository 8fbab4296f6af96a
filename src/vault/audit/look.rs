//! Opening every record of a vault in one view, and comparing what the days list with what is there.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::ControlFlow,
};

use crate::{
    crypto::{
        keys::RecordKeys,
        record::{Opened, RecordType, RowKey},
        set::SetHash,
    },
    journal::day::Day,
    store::rows::Rows,
    vault::{
        audit::{Audit, DayFlaws, traces::Kept},
        error::{Alteration, VaultError},
        payload::{
            Payload,
            entry::EntryV1,
            index::{DayItemV1, DayV1, TRASHED},
        },
        transaction::{Heads, KeySet, Reader},
        verify::accepted_strays,
    },
};

/// What was found, and what it was found from.
pub(in crate::vault) struct Look {
    pub(in crate::vault) audit: Audit,
    pub(in crate::vault) listed: Listed,
    /// Set and number of rows of each generation in use, the active one first.
    pub(in crate::vault) counted: Vec<(SetHash, u64)>,
    /// The highest number that a record carries.
    pub(in crate::vault) last_seq: u64,
    /// Rows whose value is too short to be a record.
    pub(in crate::vault) short: Vec<RowKey>,
    /// All rows of generations that the keyring does not list.
    pub(in crate::vault) strays: u64,
}

/// What stands in the DAY and ENTRY records.
#[derive(Default)]
pub(in crate::vault) struct Listed {
    pub(in crate::vault) entries: HashMap<[u8; 16], Known>,
    pub(in crate::vault) days: BTreeMap<i32, (u64, DayV1)>,
    pub(in crate::vault) traces: Kept,
}

/// What is known of an entry without its text. Of one that a newer program wrote only the number is known.
#[derive(Clone)]
pub(in crate::vault) struct Known {
    seq: u64,
    pub(in crate::vault) facts: Option<Facts>,
}

/// See [`Known`].
#[derive(Clone)]
pub(in crate::vault) struct Facts {
    pub(in crate::vault) day: i32,
    pub(in crate::vault) rev: u32,
    pub(in crate::vault) role: u8,
    pub(in crate::vault) created: i64,
    pub(in crate::vault) deleted: i64,
    pub(in crate::vault) reply_to: Option<[u8; 16]>,
    pub(in crate::vault) traces: Vec<[u8; 16]>,
}

/// How an entry and its place on a day fit together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::vault) enum Fit {
    Whole,
    Lost,
    Stale,
    /// The day does not list it in this version, and its list is older.
    Unlisted,
    /// The day was written after it and does not list it: it had been removed for ever.
    Returned,
}

struct Tally<'k> {
    keys: &'k RecordKeys,
    head: RowKey,
    set: SetHash,
    count: u64,
}

/// Opens every record. `None` when `stop` said so.
pub(in crate::vault) fn look(
    rows: &dyn Rows,
    keys: &KeySet,
    keyring_rev: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Look>, VaultError> {
    let heads = match Heads::read(rows, keys) {
        Err(VaultError::Altered(Alteration::Head)) => None,
        heads => Some(heads?),
    };
    let mut audit = Audit {
        vault: keys.active.vault(),
        records: 0,
        opened: 0,
        head_ok: heads.as_ref().is_some_and(|heads| heads.active.keyring_rev == keyring_rev),
        head_lost: heads.as_ref().is_none_or(|heads| heads.active.keyring_rev < keyring_rev),
        newer: 0,
        strays: 0,
        entries: 0,
        unlisted: 0,
        days: Vec::new(),
        traces: 0,
        written: heads.as_ref().map(|heads| heads.active.wall),
        seq: heads.as_ref().map(|heads| heads.active.seq),
    };
    let (mut listed, mut last_seq, mut short, mut strays) = (Listed::default(), 0, Vec::new(), 0);
    let tally = |keys| Tally { keys, head: keys.head_row(), set: SetHash::EMPTY, count: 0 };
    let mut tallies: Vec<Tally<'_>> = keys.generations().map(tally).collect();
    let (first, _) = RowKey::range(audit.vault, 0);
    let (_, last) = RowKey::range(audit.vault, 0xff);
    let mut is_stopped = false;
    rows.scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
        if stop() {
            is_stopped = true;
            return ControlFlow::Break(());
        }
        let row = RowKey::from_bytes(*row);
        // Byte 7 of a row key is the generation modulo 256.
        let of_row = |tally: &&mut Tally<'_>| tally.head.as_bytes()[7] == row.as_bytes()[7];
        let Some(tally) = tallies.iter_mut().find(of_row) else {
            strays += 1;
            return ControlFlow::Continue(());
        };
        if row == tally.head {
            return ControlFlow::Continue(());
        }
        audit.records += 1;
        match tally.keys.mark(&row, value) {
            Ok(mark) => {
                tally.set.toggle(&mark);
                tally.count += 1;
            }
            Err(_) => {
                audit.head_ok = false;
                short.push(row);
            }
        }
        if let Ok(opened) = tally.keys.open_any(&row, value) {
            audit.opened += 1;
            audit.newer += u64::from(audit.seq.is_some_and(|seq| opened.seq > seq));
            last_seq = last_seq.max(opened.seq);
            listed.note(&opened);
        }
        ControlFlow::Continue(())
    })?;
    if is_stopped {
        return Ok(None);
    }
    if let Some(heads) = &heads {
        let heads = std::iter::once(&heads.active).chain(&heads.draining);
        for (tally, head) in tallies.iter().zip(heads) {
            audit.head_ok &= tally.count == head.count && tally.set.matches(&head.set);
        }
    }
    if strays != accepted_strays(&Reader::new(rows, keys))? {
        audit.strays = strays;
    }
    listed.judge(&mut audit);
    let counted = tallies.into_iter().map(|tally| (tally.set, tally.count)).collect();
    Ok(Some(Look { audit, listed, counted, last_seq, short, strays }))
}

impl Listed {
    fn note(&mut self, opened: &Opened) {
        match opened.kind {
            RecordType::ENTRY => {
                let Some(id) = opened.key().first_chunk::<16>() else { return };
                let entry = EntryV1::decode(opened.schema, opened.body()).ok();
                let facts = entry.map(|entry| Facts {
                    day: entry.day,
                    rev: entry.rev,
                    role: entry.role,
                    created: entry.created,
                    deleted: entry.deleted,
                    reply_to: entry.reply_to,
                    traces: entry.traces,
                });
                // A rotation may have left an older version behind, or somebody put one there.
                if self.entries.get(id).is_none_or(|known| known.seq <= opened.seq) {
                    self.entries.insert(*id, Known { seq: opened.seq, facts });
                }
            }
            RecordType::DAY => {
                if let Ok(day) = DayV1::decode(opened.schema, opened.body())
                    && self.days.get(&day.day).is_none_or(|(seq, _)| *seq <= opened.seq)
                {
                    self.days.insert(day.day, (opened.seq, day));
                }
            }
            RecordType::TRACE | RecordType::TRACE_NAME | RecordType::TRACE_DIR | RecordType::POSTING => {
                self.traces.note(opened);
            }
            _ => {}
        }
    }

    /// How an item of a day fits to its entry. A day is written in every transaction that changes which entries it has,
    /// in which revision, and whether they are in the trash: so the one of both that is older was put back.
    pub(in crate::vault) fn fit(&self, day: i32, day_seq: u64, item: &DayItemV1) -> Fit {
        let Some(known) = self.entries.get(&item.id) else { return Fit::Lost };
        let Some(facts) = &known.facts else { return Fit::Whole };
        let is_trashed = item.flags & TRASHED != 0;
        match (facts.day, facts.rev, facts.deleted != 0) == (day, item.rev, is_trashed) {
            true => Fit::Whole,
            false if known.seq > day_seq => Fit::Unlisted,
            false => Fit::Stale,
        }
    }

    /// How entries fit that their day does not list, in the order of their ids.
    pub(in crate::vault) fn unlisted(&self) -> Vec<([u8; 16], Facts, Fit)> {
        let items = self.days.values().flat_map(|(_, day)| &day.items);
        let seen: HashSet<[u8; 16]> = items.map(|item| item.id).collect();
        let mut unlisted: Vec<_> = self
            .entries
            .iter()
            .filter(|(id, _)| !seen.contains(*id))
            .filter_map(|(id, known)| Some((*id, known.seq, known.facts.clone()?)))
            .map(|(id, seq, facts)| {
                let is_later = self.days.get(&facts.day).is_some_and(|(day_seq, _)| *day_seq >= seq);
                (id, facts, if is_later { Fit::Returned } else { Fit::Unlisted })
            })
            .collect();
        unlisted.sort_by_key(|(id, ..)| *id);
        unlisted
    }

    /// Entries that had been removed for ever and are there again.
    pub(in crate::vault) fn returned(&self) -> HashSet<[u8; 16]> {
        let unlisted = self.unlisted().into_iter();
        unlisted.filter(|(.., fit)| *fit == Fit::Returned).map(|(id, ..)| id).collect()
    }

    fn judge(&self, audit: &mut Audit) {
        let mut flaws: BTreeMap<i32, DayFlaws> = BTreeMap::new();
        let mut add = |number: i32, fit: Fit| {
            let Some(day) = Day::from_number(number).filter(|_| fit != Fit::Whole) else { return };
            let none = DayFlaws { day, lost: 0, stale: 0, unlisted: 0, returned: 0 };
            let flaws = flaws.entry(number).or_insert(none);
            match fit {
                Fit::Whole => {}
                Fit::Lost => flaws.lost += 1,
                Fit::Stale => flaws.stale += 1,
                Fit::Unlisted => flaws.unlisted += 1,
                Fit::Returned => flaws.returned += 1,
            }
        };
        for (number, (seq, day)) in &self.days {
            for item in &day.items {
                add(*number, self.fit(*number, *seq, item));
            }
        }
        for (_, facts, fit) in self.unlisted() {
            add(facts.day, fit);
        }
        audit.days = flaws.into_values().collect();
        audit.traces = self.wrong_traces();
        audit.entries = self.entries.len();
        audit.unlisted = audit.days.iter().map(|day| day.unlisted + day.returned).sum();
    }
}
