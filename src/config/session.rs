//! Sections `session` and `crypto`: how long sign-ins last, and whether they outlive the program.

use serde::{Deserialize, Serialize};

/// Section `session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionLimits {
    /// Seconds without a request after which a session ends. Where the journal lies beside the program the default is
    /// [`SessionLimits::PORTABLE_IDLE`].
    pub idle_ttl: u32,
    /// Seconds after sign-in at which a session ends in any case.
    pub absolute_ttl: u32,
    /// Lock every journal when this machine was asleep for more than a minute.
    pub lock_on_suspend: bool,
}

impl SessionLimits {
    /// The default idle limit of a journal that is carried from machine to machine: a quarter of an hour.
    pub const PORTABLE_IDLE: u32 = 15 * 60;
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

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags};

    // proves: SR-15
    #[test]
    fn a_journal_that_is_carried_rests_for_a_quarter_of_an_hour_unless_somebody_chose() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let idle = |is_portable| {
            let flags = Flags { is_portable, ..Flags::default() };
            let (config, effective) = Config::load(&file, false, &flags).unwrap();
            let line = effective.iter().find(|line| line.key == "session.idle_ttl").unwrap();
            assert_eq!(line.value, config.session.idle_ttl.to_string());
            (config.session.idle_ttl, line.origin == "default")
        };
        assert_eq!([idle(false), idle(true)], [(8 * 3600, true), (900, true)]);
        std::fs::write(&file, "[session]\nidle_ttl = 3600\n").unwrap();
        assert_eq!([idle(false), idle(true)], [(3600, false); 2]);
    }
}
