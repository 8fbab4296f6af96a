//! RR-21: twenty people at once, each in three tabs and two browsers, against a model of what was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Instant,
};

use llamora::{
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    store::{
        Store,
        faults::{Dice, torture},
    },
    vault::{KdfChoice, Vaults, days, entries, error::VaultError, trash, unlocked::Unlocked},
};

use crate::it::common::{Got, PASSWORD, SignedIn, TODAY, TestApp, attribute, fresh_op, services_over};

const PEOPLE: usize = 20;
const TABS: usize = 3;
/// What each tab does, times `LLAMORA_TEST_TORTURE`.
const STEPS: u64 = 14;
/// Two years, and both ends of one.
const DAYS: [&str; 4] = [TODAY, "2026-01-01", "2025-12-31", "2025-03-01"];
/// Tabs of a person meet in the newest few entries.
const HOT: u64 = 3;

/// What one person was told, in all tabs.
#[derive(Default)]
struct Told {
    lives: BTreeMap<String, Life>,
    /// Entries in the order in which they were acknowledged.
    order: Vec<String>,
    n_requests: usize,
    n_conflicts: usize,
}

/// What was acknowledged of one entry.
#[derive(Default)]
struct Life {
    day: &'static str,
    /// Text of each revision.
    texts: BTreeMap<u32, String>,
    deletes: i32,
    restores: i32,
    /// Revisions that a page showed, and the page.
    seen: Vec<(u32, String)>,
}

struct Tab {
    browser: Arc<SignedIn>,
    told: Arc<Mutex<Told>>,
    dice: Dice,
    mark: String,
    n_texts: usize,
}

impl Tab {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().expect("unpoisoned")
    }

    fn text(&mut self) -> String {
        self.n_texts += 1;
        format!("{}, text {};", self.mark, self.n_texts)
    }

    fn pick(&mut self) -> Option<String> {
        let back = self.dice.below(HOT);
        let told = self.told();
        let last = told.order.len().checked_sub(1)?;
        Some(told.order[last.saturating_sub(usize::try_from(back).expect("small"))].clone())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.told().n_requests += 1;
        self.browser.post(path, fields).await
    }

    async fn create(&mut self) {
        let day = DAYS[usize::try_from(self.dice.below(4)).expect("small")];
        let (path, op, text) = (format!("/d/{day}/entries"), fresh_op(), self.text());
        let fields = [("op", &*op), ("text", &*text)];
        let got = if self.dice.below(4) == 0 {
            // A form sent twice at the same moment is one entry.
            let (one, other) = tokio::join!(self.post(&path, &fields), self.post(&path, &fields));
            assert_eq!(one.location(), other.expect(303).location());
            one
        } else {
            self.post(&path, &fields).await
        }
        .expect(303);
        let id = got.location().split_once("#entry-").expect("a way to the entry").1.to_owned();
        let mut told = self.told();
        let life = Life { day, texts: BTreeMap::from([(1, text)]), ..Life::default() };
        assert!(told.lives.insert(id.clone(), life).is_none(), "an id was given twice");
        told.order.push(id);
    }

    async fn edit(&mut self, id: &str) {
        let page = self.browser.get(&format!("/entries/{id}/edit")).await;
        if page.status == 404 {
            return; // in the trash meanwhile
        }
        let revision = self.saw(id, page.expect(200).body);
        let text = self.text();
        let number = revision.to_string();
        let got = self.post(&format!("/entries/{id}"), &[("revision", &number), ("text", &text)]).await;
        match got.status {
            303 => {
                let before = self.life(id, |life| life.texts.insert(revision + 1, text.clone()));
                assert_eq!(
                    before, None,
                    "{id}: two edits of revision {revision} were saved, one of them is lost"
                );
            }
            409 => {
                assert!(got.body.contains(&text), "{id}: the refused text is gone");
                assert!(self.saw(id, got.body) > revision, "{id}: no conflict");
                self.told().n_conflicts += 1;
            }
            404 => assert!(got.body.contains(&text), "{id}: the text for an entry in the trash is gone"),
            other => panic!("{other}: {}", got.body),
        }
    }

    /// Keeps what a page showed, and gives the revision it names.
    fn saw(&self, id: &str, page: String) -> u32 {
        let revision = attribute(&page, "name=\"revision\"", "value").expect("a revision");
        let revision = revision.parse().expect("a number");
        self.life(id, |life| life.seen.push((revision, page)));
        revision
    }

    async fn flip(&mut self, id: &str, what: &str) {
        match self.post(&format!("/entries/{id}/{what}"), &[]).await.status {
            303 if what == "delete" => self.life(id, |life| life.deletes += 1),
            303 => self.life(id, |life| life.restores += 1),
            404 => {}
            other => panic!("{what}: {other}"),
        }
    }

    fn life<T>(&self, id: &str, change: impl FnOnce(&mut Life) -> T) -> T {
        change(self.told().lives.get_mut(id).expect("acknowledged"))
    }

    async fn use_it(mut self) {
        for _ in 0..STEPS * torture() {
            let Some(id) = self.pick() else {
                self.create().await;
                continue;
            };
            match self.dice.below(20) {
                0..4 => self.create().await,
                4..13 => self.edit(&id).await,
                13..16 => self.flip(&id, "delete").await,
                16..19 => self.flip(&id, "restore").await,
                _ => drop(self.browser.get(&format!("/d/{TODAY}")).await.expect(200)),
            }
        }
    }
}

fn name(person: usize) -> String {
    format!("Person {person}")
}

/// What the vault holds is what was acknowledged, and its counts are those of a recount.
fn compare(vault: &Unlocked, told: &Told) -> Result<(), VaultError> {
    let day = |text: &str| text.parse::<Day>().expect("a day");
    let mut live: BTreeMap<&str, BTreeSet<EntryId>> = BTreeMap::new();
    let mut trashed = BTreeSet::new();
    vault.read(|r| {
        for (id, life) in &told.lives {
            let key: EntryId = id.parse().expect("an id");
            let entry = entries::entry(r, key)?.expect("acknowledged and lost");
            let mut texts: Vec<Entry> = entries::versions(r, key)?;
            let flips = life.deletes - life.restores;
            assert_eq!(flips, i32::from(entry.deleted.is_some()), "{id}: in the trash or not");
            assert_eq!(entry.day, day(life.day));
            if entry.deleted.is_some() {
                trashed.insert(key);
            } else {
                live.entry(life.day).or_default().insert(key);
            }
            texts.push(entry);
            let held: BTreeMap<u32, String> =
                texts.into_iter().map(|entry| (entry.revision, entry.text)).collect();
            assert!(held == life.texts, "{id}: the texts are not those that were acknowledged");
            assert_eq!(held.keys().copied().collect::<Vec<_>>(), (1..).take(held.len()).collect::<Vec<_>>());
            for (revision, page) in &life.seen {
                assert!(page.contains(&held[revision]), "{id}: a page showed another text as {revision}");
            }
        }
        let listed: BTreeSet<EntryId> = trash::trashed(r)?.into_iter().map(|(id, _)| id).collect();
        assert_eq!(listed, trashed);
        let mut walked: BTreeMap<Day, BTreeSet<EntryId>> = BTreeMap::new();
        entries::walk(r, false, &mut |entry| {
            // On a slow machine an opening of today may have been made meanwhile; it is nobody's writing.
            if entry.role == Role::Opening {
                return true;
            }
            assert!(walked.entry(entry.day).or_default().insert(entry.id), "listed twice");
            true
        })?;
        assert_eq!(walked, live.into_iter().map(|(text, ids)| (day(text), ids)).collect());
        for year in [2025, 2026] {
            let counts = days::year(r, year)?;
            let first = day(&format!("{year}-01-01")).number();
            for today in (first..first + 365).filter_map(Day::from_number) {
                let recount = walked.get(&today).map_or(0, BTreeSet::len).min(255);
                assert_eq!(usize::from(counts.day(today).entries), recount, "{today}");
            }
        }
        let ends = walked.keys().next().copied().zip(walked.keys().next_back().copied());
        assert_eq!(days::span(r)?, ends);
        Ok(())
    })
}

// proves: RR-21 (20 people in 60 tabs, 800 changes at 3,000 a second, some 50 conflicts; `make torture`: 10,000 steps)
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_people_write_at_once_and_nothing_acknowledged_is_lost() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let (services, clock) = services_over(Arc::clone(&store));
    let app = TestApp::over((services, clock.clone())).await;
    let (mut told, mut tabs) = (Vec::new(), Vec::new());
    for person in 0..PEOPLE {
        let first = Arc::new(app.register(&name(person)).await);
        let second = Arc::new(app.sign_in_again(&name(person)).await);
        told.push(Arc::<Mutex<Told>>::default());
        for tab in 0..TABS {
            tabs.push(Tab {
                browser: Arc::clone(if tab == 0 { &second } else { &first }),
                told: Arc::clone(&told[person]),
                dice: Dice::new((person * TABS + tab) as u64 + 1),
                mark: format!("Person {person}, tab {tab}"),
                n_texts: 0,
            });
        }
    }
    let begun = Instant::now();
    let running: Vec<_> = tabs.into_iter().map(|tab| tokio::spawn(tab.use_it())).collect();
    for tab in running {
        tab.await.expect("no tab fails");
    }
    let took = begun.elapsed();
    app.state.services.finish().await;

    let vaults = Vaults::open(store, clock, KdfChoice::Cheap).expect("accounts");
    let (mut n_requests, mut n_conflicts) = (0, 0);
    for (person, told) in told.iter().enumerate() {
        let told = told.lock().expect("unpoisoned");
        let vault = vaults.sign_in(&name(person), PASSWORD).expect("it opens").expect("registered");
        compare(&vault, &told).expect("it can be read");
        let proof = vault.verify().expect("it can be read");
        assert!(proof.ok && proof.strays == 0, "{}: the head does not match", name(person));
        n_requests += told.n_requests;
        n_conflicts += told.n_conflicts;
    }
    let rate = n_requests as f64 / took.as_secs_f64();
    println!("RR-21: {n_requests} changes asked for, {n_conflicts} conflicts, {rate:.0} a second");
    assert!(n_conflicts > 20, "only {n_conflicts} conflicts: the tabs did not meet");
}
