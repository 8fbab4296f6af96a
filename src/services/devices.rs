//! Devices that are known because somebody signed in there before: what their cookie holds, and what it proves (SR-18).
//!
//! A known device tries passwords on an account of its own, so that a stranger who guesses cannot lock the owner out.
//! The cookie opens nothing. Nothing about a device is stored; `crypto::token` makes and reads the values.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    blocking,
    crypto::{canon::Name, token::DeviceKey},
    services::{Services, sessions::Session},
};

/// Values that one browser keeps at most: people of one household share it.
const MAX_VALUES: usize = 4;
/// Between the values in the cookie.
const BETWEEN: char = '.';

/// A device that is known for a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Device {
    /// Which device: random.
    pub id: [u8; 16],
    /// Which journal it signed in to: the same for all its devices, and tells nothing else.
    pub circle: [u8; 16],
}

/// What all ways of typing one name have in common, to count tries by.
pub fn same_name(name: &str) -> Zeroizing<String> {
    Zeroizing::new(Name::typed(name).expose().to_owned())
}

impl Services {
    /// The device that a cookie proves to be known for a name; `None` when it proves nothing.
    pub async fn known_device(&self, name: &str, cookie: &str) -> Option<Device> {
        if cookie.len() > MAX_VALUES * (DeviceKey::VALUE_CHARS + 1) {
            return None;
        }
        let key = self.device_key(false).await?;
        let name = Name::typed(name);
        let (id, circle) = cookie.split(BETWEEN).find_map(|value| key.read(&name, value))?;
        Some(Device { id, circle })
    }

    /// The device cookie for a browser that has just signed in, made from the one it has. `None` when the file cannot
    /// keep the key: the browser then stays a stranger.
    pub async fn device_cookie(&self, session: &Session, before: Option<&str>) -> Option<String> {
        let key = self.device_key(true).await?;
        let (name, vault) = (Name::typed(&session.name()), session.user.vault.id());
        let before: Vec<&str> = before.unwrap_or_default().split(BETWEEN).collect();
        let own = before.iter().find(|value| key.is_for(&name, vault, value));
        let own = own.map_or_else(|| key.issue(&name, vault), |value| (*value).to_owned());
        let others =
            before.into_iter().filter(|value| value.len() == DeviceKey::VALUE_CHARS && *value != own);
        let values: Vec<&str> = std::iter::once(own.as_str()).chain(others).take(MAX_VALUES).collect();
        Some(values.join(&BETWEEN.to_string()))
    }

    /// The key of this instance, made when it is wanted and missing.
    async fn device_key(&self, may_make: bool) -> Option<Arc<DeviceKey>> {
        if let Some(key) = self.devices.get() {
            return Some(Arc::clone(key));
        }
        let vaults = Arc::clone(&self.vaults);
        let found = blocking::db(move || vaults.device_key(may_make)).await;
        match found {
            Ok(Ok(key)) => key.map(|key| Arc::clone(self.devices.get_or_init(|| Arc::new(key)))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the key of device cookies cannot be read or kept");
                None
            }
            Err(_) => None,
        }
    }
}
