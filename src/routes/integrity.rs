//! `/settings/integrity`: what is known about a journal that was changed outside this program, and accepting it.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::confirm::{self, Wanted},
    services::{integrity::DayFlaws, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::integrity::{AcceptedView, DayFlawView, IntegrityPage},
    },
};

const PAGE: &str = "/settings/integrity";
/// Most days one page lists.
const MAX_DAYS: usize = 200;
/// Most acceptances one page lists.
const MAX_ACCEPTED: usize = 20;

const ACCEPT: Wanted = Wanted {
    action: "/settings/integrity/accept",
    title: "Accept the journal as it is",
    sentence: "Days no longer list what is gone, and nothing is said about it any more.",
    button: "Accept the journal as it is",
};

/// `GET /settings/integrity`.
///
/// # Errors
/// When the store cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let known = call.services().integrity(&session);
    let acceptances = call.services().acceptances(&session).await?;
    let found = known.as_ref().and_then(|known| known.found.clone());
    let state = match &known {
        None => "unchecked",
        Some(known) if !known.is_altered => "whole",
        Some(known) if known.found.is_none() => "looking",
        Some(_) => "altered",
    };
    let found = found.unwrap_or_default();
    let page = IntegrityPage {
        shell: call.shell("Settings"),
        state,
        is_headless: known.is_some_and(|known| known.is_headless),
        more_days: found.days.len().saturating_sub(MAX_DAYS),
        days: found.days.iter().take(MAX_DAYS).map(flaw_view).collect(),
        unreadable: found.unreadable,
        strays: found.strays,
        accepted: acceptances
            .iter()
            .take(MAX_ACCEPTED)
            .map(|accepted| AcceptedView {
                when: call.services().moment_of(&session, accepted.at),
                days: accepted.days.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        said: match call.query("said").as_deref() {
            Some("accepted") => Some("The journal is accepted as it is."),
            _ => None,
        },
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/integrity/check`: compares the journal with its head now, as after a file was put back.
///
/// # Errors
/// When the store cannot be read.
pub async fn check(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    call.services().check_integrity(&session).await?;
    Ok(see_other(PAGE))
}

/// `POST /settings/integrity/accept`: from here on the journal is quiet about what is gone.
///
/// # Errors
/// See [`confirm::first`]; when the store cannot be written.
pub async fn accept(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &ACCEPT, |call, confirmed, _form| async move {
        call.services().accept_journal(&confirmed).await.map_err(WebError::from)?;
        Ok(see_other(&format!("{PAGE}?said=accepted")))
    })
    .await
}

fn flaw_view(flaws: &DayFlaws) -> DayFlawView {
    let mut parts = Vec::new();
    for (count, one, many) in [
        (flaws.lost, "entry is missing", "entries are missing"),
        (flaws.stale, "entry is older than it should be", "entries are older than they should be"),
        (flaws.unlisted, "entry is not listed on its day", "entries are not listed on their day"),
        (
            flaws.returned,
            "entry that was removed for ever is back",
            "entries that were removed for ever are back",
        ),
    ] {
        match count {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            _ => parts.push(format!("{count} {many}")),
        }
    }
    DayFlawView { iso: flaws.day.to_string(), flaws: parts.join(", ") }
}
