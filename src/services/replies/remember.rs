//! What a model is shown of other days: the passages nearest in meaning to the entry.

use std::sync::Arc;

use crate::{
    blocking,
    journal::entry::{Entry, Role},
    llm::prompt::Memory,
    search::{embed::EmbedState, engine::Near, plain::plain},
    services::{Failure, Services, finding::nearest, indexing::is_searchable, sessions::User},
    vault::entries,
};

/// Characters of the entry whose meaning is looked for: its beginning says what it is about.
const ASKED_CHARS: usize = 600;
/// Entries nearest in meaning that are considered.
const CONSIDERED: usize = 40;
/// What is less near than this is not shown to a model: it would take it for something that belongs here.
const NEAR_ENOUGH: f32 = 0.35;

impl Services {
    /// Passages of other days that are near in meaning to an entry, nearest first, at most `most`. None while there is
    /// no embedder that can be asked; a reply never waits for one. What is `sent` to an upstream leaves out what is
    /// marked as never sent.
    pub(super) async fn memories(
        &self,
        user: &Arc<User>,
        entry: &Entry,
        most: usize,
        sent: bool,
    ) -> Result<Vec<Memory>, Failure> {
        if !self.has_embedder || !matches!(self.embed.state(), EmbedState::Ready(_)) {
            return Ok(Vec::new());
        }
        let asked: String = plain(&entry.text).chars().take(ASKED_CHARS).collect();
        if asked.trim().is_empty() {
            return Ok(Vec::new());
        }
        let vector = match self.embed.embed_query(asked).await {
            Ok(vector) => vector,
            Err(error) => {
                tracing::warn!(%error, "a reply goes without memories");
                return Ok(Vec::new());
            }
        };
        let (user, day, id) = (Arc::clone(user), entry.day, entry.id);
        blocking::db(move || {
            let near: Vec<Near> = nearest(&user, &vector, CONSIDERED)
                .into_iter()
                .filter(|near| near.score >= NEAR_ENOUGH && near.meta.role == Role::Writer)
                .filter(|near| near.meta.day != day && near.meta.id != id)
                .take(most)
                .collect();
            let memories = user.vault.read(|r| {
                let mut memories = Vec::new();
                for near in near {
                    // The index may be behind: what is in the trash by now is not remembered.
                    let may_go = |found: &Entry| is_searchable(found) && !(sent && found.never_send);
                    if let Some(found) = entries::entry(r, near.meta.id)?.filter(may_go) {
                        memories.push(Memory { day: found.day, text: passage(&found, &near) });
                    }
                }
                Ok(memories)
            })?;
            Ok(memories)
        })
        .await?
    }
}

/// The nearest piece of an entry; its beginning, when it was edited since it was read for its meaning.
fn passage(entry: &Entry, near: &Near) -> String {
    let text = plain(&entry.text);
    text.get(near.range()).map_or_else(|| text.chars().take(400).collect(), str::to_owned)
}
