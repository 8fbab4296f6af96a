//! The opening of a day.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::day::Day,
    services::{
        openings::{OpeningState, Shown},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::opening::{OpeningItem, OpeningPart},
    },
};

/// `GET /d/{date}/opening`: the opening alone, as far as it is there; with `n` lines shown already it waits a moment for
/// more of one that is being made. As a page, the way to it. Makes nothing.
///
/// # Errors
/// 404 when there is no such day, 5xx when it cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let day = call.day()?;
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/d/{day}#opening")));
    }
    let n_shown = call.query("n").and_then(|n| n.parse().ok()).unwrap_or(0);
    let state = match call.services().opening_soon(&session, day, n_shown).await? {
        // What was being made has left nothing: it is not asked for again unasked.
        OpeningState::Wanted => OpeningState::Offered,
        state => state,
    };
    answer(&call, &session, day, state)
}

/// `POST /d/{date}/opening`: makes the opening of today unless there is one, or another in its place with `another=yes`,
/// and waits a moment for it. One that was put away comes back.
///
/// # Errors
/// 404 when there is no such day, 422 for a day that is not today, 5xx when the store fails.
pub async fn make(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let day = call.day()?;
    let another = form.get("another") == Some("yes");
    let Some(state) = call.services().open_day(&session, day, another).await? else {
        return Err(WebError::unprocessable(
            "Only today gets an opening. Nothing was changed. Open today for it.",
        ));
    };
    answer(&call, &session, day, state)
}

/// `POST /d/{date}/opening/fold`: folds the opening (`folded=yes`) or opens it again, for this day and for good.
///
/// # Errors
/// 404 when there is no such day, 5xx when the store fails.
pub async fn fold(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let shown = if form.get("folded") == Some("yes") { Shown::Folded } else { Shown::Open };
    show_as(&call, &session, shown).await
}

/// `POST /d/{date}/opening/dismiss`: puts the opening away; one that is being made is given up. The day shows none
/// before its writer asks.
///
/// # Errors
/// 404 when there is no such day, 5xx when the store fails.
pub async fn dismiss(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    show_as(&call, &session, Shown::Away).await
}

/// `POST /d/{date}/opening/remove`: removes the opening for ever; the day gets none again before its writer asks.
///
/// # Errors
/// 404 when there is no such day, 5xx when the store fails.
pub async fn remove(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let day = call.day()?;
    call.services().remove_opening(&session, day).await?;
    let state = call.services().opening_soon(&session, day, usize::MAX).await?;
    answer(&call, &session, day, state)
}

async fn show_as(call: &Call, session: &Session, shown: Shown) -> Answer {
    let day = call.day()?;
    call.services().show_opening(session, day, shown).await?;
    // What is given up is gone in a moment.
    let state = call.services().opening_soon(session, day, usize::MAX).await?;
    answer(call, session, day, state)
}

/// The opening of a day for its page; one that cannot be read hides nothing else.
pub async fn item(call: &Call, session: &Session, day: Day) -> Option<OpeningItem> {
    let state = call.services().opening(session, day).await.unwrap_or(OpeningState::Nothing);
    OpeningItem::of(day.to_string(), state, day == call.services().today(session))
}

fn answer(call: &Call, session: &Session, day: Day, state: OpeningState) -> Answer {
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/d/{day}#opening")));
    }
    let is_today = day == call.services().today(session);
    let opening = OpeningItem::of(day.to_string(), state, is_today);
    call.page(StatusCode::OK, &OpeningPart { shell: call.shell("Day"), opening })
}
