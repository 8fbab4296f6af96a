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

fn rename(w: &mut Writer<'_>) -> Result<(), VaultError> {
    let lake = trace(w, "lake")?;
    assert!(matches!(change::rename(w, lake, &name("water"))?, Renamed::Done(_)));
    Ok(())
}

fn merge(w: &mut Writer<'_>) -> Result<(), VaultError> {
    let (lake, sea) = (trace(w, "lake")?, trace(w, "sea")?);
    assert!(change::merge(w, lake, sea)?.is_some());
    Ok(())
}

fn delete(w: &mut Writer<'_>) -> Result<(), VaultError> {
    let lake = trace(w, "lake")?;
    assert!(change::delete(w, lake)?.is_some());
    Ok(())
}

// Issue 8, "must be seen to hold" 6.
#[test]
fn a_power_cut_leaves_a_rename_a_merge_and_a_deletion_done_or_not_done() {
    type Change = fn(&mut Writer<'_>) -> Result<(), VaultError>;
    let changes: [(&str, Change); 3] = [("rename", rename), ("merge", merge), ("delete", delete)];
    let (image, mut images) = (image(), 0);
    for (what, change) in changes {
        let (_, _fixture, anna) = on(image.clone());
        let before = seen(&anna);
        anna.write(change).unwrap();
        let after = seen(&anna);
        assert_ne!(before, after, "{what}");
        for allowed in 0.. {
            let (disk, _fixture, anna) = on(image.clone());
            disk.fail_after(allowed, ErrorKind::Other);
            let done = anna.write(change).is_ok();
            for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed), Cut::Reordered(allowed)] {
                let (_, _fixture, again) = on(disk.cut(cut));
                let found = seen(&again);
                assert!(found == after || (found == before && !done), "{what} after {allowed}: {found:?}");
                images += 1;
            }
            if done {
                break;
            }
        }
    }
    println!("traces: {images} images of power cuts");
}
