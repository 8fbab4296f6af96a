//! `seal` and its inverse: AES-256-GCM-SIV (RFC 8452) with the nonce in front. The only file that names the crate.
//!
//! `seal(k, aad, plain) = nonce[12] || ciphertext || tag[16]`. A repeated nonce would reveal no more than that two
//! plaintexts are equal; still every call draws its own.

use aes_gcm_siv::{AeadInOut, Aes256GcmSiv, KeyInit, Tag};
use zeroize::Zeroizing;

use crate::crypto::{
    SealError,
    secret::{Key, random},
};

/// What sealing adds: nonce and tag.
pub(crate) const OVERHEAD: usize = NONCE + TAG;
const NONCE: usize = 12;
const TAG: usize = 16;

/// A nonce for one seal. Outside the tests the only way to have one is to draw it.
pub(crate) struct Nonce([u8; NONCE]);

impl Nonce {
    pub(crate) fn random() -> Self {
        Self(random())
    }

    /// A chosen nonce, for known answers.
    #[cfg(test)]
    pub(crate) fn fixed(bytes: [u8; NONCE]) -> Self {
        Self(bytes)
    }
}

/// Seals `plain_len` bytes that `fill` writes straight into the output, so that no second copy of them exists.
/// `fill` gets zeros.
pub(crate) fn seal_with(
    key: &Key,
    nonce: Nonce,
    aad: &[u8],
    plain_len: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let mut sealed = vec![0; NONCE + plain_len + TAG];
    let (front, tag_bytes) = sealed.split_at_mut(NONCE + plain_len);
    let (nonce_bytes, text) = front.split_at_mut(NONCE);
    nonce_bytes.copy_from_slice(&nonce.0);
    fill(text);
    let tag = Aes256GcmSiv::new(key.expose().into())
        .encrypt_inout_detached((&nonce.0).into(), aad, text.into())
        .expect("no object comes near the limit of 2^36 bytes");
    tag_bytes.copy_from_slice(&tag);
    sealed
}

/// Opens what [`seal_with`] made.
pub(crate) fn open(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::Open)?;
    let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(SealError::Open)?;
    let mut plain = Zeroizing::new(text.to_vec());
    Aes256GcmSiv::new(key.expose().into())
        .decrypt_inout_detached(nonce.into(), aad, plain.as_mut_slice().into(), &Tag::from(*tag))
        .map_err(|_| SealError::Open)?;
    Ok(plain)
}

#[cfg(test)]
mod tests;
