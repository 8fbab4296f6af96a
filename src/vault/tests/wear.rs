//! SR-59: seals are counted in the head, over restarts, and a worn key seals no more.

use crate::{
    crypto::set::MAX_SEALS,
    store::rows::RowsMut,
    vault::{
        entries,
        error::VaultError,
        rotation::{Cursor, Step},
        tests::{Fixture, day, entry, id},
        transaction::Heads,
        unlocked::Unlocked,
    },
};

fn seals(anna: &Unlocked) -> u64 {
    anna.read(|r| Ok(Heads::read(r.rows(), r.keys())?.active.seals)).unwrap()
}

// proves: SR-59 (the counter in the head, over restarts)
#[test]
fn seals_are_counted_and_a_worn_key_seals_no_more_until_it_is_renewed() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let before = seals(&anna);
    anna.write(|w| entries::insert(w, &entry(1, day(0), "first"))).unwrap();
    let first = seals(&anna);
    // At least the entry, its day, the year, the order to index it, and the head.
    assert!(first >= before + 5, "{before} and {first}");
    drop(anna);
    let anna = fixture.sign_in();
    assert_eq!(seals(&anna), first, "reading seals nothing");
    anna.write(|w| entries::insert(w, &entry(2, day(0), "second"))).unwrap();
    let second = seals(&anna);
    assert!(second > first && second - first <= first - before, "{before}, {first}, {second}");

    let (row, worn) = anna
        .read(|r| {
            let mut head = Heads::read(r.rows(), r.keys())?.active;
            head.seals = MAX_SEALS;
            Ok(r.keys().active.seal_head(&head)?)
        })
        .unwrap();
    drop(anna);
    fixture.store.write(|rows| rows.insert(row.as_bytes(), &worn)).unwrap();
    let anna = fixture.sign_in();
    let refused = anna.write(|w| entries::insert(w, &entry(3, day(0), "third")));
    assert!(matches!(refused, Err(VaultError::KeyWorn)));
    assert!(anna.read(|r| entries::entry(r, id(2))).unwrap().is_some(), "reading goes on");

    assert!(anna.refresh().unwrap());
    let mut cursor = Cursor::default();
    loop {
        match anna.advance(&mut cursor).unwrap() {
            Step::Moved | Step::Turned => {}
            Step::Idle | Step::Compact => break,
            Step::Stuck(left) => panic!("{left:?}"),
        }
    }
    anna.write(|w| entries::insert(w, &entry(3, day(0), "third"))).unwrap();
    assert!(seals(&anna) < MAX_SEALS && anna.verify().unwrap().ok);
}
