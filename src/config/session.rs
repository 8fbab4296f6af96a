//! Sections `session` and `crypto`: how long sign-ins last, and whether they outlive the program.

use serde::{Deserialize, Serialize};

/// Section `session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionLimits {
    /// Seconds without a request after which a session ends.
    pub idle_ttl: u32,
    /// Seconds after sign-in at which a session ends in any case.
    pub absolute_ttl: u32,
    /// Lock every journal when this machine was asleep for more than a minute.
    pub lock_on_suspend: bool,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle_ttl: 8 * 3600, absolute_ttl: 30 * 24 * 3600, lock_on_suspend: true }
    }
}

/// Section `crypto`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Crypto {
    /// Whether keys outlive the program.
    pub dek_storage: DekStorage,
}

/// Where the keys of an open journal are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DekStorage {
    /// In memory only: a restart signs everyone out.
    #[default]
    Session,
    /// A browser may stay signed in: its cookie and a sealed row of the file open the journal together, neither alone.
    Cookie,
}
