//! The trash. Moving an entry there and putting it back are among the routes of entries.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::entry::Role,
    services::{
        sessions::Session,
        trash::{KEEP_DAYS, Trashed},
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        markdown,
        pages::trash::{TrashItem, TrashPage},
    },
};

/// How much of an entry the list shows.
const LINES: usize = 3;
const CHARS: usize = 240;

/// `GET /trash`: what lies there, newest first; `?page=2` is the next fifty.
///
/// # Errors
/// When it cannot be read.
pub async fn list(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let page = call.query("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let view = call.services().trash(&session, page).await?;
    let notice = match call.query("done").as_deref() {
        Some("purged") => Some("It was removed for ever."),
        Some("emptied") => Some("The trash was emptied."),
        _ => None,
    };
    let unreadable = match view.n_unreadable {
        0 => None,
        1 => Some("One entry here cannot be opened. Run `llamora check`.".to_owned()),
        n => Some(format!("{n} entries here cannot be opened. Run `llamora check`.")),
    };
    let page = TrashPage {
        shell: call.shell("Trash"),
        notice: notice.map(str::to_owned),
        items: view.items.iter().map(|trashed| item(&call, &session, trashed)).collect(),
        count: view.count,
        page: view.page,
        n_pages: view.n_pages,
        keep_days: KEEP_DAYS,
        until: view.newest,
        unreadable,
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /entries/{id}/purge`: removes an entry in the trash for ever.
///
/// # Errors
/// 404 when it is not in the trash.
pub async fn purge(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    if !call.services().purge(&session, call.id()?).await? {
        return Err(WebError::not_found());
    }
    let page: usize = form.text("page").parse().unwrap_or(1);
    Ok(see_other(&format!("/trash?page={page}&done=purged")))
}

/// `POST /trash/empty`: removes everything for ever that the page has counted.
///
/// # Errors
/// 400 when the form does not say up to which moment.
pub async fn empty(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let Ok(until) = form.text("until").parse::<i64>() else {
        return Err(WebError::bad_request("The form does not say what to remove. Open the trash again."));
    };
    call.services().empty_trash(&session, until).await?;
    Ok(see_other("/trash?done=emptied"))
}

fn item(call: &Call, session: &Session, trashed: &Trashed) -> TrashItem {
    let entry = &trashed.entry;
    let (lines, is_whole) = first_lines(&markdown::visible(&entry.text));
    let services = call.services();
    TrashItem {
        id: entry.id.to_string(),
        role: if entry.role == Role::Reply { "reply" } else { "entry" },
        day: entry.day.to_string(),
        clock: services.clock_of(session, entry.created),
        lines,
        html: (!is_whole).then(|| markdown::render(&entry.text)),
        deleted: services.moment_of(session, trashed.deleted),
        days_left: trashed.days_left,
    }
}

/// The first lines of a text that hold anything, and whether they are all of it.
fn first_lines(text: &str) -> (String, bool) {
    let mut shown = String::new();
    let mut held = text.lines().filter(|line| !line.trim().is_empty());
    for line in held.by_ref().take(LINES) {
        if !shown.is_empty() {
            shown.push('\n');
        }
        shown.push_str(line);
    }
    let is_whole = held.next().is_none();
    match shown.char_indices().nth(CHARS) {
        None => (shown, is_whole),
        Some((end, _)) => {
            shown.truncate(end);
            shown.push('\u{2026}');
            (shown, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_lines;

    #[test]
    fn a_list_shows_three_lines_and_no_more_than_240_characters() {
        assert_eq!(first_lines("one"), ("one".to_owned(), true));
        assert_eq!(first_lines("one\n\ntwo\n \nthree"), ("one\ntwo\nthree".to_owned(), true));
        assert_eq!(first_lines("1\n2\n3\n4"), ("1\n2\n3".to_owned(), false));
        let (shown, is_whole) = first_lines(&"\u{1f389}".repeat(241));
        assert_eq!((shown.chars().count(), is_whole), (241, false));
        assert_eq!(first_lines(&"x".repeat(240)).0.len(), 240);
    }
}
