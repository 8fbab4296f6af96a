//! The list of the browsers a person is signed in with, and ending one of them.

use std::sync::{Arc, atomic::Ordering};

pub use crate::crypto::token::SessionId;
use crate::{
    blocking,
    services::{
        Failure, Services,
        sessions::{Gone, Session, Sessions, guard},
    },
    vault::sessions::Listed,
};

/// Said of a browser of which no kind is known yet.
const UNKNOWN: &str = "A browser";

/// One browser of a person. Moments are milliseconds since 1970, by the clock on the wall.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// Its name, which opens nothing.
    pub id: SessionId,
    /// What kind of browser it is.
    pub label: String,
    /// When it signed in.
    pub began: i64,
    /// When it was last seen.
    pub seen: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// Whether it stays signed in when the program starts again.
    pub is_kept: bool,
}

impl Session {
    /// Its name, which opens nothing.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Notes what kind of browser it is, unless that is known: a few words of ours, never what the browser sends.
    pub fn label_as(&self, label: impl FnOnce() -> String) {
        self.label.get_or_init(label);
    }

    fn line(&self, asking: &Self) -> SignedIn {
        SignedIn {
            id: self.id,
            label: self.label.get().map_or(UNKNOWN, String::as_str).to_owned(),
            began: self.began.wall_ms,
            seen: self.seen.wall_ms.load(Ordering::Relaxed),
            is_this: self.fingerprint == asking.fingerprint,
            is_kept: false,
        }
    }
}

impl Sessions {
    /// The sessions of a person: the one that asks first, then by when they were last seen.
    pub(crate) fn of(&self, asking: &Session) -> Vec<SignedIn> {
        let vault = asking.user.vault.id();
        let mut found: Vec<Arc<Session>> = guard(&self.inner)
            .sessions
            .values()
            .filter(|session| session.user.vault.id() == vault)
            .cloned()
            .collect();
        found.sort_by_key(|session| {
            (session.fingerprint != asking.fingerprint, -session.seen.boot_ms.load(Ordering::Relaxed))
        });
        found.iter().map(|session| session.line(asking)).collect()
    }

    /// Ends the session of this name if it is one of the person who asks.
    fn end_one(&self, asking: &Session, id: SessionId) -> Vec<Gone> {
        let vault = asking.user.vault.id();
        guard(&self.inner).end_where(|session| session.id == id && session.user.vault.id() == vault)
    }
}

impl Services {
    /// The browsers a person is signed in with: the one that asks first, last those that stay signed in and have not
    /// been here since the program started.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn signed_in(&self, asking: &Session) -> Result<Vec<SignedIn>, Failure> {
        let mut found = self.sessions.of(asking);
        if self.keeps_sessions {
            let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&asking.user.vault));
            let listed = blocking::db(move || vaults.listed_sessions(&vault)).await??;
            for line in &mut found {
                line.is_kept = listed.iter().any(|other| other.id == line.id);
            }
            let absent = listed.into_iter().filter(|other| found.iter().all(|line| line.id != other.id));
            let mut absent: Vec<SignedIn> = absent.map(SignedIn::from).collect();
            absent.sort_by_key(|line| -line.seen);
            found.extend(absent);
        }
        Ok(found)
    }

    /// Signs another browser of the same person out; nothing happens when there is none of this name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn end_session(&self, asking: &Session, id: SessionId) -> Result<(), Failure> {
        let vault = Arc::clone(&asking.user.vault);
        self.forget(self.sessions.end_one(asking, id)).await;
        let (vaults, of) = (Arc::clone(&self.vaults), vault.id());
        if self.keeps_sessions && blocking::db(move || vaults.session_ids(of)).await??.contains(&id) {
            self.end_kept(vault, id).await;
        }
        Ok(())
    }
}

impl From<Listed> for SignedIn {
    fn from(listed: Listed) -> Self {
        let label = if listed.label.is_empty() { UNKNOWN.to_owned() } else { listed.label };
        Self { id: listed.id, label, began: listed.created, seen: listed.seen, is_this: false, is_kept: true }
    }
}
