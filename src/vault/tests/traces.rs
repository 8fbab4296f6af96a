//! Traces: attached, detached, counted, changed as a whole, and exact through all that happens to entries.

use crate::{
    journal::{
        ids::{EntryId, TraceId},
        trace::{Kind, TraceName},
    },
    store::{Store, rows::RowsMut},
    vault::{
        audit::Secret,
        entries,
        error::VaultError,
        salvage::salvage,
        tests::{
            Fixture, NOON,
            altered::{raw, tamper},
            day, entry, id, reply,
        },
        traces::{
            self,
            change::{self, Renamed},
        },
        trash,
        unlocked::Unlocked,
        whole,
    },
};

fn name(text: &str) -> TraceName {
    TraceName::parse(text).unwrap()
}

pub(super) fn attach(anna: &Unlocked, number: u8, text: &str) -> TraceId {
    anna.write(|w| traces::attach(w, id(number), &name(text))).unwrap().trace
}

/// The names of an entry's traces.
fn of(anna: &Unlocked, number: u8) -> Vec<String> {
    anna.read(|r| {
        let entry = entries::entry(r, id(number))?.expect("it is there");
        Ok(traces::names(r, &entry.traces)?.into_iter().map(|(_, name, _)| name).collect())
    })
    .unwrap()
}

/// Every trace with its count and its days.
fn all(anna: &Unlocked) -> Vec<(String, u32, i32, i32)> {
    let mut all: Vec<_> = anna
        .read(traces::all)
        .unwrap()
        .into_iter()
        .map(|trace| (trace.name, trace.count, trace.first.number(), trace.last.number()))
        .collect();
    all.sort();
    all
}

fn sound(anna: &Unlocked) {
    let audit = anna.audit(&|| false).unwrap().unwrap();
    assert!(audit.ok(), "{audit:?}");
}

pub(super) fn with_entries() -> (Fixture, std::sync::Arc<Unlocked>) {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    anna.write(|w| {
        for number in 1..=6_u8 {
            entries::insert(w, &entry(number, day(20_000 + i32::from(number)), "text"))?;
        }
        entries::insert(w, &reply(11, &entry(1, day(20_001), ""), "an answer"))
    })
    .unwrap();
    (fixture, anna)
}

#[test]
fn a_trace_is_made_by_its_first_entry_and_goes_with_its_last() {
    let (_fixture, anna) = with_entries();
    let lake = attach(&anna, 2, "Lake");
    assert_eq!(attach(&anna, 5, "lake"), lake, "equal names are one trace");
    attach(&anna, 11, "LAKE");
    let again = anna.write(|w| traces::attach(w, id(2), &name("lake"))).unwrap();
    assert!(again.was_there);
    assert_eq!(all(&anna), [("Lake".to_owned(), 3, 20_001, 20_005)]);
    let found = anna.read(|r| traces::find(r, &name("lAKE"))).unwrap().unwrap();
    assert_eq!((found.id, found.kind, found.created), (lake, Kind::Word, NOON));
    let linked = anna.read(|r| traces::entries(r, lake)).unwrap();
    assert_eq!(linked.iter().map(|link| link.entry).collect::<Vec<_>>(), [id(11), id(2), id(5)]);
    sound(&anna);

    for number in [11, 5] {
        assert_eq!(anna.write(|w| traces::detach(w, id(number), lake)).unwrap().as_deref(), Some("Lake"));
    }
    assert_eq!(all(&anna), [("Lake".to_owned(), 1, 20_002, 20_002)]);
    assert_eq!(anna.write(|w| traces::detach(w, id(5), lake)).unwrap(), None);
    let rows = anna.audit(&|| false).unwrap().unwrap().records;
    anna.write(|w| traces::detach(w, id(2), lake)).unwrap();
    assert!(all(&anna).is_empty() && anna.read(|r| traces::trace(r, lake)).unwrap().is_none());
    // TRACE, TRACE_NAME and POSTING.
    assert_eq!(anna.audit(&|| false).unwrap().unwrap().records, rows - 3, "it leaves nothing behind");
    sound(&anna);
    let nobody = anna.write(|w| traces::attach(w, id(99), &name("x")));
    assert!(matches!(nobody, Err(VaultError::Missing)));
}

#[test]
fn the_trash_takes_entries_out_of_a_trace_and_gives_them_back() {
    let (_fixture, anna) = with_entries();
    for (number, text) in [(1, "home"), (1, "lake"), (11, "home"), (3, "home")] {
        attach(&anna, number, text);
    }
    let gone = |number, now| anna.write(|w| trash::trash(w, id(number), now)).unwrap();
    gone(1, NOON + 1);
    assert_eq!(all(&anna), [("home".to_owned(), 1, 20_003, 20_003)], "the reply went along");
    sound(&anna);
    anna.write(|w| trash::restore(w, id(1))).unwrap();
    assert_eq!(all(&anna), [("home".to_owned(), 3, 20_001, 20_003), ("lake".to_owned(), 1, 20_001, 20_001)]);
    sound(&anna);
    gone(1, NOON + 2);
    // A name that waits in the trash is taken up again, and shown as it is typed now.
    attach(&anna, 4, "LAKE");
    assert_eq!(of(&anna, 4), ["LAKE"]);
    anna.write(|w| trash::restore(w, id(1))).unwrap();
    assert_eq!(of(&anna, 1), ["home", "LAKE"]);
    gone(1, NOON + 3);
    gone(4, NOON + 3);
    assert!(anna.write(|w| trash::purge(w, id(1))).unwrap());
    assert_eq!(all(&anna), [("home".to_owned(), 1, 20_003, 20_003)]);
    assert!(anna.write(|w| trash::purge(w, id(4))).unwrap());
    sound(&anna);
    assert!(anna.read(|r| traces::find(r, &name("lake"))).unwrap().is_none());
}

#[test]
fn a_text_that_is_written_late_takes_no_trace_away() {
    let (_fixture, anna) = with_entries();
    let running = anna.read(|r| entries::entry(r, id(11))).unwrap().unwrap();
    attach(&anna, 11, "lake");
    let later = crate::journal::entry::Entry { text: "more".to_owned(), ..running };
    anna.write(|w| entries::checkpoint(w, &later)).unwrap();
    assert_eq!(of(&anna, 11), ["lake"]);
    sound(&anna);
}

#[test]
fn renaming_keeps_every_link_and_is_undone() {
    let (_fixture, anna) = with_entries();
    let lake = attach(&anna, 2, "lake");
    attach(&anna, 3, "lake");
    attach(&anna, 3, "sea");
    let rename = |to: &str| anna.write(|w| change::rename(w, lake, &name(to))).unwrap();
    let Renamed::Taken(sea) = rename("SEA") else { panic!("the name was free") };
    assert_eq!(rename("lake"), Renamed::Same);
    let Renamed::Done(changed) = rename("Z\u{fc}richsee") else { panic!() };
    assert_eq!((of(&anna, 2), changed.name.as_str()), (vec!["Z\u{fc}richsee".to_owned()], "lake"));
    assert!(anna.read(|r| traces::find(r, &name("lake"))).unwrap().is_none());
    assert_eq!(anna.write(|w| change::undo(w, &changed.undo.unwrap())).unwrap(), Some(lake));
    assert_eq!(of(&anna, 3), ["lake", "sea"]);
    assert_eq!(anna.write(|w| change::undo(w, &changed.undo.unwrap())).unwrap(), None, "once");
    // Only the case: the same trace, shown otherwise.
    assert!(matches!(rename("Lake"), Renamed::Done(_)));
    assert_eq!(anna.read(|r| traces::find(r, &name("lake"))).unwrap().unwrap().name, "Lake");
    // A name of which all entries are in the trash is free; they go along.
    anna.write(|w| trash::trash(w, id(3), NOON + 1)).unwrap();
    assert!(anna.read(|r| traces::trace(r, sea)).unwrap().is_none());
    assert!(matches!(rename("sea"), Renamed::Done(_)));
    anna.write(|w| trash::restore(w, id(3))).unwrap();
    assert_eq!(all(&anna), [("sea".to_owned(), 2, 20_002, 20_003)]);
    sound(&anna);
}

#[test]
fn merging_and_deleting_are_undone_completely() {
    let (_fixture, anna) = with_entries();
    for (number, text) in
        [(1, "a"), (1, "sea"), (1, "b"), (2, "sea"), (2, "lake"), (3, "lake"), (4, "sea"), (11, "sea")]
    {
        attach(&anna, number, text);
    }
    anna.write(|w| trash::trash(w, id(4), NOON + 1)).unwrap();
    let state = || {
        anna.write(|w| trash::restore(w, id(4))).unwrap();
        let all = (all(&anna), (1..=6).chain([11]).map(|number| of(&anna, number)).collect::<Vec<_>>());
        anna.write(|w| trash::trash(w, id(4), NOON + 1)).unwrap();
        sound(&anna);
        all
    };
    let before = state();
    let trace = |text: &str| anna.read(|r| traces::find(r, &name(text))).unwrap().unwrap().id;
    let (sea, lake) = (trace("sea"), trace("lake"));

    let merged = anna.write(|w| change::merge(w, sea, lake)).unwrap().unwrap();
    assert_eq!(
        (of(&anna, 1), of(&anna, 2)),
        (vec!["a".into(), "lake".into(), "b".into()], vec!["lake".into()])
    );
    assert_eq!(state().0.len(), 3);
    assert_eq!(anna.write(|w| change::undo(w, &merged.undo.unwrap())).unwrap(), Some(sea));
    assert_eq!(state(), before);

    let deleted = anna.write(|w| change::delete(w, sea)).unwrap().unwrap();
    assert_eq!((of(&anna, 1), of(&anna, 2)), (vec!["a".into(), "b".into()], vec!["lake".into()]));
    let between = state();
    assert!(between.0.iter().all(|(name, ..)| name != "sea"));
    assert_eq!(anna.write(|w| change::undo(w, &merged.undo.unwrap())).unwrap(), None, "not the last one");
    assert_eq!(anna.write(|w| change::undo(w, &deleted.undo.unwrap())).unwrap(), Some(sea));
    assert_eq!(state(), before);

    // What was removed for ever stays so, and a name that is in use again takes the entries in.
    let deleted = anna.write(|w| change::delete(w, sea)).unwrap().unwrap();
    anna.write(|w| trash::purge(w, id(4))).unwrap();
    let other = attach(&anna, 6, "SEA");
    assert_eq!(anna.write(|w| change::undo(w, &deleted.undo.unwrap())).unwrap(), Some(other));
    assert!(all(&anna).contains(&("SEA".to_owned(), 4, 20_001, 20_006)), "{:?}", all(&anna));
    sound(&anna);
    assert!(anna.write(|w| change::merge(w, other, other)).unwrap().is_none());
    assert!(anna.write(|w| change::delete(w, sea)).unwrap().is_none());
}

#[test]
fn many_entries_and_many_traces_fill_pages() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let number = |n: u16| {
        let mut bytes = [1; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        EntryId::from_bytes(bytes)
    };
    anna.write(|w| {
        for n in 0..500_u16 {
            let on = day(20_000 + i32::from(n / 10));
            entries::insert(w, &crate::journal::entry::Entry { id: number(n), ..entry(1, on, "x") })?;
            traces::attach(w, number(n), &name("all"))?;
        }
        for n in 0..1_050 {
            traces::attach(w, number(n % 500), &name(&format!("t{n}")))?;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(all(&anna).len(), 1_051);
    let trace = anna.read(|r| traces::find(r, &name("all"))).unwrap().unwrap();
    assert_eq!((trace.count, trace.last.number()), (500, 20_049));
    sound(&anna);
    anna.write(|w| {
        for n in (0..500).filter(|n| n % 3 > 0) {
            traces::detach(w, number(n), trace.id)?;
        }
        (1..1_050).try_for_each(|n| {
            let found = traces::find(w, &name(&format!("t{n}")))?.expect("attached above");
            traces::detach(w, number(n % 500), found.id).map(drop)
        })
    })
    .unwrap();
    assert_eq!(all(&anna), [("all".to_owned(), 167, 20_000, 20_049), ("t0".to_owned(), 1, 20_000, 20_000)]);
    sound(&anna);
    anna.refresh().unwrap();
    let mut cursor = crate::vault::rotation::Cursor::default();
    while anna.rotation().unwrap().is_running() {
        if anna.advance(&mut cursor).unwrap() == crate::vault::rotation::Step::Compact {
            anna.compacted().unwrap();
        }
    }
    assert_eq!(all(&anna).len(), 2);
    sound(&anna);
}

#[test]
fn an_item_brings_its_traces_by_name() {
    let (_fixture, anna) = with_entries();
    attach(&anna, 2, "lake");
    attach(&anna, 2, ":tada:");
    let (_other, berta) = with_entries();
    let item = anna.read(|r| whole::day(r, day(20_002))).unwrap().items.remove(0);
    assert_eq!(item.traces.iter().map(TraceName::as_str).collect::<Vec<_>>(), ["lake", "\u{1f389}"]);
    berta
        .write(|w| {
            traces::attach(w, id(3), &name("LAKE"))?;
            let entry = crate::journal::entry::Entry { id: id(50), ..item.entry.clone() };
            whole::insert(w, &whole::Item { entry, ..item.clone() })
        })
        .unwrap();
    assert_eq!(of(&berta, 50), ["LAKE", "\u{1f389}"]);
    sound(&berta);
}

#[test]
fn whatever_is_lost_of_a_trace_is_noticed_and_made_anew_from_the_entries() {
    for lost in [&[0][..], &[1], &[2], &[3], &[0, 1, 2, 3]] {
        let (fixture, anna) = with_entries();
        let before = raw(&fixture.store);
        attach(&anna, 2, "lake");
        let is_new = |key: &_| before.iter().all(|(old, _)| old != key);
        let rows: Vec<_> = raw(&fixture.store).into_iter().map(|(key, _)| key).filter(is_new).collect();
        assert_eq!(rows.len(), 4, "TRACE, TRACE_NAME, TRACE_DIR and POSTING");
        tamper(&fixture.store, |rows_mut| {
            lost.iter().for_each(|nth| drop(rows_mut.remove(&rows[*nth]).unwrap()));
        });
        let found = anna.audit(&|| false).unwrap().unwrap();
        assert!(!found.ok() && found.traces > 0 && found.days.is_empty(), "{found:?}");
        // Writing goes on: nothing waits for a trace.
        assert_eq!(anna.accept().unwrap().traces, found.traces);
        sound(&anna);
        let names = of(&anna, 2);
        let expected = if lost.len() == 1 { "lake" } else { "unnamed-1" };
        assert_eq!(names, [expected], "one record is enough to know the name");
        assert_eq!(all(&anna), [(names[0].clone(), 1, 20_002, 20_002)]);
        anna.write(|w| trash::trash(w, id(2), NOON + 1)).unwrap();
        sound(&anna);
    }
}

#[test]
fn a_salvage_brings_traces_back() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    {
        let fixture = Fixture::over(Store::open(&old).unwrap()).unwrap();
        let anna = fixture.anna();
        anna.write(|w| {
            (1..=6).try_for_each(|number| {
                entries::insert(w, &entry(number, day(20_000 + i32::from(number)), "text"))
            })
        })
        .unwrap();
        for (number, text) in [(1, "lake"), (2, "lake"), (3, "sea"), (4, "gone")] {
            attach(&anna, number, text);
        }
        anna.write(|w| trash::trash(w, id(2), NOON)).unwrap();
        let gone = anna.read(|r| traces::find(r, &name("gone"))).unwrap().unwrap();
        anna.write(|w| traces::detach(w, id(4), gone.id)).unwrap();
    }
    let secret = Secret::Password { name: "anna".into(), password: "correct horse".to_owned().into() };
    let clock = std::sync::Arc::new(crate::clock::Fixed::at(NOON));
    assert!(salvage(&old, &secret, &new, clock).unwrap().is_some());
    let fixture = Fixture::over(Store::open(&new).unwrap()).unwrap();
    let anna = fixture.sign_in();
    assert_eq!(all(&anna), [("lake".to_owned(), 1, 20_001, 20_001), ("sea".to_owned(), 1, 20_003, 20_003)]);
    anna.write(|w| trash::restore(w, id(2))).unwrap();
    assert_eq!(all(&anna)[0].1, 2);
    sound(&anna);
}

// SR-53's sister: what a thief counts says nothing about names.
#[test]
fn a_long_name_and_a_short_one_leave_rows_of_the_same_lengths() {
    let lengths = |name: &str| {
        let (fixture, anna) = with_entries();
        let trace = attach(&anna, 2, name);
        attach(&anna, 3, name);
        let renamed =
            TraceName::parse(&format!("{}b", &name[..name.len() - name.chars().last().unwrap().len_utf8()]));
        assert!(matches!(
            anna.write(|w| change::rename(w, trace, &renamed.unwrap())).unwrap(),
            Renamed::Done(_)
        ));
        let mut lengths: Vec<usize> = raw(&fixture.store).iter().map(|(_, value)| value.len()).collect();
        lengths.sort_unstable();
        lengths
    };
    assert_eq!(lengths("a"), lengths(&"\u{10400}".repeat(64)));
}
