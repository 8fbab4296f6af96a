//! Text models: one trait, a worker thread that owns the model, and the prompts.
//!
//! [`worker::Engine`] takes [`GenRequest`]s from many owners, answers them one at a time in fair order, and reports by
//! [`worker::JobEvent`]s. What answers is a [`Generator`]: llama.cpp inside this process (`llama`), or a scripted one
//! for tests (`scripted`). Nothing here knows the store, keys or users: an owner is a number.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use zeroize::Zeroizing;

use crate::{
    config::manifest::Ability,
    container::{ContainerError, source::ModelSource},
    llm::{shape::Shape, speed::Speed},
};

pub mod budget;
pub mod catalogue;
pub mod download;
pub mod elsewhere;
pub mod gguf;
#[cfg(feature = "llama")]
mod llama;
pub mod machine;
pub mod openai;
pub mod pace;
pub mod prompt;
pub mod queue;
#[cfg(any(test, feature = "test-hooks"))]
pub mod scripted;
pub mod shape;
pub mod shelf;
pub mod speed;
pub mod text;
pub mod visible;
pub mod worker;

/// Who speaks in a conversation with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The program: rules and context.
    System,
    /// The person.
    Writer,
    /// The model, earlier.
    Model,
}

/// What a turn is for, which decides what is left out when a conversation is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Never left out: the rules, and what is to be answered.
    Fixed,
    /// What was said before; the oldest goes first, after all memories.
    Before,
    /// Something remembered; the last one goes first.
    Memory,
}

/// One turn of a conversation. Its text is data: nothing in it is read as a control token.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Speaker,
    /// What is said.
    pub text: String,
    /// What it is for.
    pub place: Place,
}

impl Message {
    /// A turn: the rules when the program speaks, else something said before. The last turn of a conversation is
    /// never left out.
    pub fn new(role: Speaker, text: impl Into<String>) -> Self {
        let place = if role == Speaker::System { Place::Fixed } else { Place::Before };
        Self { role, text: text.into(), place }
    }

    /// The same in another place.
    pub fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }
}

/// A key for an upstream; wiped when nobody holds it any more.
pub type UpstreamKey = Arc<Zeroizing<String>>;

/// What to generate, and how.
#[derive(Clone)]
pub struct GenRequest {
    /// Whose request it is; set by [`worker::Engine::submit`].
    pub owner: u64,
    /// The conversation so far; the last turn is the one to answer.
    pub messages: Vec<Message>,
    /// Longest answer, in tokens of the model.
    pub max_tokens: u32,
    /// How daring the choice of words is; 0 always takes the likeliest.
    pub temperature: f32,
    /// Only the likeliest words that together have this share of the probability are considered.
    pub top_p: f32,
    /// The same seed, prompt, model and machine give the same text, as long as one thread computes.
    pub seed: u32,
    /// The shape that the answer has to have; none for free text.
    pub shape: Option<Shape>,
    /// The asker's own key for an upstream, in place of the owner's.
    pub key: Option<UpstreamKey>,
}

impl GenRequest {
    /// A request with the settings used for replies.
    pub fn reply(messages: Vec<Message>, seed: u32) -> Self {
        Self {
            owner: 0,
            messages,
            max_tokens: 320,
            temperature: 0.7,
            top_p: 0.9,
            seed,
            shape: None,
            key: None,
        }
    }

    /// A request for an answer of a shape: as long as that may be, and the likeliest words, which are the soberest.
    pub fn shaped(messages: Vec<Message>, shape: Shape) -> Self {
        Self {
            max_tokens: shape.max_tokens(),
            temperature: 0.0,
            shape: Some(shape),
            ..Self::reply(messages, 0)
        }
    }

    /// The settings in words, as kept with a reply.
    pub fn settings(&self) -> String {
        format!(
            "temperature {}, top-p {}, at most {} tokens, seed {}",
            self.temperature, self.top_p, self.max_tokens, self.seed
        )
    }
}

/// What a running generation reports.
#[derive(Clone, PartialEq, Eq)]
pub enum GenEvent {
    /// The prompt is being read.
    Reading {
        /// Tokens read.
        done: u32,
        /// Tokens in all.
        total: u32,
    },
    /// These turns of the conversation, by index, had no room. Comes before everything else.
    LeftOut(Vec<usize>),
    /// More text; whole characters, never empty.
    Token(String),
}

/// Why a generation ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model came to its end.
    End,
    /// The longest allowed answer was reached.
    Length,
    /// Somebody asked it to stop; what was said stands.
    Cancelled,
}

/// A request to stop, shared between whoever asks and whoever works.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. Cannot be taken back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Which model answers, as shown to people and kept with every reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelIdentity {
    /// Name for people.
    pub name: String,
    /// Digest of the model's bytes.
    pub sha256: [u8; 32],
    /// Longest conversation, in tokens.
    pub context: u32,
    /// What may be asked of it, listed or measured. It decides which rules it is given, how much of the journal, and
    /// whether labels and recaps are left to it.
    pub ability: Ability,
}

/// Anything that continues a conversation. Synchronous: it runs on the worker's thread and may take minutes.
pub trait Generator: Send {
    /// Which model this is.
    fn identity(&self) -> &ModelIdentity;

    /// Answers the last turn, telling `sink` of progress and text.
    ///
    /// Looks at `cancel` at least between any two events. What was read may be kept for the next request of the same
    /// owner, and for nobody else, until [`Self::forget`].
    ///
    /// # Errors
    /// When the prompt does not fit or the model fails; text given to `sink` before stands.
    fn generate(
        &mut self,
        request: &GenRequest,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError>;

    /// Forgets, and overwrites, all that was kept of conversations. Called before another owner's request and when an
    /// owner's vault is locked.
    fn forget(&mut self) {}

    /// Measures how fast it reads and writes on so many threads, with words that are nobody's. `is_wanted` is looked at
    /// between steps; `None` when it said no.
    ///
    /// # Errors
    /// When it cannot be measured, or fails.
    fn measure(&mut self, threads: u32, is_wanted: &dyn Fn() -> bool) -> Result<Option<Speed>, LlmError> {
        let _ = (threads, is_wanted);
        Err(LlmError::Failed("it cannot be measured here".to_owned()))
    }

    /// How fast it is, as its latest answers measured; `None` before the first.
    fn speed(&self) -> Option<Speed> {
        None
    }
}

/// Loads a model from where it is.
pub type LoadModel = Arc<dyn Fn(&ModelSource) -> Result<Box<dyn Generator>, LlmError> + Send + Sync>;

/// Why there is no text. Holds no words of the writer or the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// No model file was found.
    #[error("there is no language model")]
    NoModel,
    /// The program was compiled without llama.cpp.
    #[error("this build has no local language model")]
    NotBuilt,
    /// The file cannot be opened.
    #[error("the model file cannot be read: {0}")]
    Unreadable(String),
    /// The file is not a model, or not one that can write.
    #[error("the model file cannot be used: {reason}")]
    NotAModel {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file ends before its contents do.
    #[error("the model file is incomplete; fetch it again")]
    Truncated,
    /// The bytes are not the expected ones.
    #[error("the model file is not the one it should be (its checksum differs); fetch it again")]
    Altered,
    /// This processor cannot run it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The turn to answer is too long for the model.
    #[error("this is too long for the language model: {needed} tokens, and it can read {room}")]
    PromptTooLong {
        /// Tokens of the shortest prompt that would do.
        needed: u32,
        /// Tokens there is room for.
        room: u32,
    },
    /// Too many requests are waiting.
    #[error("the language model has too much to do; try again in a moment")]
    Overloaded,
    /// The model is not loaded, and why.
    #[error("the language model is not available: {0}")]
    Unavailable(String),
    /// Stopped before it began.
    #[error("stopped before it began")]
    Cancelled,
    /// The upstream cannot be asked or broke off; a sentence that names its host and nothing it said.
    #[error("{0}")]
    Upstream(String),
    /// The model failed while it worked.
    #[error("the language model failed: {0}")]
    Failed(String),
}

impl From<ContainerError> for LlmError {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Io(_, cause) if cause.kind() == std::io::ErrorKind::NotFound => Self::NoModel,
            ContainerError::Io(_, cause) => Self::Unreadable(cause.kind().to_string()),
            ContainerError::Short | ContainerError::CutOff => Self::Truncated,
            ContainerError::Altered => Self::Altered,
            ContainerError::Version(_) | ContainerError::Layout(_) => Self::Unreadable(error.to_string()),
        }
    }
}

/// How a local model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlamaOptions {
    /// Longest conversation, in tokens; kept between 512 and 8192 and below what the model was trained on.
    pub context: u32,
    /// Most threads that compute; `None` means the number of physical cores, at most 4. While other programs use the
    /// cores, one thread is used, see [`pace`].
    pub threads: Option<u32>,
}

impl Default for LlamaOptions {
    fn default() -> Self {
        Self { context: 4096, threads: None }
    }
}

/// Loads a model into this process.
///
/// Takes seconds; call it from the worker ([`worker::Engine::start`]), not from a request.
///
/// # Errors
/// [`LlmError::NotBuilt`] without feature `llama`, [`LlmError::Unsupported`] on a processor without AVX2, and whatever
/// is wrong with the file. A bad file is an error, never an abort, as far as [`gguf`] can tell.
pub fn load_local(source: &ModelSource, options: &LlamaOptions) -> Result<Box<dyn Generator>, LlmError> {
    #[cfg(feature = "llama")]
    return Ok(Box::new(llama::LlamaGenerator::load(source, options)?));
    #[cfg(not(feature = "llama"))]
    {
        let _ = (source, options);
        Err(LlmError::NotBuilt)
    }
}

/// Loads a model file into this process, for tests of other modules.
///
/// # Errors
/// Those of [`load_local`].
#[cfg(test)]
pub(crate) fn load_file(path: std::path::PathBuf) -> Result<Box<dyn Generator>, LlmError> {
    load_local(&ModelSource::file(path), &LlamaOptions::default())
}
