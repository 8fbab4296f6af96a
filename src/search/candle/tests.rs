use std::{path::PathBuf, time::Instant};

use super::*;
use crate::search::{candle::product::Way, vectors};

/// The model of the manifest, if it is on this machine.
pub(crate) fn pinned(skipped: &str) -> Option<CandleEmbedder> {
    let folder =
        std::env::var_os("LLAMORA_MODELS__DIR").map_or_else(|| PathBuf::from("models"), PathBuf::from);
    let read = |name: &str| std::fs::read(folder.join("embedder").join(name)).ok();
    let files = (read("model-f16.safetensors"), read("tokenizer.json"), read("config.json"));
    let (Some(weights), Some(tokenizer), Some(config)) = files else {
        eprintln!("skipped, no models/embedder (make test fetches it): {skipped}");
        return None;
    };
    Some(load(weights, &tokenizer, &config).unwrap())
}

fn load(weights: Vec<u8>, tokenizer: &[u8], config: &[u8]) -> Result<CandleEmbedder, EmbedError> {
    let name = "all-MiniLM-L6-v2".to_owned();
    CandleEmbedder::load(ModelFiles { weights: Box::new(weights), tokenizer, config, name, sha256: [0; 32] })
}

/// Computed in double precision by another implementation from the f32 weights (`scripts/embedder-golden.py`).
fn reference() -> Vec<(String, usize, Vec<f32>)> {
    let json = include_str!("../../../tests/golden/embedder/all-MiniLM-L6-v2.json");
    let rows: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    rows.iter()
        .map(|row| {
            let vector = row["vector"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32);
            let tokens = usize::try_from(row["tokens"].as_u64().unwrap()).unwrap();
            (row["text"].as_str().unwrap().to_owned(), tokens, vector.collect())
        })
        .collect()
}

#[test]
fn vectors_agree_with_another_implementation() {
    let Some(mut embedder) = pinned("vectors_agree_with_another_implementation") else { return };
    let reference = reference();
    let texts: Vec<&str> = reference.iter().map(|(text, ..)| text.as_str()).collect();
    let vectors = embedder.embed(&texts).unwrap();
    let mut worst = (1.0f32, 0.0f32);
    for ((text, n_tokens, expected), vector) in reference.iter().zip(&vectors) {
        assert_eq!(embedder.tokens(text).unwrap().len(), *n_tokens);
        let difference =
            vector.iter().zip(expected).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
        worst = (worst.0.min(vectors::dot(vector, expected)), worst.1.max(difference));
    }
    eprintln!("against the reference: cosine at least {:.7}, difference at most {:.6}", worst.0, worst.1);
    assert!(worst.0 >= 0.999 && worst.1 <= 0.005);
}

// The way that ships is not the quicker one in a test, whose own loops are not optimised.
#[test]
fn products_of_either_way_give_the_same_vectors() {
    let Some(mut embedder) = pinned("products_of_either_way_give_the_same_vectors") else { return };
    let texts = ["the old harbour", "money and sleep"];
    let [by_loop, by_candle] = [Way::Loop, Way::Candle].map(|way| {
        embedder.bert.way = way;
        embedder.embed(&texts).unwrap()
    });
    for (one, other) in by_loop.iter().zip(&by_candle) {
        assert!(vectors::dot(one, other) > 0.999_999);
    }
}

#[test]
fn a_vector_does_not_depend_on_its_batch() {
    let Some(mut embedder) = pinned("a_vector_does_not_depend_on_its_batch") else { return };
    let texts = ["short", "a rather longer sentence about the sea and the weather of that day", "x"];
    let together = embedder.embed(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        let alone = embedder.embed(&[text]).unwrap();
        assert!(vectors::dot(&alone[0], vector) > 0.999_999);
    }
    assert_eq!(embedder.embed(&[]), Err(EmbedError::Failed));
    assert_eq!(embedder.embed(&[""]).unwrap()[0].len(), 384, "nothing at all has a vector too");
}

#[test]
fn signs_of_the_model_in_a_text_are_words() {
    let Some(embedder) = pinned("signs_of_the_model_in_a_text_are_words") else { return };
    let tokens = embedder.tokens("[SEP] [PAD] [CLS]").unwrap();
    assert_eq!((tokens.first(), tokens.last()), (Some(&101), Some(&102)));
    assert!(tokens[1..tokens.len() - 1].iter().all(|token| ![0, 101, 102].contains(token)));
}

#[test]
fn damaged_files_are_refused_with_a_reason() {
    let config = br#"{"model_type":"bert","hidden_act":"gelu","hidden_size":8,"num_attention_heads":2,
        "num_hidden_layers":1,"intermediate_size":16,"vocab_size":9,"max_position_embeddings":256}"#;
    let tokenizer = br#"{"version":"1.0","model":{"type":"WordPiece","vocab":{"[UNK]":0},"unk_token":"[UNK]","continuing_subword_prefix":"~~","max_input_chars_per_word":9}}"#;
    let reason =
        |weights: &[u8], tokenizer: &[u8], config: &[u8]| match load(weights.to_vec(), tokenizer, config) {
            Err(EmbedError::NotAModel(reason)) => reason,
            Err(other) => other.to_string(),
            Ok(_) => "loaded".to_owned(),
        };
    assert_eq!(reason(b"", tokenizer, config), "the weights cannot be read");
    assert_eq!(reason(b"\x02\0\0\0\0\0\0\0{}", tokenizer, config), "a part of the weights is missing");
    assert_eq!(reason(b"GGUF", b"{}", config), "the tokenizer cannot be read");
    assert_eq!(reason(b"GGUF", tokenizer, b"{}"), "the architecture is not BERT");
    let narrow = br#"{"model_type":"bert","hidden_act":"gelu","hidden_size":0}"#;
    assert_eq!(reason(b"GGUF", tokenizer, narrow), "the configuration is not whole");
}

#[test]
fn time_per_chunk_is_printed() {
    let Some(mut embedder) = pinned("time_per_chunk_is_printed") else { return };
    let text = "walked to the old harbour with the dog and thought of home ".repeat(17);
    let n_tokens = embedder.tokens(&text).unwrap().len();
    embedder.embed(&[&text]).unwrap();
    let mut measure = |text: &str| {
        let mut times: Vec<(f64, f64)> = (0..15)
            .map(|_| {
                let started = (processor_ms(), Instant::now());
                embedder.embed(&[text]).unwrap();
                (processor_ms() - started.0, started.1.elapsed().as_secs_f64() * 1e3)
            })
            .collect();
        times.sort_by(|left, right| left.0.total_cmp(&right.0));
        times[7]
    };
    let (chunk, query) = (measure(&text), measure("where did I put the keys"));
    eprintln!(
        "embedding {n_tokens} tokens: {:.1} ms of one thread ({:.1} by the clock); a query {:.1} ms",
        chunk.0, chunk.1, query.0
    );
}

/// Processor time of this thread; 0 where the system does not tell.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}
