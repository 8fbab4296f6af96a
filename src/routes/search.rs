//! Search. The query travels in a form, never in an address.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::entry::Role,
    services::{finding::Hit, sessions::Session},
    web::{
        call::{Answer, Call},
        error::WebError,
        form::Form,
        pages::search::{HitItem, Piece, SearchPage},
    },
};

/// Longest query, in Unicode scalar values.
const MAX_QUERY: usize = 1_000;
/// Pages beyond this are not asked for by any form of ours.
const MAX_PAGE: usize = 10_000;

/// `GET /search`: the empty form.
///
/// # Errors
/// Only faults of ours.
pub async fn new(call: Arc<Call>, _session: Arc<Session>) -> Answer {
    call.page(StatusCode::OK, &empty(&call, String::new()))
}

/// `POST /search`: fields `q` and `page`.
///
/// # Errors
/// 422 for a query that is too long; when the store fails.
pub async fn list(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let q = form.text("q").trim().to_owned();
    if q.chars().count() > MAX_QUERY {
        return Err(WebError::unprocessable("This is too long to search for. Use fewer words."));
    }
    if q.is_empty() {
        return call.page_or_part(StatusCode::OK, &empty(&call, q));
    }
    let page = form.text("page").parse().unwrap_or(1).clamp(1, MAX_PAGE);
    let found = call.services().find(&session, &q, page).await?;
    let page = SearchPage {
        ran: true,
        count: found.count,
        hits: found.hits.into_iter().map(|hit| hit_item(&call, &session, hit)).collect(),
        note: found.note,
        page,
        more: found.more,
        ..empty(&call, q)
    };
    call.page_or_part(StatusCode::OK, &page)
}

fn empty(call: &Call, q: String) -> SearchPage {
    SearchPage {
        shell: call.shell("Search"),
        q,
        ran: false,
        count: 0,
        hits: Vec::new(),
        note: None,
        page: 1,
        more: false,
    }
}

fn hit_item(call: &Call, session: &Session, hit: Hit) -> HitItem {
    let role = if hit.role == Role::Writer { "entry" } else { "reply" };
    HitItem {
        entry_id: hit.entry.to_string(),
        day: hit.day.to_string(),
        day_long: hit.day.long(),
        clock: call.services().clock_of(session, hit.created),
        href: format!("/d/{}#{role}-{}", hit.day, hit.entry),
        role,
        pieces: hit.pieces.into_iter().map(|(text, marked)| Piece { text, marked }).collect(),
        meaning_only: hit.meaning_only,
    }
}
