//! `/settings/model`: which model answers, which there are, and whether another program may.

mod view;

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::{
        confirm::{self, Wanted},
        items,
    },
    services::{models::NoChange, replies::Speaker, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::{
            Shell,
            model::{ModelPage, SentPage, UpstreamView, shelf::ModelWorkPart},
        },
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

const ADDRESS: Wanted = Wanted {
    action: "/settings/model/address",
    title: "Fetch a model",
    sentence: "This machine connects to the address you gave and fetches the model file there. Nothing of the journal is \
               sent.",
    button: "Fetch it",
};
const ADD: Wanted = Wanted {
    action: "/settings/model/add",
    title: "Add a model file",
    sentence: "The file at the path you gave is looked through and copied into the folder of models.",
    button: "Add it",
};

/// `GET /settings/model`; asked for in part it is the models as files alone.
///
/// # Errors
/// Only faults of ours.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    draw(&call, &session, StatusCode::OK, None).await
}

/// `GET /settings/model/work`: what is being done with models.
///
/// # Errors
/// When the store cannot be read.
pub async fn work(call: Arc<Call>, session: Arc<Session>) -> Answer {
    if !call.wants_fragment() {
        return Ok(see_other(PAGE));
    }
    let may_change = call.services().no_model_changes(&session).await?.is_none();
    let work = view::work(call.services().model_work(), may_change);
    call.page(StatusCode::OK, &ModelWorkPart { shell: call.shell("Settings"), work, is_followed: true })
}

/// The page, with what was refused.
async fn draw(call: &Call, session: &Session, status: StatusCode, error: Option<String>) -> Answer {
    let embedder = match call.services().readiness().embedder {
        "ok" => "Search by meaning is ready.",
        "loading" => "Search by meaning is being prepared; search by word works already.",
        "failed" => "Search by meaning could not be started; search by word works.",
        _ => "Search by meaning is not in this build; search by word works.",
    };
    let upstream = call.services().upstream(session).map(|upstream| UpstreamView {
        host: upstream.host,
        is_protected: upstream.is_protected,
        is_here: upstream.is_here,
        is_allowed: upstream.is_allowed,
        sentence: upstream.sentence,
        has_own_key: upstream.has_own_key,
        is_key_lost: upstream.is_key_lost,
    });
    let model = items::model_view(call, session);
    let models = match model.state {
        "off" => None,
        _ => call.services().models(session).await?,
    };
    let is_running = models.as_ref().is_some_and(|models| models.work.is_running());
    let page = ModelPage {
        shell: Shell { refresh: is_running, ..call.shell("Settings") },
        model,
        embedder: embedder.to_owned(),
        upstream,
        models: models.map(view::models),
        error,
    };
    call.page_or_part(status, &page)
}

/// Answers what became of a wish: the page, which says the rest.
async fn answer(call: &Call, session: &Session, done: Result<(), NoChange>) -> Answer {
    let (status, sentence) = match done {
        Ok(()) => return Ok(see_other("/settings/model#models")),
        Err(NoChange::Failed(failure)) => return Err(failure.into()),
        Err(NoChange::NotAllowed(why)) => (StatusCode::FORBIDDEN, why.to_owned()),
        Err(NoChange::Busy(why)) => (StatusCode::CONFLICT, why.to_owned()),
        Err(other) => (StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    };
    draw(call, session, status, Some(sentence)).await
}

/// `POST /settings/model/use`: another model, `name`, takes over.
///
/// # Errors
/// Only faults of ours; what is refused is told on the page.
pub async fn choose(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = call.services().use_model(&session, form.text("name")).await;
    answer(&call, &session, done).await
}

/// `POST /settings/model/fetch`: a recommended model, or one that was begun, is fetched.
///
/// # Errors
/// See [`choose`].
pub async fn fetch(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = call.services().fetch_model(&session, form.text("name")).await;
    answer(&call, &session, done).await
}

/// `POST /settings/model/address`: a model is fetched from an `address` of the owner's choice.
///
/// # Errors
/// See [`choose`] and [`confirm::first`].
pub async fn address(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &ADDRESS, |call, confirmed, form| async move {
        let done = call.services().fetch_from(&confirmed, form.text("address")).await;
        answer(&call, confirmed.session(), done).await
    })
    .await
}

/// `POST /settings/model/add`: a model file of this machine, at `path`, is copied into the folder of models.
///
/// # Errors
/// See [`choose`] and [`confirm::first`].
pub async fn add(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    confirm::first(call, session, form, &ADD, |call, confirmed, form| async move {
        let done = call.services().add_model(&confirmed, form.text("path")).await;
        answer(&call, confirmed.session(), done).await
    })
    .await
}

/// `POST /settings/model/verify`: a model is read through and compared with its checksum.
///
/// # Errors
/// See [`choose`].
pub async fn verify(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = call.services().verify_model(&session, form.text("name")).await;
    answer(&call, &session, done).await
}

/// `POST /settings/model/remove`: a model file is deleted.
///
/// # Errors
/// See [`choose`].
pub async fn remove(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = call.services().remove_model(&session, form.text("name")).await;
    answer(&call, &session, done).await
}

/// `POST /settings/model/discard`: what has come of a download is thrown away.
///
/// # Errors
/// See [`choose`].
pub async fn discard(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = call.services().discard_model(&session, form.text("name")).await;
    answer(&call, &session, done).await
}

/// `POST /settings/model/stop`: what runs is stopped, with files or (`what=change`) with the model that answers.
///
/// # Errors
/// See [`choose`].
pub async fn stop(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let done = match form.text("what") {
        "change" => call.services().stop_model_change(&session).await,
        _ => call.services().stop_model_files(&session).await,
    };
    answer(&call, &session, done).await
}

/// `POST /settings/model/bench`: the model that answers is measured.
///
/// # Errors
/// See [`choose`].
pub async fn bench(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let done = call.services().measure_model(&session).await;
    answer(&call, &session, done).await
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
