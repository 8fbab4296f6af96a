//! Contexts of the texts an entry has had.

use serde::Serialize;

use crate::web::{
    changes::{Piece, changes},
    markdown::{self, SanitizedHtml},
    pages::Shell,
    view::Template,
};

/// `GET /entries/{id}/versions`.
#[derive(Serialize, Clone)]
pub struct VersionsPage {
    /// Surroundings.
    pub shell: Shell,
    /// The entry.
    pub id: String,
    /// Its day, ISO.
    pub day: String,
    /// The texts of the entry, newest first; the first of the first page is the current one.
    pub versions: Vec<VersionItem>,
    /// This page, from 1.
    pub page: usize,
    /// Pages there are.
    pub n_pages: usize,
    /// How many earlier texts are kept.
    pub kept: u32,
}

/// A text of an entry; an earlier one is restored by `POST /entries/{id}/versions/{n}/restore`.
#[derive(Serialize, Clone)]
pub struct VersionItem {
    /// Its revision number.
    pub n: u32,
    /// When it was written: the day, ISO, and the time there.
    pub when: Option<(String, String)>,
    /// Whether the entry reads so now.
    pub current: bool,
    /// What was changed from the text before; empty for the oldest that is kept.
    pub changes: Vec<Piece>,
    /// The text, rendered.
    pub html: SanitizedHtml,
}

impl Template for VersionsPage {
    const NAME: &'static str = "entries/versions.html";

    fn samples() -> Vec<Self> {
        let texts =
            ["Lunch with Ada.", "Lunch with Ada. She asks *good* <zebra> questions.", "Lunch. She asks."];
        let item = |idx: usize| VersionItem {
            n: u32::try_from(idx + 1).unwrap_or_default(),
            when: Some(("2026-11-22".to_owned(), "14:10".to_owned())),
            current: idx == 2,
            changes: idx.checked_sub(1).map(|before| changes(texts[before], texts[idx])).unwrap_or_default(),
            html: markdown::render(texts[idx]),
        };
        let some = Self {
            shell: Shell::sample("Versions"),
            id: "018f3c1e9a7b4c2d8e6f001122334466".to_owned(),
            day: "2026-11-22".to_owned(),
            versions: (0..3).rev().map(item).collect(),
            page: 2,
            n_pages: 3,
            kept: 200,
        };
        let long = format!("{} end", "and so on ".repeat(80));
        let skipping = VersionItem { changes: changes(&long, &format!("{long}ing")), ..item(2) };
        let skipping = Self { versions: vec![skipping], ..some.clone() };
        let unchanged = Self {
            versions: vec![VersionItem { current: true, ..item(0) }],
            page: 1,
            n_pages: 1,
            ..some.clone()
        };
        vec![some, skipping, unchanged]
    }
}
