use std::{
    io,
    process::Command,
    sync::{Arc, Mutex},
};

use super::*;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(work: impl FnOnce()) -> String {
    let paper = Paper::default();
    let ink = paper.clone();
    let subscriber = tracing_subscriber::registry().with(lines(move || ink.clone()));
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
}

// proves: SR-53
#[test]
fn fields_on_the_list_are_printed_and_the_value_of_any_other_is_withheld() {
    let said = written(|| tracing::error!(status = 404, route = "/d/:date", text = "Dear diary", "answered"));
    assert!(
        said.contains("answered") && said.contains("status=404") && said.contains("route=\"/d/:date\""),
        "{said}"
    );
    assert!(said.contains("text=withheld") && !said.contains("diary"), "{said}");
}

#[test]
fn fields_of_spans_are_held_to_the_same_list() {
    let said = written(|| {
        let _span = tracing::error_span!("span", name = "Mira", ms = 3).entered();
        tracing::error!("inside");
    });
    assert!(said.contains("inside") && !said.contains("Mira"), "{said}");
}

#[test]
fn an_event_is_one_line_whatever_is_in_it() {
    let said = written(|| tracing::error!(cause = %"one\ntwo\x1b[31m\rthree", "failed"));
    assert_eq!(said.lines().count(), 1, "{said:?}");
    assert!(!said.contains('\x1b') && !said.contains('\r') && said.contains("one two"), "{said:?}");
}

// proves: SR-53
#[test]
fn a_panic_prints_its_place_and_not_what_it_says() {
    const ALONE: &str = "LLAMORA_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        start("trace");
        let text = std::env::var("LLAMORA_TEST_CANARY").unwrap();
        assert!(std::panic::catch_unwind(|| panic!("could not keep {text:?}")).is_err());
        return;
    }
    let name = "telemetry::tests::a_panic_prints_its_place_and_not_what_it_says";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .env("LLAMORA_TEST_CANARY", "CNRYQ7ZK2MWA")
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("failed inside the program") && said.contains("telemetry/tests.rs:"), "{said}");
    assert!(!said.contains("CNRY") && !said.contains("could not keep"), "{said}");
}
