//! Making a journal.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::{
        auth::{account_error, end_session, with_session},
        device,
    },
    services::accounts::AccountError,
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::{
            auth::{RecoveryPage, RegisterPage},
            choosing::PassphraseView,
        },
    },
};

/// `GET /register`.
///
/// # Errors
/// 403 when registration is closed.
pub async fn new_account(call: Arc<Call>) -> Answer {
    if call.visitor.session.is_some() {
        return Ok(see_other("/d/today"));
    }
    page(&call, StatusCode::OK, "", None, None).await
}

/// `POST /register`: makes a vault, signs in, and shows the recovery code once.
///
/// # Errors
/// 403 when registration is closed; 5xx when the vault cannot be written.
pub async fn register(call: Arc<Call>, form: Form) -> Answer {
    let name = form.text("username");
    let zone = form.get("zone").filter(|zone| !zone.is_empty());
    let made =
        call.services().register(name, form.text("password"), form.text("password_confirm"), zone).await;
    let sentence = match made {
        Ok((session, token, code)) => {
            end_session(&call);
            let shell = call.shell_for("Recovery code", &session);
            let page =
                RecoveryPage { shell, code: code.as_str().to_owned(), name: session.name().to_string() };
            let mut response = with_session(call.page(StatusCode::OK, &page)?, &token);
            device::give(&call, &session, &mut response).await;
            return Ok(response);
        }
        Err(AccountError::Sentence(sentence)) => sentence,
        Err(AccountError::Taken) => {
            "Choose another password: this one cannot be used with this name.".to_owned()
        }
        Err(other) => return Err(account_error(other)),
    };
    page(&call, StatusCode::UNPROCESSABLE_ENTITY, name, Some(sentence), None).await
}

/// The page on which a journal begins, with what was typed before.
///
/// # Errors
/// 403 when registration is closed.
pub async fn page(
    call: &Call,
    status: StatusCode,
    name: &str,
    error: Option<String>,
    passphrase: Option<PassphraseView>,
) -> Answer {
    let instance = call.services().instance().await?;
    if !instance.registration_open {
        return Err(account_error(AccountError::Closed));
    }
    let page = RegisterPage {
        shell: call.shell("New journal"),
        username: name.to_owned(),
        error,
        is_new: instance.is_new,
        zone_field: true,
        passphrase,
    };
    call.page(status, &page)
}
