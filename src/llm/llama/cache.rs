//! What was read for one owner, kept for the owner's next request: the rules and the day so far need not be read again.
//!
//! # Security
//! There is one at a time and it belongs to one owner (SR-48). It is dropped, and llama.cpp's cache overwritten, before
//! a token of anybody else is read, and when the owner's vault is locked. It never leaves memory.

use llama_cpp_2::token::LlamaToken;

use crate::llm::{
    Cancel, LlmError,
    llama::{
        LlamaGenerator, MAX_CONTEXT, MIN_CONTEXT,
        native::{Sampling, Session},
    },
};

/// A context and the tokens in it.
pub struct Kept {
    owner: u64,
    session: Session,
    /// Tokens read at once.
    chunk: usize,
    tokens: Vec<LlamaToken>,
    /// How many tokens, from the first on, were read in whole chunks, counted from the first.
    aligned: usize,
}

impl LlamaGenerator {
    /// What was kept for an owner when it is of use and has room; else an empty one, after the old one is gone.
    pub(super) fn kept_for(
        &mut self,
        owner: u64,
        prompt: &[LlamaToken],
        max_tokens: u32,
    ) -> Result<Kept, LlmError> {
        let needed = prompt.len() + max_tokens as usize;
        let of_use = |kept: &Kept| kept.owner == owner && kept.session.size() >= needed;
        if let Some(kept) = self.kept.take().filter(of_use) {
            return Ok(kept);
        }
        // Room for what the day will have grown by when the next reply is asked for.
        let most = self.identity.context.clamp(MIN_CONTEXT, MAX_CONTEXT);
        let wanted = (needed as u32 + max_tokens).next_multiple_of(256);
        let size = wanted.clamp(MIN_CONTEXT, most).max((needed as u32).next_multiple_of(256));
        let session = Session::new(&self.model, &self.threads, size.min(MAX_CONTEXT), self.chunk as u32)?;
        Ok(Kept { owner, session, chunk: self.chunk, tokens: Vec::new(), aligned: 0 })
    }
}

impl Kept {
    /// Begins to read a prompt: keeps what it shares with what was read before.
    ///
    /// A prompt without chance in it (temperature 0) keeps only what was read in the chunks in which it would be read
    /// now, so that its text is the same with and without: sums in another order differ in their last digits.
    pub fn begin(
        &mut self,
        prompt: &[LlamaToken],
        sampling: &Sampling,
        cancel: &Cancel,
    ) -> Result<(), LlmError> {
        let same = self.tokens.iter().zip(prompt).take_while(|(old, new)| old == new).count();
        // The last token is always read: its result is what the first word is chosen from.
        let mut shared = same.min(prompt.len().saturating_sub(1));
        if sampling.temperature <= 0.0 {
            shared = shared.min(self.aligned) / self.chunk * self.chunk;
        }
        let shared = self.session.begin(shared, sampling, cancel)?;
        self.tokens.truncate(shared);
        self.aligned = self.aligned.min(shared) / self.chunk * self.chunk;
        Ok(())
    }

    /// The tokens of a prompt that are read next; `None` when all are.
    pub fn next_chunk<'p>(&self, prompt: &'p [LlamaToken]) -> Option<&'p [LlamaToken]> {
        let done = self.tokens.len();
        // Back to whole chunks, counted from the first token.
        let end = ((done / self.chunk + 1) * self.chunk).min(prompt.len());
        (done < end).then(|| &prompt[done..end])
    }

    /// Notes a chunk that was read.
    pub fn has_read(&mut self, chunk: &[LlamaToken]) {
        if self.aligned == self.tokens.len() && chunk.len() == self.chunk {
            self.aligned += self.chunk;
        }
        self.tokens.extend_from_slice(chunk);
    }

    /// Notes a token that was written and read back.
    pub fn has_written(&mut self, token: LlamaToken) {
        self.tokens.push(token);
    }

    /// The context.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Everything in it.
    pub fn tokens(&self) -> &[LlamaToken] {
        &self.tokens
    }

    /// Whose it is.
    #[cfg(test)]
    pub fn owner(&self) -> u64 {
        self.owner
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What was written is text of the journal all the same.
        self.tokens.fill(LlamaToken(0));
    }
}
