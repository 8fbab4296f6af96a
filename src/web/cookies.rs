//! Reading and setting cookies (SR-10, SR-14): one place that knows their flags.
//!
//! Every cookie is `HttpOnly`, SameSite=Strict, for the whole site and for no other host. A name that a request carries
//! twice counts as absent: one of the two may have been planted by a service on another port of this host.

use poem::http::{HeaderMap, HeaderValue, header};

const FLAGS: &str = "HttpOnly; SameSite=Strict; Path=/";

/// The value of a cookie; `None` when it is missing or there are several of the name.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.to_str().ok()?.split(';') {
            let Some((key, value)) = pair.trim().split_once('=') else { continue };
            if key == name && found.replace(value).is_some() {
                return None;
            }
        }
    }
    found
}

/// `Set-Cookie` for a cookie that lasts as long as the browser runs.
pub fn set(name: &str, value: &str) -> HeaderValue {
    line(&format!("{name}={value}; {FLAGS}"))
}

/// `Set-Cookie` for a cookie that the browser keeps for so many seconds.
pub fn set_for(name: &str, value: &str, seconds: u32) -> HeaderValue {
    line(&format!("{name}={value}; Max-Age={seconds}; {FLAGS}"))
}

/// `Set-Cookie` that takes a cookie away.
pub fn clear(name: &str) -> HeaderValue {
    line(&format!("{name}=; Max-Age=0; {FLAGS}"))
}

fn line(text: &str) -> HeaderValue {
    let mut value = HeaderValue::try_from(text).expect("names and values of ours are ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().expect("a header value"));
        }
        value(&headers, "llamora_session").map(str::to_owned)
    }

    #[test]
    fn doubled_cookies_are_ignored_both() {
        assert_eq!(value_of(&["a=1; llamora_session=x; b=2"]), Some("x".to_owned()));
        assert_eq!(value_of(&["llamora_session=x; llamora_session=y"]), None);
        assert_eq!(value_of(&["llamora_session=x", "llamora_session=x"]), None);
        assert_eq!(value_of(&["xllamora_session=x"]), None);
        assert_eq!(value_of(&[]), None);
    }

    #[test]
    fn cookies_carry_every_flag() {
        for value in [set("a", "t"), set_for("a", "t", 60), clear("a")] {
            let text = value.to_str().expect("ASCII");
            for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
                assert!(text.contains(flag), "{flag}");
            }
            assert!(!text.contains("Domain"));
        }
    }
}
