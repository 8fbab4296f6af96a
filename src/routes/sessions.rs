//! The browsers a person is signed in with.

use std::sync::Arc;

use poem::Response;

use crate::{
    services::sessions::{Session, list::SessionId},
    web::{
        agent,
        call::{Answer, Call, see_other, set_cookie},
        error::WebError,
        form::Form,
        pages::security::BrowserView,
        session,
    },
};

/// Field of the sign-in form that asks to stay signed in.
pub const STAY: &str = "stay";

/// `POST /settings/security/sessions/:id/end`: signs another browser out. One that has ended already is no error.
///
/// # Errors
/// 404 when the address names no session.
pub async fn end(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let id: SessionId = call.param("id")?;
    call.services().end_session(&session, id).await?;
    call.app.streams.session_ended();
    Ok(see_other("/settings/security?done=ended#browsers"))
}

/// The browsers of a person as the page shows them.
///
/// # Errors
/// When the file cannot be read.
pub async fn browsers(call: &Call, session: &Session) -> Result<Vec<BrowserView>, WebError> {
    let services = call.services();
    let signed_in = services.signed_in(session).await?.into_iter();
    Ok(signed_in
        .map(|found| BrowserView {
            id: found.id.to_string(),
            label: found.label,
            began: services.moment_of(session, found.began),
            seen: services.moment_of(session, found.seen),
            is_this: found.is_this,
            is_kept: found.is_kept,
        })
        .collect())
}

/// Gives the browser the cookie of a session that begins with this answer; for longer when it asked to stay signed in
/// and this instance allows that.
pub async fn admit(
    call: &Call,
    form: &Form,
    session: &Session,
    token: &str,
    mut response: Response,
) -> Response {
    session.label_as(|| agent::class(call.headers()));
    let seconds = match form.get(STAY) {
        Some(_) => call.services().keep_signed_in(session, token).await,
        None => None,
    };
    set_cookie(&mut response, session::give(token, seconds));
    response
}
