//! SIGTERM ends the program soon and cleanly, whatever it is doing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{Client, read};
use crate::program::{Place, has_model};
use crate::visitor::Visitor;

const LIMIT: Duration = Duration::from_secs(5);

// proves: RR-27
#[test]
fn sigterm_ends_an_idle_program_with_code_0() {
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register("Idle", "nothing much to do today");
    let (status, took) = running.stop();
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(took < LIMIT, "took {took:?}");
    place.assert_calm();
}

// proves: RR-27
#[test]
fn sigterm_right_after_the_first_line_is_not_lost() {
    let place = Place::slim();
    for _ in 0..10 {
        let (status, took) = place.start().stop();
        assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
        assert!(took < LIMIT, "took {took:?}");
    }
    assert!(!place.path("data/journal.run").exists(), "the file that names the process goes with it");
    place.assert_calm();
}

#[test]
fn sigterm_during_a_reply_ends_within_5_s_and_keeps_what_was_written() {
    if !has_model("sigterm_during_a_reply_ends_within_5_s_and_keeps_what_was_written") {
        return;
    }
    let place = Place::full();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Streaming", "talk to me for a while");
    let long =
        "Please tell me a very long story about a lighthouse keeper, with many details of each of his days. ";
    let entry = visitor.write(&long.repeat(3));
    let reply = visitor.ask(&entry);

    let mut stream = visitor.client.open("GET", &format!("/replies/{reply}/events"), None).unwrap();
    let mut seen = String::new();
    let mut block = [0; 512];
    while seen.matches("event: token").count() + seen.matches("event:token").count() < 3 {
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0, "the stream ended early: {seen}");
        seen += &String::from_utf8_lossy(&block[..read]);
        assert!(!seen.contains("failed"), "{seen}");
    }
    let (status, took) = running.stop();
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(took < LIMIT, "took {took:?}");
    println!("SIGTERM during a reply: ended after {} ms", took.as_millis());

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in("Streaming", "talk to me for a while");
    let state = visitor.reply_state(&reply);
    assert!(matches!(state.as_str(), "interrupted" | "stopped" | "complete"), "the reply is {state:?}");
    place.assert_calm();
}

// proves: RR-27
#[test]
fn what_is_being_saved_at_sigterm_is_saved_or_refused_and_never_lost() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Busy", "always at it until the end");
    let today = visitor.today();
    visitor.get(&today);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (mut visitor, today) = (visitor.clone(), today.clone());
            std::thread::spawn(move || {
                let mut saved = Vec::new();
                for n in 0.. {
                    let text = format!("Entry {n} of {writer}. {}", "And so on. ".repeat(50));
                    match visitor.try_write(&today, &text) {
                        Ok(id) => saved.push(id),
                        Err(error) => return (saved, error.kind() == ErrorKind::PermissionDenied),
                    }
                }
                unreachable!("the program ends")
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(700));
    let (status, took) = running.stop();
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(took < LIMIT, "took {took:?}");
    let mut saved = Vec::new();
    for writer in writers {
        let (ids, was_sent_away) = writer.join().unwrap();
        saved.extend(ids);
        // Sessions end when what had begun had a second to end.
        assert!(!was_sent_away || took > Duration::from_secs(1), "signed out after {took:?}");
    }
    assert!(saved.len() > 5, "{} entries were saved", saved.len());

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in("Busy", "always at it until the end");
    let today = visitor.today();
    let page = visitor.get(&today).body;
    let lost: Vec<_> = saved.iter().filter(|id| !page.contains(&format!("data-entry-id=\"{id}\""))).collect();
    assert!(lost.is_empty(), "{lost:?}");
    println!(
        "SIGTERM while saving: ended after {} ms, {} acknowledged entries are there",
        took.as_millis(),
        saved.len()
    );
    place.assert_calm();
}

// proves: RR-27
#[test]
fn a_text_that_is_on_its_way_at_sigterm_is_still_saved() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Halfway", "one more sentence before the end");
    let today = visitor.today();
    visitor.get(&today);
    let (mut stream, body) = visitor.begin_post(&format!("{today}/entries"), &[("text", "Still written.")]);
    let told = Instant::now();
    running.tell_to_stop();
    until_heard(&place);
    // Long enough for a program that ends sessions first.
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(body.as_bytes()).unwrap();
    let answer = read(stream).unwrap();
    assert_eq!(answer.status, 303, "{}", answer.body);
    let status = running.ended();
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(told.elapsed() < LIMIT, "took {:?}", told.elapsed());

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in("Halfway", "one more sentence before the end");
    assert!(visitor.get(&today).body.contains("Still written."));
    place.assert_calm();
}

/// Waits until the program says that it has heard the signal.
fn until_heard(place: &Place) {
    let told = Instant::now();
    while !place.errors().contains("stopping") {
        assert!(told.elapsed() < LIMIT, "{}", place.errors());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A program that somebody keeps busy: a form of which only a part has come.
fn busy(place: &Place) -> (crate::program::Running, TcpStream) {
    let running = place.start();
    let stream = Client::new(running.address).promise("/login", 50).unwrap();
    (running, stream)
}

// proves: RR-27
#[test]
fn sigterm_waits_for_an_open_form_but_not_for_ever() {
    let place = Place::slim();
    let (running, stream) = busy(&place);
    let (status, took) = running.stop();
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(took < LIMIT, "took {took:?}");
    assert!(took > Duration::from_secs(1), "it did not wait: {took:?}");
    drop(stream);
    place.assert_calm();
}

// proves: RR-27
#[test]
fn a_second_sigterm_ends_it_at_once() {
    let place = Place::slim();
    let (running, stream) = busy(&place);
    running.tell_to_stop();
    until_heard(&place);
    let (status, took) = running.stop();
    println!("a second SIGTERM: ended after {} ms", took.as_millis());
    assert_eq!(status.code(), Some(0), "{status}; {}", place.errors());
    assert!(took < Duration::from_millis(1000), "took {took:?}");
    drop(stream);
    place.assert_calm();
}
