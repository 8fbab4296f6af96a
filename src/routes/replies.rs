//! Replies: ask, ask again, follow, stop, throw away.

use std::sync::Arc;

use futures_util::{Stream, stream};
use poem::http::StatusCode;

use crate::{
    journal::{
        ids::EntryId,
        reply::{MAX_WISH_CHARS, Wish},
    },
    routes::{entries, items},
    services::{
        generation::{Update, UpdateKind},
        replies::{Ask, Follow, ReplyView},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        markdown,
        pages::entries::ReplyPart,
        sse::{self, Event},
    },
};

/// `POST /entries/{id}/replies`: asks the model. An entry whose reply runs already answers that one.
///
/// # Errors
/// 404 when there is no such entry, 503 when the model cannot answer now.
pub async fn create(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let asked = call.services().ask(&session, call.id()?).await?;
    begun(&call, &session, asked).await
}

/// `POST /replies/{id}/retry`: asks for another reply to the same entry. Field `length` (`shorter` or `longer`) and
/// field `wish` (a few words of the writer) may say how. A reply that failed or broke off makes room for the new one;
/// a reply that runs goes on.
///
/// # Errors
/// 404 when there is no such reply, 422 when the wish is too long, 503 when the model cannot answer now.
pub async fn retry(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let wish = Wish::parse(form.text("length"), form.text("wish")).map_err(|too_long| {
        WebError::unprocessable(format!(
            "A wish can have {MAX_WISH_CHARS} characters; this one has {}. Say it shorter, or write it as an entry.",
            too_long.chars
        ))
    })?;
    let asked = call.services().ask_again(&session, call.id()?, &wish).await?;
    begun(&call, &session, asked).await
}

/// The entry with the reply that has begun beneath it, or why none has.
async fn begun(call: &Call, session: &Session, asked: Ask) -> Answer {
    let id = match asked {
        Ask::Started(id) => id,
        Ask::NoEntry => return Err(WebError::not_found()),
        Ask::NotReady(sentence) => {
            let next = ("/settings/model", "See how the model is");
            return Err(WebError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The model cannot answer now",
                sentence,
                next,
            ));
        }
        Ask::Full { retry_after_s } => {
            let sentence = format!(
                "Many replies wait already. Nothing is lost; ask again in about {retry_after_s} seconds."
            );
            return Err(WebError::overloaded(&sentence, retry_after_s));
        }
    };
    if call.wants_fragment() {
        return answered(call, session, id).await;
    }
    shown(call, session, id).await
}

/// `POST /replies/{id}/delete`: moves the reply to the trash, stopping it first.
///
/// # Errors
/// 404 when there is no such reply.
pub async fn remove(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let reply = call.services().delete_reply(&session, call.id()?).await?.ok_or_else(WebError::not_found)?;
    if call.wants_fragment() {
        let entry = reply.reply_to.ok_or_else(WebError::not_found)?;
        let view = call.services().entry(&session, entry).await?.ok_or_else(WebError::not_found)?;
        return entries::shown(&call, &session, view.entry).await;
    }
    Ok(see_other(&format!("/d/{}?deleted={}", reply.day, reply.id)))
}

/// `GET /replies/{id}`: the reply as it stands; as a page, the way to it.
///
/// # Errors
/// 404 when there is none.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    shown(&call, &session, call.id()?).await
}

/// `POST /replies/{id}/stop` and its twin `DELETE`: stops the model and keeps what is there.
///
/// # Errors
/// 404 when there is no such reply.
pub async fn stop(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let id = call.id()?;
    if !call.services().stop(&session, id).await? {
        return Err(WebError::not_found());
    }
    shown(&call, &session, id).await
}

/// `GET /replies/{id}/events`: follows the reply, after `Last-Event-ID` (or `?after=`, for a first connection of a
/// page that already shows the text so far).
///
/// # Errors
/// 404 when there is no such reply, 503 when too many streams are open.
pub async fn events(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let id = call.id()?;
    let header = call.headers().get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let after =
        header.or_else(|| call.query("after")).and_then(|after| after.trim().parse().ok()).unwrap_or(0);
    let seat = call.app.streams.admit(session.fingerprint()).ok_or_else(|| {
        WebError::overloaded("Too many pages follow replies at once. Close some, or reload later.", 5)
    })?;
    let follow = call.services().follow(&session, id, after).await?.ok_or_else(WebError::not_found)?;
    let lives = Arc::clone(&call);
    let may_go_on = move || lives.services().session(lives.visitor.token()).is_some();
    Ok(sse::respond(seat, followed(call, session, id, follow), may_go_on))
}

fn followed(
    call: Arc<Call>,
    session: Arc<Session>,
    id: EntryId,
    follow: Follow,
) -> impl Stream<Item = Event> {
    stream::unfold(follow, move |mut follow| {
        let (call, session) = (Arc::clone(&call), Arc::clone(&session));
        async move {
            let Update { id: number, kind } = follow.next().await?;
            let (name, data, is_last) = match kind {
                UpdateKind::Token(text) => ("token", sse::escape(&text), false),
                UpdateKind::Position(position) => ("position", position.to_string(), false),
                UpdateKind::Failed(sentence) => ("failed", sse::escape(&sentence), true),
                UpdateKind::Done => {
                    let reply = call.services().reply(&session, id).await.ok().flatten();
                    let html = reply.map(|reply| markdown::render_machine(&reply.text).as_str().to_owned());
                    ("done", html.unwrap_or_default(), true)
                }
            };
            Some((Event { id: number, name, data, is_last }, follow))
        }
    })
}

async fn shown(call: &Call, session: &Session, id: EntryId) -> Answer {
    let view: ReplyView = call.services().reply(session, id).await?.ok_or_else(WebError::not_found)?;
    if call.wants_fragment() {
        let can_retry = call.services().model_for(session).state == "ready";
        let part = ReplyPart { shell: call.shell("Day"), reply: items::reply_item(&view, can_retry) };
        return call.page(StatusCode::OK, &part);
    }
    Ok(see_other(&format!("/d/{}#reply-{id}", view.entry.day)))
}

/// The entry that a reply answers, with all its replies.
async fn answered(call: &Call, session: &Session, reply: EntryId) -> Answer {
    let view = call.services().reply(session, reply).await?.ok_or_else(WebError::not_found)?;
    let entry = view.entry.reply_to.ok_or_else(WebError::not_found)?;
    let view = call.services().entry(session, entry).await?.ok_or_else(WebError::not_found)?;
    entries::shown(call, session, view.entry).await
}
