//! Requests of other sites: Fetch Metadata and `Origin` (SR-02), then our own token (SR-03).
//!
//! Poem's `Csrf` middleware starts with an all-zero key and is not used. The token is an HMAC of the session's
//! fingerprint under a key of this process; `services` makes and compares it.

use poem::http::{HeaderMap, Method, header};

use crate::{
    services::{Services, sessions::Session},
    web::{form::Form, host::Authority, session::Visitor},
};

/// Form field that carries the token.
pub const FIELD: &str = "csrf";
/// Header that carries the token.
pub const HEADER: &str = "x-csrf-token";

/// Header that names the journal a page belongs to.
pub const JOURNAL: &str = "x-journal";

/// Where a request comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Our own page, or the address bar.
    Own,
    /// A link on another site to a page that may be linked to. It is answered with one constant page.
    Link,
    /// Another site. Refused.
    Foreign,
}

/// Judges where a request comes from. `own` is the authority the request named, already found to be ours.
///
/// Our pages send `Referrer-Policy: no-referrer`, so browsers put `Origin: null` on their form posts (Fetch,
/// "append a request Origin header"): with `Sec-Fetch-Site: same-origin` beside it that is ours, without it is not.
pub fn source(method: &Method, path: &str, headers: &HeaderMap, own: &Authority) -> Source {
    let Ok(site) = single(headers, "sec-fetch-site") else { return Source::Foreign };
    let Ok(origin) = single(headers, header::ORIGIN.as_str()) else { return Source::Foreign };
    let origin_is_own = origin.map(|origin| Authority::from_origin(origin).as_ref() == Some(own));
    if is_safe(method) {
        return match site {
            None | Some("same-origin" | "none") => Source::Own,
            Some(_) if may_be_linked(path) && is_navigation(headers) => Source::Link,
            Some(_) => Source::Foreign,
        };
    }
    let is_own = match (site, origin) {
        (Some("same-origin"), None | Some("null")) => true,
        (Some("same-origin") | None, Some(_)) => origin_is_own == Some(true),
        _ => false,
    };
    if is_own { Source::Own } else { Source::Foreign }
}

/// Whether a method may not change anything.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether the request carries the visitor's token, in the header or in the form.
pub fn token_ok(services: &Services, visitor: &Visitor, headers: &HeaderMap, form: &Form) -> bool {
    let in_header = single(headers, HEADER).ok().flatten();
    [in_header, form.get(FIELD)]
        .into_iter()
        .flatten()
        .any(|token| services.csrf_ok(&visitor.fingerprint, token))
}

/// Whether the page that sends the request belongs to the journal of the session. A page of somebody else who was signed
/// in before in this browser does not: its text must not get into this journal.
pub fn is_own_page(headers: &HeaderMap, session: &Session) -> bool {
    single(headers, JOURNAL) == Ok(Some(session.journal().as_str()))
}

/// Whether the request carries any token at all.
pub fn has_token(headers: &HeaderMap, form: &Form) -> bool {
    headers.contains_key(HEADER) || form.get(FIELD).is_some_and(|token| !token.is_empty())
}

fn may_be_linked(path: &str) -> bool {
    matches!(path, "/" | "/login")
}

fn is_navigation(headers: &HeaderMap) -> bool {
    single(headers, "sec-fetch-mode") == Ok(Some("navigate"))
        && single(headers, "sec-fetch-dest") == Ok(Some("document"))
}

/// The value of a header that may stand once; `Err` when it is doubled or unreadable.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| ())).transpose()?;
    if values.next().is_some() { Err(()) } else { Ok(first) }
}
