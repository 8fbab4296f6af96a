//! The real embedder: a BERT encoder (all-MiniLM-L6-v2 and its like) on candle's matrix products.
//!
//! The file is a safetensors file in half precision (<https://github.com/huggingface/safetensors>), as
//! `scripts/fetch-models` makes it; names of tensors are those of `BertModel` in Hugging Face's transformers. Computing
//! in half precision gives NaN on this model, so weights become f32 when loaded (43 MB), except the table of words,
//! which stays where it is mapped: only the rows in use are read.
//!
//! Sequences of one batch stand one after the other without padding, and only attention looks at each alone, so a
//! vector does not depend on its neighbours in the batch.

#[cfg(test)]
mod bench;
mod bert;
mod few;
mod product;

use tokenizers::{Tokenizer, TruncationParams};

use crate::search::{
    candle::bert::{Bert, Config},
    embed::{EmbedError, Embedder, EmbedderIdentity},
};

/// Longest text the model was trained on, in tokens, the two at its ends included. The file's own settings (128,
/// padded) are not used.
const MAX_TOKENS: usize = 256;

/// Bytes of a model file, memory-mapped or owned, that live as long as the embedder.
pub type Bytes = Box<dyn AsRef<[u8]> + Send>;

/// Where the parts of a model come from.
pub struct ModelFiles<'a> {
    /// `model-f16.safetensors` (a file in f32 works too).
    pub weights: Bytes,
    /// `tokenizer.json`.
    pub tokenizer: &'a [u8],
    /// `config.json`.
    pub config: &'a [u8],
    /// Name as shown to people.
    pub name: String,
    /// SHA-256 of the weights file, checked by the caller.
    pub sha256: [u8; 32],
}

/// A loaded model. About 60 MB; use it on the thread that loaded it, which it keeps to itself: nothing is computed on
/// other threads then, because the language model wants those cores.
pub struct CandleEmbedder {
    identity: EmbedderIdentity,
    tokenizer: Tokenizer,
    bert: Bert,
}

impl CandleEmbedder {
    /// Reads and checks a model.
    ///
    /// # Errors
    /// [`EmbedError::NotAModel`] when a file is damaged, incomplete or of another architecture.
    pub fn load(files: ModelFiles<'_>) -> Result<Self, EmbedError> {
        // Candle hands its matrix products to rayon. A pool of one that is this very thread keeps them here. It fails
        // only when the thread has a pool already, which is then used.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        let config = Config::parse(files.config)?;
        let mut tokenizer = Tokenizer::from_bytes(files.tokenizer)
            .map_err(|_| not_a_model("the tokenizer cannot be read"))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() }))
            .map_err(|_| not_a_model("the tokenizer cannot cut texts"))?;
        // "[SEP]" in a journal is a word, not a sign.
        tokenizer.set_encode_special_tokens(true);
        let dims = config.width();
        let bert = Bert::load(config, files.weights)?;
        let identity = EmbedderIdentity { name: files.name, sha256: files.sha256, dims };
        Ok(Self { identity, tokenizer, bert })
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|_| EmbedError::Failed)?;
        Ok(encoding.get_ids().to_vec())
    }
}

impl Embedder for CandleEmbedder {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let sequences = texts.iter().map(|text| self.tokens(text)).collect::<Result<Vec<_>, _>>()?;
        self.bert.vectors(&sequences).ok_or(EmbedError::Failed)
    }
}

pub(crate) fn not_a_model(reason: &str) -> EmbedError {
    EmbedError::NotAModel(reason.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
