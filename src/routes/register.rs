//! Making a journal.

use std::sync::Arc;

use poem::http::{StatusCode, header};

use crate::{
    routes::{
        auth::{account_error, end_session},
        device, sessions,
    },
    services::{
        accounts::{AccountError, Proposed},
        admission::Admission,
    },
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::{
            auth::{RecoveryPage, RegisterPage},
            choosing::PassphraseView,
        },
    },
};

const NO_CODE: &str = "A journal can be begun here only with a code that is still good. Nothing was made. Check what you typed; \
                       below it says where a code comes from.";

/// `GET /register`.
///
/// # Errors
/// 403 when registration is closed.
pub async fn new_account(call: Arc<Call>) -> Answer {
    if call.visitor.session.is_some() {
        return Ok(see_other("/d/today"));
    }
    page(&call, StatusCode::OK, &Form::default(), None, None).await
}

/// `POST /register`: makes a vault, signs in, and shows the recovery code once.
///
/// # Errors
/// 403 when registration is closed, 404 without a code where one is needed; 5xx when the vault cannot be written.
pub async fn register(call: Arc<Call>, form: Form) -> Answer {
    let name = form.text("username");
    let zone = form.get("zone").filter(|zone| !zone.is_empty());
    let languages = call.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let proposed = Proposed { zone, languages };
    let (password, confirm) = (form.text("password"), form.text("password_confirm"));
    let made = call.services().register_with(name, password, confirm, proposed, form.text("code")).await;
    let (status, sentence) = match made {
        Ok((session, token, code)) => {
            end_session(&call).await;
            let shell = call.shell_for("Recovery code", &session);
            let page =
                RecoveryPage { shell, code: code.as_str().to_owned(), name: session.name().to_string() };
            let response = call.page(StatusCode::OK, &page)?;
            let mut response = sessions::admit(&call, &form, &session, &token, response).await;
            device::give(&call, &session, &mut response).await;
            return Ok(response);
        }
        Err(AccountError::Sentence(sentence)) => (StatusCode::UNPROCESSABLE_ENTITY, sentence),
        Err(AccountError::Taken) => {
            let sentence = "Choose another password: this one cannot be used with this name.";
            (StatusCode::UNPROCESSABLE_ENTITY, sentence.to_owned())
        }
        // Missing, wrong, used and over are told alike.
        Err(AccountError::Uninvited) => (StatusCode::NOT_FOUND, NO_CODE.to_owned()),
        Err(other) => return Err(account_error(other)),
    };
    page(&call, status, &form, Some(sentence), None).await
}

/// The page on which a journal begins, with what was typed before.
///
/// # Errors
/// 403 when registration is closed.
pub async fn page(
    call: &Call,
    status: StatusCode,
    typed: &Form,
    error: Option<String>,
    passphrase: Option<PassphraseView>,
) -> Answer {
    let instance = call.services().instance().await?;
    if !instance.registration_open() {
        return Err(account_error(AccountError::Closed));
    }
    let page = RegisterPage {
        shell: call.shell("New journal"),
        username: typed.text("username").to_owned(),
        code: typed.text("code").to_owned(),
        error,
        is_new: instance.is_new,
        zone_field: true,
        asks: match instance.admission {
            Admission::Setup => Some("setup"),
            Admission::Invited => Some("invitation"),
            Admission::Open | Admission::Closed => None,
        },
        passphrase,
    };
    call.page(status, &page)
}
