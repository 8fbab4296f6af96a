//! Openings: one on a day, gone with what they speak of, and no writing of their own.

use crate::{
    journal::{
        day::Day,
        entry::{Ending, Entry, Given, Provenance, Role},
    },
    vault::{
        days, entries, openings,
        tests::{Fixture, NOON, day, entry},
        trash,
    },
};

const TODAY: i32 = 20_779;

fn opening(number: u8, on: i32, cited: &[i32]) -> Entry {
    let given = Given { days: cited.iter().copied().map(day).collect(), ..Given::default() };
    let made_by = Some(Provenance { model: "m".into(), sha256: [0; 32], settings: "s".into(), given });
    Entry { role: Role::Opening, made_by, ..entry(number, day(on), "Yesterday.") }
}

#[test]
fn a_day_has_one_and_whoever_comes_second_finds_the_first() {
    let anna = Fixture::in_memory().anna();
    let keep = |one: &Entry, replaces| anna.write(|w| openings::keep(w, one, replaces)).unwrap();
    let kept = || anna.read(|r| openings::get(r, day(TODAY))).unwrap().map(|kept| kept.id.as_bytes()[0]);
    // What broke off, as an import may bring it, is none.
    let broken = Entry { ending: Ending::Interrupted, ..opening(9, TODAY, &[]) };
    anna.write(|w| entries::insert(w, &broken)).unwrap();
    assert_eq!(kept(), None);
    assert!(keep(&opening(1, TODAY, &[]), false));
    assert!(!keep(&opening(2, TODAY, &[]), false));
    assert_eq!(kept(), Some(1));
    assert!(keep(&opening(3, TODAY, &[]), true));
    assert_eq!(kept(), Some(3));
    assert_eq!(anna.read(|r| entries::day(r, day(TODAY))).unwrap().len(), 1, "what was there is gone");
    assert!(anna.write(|w| openings::remove(w, day(TODAY), NOON)).unwrap());
    assert!(!anna.write(|w| openings::remove(w, day(TODAY), NOON)).unwrap());
    assert!(anna.read(trash::trashed).unwrap().is_empty() && kept().is_none());
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn it_goes_with_an_entry_of_a_day_it_speaks_of_that_is_removed_for_ever() {
    let anna = Fixture::in_memory().anna();
    anna.write(|w| {
        for (number, on) in [(1, TODAY - 3), (2, TODAY - 2)] {
            entries::insert(w, &entry(number, day(on), "Snow."))?;
        }
        for one in [
            opening(11, TODAY - 2, &[TODAY - 3]),
            opening(12, TODAY - 1, &[TODAY - 2]),
            opening(13, TODAY, &[TODAY - 2, TODAY - 3]),
        ] {
            openings::keep(w, &one, false)?;
        }
        trash::trash(w, super::id(1), NOON)?;
        trash::purge(w, super::id(1))
    })
    .unwrap();
    let kept = |on| anna.read(|r| openings::get(r, day(on))).unwrap().is_some();
    assert_eq!([TODAY - 2, TODAY - 1, TODAY].map(kept), [false, true, false]);
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn a_day_that_holds_nothing_else_was_not_written_on() {
    let anna = Fixture::in_memory().anna();
    anna.write(|w| {
        for (number, on) in [(1, TODAY - 400), (2, TODAY - 9), (3, TODAY - 8), (4, TODAY + 1)] {
            entries::insert(w, &entry(number, day(on), "Snow."))?;
        }
        openings::keep(w, &opening(11, TODAY - 1, &[TODAY - 8]), false)
    })
    .unwrap();
    let written = |most| -> Vec<Day> { anna.read(|r| days::written_before(r, day(TODAY), most)).unwrap() };
    assert_eq!(written(2), [day(TODAY - 8), day(TODAY - 9)]);
    assert_eq!(written(9), [day(TODAY - 8), day(TODAY - 9), day(TODAY - 400)]);
    let around = anna.read(|r| days::neighbours(r, day(TODAY))).unwrap();
    assert_eq!(around, (Some(day(TODAY - 8)), Some(day(TODAY + 1))));
}
