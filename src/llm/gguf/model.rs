//! The keys of a GGUF file that llama.cpp asserts on, read in its version of 2026-10 (llama-cpp-sys-2 0.1.161):
//! `llama_model_base::load_hparams`, `llama_vocab::impl::load` and the graph of plain transformers.

use std::collections::{HashMap, HashSet};

use crate::llm::{
    LlmError,
    gguf::{Summary, Value, refuse},
};

/// `LLAMA_MAX_LAYERS`.
const MAX_LAYERS: u64 = 512;
/// `LLAMA_MAX_EXPERTS`.
const MAX_EXPERTS: u64 = 512;
const MAX_WIDTH: u64 = 1 << 17;
const MAX_HEADS: u64 = 4096;
const MAX_CONTEXT: u64 = 1 << 28;
/// llama.cpp's built-in ids of special tokens are below this.
const MIN_TOKENS: usize = 32;

/// Architectures that do not write text: encoders, embedders, image and sound models.
const SILENT: [&str; 7] = ["bert", "t5", "clip", "embed", "wavtokenizer", "mmproj", "diffusion"];

type Values<'a> = HashMap<&'a str, Value<'a>>;

pub(super) fn check(values: &Values<'_>, tensors: usize) -> Result<Summary, LlmError> {
    let Some(architecture) = text(values, "general.architecture").filter(|name| !name.is_empty()) else {
        return refuse("it does not say what kind of model it is");
    };
    if SILENT.iter().any(|silent| architecture.contains(silent)) {
        return refuse("it is not a model that writes text");
    }
    let key = |name: &str| format!("{architecture}.{name}");

    let layers = number(values, &key("block_count"), 1..=MAX_LAYERS)?;
    let width = number(values, &key("embedding_length"), 1..=MAX_WIDTH)?;
    let context = number(values, &key("context_length"), 1..=MAX_CONTEXT)?;
    let heads = numbers_per_layer(values, &key("attention.head_count"), layers)?;
    let heads_kv = numbers_per_layer(values, &key("attention.head_count_kv"), layers)?;
    for (idx, heads) in heads.iter().enumerate() {
        if *heads > MAX_HEADS || (*heads > 0 && width < *heads) {
            return refuse("its number of attention heads is impossible");
        }
        let shared = heads_kv.get(if heads_kv.len() == 1 { 0 } else { idx }).copied().unwrap_or(*heads);
        if shared > *heads || (shared > 0 && heads % shared != 0) {
            return refuse("its number of attention heads is impossible");
        }
    }
    for name in ["attention.key_length", "attention.value_length", "rope.dimension_count"] {
        optional(values, &key(name), 1..=MAX_WIDTH)?;
    }
    for (name, value) in values {
        let Value::Float(value) = value else { continue };
        // ggml asserts that what is added below a square root is not negative.
        if !value.is_finite() || (name.ends_with("epsilon") && !(0.0..=1.0).contains(value)) {
            return refuse("one of its numbers is impossible");
        }
    }
    let experts = optional(values, &key("expert_count"), 0..=MAX_EXPERTS)?.unwrap_or(0);
    let used = numbers_per_layer(values, &key("expert_used_count"), layers)?.into_iter().max().unwrap_or(0);
    let groups = optional(values, &key("expert_group_count"), 0..=MAX_EXPERTS)?.unwrap_or(0);
    let groups_used = optional(values, &key("expert_group_used_count"), 0..=MAX_EXPERTS)?.unwrap_or(0);
    let experts_ok = if experts == 0 {
        used == 0 && groups == 0
    } else {
        (1..=experts).contains(&used)
            && groups < experts
            && (groups <= 1 || (experts % groups == 0 && (1..groups).contains(&groups_used)))
    };
    if !experts_ok {
        return refuse("its numbers of experts are impossible");
    }
    optional(values, &key("nextn_predict_layers"), 0..=layers)?;
    if let Some(scaling) = values.get(key("rope.scaling.type").as_str()) {
        let known: [&[u8]; 4] = [b"none", b"linear", b"yarn", b"longrope"];
        if !matches!(scaling, Value::Text(kind) if known.contains(kind)) {
            return refuse("its kind of position scaling is unknown");
        }
    }

    let vocabulary = vocabulary(values)?;
    let name = text(values, "general.name").unwrap_or_default().to_owned();
    Ok(Summary { name, architecture: architecture.to_owned(), context: context as u32, tensors, vocabulary })
}

/// Tokens exist, are all different, and the one that starts every text is one of them.
fn vocabulary(values: &Values<'_>) -> Result<usize, LlmError> {
    if !matches!(text(values, "tokenizer.ggml.model"), Some("gpt2" | "llama" | "gemma4")) {
        return refuse("its tokenizer is of a kind this program does not use");
    }
    let Some(Value::Texts(tokens)) = values.get("tokenizer.ggml.tokens") else {
        return refuse("it has no vocabulary");
    };
    let mut seen = HashSet::with_capacity(tokens.len());
    if tokens.len() < MIN_TOKENS || !tokens.iter().all(|token| token.is_empty() || seen.insert(*token)) {
        return refuse("its vocabulary is empty or has words twice");
    }
    if tokens.iter().any(|token| token.starts_with(b"[EMPTY_")) {
        return refuse("its vocabulary has a reserved word");
    }
    let widths = [("tokenizer.ggml.scores", 6), ("tokenizer.ggml.token_type", 5)];
    for (name, kind) in widths {
        match values.get(name) {
            None => {}
            Some(Value::Numbers(found, bytes)) if *found == kind && bytes.len() == tokens.len() * 4 => {}
            Some(_) => return refuse("its vocabulary does not fit together"),
        }
    }
    match values.get("tokenizer.ggml.merges") {
        None => {}
        // A merge is two words and one blank; llama.cpp asserts on other blanks.
        Some(Value::Texts(merges))
            if merges.iter().all(|merge| merge.get(1..).is_some_and(|rest| rest.contains(&b' '))) => {}
        Some(_) => return refuse("its vocabulary does not fit together"),
    }
    // llama.cpp passes over special tokens that do not exist, except the one it puts first.
    if values.get("tokenizer.ggml.add_bos_token") == Some(&Value::Bool(true)) {
        optional(values, "tokenizer.ggml.bos_token_id", 0..=tokens.len() as u64 - 1)?;
    }
    Ok(tokens.len())
}

fn text<'a>(values: &Values<'a>, key: &str) -> Option<&'a str> {
    match values.get(key) {
        Some(Value::Text(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn optional(
    values: &Values<'_>,
    key: &str,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, LlmError> {
    match values.get(key) {
        None => Ok(None),
        Some(Value::Unsigned(value)) if allowed.contains(value) => Ok(Some(*value)),
        Some(_) => refuse("one of its sizes is impossible"),
    }
}

fn number(values: &Values<'_>, key: &str, allowed: std::ops::RangeInclusive<u64>) -> Result<u64, LlmError> {
    optional(values, key, allowed)?.ok_or(LlmError::NotAModel { reason: "one of its sizes is missing" })
}

/// A number for all layers, or a list with one for each.
fn numbers_per_layer(values: &Values<'_>, key: &str, layers: u64) -> Result<Vec<u64>, LlmError> {
    match values.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Unsigned(value)) => Ok(vec![*value]),
        Some(Value::Numbers(4 | 5, bytes)) if bytes.len() as u64 == layers * 4 => Ok(bytes
            .chunks_exact(4)
            .map(|le| u64::from(u32::from_le_bytes([le[0], le[1], le[2], le[3]])))
            .collect()),
        Some(_) => refuse("one of its sizes is impossible"),
    }
}
