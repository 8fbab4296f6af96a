//! Power cuts: RR-02 and RR-04. A change of several records is there whole or not at all, whatever part of its writes
//! reached the medium, and also when the power goes again while the file is being repaired.

use std::io::ErrorKind;

use super::{Seen, change, image, on, seen};
use crate::{
    store::{
        Store,
        faults::{Cut, Dice, Disk, torture},
    },
    vault::tests::Fixture,
};

/// Ways to lose power after `allowed` writes: all that the writes since the last synchronisation can become.
fn cuts(allowed: u64) -> Vec<Cut> {
    let mut cuts = vec![Cut::DropAll, Cut::KeepAll];
    for n in 0..2 * torture() {
        cuts.push(Cut::Torn(allowed * 7_919 + n));
        cuts.push(Cut::Reordered(allowed * 104_729 + n));
    }
    cuts
}

/// Opens what the power cut left, and finds the journal before or after the change; `true` for after.
fn settled(image: Vec<u8>, before: &Seen, after: &Seen, what: &str) -> bool {
    let (disk, fixture, anna) = on(image);
    let found = seen(&anna);
    assert!(found == *before || found == *after, "{what}: {found:?}");
    drop((anna, fixture));
    // Closed in order, it opens without anything to repair.
    let again = Store::on_disk(&Disk::holding(disk.image())).unwrap();
    assert!(again.check().unwrap(), "{what}: not whole after the repair");
    found == *after
}

/// Loses power a second time, while the file is opened again, after every write of the repair.
fn cut_again(image: &[u8], before: &Seen, after: &Seen, what: &str) -> u64 {
    let mut images = 0;
    for allowed in 0.. {
        let disk = Disk::holding(image.to_vec());
        disk.fail_after(allowed, ErrorKind::Other);
        let opened = Store::on_disk(&disk).and_then(|store| {
            store.quiet()?;
            Ok(store)
        });
        let is_done = disk.fired() == 0;
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed), Cut::Reordered(allowed)] {
            settled(disk.cut(cut), before, after, &format!("{what}, again {cut:?} after {allowed}"));
            images += 1;
        }
        drop(opened);
        if is_done {
            return images;
        }
    }
    images
}

// proves: RR-02, RR-04 (100 images of one power cut, 800 of two; LLAMORA_TEST_TORTURE=12: above 50,000)
#[test]
fn rr02_rr04_a_power_cut_at_any_write_and_again_in_the_repair_leaves_the_state_before_or_after() {
    let image = image();
    let (_, _fixture, anna) = on(image.clone());
    let before = seen(&anna);
    change(&anna).unwrap();
    let after = seen(&anna);
    assert_ne!(before, after);
    let (mut once, mut twice) = (0_u64, 0_u64);
    let mut dice = Dice::new(2);
    for allowed in 0.. {
        let (disk, _fixture, anna) = on(image.clone());
        disk.fail_after(allowed, ErrorKind::Other);
        let done = change(&anna);
        for cut in cuts(allowed) {
            let what = format!("{cut:?} after {allowed}");
            let left = disk.cut(cut);
            let is_after = settled(left.clone(), &before, &after, &what);
            assert!(is_after || done.is_err(), "an acknowledged change was lost: {what}");
            once += 1;
            // Every image in the long run; a sample in the quick one.
            if dice.below(12) < torture() {
                twice += cut_again(&left, &before, &after, &what);
            }
        }
        if done.is_ok() {
            break;
        }
    }
    println!("RR-02, RR-04: {once} images of one power cut, {twice} of two");
    assert!(once > 50 && twice > 50, "only {once} and {twice} images");
}

// proves: RR-02
#[test]
fn rr02_a_power_cut_while_a_journal_is_written_on_keeps_all_that_was_acknowledged() {
    // One long trace instead of one change: entries, edits, trash, quiet commits.
    let start = image();
    for seed in 0..12 * torture() {
        let (disk, fixture, anna) = on(start.clone());
        let mut dice = Dice::new(seed + 1);
        disk.fail_after(dice.below(400), ErrorKind::Other);
        let mut acknowledged = 0;
        for number in 10..60 {
            let day = crate::vault::tests::day(i32::from(number % 3));
            let text = "word ".repeat(1 + usize::from(number) * 40);
            let entry = crate::vault::tests::entry(number, day, &text);
            if anna.write(|w| crate::vault::entries::insert(w, &entry)).is_err() {
                break;
            }
            acknowledged = number;
            if number % 9 == 0 && fixture.store.quiet().is_err() {
                break;
            }
        }
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(seed), Cut::Reordered(seed)] {
            let again = Fixture::over(Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap()).unwrap();
            let anna = again.sign_in();
            assert!(anna.verify().unwrap().ok, "{cut:?}, seed {seed}");
            for number in 10..=acknowledged {
                let id = crate::vault::tests::id(number);
                let entry = anna.read(|r| crate::vault::entries::entry(r, id)).unwrap();
                assert!(entry.is_some(), "entry {number} of {acknowledged} was lost: {cut:?}, seed {seed}");
            }
        }
    }
}
