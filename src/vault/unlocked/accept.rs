//! Looking through an open vault, and accepting it as it is (`format-v1.md` section 10).

use std::sync::atomic::Ordering;

use crate::{
    crypto::{
        record::RecordType,
        set::{Head, SetHash},
    },
    journal::{day::Day, entry::Role, ids::EntryId},
    store::rows::RowsMut,
    vault::{
        audit::{
            Audit, DayFlaws,
            look::{Facts, Fit, Look, look},
        },
        days,
        drafts::{self, DraftOf},
        entries,
        error::{Alteration, VaultError},
        events, outbox,
        payload::{
            entry::role_number,
            index::{DayItemV1, DayV1, MAX_DAY_ITEMS, TRASHED},
        },
        settings,
        traces::recount::recount,
        transaction::{Heads, KeySet, Writer},
        trash,
        unlocked::{Unlocked, changes::Changes, read_keyring},
        vectors,
        verify::STRAYS,
    },
};

impl Unlocked {
    /// Whether nothing can be written before the journal is accepted as it is: its head was lost.
    pub fn is_headless(&self) -> bool {
        self.is_headless.load(Ordering::SeqCst)
    }

    /// Opens every record and compares what the days list with what is there, in one snapshot. `None` when `stop` said
    /// so, which is asked at every record. 10,000 records take about 0.2 s.
    ///
    /// # Errors
    /// [`VaultError::Altered`] when the keyring does not open; store errors.
    pub fn audit(&self, stop: &dyn Fn() -> bool) -> Result<Option<Audit>, VaultError> {
        let ring = self.ring()?;
        let snapshot = self.store.snapshot()?;
        let (keyring, _) = read_keyring(snapshot.rows(), &ring.vault_keys)?;
        let keys = std::sync::Arc::clone(&ring.keys);
        drop(ring);
        Ok(look(snapshot.rows(), &keys, keyring.rev, stop)?.map(|look| look.audit))
    }

    /// Accepts the journal as it is: the head vouches for what is there now, a lost head is made anew (under a new lineage),
    /// days no longer list what is gone and list again what they had lost, what follows from them is counted anew, and
    /// an event says what was accepted. One transaction. Records that do not open stay in the file. Answers what was
    /// found wrong; when nothing was, nothing is written.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; [`VaultError::Altered`] when the keyring does not open; store errors, after which
    /// nothing was accepted unless the commit itself failed.
    pub fn accept(&self) -> Result<Audit, VaultError> {
        if !self.may_write {
            return Err(VaultError::ReadOnly);
        }
        let ring = self.ring()?;
        let mut heads = self.heads();
        *heads = None;
        let now = self.clock.now_ms();
        let (audit, committed) = self.store.write(|rows| -> Result<_, VaultError> {
            let (keyring, _) = read_keyring(rows, &ring.vault_keys)?;
            let Some(look) = look(&*rows, &ring.keys, keyring.rev, &|| false)? else {
                return Err(VaultError::Altered(Alteration::Head)); // nobody stopped it
            };
            if look.audit.ok() {
                let known = Heads::read(rows, &ring.keys)?;
                return Ok((look.audit, known));
            }
            for row in &look.short {
                rows.remove(row.as_bytes())?;
            }
            let known = anew(&*rows, &ring.keys, &look, keyring.rev, now)?;
            let mut w = Writer::over(rows, &ring.keys, known, now);
            w.rewrite_heads();
            heal(&mut w, &look)?;
            let accepted = look.strays.to_le_bytes();
            if look.strays > 0 {
                settings::put(&mut w, STRAYS, &accepted).or_else(|error| reput(&mut w, error, &accepted))?;
            }
            note(&mut w, &look.audit)?;
            Ok((look.audit, w.finish()?))
        })?;
        self.note_changes(Changes { all: true, entries: Vec::new() });
        self.keep(&mut heads, committed);
        self.is_headless.store(false, Ordering::SeqCst);
        Ok(audit)
    }
}

/// Writes the setting in place of one that does not open.
fn reput(w: &mut Writer<'_>, error: VaultError, value: &[u8]) -> Result<(), VaultError> {
    if !error.is_damage() {
        return Err(error);
    }
    settings::remove(w, STRAYS)?;
    settings::put(w, STRAYS, value)
}

/// Heads that vouch for exactly the rows that are there.
fn anew(
    rows: &dyn RowsMut,
    keys: &KeySet,
    look: &Look,
    keyring_rev: u64,
    now: i64,
) -> Result<Heads, VaultError> {
    let stored = match Heads::read(rows, keys) {
        Err(VaultError::Altered(Alteration::Head)) => None,
        heads => Some(heads?),
    };
    let lineage = stored.as_ref().map_or_else(Head::new_lineage, |heads| heads.active.lineage);
    let seq = stored.as_ref().map_or(0, |heads| heads.active.seq).max(look.last_seq);
    let made = |generation, (set, count): &(SetHash, u64), old: Option<&Head>| Head {
        generation,
        seq,
        count: *count,
        set: set.clone(),
        // Unknown without the old head; a transaction seals about six records, so this is not far from the truth.
        seals: old.map_or(seq.saturating_mul(6), |old| old.seals),
        keyring_rev,
        wall: now,
        lineage,
    };
    let none = (SetHash::EMPTY, 0);
    let counted = |nth: usize| look.counted.get(nth).unwrap_or(&none);
    let active = made(keys.active.generation(), counted(0), stored.as_ref().map(|heads| &heads.active));
    let draining = keys.draining.as_ref().map(|keys| {
        let old = stored.as_ref().and_then(|heads| heads.draining.as_ref());
        made(keys.generation(), counted(1), old)
    });
    Ok(Heads::made(active, draining))
}

/// Makes the records that say where entries stand fit the entries that are there.
fn heal(w: &mut Writer<'_>, look: &Look) -> Result<(), VaultError> {
    let listed = &look.listed;
    let mut days: Vec<(DayV1, bool)> = Vec::new();
    for (number, (seq, stored)) in &listed.days {
        let mut stored = stored.clone();
        let before = stored.items.clone();
        for item in &before {
            if listed.fit(*number, *seq, item) == Fit::Lost {
                let id = EntryId::from_bytes(item.id);
                drafts::remove(w, DraftOf::Entry(id))?;
                vectors::remove(w, id)?;
            }
        }
        stored.items.retain_mut(|item| match listed.fit(*number, *seq, item) {
            Fit::Lost => false,
            Fit::Whole => true,
            _ => match listed.entries.get(&item.id).and_then(|known| known.facts.as_ref()) {
                Some(facts) if facts.day == *number => {
                    *item = item_of(item.id, facts);
                    true
                }
                _ => false,
            },
        });
        let is_changed = stored.items != before;
        days.push((stored, is_changed));
    }
    let mut unlisted = listed.unlisted();
    // Answered entries come before their replies, and everything in the order of its making.
    unlisted.sort_by_key(|(id, facts, _)| (facts.role == role_number(Role::Reply), facts.created, *id));
    for (id, facts, fit) in &unlisted {
        if *fit == Fit::Returned {
            // Its owner had removed it for ever.
            w.delete(RecordType::ENTRY, id)?;
            continue;
        }
        let day_idx = match days.binary_search_by_key(&facts.day, |(day, _)| day.day) {
            Ok(day_idx) => day_idx,
            Err(day_idx) => {
                days.insert(day_idx, (DayV1 { day: facts.day, items: Vec::new(), ext: Vec::new() }, true));
                day_idx
            }
        };
        let (day, is_changed) = &mut days[day_idx];
        let entry = entries::entry(w, EntryId::from_bytes(*id))?;
        if let Some(entry) = entry.filter(|_| day.items.len() < MAX_DAY_ITEMS) {
            let place = entries::place(&day.items, &entry);
            day.items.insert(place, item_of(*id, facts));
            *is_changed = true;
        }
    }
    let mut known = Vec::new();
    for (stored, is_changed) in &days {
        let Some(day) = Day::from_number(stored.day) else { continue };
        known.push(day);
        if *is_changed {
            days::store_items(w, day, stored)?;
        }
    }
    days::recount(w, &known)?;
    trash::relist(w, &lying(look))?;
    recount(w, &listed.traces.remains(), &listed.carriers())?;
    outbox::demand_rescan(w)
}

/// What the trash must list: a reply that went there with its entry is not listed by itself.
fn lying(look: &Look) -> Vec<(EntryId, i64)> {
    let facts_of = |id: &[u8; 16]| look.listed.entries.get(id).and_then(|known| known.facts.as_ref());
    let is_listed = |facts: &Facts| {
        let answered = facts.reply_to.as_ref().and_then(facts_of);
        facts.deleted != 0 && answered.is_none_or(|answered| answered.deleted != facts.deleted)
    };
    let returned = look.listed.returned();
    let mut lying: Vec<(EntryId, i64)> = look
        .listed
        .entries
        .keys()
        .filter(|id| !returned.contains(*id))
        .filter_map(|id| Some((id, facts_of(id).filter(|facts| is_listed(facts))?)))
        .map(|(id, facts)| (EntryId::from_bytes(*id), facts.deleted))
        .collect();
    lying.sort_by_key(|(id, deleted)| (*deleted, *id));
    lying
}

fn item_of(id: [u8; 16], facts: &Facts) -> DayItemV1 {
    let flags = if facts.deleted == 0 { 0 } else { TRASHED };
    DayItemV1 { id, role: facts.role, flags, rev: facts.rev }
}

fn note(w: &mut Writer<'_>, audit: &Audit) -> Result<(), VaultError> {
    let days: Vec<Day> = audit.days.iter().map(|flaws| flaws.day).collect();
    let sum = |of: fn(&DayFlaws) -> usize| audit.days.iter().map(|day| of(day) as u64).sum::<u64>();
    let numbers = [
        sum(|day| day.lost),
        sum(|day| day.stale),
        sum(|day| day.unlisted),
        sum(|day| day.returned),
        audit.records - audit.opened,
        audit.strays,
        u64::from(audit.head_lost),
    ];
    events::append(w, events::Kind::Accepted, &days, &numbers)
}
