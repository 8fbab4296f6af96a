//! Settings: where the data is, how the model is.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    routes::items,
    services::sessions::Session,
    web::{
        call::{Answer, Call},
        pages::settings::{SettingsDataPage, SettingsModelPage},
    },
};

/// `GET /settings/data`.
///
/// # Errors
/// Only faults of ours.
pub async fn data(call: Arc<Call>, _session: Arc<Session>) -> Answer {
    let about = call.services().about();
    let page = SettingsDataPage {
        shell: call.shell("Settings"),
        folder: about.folder,
        file_size: size(about.file_bytes),
        entries_note: "Everything in this file is sealed under your password.".to_owned(),
        version: about.version.to_owned(),
    };
    call.page(StatusCode::OK, &page)
}

/// `GET /settings/model`.
///
/// # Errors
/// Only faults of ours.
pub async fn model(call: Arc<Call>, _session: Arc<Session>) -> Answer {
    let embedder = match call.services().readiness().embedder {
        "ok" => "Search by meaning is ready.",
        "loading" => "Search by meaning is being prepared; search by word works already.",
        "failed" => "Search by meaning could not be started; search by word works.",
        _ => "Search by meaning is not in this build; search by word works.",
    };
    let page = SettingsModelPage {
        shell: call.shell("Settings"),
        model: items::model_view(&call),
        embedder: embedder.to_owned(),
    };
    call.page(StatusCode::OK, &page)
}

/// Bytes for people, in powers of ten with one decimal.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let mut tenths = bytes / 100;
    let mut unit_idx = 0;
    while tenths >= 10_000 && unit_idx + 1 < UNITS.len() {
        tenths /= 1_000;
        unit_idx += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit_idx])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_short() {
        assert_eq!(super::size(999), "999 bytes");
        assert_eq!(super::size(1_234), "1.2 kB");
        assert_eq!(super::size(1_250_000), "1.2 MB");
        assert_eq!(super::size(999_949), "999.9 kB");
    }
}
