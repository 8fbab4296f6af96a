//! Recent searches: forgetting them, and whether they are kept.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{
        finding::recent::{Kept, Recent},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::search::{RecentItem, RecentView},
    },
};

/// `POST /search/:n/kept`: a result of a search that was made while typing was opened, so the search is kept.
///
/// # Errors
/// 404 when `n` is no number.
pub async fn keep(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let number: u32 = call.param("n")?;
    if let Some(asked) = session.held_search(number) {
        call.services().keep_search(&session, &asked).await;
    }
    Ok(StatusCode::NO_CONTENT.into())
}

/// `POST /search/recent/forget`: field `at` names the search.
///
/// # Errors
/// 422 without it; when the store cannot be written.
pub async fn forget(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let at = form.text("at").parse().map_err(|_| {
        WebError::unprocessable("This does not say which search to forget. Open the search page again.")
    })?;
    call.services().forget_search(&session, at).await?;
    Ok(see_other("/search"))
}

/// `POST /search/recent/clear`.
///
/// # Errors
/// When the store cannot be written.
pub async fn clear(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    call.services().forget_searches(&session).await?;
    Ok(see_other(place(&form)))
}

/// `POST /search/recent/keep`: field `keep` is `yes` or `no`; with `no` all are forgotten.
///
/// # Errors
/// 422 for anything else; when the store cannot be written.
pub async fn switch(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let are_kept = match form.text("keep") {
        "yes" => true,
        "no" => false,
        _ => {
            let sentence = "Choose whether searches are kept or not. Nothing was changed.";
            return Err(WebError::unprocessable(sentence));
        }
    };
    call.services().keep_searches(&session, are_kept).await?;
    Ok(see_other(place(&form)))
}

/// The page the form stood on.
fn place(form: &Form) -> &'static str {
    if form.text("page") == "settings" { "/settings/data#searches" } else { "/search" }
}

/// Recent searches as the pages show them.
pub fn view(recent: Recent) -> RecentView {
    let item = |kept: Kept| RecentItem {
        at: kept.at.to_string(),
        narrowing: kept.asked.narrowing(),
        q: kept.asked.fields().q.to_owned(),
    };
    RecentView { are_kept: recent.are_kept, searches: recent.searches.into_iter().map(item).collect() }
}
