//! The list of all traces.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{ids::TraceId, trace},
    routes::traces::{LATE, MAX_PAGE, undone},
    services::{
        sessions::Session,
        traces::{Trace, index::Order},
    },
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::traces::{
            Undo,
            index::{IndexItem, IndexPage},
        },
    },
};

/// `GET /traces`: the list; `?sort=` gives its order, `?page=` the page.
///
/// # Errors
/// When the journal cannot be read.
pub async fn index(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let sort = call.query("sort").unwrap_or_default();
    let page = call.query("page").unwrap_or_default();
    let undo = call.query("deleted").map(|change| undone("The trace was deleted.", &change));
    let undo = match (call.query("said").as_deref(), call.query("merged")) {
        (Some("late"), _) => Some(Undo { said: LATE.to_owned(), change: None }),
        (Some("apart"), _) => Some(Undo { said: "Both stay as they are.".to_owned(), change: None }),
        (_, Some(change)) => Some(undone("The two traces are one.", &change)),
        _ => undo,
    };
    list(&call, &session, "", &sort, &page, undo).await
}

/// `POST /traces/{id}/apart`: does not show this trace and `other` as alike any more.
///
/// # Errors
/// 404 when one of them is gone.
pub async fn apart(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let id = call.param::<TraceId>("id")?;
    let other: TraceId = form.text("other").parse().map_err(|_| WebError::not_found())?;
    if !call.services().keep_apart(&session, id, other).await? {
        return Err(WebError::not_found());
    }
    Ok(see_other("/traces?said=apart"))
}

/// `POST /traces`: the traces whose name holds `q`, in the order `sort`.
///
/// # Errors
/// When the journal cannot be read.
pub async fn filter(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    list(&call, &session, form.text("q"), form.text("sort"), form.text("page"), None).await
}

async fn list(call: &Call, session: &Session, q: &str, sort: &str, page: &str, undo: Option<Undo>) -> Answer {
    let order = Order::named(sort);
    let page = page.parse().unwrap_or(1).clamp(1, MAX_PAGE);
    let found = call.services().trace_index(session, q, order, page).await?;
    let item = |trace: &Trace| IndexItem {
        id: trace.id.to_string(),
        name: trace.name.clone(),
        shortcode: trace::shortcode(&trace.name),
        count: trace.count,
        span: (trace.first.to_string(), trace.last.to_string()),
        is_pinned: trace.is_pinned,
    };
    let page = IndexPage {
        shell: call.shell("Traces"),
        q: q.to_owned(),
        sort: order.word(),
        sorts: Order::ALL.iter().map(|(order, word)| (*word, label(*order))).collect(),
        traces: found.traces.iter().map(item).collect(),
        count: match found.count {
            0 => "No trace has that in its name.".to_owned(),
            1 => "One trace".to_owned(),
            n => format!("{n} traces"),
        },
        is_empty: found.total == 0,
        page: found.page,
        n_pages: found.n_pages,
        alike: found.alike.iter().map(|pair| (item(&pair.from), item(&pair.into))).collect(),
        undo,
    };
    call.page_or_part(StatusCode::OK, &page)
}

fn label(order: Order) -> &'static str {
    match order {
        Order::Recent => "Used most and latest",
        Order::Name => "By name",
        Order::Count => "Most entries",
        Order::Last => "Last used",
        Order::First => "First used",
    }
}
