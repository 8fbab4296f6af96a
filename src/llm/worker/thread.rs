//! The model's thread: what it does next, and how it survives a generator that panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
};

use crate::llm::{
    Generator, LlmError,
    worker::{
        EngineState, Job, JobEvent, Loader, Shared,
        swap::{Measuring, Swap, load_with},
    },
};

enum Task {
    Load,
    Forget,
    Swap(Swap),
    Job(Box<Job>),
    Measure(Measuring),
}

/// The thread's own side: it alone has the generator.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) loader: Loader,
    pub(super) generator: Option<Box<dyn Generator>>,
    /// Whether a panic may be answered by loading again.
    pub(super) may_reload: bool,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, loader: Loader) -> Self {
        Self { shared, loader, generator: None, may_reload: true }
    }

    /// Works until the engine stops.
    pub(super) fn run(mut self) {
        while let Some(task) = self.next() {
            match task {
                Task::Load => self.load(),
                Task::Forget => self.forget(),
                Task::Swap(swap) => self.swap(swap),
                Task::Job(job) => self.answer(*job),
                Task::Measure(measuring) => self.measure(measuring),
            }
        }
        self.drop_generator();
        let mut inner = self.shared.lock();
        inner.ended = true;
        self.shared.over.notify_all();
    }

    fn next(&self) -> Option<Task> {
        let mut inner = self.shared.lock();
        loop {
            if inner.stopping {
                return None;
            }
            inner.running = None;
            if std::mem::take(&mut inner.forget_wanted) {
                return Some(Task::Forget);
            }
            if let Some(swap) = inner.swap.take() {
                // It ends with a model that is loaded, whichever that is.
                inner.load_wanted = false;
                return Some(Task::Swap(swap));
            }
            if inner.load_wanted {
                inner.load_wanted = false;
                inner.state = EngineState::Loading;
                return Some(Task::Load);
            }
            inner.tidy();
            if self.generator.is_some()
                && let Some(job) = inner.queue.pop()
            {
                inner.running = Some(job.cancel.clone());
                job.tell_position(0);
                inner.tidy();
                return Some(Task::Job(Box::new(job)));
            }
            if inner.is_idle()
                && let Some(measuring) = inner.bench.take()
            {
                return Some(Task::Measure(measuring));
            }
            inner = self.shared.wake.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn load(&mut self) {
        self.drop_generator();
        let loaded = load_with(&mut self.loader);
        let mut inner = self.shared.lock();
        match loaded {
            Ok(generator) => {
                inner.state = EngineState::Ready(generator.identity().clone());
                self.generator = Some(generator);
            }
            Err(error) => {
                let why = error.to_string();
                inner.state = EngineState::Unavailable(why.clone());
                inner.fail_waiting(&LlmError::Unavailable(why));
            }
        }
    }

    /// Makes the generator forget, and tells those who wait for it. One that fails at that is dropped altogether.
    fn forget(&mut self) {
        let forgot = catch_unwind(AssertUnwindSafe(|| {
            if let Some(generator) = &mut self.generator {
                generator.forget();
            }
        }));
        if forgot.is_err() {
            self.drop_generator();
            let mut inner = self.shared.lock();
            inner.load_wanted = true;
            inner.state = EngineState::Loading;
        }
        self.holds(None);
    }

    fn holds(&self, owner: Option<u64>) {
        self.shared.lock().holds = owner;
        self.shared.over.notify_all();
    }

    fn answer(&mut self, job: Job) {
        let (held, owner) = (self.shared.lock().holds, job.request.owner);
        if held.is_some_and(|held| held != owner) {
            self.forget();
        }
        self.holds(Some(owner));
        let Some(generator) = &mut self.generator else {
            job.end(JobEvent::Failed(LlmError::Unavailable("it is being loaded again".to_owned())));
            return;
        };
        let _ = job.events.try_send(JobEvent::Begins(generator.identity().clone()));
        let shared = &self.shared;
        let outcome = job.span.in_scope(|| {
            catch_unwind(AssertUnwindSafe(|| {
                generator.generate(&job.request, &job.cancel, &mut |event| {
                    // Full cannot be: the channel has a place for every token. Closed means that nobody listens.
                    if job.events.try_send(JobEvent::Gen(event)).is_err() {
                        job.cancel.cancel();
                    }
                    shared.lock().tidy();
                })
            }))
        });
        if let Some(speed) = generator.speed() {
            shared.lock().speed = Some(speed);
        }
        match outcome {
            Ok(Ok(reason)) => {
                self.may_reload = true;
                job.end(JobEvent::Done(reason));
            }
            Ok(Err(error)) => {
                self.may_reload = true;
                job.end(JobEvent::Failed(error));
            }
            Err(_panic) => {
                self.drop_generator();
                let mut inner = self.shared.lock();
                if std::mem::take(&mut self.may_reload) {
                    inner.load_wanted = true;
                    inner.state = EngineState::Loading;
                } else {
                    let why = "it failed twice in a row".to_owned();
                    inner.state = EngineState::Unavailable(why.clone());
                    inner.fail_waiting(&LlmError::Unavailable(why));
                }
                drop(inner);
                job.end(JobEvent::Failed(LlmError::Failed("it stopped unexpectedly".to_owned())));
            }
        }
    }

    pub(super) fn drop_generator(&mut self) {
        let generator = self.generator.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(generator)));
        self.holds(None);
    }
}
