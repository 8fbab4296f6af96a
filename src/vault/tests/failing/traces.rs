//! Changes of whole traces are done or not done, whenever the power goes.

use std::io::ErrorKind;

use super::on;
use crate::{
    journal::trace::TraceName,
    store::{
        Store,
        faults::{Cut, Disk},
    },
    vault::{
        entries,
        error::VaultError,
        tests::{Fixture, day, entry, id},
        traces::{
            self,
            change::{self, Renamed},
        },
        transaction::Writer,
        unlocked::Unlocked,
    },
};

/// Every trace with its entries, and the names beneath each entry.
type Seen = (Vec<(String, Vec<i32>)>, Vec<Vec<String>>);

fn name(text: &str) -> TraceName {
    TraceName::parse(text).unwrap()
}

fn seen(anna: &Unlocked) -> Seen {
    let audit = anna.audit(&|| false).unwrap().unwrap();
    assert!(audit.ok(), "{audit:?}");
    anna.read(|r| {
        let mut all = Vec::new();
        for found in traces::all(r)? {
            let days = traces::entries(r, found.id)?.iter().map(|link| link.day.number()).collect();
            all.push((found.name, days));
        }
        all.sort();
        let mut beneath = Vec::new();
        for number in 1..=3 {
            let entry = entries::entry(r, id(number))?.expect("it is there");
            let named = traces::names(r, &entry.traces)?;
            beneath.push(named.into_iter().map(|(_, name, _)| name).collect());
        }
        Ok((all, beneath))
    })
    .unwrap()
}

/// A file with three entries that carry `lake` and `sea`, after a clean end.
fn image() -> Vec<u8> {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.anna();
    anna.write(|w| {
        for number in 1..=3 {
            entries::insert(w, &entry(number, day(number.into()), "text"))?;
        }
        for (number, text) in [(1, "lake"), (2, "lake"), (2, "sea"), (3, "sea")] {
            traces::attach(w, id(number), &name(text))?;
        }
        Ok(())
    })
    .unwrap();
    fixture.store.quiet().unwrap();
    drop((anna, fixture));
    disk.image()
}

fn trace(w: &Writer<'_>, text: &str) -> Result<crate::journal::ids::TraceId, VaultError> {
    Ok(traces::find(w, &name(text))?.expect("it is there").id)
}

/// What undoes the change that was made.
type Undo = change::ChangeId;

fn rename(w: &mut Writer<'_>) -> Result<Undo, VaultError> {
    let lake = trace(w, "lake")?;
    let Renamed::Done(done) = change::rename(w, lake, &name("water"))? else { panic!("it is done") };
    Ok(done.undo.expect("it can be undone"))
}

fn merge(w: &mut Writer<'_>) -> Result<Undo, VaultError> {
    let (lake, sea) = (trace(w, "lake")?, trace(w, "sea")?);
    let done = change::merge(w, lake, sea)?.expect("both are there");
    Ok(done.undo.expect("it can be undone"))
}

fn delete(w: &mut Writer<'_>) -> Result<Undo, VaultError> {
    let lake = trace(w, "lake")?;
    let done = change::delete(w, lake)?.expect("it is there");
    Ok(done.undo.expect("it can be undone"))
}

type Change = fn(&mut Writer<'_>) -> Result<Undo, VaultError>;
const CHANGES: [(&str, Change); 3] = [("rename", rename), ("merge", merge), ("delete", delete)];

/// Makes a change of the journal in `image` with the power going after each of its writes, and finds it done or not done,
/// and never undone once it was acknowledged. Answers how many files were looked at.
fn cut_at_each_write<T>(
    image: &[u8],
    what: &str,
    change: impl Fn(&mut Writer<'_>) -> Result<T, VaultError>,
) -> u64 {
    let (_, _fixture, anna) = on(image.to_vec());
    let before = seen(&anna);
    anna.write(&change).unwrap();
    let after = seen(&anna);
    assert_ne!(before, after, "{what}");
    let mut images = 0;
    for allowed in 0.. {
        let (disk, _fixture, anna) = on(image.to_vec());
        disk.fail_after(allowed, ErrorKind::Other);
        let done = anna.write(&change).is_ok();
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed), Cut::Reordered(allowed)] {
            let (_, _fixture, again) = on(disk.cut(cut));
            let found = seen(&again);
            assert!(found == after || (found == before && !done), "{what} after {allowed}: {found:?}");
            if found == before {
                again.write(&change).unwrap();
                assert_eq!(seen(&again), after, "{what} after {allowed}: it can still be made");
            }
            images += 1;
        }
        if done {
            break;
        }
    }
    images
}

// Issue 8, "must be seen to hold" 6.
#[test]
fn a_power_cut_leaves_a_rename_a_merge_and_a_deletion_done_or_not_done() {
    let image = image();
    let images: u64 = CHANGES.iter().map(|(what, change)| cut_at_each_write(&image, what, change)).sum();
    println!("traces: {images} images of power cuts");
}

// Issue 8, "must be seen to hold" 6.
#[test]
fn a_power_cut_leaves_the_undo_of_each_done_or_not_done() {
    let whole = image();
    let (_, _fixture, anna) = on(whole.clone());
    let original = seen(&anna);
    let mut images = 0;
    for (what, change) in CHANGES {
        let (disk, fixture, anna) = on(whole.clone());
        let made = anna.write(change).unwrap();
        fixture.store.quiet().unwrap();
        drop((anna, fixture));
        let changed = disk.image();
        let undo = |w: &mut Writer<'_>| {
            let undone = change::undo(w, &made)?;
            assert!(undone.is_some(), "it was the last change");
            Ok(())
        };
        images += cut_at_each_write(&changed, &format!("undo of {what}"), undo);
        // All of it comes back.
        let (_, _fixture, anna) = on(changed);
        anna.write(undo).unwrap();
        assert_eq!(seen(&anna), original, "{what}");
    }
    println!("traces: {images} images of power cuts in an undo");
}
