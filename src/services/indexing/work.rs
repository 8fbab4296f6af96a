//! Bringing entries up to date: each is read and embedded, and several are kept in one transaction.
//!
//! Each commit waits for the disk twice, and a save that meets one waits for it: so few of them, and none that goes before
//! a person's. While somebody writes, the processor rests between texts as well; when nobody does, all of it is used.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    blocking,
    journal::{entry::Entry, ids::EntryId},
    search::{
        chunk::{Chunk, chunks},
        embed::{EmbedEngine, EmbedError, EmbedderIdentity},
        plain::plain,
        vectors as codec,
    },
    services::{
        Failure, Services,
        indexing::{
            index::{Sizes, UserIndex},
            is_searchable, meta_of, seal, stop_of,
            write::write_behind,
        },
        sessions::{User, guard},
    },
    store::error::StoreError,
    vault::{
        entries,
        error::VaultError,
        outbox::{self, OutboxItem},
        transaction::Writer,
        unlocked::Unlocked,
        vectors::{self, ChunkVector, EntryVectors},
    },
};

/// Entries that are kept in one transaction at most, and how long the first of them waits for the others.
const TOGETHER: usize = 8;
const TOGETHER_FOR: Duration = Duration::from_millis(500);
/// So long after the last thing that somebody wrote, somebody writes.
const WRITES_FOR_MS: i64 = 10_000;
/// Texts that are embedded without a rest: the engine computes about as many at once.
const TEXTS: usize = 2;
/// The rest after each of these, of the time that they took. Without any, ten entries of three chunks a second are read
/// beside saves on two cores; with a rest of 1.5 it was 3.5, and no save was quicker for it (`indexing::bench::saving`).
const REST: f64 = 0.5;
const LONGEST_REST: Duration = Duration::from_millis(300);

/// One thing to do for the index.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Work {
    pub(super) id: EntryId,
    /// The outbox item that asks for it; entries found without vectors have none.
    pub(super) item: Option<OutboxItem>,
}

/// Work that has only to be kept.
pub(super) struct Done {
    pub(super) work: Work,
    /// What was read, and what it means; `None` when it is not to be found.
    pub(super) made: Option<(Entry, EntryVectors)>,
}

/// Work that is kept together.
#[derive(Default)]
pub(super) struct Group {
    done: Vec<Done>,
    since: Option<Instant>,
}

impl Group {
    pub(super) fn push(&mut self, done: Done) {
        self.since.get_or_insert_with(Instant::now);
        self.done.push(done);
    }

    /// Whether it should be kept now.
    pub(super) fn is_full(&self) -> bool {
        self.done.len() >= TOGETHER || self.since.is_some_and(|since| since.elapsed() >= TOGETHER_FOR)
    }

    pub(super) fn take(&mut self) -> Vec<Done> {
        self.since = None;
        std::mem::take(&mut self.done)
    }
}

impl Services {
    /// Reads an entry and makes its vectors. Nothing is written.
    pub(super) async fn read_meaning(
        &self,
        user: &Arc<User>,
        identity: &EmbedderIdentity,
        pace: &mut Pace,
        work: Work,
    ) -> Result<Done, Failure> {
        let keep = Arc::clone(user);
        let entry = blocking::db(move || keep.vault.read(|r| entries::entry(r, work.id))).await?;
        let entry = entry.inspect_err(|_| not_indexed())?;
        let Some(entry) = entry.filter(is_searchable) else { return Ok(Done { work, made: None }) };
        let text = plain(&entry.text);
        let places = chunks(&text);
        let texts: Vec<String> = places.iter().map(|chunk| chunk.of(&text).to_owned()).collect();
        let embedded = pace.embed(&self.embed, &user.vault, texts).await.map_err(|error| {
            tracing::warn!(%error, "the embedder failed");
            not_indexed();
            Failure::Internal
        })?;
        let chunk_of = |(chunk, vector): (&Chunk, &Vec<f32>)| ChunkVector {
            start: u32::try_from(chunk.start).unwrap_or(u32::MAX),
            end: u32::try_from(chunk.end).unwrap_or(u32::MAX),
            values: codec::to_bytes(vector),
        };
        let stored = EntryVectors {
            embedder: identity.sha256,
            revision: entry.revision,
            dims: u16::try_from(identity.dims).map_err(|_| Failure::Internal)?,
            chunks: places.iter().zip(&embedded).map(chunk_of).collect(),
        };
        Ok(Done { work, made: Some((entry, stored)) })
    }

    /// Keeps what was made, and answers what could not be kept. One that fails does not take the others with it.
    pub(super) async fn keep_meanings(&self, user: &Arc<User>, done: Vec<Done>) -> Vec<Work> {
        if done.is_empty() {
            return Vec::new();
        }
        let all: Vec<Work> = done.iter().map(|done| done.work).collect();
        let keep = Arc::clone(user);
        let stop = stop_of(user);
        let kept = blocking::db(move || {
            let keep = |done: &[Done]| keep_all(&keep.vault, &keep.index, Sizes::default(), done, &stop);
            if keep(&done).is_ok() {
                return Vec::new();
            }
            let failed = done.chunks(1).filter(|one| keep(one).is_err());
            failed.flatten().map(|done| done.work).inspect(|_| not_indexed()).collect()
        });
        let failed = kept.await.unwrap_or(all);
        self.wrote();
        failed
    }
}

fn not_indexed() {
    tracing::warn!("an entry could not be indexed; it stays in the outbox until the next sign-in");
}

/// Brings the vectors of entries up to date and takes their items out of the outbox, in one transaction; then they are
/// found.
///
/// # Errors
/// Seal and store errors; then all is as it was.
pub(super) fn keep_all(
    vault: &Unlocked,
    index: &UserIndex,
    sizes: Sizes,
    done: &[Done],
    stop: &dyn Fn() -> bool,
) -> Result<(), VaultError> {
    let written = write_behind(vault, |w: &mut Writer<'_>| {
        let (mut current, mut items) = (Vec::with_capacity(done.len()), Vec::new());
        for Done { work, made } in done {
            let is_current = match made {
                None => {
                    vectors::remove(w, work.id)?;
                    true
                }
                Some((entry, stored)) => {
                    // Edited or deleted while it was being embedded: the newer item in the outbox does it.
                    let now = entries::entry(w, work.id)?;
                    let is_current =
                        now.is_some_and(|now| now.revision == entry.revision && now.deleted.is_none());
                    if is_current {
                        vectors::put(w, work.id, stored)?;
                    }
                    is_current
                }
            };
            items.extend(work.item.filter(|_| is_current));
            current.push(is_current);
        }
        if !items.is_empty() {
            outbox::acknowledge(w, &items)?;
        }
        Ok(current)
    });
    let current = match written {
        // Nothing can be saved now, but it can be found: in memory, until the vault is locked.
        Err(VaultError::Store(StoreError::ReadOnly | StoreError::Full)) => vec![true; done.len()],
        written => written?,
    };
    if let Some(open) = guard(&index.open).as_mut() {
        for (Done { work, made }, _) in done.iter().zip(current).filter(|(_, is_current)| *is_current) {
            match made {
                Some((entry, stored)) => _ = open.fill(meta_of(entry), stored),
                None => open.remove(work.id),
            }
        }
    }
    seal::flush_full(vault, index, sizes, stop);
    Ok(())
}

/// How the processor is used: all of it, or with rests while somebody writes.
#[derive(Default)]
pub(super) struct Pace {
    /// The rest that is to be had before the next texts.
    owed: Duration,
}

impl Pace {
    /// The vectors of texts, in order.
    ///
    /// # Errors
    /// Those of [`EmbedEngine::embed`].
    pub(super) async fn embed(
        &mut self,
        engine: &EmbedEngine,
        vault: &Unlocked,
        texts: Vec<String>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut texts = texts.into_iter().peekable();
        while texts.peek().is_some() {
            let is_written = vault.rested_ms() < WRITES_FOR_MS;
            if is_written {
                tokio::time::sleep(self.owed).await;
            }
            let began = Instant::now();
            let most = if is_written { TEXTS } else { usize::MAX };
            vectors.append(&mut engine.embed(texts.by_ref().take(most).collect()).await?);
            self.owed = began.elapsed().mul_f64(REST).min(LONGEST_REST);
        }
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        clock::Fixed,
        crypto::{canon::Name, secret::Password},
        journal::day::Day,
        search::embed::Embedder,
        store::Store,
        vault::{KdfChoice, Vaults},
    };

    const NOON: i64 = 1_795_348_800_000;

    /// Notes how many texts it gets at once.
    struct Counting(EmbedderIdentity, Arc<Mutex<Vec<usize>>>);

    impl Embedder for Counting {
        fn identity(&self) -> &EmbedderIdentity {
            &self.0
        }

        fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            guard(&self.1).push(texts.len());
            Ok(vec![vec![1.0]; texts.len()])
        }
    }

    #[tokio::test]
    async fn while_somebody_writes_texts_are_embedded_a_few_at_a_time() {
        let clock = Arc::new(Fixed::at(NOON));
        let store = Arc::new(Store::in_memory().unwrap());
        let vaults = Vaults::open(store, Arc::<Fixed>::clone(&clock), KdfChoice::Cheap).unwrap();
        let password = Password::choose("correct horse").unwrap();
        let vault = vaults.register(&Name::choose("Anna").unwrap(), "Anna", &password).unwrap().0;
        let counts = Arc::new(Mutex::new(Vec::new()));
        let identity = EmbedderIdentity { name: "counting".to_owned(), sha256: [1; 32], dims: 1 };
        let counting = Counting(identity, Arc::clone(&counts));
        let engine = EmbedEngine::start(move || Ok(Box::new(counting)));
        let embed = async || {
            let texts = vec!["a few words".to_owned(); 5];
            assert_eq!(Pace::default().embed(&engine, &vault, texts).await.unwrap().len(), 5);
            std::mem::take(&mut *guard(&counts))
        };
        let save = |number: u8| {
            let id = EntryId::from_bytes([number; 16]);
            Entry::saved(id, Day::from_number(20_000).unwrap(), NOON, "x")
        };
        vault.write(|w| entries::insert(w, &save(1))).unwrap();
        assert_eq!(embed().await, [2, 2, 1]);
        clock.advance(WRITES_FOR_MS);
        assert_eq!(embed().await, [5]);
        vault.write_behind(|w| entries::insert(w, &save(2))).unwrap();
        assert_eq!(embed().await, [5], "what nobody waits for does not count");
    }
}
