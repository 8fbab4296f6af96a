//! The one cookie a visitor carries: reading it, setting it, clearing it (SR-10, SR-14).
//!
//! The value is a random token. Signed in, it names a session in memory; before that it only carries the binding
//! of CSRF tokens. It is never adopted: signing in always sets a new one.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, header};

use crate::services::{Services, sessions::Session};

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
    pub fn of(services: &Services, headers: &HeaderMap) -> Self {
        if let Some(token) = cookie_value(headers)
            && let Some(fingerprint) = services.fingerprint(token)
        {
            let session = services.session(token);
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

/// The value of the session cookie; `None` when it is missing or there are several (one of them may have been
/// planted by a service on another port of this host).
fn cookie_value(headers: &HeaderMap) -> Option<&str> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.to_str().ok()?.split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            if name == COOKIE && found.replace(value).is_some() {
                return None;
            }
        }
    }
    found
}

/// `Set-Cookie` that gives the browser `token`. It lasts as long as the browser runs.
pub fn set(token: &str) -> HeaderValue {
    let line = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
    let mut value = HeaderValue::try_from(line).expect("tokens are base64url");
    value.set_sensitive(true);
    value
}

/// `Set-Cookie` that takes the cookie away.
pub fn clear() -> HeaderValue {
    HeaderValue::from_static("llamora_session=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().expect("a header value"));
        }
        cookie_value(&headers).map(str::to_owned)
    }

    #[test]
    fn doubled_cookies_are_ignored_both() {
        assert_eq!(value_of(&["a=1; llamora_session=x; b=2"]), Some("x".to_owned()));
        assert_eq!(value_of(&["llamora_session=x; llamora_session=y"]), None);
        assert_eq!(value_of(&["llamora_session=x", "llamora_session=x"]), None);
        assert_eq!(value_of(&["xllamora_session=x"]), None);
        assert_eq!(value_of(&[]), None);
    }

    #[test]
    fn cookies_carry_every_flag() {
        for value in [set("t"), clear()] {
            let text = value.to_str().expect("ASCII");
            for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
                assert!(text.contains(flag), "{flag}");
            }
            assert!(!text.contains("Domain"));
        }
    }
}
