//! The review of a week or a month.

use std::sync::Arc;

use poem::http::StatusCode;

use crate::{
    journal::{dates::Language, period::Period},
    routes::days::{days, entries},
    services::{
        reviews::{Review, ReviewDay},
        sessions::Session,
    },
    web::{
        call::{Answer, Call},
        error::WebError,
        pages::{
            earlier::PassageItem,
            review::{CitedItem, ReviewDayItem, ReviewPage, RisenTrace},
        },
    },
};

/// `GET /review/{period}`: `2026-11` is a month, `2026-W48` a week.
///
/// # Errors
/// 404 when there is no such week or month, or when it has not begun.
pub async fn show(call: Arc<Call>, session: Arc<Session>) -> Answer {
    let period: Period = call.param("period")?;
    if period.first() > call.services().today(&session) {
        return Err(WebError::not_found());
    }
    let found = call.services().review(&session, period).await?;
    call.page(StatusCode::OK, &page(&call, &found, session.dates()))
}

fn page(call: &Call, review: &Review, dates: Language) -> ReviewPage {
    let (period, today) = (review.period, review.today);
    let written: usize = review.days.iter().map(|day| day.entries).sum();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let address = |period: Period| format!("/review/{period}");
    let whole = if period.is_week() { Period::month_of(period.first()) } else { None };
    ReviewPage {
        shell: call.shell("Review"),
        title: dates.period(period),
        sum: match written {
            0 => "Nothing was written.".to_owned(),
            _ => format!("{} on {}.", entries(count(written)), days(count(review.days.len()))),
        },
        earlier: period.previous().filter(|_| review.has_earlier).map(address),
        later: period.next().filter(|next| next.first() <= today).map(address),
        is_week: period.is_week(),
        whole: whole.map(|month| (address(month), dates.period(month))),
        weeks: if period.is_week() { Vec::new() } else { weeks(period, review, dates) },
        in_short: review
            .in_short
            .iter()
            .map(|(day, text)| CitedItem { day: day.to_string(), text: text.clone() })
            .collect(),
        days: review.days.iter().map(day_item).collect(),
        traces: review
            .traces
            .iter()
            .map(|(chip, now, then)| RisenTrace {
                id: chip.id.to_string(),
                name: chip.name.clone(),
                now: *now,
                then: *then,
                has_risen: now > then,
            })
            .collect(),
        again: review.again.iter().map(PassageItem::from).collect(),
    }
}

/// The weeks of a month that have begun, the first that reaches into it first.
fn weeks(month: Period, review: &Review, dates: Language) -> Vec<(String, String)> {
    let first = Period::week_of(month.first());
    let weeks = std::iter::successors(first, |week| week.next());
    let is_shown = |week: &Period| week.first() <= month.last() && week.first() <= review.today;
    weeks.take_while(is_shown).map(|week| (format!("/review/{week}"), dates.period(week))).collect()
}

fn day_item(day: &ReviewDay) -> ReviewDayItem {
    ReviewDayItem {
        day: day.day.to_string(),
        entries: entries(u64::try_from(day.entries).unwrap_or(u64::MAX)),
        about: day.about.clone(),
        model: day.model.clone(),
    }
}
