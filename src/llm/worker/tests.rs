use std::sync::mpsc as std_mpsc;

use super::*;
use crate::{
    config::manifest::Ability,
    llm::{Message, Speaker, scripted::ScriptedGenerator},
};

/// Long enough for any machine; no test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn scripted() -> Engine {
    Engine::start(|| Ok(Box::new(ScriptedGenerator::with_pause(Duration::ZERO))))
}

fn ask(entry: &str) -> GenRequest {
    GenRequest { max_tokens: 200, ..GenRequest::reply(vec![Message::new(Speaker::Writer, entry)], 1) }
}

/// Everything until the end: the text, and how it ended.
fn listen(ticket: &mut Ticket) -> (String, Result<StopReason, LlmError>) {
    let mut text = String::new();
    loop {
        match ticket.events.blocking_recv() {
            Some(JobEvent::Gen(GenEvent::Token(token))) => text.push_str(&token),
            Some(JobEvent::Done(reason)) => return (text, Ok(reason)),
            Some(JobEvent::Failed(error)) => return (text, Err(error)),
            Some(_) => {}
            None => panic!("the channel closed before the end"),
        }
    }
}

/// A generator that says its owner's name and waits at a gate before every answer.
struct Gated {
    identity: ModelIdentity,
    arrived: std_mpsc::Sender<String>,
    gate: std_mpsc::Receiver<()>,
}

impl Generator for Gated {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        request: &GenRequest,
        cancel: &Cancel,
        sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let _ = self.arrived.send(request.messages[0].text.clone());
        loop {
            sink(GenEvent::Token(".".to_owned()));
            if cancel.is_cancelled() {
                return Ok(StopReason::Cancelled);
            }
            if self.gate.recv_timeout(Duration::from_millis(1)).is_ok() {
                return Ok(StopReason::End);
            }
        }
    }
}

fn gated() -> (Engine, std_mpsc::Receiver<String>, std_mpsc::Sender<()>) {
    let (arrived, arrivals) = std_mpsc::channel();
    let (open, gate) = std_mpsc::channel();
    let identity =
        ModelIdentity { name: "Gated".to_owned(), sha256: [0; 32], context: 10, ability: Ability::Taste };
    let mut parts = Some(Gated { identity, arrived, gate });
    let engine = Engine::start(move || Ok(Box::new(parts.take().ok_or(LlmError::NoModel)?)));
    (engine, arrivals, open)
}

#[test]
fn an_answer_streams_and_ends() {
    let engine = scripted();
    assert_eq!(engine.state(), EngineState::Idle);
    let mut ticket = engine.submit(1, ask("We planted tomatoes."), Cancel::new()).expect("accepted");
    let (text, ended) = listen(&mut ticket);
    assert!(text.starts_with("You wrote 3 words about **tomatoes**."));
    assert_eq!((ended, ticket.position()), (Ok(StopReason::End), 0));
    assert!(matches!(engine.state(), EngineState::Ready(identity) if identity.name == "Scripted"));
    assert_eq!(engine.ability(), Some(Ability::Taste));
    assert!(engine.shutdown(PATIENCE));
}

#[test]
fn owners_are_served_in_turn_and_know_their_place() {
    let (engine, arrivals, open) = gated();
    let first = engine.submit(1, ask("a1"), Cancel::new()).expect("accepted");
    assert_eq!(arrivals.recv_timeout(PATIENCE).as_deref(), Ok("a1"));
    let mut rest = Vec::new();
    for (owner, name) in [(1, "a2"), (1, "a3"), (2, "b1"), (3, "c1")] {
        rest.push(engine.submit(owner, ask(name), Cancel::new()).expect("accepted"));
    }
    assert_eq!(rest.iter().map(Ticket::position).collect::<Vec<_>>(), [3, 4, 1, 2]);
    for expected in ["b1", "c1", "a2", "a3"] {
        open.send(()).expect("open");
        assert_eq!(arrivals.recv_timeout(PATIENCE).as_deref(), Ok(expected));
    }
    assert!(rest.iter().all(|ticket| ticket.position() == 0));
    open.send(()).expect("open");
    assert_eq!(listen(&mut rest[1]).1, Ok(StopReason::End));
    drop(first);
}

#[test]
fn too_much_waiting_is_refused_and_cancelled_places_are_free_again() {
    let (engine, arrivals, _open) = gated();
    let _running = engine.submit(9, ask("running"), Cancel::new()).expect("accepted");
    arrivals.recv_timeout(PATIENCE).expect("it runs");
    let cancel = Cancel::new();
    let mut waiting: Vec<_> =
        (0..4).map(|_| engine.submit(1, ask("x"), cancel.clone()).expect("accepted")).collect();
    assert_eq!(engine.submit(1, ask("x"), Cancel::new()).err(), Some(LlmError::Overloaded));
    waiting.extend((0..4).map(|_| engine.submit(2, ask("y"), Cancel::new()).expect("accepted")));
    assert_eq!(engine.submit(3, ask("z"), Cancel::new()).err(), Some(LlmError::Overloaded));
    cancel.cancel();
    waiting.push(engine.submit(3, ask("z"), Cancel::new()).expect("accepted"));
    assert_eq!(engine.waiting(), 5);
    assert_eq!(listen(&mut waiting[0]).1, Ok(StopReason::Cancelled));
}

#[test]
fn a_job_that_nobody_listens_to_is_stopped_and_a_waiting_one_is_skipped() {
    let (engine, arrivals, open) = gated();
    let running = engine.submit(1, ask("left alone"), Cancel::new()).expect("accepted");
    arrivals.recv_timeout(PATIENCE).expect("it runs");
    drop(engine.submit(2, ask("dropped"), Cancel::new()).expect("accepted"));
    let mut last = engine.submit(3, ask("last"), Cancel::new()).expect("accepted");
    drop(running);
    assert_eq!(arrivals.recv_timeout(PATIENCE).as_deref(), Ok("last"));
    open.send(()).expect("open");
    assert_eq!(listen(&mut last).1, Ok(StopReason::End));
}

#[test]
fn a_panic_fails_one_job_and_the_generator_is_loaded_again() {
    let engine = scripted();
    for _ in 0..3 {
        let mut doomed = engine.submit(1, ask("please panic"), Cancel::new()).expect("accepted");
        let mut next = engine.submit(1, ask("and then"), Cancel::new()).expect("accepted");
        let (text, ended) = listen(&mut doomed);
        assert_eq!(text, "You wrote 2 ");
        assert!(matches!(ended, Err(LlmError::Failed(_))));
        assert_eq!(listen(&mut next).1, Ok(StopReason::End));
    }
}

#[test]
fn a_second_panic_in_a_row_ends_it_until_someone_loads_again() {
    let engine = scripted();
    let mut jobs: Vec<_> =
        (0..3).map(|_| engine.submit(1, ask("please panic"), Cancel::new()).expect("accepted")).collect();
    let ends: Vec<_> = jobs.iter_mut().map(|job| listen(job).1).collect();
    assert!(matches!(ends[1], Err(LlmError::Failed(_))));
    assert!(matches!(ends[2], Err(LlmError::Unavailable(_))));
    assert!(matches!(engine.submit(1, ask("x"), Cancel::new()), Err(LlmError::Unavailable(_))));
    engine.load();
    let mut again = engine.submit(1, ask("x"), Cancel::new()).expect("accepted");
    assert_eq!(listen(&mut again).1, Ok(StopReason::End));
}

#[test]
fn a_failed_answer_keeps_its_text_and_the_engine_goes_on() {
    let engine = scripted();
    let mut ticket = engine.submit(1, ask("please fail"), Cancel::new()).expect("accepted");
    assert_eq!(listen(&mut ticket).0, "You wrote 2 ");
    assert!(matches!(engine.state(), EngineState::Ready(_)));
}

#[test]
fn without_a_model_requests_fail_with_its_sentence_and_loading_can_be_tried_again() {
    let mut there = false;
    let engine = Engine::start(move || {
        if std::mem::replace(&mut there, true) {
            Ok(Box::new(ScriptedGenerator::default()))
        } else {
            Err(LlmError::NoModel)
        }
    });
    let mut ticket = engine.submit(1, ask("x"), Cancel::new()).expect("accepted");
    let sentence = LlmError::NoModel.to_string();
    assert_eq!(listen(&mut ticket).1, Err(LlmError::Unavailable(sentence.clone())));
    assert_eq!(engine.state(), EngineState::Unavailable(sentence));
    engine.load();
    let mut ticket = engine.submit(1, ask("x"), Cancel::new()).expect("accepted");
    assert_eq!(listen(&mut ticket).1, Ok(StopReason::End));
}

/// A generator that says who it holds something of.
struct Holding {
    identity: ModelIdentity,
    holds: Arc<Mutex<Vec<u64>>>,
}

impl Generator for Holding {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn generate(
        &mut self,
        request: &GenRequest,
        _cancel: &Cancel,
        _sink: &mut dyn FnMut(GenEvent),
    ) -> Result<StopReason, LlmError> {
        let mut holds = self.holds.lock().expect("unpoisoned");
        assert!(holds.iter().all(|owner| *owner == request.owner), "something of others is left");
        holds.push(request.owner);
        Ok(StopReason::End)
    }

    fn forget(&mut self) {
        self.holds.lock().expect("unpoisoned").clear();
    }
}

// proves: SR-48 (the worker)
#[test]
fn what_was_read_for_one_is_forgotten_before_anothers_request_and_at_lock() {
    let holds = Arc::new(Mutex::new(Vec::new()));
    let identity =
        ModelIdentity { name: "Holding".to_owned(), sha256: [0; 32], context: 10, ability: Ability::Taste };
    let mut parts = Some(Holding { identity, holds: Arc::clone(&holds) });
    let engine = Engine::start(move || Ok(Box::new(parts.take().ok_or(LlmError::NoModel)?)));
    let run = |owner: u64| {
        let mut ticket = engine.submit(owner, ask("x"), Cancel::new()).expect("accepted");
        assert_eq!(listen(&mut ticket).1, Ok(StopReason::End));
    };
    let held = || holds.lock().expect("unpoisoned").clone();
    run(1);
    run(1);
    assert_eq!(held(), [1, 1], "the same owner goes on");
    assert!(engine.forget(2, Duration::ZERO), "nothing of 2 is held, so there is nothing to wait for");
    assert_eq!(held(), [1, 1]);
    assert!(engine.forget(1, PATIENCE));
    assert!(held().is_empty());
    run(1);
    run(2);
    assert_eq!(held(), [2]);
    assert!(engine.forget(1, Duration::ZERO));
    assert!(engine.shutdown(PATIENCE));
    assert!(engine.forget(2, PATIENCE), "the generator is gone and all it held");
}

#[test]
fn forgetting_waits_for_the_request_that_was_told_to_end() {
    let (engine, arrivals, _open) = gated();
    let cancel = Cancel::new();
    let _running = engine.submit(1, ask("running"), cancel.clone()).expect("accepted");
    arrivals.recv_timeout(PATIENCE).expect("it runs");
    assert!(!engine.forget(1, Duration::from_millis(20)), "it still runs");
    cancel.cancel();
    assert!(engine.forget(1, PATIENCE));
}

#[test]
fn shutdown_stops_the_running_job_and_ends_the_waiting_ones() {
    let (engine, arrivals, _open) = gated();
    let mut running = engine.submit(1, ask("running"), Cancel::new()).expect("accepted");
    arrivals.recv_timeout(PATIENCE).expect("it runs");
    let mut waiting = engine.submit(1, ask("waiting"), Cancel::new()).expect("accepted");
    assert!(engine.shutdown(PATIENCE));
    assert_eq!(listen(&mut running).1, Ok(StopReason::Cancelled));
    assert_eq!(listen(&mut waiting).1, Err(LlmError::Cancelled));
    assert!(matches!(engine.submit(1, ask("late"), Cancel::new()), Err(LlmError::Unavailable(_))));
}

#[test]
fn a_shutdown_that_takes_too_long_is_said_to() {
    let (held, release) = std_mpsc::channel::<()>();
    let (arrived, arrivals) = std_mpsc::channel();
    let engine = Engine::start(move || {
        let _ = arrived.send(());
        let _ = release.recv();
        Err(LlmError::NoModel)
    });
    engine.load();
    arrivals.recv_timeout(PATIENCE).expect("it loads");
    assert!(!engine.shutdown(Duration::from_millis(20)));
    drop(held);
    assert!(engine.shutdown(PATIENCE));
}
