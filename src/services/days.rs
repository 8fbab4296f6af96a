//! Days: what stands on the page of a day.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    blocking,
    journal::{
        day::{self, Day},
        entry::{Entry, Role},
        ids::EntryId,
    },
    services::{
        Failure, Services, drafts,
        entries::EntryView,
        integrity,
        on_this_day::has_other_times,
        preferences::EarlierDays,
        replies::ReplyView,
        sample,
        sessions::{Session, User},
        traces::Chip,
    },
    vault::{
        days,
        drafts::{Draft, DraftOf},
        entries,
        error::VaultError,
    },
};

pub use crate::vault::days::Totals;

/// A day as its page shows it.
pub struct DayView {
    /// The day.
    pub day: Day,
    /// The nearest earlier day that holds anything.
    pub previous: Option<Day>,
    /// The nearest later day that holds anything.
    pub next: Option<Day>,
    /// Its entries in order, each with its replies.
    pub entries: Vec<EntryView>,
    /// What is wrong with it, in one sentence.
    pub flaw: Option<String>,
    /// Texts that were typed for this day and not saved as entries, newest first.
    pub drafts: Vec<Draft>,
    /// It holds entries of the sample day.
    pub is_sample: bool,
    /// The journal holds other times, and the writer wants to be shown what they say to this day.
    pub has_other_times: bool,
}

impl Services {
    /// Today, in the writer's zone.
    pub fn today(&self, session: &Session) -> Day {
        Day::at(self.clock.now_ms(), &session.user.zone().1)
    }

    /// The clock on the wall, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The day of a moment in the writer's zone.
    pub fn day_of(&self, session: &Session, millis: i64) -> Day {
        Day::at(millis, &session.user.zone().1)
    }

    /// The time of a moment in the writer's zone, as the writer wants it: `14:03` or `2:03 pm`.
    pub fn clock_of(&self, session: &Session, millis: i64) -> String {
        session.preferences().time(&day::wall_clock(millis, &session.user.zone().1).1)
    }

    /// A moment as day and wall clock in the writer's zone and language: `22 November 2026, 11:00`.
    pub fn moment_of(&self, session: &Session, millis: i64) -> String {
        let zone = session.user.zone().1;
        format!("{}, {}", session.dates().date(Day::at(millis, &zone)), self.clock_of(session, millis))
    }

    /// Days between a moment and today in the writer's zone; never less than 0.
    pub fn days_since(&self, session: &Session, millis: i64) -> i32 {
        let then = Day::at(millis, &session.user.zone().1);
        (self.today(session).number() - then.number()).max(0)
    }

    /// Everything on a day.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn day(&self, session: &Session, day: Day) -> Result<DayView, Failure> {
        self.settle_drafts(session).await;
        let user = Arc::clone(&session.user);
        let wants_earlier = session.preferences().earlier == EarlierDays::On;
        blocking::db(move || {
            let (page, neighbours, drafts, sample, edits, has_other_times) = user.vault.read(|r| {
                let page = readable(entries::page(r, day))?;
                let kept = drafts::kept(r, DraftOf::Day(day))?;
                let sample = readable(sample::ids(r))?.unwrap_or_default();
                let edits = drafts::kept_of(r, page.as_ref().map_or(&[], |page| page.entries.as_slice()))?;
                let others = wants_earlier && readable(has_other_times(r, day))?.unwrap_or_default();
                let neighbours = readable(days::neighbours(r, day))?.unwrap_or_default();
                Ok((page, neighbours, kept, sample, edits, others))
            })?;
            let flaw = integrity::day_flaw(&user, day, page.as_ref());
            let stored = page.map_or_else(Vec::new, |page| page.entries);
            let is_sample = stored.iter().any(|entry| sample.contains(&entry.id));
            Ok(DayView {
                day,
                previous: neighbours.0,
                next: neighbours.1,
                entries: with_drafts(with_replies(&user, stored), &edits),
                flaw,
                drafts,
                is_sample,
                has_other_times,
            })
        })
        .await?
    }

    /// What the journal holds, for the first page after signing in and for no later one: so that an older copy in its
    /// place is seen. `None` also when it cannot be read now.
    pub async fn greeting(&self, session: &Session) -> Option<Totals> {
        if session.is_greeted.swap(true, Ordering::Relaxed) {
            return None;
        }
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.read(days::totals)).await.ok()?.ok()?
    }
}

/// Nothing in place of a record that cannot be read, so that it does not hide the others.
pub(super) fn readable<T>(found: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match found {
        Err(error) if error.is_of_one_record() => Ok(None),
        found => found.map(Some),
    }
}

/// Puts replies beneath their entries and overlays what runs now. A reply whose entry is gone is not shown.
pub(crate) fn with_replies(user: &User, stored: Vec<Entry>) -> Vec<EntryView> {
    let mut views: Vec<EntryView> = Vec::new();
    let mut place: HashMap<EntryId, usize> = HashMap::new();
    let mut replies: Vec<Entry> = Vec::new();
    for entry in stored {
        match entry.role {
            Role::Reply => replies.push(entry),
            // It stands above the entries, in a place of its own.
            Role::Opening => {}
            Role::Writer => {
                place.insert(entry.id, views.len());
                let traces = Chip::of(user, &entry.traces);
                views.push(EntryView { entry, replies: Vec::new(), traces, draft: None });
            }
        }
    }
    for reply in replies {
        if let Some(view_idx) = reply.reply_to.and_then(|entry| place.get(&entry)) {
            views[*view_idx].replies.push(ReplyView::of(user, reply));
        }
    }
    views
}

/// Says of entries when a draft of their next text was kept.
pub(super) fn with_drafts(mut views: Vec<EntryView>, kept: &[(EntryId, i64)]) -> Vec<EntryView> {
    for (id, saved) in kept {
        views.iter_mut().filter(|view| view.entry.id == *id).for_each(|view| view.draft = Some(*saved));
    }
    views
}
