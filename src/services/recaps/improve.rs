//! A recap by a model: shaped by a grammar, checked against the day.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    journal::day::Day,
    llm::{GenRequest, prompt, shape::Shape},
    search::{ground::Sources, vectors::dot},
    services::{
        Services,
        sessions::{User, guard},
    },
    vault::recaps::{Maker, Recap},
};

const MOST: u8 = 3;
const SHAPE: Shape = Shape::Sentences { most: MOST, chars: 220 };

impl Services {
    /// Whether a model may better a recap of the writer's own sentences, and has not tried.
    pub(super) fn may_improve(&self, user: &User, kept: &Recap) -> bool {
        let is_own = kept.made_by.is_none() && !kept.sentences.is_empty();
        is_own && user.running.is_idle() && self.capable().is_some_and(|model| model.name != kept.tried)
    }

    /// What the model makes of a recap: its own sentences, or the writer's with the note that it tried; `None` when it was
    /// stopped, because a reply or another day is waited for.
    pub(super) async fn improve(
        &self,
        user: &Arc<User>,
        day: Day,
        texts: &[String],
        sentences: &[String],
        vectors: Option<&[Vec<f32>]>,
        kept: Recap,
    ) -> Option<Recap> {
        let model = self.capable()?;
        let room = model.context.saturating_sub(SHAPE.max_tokens()) as usize;
        let messages = prompt::sum_up(&self.prompts, "recap.txt", day, MOST, texts, room).ok()?;
        let request = GenRequest::shaped(messages, SHAPE);
        let settings = request.settings();
        let is_wanted = || {
            guard(&user.recaps.wanted).is_none()
                && user.running.is_idle()
                && !user.model_is_off.load(Ordering::SeqCst)
        };
        self.recaps_at_work.ask();
        let written = self.written_in(&model, SHAPE, user, request, &is_wanted).await?;
        // The whole day is one source: a recap may join what stands in two entries.
        let (whole, own) = (texts.join("\n"), vectors.zip(self.sentence_vectors(&written).await));
        let sources = Sources::new([whole.as_str()]);
        let rests = |(number, sentence): &(usize, String)| {
            let near = own
                .as_ref()
                .map(|(own, said)| own.iter().map(|own| dot(&said[*number], own)).fold(f32::MIN, f32::max));
            sources.grounds(sentence, near.as_ref().map(std::slice::from_ref)).hold()
        };
        let mut grounded: Vec<String> =
            written.into_iter().enumerate().filter(rests).map(|(_, sentence)| sentence).collect();
        // A sentence of the day word for word is nothing better.
        grounded.retain(|sentence| !sentences.contains(sentence));
        let tried = model.name.clone();
        if grounded.is_empty() {
            return Some(Recap { tried, ..kept });
        }
        let made_by = Some(Maker { model: model.name, sha256: model.sha256, settings });
        Some(Recap { sentences: grounded, made: self.clock.now_ms(), made_by, tried, ..kept })
    }
}
