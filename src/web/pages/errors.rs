//! Context of the error page.

use serde::Serialize;

use crate::web::{
    pages::{Held, Shell, StoreBanner},
    view::Template,
};

/// Any answer that is not what was asked for.
#[derive(Serialize, Clone)]
pub struct ErrorPage {
    /// Surroundings.
    pub shell: Shell,
    /// HTTP status, as sent.
    pub status: u16,
    /// A few words.
    pub title: String,
    /// One plain sentence.
    pub sentence: String,
    /// Where the next step leads.
    pub next_href: String,
    /// What it is called.
    pub next_label: String,
    /// Random id under which the cause is in the log.
    pub id: String,
    /// Seconds after which a new try makes sense; scripts count them down.
    pub retry_after: Option<u32>,
    /// Text that came with the request; shown in a form that saves it again.
    pub held: Option<Held>,
}

impl Template for ErrorPage {
    const NAME: &'static str = "error.html";
    const PART: Option<&'static str> = Some("_error.html");

    fn samples() -> Vec<Self> {
        let missing = Self {
            shell: Shell::sample("Not found"),
            status: 404,
            title: "There is no such page".to_owned(),
            sentence: "The address may be wrong, or what was here is in the trash.".to_owned(),
            next_href: "/d/today".to_owned(),
            next_label: "Go to today".to_owned(),
            id: "q7f2k9".to_owned(),
            retry_after: None,
            held: None,
        };
        let banner = StoreBanner {
            state: "full",
            sentence: "The disk is full: new writing cannot be saved until there is room.",
        };
        let failed = Self {
            shell: Shell { store: Some(banner), ..Shell::sample("Not saved") },
            status: 503,
            title: "The journal could not be written".to_owned(),
            sentence: "The disk is full. Your text is below and nothing else was changed.".to_owned(),
            held: Some(Held::sample()),
            ..missing.clone()
        };
        let busy = Self {
            status: 503,
            title: "Busy".to_owned(),
            sentence: "Many replies wait already.".to_owned(),
            retry_after: Some(20),
            ..missing.clone()
        };
        vec![missing, failed, busy]
    }
}
