//! `/older`: the journal is older than what this browser last saw of it, and its owner decides how to go on.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::days::last_entry,
    services::sessions::Session,
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::older::OlderPage,
    },
};

/// `GET /older`.
///
/// # Errors
/// When the journal cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let Some(older) = call.services().older_journal(&session).await? else {
        return Ok(see_other("/d/today"));
    };
    let page = OlderPage {
        shell: call.shell("Journal"),
        last_entry: older.totals.as_ref().map(last_entry),
        seen: older.seen.map(|wall| call.services().moment_of(&session, wall)),
        can_go_on: older.can_go_on,
        only_reads: session.only_reads(),
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /older/continue`: goes on from what is there.
///
/// # Errors
/// When it cannot be written; then nothing was decided.
pub async fn go_on(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    call.services().go_on(&session).await?;
    Ok(see_other("/d/today"))
}

/// `POST /older/read-only`: reads what is there and writes nothing in this session.
///
/// # Errors
/// Never.
pub async fn read_only(_call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    session.choose_reading();
    Ok(see_other("/d/today"))
}
