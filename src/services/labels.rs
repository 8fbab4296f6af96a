//! Labels that a model proposes for an entry.

use std::sync::{Arc, atomic::Ordering};

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
        vectors::dot,
    },
    services::{
        Failure, Services,
        sessions::{Session, User},
    },
    vault::entries,
};

const MOST: u8 = 5;
const SHAPE: Shape = Shape::Labels { most: MOST, chars: 33 };
/// A label whose words the entry does not say has to lie this near to one of its passages.
const NEAR_ENOUGH: f32 = 0.3;

impl Services {
    /// Up to five labels of an entry, in its language, as a model proposes them; none when no model inside is able to,
    /// when it is switched off, or busy with somebody else. What is neither said in the entry nor near to it in meaning is
    /// left out, and so is every name and number that it does not hold.
    ///
    /// May take as long as a short reply; dropping it cancels it.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn suggest_labels(&self, session: &Session, id: EntryId) -> Result<Vec<String>, Failure> {
        let user = &session.user;
        let is_wanted = || !user.model_is_off.load(Ordering::SeqCst) && user.running.is_idle();
        let Some(model) = self.capable().filter(|_| is_wanted()) else { return Ok(Vec::new()) };
        let Some(entry) = own_entry(user, id).await? else { return Ok(Vec::new()) };
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
        let sources = Sources::new([text.as_str()]);
        let (said, unsaid): (Vec<String>, Vec<String>) =
            written.unwrap_or_default().into_iter().partition(|label| shares_words(label, &text));
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
        Ok(labels)
    }
}

async fn own_entry(user: &Arc<User>, id: EntryId) -> Result<Option<Entry>, Failure> {
    let user = Arc::clone(user);
    let found = blocking::db(move || user.vault.read(|r| entries::entry(r, id))).await??;
    Ok(found.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none()))
}
