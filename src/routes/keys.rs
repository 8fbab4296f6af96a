//! `/settings/keys`: renewing and revoking the keys of a journal.

use std::{sync::Arc, time::Instant};

use poem::{Response, http::StatusCode};

use crate::{
    services::{accounts::AccountError, rotation::Kept, sessions::Session},
    web::{
        call::{Answer, Call, see_other, set_cookie},
        error::WebError,
        form::Form,
        pages::keys::{KeysCodePage, KeysPage, LeftoverView, ProgressView},
        session,
    },
};

const PAGE: &str = "/settings/keys";
const WRONG: &str = "This is not the password of this journal. Nothing was changed.";
const NOT_THE_CODE: &str = "That is not the code in force. Compare it with the one above, symbol by symbol.";
const NOT_THE_CODE_EITHER: &str =
    "That is not the code in force. Type all seven groups of it, or make a new one under Security.";

/// Which form an error belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Refresh,
    Revoke,
    Code,
    LetGo,
}

/// `GET /settings/keys`; asked for in part it is the progress alone.
///
/// # Errors
/// When the store cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let page = page(&call, &session, None).await?;
    call.page_or_part(StatusCode::OK, &page)
}

/// `POST /settings/keys/refresh`: begins to seal everything anew, when the password is right.
///
/// # Errors
/// 429 after too many wrong passwords; 5xx when the store fails.
pub async fn refresh(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    if let Some(refused) = refused(&call, &session, &form, Place::Refresh).await? {
        return Ok(refused);
    }
    call.services().refresh_keys(&session).await?;
    Ok(see_other(PAGE))
}

/// `POST /settings/keys/revoke`: voids every way in but the password that is typed, ends all sessions, and shows the new
/// recovery code. The answer carries the cookie of a new session.
///
/// # Errors
/// 429 after too many wrong passwords; 5xx when the store fails.
pub async fn revoke(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let name = session.name();
    let attempt = call.app.guesses.inside(&session, Instant::now()).map_err(WebError::too_many)?;
    let revoked = match call.services().revoke_keys(&session, form.text("password")).await {
        Ok(Some(revoked)) => revoked,
        Ok(None) => {
            return wrong(&call, &session, Place::Revoke, WRONG, StatusCode::FORBIDDEN).await;
        }
        Err(error) => {
            call.app.guesses.withdrawn(&attempt);
            return Err(refusal(error));
        }
    };
    call.app.guesses.succeeded(attempt);
    call.app.streams.session_ended();
    let shell = match &revoked.session {
        Some((session, _)) => call.shell_for("Recovery code", session),
        None => call.shell("Recovery code"),
    };
    let page = KeysCodePage { shell, code: revoked.code.as_str().to_owned(), name, error: None };
    let mut response = call.page(StatusCode::OK, &page)?;
    if let Some((_, token)) = &revoked.session {
        set_cookie(&mut response, session::set(token));
    }
    Ok(response)
}

/// `POST /settings/keys/code`: the new recovery code, or its last group, typed back.
///
/// # Errors
/// When the store fails.
pub async fn keep_code(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    match call.services().keep_code(&session, form.text("recovery_code")).await? {
        Kept::Yes => Ok(see_other("/settings/keys?said=kept")),
        Kept::Look(code) => {
            let page = KeysCodePage {
                shell: call.shell("Recovery code"),
                code: code.as_str().to_owned(),
                name: session.name(),
                error: Some(NOT_THE_CODE.to_owned()),
            };
            call.page(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Kept::No => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            wrong(&call, &session, Place::Code, NOT_THE_CODE_EITHER, status).await
        }
    }
}

/// `POST /settings/keys/let-go`: removes for ever what a renewal could not open, so that it can end.
///
/// # Errors
/// 429 after too many wrong passwords; 5xx when the store fails.
pub async fn let_go(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    if let Some(refused) = refused(&call, &session, &form, Place::LetGo).await? {
        return Ok(refused);
    }
    call.services().let_go(&session).await?;
    Ok(see_other("/settings/keys?said=let-go"))
}

/// The answer to a form whose password is not that of the journal; `None` when it is.
async fn refused(
    call: &Call,
    session: &Session,
    form: &Form,
    place: Place,
) -> Result<Option<Response>, WebError> {
    let attempt = call.app.guesses.inside(session, Instant::now()).map_err(WebError::too_many)?;
    match call.services().is_password(session, form.text("password")).await {
        Ok(true) => {
            call.app.guesses.succeeded(attempt);
            return Ok(None);
        }
        Ok(false) => {}
        Err(error) => {
            call.app.guesses.withdrawn(&attempt);
            return Err(refusal(error));
        }
    }
    wrong(call, session, place, WRONG, StatusCode::FORBIDDEN).await.map(Some)
}

async fn wrong(call: &Call, session: &Session, place: Place, sentence: &str, status: StatusCode) -> Answer {
    let page = page(call, session, Some((place, sentence))).await?;
    call.page(status, &page)
}

async fn page(call: &Call, session: &Session, error: Option<(Place, &str)>) -> Result<KeysPage, WebError> {
    let keys = call.services().keys(session).await?;
    let rotation = keys.rotation;
    let said = match call.query("said").as_deref() {
        Some("kept") => Some("Your new recovery code is in force, and you have kept it.".to_owned()),
        Some("let-go") => Some("What could not be opened was removed. The renewal goes on.".to_owned()),
        _ => None,
    };
    let is_stuck = keys.stuck.is_some();
    let at = |wanted: Place| error.filter(|(place, _)| *place == wanted).map(|(_, text)| text.to_owned());
    Ok(KeysPage {
        shell: call.shell("Settings"),
        since: keys.since.to_string(),
        was_revoked: rotation.was_revoked,
        progress: rotation.is_running().then(|| ProgressView {
            done: grouped(rotation.done),
            all: grouped(rotation.all),
            done_number: rotation.done,
            all_number: rotation.all.max(1),
            is_cleaning: !rotation.is_draining,
            again: rotation.again,
        }),
        leftover: keys.stuck.map(|left| LeftoverView {
            unreadable: left.unreadable,
            is_altered: left.is_altered,
            error: at(Place::LetGo),
        }),
        code_unconfirmed: rotation.is_code_unconfirmed,
        // There may be nothing to let go of any more, and so no form to say it in.
        said: if is_stuck { said } else { at(Place::LetGo).or(said) },
        refresh_error: at(Place::Refresh),
        revoke_error: at(Place::Revoke),
        code_error: at(Place::Code),
    })
}

fn refusal(error: AccountError) -> WebError {
    match error {
        AccountError::TooMany { retry_after_s } => WebError::overloaded(
            "Too many passwords are being checked. Nothing was changed. Try again in a moment.",
            retry_after_s,
        ),
        AccountError::Failed(failure) => WebError::from(failure),
        other => WebError::unprocessable(other.to_string()),
    }
}

/// A number for people: 20,000.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (20_512, "20,512"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
