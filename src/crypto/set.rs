//! The set hash and the head record: proof that exactly these rows are there, in these versions. `format-v1.md`
//! section 10.
//!
//! `F(row, value) = MAC(K_set, row || last 16 bytes of value)`; the set hash of a generation is the XOR of F over all its
//! rows except HEAD. Heads are sealed, so nobody without keys sees a set hash or any F. Keep it so: a set hash is never
//! logged, listed or shown.
//!
//! ```text
//!  0..2 version = 1   2..4 0   4..8 generation   8..16 seq   16..24 count   24..56 set   56..64 seals
//! 64..72 keyring_rev  72..80 wall   80..96 lineage   96..128 0
//! ```

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::{
    SealError,
    aead::Nonce,
    kdf,
    keys::RecordKeys,
    record::{Envelope, RecordType, RowKey},
    secret::random,
    wire::{Fields, Layout, is_zero},
};

/// Writing stops at this many seals under one generation key, and a rotation is asked for.
pub const MAX_SEALS: u64 = 1 << 40;

const VERSION: u16 = 1;
const SCHEMA: u16 = 1;

/// The XOR of the marks of a set of rows. Not shown anywhere: no `Debug`, no `Display`.
#[derive(Clone)]
pub struct SetHash([u8; 32]);

impl SetHash {
    /// The hash of no rows.
    pub const EMPTY: Self = Self([0; 32]);

    /// Adds a row that is not in the set, or takes out one that is: both are the same operation.
    pub fn toggle(&mut self, mark: &Self) {
        for (own, other) in self.0.iter_mut().zip(mark.0) {
            *own ^= other;
        }
    }

    /// Whether both are the hash of the same set, compared in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Whether this is the hash of no rows.
    pub fn is_empty(&self) -> bool {
        is_zero(&self.0)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The head of a generation. Everything in it is sealed.
#[derive(Clone)]
pub struct Head {
    /// The generation it counts.
    pub generation: u32,
    /// The number of the last write transaction.
    pub seq: u64,
    /// How many rows the generation has, this one not counted.
    pub count: u64,
    /// The hash of those rows.
    pub set: SetHash,
    /// How many seals were made with this generation's key; see [`MAX_SEALS`].
    pub seals: u64,
    /// The `rev` that the vault's keyring must have.
    pub keyring_rev: u64,
    /// When that transaction was written, milliseconds since 1970.
    pub wall: i64,
    /// Drawn at registration and again when an older state is accepted: two histories of one journal differ in it.
    pub lineage: [u8; 16],
}

impl Head {
    /// Length of the body.
    pub const BYTES: usize = 128;

    /// Draws a lineage.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn new_lineage() -> [u8; 16] {
        random()
    }

    /// The body of the HEAD record.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::BYTES]> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        Layout::new(bytes.as_mut_slice())
            .put(&VERSION.to_le_bytes())
            .skip(2)
            .put(&self.generation.to_le_bytes())
            .put(&self.seq.to_le_bytes())
            .put(&self.count.to_le_bytes())
            .put(&self.set.0)
            .put(&self.seals.to_le_bytes())
            .put(&self.keyring_rev.to_le_bytes())
            .put(&self.wall.to_le_bytes())
            .put(&self.lineage);
        bytes
    }

    /// Reads the body of a HEAD record.
    ///
    /// # Errors
    /// [`SealError::Damaged`] when it has another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        let mut fields = Fields::new(bytes);
        fields.exactly(&VERSION.to_le_bytes())?;
        fields.zeros(2)?;
        let head = Self {
            generation: fields.u32()?,
            seq: fields.u64()?,
            count: fields.u64()?,
            set: SetHash(fields.array()?),
            seals: fields.u64()?,
            keyring_rev: fields.u64()?,
            wall: fields.i64()?,
            lineage: fields.array()?,
        };
        fields.zeros(32)?;
        fields.end()?;
        Ok(head)
    }
}

impl RecordKeys {
    /// The mark (`F`) of one row: what it adds to the set hash. It needs no decryption.
    ///
    /// # Errors
    /// [`SealError::Damaged`] for a value of less than 16 bytes.
    pub fn mark(&self, row: &RowKey, value: &[u8]) -> Result<SetHash, SealError> {
        let tag = value.last_chunk::<16>().ok_or(SealError::Damaged)?;
        Ok(SetHash(*kdf::mac(self.set.expose(), &[row.as_bytes(), tag])))
    }

    /// Where this generation's head stands.
    pub fn head_row(&self) -> RowKey {
        self.row_key(RecordType::HEAD, &[])
    }

    /// Seals a head of this generation.
    ///
    /// # Errors
    /// [`SealError::Damaged`] when it is the head of another generation.
    pub fn seal_head(&self, head: &Head) -> Result<(RowKey, Vec<u8>), SealError> {
        self.seal_head_with(Nonce::random(), head)
    }

    pub(crate) fn seal_head_with(&self, nonce: Nonce, head: &Head) -> Result<(RowKey, Vec<u8>), SealError> {
        if head.generation != self.generation {
            return Err(SealError::Damaged);
        }
        let (kind, body) = (RecordType::HEAD, head.to_bytes());
        let envelope = Envelope { kind, schema: SCHEMA, seq: head.seq, key: &[], body: body.as_slice() };
        self.seal_with(nonce, &envelope, kind.floor())
    }

    /// Opens the head of this generation.
    ///
    /// # Errors
    /// [`SealError::Open`] and [`SealError::Damaged`]: then the vault is read-only until its owner accepts the loss.
    pub fn open_head(&self, value: &[u8]) -> Result<Head, SealError> {
        let opened = self.open(RecordType::HEAD, &[], value)?;
        let head = Head::parse(opened.body())?;
        let fits = opened.schema == SCHEMA && head.generation == self.generation;
        if fits { Ok(head) } else { Err(SealError::Damaged) }
    }
}

#[cfg(test)]
mod tests;
