//! A search as it was asked for: what was typed and how the controls stood.

use zeroize::Zeroize;

use crate::{
    journal::{day::Day, ids::TraceId, trace::TraceName},
    search::{
        filter::{self, By, Filter, Order},
        query::Query,
    },
};

/// Longest query that is read, in characters.
pub const MAX_QUERY_CHARS: usize = 512;
/// Longest date that is read, in characters.
const MAX_DATE_CHARS: usize = 40;
/// Longest list of traces that is read, in characters.
const MAX_TRACES_CHARS: usize = 512;

/// A search as it was asked for. Two that are equal find the same.
///
/// # Security
/// Journal text: no `Debug`, and wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// What was typed, at most [`MAX_QUERY_CHARS`] of it.
    q: String,
    /// First day, as typed.
    from: String,
    /// Last day, as typed.
    to: String,
    /// Names of traces, as typed.
    traces: String,
    pub(super) by: By,
    pub(super) order: Order,
}

/// Fields of a search form.
#[derive(Clone, Copy, Default)]
pub struct Fields<'a> {
    /// What was typed.
    pub q: &'a str,
    /// First day.
    pub from: &'a str,
    /// Last day.
    pub to: &'a str,
    /// Names of traces, with commas between; all of them must be carried.
    pub traces: &'a str,
    /// `writer` or `machine`; anything else is both.
    pub by: &'a str,
    /// `newest`; anything else is best first.
    pub order: &'a str,
}

/// Why a search cannot be made as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadDates {
    /// The first day is no date.
    From,
    /// The last day is no date.
    To,
    /// The first day lies after the last one.
    Contradictory,
}

/// A search as it is made.
pub(super) struct Wanted {
    pub(super) query: Query,
    pub(super) filter: Filter,
    /// The traces that a result must carry.
    pub(super) traces: Vec<TraceId>,
    /// The traces that it must not carry.
    pub(super) without: Vec<TraceId>,
    /// Names of those that it must carry, as typed.
    pub(super) names: Vec<String>,
    /// What the control names and no trace is called: nothing can carry it.
    pub(super) unknown: Vec<String>,
    /// What followed a `#` in the box and no trace is called.
    pub(super) odd_traces: Vec<String>,
    /// What followed a `-#` in the box and no trace is called.
    pub(super) odd_without: Vec<String>,
    pub(super) order: Order,
    pub(super) has_odd_date: bool,
}

impl Wanted {
    /// Everything passes.
    pub(super) fn is_open(&self) -> bool {
        self.filter.is_open() && self.traces.is_empty() && self.without.is_empty() && self.unknown.is_empty()
    }
}

impl Asked {
    /// Reads the fields of a form; whatever they hold is some search. What is too long is cut.
    pub fn of(fields: Fields<'_>) -> Self {
        let cut = |text: &str, most| text.trim().chars().take(most).collect();
        Self {
            q: cut(fields.q, MAX_QUERY_CHARS),
            from: cut(fields.from, MAX_DATE_CHARS),
            to: cut(fields.to, MAX_DATE_CHARS),
            traces: cut(fields.traces, MAX_TRACES_CHARS),
            by: match fields.by {
                "writer" => By::Writer,
                "machine" => By::Machine,
                _ => By::Everybody,
            },
            order: if fields.order == "newest" { Order::Newest } else { Order::Best },
        }
    }

    /// What a form shows of it.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            q: &self.q,
            from: &self.from,
            to: &self.to,
            traces: &self.traces,
            by: match self.by {
                By::Everybody => "",
                By::Writer => "writer",
                By::Machine => "machine",
            },
            order: match self.order {
                Order::Best => "",
                Order::Newest => "newest",
            },
        }
    }

    /// Nothing was asked for: no words, no dates, nobody.
    pub fn is_empty(&self) -> bool {
        self.q.is_empty() && !self.is_narrowed()
    }

    /// The controls leave something out.
    pub fn is_narrowed(&self) -> bool {
        !self.from.is_empty() || !self.to.is_empty() || !self.traces.is_empty() || self.by != By::Everybody
    }

    /// The order and the controls as a search is described: `#lake, from March 2024, only yours`; empty when nothing is
    /// set.
    pub fn narrowing(&self) -> String {
        let mut parts: Vec<String> = named(&self.traces).map(|name| format!("#{name}")).collect();
        if !self.from.is_empty() {
            parts.push(format!("from {}", self.from));
        }
        if !self.to.is_empty() {
            parts.push(format!("to {}", self.to));
        }
        match self.by {
            By::Everybody => {}
            By::Writer => parts.push("only yours".to_owned()),
            By::Machine => parts.push("only the model\u{2019}s".to_owned()),
        }
        if self.order == Order::Newest {
            parts.push("newest first".to_owned());
        }
        parts.join(", ")
    }

    /// The words and the filter; `trace` says which trace has a name.
    ///
    /// # Errors
    /// When a control holds what is no date, or no day can lie between them.
    pub(super) fn wanted(
        &self,
        today: Day,
        trace: &dyn Fn(&TraceName) -> Option<TraceId>,
    ) -> Result<Wanted, BadDates> {
        let trace = |name: &str| TraceName::parse(name).ok().and_then(|name| trace(&name));
        let date = |text: &str, bad| match text {
            "" => Ok(None),
            text => filter::days(text, today).map(Some).ok_or(bad),
        };
        let from = date(&self.from, BadDates::From)?.map(|(first, _)| first);
        let to = date(&self.to, BadDates::To)?.map(|(_, last)| last);
        let mut typed = filter::typed(&self.q, today, &|name| trace(name).is_some());
        let filter = Filter { from, to, by: self.by }.within(typed.days);
        let query = Query::parse(&typed.words);
        typed.words.zeroize();
        if filter.is_contradictory() {
            return Err(BadDates::Contradictory);
        }
        let mut wanted = Wanted {
            query,
            filter,
            traces: Vec::new(),
            without: typed.without.iter().filter_map(|name| trace(name)).collect(),
            names: Vec::new(),
            unknown: Vec::new(),
            odd_traces: typed.odd_traces,
            odd_without: typed.odd_without,
            order: self.order,
            has_odd_date: typed.has_odd_date,
        };
        for name in named(&self.traces).chain(typed.traces.iter().map(String::as_str)) {
            match trace(name) {
                Some(id) if wanted.traces.contains(&id) => {}
                Some(id) => {
                    wanted.traces.push(id);
                    wanted.names.push(name.to_owned());
                }
                None => wanted.unknown.push(name.to_owned()),
            }
        }
        Ok(wanted)
    }
}

/// The names in what was typed as traces: `lake, night garden` or `#lake #night-garden`.
fn named(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(',')
        .flat_map(|some| some.split(" #"))
        .map(|name| name.trim().trim_start_matches('#').trim_start())
        .filter(|name| !name.is_empty())
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.q.zeroize();
        self.from.zeroize();
        self.to.zeroize();
        self.traces.zeroize();
    }
}

impl BadDates {
    /// What is wrong and what to do, for the form.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::From => {
                "The first day is no date that can be read. Write a year, a month or a day: 2024, March 2024 or 2024-03-31."
            }
            Self::To => {
                "The last day is no date that can be read. Write a year, a month or a day: 2024, March 2024 or 2024-03-31."
            }
            Self::Contradictory => {
                "The first day lies after the last one, so nothing lies between. Change one of them."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Day {
        "2026-11-22".parse().unwrap()
    }

    fn asked(q: &str, from: &str, to: &str, by: &str) -> Asked {
        Asked::of(Fields { q, from, to, traces: "", by, order: "newest" })
    }

    fn no_trace(_: &TraceName) -> Option<TraceId> {
        None
    }

    #[test]
    fn a_form_comes_back_as_it_was() {
        let asked = asked("  boat \"old harbour\" ", "March 2024", "2024", "machine");
        let Fields { q, from, to, by, order, .. } = asked.fields();
        assert_eq!(
            (q, from, to, by, order),
            ("boat \"old harbour\"", "March 2024", "2024", "machine", "newest")
        );
        assert!(Asked::of(asked.fields()) == asked);
        assert_eq!(asked.narrowing(), "from March 2024, to 2024, only the model\u{2019}s, newest first");
        assert!(Asked::default().is_empty() && Asked::default().narrowing().is_empty());
    }

    #[test]
    fn controls_and_typed_days_meet() {
        let asked = asked("boat from:2024-04", "2024", "5/2024", "writer");
        let wanted = asked.wanted(today(), &no_trace).ok().unwrap();
        let day = |text: &str| Some(text.parse::<Day>().unwrap());
        assert_eq!((wanted.filter.from, wanted.filter.to), (day("2024-04-01"), day("2024-05-31")));
        assert_eq!(wanted.query.meaning(), "boat");
        assert!(wanted.order == Order::Newest && wanted.filter.by == By::Writer);
    }

    #[test]
    fn traces_of_the_control_and_of_the_box_meet() {
        let known = |name: &TraceName| match name.key() {
            "lake" => Some(TraceId::from_bytes([1; 16])),
            "night-garden" => Some(TraceId::from_bytes([2; 16])),
            _ => None,
        };
        let wanted = |q, traces| {
            let asked = Asked::of(Fields { q, traces, ..Fields::default() });
            asked.wanted(today(), &known).ok().unwrap()
        };
        let both = wanted("boat #Lake", "night garden, LAKE");
        assert_eq!((both.traces.len(), both.query.meaning()), (2, "boat"));
        assert_eq!(wanted("", "#lake #night-garden").traces, [both.traces[1], both.traces[0]]);
        let odd = wanted("boat #boat", "pond, lake,, ");
        assert_eq!(
            (&odd.unknown[..], &odd.odd_traces[..]),
            (&["pond".to_owned()][..], &["boat".to_owned()][..])
        );
        assert!(odd.query.meaning() == "boat #boat" && !odd.is_open());
        assert!(wanted("boat", " , ").is_open());
        let without = wanted("boat -#lake -#pond", "");
        assert!(without.without == [both.traces[1]] && without.traces.is_empty() && !without.is_open());
        assert_eq!((without.query.meaning(), &without.odd_without[..]), ("boat", &["pond".to_owned()][..]));
        let asked = Asked::of(Fields { traces: "lake, #sea", from: "2024", ..Fields::default() });
        assert!(asked.narrowing() == "#lake, #sea, from 2024" && asked.is_narrowed());
    }

    #[test]
    fn bad_dates_are_named() {
        let bad = |from, to| asked("boat", from, to, "").wanted(today(), &no_trace).err();
        assert_eq!(bad("soon", "2024"), Some(BadDates::From));
        assert_eq!(bad("2024", "3/4/2024"), Some(BadDates::To));
        assert_eq!(bad("2025", "2024"), Some(BadDates::Contradictory));
        assert_eq!(bad("2024", "2024"), None);
        let long = "x".repeat(700);
        assert_eq!(asked(&long, "", "", "").fields().q.len(), MAX_QUERY_CHARS);
    }
}
