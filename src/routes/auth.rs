//! Accounts and sessions: sign in, recover, sign out.

use std::{sync::Arc, time::Instant};

use poem::http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    routes::{device, entries::save_held, security, sessions},
    services::{accounts::AccountError, budget::Lane},
    web::{
        call::{Answer, Call, see_other, set_cookie},
        error::{Wants, WebError},
        form::Form,
        guess::{Door, Refused},
        pages::{
            Held,
            auth::{LoginPage, RecoverPage},
            choosing::PassphraseView,
        },
        session, witness,
    },
};

const WRONG: &str = "This name and this password do not open a journal here. Check both: a wrong name and a wrong \
                     password look alike.";
const CLOSED: &str = "Too many wrong tries in a row for this name, so now only a browser that was signed in with it before \
                      may try. Nothing you wrote is lost. It opens for all again when such a browser signs in, or when the \
                      program is started anew. A recovery code works meanwhile.";
const TAKEN: &str = "Choose another password: this one cannot be used with this name.";
/// Said on the sign-in page that a sign-out leads to, when the file could not be written.
const STILL_THERE: &str = "You are signed out. The file of the journal cannot be written now, so the row that kept this browser \
                           signed in is still in it. It opens nothing while this program runs. Sign in once when the file \
                           can be written again: then it is removed.";
/// Where such a sign-out leads.
const LEFT_BEHIND: &str = "/login?row=left";
/// When a new try makes sense where no wait is known, in seconds.
const LATER_S: u32 = 900;
const WRONG_CODE: &str = "This name and this recovery code do not open a journal here. Check both.";

/// `GET /`: today, or the sign-in page, or on a new instance the registration page.
///
/// # Errors
/// When the store cannot be read.
pub async fn root(call: Arc<Call>) -> Answer {
    if let Some(session) = &call.visitor.session {
        return Ok(see_other(&format!("/d/{}", call.services().today(session))));
    }
    let instance = call.services().instance().await?;
    Ok(see_other(if instance.is_new { "/register" } else { "/login" }))
}

/// `GET /login`; with `?again=yes` also for somebody who is signed in, and stays so until the password was right.
///
/// # Errors
/// When the store cannot be read.
pub async fn show_login(call: Arc<Call>) -> Answer {
    if call.visitor.session.is_some() && call.query("again").is_none() {
        return Ok(see_other("/d/today"));
    }
    let notice = call.query("row").map(|_| STILL_THERE.to_owned());
    login_page(&call, StatusCode::OK, "", notice, None).await
}

/// `POST /login`: opens the vault; a text held in the form is saved, once.
///
/// # Errors
/// 429 after too many wrong tries; 5xx when the store fails.
pub async fn login(call: Arc<Call>, form: Form) -> Answer {
    let name = form.text("username");
    let held = Held::over_sign_in(&form);
    let known = device::known(&call, name).await;
    let attempt = match call.app.guesses.outside(Door::SignIn, name, call.peer, known, Instant::now()) {
        Ok(attempt) => attempt,
        Err(Refused::Wait(seconds)) => return wait_page(&call, seconds, name, held).await,
        Err(Refused::Closed) => {
            let (status, sentence) = (StatusCode::TOO_MANY_REQUESTS, CLOSED.to_owned());
            return login_page(&call, status, name, Some(sentence), held).await;
        }
    };
    let lane = if attempt.is_known() { Lane::Known } else { Lane::Stranger };
    let (status, sentence) = match call.services().sign_in_by(lane, name, form.text("password")).await {
        Ok(Some((session, token))) => {
            call.app.guesses.succeeded(attempt);
            session.tell_of(call.app.guesses.told(name));
            end_session(&call).await;
            // Before anything is written in the journal.
            call.services().judge(&session, witness::of(call.headers(), &session)).await;
            let response = match held {
                Some(held) if !session.may_write() => {
                    Ok(call.refuse_for(witness::refusal(&session).holding(Some(held)), &session))
                }
                Some(held) => save_held(&call, &session, held).await,
                None => Ok(see_other("/d/today")),
            };
            // Whatever became of the text, the visitor is signed in.
            let response = response.unwrap_or_else(|error| call.refuse(error));
            let mut response = sessions::admit(&call, &form, &session, &token, response).await;
            device::give(&call, &session, &mut response).await;
            return Ok(response);
        }
        Ok(None) => {
            call.app.guesses.was_wrong(Door::SignIn, name, call.services().now_ms());
            (StatusCode::UNAUTHORIZED, WRONG.to_owned())
        }
        // The password of an earlier time: it was looked at, and it is not the one.
        Err(AccountError::Sentence(sentence)) => {
            call.app.guesses.was_wrong(Door::SignIn, name, call.services().now_ms());
            (StatusCode::UNPROCESSABLE_ENTITY, sentence)
        }
        Err(error) => {
            call.app.guesses.withdrawn(&attempt);
            match error {
                AccountError::TooMany { retry_after_s } => {
                    return wait_page(&call, retry_after_s, name, held).await;
                }
                AccountError::Failed(failure) if held.is_some() => {
                    // The text stays in the form of the same page, whatever it belongs to.
                    let error = WebError::from(failure);
                    (error.status(), error.sentence().to_owned())
                }
                other => return Err(account_error(other)),
            }
        }
    };
    login_page(&call, status, name, Some(sentence), held).await
}

/// Answers a request that needs a session and has none. A page leads to the sign-in page; a text is held in a
/// sign-in form (401), and so the form is offered in place when a part of a page was asked for.
///
/// # Errors
/// 401 without the form where no page is wanted.
pub async fn sign_in_first(call: Arc<Call>, held: Option<Held>) -> Answer {
    let sentence = match (&held, call.wants) {
        (_, Wants::Json) => return Err(WebError::sign_in_first()),
        (None, Wants::Page) => return Ok(see_other("/login")),
        (None, Wants::Fragment) => "You are signed out. Sign in to go on.",
        (Some(_), _) => "You were signed out before this was saved. Sign in, and it will be saved.",
    };
    login_page(&call, StatusCode::UNAUTHORIZED, "", Some(sentence.to_owned()), held).await
}

/// `POST /logout`: ends the session and asks the browser to forget what it kept. The page it leads to says so when the
/// session could not be taken out of the file.
///
/// # Errors
/// Never.
pub async fn logout(call: Arc<Call>, _form: Form) -> Answer {
    let has_left_file = end_session(&call).await;
    leave(&call, has_left_file).await
}

/// `POST /lock`: ends all sessions of the writer and forgets the keys at once; says what `/logout` says.
///
/// # Errors
/// Never.
pub async fn lock(call: Arc<Call>, _form: Form) -> Answer {
    let mut have_left_file = true;
    if let Some(session) = &call.visitor.session {
        have_left_file = call.services().lock(session).await;
        call.app.streams.session_ended();
    }
    leave(&call, have_left_file).await
}

async fn leave(call: &Call, has_left_file: bool) -> Answer {
    let mut response = see_other(if has_left_file { "/login" } else { LEFT_BEHIND });
    set_cookie(&mut response, session::clear());
    if let Some(session) = &call.visitor.session {
        call.services().model_forgets(session).await;
    }
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static(r#""cache", "storage""#));
    Ok(response)
}

/// `GET /recover`.
///
/// # Errors
/// Only faults of ours.
pub async fn show_recover(call: Arc<Call>) -> Answer {
    recover_page(&call, StatusCode::OK, &Form::default(), None, None)
}

/// `POST /recover`: sets a new password with the recovery code, signs in, and offers the next code.
///
/// # Errors
/// 429 after too many wrong tries; 5xx when the store fails.
pub async fn recover(call: Arc<Call>, form: Form) -> Answer {
    let name = form.text("username");
    let known = device::known(&call, name).await;
    let attempt = call.app.guesses.outside(Door::Recovery, name, call.peer, known, Instant::now());
    let attempt = match attempt {
        Ok(attempt) => attempt,
        Err(Refused::Wait(seconds)) => return Err(WebError::too_many(seconds)),
        Err(Refused::Closed) => return Err(WebError::too_many(LATER_S)),
    };
    let (code, password, confirm) =
        (form.text("recovery_code"), form.text("password"), form.text("password_confirm"));
    let (status, sentence) = match call.services().recover(code, name, password, confirm).await {
        Ok(Some((confirmed, code))) => {
            call.app.guesses.succeeded(attempt);
            confirmed.session().tell_of(call.app.guesses.told(name));
            end_session(&call).await;
            call.app.streams.session_ended();
            let mut response = security::code_after_recovery(&call, &confirmed, &code)?;
            device::give(&call, confirmed.session(), &mut response).await;
            return Ok(response);
        }
        Ok(None) => {
            call.app.guesses.was_wrong(Door::Recovery, name, call.services().now_ms());
            (StatusCode::UNAUTHORIZED, WRONG_CODE.to_owned())
        }
        Err(error) => {
            // No code was looked for.
            call.app.guesses.withdrawn(&attempt);
            match error {
                AccountError::Sentence(sentence) => (StatusCode::UNPROCESSABLE_ENTITY, sentence),
                AccountError::Taken => (StatusCode::UNPROCESSABLE_ENTITY, TAKEN.to_owned()),
                other => return Err(account_error(other)),
            }
        }
    };
    recover_page(&call, status, &form, Some(sentence), None)
}

/// The sign-in page again, with what was typed and held, and when to try again.
async fn wait_page(call: &Call, seconds: u32, name: &str, held: Option<Held>) -> Answer {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let sentence = format!("Too many tries. Wait {seconds} seconds, then try again.");
    let mut response = login_page(call, status, name, Some(sentence), held).await?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

async fn login_page(
    call: &Call,
    status: StatusCode,
    name: &str,
    error: Option<String>,
    held: Option<Held>,
) -> Answer {
    let page = LoginPage {
        shell: call.shell("Sign in"),
        username: name.to_owned(),
        error,
        // Only a link hangs on it: a store in trouble must not cost a held text.
        registration_open: call
            .services()
            .instance()
            .await
            .is_ok_and(|instance| instance.registration_open()),
        held,
        may_stay: call.services().keeps_sessions(),
        is_again: call.visitor.session.is_some(),
    };
    call.page_or_part(status, &page)
}

/// The page of a recovery, with what was typed before.
///
/// # Errors
/// Only faults of ours.
pub fn recover_page(
    call: &Call,
    status: StatusCode,
    typed: &Form,
    error: Option<String>,
    passphrase: Option<PassphraseView>,
) -> Answer {
    let (username, code) = (typed.text("username").to_owned(), typed.text("recovery_code").to_owned());
    let page = RecoverPage { shell: call.shell("Recover"), username, code, error, passphrase };
    call.page(status, &page)
}

/// A session that is replaced must not live on. Answers whether it left the file, too.
pub(super) async fn end_session(call: &Call) -> bool {
    let Some(session) = &call.visitor.session else { return true };
    let has_left_file = call.services().sign_out(session).await;
    call.app.streams.session_ended();
    has_left_file
}

/// The page of an account that could not be made or opened.
pub(super) fn account_error(error: AccountError) -> WebError {
    match error {
        AccountError::Sentence(sentence) => WebError::unprocessable(sentence),
        AccountError::Taken => WebError::unprocessable("Choose another password."),
        AccountError::Closed => {
            let sentence = "New journals cannot be made here. Ask whoever runs this program.";
            WebError::new(StatusCode::FORBIDDEN, "Registration is closed", sentence, ("/login", "Sign in"))
        }
        AccountError::Uninvited => WebError::not_found(),
        AccountError::TooMany { retry_after_s } => WebError::too_many(retry_after_s),
        AccountError::Failed(failure) => WebError::from(failure),
    }
}
