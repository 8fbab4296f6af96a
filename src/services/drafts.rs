//! Drafts: text that is being written and not saved yet, of a new entry or of one that is edited.

use std::{sync::Arc, time::Duration};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    services::{Failure, Services, days::readable, entries::MAX_OP_BYTES, sessions::Session},
    vault::{
        drafts,
        entries::{self, entry},
        error::VaultError,
        transaction::{Reader, Writer},
    },
};

pub use crate::vault::drafts::{Draft, DraftOf};

/// So many boxes can hold a text of one place, and so many bytes in all, which fit one record.
const MAX_BOXES: usize = 50;
const MAX_BYTES: usize = 1_000_000;

/// How long a page waits for a draft that is being kept. A commit takes a few milliseconds.
const DRAFT_WAIT: Duration = Duration::from_millis(300);

/// Which box a text stands in, as its form says. A day can be open in several windows: each box has a draft of its own,
/// and takes the place of no other's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InBox {
    /// The draft that the box holds, by when it was kept.
    pub held: Option<i64>,
    /// The `op` of its form; empty when it has none.
    pub op: String,
}

/// What became of a draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drafted {
    /// It is kept, since this moment in milliseconds since 1970 UTC.
    Kept(i64),
    /// There is none: the text is empty, or is what the journal holds already.
    Nothing,
    /// The entry it would change is not there any more.
    Gone,
    /// It is not kept: there is no room beside what other boxes hold of the same place.
    Full,
}

impl Services {
    /// Keeps unsaved text, sealed, in place of what its box held before; an empty text removes that. `base_revision` is
    /// the text of the entry that it began from, 0 for a new entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn save_draft(
        &self,
        session: &Session,
        of: DraftOf,
        base_revision: u32,
        text: &str,
        by: InBox,
    ) -> Result<Drafted, Failure> {
        let _drafting = session.user.drafting.read().await;
        let (user, saved) = (Arc::clone(&session.user), self.clock.now_ms());
        let InBox { held, op } = by;
        let by = Some(op).filter(|op| op.len() <= MAX_OP_BYTES).unwrap_or_default();
        let draft = Draft { text: text.to_owned(), base_revision, saved, by };
        let drafted = blocking::db(move || user.vault.write(|w| keep(w, of, draft, held))).await??;
        self.wrote();
        Ok(drafted)
    }

    /// Waits for drafts that are being kept, for a moment at most: a page that is loaded again sends what was typed just
    /// before it asks for itself, and is to show it.
    pub(super) async fn settle_drafts(&self, session: &Session) {
        let _ = tokio::time::timeout(DRAFT_WAIT, session.user.drafting.write()).await;
    }

    /// The drafts of a day, newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn drafts_of_day(&self, session: &Session, day: Day) -> Result<Vec<Draft>, Failure> {
        let user = Arc::clone(&session.user);
        Ok(blocking::db(move || user.vault.read(|r| kept(r, DraftOf::Day(day)))).await??)
    }

    /// The newest draft of an entry's next text. `None` when there is none, and when it is the text that stands there.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn draft_of(&self, session: &Session, entry: &Entry) -> Result<Option<Draft>, Failure> {
        let (user, id) = (Arc::clone(&session.user), entry.id);
        let found = blocking::db(move || user.vault.read(|r| kept(r, DraftOf::Entry(id)))).await??;
        Ok(found.into_iter().find(|draft| !is_same(&draft.text, &entry.text)))
    }

    /// Forgets the draft that was kept at `saved`; others stay.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn forget_draft(&self, session: &Session, of: DraftOf, saved: i64) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.write(|w| let_go(w, of, |draft| draft.saved == saved))).await??;
        self.wrote();
        Ok(())
    }
}

impl InBox {
    fn holds(&self, draft: &Draft) -> bool {
        Some(draft.saved) == self.held || (!self.op.is_empty() && draft.by == self.op)
    }
}

/// The drafts of one place, newest first; none in place of those that cannot be read.
pub(super) fn kept(r: &Reader<'_>, of: DraftOf) -> Result<Vec<Draft>, VaultError> {
    Ok(readable(drafts::all(r, of))?.unwrap_or_default())
}

/// When the newest drafts of these entries were kept, for those that have one.
pub(super) fn kept_of(r: &Reader<'_>, stored: &[Entry]) -> Result<Vec<(EntryId, i64)>, VaultError> {
    let mut found = Vec::new();
    for entry in stored.iter().filter(|entry| is_written(entry)) {
        if let Some(draft) = kept(r, DraftOf::Entry(entry.id))?.first() {
            found.push((entry.id, draft.saved));
        }
    }
    Ok(found)
}

/// Takes the drafts away that became the text just saved: the one its form named, which no later one is, and what the
/// text goes on from; of an entry only in the same box, for another may make it shorter. What was typed in another window
/// stays.
pub(super) fn drop_what_became(
    w: &mut Writer<'_>,
    of: DraftOf,
    saved: &str,
    by: &InBox,
) -> Result<(), VaultError> {
    let_go(w, of, |draft| match of {
        _ if Some(draft.saved) == by.held => true,
        DraftOf::Day(_) => has_become(draft, saved),
        DraftOf::Entry(_) => is_same(saved, &draft.text) || (by.holds(draft) && has_become(draft, saved)),
    })
}

/// Takes the drafts away that `is_done` says.
fn let_go(w: &mut Writer<'_>, of: DraftOf, is_done: impl Fn(&Draft) -> bool) -> Result<(), VaultError> {
    let mut known = kept(w, of)?;
    let before = known.len();
    known.retain(|draft| !is_done(draft));
    if known.len() < before { drafts::set(w, of, &known) } else { Ok(()) }
}

/// Puts a draft in place of the one that its box held. One that arrives after its entry was saved, slowly or once more,
/// is no draft.
fn keep(w: &mut Writer<'_>, of: DraftOf, new: Draft, held: Option<i64>) -> Result<Drafted, VaultError> {
    let is_saved = match of {
        DraftOf::Day(day) => entries::day(w, day)?.iter().any(|entry| is_same(&entry.text, &new.text)),
        DraftOf::Entry(id) => match entry(w, id)?.filter(is_written) {
            Some(entry) => is_same(&entry.text, &new.text),
            None => return Ok(Drafted::Gone),
        },
    };
    let own = InBox { held, op: new.by.clone() };
    if new.text.trim().is_empty() || is_saved {
        let_go(w, of, |draft| own.holds(draft))?;
        return Ok(Drafted::Nothing);
    }
    let mut known = kept(w, of)?;
    let mut before = known.iter().filter(|draft| own.holds(draft));
    // The same once more is the same draft: its form may hold it already.
    if let (Some(same), None) = (before.next(), before.next())
        && same.text == new.text
        && same.base_revision == new.base_revision
    {
        return Ok(Drafted::Kept(same.saved));
    }
    known.retain(|draft| !own.holds(draft));
    // Two of one millisecond would have one name.
    let saved = known.first().map_or(new.saved, |newest| new.saved.max(newest.saved + 1));
    known.insert(0, Draft { saved, ..new });
    let n_bytes: usize = known.iter().map(|draft| draft.text.len()).sum();
    if known.len() > MAX_BOXES || n_bytes > MAX_BYTES {
        return Ok(Drafted::Full);
    }
    drafts::set(w, of, &known)?;
    Ok(Drafted::Kept(saved))
}

fn has_become(draft: &Draft, text: &str) -> bool {
    text.trim().starts_with(draft.text.replace("\r\n", "\n").trim())
}

fn is_same(saved: &str, text: &str) -> bool {
    saved.trim() == text.replace("\r\n", "\n").trim()
}

fn is_written(entry: &Entry) -> bool {
    entry.role == Role::Writer && entry.deleted.is_none()
}
