//! Asking the model inside for something that has a shape: what recaps and labels have in common.
//!
//! Only the model inside this program is asked, and only one that is able to: an upstream is asked for what a person
//! asked for, and for nothing else.

use std::time::Duration;

use crate::{
    llm::{
        Cancel, GenEvent, GenRequest, ModelIdentity, StopReason,
        shape::Shape,
        visible::Visible,
        worker::{EngineState, JobEvent, Ticket},
    },
    services::{
        Services,
        sessions::{Sessions, User},
    },
};

/// How often it is looked whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(200);

impl Services {
    /// The model inside this program, when labels and recaps may be left to it.
    pub(super) fn capable(&self) -> Option<ModelIdentity> {
        match self.llm.state() {
            EngineState::Ready(identity) => {
                Some(identity).filter(|model| model.ability.writes_labels_and_recaps())
            }
            _ => None,
        }
    }

    /// Asks the model inside and waits for it; `None` when it cannot be asked, when it fails, or when the answer is not
    /// wanted any more or somebody waits for the model meanwhile. Also when another one than `model`, for which the caller
    /// decided and made the request, has taken over: what that would write is not what was asked for, and must not be
    /// told as the work of the first.
    pub(super) async fn written_in(
        &self,
        model: &ModelIdentity,
        shape: Shape,
        user: &User,
        request: GenRequest,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<String>> {
        self.written_aloud(model, shape, user, request, is_wanted, &|_| {}).await
    }

    /// The same, and tells all that was said so far whenever there is more.
    pub(super) async fn written_aloud(
        &self,
        model: &ModelIdentity,
        shape: Shape,
        user: &User,
        request: GenRequest,
        is_wanted: &(dyn Fn() -> bool + Sync),
        tell: &(dyn Fn(&str) + Sync),
    ) -> Option<Vec<String>> {
        let cancel = Cancel::new();
        let owner = Sessions::queue_owner(user);
        // Dropping the ticket cancels the request.
        let mut ticket: Ticket = self.llm.submit(owner, request, cancel.clone()).ok()?;
        let _hold = self.embed.hold_indexing();
        let (mut visible, mut said, mut runs) = (Visible::default(), String::new(), false);
        let reason = loop {
            match tokio::time::timeout(LOOK, ticket.events.recv()).await {
                Ok(Some(JobEvent::Gen(event))) => {
                    runs = true;
                    if let GenEvent::Token(text) = event {
                        said.push_str(&visible.push(&text));
                        tell(&said);
                    }
                    if visible.has_repeated() {
                        cancel.cancel();
                        break StopReason::Length;
                    }
                }
                Ok(Some(JobEvent::Begins(now))) if now.sha256 != model.sha256 => return None,
                Ok(Some(JobEvent::Position(_) | JobEvent::Begins(_))) | Err(_) => {}
                Ok(None | Some(JobEvent::Done(StopReason::Cancelled) | JobEvent::Failed(_))) => return None,
                Ok(Some(JobEvent::Done(reason))) => break reason,
            }
            if !is_wanted() || (runs && self.llm.waiting() > 0) {
                return None;
            }
        };
        said.push_str(&visible.finish());
        Some(shape.parse(&said, reason == StopReason::End))
    }
}
