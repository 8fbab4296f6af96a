//! New tokens for old sessions, and what a session remembers of the password having been typed again (SR-12, SR-16).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use crate::{
    clock::Moment,
    crypto::{secret::RecoveryCode, token::Token},
    services::sessions::{Seen, Session, Sessions, User, guard},
};

/// How long a typed password opens key operations (SR-16), in milliseconds.
const FRESH_MS: i64 = 5 * 60 * 1000;
/// How long a new recovery code waits to be typed back, in milliseconds.
const OFFER_MS: i64 = 15 * 60 * 1000;

/// What a session keeps over a renewal of its token, and of the password having been typed.
pub(super) struct Stamp {
    /// What CSRF tokens are bound to: the fingerprint of the token the session began with. A new token leaves it as it
    /// is, so that other tabs of the browser can still save what is written in them; signing in begins a new one.
    binding: [u8; 32],
    /// When the password was last typed again, by the steady clock. Signing in gives no stamp.
    typed: AtomicI64,
}

impl Stamp {
    /// Of a session that begins with the token of this fingerprint.
    pub(super) fn none(binding: [u8; 32]) -> Self {
        Self { binding, typed: AtomicI64::new(i64::MIN) }
    }
}

/// A recovery code that was shown and is not valid yet; one per person, the last one counts.
#[derive(Default)]
pub(super) struct Offer(Mutex<Option<(Arc<RecoveryCode>, i64)>>);

impl Session {
    /// What CSRF tokens of this session are bound to.
    pub fn binding(&self) -> &[u8; 32] {
        &self.stamp.binding
    }

    /// Notes that the owner has just proved to be there.
    pub(crate) fn confirm(&self, now: Moment) {
        self.stamp.typed.store(now.boot_ms, Ordering::Relaxed);
    }

    /// Whether the password was typed again within the last five minutes.
    pub(crate) fn is_confirmed(&self, now: Moment) -> bool {
        now.boot_ms.saturating_sub(self.stamp.typed.load(Ordering::Relaxed)) < FRESH_MS
    }
}

impl User {
    /// Keeps a new recovery code until it is typed back.
    pub(crate) fn offer(&self, code: Arc<RecoveryCode>, now: Moment) {
        *guard(&self.offer.0) = Some((code, now.boot_ms));
    }

    /// The code that waits to be typed back, if its time is not over.
    pub(crate) fn offered(&self, now: Moment) -> Option<Arc<RecoveryCode>> {
        self.expire_offer(now);
        guard(&self.offer.0).as_ref().map(|(code, _)| Arc::clone(code))
    }

    /// Forgets the code that waits; its bytes are wiped.
    pub(crate) fn withdraw_offer(&self) {
        *guard(&self.offer.0) = None;
    }

    /// Forgets it when its time is over.
    pub(super) fn expire_offer(&self, now: Moment) {
        guard(&self.offer.0).take_if(|(_, since)| now.boot_ms.saturating_sub(*since) >= OFFER_MS);
    }
}

impl Sessions {
    /// Gives a session another token and the stamp that its owner is there. The token before opens nothing from here
    /// on. `None` when the session has ended meanwhile: it is not revived.
    pub(crate) fn renew(&self, session: &Session, token: &Token, now: Moment) -> Option<Arc<Session>> {
        let mut inner = guard(&self.inner);
        let old = inner.sessions.remove(session.fingerprint())?;
        if old.kept.get().is_some() {
            inner.denied.insert(old.id);
        }
        let fingerprint = token.fingerprint();
        let renewed = Arc::new(Session {
            fingerprint,
            id: token.id(),
            user: Arc::clone(&old.user),
            began: old.began,
            seen: Seen::at(now),
            label: old.label.clone(),
            kept: old.kept.clone(),
            stamp: Stamp::none(old.stamp.binding),
            is_greeted: AtomicBool::new(old.is_greeted.load(Ordering::Relaxed)),
            searches: old.searches.clone(),
            wrong: Mutex::new(old.take_wrong()),
            view: old.view.again(),
        });
        renewed.confirm(now);
        inner.sessions.insert(fingerprint, Arc::clone(&renewed));
        Some(renewed)
    }

    /// What CSRF tokens are bound to of whoever has the token of this fingerprint, signed in or not.
    pub(crate) fn binding(&self, fingerprint: [u8; 32]) -> [u8; 32] {
        guard(&self.inner).sessions.get(&fingerprint).map_or(fingerprint, |session| *session.binding())
    }

    /// Ends all sessions of a person but this one.
    pub(crate) fn end_others(&self, keep: &Session) {
        let vault = keep.user.vault.id();
        guard(&self.inner).end_where(|session| {
            session.user.vault.id() == vault && session.fingerprint() != keep.fingerprint()
        });
    }
}
