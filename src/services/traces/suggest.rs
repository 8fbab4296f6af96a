//! Traces that fit an entry, without a model: its own phrases and its owner's traces, by meaning, by use, by what the
//! entries nearest to it carry, and by what the owner took and refused before; and a mood, where it is clear.
//!
//! With an embedder, phrases and names are compared with the text ([`crate::search::phrases`]); without one, names that
//! stand in the text come first, then what is used most, then phrases that are repeated. What was found by meaning is
//! kept sealed with the entry and found again without the embedder, as long as neither the entry nor the names that are
//! in use have changed.

mod fit;
#[cfg(test)]
mod quality;
pub(super) mod taught;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    blocking,
    crypto::hash::sha256_of,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
        trace,
    },
    search::{
        chunk,
        embed::{EmbedState, EmbedderIdentity},
        engine::Near,
        mood,
        phrases::{self, Phrase},
        plain::plain,
    },
    services::{
        Failure, Services,
        finding::nearest,
        sessions::{Session, User, guard},
        traces::{name_of, offer::frecency},
    },
    vault::{
        entries,
        error::VaultError,
        recaps::{self, Maker, Recap, Subject},
        traces::{self, Trace},
        transaction::Reader,
    },
};
use fit::{Looked, MOST, Vectors, WEIGHTS};
pub(super) use taught::{Taught, note_taken};

/// Phrases that are compared with the text.
const PHRASES: usize = 32;
/// Names that are compared with it: so many that are used most and latest, and so many that it says or its neighbours
/// carry.
const USED: usize = 30;
const CLOSE: usize = 20;
/// Characters of the text that are compared.
const MOST_CHARS: usize = 1_200;
/// Entries nearest in meaning whose traces count, and how near they must be.
const NEIGHBOURS: usize = 24;
const NEIGHBOURLY: f32 = 0.35;
/// Bytes of names that are kept for an entry: so many have a record of one length.
const MOST_BYTES: usize = 1_600;
/// How long the embedder may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What was found under other rules is found anew.
const RULES: &[u8] = b"llamora/suggest/2";

/// What was embedded once, until lock.
#[derive(Default)]
pub(crate) struct Suggested(Mutex<Option<Moods>>);

/// The vectors of [`mood::sentences`], and the embedder that made them.
type Moods = (EmbedderIdentity, Arc<Vec<Vec<f32>>>);

impl Services {
    /// Names that fit an entry of the writer's, best first; none for a reply, or when there is no such entry.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn suggest_traces(&self, session: &Session, id: EntryId) -> Result<Vec<String>, Failure> {
        let (user, today) = (Arc::clone(&session.user), self.today(session));
        let embedder = match self.embed.state() {
            EmbedState::Ready(identity) => Some(identity),
            _ => None,
        };
        let known = {
            let (user, embedder) = (Arc::clone(&user), embedder.clone());
            blocking::db(move || user.vault.read(|r| look(r, id, today, embedder.as_ref()))).await??
        };
        let Some((entry, looked, digest, kept)) = known else { return Ok(Vec::new()) };
        let found = match kept {
            Some(kept) => kept.sentences,
            None => self.find_names(&user, &entry, looked.clone(), digest, embedder, today).await?,
        };
        let is_free = |name: &String| {
            let key = trace::folded(name);
            looked.carried.iter().all(|carried| *carried != key) && !looked.taught.is_unwanted(&key)
        };
        Ok(found.into_iter().filter(is_free).take(MOST).collect())
    }

    /// Notes that its owner does not want a name suggested. It comes back when it is attached all the same.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn refuse_trace(&self, session: &Session, typed: &str) -> Result<(), Failure> {
        let Ok(name) = name_of(typed) else { return Ok(()) };
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.write(|w| taught::teach(w, &name, false))).await??;
        self.wrote();
        Ok(())
    }

    /// Finds names and keeps what was found by meaning. Without an embedder there is more to find once it is there.
    async fn find_names(
        &self,
        user: &Arc<User>,
        entry: &Entry,
        mut looked: Looked,
        digest: [u8; 32],
        embedder: Option<EmbedderIdentity>,
        today: Day,
    ) -> Result<Vec<String>, Failure> {
        let text = match &embedder {
            Some(_) => self.meaning_of_entry(entry).await,
            None => None,
        };
        if let Some(text) = text {
            let (user, id) = (Arc::clone(user), entry.id);
            looked = blocking::db(move || {
                let near = nearest(&user, &text, NEIGHBOURS);
                user.vault.read(|r| beside(r, looked, id, &near))
            })
            .await??;
        }
        let phrases = phrases::candidates(&looked.text, PHRASES);
        let vectors = match &embedder {
            Some(embedder) => self.fit_vectors(user, &looked, &phrases, embedder).await,
            None => None,
        };
        let found = fit::ranked(&looked, &phrases, vectors.as_ref(), today, &WEIGHTS);
        if let Some(by) = embedder.filter(|_| vectors.is_some() && user.vault.may_write())
            && self.store_note().is_none()
        {
            self.keep_names(user, entry, digest, &found, by).await?;
        }
        Ok(found)
    }

    async fn keep_names(
        &self,
        user: &Arc<User>,
        entry: &Entry,
        digest: [u8; 32],
        found: &[String],
        by: EmbedderIdentity,
    ) -> Result<(), Failure> {
        let made = self.clock.now_ms();
        let mut room = MOST_BYTES;
        let fits = |name: &&String| {
            room = room.saturating_sub(name.len() + 1);
            room > 0
        };
        let sentences: Vec<String> = found.iter().take_while(fits).cloned().collect();
        let made_by = Some(Maker { model: by.name, sha256: by.sha256, settings: String::new() });
        let kept = Recap { sentences, digest, made, made_by, tried: String::new() };
        let (user, id) = (Arc::clone(user), entry.id);
        blocking::db(move || {
            user.vault.write(|w| {
                let is_there = entries::entry(w, id)?.is_some_and(|entry| entry.deleted.is_none());
                if is_there { recaps::put(w, Subject::Suggested(id), &kept) } else { Ok(()) }
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// The vectors of all that is compared; nothing when the embedder takes too long.
    async fn fit_vectors(
        &self,
        user: &User,
        looked: &Looked,
        phrases: &[Phrase],
        embedder: &EmbedderIdentity,
    ) -> Option<Vectors> {
        let work = async {
            let known = guard(&user.suggested.0).clone().filter(|(by, _)| by == embedder);
            let moods = match known {
                Some((_, moods)) => moods,
                None => {
                    let moods = mood::sentences().map(str::to_owned).collect();
                    let moods = Arc::new(self.embed.embed(moods).await?);
                    *guard(&user.suggested.0) = Some((embedder.clone(), Arc::clone(&moods)));
                    moods
                }
            };
            let all = self.embed.embed(compared(looked, phrases)).await?;
            Ok::<_, crate::search::embed::EmbedError>(Vectors::new(all, looked, phrases, moods))
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(vectors)) => vectors,
            Ok(Err(error)) => {
                tracing::warn!(%error, "traces are suggested without their meaning");
                None
            }
            Err(_) => None,
        }
    }
}

/// The texts whose vectors are needed: the text, its phrases, the known names, its sentences.
fn compared(looked: &Looked, phrases: &[Phrase]) -> Vec<String> {
    let mut texts: Vec<String> = vec![looked.text.chars().take(MOST_CHARS).collect()];
    texts.extend(phrases.iter().map(|phrase| phrase.text.clone()));
    texts.extend(looked.known.iter().map(|(known, _)| spoken(&known.name)));
    let sentences = chunk::sentences(&looked.text).into_iter().take(mood::MOST_SENTENCES);
    texts.extend(sentences.map(|range| looked.text[range].to_owned()));
    texts
}

/// A name as it is said: words, and of an emoji its short name.
pub(super) fn spoken(name: &str) -> String {
    let name = trace::shortcode(name).unwrap_or_else(|| name.to_owned());
    name.replace(['-', '_', ':'], " ").trim().to_owned()
}

type Read = (Entry, Looked, [u8; 32], Option<Recap>);

/// What is compared for an entry, the digest of all that decides what is found, and what was found under it.
fn look(
    r: &Reader<'_>,
    id: EntryId,
    today: Day,
    embedder: Option<&EmbedderIdentity>,
) -> Result<Option<Read>, VaultError> {
    let entry = entries::entry(r, id)?;
    let Some(entry) = entry.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none()) else {
        return Ok(None);
    };
    let carried = traces::names(r, &entry.traces)?.iter().map(|(_, name, _)| trace::folded(name)).collect();
    let mut all = traces::all(r)?;
    all.sort_by(|a, b| frecency(b, today).total_cmp(&frecency(a, today)).then(a.id.cmp(&b.id)));
    let text = plain(&entry.text);
    let said = fit::said(&text);
    let is_said = |known: &Trace| said.contains(&format!("-{}-", trace::folded(&known.name)));
    let rest = all.split_off(all.len().min(USED));
    all.extend(rest.into_iter().filter(is_said).take(CLOSE));
    let digest = digest(&entry, &all);
    // While no embedder is there, what another one found is better than nothing.
    let is_by = |kept: &Recap| match (embedder, &kept.made_by) {
        (Some(embedder), Some(by)) => by.sha256 == embedder.sha256,
        _ => embedder.is_none(),
    };
    let kept = recaps::fresh(r, Subject::Suggested(id), &digest)?.filter(is_by);
    let known = all.into_iter().map(|known| (known, 0.0)).collect();
    Ok(Some((entry, Looked { text, carried, known, taught: Taught::read(r)? }, digest, kept)))
}

/// What decides which names are found, besides the embedder: the entry and the names that are in use. That days go by,
/// and what was taken and refused, moves an order and no more.
fn digest(entry: &Entry, known: &[Trace]) -> [u8; 32] {
    let mut keys: Vec<String> = known.iter().map(|known| trace::folded(&known.name)).collect();
    keys.sort_unstable();
    let revision = entry.revision.to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![RULES, entry.id.as_bytes(), &revision];
    // No key holds a zero.
    parts.extend(keys.iter().flat_map(|key| [key.as_bytes(), b"\0"]));
    sha256_of(&parts)
}

/// Adds the traces of the nearest entries, with how near the nearest of these is.
fn beside(r: &Reader<'_>, mut looked: Looked, id: EntryId, near: &[Near]) -> Result<Looked, VaultError> {
    let mut nearest: HashMap<TraceId, f32> = HashMap::new();
    for near in near.iter().filter(|near| near.meta.id != id && near.score >= NEIGHBOURLY) {
        let found = entries::entry(r, near.meta.id)?.filter(|entry| entry.deleted.is_none());
        for trace in found.into_iter().flat_map(|entry| entry.traces) {
            let best = nearest.entry(trace).or_default();
            *best = best.max(near.score);
        }
    }
    for (known, beside) in &mut looked.known {
        *beside = nearest.remove(&known.id).unwrap_or_default();
    }
    let mut more: Vec<(TraceId, f32)> = nearest.into_iter().collect();
    more.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (id, score) in more.into_iter().take(CLOSE) {
        looked.known.extend(traces::trace(r, id)?.map(|found| (found, score)));
    }
    Ok(looked)
}
