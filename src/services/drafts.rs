//! Drafts: text that is being written and not saved yet, of a new entry or of one that is edited.

use std::sync::Arc;

use crate::{
    blocking,
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    services::{Failure, Services, days::readable, sessions::Session},
    vault::{
        drafts,
        entries::{self, entry},
        error::VaultError,
        transaction::{Reader, Writer},
    },
};

pub use crate::vault::drafts::{Draft, DraftOf};

/// What became of a draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drafted {
    /// It is kept, since this moment in milliseconds since 1970 UTC.
    Kept(i64),
    /// There is none: the text is empty, or is what the journal holds already.
    Nothing,
    /// The entry it would change is not there any more.
    Gone,
}

impl Services {
    /// Keeps unsaved text, sealed, in place of the draft before; an empty text removes it. `base_revision` is the text
    /// of the entry that it began from, 0 for a new entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn save_draft(
        &self,
        session: &Session,
        of: DraftOf,
        base_revision: u32,
        text: &str,
    ) -> Result<Drafted, Failure> {
        let text = text.to_owned();
        self.put_draft(session, move |w, now| put(w, of, Draft { text, base_revision, saved: now })).await
    }

    /// The same for a text that is refused, when there is no draft, when it is the one `held` by its form, and when this
    /// text is what it became: another one, of another tab, stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_refused(
        &self,
        session: &Session,
        of: DraftOf,
        base_revision: u32,
        text: &str,
        held: Option<i64>,
    ) -> Result<Drafted, Failure> {
        let text = text.to_owned();
        self.put_draft(session, move |w, now| {
            let is_other =
                |draft: &Draft| Some(draft.saved) != held && !has_become(draft, &text.replace("\r\n", "\n"));
            if readable(drafts::get(w, of))?.flatten().as_ref().is_some_and(is_other) {
                return Ok(Drafted::Nothing);
            }
            put(w, of, Draft { text, base_revision, saved: now })
        })
        .await
    }

    async fn put_draft(
        &self,
        session: &Session,
        put: impl FnOnce(&mut Writer<'_>, i64) -> Result<Drafted, VaultError> + Send + 'static,
    ) -> Result<Drafted, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let drafted = blocking::db(move || user.vault.write(|w| put(w, now))).await??;
        self.wrote();
        Ok(drafted)
    }

    /// The draft of an entry's next text. `None` when there is none, and when it is the text that stands there.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn draft_of(&self, session: &Session, entry: &Entry) -> Result<Option<Draft>, Failure> {
        let (user, id) = (Arc::clone(&session.user), entry.id);
        let found = blocking::db(move || user.vault.read(|r| kept(r, DraftOf::Entry(id)))).await??;
        Ok(found.filter(|draft| !is_same(&draft.text, &entry.text)))
    }

    /// Forgets the draft that was kept at `saved`; one that was kept later stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn forget_draft(&self, session: &Session, of: DraftOf, saved: i64) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        let wrote = blocking::db(move || {
            let is_it = |draft: Option<Draft>| draft.is_some_and(|draft| draft.saved == saved);
            if !is_it(user.vault.read(|r| kept(r, of))?) {
                return Ok::<_, VaultError>(false);
            }
            user.vault.write(|w| if is_it(drafts::get(w, of)?) { drafts::remove(w, of) } else { Ok(()) })?;
            Ok(true)
        })
        .await??;
        if wrote {
            self.wrote();
        }
        Ok(())
    }
}

/// The draft; none in place of one that cannot be read.
pub(super) fn kept(r: &Reader<'_>, of: DraftOf) -> Result<Option<Draft>, VaultError> {
    Ok(readable(drafts::get(r, of))?.flatten())
}

/// When drafts of these entries were kept, for those that have one.
pub(super) fn kept_of(r: &Reader<'_>, stored: &[Entry]) -> Result<Vec<(EntryId, i64)>, VaultError> {
    let mut found = Vec::new();
    for entry in stored.iter().filter(|entry| is_written(entry)) {
        if let Some(draft) = kept(r, DraftOf::Entry(entry.id))? {
            found.push((entry.id, draft.saved));
        }
    }
    Ok(found)
}

/// Takes a draft away when the text just saved is what it became. A draft of something else, typed in another tab,
/// stays.
pub(super) fn drop_what_became(w: &mut Writer<'_>, of: DraftOf, saved: &str) -> Result<(), VaultError> {
    let kept = readable(drafts::get(w, of))?.flatten();
    let is_done = kept.is_some_and(|draft| has_become(&draft, saved));
    if is_done { drafts::remove(w, of) } else { Ok(()) }
}

/// Puts a draft in place of the one before. One that arrives after its entry was saved, slowly or once more, is no draft.
fn put(w: &mut Writer<'_>, of: DraftOf, draft: Draft) -> Result<Drafted, VaultError> {
    let is_saved = match of {
        DraftOf::Day(day) => entries::day(w, day)?.iter().any(|entry| is_same(&entry.text, &draft.text)),
        DraftOf::Entry(id) => match entry(w, id)?.filter(is_written) {
            Some(entry) => is_same(&entry.text, &draft.text),
            None => return Ok(Drafted::Gone),
        },
    };
    if draft.text.trim().is_empty() || is_saved {
        drafts::remove(w, of)?;
        return Ok(Drafted::Nothing);
    }
    // The same once more is the same draft: a form may hold it already.
    let known = readable(drafts::get(w, of))?.flatten();
    let is_known = |known: &Draft| known.text == draft.text && known.base_revision == draft.base_revision;
    if let Some(known) = known.filter(is_known) {
        return Ok(Drafted::Kept(known.saved));
    }
    drafts::put(w, of, &draft)?;
    Ok(Drafted::Kept(draft.saved))
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
