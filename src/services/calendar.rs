//! The calendar: which days hold something, by month and by year.

use std::sync::Arc;

use crate::{
    blocking,
    journal::day::Day,
    services::{Failure, Services, sessions::Session},
    vault::days,
};

pub use crate::vault::days::DayCount;

/// Days in a row with what they hold, and the limits of the journal.
pub struct Stretch {
    /// Every day of the month or year, in order.
    pub days: Vec<(Day, DayCount)>,
    /// The first day that holds anything; today when none does.
    pub first: Day,
    /// Today.
    pub today: Day,
}

impl Services {
    /// The days of a month; `None` when there is no such month.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn month(&self, session: &Session, year: i16, month: i8) -> Result<Option<Stretch>, Failure> {
        let Some(start) = Day::from_ymd(year, month, 1) else { return Ok(None) };
        self.stretch(session, start, move |day| day.month() == month).await.map(Some)
    }

    /// The days of a year; `None` when the journal does not know it.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn year(&self, session: &Session, year: i16) -> Result<Option<Stretch>, Failure> {
        let Some(start) = Day::from_ymd(year, 1, 1) else { return Ok(None) };
        self.stretch(session, start, move |day| day.year() == year).await.map(Some)
    }

    async fn stretch(
        &self,
        session: &Session,
        start: Day,
        belongs: impl Fn(Day) -> bool + Send + 'static,
    ) -> Result<Stretch, Failure> {
        let (user, today) = (Arc::clone(&session.user), self.today(session));
        blocking::db(move || {
            let (year, span) = user.vault.read(|r| Ok((days::year(r, start.year())?, days::span(r)?)))?;
            let days = std::iter::successors(Some(start), |day| day.next())
                .take_while(|day| belongs(*day))
                .map(|day| (day, year.day(day)))
                .collect();
            Ok(Stretch { days, first: span.map_or(today, |(first, _)| first), today })
        })
        .await?
    }
}
