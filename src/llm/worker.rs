//! The one thread that owns the model.
//!
//! [`Engine::start`] is cheap: the model is loaded when [`Engine::load`] is called or the first request comes. Requests
//! wait in an [`AdmissionQueue`]; whoever stops listening or cancels is skipped. A generator that panics fails the job
//! it worked on and is loaded again once; only a job that ended well gives it another chance.

pub mod swap;
mod thread;

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{
    config::manifest::Ability,
    llm::{
        Cancel, GenEvent, GenRequest, Generator, LlmError, ModelIdentity, StopReason,
        queue::{AdmissionQueue, Limits},
        speed::Speed,
        worker::{
            swap::{Measuring, Swap},
            thread::Worker,
        },
    },
};

/// At most this many requests wait, and this many of one owner.
pub const LIMITS: Limits = Limits { total: 8, per_owner: 4 };
/// Longest answer anyone can ask for, in tokens.
pub const MAX_TOKENS: u32 = 4096;
/// Room in a job's channel besides one event per token: reading steps, positions, the end.
const SPARE_EVENTS: usize = 1024;
/// llama.cpp's tokenizer recurses on long words; threads of the standard library have 2 MiB.
const STACK: usize = 16 << 20;

/// Makes the generator; called on the worker's thread, again after a panic.
pub type Loader = Box<dyn FnMut() -> Result<Box<dyn Generator>, LlmError> + Send>;

/// What the engine is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    /// Nothing was asked for yet.
    Idle,
    /// The model is being loaded.
    Loading,
    /// Requests are answered by this model.
    Ready(ModelIdentity),
    /// There is no model, and why, as a sentence for people.
    Unavailable(String),
}

/// What happens to a request.
#[derive(Clone, PartialEq, Eq)]
pub enum JobEvent {
    /// It waits, and this many are before it, the running one included.
    Position(usize),
    /// It begins, and this model answers: another one may have taken over since it was asked for.
    Begins(ModelIdentity),
    /// It runs.
    Gen(GenEvent),
    /// It ended; no event follows.
    Done(StopReason),
    /// It failed; no event follows. Text that came before stands.
    Failed(LlmError),
}

/// A request that was accepted. Dropping it, or only its `events`, cancels the request.
pub struct Ticket {
    /// Everything that happens to the request, up to one [`JobEvent::Done`] or [`JobEvent::Failed`]. The channel holds
    /// a whole answer, so a slow listener never holds up the model.
    pub events: mpsc::Receiver<JobEvent>,
    position: Arc<AtomicUsize>,
}

impl Ticket {
    /// How many are before it now; 0 when it runs or has ended.
    pub fn position(&self) -> usize {
        self.position.load(Ordering::Relaxed)
    }
}

struct Job {
    request: GenRequest,
    cancel: Cancel,
    events: mpsc::Sender<JobEvent>,
    position: Arc<AtomicUsize>,
    span: tracing::Span,
}

impl Job {
    fn wanted(&self) -> bool {
        !self.cancel.is_cancelled() && !self.events.is_closed()
    }

    fn tell_position(&self, position: usize) {
        if self.position.swap(position, Ordering::Relaxed) != position
            && self.events.capacity() > SPARE_EVENTS / 2
        {
            let _ = self.events.try_send(JobEvent::Position(position));
        }
    }

    /// Ends the job. The channel has room for it: every job keeps spare places.
    fn end(self, event: JobEvent) {
        self.position.store(0, Ordering::Relaxed);
        let _ = self.events.try_send(event);
    }
}

struct Inner {
    state: EngineState,
    queue: AdmissionQueue<Job>,
    load_wanted: bool,
    stopping: bool,
    ended: bool,
    running: Option<Cancel>,
    /// Of whom the generator may hold something.
    holds: Option<u64>,
    /// It is to forget it.
    forget_wanted: bool,
    /// Another model is to take over.
    swap: Option<Swap>,
    /// The model is to be measured when nobody wants text.
    bench: Option<Measuring>,
    /// What the latest answers measured.
    speed: Option<Speed>,
}

impl Inner {
    /// Tells jobs that nobody wants that they are over, and the others how many are before them.
    fn tidy(&mut self) {
        for job in self.queue.take_unwanted(Job::wanted) {
            job.end(JobEvent::Done(StopReason::Cancelled));
        }
        let running = usize::from(self.running.is_some());
        for (idx, job) in self.queue.in_turn().into_iter().enumerate() {
            job.tell_position(idx + running);
        }
    }

    /// Whether nothing waits for the thread but a measurement.
    fn is_idle(&self) -> bool {
        let has_more = self.stopping || self.load_wanted || self.forget_wanted || self.swap.is_some();
        !has_more && self.queue.is_empty()
    }

    fn fail_waiting(&mut self, error: &LlmError) {
        for job in self.queue.take_all() {
            job.end(JobEvent::Failed(error.clone()));
        }
    }
}

struct Shared {
    inner: Mutex<Inner>,
    wake: Condvar,
    over: Condvar,
}

impl Shared {
    /// The lock is held for moments only and never while a generator runs, so a poisoned one is still in order.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Handle to the model's thread. Dropping it stops the thread as soon as the running step is over.
pub struct Engine {
    shared: Arc<Shared>,
}

impl Engine {
    /// Starts the thread; loads nothing yet.
    pub fn start(loader: impl FnMut() -> Result<Box<dyn Generator>, LlmError> + Send + 'static) -> Self {
        let inner = Inner {
            state: EngineState::Idle,
            queue: AdmissionQueue::new(LIMITS),
            load_wanted: false,
            stopping: false,
            ended: false,
            running: None,
            holds: None,
            forget_wanted: false,
            swap: None,
            bench: None,
            speed: None,
        };
        let shared =
            Arc::new(Shared { inner: Mutex::new(inner), wake: Condvar::new(), over: Condvar::new() });
        let worker = Worker::new(Arc::clone(&shared), Box::new(loader));
        let started =
            std::thread::Builder::new().name("llm".to_owned()).stack_size(STACK).spawn(move || worker.run());
        if started.is_err() {
            let mut inner = shared.lock();
            inner.state = EngineState::Unavailable("the system gives no thread to it".to_owned());
            inner.stopping = true;
            inner.ended = true;
        }
        Self { shared }
    }

    /// Asks for the model to be loaded, in the background. After a failed load it tries again.
    pub fn load(&self) {
        let mut inner = self.shared.lock();
        if inner.stopping || matches!(inner.state, EngineState::Ready(_) | EngineState::Loading) {
            return;
        }
        inner.load_wanted = true;
        inner.state = EngineState::Loading;
        self.shared.wake.notify_one();
    }

    /// What the engine is doing.
    pub fn state(&self) -> EngineState {
        self.shared.lock().state.clone()
    }

    /// What may be asked of the model; `None` while there is none.
    pub fn ability(&self) -> Option<Ability> {
        match &self.shared.lock().state {
            EngineState::Ready(identity) => Some(identity.ability),
            _ => None,
        }
    }

    /// Number of requests that wait.
    pub fn waiting(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Hands in a request; `owner` decides whose turn it is. Loads the model if nobody did yet.
    ///
    /// # Errors
    /// [`LlmError::Overloaded`] when too much waits, [`LlmError::Unavailable`] without a model or during shutdown.
    pub fn submit(&self, owner: u64, mut request: GenRequest, cancel: Cancel) -> Result<Ticket, LlmError> {
        request.max_tokens = request.max_tokens.clamp(1, MAX_TOKENS);
        let (sender, events) = mpsc::channel(request.max_tokens as usize + SPARE_EVENTS);
        let position = Arc::new(AtomicUsize::new(usize::MAX));
        let span = tracing::Span::current();
        request.owner = owner;
        let job = Job { request, cancel, events: sender, position: Arc::clone(&position), span };

        let mut inner = self.shared.lock();
        if inner.stopping {
            return Err(LlmError::Unavailable("the program is about to end".to_owned()));
        }
        match &inner.state {
            EngineState::Unavailable(why) => return Err(LlmError::Unavailable(why.clone())),
            EngineState::Idle => {
                inner.load_wanted = true;
                inner.state = EngineState::Loading;
            }
            EngineState::Loading | EngineState::Ready(_) => {}
        }
        inner.tidy();
        if inner.queue.push(owner, job).is_err() {
            return Err(LlmError::Overloaded);
        }
        inner.tidy();
        self.shared.wake.notify_one();
        Ok(Ticket { events, position })
    }

    /// Makes the generator forget what it has read for an owner, and waits until it has, at most `timeout`. Answers
    /// whether nothing is held any more. The owner's requests must have been cancelled before; a request of somebody
    /// else that runs meanwhile is not waited for, as nothing of others is held then.
    pub fn forget(&self, owner: u64, timeout: Duration) -> bool {
        let mut inner = self.shared.lock();
        if inner.holds == Some(owner) {
            inner.forget_wanted = true;
            self.shared.wake.notify_one();
        }
        let deadline = Instant::now() + timeout;
        while inner.holds == Some(owner) && !inner.ended {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            inner = self.shared.over.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Cancels the running job, ends the waiting ones, and waits for the thread, at most `timeout`.
    ///
    /// Returns whether the thread has ended. It looks for cancellation between any two steps of the model, so a
    /// second or two is plenty, except while a model is being loaded.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        self.stop();
        let deadline = Instant::now() + timeout;
        let mut inner = self.shared.lock();
        while !inner.ended {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            inner = self.shared.over.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn stop(&self) {
        let mut inner = self.shared.lock();
        inner.stopping = true;
        if let Some(running) = &inner.running {
            running.cancel();
        }
        (inner.swap, inner.bench) = (None, None);
        inner.fail_waiting(&LlmError::Cancelled);
        self.shared.wake.notify_one();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
