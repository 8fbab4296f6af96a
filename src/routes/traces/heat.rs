//! A year of a trace, a line a month.

use crate::{
    journal::{dates::Language, day::Day},
    services::traces::page::TraceView,
    web::pages::traces::{Heat, HeatDay, HeatMonth},
};

/// The year that the page of a trace shows.
pub(super) fn heat(view: &TraceView, dates: Language) -> Heat {
    let year = view.year;
    let most = view.heat.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let day = |day: Day| {
        let n = view.heat.iter().find(|(other, _)| *other == day).map_or(0, |(_, n)| *n);
        let level = if most <= 1 { n.min(1) } else { (4 * n).div_ceil(most) };
        let entries = if n == 1 { "one entry".to_owned() } else { format!("{n} entries") };
        HeatDay {
            level: u8::try_from(level).unwrap_or(4),
            href: (n > 0).then(|| format!("/d/{day}")),
            label: format!("{}: {entries}", dates.date(day)),
        }
    };
    let month = |month: i8| HeatMonth {
        name: Day::from_ymd(year, month, 1).map(|first| dates.month_short(first)).unwrap_or_default(),
        days: (1..=31).filter_map(|number| Day::from_ymd(year, month, number)).map(day).collect(),
    };
    Heat {
        year,
        before: (view.trace.first.year() < year).then(|| year - 1),
        after: (view.trace.last.year() > year).then(|| year + 1),
        months: (1..=12).map(month).collect(),
    }
}
