//! llama.cpp inside this process. This file and [`native`] are the only ones that name its crates.
//!
//! The model is read in place by `llama_model_load_from_file_ptr` at an offset, whether it stands in a file of its own
//! or inside the executable, and stays memory-mapped. What was read for one owner is kept for the next request of the
//! same owner ([`cache`]), and dropped before anybody else's is read and when the owner locks. Prompts are read in
//! chunks ([`chunk_of`]), and a step is given up between two of its operations (`decisions.md` 12).
//!
//! # Security
//! Text of a conversation is tokenised apart from the template around it, with control tokens switched off, so an entry
//! that holds `<|im_start|>system` is only letters. An assertion inside ggml ends the process; [`crate::llm::gguf`]
//! refuses the files known to lead there, and batches and contexts are sized here so that none is reached.

use std::{ops::RangeInclusive, sync::Arc, time::Instant};

use llama_cpp_2::{
    model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel},
    token::LlamaToken,
};

use crate::{
    config::manifest::{self, Ability},
    container::source::ModelSource,
    llm::{
        Cancel, GenEvent, GenRequest, Generator, LlamaOptions, LlmError, Message, ModelIdentity, Speaker,
        StopReason, budget, gguf, machine,
        pace::Pace,
        shape::Shape,
        speed::Speed,
        text::{REPEAT_WINDOW, Utf8Pieces, cut_within, repeats_itself},
    },
};

mod bench;
mod cache;
mod native;
#[cfg(test)]
mod tests;

use crate::llm::llama::{
    cache::Kept,
    native::{Sampling, Session, Threads},
};

/// Tokens read at once, at least and at most; in between it is what keeps the time to stop short, see [`chunk_of`].
const CHUNKS: RangeInclusive<u64> = 16..=128;
/// Multiplications of the longest stretch of a step between two looks at the cancel flag: some 100 ms of one core.
const STRETCH: u64 = 1_000_000_000;
const MIN_CONTEXT: u32 = 512;
const MAX_CONTEXT: u32 = 8192;
const REPEAT_LAST: i32 = 64;
const REPEAT_PENALTY: f32 = 1.1;
const MIN_P: f32 = 0.05;

/// A loaded model.
pub struct LlamaGenerator {
    model: Arc<LlamaModel>,
    template: LlamaChatTemplate,
    identity: ModelIdentity,
    /// The threads of its steps.
    threads: Arc<Threads>,
    /// Tokens read at once.
    chunk: usize,
    /// How many threads for reading prompts and for writing, learnt over all conversations.
    paces: [Pace; 2],
    /// Texts of special tokens that llama.cpp finds in plain text too (those its makers call user-defined).
    found_in_text: Vec<String>,
    /// What was read last, and for whom.
    kept: Option<Kept>,
}

impl LlamaGenerator {
    /// Checks and loads a model.
    ///
    /// # Errors
    /// See [`crate::llm::load_local`].
    pub fn load(source: &ModelSource, options: &LlamaOptions) -> Result<Self, LlmError> {
        machine::check_processor()?;
        gguf::check(&source.open()?)?;
        let sha256 = source.sha256()?;
        if source.pinned().is_some_and(|pinned| pinned != sha256) {
            return Err(LlmError::Altered);
        }
        let backend = native::backend()?;
        let (path, offset, _) = source.place()?;
        let model = Arc::new(native::load_at(backend, path, offset)?);
        let context = options.context.clamp(MIN_CONTEXT, MAX_CONTEXT).min(model.n_ctx_train());
        // The file's own `general.name` is often that of a training run; the file name is what people know.
        let name = source.name().trim_end_matches(".gguf").to_owned();
        let template = template(&model)?;
        let found_in_text = found_in_text(&model);
        let threads = options.threads.unwrap_or_else(machine::default_threads).clamp(1, 64);
        let ability = manifest::ability(&sha256).unwrap_or_else(|| Ability::of(model.n_params()));
        let identity = ModelIdentity { name, sha256, context, ability };
        let paces = [Pace::new(threads), Pace::new(threads)];
        let chunk = chunk_of(model.n_params(), model.n_layer());
        let pool = Arc::new(Threads::new(threads)?);
        Ok(Self { model, template, identity, threads: pool, chunk, paces, found_in_text, kept: None })
    }

    /// Tokens of a conversation, shortened until the prompt and `reserve` tokens of answer fit, and the turns that had
    /// no room.
    fn encode(&self, messages: &[Message], reserve: u32) -> Result<(Vec<LlamaToken>, Vec<usize>), LlmError> {
        let room = self.identity.context.saturating_sub(reserve);
        let texts: Vec<Vec<LlamaToken>> =
            messages.iter().map(|message| self.tokens_of_text(&message.text)).collect();
        let frame = self.frame(messages)?;
        let mut costs = Vec::new();
        for ((message, text), before) in messages.iter().zip(&texts).zip(&frame) {
            let cost = text.len() + before.len();
            costs.push(budget::Turn { role: message.role, place: message.place, cost });
        }
        let closing = frame.last().map_or(0, Vec::len);
        let too_long = |needed: usize| LlmError::PromptTooLong { needed: needed as u32, room };
        let kept = budget::keep(&costs, (room as usize).saturating_sub(closing))
            .map_err(|error| too_long(error.needed + closing))?;
        let frame = if kept.len() == messages.len() {
            frame
        } else {
            self.frame(&kept.iter().map(|idx| messages[*idx].clone()).collect::<Vec<_>>())?
        };
        let mut tokens = Vec::new();
        for (before, idx) in frame.iter().zip(&kept) {
            tokens.extend_from_slice(before);
            tokens.extend_from_slice(&texts[*idx]);
        }
        tokens.extend_from_slice(frame.last().map_or(&[], Vec::as_slice));
        if tokens.is_empty() {
            return Err(LlmError::Failed("there is nothing to answer".to_owned()));
        }
        if tokens.len() > room as usize {
            return Err(too_long(tokens.len()));
        }
        let left_out = (0..messages.len()).filter(|idx| !kept.contains(idx)).collect();
        Ok((tokens, left_out))
    }

    /// What the model's template puts before each message and after the last, as tokens.
    ///
    /// The template is rendered with marks in place of the texts, and the pieces between the marks are tokenised with
    /// control tokens on. They come from llama.cpp's own table of templates, never from an entry.
    fn frame(&self, messages: &[Message]) -> Result<Vec<Vec<LlamaToken>>, LlmError> {
        let mark = |idx: usize| format!("@@llamora-{idx}@@");
        let unusable = |_| LlmError::NotAModel { reason: "its chat template cannot be used" };
        let turns: Result<Vec<_>, _> = messages
            .iter()
            .enumerate()
            .map(|(idx, message)| LlamaChatMessage::new(role_name(message.role).to_owned(), mark(idx)))
            .collect();
        let turns = turns.map_err(|_| unusable(()))?;
        let rendered =
            self.model.apply_chat_template(&self.template, &turns, true).map_err(|_| unusable(()))?;

        let mut pieces = Vec::new();
        let mut rest = rendered.as_str();
        for idx in 0..messages.len() {
            let (before, after) = rest.split_once(mark(idx).as_str()).ok_or_else(|| unusable(()))?;
            pieces.push(before);
            rest = after;
        }
        pieces.push(rest);

        let vocab = self.model.vocab();
        let mut frame: Vec<_> =
            pieces.iter().map(|piece| vocab.tokenize(piece.as_bytes(), false, true)).collect();
        if vocab.should_add_bos() && frame[0].first() != Some(&vocab.bos()) {
            frame[0].insert(0, vocab.bos());
        }
        Ok(frame)
    }

    /// Tokens of a text, none of them special.
    ///
    /// llama.cpp leaves control tokens alone then, but still finds user-defined ones such as `<think>`; those are cut
    /// after their first character.
    fn tokens_of_text(&self, text: &str) -> Vec<LlamaToken> {
        let vocab = self.model.vocab();
        let mut tokens = Vec::new();
        for piece in cut_within(text, &self.found_in_text) {
            vocab.tokenize_into(piece.as_bytes(), &mut tokens, false, false);
        }
        tokens
    }
}

impl Generator for LlamaGenerator {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        request: &GenRequest,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        if cancel.is_cancelled() {
            return Ok(StopReason::Cancelled);
        }
        let max_tokens = request.max_tokens.clamp(1, self.identity.context / 2);
        let (prompt, left_out) = self.encode(&request.messages, max_tokens)?;
        if !left_out.is_empty() {
            sink(GenEvent::LeftOut(left_out));
        }
        let sampling = Sampling {
            temperature: request.temperature,
            top_p: request.top_p,
            min_p: MIN_P,
            repeat: (REPEAT_LAST, REPEAT_PENALTY),
            seed: request.seed,
            grammar: request.shape.map(Shape::grammar),
        };
        let mut kept = self.kept_for(request.owner, &prompt, max_tokens)?;
        kept.begin(&prompt, &sampling, cancel)?;
        let ended = self.write(&mut kept, &prompt, max_tokens, cancel, sink);
        // After a failure nobody knows what stands in the cache.
        self.kept = ended.is_ok().then_some(kept);
        ended
    }

    fn forget(&mut self) {
        self.kept = None;
    }

    fn measure(&mut self, threads: u32, is_wanted: &dyn Fn() -> bool) -> Result<Option<Speed>, LlmError> {
        bench::measure(self, threads, is_wanted)
    }

    fn speed(&self) -> Option<Speed> {
        let [reading, writing] = &self.paces;
        let rate = |pace: &Pace| pace.cost().filter(|cost| *cost > 0.0).map(|cost| 1.0 / cost);
        Some(Speed { reading: rate(reading)?, writing: rate(writing)? })
    }
}

impl LlamaGenerator {
    /// Reads what is left of a prompt and writes the answer.
    fn write(
        &mut self,
        kept: &mut Kept,
        prompt: &[LlamaToken],
        max_tokens: u32,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let Self { model, paces: [reading, writing], .. } = self;
        while let Some(chunk) = kept.next_chunk(prompt) {
            if !step(kept.session(), reading, chunk)? {
                return Ok(StopReason::Cancelled);
            }
            kept.has_read(chunk);
            sink(GenEvent::Reading { done: kept.tokens().len() as u32, total: prompt.len() as u32 });
        }

        let vocab = model.vocab();
        let mut pieces = Utf8Pieces::default();
        let mut tail = String::new();
        for _ in 0..max_tokens {
            let chosen = kept.session().sample()?;
            if cancel.is_cancelled() {
                return Ok(StopReason::Cancelled);
            }
            let Some(token) = chosen else { return Ok(StopReason::Length) };
            if vocab.is_eog(token) {
                sink_end(pieces, sink);
                return Ok(StopReason::End);
            }
            let mut text = pieces.push(&vocab.token_to_piece(token, false, None));
            if tail.is_empty() {
                text = text.trim_start().to_owned();
            }
            if !text.is_empty() {
                tail.push_str(&text);
                sink(GenEvent::Token(text));
                if repeats_itself(&tail) {
                    return Ok(StopReason::End);
                }
                if tail.len() > 2 * REPEAT_WINDOW {
                    let start = (REPEAT_WINDOW..).find(|start| tail.is_char_boundary(*start)).unwrap_or(0);
                    tail.drain(..start);
                }
            }
            if !step(kept.session(), writing, &[token])? {
                return Ok(StopReason::Cancelled);
            }
            kept.has_written(token);
        }
        sink_end(pieces, sink);
        Ok(StopReason::Length)
    }
}

fn sink_end(pieces: Utf8Pieces, sink: &mut dyn FnMut(GenEvent)) {
    if let Some(rest) = pieces.finish() {
        sink(GenEvent::Token(rest.into()));
    }
}

/// Takes a step on as many threads as pay off now; `false` when it was cancelled.
fn step(session: &mut Session, pace: &mut Pace, tokens: &[LlamaToken]) -> Result<bool, LlmError> {
    session.set_threads(pace.threads());
    let start = Instant::now();
    let done = session.step(tokens)?;
    if done {
        pace.report(start.elapsed().as_secs_f64() / tokens.len() as f64);
    }
    Ok(done)
}

/// Tokens of a chunk: llama.cpp looks at the cancel flag after each operation of a step, of which the longest multiplies
/// the chunk by a matrix of about a third of a layer.
fn chunk_of(n_params: u64, n_layers: u32) -> usize {
    let longest = (n_params / u64::from(n_layers.max(1)) / 3).max(1);
    let fitting = (STRETCH / longest).clamp(*CHUNKS.start(), *CHUNKS.end());
    1 << fitting.ilog2()
}

fn role_name(role: Speaker) -> &'static str {
    match role {
        Speaker::System => "system",
        Speaker::Writer => "user",
        Speaker::Model => "assistant",
    }
}

/// The model's own template if llama.cpp knows it, else `ChatML`, which most models understand.
fn template(model: &LlamaModel) -> Result<LlamaChatTemplate, LlmError> {
    let probe = || LlamaChatMessage::new("user".to_owned(), "x".to_owned());
    if let (Ok(own), Ok(probe)) = (model.chat_template(None), probe())
        && model.apply_chat_template(&own, &[probe], true).is_ok()
    {
        return Ok(own);
    }
    LlamaChatTemplate::new("chatml")
        .map_err(|_| LlmError::NotAModel { reason: "its chat template cannot be used" })
}

/// Texts of user-defined tokens that look like marks, as in `<think>` or `[INST]`.
fn found_in_text(model: &LlamaModel) -> Vec<String> {
    let vocab = model.vocab();
    let mark = |text: &str| {
        text.len() > 2
            && (text.starts_with('<') && text.ends_with('>') || text.starts_with('[') && text.ends_with(']'))
    };
    vocab
        .tokens()
        .filter(|token| native::user_defined(model, *token))
        .filter_map(|token| vocab.text(token).and_then(|text| text.to_str().ok()).map(str::to_owned))
        .filter(|text| mark(text))
        .collect()
}
