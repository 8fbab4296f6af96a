//! Asking the journal: a question is answered with what its writer wrote, or not at all.
//!
//! A search by words and meaning finds entries; [`crate::search::answer`] takes the pieces of them that answer, word for
//! word, each with its day. Where a model inside this program is able to, it may put them into a sentence or two, of which
//! only those stay that rest on one of the entries ([`crate::search::ground`]). An upstream is never asked. Of a question
//! nothing is kept but in the memory of its session. With the model switched off what was found is shown and nothing said.

use std::{sync::atomic::Ordering, time::Duration};

pub use crate::search::answer::is_question;
use crate::{
    journal::{day::Day, ids::EntryId},
    llm::{
        GenRequest,
        prompt::{self, Memory},
        shape::Shape,
    },
    search::{
        answer::{self, Found, Near, Piece, Point},
        ground::Sources,
        plain::plain,
        recap::cut,
    },
    services::{
        Failure, Services,
        finding::for_question::{Fitting, ForQuestion},
        passages::Passage,
        sessions::Session,
    },
};

/// Longest question that is read, in characters.
pub const MAX_QUESTION_CHARS: usize = 300;
/// Passages shown beneath an answer.
const PASSAGES: usize = 5;
const MOST: u8 = 3;
const SHAPE: Shape = Shape::Sentences { most: MOST, chars: 220 };
/// How long the embedder may take to compare the pieces: without it the words decide.
const COMPARE: Duration = Duration::from_secs(8);
/// How long a model may take to put an answer into words.
const WORDING: Duration = Duration::from_secs(60);

/// What the journal says to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What answers it; none when nothing does, or when the model is switched off.
    pub statements: Vec<Statement>,
    /// What was found, the best first; those that answer before the others.
    pub passages: Vec<Passage>,
    /// Name of the model that worded the statements; none for the writer's own words.
    pub model: Option<String>,
    /// Sentences about the search, as when only words could be searched.
    pub notes: Vec<String>,
    /// The model is switched off, so that nothing is said and passages are shown alone.
    pub is_off: bool,
}

/// A statement and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Of the writer, or of a model.
    pub text: String,
    /// The day it rests on.
    pub day: Day,
    /// The entry of that day.
    pub entry: EntryId,
}

/// What was found for a question, opened.
struct Material {
    found: ForQuestion,
    texts: Vec<String>,
    pieces: Vec<Piece>,
    /// The pieces that answer, the best first.
    answers: Vec<usize>,
    today: Day,
}

impl Material {
    fn found(&self) -> Vec<Found<'_>> {
        founds(&self.found, &self.texts)
    }

    fn text_of(&self, piece: &Piece) -> &str {
        &self.texts[piece.entry][piece.range.clone()]
    }

    /// Numbers of the entries, those that answer first.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        let answering = self.answers.iter().map(|piece| self.pieces[*piece].entry);
        for entry in answering.chain(0..self.texts.len()) {
            if !order.contains(&entry) {
                order.push(entry);
            }
        }
        order
    }

    fn told(&self) -> Told {
        let statement = |piece: &usize| {
            let piece = &self.pieces[*piece];
            let entry = &self.found.entries[piece.entry].entry;
            let text = cut(&self.text_of(piece).split_whitespace().collect::<Vec<_>>().join(" "));
            Statement { text, day: entry.day, entry: entry.id }
        };
        let passage = |number: usize| {
            let fitting = &self.found.entries[number];
            Passage::of(&fitting.entry, fitting.nearest.clone())
        };
        Told {
            statements: self.answers.iter().map(statement).collect(),
            passages: self.order().into_iter().take(PASSAGES).map(passage).collect(),
            notes: self.found.note.iter().cloned().collect(),
            ..Told::default()
        }
    }
}

fn founds<'a>(found: &'a ForQuestion, texts: &'a [String]) -> Vec<Found<'a>> {
    let both = found.entries.iter().zip(texts);
    let one = |(fitting, text): (&Fitting, &'a String)| Found {
        day: fitting.entry.day,
        text,
        nearest: fitting.nearest.clone(),
        share: fitting.share,
    };
    both.map(one).collect()
}

impl Services {
    /// Whether a model inside this program could put an answer of this person into words.
    pub fn may_word(&self, session: &Session) -> bool {
        !session.user.model_is_off.load(Ordering::SeqCst) && self.capable().is_some()
    }

    /// Answers a question with what was written, word for word.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn ask_journal(&self, session: &Session, question: &str) -> Result<Told, Failure> {
        let is_off = session.user.model_is_off.load(Ordering::SeqCst);
        let material = self.material_for(session, question, !is_off).await?;
        Ok(Told { is_off, ..material.told() })
    }

    /// The same, put into words by the model inside this program, as far as these rest on what was written; the writer's
    /// own words when nothing of it does, when no model is able to, or when it is not done in a minute.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn word_answer(&self, session: &Session, question: &str) -> Result<Told, Failure> {
        if !self.may_word(session) {
            return self.ask_journal(session, question).await;
        }
        let material = self.material_for(session, question, true).await?;
        let own = material.told();
        if own.statements.is_empty() {
            return Ok(own);
        }
        let worded = tokio::time::timeout(WORDING, self.worded(session, question, &material)).await;
        Ok(match worded.ok().flatten() {
            Some((statements, model)) if !statements.is_empty() => {
                Told { statements, model: Some(model), ..own }
            }
            Some((_, model)) => with_note(
                own,
                format!("Nothing that {model} wrote rests on your entries, so here are your own words."),
            ),
            None => with_note(
                own,
                "The model could not be asked just now, so here are your own words.".to_owned(),
            ),
        })
    }

    async fn material_for(
        &self,
        session: &Session,
        question: &str,
        may_answer: bool,
    ) -> Result<Material, Failure> {
        let question: String = question.chars().take(MAX_QUESTION_CHARS).collect();
        let found = self.for_question(session, &question).await?;
        let texts: Vec<String> = found.entries.iter().map(|one| plain(&one.entry.text)).collect();
        let today = self.today(session);
        let mut material = Material { found, texts, pieces: Vec::new(), answers: Vec::new(), today };
        if may_answer {
            material.pieces = answer::pieces(&material.found());
            let point = Point::of(&question, &material.found.rarities);
            let near = match &material.found.vector {
                Some(vector) => {
                    let mut texts = point.without();
                    let n_questions = texts.len();
                    texts.extend(material.pieces.iter().map(|piece| material.text_of(piece).to_owned()));
                    let vectors = self.vectors_of(texts).await;
                    vectors.map(|all| {
                        let (questions, pieces) = all.split_at(n_questions);
                        Near::new(vector, questions, pieces)
                    })
                }
                None => None,
            };
            let (found, pieces) = (material.found(), &material.pieces);
            let answers = answer::choose(&question, &point, today, &found, pieces, near.as_ref());
            material.answers = answers.into_iter().map(|answer| answer.piece).collect();
        }
        Ok(material)
    }

    /// The vectors of texts that somebody waits for; none when there is no embedder or it takes too long.
    async fn vectors_of(&self, texts: Vec<String>) -> Option<Vec<Vec<f32>>> {
        let n_texts = texts.len();
        let made = tokio::time::timeout(COMPARE, self.embed.embed_now(texts)).await;
        made.ok()?.ok().filter(|vectors| vectors.len() == n_texts)
    }

    /// Sentences of the model that rest on the entries that answer, and its name; `None` when it could not be asked.
    async fn worded(
        &self,
        session: &Session,
        question: &str,
        material: &Material,
    ) -> Option<(Vec<Statement>, String)> {
        let user = &session.user;
        let model = self.capable()?;
        let pieces: Vec<&Piece> = material.answers.iter().map(|piece| &material.pieces[*piece]).collect();
        let memories: Vec<Memory> = pieces
            .iter()
            .map(|piece| Memory {
                day: material.found.entries[piece.entry].entry.day,
                text: material.text_of(piece).to_owned(),
            })
            .collect();
        let room = model.context.saturating_sub(SHAPE.max_tokens()) as usize;
        let messages = prompt::answer(&self.prompts, question, material.today, &memories, MOST, room)
            .inspect_err(|error| tracing::error!(%error, "a prompt could not be made"))
            .ok()?;
        let is_wanted = || user.running.is_idle() && !user.model_is_off.load(Ordering::SeqCst);
        let request = GenRequest::shaped(messages, SHAPE);
        let written = self.written_in(&model, SHAPE, user, request, &is_wanted).await?;
        // The pieces that were shown are all it may rest on; what else the entries hold it has not read.
        let shown = pieces
            .iter()
            .map(|piece| (material.found.entries[piece.entry].entry.day, material.text_of(piece)));
        let sources = Sources::dated(material.today, shown);
        let own =
            self.vectors_of(pieces.iter().map(|piece| material.text_of(piece).to_owned()).collect()).await;
        let said = self.vectors_of(written.clone()).await;
        let mut statements = Vec::new();
        for (number, text) in written.into_iter().enumerate() {
            let near =
                own.as_ref().zip(said.as_ref()).map(|(own, said)| answer::nearness(&said[number], own));
            if let Some(source) = sources.grounds(&text, near.as_deref()).source() {
                let entry = &material.found.entries[pieces[source].entry].entry;
                statements.push(Statement { text, day: entry.day, entry: entry.id });
            }
        }
        Some((statements, model.name))
    }
}

fn with_note(told: Told, note: String) -> Told {
    let mut told = told;
    told.notes.push(note);
    told
}
