//! From what a person knows or holds to the place and the key of a wrap row. `format-v1.md` section 4.
//!
//! ```text
//! salt_u = SHA-256("llm1/salt" || profile.salt || name)
//! S      = scrypt(password, salt_u, N, r = 8, p, 32)
//! PRK    = extract("llm1/unlock" || kind || U, secret)
//! row    = expand(PRK, "llm1/wrap/row")     kek = expand(PRK, "llm1/wrap/kek")
//! ```
//! `row` commits to the secret: it and the key come from one PRK, so two secrets that open one row would collide in
//! 256 bits of HMAC-SHA-256. Looking the row up is the only check there is, and it costs the same for every guess.

use zeroize::Zeroizing;

use crate::crypto::{
    SealError, Uuid,
    canon::Name,
    hash::{sha256, sha256_of},
    header::{Header, Profile},
    kdf,
    secret::{Key, KeyFile, Password, RecoveryCode},
};

/// What a wrap row is opened with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrapKind {
    /// A name and a password.
    Password,
    /// A recovery code.
    Recovery,
    /// The PRF output of a passkey.
    Passkey,
    /// A name, a password and a key file.
    PasswordAndKeyFile,
}

impl WrapKind {
    /// The number in the file.
    pub const fn number(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::Recovery => 2,
            Self::Passkey => 3,
            Self::PasswordAndKeyFile => 4,
        }
    }

    /// The kind with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Password),
            2 => Some(Self::Recovery),
            3 => Some(Self::Passkey),
            4 => Some(Self::PasswordAndKeyFile),
            _ => None,
        }
    }

    /// Whether scrypt under a profile of the header is part of it. A vault never loses its last wrap of such a kind.
    pub const fn has_password(self) -> bool {
        matches!(self, Self::Password | Self::PasswordAndKeyFile)
    }
}

/// A password after scrypt under one profile: 128 MiB and half a second went into it. Use it for the wrap with a key
/// file and for the one without.
pub struct Stretched {
    secret: Zeroizing<[u8; 32]>,
    profile: Profile,
}

impl Stretched {
    /// Runs scrypt. Run it on the pool for key derivation, never in a request handler.
    ///
    /// # Errors
    /// [`SealError::Parameters`] and [`SealError::Memory`], both before anything is allocated.
    pub fn new(profile: &Profile, name: &Name, password: &Password) -> Result<Self, SealError> {
        profile.check()?;
        let salt = sha256_of(&[b"llm1/salt", &profile.salt, name.expose().as_bytes()]);
        let secret = kdf::scrypt(password.expose().as_bytes(), &salt, profile.log2n, profile.p)?;
        Ok(Self { secret, profile: profile.clone() })
    }

    /// The way in with the password alone.
    pub fn unlocker(&self, header: &Header) -> Unlocker {
        Unlocker::derive(WrapKind::Password, Some(&self.profile), &header.uuid, self.secret.as_slice())
    }

    /// The way in with the password and a key file.
    pub fn unlocker_with(&self, header: &Header, key_file: &KeyFile) -> Unlocker {
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(self.secret.as_slice());
        both[32..].copy_from_slice(key_file.digest());
        Unlocker::derive(WrapKind::PasswordAndKeyFile, Some(&self.profile), &header.uuid, both.as_slice())
    }
}

/// A way in: where a wrap row must be, and the key that opens it.
pub struct Unlocker {
    pub(crate) kind: WrapKind,
    pub(crate) profile: Option<Profile>,
    pub(crate) row: [u8; 32],
    pub(crate) kek: Key,
}

impl Unlocker {
    /// Name and password, without key file: scrypt, then [`Stretched::unlocker`].
    ///
    /// # Errors
    /// Those of [`Stretched::new`].
    pub fn password(
        header: &Header,
        profile: &Profile,
        name: &Name,
        password: &Password,
    ) -> Result<Self, SealError> {
        Ok(Stretched::new(profile, name, password)?.unlocker(header))
    }

    /// A recovery code. It has 130 random bits, so no slow function is needed, and no name.
    pub fn recovery(header: &Header, code: &RecoveryCode) -> Self {
        Self::derive(WrapKind::Recovery, None, &header.uuid, code.expose())
    }

    /// The 32 bytes that a passkey answered to [`passkey_input`].
    pub fn passkey(header: &Header, output: &Key) -> Self {
        Self::derive(WrapKind::Passkey, None, &header.uuid, output.expose())
    }

    /// The key of the wrap row is `"W" || row`. It is visible in the file.
    pub fn row(&self) -> &[u8; 32] {
        &self.row
    }

    /// What kind of wrap this opens.
    pub fn kind(&self) -> WrapKind {
        self.kind
    }

    /// The id of the profile that was used, 0 for kinds without a password: as listed in the keyring.
    pub fn profile_id(&self) -> u8 {
        self.profile.as_ref().map_or(0, |profile| profile.id)
    }

    fn derive(kind: WrapKind, profile: Option<&Profile>, uuid: &Uuid, secret: &[u8]) -> Self {
        let mut salt = [0; 28];
        salt[..11].copy_from_slice(b"llm1/unlock");
        salt[11] = kind.number();
        salt[12..].copy_from_slice(uuid);
        let prk = kdf::extract(&salt, secret);
        let row = *kdf::expand(&prk, "llm1/wrap/row").expose();
        Self { kind, profile: profile.cloned(), row, kek: kdf::expand(&prk, "llm1/wrap/kek") }
    }
}

/// The input given to a passkey's PRF for this file.
pub fn passkey_input(uuid: &Uuid) -> [u8; 32] {
    sha256(&[b"llm1/prf".as_slice(), uuid].concat())
}

#[cfg(test)]
mod tests;
