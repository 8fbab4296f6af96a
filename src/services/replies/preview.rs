//! What asking for a reply would send to the upstream, to be looked at before.

use std::sync::Arc;

use crate::{
    blocking,
    config::manifest::Ability,
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
        reply::Wish,
    },
    llm::{ModelIdentity, Speaker, openai, prompt::Prompt, worker::EngineState},
    services::{
        Failure, Services,
        sessions::{Session, guard},
        upstream::Answerer,
    },
    vault::entries,
};

/// What would be sent for a reply to an entry.
pub struct Preview {
    /// The entry.
    pub entry: Entry,
    /// Where it would go.
    pub host: String,
    /// Whether this person allowed that.
    pub is_allowed: bool,
    /// Whether a key of this person goes along.
    pub has_own_key: bool,
    /// What is said, in order; nothing for an entry that is never sent.
    pub turns: Vec<(Speaker, String)>,
    /// The body of the request, byte for byte.
    pub payload: String,
}

impl Services {
    /// What asking for a reply to an entry would send; `None` when there is no such entry, or no upstream. Nothing is sent
    /// for it. As long as the upstream was not asked what it is, its model and what it can read are taken for granted.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn preview(&self, session: &Session, id: EntryId) -> Result<Option<Preview>, Failure> {
        let Some(upstream) = &self.upstream else { return Ok(None) };
        let Some(view) = self.entry(session, id).await? else { return Ok(None) };
        let (user, known) = (&session.user, upstream.known());
        let mut preview = Preview {
            entry: view.entry,
            host: upstream.host.clone(),
            is_allowed: self.sends(user, None),
            has_own_key: guard(&user.upstream_key).is_some(),
            turns: Vec::new(),
            payload: String::new(),
        };
        if preview.entry.never_send {
            return Ok(Some(preview));
        }
        let identity = match upstream.engine.state() {
            EngineState::Ready(identity) => identity,
            _ => ModelIdentity {
                name: upstream.host.clone(),
                sha256: [0; 32],
                context: known.context,
                ability: Ability::Able,
            },
        };
        let answerer = Answerer { engine: &upstream.engine, identity, is_upstream: true };
        let Prompt { messages, .. } = self.prompt(user, &preview.entry, &Wish::default(), &answerer).await?;
        let request = self.request(messages, 0);
        // What is too long is refused when it is asked, and nothing of it is sent.
        preview.payload = openai::payload(&known, &request).unwrap_or_default();
        if !preview.payload.is_empty() {
            preview.turns = request.messages.into_iter().map(|turn| (turn.role, turn.text)).collect();
        }
        Ok(Some(preview))
    }

    /// The writer's newest entry that may be sent, for a first look at what would be.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn newest_to_send(&self, session: &Session) -> Result<Option<EntryId>, Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || {
            Ok(user.vault.read(|r| {
                let mut newest = None;
                entries::walk(r, true, &mut |entry| {
                    if entry.role == Role::Writer && !entry.never_send {
                        newest = Some(entry.id);
                    }
                    newest.is_none()
                })?;
                Ok(newest)
            })?)
        })
        .await?
    }
}
