//! Traces: on entries and replies, and the page of one; the list is in `index`, what is offered in `offers`. Names travel in forms, never in addresses.

pub mod about;
mod heat;
pub mod index;
pub mod offers;

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{
        day::Day,
        ids::{EntryId, TraceId},
        trace::NameError,
    },
    routes::{entries::place, items},
    services::{
        sessions::Session,
        traces::{
            Attach, ChangeId, Chip, TraceChange,
            page::{TraceAsk, TraceView},
            summary::SummaryState,
        },
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::traces::{
            ChipItem, ChipsItem, ChipsPart, Facts, TraceDay, TracePage, Undo, about::SummaryItem,
        },
    },
};

/// Pages beyond this are not asked for by any form of ours.
const MAX_PAGE: usize = 100_000;
/// So many pages at a time are shown again when somebody comes back.
const MAX_AGAIN: usize = 25;

/// `POST /entries/{id}/traces`: attaches the trace called `name`; makes it when there is none. Replies too.
///
/// # Errors
/// 404 when there is no such entry; 422 when `name` is no name.
pub async fn attach(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let (id, typed) = (call.id()?, form.text("name"));
    let error = match call.services().attach_trace(&session, id, typed, form.text("from") == "offer").await? {
        Attach::Done(entry) if !call.wants_fragment() => return Ok(see_other(&place(&entry))),
        Attach::Done(_) => None,
        Attach::NoEntry => return Err(WebError::not_found()),
        Attach::NoName(error) => Some(no_name(error)),
        Attach::TooMany => Some("This entry has as many traces as it can have.".to_owned()),
    };
    if let Some(error) = error.clone().filter(|_| !call.wants_fragment()) {
        there(&call, &session, id).await?;
        return Err(WebError::unprocessable(error));
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let typed = if error.is_some() { typed.to_owned() } else { String::new() };
    let is_undo = form.text("then") == "close";
    chips(&call, &session, id, status, |chips| ChipsItem { open: !is_undo, typed, error, ..chips }).await
}

/// `POST /entries/{id}/traces/{trace}/delete` and its twin `DELETE`: takes a trace from an entry or a reply.
///
/// # Errors
/// 404 when there is no such entry.
pub async fn detach(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let (id, trace) = (call.id()?, call.param::<TraceId>("trace")?);
    let detached = call.services().detach_trace(&session, id, trace).await?;
    let (entry, name) = detached.ok_or_else(WebError::not_found)?;
    if !call.wants_fragment() {
        return Ok(see_other(&place(&entry)));
    }
    let removed = Some(name).filter(|name| !name.is_empty());
    chips(&call, &session, id, StatusCode::OK, |chips| ChipsItem { removed, ..chips }).await
}

/// `GET /traces/{id}`: one trace, with its entries. `with`, `from` and `to` filter them, `year` turns the heat map.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let undo = match call.query("done").as_deref() {
        Some("renamed") => Some("The trace has another name."),
        Some("merged") => Some("The two traces are one."),
        Some("undone") => Some("It is as it was before."),
        Some("pinned") => Some("It stands first from now on."),
        Some("unpinned") => Some("It is no longer pinned."),
        _ => None,
    };
    let undo = undo.map(|said| undone(said, &call.query("undo").unwrap_or_default()));
    page(&call, &session, StatusCode::OK, |page| TracePage { undo, ..page }).await
}

/// `POST /traces/{id}/pin`: lets the trace stand first in the list and among what is offered; with `pinned` `no` not any
/// more.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn pin(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let (id, is_pinned) = (call.param::<TraceId>("id")?, form.text("pinned") != "no");
    if !call.services().pin_trace(&session, id, is_pinned).await? {
        return Err(WebError::not_found());
    }
    let done = if is_pinned { "pinned" } else { "unpinned" };
    Ok(see_other(&format!("/traces/{id}?done={done}")))
}

/// `POST /traces/{id}/rename`: gives the trace the name `name`.
///
/// # Errors
/// 404 when there is no such trace; 409 and 422 on its page.
pub async fn rename(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let (id, typed) = (call.param::<TraceId>("id")?, form.text("name"));
    let (status, error, taken) = match call.services().rename_trace(&session, id, typed).await? {
        TraceChange::Done(change) => return Ok(see_other(&after(id, "renamed", change))),
        TraceChange::Same => return Ok(see_other(&format!("/traces/{id}"))),
        TraceChange::Gone => return Err(WebError::not_found()),
        TraceChange::NoName(error) => (StatusCode::UNPROCESSABLE_ENTITY, no_name(error), None),
        TraceChange::Taken(other) => {
            let name = call.services().trace_name(&session, other).await?.unwrap_or_default();
            let said = "Another trace is called so. The two can be made one.".to_owned();
            (StatusCode::CONFLICT, said, Some(name))
        }
    };
    refuse(&call, &session, status, error, typed, taken).await
}

/// `POST /traces/{id}/merge`: the entries of this trace carry the one called `into` instead. Asked for in the list, with
/// `from` `list`, it leads back there.
///
/// # Errors
/// 404 when there is no such trace; 422 on its page when there is none called `into`.
pub async fn merge(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let (id, typed) = (call.param::<TraceId>("id")?, form.text("into"));
    let said = match call.services().merge_trace(&session, id, typed).await? {
        (TraceChange::Done(change), Some(_)) if form.text("from") == "list" => {
            return Ok(see_other(&format!("/traces?merged={}", hex(change))));
        }
        (TraceChange::Done(change), Some(into)) => return Ok(see_other(&after(into, "merged", change))),
        (TraceChange::NoName(error), _) => no_name(error),
        (TraceChange::Same, Some(into)) if into == id => "This is the trace itself.".to_owned(),
        _ => "There is no trace of that name. Nothing was changed.".to_owned(),
    };
    refuse(&call, &session, StatusCode::UNPROCESSABLE_ENTITY, said, typed, None).await
}

/// `POST /traces/{id}/delete`: takes the trace from all entries, which stay.
///
/// # Errors
/// 404 when there is no such trace.
pub async fn delete(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    match call.services().delete_trace(&session, call.param("id")?).await? {
        TraceChange::Done(change) => Ok(see_other(&format!("/traces?deleted={}", hex(change)))),
        _ => Err(WebError::not_found()),
    }
}

/// `POST /traces/undo`: undoes the rename, merge or deletion that `change` names, while it is the last one.
///
/// # Errors
/// When it cannot be written.
pub async fn undo(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let undone = match change_of(form.text("change")) {
        Some(change) => call.services().undo_trace(&session, change).await?,
        None => None,
    };
    Ok(see_other(&match undone {
        Some(id) => format!("/traces/{id}?done=undone"),
        None => "/traces?said=late".to_owned(),
    }))
}

const LATE: &str = "This can no longer be undone: something else was changed since. Nothing was lost.";

fn no_name(error: NameError) -> String {
    format!("This is no trace: {error}.")
}

/// Where a changed trace is shown.
fn after(id: TraceId, done: &str, change: Option<ChangeId>) -> String {
    format!("/traces/{id}?done={done}&undo={}", hex(change))
}

fn undone(said: &str, change: &str) -> Undo {
    Undo { said: said.to_owned(), change: change_of(change).map(|_| change.to_owned()) }
}

fn hex(change: Option<ChangeId>) -> String {
    change.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A change by its name in an address; all zeros is one that cannot be undone.
fn change_of(text: &str) -> Option<ChangeId> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
    (number != 0).then(|| number.to_be_bytes())
}

/// 404 when there is no such entry or reply.
async fn there(call: &Call, session: &Session, id: EntryId) -> Result<(), WebError> {
    call.services().chips(session, id).await?.map(drop).ok_or_else(WebError::not_found)
}

/// The traces of an entry as they are now.
async fn chips(
    call: &Call,
    session: &Session,
    id: EntryId,
    status: StatusCode,
    with: impl FnOnce(ChipsItem) -> ChipsItem,
) -> Answer {
    let (_, found) = call.services().chips(session, id).await?.ok_or_else(WebError::not_found)?;
    let chips = with(ChipsItem::of(&id.to_string(), &found));
    call.page(status, &ChipsPart { shell: call.shell("Day"), chips })
}

async fn refuse(
    call: &Call,
    session: &Session,
    status: StatusCode,
    error: String,
    typed: &str,
    taken: Option<String>,
) -> Answer {
    let typed = typed.to_owned();
    page(call, session, status, |page| TracePage { error: Some(error), typed, taken, ..page }).await
}

async fn page(
    call: &Call,
    session: &Session,
    status: StatusCode,
    with: impl FnOnce(TracePage) -> TracePage,
) -> Answer {
    let id = call.param::<TraceId>("id")?;
    let value = |name: &str| call.query(name).unwrap_or_default();
    let ask = TraceAsk {
        with: value("with").parse().ok(),
        from: value("from").parse().ok(),
        to: value("to").parse().ok(),
        year: value("year").parse().ok(),
        page: value("page").parse().unwrap_or(1).clamp(1, MAX_PAGE),
        upto: value("upto").parse().unwrap_or(1).clamp(1, MAX_AGAIN),
    };
    let services = call.services();
    let view = services.trace_page(session, id, ask).await?.ok_or_else(WebError::not_found)?;
    let mut page = context(call, session, view, &ask);
    // What is asked for by itself, and what is narrowed down, has no summary.
    if page.fitting.is_none() && !page.is_later {
        // A summary that cannot be read hides nothing else.
        page.summary = match services.kept_summary(session, id).await.unwrap_or(SummaryState::Nothing) {
            SummaryState::There(found) => Some(SummaryItem::of(id.to_string(), Some(found))),
            SummaryState::Wanted => Some(SummaryItem::of(id.to_string(), None)),
            SummaryState::Nothing => None,
        };
    }
    call.page_or_part(status, &with(page))
}

fn counted(chips: &[(Chip, u32)]) -> Vec<(ChipItem, u32)> {
    chips.iter().map(|(chip, n)| (ChipItem::from(chip), *n)).collect()
}

fn context(call: &Call, session: &Session, view: TraceView, ask: &TraceAsk) -> TracePage {
    let trace = &view.trace;
    let is_filtered = view.with.is_some() || ask.from.is_some() || ask.to.is_some();
    let filter: String = [
        view.with.as_ref().map(|with| format!("with={}&", with.id)),
        ask.from.map(|from| format!("from={from}&")),
        ask.to.map(|to| format!("to={to}&")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let days = view.days.iter().map(|(day, entries)| TraceDay {
        day: day.to_string(),
        entries: entries.iter().map(|entry| items::entry_item(call, session, entry)).collect(),
    });
    let iso = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    TracePage {
        shell: call.shell("Trace"),
        trace: ChipItem::from(&view.chip),
        facts: Facts::of(trace.count, trace.first, trace.last),
        is_pinned: trace.is_pinned,
        related: counted(&view.related),
        beside: counted(&view.beside),
        summary: None,
        heat: heat::heat(&view, session.dates()),
        has_recaps: call.services().may_recap(session),
        with: view.with.as_ref().map(ChipItem::from),
        from: iso(ask.from),
        to: iso(ask.to),
        fitting: is_filtered.then(|| match view.count {
            0 => "None fits.".to_owned(),
            1 => "One entry fits.".to_owned(),
            n => format!("{n} entries fit."),
        }),
        days: days.collect(),
        more: view.more.then(|| format!("/traces/{}?{filter}page={}", trace.id, view.page + view.n_pages)),
        all: format!("/traces/{}?{filter}upto={}", trace.id, (view.page + view.n_pages).min(MAX_AGAIN)),
        is_later: ask.page > 1,
        undo: None,
        error: None,
        typed: String::new(),
        taken: None,
    }
}
