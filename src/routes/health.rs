//! For programs that watch this one: no session, no content, no cookie.

use std::sync::Arc;

use poem::{Response, http::StatusCode};
use serde::Serialize;

use crate::web::call::{Answer, Call};

#[derive(Serialize)]
struct Ready {
    store: &'static str,
    model: &'static str,
    embedder: &'static str,
    /// Why the store is not `ok`, for the page that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// `GET /healthz`: the process answers. It touches nothing.
///
/// # Errors
/// Never.
pub async fn alive(_call: Arc<Call>) -> Answer {
    Ok(json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned()))
}

/// `GET /readyz`: how the parts are. 503 only when the store is down (`decisions.md` 23). It only tells what is known
/// and touches nothing, so pages may ask every few seconds.
///
/// # Errors
/// Never.
pub async fn ready(call: Arc<Call>) -> Answer {
    let readiness = call.services().readiness();
    let ready = Ready {
        store: readiness.store,
        model: readiness.model,
        embedder: readiness.embedder,
        note: call.services().store_note().map(|note| note.sentence),
    };
    let is_down = readiness.store == "failed";
    let status = if is_down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(json(status, serde_json::to_string(&ready).unwrap_or_default()))
}

fn json(status: StatusCode, body: String) -> Response {
    Response::builder().status(status).content_type("application/json; charset=utf-8").body(body)
}
