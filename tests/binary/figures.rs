//! Figures of the program as it ships: printed, and held against the limits that matter.

use std::time::Instant;

use crate::program::{Place, full, is_dist, slim};
use crate::visitor::Visitor;

const NAME: &str = "Clockwork";
const PASSWORD: &str = "measured twice and cut once";

/// Anonymous resident memory of a process in kB.
fn anonymous_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

// proves: RR-28 (median 12 ms to the first page)
#[test]
fn figures_of_start_size_and_memory() {
    let place = Place::full();
    // On an empty folder /login leads to the registration, so there is an account first.
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    running.stop();
    let mut first_answers = Vec::new();
    let mut memory = 0;
    for _ in 0..7 {
        let running = place.start();
        assert_eq!(Visitor::new(running.address).get("/login").status, 200);
        first_answers.push(running.begun.elapsed());
        memory = memory.max(anonymous_memory(running.id()));
        running.stop();
    }
    first_answers.sort();
    let size = |path| std::fs::metadata(path).unwrap().len() as f64 / 1e6;

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let signing_in = Instant::now();
    Visitor::new(running.address).sign_in(NAME, PASSWORD);
    let signing_in = signing_in.elapsed();
    let mut saves = Vec::new();
    let today = visitor.today();
    visitor.get(&today);
    for n in 0..50 {
        let begun = Instant::now();
        visitor.try_write(&today, &format!("Entry {n} of fifty.")).unwrap();
        saves.push(begun.elapsed());
    }
    saves.sort();

    println!("figures");
    println!(
        "  start to first 200 on /login   median {} ms, best {} ms, worst {} ms",
        first_answers[3].as_millis(),
        first_answers[0].as_millis(),
        first_answers[6].as_millis()
    );
    println!("  RssAnon before the first sign-in   {:.1} MB", memory as f64 / 1e3);
    println!("  sign-in   {} ms", signing_in.as_millis());
    println!(
        "  save over HTTP   median {:.1} ms, slowest {:.1} ms",
        saves[25].as_secs_f64() * 1e3,
        saves[49].as_secs_f64() * 1e3
    );
    println!("  size   {:.1} MB with models, {:.1} MB without", size(full()), size(slim()));
    assert!(memory < 80_000, "RssAnon before the first sign-in is {memory} kB");
    if is_dist() {
        assert!(size(full()) <= 200.0 && size(slim()) <= 45.0, "too large: see the figures above");
    }
}
