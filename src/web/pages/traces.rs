//! Contexts of traces: beneath entries, what is offered, and the page of one; the list is in `index`.

pub mod about;
pub mod index;

use serde::Serialize;

use crate::{
    journal::day::Day,
    services::traces::Chip,
    web::{
        pages::{Shell, entries::EntryItem, traces::about::SummaryItem},
        view::Template,
    },
};

/// The traces of an entry or a reply, `id="traces-{owner}"`, and the way to add one.
#[derive(Serialize, Clone)]
pub struct ChipsItem {
    /// The entry or reply.
    pub owner: String,
    /// Its traces.
    pub items: Vec<ChipItem>,
    /// Whether the field for another one stands open.
    pub open: bool,
    /// What stands in the field.
    pub typed: String,
    /// One sentence on why that was not added.
    pub error: Option<String>,
    /// Name of the trace that was just taken away; draws an undo.
    pub removed: Option<String>,
}

/// One trace.
#[derive(Serialize, Clone)]
pub struct ChipItem {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Of an emoji its short name.
    pub shortcode: Option<String>,
    /// How often and from when to when.
    pub facts: Facts,
}

/// How often a trace was used, and from when to when.
#[derive(Serialize, Clone)]
pub struct Facts {
    /// How often, in words.
    pub entries: String,
    /// First and last day, ISO; none when only entries in the trash carry it.
    pub days: Option<(String, String)>,
}

impl From<&Chip> for ChipItem {
    fn from(chip: &Chip) -> Self {
        Self {
            id: chip.id.to_string(),
            name: chip.name.clone(),
            shortcode: chip.shortcode.clone(),
            facts: chip.used.map_or_else(
                || Facts { entries: "Only entries in the trash".to_owned(), days: None },
                |(count, first, last)| Facts::of(count, first, last),
            ),
        }
    }
}

impl Facts {
    /// So many entries from the first day to the last.
    pub fn of(count: u32, first: Day, last: Day) -> Self {
        let entries = if count == 1 { "One entry".to_owned() } else { format!("{count} entries") };
        Self { entries, days: Some((first.to_string(), last.to_string())) }
    }

    fn sample() -> Self {
        let days = Some(("2024-03-03".to_owned(), "2026-11-22".to_owned()));
        Self { entries: "12 entries".to_owned(), days }
    }
}

impl ChipsItem {
    /// The traces of an entry, at rest.
    pub fn of(owner: &str, chips: &[Chip]) -> Self {
        Self {
            owner: owner.to_owned(),
            items: chips.iter().map(ChipItem::from).collect(),
            open: false,
            typed: String::new(),
            error: None,
            removed: None,
        }
    }

    /// Traces for tests and the preview.
    pub fn sample(owner: &str) -> Self {
        Self { items: ChipItem::samples(), ..Self::of(owner, &[]) }
    }
}

impl ChipItem {
    fn samples() -> Vec<Self> {
        let chip = |n: u8, name: &str, shortcode: Option<&str>| Self {
            id: format!("01KAMQ000000000000000000{n:02}"),
            name: name.to_owned(),
            shortcode: shortcode.map(str::to_owned),
            facts: Facts::sample(),
        };
        vec![
            chip(1, "lake", None),
            chip(2, "\u{1f389}", Some(":tada:")),
            chip(3, "<b>C++</b>", None),
            chip(4, "\u{634}\u{639}\u{631}", None),
        ]
    }
}

/// The traces of an entry alone: answers what changes them.
#[derive(Serialize, Clone)]
pub struct ChipsPart {
    /// Surroundings.
    pub shell: Shell,
    /// The traces.
    pub chips: ChipsItem,
}

impl Template for ChipsPart {
    const NAME: &'static str = "traces/_chips.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let shell = Shell::sample("Day");
        let owner = "018f3c1e9a7b4c2d8e6f001122334455";
        let refused = ChipsItem {
            open: true,
            typed: "\"<".to_owned(),
            error: Some("This is no trace: it needs a letter, a digit or an emoji.".to_owned()),
            ..ChipsItem::sample(owner)
        };
        let removed = ChipsItem { removed: Some("l'ake & <sea>".to_owned()), ..ChipsItem::of(owner, &[]) };
        [ChipsItem::sample(owner), refused, removed]
            .into_iter()
            .map(|chips| Self { shell: shell.clone(), chips })
            .collect()
    }
}

/// What is offered while a name is typed.
#[derive(Serialize, Clone)]
pub struct OfferPart {
    /// The entry or reply.
    pub owner: String,
    /// Names, best first.
    pub names: Vec<OfferItem>,
    /// One sentence on why what stands in the field is no name.
    pub error: Option<String>,
    /// Whether a model can be asked for more; draws the button.
    pub may_ask: bool,
    /// One sentence on what came of asking it.
    pub said: Option<String>,
}

/// One name that is offered.
#[derive(Serialize, Clone)]
pub struct OfferItem {
    /// As it is shown.
    pub name: String,
    /// Of an emoji its short name.
    pub shortcode: Option<String>,
    /// It fits the entry, and can be refused.
    pub is_suggested: bool,
    /// A model proposed it.
    pub is_by_model: bool,
    /// Its owner pinned it.
    pub is_pinned: bool,
}

impl Template for OfferPart {
    const NAME: &'static str = "traces/_offer.html";
    const PART: Option<&'static str> = Some(Self::NAME);

    fn samples() -> Vec<Self> {
        let item = |chip: ChipItem| OfferItem {
            is_suggested: chip.shortcode.is_some(),
            is_by_model: chip.shortcode.is_some(),
            is_pinned: chip.shortcode.is_none(),
            name: chip.name,
            shortcode: chip.shortcode,
        };
        let names = ChipItem::samples().into_iter().map(item).collect();
        let owner = "018f3c1e9a7b4c2d8e6f001122334455".to_owned();
        let some = Self { owner, names, error: None, may_ask: true, said: None };
        let none = Self {
            names: Vec::new(),
            error: Some("This is no trace.".to_owned()),
            may_ask: false,
            said: Some("The model found no other name that fits.".to_owned()),
            ..some.clone()
        };
        vec![some, none]
    }
}

/// A change of a whole trace that can be undone.
#[derive(Serialize, Clone)]
pub struct Undo {
    /// What was done, in a sentence.
    pub said: String,
    /// Names the change, for the field `change` of `/traces/undo`; `None` when it cannot be undone.
    pub change: Option<String>,
}

/// `GET /traces/{id}`. Filter: `with`, `from`, `to`; `year` of the heat map; `page`.
#[derive(Serialize, Clone)]
pub struct TracePage {
    /// Surroundings.
    pub shell: Shell,
    /// The trace.
    pub trace: ChipItem,
    /// How often it was used, and from when to when.
    pub facts: Facts,
    /// Whether it is pinned.
    pub is_pinned: bool,
    /// Traces that appear with it, with how many entries carry both.
    pub related: Vec<(ChipItem, u32)>,
    /// What it is about; none when it gets no summary, and on what is narrowed down.
    pub summary: Option<SummaryItem>,
    /// The heat map.
    pub heat: Heat,
    /// Whether days of the heat map have recaps.
    pub has_recaps: bool,
    /// The traces that can be chosen for the filter, with how many entries carry both.
    pub beside: Vec<(ChipItem, u32)>,
    /// The filter as it is set.
    pub with: Option<ChipItem>,
    /// First day of the filter, ISO; empty for none.
    pub from: String,
    /// Last day of the filter, ISO; empty for none.
    pub to: String,
    /// How many entries fit the filter, in words, when one is set.
    pub fitting: Option<String>,
    /// Entries by day, latest first.
    pub days: Vec<TraceDay>,
    /// Address of the next page.
    pub more: Option<String>,
    /// Address of this page with the next one added, for the way back.
    pub all: String,
    /// Whether this is a later page.
    pub is_later: bool,
    /// What was just done.
    pub undo: Option<Undo>,
    /// One sentence on why a change was not made.
    pub error: Option<String>,
    /// What stands in the field of a new name.
    pub typed: String,
    /// Name of another trace that has the name already; draws a button to merge.
    pub taken: Option<String>,
}

/// One day of a trace.
#[derive(Serialize, Clone)]
pub struct TraceDay {
    /// ISO.
    pub day: String,
    /// Its entries that carry the trace, or whose replies do.
    pub entries: Vec<EntryItem>,
}

/// A year of a trace, a line a month.
#[derive(Serialize, Clone)]
pub struct Heat {
    /// The year.
    pub year: i16,
    /// The year before, when the trace was used then or before.
    pub before: Option<i16>,
    /// The year after, when it was used then or later.
    pub after: Option<i16>,
    /// Twelve months.
    pub months: Vec<HeatMonth>,
}

/// One month.
#[derive(Serialize, Clone)]
pub struct HeatMonth {
    /// `Jan`
    pub name: String,
    /// Its days.
    pub days: Vec<HeatDay>,
}

/// One day.
#[derive(Serialize, Clone)]
pub struct HeatDay {
    /// 0 without entries, else 1 to 4.
    pub level: u8,
    /// Where the day is, when there is anything.
    pub href: Option<String>,
    /// `3 March 2026: 2 entries`
    pub label: String,
}

impl Heat {
    fn sample() -> Self {
        let day = |n: u8| HeatDay {
            level: n % 5,
            href: (!n.is_multiple_of(5)).then(|| "/d/2026-03-03".to_owned()),
            label: "3 March 2026: 2 entries".to_owned(),
        };
        let month = |name: &str| HeatMonth { name: name.to_owned(), days: (0..31).map(day).collect() };
        Self {
            year: 2026,
            before: Some(2025),
            after: Some(2027),
            months: ["Jan", "Feb", "Mar"].map(month).into(),
        }
    }
}

impl Template for TracePage {
    const NAME: &'static str = "traces/trace.html";
    const PART: Option<&'static str> = Some("traces/_days.html");

    fn samples() -> Vec<Self> {
        let chips = ChipItem::samples();
        let full = Self {
            shell: Shell::sample("Trace"),
            trace: chips[1].clone(),
            facts: Facts::sample(),
            is_pinned: true,
            related: vec![(chips[0].clone(), 4), (chips[2].clone(), 1)],
            beside: vec![(chips[0].clone(), 4), (chips[2].clone(), 1)],
            summary: SummaryItem::samples().into_iter().next(),
            heat: Heat::sample(),
            has_recaps: true,
            with: Some(chips[2].clone()),
            from: "2026-01-01".to_owned(),
            to: String::new(),
            fitting: Some("2 entries fit".to_owned()),
            days: vec![TraceDay { day: "2026-11-22".to_owned(), entries: EntryItem::samples() }],
            more: Some("/traces/01KAMQ00000000000000000002?page=2".to_owned()),
            all: "/traces/01KAMQ00000000000000000002?upto=2".to_owned(),
            is_later: true,
            undo: Some(Undo { said: "The trace has another name.".to_owned(), change: None }),
            error: Some("Another trace is called so.".to_owned()),
            typed: "\"lake".to_owned(),
            taken: Some("lake".to_owned()),
        };
        let plain = Self {
            trace: chips[0].clone(),
            is_pinned: false,
            related: Vec::new(),
            beside: Vec::new(),
            summary: SummaryItem::samples().pop(),
            has_recaps: false,
            heat: Heat { before: None, after: None, ..Heat::sample() },
            with: None,
            from: String::new(),
            fitting: None,
            more: None,
            is_later: false,
            undo: None,
            error: None,
            typed: String::new(),
            taken: None,
            days: Vec::new(),
            ..full.clone()
        };
        vec![full, plain]
    }
}
