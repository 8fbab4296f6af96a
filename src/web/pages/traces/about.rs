//! What a trace is about: the summary on its page, and what is shown where its chip is opened.

use serde::Serialize;

use crate::{
    services::{passages::Passage, traces::summary::Summary},
    web::{
        pages::{Shell, traces::ChipItem},
        view::Template,
    },
};

/// A summary, or the place for one that is asked for.
#[derive(Serialize, Clone)]
pub struct SummaryItem {
    /// The trace.
    pub of: String,
    /// Its sentences; none while it is asked for.
    pub sentences: Vec<Sentence>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
}

/// A sentence with the day it rests on.
#[derive(Serialize, Clone)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// ISO.
    pub day: String,
}

impl SummaryItem {
    /// A summary, or the place for one.
    pub fn of(trace: String, summary: Option<Summary>) -> Self {
        let sentence =
            |(day, text): (crate::journal::day::Day, String)| Sentence { text, day: day.to_string() };
        let (sentences, model) = summary.map(|found| (found.sentences, found.model)).unwrap_or_default();
        Self { of: trace, sentences: sentences.into_iter().map(sentence).collect(), model }
    }

    /// Summaries for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let sentence = |text: &str| Sentence { text: text.to_owned(), day: "2026-11-19".to_owned() };
        let own = Self {
            of: "01KAMQ00000000000000000002".to_owned(),
            sentences: vec![sentence("We swam in the <cold> lake."), sentence("Ana called.")],
            model: None,
        };
        let waiting = Self { sentences: Vec::new(), ..own.clone() };
        vec![Self { model: Some("Qwen3 1.7B".to_owned()), ..own.clone() }, own, waiting]
    }
}

/// `GET /traces/{id}/summary`: the summary alone. Nothing when the trace gets none.
#[derive(Serialize, Clone)]
pub struct SummaryPart {
    /// Surroundings.
    pub shell: Shell,
    /// The summary.
    pub summary: Option<SummaryItem>,
}

impl Template for SummaryPart {
    const NAME: &'static str = "traces/_summary.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let summaries = SummaryItem::samples().into_iter().map(Some).chain([None]);
        summaries.map(|summary| Self { shell: Shell::sample("Trace"), summary }).collect()
    }
}

/// `GET /traces/{id}/about`: what is shown of a trace where its chip is opened.
#[derive(Serialize, Clone)]
pub struct AboutPart {
    /// The summary, when there is one.
    pub summary: Option<SummaryItem>,
    /// Traces that appear with it, with how many entries carry both.
    pub related: Vec<(ChipItem, u32)>,
    /// The latest entries that carry it, latest first.
    pub latest: Vec<LatestItem>,
}

/// An entry that carries a trace.
#[derive(Serialize, Clone)]
pub struct LatestItem {
    /// Where it stands.
    pub href: String,
    /// Its day, ISO.
    pub day: String,
    /// Its beginning.
    pub text: String,
}

impl From<&Passage> for LatestItem {
    fn from(passage: &Passage) -> Self {
        Self {
            href: format!("/d/{}#entry-{}", passage.day, passage.entry),
            day: passage.day.to_string(),
            text: passage.text.clone(),
        }
    }
}

impl Template for AboutPart {
    const NAME: &'static str = "traces/_about.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let latest = LatestItem {
            href: "/d/2026-11-19#entry-01KAMQ0000000000000000000A".to_owned(),
            day: "2026-11-19".to_owned(),
            text: "We swam in the <cold> lake.".to_owned(),
        };
        let related = ChipItem::samples().into_iter().map(|chip| (chip, 3)).collect();
        let summary = SummaryItem::samples().into_iter().nth(1);
        vec![
            Self { summary, related, latest: vec![latest.clone()] },
            Self { summary: None, related: Vec::new(), latest: vec![latest] },
        ]
    }
}
