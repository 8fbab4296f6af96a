use proptest::prelude::*;

use super::*;

mod damage;

/// Writes small model files, good ones unless told otherwise.
#[derive(Clone)]
struct Draft {
    version: u32,
    keys: Vec<(String, Vec<u8>)>,
    tensors: Vec<(&'static str, Vec<u64>, u32, u64)>,
    data: usize,
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn text(value: &str) -> Vec<u8> {
    [&8_u32.to_le_bytes()[..], &string(value)].concat()
}

fn number(value: u32) -> Vec<u8> {
    [4_u32.to_le_bytes(), value.to_le_bytes()].concat()
}

fn float(value: f32) -> Vec<u8> {
    [&6_u32.to_le_bytes()[..], &value.to_le_bytes()].concat()
}

fn list(kind: u32, count: u64, bytes: &[u8]) -> Vec<u8> {
    [&9_u32.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), bytes].concat()
}

fn words(count: usize) -> Vec<u8> {
    let all: Vec<u8> = (0..count).flat_map(|idx| string(&format!("word{idx}"))).collect();
    list(8, count as u64, &all)
}

impl Draft {
    fn good() -> Self {
        let keys = [
            ("general.architecture", text("llama")),
            ("general.name", text("Small One")),
            ("llama.block_count", number(2)),
            ("llama.embedding_length", number(64)),
            ("llama.context_length", number(2048)),
            ("llama.attention.head_count", number(8)),
            ("llama.attention.head_count_kv", number(4)),
            ("tokenizer.ggml.model", text("gpt2")),
            ("tokenizer.ggml.tokens", words(40)),
            ("tokenizer.ggml.token_type", list(5, 40, &[0; 160])),
            ("tokenizer.ggml.bos_token_id", number(1)),
        ];
        Self {
            version: 3,
            keys: keys.map(|(key, value)| (key.to_owned(), value)).to_vec(),
            tensors: vec![("a", vec![64, 2], 3, 0), ("b", vec![3], 0, 96)],
            data: 96 + 12,
        }
    }

    fn with(mut self, key: &str, value: Vec<u8>) -> Self {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_owned(), value));
        self
    }

    fn without(mut self, key: &str) -> Self {
        self.keys.retain(|(known, _)| known != key);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.keys.len() as u64).to_le_bytes());
        for (key, value) in &self.keys {
            out.extend(string(key));
            out.extend(value);
        }
        for (name, dimensions, kind, offset) in &self.tensors {
            out.extend(string(name));
            out.extend((dimensions.len() as u32).to_le_bytes());
            dimensions.iter().for_each(|size| out.extend(size.to_le_bytes()));
            out.extend(kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(32) + self.data, 1);
        out
    }
}

fn refused(draft: &Draft) -> bool {
    matches!(check(&draft.bytes()), Err(LlmError::NotAModel { .. }))
}

#[test]
fn a_good_file_is_described() {
    let summary = check(&Draft::good().bytes()).expect("a model");
    let expected = Summary {
        name: "Small One".to_owned(),
        architecture: "llama".to_owned(),
        context: 2048,
        tensors: 2,
        vocabulary: 40,
    };
    assert_eq!(summary, expected);
}

#[test]
fn the_sample_for_other_tests_passes() {
    assert_eq!(check(&sample::good_file(0)).expect("a model").vocabulary, 40);
    assert!(check(&sample::good_file(1_000)).is_ok());
}

#[test]
fn what_is_no_model_is_refused() {
    for bytes in [&b""[..], b"GGU", b"PK\x03\x04 a zip file", b"version https://git-lfs.github.com/spec/v1"] {
        assert!(matches!(check(bytes), Err(LlmError::NotAModel { .. })));
    }
    for version in [0, 1, 4, 0x0300_0000] {
        assert!(refused(&Draft { version, ..Draft::good() }));
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = Draft::good().bytes();
    for len in 0..bytes.len() {
        assert!(check(&bytes[..len]).is_err(), "cut to {len}");
    }
    assert_eq!(check(&bytes[..bytes.len() - 1]), Err(LlmError::Truncated));
    assert_eq!(check(&bytes[..30]), Err(LlmError::Truncated));
}

#[test]
fn huge_counts_cost_nothing() {
    let good = Draft::good().bytes();
    for field in [8, 16] {
        for count in [0, 1 << 20, u64::MAX >> 1, u64::MAX] {
            let mut bytes = good.clone();
            bytes[field..field + 8].copy_from_slice(&count.to_le_bytes());
            assert!(check(&bytes).is_err(), "field {field}, {count}");
        }
    }
    for kind in [8, 4] {
        for count in [4_000_000, 1 << 40, u64::MAX] {
            assert!(check(&Draft::good().with("x", list(kind, count, &[])).bytes()).is_err());
        }
    }
    let endless = [&8_u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
    assert!(check(&Draft::good().with("x", endless).bytes()).is_err());
}

#[test]
fn tensors_must_stand_one_after_the_other_inside_the_file() {
    let with = |tensors: Vec<(&'static str, Vec<u64>, u32, u64)>| Draft { tensors, ..Draft::good() };
    let a = ("a", vec![64, 2], 3, 0);
    assert!(refused(&with(vec![])));
    assert!(refused(&with(vec![a.clone(), ("a", vec![3], 0, 96)])), "a name twice");
    assert!(refused(&with(vec![a.clone(), ("b", vec![3], 0, 64)])), "an overlap");
    assert!(refused(&with(vec![a.clone(), ("b", vec![3], 0, 4096)])), "a gap");
    assert!(refused(&with(vec![("a", vec![63, 2], 3, 0)])), "half a block");
    assert!(refused(&with(vec![("a", vec![64, 0], 3, 0)])), "nothing in it");
    assert!(refused(&with(vec![("a", vec![64; 5], 3, 0)])), "five dimensions");
    assert!(refused(&with(vec![("a", vec![], 3, 0)])), "no dimension");
    assert!(refused(&with(vec![("a", vec![1 << 33, 1 << 33, 1 << 33], 0, 0)])), "more than memory");
    assert!(refused(&with(vec![("a", vec![64], 4, 0)])), "a type that was removed");
    assert_eq!(check(&with(vec![("a", vec![1 << 40], 0, 0)]).bytes()), Err(LlmError::Truncated));
}

#[test]
fn numbers_that_llama_cpp_asserts_on_are_refused() {
    let bad = [
        ("general.architecture", text("bert")),
        ("general.architecture", text("")),
        ("general.alignment", number(48)),
        ("general.alignment", number(0)),
        ("general.alignment", text("32")),
        ("llama.block_count", number(0)),
        ("llama.block_count", number(513)),
        ("llama.embedding_length", number(0)),
        ("llama.context_length", number(0)),
        ("llama.attention.head_count", number(u32::MAX)),
        ("llama.attention.head_count_kv", number(3)),
        ("llama.attention.head_count_kv", number(16)),
        ("llama.attention.head_count_kv", list(4, 3, &[1; 12])),
        ("llama.expert_count", number(1_000_000)),
        ("llama.expert_count", number(8)),
        ("llama.expert_used_count", number(2)),
        ("llama.nextn_predict_layers", number(3)),
        ("llama.rope.scaling.type", text("surprise")),
        ("llama.rope.dimension_count", number(0)),
        ("llama.attention.layer_norm_rms_epsilon", float(-1e-5)),
        ("llama.rope.freq_base", float(f32::NAN)),
        ("tokenizer.ggml.model", text("bert")),
        ("tokenizer.ggml.tokens", words(3)),
        ("tokenizer.ggml.tokens", list(8, 40, &string("same").repeat(40))),
        ("tokenizer.ggml.token_type", list(5, 39, &[0; 156])),
        ("tokenizer.ggml.scores", list(6, 2, &[0; 8])),
        ("tokenizer.ggml.merges", list(8, 1, &string("nospace"))),
    ];
    for (key, value) in bad {
        assert!(refused(&Draft::good().with(key, value)), "{key}");
    }
    for key in ["general.architecture", "llama.block_count", "llama.context_length", "tokenizer.ggml.tokens"]
    {
        assert!(refused(&Draft::good().without(key)), "{key}");
    }
    let yes = [&7_u32.to_le_bytes()[..], &[1]].concat();
    let no_first = Draft::good().with("tokenizer.ggml.bos_token_id", number(40));
    assert!(refused(&no_first.with("tokenizer.ggml.add_bos_token", yes)));
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = Draft::good().bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = check(&bytes);
    }
}
