//! Sealed files: pages, pointers, and what is left of them when the power goes.

use std::{collections::BTreeMap, io::ErrorKind};

use proptest::prelude::*;

use super::{Fixture, rotation::world::finish};
use crate::{
    crypto::record::RecordType,
    store::{
        Store,
        faults::{Cut, Dice, Disk, torture},
    },
    vault::{
        error::VaultError,
        files::{
            self, FileId, FileKind, PAGE_BYTES, Pointer, SealedFile,
            collect::{self, Census},
        },
        rotation::Cursor,
        unlocked::Unlocked,
    },
};

const NAME: &str = "search/vectors";

fn content(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|idx| (idx % 251) as u8 ^ seed).collect()
}

fn to(files: Vec<FileId>) -> Pointer {
    Pointer { files, ..Pointer::default() }
}

/// Writes a file page by page, each in a transaction of its own, and does not point to it.
fn upload(anna: &Unlocked, bytes: &[u8]) -> Result<SealedFile, VaultError> {
    let file = anna.write(|w| files::begin(w, NAME, FileKind::EXACT, "", bytes))?;
    for page in 0..file.pages {
        anna.write(|w| files::write(w, &file, bytes, page..page + 1))?;
    }
    Ok(file)
}

/// Contents of the files a name points to, each read whole and page by page.
fn contents(anna: &Unlocked, name: &str) -> Vec<Vec<u8>> {
    anna.read(|r| {
        let ids = files::pointer(r, name)?.map_or_else(Vec::new, |pointer| pointer.files);
        ids.into_iter()
            .map(|id| {
                let file = files::file(r, id)?.ok_or(VaultError::Missing)?;
                let whole = files::read(r, &file)?;
                let mut paged = Vec::new();
                for page in 0..file.pages {
                    paged.extend_from_slice(&files::page(r, &file, page)?);
                }
                assert!(*whole == paged);
                Ok(paged)
            })
            .collect()
    })
    .unwrap()
}

/// How many FILE and PAGE records there are.
fn n_records(anna: &Unlocked) -> usize {
    anna.read(Census::take).map(|census| census.files.len() + census.pages.len()).unwrap()
}

#[derive(Clone, Debug)]
enum Act {
    /// Points a name to some of its files and to new ones.
    Switch {
        name: u8,
        keep: u8,
        new: Vec<usize>,
    },
    /// Begins a file, writes so many of its pages, and leaves it.
    Abandon {
        name: u8,
        len: usize,
        pages: u32,
    },
    Sweep(u8),
    Forget(u8),
    Rotate,
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), Just(PAGE_BYTES), Just(2 * PAGE_BYTES), 1..4 * PAGE_BYTES]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3_u8, any::<u8>(), proptest::collection::vec(length(), 0..3))
            .prop_map(|(name, keep, new)| Act::Switch { name, keep, new }),
        2 => (0..3_u8, length(), 0..4_u32).prop_map(|(name, len, pages)| Act::Abandon { name, len, pages }),
        1 => (0..3_u8).prop_map(Act::Sweep),
        1 => (0..3_u8).prop_map(Act::Forget),
        1 => Just(Act::Rotate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn names_point_to_what_was_written_last_and_nothing_is_left_over(
        acts in proptest::collection::vec(act(), 1..24)
    ) {
        let fixture = Fixture::in_memory();
        let anna = fixture.anna();
        let name = |number: u8| format!("search/{number}");
        let mut model: BTreeMap<u8, Vec<(FileId, Vec<u8>)>> = BTreeMap::new();
        for (seed, act) in (0..).zip(acts) {
            match act {
                Act::Switch { name: number, keep, new } => {
                    let files = model.entry(number).or_default();
                    let mut idx = 0;
                    files.retain(|_| { idx += 1; keep >> (idx % 8) & 1 == 1 });
                    anna.write(|w| {
                        for len in new {
                            let bytes = content(seed, len);
                            files.push((files::put(w, FileKind::WORDS, "name", &bytes)?.id, bytes));
                        }
                        files::point(w, &name(number), &to(files.iter().map(|(id, _)| *id).collect()))
                    }).unwrap();
                }
                Act::Abandon { name: number, len, pages } => {
                    let bytes = content(seed, len);
                    let file = anna.write(|w| files::begin(w, &name(number), FileKind::EXACT, "", &bytes)).unwrap();
                    anna.write(|w| files::write(w, &file, &bytes, 0..pages.min(file.pages))).unwrap();
                }
                Act::Sweep(number) => { anna.write(|w| files::sweep(w, &name(number))).unwrap(); }
                Act::Forget(number) => {
                    model.remove(&number);
                    anna.write(|w| files::forget(w, &name(number))).unwrap();
                }
                Act::Rotate => {
                    let _ = anna.refresh();
                    anna.advance_by(&mut Cursor::default(), 3).unwrap();
                }
            }
            for number in 0..3 {
                let expected: Vec<Vec<u8>> =
                    model.get(&number).map_or_else(Vec::new, |files| files.iter().map(|(_, bytes)| bytes.clone()).collect());
                prop_assert!(contents(&anna, &name(number)) == expected, "{number} after {seed}");
            }
        }
        prop_assert!(anna.read(collect::orphans).unwrap().is_empty(), "all that is there is named");
        for number in 0..3 {
            anna.write(|w| files::sweep(w, &name(number))).unwrap();
        }
        let expected: usize = model.values().flatten().map(|(_, bytes)| 1 + bytes.len().div_ceil(PAGE_BYTES)).sum();
        prop_assert_eq!(n_records(&anna), expected);
        finish(&fixture, &anna);
        prop_assert!(anna.verify().unwrap().ok);
        prop_assert_eq!(n_records(&anna), expected);
    }
}

#[test]
fn a_pointer_counts_its_changes_and_keeps_its_note() {
    let anna = Fixture::in_memory().anna();
    let bytes = content(1, 40_000);
    let file = anna.write(|w| files::put(w, FileKind::SEGMENT, "", &bytes)).unwrap();
    let pointer =
        Pointer { generation: 9, files: vec![file.id], indexed_seq: 70, note: b"model and size".to_vec() };
    assert_eq!(anna.write(|w| files::point(w, NAME, &pointer)).unwrap(), 1);
    assert_eq!(anna.write(|w| files::point(w, NAME, &pointer)).unwrap(), 2);
    let found = anna.read(|r| files::pointer(r, NAME)).unwrap();
    assert_eq!(found, Some(Pointer { generation: 2, ..pointer }));
    assert_eq!(file.pages, 3);
    assert_eq!(anna.read(|r| files::file(r, file.id)).unwrap(), Some(file));
    assert_eq!(anna.read(|r| files::pointer(r, "search/words")).unwrap(), None);
    assert!(matches!(anna.read(|r| files::pointer(r, "")), Err(VaultError::SettingName)));
}

#[test]
fn nothing_points_to_a_file_that_was_not_written_to_its_end() {
    let anna = Fixture::in_memory().anna();
    let bytes = content(1, 2 * PAGE_BYTES);
    let file = anna.write(|w| files::begin(w, NAME, FileKind::EXACT, "", &bytes)).unwrap();
    anna.write(|w| files::write(w, &file, &bytes, 0..1)).unwrap();
    let pointed = |anna: &Unlocked| anna.write(|w| files::point(w, NAME, &to(vec![file.id])));
    assert!(matches!(pointed(&anna), Err(VaultError::Missing)));
    assert!(matches!(anna.write(|w| files::write(w, &file, &bytes[1..], 1..2)), Err(VaultError::Altered(_))));
    anna.write(|w| files::write(w, &file, &bytes, 1..2)).unwrap();
    pointed(&anna).unwrap();
    assert_eq!(anna.write(|w| files::sweep(w, NAME)).unwrap(), 0);
    assert!(contents(&anna, NAME) == [bytes]);
    anna.write(|w| files::forget(w, NAME)).unwrap();
    assert!(matches!(pointed(&anna), Err(VaultError::Missing)));
}

#[test]
fn what_a_damaged_pointer_named_is_collected_and_nothing_else() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let bytes = content(3, 5 * PAGE_BYTES);
    anna.write(|w| {
        let lost = files::put(w, FileKind::EXACT, "", &bytes)?;
        files::point(w, NAME, &to(vec![lost.id]))?;
        let other = files::put(w, FileKind::WORDS, "", &bytes)?;
        files::point(w, "search/words", &to(vec![other.id]))?;
        // A kind that cannot be made anew, which some record of a later program may own.
        files::put(w, FileKind(300), "", &bytes)?;
        w.put_body(RecordType::NAMED, 1, NAME.as_bytes(), b"not a pointer")
    })
    .unwrap();
    assert!(anna.read(|r| files::pointer(r, NAME)).is_err_and(|error| error.is_of_one_record()));
    assert!(anna.read(collect::orphans).unwrap().is_empty(), "a record that is not understood may name them");
    anna.write(|w| files::point(w, NAME, &to(Vec::new()))).unwrap();
    let mut orphans = anna.read(collect::orphans).unwrap();
    assert_eq!(orphans.len(), 6);
    while !orphans.is_empty() {
        anna.write(|w| collect::remove(w, &mut orphans, 2)).unwrap();
    }
    assert_eq!(n_records(&anna), 12);
    assert!(contents(&anna, "search/words") == [bytes]);
    assert!(anna.verify().unwrap().ok);
}

/// Replaces the file of [`NAME`] in many small transactions.
fn replace(anna: &Unlocked, bytes: &[u8]) -> Result<(), VaultError> {
    let file = upload(anna, bytes)?;
    anna.write(|w| files::point(w, NAME, &to(vec![file.id])).map(|_| ()))
}

#[test]
fn a_power_cut_at_any_point_leaves_the_old_file_or_the_new_one_and_nothing_else() {
    let (old, new) = (content(1, 3 * PAGE_BYTES + 5), content(2, 2 * PAGE_BYTES));
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.anna();
    replace(&anna, &old).unwrap();
    fixture.store.quiet().unwrap();
    drop((anna, fixture));
    let image = disk.image();
    let (mut olds, mut news) = (0, 0);
    let mut dice = Dice::new(5);
    for allowed in (0..).map(|n: u64| n * 2 + dice.below(2)) {
        let disk = Disk::holding(image.clone());
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        let anna = fixture.sign_in();
        disk.fail_after(allowed, ErrorKind::Other);
        let done = replace(&anna, &new);
        let mut cuts = vec![Cut::DropAll, Cut::KeepAll];
        cuts.extend((0..torture()).flat_map(|n| [Cut::Torn(allowed + n), Cut::Reordered(allowed + n)]));
        for cut in cuts {
            let what = format!("{cut:?} after {allowed}");
            let fixture = Fixture::over(Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap()).unwrap();
            let anna = fixture.sign_in();
            let found = contents(&anna, NAME);
            assert!(found == [old.clone()] || found == [new.clone()], "{what}");
            let is_new = found == [new.clone()];
            assert!(is_new || done.is_err(), "{what}: an acknowledged switch was lost");
            assert!(anna.read(collect::orphans).unwrap().is_empty(), "{what}");
            anna.write(|w| files::sweep(w, NAME)).unwrap();
            assert_eq!(n_records(&anna), if is_new { 3 } else { 5 }, "{what}");
            assert!(anna.verify().unwrap().ok, "{what}");
            *(if is_new { &mut news } else { &mut olds }) += 1;
        }
        if done.is_ok() {
            break;
        }
    }
    println!("sealed files: {olds} power cuts left the old file, {news} the new one");
    assert!(olds > 20 && news > 0);
}
