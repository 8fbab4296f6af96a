//! Entries: write, edit, delete, restore.

use std::sync::Arc;

use crate::{
    blocking,
    crypto::hash::sha256,
    journal::{
        day::Day,
        entry::{Entry, EntryText, Role},
        ids::EntryId,
    },
    services::{
        Failure, Services,
        days::{with_drafts, with_replies},
        drafts::{DraftOf, InBox, drop_what_became, kept_of},
        replies::ReplyView,
        sessions::Session,
        traces::Chip,
    },
    vault::{entries, transaction::Writer, trash},
};

/// Earlier texts of an entry that are kept, sealed; with one more edit the oldest goes.
pub const MAX_VERSIONS: u32 = entries::MAX_VERSIONS;
/// Longest `op` that is read; a longer one is cut, which only makes repeats less likely to be recognised.
pub(super) const MAX_OP_BYTES: usize = 128;

/// An entry with the replies beneath it.
pub struct EntryView {
    /// The entry.
    pub entry: Entry,
    /// Its replies, oldest first.
    pub replies: Vec<ReplyView>,
    /// Its traces.
    pub traces: Vec<Chip>,
    /// When a draft of its next text was kept, milliseconds since 1970 UTC.
    pub draft: Option<i64>,
}

impl EntryView {
    /// An entry that was just written and has nothing yet.
    pub fn bare(entry: Entry) -> Self {
        Self { entry, replies: Vec::new(), traces: Vec::new(), draft: None }
    }
}

/// What became of a new entry.
pub enum Written {
    /// It stands on its day; also when the form was sent before.
    Saved(Entry),
    /// The form was sent before and its entry has been moved to the trash since. It stays there.
    InTrash(Entry),
}

/// What became of an edit.
pub enum Edit {
    /// It was saved.
    Saved(Entry),
    /// Somebody else saved first; this is what stands there now.
    Conflict(Entry),
    /// There is no such entry.
    Gone,
}

/// Why a text was not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The day has not come yet.
    #[error("the day has not come yet")]
    Future,
    /// See [`Failure`].
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Services {
    /// One entry with its replies; `None` when there is none or it is in the trash.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn entry(&self, session: &Session, id: EntryId) -> Result<Option<EntryView>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let stored = user.vault.read(|r| {
                let Some(entry) = entries::entry(r, id)?.filter(is_written) else { return Ok(None) };
                let edits = kept_of(r, std::slice::from_ref(&entry))?;
                Ok(Some((entries::day(r, entry.day)?, edits)))
            })?;
            Ok(stored.and_then(|(day, edits)| {
                let views = with_drafts(with_replies(&user, day), &edits);
                views.into_iter().find(|view| view.entry.id == id)
            }))
        })
        .await?
    }

    /// A new `op` for a form: a ULID of now, so that the entry it makes gets an id of that time.
    pub fn fresh_op(&self) -> String {
        EntryId::from_parts(self.clock.now_ms(), self.clock.id_random()).to_string()
    }

    /// Saves a new entry. The same `op` with the same text on the same day answers the same entry, so that a form
    /// sent twice is harmless, also when that entry lies in the trash; the same `op` with another text is another
    /// entry. The drafts that it became go: the one of its box, and those it goes on from.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn write(
        &self,
        session: &Session,
        day: Day,
        text: EntryText,
        by: InBox,
    ) -> Result<Written, WriteError> {
        if day > self.today(session) {
            return Err(WriteError::Future);
        }
        let now = self.clock.now_ms();
        let id = if by.op.is_empty() {
            EntryId::from_parts(now, self.clock.id_random())
        } else {
            id_of(&by.op, day, &text)
        };
        let (zone_name, zone) = session.user.zone();
        let entry = Entry::written(id, day, now, (zone_name, &zone), text.into_string());
        let user = Arc::clone(&session.user);
        let saved = blocking::db(move || {
            user.vault.write(move |w: &mut Writer<'_>| {
                drop_what_became(w, DraftOf::Day(day), &entry.text, &by)?;
                match entries::entry(w, id)? {
                    Some(existing) if existing.deleted.is_none() => return Ok(Written::Saved(existing)),
                    Some(existing) => return Ok(Written::InTrash(existing)),
                    None => {}
                }
                entries::insert(w, &entry)?;
                Ok(Written::Saved(entry))
            })
        })
        .await
        .map_err(Failure::from)?
        .map_err(Failure::from)?;
        self.wrote();
        self.nudge(&session.user);
        Ok(saved)
    }

    /// Saves a new text over revision `revision`; the old text is kept as a version. Drafts go as in [`Services::write`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn edit(
        &self,
        session: &Session,
        id: EntryId,
        revision: u32,
        text: EntryText,
        by: InBox,
    ) -> Result<Edit, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let edit = blocking::db(move || {
            user.vault.write(move |w: &mut Writer<'_>| {
                let Some(current) = entries::entry(w, id)?.filter(is_written) else { return Ok(Edit::Gone) };
                if current.text == text.as_str() {
                    drop_what_became(w, DraftOf::Entry(id), &current.text, &by)?;
                    return Ok(Edit::Saved(current));
                }
                if current.revision != revision {
                    return Ok(Edit::Conflict(current));
                }
                entries::version(w, &current)?;
                let edited = Entry {
                    text: text.into_string(),
                    revision: current.revision + 1,
                    updated: now,
                    ..current
                };
                entries::replace(w, &edited)?;
                drop_what_became(w, DraftOf::Entry(id), &edited.text, &by)?;
                Ok(Edit::Saved(edited))
            })
        })
        .await??;
        self.wrote();
        self.nudge(&session.user);
        Ok(edit)
    }

    /// Moves an entry and its replies to the trash; stops a running reply first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn delete(&self, session: &Session, id: EntryId) -> Result<Option<Entry>, Failure> {
        session.user.running.stop_for_entry(id).await;
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let gone = self
            .making_room(move || {
                user.vault.write(move |w| match entries::entry(w, id)?.filter(is_written) {
                    Some(_) => trash::trash(w, id, now),
                    None => Ok(None),
                })
            })
            .await?;
        self.wrote();
        self.nudge(&session.user);
        Ok(gone)
    }

    /// Takes an entry and its replies back from the trash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn restore(&self, session: &Session, id: EntryId) -> Result<Option<Entry>, Failure> {
        let user = Arc::clone(&session.user);
        let back = blocking::db(move || user.vault.write(move |w| trash::restore(w, id))).await??;
        self.wrote();
        self.nudge(&session.user);
        Ok(back)
    }

    /// Earlier texts of an entry, oldest first, without the current one.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn versions(&self, session: &Session, id: EntryId) -> Result<Option<Vec<Entry>>, Failure> {
        let user = Arc::clone(&session.user);
        Ok(blocking::db(move || {
            user.vault.read(move |r| match entries::entry(r, id)?.filter(is_written) {
                Some(_) => entries::versions(r, id).map(Some),
                None => Ok(None),
            })
        })
        .await??)
    }

    /// Makes revision `n` the current text again, as a new revision: the text it replaces is kept as a version in its
    /// turn. `None` when there is no such version.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn restore_version(
        &self,
        session: &Session,
        id: EntryId,
        n: u32,
    ) -> Result<Option<Entry>, Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let restored = blocking::db(move || {
            user.vault.write(move |w: &mut Writer<'_>| {
                let Some(current) = entries::entry(w, id)?.filter(is_written) else { return Ok(None) };
                let Some(old) = entries::versions(w, id)?.into_iter().find(|version| version.revision == n)
                else {
                    return Ok(None);
                };
                if old.text == current.text {
                    return Ok(Some(current));
                }
                entries::version(w, &current)?;
                let entry = Entry { text: old.text, revision: current.revision + 1, updated: now, ..current };
                entries::replace(w, &entry)?;
                Ok(Some(entry))
            })
        })
        .await??;
        self.wrote();
        self.nudge(&session.user);
        Ok(restored)
    }
}

fn is_written(entry: &Entry) -> bool {
    entry.role == Role::Writer && entry.deleted.is_none()
}

/// The id of the entry that `op` with this text on this day makes: the time from `op` where it is one of our own
/// (a ULID made when the form was drawn), else the day's start; then 80 bits of SHA-256 over all three. `op` is
/// random, so the id tells nothing about the text.
fn id_of(op: &str, day: Day, text: &EntryText) -> EntryId {
    let op_bytes = &op.as_bytes()[..op.len().min(MAX_OP_BYTES)];
    let millis = op
        .parse::<EntryId>()
        .map_or_else(|_| i64::from(day.number()).max(0) * 86_400_000, |issued| issued.millis());
    let mut input = b"llamora/op".to_vec();
    input.push(u8::try_from(op_bytes.len()).expect("cut to 128 bytes"));
    input.extend_from_slice(op_bytes);
    input.extend_from_slice(&day.number().to_le_bytes());
    input.extend_from_slice(text.as_str().as_bytes());
    let digest = sha256(&input);
    zeroize::Zeroize::zeroize(&mut input);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    EntryId::from_parts(millis, random)
}
