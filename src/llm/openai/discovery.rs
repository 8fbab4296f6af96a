//! Asking a server what it is.

use serde::Deserialize;

use crate::{
    llm::{
        LlmError,
        openai::{
            Discovered, MAX_CONTEXT, MAX_DESCRIPTION, QUESTION, USUAL_CONTEXT, UpstreamOptions, headers,
            refusal, sentence,
        },
    },
    outgoing::{Ask, Caller, OutgoingError, Reply, place::Place},
};

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    meta: Option<Meta>,
    /// As vLLM says it.
    #[serde(default)]
    max_model_len: Option<u32>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    n_ctx: Option<u32>,
    #[serde(default)]
    n_params: Option<u64>,
}

#[derive(Deserialize)]
struct Props {
    default_generation_settings: Settings,
    #[serde(default)]
    total_slots: Option<u32>,
}

#[derive(Deserialize)]
struct Settings {
    n_ctx: u32,
}

pub(super) fn discover(caller: &Caller, options: &UpstreamOptions) -> Result<Discovered, LlmError> {
    let get = |place: &Place| {
        let headers = headers(&options.key, "application/json");
        let ask = Ask { place, headers: &headers, json: None, patience: QUESTION };
        caller.send(&ask, &|| true)
    };
    let place = options.base.below("/models");
    let reply = get(&place).map_err(|error| sentence(&error))?;
    let models = match reply.status() {
        200 => {
            let text = reply.whole(MAX_DESCRIPTION, &|| true).map_err(|error| sentence(&error))?;
            serde_json::from_slice::<Models>(&text).map(|models| models.data).unwrap_or_default()
        }
        // Some servers have no such list; then the settings must name the model.
        404 | 405 | 501 => Vec::new(),
        // With keys of each person the list may be closed as long as nobody asks for a reply.
        401 | 403 if options.key.is_empty() && !options.model.is_empty() => Vec::new(),
        status => return Err(refusal(status, &place)),
    };
    let model = match models.iter().find(|model| options.model.is_empty() || model.id == options.model) {
        Some(model) => Some(model),
        None if options.model.is_empty() => {
            let host = place.shown();
            return Err(LlmError::Upstream(format!(
                "{host} does not say which models it has. Name one in the setting llm.chat.model"
            )));
        }
        None => None,
    };
    let props = props(options, &get);
    let said =
        model.and_then(|model| model.max_model_len.or(model.meta.as_ref().and_then(|meta| meta.n_ctx)));
    let context = props.as_ref().map(|props| props.default_generation_settings.n_ctx).or(said);
    Ok(Discovered {
        model: model.map_or_else(|| options.model.clone(), |model| model.id.clone()),
        context: context.unwrap_or(USUAL_CONTEXT).clamp(512, MAX_CONTEXT),
        slots: props.as_ref().and_then(|props| props.total_slots),
        parameters: model.and_then(|model| model.meta.as_ref()?.n_params),
        is_llama: props.is_some(),
    })
}

/// What llama.cpp says of itself, beside the address of the protocol; `None` for any other server.
fn props<'c>(
    options: &UpstreamOptions,
    get: &dyn Fn(&Place) -> Result<Reply<'c>, OutgoingError>,
) -> Option<Props> {
    let reply = get(&options.base.beside("/v1", "/props")).ok().filter(|reply| reply.status() == 200)?;
    serde_json::from_slice(&reply.whole(MAX_DESCRIPTION, &|| true).ok()?).ok()
}
