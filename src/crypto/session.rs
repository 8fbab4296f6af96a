//! Session rows `"S" || sid`: sessions that survive a restart (`dek_storage = "cookie"`). `format-v1.md` section 13.
//!
//! ```text
//! value  0..4 "LLM1"   4 object=4   5 suite=1   6..8 0   8..15 V   15 0   16..32 U        AAD = 0..32
//!        32..140 seal(K_sess, AAD, plain[80])
//! plain  URK[32]   sess_gen u64   created i64   expires i64   renewed i64   0[16]
//! ```
//! Row key and sealing key come from the token in the cookie: neither the file nor the cookie opens the vault alone.

use crate::crypto::{
    SealError, Uuid, VaultId,
    aead::{self, Nonce},
    kdf,
    secret::Key,
    token::Token,
    wire::{Fields, Layout, object},
};

/// Length of a session row's value.
pub const BYTES: usize = 140;
/// The most session rows a vault may have.
pub const MAX_SESSIONS: usize = 8;
/// How far a row may have been made or used in the future, in milliseconds: clocks get corrected.
pub const CLOCK_SLACK_MS: i64 = 5 * 60 * 1_000;

const OBJECT: u8 = 4;
const AAD: usize = 32;
const PLAIN: usize = 80;

/// What a session row holds. Times are milliseconds since 1970.
pub struct Session {
    /// The root key of the vault.
    pub urk: Key,
    /// The keyring's `sess_gen` when the session was made.
    pub sess_gen: u64,
    /// When it was made.
    pub created: i64,
    /// When it ends whatever happens.
    pub expires: i64,
    /// When it was last used, written at most once per eighth of the idle limit.
    pub renewed: i64,
}

/// The id of the session: the rest of its row key, after `"S"`.
pub fn session_id(token: &Token) -> [u8; 16] {
    let mut sid = [0; 16];
    kdf::expand_into(token.key().expose(), b"llm1/session/id", &mut sid);
    sid
}

impl Session {
    /// The row's value for this token.
    pub fn seal(&self, token: &Token, uuid: &Uuid, vault: VaultId) -> Vec<u8> {
        self.seal_with(Nonce::random(), token, uuid, vault)
    }

    pub(crate) fn seal_with(&self, nonce: Nonce, token: &Token, uuid: &Uuid, vault: VaultId) -> Vec<u8> {
        let mut value = Vec::with_capacity(BYTES);
        value.resize(AAD, 0);
        Layout::new(&mut value).put(&object(OBJECT)).put(vault.as_bytes()).skip(1).put(uuid);
        let sealed = aead::seal_with(&session_key(token), nonce, &value, PLAIN, |plain| {
            let mut layout = Layout::new(plain);
            layout.put(self.urk.expose()).put(&self.sess_gen.to_le_bytes());
            for time in [self.created, self.expires, self.renewed] {
                layout.put(&time.to_le_bytes());
            }
        });
        value.extend_from_slice(&sealed);
        value
    }

    /// Opens a row's value. Check [`Session::is_live`] next.
    ///
    /// # Errors
    /// [`SealError::Open`] when it does not open with this token, [`SealError::Damaged`] when it has another shape or
    /// belongs to another file.
    pub fn open(token: &Token, uuid: &Uuid, value: &[u8]) -> Result<(VaultId, Self), SealError> {
        let mut face = Fields::new(value);
        face.exactly(&object(OBJECT))?;
        let vault = VaultId::from_bytes(face.array()?);
        face.zeros(1)?;
        face.exactly(uuid)?;
        if value.len() != BYTES {
            return Err(SealError::Damaged);
        }
        let plain = aead::open(&session_key(token), &value[..AAD], face.rest())?;
        let mut fields = Fields::new(&plain);
        let session = Self {
            urk: fields.key()?,
            sess_gen: fields.u64()?,
            created: fields.i64()?,
            expires: fields.i64()?,
            renewed: fields.i64()?,
        };
        fields.zeros(16)?;
        fields.end()?;
        Ok((vault, session))
    }

    /// Whether the session may be used now; otherwise its row is deleted. `sess_gen` is the keyring's.
    pub fn is_live(&self, sess_gen: u64, now_ms: i64, idle_limit_ms: i64) -> bool {
        self.sess_gen == sess_gen
            && self.created.saturating_sub(CLOCK_SLACK_MS) <= now_ms
            && now_ms < self.expires
            && self.renewed.saturating_sub(CLOCK_SLACK_MS) <= now_ms
            && now_ms.saturating_sub(self.renewed) < idle_limit_ms
    }
}

fn session_key(token: &Token) -> Key {
    kdf::expand(token.key(), "llm1/session/key")
}

#[cfg(test)]
mod tests;
