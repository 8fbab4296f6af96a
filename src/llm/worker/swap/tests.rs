use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc as std_mpsc,
    },
    time::Duration,
};

use super::*;
use crate::{
    config::manifest::Ability,
    llm::{
        GenEvent, GenRequest, Message, Speaker, StopReason,
        scripted::ScriptedGenerator,
        worker::{JobEvent, Ticket},
    },
};

const PATIENCE: Duration = Duration::from_secs(60);

fn named(name: &str) -> Result<Box<dyn Generator>, LlmError> {
    Ok(Box::new(ScriptedGenerator::named(name, Duration::ZERO)))
}

fn ask() -> GenRequest {
    GenRequest {
        max_tokens: 200,
        ..GenRequest::reply(vec![Message::new(Speaker::Writer, "Rain at last.")], 1)
    }
}

/// Which model answered, and how that ended.
fn listen(ticket: &mut Ticket) -> (String, Result<StopReason, LlmError>) {
    let mut name = String::new();
    loop {
        match ticket.events.blocking_recv() {
            Some(JobEvent::Begins(identity)) => name = identity.name,
            Some(JobEvent::Done(reason)) => return (name, Ok(reason)),
            Some(JobEvent::Failed(error)) => return (name, Err(error)),
            Some(_) => {}
            None => panic!("the channel closed before the end"),
        }
    }
}

/// A generator that answers and measures as long as nobody opens its gate.
struct Gated {
    identity: ModelIdentity,
    arrived: std_mpsc::Sender<&'static str>,
    gate: std_mpsc::Receiver<()>,
}

impl Generator for Gated {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        _request: &GenRequest,
        cancel: &Cancel,
        _sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let _ = self.arrived.send("generate");
        while !cancel.is_cancelled() {
            if self.gate.recv_timeout(Duration::from_millis(1)).is_ok() {
                return Ok(StopReason::End);
            }
        }
        Ok(StopReason::Cancelled)
    }

    fn measure(&mut self, threads: u32, is_wanted: &dyn Fn() -> bool) -> Result<Option<Speed>, LlmError> {
        let _ = self.arrived.send("measure");
        while is_wanted() {
            if self.gate.recv_timeout(Duration::from_millis(1)).is_ok() {
                return Ok(Some(Speed { reading: f64::from(threads), writing: 1.0 }));
            }
        }
        Ok(None)
    }
}

fn gated() -> (Engine, std_mpsc::Receiver<&'static str>, std_mpsc::Sender<()>) {
    let (arrived, arrivals) = std_mpsc::channel();
    let (open, gate) = std_mpsc::channel();
    let identity =
        ModelIdentity { name: "Old".to_owned(), sha256: [0; 32], context: 10, ability: Ability::Taste };
    let mut parts = Some(Gated { identity, arrived, gate });
    let engine = Engine::start(move || Ok(Box::new(parts.take().ok_or(LlmError::NoModel)?)));
    (engine, arrivals, open)
}

#[test]
fn a_running_reply_ends_on_the_old_model_and_what_waits_goes_to_the_new_one() {
    for order in [Order::Overlapping, Order::OneAtATime] {
        let (engine, arrivals, open) = gated();
        let mut running = engine.submit(1, ask(), Cancel::new()).expect("accepted");
        assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("generate"));
        let mut waiting = engine.submit(2, ask(), Cancel::new()).expect("accepted");
        let swapped = engine.swap(|| named("New"), order);
        assert!(engine.state() != EngineState::Loading, "the old one still answers");
        open.send(()).expect("open");
        assert_eq!(listen(&mut running), ("Old".to_owned(), Ok(StopReason::End)));
        assert_eq!(listen(&mut waiting), ("New".to_owned(), Ok(StopReason::End)));
        assert_eq!(
            swapped.blocking_recv().expect("told").map(|identity| identity.name),
            Ok("New".to_owned())
        );
        let mut later = engine.submit(1, ask(), Cancel::new()).expect("accepted");
        assert_eq!(listen(&mut later).0, "New");
    }
}

#[test]
fn when_the_new_one_cannot_be_loaded_the_old_one_answers_on() {
    for (order, loads_after) in [(Order::Overlapping, 1), (Order::OneAtATime, 2)] {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let engine = Engine::start(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            named("Old")
        });
        let mut first = engine.submit(1, ask(), Cancel::new()).expect("accepted");
        assert_eq!(listen(&mut first).0, "Old");
        let swapped = engine.swap(|| Err(LlmError::Truncated), order);
        assert_eq!(swapped.blocking_recv().expect("told"), Err(LlmError::Truncated));
        let mut next = engine.submit(1, ask(), Cancel::new()).expect("accepted");
        assert_eq!(listen(&mut next), ("Old".to_owned(), Ok(StopReason::End)));
        assert_eq!(loads.load(Ordering::SeqCst), loads_after, "{order:?}");
        // A loader that panics is one that fails.
        let swapped = engine.swap(|| panic!("a planted panic"), order);
        assert!(matches!(swapped.blocking_recv().expect("told"), Err(LlmError::Failed(_))));
        let mut next = engine.submit(1, ask(), Cancel::new()).expect("accepted");
        assert_eq!(listen(&mut next).0, "Old");
    }
}

#[test]
fn a_model_can_be_put_where_there_was_none_and_a_panic_loads_the_new_one_again() {
    let engine = Engine::start(|| Err(LlmError::NoModel));
    engine.load();
    let swapped = engine.swap(|| named("New"), Order::OneAtATime);
    assert!(swapped.blocking_recv().expect("told").is_ok());
    let doomed = GenRequest::reply(vec![Message::new(Speaker::Writer, "please panic")], 1);
    let mut doomed = engine.submit(1, doomed, Cancel::new()).expect("accepted");
    let mut next = engine.submit(1, ask(), Cancel::new()).expect("accepted");
    assert!(listen(&mut doomed).1.is_err());
    assert_eq!(listen(&mut next), ("New".to_owned(), Ok(StopReason::End)));
    assert!(engine.shutdown(PATIENCE));
    assert_eq!(
        engine.swap(|| named("Late"), Order::Overlapping).blocking_recv(),
        Ok(Err(LlmError::Cancelled))
    );
}

#[test]
fn measuring_steps_aside_for_whoever_wants_text() {
    let (engine, arrivals, open) = gated();
    let mut first = engine.submit(1, ask(), Cancel::new()).expect("accepted");
    open.send(()).expect("open");
    assert_eq!(listen(&mut first).1, Ok(StopReason::End));
    assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("generate"));

    let mut told = engine.bench(&[1, 2], Cancel::new()).expect("there is a model");
    assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("measure"));
    let mut asked = engine.submit(1, ask(), Cancel::new()).expect("accepted");
    assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("generate"), "at once");
    open.send(()).expect("open");
    assert_eq!(listen(&mut asked).1, Ok(StopReason::End));
    for threads in [1, 2] {
        assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("measure"));
        open.send(()).expect("open");
        let speed = Speed { reading: f64::from(threads), writing: 1.0 };
        assert_eq!(told.blocking_recv(), Some(BenchEvent::Measured(Measured { threads, speed })));
    }
    assert_eq!(told.blocking_recv(), Some(BenchEvent::Done));

    let cancel = Cancel::new();
    let mut told = engine.bench(&[1], cancel.clone()).expect("there is a model");
    assert_eq!(arrivals.recv_timeout(PATIENCE), Ok("measure"));
    cancel.cancel();
    assert_eq!(told.blocking_recv(), Some(BenchEvent::Done));
    assert!(engine.shutdown(PATIENCE));
    assert!(engine.bench(&[1], Cancel::new()).is_err());
}
