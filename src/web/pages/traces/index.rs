//! Context of the list of all traces.

use serde::Serialize;

use crate::web::{
    pages::{
        Shell,
        traces::{ChipItem, Undo},
    },
    view::Template,
};

/// `GET POST /traces`. Fields: `q`, `sort`, `page`, `csrf`.
#[derive(Serialize, Clone)]
pub struct IndexPage {
    /// Surroundings.
    pub shell: Shell,
    /// The filter.
    pub q: String,
    /// The order, as its word.
    pub sort: &'static str,
    /// Words and labels of all orders.
    pub sorts: Vec<(&'static str, &'static str)>,
    /// The traces of this page.
    pub traces: Vec<IndexItem>,
    /// How many fit, in words.
    pub count: String,
    /// Whether there is none at all.
    pub is_empty: bool,
    /// This page, from 1.
    pub page: usize,
    /// Pages there are.
    pub n_pages: usize,
    /// Pairs that may be one: the one that would go, and the one that would stay.
    pub alike: Vec<(IndexItem, IndexItem)>,
    /// What was just done.
    pub undo: Option<Undo>,
}

/// One trace of the list.
#[derive(Serialize, Clone)]
pub struct IndexItem {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Of an emoji its short name.
    pub shortcode: Option<String>,
    /// Entries that carry it.
    pub count: u32,
    /// First and last day, ISO.
    pub span: (String, String),
    /// Whether it is pinned.
    pub is_pinned: bool,
}

impl Template for IndexPage {
    const NAME: &'static str = "traces/traces.html";
    const PART: Option<&'static str> = Some("traces/_list.html");

    fn samples() -> Vec<Self> {
        let item = |chip: ChipItem| IndexItem {
            id: chip.id,
            name: chip.name,
            shortcode: chip.shortcode,
            count: 12,
            span: ("2024-03-03".to_owned(), "2026-11-22".to_owned()),
            is_pinned: true,
        };
        let mut pair = ChipItem::samples().into_iter().map(item);
        let alike = pair.next().zip(pair.next_back()).into_iter().collect();
        let full = Self {
            alike,
            shell: Shell::sample("Traces"),
            q: "\"la".to_owned(),
            sort: "recent",
            sorts: vec![("recent", "Used most and latest"), ("name", "By name")],
            traces: ChipItem::samples().into_iter().map(item).collect(),
            count: "4 traces".to_owned(),
            is_empty: false,
            page: 2,
            n_pages: 3,
            undo: Some(Undo {
                said: "The trace was deleted.".to_owned(),
                change: Some("00112233445566778899aabbccddeeff".to_owned()),
            }),
        };
        let nothing = Self {
            q: String::new(),
            traces: Vec::new(),
            count: String::new(),
            is_empty: true,
            page: 1,
            n_pages: 1,
            alike: Vec::new(),
            undo: None,
            ..full.clone()
        };
        vec![full, nothing]
    }
}
