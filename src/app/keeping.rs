//! Whether browsers may stay signed in over a restart.

use std::net::IpAddr;

use crate::{
    app::folder::DataFolder,
    config::{Config, DekStorage},
};

const PORTABLE: &str = "browsers do not stay signed in over a restart although crypto.dek_storage is \"cookie\": this \
                        journal lies beside the program and may be carried to machines of others";
const NETWORK: &str = "browsers do not stay signed in over a restart although crypto.dek_storage is \"cookie\": pages \
                       travel to other machines unencrypted, and so would the cookie that opens the journal";

/// Whether they may; or a sentence why not although the configuration wants it.
///
/// # Errors
/// The sentence.
pub fn keeps_sessions(config: &Config, folder: &DataFolder) -> Result<bool, &'static str> {
    if config.crypto.dek_storage == DekStorage::Session {
        return Ok(false);
    }
    if folder.is_portable() {
        return Err(PORTABLE);
    }
    let is_loopback = config.app.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if is_loopback { Ok(true) } else { Err(NETWORK) }
}
