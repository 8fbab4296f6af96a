//! Labels that a model proposes for an entry.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use crate::{
    blocking,
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    llm::{GenRequest, prompt, shape::Shape},
    search::{
        chunk::chunks,
        ground::{Sources, shares_words},
        plain::plain,
        script::shares_scripts,
        vectors::dot,
    },
    services::{
        Failure, Services,
        sessions::{Session, User, guard},
    },
    vault::entries,
};

const MOST: u8 = 5;
const SHAPE: Shape = Shape::Labels { most: MOST, chars: 33 };
/// A label whose words the entry does not say has to lie this near to one of its passages.
const NEAR_ENOUGH: f32 = 0.3;
/// Entries whose labels stay in memory.
const MOST_KEPT: usize = 200;

/// Labels that were proposed for entries, by entry and revision, until lock.
#[derive(Default)]
pub(crate) struct UserLabels(Mutex<HashMap<(EntryId, u32), Vec<String>>>);

impl UserLabels {
    fn of(&self, entry: &Entry) -> Option<Vec<String>> {
        guard(&self.0).get(&(entry.id, entry.revision)).cloned()
    }

    /// Forgets all of them.
    pub(crate) fn forget(&self) {
        guard(&self.0).clear();
    }

    fn keep(&self, entry: &Entry, labels: Vec<String>) {
        let mut all = guard(&self.0);
        if all.len() >= MOST_KEPT {
            all.clear();
        }
        all.insert((entry.id, entry.revision), labels);
    }
}

/// What a model has to do with the labels of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Labelled {
    /// Nothing: none is able to, or it is switched off, or this is no text of the writer's.
    Never,
    /// It can be asked.
    NotYet,
    /// It was, and proposed these.
    Proposed(Vec<String>),
}

impl Services {
    /// Up to five labels of an entry, in its language and script, as a model proposes them; `None` when no model inside is
    /// able to, when it is switched off, or busy with somebody else. What is neither said in the entry nor near to it in
    /// meaning is left out, and so is every name and number that it does not hold. An upstream is never asked, so nothing
    /// leaves this program, whatever the entry allows.
    ///
    /// May take as long as a short reply; dropping it cancels it. What was proposed stays in memory until lock, so that
    /// an entry costs this once for each of its revisions.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn suggest_labels(
        &self,
        session: &Session,
        id: EntryId,
    ) -> Result<Option<Vec<String>>, Failure> {
        let user = &session.user;
        let is_wanted = || !user.model_is_off.load(Ordering::SeqCst) && user.running.is_idle();
        let Some(model) = self.capable().filter(|_| is_wanted()) else { return Ok(None) };
        let Some(entry) = own_entry(user, id).await? else { return Ok(None) };
        if let Some(kept) = user.labels.of(&entry) {
            return Ok(Some(kept));
        }
        let text = plain(&entry.text);
        let room = model.context.saturating_sub(SHAPE.max_tokens()) as usize;
        let texts = [text.clone()];
        let messages =
            prompt::sum_up(&self.prompts, "labels.txt", entry.day, MOST, &texts, room).map_err(|error| {
                tracing::error!(%error, "a prompt could not be made");
                Failure::Internal
            })?;
        let written =
            self.written_in(&model, SHAPE, user, GenRequest::shaped(messages, SHAPE), &is_wanted).await;
        let Some(mut written) = written else { return Ok(None) };
        written.retain(|label| shares_scripts(label, &text));
        let sources = Sources::new([text.as_str()]);
        let (said, unsaid): (Vec<String>, Vec<String>) =
            written.into_iter().partition(|label| shares_words(label, &text));
        let mut labels = said;
        let unsaid: Vec<String> = unsaid.into_iter().filter(|label| sources.support(label)).collect();
        if !unsaid.is_empty() {
            let passages = chunks(&text).into_iter().map(|chunk| chunk.of(&text).to_owned()).collect();
            let passages = self.embed.embed(passages).await.unwrap_or_default();
            let vectors = self.embed.embed(unsaid.clone()).await.unwrap_or_default();
            let is_near = |vector: &Vec<f32>| passages.iter().any(|one| dot(one, vector) >= NEAR_ENOUGH);
            labels.extend(
                unsaid.into_iter().zip(&vectors).filter(|(_, one)| is_near(one)).map(|(label, _)| label),
            );
        }
        user.labels.keep(&entry, labels.clone());
        Ok(Some(labels))
    }

    /// Whether a model can be asked for labels of an entry, and what it proposed if it was. Asks for nothing.
    pub(crate) fn labelled(&self, user: &User, entry: &Entry) -> Labelled {
        if user.model_is_off.load(Ordering::SeqCst) || !is_own(entry) || self.capable().is_none() {
            return Labelled::Never;
        }
        user.labels.of(entry).map_or(Labelled::NotYet, Labelled::Proposed)
    }
}

/// A text of the writer's outside the trash.
fn is_own(entry: &Entry) -> bool {
    entry.role == Role::Writer && entry.deleted.is_none()
}

async fn own_entry(user: &Arc<User>, id: EntryId) -> Result<Option<Entry>, Failure> {
    let user = Arc::clone(user);
    let found = blocking::db(move || user.vault.read(|r| entries::entry(r, id))).await??;
    Ok(found.filter(is_own))
}
