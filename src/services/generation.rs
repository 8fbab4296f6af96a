//! One running reply: its text so far, its updates, and who waits for them. Memory only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    journal::{ids::EntryId, reply::ReplyState},
    llm::Cancel,
    services::sessions::guard,
};

/// One thing that happened to a running reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Counts from 1 within the reply, without gaps.
    pub id: u64,
    /// What happened.
    pub kind: UpdateKind,
}

/// What happened to a running reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// More text.
    Token(String),
    /// Place in the queue, from 1.
    Position(usize),
    /// It came to its end or was stopped; read it with [`crate::services::Services::reply`].
    Done,
    /// It failed; a sentence.
    Failed(String),
}

impl UpdateKind {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_))
    }
}

/// Why a generation is to end before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It is not.
    GoOn,
    /// The writer stopped it.
    Stop,
    /// The vault is being locked or the program stops.
    Interrupt,
}

/// A reply that runs.
pub(crate) struct Generation {
    reply: EntryId,
    entry: EntryId,
    cancel: Cancel,
    live: Mutex<Live>,
    changes: watch::Sender<u64>,
    intent: watch::Sender<Intent>,
}

struct Live {
    state: ReplyState,
    text: String,
    position: Option<usize>,
    updates: Vec<UpdateKind>,
    is_over: bool,
}

/// A reply that runs, at one moment.
pub(crate) struct Snapshot {
    pub(crate) state: ReplyState,
    pub(crate) text: String,
    pub(crate) position: Option<usize>,
    pub(crate) last_event: u64,
}

impl Generation {
    fn new(reply: EntryId, entry: EntryId) -> Self {
        let live = Live {
            state: ReplyState::Queued,
            text: String::new(),
            position: None,
            updates: Vec::new(),
            is_over: false,
        };
        Self {
            reply,
            entry,
            cancel: Cancel::default(),
            live: Mutex::new(live),
            changes: watch::channel(0).0,
            intent: watch::channel(Intent::GoOn).0,
        }
    }

    pub(crate) fn reply(&self) -> EntryId {
        self.reply
    }

    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let live = guard(&self.live);
        Snapshot {
            state: live.state,
            text: live.text.clone(),
            position: live.position,
            last_event: live.updates.len() as u64,
        }
    }

    /// The update that follows number `after`.
    pub(crate) fn update_after(&self, after: u64) -> Option<Update> {
        let live = guard(&self.live);
        let kind = live.updates.get(usize::try_from(after).ok()?)?.clone();
        Some(Update { id: after + 1, kind })
    }

    pub(crate) fn wait_at(&self, position: usize) {
        self.change(|live| {
            live.position = Some(position);
            live.updates.push(UpdateKind::Position(position));
        });
    }

    pub(crate) fn reads(&self) {
        self.change(|live| {
            live.position = None;
            if live.state == ReplyState::Queued {
                live.state = ReplyState::Reading;
            }
        });
    }

    pub(crate) fn says(&self, text: String) {
        self.change(|live| {
            live.position = None;
            live.state = ReplyState::Streaming;
            live.text.push_str(&text);
            live.updates.push(UpdateKind::Token(text));
        });
    }

    /// Tells the model to stop and says why.
    pub(crate) fn end(&self, why: Intent) {
        self.intent.send_if_modified(|intent| {
            let first = *intent == Intent::GoOn;
            if first {
                *intent = why;
            }
            first
        });
        self.cancel.cancel();
    }

    pub(crate) fn intent(&self) -> Intent {
        *self.intent.borrow()
    }

    /// Ready `patience` after the generation was told to end.
    pub(crate) async fn told_to_end(&self, patience: Duration) {
        let mut intent = self.intent.subscribe();
        // The sender lives as long as `self`, so this waits for a change only.
        let _ = intent.wait_for(|intent| *intent != Intent::GoOn).await;
        tokio::time::sleep(patience).await;
    }

    /// Marks the end: everything is stored, the last update is out.
    pub(crate) fn finish(&self, state: ReplyState, last: UpdateKind) {
        self.change(|live| {
            live.state = state;
            live.position = None;
            live.updates.push(last);
            live.is_over = true;
        });
    }

    pub(crate) fn is_over(&self) -> bool {
        guard(&self.live).is_over
    }

    /// Waits for the end.
    pub(crate) async fn over(&self) {
        let mut changes = self.changes.subscribe();
        while !self.is_over() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Live)) {
        change(&mut guard(&self.live));
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.text);
    }
}

/// The running replies of one person.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<EntryId, Arc<Generation>>>);

impl Running {
    /// Begins a reply to an entry, or answers the one that already runs.
    pub(crate) fn begin(&self, reply: EntryId, entry: EntryId) -> Result<Arc<Generation>, Arc<Generation>> {
        let mut running = guard(&self.0);
        if let Some(already) = running.values().find(|generation| generation.entry == entry) {
            return Err(Arc::clone(already));
        }
        let generation = Arc::new(Generation::new(reply, entry));
        running.insert(reply, Arc::clone(&generation));
        Ok(generation)
    }

    pub(crate) fn find(&self, reply: EntryId) -> Option<Arc<Generation>> {
        guard(&self.0).get(&reply).cloned()
    }

    pub(crate) fn of_entry(&self, entry: EntryId) -> Option<Arc<Generation>> {
        guard(&self.0).values().find(|generation| generation.entry == entry).cloned()
    }

    pub(crate) fn end(&self, reply: EntryId) {
        guard(&self.0).remove(&reply);
    }

    /// Stops the reply to an entry that is being deleted and waits until it is stored.
    pub(crate) async fn stop_for_entry(&self, entry: EntryId) {
        if let Some(generation) = self.of_entry(entry) {
            generation.end(Intent::Stop);
            let _ = tokio::time::timeout(Duration::from_secs(3), generation.over()).await;
        }
    }

    /// Ends everything because the vault is being locked or the program stops.
    pub(crate) fn interrupt_all(&self) {
        for generation in guard(&self.0).values() {
            generation.end(Intent::Interrupt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> EntryId {
        EntryId::from_parts(number, [0; 10])
    }

    #[test]
    fn an_entry_has_one_running_reply_at_a_time() {
        let running = Running::default();
        let first = running.begin(id(10), id(1)).ok().map(|generation| generation.reply());
        assert_eq!(first, Some(id(10)));
        assert_eq!(running.begin(id(11), id(1)).err().map(|generation| generation.reply()), Some(id(10)));
        running.end(id(10));
        assert!(running.begin(id(11), id(1)).is_ok());
    }

    #[test]
    fn updates_are_numbered_without_gaps_and_the_first_intent_wins() {
        let generation = Generation::new(id(10), id(1));
        generation.wait_at(2);
        generation.reads();
        generation.says("a".into());
        generation.end(Intent::Stop);
        generation.end(Intent::Interrupt);
        generation.finish(ReplyState::Stopped, UpdateKind::Done);
        let seen: Vec<UpdateKind> =
            (0..).map_while(|after| generation.update_after(after)).map(|update| update.kind).collect();
        assert_eq!(seen, [UpdateKind::Position(2), UpdateKind::Token("a".into()), UpdateKind::Done]);
        assert_eq!(generation.intent(), Intent::Stop);
        assert!(generation.is_over() && generation.cancel().is_cancelled());
    }
}
