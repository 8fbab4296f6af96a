use std::fs;

use proptest::prelude::*;

use super::*;

fn arena() -> &'static Arena {
    Box::leak(Box::new(Arena::new()))
}

/// A line of `/proc/self/smaps` that begins a mapping, with the flags of the mapping.
struct Mapping {
    from: usize,
    to: usize,
    rights: String,
    name: String,
    flags: String,
}

fn mappings() -> Vec<Mapping> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in fs::read_to_string("/proc/self/smaps").expect("the kernel tells").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let range = words[0].split_once('-').and_then(|(from, to)| {
            Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
        });
        if let Some((from, to)) = range {
            let (rights, name) = (words[1].to_owned(), words[5..].join(" "));
            all.push(Mapping { from, to, rights, name, flags: String::new() });
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            all.last_mut().expect("a mapping before its flags").flags = format!("{flags} ");
        }
    }
    all
}

/// Checks a block of this length: readable, between two pages that are not, and with these flags of the kernel.
fn assert_kept(start: NonNull<u8>, len: usize, flags: &[&str], name: &str) {
    let start = start.as_ptr() as usize;
    let all = mappings();
    let own = all.iter().find(|mapping| mapping.from <= start && start < mapping.to).expect("mapped");
    assert_eq!((own.from, own.to), (start, start + len));
    assert!(own.rights.starts_with("rw-"), "{}", own.rights);
    assert!(own.name.contains(name), "{}", own.name);
    for flag in flags {
        assert!(own.flags.contains(&format!(" {flag} ")), "{flag} is not among {}", own.flags);
    }
    for edge in [start - 1, start + len] {
        let guard = all.iter().find(|mapping| mapping.from <= edge && edge < mapping.to).expect("a guard");
        assert!(guard.rights.starts_with("---"), "{}", guard.rights);
    }
}

// proves: SR-56
#[test]
fn locked_pages_are_locked_undumped_wiped_on_fork_and_guarded() {
    let len = 3 * pages::unix::page();
    let (start, protection) = pages::unix::locked(len).expect("memory");
    assert_eq!(protection, Protection::Locked, "this system lets nobody lock 12 KiB");
    assert_kept(start, len, &["lo", "dd", "wf"], "");
}

// proves: SR-56
#[test]
fn secret_pages_are_locked_undumped_guarded_and_unreadable_from_outside() {
    use std::os::unix::fs::FileExt;
    let len = 2 * pages::unix::page();
    let Some(start) = pages::unix::secret(len) else {
        println!("skipped: this kernel has no memfd_secret");
        return;
    };
    assert_kept(start, len, &["lo", "dd"], "secretmem");
    let memory = fs::File::open("/proc/self/mem").unwrap();
    let mut bytes = [0; SLOT];
    assert!(memory.read_at(&mut bytes, start.as_ptr() as u64).is_err(), "the kernel reads secret memory");
    let own = [7_u8; SLOT];
    assert!(
        memory.read_at(&mut bytes, own.as_ptr() as u64).is_ok(),
        "the control: ordinary memory can be read"
    );
    assert_eq!(bytes, own);
}

#[test]
fn the_arena_takes_the_best_there_is() {
    let best = if pages::unix::secret(BLOCK).is_some() { Protection::Secret } else { Protection::Locked };
    assert_eq!(arena().protection(), best);
}

// proves: SR-56
#[test]
fn slots_do_not_overlap_and_a_block_more_is_made_when_one_is_full() {
    let arena = arena();
    let mut kept: Vec<Kept> = (0..2000).map(|_| arena.keep()).collect();
    for (n, slot) in kept.iter_mut().enumerate() {
        assert_eq!(**slot, [0; SLOT], "a new slot is blank");
        slot.fill(0xff);
        slot[..8].copy_from_slice(&(n as u64).to_le_bytes());
    }
    for (n, slot) in kept.iter().enumerate() {
        assert_eq!(slot[..8], (n as u64).to_le_bytes());
        assert_eq!(slot[8..], [0xff; 24]);
    }
    assert!(arena.blocks().len() >= 4);
    assert_eq!(arena.census(), Census { in_use: 2000, rest_is_blank: true });
    drop(kept);
    assert_eq!(arena.census(), Census { in_use: 0, rest_is_blank: true });
    let n_blocks = arena.blocks().len();
    let again: Vec<Kept> = (0..2000).map(|_| arena.keep()).collect();
    assert!(again.iter().all(|slot| **slot == [0; SLOT]), "what was given back is blank");
    assert_eq!(arena.blocks().len(), n_blocks, "and is used again");
}

#[test]
fn the_census_sees_what_is_not_blank() {
    let arena = arena();
    drop(arena.keep());
    let (start, free) = {
        let blocks = arena.blocks();
        (blocks[0].slot(blocks[0].free[0]), blocks[0].free.len())
    };
    assert!(free > 0 && arena.census().rest_is_blank);
    // SAFETY: the slot is free, and nobody else knows this arena.
    unsafe { start.write([1; SLOT]) };
    assert!(!arena.census().rest_is_blank, "the control of the tests above");
}

#[test]
fn many_threads_share_an_arena() {
    let arena = arena();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            scope.spawn(move || {
                let mut kept = Vec::new();
                for round in 0..3000_usize {
                    let mut slot = arena.keep();
                    assert_eq!(*slot, [0; SLOT]);
                    slot.fill(thread + 1);
                    kept.push(slot);
                    if round % 3 != 0 {
                        let given_back = kept.swap_remove(round % kept.len());
                        assert_eq!(*given_back, [thread + 1; SLOT]);
                    }
                }
                assert!(kept.iter().all(|slot| **slot == [thread + 1; SLOT]));
            });
        }
    });
    assert_eq!(arena.census(), Census { in_use: 0, rest_is_blank: true });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a list that is known to be right.
    #[test]
    fn any_order_of_taking_and_giving_back_keeps_what_was_written(
        steps in proptest::collection::vec((any::<bool>(), any::<u8>(), any::<prop::sample::Index>()), 1..1500)
    ) {
        let arena = arena();
        let mut held: Vec<(Kept, [u8; SLOT])> = Vec::new();
        for (gives_back, byte, index) in steps {
            if gives_back && !held.is_empty() {
                let (slot, expected) = held.swap_remove(index.index(held.len()));
                prop_assert_eq!(*slot, expected);
            } else {
                let mut slot = arena.keep();
                prop_assert_eq!(*slot, [0; SLOT]);
                slot.fill(byte);
                held.push((slot, [byte; SLOT]));
            }
        }
        prop_assert_eq!(arena.census(), Census { in_use: held.len(), rest_is_blank: true });
        prop_assert!(held.iter().all(|(slot, expected)| **slot == *expected));
    }
}
