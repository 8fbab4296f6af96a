//! Samplers: how a token is chosen, and what a grammar admits.

use std::{ffi::CString, ptr::NonNull};

use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;

use crate::llm::{
    LlmError,
    llama::native::{no_memory, raw_model},
};

/// Logits that are looked at together.
const BLOCK: usize = 256;

/// How the next token is chosen.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// 0 takes the likeliest.
    pub temperature: f32,
    /// See [`crate::llm::GenRequest::top_p`].
    pub top_p: f32,
    /// Tokens less likely than this share of the likeliest are out.
    pub min_p: f32,
    /// How many of the latest tokens count as said already, and by what factor they are less likely.
    pub repeat: (i32, f32),
    /// Seed of the choice.
    pub seed: u32,
    /// The text is one that this grammar, in llama.cpp's notation, admits from its rule `root`.
    pub grammar: Option<String>,
}

/// Makes what was said already less likely by a factor (Keskar et al. 2019, CTRL, section 4.1), each token once.
pub(super) fn punish(logits: &mut [f32], said: &[sys::llama_token], factor: f32) {
    let mut said: Vec<usize> = said.iter().filter_map(|token| usize::try_from(*token).ok()).collect();
    said.sort_unstable();
    said.dedup();
    for id in said {
        if let Some(logit) = logits.get_mut(id) {
            *logit = if *logit > 0.0 { *logit / factor } else { *logit * factor };
        }
    }
}

/// The tokens that may follow: those a grammar admits, if there is one, and of them those at least `min_p` times as
/// likely as the likeliest (Nguyen et al. 2024, Turning Up the Heat: Min-p Sampling).
pub(super) fn likely(
    logits: &[f32],
    min_p: f32,
    grammar: Option<&Sampler>,
    candidates: &mut Vec<sys::llama_token_data>,
) {
    let token = |(id, logit): (usize, &f32)| sys::llama_token_data { id: id as i32, logit: *logit, p: 0.0 };
    candidates.clear();
    if let Some(grammar) = grammar {
        candidates.extend(logits.iter().enumerate().map(token));
        grammar.apply(candidates);
        candidates.retain(|candidate| candidate.logit.is_finite());
        let most = candidates.iter().map(|candidate| candidate.logit).fold(f32::NEG_INFINITY, f32::max);
        candidates.retain(|candidate| candidate.logit >= most + min_p.ln());
        return;
    }
    let least = highest(logits) + min_p.ln();
    for (nth, block) in logits.chunks(BLOCK).enumerate() {
        if highest(block) >= least {
            let tokens = block.iter().enumerate().map(|(idx, logit)| token((nth * BLOCK + idx, logit)));
            candidates.extend(tokens.filter(|candidate| candidate.logit >= least));
        }
    }
}

/// The largest of many, in lanes of their own: one after the other takes the processor four times as long, because each
/// has to wait for the one before.
fn highest(logits: &[f32]) -> f32 {
    let larger = |most: f32, logit: f32| if logit > most { logit } else { most };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (blocks, rest) = logits.as_chunks::<16>();
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(most, logit)| *most = larger(*most, *logit));
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}

/// A sampler, or a chain of them, that is freed with its owner.
pub(super) struct Sampler(NonNull<sys::llama_sampler>);

impl Drop for Sampler {
    fn drop(&mut self) {
        // SAFETY: made by a constructor below, owned by us alone, freed once.
        unsafe { sys::llama_sampler_free(self.0.as_ptr()) };
    }
}

impl Sampler {
    /// One that chooses among what [`likely`] left.
    pub(super) fn chain(sampling: &Sampling) -> Result<Self, LlmError> {
        // SAFETY: constructors without preconditions; each sampler is given to the chain once, and the chain frees it.
        unsafe {
            let mut links = Vec::new();
            if sampling.temperature > 0.0 {
                links.push(sys::llama_sampler_init_top_p(sampling.top_p.clamp(0.05, 1.0), 1));
                links.push(sys::llama_sampler_init_temp(sampling.temperature.min(2.0)));
                links.push(sys::llama_sampler_init_dist(sampling.seed));
            } else {
                links.push(sys::llama_sampler_init_greedy());
            }
            let chain = sys::llama_sampler_chain_init(sys::llama_sampler_chain_default_params());
            let chain = Self(NonNull::new(chain).ok_or_else(no_memory)?);
            let complete = links.iter().all(|link| !link.is_null());
            for link in links.into_iter().filter(|link| !link.is_null()) {
                sys::llama_sampler_chain_add(chain.raw(), link);
            }
            if complete { Ok(chain) } else { Err(no_memory()) }
        }
    }

    /// One that strikes out what a grammar does not admit.
    pub(super) fn grammar(model: &LlamaModel, grammar: &str) -> Result<Self, LlmError> {
        let wrong = || LlmError::Failed("its grammar cannot be used".to_owned());
        let grammar = CString::new(grammar).map_err(|_| wrong())?;
        // SAFETY: the texts end with NUL and live through the call; the vocabulary lives as long as the model, which the
        // session holds. A grammar that does not parse gives NULL.
        let made = unsafe {
            let vocab = sys::llama_model_get_vocab(raw_model(model));
            sys::llama_sampler_init_grammar(vocab, grammar.as_ptr(), c"root".as_ptr())
        };
        NonNull::new(made).map(Self).ok_or_else(wrong)
    }

    pub(super) fn raw(&self) -> *mut sys::llama_sampler {
        self.0.as_ptr()
    }

    /// Works on candidates; gives the one it has chosen, if it chooses. The candidates are cut to those that are left.
    pub(super) fn apply(&self, candidates: &mut Vec<sys::llama_token_data>) -> Option<sys::llama_token> {
        if candidates.is_empty() {
            return None;
        }
        let mut array = sys::llama_token_data_array {
            data: candidates.as_mut_ptr(),
            size: candidates.len(),
            selected: -1,
            sorted: false,
        };
        // SAFETY: the array is that of `candidates`, which nobody else touches meanwhile; samplers reorder it and make it
        // shorter, never longer.
        unsafe { sys::llama_sampler_apply(self.raw(), &raw mut array) };
        candidates.truncate(array.size);
        let selected = usize::try_from(array.selected).ok()?;
        candidates.get(selected).map(|chosen| chosen.id)
    }

    /// Whether a grammar admits a token next.
    pub(super) fn admits(&self, token: sys::llama_token) -> bool {
        let mut one = vec![sys::llama_token_data { id: token, logit: 1.0, p: 0.0 }];
        self.apply(&mut one);
        one.first().is_some_and(|candidate| candidate.logit.is_finite())
    }

    pub(super) fn accept(&self, token: sys::llama_token) {
        // SAFETY: the sampler is alive; a grammar was asked before whether it admits the token.
        unsafe { sys::llama_sampler_accept(self.raw(), token) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(logits: &[f32], min_p: f32) -> Vec<i32> {
        let mut candidates = Vec::new();
        likely(logits, min_p, None, &mut candidates);
        candidates.iter().map(|candidate| candidate.id).collect()
    }

    #[test]
    fn what_was_said_falls_once_whatever_its_sign_and_unknown_tokens_are_no_matter() {
        let mut logits = [2.0, -2.0, 1.0];
        punish(&mut logits, &[0, 1, 0, 0, 7, -1], 2.0);
        assert_eq!(logits, [1.0, -4.0, 1.0]);
    }

    #[test]
    fn what_is_unlikely_beside_the_likeliest_is_left_out() {
        let logits = [0.0, 0.1f32.ln(), 0.049f32.ln(), 0.051f32.ln(), f32::NEG_INFINITY];
        assert_eq!(left(&logits, 0.05), [0, 1, 3]);
        assert_eq!(left(&logits, 1.0), [0]);
        assert_eq!(left(&logits, 0.0), [0, 1, 2, 3, 4]);
        assert!(left(&[], 0.05).is_empty());
        // Wherever they stand in a large vocabulary.
        let mut many = vec![-9.0; 3 * BLOCK + 7];
        for likely in [0, BLOCK - 1, BLOCK, 3 * BLOCK + 6] {
            many[likely] = 4.0;
        }
        assert_eq!(left(&many, 0.05), [0, BLOCK as i32 - 1, BLOCK as i32, 3 * BLOCK as i32 + 6]);
    }
}
