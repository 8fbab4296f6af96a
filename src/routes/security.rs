//! Security settings: name, password, recovery code, sign-outs, and the end of an account.

use std::sync::Arc;

use poem::{
    Response,
    http::{HeaderName, HeaderValue, StatusCode},
};

use crate::{
    routes::{
        confirm::{self, FIELD, Wanted},
        device, sessions,
    },
    services::{
        keys::{Adopted, Chosen, Confirmed, KeyError},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other, set_cookie},
        error::WebError,
        form::Form,
        pages::{
            choosing::PassphraseView,
            security::{CodePage, DeletePage, DeletedPage, PasswordPage, SecurityPage},
        },
        session,
    },
};

const HOME: &str = "/settings/security";
const NOT_CURRENT: &str = "Type the password you have now, so that nobody else can change it.";
const NOT_ITS_LAST_GROUP: &str = "That is not the last group of this code. Compare what you kept with the code above, then type its last four symbols.";
const EITHER: &str = "The journal file did not accept this. Your writing is safe. It is not certain which name and \
                      password are valid now: try the old ones first, then the new ones.";

const NEW_CODE: Wanted = Wanted {
    action: "/settings/security/recovery",
    title: "A new recovery code",
    sentence: "It is shown once you have typed your password. Your old code stays valid until you confirm the new one.",
    button: "Show a new code",
};
const ADOPT: Wanted = Wanted {
    action: "/settings/security/recovery/confirm",
    title: "A new recovery code",
    sentence: "Your password was typed more than five minutes ago. Type it once more to confirm the new code.",
    button: "Use the new code",
};
const SIGN_OUT: Wanted = Wanted {
    action: "/settings/security/sign-out",
    title: "Sign out everywhere",
    sentence: "Every browser is signed out of this journal, this one as well.",
    button: "Sign out everywhere",
};
const DELETE: Wanted = Wanted {
    action: "/settings/security/delete",
    title: "Delete this journal",
    sentence: "Once you have typed your password, this journal is deleted for ever.",
    button: "Delete it for ever",
};

/// `GET /settings/security`.
///
/// # Errors
/// When the keyring cannot be read.
pub async fn overview(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let account = call.services().account(&session).await?;
    let invitations = call.services().invitations().await?;
    let done = match call.query("done").as_deref() {
        Some("password") => Some("Your name and password were changed. Other browsers are signed out."),
        Some("code") => Some("The new recovery code is valid. The old one opens nothing any more."),
        Some("ended") => Some("That browser is signed out."),
        Some("withdrawn") => Some("The invitations that waited open nothing any more."),
        _ => None,
    };
    let page = SecurityPage {
        shell: call.shell("Settings"),
        done,
        name: account.name,
        short_id: account.short_id,
        since: account.since.to_string(),
        password_since: account.password_since.map(|day| day.to_string()),
        code_since: account.recovery_since.map(|day| day.to_string()),
        browsers: sessions::browsers(&call, &session).await?,
        keeps_sessions: call.services().keeps_sessions(),
        invitations: invitations.are_used.then_some(invitations.waiting),
    };
    call.page(StatusCode::OK, &page)
}

/// `GET /settings/security/password`.
///
/// # Errors
/// Only faults of ours.
pub async fn show_password(call: Arc<Call>, session: Arc<Session>) -> Answer {
    password_page(&call, StatusCode::OK, &session.name(), None, None)
}

/// `POST /settings/security/password`: changes name, password or both. The password of now comes with the form.
///
/// # Errors
/// Only faults of ours: everything else is said on the page.
pub async fn set_password(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let name = form.text("username");
    let current = form.text(FIELD);
    if current.is_empty() {
        return password_page(&call, StatusCode::FORBIDDEN, name, Some(NOT_CURRENT.to_owned()), None);
    }
    let chosen = Chosen { name, password: form.text("password"), confirm: form.text("password_confirm") };
    let change = async {
        let changed = call.services().change_password(&session, current, chosen).await;
        call.app.streams.session_ended();
        changed
    };
    match confirm::guessing(&call, &session, change).await {
        Ok(confirmed) => {
            let mut response = see_other(&format!("{HOME}?done=password"));
            confirm::give_cookie(&mut response, confirmed.cookie());
            // The name may be another now.
            device::give(&call, confirmed.session(), &mut response).await;
            Ok(response)
        }
        Err(refusal) => refusal.answer(&call, |call, status, sentence| {
            let is_uncertain = status == StatusCode::SERVICE_UNAVAILABLE;
            let sentence = if is_uncertain { EITHER.to_owned() } else { sentence };
            password_page(call, status, name, Some(sentence), None)
        }),
    }
}

/// `POST /settings/security/recovery`: shows a new code, which is not valid yet.
///
/// # Errors
/// See [`confirm::first`].
pub async fn new_code(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &NEW_CODE, |call, confirmed, _form| async move {
        let code = call.services().offer_code(&confirmed);
        code_page(&call, StatusCode::OK, &confirmed, &code, "", None)
    })
    .await
}

/// `POST /settings/security/recovery/confirm`: makes the new code the valid one, once it was typed back.
///
/// # Errors
/// See [`confirm::first`].
pub async fn adopt_code(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &ADOPT, |call, confirmed, form| async move {
        let typed = form.text("last_group");
        match call.services().adopt_code(&confirmed, typed).await {
            Ok(Adopted::Done) => Ok(see_other(&format!("{HOME}?done=code"))),
            Ok(Adopted::Mistyped(code)) => {
                let (status, sentence) = (StatusCode::UNPROCESSABLE_ENTITY, NOT_ITS_LAST_GROUP.to_owned());
                code_page(&call, status, &confirmed, &code, typed, Some(sentence))
            }
            Ok(Adopted::NoneWaits) => Err(WebError::new(
                StatusCode::CONFLICT,
                "Nothing was changed",
                "No new code waits to be confirmed: it was confirmed already, or a quarter of an hour went by. The code \
                 you had before is valid if you did not confirm another.",
                (HOME, "Back to security"),
            )),
            Err(error) => Err(refused(error)),
        }
    })
    .await
}

/// `POST /settings/security/sign-out`: ends all sessions of the person, this one as well.
///
/// # Errors
/// See [`confirm::first`].
pub async fn sign_out(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &SIGN_OUT, |call, confirmed, _form| async move {
        let done = call.services().sign_out_everywhere(confirmed).await;
        call.app.streams.session_ended();
        let mut response = match done {
            Ok(()) => see_other("/login"),
            Err(error) => refused(error).respond(&call.surroundings_signed_out()),
        };
        leave(&mut response);
        Ok(response)
    })
    .await
}

/// `GET /settings/security/delete`.
///
/// # Errors
/// Only faults of ours.
pub async fn show_delete(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let asks_password = call.services().confirmed(&session).is_none();
    let shell = call.shell("Settings");
    let page = DeletePage { shell, name: session.name(), typed: String::new(), asks_password, error: None };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/security/delete`: deletes the journal of the person, once its name was typed.
///
/// # Errors
/// See [`confirm::first`].
pub async fn delete(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &DELETE, |call, confirmed, form| async move {
        let session = Arc::clone(confirmed.session());
        let typed = form.text("name").to_owned();
        match call.services().delete_account(confirmed, &typed).await {
            Ok(()) => {}
            Err(KeyError::Refused(sentence)) => {
                let shell = call.shell_for("Settings", &session);
                let (name, error) = (session.name(), Some(sentence));
                let page = DeletePage { shell, name, typed, asks_password: false, error };
                return call.page(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
            Err(error) => return Err(refused(error)),
        }
        call.app.streams.session_ended();
        let page = DeletedPage { shell: call.surroundings_signed_out().shell("Journal deleted") };
        let mut response = call.page(StatusCode::OK, &page)?;
        leave(&mut response);
        Ok(response)
    })
    .await
}

/// The page of a new code that follows a recovery.
///
/// # Errors
/// Only faults of ours.
pub fn code_after_recovery(call: &Call, confirmed: &Confirmed, code: &str) -> Answer {
    let page = CodePage { is_recovery: true, ..new_code_page(call, confirmed, code) };
    let mut response = call.page(StatusCode::OK, &page)?;
    confirm::give_cookie(&mut response, confirmed.cookie());
    Ok(response)
}

fn code_page(
    call: &Call,
    status: StatusCode,
    confirmed: &Confirmed,
    code: &str,
    typed: &str,
    error: Option<String>,
) -> Answer {
    let page = CodePage { typed: typed.to_owned(), error, ..new_code_page(call, confirmed, code) };
    call.page(status, &page)
}

fn new_code_page(call: &Call, confirmed: &Confirmed, code: &str) -> CodePage {
    CodePage {
        shell: call.shell_for("Recovery code", confirmed.session()),
        code: code.to_owned(),
        name: confirmed.session().name(),
        is_recovery: false,
        typed: String::new(),
        error: None,
    }
}

/// The page on which name and password are changed, with what was typed before.
///
/// # Errors
/// Only faults of ours.
pub fn password_page(
    call: &Call,
    status: StatusCode,
    name: &str,
    error: Option<String>,
    passphrase: Option<PassphraseView>,
) -> Answer {
    let shell = call.shell("Settings");
    let page = PasswordPage { shell, username: name.to_owned(), error, passphrase };
    call.page(status, &page)
}

/// Takes the session cookie away and asks the browser to forget what it kept.
fn leave(response: &mut Response) {
    set_cookie(response, session::clear());
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static(r#""cache", "storage""#));
}

fn refused(error: KeyError) -> WebError {
    match error {
        KeyError::Refused(sentence) => WebError::unprocessable(sentence),
        KeyError::TooMany { retry_after_s } => WebError::too_many(retry_after_s),
        KeyError::Failed(failure) => WebError::from(failure),
        KeyError::Wrong | KeyError::Ended => WebError::sign_in_first(),
    }
}
