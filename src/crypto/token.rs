//! Session tokens and the tokens that guard forms. Neither is stored: the first lives in a cookie, the second in pages.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::{
    VaultId,
    canon::Name,
    hash::sha256,
    kdf,
    secret::{Key, random},
    session::session_id,
};

/// Length of both kinds of token as text.
pub const TEXT_BYTES: usize = 43;

/// A session token: 256 random bits, known to the browser's cookie jar alone.
pub struct Token(Key);

impl Token {
    /// Draws a token.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        Self(Key::random())
    }

    /// The cookie's value: base64url without padding, 43 characters.
    ///
    /// # Security
    /// Whoever has it has the session: it goes into `Set-Cookie` and nowhere else.
    pub fn to_cookie(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.expose())
    }

    /// Reads a cookie's value; nothing when it has another shape.
    pub fn parse(cookie: &str) -> Option<Self> {
        decode(cookie).map(|bytes| Self(Key::from_bytes(bytes)))
    }

    /// SHA-256 of the token: the name of its session in memory. It does not lead back to the token.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(self.0.expose())
    }

    /// The public name of its session.
    pub fn id(&self) -> SessionId {
        SessionId(session_id(self))
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn from_key(key: Key) -> Self {
        Self(key)
    }
}

/// The public name of a session: its row in the file (`format-v1.md` section 13) and its line in lists are called so.
/// It follows from the token and does not lead back to it. As text 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The name in these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A text that is not the name of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a session")]
pub struct NoSessionId;

impl FromStr for SessionId {
    type Err = NoSessionId;

    fn from_str(text: &str) -> Result<Self, NoSessionId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NoSessionId)?;
        bytes.try_into().map(Self).map_err(|_| NoSessionId)
    }
}

/// The key that makes form tokens. One is drawn per process: after a restart every form asks for a reload.
pub struct CsrfKey(Key);

impl CsrfKey {
    /// Draws a key.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random() -> Self {
        Self(Key::random())
    }

    /// The form token of the session with this fingerprint, 43 characters that are safe in HTML and addresses.
    pub fn token(&self, fingerprint: &[u8; 32]) -> String {
        BASE64URL_NOPAD.encode(self.tag(fingerprint).as_slice())
    }

    /// Whether `token` is the form token of this session, compared in constant time.
    pub fn verify(&self, fingerprint: &[u8; 32], token: &str) -> bool {
        decode(token).is_some_and(|tag| tag.ct_eq(self.tag(fingerprint).as_slice()).into())
    }

    fn tag(&self, fingerprint: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        kdf::mac(self.0.expose(), &[b"llm1/csrf", fingerprint])
    }
}

/// The key that makes device cookies, one per instance. The cookie says "somebody signed in with this name here before"
/// and opens nothing; see "device cookies" of OWASP on slowing down online guessing.
pub struct DeviceKey(Key);

impl DeviceKey {
    /// Length of one value as text.
    pub const VALUE_CHARS: usize = 86;

    /// Takes over the key that the instance keeps.
    pub fn from_key(key: Key) -> Self {
        Self(key)
    }

    /// A new value for a device on which this vault was opened with this name: 16 random bytes that name the device, 16
    /// that name the vault to nobody but this instance, and a MAC of 32 over both and the name.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn issue(&self, name: &Name, vault: VaultId) -> String {
        let (id, circle): ([u8; 16], _) = (random(), self.circle(vault));
        let mut bytes = [0; 64];
        bytes[..16].copy_from_slice(&id);
        bytes[16..32].copy_from_slice(&circle);
        bytes[32..].copy_from_slice(self.tag(name, &id, &circle).as_slice());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The device and the vault's sign in a value that was issued for this name; nothing when it was not. Compared in
    /// constant time.
    pub fn read(&self, name: &Name, value: &str) -> Option<([u8; 16], [u8; 16])> {
        if value.len() != Self::VALUE_CHARS {
            return None;
        }
        let bytes: [u8; 64] = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?.try_into().ok()?;
        let (id, circle) = (bytes[..16].try_into().ok()?, bytes[16..32].try_into().ok()?);
        let is_ours: bool = bytes[32..].ct_eq(self.tag(name, &id, &circle).as_slice()).into();
        is_ours.then_some((id, circle))
    }

    /// Whether a value was issued for this name and this vault.
    pub fn is_for(&self, name: &Name, vault: VaultId, value: &str) -> bool {
        self.read(name, value).is_some_and(|(_, circle)| circle == self.circle(vault))
    }

    fn circle(&self, vault: VaultId) -> [u8; 16] {
        let tag = kdf::mac(self.0.expose(), &[b"llamora/device-vault", vault.as_bytes()]);
        let mut circle = [0; 16];
        circle.copy_from_slice(&tag[..16]);
        circle
    }

    fn tag(&self, name: &Name, id: &[u8; 16], circle: &[u8; 16]) -> Zeroizing<[u8; 32]> {
        kdf::mac(self.0.expose(), &[b"llamora/device", id, circle, name.expose().as_bytes()])
    }
}

/// Decodes 43 characters to 32 bytes. Only the one canonical spelling passes.
fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != TEXT_BYTES {
        return None;
    }
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), bytes.as_mut_slice()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
