//! Indexing: outbox to open to chunk to embed to seal to commit. Runs per person while the vault is unlocked.
//!
//! The outbox row is committed with the entry, so nothing is forgotten: after a crash the next sign-in goes on. New
//! vectors are a record of their entry; enough of them become a segment ([`seal`]), and when nothing else is to be done,
//! small segments become larger ones.

#[cfg(test)]
mod bench;
mod close;
mod index;
mod near;
mod open;
mod seal;
mod write;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub(crate) use crate::services::indexing::{index::UserIndex, near::nearest, write::write_pages};
use crate::{
    blocking,
    journal::{
        entry::{Ending, Entry, Role},
        ids::EntryId,
    },
    search::{
        chunk::chunks,
        embed::{EmbedState, EmbedderIdentity},
        engine::Meta,
        graph::Stop,
        plain::plain,
        vectors as codec,
    },
    services::{
        Failure, Services,
        indexing::index::{Sizes, maker_of},
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

/// How long nothing must be asked of the index before its parts are put together.
const IDLE: Duration = Duration::from_secs(3);

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
        let (services, keep) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = keep.locked.clone();
            tokio::select! {
                () = services.index_user(&keep) => {}
                () = locked.wait() => {}
            }
        });
        let (services, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = user.locked.clone();
            tokio::select! {
                () = services.draw_graphs(&user) => {}
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
        let mut is_complete = false;
        loop {
            if user.index.is_wanted.swap(false, Ordering::SeqCst) {
                match self.open_index(user, &identity).await {
                    Ok(mut missing) => work.append(&mut missing),
                    Err(_) => {
                        user.index.is_wanted.store(true, Ordering::SeqCst);
                        tokio::time::sleep(RETRY).await;
                        continue;
                    }
                }
            }
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
            if n_work > 0 {
                continue;
            }
            if !is_complete && given_up.is_empty() {
                is_complete = self.complete(user).await.is_ok();
            }
            while tokio::time::timeout(IDLE, user.index.nudge.notified()).await.is_err() {
                if !self.tend_index(user).await.unwrap_or(false) {
                    user.index.is_tidy.notify_one();
                    user.index.nudge.notified().await;
                    break;
                }
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

    /// Opens what is sealed and answers which entries have no vectors of this embedder.
    async fn open_index(&self, user: &Arc<User>, identity: &EmbedderIdentity) -> Result<Vec<Work>, Failure> {
        let keep = Arc::clone(user);
        let maker = maker_of(identity).ok_or(Failure::Internal)?;
        let stop = stop_of(user);
        // Who signs in asks soon: an index that was never asked would be the first to be closed.
        user.index.used.store(self.clock.moment().boot_ms, Ordering::Relaxed);
        let missing =
            blocking::db(move || open::open(&keep.vault, &keep.index, maker, Sizes::default(), &stop));
        self.wrote();
        let missing = missing.await??.unwrap_or_default();
        Ok(missing.into_iter().map(|id| Work { id, item: None }).collect())
    }

    /// Lets go of what an earlier embedder made, once there is nothing left to be embedded.
    async fn complete(&self, user: &Arc<User>) -> Result<(), Failure> {
        let keep = Arc::clone(user);
        let stop = stop_of(user);
        blocking::db(move || seal::complete(&keep.vault, &keep.index, &stop)).await??;
        self.wrote();
        Ok(())
    }

    /// Puts parts of the index together; `false` when there is nothing to do. It ends soon after the vault is locked.
    async fn tend_index(&self, user: &Arc<User>) -> Result<bool, Failure> {
        if !user.vault.may_write() {
            return Ok(false);
        }
        let keep = Arc::clone(user);
        let stop = stop_of(user);
        let done =
            blocking::db(move || seal::merge(&keep.vault, &keep.index, Sizes::default(), &stop)).await??;
        if done {
            self.wrote();
        }
        Ok(done)
    }

    /// Draws the graphs of large segments, one after the other, whenever the index was put together. A task of its own,
    /// because one takes a minute, and what is written meanwhile is to be found at once.
    async fn draw_graphs(&self, user: &Arc<User>) {
        loop {
            user.index.is_tidy.notified().await;
            loop {
                let keep = Arc::clone(user);
                let stop: Stop = Arc::new(stop_of(user));
                let drawn =
                    blocking::db(move || seal::draw_graph(&keep.vault, &keep.index, Sizes::default(), stop));
                match drawn.await {
                    Ok(Ok(true)) => self.wrote(),
                    Ok(Ok(false)) => break,
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "a graph could not be kept; it is tried again later");
                        break;
                    }
                    Err(_) => return,
                }
            }
        }
    }

    async fn pending(&self, user: &Arc<User>) -> Result<Vec<Work>, Failure> {
        let user = Arc::clone(user);
        blocking::db(move || {
            let outbox = user.vault.read(outbox::pending)?;
            let mut work: Vec<Work> =
                outbox.items.iter().map(|item| Work { id: item.id, item: Some(*item) }).collect();
            if outbox.rescan {
                let (mut listed, mut unknown) = (Vec::new(), Vec::new());
                user.vault.read(|r| {
                    entries::list(r, &mut |entry| {
                        listed.push(entry);
                        true
                    })
                })?;
                if let Some(open) = guard(&user.index.open).as_mut() {
                    unknown = open.compare(&listed);
                }
                work.extend(unknown.into_iter().map(|id| Work { id, item: None }));
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
            if let Some(open) = guard(&user.index.open).as_mut() {
                open.remove(id);
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
        let stop = stop_of(user);
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
            if is_current && let Some(open) = guard(&keep.index.open).as_mut() {
                open.fill(meta_of(&entry), &stored);
            }
            seal::flush_full(&keep.vault, &keep.index, Sizes::default(), &stop);
            Ok::<(), Failure>(())
        })
        .await??;
        self.wrote();
        Ok(())
    }
}

/// Whether an entry is found by a search: what the model failed at, or has not finished, is not, and no opening is: it
/// says again what is found in its place.
pub(crate) fn is_searchable(entry: &Entry) -> bool {
    let ended_well = match entry.role {
        Role::Writer => true,
        Role::Reply => matches!(entry.ending, Ending::Whole | Ending::Stopped),
        Role::Opening => false,
    };
    ended_well && entry.deleted.is_none() && !entry.text.is_empty()
}

fn meta_of(entry: &Entry) -> Meta {
    Meta { id: entry.id, revision: entry.revision, day: entry.day, created: entry.created, role: entry.role }
}

/// Tells long work whether the vault was locked.
fn stop_of(user: &User) -> impl Fn() -> bool + Send + Sync + use<> {
    let locked = user.locked.clone();
    move || locked.is_stopping()
}
