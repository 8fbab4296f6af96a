//! One log line per request: method, route pattern, status, duration, request id. Never an address, a query, a
//! name or a header (SR-53); poem's `Tracing` logs the whole address and is not used.

use std::time::Instant;

use data_encoding::HEXLOWER;
use poem::http::{Method, StatusCode};

/// Programs and pages ask these every few seconds; what changes there is in the log from where it changed.
const WATCHING: [&str; 2] = ["/healthz", "/readyz"];

/// What is drawn for each request when it arrives.
#[derive(Clone)]
pub struct Mark {
    id: String,
    nonce: String,
    started: Instant,
}

impl Mark {
    /// Draws an id and a nonce and starts the clock.
    #[allow(clippy::new_without_default, reason = "drawing random bytes is no default")]
    pub fn new() -> Self {
        let id = HEXLOWER.encode(&random::<6>());
        let nonce = HEXLOWER.encode(&random::<18>());
        Self { id, nonce, started: Instant::now() }
    }

    /// The request id; error pages show it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The nonce of the answer's Content-Security-Policy.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Writes the log line, but for those who only watch.
    pub fn finish(&self, method: &Method, pattern: Option<&str>, status: StatusCode) {
        let ms = self.started.elapsed().as_millis();
        // Unknown methods are text of the visitor.
        let is_known =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
        let method = if is_known.contains(method) { method.as_str() } else { "other" };
        if pattern.is_some_and(|pattern| WATCHING.contains(&pattern)) {
            return;
        }
        tracing::info!(
            method,
            route = pattern.unwrap_or("-"),
            status = status.as_u16(),
            ms = u64::try_from(ms).unwrap_or(u64::MAX),
            request = self.id,
            "request"
        );
    }
}

/// Random bytes for identifiers that are no keys.
pub fn random<const N: usize>() -> [u8; N] {
    crate::random::array()
}
