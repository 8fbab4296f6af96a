//! Random operations of two people against a plain model: counts, days and what appears together are those of a recount
//! after every single one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    journal::{
        entry::Role,
        ids::{EntryId, TraceId},
        trace::TraceName,
    },
    store::faults::{Dice, torture},
    vault::{
        entries,
        error::VaultError,
        recaps::{self, Recap, Subject},
        tests::{Fixture, NOON, day, entry, reply},
        traces::{
            self,
            change::{self, ChangeId, Renamed},
        },
        trash,
        unlocked::Unlocked,
    },
};

/// Operations of a plain run; with `LLAMORA_TEST_TORTURE=12` they are 10,800.
const STEPS: u64 = 900;
const NAMES: [&str; 9] =
    ["lake", "Lake", "sea", "\u{65e5}\u{8a18}", ":tada:", "\u{1f389}", "caf\u{e9}", "home", "HOME"];

/// One entry or reply as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Written {
    day: i32,
    answers: Option<u16>,
    deleted: Option<i64>,
    /// Keys of its traces, in order.
    traces: Vec<String>,
}

/// A journal as it should be.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Model {
    entries: BTreeMap<u16, Written>,
    drawn: u16,
}

/// What can be undone: the journal's handle, the model before, and the trace that changed.
struct Undo {
    change: ChangeId,
    before: Model,
}

fn id(number: u16) -> EntryId {
    EntryId::from_parts(number.into(), [5; 10])
}

fn key(name: &str) -> String {
    TraceName::parse(name).unwrap().key().to_owned()
}

impl Model {
    fn group(&self, number: u16) -> Vec<u16> {
        let members = self.entries.iter().filter(|(n, entry)| **n == number || entry.answers == Some(number));
        members.map(|(n, _)| *n).collect()
    }

    fn pick(&self, dice: &mut Dice) -> Option<u16> {
        let all: Vec<u16> = self.entries.keys().copied().collect();
        (!all.is_empty()).then(|| all[dice.below(all.len() as u64) as usize])
    }

    /// Key, days with ids, and how many in the trash, of every trace.
    fn recount(&self) -> BTreeMap<String, (BTreeSet<(i32, u16)>, u32)> {
        let mut all: BTreeMap<String, (BTreeSet<(i32, u16)>, u32)> = BTreeMap::new();
        for (number, entry) in &self.entries {
            for trace in &entry.traces {
                let one = all.entry(trace.clone()).or_default();
                match entry.deleted {
                    None => drop(one.0.insert((entry.day, *number))),
                    Some(_) => one.1 += 1,
                }
            }
        }
        all
    }

    /// The other traces of the entries of this one, with how many outside the trash carry both.
    fn together(&self, key: &String) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        let carriers = self.entries.values().filter(|entry| entry.deleted.is_none());
        for entry in carriers.filter(|entry| entry.traces.contains(key)) {
            for other in entry.traces.iter().filter(|other| *other != key) {
                *counts.entry(other.clone()).or_default() += 1;
            }
        }
        counts
    }

    fn live_keys(&self) -> Vec<String> {
        let shown = self.recount().into_iter().filter(|(_, (links, _))| !links.is_empty());
        shown.map(|(key, _)| key).collect()
    }
}

fn find(vault: &Unlocked, key: &str) -> Option<TraceId> {
    let name = TraceName::parse(key).unwrap();
    vault.read(|r| traces::find(r, &name)).unwrap().map(|found| found.id)
}

fn step(model: &mut Model, vault: &Unlocked, undo: &mut Option<Undo>, dice: &mut Dice, now: i64) {
    let before = model.clone();
    let name = NAMES[dice.below(NAMES.len() as u64) as usize];
    let kind = dice.below(20);
    match kind {
        0..=2 => {
            model.drawn += 1;
            let (number, on) = (model.drawn, 20_000 + dice.below(12) as i32);
            let new = crate::journal::entry::Entry { id: id(number), ..entry(0, day(on), "text") };
            vault.write(|w| entries::insert(w, &new)).unwrap();
            model
                .entries
                .insert(number, Written { day: on, answers: None, deleted: None, traces: Vec::new() });
        }
        3 => {
            let Some(answered) = model.pick(dice) else { return };
            let of = model.entries[&answered].clone();
            if of.answers.is_some() || of.deleted.is_some() {
                return;
            }
            model.drawn += 1;
            let to = crate::journal::entry::Entry { id: id(answered), ..entry(0, day(of.day), "") };
            let new = crate::journal::entry::Entry { id: id(model.drawn), ..reply(0, &to, "an answer") };
            vault.write(|w| entries::insert(w, &new)).unwrap();
            let written = Written { day: of.day, answers: Some(answered), deleted: None, traces: Vec::new() };
            model.entries.insert(model.drawn, written);
        }
        4..=9 => {
            let Some(number) = model.pick(dice) else { return };
            let stored = model.entries.get_mut(&number).unwrap();
            let done = vault.write(|w| traces::attach(w, id(number), &TraceName::parse(name).unwrap()));
            assert_eq!(done.is_ok(), stored.deleted.is_none());
            if stored.deleted.is_none() && !stored.traces.contains(&key(name)) {
                stored.traces.push(key(name));
            }
        }
        10..=11 => {
            let Some(number) = model.pick(dice) else { return };
            let stored = model.entries.get_mut(&number).unwrap();
            if stored.deleted.is_some() || !stored.traces.contains(&key(name)) {
                return;
            }
            let trace = find(vault, name).expect("an entry carries it");
            assert!(vault.write(|w| traces::detach(w, id(number), trace)).unwrap().is_some());
            stored.traces.retain(|trace| *trace != key(name));
        }
        12 => {
            let Some(number) = model.pick(dice) else { return };
            vault
                .write(|w| {
                    let Some(old) = entries::entry(w, id(number))? else { return Ok(()) };
                    entries::version(w, &old)?;
                    let revision = old.revision + 1;
                    // Whoever edits may know of no trace.
                    entries::replace(w, &crate::journal::entry::Entry { revision, traces: Vec::new(), ..old })
                })
                .unwrap();
        }
        13 | 14 => {
            let Some(number) = model.pick(dice) else { return };
            vault.write(|w| trash::trash(w, id(number), now)).unwrap();
            if model.entries[&number].deleted.is_none() {
                for member in model.group(number) {
                    model.entries.get_mut(&member).unwrap().deleted.get_or_insert(now);
                }
            }
        }
        15 => {
            let Some(number) = model.pick(dice) else { return };
            vault.write(|w| trash::restore(w, id(number))).unwrap();
            let mut back = vec![number];
            back.extend(model.entries[&number].answers);
            if model.entries[&number].deleted.is_none() {
                return;
            }
            back.reverse();
            for number in back {
                let Some(deleted) = model.entries[&number].deleted else { continue };
                for member in model.group(number) {
                    let member = model.entries.get_mut(&member).unwrap();
                    if member.deleted == Some(deleted) {
                        member.deleted = None;
                    }
                }
            }
        }
        16 => {
            let Some(number) = model.pick(dice) else { return };
            let done = vault.write(|w| trash::purge(w, id(number))).unwrap();
            assert_eq!(done, model.entries[&number].deleted.is_some());
            if done {
                model.group(number).iter().for_each(|member| drop(model.entries.remove(member)));
            }
        }
        17 => {
            let keys = model.live_keys();
            let Some(from) = (!keys.is_empty()).then(|| &keys[dice.below(keys.len() as u64) as usize]) else {
                return;
            };
            let trace = find(vault, from).unwrap();
            let done = vault.write(|w| change::rename(w, trace, &TraceName::parse(name).unwrap())).unwrap();
            let to = key(name);
            if *from != to && keys.contains(&to) {
                assert!(matches!(done, Renamed::Taken(_)));
                return;
            }
            for entry in model.entries.values_mut().filter(|entry| entry.traces.contains(from)) {
                entry.traces.retain(|trace| *trace != to || to == *from);
                entry
                    .traces
                    .iter_mut()
                    .filter(|trace| *trace == from)
                    .for_each(|trace| trace.clone_from(&to));
            }
            // What lay in the trash under the new name went along for good.
            if let Renamed::Done(changed) = done {
                let swallowed = *from != to && before.recount().contains_key(&to);
                *undo = changed.undo.filter(|_| !swallowed).map(|change| Undo { change, before });
            }
        }
        18 => {
            let keys = model.live_keys();
            let Some(from) = (!keys.is_empty()).then(|| keys[dice.below(keys.len() as u64) as usize].clone())
            else {
                return;
            };
            let (trace, into) = (find(vault, &from).unwrap(), find(vault, name));
            let changed = match into.filter(|_| dice.below(2) == 0) {
                Some(into) => {
                    let done = vault.write(|w| change::merge(w, trace, into)).unwrap();
                    assert_eq!(done.is_some(), into != trace);
                    if done.is_some() {
                        for entry in model.entries.values_mut() {
                            rename_in(&mut entry.traces, &from, &key(name));
                        }
                    }
                    done
                }
                None => {
                    let done = vault.write(|w| change::delete(w, trace)).unwrap();
                    model.entries.values_mut().for_each(|entry| entry.traces.retain(|trace| *trace != from));
                    done
                }
            };
            if let Some(changed) = changed {
                *undo = changed.undo.map(|change| Undo { change, before });
            }
        }
        _ => {
            let Some(last) = undo.take() else { return };
            // Only at once: what was done in between is proved by hand in `traces`.
            let done = vault.write(|w| change::undo(w, &last.change)).unwrap();
            assert!(done.is_some());
            *model = last.before;
        }
    }
    // A plain model cannot undo what other operations have built upon.
    if kind < 17 {
        *undo = None;
    }
}

fn rename_in(traces: &mut Vec<String>, from: &str, to: &str) {
    let Some(place) = traces.iter().position(|trace| trace == from) else { return };
    traces.remove(place);
    if !traces.iter().any(|trace| trace == to) {
        traces.insert(place, to.to_owned());
    }
}

fn compare(model: &Model, vault: &Unlocked) {
    let expected: BTreeMap<_, _> =
        model.recount().into_iter().filter(|(_, (links, _))| !links.is_empty()).collect();
    vault
        .read(|r| {
            let all = traces::all(r)?;
            let keys: BTreeSet<String> = all.iter().map(|found| key(&found.name)).collect();
            assert_eq!(keys, expected.keys().cloned().collect());
            assert_eq!(keys.len(), all.len());
            for found in all {
                let (links, _) = &expected[&key(&found.name)];
                let days: Vec<i32> = links.iter().map(|(day, _)| *day).collect();
                assert_eq!(found.count as usize, links.len());
                assert_eq!((found.first.number(), found.last.number()), (days[0], days[days.len() - 1]));
                let carriers = traces::entries(r, found.id)?;
                let linked: Vec<_> = carriers.iter().map(|link| (link.day.number(), link.entry)).collect();
                assert_eq!(linked, links.iter().map(|(day, n)| (*day, id(*n))).collect::<Vec<_>>());
                let together = traces::together(r, found.id, &carriers, |_| {})?;
                assert!(together.is_sorted_by(|one, other| one.1 >= other.1));
                let named = together.into_iter().map(|(id, n)| {
                    let other = traces::trace(r, id)?.expect("an entry outside the trash carries it");
                    Ok((key(&other.name), n))
                });
                let named = named.collect::<Result<BTreeMap<_, _>, VaultError>>()?;
                assert_eq!(named, model.together(&key(&found.name)));
            }
            for (number, written) in &model.entries {
                let stored = entries::entry(r, id(*number))?.expect("it is there");
                let named = traces::names(r, &stored.traces)?;
                let keys: Vec<String> = named.iter().map(|(_, name, _)| key(name)).collect();
                assert_eq!((keys, stored.traces.len()), (written.traces.clone(), named.len()));
            }
            Ok(())
        })
        .unwrap();
}

/// What is kept of each trace sums up its entries as they are, or it is not shown; what is missing is kept anew.
fn nothing_stale_is_served(vault: &Unlocked) {
    let kept = vault.write(|w| {
        for found in traces::all(w)? {
            let mut own = Vec::new();
            for link in traces::entries(w, found.id)? {
                own.extend(entries::entry(w, link.entry)?.filter(|entry| entry.role == Role::Writer));
            }
            let digest = recaps::digest_of_trace(&own);
            let sums_up: Vec<String> =
                own.iter().map(|entry| format!("{} {}", entry.id, entry.revision)).collect();
            match recaps::fresh(w, Subject::Trace(found.id), &digest)? {
                Some(kept) => assert_eq!(kept.sentences, sums_up),
                None => {
                    let (made_by, tried) = (None, String::new());
                    let recap = Recap { sentences: sums_up, digest, made: NOON, made_by, tried };
                    recaps::put(w, Subject::Trace(found.id), &recap)?;
                }
            }
        }
        Ok(())
    });
    kept.unwrap();
}

// D34, D36 (900 operations of two people, recounted after each; `make torture`: 10,800)
#[test]
fn counts_days_and_what_appears_together_are_those_of_a_recount_at_every_step() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let berta = fixture.register("Berta", "horse battery").unwrap().0;
    let mut dice = Dice::new(8);
    let mut models = [Model::default(), Model::default()];
    let mut undos = [None, None];
    let steps = STEPS * torture();
    for n in 0..steps {
        let who = dice.below(2) as usize;
        let vault = if who == 0 { &anna } else { &berta };
        step(&mut models[who], vault, &mut undos[who], &mut dice, NOON + n as i64);
        compare(&models[who], vault);
        nothing_stale_is_served(vault);
        if n % 50 == 0 {
            for vault in [&anna, &berta] {
                let audit = vault.audit(&|| false).unwrap().unwrap();
                assert!(audit.ok(), "step {n}: {audit:?}");
            }
        }
    }
    compare(&models[0], &anna);
    compare(&models[1], &berta);
    println!(
        "traces: {steps} operations, {} and {} entries",
        models[0].entries.len(),
        models[1].entries.len()
    );
}
