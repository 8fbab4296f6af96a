//! Inviting somebody to begin a journal here.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};

use crate::{
    routes::confirm::{self, Wanted},
    services::sessions::Session,
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::invitations::InvitationPage,
    },
};

const HOME: &str = "/settings/security";
const INVITE: Wanted = Wanted {
    action: "/settings/security/invite",
    title: "An invitation",
    sentence: "Whoever has it can begin one journal here, within a week. It opens nothing of yours.",
    button: "Make an invitation",
};

/// `POST /settings/security/invite`: shows a code with which somebody can begin one journal.
///
/// # Errors
/// 404 where journals are not made by invitation; 409 when many wait; see [`confirm::first`].
pub async fn invite(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    if !call.services().invitations().await?.are_used {
        return Err(WebError::not_found());
    }
    confirm::first(call, session, form, &INVITE, |call, confirmed, _form| async move {
        let Some(code) = call.services().invite(&confirmed).await? else {
            return Err(WebError::new(
                StatusCode::CONFLICT,
                "Nothing was made",
                "Sixteen invitations wait already. Withdraw them, or wait until some are used.",
                (HOME, "Back to security"),
            ));
        };
        let page = InvitationPage {
            shell: call.shell_for("Settings", confirmed.session()),
            // The name this browser reached the program by; it was found to be ours.
            address: format!("http://{}/register", call.host()),
            code: code.as_str().to_owned(),
        };
        let mut response = call.page(StatusCode::OK, &page)?;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    })
    .await
}

/// `POST /settings/security/invite/withdraw`: the codes that wait open nothing any more.
///
/// # Errors
/// When the file cannot be written.
pub async fn withdraw(call: Arc<Call>, _session: Arc<Session>, _form: Form) -> Answer {
    call.services().withdraw_invitations().await?;
    Ok(see_other(&format!("{HOME}?done=withdrawn")))
}
