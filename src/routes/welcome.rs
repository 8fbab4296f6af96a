//! The first run: one page, the sample day, and for those who build the journal the page of all components.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::sessions::Session,
    web::{
        call::{Answer, Call, see_other},
        form::Form,
        pages::welcome::{ComponentsPage, ShortcutsPage, WelcomePage},
    },
};

/// `GET /welcome`.
///
/// # Errors
/// When the journal cannot be read.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let model = call.services().model_for(&session).state;
    let page = WelcomePage {
        shell: call.shell("Welcome"),
        has_model: model != "absent",
        model_is_on: model != "off",
        offers_sample: call.services().is_empty(&session).await?,
    };
    call.page(StatusCode::OK, &page)
}

/// `POST /welcome`: `model` is `on` or `off`, `sample` is `yes` for a sample day. Leads to that day, or to today.
///
/// # Errors
/// When it cannot be written.
pub async fn begin(call: Arc<Call>, session: Arc<Session>, form: Form) -> Answer {
    let is_on = call.services().model_for(&session).state != "off";
    if let Some(wanted) = form.get("model").filter(|wanted| (*wanted == "on") != is_on) {
        call.services().switch_model(&session, wanted == "on").await?;
    }
    if form.text("sample") == "yes" && call.services().is_empty(&session).await? {
        let day = call.services().write_sample(&session).await?;
        return Ok(see_other(&format!("/d/{day}")));
    }
    Ok(see_other("/d/today"))
}

/// `POST /sample/remove`: removes the sample day.
///
/// # Errors
/// When it cannot be written.
pub async fn remove_sample(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    call.services().remove_sample(&session).await?;
    Ok(see_other("/d/today"))
}

/// `GET /shortcuts`.
///
/// # Errors
/// Never.
pub async fn shortcuts(call: Arc<Call>, _session: Arc<Session>) -> Answer {
    call.page_or_part(StatusCode::OK, &ShortcutsPage { shell: call.shell("Shortcuts") })
}

/// `GET /dev/components`; leads to the start unless templates are read from disk.
///
/// # Errors
/// Only faults of ours.
pub async fn components(call: Arc<Call>) -> Answer {
    if !call.app.views.are_on_disk() {
        return Ok(see_other("/"));
    }
    call.page(StatusCode::OK, &ComponentsPage::new(call.shell("Components")))
}
