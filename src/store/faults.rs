//! A disk that fails, loses power and keeps what a real one would keep: for tests.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// What becomes of the writes that were not yet synchronised when the power goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// None reached the medium.
    DropAll,
    /// All did.
    KeepAll,
    /// Some sectors of 512 bytes did, chosen by this seed.
    Torn(u64),
}

enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

#[derive(Default)]
struct State {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Op>,
    /// Changing operations still allowed.
    allowed: Option<u64>,
    used: u64,
    error: Option<io::ErrorKind>,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    /// A disk that holds these bytes, all durable.
    pub(crate) fn holding(image: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().durable.clone_from(&image);
        disk.state().now = image;
        disk
    }

    /// From now on `allowed` changing operations succeed, and all later ones fail with this error.
    pub(crate) fn fail_after(&self, allowed: u64, error: io::ErrorKind) {
        let mut state = self.state();
        (state.allowed, state.error, state.used) = (Some(allowed), Some(error), 0);
    }

    /// Puts another medium in the place of this one, which works.
    pub(crate) fn replace(&self, image: Vec<u8>) {
        let mut state = self.state();
        *state = State { now: image.clone(), durable: image, ..State::default() };
    }

    /// Everything works again.
    pub(crate) fn mend(&self) {
        self.state().allowed = None;
    }

    /// What the disk holds after the power went.
    pub(crate) fn cut(&self, cut: Cut) -> Vec<u8> {
        let state = self.state();
        let mut image = state.durable.clone();
        let mut random = match cut {
            Cut::DropAll => return image,
            Cut::KeepAll => return state.now.clone(),
            Cut::Torn(seed) => seed | 1,
        };
        let mut keeps = move || {
            // xorshift64: any sequence will do, as long as it is the same each time.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random & 1 == 0
        };
        for op in &state.pending {
            match op {
                Op::SetLen(len) => image.resize(usize::try_from(*len).unwrap(), 0),
                Op::Write(offset, data) => {
                    let offset = usize::try_from(*offset).unwrap();
                    for (sector_idx, sector) in data.chunks(512).enumerate() {
                        let start = offset + sector_idx * 512;
                        if keeps() && start + sector.len() <= image.len() {
                            image[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        image
    }

    /// The bytes as the program sees them.
    pub(crate) fn image(&self) -> Vec<u8> {
        self.state().now.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, work: impl FnOnce(&mut State)) -> io::Result<()> {
        let mut state = self.state();
        state.used += 1;
        if state.allowed.is_some_and(|allowed| state.used > allowed) {
            return Err(io::Error::from(state.error.unwrap_or(io::ErrorKind::Other)));
        }
        work(&mut state);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let state = self.state();
        let found = state.now.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|state| {
            state.now.resize(usize::try_from(len).unwrap(), 0);
            state.pending.push(Op::SetLen(len));
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|state| {
            state.durable.clone_from(&state.now);
            state.pending.clear();
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|state| {
            let start = usize::try_from(offset).unwrap();
            state.now[start..start + data.len()].copy_from_slice(data);
            state.pending.push(Op::Write(offset, data.to_vec()));
        })
    }
}
