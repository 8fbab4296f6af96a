//! Removing everything a model wrote.

use std::io::ErrorKind;

use super::*;
use crate::{
    journal::trace::TraceName,
    store::faults::{Cut, Disk},
    vault::{
        days, entries,
        machine::{self, What},
        outbox,
        recaps::{self, Maker, Recap},
        traces, trash,
    },
};

const LATER: i64 = NOON + 60_000;

fn recap(sentences: &[&str], model: Option<&str>) -> Recap {
    Recap {
        sentences: sentences.iter().map(|sentence| (*sentence).to_owned()).collect(),
        digest: [1; 32],
        made: NOON,
        made_by: model.map(|model| Maker {
            model: model.to_owned(),
            sha256: [2; 32],
            settings: String::new(),
        }),
        tried: String::new(),
    }
}

/// Two days with entries, replies (one in the trash), an opening and recaps, of which one was removed.
fn fill(anna: &Unlocked) {
    let (first, other) = (entry(1, day(1), "one"), entry(2, day(2), "two"));
    anna.write(|w| {
        entries::insert(w, &first)?;
        entries::insert(w, &other)?;
        entries::insert(w, &reply(11, &first, "an answer"))?;
        entries::insert(w, &reply(12, &first, "another answer"))?;
        entries::insert(w, &reply(13, &other, "thrown away"))?;
        entries::insert(w, &Entry { role: Role::Opening, ..entry(14, day(2), "Good morning.") })?;
        trash::trash(w, id(13), NOON)?;
        recaps::put(w, day(1), &recap(&["A day."], Some("Qwen")))?;
        recaps::put(w, day(2), &recap(&["Another."], None))?;
        recaps::put(w, day(3), &recap(&[], None))
    })
    .unwrap();
}

/// Everything there is, in the order of its kind, and how much of it.
fn counted(anna: &Unlocked) -> [usize; 4] {
    let made = anna.read(machine::all).unwrap();
    [What::Reply, What::Opening, What::Recap, What::Other]
        .map(|what| made.iter().filter(|made| made.what == what).count())
}

fn remove_all(anna: &Unlocked, in_one: usize) -> Result<(), VaultError> {
    let until = anna.read(machine::begun)?.unwrap_or(LATER);
    anna.write(|w| machine::begin(w, until))?;
    let made: Vec<_> = anna.read(machine::all)?.into_iter().filter(|made| made.made <= until).collect();
    for some in made.chunks(in_one) {
        anna.write(|w| machine::remove(w, some))?;
    }
    anna.write(machine::end)
}

fn assert_only_the_writer(anna: &Unlocked) {
    assert_eq!(counted(anna), [0; 4]);
    assert!(anna.verify().unwrap().ok);
    anna.read(|r| {
        assert_eq!(ids(&entries::day(r, day(1))?), [1]);
        assert_eq!(ids(&entries::day(r, day(2))?), [2]);
        assert!(trash::trashed(r)?.is_empty() && recaps::get(r, day(1))?.is_none());
        assert!(recaps::get(r, day(3))?.is_some_and(|kept| kept.sentences.is_empty()), "stays removed");
        assert!(!days::year(r, 1970)?.day(day(1)).has_reply);
        for number in [11, 12, 13, 14] {
            assert!(entries::entry(r, id(number))?.is_none());
        }
        assert_eq!(machine::begun(r)?, None);
        Ok(())
    })
    .unwrap();
}

#[test]
fn everything_a_model_wrote_goes_and_the_index_is_told() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    fill(&anna);
    assert_eq!(counted(&anna), [3, 1, 2, 0]);
    remove_all(&anna, 32).unwrap();
    assert_only_the_writer(&anna);
    let removed = |number| {
        anna.read(outbox::pending)
            .unwrap()
            .items
            .iter()
            .any(|item| item.id == id(number) && item.work == outbox::Work::Remove)
    };
    assert!([11, 12, 13, 14].into_iter().all(removed) && !removed(1));
    remove_all(&anna, 32).unwrap();
    assert_only_the_writer(&anna);
}

#[test]
fn what_came_later_stays_and_so_does_what_a_writer_wrote() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    fill(&anna);
    let late = Entry { created: LATER + 1, ..reply(15, &entry(1, day(1), "one"), "later") };
    anna.write(|w| entries::insert(w, &late)).unwrap();
    remove_all(&anna, 1).unwrap();
    assert_eq!(counted(&anna), [1, 0, 0, 0]);
    assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()), [1, 15]);
}

#[test]
fn a_reply_leaves_its_traces_behind() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    fill(&anna);
    let name = TraceName::parse("lake").unwrap();
    let trace = anna.write(|w| traces::attach(w, id(11), &name)).unwrap().trace;
    remove_all(&anna, 32).unwrap();
    assert!(anna.read(|r| traces::trace(r, trace)).unwrap().is_none(), "its last entry went");
    assert!(anna.verify().unwrap().ok);
}

// A disk that fails, and one that loses power, at each write of a removal in small pieces.
#[test]
fn a_removal_that_breaks_off_anywhere_loses_nothing_else_and_is_ended_the_next_time() {
    let image = {
        let disk = Disk::default();
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        let anna = fixture.anna();
        fill(&anna);
        fixture.store.quiet().unwrap();
        drop((anna, fixture));
        disk.image()
    };
    for allowed in 0.. {
        let disk = Disk::holding(image.clone());
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        let anna = fixture.sign_in();
        disk.fail_after(allowed, ErrorKind::Other);
        let done = remove_all(&anna, 2);
        drop((anna, fixture));
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed * 3 + 1)] {
            let again = Fixture::over(Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap()).unwrap();
            let anna = again.sign_in();
            assert!(anna.verify().unwrap().ok, "{cut:?} after {allowed}");
            assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()).first(), Some(&1));
            assert!(done.is_err() || counted(&anna) == [0; 4], "{cut:?} after {allowed}");
            let is_begun = anna.read(machine::begun).unwrap().is_some();
            assert!(is_begun || [[3, 1, 2, 0], [0; 4]].contains(&counted(&anna)), "{cut:?} after {allowed}");
            remove_all(&anna, 2).unwrap();
            assert_only_the_writer(&anna);
        }
        if done.is_ok() {
            break;
        }
    }
}
