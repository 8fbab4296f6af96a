//! Indexing: outbox to open to chunk to embed to seal to commit. Runs per person while the vault is unlocked.
//!
//! The outbox row is committed with the entry, so nothing is forgotten: after a crash the next sign-in goes on.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    blocking,
    journal::{
        entry::{Ending, Entry, Role},
        ids::EntryId,
    },
    search::{
        chunk::chunks,
        embed::{EmbedState, EmbedderIdentity},
        engine::{Meta, OpenIndex, Point},
        plain::plain,
        vectors as codec,
    },
    services::{
        Failure, Services,
        sessions::{User, guard},
    },
    store::error::StoreError,
    vault::{
        entries,
        error::VaultError,
        outbox::{self, OutboxItem},
        transaction::Writer,
        vectors::{self, ChunkVector, EntryVectors},
    },
};

/// How often the embedder is looked at while it loads.
const LOOK: Duration = Duration::from_millis(200);
/// Pause after a failure before the outbox is tried again.
const RETRY: Duration = Duration::from_secs(20);

/// The open search index of one person.
#[derive(Default)]
pub(crate) struct UserIndex {
    pub(crate) open: Mutex<Option<OpenIndex>>,
    nudge: tokio::sync::Notify,
    /// Entries that wait to be indexed.
    pub(crate) waiting: AtomicUsize,
}

/// One thing to do for the index.
struct Work {
    id: EntryId,
    /// The outbox item that asks for it; entries found without vectors have none.
    item: Option<OutboxItem>,
}

impl Services {
    /// Tells the indexing task of a person that there is something in the outbox. A lost nudge is harmless.
    pub(crate) fn nudge(&self, user: &User) {
        user.index.nudge.notify_one();
        user.words.nudge();
    }

    /// Starts what goes on for a person while the vault is unlocked and writes nothing.
    pub(crate) fn start_looking_for(self: &Arc<Self>, user: &Arc<User>) {
        let (services, keep) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = keep.locked.clone();
            tokio::select! {
                () = services.check_user(&keep) => {}
                () = locked.wait() => {}
            }
        });
        let (services, keep) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = keep.locked.clone();
            tokio::select! {
                () = services.keep_words(&keep) => {}
                () = locked.wait() => {}
            }
            keep.words.close();
        });
        let (services, keep) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            keep.locked.clone().wait().await;
            services.forget_read(&keep).await;
        });
    }

    /// Starts what may write, once it is certain that no older state came back or its owner goes on from it: each commit
    /// would hide that from the witnesses of browsers.
    pub(crate) fn start_writing_for(self: &Arc<Self>, user: &Arc<User>) {
        // What was built since signing in may be sealed now.
        user.words.nudge();
        let (services, keep) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = keep.locked.clone();
            tokio::select! {
                () = services.rotate_user(&keep) => {}
                () = locked.wait() => {}
            }
        });
        if !self.has_embedder {
            return;
        }
        let (services, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = user.locked.clone();
            tokio::select! {
                () = services.index_user(&user) => {}
                () = locked.wait() => {}
            }
        });
    }

    async fn index_user(&self, user: &Arc<User>) {
        let Some(identity) = self.embedder_identity().await else { return };
        let mut given_up: Vec<(EntryId, Option<OutboxItem>)> = Vec::new();
        let mut work = loop {
            match self.open_index(user, &identity).await {
                Ok(missing) => break missing,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        };
        loop {
            match self.pending(user).await {
                Ok(mut pending) => work.append(&mut pending),
                Err(_) => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            // What failed is tried again at the next sign-in; until then it must not hold up the rest.
            work.retain(|work| !given_up.contains(&(work.id, work.item)));
            let n_work = work.len();
            for (done, item) in work.drain(..).enumerate() {
                user.index.waiting.store(n_work - done, Ordering::Relaxed);
                let mark = (item.id, item.item);
                if self.index(user, &identity, item).await.is_err() {
                    tracing::warn!(
                        "an entry could not be indexed; it stays in the outbox until the next sign-in"
                    );
                    given_up.push(mark);
                }
            }
            user.index.waiting.store(0, Ordering::Relaxed);
            if n_work == 0 {
                user.index.nudge.notified().await;
            }
        }
    }

    async fn embedder_identity(&self) -> Option<EmbedderIdentity> {
        loop {
            match self.embed.state() {
                EmbedState::Ready(identity) => return Some(identity),
                EmbedState::Unavailable(_) => return None,
                EmbedState::Idle | EmbedState::Loading => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Reads all stored vectors into memory and answers which entries have none of this embedder.
    async fn open_index(&self, user: &Arc<User>, identity: &EmbedderIdentity) -> Result<Vec<Work>, Failure> {
        let (user, identity) = (Arc::clone(user), identity.clone());
        blocking::db(move || {
            let mut index = OpenIndex::new(identity.dims);
            let mut missing = Vec::new();
            user.vault.read(|r| {
                let mut failed = None;
                entries::walk(r, false, &mut |entry| {
                    if !is_searchable(&entry) {
                        return true;
                    }
                    match vectors::get(r, entry.id) {
                        Ok(Some(stored))
                            if stored.embedder == identity.sha256
                                && stored.revision == entry.revision
                                && fill(&mut index, &entry, &stored) => {}
                        Ok(_) => missing.push(Work { id: entry.id, item: None }),
                        Err(error @ VaultError::Store(_)) => failed = Some(error),
                        // Written by a newer program, which will read it again.
                        Err(VaultError::NewerRecord) => {}
                        // Vectors are derived: what cannot be read is made again.
                        Err(_) => missing.push(Work { id: entry.id, item: None }),
                    }
                    failed.is_none()
                })?;
                failed.map_or(Ok(()), Err)
            })?;
            *guard(&user.index.open) = Some(index);
            Ok(missing)
        })
        .await?
    }

    async fn pending(&self, user: &Arc<User>) -> Result<Vec<Work>, Failure> {
        let user = Arc::clone(user);
        blocking::db(move || {
            let outbox = user.vault.read(outbox::pending)?;
            let mut work: Vec<Work> =
                outbox.items.iter().map(|item| Work { id: item.id, item: Some(*item) }).collect();
            if outbox.rescan {
                user.vault.read(|r| {
                    entries::walk(r, false, &mut |entry| {
                        let known =
                            guard(&user.index.open).as_ref().is_some_and(|index| index.contains(entry.id));
                        if is_searchable(&entry) && !known {
                            work.push(Work { id: entry.id, item: None });
                        }
                        true
                    })
                })?;
                user.vault.write(|w| outbox::rescanned(w, &outbox))?;
            }
            Ok(work)
        })
        .await?
    }

    /// Brings one entry's vectors up to date and takes its item out of the outbox, in one transaction.
    async fn index(&self, user: &Arc<User>, identity: &EmbedderIdentity, work: Work) -> Result<(), Failure> {
        let Work { id, item } = work;
        let keep = Arc::clone(user);
        let entry = blocking::db(move || keep.vault.read(|r| entries::entry(r, id))).await??;
        let Some(entry) = entry.filter(is_searchable) else {
            let keep = Arc::clone(user);
            blocking::db(move || {
                keep.vault.write(|w: &mut Writer<'_>| {
                    vectors::remove(w, id)?;
                    item.map_or(Ok(()), |item| outbox::acknowledge(w, &[item]))
                })
            })
            .await??;
            if let Some(index) = guard(&user.index.open).as_mut() {
                index.remove(id);
            }
            self.wrote();
            return Ok(());
        };
        let text = plain(&entry.text);
        let places = chunks(&text);
        let texts: Vec<String> = places.iter().map(|chunk| chunk.of(&text).to_owned()).collect();
        let embedded = self.embed.embed(texts).await.map_err(|error| {
            tracing::warn!(%error, "the embedder failed");
            Failure::Internal
        })?;
        let stored = EntryVectors {
            embedder: identity.sha256,
            revision: entry.revision,
            dims: u16::try_from(identity.dims).map_err(|_| Failure::Internal)?,
            chunks: places
                .iter()
                .zip(&embedded)
                .map(|(chunk, vector)| ChunkVector {
                    start: u32::try_from(chunk.start).unwrap_or(u32::MAX),
                    end: u32::try_from(chunk.end).unwrap_or(u32::MAX),
                    values: codec::to_bytes(vector),
                })
                .collect(),
        };
        let keep = Arc::clone(user);
        blocking::db(move || {
            let written = keep.vault.write(|w: &mut Writer<'_>| {
                // Edited or deleted while it was being embedded: the newer item in the outbox does it.
                let current = entries::entry(w, id)?;
                if current.is_none_or(|now| now.revision != entry.revision || now.deleted.is_some()) {
                    return Ok(false);
                }
                vectors::put(w, id, &stored)?;
                item.map_or(Ok(()), |item| outbox::acknowledge(w, &[item]))?;
                Ok(true)
            });
            let is_current = match written {
                // Nothing can be saved now, but it can be found: in memory, until the vault is locked.
                Err(VaultError::Store(StoreError::ReadOnly | StoreError::Full)) => true,
                written => written?,
            };
            if is_current && let Some(index) = guard(&keep.index.open).as_mut() {
                fill(index, &entry, &stored);
            }
            Ok::<(), Failure>(())
        })
        .await??;
        self.wrote();
        Ok(())
    }
}

/// Whether an entry is found by a search: what the model failed at, or has not finished, is not.
pub(crate) fn is_searchable(entry: &Entry) -> bool {
    let ended_well = match entry.role {
        Role::Writer => true,
        Role::Reply | Role::Opening => matches!(entry.ending, Ending::Whole | Ending::Stopped),
    };
    ended_well && entry.deleted.is_none() && !entry.text.is_empty()
}

fn fill(index: &mut OpenIndex, entry: &Entry, stored: &EntryVectors) -> bool {
    let dims = usize::from(stored.dims);
    let decoded: Option<Vec<Vec<f32>>> =
        stored.chunks.iter().map(|chunk| codec::from_bytes(&chunk.values, dims)).collect();
    let Some(decoded) = decoded else { return false };
    let points: Vec<Point<'_>> = stored
        .chunks
        .iter()
        .zip(&decoded)
        .map(|(chunk, vector)| Point { start: chunk.start, end: chunk.end, vector })
        .collect();
    let meta = Meta { id: entry.id, day: entry.day, created: entry.created, role: entry.role };
    index.insert(meta, &points).is_ok()
}
