//! The cookie of a browser in which somebody has signed in: it tells known devices from strangers, and opens nothing.

use poem::Response;

use crate::{
    services::{devices::Device, sessions::Session},
    web::{
        call::{Call, set_cookie},
        cookies,
    },
};

/// Name of the cookie.
pub const COOKIE: &str = "llamora_device";
/// How long browsers keep it: 400 days, the most they allow.
const KEPT_S: u32 = 400 * 24 * 60 * 60;

/// The device a request comes from, when it is known for this name.
pub async fn known(call: &Call, name: &str) -> Option<Device> {
    let cookie = cookies::value(call.headers(), COOKIE)?;
    call.services().known_device(name, cookie).await
}

/// Makes a browser known in which somebody has just shown to be the owner of a journal.
pub async fn give(call: &Call, session: &Session, response: &mut Response) {
    let before = cookies::value(call.headers(), COOKIE);
    if let Some(cookie) = call.services().device_cookie(session, before).await {
        set_cookie(response, cookies::set_for(COOKIE, &cookie, KEPT_S));
    }
}
