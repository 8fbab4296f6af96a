//! Context of the page on which the journal is asked.

use serde::Serialize;

use crate::web::{
    pages::{Shell, earlier::PassageItem},
    view::Template,
};

/// `GET POST /ask`, `GET /ask/:n` and `POST /ask/:n/words`. The question is never in an address.
#[derive(Serialize, Clone)]
pub struct AskPage {
    /// Surroundings.
    pub shell: Shell,
    /// The question, as typed.
    pub question: String,
    /// Why nothing was asked, and what to do.
    pub error: Option<String>,
    /// The answer; none before a question.
    pub answer: Option<AnswerView>,
    /// Longest question, in characters.
    pub most: usize,
    /// The model is switched off: passages are shown, and nothing is said.
    pub is_off: bool,
}

/// What the journal says to a question.
#[derive(Serialize, Clone)]
pub struct AnswerView {
    /// Number under which the session holds the question: it leads to `/ask/3` and `/search/3`.
    pub number: u32,
    /// What answers it, each with where it stands.
    pub statements: Vec<StatementItem>,
    /// Name of the model that worded them; none for the writer's own words.
    pub model: Option<String>,
    /// Passages that were found.
    pub passages: Vec<PassageItem>,
    /// Sentences about the search.
    pub notes: Vec<String>,
    /// Name of a model that could put the answer into words.
    pub may_word: Option<String>,
}

/// A statement and the day it rests on.
#[derive(Serialize, Clone)]
pub struct StatementItem {
    /// The day, ISO.
    pub day: String,
    /// Its entry.
    pub entry: String,
    /// The statement.
    pub text: String,
}

impl Template for AskPage {
    const NAME: &'static str = "ask/ask.html";
    const PART: Option<&'static str> = Some("ask/_answer.html");

    fn samples() -> Vec<Self> {
        let statement = StatementItem {
            day: "2026-11-22".to_owned(),
            entry: "01KAMQ0000000000000000000A".to_owned(),
            text: "Ana called from <Lisbon> & asked for snow.".to_owned(),
        };
        let passage = PassageItem {
            day: statement.day.clone(),
            entry: statement.entry.clone(),
            text: "Snow on the bridge. Ana called from <Lisbon>.".to_owned(),
        };
        let own = AnswerView {
            number: 3,
            statements: vec![statement.clone(), statement],
            model: None,
            passages: vec![passage],
            notes: vec!["2 entries are still to be read for their meaning.".to_owned()],
            may_word: Some("Qwen3 1.7B".to_owned()),
        };
        let empty = Self {
            shell: Shell::sample("Ask"),
            question: String::new(),
            error: None,
            answer: None,
            most: 300,
            is_off: false,
        };
        let with = |answer: AnswerView| Self {
            question: "Who <called>?".to_owned(),
            answer: Some(answer),
            ..empty.clone()
        };
        let found = AnswerView { statements: Vec::new(), notes: Vec::new(), may_word: None, ..own.clone() };
        let nothing = AnswerView { passages: Vec::new(), ..found.clone() };
        let worded = AnswerView { model: Some("Qwen3 1.7B".to_owned()), may_word: None, ..own.clone() };
        vec![
            empty.clone(),
            Self { error: Some("Write a question.".to_owned()), ..empty.clone() },
            Self { is_off: true, ..empty.clone() },
            with(own),
            with(worded),
            with(found.clone()),
            with(nothing.clone()),
            Self { is_off: true, ..with(found) },
            Self { is_off: true, ..with(nothing) },
        ]
    }
}
