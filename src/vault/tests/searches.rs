//! Recent searches.

use std::ops::ControlFlow;

use crate::{
    store::{error::StoreError, rows::Rows},
    vault::{
        searches::{self, Search},
        tests::{Fixture, NOON},
    },
};

fn search(text: &str) -> Search {
    Search {
        at: NOON,
        text: text.to_owned(),
        from: String::new(),
        to: String::new(),
        traces: String::new(),
        by: 0,
        order: 0,
    }
}

/// Stored lengths of all records.
fn lengths(fixture: &Fixture) -> Vec<usize> {
    let mut lengths = Vec::new();
    fixture
        .store
        .read(|rows| {
            rows.scan(&[0; 24], &[0xFF; 24], &mut |_, value| {
                lengths.push(value.len());
                ControlFlow::Continue(())
            })?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    lengths
}

#[test]
fn searches_are_kept_once_each_newest_first() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    for text in ["boat", "rain", "boat"] {
        anna.write(|w| searches::keep(w, &search(text))).unwrap();
    }
    anna.write(|w| searches::keep(w, &Search { by: 1, ..search("boat") })).unwrap();
    let all = fixture.sign_in().read(searches::all).unwrap();
    assert_eq!(
        all.iter().map(|search| (&*search.text, search.by)).collect::<Vec<_>>(),
        [("boat", 1), ("boat", 0), ("rain", 0)]
    );
    let mut moments: Vec<i64> = all.iter().map(|search| search.at).collect();
    moments.dedup();
    assert!(moments.len() == 3 && moments.is_sorted_by(|newer, older| newer > older));

    anna.write(|w| searches::forget(w, moments[1])).unwrap();
    let left: Vec<i64> = anna.read(searches::all).unwrap().iter().map(|search| search.at).collect();
    assert_eq!(left, [moments[0], moments[2]]);
    anna.write(searches::clear).unwrap();
    assert!(anna.read(searches::all).unwrap().is_empty());
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn searches_within_other_traces_are_others() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let within = |traces: &str| Search { traces: traces.to_owned(), ..search("boat") };
    for traces in ["lake", "", "caf\u{e9}, lake", "lake"] {
        anna.write(|w| searches::keep(w, &within(traces))).unwrap();
    }
    let all = anna.read(searches::all).unwrap();
    let traces: Vec<&str> = all.iter().map(|search| &*search.traces).collect();
    assert_eq!(traces, ["lake", "caf\u{e9}, lake", ""]);
}

#[test]
fn switching_them_off_removes_what_was_kept() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    anna.write(|w| searches::keep(w, &search("boat"))).unwrap();
    assert!(lengths(&fixture).contains(&8_160));
    anna.write(|w| searches::keep_any(w, false)).unwrap();
    assert!(!lengths(&fixture).contains(&8_160));
    anna.write(|w| searches::keep(w, &search("rain"))).unwrap();
    assert!(anna.read(searches::all).unwrap().is_empty() && !anna.read(searches::are_kept).unwrap());
    anna.write(|w| searches::keep_any(w, true)).unwrap();
    anna.write(|w| searches::keep(w, &search("rain"))).unwrap();
    assert_eq!(anna.read(searches::all).unwrap().len(), 1);
}

#[test]
fn the_record_has_one_length_whatever_was_searched_for() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    for n in 0..60 {
        anna.write(|w| searches::keep(w, &search(&format!("search {n}")))).unwrap();
    }
    let all = anna.read(searches::all).unwrap();
    assert_eq!((all.len(), &*all[0].text, &*all[49].text), (50, "search 59", "search 10"));
    // The longest that can be typed.
    let camel = "\u{1f42a}".repeat(512);
    for n in 0..10 {
        anna.write(|w| searches::keep(w, &Search { from: n.to_string(), ..search(&camel) })).unwrap();
        assert!(anna.read(searches::all).unwrap()[0].text == camel);
    }
    let long: Vec<usize> = lengths(&fixture).into_iter().filter(|length| *length > 4_064).collect();
    assert_eq!(long, [8_160]);
}
