//! Where keys lie: pages that are never swapped out, never dumped and, where the kernel can do it, not even mapped by
//! the kernel itself.
//!
//! Keys have one size, so this is a list of slots of 32 bytes. Slots lie in blocks of pages with a page before and
//! behind that nobody may touch. A block is made in the best way that works: `memfd_secret` (Linux 5.14; the system
//! cannot hibernate while one is in use), else locked pages, else plain ones. Blocks live as long as the process and
//! are used again; what a slot held is wiped before anybody else can have it.
//!
//! Three facts make the `unsafe` below sound: a block is never unmapped, a slot is handed to one [`Kept`] at a time,
//! and only that one reads or writes it.

#![allow(unsafe_code, reason = "locked memory has no safe interface; each block says why it is sound")]

use std::{
    ops::{Deref, DerefMut},
    ptr::NonNull,
    sync::{Mutex, MutexGuard, PoisonError},
};

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a slot: those of a key.
const SLOT: usize = 32;
/// Bytes of a block, rounded up to whole pages: 512 keys. Systems let a user lock 64 KiB at least.
const BLOCK: usize = 16 * 1024;

/// How a block is kept, from the worst to the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Protection {
    /// May be swapped out.
    Plain,
    /// Locked, left out of core dumps, empty in a forked child.
    Locked,
    /// Locked, and out of reach even for the kernel's own reading of processes.
    Secret,
}

/// What an arena holds.
#[cfg(any(test, feature = "test-hooks"))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Census {
    /// Slots that hold a key.
    pub in_use: usize,
    /// Whether every other slot reads zero.
    pub rest_is_blank: bool,
}

/// Slots for keys.
pub(crate) struct Arena(Mutex<Vec<Block>>);

/// Thirty-two bytes of an arena, wiped and given back on drop. They are zero at first.
pub(crate) struct Kept {
    bytes: NonNull<[u8; SLOT]>,
    arena: &'static Arena,
    block_idx: usize,
    slot: usize,
}

struct Block {
    start: NonNull<u8>,
    n_slots: usize,
    free: Vec<usize>,
    protection: Protection,
}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Hands out a slot.
    pub(crate) fn keep(&'static self) -> Kept {
        let mut blocks = self.blocks();
        let block_idx = blocks.iter().position(|block| !block.free.is_empty()).unwrap_or_else(|| {
            blocks.push(Block::new());
            blocks.len() - 1
        });
        let block = &mut blocks[block_idx];
        let slot = block.free.pop().expect("a block that was just found or made has a free slot");
        Kept { bytes: block.slot(slot), arena: self, block_idx, slot }
    }

    /// How the worst block is kept; makes the first block when there is none.
    pub(crate) fn protection(&self) -> Protection {
        let mut blocks = self.blocks();
        if blocks.is_empty() {
            blocks.push(Block::new());
        }
        blocks.iter().map(|block| block.protection).min().unwrap_or(Protection::Plain)
    }

    /// Counts the keys and looks at all slots that hold none.
    #[cfg(any(test, feature = "test-hooks"))]
    pub(crate) fn census(&self) -> Census {
        let blocks = self.blocks();
        let in_use = blocks.iter().map(|block| block.n_slots - block.free.len()).sum();
        let is_blank = |block: &Block| {
            block.free.iter().all(|slot| {
                // SAFETY: the slot is free and stays so while the list is locked, so nobody writes to it.
                let bytes = unsafe { block.slot(*slot).as_ref() };
                *bytes == [0; SLOT]
            })
        };
        Census { in_use, rest_is_blank: blocks.iter().all(is_blank) }
    }

    fn blocks(&self) -> MutexGuard<'_, Vec<Block>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: a `Kept` is the only way to its bytes, wherever it is sent; giving it back goes through the arena's lock.
unsafe impl Send for Kept {}
// SAFETY: through a shared `Kept` the bytes can only be read.
unsafe impl Sync for Kept {}

impl Deref for Kept {
    type Target = [u8; SLOT];

    fn deref(&self) -> &[u8; SLOT] {
        // SAFETY: the slot is mapped for good, was zero from the start, and is nobody else's until `drop`.
        unsafe { self.bytes.as_ref() }
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut [u8; SLOT] {
        // SAFETY: as above, and `&mut self` says that nobody reads it now.
        unsafe { self.bytes.as_mut() }
    }
}

impl ZeroizeOnDrop for Kept {}

impl Drop for Kept {
    fn drop(&mut self) {
        self.deref_mut().zeroize();
        self.arena.blocks()[self.block_idx].free.push(self.slot);
    }
}

// SAFETY: a block is an address and a list; the bytes behind the address belong to the `Kept` that has the slot.
unsafe impl Send for Block {}

impl Block {
    fn new() -> Self {
        let (start, len, protection) = pages::best(BLOCK);
        Self::of(start, len, protection)
    }

    fn of(start: NonNull<u8>, len: usize, protection: Protection) -> Self {
        let n_slots = len / SLOT;
        Self { start, n_slots, free: (0..n_slots).rev().collect(), protection }
    }

    fn slot(&self, slot: usize) -> NonNull<[u8; SLOT]> {
        assert!(slot < self.n_slots);
        // SAFETY: `slot` is below the number of slots, so it ends inside the block; bytes need no alignment.
        unsafe { self.start.add(slot * SLOT) }.cast()
    }
}

/// Blocks of memory that are never given back to the system.
mod pages {
    use super::{NonNull, Protection};

    /// At least `len` zero bytes, kept as well as this system can.
    pub(super) fn best(len: usize) -> (NonNull<u8>, usize, Protection) {
        #[cfg(unix)]
        {
            let len = len.next_multiple_of(unix::page());
            #[cfg(target_os = "linux")]
            if let Some(start) = unix::secret(len) {
                return (start, len, Protection::Secret);
            }
            if let Some((start, protection)) = unix::locked(len) {
                return (start, len, protection);
            }
        }
        plain(len)
    }

    /// Ordinary memory.
    fn plain(len: usize) -> (NonNull<u8>, usize, Protection) {
        let bytes = Box::leak(vec![0_u8; len].into_boxed_slice());
        (NonNull::from(bytes).cast(), len, Protection::Plain)
    }

    #[cfg(unix)]
    pub(super) mod unix {
        use std::ptr::null_mut;

        use super::{NonNull, Protection};

        /// Bytes of a page.
        pub(in crate::crypto::memory::arena) fn page() -> usize {
            // SAFETY: asks for a number and touches no memory of ours.
            let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            usize::try_from(bytes).unwrap_or(4096)
        }

        /// Pages that the kernel takes out of its own map (`memfd_secret(2)`); `None` where it cannot or may not.
        #[cfg(target_os = "linux")]
        pub(in crate::crypto::memory::arena) fn secret(len: usize) -> Option<NonNull<u8>> {
            use std::{
                fs::File,
                os::fd::{AsRawFd, FromRawFd, OwnedFd},
            };
            // SAFETY: the call takes one number and gives a new descriptor or -1.
            let number = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
            let number = i32::try_from(number).ok().filter(|number| *number >= 0)?;
            // SAFETY: the descriptor is new and nobody else has it.
            let file = File::from(unsafe { OwnedFd::from_raw_fd(number) });
            file.set_len(u64::try_from(len).ok()?).ok()?;
            let start = between_guards(len, libc::MAP_SHARED, file.as_raw_fd())?;
            for at in (0..len).step_by(page()) {
                // SAFETY: inside the `len` bytes that were just mapped for writing and are nobody's yet. A page that
                // the system does not have should be missed now, not when a key is put there.
                unsafe { start.add(at).write_volatile(0) };
            }
            Some(start)
        }

        /// Locked pages; plain ones when locking is refused.
        pub(in crate::crypto::memory::arena) fn locked(len: usize) -> Option<(NonNull<u8>, Protection)> {
            let start = between_guards(len, libc::MAP_PRIVATE | libc::MAP_ANON, -1)?;
            // SAFETY: locks the pages that were just mapped; their content does not change.
            let is_locked = unsafe { libc::mlock(start.as_ptr().cast(), len) } == 0;
            #[cfg(target_os = "linux")]
            for advice in [libc::MADV_DONTDUMP, libc::MADV_WIPEONFORK] {
                // SAFETY: the pages were just mapped and are private; neither advice changes what this process reads.
                unsafe { libc::madvise(start.as_ptr().cast(), len, advice) };
            }
            Some((start, if is_locked { Protection::Locked } else { Protection::Plain }))
        }

        /// Maps `len` bytes, whole pages, with a page before and behind that cannot be touched.
        fn between_guards(len: usize, flags: i32, file: i32) -> Option<NonNull<u8>> {
            let whole = len + 2 * page();
            let no_file = libc::MAP_PRIVATE | libc::MAP_ANON;
            // SAFETY: the kernel chooses addresses that are free; nothing can be read or written there.
            let outer = unsafe { libc::mmap(null_mut(), whole, libc::PROT_NONE, no_file, -1, 0) };
            if outer == libc::MAP_FAILED {
                return None;
            }
            // SAFETY: one page into a mapping of at least three.
            let place = unsafe { outer.cast::<u8>().add(page()) };
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            // SAFETY: replaces the middle of the mapping that was just made and that nobody else knows of.
            let inner = unsafe { libc::mmap(place.cast(), len, rights, flags | libc::MAP_FIXED, file, 0) };
            if inner == libc::MAP_FAILED {
                // SAFETY: gives back what was just mapped; no address in it was handed out.
                unsafe { libc::munmap(outer, whole) };
                return None;
            }
            NonNull::new(inner.cast())
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
