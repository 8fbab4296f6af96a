//! An embedder without weights, for tests: texts that share words are near.

use crate::search::{
    embed::{EmbedError, Embedder, EmbedderIdentity},
    vectors, words,
};

/// Components of a toy vector.
pub const DIMS: usize = 64;

/// Hashes each word and its first letters into a few signed components. Deterministic; knows spelling, not meaning.
pub struct Toy(EmbedderIdentity);

impl Default for Toy {
    fn default() -> Self {
        Self(EmbedderIdentity { name: "toy".to_owned(), sha256: [0x70; 32], dims: DIMS })
    }
}

impl Embedder for Toy {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| embed(text)).collect())
    }
}

fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMS];
    for word in words::list(text).iter().filter(|word| !words::is_common(word)) {
        let stem: String = word.chars().take(4).collect();
        for (part, weight) in [(word.as_str(), 1.0), (stem.as_str(), 0.5)] {
            let mut hash = fnv(part);
            for _ in 0..4 {
                let component = usize::try_from(hash % DIMS as u64).unwrap_or(0);
                vector[component] += if hash & 0x100 == 0 { weight } else { -weight };
                hash = hash.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        }
    }
    if vector.iter().all(|value| *value == 0.0) {
        vector[0] = 1.0;
    }
    vectors::normalise(&mut vector);
    vector
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_nearer() {
        let vectors = Toy::default()
            .embed(&["the red boat sailed", "a boat in the harbour", "tax forms and receipts", "the"])
            .unwrap();
        assert!(vectors::dot(&vectors[0], &vectors[1]) > vectors::dot(&vectors[0], &vectors[2]) + 0.2);
        assert!(vectors.iter().all(|vector| (vectors::dot(vector, vector) - 1.0).abs() < 1e-5));
    }
}
