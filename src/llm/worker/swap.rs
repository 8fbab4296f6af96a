//! Putting another model in place of the one that runs, and measuring how fast it is, between requests.
//!
//! A request that runs comes to its end on the model it began with. What waits, and what comes later, goes to the new
//! one. When that cannot be loaded, the one before answers on. Measuring steps aside for whoever asks for text.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::sync::{mpsc, oneshot};

use crate::llm::{
    Cancel, Generator, LlmError, ModelIdentity,
    speed::{Measured, Speed},
    worker::{Engine, EngineState, Loader, thread::Worker},
};

/// In which order one model follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The new one is loaded while the old one still answers: the machine holds both for a moment.
    Overlapping,
    /// The old one goes first, because there is no room for both. If the new one fails, the old one is loaded again.
    OneAtATime,
}

/// Another model that is to take over.
pub(super) struct Swap {
    pub(super) loader: Loader,
    order: Order,
    done: oneshot::Sender<Result<ModelIdentity, LlmError>>,
}

/// What happens to a measurement.
#[derive(Debug, Clone, PartialEq)]
pub enum BenchEvent {
    /// It was measured on so many threads.
    Measured(Measured),
    /// It is over: everything was measured, or somebody cancelled it.
    Done,
    /// It failed.
    Failed(LlmError),
}

/// A measurement that was asked for.
pub(super) struct Measuring {
    left: VecDeque<u32>,
    cancel: Cancel,
    events: mpsc::Sender<BenchEvent>,
}

impl Measuring {
    fn wanted(&self) -> bool {
        !self.cancel.is_cancelled() && !self.events.is_closed()
    }

    /// The channel has room for every number of threads and the end.
    fn tell(&self, event: BenchEvent) {
        let _ = self.events.try_send(event);
    }
}

impl Engine {
    /// Asks for another model, which `loader` loads. The answer comes when it has taken over, or could not be loaded:
    /// then the one before is there again. A request for a swap that waits gives way to a later one.
    pub fn swap(
        &self,
        loader: impl FnMut() -> Result<Box<dyn Generator>, LlmError> + Send + 'static,
        order: Order,
    ) -> oneshot::Receiver<Result<ModelIdentity, LlmError>> {
        let (done, told) = oneshot::channel();
        let mut inner = self.shared.lock();
        if inner.stopping {
            let _ = done.send(Err(LlmError::Cancelled));
            return told;
        }
        if let Some(old) = inner.swap.replace(Swap { loader: Box::new(loader), order, done }) {
            let _ = old.done.send(Err(LlmError::Cancelled));
        }
        self.shared.wake.notify_one();
        told
    }

    /// Asks for the model to be measured on each of these numbers of threads, one after the other, while nobody wants
    /// text of it. In place of a measurement that was asked for before.
    ///
    /// # Errors
    /// [`LlmError::Unavailable`] without a model.
    pub fn bench(&self, threads: &[u32], cancel: Cancel) -> Result<mpsc::Receiver<BenchEvent>, LlmError> {
        let mut inner = self.shared.lock();
        match &inner.state {
            EngineState::Ready(_) if !inner.stopping => {}
            EngineState::Unavailable(why) => return Err(LlmError::Unavailable(why.clone())),
            _ => return Err(LlmError::Unavailable("it is not loaded yet".to_owned())),
        }
        let (events, told) = mpsc::channel(threads.len() + 1);
        if let Some(old) =
            inner.bench.replace(Measuring { left: threads.iter().copied().collect(), cancel, events })
        {
            old.tell(BenchEvent::Done);
        }
        self.shared.wake.notify_one();
        Ok(told)
    }

    /// How fast the model is, as its latest answers measured; `None` before the first.
    pub fn speed(&self) -> Option<Speed> {
        self.shared.lock().speed
    }
}

impl Worker {
    /// Puts another model in place of the one there is.
    pub(super) fn swap(&mut self, swap: Swap) {
        let Swap { mut loader, order, done } = swap;
        if order == Order::OneAtATime || self.generator.is_none() {
            self.drop_generator();
            self.shared.lock().state = EngineState::Loading;
        }
        match load_with(&mut loader) {
            Ok(generator) => {
                // What the old one has read goes with it.
                self.drop_generator();
                let identity = generator.identity().clone();
                (self.generator, self.loader, self.may_reload) = (Some(generator), loader, true);
                let mut inner = self.shared.lock();
                (inner.state, inner.speed) = (EngineState::Ready(identity.clone()), None);
                drop(inner);
                let _ = done.send(Ok(identity));
            }
            Err(error) => {
                if self.generator.is_none() {
                    self.load();
                }
                let _ = done.send(Err(error));
            }
        }
    }

    /// Measures one number of threads, unless somebody wants text meanwhile: then it is done again later.
    pub(super) fn measure(&mut self, mut measuring: Measuring) {
        let (Some(generator), Some(threads)) = (&mut self.generator, measuring.left.front().copied()) else {
            return measuring.tell(BenchEvent::Done);
        };
        if !measuring.wanted() {
            return measuring.tell(BenchEvent::Done);
        }
        let (shared, wanted) = (&self.shared, &measuring);
        let is_free = || wanted.wanted() && shared.lock().is_idle();
        let outcome = catch_unwind(AssertUnwindSafe(|| generator.measure(threads, &is_free)));
        match outcome {
            Ok(Ok(speed)) => {
                if let Some(speed) = speed {
                    measuring.left.pop_front();
                    measuring.tell(BenchEvent::Measured(Measured { threads, speed }));
                }
                if measuring.left.is_empty() || !measuring.wanted() {
                    measuring.tell(BenchEvent::Done);
                } else {
                    // Unless another measurement was asked for meanwhile.
                    self.shared.lock().bench.get_or_insert(measuring);
                }
            }
            Ok(Err(error)) => measuring.tell(BenchEvent::Failed(error)),
            Err(_panic) => {
                self.drop_generator();
                let mut inner = self.shared.lock();
                inner.load_wanted = true;
                inner.state = EngineState::Loading;
                drop(inner);
                measuring.tell(BenchEvent::Failed(LlmError::Failed("it stopped unexpectedly".to_owned())));
            }
        }
    }
}

/// Loads a model; one that panics is one that failed.
pub(super) fn load_with(loader: &mut Loader) -> Result<Box<dyn Generator>, LlmError> {
    catch_unwind(AssertUnwindSafe(loader))
        .unwrap_or_else(|_| Err(LlmError::Failed("loading it went wrong".to_owned())))
}

#[cfg(test)]
mod tests;
