//! The password typed again before something serious (SR-16), for every route that needs it.
//!
//! Such a route takes a form. Without a fresh stamp it is answered 403 with a form that asks for the password and
//! carries along everything that was sent; sent to the same address, it goes on to what was wanted. A page may also
//! have the field [`FIELD`] in its own form, which then passes at once.

use std::{future::Future, sync::Arc, time::Instant};

use poem::{
    Response,
    http::{HeaderValue, StatusCode, header},
};

use crate::{
    services::{
        keys::{Confirmed, KeyError},
        sessions::{Session, kept::SessionCookie},
    },
    web::{
        call::{Answer, Call, see_other, set_cookie},
        csrf,
        error::{Wants, WebError},
        form::Form,
        pages::security::{CarriedField, ConfirmPage},
        session::{self, COOKIE},
    },
};

/// Field of the password typed again.
pub const FIELD: &str = "current_password";
/// What a wrong one is answered.
pub const WRONG: &str = "That is not the password of this journal.";

/// What the page that asks for the password says about what was wanted.
pub struct Wanted {
    /// Address it was wanted from, and is sent to again.
    pub action: &'static str,
    /// What it is, as a title.
    pub title: &'static str,
    /// What will happen, in one sentence.
    pub sentence: &'static str,
    /// What the button says.
    pub button: &'static str,
}

/// Runs `then` for a session whose owner typed the password within the last five minutes, or with this form. Its answer
/// carries the cookie of a renewed session, also when it is an error.
///
/// # Errors
/// Only where no page is wanted: 403.
pub async fn first<F, A>(
    call: Arc<Call>,
    session: Arc<Session>,
    form: Form,
    wanted: &Wanted,
    then: F,
) -> Answer
where
    F: FnOnce(Arc<Call>, Confirmed, Form) -> A,
    A: Future<Output = Answer>,
{
    let confirmed = match (call.services().confirmed(&session), form.get(FIELD)) {
        (Some(confirmed), _) => confirmed,
        (None, None) => return ask(&call, &session, &form, wanted, StatusCode::FORBIDDEN, None),
        (None, Some(password)) => match typed(&call, &session, password).await {
            Ok(confirmed) => confirmed,
            Err(refusal) => {
                return refusal.answer(&call, |call, status, sentence| {
                    ask(call, &session, &form, wanted, status, Some(sentence))
                });
            }
        },
    };
    let (session, cookie) = (Arc::clone(confirmed.session()), confirmed.cookie().cloned());
    if cookie.is_some() {
        // Streams that follow under the token before end; browsers open them again under the new one.
        call.app.streams.session_ended();
    }
    let answer = then(Arc::clone(&call), confirmed, form).await;
    let mut response = answer.unwrap_or_else(|error| call.refuse_for(error, &session));
    give_cookie(&mut response, cookie.as_ref());
    Ok(response)
}

/// Looks at a password typed again; after wrong ones there is a wait, for those inside only.
///
/// # Errors
/// What to answer, see [`Refusal::answer`].
pub async fn typed(call: &Call, session: &Session, password: &str) -> Result<Confirmed, Refusal> {
    guessing(call, session, call.services().confirm_password(session, password)).await
}

/// Does something that begins with a look at the password, and counts wrong ones.
///
/// # Errors
/// What to answer, see [`Refusal::answer`].
pub async fn guessing<T>(
    call: &Call,
    session: &Session,
    work: impl Future<Output = Result<T, KeyError>>,
) -> Result<T, Refusal> {
    let attempt = call.app.guesses.inside(session, Instant::now()).map_err(Refusal::Wait)?;
    let done = work.await;
    match &done {
        Ok(_) => call.app.guesses.succeeded(attempt),
        Err(KeyError::Wrong) => {}
        Err(_) => call.app.guesses.withdrawn(&attempt),
    }
    done.map_err(Refusal::from)
}

/// Why a password typed again opened nothing.
pub enum Refusal {
    /// It is wrong.
    Wrong,
    /// It was not looked at: wait so many seconds.
    Wait(u32),
    /// It was not looked at, or right, and what was chosen cannot be used.
    Refused(String),
    /// The session ended meanwhile.
    Ended,
    /// It could not be looked at.
    Failed(WebError),
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Wrong => Self::Wrong,
            KeyError::Refused(sentence) => Self::Refused(sentence),
            KeyError::TooMany { retry_after_s } => Self::Wait(retry_after_s),
            KeyError::Ended => Self::Ended,
            KeyError::Failed(failure) => Self::Failed(WebError::from(failure)),
        }
    }
}

impl Refusal {
    /// Answers it with a page that takes what was typed again, drawn by `page` from a status and a sentence.
    ///
    /// # Errors
    /// Those of `page`.
    pub fn answer(self, call: &Call, page: impl FnOnce(&Call, StatusCode, String) -> Answer) -> Answer {
        match self {
            Self::Wrong => page(call, StatusCode::FORBIDDEN, WRONG.to_owned()),
            Self::Refused(sentence) => page(call, StatusCode::UNPROCESSABLE_ENTITY, sentence),
            Self::Wait(seconds) => {
                let sentence = format!("Too many tries. Wait {seconds} seconds, then try again.");
                let mut response = page(call, StatusCode::TOO_MANY_REQUESTS, sentence)?;
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                Ok(response)
            }
            Self::Ended => Ok(ended()),
            Self::Failed(error) => {
                let response = page(call, error.status(), error.sentence().to_owned())?;
                Ok(error.headers_onto(response, &call.mark))
            }
        }
    }
}

/// The session is over: to the sign-in page.
pub fn ended() -> Response {
    let mut response = see_other("/login");
    set_cookie(&mut response, session::clear());
    response
}

/// Gives the browser the cookie of a renewed session, unless the answer sets the session cookie itself.
pub fn give_cookie(response: &mut Response, cookie: Option<&SessionCookie>) {
    let is_set = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|line| line.to_str().is_ok_and(|line| line.starts_with(COOKIE)));
    if let Some(cookie) = cookie.filter(|_| !is_set) {
        set_cookie(response, session::give(&cookie.value, cookie.seconds));
    }
}

fn ask(
    call: &Call,
    session: &Session,
    form: &Form,
    wanted: &Wanted,
    status: StatusCode,
    error: Option<String>,
) -> Answer {
    if call.wants == Wants::Json {
        let sentence = "Type your password again first.";
        let next = ("/settings/security", "Security");
        return Err(WebError::new(StatusCode::FORBIDDEN, "Password needed", sentence, next));
    }
    let page = ConfirmPage {
        shell: call.shell("Settings"),
        action: wanted.action.to_owned(),
        title: wanted.title.to_owned(),
        sentence: wanted.sentence.to_owned(),
        button: wanted.button.to_owned(),
        name: session.name(),
        fields: carried(form),
        error,
    };
    call.page(status, &page)
}

/// What was typed, without secrets and without the token, which may be renewed.
fn carried(form: &Form) -> Vec<CarriedField> {
    let is_carried = |name: &str| name != csrf::FIELD && !name.contains("password");
    form.fields()
        .filter(|(name, _)| is_carried(name))
        .map(|(name, value)| CarriedField { name: name.to_owned(), value: value.to_owned() })
        .collect()
}
