//! `/settings/model`: which model answers, and whether another program may.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::{
        confirm::{self, Wanted},
        items,
    },
    services::{replies::Speaker, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::model::{ModelPage, SentPage, UpstreamView},
    },
};

const PAGE: &str = "/settings/model";
const ALLOW: Wanted = Wanted {
    action: "/settings/model/upstream",
    title: "Let another program answer",
    sentence: "From now on an entry that you ask about, and the texts that go along with it, leave this program for the \
               address that the page names. You can take this back at any time.",
    button: "Allow it",
};

/// `GET /settings/model`.
///
/// # Errors
/// Only faults of ours.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let embedder = match call.services().readiness().embedder {
        "ok" => "Search by meaning is ready.",
        "loading" => "Search by meaning is being prepared; search by word works already.",
        "failed" => "Search by meaning could not be started; search by word works.",
        _ => "Search by meaning is not in this build; search by word works.",
    };
    let upstream = call.services().upstream(&session).map(|upstream| UpstreamView {
        host: upstream.host,
        is_protected: upstream.is_protected,
        is_here: upstream.is_here,
        is_allowed: upstream.is_allowed,
        sentence: upstream.sentence,
        has_own_key: upstream.has_own_key,
    });
    let page = ModelPage {
        shell: call.shell("Settings"),
        model: items::model_view(&call, &session),
        embedder: embedder.to_owned(),
        upstream,
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/model/upstream`: allows the upstream for this person, with the password typed again, or takes that
/// back (`allow` is `yes` or `no`).
///
/// # Errors
/// When it cannot be written.
pub async fn upstream(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    if form.text("allow") != "yes" {
        call.services().refuse_upstream(&session).await?;
        return Ok(see_other(PAGE));
    }
    confirm::first(call, session, form, &ALLOW, |call, confirmed, _form| async move {
        call.services().allow_upstream(&confirmed).await?;
        Ok(see_other(PAGE))
    })
    .await
}

/// `POST /settings/model/upstream/key`: keeps a key of this person for the upstream (`upstream_key`), or forgets it
/// (`forget` is `yes`).
///
/// # Errors
/// 422 for what cannot be a key, 5xx when it cannot be written.
pub async fn key(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let key = if form.text("forget") == "yes" { "" } else { form.text("upstream_key").trim() };
    let is_given = form.text("forget") == "yes" || !key.is_empty();
    if !is_given || !call.services().set_upstream_key(&session, key).await? {
        return Err(WebError::unprocessable(
            "This cannot be a key: it has blanks or other signs that no key has, or nobody is allowed to be sent it. Nothing was changed.",
        ));
    }
    Ok(see_other(PAGE))
}

/// `GET /settings/model/sent`: leads to what would be sent with the newest entry; back, when there is nothing to send.
///
/// # Errors
/// When a record cannot be read.
pub async fn sent(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let newest = match call.services().upstream(&session) {
        Some(_) => call.services().newest_to_send(&session).await?,
        None => None,
    };
    let place = newest.map_or_else(|| PAGE.to_owned(), |id| format!("/entries/{id}/sending"));
    Ok(see_other(&place))
}

/// `GET /entries/{id}/sending`: everything that asking for a reply to an entry would send.
///
/// # Errors
/// 404 when there is no such entry, or no upstream.
pub async fn preview(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let preview = call.services().preview(&session, call.id()?).await?.ok_or_else(WebError::not_found)?;
    let who = |speaker: Speaker| match speaker {
        Speaker::System => "The rules of this program",
        Speaker::Writer => "You",
        Speaker::Model => "The model, earlier",
    };
    let page = SentPage {
        shell: call.shell("What is sent"),
        host: preview.host,
        is_allowed: preview.is_allowed,
        has_own_key: preview.has_own_key,
        day: preview.entry.day.to_string(),
        id: preview.entry.id.to_string(),
        is_kept: preview.entry.never_send,
        turns: preview.turns.into_iter().map(|(speaker, text)| (who(speaker), text)).collect(),
        payload: preview.payload,
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/model/switch`: switches the model off (`model=off`) or on (`model=on`) for this writer.
///
/// # Errors
/// 400 for another value; 5xx when the store fails.
pub async fn switch(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let is_on = match form.text("model") {
        "on" => true,
        "off" => false,
        _ => {
            return Err(WebError::bad_request(
                "The form does not say whether to switch the model on or off.",
            ));
        }
    };
    call.services().switch_model(&session, is_on).await?;
    Ok(see_other(PAGE))
}
