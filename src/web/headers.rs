//! Headers that every answer carries (SR-23, SR-26, SR-27). There is no CORS header, ever (SR-05).

use poem::{
    Response,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};

/// Set on every answer, whatever it is.
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    ("permissions-policy", PERMISSIONS),
];

/// Every feature a page could ask the browser for, switched off. Copying the recovery code needs the clipboard.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), bluetooth=(), browsing-topics=(), camera=(), \
     clipboard-read=(), clipboard-write=(self), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), \
     geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), local-fonts=(), \
     magnetometer=(), microphone=(), midi=(), otp-credentials=(), payment=(), picture-in-picture=(), \
     publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), \
     storage-access=(), usb=(), web-share=(), window-management=(), xr-spatial-tracking=()";

/// Completes an answer. `nonce` is this answer's; `is_asset` marks files that are immutable under their address;
/// `is_lan` says that the page may be read over plain HTTP from another machine.
pub fn complete(response: &mut Response, nonce: &str, is_asset: bool, is_lan: bool) {
    let is_html = response.content_type().is_some_and(|kind| kind.starts_with("text/html"));
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // Browsers put `Origin: null` on form posts under `no-referrer`. On plain HTTP of a LAN they send no Fetch
    // Metadata either, so there the origin must be kept for our own pages.
    let referrer = if is_lan { "same-origin" } else { "no-referrer" };
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
    headers.insert(header::CONTENT_SECURITY_POLICY, content_security_policy(is_html, nonce));
    if !is_asset {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Sec-Fetch-Site"));
    }
    drop_cors(headers);
}

/// Starts from nothing and adds each permission the pages need: our script by nonce, our files, our own forms and
/// requests. `trusted-types htmx` is the policy of htmx's `hx-csp`.
fn content_security_policy(is_html: bool, nonce: &str) -> HeaderValue {
    if !is_html {
        // `sandbox`: an export that is opened instead of saved runs nothing and reaches nothing (SR-40).
        return HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox",
        );
    }
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; \
         require-trusted-types-for 'script'; trusted-types htmx"
    );
    HeaderValue::try_from(policy).expect("nonces are hexadecimal")
}

fn drop_cors(headers: &mut HeaderMap) {
    let cors: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in cors {
        headers.remove(name);
    }
}
