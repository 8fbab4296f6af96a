//! The header row `"H"` of a data file: identity, versions and scrypt parameters, in clear. `format-v1.md` section 2.
//!
//! ```text
//!   0..8   "LLAMORA1"      8..10 format = 1     10..12 min_reader     12..14 min_writer
//!  14      profiles 1|2   15 0                  16..32 U
//!  32..72  current profile: id, log2N, r, p, u32 0, salt[32]
//!  72..112 previous profile, or zeros          112..160 0           160..192 SHA-256(bytes 0..160)
//! ```
//! The checksum finds damage and authenticates nothing. Whoever can write the file can change this row; what they
//! gain is bounded by [`Profile::check`] (no absurd cost) and [`Profile::allows_new_wraps`] (no weak cost).

use crate::crypto::{
    SealError, Uuid,
    hash::sha256,
    memory,
    secret::random,
    wire::{Fields, Layout, is_zero},
};

/// The format number this program writes.
pub const FORMAT: u16 = 1;
/// The revision of this program, compared with `min_reader` and `min_writer`.
pub const REVISION: u16 = 1;
/// The key of the header row.
pub const ROW: &[u8] = b"H";

const PROFILE_BYTES: usize = 40;

/// Costs `(log2N, p)` that a new wrap may have; r is always 8. Raise p, not N: memory stays at 128 MiB.
const WRITERS: [(u8, u8); 7] = [(17, 1), (17, 2), (17, 4), (18, 1), (18, 2), (16, 2), (15, 3)];

/// Cost and salt of scrypt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Number of the profile, 1 to 255; wrap rows name it.
    pub id: u8,
    /// Binary logarithm of N.
    pub log2n: u8,
    /// Block size, always 8.
    pub r: u8,
    /// Lanes, run one after the other.
    pub p: u8,
    /// Random, different in every profile of every file.
    pub salt: [u8; 32],
}

impl Profile {
    /// The first profile of a new file: N = 2^17, r = 8, p = 1 (128 MiB, about half a second), with a new salt.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn standard() -> Self {
        Self { id: 1, log2n: 17, r: 8, p: 1, salt: random() }
    }

    /// A profile that costs next to nothing (N = 16). Only test builds make or accept it.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn cheap() -> Self {
        Self { id: 1, log2n: 4, r: 8, p: 1, salt: random() }
    }

    /// The profile that replaces this one: next id, new salt.
    ///
    /// # Errors
    /// [`SealError::WeakParameters`] when `(log2n, p)` is not in the writers' list.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn next(&self, log2n: u8, p: u8) -> Result<Self, SealError> {
        let next = Self { id: self.id % 255 + 1, log2n, r: 8, p, salt: random() };
        if next.allows_new_wraps() { Ok(next) } else { Err(SealError::WeakParameters) }
    }

    /// Whether a wrap may be created under these parameters. False means that the header was altered: whoever plants
    /// a weak profile must not get a wrap made under it.
    pub fn allows_new_wraps(&self) -> bool {
        self.id != 0 && self.r == 8 && (WRITERS.contains(&(self.log2n, self.p)) || self.is_cheap())
    }

    /// Checks the bounds and the free memory; nothing is allocated before this passes.
    ///
    /// # Errors
    /// [`SealError::Parameters`] outside 14..=20, r = 8, p 1..=5; [`SealError::Memory`] when scrypt would take more
    /// than half of the memory that is available now (where the system tells).
    pub fn check(&self) -> Result<(), SealError> {
        self.check_against(memory::available())
    }

    fn check_against(&self, available_bytes: Option<u64>) -> Result<(), SealError> {
        let in_bounds = (14..=20).contains(&self.log2n) && (1..=5).contains(&self.p);
        if self.id == 0 || self.r != 8 || !(in_bounds || self.is_cheap()) {
            return Err(SealError::Parameters);
        }
        let needed = 1024_u64 << self.log2n;
        match available_bytes {
            Some(available) if needed > available / 2 => {
                Err(SealError::Memory { needed_mib: (2 * needed) >> 20 })
            }
            _ => Ok(()),
        }
    }

    #[cfg(any(test, feature = "test-hooks"))]
    fn is_cheap(&self) -> bool {
        self.log2n == 4 && [1, 2, 4].contains(&self.p)
    }

    #[cfg(not(any(test, feature = "test-hooks")))]
    fn is_cheap(&self) -> bool {
        false
    }

    fn write(&self, layout: &mut Layout<'_>) {
        layout.put(&[self.id, self.log2n, self.r, self.p]).skip(4).put(&self.salt);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, SealError> {
        let [id, log2n, r, p] = fields.array()?;
        fields.zeros(4)?;
        let profile = Self { id, log2n, r, p, salt: fields.array()? };
        if id == 0 { Err(SealError::Damaged) } else { Ok(profile) }
    }
}

/// The header of a data file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Format number of the file.
    pub format: u16,
    /// Programs below this revision must not read the file.
    pub min_reader: u16,
    /// Programs below this revision must not write to it; see [`Header::may_write`].
    pub min_writer: u16,
    /// Identity of the file (`U`).
    pub uuid: Uuid,
    /// Slot 0: the profile under which wraps are made.
    pub current: Profile,
    /// Slot 1: the profile before it, as long as a wrap still has its id.
    pub previous: Option<Profile>,
}

impl Header {
    /// Length of the row.
    pub const BYTES: usize = 192;

    /// The header of a new file, with a random identity.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn new(profile: Profile) -> Self {
        Self::rebuilt(random(), profile, None)
    }

    /// The header of a file whose both copies are lost, from what wrap rows repeat of it
    /// (see [`crate::crypto::wrap::WrapFace`]).
    pub fn rebuilt(uuid: Uuid, current: Profile, previous: Option<Profile>) -> Self {
        Self { format: FORMAT, min_reader: 1, min_writer: 1, uuid, current, previous }
    }

    /// The row's value.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let mut layout = Layout::new(&mut bytes);
        layout.put(b"LLAMORA1");
        for number in [self.format, self.min_reader, self.min_writer] {
            layout.put(&number.to_le_bytes());
        }
        layout.put(&[1 + u8::from(self.previous.is_some()), 0]).put(&self.uuid);
        self.current.write(&mut layout);
        if let Some(previous) = &self.previous {
            previous.write(&mut layout);
        }
        let checksum = sha256(&bytes[..160]);
        bytes[160..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads the row's value. Magic, versions and checksum keep their places in every later format.
    ///
    /// The parameters are not judged here, so that an altered file can still be looked at: [`Profile::check`] does it
    /// before any key is derived.
    ///
    /// # Errors
    /// [`SealError::Damaged`] when this copy cannot be used (try the other), [`SealError::Newer`] when a newer program
    /// is needed.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        let (signed, checksum) = bytes.split_last_chunk::<32>().ok_or(SealError::Damaged)?;
        if bytes.len() != Self::BYTES || sha256(signed) != *checksum {
            return Err(SealError::Damaged);
        }
        let mut fields = Fields::new(signed);
        fields.exactly(b"LLAMORA1")?;
        let (format, min_reader, min_writer) = (fields.u16()?, fields.u16()?, fields.u16()?);
        if format != FORMAT || min_reader > REVISION {
            return Err(SealError::Newer { needs: min_reader.max(format) });
        }
        let n_profiles = fields.u8()?;
        fields.zeros(1)?;
        let uuid = fields.array()?;
        let current = Profile::read(&mut fields)?;
        let mut slot = Fields::new(fields.bytes(PROFILE_BYTES)?);
        let previous = match n_profiles {
            1 if is_zero(slot.rest()) => None,
            2 => Some(Profile::read(&mut slot)?),
            _ => return Err(SealError::Damaged),
        };
        fields.zeros(48)?;
        fields.end()?;
        if previous.as_ref().is_some_and(|previous| previous.id == current.id) {
            return Err(SealError::Damaged);
        }
        Ok(Self { format, min_reader, min_writer, uuid, current, previous })
    }

    /// Whether this program may write to the file; otherwise it opens it read-only.
    pub fn may_write(&self) -> bool {
        self.min_writer <= REVISION
    }

    /// The live profiles, current first: the order in which sign-in tries them.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// Makes `profile` current and keeps the present one as previous.
    ///
    /// # Errors
    /// [`SealError::WeakParameters`] when no wrap may be made under it, [`SealError::ParametersInUse`] while a previous
    /// profile is still in use.
    pub fn adopt(&mut self, profile: Profile) -> Result<(), SealError> {
        if !profile.allows_new_wraps() || profile.id == self.current.id {
            return Err(SealError::WeakParameters);
        }
        if self.previous.is_some() {
            return Err(SealError::ParametersInUse);
        }
        self.previous = Some(std::mem::replace(&mut self.current, profile));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
