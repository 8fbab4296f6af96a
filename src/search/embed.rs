//! Turning text into vectors, on one thread of its own.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use tokio::sync::oneshot;

/// Which model made a vector. Vectors of different models cannot be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmbedderIdentity {
    /// Name as shown to people.
    pub name: String,
    /// SHA-256 of the weights file.
    pub sha256: [u8; 32],
    /// Components of each vector.
    pub dims: usize,
}

/// A model that gives texts of like meaning near vectors.
pub trait Embedder: Send {
    /// Which model this is.
    fn identity(&self) -> &EmbedderIdentity;

    /// One vector of length one for each text, in order. What exceeds the model's length is not read.
    ///
    /// # Errors
    /// [`EmbedError::Failed`].
    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why there is no vector. Carries no journal text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The files are no embedder this program can run.
    #[error("not a usable embedding model: {0}")]
    NotAModel(String),
    /// Too much waits already.
    #[error("the embedder has too much to do")]
    Overloaded,
    /// The embedder could not be loaded, or it was stopped.
    #[error("the embedder is not available")]
    Unavailable,
    /// The computation failed.
    #[error("the embedder failed")]
    Failed,
}

/// What the embedder is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EmbedState {
    /// Not asked for anything yet.
    Idle,
    /// The weights are being read.
    Loading,
    /// Works.
    Ready(EmbedderIdentity),
    /// Will not work; a sentence for people.
    Unavailable(String),
}

/// Waiting searches; one more is refused.
const MAX_QUERIES: usize = 64;
/// Waiting indexing jobs; one more is refused.
const MAX_JOBS: usize = 16;
/// Tokens (estimated) computed between two looks at the queue, about a tenth of a second: as long may a query wait.
const BATCH_TOKENS: usize = 256;

/// How far the thread steps back behind what somebody waits for. A save that wakes up beside it goes on at once then,
/// while a query beside a model that writes still has a quarter of a core.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// The embedder's thread and the queues before it.
///
/// The weights are read when first needed ([`EmbedEngine::load`] or the first text). Queries go before indexing work,
/// also in the middle of a long indexing job; the texts of a job are computed in batches of like length. A job whose
/// caller has gone is skipped.
pub struct EmbedEngine {
    shared: Arc<Shared>,
    ended: Mutex<mpsc::Receiver<()>>,
}

struct Shared {
    queues: Mutex<Queues>,
    wake: Condvar,
}

struct Queues {
    state: EmbedState,
    wanted: bool,
    stopped: bool,
    /// Guards that ask indexing to wait.
    holds: usize,
    queries: VecDeque<Job>,
    jobs: VecDeque<Job>,
}

struct Job {
    texts: Vec<String>,
    /// Texts still to compute, longest last.
    todo: Vec<usize>,
    vectors: Vec<Vec<f32>>,
    answer: oneshot::Sender<Answer>,
}

/// While it lives, indexing waits (queries do not). Held while a reply streams: both want the same cores.
#[must_use]
pub struct IndexingHold(Arc<Shared>);

impl Drop for IndexingHold {
    fn drop(&mut self) {
        self.0.lock().holds -= 1;
        self.0.wake.notify_all();
    }
}

impl EmbedEngine {
    /// Starts the thread; `loader` runs on it, once, when the embedder is first needed.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start(loader: impl FnOnce() -> Result<Box<dyn Embedder>, EmbedError> + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            queues: Mutex::new(Queues {
                state: EmbedState::Idle,
                wanted: false,
                stopped: false,
                holds: 0,
                queries: VecDeque::new(),
                jobs: VecDeque::new(),
            }),
            wake: Condvar::new(),
        });
        let (end, ended) = mpsc::sync_channel(1);
        let worker = Arc::clone(&shared);
        #[allow(clippy::disallowed_methods, reason = "the one thread of this layer")]
        std::thread::Builder::new()
            .name("embedder".to_owned())
            .spawn(move || {
                step_back();
                run(&worker, loader);
                let _ = end.send(());
            })
            .expect("the operating system gives a thread at start");
        Self { shared, ended: Mutex::new(ended) }
    }

    /// Asks for the weights to be read soon, in the background.
    pub fn load(&self) {
        self.shared.lock().wanted = true;
        self.shared.wake.notify_all();
    }

    /// What the embedder is doing now.
    pub fn state(&self) -> EmbedState {
        self.shared.lock().state.clone()
    }

    /// Texts that wait, of queries and of indexing.
    pub fn n_waiting(&self) -> usize {
        let queues = self.shared.lock();
        queues.queries.iter().chain(&queues.jobs).map(|job| job.todo.len()).sum()
    }

    /// The vector of a query; goes before all indexing.
    ///
    /// # Errors
    /// See [`EmbedError`]; search by words goes on without.
    pub async fn embed_query(&self, text: String) -> Result<Vec<f32>, EmbedError> {
        let answer = self.submit(vec![text], true)?;
        let vectors = answer.await.map_err(|_| EmbedError::Unavailable)??;
        vectors.into_iter().next().ok_or(EmbedError::Failed)
    }

    /// The vectors of an entry's chunks, in order; for indexing.
    ///
    /// # Errors
    /// See [`EmbedError`]; on `Overloaded` try again later, the outbox remembers.
    pub async fn embed(&self, texts: Vec<String>) -> Answer {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.submit(texts, false)?.await.map_err(|_| EmbedError::Unavailable)?
    }

    /// The vectors of a few short texts that somebody waits for; goes before all indexing, also while that is held.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub async fn embed_now(&self, texts: Vec<String>) -> Answer {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.submit(texts, true)?.await.map_err(|_| EmbedError::Unavailable)?
    }

    /// Makes indexing wait until the guard is dropped.
    pub fn hold_indexing(&self) -> IndexingHold {
        self.shared.lock().holds += 1;
        IndexingHold(Arc::clone(&self.shared))
    }

    /// Ends the thread after the batch it is in; what waits is answered `Unavailable`. Says whether it ended in time.
    pub fn shutdown(&self, limit: Duration) -> bool {
        self.shared.stop();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(ended.recv_timeout(limit), Err(mpsc::RecvTimeoutError::Timeout))
    }

    fn submit(&self, texts: Vec<String>, query: bool) -> Result<oneshot::Receiver<Answer>, EmbedError> {
        let (answer, receiver) = oneshot::channel();
        let mut todo: Vec<usize> = (0..texts.len()).collect();
        todo.sort_by_key(|text_idx| texts[*text_idx].len());
        let job = Job { vectors: vec![Vec::new(); texts.len()], texts, todo, answer };
        let mut queues = self.shared.lock();
        if queues.stopped || matches!(queues.state, EmbedState::Unavailable(_)) {
            return Err(EmbedError::Unavailable);
        }
        let limit = if query { MAX_QUERIES } else { MAX_JOBS };
        let queue = if query { &mut queues.queries } else { &mut queues.jobs };
        queue.retain(|job| !job.answer.is_closed());
        if queue.len() >= limit {
            return Err(EmbedError::Overloaded);
        }
        queue.push_back(job);
        queues.wanted = true;
        drop(queues);
        self.shared.wake.notify_all();
        Ok(receiver)
    }
}

impl Drop for EmbedEngine {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    /// Nothing is computed and no foreign code runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut queues = self.lock();
        queues.stopped = true;
        queues.queries.clear();
        queues.jobs.clear();
        drop(queues);
        self.wake.notify_all();
    }

    fn wait_for(&self, ready: impl Fn(&Queues) -> bool) -> MutexGuard<'_, Queues> {
        let queues = self.lock();
        self.wake
            .wait_while(queues, |queues| !queues.stopped && !ready(queues))
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets other threads go before this one. On Linux the number is a thread's own; elsewhere it is left alone.
fn step_back() {
    #[cfg(target_os = "linux")]
    if rustix::process::setpriority_process(None, NICENESS).is_err() {
        tracing::warn!("the embedder could not be put behind other work");
    }
}

/// The thread: waits to be wanted, loads, works until stopped.
fn run(shared: &Shared, loader: impl FnOnce() -> Result<Box<dyn Embedder>, EmbedError>) {
    {
        let mut queues = shared.wait_for(|queues| queues.wanted);
        if queues.stopped {
            return;
        }
        queues.state = EmbedState::Loading;
    }
    let loaded = catch_unwind(AssertUnwindSafe(loader)).unwrap_or(Err(EmbedError::Failed));
    let mut embedder = match loaded {
        Ok(embedder) => embedder,
        Err(error) => {
            tracing::warn!("search by meaning is off: the embedder did not load");
            shared.lock().state = EmbedState::Unavailable(format!("Search by meaning is off: {error}."));
            shared.stop();
            return;
        }
    };
    shared.lock().state = EmbedState::Ready(embedder.identity().clone());
    loop {
        let job = {
            let mut queues = shared.wait_for(|queues| {
                !queues.queries.is_empty() || (queues.holds == 0 && !queues.jobs.is_empty())
            });
            if queues.stopped {
                return;
            }
            queues
                .queries
                .pop_front()
                .map(|job| (job, true))
                .or_else(|| queues.jobs.pop_front().map(|job| (job, false)))
        };
        if let Some((job, query)) = job
            && let Some(unfinished) = advance(job, embedder.as_mut())
        {
            let mut queues = shared.lock();
            if !queues.stopped {
                let queue = if query { &mut queues.queries } else { &mut queues.jobs };
                queue.push_front(unfinished);
            }
        }
    }
}

/// Computes one batch of a job: answers it when that was the last one, else gives it back.
fn advance(mut job: Job, embedder: &mut dyn Embedder) -> Option<Job> {
    if job.answer.is_closed() {
        return None;
    }
    let mut tokens = 0;
    let mut first = job.todo.len();
    while first > 0 {
        let estimate = job.texts[job.todo[first - 1]].len() / 4 + 2;
        if tokens > 0 && tokens + estimate > BATCH_TOKENS {
            break;
        }
        tokens += estimate;
        first -= 1;
    }
    let batch = job.todo.split_off(first);
    let texts: Vec<&str> = batch.iter().map(|text_idx| job.texts[*text_idx].as_str()).collect();
    let vectors =
        catch_unwind(AssertUnwindSafe(|| embedder.embed(&texts))).unwrap_or(Err(EmbedError::Failed));
    match vectors {
        Ok(vectors) if vectors.len() == batch.len() => {
            for (text_idx, vector) in batch.into_iter().zip(vectors) {
                job.vectors[text_idx] = vector;
            }
        }
        Ok(_) => {
            let _ = job.answer.send(Err(EmbedError::Failed));
            return None;
        }
        Err(error) => {
            let _ = job.answer.send(Err(error));
            return None;
        }
    }
    if job.todo.is_empty() {
        let _ = job.answer.send(Ok(job.vectors));
        return None;
    }
    Some(job)
}

#[cfg(test)]
mod tests;
