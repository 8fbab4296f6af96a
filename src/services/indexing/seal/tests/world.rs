//! A vault on a disk that can fail, whose entries say where they lie.

use std::sync::Arc;

use crate::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{day::Day, entry::Entry, ids::EntryId},
    search::vectors as codec,
    services::{
        indexing::{
            index::{Open, Sizes, UserIndex},
            meta_of,
            near::nearest,
            open::open,
            seal::merge,
            work::{Done, Work, keep_all},
        },
        sessions::guard,
    },
    store::{
        Store,
        faults::{Dice, Disk},
    },
    vault::{
        KdfChoice, Vaults, entries,
        error::VaultError,
        outbox,
        segments::{Maker, Slot},
        trash,
        unlocked::Unlocked,
        vectors::{ChunkVector, EntryVectors},
    },
};

pub(super) const NOON: i64 = 1_795_348_800_000;
pub(super) const DIMS: usize = 16;
pub(super) const SIZES: Sizes = Sizes { fresh: 12, fan: 3, full: 60 };
pub(super) const MAKER: Maker = Maker { embedder: [7; 32], dims: DIMS as u16 };

pub(super) fn go_on() -> bool {
    false
}

/// Entries near to some vectors, with how near they are.
pub(super) struct Found(pub(super) Vec<Vec<(EntryId, f32)>>);

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |(left, right): (&(EntryId, f32), &(EntryId, f32))| {
            left.0 == right.0 && (left.1 - right.1).abs() < 1e-4
        };
        let are_same = |(left, right): (&Vec<_>, &Vec<_>)| {
            left.len() == right.len() && left.iter().zip(right).all(is_same)
        };
        self.0.iter().zip(&other.0).all(are_same)
    }
}

pub(super) struct World {
    pub(super) vault: Arc<Unlocked>,
    pub(super) _vaults: Vaults,
    pub(super) index: UserIndex,
    pub(super) maker: Maker,
}

impl World {
    pub(super) fn on(disk: &Disk, is_new: bool) -> Self {
        let store = Arc::new(Store::on_disk(disk).unwrap());
        let vaults = Vaults::open(store, Arc::new(Fixed::at(NOON)), KdfChoice::Cheap).unwrap();
        let vault = if is_new {
            let password = Password::choose("correct horse").unwrap();
            vaults.register(&Name::choose("Anna").unwrap(), "Anna", &password).unwrap().0
        } else {
            vaults.sign_in("anna", "correct horse").unwrap().expect("Anna is registered")
        };
        Self { vault, _vaults: vaults, index: UserIndex::default(), maker: MAKER }
    }

    /// What signing in does: opens, and embeds what is missing and what the outbox asks for.
    pub(super) fn open(&self) -> Result<(), VaultError> {
        let missing = open(&self.vault, &self.index, self.maker, SIZES, &go_on)?.expect("nobody stopped it");
        let asked = self.vault.read(outbox::pending)?.items;
        missing.into_iter().chain(asked.iter().map(|item| item.id)).try_for_each(|id| self.index(id))
    }

    /// What the indexing task makes of one entry.
    pub(super) fn read(&self, id: EntryId) -> Result<Done, VaultError> {
        let entry = self.vault.read(|r| entries::entry(r, id))?.filter(|entry| entry.deleted.is_none());
        let asked = self.vault.read(outbox::pending)?.items;
        let work = Work { id, item: asked.into_iter().find(|item| item.id == id) };
        let made = entry.map(|entry| {
            let stored = embedded(&entry, self.maker);
            (entry, stored)
        });
        Ok(Done { work, made })
    }

    pub(super) fn index(&self, id: EntryId) -> Result<(), VaultError> {
        self.keep(&[self.read(id)?])
    }

    pub(super) fn keep(&self, done: &[Done]) -> Result<(), VaultError> {
        keep_all(&self.vault, &self.index, SIZES, done, &go_on)
    }

    /// Does one thing, with what follows from it for the index.
    pub(super) fn act(&self, dice: &mut Dice) -> Result<(), VaultError> {
        let id = id(dice.below(30) as u8);
        let found = self.vault.read(|r| entries::entry(r, id))?;
        match (dice.below(8), found) {
            (0..=5, None) => {
                let entry = entry(id, dice.below(1 << 40));
                self.vault.write(|w| entries::insert(w, &entry))?;
            }
            (0..=2, Some(old)) => {
                let text = entry(id, dice.below(1 << 40)).text;
                let new = Entry { revision: old.revision + 1, text, ..old };
                self.vault.write(|w| entries::replace(w, &new))?;
            }
            (3, Some(_)) => drop(self.vault.write(|w| trash::trash(w, id, NOON))?),
            (4, Some(_)) => drop(self.vault.write(|w| trash::restore(w, id))?),
            (5, Some(_)) => drop(self.vault.write(|w| trash::purge(w, id))?),
            _ => {
                merge(&self.vault, &self.index, SIZES, &go_on)?;
                return Ok(());
            }
        }
        self.index(id)
    }

    pub(super) fn found(&self) -> Found {
        self.found_by(&self.index)
    }

    pub(super) fn found_by(&self, index: &UserIndex) -> Found {
        let near = |seed| {
            let near = nearest(&self.vault, index, &vector(seed), 9, None).unwrap();
            near.into_iter().map(|near| (near.meta.id, near.score)).collect()
        };
        Found((0..4).map(near).collect())
    }

    /// The same from an index without segments, made of the entries as they are.
    pub(super) fn expected(&self) -> Found {
        let plain = UserIndex::default();
        let mut open = Open::new(Slot::Current, self.maker);
        self.vault
            .read(|r| {
                entries::walk(r, false, &mut |entry| {
                    assert!(open.fill(meta_of(&entry), &embedded(&entry, self.maker)));
                    true
                })
            })
            .unwrap();
        *guard(&plain.open) = Some(open);
        self.found_by(&plain)
    }
}

pub(super) fn id(number: u8) -> EntryId {
    EntryId::from_bytes([number; 16])
}

/// An entry whose text says where it lies.
pub(super) fn entry(id: EntryId, seed: u64) -> Entry {
    let day = Day::from_number(i32::from(id.as_bytes()[0]) % 5).unwrap();
    Entry::saved(id, day, NOON, &seed.to_string())
}

pub(super) fn vector(seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed + 1);
    let mut vector: Vec<f32> = (0..DIMS).map(|_| dice.below(2_001) as f32 / 1_000.0 - 1.0).collect();
    codec::normalise(&mut vector);
    vector
}

pub(super) fn embedded(entry: &Entry, maker: Maker) -> EntryVectors {
    let seed: u64 = entry.text.parse().unwrap();
    let chunk = |nth: u64| ChunkVector {
        start: nth as u32,
        end: nth as u32 + 1,
        values: codec::to_bytes(&vector(seed ^ (nth << 41) ^ u64::from(maker.embedder[0]))),
    };
    EntryVectors {
        embedder: maker.embedder,
        revision: entry.revision,
        dims: maker.dims,
        chunks: (0..seed % 4).map(chunk).collect(),
    }
}
