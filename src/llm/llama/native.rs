//! Everything of llama.cpp that has to be called by its C interface: loading from a stream, contexts, samplers.
//!
//! The functions and [`Session`] are safe to use: what llama.cpp would answer with an abort (a step with more tokens
//! than its batch, sampling before a step, a context that is full) is an error here before it gets there.
#![allow(unsafe_code)]

use std::{
    collections::VecDeque,
    ffi::{CString, c_void},
    path::Path,
    ptr::NonNull,
    sync::{Arc, OnceLock, PoisonError},
};

use llama_cpp_2::{llama_backend::LlamaBackend, model::LlamaModel, token::LlamaToken};
use llama_cpp_sys_2 as sys;

use crate::llm::{
    Cancel, LlmError,
    llama::native::sampler::{Sampler, likely, punish},
};

mod sampler;
mod threads;

pub use sampler::Sampling;
pub use threads::Threads;

/// What a model has read: its context, a sampler, and a flag that stops a running step. One conversation after the
/// other can be had with it, each going on after as much as it shares with the one before.
pub struct Session {
    context: NonNull<sys::llama_context>,
    sampler: Option<Sampler>,
    grammar: Option<Sampler>,
    sampling: Option<Sampling>,
    /// How likely each token is next, what was said already less so.
    logits: Vec<f32>,
    /// The tokens to choose from.
    candidates: Vec<sys::llama_token_data>,
    /// The latest that were chosen, which count as said already.
    said: VecDeque<i32>,
    /// On the heap, because llama.cpp holds a pointer to it.
    cancel: Box<Cancel>,
    size: usize,
    /// Tokens in the cache.
    n_read: usize,
    chunk: usize,
    /// A step has been taken, so there is something to sample from.
    stepped: bool,
    /// The context points into the model.
    model: Arc<LlamaModel>,
    /// And to the threads that it works with.
    threads: Arc<Threads>,
}

// SAFETY: a context may be used by any thread, one at a time (`Session` is not `Sync`); llama-cpp-2 says the same of
// its own wrapper. The flag is an atomic behind an `Arc`.
unsafe impl Send for Session {}

fn no_memory() -> LlmError {
    LlmError::Failed("there is not enough memory".to_owned())
}

unsafe extern "C" fn is_cancelled(data: *mut c_void) -> bool {
    // SAFETY: `data` is the `Cancel` of the session that runs this step, see `Session::new`.
    unsafe { &*data.cast::<Cancel>() }.is_cancelled()
}

impl Session {
    /// An empty context for `tokens` tokens that takes steps of at most `chunk`.
    pub fn new(
        model: &Arc<LlamaModel>,
        threads: &Arc<Threads>,
        tokens: u32,
        chunk: u32,
    ) -> Result<Self, LlmError> {
        let cancel = Box::new(Cancel::new());
        // SAFETY: plain data; the pointer to `cancel` is valid as long as the session, which owns both it and the
        // context; the model outlives the session.
        let context = unsafe {
            let mut params = sys::llama_context_default_params();
            params.n_ctx = tokens;
            params.n_batch = chunk;
            params.n_ubatch = chunk;
            params.n_seq_max = 1;
            params.n_threads = 1;
            params.n_threads_batch = 1;
            params.no_perf = true;
            params.abort_callback = Some(is_cancelled);
            params.abort_callback_data = (&raw const *cancel).cast_mut().cast();
            sys::llama_init_from_model(raw_model(model), params)
        };
        let context = NonNull::new(context).ok_or_else(no_memory)?;
        // SAFETY: both are alive, and the session keeps the threads longer than the context. No step is running.
        unsafe { sys::llama_attach_threadpool(context.as_ptr(), threads.raw(), threads.raw()) };
        let (size, chunk) = (tokens as usize, chunk as usize);
        let model = Arc::clone(model);
        Ok(Self {
            context,
            sampler: None,
            grammar: None,
            sampling: None,
            logits: Vec::new(),
            candidates: Vec::new(),
            said: VecDeque::new(),
            cancel,
            size,
            n_read: 0,
            chunk,
            stepped: false,
            model,
            threads: Arc::clone(threads),
        })
    }

    /// Tokens that fit in all.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Begins a conversation that goes on after the first `shared` tokens of what was read; the rest is forgotten.
    /// Answers how many stay: fewer than asked for, where a model cannot take back a part.
    pub fn begin(&mut self, shared: usize, sampling: &Sampling, cancel: &Cancel) -> Result<usize, LlmError> {
        *self.cancel = cancel.clone();
        self.sampler = Some(Sampler::chain(sampling)?);
        let grammar = sampling.grammar.as_deref();
        self.grammar = grammar.map(|grammar| Sampler::grammar(&self.model, grammar)).transpose()?;
        self.sampling = Some(sampling.clone());
        self.said.clear();
        self.stepped = false;
        let shared = shared.min(self.n_read);
        // SAFETY: the context is alive, no step is running, and any range is a valid one.
        let is_cut = unsafe {
            let memory = sys::llama_get_memory(self.context.as_ptr());
            sys::llama_memory_seq_rm(memory, 0, shared as i32, -1)
        };
        if is_cut && shared > 0 {
            self.n_read = shared;
        } else {
            self.clear();
        }
        Ok(self.n_read)
    }

    /// Forgets everything that was read, and overwrites it.
    fn clear(&mut self) {
        // SAFETY: the context is alive and no step is running.
        unsafe { sys::llama_memory_clear(sys::llama_get_memory(self.context.as_ptr()), true) };
        self.n_read = 0;
        self.stepped = false;
    }

    /// Tokens in llama.cpp's own cache.
    #[cfg(test)]
    pub fn n_cached(&self) -> usize {
        // SAFETY: the context is alive and no step is running.
        let last = unsafe {
            let memory = sys::llama_get_memory(self.context.as_ptr());
            sys::llama_memory_seq_pos_max(memory, 0)
        };
        usize::try_from(last + 1).unwrap_or(0)
    }

    /// Threads for the next steps.
    pub fn set_threads(&mut self, threads: u32) {
        let threads = threads.clamp(1, self.threads.most()) as i32;
        // SAFETY: the context is alive and no step is running, as we hold `&mut self`.
        unsafe { sys::llama_set_n_threads(self.context.as_ptr(), threads, threads) };
    }

    /// Reads tokens after those read before; `false` when it was cancelled meanwhile.
    pub fn step(&mut self, tokens: &[LlamaToken]) -> Result<bool, LlmError> {
        self.stepped = false;
        if tokens.is_empty() || tokens.len() > self.chunk || tokens.len() > self.size - self.n_read {
            return Err(LlmError::Failed("a step had too many tokens".to_owned()));
        }
        if self.cancel.is_cancelled() {
            return Ok(false);
        }
        let mut raw: Vec<sys::llama_token> = tokens.iter().map(|token| token.0).collect();
        // SAFETY: the batch points into `raw`, which outlives the call; its length is within `n_batch` and what is left
        // of the context; token ids are checked by llama.cpp.
        let status = unsafe {
            let batch = sys::llama_batch_get_one(raw.as_mut_ptr(), raw.len() as i32);
            sys::llama_decode(self.context.as_ptr(), batch)
        };
        match status {
            0 => {
                self.n_read += tokens.len();
                self.stepped = true;
                Ok(true)
            }
            2 => Ok(false),
            1 => Err(LlmError::Failed("the conversation is full".to_owned())),
            status => Err(LlmError::Failed(format!("a step failed with status {status}"))),
        }
    }

    /// Chooses the token that follows the last step; `None` when the grammar admits none.
    ///
    /// What was said already is made less likely, and what is unlikely is left out, in a few looks at the logits:
    /// llama.cpp's own samplers for both make a table of the whole vocabulary and ask a hash map for each token of it.
    /// With them, and threads made anew for each step, a small model wrote at 0.87 of the speed of `llama-bench` on one
    /// thread; now at 0.93 to 0.99. The few tokens that are left go through its samplers.
    ///
    /// With a grammar the token is chosen first and checked then: most are admitted, and to strike out all others of a
    /// large vocabulary costs several times the choice. Only when it is refused is the choice made among those that
    /// are admitted.
    pub fn sample(&mut self) -> Result<Option<LlamaToken>, LlmError> {
        let nothing = || LlmError::Failed("there is nothing to choose from".to_owned());
        let (true, Some(sampler), Some(sampling)) = (self.stepped, &self.sampler, &self.sampling) else {
            return Err(nothing());
        };
        let n_vocab = self.model.n_vocab().max(0) as usize;
        // SAFETY: the last step left logits for its last token, one for each token of the vocabulary; they stay until
        // the next step, and nobody else holds them.
        let logits = unsafe {
            let logits = sys::llama_get_logits_ith(self.context.as_ptr(), -1);
            if logits.is_null() {
                return Err(nothing());
            }
            std::slice::from_raw_parts(logits, n_vocab)
        };
        self.logits.clear();
        self.logits.extend_from_slice(logits);
        punish(&mut self.logits, self.said.make_contiguous(), sampling.repeat.1);
        for among in [None, self.grammar.as_ref()] {
            likely(&self.logits, sampling.min_p, among, &mut self.candidates);
            let Some(token) = sampler.apply(&mut self.candidates) else { break };
            // Telling a grammar a token that it does not admit would end the process.
            if let Some(grammar) = &self.grammar {
                if !grammar.admits(token) {
                    continue;
                }
                // An end takes nothing further, and is no character.
                if !self.model.vocab().is_eog(LlamaToken(token)) {
                    grammar.accept(token);
                }
            }
            self.said.push_back(token);
            if self.said.len() > sampling.repeat.0.max(0) as usize {
                self.said.pop_front();
            }
            return Ok(Some(LlamaToken(token)));
        }
        Ok(None)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Overwriting the cache keeps a conversation from outliving its session in memory that the allocator hands out
        // again.
        self.clear();
        self.candidates.fill(sys::llama_token_data { id: 0, logit: 0.0, p: 0.0 });
        self.logits.fill(0.0);
        self.said.make_contiguous().fill(0);
        // SAFETY: made in `new`, freed once.
        unsafe { sys::llama_free(self.context.as_ptr()) };
    }
}

/// The pointer inside a model.
fn raw_model(model: &LlamaModel) -> *mut sys::llama_model {
    // SAFETY: `LlamaModel` is `repr(transparent)` over a non-null pointer, see `load_at`. llama.cpp takes it as mutable
    // when it makes a context; one thread owns the model, so nobody else uses it then.
    unsafe { std::mem::transmute_copy::<LlamaModel, *mut sys::llama_model>(model) }
}

/// Whether the makers of a model call a token user-defined; llama.cpp finds those in plain text too.
pub fn user_defined(model: &LlamaModel, token: LlamaToken) -> bool {
    if !(0..model.n_vocab()).contains(&token.0) {
        return false;
    }
    // SAFETY: the vocabulary lives as long as the model, and the token is one of its own.
    let attributes =
        unsafe { sys::llama_vocab_get_attr(sys::llama_model_get_vocab(raw_model(model)), token.0) };
    attributes & sys::LLAMA_TOKEN_ATTR_USER_DEFINED != 0
}

/// Elements and bytes of a block of a tensor type, as the library knows them.
#[cfg(test)]
pub fn library_block(kind: u32) -> Option<(u64, u64)> {
    // SAFETY: the number is below the count of types; both functions only read a table.
    (kind < sys::GGML_TYPE_COUNT)
        .then(|| unsafe { (sys::ggml_blck_size(kind) as u64, sys::ggml_type_size(kind) as u64) })
}

/// The one backend of this process.
pub fn backend() -> Result<&'static LlamaBackend, LlmError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let backend = BACKEND.get_or_init(|| {
        // SAFETY: the callback does nothing. It replaces ggml's own, which prints a message and starts a debugger
        // before the abort that follows in any case (the environment variable GGML_NO_BACKTRACE does the latter only).
        unsafe { sys::ggml_set_abort_callback(Some(ignore_abort)) };
        let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
        backend.void_logs();
        Ok(backend)
    });
    backend.as_ref().map_err(|error| LlmError::Failed(error.clone()))
}

unsafe extern "C" fn ignore_abort(_message: *const std::ffi::c_char) {}

/// Opens a file, moves to the model and lets llama.cpp map it.
pub fn load_at(_backend: &LlamaBackend, path: &Path, offset: u64) -> Result<LlamaModel, LlmError> {
    /// Closes the C stream on every way out.
    struct Stream(NonNull<libc::FILE>);
    impl Drop for Stream {
        fn drop(&mut self) {
            // SAFETY: the stream came from fopen, is closed only here, and llama.cpp keeps the map, not the stream.
            unsafe { libc::fclose(self.0.as_ptr()) };
        }
    }

    let unreadable = || LlmError::Unreadable("it cannot be opened".to_owned());
    let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| unreadable())?;
    // SAFETY: both arguments are NUL-terminated and live through the call.
    let stream =
        NonNull::new(unsafe { libc::fopen(name.as_ptr(), c"rb".as_ptr()) }).ok_or_else(unreadable)?;
    let stream = Stream(stream);
    // `off_t` has 64 bits on all 64-bit systems we build for; Windows has only fseek's 32 and so no bundles above 2 GiB.
    #[cfg(unix)]
    // SAFETY: the stream is open.
    let moved = unsafe { libc::fseeko(stream.0.as_ptr(), offset as libc::off_t, libc::SEEK_SET) };
    #[cfg(not(unix))]
    let moved = match libc::c_long::try_from(offset) {
        // SAFETY: the stream is open.
        Ok(offset) => unsafe { libc::fseek(stream.0.as_ptr(), offset, libc::SEEK_SET) },
        Err(_) => -1,
    };
    if moved != 0 {
        return Err(unreadable());
    }

    // Loading two models at once is not what llama.cpp is tested for; tests would do it.
    static LOADING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: plain data; the stream is open and stands at the model; the backend is there; llama.cpp
    // catches its own exceptions in this function and gives NULL.
    let model = unsafe {
        let mut params = sys::llama_model_default_params();
        params.load_mode = sys::LLAMA_LOAD_MODE_MMAP;
        params.n_gpu_layers = 0;
        sys::llama_model_load_from_file_ptr(stream.0.as_ptr().cast(), params)
    };
    let model = NonNull::new(model).ok_or(LlmError::NotAModel { reason: "llama.cpp does not accept it" })?;
    const { assert!(size_of::<LlamaModel>() == size_of::<NonNull<sys::llama_model>>()) };
    // SAFETY: `LlamaModel` is declared `repr(transparent)` over a `repr(transparent)` wrapper of `NonNull<llama_model>`
    // (llama-cpp-2 0.1.160, pinned exactly). The pointer is valid, not shared, and `LlamaModel` frees it once.
    Ok(unsafe { std::mem::transmute::<NonNull<sys::llama_model>, LlamaModel>(model) })
}
