use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::search::toy::Toy;

const PATIENCE: Duration = Duration::from_secs(20);

/// Tells which texts it was given, and answers only when told to.
struct Gated {
    inner: Toy,
    seen: Sender<Vec<String>>,
    go: Receiver<()>,
}

impl Embedder for Gated {
    fn identity(&self) -> &EmbedderIdentity {
        self.inner.identity()
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.seen.send(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap();
        self.go.recv_timeout(PATIENCE).map_err(|_| EmbedError::Failed)?;
        assert!(!texts.contains(&"panic"), "as asked");
        self.inner.embed(texts)
    }
}

fn gated() -> (Arc<EmbedEngine>, Receiver<Vec<String>>, Sender<()>) {
    let (seen, seen_here) = channel();
    let (go_here, go) = channel();
    let engine = EmbedEngine::start(move || Ok(Box::new(Gated { inner: Toy::default(), seen, go })));
    (Arc::new(engine), seen_here, go_here)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

#[test]
fn vectors_come_in_the_order_of_the_texts() {
    let engine = EmbedEngine::start(|| Ok(Box::new(Toy::default())));
    let texts: Vec<String> = (0..60).map(|n| format!("text {n} {}", "long ".repeat((n * 7) % 90))).collect();
    let vectors = runtime().block_on(engine.embed(texts.clone())).unwrap();
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(vectors, Toy::default().embed(&borrowed).unwrap());
}

#[test]
fn nothing_is_loaded_before_it_is_needed() {
    let engine = EmbedEngine::start(|| Ok(Box::new(Toy::default())));
    assert_eq!(engine.state(), EmbedState::Idle);
    assert_eq!(runtime().block_on(engine.embed(Vec::new())), Ok(Vec::new()));
    assert_eq!(engine.state(), EmbedState::Idle);
    runtime().block_on(engine.embed_query("boat".into())).unwrap();
    assert!(matches!(engine.state(), EmbedState::Ready(identity) if identity.name == "toy"));
    assert!(engine.shutdown(PATIENCE));
}

#[test]
fn a_query_goes_before_the_rest_of_a_long_indexing_job() {
    let (engine, seen, go) = gated();
    let runtime = runtime();
    let long = "x".repeat(BATCH_TOKENS * 4);
    let indexing = {
        let engine = Arc::clone(&engine);
        runtime.spawn(async move { engine.embed(vec![long; 3]).await })
    };
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap().len(), 1, "one batch at a time");
    let query = {
        let engine = Arc::clone(&engine);
        runtime.spawn(async move { engine.embed_query("query".into()).await })
    };
    while engine.n_waiting() == 0 {
        std::thread::yield_now();
    }
    go.send(()).unwrap();
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), ["query"]);
    (0..3).for_each(|_| go.send(()).unwrap());
    assert!(runtime.block_on(query).unwrap().is_ok());
    assert_eq!(runtime.block_on(indexing).unwrap().unwrap().len(), 3);
}

#[test]
fn indexing_waits_while_held_and_queries_do_not() {
    let (engine, seen, go) = gated();
    let runtime = runtime();
    let hold = engine.hold_indexing();
    let indexing = {
        let engine = Arc::clone(&engine);
        runtime.spawn(async move { engine.embed(vec!["entry".into()]).await })
    };
    while engine.n_waiting() == 0 {
        std::thread::yield_now();
    }
    go.send(()).unwrap();
    runtime.block_on(engine.embed_query("query".into())).unwrap();
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), ["query"]);
    assert!(seen.try_recv().is_err());
    drop(hold);
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), ["entry"]);
    go.send(()).unwrap();
    assert!(runtime.block_on(indexing).unwrap().is_ok());
}

#[test]
fn a_full_queue_refuses_and_jobs_nobody_waits_for_are_dropped() {
    let (engine, seen, go) = gated();
    let first = engine.submit(vec!["first".into()], false).unwrap();
    seen.recv_timeout(PATIENCE).unwrap();
    let waiting: Vec<_> =
        (0..MAX_JOBS).map(|n| engine.submit(vec![format!("job {n}")], false).unwrap()).collect();
    assert_eq!(engine.submit(vec!["one more".into()], false).err(), Some(EmbedError::Overloaded));
    drop(waiting);
    let last = engine.submit(vec!["last".into()], false).unwrap();
    (0..2).for_each(|_| go.send(()).unwrap());
    assert!(first.blocking_recv().unwrap().is_ok() && last.blocking_recv().unwrap().is_ok());
    assert_eq!(seen.try_iter().flatten().collect::<Vec<_>>(), ["last"]);
}

#[test]
fn a_panic_costs_one_job_only() {
    let (engine, _seen, go) = gated();
    (0..2).for_each(|_| go.send(()).unwrap());
    let runtime = runtime();
    assert_eq!(runtime.block_on(engine.embed(vec!["panic".into()])), Err(EmbedError::Failed));
    assert!(runtime.block_on(engine.embed(vec!["fine".into()])).is_ok());
}

#[test]
fn an_embedder_that_does_not_load_says_so_and_answers_at_once() {
    let engine = EmbedEngine::start(|| Err(EmbedError::NotAModel("the weights cannot be read".into())));
    let runtime = runtime();
    assert_eq!(runtime.block_on(engine.embed_query("boat".into())), Err(EmbedError::Unavailable));
    assert!(
        matches!(engine.state(), EmbedState::Unavailable(sentence) if sentence.contains("cannot be read"))
    );
    assert_eq!(runtime.block_on(engine.embed(vec!["boat".into()])), Err(EmbedError::Unavailable));
    assert!(engine.shutdown(PATIENCE));
}

#[test]
fn stopping_answers_what_waits() {
    let (engine, seen, go) = gated();
    let running = engine.submit(vec!["running".into()], false).unwrap();
    seen.recv_timeout(PATIENCE).unwrap();
    let waiting = engine.submit(vec!["waiting".into()], false).unwrap();
    assert!(!engine.shutdown(Duration::ZERO), "the batch under way is not cut off");
    assert!(waiting.blocking_recv().is_err());
    go.send(()).unwrap();
    assert!(running.blocking_recv().unwrap().is_ok());
    assert!(engine.shutdown(PATIENCE));
    assert_eq!(engine.submit(vec!["late".into()], true).err(), Some(EmbedError::Unavailable));
}
