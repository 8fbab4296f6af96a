//! Context of the opening of a day.

use serde::Serialize;

use crate::{
    services::openings::{Line, OpeningState, Shown},
    web::{pages::Shell, view::Template},
};

/// What stands above the entries of a day, in any of its states.
#[derive(Serialize, Clone)]
pub struct OpeningItem {
    /// The day, ISO.
    pub day: String,
    /// `there`, `folded`, `away`, `waiting`, `wanted`, `offered` or `first`.
    pub state: &'static str,
    /// What stands of it, in order.
    pub lines: Vec<OpeningLine>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
    /// Whether it is the opening of today, so that another can be made.
    pub is_today: bool,
}

/// One piece of it.
#[derive(Serialize, Clone)]
pub struct OpeningLine {
    /// A sentence, or quotations of one day.
    pub text: String,
    /// The day it rests on, ISO; none where the next line rests on the same one, or it is not known.
    pub day: Option<String>,
}

impl OpeningItem {
    /// The opening of a day in its state; nothing where there is nothing to show.
    pub fn of(day: String, state: OpeningState, is_today: bool) -> Option<Self> {
        let item = |state, lines: &[Line], model| Self {
            day: day.clone(),
            state,
            lines: OpeningLine::all(lines),
            model,
            is_today,
        };
        Some(match state {
            OpeningState::There(view) => {
                let state = match view.shown {
                    Shown::Open => "there",
                    Shown::Folded => "folded",
                    Shown::Away => "away",
                };
                item(state, &view.lines, view.model)
            }
            OpeningState::BeingMade(lines) => item("waiting", &lines, None),
            OpeningState::Wanted => item("wanted", &[], None),
            OpeningState::Offered => item("offered", &[], None),
            OpeningState::FirstDay => item("first", &[], None),
            OpeningState::Nothing => return None,
        })
    }

    /// An opening in each shape, for tests and the preview.
    pub fn samples() -> Vec<Self> {
        let lines = vec![
            OpeningLine {
                text: "Yesterday you wrote: \u{201c}Snow on the bridge.\u{201d}".to_owned(),
                day: Some("2026-11-21".to_owned()),
            },
            OpeningLine { text: "Ana called from <Lisbon>.".to_owned(), day: None },
        ];
        let there = Self { day: "2026-11-22".to_owned(), state: "there", lines, model: None, is_today: true };
        let made = Self { model: Some("Qwen3 1.7B".to_owned()), is_today: false, ..there.clone() };
        let bare = ["folded", "away", "wanted", "offered", "first"];
        let bare = bare.map(|state| Self { state, lines: Vec::new(), ..there.clone() });
        let waiting = Self { state: "waiting", ..there.clone() };
        [there, made, waiting].into_iter().chain(bare).collect()
    }
}

impl OpeningLine {
    fn all(lines: &[Line]) -> Vec<Self> {
        let is_last = |idx: usize| lines.get(idx + 1).is_none_or(|next| next.day != lines[idx].day);
        let day = |line: &Line| line.day.map(|day| day.to_string());
        let of_one = |(idx, line): (usize, &Line)| Self {
            text: line.text.clone(),
            day: if is_last(idx) { day(line) } else { None },
        };
        lines.iter().enumerate().map(of_one).collect()
    }
}

/// `GET /d/{date}/opening` and what answers its forms: the opening alone.
#[derive(Serialize, Clone)]
pub struct OpeningPart {
    /// Surroundings.
    pub shell: Shell,
    /// The opening; none when the day gets none.
    pub opening: Option<OpeningItem>,
}

impl Template for OpeningPart {
    const NAME: &'static str = "days/_opening.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let openings = OpeningItem::samples().into_iter().map(Some).chain([None]);
        openings.map(|opening| Self { shell: Shell::sample("Day"), opening }).collect()
    }
}
