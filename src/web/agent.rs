//! What kind of browser asks, in a few words of ours for the list of sessions. What the browser sends is never kept:
//! it may name versions and devices.

use poem::http::{HeaderMap, header};

/// Marks in `User-Agent`, the more particular ones first: most browsers also claim to be Chrome, and all but Firefox
/// to be Safari.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// The same for systems: phones claim to be the systems they stem from.
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
];

/// `Firefox on Linux`, or as much of that as can be told.
pub fn class(headers: &HeaderMap) -> String {
    let sent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| sent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(BROWSERS).unwrap_or("A browser");
    first(SYSTEMS).map_or_else(|| browser.to_owned(), |system| format!("{browser} on {system}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, sent.parse().expect("a header value"));
        class(&headers)
    }

    #[test]
    fn browsers_are_told_apart_by_their_class() {
        for (sent, class) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 \
                 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("Lynx/2.9.0", "A browser"),
            ("Mozilla/5.0 (<b>Linux</b>) Rosalind/7", "A browser on Linux"),
        ] {
            assert_eq!(of(sent), class);
        }
        assert_eq!(class(&HeaderMap::new()), "A browser");
    }
}
