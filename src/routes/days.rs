//! The day page.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{day::Day, ids::EntryId},
    routes::{drafts, items, openings, told},
    services::{days::Totals, drafts::DraftOf, recaps::RecapState, sessions::Session},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::{
            ModelView,
            days::{Composer, DayHead, DayPage, LastEntry, RecapItem, RecapPart},
            earlier::{OnThisDayPage, PassageItem},
        },
    },
};

/// `GET /d/today`: leads to the date, in the writer's zone.
///
/// # Errors
/// Never.
pub async fn today(call: Arc<Call>, session: Arc<Session>) -> Answer {
    Ok(see_other(&format!("/d/{}", call.services().today(&session))))
}

/// `GET /d/{date}`. While a reply runs the page refreshes itself without scripts and then has no box to write in,
/// so that nothing typed is lost; `?write=1` is the same page with the box and without refreshing.
///
/// # Errors
/// 404 when there is no such day.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let day = call.day()?;
    page(&call, &session, day, StatusCode::OK, None).await
}

/// `GET /d/{date}/recap`: the recap alone, once it is made; as a page, the way to it.
///
/// # Errors
/// 404 when there is no such day.
pub async fn recap(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let day = call.day()?;
    if !call.wants_fragment() {
        return Ok(see_other(&format!("/d/{day}#recap")));
    }
    let recap = match call.services().recap_soon(&session, day).await? {
        // Whoever waited this long finds it the next time.
        RecapState::BeingMade => None,
        state => recap_item(day, state),
    };
    call.page(StatusCode::OK, &RecapPart { shell: call.shell("Day"), recap })
}

/// `POST /d/{date}/recap/remove`: removes the recap; the day gets none before it changes.
///
/// # Errors
/// 404 when there is no such day, 5xx when the store fails.
pub async fn remove_recap(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    let day = call.day()?;
    call.services().remove_recap(&session, day).await?;
    Ok(see_other(&format!("/d/{day}")))
}

/// `GET /d/{date}/on-this-day`: what other times say to a day, as a page or as the part that is opened on the day.
///
/// # Errors
/// 404 when there is no such day, 5xx when the store fails.
pub async fn on_this_day(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let day = call.day()?;
    let found = call.services().on_this_day(&session, day).await?;
    let page = OnThisDayPage {
        shell: call.shell("On this day"),
        day: day.to_string(),
        years: found.years.iter().map(PassageItem::from).collect(),
        near: found.near.iter().map(PassageItem::from).collect(),
    };
    call.page_or_part(StatusCode::OK, &page)
}

fn recap_item(day: Day, state: RecapState) -> Option<RecapItem> {
    let day = day.to_string();
    match state {
        RecapState::There(recap) => {
            Some(RecapItem { day, text: Some(recap.sentences.join(" ")), model: recap.model })
        }
        RecapState::BeingMade => Some(RecapItem { day, text: None, model: None }),
        RecapState::Nothing => None,
    }
}

/// The refusal of a text for a day that has not come.
pub fn future_day() -> WebError {
    WebError::unprocessable("This day has not come yet. Write it on today, or keep it until then.")
}

/// Answers a text that was not saved: the box with the text in it and the reason, as a part or on its day. What an
/// entry cannot hold is kept as a draft first.
///
/// # Errors
/// The reason itself, holding the text, when the day cannot be shown either.
pub async fn refuse_text(call: &Call, session: &Session, day: Day, form: &Form, error: WebError) -> Answer {
    let mut composer = items::refused(call, day, form, error.sentence());
    let has_come = day <= call.services().today(session);
    if error.status() == StatusCode::UNPROCESSABLE_ENTITY
        && has_come
        && let Some(saved) = drafts::keep_refused(call, session, DraftOf::Day(day), 0, form).await
    {
        composer.draft = Some(saved);
        composer.status = Some("Draft kept".to_owned());
    }
    if call.wants_fragment() && error.status() != StatusCode::UNPROCESSABLE_ENTITY {
        // Only 422 replaces the box; with any other status the box on the page stays as it is, text and all.
        return Err(error);
    }
    if call.wants_fragment() {
        let part = crate::web::pages::days::ComposerPart { shell: call.shell("Day"), composer };
        return call.page(error.status(), &part);
    }
    let (op, text) = (composer.op.clone(), composer.text.clone());
    let held = crate::web::pages::Held { day: day.to_string(), op, draft: composer.draft, text };
    let status = error.status();
    match page(call, session, day, status, Some(composer)).await {
        Ok(response) => Ok(error.headers_onto(response, &call.mark)),
        Err(_) => Err(error.holding(Some(held))),
    }
}

async fn page(
    call: &Call,
    session: &Session,
    day: Day,
    status: StatusCode,
    refused: Option<Composer>,
) -> Answer {
    let view = call.services().day(session, day).await?;
    let today = call.services().today(session);
    let is_future = day > today;
    let is_answering =
        view.entries.iter().flat_map(|entry| &entry.replies).any(|reply| reply.state.is_running());
    let refreshes = is_answering && refused.is_none() && call.query("write").is_none();
    let has_composer = refused.is_some() || !(is_future || refreshes);
    let undo = call.query("deleted").and_then(|id| id.parse::<EntryId>().ok()).map(|id| id.to_string());
    let notice = undo.as_ref().map(|_| "Moved to the trash, with its replies.");
    let last_entry = match day == today {
        true => call.services().greeting(session).await.map(|totals| last_entry(&totals)),
        false => None,
    };
    // A recap that cannot be read hides nothing else.
    let recap = call.services().recap(session, day).await.unwrap_or(RecapState::Nothing);
    let opening = openings::item(call, session, day).await;
    let mut shell = call.shell("Day");
    shell.refresh = refreshes;
    let told = told::signing_in(call, session);
    let composer =
        refused.or_else(|| has_composer.then(|| drafts::composer(call, session, day, view.drafts)));
    let page = DayPage {
        shell,
        day: DayHead {
            ends_in: (day == today).then(|| call.services().until_tomorrow(session)),
            ..head(day, today, view.previous, view.next)
        },
        entries: view.entries.iter().map(|entry| items::entry_item(call, session, entry)).collect(),
        composer,
        write_link: (refreshes && !is_future).then(|| format!("/d/{day}?write=1")),
        model: ModelView {
            is_said: call.services().says_no_model(session),
            ..items::model_view(call, session)
        },
        notice: notice.map(str::to_owned),
        flaw: view.flaw,
        is_sample: view.is_sample,
        last_entry,
        told,
        undo,
        opening,
        recap: recap_item(day, recap),
        has_other_times: view.has_other_times && !is_future,
    };
    call.page(status, &page)
}

/// When the last entry was written and what there is in all.
pub(super) fn last_entry(totals: &Totals) -> LastEntry {
    let sum = format!("{} on {}.", entries(totals.entries), days(totals.days));
    LastEntry { day: totals.last.to_string(), sum }
}

/// As in `1,204 entries`.
pub(super) fn entries(count: u64) -> String {
    counted(count, "entry", "entries")
}

/// As in `1 day`.
pub(super) fn days(count: u64) -> String {
    counted(count, "day", "days")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", crate::routes::keys::grouped(count), if count == 1 { one } else { many })
}

fn head(day: Day, today: Day, previous: Option<Day>, next: Option<Day>) -> DayHead {
    let iso = |day: Day| day.to_string();
    DayHead {
        iso: iso(day),
        is_today: day == today,
        yesterday: day.previous().map(iso),
        tomorrow: day.next().filter(|next| *next <= today).map(iso),
        prev_written: previous.map(iso),
        next_written: next.map(iso),
        calendar: format!("/calendar/{}/{}?day={day}", day.year(), day.month()),
        is_future: day > today,
        ends_in: None,
    }
}
