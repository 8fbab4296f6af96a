//! Drafts: what is being written is kept while it is written, for a new entry of a day and for an entry that is edited.

use std::sync::Arc;

use poem::{Response, http::StatusCode};

use crate::{
    journal::{day::Day, entry::Entry},
    routes::{days, entries, items},
    services::{
        drafts::{Draft, DraftOf, Drafted, InBox},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::{
            days::Composer,
            entries::{Conflict, EditPage},
        },
    },
};

/// Says which draft a box holds, so that saving its text takes that one away and no other.
const KEPT: &str = "x-draft-kept";

/// `POST /d/{date}/draft`: keeps unsaved text in place of the draft that its box held; an empty text removes that.
///
/// # Errors
/// 413 and 422 when it cannot be kept, and when the store fails.
pub async fn of_day(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let day = call.day()?;
    let kept = if form.is_cut() {
        Err(WebError::cut(call.wants))
    } else if day > call.services().today(&session) {
        Err(days::future_day())
    } else {
        save(&call, &session, DraftOf::Day(day), 0, &form).await
    };
    match kept {
        Ok(drafted) if call.wants_fragment() => Ok(said(drafted)),
        Ok(Drafted::Kept(saved)) => Ok(see_other(&format!("/d/{day}?write=1&draft={saved}"))),
        Ok(_) => Ok(see_other(&format!("/d/{day}?write=1"))),
        Err(error) => days::refuse_text(&call, &session, day, &form, error).await,
    }
}

/// `POST /entries/{id}/draft`: keeps an unsaved text of an entry, with the `revision` it began from; an empty text, and
/// the one that stands there, remove it.
///
/// # Errors
/// 404 when there is no such entry, 400 without a revision; 413 when it cannot be kept, and when the store fails.
pub async fn of_entry(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let entry = match entries::found(&call, &session).await {
        Err(_) if form.is_cut() => return Err(WebError::cut(call.wants)),
        found => found?.entry,
    };
    let text = form.text("text");
    let Ok(revision) = form.text("revision").parse::<u32>() else {
        return Err(WebError::bad_request("The form does not say which version of the entry it changes."));
    };
    let kept = if form.is_cut() {
        Err(WebError::cut(call.wants))
    } else {
        save(&call, &session, DraftOf::Entry(entry.id), revision, &form).await
    };
    match kept {
        Ok(Drafted::Gone) => Err(WebError::not_found()),
        Ok(drafted) if call.wants_fragment() => Ok(said(drafted)),
        Ok(_) => Ok(see_other(&format!("/entries/{}/edit", entry.id))),
        Err(error) if call.wants_fragment() => Err(error),
        Err(error) => {
            let page = EditPage {
                revision,
                op: items::op(&call, &form),
                text: text.to_owned(),
                draft: form.text("draft").parse().ok(),
                error: Some(error.sentence().to_owned()),
                ..edit_page(&call, &session, entry, None)
            };
            call.page(error.status(), &page)
        }
    }
}

/// `POST /entries/{id}/draft/discard`: forgets the draft that was kept at `draft`; others stay.
///
/// # Errors
/// 404 when there is no such entry, 400 when the form does not say which draft; 5xx when the store fails.
pub async fn discard(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let entry = entries::found(&call, &session).await?.entry;
    let Ok(saved) = form.text("draft").parse() else {
        return Err(WebError::bad_request("The form does not say which draft it discards."));
    };
    call.services().forget_draft(&session, DraftOf::Entry(entry.id), saved).await?;
    entries::shown(&call, &session, entry).await
}

/// Keeps the text of a form that is not saved, before the answer says so: whoever leaves at the refusal finds it again.
/// `base_revision` as in [`crate::services::Services::save_draft`]. `None` when there is nothing to keep, and when it cannot
/// be kept: then the text is in the answer alone, whose box keeps it as it keeps what is typed.
pub async fn keep_refused(
    call: &Call,
    session: &Session,
    of: DraftOf,
    base_revision: u32,
    form: &Form,
) -> Option<i64> {
    let text = form.text("text");
    if form.is_cut() || text.trim().is_empty() {
        return None;
    }
    match save(call, session, of, base_revision, form).await {
        Ok(Drafted::Kept(saved)) => Some(saved),
        Ok(_) | Err(_) => None,
    }
}

async fn save(
    call: &Call,
    session: &Session,
    of: DraftOf,
    base_revision: u32,
    form: &Form,
) -> Result<Drafted, WebError> {
    let text = form.text("text");
    match call.services().save_draft(session, of, base_revision, text, in_box(form)).await? {
        Drafted::Full => Err(WebError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too many drafts",
            "Other windows hold so much unsaved text here that this draft cannot be kept beside it. Save or empty one of them.",
            ("/d/today", "Go to today"),
        )),
        drafted => Ok(drafted),
    }
}

/// The box to write on a day in, with the newest of its drafts or the one that the address names by `draft`, and the way
/// to the next of them.
pub fn composer(call: &Call, session: &Session, day: Day, mut drafts: Vec<Draft>) -> Composer {
    let wanted = call.query("draft").and_then(|saved| saved.parse::<i64>().ok());
    let at = drafts.iter().position(|draft| Some(draft.saved) == wanted).unwrap_or(0);
    let n_others = drafts.len().saturating_sub(1);
    let other_draft = (n_others > 0).then(|| (drafts[(at + 1) % drafts.len()].saved, n_others));
    let draft = (at < drafts.len()).then(|| drafts.swap_remove(at));
    Composer {
        status: draft.as_ref().map(|draft| format!("Draft kept {}", moment(call, session, draft.saved))),
        draft: draft.as_ref().map(|draft| draft.saved),
        other_draft,
        ..items::composer(call, day, draft.map(|draft| draft.text))
    }
}

/// The newest draft that other boxes left on a day, and how many they left. `None` also when they cannot be read now.
pub async fn others(call: &Call, session: &Session, day: Day) -> Option<(i64, usize)> {
    let drafts = call.services().drafts_of_day(session, day).await.ok()?;
    Some((drafts.first()?.saved, drafts.len()))
}

/// Which box the form is of.
pub fn in_box(form: &Form) -> InBox {
    InBox { held: form.text("draft").parse().ok(), op: form.text("op").to_owned() }
}

/// The page that edits an entry: with its draft in the box, where there is one, and beside it the text of the journal
/// when that has changed since the draft was begun.
pub fn edit_page(call: &Call, session: &Session, entry: Entry, draft: Option<Draft>) -> EditPage {
    let page = EditPage {
        shell: call.shell("Edit"),
        id: entry.id.to_string(),
        day: entry.day.to_string(),
        revision: entry.revision,
        op: call.services().fresh_op(),
        text: entry.text.clone(),
        draft: None,
        status: None,
        error: None,
        conflict: None,
    };
    let Some(draft) = draft else { return page };
    let is_stale = draft.base_revision != entry.revision;
    EditPage {
        text: draft.text.clone(),
        draft: Some(draft.saved),
        status: Some(format!("Draft kept {}", moment(call, session, draft.saved))),
        conflict: is_stale.then_some(Conflict {
            current_text: entry.text,
            current_revision: entry.revision,
            yours: draft.text,
        }),
        ..page
    }
}

/// The time, with its day when that is over.
pub fn moment(call: &Call, session: &Session, millis: i64) -> String {
    let services = call.services();
    if services.day_of(session, millis) == services.today(session) {
        services.clock_of(session, millis)
    } else {
        services.moment_of(session, millis)
    }
}

fn said(drafted: Drafted) -> Response {
    let answer = Response::builder().status(StatusCode::NO_CONTENT);
    match drafted {
        Drafted::Kept(saved) => answer.header(KEPT, saved.to_string()).finish(),
        Drafted::Nothing | Drafted::Gone | Drafted::Full => answer.finish(),
    }
}
