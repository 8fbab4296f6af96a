//! Settings: where the data is, how the model is.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    services::{backup::BackupState, sessions::Session, size::size},
    web::{
        call::{Answer, Call, see_other},
        error::WebError,
        form::Form,
        pages::{
            settings::{BackupView, SettingsDataPage},
            transfer::TransferSection,
        },
    },
};

/// `GET /settings/data`.
///
/// # Errors
/// Only faults of ours.
pub async fn data(call: Arc<Call>, session: Arc<Session>) -> Answer {
    data_page(&call, &session, StatusCode::OK, TransferSection::default()).await
}

/// `POST /settings/data/backup`: makes a backup and shows the page again, which says what came of it.
///
/// # Errors
/// Only faults of ours; a backup that failed is told on the page, with status 503.
pub async fn back_up(call: Arc<Call>, session: Arc<Session>, _form: Form) -> Answer {
    match call.services().back_up_now().await {
        Ok(_) => Ok(see_other("/settings/data#backup")),
        Err(no) if no.may_retry => {
            data_page(&call, &session, StatusCode::SERVICE_UNAVAILABLE, TransferSection::default()).await
        }
        Err(no) => Err(WebError::unprocessable(no.sentence)),
    }
}

/// The page of the data, with what became of an export or an upload that was refused.
///
/// # Errors
/// When the store fails.
pub async fn data_page(
    call: &Call,
    session: &Session,
    status: StatusCode,
    transfer: TransferSection,
) -> Answer {
    let about = call.services().about();
    let recent = call.services().recent_searches(session).await?;
    let page = SettingsDataPage {
        shell: call.shell("Settings"),
        folder: about.folder,
        file_size: size(about.file_bytes),
        entries_note: "Everything in this file is sealed under your password.".to_owned(),
        version: about.version.to_owned(),
        transfer,
        keeps_searches: recent.are_kept,
        n_searches: recent.searches.len(),
        backup: backup_view(call, session, call.services().backup_state()),
    };
    call.page(status, &page)
}

fn backup_view(call: &Call, session: &Session, state: BackupState) -> BackupView {
    let (last, is_gone) = (state.last.as_ref(), state.is_gone);
    BackupView {
        when: last.map(|last| call.services().moment_of(session, last.verified)),
        place: last.map(|last| last.file.display().to_string()),
        size: last.map(|last| size(last.bytes)),
        age: last.filter(|_| !is_gone).and_then(|last| {
            match call.services().days_since(session, last.verified) {
                0..=7 => None,
                days => Some(format!("{days} days ago")),
            }
        }),
        is_gone,
        folder: state.folder,
        is_beside: state.is_beside,
        every: state.every_hours.map(|hours| match hours {
            1 => "every hour".to_owned(),
            24 => "every day".to_owned(),
            hours if hours % 24 == 0 => format!("every {} days", hours / 24),
            hours => format!("every {hours} hours"),
        }),
        failed: state.failed,
    }
}
