//! The browsers a person is signed in with.

use std::sync::Arc;

use crate::{
    services::sessions::{Session, list::SessionId},
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::security::BrowserView,
    },
};

/// `POST /settings/security/sessions/:id/end`: signs another browser out. One that has ended already is no error.
///
/// # Errors
/// 404 when the address names no session.
pub async fn end(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let id: SessionId = call.param("id")?;
    call.services().end_session(&session, id);
    call.app.streams.session_ended();
    Ok(see_other("/settings/security?done=ended#browsers"))
}

/// The browsers of a person as the page shows them.
pub fn browsers(call: &Call, session: &Session) -> Vec<BrowserView> {
    let services = call.services();
    let signed_in = services.signed_in(session).into_iter();
    signed_in
        .map(|found| BrowserView {
            id: found.id.to_string(),
            label: found.label,
            began: services.moment_of(session, found.began),
            seen: services.moment_of(session, found.seen),
            is_this: found.is_this,
        })
        .collect()
}
