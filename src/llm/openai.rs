//! An upstream: another program that speaks the protocol of `OpenAI`, asked instead of the model inside.
//!
//! [`Upstream`] is a [`Generator`]. Making one asks the server what it is: `GET /models` for the model, and `GET /props`
//! beside it, which only llama.cpp answers, for context and slots. A request is `POST /chat/completions`, streamed.
//! Only standard fields are sent, unless the server is llama.cpp. It runs on an engine's thread and blocks.
//!
//! # Security
//! Whether anything may be sent is decided above, in `services::upstream`: without consent no engine loads an upstream,
//! so nothing connects. Here: no redirects, no answer of an error is read, let alone shown, the key goes into one
//! header and nowhere else, and a cancelled request closes its connection at once.

use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    config::manifest::Ability,
    llm::{
        Cancel, GenEvent, GenRequest, Generator, LlmError, Message, ModelIdentity, Speaker, StopReason,
        budget,
        openai::{discovery::discover, stream::Events},
        shape::Shape,
    },
    outgoing::{Ask, Caller, OutgoingError, Patience, Reply, place::Place},
};

mod discovery;
mod stream;
#[cfg(test)]
mod tests;

/// To ask what the server is.
const QUESTION: Patience = Patience {
    connect: Duration::from_secs(5),
    head: Duration::from_secs(10),
    piece: Duration::from_secs(10),
};
/// To ask for a reply. A processor without help reads a long prompt for minutes before the first word.
const ANSWER: Patience = Patience {
    connect: Duration::from_secs(5),
    head: Duration::from_secs(15 * 60),
    piece: Duration::from_secs(15 * 60),
};
/// From the first word on.
const NEXT_WORD: Duration = Duration::from_secs(60);
/// A server that does not say how long a conversation may be is not given more tokens than this.
const USUAL_CONTEXT: u32 = 4096;
/// Conversations longer than this are not planned.
const MAX_CONTEXT: u32 = 32_768;
/// What a turn costs besides its text.
const TURN_COST: usize = 8;
/// Descriptions of a server are not read further than this.
const MAX_DESCRIPTION: usize = 4 << 20;

/// Where an upstream is and how to talk to it.
#[derive(Clone)]
pub struct UpstreamOptions {
    /// Address that `/chat/completions` follows.
    pub base: Place,
    /// Model to ask for; empty takes the first that is offered.
    pub model: String,
    /// Key for the server; empty sends none.
    pub key: Zeroizing<String>,
}

impl UpstreamOptions {
    /// From the settings `llm.upstream.host`, `llm.chat.base_url`, `.model` and `.api_key`; `None` when no upstream is
    /// set.
    ///
    /// # Errors
    /// [`OutgoingError::Address`] with the rest of a sentence that begins "the address".
    pub fn of(host: &str, base_url: &str, model: &str, key: &str) -> Result<Option<Self>, OutgoingError> {
        let base = match (host.trim(), base_url.trim()) {
            ("", "") => return Ok(None),
            (host, "") => Place::parse(host)?.below("/v1"),
            (_, base) => Place::parse(base)?,
        };
        let key = Zeroizing::new(key.to_owned());
        Ok(Some(Self { base, model: model.trim().to_owned(), key }))
    }
}

/// What is known of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The model that answers.
    pub model: String,
    /// Longest conversation, in tokens.
    pub context: u32,
    /// How many it answers at a time, when it says so.
    pub slots: Option<u32>,
    /// Number of parameters of the model, when it says so.
    pub parameters: Option<u64>,
    /// It is llama.cpp's own server.
    pub is_llama: bool,
}

/// An upstream that has said what it is.
pub struct Upstream {
    options: UpstreamOptions,
    caller: Caller,
    known: Discovered,
    identity: ModelIdentity,
}

impl Upstream {
    /// Asks the server what it is. This is the first connection to it.
    ///
    /// # Errors
    /// [`LlmError::Upstream`] with a sentence for people.
    pub fn connect(options: UpstreamOptions) -> Result<Self, LlmError> {
        let caller = Caller::new().map_err(|error| sentence(&error))?;
        let known = discover(&caller, &options)?;
        let shown = known.model.rsplit(['/', '\\']).next().unwrap_or_default();
        let shown: String = shown.trim_end_matches(".gguf").chars().take(80).collect();
        let identity = ModelIdentity {
            name: format!("{shown} at {}", options.base.shown()),
            // The bytes of the model are not known here.
            sha256: [0; 32],
            context: known.context,
            // Who sets up a server of its own has more than the smallest; one that says its size is believed.
            ability: known.parameters.map_or(Ability::Able, Ability::of),
        };
        tracing::info!(model = %identity.name, "an upstream was found");
        Ok(Self { options, caller, known, identity })
    }

    /// What the server said of itself.
    pub fn known(&self) -> &Discovered {
        &self.known
    }
}

impl Discovered {
    /// What is taken for granted of a server that was not asked yet.
    pub fn assumed(options: &UpstreamOptions) -> Self {
        Self {
            model: options.model.clone(),
            context: USUAL_CONTEXT,
            slots: None,
            parameters: None,
            is_llama: false,
        }
    }

    fn most_tokens(&self, request: &GenRequest) -> u32 {
        request.max_tokens.clamp(1, self.context / 2)
    }
}

/// The body of a request, byte for byte as it is sent to a server of which this is known.
///
/// # Errors
/// [`LlmError::PromptTooLong`].
pub fn payload(known: &Discovered, request: &GenRequest) -> Result<String, LlmError> {
    let max_tokens = known.most_tokens(request);
    let turn = |message: &Message| Turn { role: role_name(message.role), content: message.text.clone() };
    let messages = fitting(&request.messages, known.context - max_tokens)?.into_iter().map(turn).collect();
    let llama = known.is_llama.then(|| Llama {
        cache_prompt: true,
        return_progress: true,
        min_p: 0.05,
        repeat_penalty: 1.1,
        chat_template_kwargs: Kwargs { enable_thinking: false },
        grammar: request.shape.map(Shape::grammar),
    });
    let body = Body {
        model: &known.model,
        messages,
        max_tokens,
        temperature: request.temperature,
        top_p: request.top_p,
        stream: true,
        llama,
    };
    Ok(serde_json::to_string(&body).expect("numbers and texts are JSON"))
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Turn>,
    max_tokens: u32,
    temperature: f32,
    top_p: f32,
    stream: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    llama: Option<Llama>,
}

#[derive(Serialize)]
struct Turn {
    role: &'static str,
    content: String,
}

/// What only llama.cpp understands.
#[derive(Serialize)]
struct Llama {
    cache_prompt: bool,
    return_progress: bool,
    min_p: f32,
    repeat_penalty: f32,
    chat_template_kwargs: Kwargs,
    /// The shape of the answer. Other servers are only asked for it in words; what they say is read as strictly.
    #[serde(skip_serializing_if = "Option::is_none")]
    grammar: Option<String>,
}

#[derive(Serialize)]
struct Kwargs {
    enable_thinking: bool,
}

impl Generator for Upstream {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        request: &GenRequest,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let max_tokens = self.known.most_tokens(request);
        let body = payload(&self.known, request)?;
        let key = request.key.as_ref().map_or(self.options.key.as_str(), |own| own.as_str());
        let is_wanted = || !cancel.is_cancelled();
        let place = self.options.base.below("/chat/completions");
        let ask = Ask {
            place: &place,
            headers: &headers(key, "text/event-stream"),
            json: Some(body),
            patience: ANSWER,
        };
        let done = match self.caller.send(&ask, &is_wanted) {
            Ok(reply) if reply.status() == 200 => answer(reply, max_tokens, &is_wanted, sink),
            Ok(reply) => return Err(refusal(reply.status(), &place)),
            Err(error) => Err(error),
        };
        match done {
            Ok(reason) => Ok(reason),
            Err(OutgoingError::Cancelled) => Ok(StopReason::Cancelled),
            Err(error) => Err(sentence(&error)),
        }
    }
}

/// Follows a streamed answer to its end.
fn answer(
    mut reply: Reply<'_>,
    max_tokens: u32,
    is_wanted: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(GenEvent),
) -> Result<StopReason, OutgoingError> {
    let mut events = Events::default();
    let mut n_pieces = 0;
    let host = reply.host().to_owned();
    let broke_off = || OutgoingError::BrokeOff(host.clone());
    while let Some(bytes) = reply.piece(is_wanted)? {
        for event in events.push(&bytes).map_err(|_| broke_off())? {
            if let Some((done, total)) = event.progress {
                sink(GenEvent::Reading { done, total });
            }
            if event.failed {
                return Err(broke_off());
            }
            let mut text = event.text.unwrap_or_default();
            if n_pieces == 0 {
                text = text.trim_start().to_owned();
            }
            if !text.is_empty() {
                reply.wait_for_pieces(NEXT_WORD);
                sink(GenEvent::Token(text));
                n_pieces += 1;
            }
            // Some servers do not count as we asked.
            if event.length || n_pieces >= max_tokens {
                return Ok(StopReason::Length);
            }
            if event.end {
                return Ok(StopReason::End);
            }
        }
    }
    Err(broke_off())
}

/// The turns that fit, by an estimate on the high side: the model's own tokenizer is not here.
fn fitting(messages: &[Message], room: u32) -> Result<Vec<&Message>, LlmError> {
    let cost = |turn: &Message| budget::estimate(&turn.text) + TURN_COST;
    let costs: Vec<_> = messages
        .iter()
        .map(|turn| budget::Turn { role: turn.role, place: turn.place, cost: cost(turn) })
        .collect();
    let kept = budget::keep(&costs, room as usize)
        .map_err(|long| LlmError::PromptTooLong { needed: long.needed as u32, room })?;
    Ok(kept.into_iter().map(|idx| &messages[idx]).collect())
}

fn headers(key: &str, accept: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![("accept", accept.to_owned())];
    if !key.is_empty() {
        headers.push(("authorization", format!("Bearer {key}")));
    }
    headers
}

fn sentence(error: &OutgoingError) -> LlmError {
    LlmError::Upstream(error.to_string())
}

/// A status that says no, in words. What else the server said is not looked at.
fn refusal(status: u16, place: &Place) -> LlmError {
    let host = place.shown();
    LlmError::Upstream(match status {
        300..=399 => format!("{host} sends on to another address, which is not followed"),
        401 | 403 => format!("{host} does not take the key"),
        404 => format!("{host} has no such address or model; check llm.chat.base_url and llm.chat.model"),
        400 | 413 | 422 => format!("{host} does not take the request (status {status})"),
        429 | 503 => format!("{host} is busy or still loading its model; try again in a moment"),
        _ => format!("{host} failed (status {status})"),
    })
}

fn role_name(role: Speaker) -> &'static str {
    match role {
        Speaker::System => "system",
        Speaker::Writer => "user",
        Speaker::Model => "assistant",
    }
}
