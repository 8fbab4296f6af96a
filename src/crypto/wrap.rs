//! Wrap rows: the vault's root key, sealed once for every way in. `format-v1.md` section 5.
//!
//! ```text
//! key    "W" || row[32]
//! value   0..4 "LLM1"   4 object=1   5 suite=1   6 kind   7 profile id   8 log2N   9 r   10 p   11 0
//!        12..19 V      19..24 0     24..40 U                                       AAD = 0..40
//!        40..72 profile salt        72..132 seal(kek, AAD, URK[32])
//! ```
//! The salt is a copy for repair and not authenticated; so it is compared with the header's.

use crate::crypto::{
    SealError, Uuid, VaultId,
    aead::{self, Nonce},
    header::{Header, Profile},
    secret::Key,
    unlock::{Unlocker, WrapKind},
    wire::{Fields, Layout, object},
};

/// Length of a wrap row's value.
pub const BYTES: usize = 132;
/// The most wraps a vault may have.
pub const MAX_WRAPS: usize = 16;

const OBJECT: u8 = 1;
const AAD: usize = 40;

/// The key of the wrap row of this way in: `"W" || row`.
pub fn row_key(row: &[u8; 32]) -> [u8; 33] {
    let mut key = [b'W'; 33];
    key[1..].copy_from_slice(row);
    key
}

/// Seals the root key for one way in. The caller inserts the row only if it is absent.
///
/// # Errors
/// [`SealError::WeakParameters`] when the profile used is not the header's current one, or too weak for new wraps:
/// then the header was altered.
pub fn seal_wrap(
    unlocker: &Unlocker,
    vault: VaultId,
    header: &Header,
    urk: &Key,
) -> Result<[u8; BYTES], SealError> {
    match &unlocker.profile {
        Some(profile) if *profile != header.current || !profile.allows_new_wraps() => {
            Err(SealError::WeakParameters)
        }
        _ => Ok(seal_with(Nonce::random(), unlocker, vault, header, urk)),
    }
}

pub(crate) fn seal_with(
    nonce: Nonce,
    unlocker: &Unlocker,
    vault: VaultId,
    header: &Header,
    urk: &Key,
) -> [u8; BYTES] {
    let face = WrapFace { kind: unlocker.kind, vault, uuid: header.uuid, profile: unlocker.profile.clone() };
    let mut value = [0; BYTES];
    face.write(&mut value);
    let sealed = aead::seal_with(&unlocker.kek, nonce, &value[..AAD], 32, |plain| {
        plain.copy_from_slice(urk.expose());
    });
    value[72..].copy_from_slice(&sealed);
    value
}

/// Opens a wrap row and returns the vault it belongs to with its root key.
///
/// # Errors
/// [`SealError::Damaged`] when the row in clear is not what this way in and this header require,
/// [`SealError::Open`] when the sealed part does not open. In both cases try the other table's copy.
pub fn open_wrap(unlocker: &Unlocker, header: &Header, value: &[u8]) -> Result<(VaultId, Key), SealError> {
    let face = WrapFace::parse(value)?;
    if face.kind != unlocker.kind || face.uuid != header.uuid || face.profile != unlocker.profile {
        return Err(SealError::Damaged);
    }
    let plain = aead::open(&unlocker.kek, &value[..AAD], &value[72..])?;
    Ok((face.vault, Fields::new(&plain).key()?))
}

/// What a wrap row shows without any key: enough to check it, to delete a vault, and to rebuild a lost header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrapFace {
    /// What it is opened with.
    pub kind: WrapKind,
    /// The vault it belongs to.
    pub vault: VaultId,
    /// The identity of the file it was written in.
    pub uuid: Uuid,
    /// The profile, complete; only kinds with a password have one.
    pub profile: Option<Profile>,
}

impl WrapFace {
    /// Reads the part in clear.
    ///
    /// # Errors
    /// [`SealError::Damaged`] when it has another shape.
    pub fn parse(value: &[u8]) -> Result<Self, SealError> {
        if value.len() != BYTES {
            return Err(SealError::Damaged);
        }
        let mut fields = Fields::new(value);
        fields.exactly(&object(OBJECT)[..6])?;
        let kind = WrapKind::from_number(fields.u8()?).ok_or(SealError::Damaged)?;
        let [id, log2n, r, p] = fields.array()?;
        fields.zeros(1)?;
        let vault = VaultId::from_bytes(fields.array()?);
        fields.zeros(5)?;
        let uuid = fields.array()?;
        let salt = fields.array()?;
        let profile = Profile { id, log2n, r, p, salt };
        let blank = Profile { id: 0, log2n: 0, r: 0, p: 0, salt: [0; 32] };
        match (kind.has_password(), profile == blank, id) {
            (true, false, 1..) => Ok(Self { kind, vault, uuid, profile: Some(profile) }),
            (false, true, _) => Ok(Self { kind, vault, uuid, profile: None }),
            _ => Err(SealError::Damaged),
        }
    }

    /// Whether identity and profile are those of the header. Checked for every wrap when a file is opened: a profile
    /// that differs under the same id means that the header or the row was altered.
    pub fn agrees_with(&self, header: &Header) -> bool {
        let known = self.profile.as_ref().is_none_or(|profile| header.profiles().any(|live| live == profile));
        self.uuid == header.uuid && known
    }

    fn write(&self, value: &mut [u8; BYTES]) {
        let mut layout = Layout::new(value);
        layout.put(&object(OBJECT)[..6]).put(&[self.kind.number()]);
        layout.seek(12).put(self.vault.as_bytes()).seek(24).put(&self.uuid);
        if let Some(profile) = &self.profile {
            layout
                .seek(7)
                .put(&[profile.id, profile.log2n, profile.r, profile.p])
                .seek(AAD)
                .put(&profile.salt);
        }
    }
}

#[cfg(test)]
mod tests;
