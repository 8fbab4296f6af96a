//! What a model is shown of other days: the passages nearest in meaning to the entry, and those of days that share its
//! traces.

use std::{collections::HashMap, sync::Arc};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::EntryId,
    },
    llm::prompt::Memory,
    search::{embed::EmbedState, engine::Near, plain::plain},
    services::{Failure, Services, finding::nearest, indexing::is_searchable, sessions::User},
    vault::{entries, traces, traces::Link},
};

/// Characters of the entry whose meaning is looked for: its beginning says what it is about.
const ASKED_CHARS: usize = 600;
/// Entries nearest in meaning that are considered.
const CONSIDERED: usize = 40;
/// What is less near than this, and shares no trace, is not shown to a model: it would take it for something that
/// belongs here.
const NEAR_ENOUGH: f32 = 0.35;
/// What a shared trace is worth beside nearness. The writer said that both belong together.
const SHARED: f32 = 0.2;
/// Beyond so many shared traces, more say nothing new.
const MOST_SHARED: usize = 2;
/// So many of the latest entries of a trace are considered.
const LATEST: usize = 20;

/// An entry of another day that may be remembered.
struct Candidate {
    id: EntryId,
    day: Day,
    near: Option<Near>,
    n_shared: usize,
}

impl Candidate {
    fn worth(&self) -> f32 {
        let near = self.near.map_or(0.0, |near| near.score.max(0.0));
        near + SHARED * self.n_shared.min(MOST_SHARED) as f32
    }
}

impl Services {
    /// Passages of other days that are near in meaning to an entry or share its traces, those first that are and do both,
    /// at most `most`. Without an embedder that can be asked only the traces count; a reply never waits for one. What is
    /// `sent` to an upstream leaves out what is marked as never sent.
    pub(super) async fn memories(
        &self,
        user: &Arc<User>,
        entry: &Entry,
        most: usize,
        sent: bool,
    ) -> Result<Vec<Memory>, Failure> {
        let vector = self.meaning_of_entry(entry).await;
        if vector.is_some() {
            // Of an index that was closed meanwhile, the next reply gets passages again: this one does not wait.
            self.ask_index(user);
        }
        let (user, day, id, shared) = (Arc::clone(user), entry.day, entry.id, entry.traces.clone());
        blocking::db(move || {
            let near = vector.map_or_else(Vec::new, |vector| nearest(&user, &vector, CONSIDERED));
            let memories = user.vault.read(|r| {
                let mut linked = Vec::new();
                for trace in shared {
                    linked.push(traces::entries(r, trace)?);
                }
                let mut memories = Vec::new();
                for candidate in candidates(near, &linked) {
                    if memories.len() == most {
                        break;
                    }
                    if candidate.day == day || candidate.id == id {
                        continue;
                    }
                    // The index may be behind: what is in the trash by now is not remembered.
                    let may_go = |found: &Entry| {
                        found.role == Role::Writer && is_searchable(found) && !(sent && found.never_send)
                    };
                    if let Some(found) = entries::entry(r, candidate.id)?.filter(may_go) {
                        memories
                            .push(Memory { day: found.day, text: passage(&found, candidate.near.as_ref()) });
                    }
                }
                Ok(memories)
            })?;
            Ok(memories)
        })
        .await?
    }

    /// The vector of what an entry is about, unless there is none now.
    pub(in crate::services) async fn meaning_of_entry(&self, entry: &Entry) -> Option<Vec<f32>> {
        if !self.has_embedder || !matches!(self.embed.state(), EmbedState::Ready(_)) {
            return None;
        }
        let asked: String = plain(&entry.text).chars().take(ASKED_CHARS).collect();
        if asked.trim().is_empty() {
            return None;
        }
        self.embed
            .embed_query(asked)
            .await
            .inspect_err(|error| tracing::warn!(%error, "a reply goes without passages near in meaning"))
            .ok()
    }
}

/// Joins what is near with what shares traces, the worthiest first.
fn candidates(near: Vec<Near>, linked: &[Vec<Link>]) -> Vec<Candidate> {
    let mut all: HashMap<EntryId, Candidate> = HashMap::new();
    for near in near.into_iter().filter(|near| near.meta.role == Role::Writer) {
        let (id, day) = (near.meta.id, near.meta.day);
        all.insert(id, Candidate { id, day, near: Some(near), n_shared: 0 });
    }
    for link in linked.iter().flat_map(|links| links.iter().rev().take(LATEST)) {
        let (id, day) = (link.entry, link.day);
        all.entry(id).or_insert(Candidate { id, day, near: None, n_shared: 0 }).n_shared += 1;
    }
    let is_near = |one: &Candidate| one.near.is_some_and(|near| near.score >= NEAR_ENOUGH);
    let mut all: Vec<Candidate> = all.into_values().filter(|one| one.n_shared > 0 || is_near(one)).collect();
    // Of equals the later day, which is fresher in the writer's mind.
    all.sort_by(|left, right| {
        right.worth().total_cmp(&left.worth()).then(right.day.cmp(&left.day)).then(left.id.cmp(&right.id))
    });
    all
}

/// The nearest piece of an entry; its beginning, when it is not known or was edited since.
fn passage(entry: &Entry, near: Option<&Near>) -> String {
    let text = plain(&entry.text);
    let current = near.filter(|near| near.meta.revision == entry.revision);
    let piece = current.and_then(|near| text.get(near.range()));
    piece.map_or_else(|| text.chars().take(400).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::engine::Meta;

    fn id(number: i64) -> EntryId {
        EntryId::from_parts(number, [0; 10])
    }

    fn day(number: i64) -> Day {
        Day::from_number(20_000 + number as i32).expect("a day")
    }

    fn near(number: i64, score: f32, role: Role) -> Near {
        let meta = Meta { id: id(number), revision: 1, day: day(number), created: 0, role };
        Near { meta, chunk_idx: 0, start: 0, end: 1, score }
    }

    fn link(number: i64) -> Link {
        Link { day: day(number), entry: id(number) }
    }

    #[test]
    fn what_is_near_and_shares_a_trace_comes_first_and_what_does_neither_never() {
        let near = vec![
            near(1, 0.5, Role::Writer),
            near(2, 0.4, Role::Writer),
            near(3, 0.2, Role::Writer),
            near(4, 0.9, Role::Reply),
            near(5, 0.1, Role::Writer),
        ];
        let linked = [vec![link(2), link(5), link(6), link(7)], vec![link(6)]];
        let order: Vec<EntryId> = candidates(near, &linked).iter().map(|one| one.id).collect();
        assert_eq!(order, [id(2), id(1), id(6), id(5), id(7)]);
        assert!(candidates(Vec::new(), &[]).is_empty());
    }
}
