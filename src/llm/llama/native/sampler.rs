//! Samplers: how a token is chosen, and what a grammar admits.

use std::{ffi::CString, ptr::NonNull};

use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;

use crate::llm::{
    LlmError,
    llama::native::{no_memory, raw_model},
};

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

/// A sampler, or a chain of them, that is freed with its owner.
pub(super) struct Sampler(NonNull<sys::llama_sampler>);

impl Drop for Sampler {
    fn drop(&mut self) {
        // SAFETY: made by a constructor below, owned by us alone, freed once.
        unsafe { sys::llama_sampler_free(self.0.as_ptr()) };
    }
}

impl Sampler {
    pub(super) fn chain(model: &LlamaModel, sampling: &Sampling) -> Result<Self, LlmError> {
        let (last, penalty) = sampling.repeat;
        // SAFETY: constructors without preconditions; each sampler is given to the chain once, and the chain frees it.
        unsafe {
            let mut links = vec![sys::llama_sampler_init_penalties(model.n_vocab(), last, penalty, 0.0, 0.0)];
            if sampling.temperature > 0.0 {
                links.push(sys::llama_sampler_init_top_p(sampling.top_p.clamp(0.05, 1.0), 1));
                links.push(sys::llama_sampler_init_min_p(sampling.min_p, 1));
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
