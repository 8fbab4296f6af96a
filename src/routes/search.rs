//! Search. The query travels in a form, never in an address: addresses have the number under which the session holds it.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{day::Day, entry::Role},
    routes::recent,
    services::{
        asking::is_question,
        finding::{
            Found, Hit, Pages,
            asked::{Asked, Fields, MAX_QUERY_CHARS},
        },
        sessions::Session,
    },
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::search::{HitDay, HitItem, MorePart, Piece, SearchForm, SearchPage},
    },
};

/// `GET /search`: the empty form, with recent searches beneath it. With the id of a `trace`, the form to search in it.
///
/// # Errors
/// When the store fails.
pub async fn new(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let name = match call.query("trace").and_then(|id| id.parse().ok()) {
        Some(id) => call.services().trace_name(&session, id).await?,
        None => None,
    };
    let traces = name.as_deref().unwrap_or_default();
    start(&call, &session, &Asked::of(Fields { traces, ..Fields::default() })).await
}

/// `GET /search/:n`: a search of this session again, as after going back; `page` is one page of it, `upto` all pages up
/// to this one. The form when the session does not hold it.
///
/// # Errors
/// 404 when `n` is no number; when the store fails.
pub async fn again(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let number: u32 = call.param("n")?;
    let Some(asked) = session.held_search(number) else { return Ok(see_other("/search")) };
    let page_in = |name: &str| call.query(name).and_then(|page| page.parse().ok());
    let pages = match page_in("upto") {
        Some(page) => Pages::up_to(page),
        None => Pages::one(page_in("page").unwrap_or(1)),
    };
    let found = call.services().find(&session, &asked, pages).await?;
    let page = results(&call, &session, &asked, number, pages, found);
    if call.wants_fragment() && pages.first() > 1 {
        return call.page(StatusCode::OK, &MorePart { days: page.days, more: page.more });
    }
    call.page_or_part(StatusCode::OK, &page)
}

/// `POST /search`: fields `q`, `from`, `to`, `traces`, `by`, `order`, `page`, or `recent` for a recent search again. `n`
/// is the number of the search whose place this one takes; `live` says that somebody is still typing, so that it is not
/// kept. With `go` a whole page answers by leading to the address of the search.
///
/// # Errors
/// 422, with all that was typed in the form, for dates that cannot be read; when the store fails.
pub async fn list(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let asked = match form.get("recent").and_then(|at| at.parse().ok()) {
        Some(at) => call.services().recent_search(&session, at).await?.unwrap_or_default(),
        None => Asked::of(Fields {
            q: form.text("q"),
            from: form.text("from"),
            to: form.text("to"),
            traces: form.text("traces"),
            by: form.text("by"),
            order: form.text("order"),
        }),
    };
    if asked.is_empty() {
        return start(&call, &session, &asked).await;
    }
    if let Some(bad) = call.services().bad_dates(&session, &asked) {
        let page = SearchPage { error: Some(bad.sentence().to_owned()), ..empty(&call, &asked) };
        return call.page_or_part(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let number = session.hold_search(form.text("n").parse().ok(), &asked);
    let keep = async {
        if form.get("live").is_none() && form.get("page").is_none() {
            call.services().keep_search(&session, &asked).await;
        }
    };
    if form.get("go").is_some() && !call.wants_fragment() {
        keep.await;
        return Ok(see_other(&format!("/search/{number}")));
    }
    let pages = Pages::one(form.text("page").parse().unwrap_or(1));
    // Keeping it waits for the disk.
    let (found, ()) = tokio::join!(call.services().find(&session, &asked, pages), keep);
    let mut found = found?;
    if form.text("q").trim().chars().count() > MAX_QUERY_CHARS {
        found.notes.insert(0, format!("Only the first {MAX_QUERY_CHARS} characters were searched for."));
    }
    call.page_or_part(StatusCode::OK, &results(&call, &session, &asked, number, pages, found))
}

async fn start(call: &Call, session: &Session, asked: &Asked) -> Answer {
    let recent = recent::view(call.services().recent_searches(session).await?);
    let ask = may_ask(call, session).then(|| "/ask".to_owned());
    call.page_or_part(StatusCode::OK, &SearchPage { recent: Some(recent), ask, ..empty(call, asked) })
}

/// Whether the page leads to where the journal is asked: not while the model is switched off.
fn may_ask(call: &Call, session: &Session) -> bool {
    call.services().model_for(session).state != "off"
}

fn empty(call: &Call, asked: &Asked) -> SearchPage {
    SearchPage::new(call.shell("Search"), SearchForm::of(asked))
}

fn results(
    call: &Call,
    session: &Session,
    asked: &Asked,
    number: u32,
    pages: Pages,
    found: Found,
) -> SearchPage {
    let place = format!("/search/{number}");
    let (first, last) = (pages.first(), pages.last());
    let page = |page: usize| if page == 1 { place.clone() } else { format!("{place}?page={page}") };
    SearchPage {
        ran: true,
        said: said(asked, &found, first),
        hint: (found.count == 0).then(|| hint(asked, &found)),
        notes: found.notes,
        days: by_day(call, session, found.hits),
        offered: by_day(call, session, found.offered),
        is_catching_up: found.is_catching_up,
        ask: (may_ask(call, session) && is_question(asked.fields().q)).then(|| format!("/ask/{number}")),
        back: (first > 1).then(|| page(first - 1)),
        more: found.more.then(|| page(last + 1)),
        place: Some(place),
        ..empty(call, asked)
    }
}

/// How many there are and in which order, in words.
fn said(asked: &Asked, found: &Found, page: usize) -> String {
    let (one, many) =
        if asked.fields().by == "machine" { ("reply", "replies") } else { ("entry", "entries") };
    let order = if found.is_newest_first { "newest" } else { "best" };
    let count = match found.count {
        0 if !found.offered.is_empty() => "Nothing that fits.".to_owned(),
        0 => "Nothing was found.".to_owned(),
        1 => format!("One {one}"),
        n => format!("{n} {many}, {order} first"),
    };
    if page > 1 { format!("{count}, page {page}") } else { count }
}

/// What may help when nothing was found.
fn hint(asked: &Asked, found: &Found) -> String {
    let q = asked.fields().q;
    match &found.traces[..] {
        [] => {}
        [name] => {
            return format!(
                "No entry of the trace \u{201c}{name}\u{201d} fits. Take it away to search the whole journal."
            );
        }
        _ => return "No entry that carries all of these traces fits. Take one away to find more.".to_owned(),
    }
    let hint = if found.has_no_words && !asked.is_narrowed() {
        "Say also what to look for, besides what must not occur."
    } else if asked.is_narrowed() {
        "Nothing fits within these limits. Take them away to search the whole journal."
    } else if q.contains(['"', '\u{201c}', '\u{201e}']) || q.starts_with('-') || q.contains(" -") {
        "Without the quotes or the minus sign more may be found."
    } else {
        "Fewer words, or other words for it, may find more."
    };
    hint.to_owned()
}

/// Results under headings: one for each run of results of the same day.
fn by_day(call: &Call, session: &Session, hits: Vec<Hit>) -> Vec<HitDay> {
    let mut days: Vec<(Day, HitDay)> = Vec::new();
    for hit in hits {
        let day = hit.day;
        let item = hit_item(call, session, hit);
        match days.last_mut().filter(|(last, _)| *last == day) {
            Some((_, group)) => group.hits.push(item),
            None => days.push((day, HitDay { iso: day.to_string(), hits: vec![item] })),
        }
    }
    days.into_iter().map(|(_, group)| group).collect()
}

fn hit_item(call: &Call, session: &Session, hit: Hit) -> HitItem {
    let role = if hit.role == Role::Writer { "entry" } else { "reply" };
    HitItem {
        entry_id: hit.entry.to_string(),
        clock: call.services().clock_of(session, hit.created),
        href: format!("/d/{}#{role}-{}", hit.day, hit.entry),
        role,
        pieces: hit.pieces.into_iter().map(|(text, marked)| Piece { text, marked }).collect(),
        meaning_only: hit.meaning_only,
    }
}
