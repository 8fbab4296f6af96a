//! A small file that looks like a model, for tests of what handles files. llama.cpp would find no weights in it.

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn text(value: &str) -> Vec<u8> {
    [&8_u32.to_le_bytes()[..], &string(value)].concat()
}

fn number(value: u32) -> Vec<u8> {
    [4_u32.to_le_bytes(), value.to_le_bytes()].concat()
}

/// A file with `data` more bytes behind its weights than it needs. The same number gives the same bytes.
pub fn good_file(data: usize) -> Vec<u8> {
    let words: Vec<u8> = (0..40).flat_map(|idx| string(&format!("word{idx}"))).collect();
    let vocabulary = [&[9, 0, 0, 0, 8, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0][..], &words].concat();
    let keys = [
        ("general.architecture", text("llama")),
        ("general.name", text("Sample")),
        ("llama.block_count", number(2)),
        ("llama.embedding_length", number(64)),
        ("llama.context_length", number(2048)),
        ("llama.attention.head_count", number(8)),
        ("llama.attention.head_count_kv", number(4)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.tokens", vocabulary),
        ("tokenizer.ggml.bos_token_id", number(1)),
    ];
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(1_u64.to_le_bytes());
    out.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        out.extend(string(key));
        out.extend(value);
    }
    out.extend(string("token_embd.weight"));
    out.extend(2_u32.to_le_bytes());
    out.extend(64_u64.to_le_bytes());
    out.extend(40_u64.to_le_bytes());
    out.extend([0; 4]);
    out.extend([0; 8]);
    out.resize(out.len().next_multiple_of(32) + 64 * 40 * 4, 1);
    out.extend((0..data).map(|idx| (idx * 31 % 251) as u8));
    out
}
