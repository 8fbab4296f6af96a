//! Hostile requests learn nothing about the inside (SR-38), and text that is no text is refused (SR-37).

use llamora::routes::ROWS;

use crate::it::common::{Ask, TODAY, TestApp, fresh_op};

/// What would tell how the program is made or where it lies.
const INSIDE: &[&str] = &[
    "/home",
    "/root",
    "src/",
    ".rs",
    "panicked",
    "redb",
    "rustc",
    "poem",
    "minijinja",
    "thread '",
    "unwrap",
    "tokio",
];

const PARTS: &[&str] = &[
    "%00",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "0",
    "-1",
    "99999999999999999999",
    "2026-02-30",
    "0000-00-00",
    "10000-01-01",
    "%27%20OR%201=1--",
    "%7B%7B7*7%7D%7D",
    "01KAMQ0000000000000000000A",
    "zzzzzzzzzzzzzzzzzzzzzzzzzz",
    "%F0%9F%8E%89",
    "today",
];

const BODIES: &[&[u8]] = &[
    b"",
    b"text=%ff%fe&revision=1",
    b"text=a%00b&revision=1&op=%00",
    b"revision=-1&text=x",
    b"revision=99999999999999999999&text=x",
    b"username=%00&password=%00&password_confirm=%00",
    b"q=%28%5B%2A&page=-1",
    b"%%%=%zz",
    b"text[]=a&text[]=b",
    b"\xff\xfe\x00",
];

fn assert_says_nothing(body: &str, what: &str) {
    for word in INSIDE {
        assert!(!body.contains(word), "{what} shows {word:?}: {body}");
    }
}

// proves: SR-38 (16 address parts and 10 bodies on every row)
#[tokio::test]
async fn no_answer_shows_the_inside_of_the_program() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let cookie = mira.cookie();
    for row in ROWS {
        let paths: Vec<String> = if row.pattern.contains(':') || row.pattern.contains('*') {
            let fill = |part: &&str| {
                let segments = row.pattern.split('/').map(|segment| match segment.chars().next() {
                    Some(':' | '*') => part,
                    _ => segment,
                });
                segments.collect::<Vec<_>>().join("/")
            };
            PARTS.iter().map(fill).collect()
        } else {
            vec![format!("{}?next=%00&after=-1", row.pattern)]
        };
        for path in paths {
            let bodies: &[&[u8]] = if row.is_form() { BODIES } else { &[b""] };
            for (n, body) in bodies.iter().enumerate() {
                // Signing out on the way is part of the game; the next request is signed in again.
                mira.set_cookie(cookie.as_deref().expect("a cookie"));
                let token = mira.token();
                let ask = Ask::new(row.method.clone(), &path).header("x-csrf-token", &token).body(*body);
                let response = mira.open(ask).await;
                let status = response.status().as_u16();
                let what = format!("{} {path} with body {n}: {status}", row.method);
                assert!(status < 500 || status == 503, "{what}");
                if response.content_type().is_some_and(|kind| kind.starts_with("text/html")) {
                    assert_says_nothing(&response.into_body().into_string().await.expect("text"), &what);
                }
            }
        }
    }
}

// proves: SR-37
#[tokio::test]
async fn what_is_no_text_is_refused_and_what_hides_is_shown() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let path = format!("/d/{TODAY}/entries");
    let got = mira.post(&path, &[("op", &fresh_op()), ("text", "a\0b")]).await.expect(422);
    assert!(got.body.contains("cannot be stored"), "{}", got.body);
    let ask = Ask::post(&path).header("x-csrf-token", &mira.token()).body(*b"op=x&text=%ff%fe");
    mira.send(ask).await.expect(400);
    mira.post(&path, &[("op", &fresh_op()), ("text", "tra\u{202E}gnp.exe")]).await.expect(303);
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert!(day.body.contains("tra\u{27EA}RLO\u{27EB}gnp.exe"), "{}", day.body);
}
