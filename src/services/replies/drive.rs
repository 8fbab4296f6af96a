//! Driving a generation to its end and storing what came of it.

use std::{sync::Arc, time::Duration};

use crate::{
    blocking,
    journal::entry::{Ending, Entry},
    llm::{
        GenEvent, LlmError, StopReason,
        prompt::{self, Part},
        visible::Visible,
        worker::{JobEvent, Ticket},
    },
    services::{
        Failure, Services,
        generation::{Generation, Intent, UpdateKind},
        replies::FAILED,
        sessions::User,
    },
    vault::entries,
};

/// How often a running reply is kept, sealed, so that a crash leaves an honest partial.
const CHECKPOINT: Duration = Duration::from_secs(2);
/// How long a generation may take to notice that it was told to end before it is ended without it.
const PATIENCE: Duration = Duration::from_millis(500);

impl Services {
    /// Follows one generation to its end and stores what came of it.
    pub(super) async fn drive(
        &self,
        user: Arc<User>,
        generation: Arc<Generation>,
        mut ticket: Ticket,
        mut reply: Entry,
        parts: Vec<Part>,
    ) {
        // No embedding on the cores that the reply needs.
        let _hold = self.embed.hold_indexing();
        let _ends = EndsAlways { user: &user, generation: &generation };
        let mut checkpoint = tokio::time::interval(CHECKPOINT);
        checkpoint.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut kept = 0;
        let mut visible = Visible::default();
        let outcome = loop {
            tokio::select! {
                event = ticket.events.recv() => match event {
                    Some(JobEvent::Position(position)) => generation.waits_at(position),
                    Some(JobEvent::Begins(identity)) => {
                        if let Some(made_by) = &mut reply.made_by {
                            (made_by.model, made_by.sha256) = (identity.name, identity.sha256);
                        }
                    }
                    Some(JobEvent::Gen(GenEvent::LeftOut(turns))) => leave_out(&mut reply, &parts, &turns),
                    Some(JobEvent::Gen(GenEvent::Reading { .. })) => generation.reads(),
                    Some(JobEvent::Gen(GenEvent::Token(text))) => {
                        generation.says(visible.push(&text));
                        if visible.has_repeated() {
                            generation.cancel().cancel();
                            break Ok(StopReason::End);
                        }
                    }
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
        if let Some(made_by) = &mut reply.made_by {
            made_by.given.is_cut = visible.has_repeated();
        }
        generation.says(visible.finish());
        reply.ending = generation.ends(match (&outcome, generation.intent()) {
            (Ok(StopReason::Cancelled) | Err(LlmError::Cancelled), Intent::Stop) => Ending::Stopped,
            (Ok(StopReason::Cancelled) | Err(LlmError::Cancelled), _) => Ending::Interrupted,
            (Ok(_), _) => Ending::Whole,
            (Err(_), _) => Ending::Failed,
        });
        reply.text = generation.snapshot().text.trim().to_owned();
        reply.updated = self.clock.now_ms();
        if let Err(error) = &outcome {
            tracing::warn!(%error, "a reply failed");
        }
        let last = match self.keep(&user, &reply, true).await {
            Ok(()) if reply.ending == Ending::Failed => UpdateKind::Failed(FAILED.to_owned()),
            Ok(()) => UpdateKind::Done,
            Err(_) => UpdateKind::Failed(
                "The reply could not be saved. Make room on the disk or check the medium, then ask again."
                    .to_owned(),
            ),
        };
        user.running.end(reply.id);
        generation.finish(last);
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

/// Notes with a reply what the model's own count of tokens left out of its prompt.
fn leave_out(reply: &mut Entry, parts: &[Part], turns: &[usize]) {
    let Some(made_by) = &mut reply.made_by else { return };
    for part in turns.iter().filter_map(|turn| parts.get(*turn)) {
        made_by.given.left_out.count(*part == Part::Before);
    }
    let kept: Vec<Part> =
        parts.iter().enumerate().filter(|(turn, _)| !turns.contains(turn)).map(|(_, part)| *part).collect();
    made_by.given.days = prompt::days(&kept);
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
            let sentence = "Something failed inside the program. You can ask again.".to_owned();
            self.user.running.end(self.generation.reply());
            self.generation.finish(UpdateKind::Failed(sentence));
        }
    }
}
