//! Removing everything a model wrote.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{machine::MachineTexts, sessions::Session},
    web::{
        call::{Answer, Call},
        error::WebError,
        form::Form,
        pages::machine::MachineTextsPage,
    },
};

/// `GET /settings/model/texts`: how much there is, and the button.
///
/// # Errors
/// When the store cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let texts = call.services().machine_texts(&session).await?;
    page(&call, &texts, false)
}

/// `POST /settings/model/texts/remove`: removes for ever what the page has counted (field `until`).
///
/// # Errors
/// 400 when the form does not say up to which moment; when it cannot be written.
pub async fn remove(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let Ok(until) = form.text("until").parse::<i64>() else {
        return Err(WebError::bad_request("The form does not say what to remove. Open the page again."));
    };
    let removed = call.services().remove_machine_texts(&session, until).await?;
    page(&call, &removed, true)
}

fn page(call: &Call, texts: &MachineTexts, is_done: bool) -> Answer {
    let page = MachineTextsPage {
        shell: call.shell("Settings"),
        texts: in_words(texts),
        until: texts.until,
        is_done,
    };
    call.page(StatusCode::OK, &page)
}

fn in_words(texts: &MachineTexts) -> Vec<String> {
    let kinds = [
        (texts.replies, "reply", "replies"),
        (texts.openings, "opening", "openings"),
        (texts.recaps, "recap", "recaps"),
        (texts.others, "other text", "other texts"),
    ];
    let there = kinds.into_iter().filter(|(count, ..)| *count > 0);
    there.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many })).collect()
}
