//! Recaps in the calendar.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{recaps::RecapState, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        pages::recaps::RecapLine,
    },
};

/// `GET /d/{date}/recap/line`: the recap of a day that is rested on in the calendar; as a page, the way to it.
///
/// # Errors
/// 404 when there is no such day.
pub async fn line(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let day = call.day()?;
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/d/{day}#recap")));
    }
    let text = match call.services().recap_soon(&session, day).await? {
        RecapState::There(recap) => Some(recap.sentences.join(" ")),
        // Whoever waited this long finds it the next time.
        RecapState::BeingMade | RecapState::Nothing => None,
    };
    call.page(StatusCode::OK, &RecapLine { shell: call.shell("Calendar"), day: day.to_string(), text })
}
