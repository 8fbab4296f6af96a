//! Removing everything a model wrote, in one action.
//!
//! What it is, is found by looking at every record ([`crate::vault::machine`]), and what is only in memory by naming every
//! part of a person ([`User::forget_made`]), so that neither passes over what is added later. It is removed for ever, some
//! dozens of records in a transaction; that it was begun is kept sealed, and when it breaks off it is ended at the next
//! sign-in.

use std::sync::Arc;

use crate::{
    blocking,
    services::{
        Failure, Services,
        sessions::{Session, User},
    },
    vault::{
        error::VaultError,
        machine::{self, Made, What},
    },
};

/// Records removed in one transaction, so that others who write wait a moment and no longer.
const BATCH: usize = 32;

/// How much a model wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineTexts {
    /// Replies, in the trash as well.
    pub replies: usize,
    /// Openings of days.
    pub openings: usize,
    /// Recaps.
    pub recaps: usize,
    /// Anything else.
    pub others: usize,
    /// When it was counted, milliseconds since 1970 UTC: removing it removes nothing that came later.
    pub until: i64,
}

impl MachineTexts {
    fn of(made: &[Made], until: i64) -> Self {
        let n = |what: What| made.iter().filter(|made| made.what == what).count();
        Self {
            replies: n(What::Reply),
            openings: n(What::Opening),
            recaps: n(What::Recap),
            others: n(What::Other),
            until,
        }
    }

    /// How many texts.
    pub fn count(&self) -> usize {
        self.replies + self.openings + self.recaps + self.others
    }
}

impl Services {
    /// Counts what a model wrote in a journal.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn machine_texts(&self, session: &Session) -> Result<MachineTexts, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        Ok(blocking::db(move || Ok::<_, VaultError>(MachineTexts::of(&list(&user, now)?, now))).await??)
    }

    /// Removes everything for ever that a model wrote up to a moment, and what is remembered of it; gives what it was.
    /// Replies that run are stopped first. The index is told, and the old bytes leave the file.
    ///
    /// # Errors
    /// When it cannot be written. What was removed until then stays removed, and the rest is removed at the next sign-in.
    pub async fn remove_machine_texts(
        self: &Arc<Self>,
        session: &Session,
        until: i64,
    ) -> Result<MachineTexts, Failure> {
        let user = &session.user;
        user.running.stop_all().await;
        self.forget_read(user).await;
        let keep = Arc::clone(user);
        let made = blocking::db(move || {
            let made = list(&keep, until)?;
            keep.vault.write(|w| machine::begin(w, until))?;
            Ok::<_, VaultError>(made)
        })
        .await??;
        self.wrote();
        let counted = MachineTexts::of(&made, until);
        self.remove_made(user, made).await?;
        Ok(counted)
    }

    /// Ends a removal that broke off, at sign-in.
    pub(crate) fn end_removal(self: &Arc<Self>, user: &Arc<User>) {
        let (services, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let keep = Arc::clone(&user);
            let begun = blocking::db(move || match keep.vault.read(machine::begun)? {
                Some(until) => list(&keep, until).map(Some),
                None => Ok(None),
            });
            let done = match begun.await {
                Ok(Ok(None)) => return,
                Ok(Ok(Some(made))) => services.remove_made(&user, made).await,
                Ok(Err(error)) => Err(error.into()),
                Err(panicked) => Err(panicked.into()),
            };
            match done {
                Ok(()) => tracing::info!("ended the removal of what a model wrote"),
                // Logged where it happened; the next sign-in tries again.
                Err(_) => tracing::warn!("the removal of what a model wrote could not be ended yet"),
            }
        });
    }

    async fn remove_made(&self, user: &Arc<User>, made: Vec<Made>) -> Result<(), Failure> {
        let n_made = made.len();
        for batch in made.chunks(BATCH) {
            if user.locked.is_stopping() {
                return Ok(());
            }
            let (keep, batch) = (Arc::clone(user), batch.to_vec());
            blocking::db(move || keep.vault.write(|w| machine::remove(w, &batch))).await??;
            self.wrote();
        }
        let keep = Arc::clone(user);
        blocking::db(move || keep.vault.write(machine::end)).await??;
        self.wrote();
        user.forget_made();
        if n_made > 0 {
            self.nudge(user);
            self.squeeze().await;
        }
        Ok(())
    }
}

fn list(user: &User, until: i64) -> Result<Vec<Made>, VaultError> {
    let mut made = user.vault.read(machine::all)?;
    made.retain(|made| made.made <= until);
    Ok(made)
}
