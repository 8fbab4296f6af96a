//! The list of the browsers a person is signed in with, and ending one of them.

use std::sync::{Arc, atomic::Ordering};

pub use crate::crypto::token::SessionId;
use crate::services::{
    Services,
    sessions::{Session, Sessions, guard},
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

    /// Ends the session of this name if it is one of the person who asks. `false` when there is none.
    pub(crate) fn end_one(&self, asking: &Session, id: SessionId) -> bool {
        let vault = asking.user.vault.id();
        let mut inner = guard(&self.inner);
        let found = inner
            .sessions
            .values()
            .find(|session| session.id == id && session.user.vault.id() == vault)
            .map(|session| session.fingerprint);
        found.inspect(|fingerprint| inner.end(fingerprint)).is_some()
    }
}

impl Services {
    /// The browsers a person is signed in with, the one that asks first.
    pub fn signed_in(&self, asking: &Session) -> Vec<SignedIn> {
        self.sessions.of(asking)
    }

    /// Signs another browser of the same person out. `false` when there is none of this name.
    pub fn end_session(&self, asking: &Session, id: SessionId) -> bool {
        self.sessions.end_one(asking, id)
    }
}
