//! What is kept of traces beside their entries: what it tells a thief, and when it goes.

use crate::{
    journal::trace::TraceName,
    vault::{
        recaps::{self, Recap, Subject},
        tests::{
            NOON,
            altered::raw,
            id,
            traces::{attach, with_entries},
        },
        traces::{self, change},
        trash,
    },
};

/// How long each row is, of a journal with four traces of these names and all that is kept of them.
fn lengths_with(names: [&str; 4]) -> Vec<usize> {
    let (fixture, anna) = with_entries();
    for (number, text) in [(2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (4, 3), (11, 3)] {
        attach(&anna, number, names[text]);
    }
    let of =
        |name: &str| anna.read(|r| traces::find(r, &TraceName::parse(name).unwrap())).unwrap().unwrap().id;
    let (first, second, last) = (of(names[0]), of(names[1]), of(names[3]));
    anna.write(|w| traces::pin(w, second, true)).unwrap();
    assert!(anna.write(|w| change::merge(w, last, first)).unwrap().is_some());
    let kept = Recap {
        sentences: names.map(str::to_owned).to_vec(),
        digest: [1; 32],
        made: NOON,
        made_by: None,
        tried: String::new(),
    };
    anna.write(|w| {
        recaps::put(w, Subject::Suggested(id(2)), &kept)?;
        recaps::put(w, Subject::Labels(id(3)), &kept)
    })
    .unwrap();
    anna.write(|w| trash::trash(w, id(3), NOON)).unwrap();
    let mut lengths: Vec<usize> = raw(&fixture.store).iter().map(|(_, value)| value.len()).collect();
    lengths.sort_unstable();
    lengths
}

// Issue 8, "must be seen to hold" 5.
#[test]
fn two_journals_of_other_names_and_equal_counts_look_alike() {
    let long: Vec<String> = ('a'..='d').map(|c| format!("{c}{}", "\u{10400}".repeat(63))).collect();
    let long = [0, 1, 2, 3].map(|n| long[n].as_str());
    let emoji = ["\u{1f389}", "\u{1f60a}", "\u{1f30a}", "\u{2603}"];
    assert_eq!(lengths_with(["a", "b", "c", "d"]), lengths_with(long));
    assert_eq!(lengths_with(["a", "b", "c", "d"]), lengths_with(emoji));
}

#[test]
fn what_was_summed_up_goes_when_an_entry_leaves_and_what_was_suggested_with_it() {
    let (_fixture, anna) = with_entries();
    let lake = attach(&anna, 2, "lake");
    attach(&anna, 3, "lake");
    let kept = Recap {
        sentences: vec!["2026-03-03 We swam.".to_owned()],
        digest: [1; 32],
        made: NOON,
        made_by: None,
        tried: String::new(),
    };
    let put = |of: Subject| anna.write(|w| recaps::put(w, of, &kept)).unwrap();
    let is_kept = |of: Subject| anna.read(|r| recaps::get(r, of)).unwrap().is_some();
    put(Subject::Trace(lake));
    attach(&anna, 4, "lake");
    assert!(is_kept(Subject::Trace(lake)), "what comes makes it stale and tells nothing that is gone");
    put(Subject::Trace(lake));
    anna.write(|w| traces::detach(w, id(4), lake)).unwrap();
    assert!(!is_kept(Subject::Trace(lake)));
    put(Subject::Trace(lake));
    anna.write(|w| trash::trash(w, id(3), NOON)).unwrap();
    assert!(!is_kept(Subject::Trace(lake)));
    put(Subject::Suggested(id(3)));
    put(Subject::Labels(id(3)));
    put(Subject::Suggested(id(2)));
    assert!(anna.write(|w| trash::purge(w, id(3))).unwrap());
    assert!(!is_kept(Subject::Suggested(id(3))) && !is_kept(Subject::Labels(id(3))));
    put(Subject::Trace(lake));
    anna.write(|w| change::delete(w, lake)).unwrap();
    assert!(!is_kept(Subject::Trace(lake)) && is_kept(Subject::Suggested(id(2))));
}
