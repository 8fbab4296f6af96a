//! Help with choosing a password: how strong one is, and a passphrase to take instead. Both work for visitors too.

use std::{sync::Arc, time::Instant};

use poem::{
    Response,
    http::{HeaderValue, StatusCode, header},
};

use crate::{
    routes::{auth, register, security},
    services::strength::Verdict,
    web::{
        bucket::household,
        call::{Answer, Call},
        error::WebError,
        form::Form,
        pages::choosing::{PassphrasePart, PassphraseView, StrengthPart},
    },
};

/// Longest password that is judged while it is typed, in bytes. All of it counts when the form is sent.
const MAX_BYTES: usize = 256;

/// `POST /password-strength`: a part that says how hard a password is to guess. It goes nowhere else, and not to a log.
///
/// # Errors
/// 413 above 256 bytes; 429 when one address asks faster than people type.
pub async fn strength(call: Arc<Call>, form: Form) -> Answer {
    call.app.meter.take(&household(call.peer), Instant::now()).map_err(WebError::too_many)?;
    let (name, password) = (form.text("username"), form.text("password"));
    if password.len() > MAX_BYTES || name.len() > MAX_BYTES {
        return Err(WebError::too_large());
    }
    if password.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into());
    }
    let strength = call.services().strength(name, password).await?;
    let part = StrengthPart {
        word: match strength.verdict {
            Verdict::Short | Verdict::Refused => "too weak",
            Verdict::Weak => "weak",
            Verdict::Strong => "strong",
        },
        value: format!("{:.1}", strength.power),
        sentence: strength.sentence(),
    };
    call.page(StatusCode::OK, &part).map(kept_nowhere)
}

/// `POST /passphrase`: draws a passphrase. Asked for in part it comes alone, else on the page that the field `page`
/// names, with the name and the code that were typed.
///
/// # Errors
/// Only faults of ours.
pub async fn passphrase(call: Arc<Call>, form: Form) -> Answer {
    let view = Some(PassphraseView::of(&call.services().passphrase()));
    let answer = if call.wants_fragment() {
        call.page(StatusCode::OK, &PassphrasePart { passphrase: view })
    } else {
        let name = form.text("username");
        match (form.text("page"), &call.visitor.session) {
            ("password", Some(_)) => security::password_page(&call, StatusCode::OK, name, None, view),
            ("recover", _) => auth::recover_page(&call, StatusCode::OK, &form, None, view),
            _ => register::page(&call, StatusCode::OK, &form, None, view).await,
        }
    };
    answer.map(kept_nowhere)
}

fn kept_nowhere(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
