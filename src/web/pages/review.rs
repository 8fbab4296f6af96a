//! Context of the review of a week or a month.

use serde::Serialize;

use crate::web::{
    pages::{Shell, earlier::PassageItem},
    view::Template,
};

/// `GET /review/{period}`.
#[derive(Serialize, Clone)]
pub struct ReviewPage {
    /// Surroundings.
    pub shell: Shell,
    /// `November 2026`, or `23 to 29 November 2026`.
    pub title: String,
    /// What was written in it, in words.
    pub sum: String,
    /// Address of the period before, where there is anything that early.
    pub earlier: Option<String>,
    /// Address of the period after, where it has begun.
    pub later: Option<String>,
    /// Whether it is a week.
    pub is_week: bool,
    /// Of a week: address and title of its month.
    pub whole: Option<(String, String)>,
    /// Of a month: addresses and titles of its weeks.
    pub weeks: Vec<(String, String)>,
    /// A few sentences that stand for all.
    pub in_short: Vec<CitedItem>,
    /// The days with writing.
    pub days: Vec<ReviewDayItem>,
    /// The traces that most entries carry.
    pub traces: Vec<RisenTrace>,
    /// Entries worth reading again.
    pub again: Vec<PassageItem>,
}

/// A sentence and the day it stands on.
#[derive(Serialize, Clone)]
pub struct CitedItem {
    /// The day, ISO.
    pub day: String,
    /// The sentence.
    pub text: String,
}

/// A day of a review.
#[derive(Serialize, Clone)]
pub struct ReviewDayItem {
    /// The day, ISO.
    pub day: String,
    /// `2 entries`.
    pub entries: String,
    /// What it was about.
    pub about: String,
    /// Name of the model that wrote it; none for the writer's own words.
    pub model: Option<String>,
}

/// A trace of a review.
#[derive(Serialize, Clone)]
pub struct RisenTrace {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Entries that carry it.
    pub now: usize,
    /// Entries that carried it in the period before.
    pub then: usize,
    /// More carry it than before.
    pub has_risen: bool,
}

impl Template for ReviewPage {
    const NAME: &'static str = "review/review.html";

    fn samples() -> Vec<Self> {
        let day = ReviewDayItem {
            day: "2026-11-22".to_owned(),
            entries: "2 entries".to_owned(),
            about: "Snow on the bridge. Ana called from <Lisbon>.".to_owned(),
            model: None,
        };
        let month = Self {
            shell: Shell::sample("Review"),
            title: "November 2026".to_owned(),
            sum: "23 entries on 15 days.".to_owned(),
            earlier: Some("/review/2026-10".to_owned()),
            later: None,
            is_week: false,
            whole: None,
            weeks: vec![("/review/2026-W48".to_owned(), "23 to 29 November 2026".to_owned())],
            in_short: vec![CitedItem {
                day: "2026-11-22".to_owned(),
                text: "Snow on the bridge.".to_owned(),
            }],
            days: vec![day.clone(), ReviewDayItem { model: Some("Qwen3 1.7B".to_owned()), ..day }],
            traces: vec![
                RisenTrace {
                    id: "01KAMQ0000000000000000000A".to_owned(),
                    name: "garden".to_owned(),
                    now: 5,
                    then: 2,
                    has_risen: true,
                },
                RisenTrace {
                    id: "01KAMQ0000000000000000000B".to_owned(),
                    name: "<work>".to_owned(),
                    now: 1,
                    then: 2,
                    has_risen: false,
                },
            ],
            again: vec![PassageItem {
                day: "2026-11-20".to_owned(),
                entry: "01KAMQ0000000000000000000A".to_owned(),
                text: "A long letter to myself.".to_owned(),
            }],
        };
        let week = Self {
            title: "23 to 29 November 2026".to_owned(),
            is_week: true,
            weeks: Vec::new(),
            whole: Some(("/review/2026-11".to_owned(), "November 2026".to_owned())),
            later: Some("/review/2026-W49".to_owned()),
            ..month.clone()
        };
        let empty = Self {
            sum: "Nothing was written.".to_owned(),
            earlier: None,
            weeks: Vec::new(),
            in_short: Vec::new(),
            days: Vec::new(),
            traces: Vec::new(),
            again: Vec::new(),
            ..month.clone()
        };
        vec![month, week, empty]
    }
}
