//! The one cookie a visitor carries: reading it, setting it, clearing it (SR-10, SR-14).
//!
//! The value is a random token. Signed in, it names a session in memory, and opens the row of a session that survives
//! a restart; before that it only carries the binding
//! of CSRF tokens. It is never adopted: signing in always sets a new one.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue};

use crate::{
    services::{Services, sessions::Session},
    web::{agent, cookies, witness},
};

/// Name of the session cookie.
pub const COOKIE: &str = "llamora_session";

/// Who sends a request.
pub struct Visitor {
    /// The session, when signed in.
    pub session: Option<Arc<Session>>,
    /// What CSRF tokens of this visitor are bound to.
    pub fingerprint: [u8; 32],
    token: String,
    is_fresh: bool,
}

impl Visitor {
    /// Reads the cookie of a request; a visitor without a usable one gets a new token, which reaches the browser
    /// only when a page with a form is answered.
    pub async fn of(services: &Arc<Services>, headers: &HeaderMap) -> Self {
        if let Some(token) = cookies::value(headers, COOKIE)
            && let Some(fingerprint) = services.fingerprint(token)
        {
            let session = services.visit(token).await;
            if let Some(session) = &session {
                services.judge(session, witness::of(headers, session)).await;
                services.note_visit(session, token);
                session.label_as(|| agent::class(headers));
            }
            let fingerprint = session.as_ref().map_or(fingerprint, |session| *session.binding());
            return Self { session, fingerprint, token: token.to_owned(), is_fresh: false };
        }
        let token = services.anonymous();
        let fingerprint = services.fingerprint(&token).unwrap_or_default();
        Self { session: None, fingerprint, token, is_fresh: true }
    }

    /// A visitor of whom nothing is asked: files and health have no session.
    pub fn nobody() -> Self {
        Self { session: None, fingerprint: [0; 32], token: String::new(), is_fresh: false }
    }

    /// The cookie value.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether the browser does not have the token yet.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }
}

/// `Set-Cookie` that gives the browser `token`. It lasts as long as the browser runs.
pub fn set(token: &str) -> HeaderValue {
    cookies::set(COOKIE, token)
}

/// `Set-Cookie` of a session that began or was renewed: for as long as the browser runs, or for so many seconds.
pub fn give(token: &str, seconds: Option<u32>) -> HeaderValue {
    seconds.map_or_else(|| set(token), |seconds| cookies::set_for(COOKIE, token, seconds))
}

/// `Set-Cookie` that takes the cookie away.
pub fn clear() -> HeaderValue {
    cookies::clear(COOKIE)
}
