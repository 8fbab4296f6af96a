//! Recaps: one to three sentences on a past day, shown at its end.
//!
//! A recap is made of a day's own sentences ([`crate::search::recap`]), without any model. Where a model inside this
//! program is able to, it writes a better one, bound by a grammar, of which only sentences stay that rest on the day
//! ([`crate::search::ground`]); when none does, the writer's own stay. It is kept sealed under the day's digest: when the
//! day changes it is stale, and made anew when somebody looks.
//!
//! Made is only what is looked at, one day at a time, and the last one looked at is next: leafing through a month leaves
//! no queue behind. A reply that is asked for goes before. Nothing is ever sent to an upstream for a recap, and with the
//! model switched off there are none.

mod at_work;
mod improve;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

pub(crate) use at_work::AtWork;
#[cfg(any(test, feature = "test-hooks"))]
pub use at_work::Counted;
use tokio::sync::watch;

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
    },
    search::{embed::EmbedState, plain::plain, recap},
    services::{
        Failure, Services,
        sessions::{Session, User, guard},
    },
    vault::{
        entries,
        recaps::{self, Recap},
    },
};

/// A day of fewer characters needs no recap: it is read as fast.
pub(super) const WORTH_IT: usize = 280;
/// How long a page that asks for a recap waits for it.
const WAIT: std::time::Duration = std::time::Duration::from_secs(4);

/// What is wanted of a person's recaps, and whether something is being made.
pub(crate) struct UserRecaps {
    /// The day to look at next; the last one asked for.
    wanted: Mutex<Option<Day>>,
    is_making: AtomicBool,
    /// Counts what was made.
    made: watch::Sender<u64>,
    /// The day whose recap is being made: looking at it again does not begin anew.
    making: Mutex<Option<Day>>,
}

impl Default for UserRecaps {
    fn default() -> Self {
        Self {
            wanted: Mutex::default(),
            making: Mutex::default(),
            is_making: AtomicBool::new(false),
            made: watch::channel(0).0,
        }
    }
}

/// A recap as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecapView {
    /// One to three sentences.
    pub sentences: Vec<String>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
}

/// Whether a day has a recap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecapState {
    /// It has.
    There(RecapView),
    /// It is being made; ask again in a moment.
    BeingMade,
    /// It has none and gets none: too short, removed, not over yet, or the model is off.
    Nothing,
}

/// What a recap is made of.
struct Material {
    /// Plain texts of the day's entries, in order.
    texts: Vec<String>,
    digest: [u8; 32],
    kept: Option<Recap>,
}

impl Material {
    fn fresh(&self) -> Option<&Recap> {
        self.kept.as_ref().filter(|kept| kept.digest == self.digest)
    }

    fn is_worth_it(&self) -> bool {
        self.texts.iter().map(|text| text.chars().count()).sum::<usize>() >= WORTH_IT
    }
}

impl Services {
    /// Whether days of this person get recaps at all: none do while the model is switched off.
    pub fn may_recap(&self, session: &Session) -> bool {
        !session.user.model_is_off.load(Ordering::SeqCst)
    }

    /// The recap of a day, as far as it is there; what is missing or can be bettered begins to be made.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn recap(self: &Arc<Self>, session: &Session, day: Day) -> Result<RecapState, Failure> {
        if day >= self.today(session) || session.user.model_is_off.load(Ordering::SeqCst) {
            return Ok(RecapState::Nothing);
        }
        let user = &session.user;
        let material = material(user, day).await?;
        if !material.is_worth_it() {
            return Ok(RecapState::Nothing);
        }
        // What cannot be kept is not made: the journal is only read, or has not been accepted yet.
        let may_make =
            user.is_settled.load(Ordering::SeqCst) && user.vault.may_write() && self.store_note().is_none();
        match material.fresh() {
            Some(kept) if kept.sentences.is_empty() => Ok(RecapState::Nothing),
            Some(kept) => {
                if may_make && self.may_improve(user, kept) {
                    self.make_recap(user, day);
                }
                let model = kept.made_by.as_ref().map(|maker| maker.model.clone());
                Ok(RecapState::There(RecapView { sentences: kept.sentences.clone(), model }))
            }
            None if may_make => {
                self.make_recap(user, day);
                Ok(RecapState::BeingMade)
            }
            None => Ok(RecapState::Nothing),
        }
    }

    /// The same, and waits a moment for one that is being made.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn recap_soon(self: &Arc<Self>, session: &Session, day: Day) -> Result<RecapState, Failure> {
        let mut made = session.user.recaps.made.subscribe();
        let waited = tokio::time::timeout(WAIT, async {
            loop {
                made.borrow_and_update();
                match self.recap(session, day).await {
                    Ok(RecapState::BeingMade) => {}
                    found => return found,
                }
                if made.changed().await.is_err() {
                    return Ok(RecapState::Nothing);
                }
            }
        });
        waited.await.unwrap_or(Ok(RecapState::BeingMade))
    }

    /// Removes the recap of a day. It gets none again before it changes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_recap(&self, session: &Session, day: Day) -> Result<(), Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        blocking::db(move || {
            user.vault.write(|w| {
                if recaps::get(w, day)?.is_none() {
                    return Ok(());
                }
                let digest = recaps::digest(&entries::day(w, day)?);
                let removed =
                    Recap { sentences: Vec::new(), digest, made: now, made_by: None, tried: String::new() };
                recaps::put(w, day, &removed)
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// Makes the recap of a day next, unless another day is asked for before its turn comes.
    fn make_recap(self: &Arc<Self>, user: &Arc<User>, day: Day) {
        if *guard(&user.recaps.making) == Some(day) {
            return;
        }
        *guard(&user.recaps.wanted) = Some(day);
        if user.recaps.is_making.swap(true, Ordering::SeqCst) {
            return;
        }
        let (services, user, round) = (Arc::clone(self), Arc::clone(user), self.recaps_at_work.round());
        self.tasks.spawn(async move {
            let _round = round;
            let mut locked = user.locked.clone();
            tokio::select! {
                () = services.make_recaps(&user) => {}
                () = locked.wait() => {}
            }
        });
    }

    async fn make_recaps(&self, user: &Arc<User>) {
        loop {
            let wanted = guard(&user.recaps.wanted).take();
            let Some(day) = wanted else {
                user.recaps.is_making.store(false, Ordering::SeqCst);
                // Asked for between the two lines above.
                if guard(&user.recaps.wanted).is_some() && !user.recaps.is_making.swap(true, Ordering::SeqCst)
                {
                    continue;
                }
                return;
            };
            // One at a time for all people: it is nobody's turn that must not wait.
            let _turn = self.recap_turn.lock().await;
            *guard(&user.recaps.making) = Some(day);
            let working = self.recaps_at_work.begin();
            let made = self.make_one(user, day).await;
            drop(working);
            *guard(&user.recaps.making) = None;
            if made.is_err() {
                tracing::warn!("a recap could not be made; it is tried again when the day is looked at");
            }
            user.recaps.made.send_modify(|made| *made += 1);
        }
    }

    /// Makes the recap of a day of its own sentences, then lets a model better it.
    async fn make_one(&self, user: &Arc<User>, day: Day) -> Result<(), Failure> {
        let material = material(user, day).await?;
        if !material.is_worth_it() {
            return Ok(());
        }
        let sentences = recap::sentences(&material.texts);
        let vectors = self.sentence_vectors(&sentences).await;
        let kept = match material.fresh() {
            Some(kept) => kept.clone(),
            None => {
                let chosen = recap::choose(
                    &sentences,
                    &vectors.clone().unwrap_or_else(|| recap::word_vectors(&sentences)),
                );
                let made = Recap {
                    sentences: chosen,
                    digest: material.digest,
                    made: self.clock.now_ms(),
                    made_by: None,
                    tried: String::new(),
                };
                self.keep_recap(user, day, made.clone()).await?;
                user.recaps.made.send_modify(|made| *made += 1);
                made
            }
        };
        if self.may_improve(user, &kept)
            && let Some(better) =
                self.improve(user, day, &material.texts, &sentences, vectors.as_deref(), kept).await
        {
            self.keep_recap(user, day, better).await?;
        }
        Ok(())
    }

    /// Keeps a recap, unless its day has changed since or somebody removed it.
    async fn keep_recap(&self, user: &Arc<User>, day: Day, recap: Recap) -> Result<(), Failure> {
        let user = Arc::clone(user);
        blocking::db(move || {
            user.vault.write(|w| {
                let is_current = recaps::digest(&entries::day(w, day)?) == recap.digest;
                let kept = recaps::get(w, day).ok().flatten();
                let was_removed =
                    kept.is_some_and(|kept| kept.digest == recap.digest && kept.sentences.is_empty());
                if is_current && !was_removed { recaps::put(w, day, &recap) } else { Ok(()) }
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// The vectors of sentences; none while no embedder can be asked.
    pub(super) async fn sentence_vectors(&self, sentences: &[String]) -> Option<Vec<Vec<f32>>> {
        if !self.has_embedder || sentences.is_empty() || !matches!(self.embed.state(), EmbedState::Ready(_)) {
            return None;
        }
        self.embed.embed(sentences.to_vec()).await.ok().filter(|vectors| vectors.len() == sentences.len())
    }
}

async fn material(user: &Arc<User>, day: Day) -> Result<Material, Failure> {
    let user = Arc::clone(user);
    blocking::db(move || {
        let (entries, kept) = user.vault.read(|r| {
            let kept = match recaps::get(r, day) {
                // One that cannot be read is made anew.
                Err(error) if error.is_of_one_record() => None,
                found => found?,
            };
            Ok((entries::day(r, day)?, kept))
        })?;
        let is_own = |entry: &&Entry| entry.role == Role::Writer && entry.deleted.is_none();
        let texts = entries.iter().filter(is_own).map(|entry| plain(&entry.text)).collect();
        Ok(Material { texts, digest: recaps::digest(&entries), kept })
    })
    .await?
}
