//! Export and import of the whole journal.

use std::{sync::Arc, time::Instant};

use futures_util::stream;
use poem::{
    Body, Response,
    http::{StatusCode, header},
};

use crate::{
    routes::settings::data_page,
    services::{
        accounts::AccountError,
        sessions::Session,
        transfer::{Format, ImportView, Stage},
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        markdown::visible,
        pages::transfer::{ImportDay, ImportPage, ImportProblem, TransferSection},
    },
};

/// Field of the password typed again.
const PASSWORD: &str = "current_password";
/// Days that are listed one by one.
const MAX_DAYS: usize = 400;

/// `POST /settings/data/export`: the whole journal in clear, as a file. Asks for the password, and for a yes to its
/// being readable (SR-16, SR-40).
///
/// # Errors
/// 403 with a wrong password, 422 without the yes or with an unknown format, 429 after too many tries.
pub async fn export(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let refuse = async |status: StatusCode, sentence: &str| {
        let export_error = Some(sentence.to_owned());
        let format = form.get("format").unwrap_or("json").to_owned();
        data_page(
            &call,
            &session,
            status,
            TransferSection { format, export_error, ..TransferSection::default() },
        )
        .await
    };
    let attempt = call.app.guesses.inside(&session, Instant::now()).map_err(WebError::too_many)?;
    let is_owner = match call.services().is_password(&session, form.text(PASSWORD)).await {
        Ok(is_owner) => is_owner,
        Err(error) => {
            call.app.guesses.withdrawn(&attempt);
            return Err(match error {
                AccountError::Failed(failure) => failure.into(),
                _ => WebError::too_many(10),
            });
        }
    };
    if !is_owner {
        return refuse(
            StatusCode::FORBIDDEN,
            "That is not the password of this journal. Nothing was exported.",
        )
        .await;
    }
    call.app.guesses.succeeded(attempt);
    if form.text("plain") != "yes" {
        let sentence = "Nothing was exported: the file is not sealed. Tick that you know, then try again.";
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, sentence).await;
    }
    let format = match form.text("format") {
        "json" => Format::Json,
        "markdown" => Format::Markdown,
        "jrnl" => Format::Jrnl,
        _ => return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Choose one of the three formats.").await,
    };
    let export = call.services().export(&session, format).await?;
    let disposition = format!("attachment; filename=\"{}\"", export.file_name);
    let content_type = export.content_type;
    let chunks = stream::unfold(export, |mut export| async {
        let chunk = export.next().await?;
        Some((chunk, export))
    });
    Ok(Response::builder()
        .content_type(content_type)
        .header(header::CONTENT_DISPOSITION, disposition)
        .body(Body::from_bytes_stream(chunks)))
}

/// `POST /settings/data/import`: reads a file into memory and leads to what it would do. Changes nothing.
///
/// # Errors
/// 413 when it is too large; 422 with the reason when it cannot be read.
pub async fn read(call: Arc<Call>, session: Arc<Session>, mut form: Form) -> Answer {
    let refuse = async |sentence: String| {
        let section = TransferSection { import_error: Some(sentence), ..TransferSection::default() };
        data_page(&call, &session, StatusCode::UNPROCESSABLE_ENTITY, section).await
    };
    let Some(file) = form.take_file() else {
        return refuse("Choose a file first.".to_owned()).await;
    };
    match call.services().read_import(&session, &file.name, file.bytes).await? {
        Ok(()) => Ok(see_other("/settings/data/import")),
        Err(error) => refuse(format!("Nothing was read: {error}.")).await,
    }
}

/// `GET /settings/data/import`: what the file that was read would do, or has done.
///
/// # Errors
/// Only faults of ours.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let Some(view) = call.services().import(&session) else { return Ok(see_other("/settings/data#import")) };
    let days =
        view.days.iter().take(MAX_DAYS).map(|(day, count)| ImportDay { iso: day.to_string(), count: *count });
    let problems = view
        .problems
        .iter()
        .map(|one| ImportProblem { place: visible(&one.place).into_owned(), why: one.why.clone() });
    let names: Vec<&str> = view.formats.iter().map(|format| format.name()).collect();
    let page = ImportPage {
        shell: call.shell("Settings"),
        stage: match view.stage {
            Stage::Planned => "planned",
            Stage::Running => "running",
            Stage::Paused => "paused",
            Stage::Finished => "finished",
        },
        formats: if names.is_empty() { "nothing that is known here".to_owned() } else { names.join(" and ") },
        sentence: sentence(&view),
        has_new: view.planned.n_new + view.planned.n_new_replies > 0,
        notes: notes(&view),
        days: days.collect(),
        more_days: view.days.len().saturating_sub(MAX_DAYS),
        more_problems: view.n_problems.saturating_sub(problems.len()),
        problems: problems.collect(),
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /settings/data/import/start`: puts in what was read, for some seconds; what is left waits for the next one.
///
/// # Errors
/// 422 when no file was read; 5xx when the store fails, and then it can be gone on with.
pub async fn go_on(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    if call.services().import(&session).is_none() {
        let section = TransferSection {
            import_error: Some("Nothing waits to be imported. Choose the file again.".to_owned()),
            ..TransferSection::default()
        };
        return data_page(&call, &session, StatusCode::UNPROCESSABLE_ENTITY, section).await;
    }
    call.services().go_on_importing(&session).await?;
    Ok(see_other("/settings/data/import"))
}

/// `POST /settings/data/import/forget`: forgets what was read.
///
/// # Errors
/// Never.
pub async fn forget(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    call.services().forget_import(&session);
    Ok(see_other("/settings/data#import"))
}

fn sentence(view: &ImportView) -> String {
    let tally = match view.stage {
        Stage::Paused | Stage::Finished => &view.done,
        Stage::Planned | Stage::Running => &view.planned,
    };
    let what = match (tally.n_new, tally.n_new_replies) {
        (0, 0) if view.stage == Stage::Paused => return "Nothing was put in yet.".to_owned(),
        (0, 0) => return "There is nothing new in it.".to_owned(),
        (entries, 0) => counted(entries, "entry", "entries"),
        (0, replies) => counted(replies, "reply", "replies"),
        (entries, replies) => {
            format!("{} and {}", counted(entries, "entry", "entries"), counted(replies, "reply", "replies"))
        }
    };
    let days = counted(tally.n_days, "day", "days");
    match view.stage {
        Stage::Finished => format!("Imported: {what} on {days}."),
        Stage::Paused => format!("Imported so far: {what} on {days}."),
        Stage::Planned | Stage::Running => format!("To be imported: {what} on {days}."),
    }
}

fn notes(view: &ImportView) -> Vec<String> {
    let planned = &view.planned;
    let mut notes = Vec::new();
    if planned.n_known > 0 {
        let what = counted(planned.n_known, "entry or reply", "entries and replies");
        notes.push(format!("{what} already in the journal: nothing is doubled."));
    }
    if planned.n_differ > 0 {
        let what = counted(planned.n_differ, "entry", "entries");
        notes.push(format!("{what} already in the journal with another text, which stays."));
    }
    if planned.n_in_trash > 0 {
        let what = counted(planned.n_in_trash, "entry", "entries");
        notes.push(format!("{what} in the trash of this journal, and left there."));
    }
    notes.extend(view.notes.iter().cloned());
    notes
}

fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
