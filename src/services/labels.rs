//! Labels that a model proposes for an entry, kept sealed with it: they are valid for one revision and one model.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    crypto::hash::sha256_of,
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    llm::{GenRequest, ModelIdentity, prompt, shape::Shape},
    search::{
        chunk::chunks,
        ground::{Sources, shares_words},
        plain::plain,
        script::shares_scripts,
        vectors::dot,
    },
    services::{
        Failure, Services,
        sessions::{Session, User},
    },
    vault::{
        entries,
        recaps::{self, Maker, Recap, Subject},
    },
};

const MOST: u8 = 5;
const SHAPE: Shape = Shape::Labels { most: MOST, chars: 33 };
/// A label whose words the entry does not say has to lie this near to one of its passages.
const NEAR_ENOUGH: f32 = 0.3;

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
    /// May take as long as a short reply; dropping it cancels it. What was proposed is kept, so that an entry costs this
    /// once for each of its revisions.
    ///
    /// # Errors
    /// When a record cannot be read or written.
    pub async fn suggest_labels(
        &self,
        session: &Session,
        id: EntryId,
    ) -> Result<Option<Vec<String>>, Failure> {
        let user = &session.user;
        let is_wanted = || !user.model_is_off.load(Ordering::SeqCst) && user.running.is_idle();
        let Some(model) = self.capable().filter(|_| is_wanted()) else { return Ok(None) };
        let Some(entry) = own_entry(user, id).await? else { return Ok(None) };
        let digest = digest(&entry, &model);
        if let Some(kept) = kept(user, id, digest).await? {
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
        let request = GenRequest::shaped(messages, SHAPE);
        let settings = request.settings();
        let written = self.written_in(&model, SHAPE, user, request, &is_wanted).await;
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
        let made_by = Some(Maker { model: model.name.clone(), sha256: model.sha256, settings });
        let made = self.clock.now_ms();
        let kept = Recap { sentences: labels.clone(), digest, made, made_by, tried: model.name };
        self.keep_labels(user, id, kept).await?;
        Ok(Some(labels))
    }

    async fn keep_labels(&self, user: &Arc<User>, id: EntryId, labels: Recap) -> Result<(), Failure> {
        if !user.vault.may_write() || self.store_note().is_some() {
            return Ok(());
        }
        let user = Arc::clone(user);
        blocking::db(move || {
            user.vault.write(|w| {
                let is_there = entries::entry(w, id)?.is_some_and(|entry| entry.deleted.is_none());
                if is_there { recaps::put(w, Subject::Labels(id), &labels) } else { Ok(()) }
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// Whether a model can be asked for labels of an entry, and what it proposed if it was. Asks for nothing.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub(crate) async fn labelled(&self, user: &Arc<User>, entry: &Entry) -> Result<Labelled, Failure> {
        let is_wanted = !user.model_is_off.load(Ordering::SeqCst) && is_own(entry);
        let Some(model) = self.capable().filter(|_| is_wanted) else { return Ok(Labelled::Never) };
        let kept = kept(user, entry.id, digest(entry, &model)).await?;
        Ok(kept.map_or(Labelled::NotYet, Labelled::Proposed))
    }
}

/// What labels are valid for.
fn digest(entry: &Entry, model: &ModelIdentity) -> [u8; 32] {
    let revision = entry.revision.to_le_bytes();
    sha256_of(&[b"llamora/labels/1", entry.id.as_bytes(), &revision, &model.sha256])
}

async fn kept(user: &Arc<User>, id: EntryId, digest: [u8; 32]) -> Result<Option<Vec<String>>, Failure> {
    let user = Arc::clone(user);
    let kept =
        blocking::db(move || user.vault.read(|r| recaps::fresh(r, Subject::Labels(id), &digest))).await??;
    Ok(kept.map(|kept| kept.sentences))
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
