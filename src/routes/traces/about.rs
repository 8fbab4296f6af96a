//! What a trace is about: its summary, and what is shown where its chip is opened.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::ids::TraceId,
    services::sessions::Session,
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::traces::{
            ChipItem,
            about::{AboutPart, LatestItem, SummaryItem, SummaryPart},
        },
    },
};

/// `GET /traces/{id}/summary`: the summary of a trace, made when there is none; as a page, the way to it.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn summary(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let id = there(&call, &session).await?;
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/traces/{id}#summary")));
    }
    let found = call.services().trace_summary(&session, id).await?;
    let summary = found.map(|found| SummaryItem::of(id.to_string(), Some(found)));
    call.page(StatusCode::OK, &SummaryPart { shell: call.shell("Trace"), summary })
}

/// `POST /traces/{id}/summary/remove`: removes the summary; the trace gets none before one of its entries changes.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn remove_summary(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let id = there(&call, &session).await?;
    call.services().remove_summary(&session, id).await?;
    Ok(see_other(&format!("/traces/{id}")))
}

/// `GET /traces/{id}/about`: what is known of a trace, where its chip is opened; as a page, the way to it.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn about(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let id = there(&call, &session).await?;
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/traces/{id}")));
    }
    let about = call.services().trace_about(&session, id).await?.ok_or_else(WebError::not_found)?;
    // What cannot be summed up is shown all the same.
    let summary = call.services().trace_summary(&session, id).await.unwrap_or_default();
    let part = AboutPart {
        summary: summary.map(|found| SummaryItem::of(id.to_string(), Some(found))),
        related: about.related.iter().map(|(chip, n)| (ChipItem::from(chip), *n)).collect(),
        latest: about.latest.iter().map(LatestItem::from).collect(),
    };
    call.page(StatusCode::OK, &part)
}

/// The trace that is asked for; 404 when there is none.
async fn there(call: &Call, session: &Session) -> Result<TraceId, WebError> {
    let id = call.param::<TraceId>("id")?;
    call.services().trace_name(session, id).await?.map(|_| id).ok_or_else(WebError::not_found)
}
