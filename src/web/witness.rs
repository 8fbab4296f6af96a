//! The cookie by which a browser notices that an older state of the journal came back (`format-v1.md` section 14), and
//! what is answered in a session in which that has yet to be decided.

use poem::{
    Response,
    http::{HeaderMap, Method, StatusCode},
};

use crate::{
    services::sessions::Session,
    web::{
        call::{Answer, Call, see_other, set_cookie},
        cookies,
        error::{Wants, WebError},
        table::{Kind, Row},
    },
};

/// The page on which it is decided. What stands below it decides.
pub const PAGE: &str = "/older";
/// How long browsers keep a witness: 400 days, the most they allow.
const KEPT_S: u32 = 400 * 24 * 60 * 60;

/// The witness that a request carries for the journal of its session.
pub fn of<'h>(headers: &'h HeaderMap, session: &Session) -> Option<&'h str> {
    cookies::value(headers, &session.witness_name())
}

/// Gives the browser the witness of the last commit, when it has another.
pub async fn give(call: &Call, response: &mut Response) {
    let Some(session) = &call.visitor.session else { return };
    if let Some(cookie) = call.services().witness(session).await {
        set_cookie(response, cookies::set_for(&cookie.name, &cookie.value, KEPT_S));
    }
}

/// Answers in place of a row that a session may not use before its owner has decided; `None` when it may.
pub fn instead(row: &Row, call: &Call, session: &Session) -> Option<Answer> {
    if !session.is_judged() {
        return Some(Err(WebError::internal("a journal could not be compared with what a browser last saw")));
    }
    let is_deciding = row.pattern.split('/').nth(1) == PAGE.split('/').nth(1);
    if session.may_write() || is_deciding {
        return None;
    }
    // Searching is a form that changes nothing.
    if session.only_reads() && (row.method == Method::GET || row.pattern == "/search") {
        return None;
    }
    let is_page = row.method == Method::GET && row.kind == Kind::Page && call.wants == Wants::Page;
    Some(if is_page { Ok(see_other(PAGE)) } else { Err(refusal(session)) })
}

/// What a form is answered.
pub fn refusal(session: &Session) -> WebError {
    let sentence = if session.only_reads() {
        "You chose to only read this journal, because it is older than what this browser last saw. Nothing was saved. \
         What you typed is still here."
    } else {
        "This journal is older than what this browser last saw, so nothing was saved. What you typed is still here. \
         Decide first how to go on."
    };
    WebError::new(StatusCode::CONFLICT, "The journal is older", sentence, (PAGE, "Decide how to go on"))
}
