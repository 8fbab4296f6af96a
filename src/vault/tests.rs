//! Behaviour of vaults over stores in memory, in files, and on disks that fail.

mod accepted;
mod accounts;
mod altered;
mod backup;
mod damage;
mod failing;
mod files;
mod golden;
mod journal;
mod keys;
mod machine;
mod model;
mod openings;
mod recaps;
mod rotation;
mod salvage;
mod searches;
mod sessions;
mod thief;
mod traces;
mod traces_kept;
mod traces_model;
mod wear;

use std::sync::Arc;

use crate::{
    clock::Fixed,
    crypto::{
        canon::Name,
        secret::{Password, RecoveryCode},
    },
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    store::Store,
    vault::{KdfChoice, Vaults, error::VaultError, unlocked::Unlocked},
};

const NOON: i64 = 1_795_348_800_000;

/// A data file with its vaults, and a clock that stands at noon.
struct Fixture {
    store: Arc<Store>,
    clock: Arc<Fixed>,
    vaults: Vaults,
}

impl Fixture {
    fn over(store: Store) -> Result<Self, VaultError> {
        let (store, clock) = (Arc::new(store), Arc::new(Fixed::at(NOON)));
        let vaults = Vaults::open(Arc::clone(&store), clock.clone(), KdfChoice::Cheap)?;
        Ok(Self { store, clock, vaults })
    }

    fn in_memory() -> Self {
        Self::over(Store::in_memory().unwrap()).unwrap()
    }

    fn register(&self, name: &str, password: &str) -> Result<(Arc<Unlocked>, RecoveryCode), VaultError> {
        self.vaults.register(&Name::choose(name).unwrap(), name, &Password::choose(password).unwrap())
    }

    fn anna(&self) -> Arc<Unlocked> {
        self.register("Anna", "correct horse").unwrap().0
    }

    fn sign_in(&self) -> Arc<Unlocked> {
        self.vaults.sign_in("anna", "correct horse").unwrap().expect("Anna is registered")
    }
}

fn id(number: u8) -> EntryId {
    EntryId::from_bytes([number; 16])
}

fn day(number: i32) -> Day {
    Day::from_number(number).unwrap()
}

fn entry(number: u8, on: Day, text: &str) -> Entry {
    Entry::saved(id(number), on, NOON, text)
}

fn reply(number: u8, to: &Entry, text: &str) -> Entry {
    Entry { role: Role::Reply, reply_to: Some(to.id), ..entry(number, to.day, text) }
}

fn ids(entries: &[Entry]) -> Vec<u8> {
    entries.iter().map(|entry| entry.id.as_bytes()[0]).collect()
}
