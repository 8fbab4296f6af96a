//! Context of the trash.

use serde::Serialize;

use crate::web::{
    markdown::{self, SanitizedHtml},
    pages::Shell,
    view::Template,
};

/// `GET /trash`.
#[derive(Serialize, Clone)]
pub struct TrashPage {
    /// Surroundings.
    pub shell: Shell,
    /// One sentence on what has just been done.
    pub notice: Option<String>,
    /// Newest first.
    pub items: Vec<TrashItem>,
    /// All that lies in the trash, on every page.
    pub count: usize,
    /// This page, from 1.
    pub page: usize,
    /// Pages there are.
    pub n_pages: usize,
    /// Days after which an entry is removed for ever.
    pub keep_days: i64,
    /// The moment in milliseconds up to which the button empties the trash.
    pub until: i64,
    /// One sentence when something on this page cannot be opened.
    pub unreadable: Option<String>,
}

/// One thing in the trash. Put back by `POST /entries/{id}/restore`, removed by `POST /entries/{id}/purge`.
#[derive(Serialize, Clone)]
pub struct TrashItem {
    /// Identifier.
    pub id: String,
    /// `entry` or `reply`.
    pub role: &'static str,
    /// The day it stood on, ISO.
    pub day: String,
    /// Wall clock of its creation.
    pub clock: String,
    /// Its first lines, plain.
    pub lines: String,
    /// The whole text, rendered, when the first lines are not all of it.
    pub html: Option<SanitizedHtml>,
    /// When it was moved here, in words.
    pub deleted: String,
    /// Days left.
    pub days_left: i64,
}

impl Template for TrashPage {
    const NAME: &'static str = "trash/trash.html";

    fn samples() -> Vec<Self> {
        let entry = TrashItem {
            id: "01KAMQ0000000000000000000A".to_owned(),
            role: "entry",
            day: "2026-11-20".to_owned(),
            clock: "08:12".to_owned(),
            lines: "The tram was late and I did not mind.\n<b>Snow</b> on the bridge.".to_owned(),
            html: Some(markdown::render("The tram was late and I did not mind.\n\nAnd much more.")),
            deleted: "22 November 2026, 14:03".to_owned(),
            days_left: 29,
        };
        let reply = TrashItem {
            id: "01KAMQ0000000000000000000B".to_owned(),
            role: "reply",
            lines: "What would you ask her?".to_owned(),
            html: None,
            days_left: 1,
            ..entry.clone()
        };
        let last = TrashItem { id: "01KAMQ0000000000000000000C".to_owned(), days_left: 0, ..reply.clone() };
        let some = Self {
            shell: Shell::sample("Trash"),
            notice: None,
            items: vec![entry.clone(), reply, last],
            count: 120,
            page: 2,
            n_pages: 3,
            keep_days: 30,
            until: 1_795_341_600_000,
            unreadable: Some("One entry cannot be opened.".to_owned()),
        };
        let one = Self {
            items: vec![entry],
            count: 1,
            page: 1,
            n_pages: 1,
            notice: Some("It was removed for ever.".to_owned()),
            unreadable: None,
            ..some.clone()
        };
        let empty = Self { items: Vec::new(), count: 0, ..one.clone() };
        vec![some, one, empty]
    }
}
