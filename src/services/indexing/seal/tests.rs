//! Segments in a real vault: after any changes, merges and reopenings, and after any power cut, what is found is what a
//! plain index of the same entries finds.

mod world;

use std::{cell::Cell, collections::BTreeMap, io::ErrorKind, sync::atomic::Ordering};

use super::*;
use crate::{
    journal::{
        day::Day,
        entry::{Entry, Role},
    },
    search::{
        codes::Coded,
        engine::{Meta, OpenIndex, Point},
        vectors as codec,
    },
    services::indexing::open::open,
    store::faults::{Cut, Dice, Disk, torture},
    vault::{entries, files, trash},
};
use world::{DIMS, MAKER, NOON, SIZES, World, embedded, entry, go_on, id, vector};

fn n_segments(world: &World) -> usize {
    guard(&world.index.open).as_ref().unwrap().index.segments().len()
}

#[test]
fn after_any_changes_merges_and_reopenings_a_plain_index_finds_the_same() {
    let (mut most, mut merged) = (0, 0);
    for seed in 0..4 * torture() {
        let mut dice = Dice::new(seed + 11);
        let disk = Disk::default();
        let mut world = World::on(&disk, true);
        world.open().unwrap();
        for step in 0..150 {
            if dice.below(25) == 0 {
                drop(world);
                world = World::on(&disk, false);
                world.open().unwrap();
            } else {
                let before = n_segments(&world);
                world.act(&mut dice).unwrap();
                merged += usize::from(n_segments(&world) < before);
            }
            assert!(world.found() == world.expected(), "seed {seed}, step {step}");
            most = most.max(n_segments(&world));
        }
        assert!(world.vault.verify().unwrap().ok);
    }
    assert!(most > 2 && merged > 2, "{most} segments, {merged} merges");
}

#[test]
fn several_entries_are_kept_at_once_and_what_changed_meanwhile_is_left() {
    let world = World::on(&Disk::default(), true);
    world.open().unwrap();
    let all: Vec<Entry> = (1..=3).map(|number| entry(id(number), 7)).collect();
    world.vault.write(|w| all.iter().try_for_each(|entry| entries::insert(w, entry))).unwrap();
    let done: Vec<_> = all.iter().map(|entry| world.read(entry.id).unwrap()).collect();
    let edited = Entry { revision: 2, text: "9".to_owned(), ..all[1].clone() };
    world.vault.write(|w| entries::replace(w, &edited)).unwrap();
    world.vault.write(|w| trash::trash(w, id(3), NOON)).unwrap();
    let before = world.vault.seen_seq().unwrap();
    world.keep(&done).unwrap();
    assert_eq!(world.vault.seen_seq(), Some(before + 1), "one transaction");
    let left = world.vault.read(outbox::pending).unwrap().items;
    assert_eq!(left.iter().map(|item| item.id).collect::<Vec<_>>(), [id(2), id(3)]);
    let known = |number| guard(&world.index.open).as_ref().unwrap().index.contains(id(number));
    assert_eq!([1, 2, 3].map(known), [true, false, false]);
    [2, 3].into_iter().try_for_each(|number| world.index(id(number))).unwrap();
    assert!(world.found() == world.expected());
    assert!(world.vault.read(outbox::pending).unwrap().is_empty());
}

#[test]
fn a_kill_at_any_point_means_only_that_the_index_catches_up() {
    let mut kills = 0;
    for seed in 0..50 * torture() {
        let mut dice = Dice::new(seed + 101);
        let mut disk = Disk::default();
        let mut world = World::on(&disk, true);
        world.open().unwrap();
        for _ in 0..20 + dice.below(40) {
            world.act(&mut dice).unwrap();
        }
        for _ in 0..4 {
            disk.fail_after(dice.below(120), ErrorKind::Other);
            while world.act(&mut dice).is_ok() && disk.fired() == 0 {}
            let number = dice.below(4);
            let cut = Cut::of(number, &mut dice);
            let image = disk.cut(cut);
            disk = Disk::holding(image);
            kills += 1;
            world = World::on(&disk, false);
            world.open().unwrap();
            assert!(world.found() == world.expected(), "seed {seed}, kill {kills}");
            let maker = world.maker;
            let left = world.vault.read(files::collect::orphans).unwrap();
            assert!(left.is_empty() && segments_are_whole(&world, maker), "seed {seed}, kill {kills}");
            assert!(world.vault.verify().unwrap().ok);
        }
    }
    println!("{kills} kills during indexing and merging: results as from a rebuilt index after each");
    assert!(kills >= 200);
}

fn segments_are_whole(world: &World, maker: Maker) -> bool {
    let named = world.vault.read(|r| segments::segments(r, maker)).unwrap().files;
    named.len() == n_segments(world)
}

#[test]
fn another_embedder_replaces_the_segments_only_once_it_knows_every_entry() {
    let disk = Disk::default();
    let mut world = World::on(&disk, true);
    world.open().unwrap();
    for number in 1..=30 {
        world.vault.write(|w| entries::insert(w, &entry(id(number), u64::from(number) * 4 + 3))).unwrap();
        world.index(id(number)).unwrap();
    }
    flush(&world.vault, &world.index, &go_on).unwrap();
    complete(&world.vault, &world.index, &go_on).unwrap();
    let other = Maker { embedder: [9; 32], ..MAKER };
    let named = |world: &World, maker| world.vault.read(|r| segments::segments(r, maker)).unwrap();
    let old = named(&world, MAKER);
    assert!(old.slot == Slot::Current && !old.files.is_empty());

    drop(world);
    world = World { maker: other, ..World::on(&disk, false) };
    let missing = open(&world.vault, &world.index, other, SIZES, &go_on).unwrap().unwrap();
    assert_eq!(missing.len(), 30);
    for id in &missing[..20] {
        world.index(*id).unwrap();
    }
    assert_eq!(named(&world, MAKER), old, "it stays in use");
    assert!(!named(&world, other).files.is_empty());

    // The program ends in the middle, and an older one opens the journal before it goes on.
    drop(world);
    world = World::on(&disk, false);
    assert!(open(&world.vault, &world.index, MAKER, SIZES, &go_on).unwrap().unwrap().is_empty());
    assert!(world.found() == world.expected());
    drop(world);
    world = World { maker: other, ..World::on(&disk, false) };
    let missing = open(&world.vault, &world.index, other, SIZES, &go_on).unwrap().unwrap();
    assert!(missing.len() < 15, "what was embedded stays: {}", missing.len());
    missing.into_iter().for_each(|id| world.index(id).unwrap());
    assert!(world.found() == world.expected());
    complete(&world.vault, &world.index, &go_on).unwrap();
    assert_eq!(named(&world, other).slot, Slot::Current);
    assert_eq!(named(&world, MAKER).slot, Slot::Next);
    assert!(named(&world, MAKER).files.is_empty());
    assert!(world.found() == world.expected());
    drop(world);
    world = World { maker: other, ..World::on(&disk, false) };
    assert!(open(&world.vault, &world.index, other, SIZES, &go_on).unwrap().unwrap().is_empty());
    assert!(world.found() == world.expected());
}

#[test]
fn a_segment_that_is_damaged_is_made_again_from_its_entries() {
    let disk = Disk::default();
    let mut world = World::on(&disk, true);
    world.open().unwrap();
    for number in 1..=20 {
        world.vault.write(|w| entries::insert(w, &entry(id(number), u64::from(number) * 4 + 3))).unwrap();
        world.index(id(number)).unwrap();
    }
    let named = |world: &World| world.vault.read(|r| segments::segments(r, MAKER)).unwrap().files;
    let before = named(&world);
    world
        .vault
        .write(|w| {
            let file = files::file(w, before[0].codes)?.unwrap();
            files::write(w, &file, &vec![1; file.len as usize], 0..1)
        })
        .unwrap();
    drop(world);
    world = World::on(&disk, false);
    let missing = open(&world.vault, &world.index, MAKER, SIZES, &go_on).unwrap().unwrap();
    assert!(!missing.is_empty() && missing.len() < 20);
    missing.into_iter().for_each(|id| world.index(id).unwrap());
    assert!(world.found() == world.expected());
    assert!(!named(&world).iter().any(|files| files.codes == before[0].codes));
    assert!(world.vault.read(files::collect::orphans).unwrap().is_empty());
}

/// A world whose index has segments and knows every entry.
fn indexed(n_entries: u8) -> World {
    let world = World::on(&Disk::default(), true);
    world.open().unwrap();
    for number in 1..=n_entries {
        world.vault.write(|w| entries::insert(w, &entry(id(number), u64::from(number) * 4 + 3))).unwrap();
        world.index(id(number)).unwrap();
    }
    world
}

#[test]
fn an_index_that_is_closed_while_it_is_opened_does_not_take_its_entries_for_missing() {
    let world = indexed(20);
    assert!(n_segments(&world) > 1);
    let (mut broken_off, mut whole) = (0, 0);
    for nth in 0..60 {
        let asked = Cell::new(0);
        let close = || {
            asked.set(asked.get() + 1);
            if asked.get() == nth {
                let mut open = guard(&world.index.open);
                world.index.is_closed.store(true, Ordering::SeqCst);
                *open = None;
            }
            false
        };
        match open(&world.vault, &world.index, MAKER, SIZES, &close).unwrap() {
            None => broken_off += 1,
            Some(missing) => {
                assert!(missing.is_empty(), "closed at {nth}: {} are embedded again", missing.len());
                assert!(world.found() == world.expected());
                whole += 1;
            }
        }
    }
    assert!(broken_off > 2 && whole > 2, "{broken_off} broken off, {whole} whole");
}

#[test]
fn what_is_being_sealed_stays_when_an_index_is_opened_again() {
    let world = indexed(20);
    let files = *guard(&world.index.open).as_ref().unwrap().files.values().next().unwrap();
    let bytes = [7; 3];
    let graph = world.vault.write(|w| segments::begin(w, Slot::Current, FileKind::GRAPH, &bytes)).unwrap();
    open(&world.vault, &world.index, MAKER, SIZES, &go_on).unwrap().unwrap();
    world.vault.write(|w| files::write(w, &graph, &bytes, 0..graph.pages)).unwrap();
    let is_added =
        world.vault.write(|w| segments::add_graph(w, Slot::Current, MAKER, files.codes, graph.id)).unwrap();
    assert!(is_added);
}

#[test]
fn a_merge_that_leaves_nothing_forgets_its_files() {
    let world = indexed(20);
    assert!(n_segments(&world) > 0);
    for number in 1..=20 {
        world.vault.write(|w| trash::trash(w, id(number), NOON).map(|_| ())).unwrap();
        world.index(id(number)).unwrap();
    }
    while merge(&world.vault, &world.index, SIZES, &go_on).unwrap() {}
    assert_eq!(n_segments(&world), 0);
    let open = guard(&world.index.open);
    let open = open.as_ref().unwrap();
    assert!(open.files.is_empty() && open.exact.is_empty());
}

#[test]
fn an_edit_or_a_deletion_is_not_found_before_the_index_has_caught_up() {
    let world = World::on(&Disk::default(), true);
    world.open().unwrap();
    for number in 1..=10 {
        world.vault.write(|w| entries::insert(w, &entry(id(number), u64::from(number) * 4 + 3))).unwrap();
        world.index(id(number)).unwrap();
    }
    flush(&world.vault, &world.index, &go_on).unwrap();
    let is_found = |number: u8| world.found().0.iter().flatten().any(|(found, _)| *found == id(number));
    let all = (1..=10).filter(|number| is_found(*number)).count();
    assert!(all > 4);
    world
        .vault
        .write(|w| {
            trash::trash(w, id(1), NOON)?;
            trash::trash(w, id(3), NOON)?;
            let old = entries::entry(w, id(2))?.unwrap();
            entries::replace(w, &Entry { revision: 2, text: "7".to_owned(), ..old })?;
            trash::purge(w, id(3)).map(|_| ())
        })
        .unwrap();
    assert!(!is_found(1) && !is_found(2) && !is_found(3));
}

// Issue 5, "must be seen to hold" 7.
#[test]
fn no_vector_of_an_entry_is_found_in_the_file() {
    let disk = Disk::default();
    let world = World::on(&disk, true);
    world.open().unwrap();
    for number in 1..=20 {
        world.vault.write(|w| entries::insert(w, &entry(id(number), u64::from(number) * 4 + 3))).unwrap();
        world.index(id(number)).unwrap();
        if number == 15 {
            flush(&world.vault, &world.index, &go_on).unwrap();
        }
    }
    let open = guard(&world.index.open);
    let segment = open.as_ref().unwrap().index.draft_fresh().unwrap().segment;
    drop(open);
    assert!(n_segments(&world) > 0 && segment.n_chunks() > 0);
    let image = disk.image();
    let holds = |needle: &[u8]| image.windows(needle.len()).any(|bytes| bytes == needle);
    for number in 1..=20 {
        for chunk in embedded(&entry(id(number), u64::from(number) * 4 + 3), MAKER).chunks {
            assert!(!holds(&chunk.values[..8]), "exact, entry {number}");
            let exact = codec::from_bytes(&chunk.values, DIMS).unwrap();
            let coded: Vec<u8> = Coded::new(&exact).codes.iter().map(|code| code.cast_unsigned()).collect();
            assert!(!holds(&coded[..8]), "codes, entry {number}");
        }
        assert!(!holds(id(number).as_bytes()), "entry {number}");
    }
}

#[test]
fn segments_of_one_size_become_one_and_a_worn_one_is_made_anew() {
    let facts = |sizes: &[(usize, usize)]| -> Vec<SegmentFacts> {
        let fact = |(nth, (live, dead)): (usize, &(usize, usize))| SegmentFacts {
            key: SegmentKey([nth as u8; 16]),
            live: *live,
            dead: *dead,
        };
        sizes.iter().enumerate().map(fact).collect()
    };
    let plan = |sizes: &[(usize, usize)]| {
        let keys = plan(&facts(sizes), SIZES)?;
        Some(keys.into_iter().map(|key| key.0[0]).collect::<Vec<_>>())
    };
    assert_eq!(plan(&[]), None);
    assert_eq!(plan(&[(12, 0), (12, 0)]), None);
    assert_eq!(plan(&[(12, 0), (40, 0), (13, 0), (12, 0)]), Some(vec![0, 2, 3]));
    assert_eq!(plan(&[(59, 0), (59, 0), (59, 0), (12, 2)]), None, "full ones stay as they are");
    assert_eq!(plan(&[(59, 0), (59, 20)]), Some(vec![1]));
}

/// A plain index, so that the comparison above does not rest on the code that it tests.
#[test]
fn the_plain_index_of_these_tests_is_exact() {
    let mut index = OpenIndex::new(DIMS);
    for number in 0..30u8 {
        let meta = Meta {
            id: id(number),
            revision: 1,
            day: Day::from_number(0).unwrap(),
            created: 0,
            role: Role::Writer,
        };
        index.insert(meta, &[Point { start: 0, end: 1, vector: &vector(number.into()) }]).unwrap();
    }
    let near = index.nearest(&vector(4), 3).unwrap();
    let mut all: BTreeMap<i32, u8> = BTreeMap::new();
    for number in 0..30u8 {
        all.insert(-(codec::dot(&vector(number.into()), &vector(4)) * 1e6) as i32, number);
    }
    let expected: Vec<EntryId> = all.values().take(3).map(|number| id(*number)).collect();
    assert_eq!(near.iter().map(|near| near.meta.id).collect::<Vec<_>>(), expected);
}
