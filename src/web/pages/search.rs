//! Contexts of the search page.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `GET POST /search`. Fields: `q`, `page`, `csrf`. The query is never in an address.
#[derive(Serialize, Clone)]
pub struct SearchPage {
    /// Surroundings.
    pub shell: Shell,
    /// What was asked.
    pub q: String,
    /// Whether a search was made; an empty form has `false`.
    pub ran: bool,
    /// How many hits there are in all.
    pub count: usize,
    /// The hits of this page.
    pub hits: Vec<HitItem>,
    /// One sentence, as when only words could be searched.
    pub note: Option<String>,
    /// Number of this page, from 1.
    pub page: usize,
    /// Whether there are more hits: draws a form for `page + 1`.
    pub more: bool,
}

/// One hit. Carries `data-entry-id`.
#[derive(Serialize, Clone)]
pub struct HitItem {
    /// The entry or reply.
    pub entry_id: String,
    /// Its day, ISO.
    pub day: String,
    /// Its day in words.
    pub day_long: String,
    /// Wall clock, `14:03`.
    pub clock: String,
    /// Where it stands: `/d/2026-11-22#entry-...` or `#reply-...`.
    pub href: String,
    /// `entry` or `reply`.
    pub role: &'static str,
    /// The passage, in pieces.
    pub pieces: Vec<Piece>,
    /// Whether it was found by meaning only.
    pub meaning_only: bool,
}

/// A piece of a passage.
#[derive(Serialize, Clone)]
pub struct Piece {
    /// Plain text.
    pub text: String,
    /// Whether it is a found word.
    pub marked: bool,
}

impl HitItem {
    /// Hits for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let piece = |text: &str, marked| Piece { text: text.to_owned(), marked };
        let words = Self {
            entry_id: "018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
            day: "2026-11-22".to_owned(),
            day_long: "22 November 2026".to_owned(),
            clock: "08:12".to_owned(),
            href: "/d/2026-11-22#entry-018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
            role: "entry",
            pieces: vec![
                piece("The tram was late and I did not mind. ", false),
                piece("Snow", true),
                piece(" on the bridge, and nobody in a hurry", false),
            ],
            meaning_only: false,
        };
        let meaning = Self {
            entry_id: "018f3c1e9a7b4c2d8e6f0011223344aa".to_owned(),
            day: "2025-01-09".to_owned(),
            day_long: "9 January 2025".to_owned(),
            clock: "21:40".to_owned(),
            href: "/d/2025-01-09#reply-018f3c1e9a7b4c2d8e6f0011223344aa".to_owned(),
            role: "reply",
            pieces: vec![piece("Winter mornings seem to slow you down in a way you like.", false)],
            meaning_only: true,
        };
        vec![words, meaning]
    }
}

impl Template for SearchPage {
    const NAME: &'static str = "search/search.html";
    const PART: Option<&'static str> = Some("search/_results.html");

    fn samples() -> Vec<Self> {
        let empty = Self {
            shell: Shell::sample("Search"),
            q: String::new(),
            ran: false,
            count: 0,
            hits: Vec::new(),
            note: None,
            page: 1,
            more: false,
        };
        let found = Self {
            q: "snow \"on the bridge\"".to_owned(),
            ran: true,
            count: 23,
            hits: HitItem::samples(),
            note: Some("The embedder is still loading: this found words, not yet meanings.".to_owned()),
            more: true,
            ..empty.clone()
        };
        let one = Self { count: 1, hits: found.hits[..1].to_vec(), note: None, more: false, ..found.clone() };
        let nothing = Self { count: 0, hits: Vec::new(), q: "<zebra>".to_owned(), ..one.clone() };
        vec![empty, found, one, nothing]
    }
}
