//! The first sign-in. Whoever has just begun a journal has typed the name once and the password twice, and never opened
//! the journal with them; a wrong name and a wrong password look alike. So one sign-in is asked for while the journal is
//! still open in that browser (`decisions.md` 37). A sealed setting says that it is; it goes with the first sign-in.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    services::{
        Services,
        sessions::{Session, User},
    },
    vault::settings,
};

/// Name of the setting. Absent when nothing is asked for.
pub(super) const SETTING: &str = "proof";
/// Its value.
pub(super) const WANTED: &[u8] = b"wanted";

impl Session {
    /// Whether nobody has opened the journal with its name and password yet.
    pub fn wants_proof(&self) -> bool {
        self.user.wants_proof.load(Ordering::SeqCst) && !self.user.is_proved.load(Ordering::SeqCst)
    }
}

impl Services {
    /// Notes that a person has signed in with name and password.
    pub(super) fn prove(session: &Session) {
        session.user.is_proved.store(true, Ordering::SeqCst);
    }

    /// Writes that down, where one sign-in was asked for. What cannot be written is asked for once more after the next
    /// start.
    pub(super) fn note_proof(self: &Arc<Self>, user: &Arc<User>) {
        let is_due = user.is_proved.load(Ordering::SeqCst) && user.wants_proof.load(Ordering::SeqCst);
        if !is_due || !user.vault.may_write() {
            return;
        }
        let (this, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let vault = Arc::clone(&user.vault);
            match blocking::db(move || vault.write(|w| settings::remove(w, SETTING))).await {
                Ok(Ok(())) => {
                    user.wants_proof.store(false, Ordering::SeqCst);
                    this.wrote();
                }
                Ok(Err(error)) => tracing::warn!(%error, "the first sign-in could not be noted"),
                Err(error) => tracing::error!(%error, "the first sign-in could not be noted"),
            }
        });
    }
}
