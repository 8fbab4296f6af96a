//! `/settings/appearance` and `/settings/journal`: how the journal looks and behaves for its writer.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{preferences::Preferences, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::look::{self, AppearancePage, JournalPage},
    },
};

/// `GET /settings/appearance`.
///
/// # Errors
/// Only faults of ours.
pub async fn appearance(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let page = AppearancePage {
        shell: call.shell("Settings"),
        choices: look::appearance(session.preferences()),
        is_saved: is_saved(&call),
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/appearance`: fields `theme`, `contrast`, `font`, `size`, `width`, `motion`; one that is missing stays as it is.
///
/// # Errors
/// 400 for a value that is not offered; 5xx when it cannot be written.
pub async fn set_appearance(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let chosen = chosen(&session, &form, &["theme", "contrast", "font", "size", "width", "motion"])?;
    call.services().prefer(&session, chosen).await?;
    Ok(see_other("/settings/appearance?saved=1"))
}

/// `GET /settings/journal`.
///
/// # Errors
/// Only faults of ours.
pub async fn journal(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let zone = call.services().zone_name(&session);
    journal_page(&call, &session, StatusCode::OK, zone, None)
}

/// `POST /settings/journal`: fields `week`, `hours`, `dates`, `enter`, `keys`, `opening`, `earlier`, `emoji`, `spelling` and
/// `zone`; one that is missing stays as it is.
///
/// # Errors
/// 400 for a value that is not offered; 422 for an unknown zone, on the page; 5xx when it cannot be written.
pub async fn set_journal(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let chosen = chosen(&session, &form, &HABITS)?;
    if let Some(zone) = form.get("zone")
        && !call.services().move_to_zone(&session, zone.trim()).await?
    {
        let error =
            "There is no time zone of this name, and nothing was changed. Names look like Europe/Amsterdam.";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return journal_page(&call, &session, status, zone.to_owned(), Some(error.to_owned()));
    }
    call.services().prefer(&session, chosen).await?;
    Ok(see_other("/settings/journal?saved=1"))
}

/// What is chosen on the page about the journal.
const HABITS: [&str; 9] =
    ["week", "hours", "dates", "enter", "keys", "opening", "earlier", "emoji", "spelling"];

fn journal_page(
    call: &Call,
    session: &Session,
    status: StatusCode,
    zone: String,
    error: Option<String>,
) -> Answer {
    let today = call.services().today(session);
    let page = JournalPage {
        shell: call.shell("Settings"),
        choices: look::habits(session.preferences()),
        languages: look::languages(session.dates(), today),
        today: today.to_string(),
        zone,
        zones: call.services().zones(),
        now: call.services().time_now(session),
        is_saved: error.is_none() && is_saved(call),
        error,
    };
    call.page(status, &page)
}

fn is_saved(call: &Call) -> bool {
    call.query("saved").is_some()
}

fn chosen(session: &Session, form: &Form, names: &[&str]) -> Result<Preferences, WebError> {
    let mut chosen = session.preferences();
    for name in names {
        if let Some(value) = form.get(name)
            && !chosen.set(name, value)
        {
            return Err(WebError::bad_request("The form asks for something that is not offered."));
        }
    }
    Ok(chosen)
}
