//! Entries: write, read, edit, delete, restore.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{
        day::Day,
        entry::{Entry, EntryText, Role},
        ids::EntryId,
    },
    routes::{days, drafts, items},
    services::{
        drafts::{DraftOf, Drafted, InBox},
        entries::{Edit, EntryView, MAX_VERSIONS, WriteError, Written},
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        markdown::tasks,
        pages::{
            Held,
            days::SavedPart,
            entries::{Conflict, DeletedItem, EditPage, EntryPage, EntryPart},
            versions::VersionsPage,
        },
        table::EDIT,
    },
};

/// Texts on one page of versions; each is compared with the one before.
const VERSIONS_ON_PAGE: usize = 20;

/// Only these replace the box of an edit, and then with the text in it, which is kept; with any other status it stays as it
/// is.
const REPLACES: [StatusCode; 2] = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT];

/// `POST /d/{date}/entries`: saves a new entry. `op` makes a repeat harmless.
///
/// # Errors
/// 413 and 422 with the text kept; 5xx when the store fails, with the text kept.
pub async fn create(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let day = call.day()?;
    let by = drafts::in_box(&form);
    match write(&call, &session, day, form.text("text"), by, form.is_cut()).await {
        Err(error) => days::refuse_text(&call, &session, day, &form, error).await,
        Ok(written) if call.wants_fragment() => {
            let status = Some(format!("Saved {}", call.services().time_now(&session)));
            let composer = crate::web::pages::days::Composer {
                state: "saved",
                status,
                other_draft: drafts::others(&call, &session, day).await,
                ..items::composer(&call, day, None)
            };
            let (entry, trashed) = match written {
                Written::Saved(entry) => (entry, false),
                Written::InTrash(entry) => (entry, true),
            };
            let view = EntryView::bare(entry);
            let entry = items::entry_item(&call, &session, &view);
            let shell = call.shell("Day");
            call.page(StatusCode::OK, &SavedPart { shell, composer, entry, repeated: false, trashed })
        }
        Ok(written) => Ok(see_other(&way_to(&written))),
    }
}

/// Where a text went that was just saved: its entry on its day, or the trash.
fn way_to(written: &Written) -> String {
    match written {
        Written::Saved(entry) => place(entry),
        Written::InTrash(entry) => format!("/d/{}?deleted={}", entry.day, entry.id),
    }
}

/// Saves a text that was held over a sign-in, and leads to it. What cannot be saved is shown again.
///
/// # Errors
/// Why it was not saved, holding the text.
pub async fn save_held(call: &Call, session: &Session, held: Held) -> Answer {
    let target = match held.op.strip_prefix(EDIT) {
        Some(rest) => rest
            .split_once('.')
            .and_then(|(id, revision)| Some(Target::Entry(id.parse().ok()?, revision.parse().ok()?))),
        None => held.day.parse().ok().map(Target::Day),
    };
    let today = call.services().today(session);
    let (of, base_revision) = match &target {
        Some(Target::Day(day)) => (Some(DraftOf::Day(*day)).filter(|_| *day <= today), 0),
        Some(Target::Entry(id, revision)) => (Some(DraftOf::Entry(*id)), *revision),
        None => (None, 0),
    };
    let by = InBox { held: held.draft, op: held.op.clone() };
    let error = match target {
        Some(Target::Day(day)) => match write(call, session, day, &held.text, by, false).await {
            Ok(written) => return Ok(see_other(&way_to(&written))),
            Err(error) => error,
        },
        Some(Target::Entry(id, revision)) => {
            match change(call, session, id, revision, &held.text, by, false).await {
                Ok(Edit::Saved(entry)) => return Ok(see_other(&place(&entry))),
                Ok(_) => WebError::new(
                    StatusCode::CONFLICT,
                    "This entry has changed",
                    "The entry was changed or deleted in the meantime. Your text is below and can be saved on today.",
                    ("/d/today", "Go to today"),
                ),
                Err(error) => error,
            }
        }
        None => WebError::bad_request("The day of this text could not be read. It can be saved on today."),
    };
    // The page has the text as well, should it not be kept.
    let op = Some(held.op).filter(|op| !op.is_empty() && !op.starts_with(EDIT));
    let op = op.unwrap_or_else(|| call.services().fresh_op());
    let mut draft = held.draft;
    if let Some(of) = of.filter(|_| REPLACES.contains(&error.status())) {
        let by = InBox { held: draft, op: op.clone() };
        let kept = call.services().save_draft(session, of, base_revision, &held.text, by).await;
        if let Ok(Drafted::Kept(saved)) = kept {
            draft = Some(saved);
        }
    }
    let day = if held.day.parse::<Day>().is_ok() { held.day } else { today.to_string() };
    Err(error.holding(Some(Held { day, op, draft, text: held.text })))
}

enum Target {
    Day(Day),
    Entry(EntryId, u32),
}

/// `GET /entries/{id}`.
///
/// # Errors
/// 404 when there is none.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let view = found(&call, &session).await?;
    let page = EntryPage { shell: call.shell("Entry"), entry: items::entry_item(&call, &session, &view) };
    call.page_or_part(StatusCode::OK, &page)
}

/// `GET /entries/{id}/edit`: with the draft that was kept, where there is one.
///
/// # Errors
/// 404 when there is none.
pub async fn edit(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let entry = found(&call, &session).await?.entry;
    let draft = call.services().draft_of(&session, &entry).await?;
    let page = drafts::edit_page(&call, &session, entry, draft);
    call.page_or_part(StatusCode::OK, &page)
}

/// `POST /entries/{id}` and its twin `PUT`: saves a new text over `revision`.
///
/// # Errors
/// 404 when there is no such entry, 400 without a revision; 409, 413 and 422 show the text again.
pub async fn update(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let id = call.id()?;
    let text = form.text("text");
    let Ok(revision) = form.text("revision").parse::<u32>() else {
        return Err(WebError::bad_request("The form does not say which version of the entry it changes."));
    };
    let changed = change(&call, &session, id, revision, text, drafts::in_box(&form), form.is_cut()).await;
    let (status, mut error, current) = match changed {
        Ok(Edit::Saved(entry)) => return shown(&call, &session, entry).await,
        Ok(Edit::Conflict(entry)) => (StatusCode::CONFLICT, None, Some(entry)),
        Ok(Edit::Gone) => {
            let held = Held {
                day: call.services().today(&session).to_string(),
                op: call.services().fresh_op(),
                draft: None,
                text: text.to_owned(),
            };
            return Err(WebError::not_found().holding(Some(held)));
        }
        Err(error) => (error.status(), Some(error), None),
    };
    if let Some(error) = error.take_if(|error| call.wants_fragment() && !REPLACES.contains(&error.status())) {
        return Err(error);
    }
    let day = match &current {
        Some(entry) => entry.day.to_string(),
        None => found(&call, &session).await.map(|view| view.entry.day.to_string()).unwrap_or_default(),
    };
    let kept = match REPLACES.contains(&status) {
        true => drafts::keep_refused(&call, &session, DraftOf::Entry(id), revision, &form).await,
        false => None,
    };
    let page = EditPage {
        shell: call.shell("Edit"),
        id: id.to_string(),
        day,
        revision: current.as_ref().map_or(revision, |entry| entry.revision),
        op: items::op(&call, &form),
        text: text.to_owned(),
        draft: kept.or_else(|| form.text("draft").parse().ok()),
        status: kept.map(|_| "Draft kept".to_owned()),
        error: error.map(|error| error.sentence().to_owned()),
        conflict: current.map(|entry| Conflict {
            current_text: entry.text,
            current_revision: entry.revision,
            yours: text.to_owned(),
        }),
    };
    call.page_or_part(status, &page)
}

/// `POST /entries/{id}/delete` and its twin `DELETE`: moves the entry and its replies to the trash.
///
/// # Errors
/// 404 when there is none.
pub async fn remove(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let entry = call.services().delete(&session, call.id()?).await?.ok_or_else(WebError::not_found)?;
    let (id, day) = (entry.id.to_string(), entry.day.to_string());
    if call.wants_fragment() {
        return call.page(StatusCode::OK, &DeletedItem { shell: call.shell("Day"), id, day });
    }
    Ok(see_other(&format!("/d/{day}?deleted={id}")))
}

/// `POST /entries/{id}/restore`: takes the entry back from the trash.
///
/// # Errors
/// 404 when it is not there.
pub async fn restore(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let entry = call.services().restore(&session, call.id()?).await?.ok_or_else(WebError::not_found)?;
    shown(&call, &session, entry).await
}

/// `POST /entries/{id}/tasks/{n}`: ticks the task number `n` of the entry, from 0, or takes the tick away. It is an edit
/// like any other: the text before is kept as a version. `revision` says which text the page showed.
///
/// # Errors
/// 404 when there is no such task; 409 when the entry was changed since.
pub async fn tick(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let EntryView { entry, .. } = found(&call, &session).await?;
    if form.text("revision").parse() != Ok(entry.revision) {
        return Err(WebError::new(
            StatusCode::CONFLICT,
            "Changed elsewhere",
            "This entry was changed since the page was drawn, so nothing was ticked. Load the page again.",
            (&place(&entry), "Show the entry"),
        ));
    }
    let ticked = tasks::toggle(&entry.text, call.param("n")?).ok_or_else(WebError::not_found)?;
    let text = parsed(&call, &ticked, false)?;
    match call.services().edit(&session, entry.id, entry.revision, text, InBox::default()).await? {
        Edit::Saved(entry) | Edit::Conflict(entry) => shown(&call, &session, entry).await,
        Edit::Gone => Err(WebError::not_found()),
    }
}

/// `POST /entries/{id}/sending`: whether the entry may be sent to the upstream (`never_send` is `yes` or `no`).
///
/// # Errors
/// 404 when there is none.
pub async fn sending(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let never_send = form.text("never_send") != "no";
    let entry = call.services().keep_here(&session, call.id()?, never_send).await?;
    shown(&call, &session, entry.ok_or_else(WebError::not_found)?).await
}

/// `GET /entries/{id}/versions`: the texts an entry has had, newest first, each with what was changed; `?page=2` is
/// the next twenty.
///
/// # Errors
/// 404 when there is no such entry.
pub async fn versions(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let EntryView { entry, .. } = found(&call, &session).await?;
    let mut texts = call.services().versions(&session, entry.id).await?.ok_or_else(WebError::not_found)?;
    let (id, day, current) = (entry.id.to_string(), entry.day.to_string(), entry.revision);
    texts.push(entry);
    texts.reverse();
    let n_pages = texts.len().div_ceil(VERSIONS_ON_PAGE);
    let page = call.query("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, n_pages);
    let versions = texts
        .iter()
        .enumerate()
        .skip((page - 1) * VERSIONS_ON_PAGE)
        .take(VERSIONS_ON_PAGE)
        .map(|(idx, text)| items::version_item(text, texts.get(idx + 1), text.revision == current))
        .collect();
    let kept = MAX_VERSIONS;
    let page = VersionsPage { shell: call.shell("Versions"), id, day, versions, page, n_pages, kept };
    call.page(StatusCode::OK, &page)
}

/// `POST /entries/{id}/versions/{n}/restore`: makes an earlier text the current one.
///
/// # Errors
/// 404 when there is no such entry or version.
pub async fn restore_version(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let (id, n) = (call.id()?, call.param("n")?);
    let entry = call.services().restore_version(&session, id, n).await?.ok_or_else(WebError::not_found)?;
    shown(&call, &session, entry).await
}

/// The entry of the address, with its replies.
///
/// # Errors
/// 404 when there is none.
pub async fn found(call: &Call, session: &Session) -> Result<EntryView, WebError> {
    call.services().entry(session, call.id()?).await?.ok_or_else(WebError::not_found)
}

/// After a change: the entry as it is now, or the way to it.
pub async fn shown(call: &Call, session: &Session, entry: Entry) -> Answer {
    if !call.wants_fragment() {
        return Ok(see_other(&place(&entry)));
    }
    let found = call.services().entry(session, entry.id).await?;
    let view = found.unwrap_or_else(|| EntryView::bare(entry));
    let entry = items::entry_item(call, session, &view);
    call.page(StatusCode::OK, &EntryPart { shell: call.shell("Day"), entry })
}

async fn write(
    call: &Call,
    session: &Session,
    day: Day,
    text: &str,
    by: InBox,
    is_cut: bool,
) -> Result<Written, WebError> {
    let text = parsed(call, text, is_cut)?;
    call.services().write(session, day, text, by).await.map_err(|error| match error {
        WriteError::Future => days::future_day(),
        WriteError::Failed(failure) => WebError::from(failure),
    })
}

async fn change(
    call: &Call,
    session: &Session,
    id: EntryId,
    revision: u32,
    text: &str,
    by: InBox,
    is_cut: bool,
) -> Result<Edit, WebError> {
    let text = parsed(call, text, is_cut)?;
    Ok(call.services().edit(session, id, revision, text, by).await?)
}

fn parsed(call: &Call, text: &str, is_cut: bool) -> Result<EntryText, WebError> {
    if is_cut {
        return Err(WebError::cut(call.wants));
    }
    EntryText::parse(text).map_err(|error| {
        WebError::unprocessable(format!("This was not saved: {error}. The text is still in the box."))
    })
}

/// Where an entry or a reply stands.
pub fn place(entry: &Entry) -> String {
    let kind = if entry.role == Role::Reply { "reply" } else { "entry" };
    format!("/d/{}#{kind}-{}", entry.day, entry.id)
}
