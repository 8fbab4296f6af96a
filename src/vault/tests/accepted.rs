//! Files that somebody changed, accepted as they are.

use std::ops::ControlFlow;

use crate::{
    store::{
        rows::{Rows, RowsMut, WriteRows},
        tables::RowBytes,
    },
    vault::{
        days, entries, events,
        rotation::{Cursor, Step},
        tests::{
            Fixture, NOON,
            altered::{Rowed, changed, raw, tamper, with_two_entries},
            day, entry, id, ids,
        },
        trash,
        unlocked::Unlocked,
    },
};

/// The row of the entry that was written last, and its value.
fn last_row(fixture: &Fixture, work: impl FnOnce()) -> (RowBytes, Vec<u8>) {
    let before = raw(&fixture.store);
    work();
    let mut new = raw(&fixture.store);
    new.retain(|(key, _)| before.iter().all(|(old, _)| old != key));
    assert_eq!(new.len(), 1, "one new row");
    new.remove(0)
}

fn never() -> bool {
    false
}

// proves: RR-09 (accepting what was lost, told by day)
#[test]
fn what_is_gone_leaves_its_day_when_it_is_accepted() {
    let (fixture, anna) = with_two_entries();
    let (key, _) =
        last_row(&fixture, || anna.write(|w| entries::insert(w, &entry(3, day(1), "three"))).unwrap());
    tamper(&fixture.store, |rows| drop(rows.remove(&key).unwrap()));
    let found = anna.audit(&never).unwrap().unwrap();
    assert_eq!((found.days.len(), found.days[0].day, found.days[0].lost), (1, day(1), 1));
    assert!(anna.audit(&|| true).unwrap().is_none(), "it stops when it is told to");
    assert_eq!(anna.accept().unwrap().days, found.days);
    let page = anna.read(|r| entries::page(r, day(1))).unwrap();
    assert_eq!((ids(&page.entries), page.flaws), (vec![1, 2], vec![]));
    let year = anna.read(|r| days::year(r, 1970)).unwrap();
    assert_eq!(year.day(day(1)).entries, 2);
    let events = anna.read(events::all).unwrap();
    assert_eq!((events.len(), events[0].kind), (1, Some(events::Kind::Accepted)));
    assert_eq!((events[0].days.as_slice(), events[0].numbers[0]), ([day(1)].as_slice(), 1));
    assert!(anna.audit(&never).unwrap().unwrap().ok());
    anna.write(|w| entries::insert(w, &entry(4, day(1), "four"))).unwrap();
    assert!(anna.verify().unwrap().ok);
    let seq = anna.audit(&never).unwrap().unwrap().seq;
    anna.accept().unwrap();
    assert_eq!(anna.audit(&never).unwrap().unwrap().seq, seq, "nothing to accept, nothing written");
}

#[test]
fn what_a_day_has_lost_from_its_list_is_listed_again_and_what_was_removed_is_not() {
    let (fixture, anna) = with_two_entries();
    let rows = raw(&fixture.store);
    anna.write(|w| entries::insert(w, &entry(3, day(1), "three"))).unwrap();
    // Back to before the third entry, except for the entry itself and the head: the list of the day is old.
    let now = raw(&fixture.store);
    let is_old = |key: &RowBytes| rows.iter().find(|(old, _)| old == key);
    let head = anna_head(&anna);
    tamper(&fixture.store, |store| {
        for (key, value) in changed(&rows, &now).iter().filter_map(|(key, _)| is_old(key)) {
            if *key != head {
                store.insert(key, value).unwrap();
            }
        }
    });
    let found = anna.audit(&never).unwrap().unwrap();
    assert_eq!((found.days.len(), found.days[0].unlisted, found.days[0].count()), (1, 1, 1));
    anna.accept().unwrap();
    assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()), [1, 2, 3]);
    assert!(anna.audit(&never).unwrap().unwrap().ok());

    let (key, value) =
        last_row(&fixture, || anna.write(|w| entries::insert(w, &entry(4, day(1), "four"))).unwrap());
    anna.write(|w| trash::trash(w, id(4), NOON).map(drop)).unwrap();
    anna.write(|w| trash::purge(w, id(4)).map(drop)).unwrap();
    tamper(&fixture.store, |rows| drop(rows.insert(&key, &value).unwrap()));
    let found = anna.audit(&never).unwrap().unwrap();
    assert_eq!((found.days.len(), found.days[0].returned), (1, 1), "it was removed for ever");
    anna.accept().unwrap();
    assert_eq!(ids(&anna.read(|r| entries::day(r, day(1))).unwrap()), [1, 2, 3]);
    assert!(anna.read(|r| entries::entry(r, id(4))).unwrap().is_none());
    assert!(anna.audit(&never).unwrap().unwrap().ok());
}

fn anna_head(anna: &Unlocked) -> RowBytes {
    *anna.key_set().unwrap().active.head_row().as_bytes()
}

/// A row and its new value; `None` removes it.
type Change = (RowBytes, Option<Vec<u8>>);

#[test]
fn whatever_was_done_to_the_rows_a_journal_can_be_accepted_and_used() {
    let (fixture, anna) = with_two_entries();
    anna.write(|w| entries::insert(w, &entry(3, day(400), "elsewhere"))).unwrap();
    anna.write(|w| trash::trash(w, id(2), NOON).map(drop)).unwrap();
    let rows = raw(&fixture.store);
    drop(anna);
    let mut cases: Vec<(String, Vec<Change>)> = Vec::new();
    for (nth, (key, value)) in rows.iter().enumerate() {
        let (other, other_value) = &rows[(nth + 1) % rows.len()];
        let mut flipped = value.clone();
        flipped[40] ^= 1;
        *flipped.last_mut().unwrap() ^= 1;
        let mut stray = *key;
        stray[7] = 99;
        cases.push((format!("deleted {nth}"), vec![(*key, None)]));
        cases.push((format!("flipped {nth}"), vec![(*key, Some(flipped))]));
        cases.push((format!("short {nth}"), vec![(*key, Some(b"short".to_vec()))]));
        cases.push((
            format!("swapped {nth}"),
            vec![(*key, Some(other_value.clone())), (*other, Some(value.clone()))],
        ));
        cases.push((format!("stray {nth}"), vec![(stray, Some(value.clone()))]));
    }
    for (what, change) in cases {
        tamper(&fixture.store, |store| {
            for (key, _) in raw_of(store) {
                store.remove(&key).unwrap();
            }
            for (key, value) in &rows {
                store.insert(key, value).unwrap();
            }
            for (key, value) in &change {
                match value {
                    Some(value) => drop(store.insert(key, value).unwrap()),
                    None => drop(store.remove(key).unwrap()),
                }
            }
        });
        let anna = fixture.sign_in();
        let is_ok = |anna: &Unlocked| anna.verify().is_ok_and(|found| found.ok);
        assert!(!is_ok(&anna), "{what}");
        let found = anna.accept().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!found.ok(), "{what}");
        assert!(is_ok(&anna), "{what}");
        drop(anna);
        let anna = fixture.sign_in();
        assert!(is_ok(&anna) && !anna.is_headless(), "{what}: quiet from now on");
        for number in [1, 400] {
            let page = anna.read(|r| entries::page(r, day(number))).unwrap();
            assert!(page.flaws.is_empty(), "{what}: {:?}", page.flaws);
            let count = anna.read(|r| days::year(r, day(number).year())).unwrap().day(day(number)).entries;
            assert_eq!(usize::from(count), page.entries.len(), "{what}");
        }
        for number in [1, 400, 20_000] {
            anna.write(|w| entries::insert(w, &entry(9, day(number), "new"))).unwrap();
            anna.write(|w| trash::trash(w, id(9), NOON).map(drop)).unwrap();
            anna.write(|w| trash::purge(w, id(9)).map(drop)).unwrap();
        }
        assert!(is_ok(&anna), "{what}");
        let after = anna.audit(&never).unwrap().unwrap();
        assert!(after.days.is_empty() && after.head_ok && after.strays == 0, "{what}: {after:?}");
    }
}

fn raw_of(rows: &WriteRows<'_>) -> Rowed {
    let mut all = Vec::new();
    rows.scan(&[0; 24], &[0xff; 24], &mut |key, value| {
        all.push((*key, value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    all
}

#[test]
fn a_journal_is_accepted_while_its_keys_are_renewed() {
    let (fixture, anna) = with_two_entries();
    for number in 3..40 {
        anna.write(|w| entries::insert(w, &entry(number, day(i32::from(number)), "more"))).unwrap();
    }
    anna.refresh().unwrap();
    let mut cursor = Cursor::default();
    anna.advance_by(&mut cursor, 20).unwrap();
    let (old_head, new_head) = {
        let keys = anna.key_set().unwrap();
        (*keys.draining.as_ref().unwrap().head_row().as_bytes(), *keys.active.head_row().as_bytes())
    };
    let state = raw(&fixture.store);
    drop(anna);
    let in_old = |key: &RowBytes| key[7] == old_head[7] && *key != old_head;
    let in_new = |key: &RowBytes| key[7] == new_head[7] && *key != new_head;
    let first = |which: &dyn Fn(&RowBytes) -> bool| state.iter().find(|(key, _)| which(key)).unwrap().0;
    for gone in [first(&in_old), first(&in_new), old_head, new_head] {
        tamper(&fixture.store, |store| {
            for (key, _) in raw_of(store) {
                store.remove(&key).unwrap();
            }
            for (key, value) in &state {
                store.insert(key, value).unwrap();
            }
            store.remove(&gone).unwrap();
        });
        let anna = fixture.sign_in();
        assert!(!anna.verify().is_ok_and(|found| found.ok));
        anna.accept().unwrap();
        assert!(anna.verify().unwrap().ok);
        drop(anna);
        let anna = fixture.sign_in();
        assert!(anna.verify().unwrap().ok && anna.rotation().unwrap().is_draining);
    }
    // The last case was a lost head: the renewal goes on and ends all the same.
    let anna = fixture.sign_in();
    let mut cursor = Cursor::default();
    for _ in 0..20 {
        if anna.advance(&mut cursor).unwrap() == Step::Compact {
            break;
        }
    }
    assert!(!anna.rotation().unwrap().is_draining);
    assert!(anna.verify().unwrap().ok);
    assert!(anna.audit(&never).unwrap().unwrap().ok());
}
