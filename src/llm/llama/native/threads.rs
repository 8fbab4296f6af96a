//! The threads that share a step. They are made once: made for each step, as llama.cpp does when it is given none, they
//! cost a small model a part of its time.

use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use crate::llm::{LlmError, llama::native::no_memory};

/// How long a thread waits for the next step before it sleeps, in ggml's unit of 131,072 looks (some milliseconds): as
/// long as it takes to choose a token and tell of it, and not so long that it is in anybody's way afterwards.
const POLL: u32 = 1;

/// Threads that wait for steps, asleep while there are none.
pub struct Threads {
    pool: NonNull<sys::ggml_threadpool>,
    most: u32,
}

// SAFETY: ggml guards the queue of a pool by a lock of its own; that one step at a time is taken with it is what
// `Session` sees to, which is neither `Sync` nor made for two threads.
unsafe impl Send for Threads {}
// SAFETY: as above; a shared reference gives nothing but the pointer and the count.
unsafe impl Sync for Threads {}

impl Threads {
    /// Makes them: `most` with the one that asks for a step.
    ///
    /// # Errors
    /// [`LlmError::Failed`] when the machine gives none.
    pub fn new(most: u32) -> Result<Self, LlmError> {
        let most = most.clamp(1, 64);
        // SAFETY: plain data; ggml copies it.
        let pool = unsafe {
            let mut params = sys::ggml_threadpool_params_default(most as i32);
            params.poll = POLL;
            sys::ggml_threadpool_new(&raw mut params)
        };
        Ok(Self { pool: NonNull::new(pool).ok_or_else(no_memory)?, most })
    }

    /// How many there are.
    pub fn most(&self) -> u32 {
        self.most
    }

    pub(super) fn raw(&self) -> *mut sys::ggml_threadpool {
        self.pool.as_ptr()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed once; every session that used it is gone, as each holds a reference.
        unsafe { sys::ggml_threadpool_free(self.pool.as_ptr()) };
    }
}
