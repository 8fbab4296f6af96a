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
mod work;
mod write;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub(crate) use crate::services::indexing::{
    index::UserIndex,
    near::{fresh, nearest, nearest_as_indexed},
    write::{write_behind, write_pages},
};
use crate::{
    blocking,
    journal::entry::{Ending, Entry, Role},
    search::{
        embed::{EmbedState, EmbedderIdentity},
        engine::Meta,
        graph::Stop,
    },
    services::{
        Failure, Services,
        indexing::{
            index::{Sizes, maker_of},
            work::{Group, Pace, Work},
        },
        sessions::{User, guard},
    },
    vault::{entries, outbox},
};

/// How often the embedder is looked at while it loads.
const LOOK: Duration = Duration::from_millis(200);
/// Pause after a failure before the outbox is tried again.
const RETRY: Duration = Duration::from_secs(20);

/// How long nothing must be asked of the index before its parts are put together.
const IDLE: Duration = Duration::from_secs(3);

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
        let mut given_up: Vec<Work> = Vec::new();
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
            work.retain(|work| !given_up.contains(work));
            let n_work = work.len();
            let (mut group, mut pace) = (Group::default(), Pace::default());
            for (done, item) in work.drain(..).enumerate() {
                user.index.waiting.store(n_work - done, Ordering::Relaxed);
                match self.read_meaning(user, &identity, &mut pace, item).await {
                    Ok(done) => group.push(done),
                    Err(_) => given_up.push(item),
                }
                if group.is_full() {
                    given_up.append(&mut self.keep_meanings(user, group.take()).await);
                }
            }
            given_up.append(&mut self.keep_meanings(user, group.take()).await);
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
                write_behind(&user.vault, |w| outbox::rescanned(w, &outbox))?;
            }
            Ok(work)
        })
        .await?
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
