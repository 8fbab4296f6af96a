//! Whether a journal is as this program left it: looked at in the background at unlock, told by day, and accepted as it
//! is when its owner says so.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    blocking,
    journal::day::Day,
    services::{
        Failure, Services,
        keys::Confirmed,
        sessions::{Session, User, guard},
    },
    vault::{
        audit::Audit,
        entries::{Flaw, Page},
        error::{Alteration, VaultError},
        events::{self, Event, Kind},
    },
};

pub use crate::vault::audit::DayFlaws;

/// Pause before a check that could not run is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What is known of a person's journal.
#[derive(Default)]
pub(crate) struct UserIntegrity {
    known: Mutex<Option<Arc<Integrity>>>,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Integrity {
    /// Rows were deleted, put back or added by something other than this program.
    pub is_altered: bool,
    /// Nothing can be written before the journal is accepted as it is.
    pub is_headless: bool,
    /// What opening every record has shown; `None` while that goes on.
    pub found: Option<Findings>,
}

/// What opening every record has shown.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Days with something wrong, earliest first.
    pub days: Vec<DayFlaws>,
    /// Records that do not open, whatever they held.
    pub unreadable: u64,
    /// Rows of no generation of keys in use.
    pub strays: u64,
}

/// What is to be said about a journal on every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityNote {
    /// Nothing is saved until it is accepted.
    pub is_headless: bool,
    /// What happened, in a sentence that goes up to the day when one is named.
    pub said: String,
    /// The first day that is concerned.
    pub day: Option<Day>,
    /// The rest of the sentence, behind the day.
    pub then: String,
}

/// A journal that was accepted as it is.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// When, milliseconds since 1970 UTC.
    pub at: i64,
    /// The days that were concerned, the first 64.
    pub days: Vec<Day>,
}

impl From<&Audit> for Findings {
    fn from(audit: &Audit) -> Self {
        let unreadable = audit.records.saturating_sub(audit.opened);
        Self { days: audit.days.clone(), unreadable, strays: audit.strays }
    }
}

impl Services {
    /// What is to be said about a journal on every page; `None` while nothing is known to be wrong.
    pub fn integrity_note(&self, session: &Session) -> Option<IntegrityNote> {
        let known = self.integrity(session).filter(|known| known.is_altered)?;
        Some(known.note())
    }

    /// What is known of a journal; `None` before its first check has ended.
    pub fn integrity(&self, session: &Session) -> Option<Arc<Integrity>> {
        guard(&session.user.integrity.known).clone()
    }

    /// Checks a journal now, for somebody who waits for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn check_integrity(&self, session: &Session) -> Result<(), Failure> {
        self.check(&session.user).await
    }

    /// The times a journal was accepted as it is, latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn acceptances(&self, session: &Session) -> Result<Vec<Acceptance>, Failure> {
        let user = Arc::clone(&session.user);
        let all = blocking::db(move || user.vault.read(events::all)).await??;
        let accepted = |event: Event| (event.kind == Some(Kind::Accepted)).then_some(event);
        let all = all.into_iter().rev().filter_map(accepted);
        Ok(all.map(|Event { at, days, .. }| Acceptance { at, days }).collect())
    }

    /// Accepts a journal as it is; from here on it is quiet again. Days no longer list what is gone.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing was accepted.
    pub async fn accept_journal(&self, confirmed: &Confirmed) -> Result<(), Failure> {
        let user = &confirmed.session().user;
        let keep = Arc::clone(user);
        let audit = blocking::db(move || keep.vault.accept()).await??;
        tracing::info!(records = audit.records, "a journal was accepted as it is");
        self.wrote();
        self.nudge(user);
        // What a renewal of keys was stuck at may be gone.
        *guard(&user.rotation.stuck) = None;
        user.rotation.nudge.notify_one();
        self.check(user).await
    }

    /// Checks a person's journal when it is opened. A check that could not run proves nothing: it is tried again.
    pub(crate) async fn check_user(&self, user: &Arc<User>) {
        while self.check(user).await.is_err() {
            tracing::warn!("the journal could not be compared with its head; it is tried again");
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn check(&self, user: &Arc<User>) -> Result<(), Failure> {
        let keep = Arc::clone(user);
        let verified = blocking::db(move || match keep.vault.verify() {
            Err(VaultError::Altered(Alteration::Head)) => Ok(None),
            verified => verified.map(Some),
        })
        .await??;
        let is_headless = verified.is_none() || user.vault.is_headless();
        let is_ok = !is_headless && verified.is_some_and(|found| found.ok);
        tracing::info!(
            records = verified.map_or(0, |found| found.records),
            ok = is_ok,
            "the journal was compared with its head"
        );
        let mut known = Integrity { is_altered: !is_ok, is_headless, found: None };
        if is_ok {
            user.integrity.learn(known);
            return Ok(());
        }
        // Said at once; by day as soon as that is known.
        if guard(&user.integrity.known).as_ref().is_none_or(|before| !before.is_altered) {
            user.integrity.learn(known.clone());
        }
        let keep = Arc::clone(user);
        let locked = user.locked.clone();
        let audit = blocking::db(move || keep.vault.audit(&|| locked.is_stopping())).await??;
        if let Some(audit) = audit {
            tracing::warn!(records = audit.records, "a journal does not match its head");
            known.is_headless |= audit.head_lost;
            known.found = Some(Findings::from(&audit));
            user.integrity.learn(known);
        }
        Ok(())
    }
}

impl UserIntegrity {
    fn learn(&self, known: Integrity) {
        *guard(&self.known) = Some(Arc::new(known));
    }

    /// What a check found wrong with a day.
    fn day(&self, day: Day) -> Option<DayFlaws> {
        let known = guard(&self.known).clone()?;
        known.found.as_ref()?.days.iter().find(|flaws| flaws.day == day).copied()
    }
}

impl Integrity {
    /// What happened, in one sentence for every page.
    fn note(&self) -> IntegrityNote {
        let named = self.found.as_ref().and_then(Findings::sentence);
        let (said, day, then) = named.map_or_else(
            || (GENERAL.to_owned(), None, String::new()),
            |(said, day, then)| (said, Some(day), then),
        );
        let said = if self.is_headless { format!("{HEADLESS} {said}") } else { said };
        IntegrityNote { is_headless: self.is_headless, said, day, then }
    }
}

const GENERAL: &str = "Records of this journal were deleted, put back or added outside this program.";
const HEADLESS: &str =
    "The record that vouches for this journal is missing or does not fit, so nothing is saved for now.";

impl Findings {
    /// What days miss: a sentence in three parts, the second of which is the first day. `None` when none misses anything.
    fn sentence(&self) -> Option<(String, Day, String)> {
        let days = self.days.as_slice();
        let first = days.first()?.day;
        let count: usize = days.iter().map(DayFlaws::count).sum();
        let is_gone = days.iter().any(|flaws| flaws.lost + flaws.stale > 0);
        let what = match (is_gone, count) {
            (true, 1) => "is missing or older than it should be",
            (true, _) => "are missing or older than they should be",
            (false, 1) => "is not listed on its day as it should be",
            (false, _) => "are not listed on their day as they should be",
        };
        let noun = if count == 1 { "entry" } else { "entries" };
        Some(match days.len() {
            1 => (format!("{count} {noun} of"), first, format!(" {what}.")),
            n => (format!("{count} {noun} of {n} days, the first"), first, format!(", {what}.")),
        })
    }
}

/// What is wrong with a day as it is read now, in one sentence; `page` is `None` when its list does not open.
pub(super) fn day_flaw(user: &User, day: Day, page: Option<&Page>) -> Option<String> {
    let Some(page) = page else {
        return Some(
            "The list of what was written on this day cannot be read. Nothing of it was changed.".to_owned(),
        );
    };
    let count = |wanted: &[Flaw]| page.flaws.iter().filter(|(_, flaw)| wanted.contains(flaw)).count();
    let mut parts = Vec::new();
    for (count, one, many) in [
        (count(&[Flaw::Missing]), "1 entry of this day is missing", "entries of this day are missing"),
        (
            count(&[Flaw::Unreadable]),
            "1 entry of this day cannot be read",
            "entries of this day cannot be read",
        ),
        (
            count(&[Flaw::Stale]),
            "1 entry of this day is not in the version it should be",
            "entries of this day are not in the version they should be",
        ),
        (
            user.integrity.day(day).map_or(0, |flaws| flaws.unlisted + flaws.returned),
            "1 entry of this day is not in its list",
            "entries of this day are not in its list",
        ),
    ] {
        match count {
            0 => {}
            1 => parts.push(format!("{one}.")),
            _ => parts.push(format!("{count} {many}.")),
        }
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}
