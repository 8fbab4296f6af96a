//! RR-01: what was acknowledged survives kill -9.

use std::time::Duration;

use crate::program::{Place, is_dist};
use crate::visitor::Visitor;

const NAME: &str = "Steadfast";
const PASSWORD: &str = "the tide comes in regardless";

// proves: RR-01 (100 rounds; `make torture`: 10,000)
#[test]
fn acknowledged_entries_survive_kill_9() {
    // The build that ships gets the full number; other builds of the same code a taste.
    let rounds = std::env::var("LLAMORA_TEST_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(if is_dist() { 100 } else { 10 });
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    running.kill();

    let mut acknowledged = Vec::new();
    let mut cut_off = 0;
    for round in 0..rounds {
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.sign_in(NAME, PASSWORD);
        // A day of its own for each round, so that the pages read afterwards stay short.
        let day = format!("/d/{}-{:02}-{:02}", 1990 + round / 300, 1 + round / 25 % 12, 1 + round % 25);
        assert_eq!(visitor.get(&day).status, 200);
        // Spread over 0 to 200 ms without chance, so that a failure can be repeated.
        let delay = Duration::from_millis((round as u64 * 67) % 200);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(delay);
            running.kill();
        });
        let mut written = Vec::new();
        for n in 0.. {
            let text = format!("Round {round} entry {n} {}", "and the wind went on. ".repeat(n % 40));
            match visitor.try_write(&day, &text) {
                Ok(id) => written.push((id, format!("Round {round} entry {n} "))),
                Err(_) => break,
            }
        }
        killer.join().unwrap();
        cut_off += 1;
        acknowledged.push((day, written));
    }

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let mut count = 0;
    for (day, written) in &acknowledged {
        let page = visitor.get(day).body;
        for (id, text) in written {
            assert!(page.contains(&format!("data-entry-id=\"{id}\"")), "{day} lost {id} ({text})");
            assert!(page.contains(text.trim_end()), "{day} shows {id} without its text");
            count += 1;
        }
    }
    println!("kill -9: {cut_off} rounds, {count} acknowledged entries, all there");
    assert!(count > rounds, "too few saves were acknowledged to prove anything: {count}");
    place.assert_calm();
}
