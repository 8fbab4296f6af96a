//! SIGTERM ends the program soon and cleanly, whatever it is doing.

use std::io::Read;
use std::time::Duration;

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
