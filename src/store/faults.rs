//! A disk that fails, fills up, loses power and keeps what a real one would keep: for tests.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// How much more a test does than in the quick run: `LLAMORA_TEST_TORTURE` times as much (`make torture`).
pub fn torture() -> u64 {
    std::env::var("LLAMORA_TEST_TORTURE").ok().and_then(|times| times.parse().ok()).unwrap_or(1).max(1)
}

/// What becomes of the writes that were not yet synchronised when the power goes.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// None reached the medium.
    DropAll,
    /// All did.
    KeepAll,
    /// Some sectors of 512 bytes did, chosen by this seed.
    Torn(u64),
    /// Some whole writes did, in another order, chosen by this seed.
    Reordered(u64),
}

impl Cut {
    /// The cut of this number, counted round: each of the four, with a seed from the dice.
    pub fn of(number: u64, dice: &mut Dice) -> Self {
        match number % 4 {
            0 => Self::DropAll,
            1 => Self::KeepAll,
            2 => Self::Torn(dice.below(1 << 30)),
            _ => Self::Reordered(dice.below(1 << 30)),
        }
    }
}

/// Which calls a fault counts and hits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// Writing, changing the length, synchronising.
    Changes,
    /// Reading and asking for the length as well.
    All,
}

#[derive(Clone)]
enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

struct Fault {
    calls: Calls,
    allowed: u64,
    error: io::ErrorKind,
    /// Only one call fails.
    once: bool,
}

#[derive(Default)]
struct State {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Op>,
    fault: Option<Fault>,
    used: u64,
    fired: u64,
    read_only: bool,
    gone: bool,
    moved: bool,
    /// Counts the media that were in this place.
    medium: u64,
}

/// redb's page size.
const PAGE: usize = 4_096;

/// Overwrites the header of a journal and every branch of its trees; how many branches. The leaves, which hold the rows,
/// stay: what follows the first page of a long leaf may begin like a branch, so a branch must also name a page of the
/// file where its first child stands (`design.md` of redb 4, "Branch page").
pub fn wreck_trees(bytes: &mut [u8]) -> usize {
    let n_pages = (bytes.len() / PAGE) as u64;
    let first_child = |page: &[u8]| {
        let n_keys = usize::from(u16::from_le_bytes([page[2], page[3]]));
        let child = page.get(8 + 16 * (n_keys + 1)..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*child) & ((1 << 59) - 1)) // without the page's order
    };
    bytes[..PAGE].fill(0xee);
    let is_branch = |page: &&mut [u8]| page[0] == 2 && first_child(page).is_some_and(|child| child < n_pages);
    let branches = bytes.chunks_exact_mut(PAGE).filter(is_branch);
    branches.map(|page| page.fill(0xee)).count()
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    /// The medium that was there when this was opened: another in its place is out of its reach.
    medium: u64,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

/// xorshift64: any sequence will do, as long as it is the same each time.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below `below`, which is not 0.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }
}

impl Disk {
    /// A disk that holds these bytes, all durable.
    pub fn holding(image: Vec<u8>) -> Self {
        let disk = Self::default();
        (disk.state().now, disk.state().durable) = (image.clone(), image);
        disk
    }

    /// From now on `allowed` changing operations succeed, and all later ones fail with this error.
    pub fn fail_after(&self, allowed: u64, error: io::ErrorKind) {
        self.fail(Calls::Changes, allowed, error, false);
    }

    /// From now on `allowed` calls of this kind succeed; then one, or all later ones, fail with this error.
    pub fn fail(&self, calls: Calls, allowed: u64, error: io::ErrorKind, once: bool) {
        let mut state = self.state();
        (state.fault, state.used, state.fired) = (Some(Fault { calls, allowed, error, once }), 0, 0);
    }

    /// How many calls failed since the fault was set.
    pub fn fired(&self) -> u64 {
        self.state().fired
    }

    /// Puts another medium in the place of this one, which works.
    pub fn replace(&self, image: Vec<u8>) {
        let mut state = self.state();
        let medium = state.medium + 1;
        *state = State { now: image.clone(), durable: image, medium, ..State::default() };
    }

    /// Everything works again.
    pub fn mend(&self) {
        let mut state = self.state();
        (state.fault, state.read_only, state.gone, state.moved) = (None, false, false, false);
    }

    /// The medium can be read only, as after `mount -o remount,ro`.
    pub fn write_protect(&self) {
        self.state().read_only = true;
    }

    /// The medium is pulled out: every call fails, and there is nothing to open.
    pub fn pull_out(&self) {
        self.state().gone = true;
    }

    /// The file is moved away; whoever has it open still has it.
    pub fn move_away(&self) {
        self.state().moved = true;
    }

    /// What the disk holds after the power went.
    pub fn cut(&self, cut: Cut) -> Vec<u8> {
        let state = self.state();
        let mut image = state.durable.clone();
        match cut {
            Cut::DropAll => {}
            Cut::KeepAll => image.clone_from(&state.now),
            Cut::Torn(seed) => {
                let mut dice = Dice::new(seed);
                for op in &state.pending {
                    apply(&mut image, op, &mut |_| dice.below(2) == 0);
                }
            }
            Cut::Reordered(seed) => {
                let mut dice = Dice::new(seed);
                let mut kept: Vec<&Op> = state.pending.iter().filter(|_| dice.below(3) > 0).collect();
                for idx in (1..kept.len()).rev() {
                    kept.swap(idx, at(dice.below(idx as u64 + 1)));
                }
                for op in kept {
                    apply(&mut image, op, &mut |_| true);
                }
            }
        }
        image
    }

    /// The bytes as the program sees them.
    pub fn image(&self) -> Vec<u8> {
        self.state().now.clone()
    }

    pub(super) fn open(&self, reading: bool) -> io::Result<Self> {
        let state = self.state();
        if state.gone || state.moved {
            return Err(io::ErrorKind::NotFound.into());
        }
        if state.read_only && !reading {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(Self { state: Arc::clone(&self.state), medium: state.medium })
    }

    pub(super) fn is_in_place(&self) -> bool {
        let state = self.state();
        !state.gone && !state.moved
    }

    pub(super) fn is_there(&self) -> bool {
        self.is_in_place()
    }

    /// Whether a changing call would succeed.
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        let is_over = |fault: &Fault| state.used < fault.allowed || fault.once && state.used > fault.allowed;
        !state.read_only && !state.gone && state.fault.as_ref().is_none_or(is_over)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<T>(&self, calls: Calls, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state();
        if state.gone || state.medium != self.medium {
            return Err(io::Error::other("the medium is gone"));
        }
        if state.read_only && calls == Calls::Changes {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let Some(fault) = &state.fault else { return work(&mut state) };
        if fault.calls == Calls::Changes && calls == Calls::All {
            return work(&mut state);
        }
        let (error, fails) =
            (fault.error, state.used == fault.allowed || (state.used > fault.allowed && !fault.once));
        state.used += 1;
        if fails {
            state.fired += 1;
            return Err(error.into());
        }
        work(&mut state)
    }
}

/// Does one operation as far as `keeps` says yes to its sectors of 512 bytes.
fn apply(image: &mut Vec<u8>, op: &Op, keeps: &mut dyn FnMut(usize) -> bool) {
    match op {
        Op::SetLen(len) => image.resize(at(*len), 0),
        Op::Write(offset, data) => {
            for (sector_idx, sector) in data.chunks(512).enumerate() {
                let start = at(*offset) + sector_idx * 512;
                if keeps(sector_idx) && start + sector.len() <= image.len() {
                    image[start..start + sector.len()].copy_from_slice(sector);
                }
            }
        }
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("a disk of a test is small")
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.call(Calls::All, |state| Ok(state.now.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.call(Calls::All, |state| {
            let start = at(offset);
            let found = state.now.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(found);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.call(Calls::Changes, |state| {
            state.now.resize(at(len), 0);
            state.pending.push(Op::SetLen(len));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call(Calls::Changes, |state| {
            state.durable.clone_from(&state.now);
            state.pending.clear();
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.call(Calls::Changes, |state| {
            let start = at(offset);
            state.now[start..start + data.len()].copy_from_slice(data);
            state.pending.push(Op::Write(offset, data.to_vec()));
            Ok(())
        })
    }
}
