//! Replies: ask, follow, stop. A generation belongs to the server, not to the connection that asked.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    blocking,
    journal::{
        day,
        entry::{Ending, Entry, Provenance, Role},
        ids::EntryId,
        reply::ReplyState,
    },
    llm::{
        GenEvent, GenRequest, LlmError, Message, StopReason, prompt,
        worker::{EngineState, JobEvent, Ticket},
    },
    services::{
        Failure, Services,
        generation::{Generation, Intent, Update, UpdateKind},
        sessions::{Session, Sessions, User},
    },
    shutdown::Shutdown,
    vault::entries,
};

/// How often a running reply is kept, sealed, so that a crash leaves an honest partial.
const CHECKPOINT: Duration = Duration::from_secs(2);
/// How long a generation may take to notice that it was told to end before it is ended without it.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long `stop` waits for the partial to be stored.
const STOP_WAIT: Duration = Duration::from_secs(3);
/// Seconds after which asking again makes sense when the queue is full.
const RETRY_AFTER_S: u32 = 20;

/// A reply as it stands now.
pub struct ReplyView {
    /// The stored record; while it runs its text is the last checkpoint.
    pub entry: Entry,
    /// Where it stands.
    pub state: ReplyState,
    /// All text so far.
    pub text: String,
    /// Place in the queue, from 1, while it waits.
    pub position: Option<usize>,
    /// Id of the last event whose text is in `text`.
    pub last_event: u64,
    /// A sentence for a reply that did not come to its end.
    pub note: Option<String>,
}

/// What became of asking.
pub enum Ask {
    /// The reply with this id has begun (or was already running).
    Started(EntryId),
    /// There is no such entry.
    NoEntry,
    /// The model cannot answer now; the sentence says why and what to do.
    NotReady(String),
    /// Too many wait.
    Full {
        /// Seconds after which a new try makes sense.
        retry_after_s: u32,
    },
}

/// The updates of one reply after a given event.
pub struct Follow {
    source: Source,
    locked: Shutdown,
}

enum Source {
    Running { generation: Arc<Generation>, changes: watch::Receiver<u64>, after: u64 },
    Over(Option<Update>),
}

impl Follow {
    /// The next update; `None` after the last one, at lock and at shutdown.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            let (generation, changes, after) = match &mut self.source {
                Source::Over(last) => return last.take(),
                Source::Running { generation, changes, after } => (generation, changes, after),
            };
            changes.borrow_and_update();
            match generation.update_after(*after) {
                Some(update) if update.kind.is_last() => {
                    self.source = Source::Over(None);
                    return Some(update);
                }
                Some(update) => {
                    *after = update.id;
                    return Some(update);
                }
                None if generation.is_over() => return None,
                None => {}
            }
            tokio::select! {
                changed = changes.changed() => changed.ok()?,
                () = self.locked.wait() => return None,
            }
        }
    }
}

impl ReplyView {
    /// Joins a stored reply with what runs now.
    pub(crate) fn of(user: &User, entry: Entry) -> Self {
        if let Some(live) = user.running.find(entry.id).map(|generation| generation.snapshot()) {
            return Self {
                entry,
                state: live.state,
                text: live.text,
                position: live.position,
                last_event: live.last_event,
                note: None,
            };
        }
        let state = ReplyState::from(entry.ending);
        let note = match state {
            ReplyState::Stopped => Some("You stopped this reply."),
            ReplyState::Failed => Some("The model could not finish this reply. You can ask again."),
            ReplyState::Interrupted => {
                Some("The program stopped before this reply was finished. You can ask again.")
            }
            _ => None,
        };
        Self {
            state,
            text: entry.text.clone(),
            position: None,
            last_event: 0,
            note: note.map(str::to_owned),
            entry,
        }
    }
}

impl Services {
    /// Asks the model to answer an entry. An entry whose reply is running answers that one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn ask(self: &Arc<Self>, session: &Session, id: EntryId) -> Result<Ask, Failure> {
        let user = Arc::clone(&session.user);
        let Some(view) = self.entry(session, id).await? else { return Ok(Ask::NoEntry) };
        if let Some(running) = user.running.of_entry(id) {
            return Ok(Ask::Started(running.reply()));
        }
        let identity = match self.llm.state() {
            EngineState::Ready(identity) => identity,
            _ => return Ok(Ask::NotReady(self.model().sentence)),
        };
        let now = self.clock.now_ms();
        let (zone_name, zone) = user.zone();
        let settings = &self.generation;
        let reply = Entry {
            id: EntryId::from_parts(now, self.clock.id_random()),
            role: Role::Reply,
            ending: Ending::Interrupted,
            imported: false,
            never_send: view.entry.never_send,
            day: view.entry.day,
            created: now,
            updated: now,
            utc_offset_min: day::wall_clock(now, &zone).0,
            zone: zone_name,
            revision: 1,
            deleted: None,
            reply_to: Some(id),
            traces: Vec::new(),
            text: String::new(),
            made_by: Some(Provenance {
                model: identity.name.clone(),
                sha256: identity.sha256,
                settings: format!(
                    "temperature {}, top_p {}, at most {} tokens",
                    settings.temperature, settings.top_p, settings.n_predict
                ),
            }),
        };
        let messages = self.prompt(&user, &view.entry).await?;
        let generation = match user.running.begin(reply.id, id) {
            Ok(begun) => begun,
            Err(running) => return Ok(Ask::Started(running.reply())),
        };
        // Locked since the session was found: whatever runs was interrupted before this one could be seen.
        if user.locked.is_stopping() {
            user.running.end(reply.id);
            return Ok(Ask::NoEntry);
        }
        let request = GenRequest {
            messages,
            max_tokens: settings.n_predict,
            temperature: settings.temperature,
            top_p: settings.top_p,
            seed: u32::from_le_bytes(reply.id.as_bytes()[12..16].try_into().expect("four bytes")),
        };
        let ticket = match self.llm.submit(Sessions::queue_owner(&user), request, generation.cancel()) {
            Ok(ticket) => ticket,
            Err(refused) => {
                user.running.end(reply.id);
                return Ok(match refused {
                    LlmError::Overloaded => Ask::Full { retry_after_s: RETRY_AFTER_S },
                    _ => Ask::NotReady(self.model().sentence),
                });
            }
        };
        // The record exists before the first word, so that a crash at any later line leaves an honest partial.
        let (keep, kept) = (Arc::clone(&user), reply.clone());
        let inserted = blocking::db(move || {
            keep.vault.write(|w| {
                // Deleted since it was read: no reply to what is in the trash.
                if entries::entry(w, id)?.is_none_or(|entry| entry.deleted.is_some()) {
                    return Ok(false);
                }
                entries::insert(w, &kept)?;
                Ok(true)
            })
        })
        .await;
        match inserted.map_err(Failure::from).and_then(|written| written.map_err(Failure::from)) {
            Ok(true) => {}
            refused => {
                generation.end(Intent::Interrupt);
                user.running.end(reply.id);
                return refused.map(|_| Ask::NoEntry);
            }
        }
        self.wrote();
        let reply_id = reply.id;
        let services = Arc::clone(self);
        self.tasks.spawn(async move { services.drive(user, generation, ticket, reply).await });
        Ok(Ask::Started(reply_id))
    }

    /// One reply as it stands; `None` when there is none, or it or its entry is in the trash.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn reply(&self, session: &Session, id: EntryId) -> Result<Option<ReplyView>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            let entry = user.vault.read(|r| entries::entry(r, id))?;
            Ok(entry
                .filter(|entry| entry.role == Role::Reply && entry.deleted.is_none())
                .map(|entry| ReplyView::of(&user, entry)))
        })
        .await?
    }

    /// Follows a reply from the update after number `after` (0 = from the start). A reply that is over gives its last
    /// update only.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn follow(
        &self,
        session: &Session,
        id: EntryId,
        after: u64,
    ) -> Result<Option<Follow>, Failure> {
        let locked = session.user.locked.clone();
        if let Some(generation) = session.user.running.find(id) {
            let changes = generation.changes();
            return Ok(Some(Follow { source: Source::Running { generation, changes, after }, locked }));
        }
        Ok(self.reply(session, id).await?.map(|view| {
            let kind = match (view.state, view.note) {
                (ReplyState::Failed, Some(note)) => UpdateKind::Failed(note),
                _ => UpdateKind::Done,
            };
            Follow { source: Source::Over(Some(Update { id: after.saturating_add(1), kind })), locked }
        }))
    }

    /// Stops a running reply, keeping what is there, and waits until it is stored. `false` when there is no such reply.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn stop(&self, session: &Session, id: EntryId) -> Result<bool, Failure> {
        if let Some(generation) = session.user.running.find(id) {
            generation.end(Intent::Stop);
            // Past the limit the reply still ends, and the page shows it a moment later.
            let _ = tokio::time::timeout(STOP_WAIT, generation.over()).await;
            return Ok(true);
        }
        Ok(self.reply(session, id).await?.is_some())
    }

    async fn prompt(&self, user: &Arc<User>, entry: &Entry) -> Result<Vec<Message>, Failure> {
        let (keep, day) = (Arc::clone(user), entry.day);
        let written = blocking::db(move || keep.vault.read(|r| entries::day(r, day))).await??;
        Ok(prompt::reply(entry, prompt::before(&written, entry)))
    }

    /// Follows one generation to its end and stores what came of it.
    async fn drive(
        &self,
        user: Arc<User>,
        generation: Arc<Generation>,
        mut ticket: Ticket,
        mut reply: Entry,
    ) {
        // No embedding on the cores that the reply needs.
        let _hold = self.embed.hold_indexing();
        let _ends = EndsAlways { user: &user, generation: &generation };
        let mut checkpoint = tokio::time::interval(CHECKPOINT);
        checkpoint.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut kept = 0;
        let outcome = loop {
            tokio::select! {
                event = ticket.events.recv() => match event {
                    Some(JobEvent::Position(position)) => generation.wait_at(position),
                    Some(JobEvent::Gen(GenEvent::Reading { .. })) => generation.reads(),
                    Some(JobEvent::Gen(GenEvent::Token(text))) => generation.says(text),
                    Some(JobEvent::Done(reason)) => break Ok(reason),
                    Some(JobEvent::Failed(error)) => break Err(error),
                    None => break Err(LlmError::Unavailable("its thread ended".to_owned())),
                },
                () = generation.told_to_end(PATIENCE) => break Ok(StopReason::Cancelled),
                _ = checkpoint.tick() => {
                    let text = generation.snapshot().text;
                    if text.len() > kept {
                        kept = text.len();
                        reply.text = text;
                        if self.keep(&user, &reply, false).await.is_err() {
                            tracing::warn!("a running reply could not be kept; it goes on in memory");
                        }
                    }
                }
            }
        };
        reply.text = generation.snapshot().text.trim().to_owned();
        reply.updated = self.clock.now_ms();
        reply.ending = match (&outcome, generation.intent()) {
            (Ok(StopReason::Cancelled), Intent::Stop) => Ending::Stopped,
            (Ok(StopReason::Cancelled) | Err(LlmError::Cancelled), _) => Ending::Interrupted,
            (Ok(_), _) if reply.text.is_empty() => Ending::Failed,
            (Ok(_), _) => Ending::Whole,
            (Err(_), _) => Ending::Failed,
        };
        if let Err(error) = &outcome {
            tracing::warn!(%error, "a reply failed");
        }
        let last = match self.keep(&user, &reply, true).await {
            Ok(()) if reply.ending == Ending::Failed => {
                UpdateKind::Failed("The model could not finish this reply. You can ask again.".to_owned())
            }
            Ok(()) => UpdateKind::Done,
            Err(_) => UpdateKind::Failed(
                "The reply could not be saved. Make room on the disk or check the medium, then ask again."
                    .to_owned(),
            ),
        };
        user.running.end(reply.id);
        generation.finish(ReplyState::from(reply.ending), last);
        self.nudge(&user);
    }

    /// Stores a reply as it stands. Only a final text is given to the index.
    async fn keep(&self, user: &Arc<User>, reply: &Entry, is_final: bool) -> Result<(), Failure> {
        let (user, reply) = (Arc::clone(user), reply.clone());
        blocking::db(move || {
            user.vault.write(|w| {
                // Deleted meanwhile: leave it in the trash as it is.
                if entries::entry(w, reply.id)?.is_none_or(|stored| stored.deleted.is_some()) {
                    return Ok(());
                }
                if is_final { entries::replace(w, &reply) } else { entries::checkpoint(w, &reply) }
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }
}

/// Ends a generation even if the task that follows it panics.
struct EndsAlways<'a> {
    user: &'a User,
    generation: &'a Generation,
}

impl Drop for EndsAlways<'_> {
    fn drop(&mut self) {
        if !self.generation.is_over() {
            self.generation.end(Intent::Interrupt);
            self.user.running.end(self.generation.reply());
            let sentence = "Something failed inside the program. You can ask again.".to_owned();
            self.generation.finish(ReplyState::Failed, UpdateKind::Failed(sentence));
        }
    }
}
