//! Traces: attach, detach, offer, and change as a whole. What pages of traces show is in `index` and `page`.

pub mod alike;
pub mod index;
mod meant;
mod offer;
pub mod page;
mod suggest;
pub mod summary;

use std::sync::Arc;

pub use crate::vault::traces::{Trace, change::ChangeId};
pub(crate) use meant::Meant;
pub use offer::{Offer, Offered};
pub(crate) use suggest::Suggested;

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
        trace::{self, Kind, NameError, TraceName},
    },
    services::{
        Failure, Services,
        sessions::{Session, User},
    },
    vault::{
        entries,
        error::VaultError,
        traces::{
            self,
            change::{self, Renamed},
        },
        transaction::Writer,
    },
};

/// Longest text that is read as a name; what is longer is too long for a name in any case.
const MAX_TYPED: usize = 1_000;

/// A trace as it stands beneath an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chip {
    /// The trace.
    pub id: TraceId,
    /// As it is shown.
    pub name: String,
    /// Of an emoji its short name, as in `:tada:`.
    pub shortcode: Option<String>,
    /// How many entries carry it, with the first and the last day of these; `None` when all are in the trash.
    pub used: Option<(u32, Day, Day)>,
}

impl Chip {
    fn new(id: TraceId, name: String, kind: Kind, used: Option<&Trace>) -> Self {
        let shortcode = if kind == Kind::Emoji { trace::shortcode(&name) } else { None };
        Self { id, name, shortcode, used: used.map(|used| (used.count, used.first, used.last)) }
    }

    /// The traces of an entry, in the order in which they were attached. Those that do not open are left out. Blocks.
    pub(crate) fn of(user: &User, ids: &[TraceId]) -> Vec<Self> {
        if ids.is_empty() {
            return Vec::new();
        }
        let named = user.vault.read(|r| traces::named(r, ids)).unwrap_or_else(|error| {
            tracing::error!(%error, "the traces of an entry could not be read");
            Vec::new()
        });
        named.into_iter().map(|((id, name, kind), used)| Self::new(id, name, kind, used.as_ref())).collect()
    }
}

/// What became of attaching.
pub enum Attach {
    /// The entry carries it; this is the entry.
    Done(Box<Entry>),
    /// What was typed is no name.
    NoName(NameError),
    /// The entry has as many as it can have.
    TooMany,
    /// There is no such entry.
    NoEntry,
}

/// What became of a change of a whole trace.
pub enum TraceChange {
    /// It was made, and this undoes it, if anything does.
    Done(Option<ChangeId>),
    /// What was typed is no name.
    NoName(NameError),
    /// Another trace has the name.
    Taken(TraceId),
    /// Nothing was to be changed.
    Same,
    /// There is no such trace.
    Gone,
}

impl Services {
    /// Attaches a trace by its name, as typed, to an entry or a reply; `is_suggested` when the name was taken from what
    /// is offered.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn attach_trace(
        &self,
        session: &Session,
        entry: EntryId,
        typed: &str,
        is_suggested: bool,
    ) -> Result<Attach, Failure> {
        let name = match name_of(typed) {
            Ok(name) => name,
            Err(error) => return Ok(Attach::NoName(error)),
        };
        let attached = self
            .change_traces(session, move |w| {
                let attached = traces::attach(w, entry, &name)?;
                if !attached.was_there {
                    suggest::note_taken(w, &name, is_suggested)?;
                }
                entries::entry(w, entry)
            })
            .await?;
        match attached {
            Ok(entry) => Ok(entry.map_or(Attach::NoEntry, |entry| Attach::Done(Box::new(entry)))),
            Err(VaultError::Missing) => Ok(Attach::NoEntry),
            Err(VaultError::TooManyTraces) => Ok(Attach::TooMany),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a trace from an entry or a reply. Gives the entry and the name that it lost, empty when it did not carry
    /// the trace; `None` when there is no such entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn detach_trace(
        &self,
        session: &Session,
        entry: EntryId,
        trace: TraceId,
    ) -> Result<Option<(Entry, String)>, Failure> {
        let detached = self
            .change_traces(session, move |w| {
                let name = traces::detach(w, entry, trace)?.unwrap_or_default();
                Ok(entries::entry(w, entry)?.map(|entry| (entry, name)))
            })
            .await?;
        match detached {
            Err(VaultError::Missing) => Ok(None),
            other => Ok(other?),
        }
    }

    /// The traces of one entry or reply, with the entry; `None` when there is none or it is in the trash.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn chips(
        &self,
        session: &Session,
        entry: EntryId,
    ) -> Result<Option<(Entry, Vec<Chip>)>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let found = user.vault.read(|r| entries::entry(r, entry))?;
            let found = found.filter(|entry| entry.deleted.is_none() && entry.role != Role::Opening);
            Ok(found.map(|entry| {
                let chips = Chip::of(&user, &entry.traces);
                (entry, chips)
            }))
        })
        .await?
    }

    /// The name of a trace; `None` when there is no such trace.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn trace_name(&self, session: &Session, id: TraceId) -> Result<Option<String>, Failure> {
        let user = Arc::clone(&session.user);
        Ok(blocking::db(move || user.vault.read(|r| traces::trace(r, id))).await??.map(|found| found.name))
    }

    /// Pins a trace, so that it stands first in the list and among what is offered, or lets go of it. `false` when there
    /// is no such trace.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn pin_trace(
        &self,
        session: &Session,
        trace: TraceId,
        is_pinned: bool,
    ) -> Result<bool, Failure> {
        Ok(self.change_traces(session, move |w| traces::pin(w, trace, is_pinned)).await??)
    }

    /// Gives a trace another name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn rename_trace(
        &self,
        session: &Session,
        trace: TraceId,
        typed: &str,
    ) -> Result<TraceChange, Failure> {
        let name = match name_of(typed) {
            Ok(name) => name,
            Err(error) => return Ok(TraceChange::NoName(error)),
        };
        let renamed = self.change_traces(session, move |w| change::rename(w, trace, &name)).await??;
        Ok(match renamed {
            Renamed::Done(changed) => TraceChange::Done(changed.undo),
            Renamed::Same => TraceChange::Same,
            Renamed::Taken(other) => TraceChange::Taken(other),
            Renamed::Gone => TraceChange::Gone,
        })
    }

    /// Lets all entries of a trace carry the one of this name instead, and gives that one. [`TraceChange::Gone`] when
    /// no trace has the name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn merge_trace(
        &self,
        session: &Session,
        trace: TraceId,
        typed: &str,
    ) -> Result<(TraceChange, Option<TraceId>), Failure> {
        let name = match name_of(typed) {
            Ok(name) => name,
            Err(error) => return Ok((TraceChange::NoName(error), None)),
        };
        let merged = self
            .change_traces(session, move |w| {
                let Some(into) = traces::find(w, &name)?.map(|found| found.id) else {
                    return Ok((TraceChange::Gone, None));
                };
                Ok(match change::merge(w, trace, into)? {
                    Some(changed) => (TraceChange::Done(changed.undo), Some(into)),
                    None => (TraceChange::Same, Some(into)),
                })
            })
            .await?;
        Ok(merged?)
    }

    /// Takes a trace from all entries.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn delete_trace(&self, session: &Session, trace: TraceId) -> Result<TraceChange, Failure> {
        let deleted = self.change_traces(session, move |w| change::delete(w, trace)).await??;
        Ok(deleted.map_or(TraceChange::Gone, |changed| TraceChange::Done(changed.undo)))
    }

    /// Undoes the last rename, merge or deletion, if it is this one, and gives its trace; `None` when it cannot be
    /// undone any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn undo_trace(&self, session: &Session, change: ChangeId) -> Result<Option<TraceId>, Failure> {
        Ok(self.change_traces(session, move |w| change::undo(w, &change)).await??)
    }

    async fn change_traces<T: Send + 'static>(
        &self,
        session: &Session,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<Result<T, VaultError>, Failure> {
        let user = Arc::clone(&session.user);
        let done = blocking::db(move || user.vault.write(work)).await?;
        self.wrote();
        Ok(done)
    }
}

fn name_of(typed: &str) -> Result<TraceName, NameError> {
    match typed.char_indices().nth(MAX_TYPED) {
        None => TraceName::parse(typed),
        Some(_) => Err(NameError::TooLong { chars: typed.chars().count() }),
    }
}
