//! Following a reply: its updates after a given one, while it runs and a while after.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    journal::{ids::EntryId, reply::ReplyState},
    services::{
        Failure, Services,
        generation::{Generation, Update, UpdateKind},
        sessions::Session,
    },
    shutdown::Shutdown,
};

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

impl Services {
    /// Follows a reply from the update after number `after` (0 = from the start). One that ended a short while ago
    /// gives the updates that are left, any other one that is over its last update only.
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
        let running = |generation: Arc<Generation>| {
            let changes = generation.changes();
            Source::Running { generation, changes, after }
        };
        if let Some(generation) = session.user.running.find(id) {
            return Ok(Some(Follow { source: running(generation), locked }));
        }
        // Read first, so that nothing is said of a reply that was thrown away.
        let Some(view) = self.reply(session, id).await? else { return Ok(None) };
        let rest = session.user.running.ended(id).filter(|ended| ended.update_after(after).is_some());
        if let Some(generation) = rest {
            return Ok(Some(Follow { source: running(generation), locked }));
        }
        let kind = match (view.state, view.note) {
            (ReplyState::Failed, Some(note)) => UpdateKind::Failed(note),
            _ => UpdateKind::Done,
        };
        let last = Update { id: after.saturating_add(1), kind };
        Ok(Some(Follow { source: Source::Over(Some(last)), locked }))
    }
}
