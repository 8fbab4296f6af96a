//! Contexts of the search page.

use serde::Serialize;

use crate::{
    services::finding::asked::{Asked, Fields},
    web::{pages::Shell, view::Template},
};

/// `GET POST /search` and `GET /search/:n`. The query is never in an address.
#[derive(Serialize, Clone)]
pub struct SearchPage {
    /// Surroundings.
    pub shell: Shell,
    /// What was asked, as the form shows it.
    pub form: SearchForm,
    /// Whether a search was made; an empty form has `false`.
    pub ran: bool,
    /// Why no search was made, and what to do.
    pub error: Option<String>,
    /// How many hits there are in all and in which order, in words.
    pub said: String,
    /// What may help when there are none.
    pub hint: Option<String>,
    /// Sentences about the search, as when only words could be searched.
    pub notes: Vec<String>,
    /// The hits of this page, under their days.
    pub days: Vec<HitDay>,
    /// What comes nearest in meaning and may be beside the point.
    pub offered: Vec<HitDay>,
    /// A little later the same search may find more.
    pub is_catching_up: bool,
    /// Address of this search in this session: `/search/3`.
    pub place: Option<String>,
    /// Where the journal is asked: with the same words when these are a question.
    pub ask: Option<String>,
    /// Address of the page before.
    pub back: Option<String>,
    /// Address of the page after.
    pub more: Option<String>,
    /// Recent searches, beneath the empty box.
    pub recent: Option<RecentView>,
}

/// The next hits, to stand beneath those before.
#[derive(Serialize, Clone)]
pub struct MorePart {
    /// The hits, under their days.
    pub days: Vec<HitDay>,
    /// Address of the page after.
    pub more: Option<String>,
}

/// Fields of the search form.
#[derive(Serialize, Clone, Default)]
pub struct SearchForm {
    /// Words.
    pub q: String,
    /// First day, as typed.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Names of traces, as typed.
    pub traces: String,
    /// `writer`, `machine`, or nothing for both.
    pub by: String,
    /// `newest`, or nothing for best first.
    pub order: String,
    /// Whether any of the controls is set, so that they are shown.
    pub is_narrowed: bool,
}

/// Recent searches.
#[derive(Serialize, Clone)]
pub struct RecentView {
    /// Whether they are kept.
    pub are_kept: bool,
    /// Newest first.
    pub searches: Vec<RecentItem>,
}

/// A recent search.
#[derive(Serialize, Clone)]
pub struct RecentItem {
    /// Names it among the others.
    pub at: String,
    /// Its words; empty when only controls were set.
    pub q: String,
    /// Its controls, in words; empty when none was set.
    pub narrowing: String,
}

impl SearchForm {
    /// The form with what was asked.
    pub fn of(asked: &Asked) -> Self {
        let Fields { q, from, to, traces, by, order } = asked.fields();
        Self {
            q: q.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            traces: traces.to_owned(),
            by: by.to_owned(),
            order: order.to_owned(),
            is_narrowed: asked.is_narrowed() || !order.is_empty(),
        }
    }
}

impl RecentView {
    /// Recent searches for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let item = |at: usize, q: &str, narrowing: &str| RecentItem {
            at: at.to_string(),
            q: q.to_owned(),
            narrowing: narrowing.to_owned(),
        };
        let few =
            vec![item(2, "snow \"on the bridge\"", ""), item(1, "", "#lake, from March 2024, only yours")];
        let many = (10..30).map(|at| item(at, "<b>tram</b>", "newest first")).collect();
        let view = |are_kept, searches| Self { are_kept, searches };
        vec![view(true, few), view(true, many), view(true, Vec::new()), view(false, Vec::new())]
    }
}

/// Hits of one day that stand together.
#[derive(Serialize, Clone)]
pub struct HitDay {
    /// The day, ISO.
    pub iso: String,
    /// Its hits, at least one.
    pub hits: Vec<HitItem>,
}

/// One hit. Carries `data-entry-id`.
#[derive(Serialize, Clone)]
pub struct HitItem {
    /// The entry or reply.
    pub entry_id: String,
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

impl HitDay {
    /// Hits for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let piece = |text: &str, marked| Piece { text: text.to_owned(), marked };
        let words = HitItem {
            entry_id: "018f3c1e9a7b4c2d8e6f001122334455".to_owned(),
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
        let meaning = HitItem {
            entry_id: "018f3c1e9a7b4c2d8e6f0011223344aa".to_owned(),
            clock: "21:40".to_owned(),
            href: "/d/2025-01-09#reply-018f3c1e9a7b4c2d8e6f0011223344aa".to_owned(),
            role: "reply",
            pieces: vec![piece("Winter mornings seem to slow you down in a way you like.", false)],
            meaning_only: true,
        };
        let day = |iso: &str, hits| Self { iso: iso.to_owned(), hits };
        vec![day("2026-11-22", vec![words.clone(), words]), day("2025-01-09", vec![meaning])]
    }
}

impl SearchPage {
    /// A page on which nothing was searched for yet.
    pub fn new(shell: Shell, form: SearchForm) -> Self {
        Self {
            shell,
            form,
            ran: false,
            error: None,
            said: String::new(),
            hint: None,
            notes: Vec::new(),
            days: Vec::new(),
            offered: Vec::new(),
            is_catching_up: false,
            place: None,
            ask: None,
            back: None,
            more: None,
            recent: None,
        }
    }
}

impl Template for SearchPage {
    const NAME: &'static str = "search/search.html";
    const PART: Option<&'static str> = Some("search/_results.html");

    fn samples() -> Vec<Self> {
        let empty = Self::new(Shell::sample("Search"), SearchForm::default());
        let recent = RecentView::samples().into_iter();
        let recent =
            recent.map(|recent| Self { recent: Some(recent), ask: Some("/ask".to_owned()), ..empty.clone() });
        let form = SearchForm { q: "snow \"on the bridge\"".to_owned(), ..SearchForm::default() };
        let found = Self {
            form: form.clone(),
            ran: true,
            said: "23 entries, best first".to_owned(),
            notes: vec!["The embedder is still loading: this found words, not yet meanings.".to_owned()],
            days: HitDay::samples(),
            is_catching_up: true,
            place: Some("/search/3".to_owned()),
            ask: Some("/ask/3".to_owned()),
            more: Some("/search/3?page=2".to_owned()),
            ..empty.clone()
        };
        let last = Self {
            said: "23 entries, newest first, page 2".to_owned(),
            notes: Vec::new(),
            back: Some("/search/3".to_owned()),
            more: None,
            is_catching_up: false,
            ..found.clone()
        };
        let nothing = Self {
            form: SearchForm {
                q: "<zebra>".to_owned(),
                from: "March 2024".to_owned(),
                traces: "lake, <caf\u{e9}>".to_owned(),
                by: "writer".to_owned(),
                order: "newest".to_owned(),
                is_narrowed: true,
                ..form.clone()
            },
            said: "Nothing that fits.".to_owned(),
            hint: Some(
                "No entry of the trace \u{201c}lake\u{201d} fits. Take it away to search the whole journal."
                    .to_owned(),
            ),
            days: Vec::new(),
            offered: HitDay::samples(),
            ..last.clone()
        };
        let bad = Self {
            form: SearchForm { to: "soon".to_owned(), by: "machine".to_owned(), is_narrowed: true, ..form },
            error: Some("The last day is no date that can be read.".to_owned()),
            ..empty.clone()
        };
        recent.chain([empty.clone(), found, last, nothing, bad]).collect()
    }
}

impl Template for MorePart {
    const NAME: &'static str = "search/_more.html";

    fn samples() -> Vec<Self> {
        let more = Self { days: HitDay::samples(), more: Some("/search/3?page=3".to_owned()) };
        vec![more.clone(), Self { more: None, ..more }]
    }
}
