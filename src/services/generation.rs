//! One running reply: its text so far, its updates, and who waits for them. Memory only.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;
use zeroize::Zeroize;

use crate::{
    journal::{
        entry::Ending,
        ids::EntryId,
        reply::{Life, ReplyState},
    },
    llm::Cancel,
    services::sessions::guard,
};

/// How long a reply may take to be stored after it was told to stop.
const STOP_WAIT: Duration = Duration::from_secs(3);
/// Replies that ended lately whose updates are kept, so that a page that lost its connection before the end gets the
/// rest, update by update.
const KEPT: usize = 8;

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
    life: Life,
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
        let live = Live { life: Life::default(), updates: Vec::new(), is_over: false };
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
            state: live.life.state(),
            text: live.life.text().to_owned(),
            position: live.life.position(),
            last_event: live.updates.len() as u64,
        }
    }

    /// The update that follows number `after`.
    pub(crate) fn update_after(&self, after: u64) -> Option<Update> {
        let live = guard(&self.live);
        let kind = live.updates.get(usize::try_from(after).ok()?)?.clone();
        Some(Update { id: after + 1, kind })
    }

    pub(crate) fn waits_at(&self, position: usize) {
        self.change(|live| {
            live.step(|life| life.waits_at(position));
            live.updates.push(UpdateKind::Position(position));
        });
    }

    pub(crate) fn reads(&self) {
        self.change(|live| live.step(Life::reads));
    }

    pub(crate) fn says(&self, text: String) {
        if text.is_empty() {
            return;
        }
        self.change(|live| {
            live.step(|life| life.says(&text));
            live.updates.push(UpdateKind::Token(text));
        });
    }

    /// The model is done. The reply is over for those who follow it once it is stored, see [`Self::finish`]. Gives how
    /// it ended.
    pub(crate) fn ends(&self, ending: Ending) -> Ending {
        self.change(|live| live.step(|life| life.ends(ending)));
        match &guard(&self.live).life {
            Life::Ended(ended) => ended.ending(),
            _ => ending,
        }
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
    pub(crate) fn finish(&self, last: UpdateKind) {
        self.change(|live| {
            live.step(|life| life.ends(Ending::Failed));
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

impl Live {
    fn step(&mut self, step: impl FnOnce(Life) -> Life) {
        self.life = step(std::mem::take(&mut self.life));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for update in &mut self.updates {
            if let UpdateKind::Token(text) = update {
                text.zeroize();
            }
        }
    }
}

/// The running replies of one person, and the last few that ended.
#[derive(Default)]
pub(crate) struct Running {
    live: Mutex<HashMap<EntryId, Arc<Generation>>>,
    ended: Mutex<VecDeque<Arc<Generation>>>,
}

impl Running {
    /// Begins a reply to an entry, or answers the one that already runs.
    pub(crate) fn begin(&self, reply: EntryId, entry: EntryId) -> Result<Arc<Generation>, Arc<Generation>> {
        let mut running = guard(&self.live);
        if let Some(already) = running.values().find(|generation| generation.entry == entry) {
            return Err(Arc::clone(already));
        }
        let generation = Arc::new(Generation::new(reply, entry));
        running.insert(reply, Arc::clone(&generation));
        Ok(generation)
    }

    pub(crate) fn find(&self, reply: EntryId) -> Option<Arc<Generation>> {
        guard(&self.live).get(&reply).cloned()
    }

    /// Whether no reply runs.
    pub(crate) fn is_idle(&self) -> bool {
        guard(&self.live).is_empty()
    }

    pub(crate) fn of_entry(&self, entry: EntryId) -> Option<Arc<Generation>> {
        guard(&self.live).values().find(|generation| generation.entry == entry).cloned()
    }

    /// One that ended lately.
    pub(crate) fn ended(&self, reply: EntryId) -> Option<Arc<Generation>> {
        guard(&self.ended).iter().find(|generation| generation.reply == reply).cloned()
    }

    /// Takes one away that never began.
    pub(crate) fn forget(&self, reply: EntryId) {
        guard(&self.live).remove(&reply);
    }

    /// Takes one away that is over.
    pub(crate) fn end(&self, reply: EntryId) {
        if let Some(generation) = guard(&self.live).remove(&reply) {
            let mut ended = guard(&self.ended);
            ended.push_back(generation);
            if ended.len() > KEPT {
                ended.pop_front();
            }
        }
    }

    /// Forgets what the last ones said.
    pub(crate) fn forget_ended(&self) {
        guard(&self.ended).clear();
    }

    /// Stops a reply that is being deleted and waits until it is stored.
    pub(crate) async fn stop(&self, reply: EntryId) {
        if let Some(generation) = self.find(reply) {
            generation.end(Intent::Stop);
            let _ = tokio::time::timeout(STOP_WAIT, generation.over()).await;
        }
    }

    /// Stops the reply to an entry that is being deleted and waits until it is stored.
    pub(crate) async fn stop_for_entry(&self, entry: EntryId) {
        if let Some(generation) = self.of_entry(entry) {
            generation.end(Intent::Stop);
            let _ = tokio::time::timeout(STOP_WAIT, generation.over()).await;
        }
    }

    /// Stops everything and waits until it is stored.
    pub(crate) async fn stop_all(&self) {
        let running: Vec<_> = guard(&self.live).values().cloned().collect();
        for generation in &running {
            generation.end(Intent::Stop);
        }
        for generation in running {
            let _ = tokio::time::timeout(STOP_WAIT, generation.over()).await;
        }
    }

    /// Ends everything because the vault is being locked or the program stops.
    pub(crate) fn interrupt_all(&self) {
        for generation in guard(&self.live).values() {
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
        assert!(running.find(id(10)).is_none() && running.ended(id(10)).is_some());
    }

    #[test]
    fn updates_are_numbered_without_gaps_and_the_first_intent_wins() {
        let generation = Generation::new(id(10), id(1));
        generation.waits_at(2);
        generation.reads();
        generation.says("a".into());
        generation.end(Intent::Stop);
        generation.end(Intent::Interrupt);
        assert_eq!(generation.ends(Ending::Stopped), Ending::Stopped);
        assert!(!generation.is_over(), "not before it is stored");
        generation.finish(UpdateKind::Done);
        assert_eq!(generation.snapshot().state, ReplyState::Stopped);
        let seen: Vec<UpdateKind> =
            (0..).map_while(|after| generation.update_after(after)).map(|update| update.kind).collect();
        assert_eq!(seen, [UpdateKind::Position(2), UpdateKind::Token("a".into()), UpdateKind::Done]);
        assert_eq!(generation.intent(), Intent::Stop);
        assert!(generation.is_over() && generation.cancel().is_cancelled());
    }
}
