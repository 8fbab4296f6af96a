//! Key derivation: HMAC (RFC 2104), HKDF (RFC 5869) and scrypt (RFC 7914), all over SHA-256.
//!
//! Every key given to [`expand`] is 32 random or pseudo-random bytes.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use scrypt::Params;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::{SealError, secret::Key};

/// `MAC(k, m)` = HMAC-SHA-256 over the joined `parts`.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        hmac.update(part);
    }
    let mut output = hmac.finalize().into_bytes();
    let mut tag = Zeroizing::new([0; 32]);
    tag.copy_from_slice(&output);
    output.as_mut_slice().zeroize();
    tag
}

/// HKDF-Extract: a uniform key from a secret of any shape.
pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Key {
    Key::from_bytes(mac(salt, &[secret]))
}

/// HKDF-Expand to one key.
pub(crate) fn expand(key: &Key, label: &str) -> Key {
    Key::filled(|bytes| expand_into(key.expose(), label.as_bytes(), bytes))
}

/// HKDF-Expand to any number of bytes up to 8,160.
pub(crate) fn expand_into(key: &[u8], label: &[u8], output: &mut [u8]) {
    Hkdf::<Sha256>::from_prk(key)
        .expect("every key is at least 32 bytes")
        .expand(label, output)
        .expect("no label asks for more than 8,160 bytes");
}

/// scrypt with r = 8. The caller has checked the bounds and the memory.
///
/// The lanes of `p` run one after the other, so memory is `1024 * 2^log2n` bytes whatever `p` is. That buffer belongs
/// to the scrypt crate and is wiped when the zeroing allocator of the binary takes it back.
pub(crate) fn scrypt(
    password: &[u8],
    salt: &[u8],
    log2n: u8,
    p: u8,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mut output = Zeroizing::new([0; 32]);
    let params = Params::new(log2n, 8, u32::from(p)).map_err(|_| SealError::Parameters)?;
    scrypt::scrypt(password, salt, &params, output.as_mut_slice()).map_err(|_| SealError::Parameters)?;
    Ok(output)
}
