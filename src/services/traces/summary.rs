//! What a trace is about: one to three sentences of its entries, each with its day.
//!
//! They are the writer's own ([`crate::search::recap`]), chosen without any model. Where a model inside this program is
//! able to, it writes better ones behind it, of which only those stay that rest on one entry alone
//! ([`crate::search::ground`]), and that entry's day is named. What was found is kept sealed under the digest of the
//! entries it was made of, and made anew when it is looked at and one of them has changed. Nothing is sent to an upstream
//! for it, and with the model switched off there is none.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
    },
    llm::{GenRequest, prompt, shape::Shape},
    search::{ground::Sources, plain::plain, recap, vectors::dot},
    services::{
        Failure, Services,
        recaps::WORTH_IT,
        sessions::{Session, User, guard},
    },
    vault::{
        entries,
        error::VaultError,
        recaps::{self, Maker, Recap, Subject},
        traces,
        transaction::Reader,
    },
};

/// So many of the latest entries are summed up.
const LATEST: usize = 40;
/// Fewer entries are read as fast as a summary of them.
const FEWEST: usize = 3;
/// Sentences of one entry that may stand for the trace.
const OF_ONE: usize = 3;
/// Entries that a model is shown.
const SHOWN: usize = 12;
const MOST: u8 = 3;
const SHAPE: Shape = Shape::Sentences { most: MOST, chars: 220 };
/// A sentence that lies less near to the entry it rests on says something else.
const NEAR_ENOUGH: f32 = 0.3;

/// A summary as its page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Its sentences, each with the day it rests on.
    pub sentences: Vec<(Day, String)>,
    /// Name of the model that wrote it; none for the writer's own sentences.
    pub model: Option<String>,
}

/// Whether a trace has a summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SummaryState {
    /// It has.
    There(Summary),
    /// It has none yet; [`Services::trace_summary`] makes it.
    Wanted,
    /// It has none and gets none: too little is written, it was removed, the model is off, or nothing can be kept.
    Nothing,
}

/// What a summary is made of.
struct Material {
    /// The writer's latest entries of the trace, in order: day and plain text.
    texts: Vec<(Day, String)>,
    digest: [u8; 32],
    kept: Option<Recap>,
}

/// A sentence of an entry, with the place of the entry.
struct Said {
    of: usize,
    text: String,
}

impl Services {
    /// The summary of a trace that is kept, if it still holds. Makes nothing.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn kept_summary(&self, session: &Session, id: TraceId) -> Result<SummaryState, Failure> {
        if !self.may_recap(session) {
            return Ok(SummaryState::Nothing);
        }
        Ok(match material(&session.user, id).await? {
            Some(Material { kept: Some(kept), .. }) => {
                shown(&kept).map_or(SummaryState::Nothing, SummaryState::There)
            }
            Some(_) if self.may_keep_summary(&session.user) => SummaryState::Wanted,
            _ => SummaryState::Nothing,
        })
    }

    /// What cannot be kept is not made: the journal is only read, or has not been accepted yet.
    fn may_keep_summary(&self, user: &User) -> bool {
        user.is_settled.load(Ordering::SeqCst) && user.vault.may_write() && self.store_note().is_none()
    }

    /// The summary of a trace, of the writer's own sentences when there is none yet; a model begins to better it behind.
    /// `None` when there are too few entries, when its owner removed it, with the model switched off, and where nothing
    /// can be kept.
    ///
    /// # Errors
    /// When a record cannot be read or written.
    pub async fn trace_summary(
        self: &Arc<Self>,
        session: &Session,
        id: TraceId,
    ) -> Result<Option<Summary>, Failure> {
        let user = &session.user;
        let may_make = self.may_keep_summary(user);
        if !self.may_recap(session) {
            return Ok(None);
        }
        let Some(found) = material(user, id).await? else { return Ok(None) };
        let kept = match found.kept.clone() {
            Some(kept) => kept,
            None if may_make => {
                let own = self.own_sentences(&found).await;
                if own.sentences.is_empty() {
                    return Ok(None);
                }
                self.keep_summary(user, id, own.clone()).await?;
                own
            }
            None => return Ok(None),
        };
        if may_make && self.may_better(user, &kept) {
            self.better_behind(user, id);
        }
        Ok(shown(&kept))
    }

    /// Removes the summary of a trace. It gets none again before one of its entries changes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_summary(&self, session: &Session, id: TraceId) -> Result<(), Failure> {
        let (user, now) = (Arc::clone(&session.user), self.clock.now_ms());
        blocking::db(move || {
            user.vault.write(|w| {
                let Some((_, digest)) = own_entries(w, id)? else { return Ok(()) };
                let tried = String::new();
                let none = Recap { sentences: Vec::new(), digest, made: now, made_by: None, tried };
                recaps::put(w, Subject::Trace(id), &none)
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// The sentences that stand for all, in the order of writing.
    async fn own_sentences(&self, found: &Material) -> Recap {
        let said = said(&found.texts);
        let texts: Vec<String> = said.iter().map(|said| said.text.clone()).collect();
        let vectors = self.sentence_vectors(&texts).await;
        let chosen = recap::pick(&texts, &vectors.unwrap_or_else(|| recap::word_vectors(&texts)));
        let line = |idx: usize| line(found.texts[said[idx].of].0, &recap::cut(&texts[idx]));
        Recap {
            sentences: chosen.into_iter().map(line).collect(),
            digest: found.digest,
            made: self.clock.now_ms(),
            made_by: None,
            tried: String::new(),
        }
    }

    /// Keeps a summary, unless its entries have changed since or somebody removed it.
    async fn keep_summary(&self, user: &Arc<User>, id: TraceId, summary: Recap) -> Result<(), Failure> {
        let user = Arc::clone(user);
        blocking::db(move || {
            user.vault.write(|w| {
                let is_current = own_entries(w, id)?.is_some_and(|(_, digest)| digest == summary.digest);
                let kept = recaps::fresh(w, Subject::Trace(id), &summary.digest)?;
                let was_removed = kept.is_some_and(|kept| kept.sentences.is_empty());
                if is_current && !was_removed { recaps::put(w, Subject::Trace(id), &summary) } else { Ok(()) }
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// Whether a model may better a summary of the writer's own sentences, and has not tried.
    fn may_better(&self, user: &User, kept: &Recap) -> bool {
        let is_own = kept.made_by.is_none() && !kept.sentences.is_empty();
        is_own && user.running.is_idle() && self.capable().is_some_and(|model| model.name != kept.tried)
    }

    /// Lets the model better a summary, unless it is at one of this person's already.
    fn better_behind(self: &Arc<Self>, user: &Arc<User>, id: TraceId) {
        if guard(&user.summing).replace(id).is_some() {
            return;
        }
        let (services, user) = (Arc::clone(self), Arc::clone(user));
        self.tasks.spawn(async move {
            let mut locked = user.locked.clone();
            let work = async {
                // One at a time for all people, as with recaps of days.
                let _turn = services.recap_turn.lock().await;
                services.better(&user, id).await
            };
            let done = tokio::select! {
                done = work => done,
                () = locked.wait() => Ok(()),
            };
            *guard(&user.summing) = None;
            if done.is_err() {
                tracing::warn!("a summary could not be bettered; it is tried again when it is looked at");
            }
        });
    }

    async fn better(&self, user: &Arc<User>, id: TraceId) -> Result<(), Failure> {
        let Some(found) = material(user, id).await? else { return Ok(()) };
        let kept = found.kept.clone().filter(|kept| self.may_better(user, kept));
        let (Some(kept), Some(model)) = (kept, self.capable()) else { return Ok(()) };
        let shown = &found.texts[found.texts.len().saturating_sub(SHOWN)..];
        let Some((last, _)) = shown.last() else { return Ok(()) };
        let texts: Vec<String> = shown.iter().map(|(_, text)| text.clone()).collect();
        let room = model.context.saturating_sub(SHAPE.max_tokens()) as usize;
        let Ok(messages) = prompt::sum_up(&self.prompts, "trace.txt", *last, MOST, &texts, room) else {
            tracing::error!("a prompt could not be made");
            return Err(Failure::Internal);
        };
        let request = GenRequest::shaped(messages, SHAPE);
        let settings = request.settings();
        let is_wanted = || user.running.is_idle() && !user.model_is_off.load(Ordering::SeqCst);
        let written = self.written_in(&model, SHAPE, user, request, &is_wanted).await;
        let Some(written) = written else { return Ok(()) };
        let sentences = self.grounded(written, shown).await;
        let tried = model.name.clone();
        let made_by = Some(Maker { model: model.name, sha256: model.sha256, settings });
        let better = match sentences.is_empty() {
            true => Recap { tried, ..kept },
            false => Recap { sentences, made: self.clock.now_ms(), made_by, tried, ..kept },
        };
        self.keep_summary(user, id, better).await
    }

    /// Of a model's sentences those that rest on one entry, with its day: they name nothing that it does not, lie near to
    /// it in meaning, and are none of its own.
    async fn grounded(&self, written: Vec<String>, texts: &[(Day, String)]) -> Vec<String> {
        let own = said(texts);
        let own_texts: Vec<String> = own.iter().map(|said| said.text.clone()).collect();
        let vectors = self.sentence_vectors(&own_texts).await;
        let own_vectors = vectors.unwrap_or_else(|| recap::word_vectors(&own_texts));
        let vectors = self.sentence_vectors(&written).await;
        let vectors = vectors.unwrap_or_else(|| recap::word_vectors(&written));
        let sources: Vec<Sources> = texts.iter().map(|(_, text)| Sources::new([text.as_str()])).collect();
        let mut kept = Vec::new();
        for (sentence, vector) in written.iter().zip(&vectors).filter(|(one, _)| !own_texts.contains(one)) {
            let resting = own.iter().zip(&own_vectors).filter(|(said, _)| sources[said.of].support(sentence));
            let nearest = resting
                .map(|(said, other)| (said.of, dot(vector, other)))
                .max_by(|one, other| one.1.total_cmp(&other.1));
            kept.extend(
                nearest.filter(|(_, near)| *near >= NEAR_ENOUGH).map(|(of, _)| line(texts[of].0, sentence)),
            );
        }
        kept
    }
}

/// Sentences that may stand for a trace: a few of each entry, so that a long one does not outweigh the others.
fn said(texts: &[(Day, String)]) -> Vec<Said> {
    let mut all = Vec::new();
    for (of, (_, text)) in texts.iter().enumerate() {
        let sentences = recap::sentences(std::slice::from_ref(text));
        all.extend(sentences.into_iter().take(OF_ONE).map(|text| Said { of, text }));
    }
    // Of many the latest: what is compared with all others costs time.
    all.split_off(all.len().saturating_sub(recap::MOST_CANDIDATES))
}

/// A sentence as it is kept: its day stands before it.
fn line(day: Day, sentence: &str) -> String {
    format!("{day} {sentence}")
}

fn shown(kept: &Recap) -> Option<Summary> {
    let sentence = |line: &String| {
        let (day, sentence) = line.split_once(' ')?;
        Some((day.parse().ok()?, sentence.to_owned()))
    };
    let sentences: Vec<(Day, String)> = kept.sentences.iter().filter_map(sentence).collect();
    let model = kept.made_by.as_ref().map(|maker| maker.model.clone());
    (!sentences.is_empty()).then_some(Summary { sentences, model })
}

/// What is summed up, and what is kept of it; `None` when there is too little.
async fn material(user: &Arc<User>, id: TraceId) -> Result<Option<Material>, Failure> {
    let user = Arc::clone(user);
    blocking::db(move || {
        let found = user.vault.read(|r| {
            let Some((entries, digest)) = own_entries(r, id)? else { return Ok(None) };
            Ok(Some((entries, digest, recaps::fresh(r, Subject::Trace(id), &digest)?)))
        })?;
        let Some((entries, digest, kept)) = found else { return Ok(None) };
        let texts: Vec<(Day, String)> = entries.iter().map(|entry| (entry.day, plain(&entry.text))).collect();
        let n_chars: usize = texts.iter().map(|(_, text)| text.chars().count()).sum();
        let is_worth_it = texts.len() >= FEWEST && n_chars >= WORTH_IT;
        Ok(is_worth_it.then_some(Material { texts, digest, kept }))
    })
    .await?
}

/// Entries with their digest.
type OwnEntries = (Vec<Entry>, [u8; 32]);

/// The writer's latest entries of a trace in order, with their digest; `None` when there is no such trace. Those that
/// cannot be read are left out.
fn own_entries(r: &Reader<'_>, id: TraceId) -> Result<Option<OwnEntries>, VaultError> {
    if traces::trace(r, id)?.is_none() {
        return Ok(None);
    }
    let mut own: Vec<Entry> = Vec::new();
    let read = |id: EntryId| match entries::entry(r, id) {
        Err(error) if error.is_of_one_record() => Ok(None),
        found => found,
    };
    for link in traces::entries(r, id)?.iter().rev() {
        let found = read(link.entry)?;
        own.extend(found.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none()));
        if own.len() == LATEST {
            break;
        }
    }
    own.reverse();
    let digest = recaps::digest_of_trace(&own);
    Ok(Some((own, digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_kept_with_the_day_of_each_sentence() {
        let day: Day = "2026-03-04".parse().unwrap();
        let kept = Recap {
            sentences: vec![line(day, "We swam."), "nonsense".to_owned()],
            digest: [0; 32],
            made: 0,
            made_by: None,
            tried: String::new(),
        };
        let expected = Summary { sentences: vec![(day, "We swam.".to_owned())], model: None };
        assert_eq!(shown(&kept), Some(expected));
        assert_eq!(shown(&Recap { sentences: Vec::new(), ..kept }), None);
    }

    #[test]
    fn of_each_entry_a_few_sentences_may_stand_for_the_trace() {
        let day: Day = "2026-03-04".parse().unwrap();
        let long = "The garden was wet again this morning. We planted tomatoes with Ana. The bus came late and cold. \
                    Nobody believed the radio about snow.";
        let texts: Vec<(Day, String)> = (0..40).map(|n| (day, format!("{long} Entry number {n}."))).collect();
        let all = said(&texts);
        assert_eq!((all.len(), all.last().map(|said| said.of)), (recap::MOST_CANDIDATES, Some(39)));
        assert!(said(&texts[..1]).len() == OF_ONE && said(&[]).is_empty());
    }
}
