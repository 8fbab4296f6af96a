//! Reading and writing fixed layouts: little-endian integers at fixed offsets, reserved bytes zero.

use crate::crypto::{SealError, secret::Key};

/// Reads fields one after the other; every shortage is [`SealError::Damaged`].
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&mut self, n_bytes: usize) -> Result<&'a [u8], SealError> {
        let (taken, rest) = self.0.split_at_checked(n_bytes).ok_or(SealError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], SealError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(SealError::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, SealError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, SealError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SealError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SealError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, SealError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// A key, copied from the (opened) bytes to where it will stay.
    pub(crate) fn key(&mut self) -> Result<Key, SealError> {
        let bytes = self.bytes(32)?;
        Ok(Key::filled(|own| own.copy_from_slice(bytes)))
    }

    /// Requires the next bytes to be exactly `known`.
    pub(crate) fn exactly(&mut self, known: &[u8]) -> Result<(), SealError> {
        if self.bytes(known.len())? == known { Ok(()) } else { Err(SealError::Damaged) }
    }

    /// Requires `n_bytes` reserved bytes to be zero.
    pub(crate) fn zeros(&mut self, n_bytes: usize) -> Result<(), SealError> {
        if is_zero(self.bytes(n_bytes)?) { Ok(()) } else { Err(SealError::Damaged) }
    }

    /// Requires that nothing is left over.
    pub(crate) fn end(self) -> Result<(), SealError> {
        if self.0.is_empty() { Ok(()) } else { Err(SealError::Damaged) }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// Writes fields one after the other into a buffer that starts out as zeros.
///
/// # Panics
/// Every method panics when the buffer is too short: layouts are fixed, so that is a mistake in this crate.
pub(crate) struct Layout<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, at: 0 }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
        self
    }

    /// Leaves `n_bytes` as they are: zero.
    pub(crate) fn skip(&mut self, n_bytes: usize) -> &mut Self {
        self.at += n_bytes;
        self
    }

    /// Continues at an offset from the start.
    pub(crate) fn seek(&mut self, offset: usize) -> &mut Self {
        self.at = offset;
        self
    }
}

/// The first 8 bytes of every sealed object: magic, object number, suite 1, and two more (zero unless given).
pub(crate) fn object(number: u8) -> [u8; 8] {
    [b'L', b'L', b'M', b'1', number, SUITE, 0, 0]
}

/// The one suite: scrypt, HKDF and HMAC over SHA-256, AES-256-GCM-SIV.
pub(crate) const SUITE: u8 = 1;

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
