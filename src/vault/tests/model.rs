//! Random operations against a plain model of a journal.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    vault::{
        days, entries,
        outbox::{self, Work},
        tests::{Fixture, NOON, day, entry},
        trash,
        unlocked::Unlocked,
    },
};

/// Days around the turns of years, so that neighbours and roots are in other years.
const DAYS: [i32; 7] = [-25_567, -1, 0, 364, 365, 20_779, 2_932_895];

/// The journal as a list of entries per day.
#[derive(Default)]
struct Model {
    days: BTreeMap<i32, Vec<Entry>>,
    trash: Vec<EntryId>,
    work: Vec<(EntryId, Work)>,
    drawn: u16,
    now: i64,
}

impl Model {
    fn pick(&self, number: u8) -> Option<Entry> {
        let all: Vec<&Entry> = self.days.values().flatten().collect();
        (!all.is_empty()).then(|| all[usize::from(number) % all.len()].clone())
    }

    fn find(&mut self, id: EntryId) -> &mut Entry {
        self.days.values_mut().flatten().find(|entry| entry.id == id).expect("picked from here")
    }

    fn next(&mut self, on: i32, role: Role, answered: Option<EntryId>) -> Entry {
        self.drawn += 1;
        let id = EntryId::from_parts(self.drawn.into(), [7; 10]);
        Entry { id, role, reply_to: answered, ..entry(0, day(on), &format!("text {}", self.drawn)) }
    }

    fn insert(&mut self, entry: &Entry) {
        let list = self.days.entry(entry.day.number()).or_default();
        let place = match entry.role {
            Role::Opening => list.iter().filter(|other| other.role == Role::Opening).count(),
            Role::Reply => {
                let of_same =
                    |other: &&Entry| Some(other.id) == entry.reply_to || other.reply_to == entry.reply_to;
                let last = list.iter().rev().find(of_same).expect("the answered entry").id;
                list.iter().position(|other| other.id == last).expect("just found") + 1
            }
            Role::Writer => list.len(),
        };
        list.insert(place, entry.clone());
        self.note(entry.id, Work::Index);
    }

    fn note(&mut self, id: EntryId, work: Work) {
        self.work.retain(|(other, _)| *other != id);
        self.work.push((id, work));
    }

    fn group(&self, id: EntryId) -> Vec<EntryId> {
        let members =
            self.days.values().flatten().filter(|entry| entry.id == id || entry.reply_to == Some(id));
        members.map(|entry| entry.id).collect()
    }

    fn trash(&mut self, id: EntryId) {
        if self.find(id).deleted.is_some() {
            return;
        }
        for member in self.group(id) {
            if self.find(member).deleted.is_none() {
                self.find(member).deleted = Some(self.now);
                self.note(member, Work::Remove);
            }
        }
        self.trash.push(id);
    }

    fn restore(&mut self, id: EntryId) {
        let Some(deleted) = self.find(id).deleted else { return };
        if let Some(answered) = self.find(id).reply_to {
            self.restore(answered);
        }
        for member in self.group(id) {
            if self.find(member).deleted == Some(deleted) {
                self.find(member).deleted = None;
                self.note(member, Work::Index);
            }
        }
        // A reply that came back with its entry is told to the index twice, which is harmless.
        self.trash.retain(|other| *other != id);
    }

    fn purge(&mut self, id: EntryId) {
        if self.find(id).deleted.is_none() {
            return;
        }
        for member in self.group(id) {
            self.days.values_mut().for_each(|list| list.retain(|entry| entry.id != member));
            self.trash.retain(|other| *other != member);
            self.note(member, Work::Remove);
        }
    }

    fn live(&self, on: i32) -> Vec<Entry> {
        let list = self.days.get(&on).cloned().unwrap_or_default();
        list.into_iter().filter(|entry| entry.deleted.is_none()).collect()
    }
}

fn step(model: &mut Model, anna: &Unlocked, (kind, which, on): (u8, u8, usize)) {
    model.now += 1;
    let now = model.now;
    let on = DAYS[on % DAYS.len()];
    match kind % 10 {
        0..=2 => {
            let role = if which % 5 == 0 { Role::Opening } else { Role::Writer };
            let entry = model.next(on, role, None);
            anna.write(|w| entries::insert(w, &entry)).unwrap();
            model.insert(&entry);
        }
        3 | 4 => {
            let Some(answered) = model.pick(which).filter(|entry| entry.role == Role::Writer) else { return };
            if answered.deleted.is_some() {
                return; // nobody answers what lies in the trash
            }
            let reply = model.next(answered.day.number(), Role::Reply, Some(answered.id));
            anna.write(|w| entries::insert(w, &reply)).unwrap();
            model.insert(&reply);
        }
        5 | 6 => {
            let Some(old) = model.pick(which) else { return };
            let new = Entry { revision: old.revision + 1, text: format!("edit {now}"), ..old.clone() };
            anna.write(|w| {
                entries::version(w, &old)?;
                entries::replace(w, &new)
            })
            .unwrap();
            *model.find(old.id) = new;
            if old.deleted.is_none() {
                model.note(old.id, Work::Index);
            }
        }
        7 => {
            let Some(entry) = model.pick(which) else { return };
            let done = anna.write(|w| trash::trash(w, entry.id, now)).unwrap();
            assert_eq!(done.is_some(), entry.deleted.is_none());
            model.trash(entry.id);
        }
        8 => {
            let Some(entry) = model.pick(which) else { return };
            let done = anna.write(|w| trash::restore(w, entry.id)).unwrap();
            assert_eq!(done.is_some(), entry.deleted.is_some());
            model.restore(entry.id);
        }
        _ => {
            let Some(entry) = model.pick(which) else { return };
            let done = anna.write(|w| trash::purge(w, entry.id)).unwrap();
            assert_eq!(done, entry.deleted.is_some());
            model.purge(entry.id);
        }
    }
}

fn compare(model: &Model, anna: &Unlocked) {
    let held: Vec<i32> = DAYS.into_iter().filter(|on| !model.live(*on).is_empty()).collect();
    // A day that holds an opening alone is no neighbour.
    let is_told = |on: &i32| model.live(*on).iter().any(|entry| entry.role != Role::Opening);
    let told: Vec<i32> = DAYS.into_iter().filter(is_told).collect();
    anna.read(|r| {
        for on in DAYS {
            let page = entries::page(r, day(on))?;
            assert!(page.flaws.is_empty());
            assert!(page.entries == model.live(on), "day {on}");
            let count = days::year(r, day(on).year())?.day(day(on));
            let of = |role| model.live(on).iter().filter(|entry| entry.role == role).count();
            assert_eq!(usize::from(count.entries), of(Role::Writer));
            assert_eq!((count.has_reply, count.has_opening), (of(Role::Reply) > 0, of(Role::Opening) > 0));
            for asked in [on - 1, on, on + 1] {
                let Some(asked) = Day::from_number(asked) else { continue };
                let before = told.iter().rev().find(|told| **told < asked.number()).map(|told| day(*told));
                let after = told.iter().find(|told| **told > asked.number()).map(|told| day(*told));
                assert_eq!(days::neighbours(r, asked)?, (before, after));
            }
        }
        let ends = held.first().zip(held.last()).map(|(first, last)| (day(*first), day(*last)));
        assert_eq!(days::span(r)?, ends);
        let mut walked = Vec::new();
        entries::walk(r, false, &mut |entry| {
            walked.push(entry);
            true
        })?;
        assert!(walked == DAYS.into_iter().flat_map(|on| model.live(on)).collect::<Vec<_>>());
        let mut trashed: Vec<EntryId> = trash::trashed(r)?.into_iter().map(|(id, _)| id).collect();
        let mut expected = model.trash.clone();
        trashed.sort();
        expected.sort();
        assert_eq!(trashed, expected);
        for entry in model.days.values().flatten() {
            assert!(entries::entry(r, entry.id)?.as_ref() == Some(entry));
            assert_eq!(entries::versions(r, entry.id)?.len() + 1, entry.revision as usize);
        }
        let mut work: Vec<_> = outbox::pending(r)?.items.iter().map(|item| (item.id, item.work)).collect();
        let mut noted = model.work.clone();
        work.sort_by_key(|(id, _)| *id);
        noted.sort_by_key(|(id, _)| *id);
        assert_eq!(work, noted);
        Ok(())
    })
    .unwrap();
    let proof = anna.verify().unwrap();
    assert!(proof.ok && proof.strays == 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    // proves: RR-04 (24 lives of 100 to 200 steps)
    #[test]
    fn a_vault_behaves_like_a_list_of_entries(
        steps in proptest::collection::vec(any::<(u8, u8, usize)>(), 100..200),
    ) {
        let fixture = Fixture::in_memory();
        let mut anna = fixture.anna();
        let mut model = Model { now: NOON, ..Model::default() };
        for (step_idx, one) in steps.into_iter().enumerate() {
            step(&mut model, &anna, one);
            if step_idx == 60 {
                compare(&model, &anna);
                drop(anna);
                anna = fixture.sign_in();
            }
        }
        compare(&model, &anna);
    }
}
