//! The envelope of every record: row key, sealed value, padding. `format-v1.md` sections 7 and 8.
//!
//! ```text
//! row key  V[7]   generation mod 256   blind[16] = MAC(K_blind, type u16 || logical key)[0..16]
//! value    seal(K_rec, AAD, plain), 2^k - 32 bytes, 9 <= k <= 20
//! AAD      "LLM1" 3 1 0 0   U[16]   row key[24]                                   48 bytes, never stored
//! plain    type u16   schema u16   seq u64   key length u16   body length u32   logical key   body   zeros
//! ```
//! The row key binds type and logical key, the generation binds itself through its key, and the schema is inside. So a
//! value moved to any other row, vault, generation or file does not open. The envelope of an unknown type or a newer
//! schema can still be opened, moved and checked.

use zeroize::Zeroizing;

use crate::crypto::{
    SealError, VaultId,
    aead::{self, Nonce, OVERHEAD},
    kdf,
    keys::RecordKeys,
    wire::{Fields, Layout, is_zero, object},
};

mod kind;

pub use kind::{RecordType, Voice};

/// Length of every row key.
pub const ROW_KEY_BYTES: usize = 24;
/// The most bytes of a logical key.
pub const MAX_KEY_BYTES: usize = 512;
/// The most bytes of header, logical key and body together.
pub const MAX_PAYLOAD_BYTES: usize = MAX_STORED - OVERHEAD;

const OBJECT: u8 = 3;
const ENVELOPE: usize = 18;
const MIN_STORED: usize = (1 << 9) - 32;
const MAX_STORED: usize = (1 << 20) - 32;

/// The key of a record's row. It is visible in the file and tells nothing about the record but its vault and the
/// generation modulo 256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowKey([u8; ROW_KEY_BYTES]);

impl RowKey {
    /// Wraps the bytes of a stored row key.
    pub const fn from_bytes(bytes: [u8; ROW_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes as stored.
    pub const fn as_bytes(&self) -> &[u8; ROW_KEY_BYTES] {
        &self.0
    }

    /// The first and the last possible row key of a generation: rows between them, both included, are its records.
    pub fn range(vault: VaultId, generation: u32) -> (Self, Self) {
        (Self::join(vault, generation, &[0x00; 16]), Self::join(vault, generation, &[0xff; 16]))
    }

    fn join(vault: VaultId, generation: u32, blind: &[u8; 16]) -> Self {
        let mut bytes = [0; ROW_KEY_BYTES];
        // The lowest byte is the generation modulo 256.
        let [lowest, ..] = generation.to_le_bytes();
        Layout::new(&mut bytes).put(vault.as_bytes()).put(&[lowest]).put(blind);
        Self(bytes)
    }
}

/// What is sealed into one row.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// What kind of record it is.
    pub kind: RecordType,
    /// Version of the body's shape, from 1.
    pub schema: u16,
    /// The number of the write transaction.
    pub seq: u64,
    /// The logical key; each type has its own grammar.
    pub key: &'a [u8],
    /// The content.
    pub body: &'a [u8],
}

/// An opened record. Key and body are wiped when it is dropped.
pub struct Opened {
    /// What kind of record it is.
    pub kind: RecordType,
    /// Version of the body's shape, from 1.
    pub schema: u16,
    /// The number of the write transaction.
    pub seq: u64,
    key_len: usize,
    body_len: usize,
    plain: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The logical key.
    pub fn key(&self) -> &[u8] {
        &self.plain[ENVELOPE..ENVELOPE + self.key_len]
    }

    /// The content.
    pub fn body(&self) -> &[u8] {
        &self.plain[ENVELOPE + self.key_len..ENVELOPE + self.key_len + self.body_len]
    }

    /// The same record as something to seal again, for example into the next generation.
    pub fn envelope(&self) -> Envelope<'_> {
        Envelope { kind: self.kind, schema: self.schema, seq: self.seq, key: self.key(), body: self.body() }
    }

    fn parse(plain: Zeroizing<Vec<u8>>) -> Result<Self, SealError> {
        let mut fields = Fields::new(&plain);
        let (kind, schema, seq) = (RecordType(fields.u16()?), fields.u16()?, fields.u64()?);
        let key_len = usize::from(fields.u16()?);
        let body_len = usize::try_from(fields.u32()?).map_err(|_| SealError::Damaged)?;
        fields.bytes(key_len)?;
        fields.bytes(body_len)?;
        if schema == 0 || !is_zero(fields.rest()) {
            return Err(SealError::Damaged);
        }
        Ok(Self { kind, schema, seq, key_len, body_len, plain })
    }
}

impl RecordKeys {
    /// Where a record of this type and logical key stands in this generation.
    pub fn row_key(&self, kind: RecordType, key: &[u8]) -> RowKey {
        let tag = kdf::mac(self.blind.expose(), &[&kind.0.to_le_bytes(), key]);
        let (blind, _) = tag.split_first_chunk().expect("a tag has 32 bytes");
        RowKey::join(self.vault, self.generation, blind)
    }

    /// Seals a record into the smallest length class that holds it and is allowed for its type.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] when key or payload exceed [`MAX_KEY_BYTES`] or [`MAX_PAYLOAD_BYTES`];
    /// [`SealError::Damaged`] for schema 0.
    pub fn seal(&self, envelope: &Envelope<'_>) -> Result<(RowKey, Vec<u8>), SealError> {
        self.seal_with(Nonce::random(), envelope, envelope.kind.floor())
    }

    /// Seals again what was opened from a row of `stored_len` bytes, not shorter than it was: the floor of a type that
    /// this program does not know survives a rotation.
    ///
    /// # Errors
    /// Those of [`RecordKeys::seal`].
    pub fn reseal(&self, envelope: &Envelope<'_>, stored_len: usize) -> Result<(RowKey, Vec<u8>), SealError> {
        self.seal_with(Nonce::random(), envelope, stored_len)
    }

    pub(crate) fn seal_with(
        &self,
        nonce: Nonce,
        envelope: &Envelope<'_>,
        floor: usize,
    ) -> Result<(RowKey, Vec<u8>), SealError> {
        let Envelope { kind, schema, seq, key, body } = *envelope;
        let payload = ENVELOPE + key.len() + body.len();
        let (Ok(key_len), Ok(body_len)) = (u16::try_from(key.len()), u32::try_from(body.len())) else {
            return Err(SealError::TooLarge);
        };
        if key.len() > MAX_KEY_BYTES {
            return Err(SealError::TooLarge);
        }
        if schema == 0 {
            return Err(SealError::Damaged);
        }
        let stored = stored_len(payload.max(floor.saturating_sub(OVERHEAD))).ok_or(SealError::TooLarge)?;
        let row = self.row_key(kind, key);
        let value = aead::seal_with(&self.record, nonce, &self.aad(&row), stored - OVERHEAD, |plain| {
            Layout::new(plain)
                .put(&kind.0.to_le_bytes())
                .put(&schema.to_le_bytes())
                .put(&seq.to_le_bytes())
                .put(&key_len.to_le_bytes())
                .put(&body_len.to_le_bytes())
                .put(key)
                .put(body);
        });
        Ok((row, value))
    }

    /// Opens the record that was asked for by type and logical key.
    ///
    /// # Errors
    /// [`SealError::Open`] when the value does not belong into that row of this generation; [`SealError::Damaged`]
    /// when its length or its inside breaks the rules.
    pub fn open(&self, kind: RecordType, key: &[u8], value: &[u8]) -> Result<Opened, SealError> {
        let opened = self.open_row(&self.row_key(kind, key), value)?;
        if opened.kind == kind && opened.key() == key { Ok(opened) } else { Err(SealError::Damaged) }
    }

    /// Opens a record found by scanning; the row key must be the one that its own type and logical key lead to.
    ///
    /// # Errors
    /// Those of [`RecordKeys::open`].
    pub fn open_any(&self, row: &RowKey, value: &[u8]) -> Result<Opened, SealError> {
        let opened = self.open_row(row, value)?;
        if self.row_key(opened.kind, opened.key()) == *row { Ok(opened) } else { Err(SealError::Damaged) }
    }

    fn open_row(&self, row: &RowKey, value: &[u8]) -> Result<Opened, SealError> {
        if !is_stored_len(value.len()) {
            return Err(SealError::Damaged);
        }
        Opened::parse(aead::open(&self.record, &self.aad(row), value)?)
    }

    fn aad(&self, row: &RowKey) -> [u8; 48] {
        let mut aad = [0; 48];
        Layout::new(&mut aad).put(&object(OBJECT)).put(&self.uuid).put(&row.0);
        aad
    }
}

/// Reads bytes as the inside of an opened record, for fuzzing.
#[cfg(any(test, feature = "test-hooks"))]
pub fn probe(plain: &[u8]) {
    if let Ok(opened) = Opened::parse(Zeroizing::new(plain.to_vec())) {
        assert!(opened.key().len() + opened.body().len() <= plain.len());
    }
}

/// The smallest length class that holds `payload` bytes, or nothing when even the largest does not.
///
/// The classes are 32 bytes short of powers of two because a redb leaf then holds 8, 4, 2 or 1 of them per page, and
/// larger ones fill their pages exactly.
fn stored_len(payload: usize) -> Option<usize> {
    (9..=20).map(|k| (1 << k) - 32).find(|stored| payload + OVERHEAD <= *stored)
}

/// Whether a sealed record can have this length.
pub fn is_stored_len(len: usize) -> bool {
    (MIN_STORED..=MAX_STORED).contains(&len) && (len + 32).is_power_of_two()
}

#[cfg(test)]
mod tests;
