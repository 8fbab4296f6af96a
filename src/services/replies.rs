//! Replies: ask, ask again, stop, throw away. A generation belongs to the server, not to the connection that asked.

mod drive;
mod follow;
mod preview;
mod remember;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub use follow::Follow;
pub use preview::Preview;

pub use crate::llm::Speaker;

use crate::{
    blocking,
    journal::{
        entry::{Ending, Entry, Given, Provenance, Role},
        ids::EntryId,
        reply::{Length, ReplyState, Wish},
    },
    llm::{
        GenRequest, LlmError, Message, ModelIdentity,
        prompt::{self, Asked, Prompt},
    },
    services::{
        Failure, Services,
        generation::Intent,
        sessions::{Session, Sessions, User, guard},
        traces::Chip,
        upstream::{Answerer, leave_out_kept},
    },
    vault::{entries, transaction::Writer, trash},
};

/// How long `stop` waits for the partial to be stored.
const STOP_WAIT: Duration = Duration::from_secs(3);
/// How long the model may take to forget what it has read for a person whose vault was locked.
const FORGET_LIMIT: Duration = Duration::from_millis(1500);
/// Seconds after which asking again makes sense when the queue is full.
const RETRY_AFTER_S: u32 = 20;
/// Said of a reply that the model could not finish.
const FAILED: &str = "The model could not finish this reply. You can ask again.";

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
    /// Its traces.
    pub traces: Vec<Chip>,
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

impl ReplyView {
    /// Joins a stored reply with what runs now.
    pub(crate) fn of(user: &User, entry: Entry) -> Self {
        let traces = Chip::of(user, &entry.traces);
        if let Some(live) = user.running.find(entry.id).map(|generation| generation.snapshot()) {
            return Self {
                entry,
                state: live.state,
                text: live.text,
                position: live.position,
                last_event: live.last_event,
                note: None,
                traces,
            };
        }
        let entry = as_ended(user, entry);
        let state = ReplyState::from(entry.ending);
        let note = match state {
            ReplyState::Stopped => Some("You stopped this reply."),
            ReplyState::Failed => Some(FAILED),
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
            traces,
            entry,
        }
    }
}

/// The reply as it ended, when it was read before that was stored and is looked at after: it would seem to have broken off.
fn as_ended(user: &User, read: Entry) -> Entry {
    if read.ending != Ending::Interrupted || user.running.ended(read.id).is_none() {
        return read;
    }
    match user.vault.read(|r| entries::entry(r, read.id)) {
        Ok(Some(entry)) => entry,
        Ok(None) | Err(_) => read,
    }
}

impl Services {
    /// Asks the model to answer an entry. An entry whose reply is running answers that one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn ask(self: &Arc<Self>, session: &Session, id: EntryId) -> Result<Ask, Failure> {
        self.begin(session, id, &Wish::default(), None).await
    }

    /// Asks for another reply in the place of one that failed or broke off, or beside one that did not. The model is
    /// shown what was said already and told not to repeat it; `wish` is put to it as the writer's own words.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn ask_again(
        self: &Arc<Self>,
        session: &Session,
        reply: EntryId,
        wish: &Wish,
    ) -> Result<Ask, Failure> {
        let Some(view) = self.reply(session, reply).await? else { return Ok(Ask::NoEntry) };
        if view.state.is_running() {
            return Ok(Ask::Started(reply));
        }
        let Some(answered) = view.entry.reply_to else { return Ok(Ask::NoEntry) };
        // What the writer stopped and what came to its end stays beside the new one.
        let is_unfinished = matches!(view.state, ReplyState::Failed | ReplyState::Interrupted);
        let replaced = (is_unfinished || view.text.is_empty()).then_some(reply);
        self.begin(session, answered, wish, replaced).await
    }

    /// Begins a reply; the one it replaces goes to the trash in the transaction that stores the new one.
    async fn begin(
        self: &Arc<Self>,
        session: &Session,
        id: EntryId,
        wish: &Wish,
        replaced: Option<EntryId>,
    ) -> Result<Ask, Failure> {
        let user = Arc::clone(&session.user);
        let Some(view) = self.entry(session, id).await? else { return Ok(Ask::NoEntry) };
        if let Some(running) = user.running.of_entry(id) {
            return Ok(Ask::Started(running.reply()));
        }
        let answerer = match self.answerer(session, &view.entry).await {
            Ok(answerer) => answerer,
            Err(sentence) => return Ok(Ask::NotReady(sentence)),
        };
        let Prompt { messages, parts, left_out } = self.prompt(&user, &view.entry, wish, &answerer).await?;
        let Answerer { engine, identity, is_upstream } = answerer;
        let given = Given { days: prompt::days(&parts), wish: told(wish), left_out, is_cut: false };
        let reply = self.new_reply(&user, &view.entry, &identity, given);
        let generation = match user.running.begin(reply.id, id) {
            Ok(begun) => begun,
            Err(running) => return Ok(Ask::Started(running.reply())),
        };
        // Locked or switched off since, or no longer allowed: whatever ran was ended before this one could be seen.
        let may_send = !is_upstream || self.sends(&user, Some(&view.entry));
        if user.locked.is_stopping() || user.model_is_off.load(Ordering::SeqCst) || !may_send {
            user.running.forget(reply.id);
            return Ok(Ask::NoEntry);
        }
        let owner = Sessions::queue_owner(&user);
        let seed = u32::from_le_bytes(reply.id.as_bytes()[12..16].try_into().expect("four bytes"));
        let mut request = self.request(messages, seed);
        if is_upstream {
            request.key.clone_from(&guard(&user.upstream_key));
        }
        let ticket = match engine.submit(owner, request, generation.cancel()) {
            Ok(ticket) => ticket,
            Err(refused) => {
                user.running.forget(reply.id);
                return Ok(match refused {
                    LlmError::Overloaded => Ask::Full { retry_after_s: RETRY_AFTER_S },
                    _ => Ask::NotReady(self.model_for_entry(session, &view.entry).sentence),
                });
            }
        };
        // The record exists before the first word, so that a crash at any later line leaves an honest partial.
        let (keep, kept, now) = (Arc::clone(&user), reply.clone(), reply.created);
        let inserted = blocking::db(move || {
            keep.vault.write(|w: &mut Writer<'_>| {
                // Deleted since it was read: no reply to what is in the trash.
                if entries::entry(w, id)?.is_none_or(|entry| entry.deleted.is_some()) {
                    return Ok(false);
                }
                entries::insert(w, &kept)?;
                if let Some(replaced) = replaced {
                    trash::trash(w, replaced, now)?;
                }
                Ok(true)
            })
        })
        .await;
        match inserted.map_err(Failure::from).and_then(|written| written.map_err(Failure::from)) {
            Ok(true) => {}
            refused => {
                generation.end(Intent::Interrupt);
                user.running.forget(reply.id);
                return refused.map(|_| Ask::NoEntry);
            }
        }
        self.wrote();
        let reply_id = reply.id;
        let services = Arc::clone(self);
        self.tasks.spawn(async move { services.drive(user, generation, ticket, reply, parts).await });
        Ok(Ask::Started(reply_id))
    }

    /// A reply to an entry before its first word.
    fn new_reply(&self, user: &User, entry: &Entry, identity: &ModelIdentity, given: Given) -> Entry {
        let now = self.clock.now_ms();
        let (zone_name, zone) = user.zone();
        let settings = &self.generation;
        let id = EntryId::from_parts(now, self.clock.id_random());
        Entry {
            role: Role::Reply,
            ending: Ending::Interrupted,
            never_send: entry.never_send,
            reply_to: Some(entry.id),
            made_by: Some(Provenance {
                model: identity.name.clone(),
                sha256: identity.sha256,
                settings: format!(
                    "temperature {}, top_p {}, at most {} tokens",
                    settings.temperature, settings.top_p, settings.n_predict
                ),
                given,
            }),
            ..Entry::written(id, entry.day, now, (zone_name, &zone), String::new())
        }
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

    /// Moves a reply to the trash; one that runs is stopped first. Gives it back; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn delete_reply(&self, session: &Session, id: EntryId) -> Result<Option<Entry>, Failure> {
        session.user.running.stop(id).await;
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        let gone = self
            .making_room(move || {
                user.vault.write(move |w| {
                    match entries::entry(w, id)?.filter(|entry| entry.role == Role::Reply) {
                        Some(_) => trash::trash(w, id, now),
                        None => Ok(None),
                    }
                })
            })
            .await?;
        self.wrote();
        self.nudge(&session.user);
        Ok(gone)
    }

    /// Makes the model forget what it has read for a person, whose replies were told to end before.
    pub(super) async fn forget_read(self: &Arc<Self>, user: &User) {
        let (services, owner) = (Arc::clone(self), Sessions::queue_owner(user));
        if !matches!(blocking::db(move || services.llm.forget(owner, FORGET_LIMIT)).await, Ok(true)) {
            tracing::warn!("the model did not forget in time what it had read for a locked journal");
        }
    }

    /// A request with the settings used for replies.
    fn request(&self, messages: Vec<Message>, seed: u32) -> GenRequest {
        let settings = &self.generation;
        GenRequest {
            max_tokens: settings.n_predict,
            temperature: settings.temperature,
            top_p: settings.top_p,
            ..GenRequest::reply(messages, seed)
        }
    }

    async fn prompt(
        &self,
        user: &Arc<User>,
        entry: &Entry,
        wish: &Wish,
        answerer: &Answerer<'_>,
    ) -> Result<Prompt, Failure> {
        let (model, sent) = (&answerer.identity, answerer.is_upstream);
        let (keep, day) = (Arc::clone(user), entry.day);
        let mut written = blocking::db(move || keep.vault.read(|r| entries::day(r, day))).await??;
        if sent {
            leave_out_kept(&mut written);
        }
        let most = prompt::most_memories(model.ability);
        let memories = self.memories(user, entry, most, sent).await?;
        let asked = Asked {
            entry,
            day: &written,
            memories: &memories,
            wish,
            ability: model.ability,
            room: model.context.saturating_sub(self.generation.n_predict) as usize,
        };
        prompt::reply(&self.prompts, &asked).map_err(|error| {
            tracing::error!(%error, "a prompt could not be made");
            Failure::Internal
        })
    }
}

/// A wish in words, as it is kept with the reply.
fn told(wish: &Wish) -> String {
    let length = match wish.length {
        Some(Length::Shorter) => "shorter",
        Some(Length::Longer) => "longer",
        None => "",
    };
    let parts: Vec<&str> = [length, wish.words()].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}
