//! Openings: what a day begins with, a few sentences on the last days that were written on.
//!
//! An opening is made of the writer's own sentences ([`crate::search::opening`]), which needs no model; where a model inside
//! this program is able to, it says them better, and only sentences stay that rest on one of the days. Nothing is sent to
//! an upstream for it. It is kept as an entry of its day, one on each, and only when it is whole: what failed, broke off,
//! or has no support leaves nothing.
//!
//! It is made when somebody asks (a page that is looked at does, by a form), or ahead, while the machine is idle; whoever
//! asks meanwhile joins what is being made. With the model switched off, or openings, there are none.

mod make;
mod shown;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

pub use self::shown::Shown;
use crate::{
    blocking,
    journal::{day::Day, entry::Entry},
    search::{embed::EmbedState, opening::Page},
    services::{
        Failure, Services,
        days::readable,
        openings::make::{past, texts_of},
        preferences::Openings,
        sessions::{Session, User, guard},
    },
    vault::{days, error::VaultError, openings, transaction::Reader},
};

/// How long a page that asks for an opening waits for more of it.
const WAIT: std::time::Duration = std::time::Duration::from_secs(4);
/// Name of the maker of an opening that quotes the writer.
const OWN: &str = "own sentences";

/// What goes on about a person's openings.
pub(crate) struct UserOpenings {
    /// The one that is being made.
    making: Mutex<Option<Arc<Making>>>,
    /// Counts what is to be told about it.
    told: watch::Sender<u64>,
    /// The last day for which nothing could be said: it is not tried again unasked.
    tried: Mutex<Option<Day>>,
    /// The last day for which nothing is to be made ahead any more.
    ahead: Mutex<Option<Day>>,
}

impl Default for UserOpenings {
    fn default() -> Self {
        Self {
            making: Mutex::default(),
            told: watch::channel(0).0,
            tried: Mutex::default(),
            ahead: Mutex::default(),
        }
    }
}

/// An opening that is being made.
struct Making {
    day: Day,
    /// It takes the place of the one that is there.
    replaces: bool,
    /// What has been found to stand so far.
    lines: Mutex<Vec<Line>>,
    /// It was dismissed meanwhile.
    is_unwanted: AtomicBool,
}

/// One piece of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The day it rests on; none where that is not known any more.
    pub day: Option<Day>,
    /// A sentence, or quotations of one day.
    pub text: String,
}

/// An opening as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningView {
    /// What it says, the latest day first; never empty.
    pub lines: Vec<Line>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
    /// Whether its writer folded it or put it away.
    pub shown: Shown,
}

/// Whether a day has an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningState {
    /// It has.
    There(OpeningView),
    /// It is being made; this stands already.
    BeingMade(Vec<Line>),
    /// Today has none, and the page may ask for it unasked.
    Wanted,
    /// Today has none, and gets one when its writer asks.
    Offered,
    /// Today is the first day of the journal: there is nothing to look back on.
    FirstDay,
    /// It has none and gets none.
    Nothing,
}

/// What is known of a day and its opening.
struct Found {
    kept: Option<OpeningView>,
    /// A record is kept, whether it can be shown or not.
    is_kept: bool,
    shown: Shown,
    is_written: bool,
    has_past: bool,
}

impl Services {
    /// Whether a day can have an opening for this writer.
    fn may_open(&self, user: &User) -> bool {
        !user.model_is_off.load(Ordering::SeqCst) && guard(&user.preferences).opening != Openings::Off
    }

    /// Whether one can be kept: not when the journal is only read, or has not been accepted yet.
    fn may_keep(&self, user: &User) -> bool {
        user.is_settled.load(Ordering::SeqCst) && user.vault.may_write() && self.store_note().is_none()
    }

    /// The opening of a day, as far as it is there. Begins nothing.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn opening(&self, session: &Session, day: Day) -> Result<OpeningState, Failure> {
        self.opening_of(&session.user, day, self.today(session)).await
    }

    async fn opening_of(&self, user: &Arc<User>, day: Day, today: Day) -> Result<OpeningState, Failure> {
        if day > today || !self.may_open(user) {
            return Ok(OpeningState::Nothing);
        }
        // Before it is read what is kept: what ends in between is kept then.
        let making = guard(&user.openings.making).clone().filter(|making| making.day == day);
        if let Some(making) = making {
            return Ok(OpeningState::BeingMade(guard(&making.lines).clone()));
        }
        let found = find(user, day).await?;
        let may_keep = self.may_keep(user);
        Ok(match found.kept {
            Some(view) => OpeningState::There(view),
            None if day != today => OpeningState::Nothing,
            None if !found.has_past && found.is_written => OpeningState::Nothing,
            None if !found.has_past => OpeningState::FirstDay,
            None if !may_keep => OpeningState::Nothing,
            None if found.shown == Shown::Away || found.is_kept => OpeningState::Offered,
            // A day begins with it: one that has begun needs none.
            None if found.is_written => OpeningState::Nothing,
            None if *guard(&user.openings.tried) == Some(today) => OpeningState::Offered,
            None => OpeningState::Wanted,
        })
    }

    /// The same, and waits a moment while no more than `n_shown` lines of it stand.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn opening_soon(
        &self,
        session: &Session,
        day: Day,
        n_shown: usize,
    ) -> Result<OpeningState, Failure> {
        let mut told = session.user.openings.told.subscribe();
        let waited = tokio::time::timeout(WAIT, async {
            loop {
                told.borrow_and_update();
                match self.opening(session, day).await {
                    Ok(OpeningState::BeingMade(lines)) if lines.len() <= n_shown => {}
                    found => return found,
                }
                if told.changed().await.is_err() {
                    return Ok(OpeningState::Nothing);
                }
            }
        });
        match waited.await {
            Ok(found) => found,
            Err(_) => self.opening(session, day).await,
        }
    }

    /// Makes the opening of today, or `another` in its place, and waits a moment for it. One that was put away is shown
    /// again. `None`, and nothing is made, for any other day.
    ///
    /// # Errors
    /// When a record cannot be read, or the store fails.
    pub async fn open_day(
        self: &Arc<Self>,
        session: &Session,
        day: Day,
        another: bool,
    ) -> Result<Option<OpeningState>, Failure> {
        let today = self.today(session);
        if day != today {
            return Ok(None);
        }
        let user = &session.user;
        if self.may_open(user) && self.may_keep(user) && guard(&user.openings.making).is_none() {
            let found = find(user, day).await?;
            match found.kept {
                Some(view) if !another && view.shown == Shown::Open => {}
                Some(_) if !another => self.show_opening(session, day, Shown::Open).await?,
                _ if !found.has_past => {}
                _ => self.make_opening(user, day, another || found.is_kept),
            }
        }
        let state = self.opening_soon(session, day, 0).await?;
        // Once asked for, it is not asked for again unasked.
        Ok(Some(if state == OpeningState::Wanted { OpeningState::Offered } else { state }))
    }

    /// Remembers for one day, sealed, how its opening is shown. Put away while it is being made, none is made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn show_opening(&self, session: &Session, day: Day, shown: Shown) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        if shown == Shown::Away {
            user.openings.give_up(day);
        }
        blocking::db(move || user.vault.write(|w| shown::set(w, day, shown))).await??;
        self.wrote();
        Ok(())
    }

    /// Removes the opening of a day for ever. The day gets none again before its writer asks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_opening(&self, session: &Session, day: Day) -> Result<(), Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        user.openings.give_up(day);
        self.making_room(move || {
            user.vault.write(|w| {
                openings::remove(w, day, now)?;
                shown::set(w, day, Shown::Away)
            })
        })
        .await?;
        self.wrote();
        self.nudge(&session.user);
        Ok(())
    }

    /// Makes the opening of today ahead for everybody whose journal is open, when nothing else is to be done.
    pub fn open_days_ahead(self: &Arc<Self>) {
        let is_idle = self.llm.waiting() == 0
            && (!self.has_embedder || matches!(self.embed.state(), EmbedState::Ready(_)))
            && self.model().state != "loading";
        for user in self.sessions.users().into_iter().filter(|_| is_idle) {
            let is_wanted = guard(&user.preferences).opening == Openings::Ahead
                && self.may_open(&user)
                && self.may_keep(&user)
                && user.running.is_idle();
            if !is_wanted || guard(&user.openings.making).is_some() {
                continue;
            }
            let today = Day::at(self.clock.now_ms(), &user.zone().1);
            if *guard(&user.openings.ahead) == Some(today) {
                continue;
            }
            let services = Arc::clone(self);
            self.tasks.spawn(async move {
                match services.opening_of(&user, today, today).await {
                    Ok(OpeningState::Wanted) => services.make_opening(&user, today, false),
                    Ok(OpeningState::BeingMade(_)) | Err(_) => {}
                    Ok(_) => *guard(&user.openings.ahead) = Some(today),
                }
            });
        }
    }
}

impl UserOpenings {
    fn tell(&self) {
        self.told.send_modify(|told| *told += 1);
    }

    /// What is being made for a day is not to be kept.
    fn give_up(&self, day: Day) {
        if let Some(making) = guard(&self.making).as_ref().filter(|making| making.day == day) {
            making.is_unwanted.store(true, Ordering::SeqCst);
        }
    }
}

async fn find(user: &Arc<User>, day: Day) -> Result<Found, Failure> {
    let user = Arc::clone(user);
    let found = blocking::db(move || {
        user.vault.read(|r| {
            let kept = readable(openings::get(r, day))?.flatten();
            let shown = shown::of(r, day)?;
            let lines = kept.as_ref().map_or_else(|| Ok(Vec::new()), |kept| standing(r, kept))?;
            let model = kept.as_ref().and_then(|kept| kept.made_by.as_ref()).map(|made| made.model.clone());
            let model = model.filter(|model| model != OWN);
            Ok(Found {
                is_kept: kept.is_some(),
                kept: (!lines.is_empty()).then_some(OpeningView { lines, model, shown }),
                shown,
                is_written: days::year(r, day.year())?.day(day).entries > 0,
                has_past: !past(r, day, 1)?.is_empty(),
            })
        })
    });
    Ok(found.await??)
}

/// The lines of an opening that still stand: what was changed or removed since on the day of a line takes it along.
fn standing(r: &Reader<'_>, opening: &Entry) -> Result<Vec<Line>, VaultError> {
    let made_by = opening.made_by.as_ref();
    let cited = made_by.map_or(&[][..], |made| &made.given.days);
    let is_own = made_by.is_some_and(|made| made.model == OWN);
    let mut lines = Vec::new();
    for (idx, text) in opening.text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let Some(day) = cited.get(idx).copied() else {
            lines.push(Line { day: None, text: text.to_owned() });
            continue;
        };
        let page = Page::new(day, opening.day, texts_of(r, day)?);
        if if is_own { page.holds(text) } else { page.support(text).is_some() } {
            lines.push(Line { day: Some(day), text: text.to_owned() });
        }
    }
    Ok(lines)
}
