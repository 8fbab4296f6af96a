//! Requests of other sites change nothing (SR-02, SR-03, SR-04).

use llamora::{
    routes::ROWS,
    web::{
        csrf::{Source, source},
        host::Authority,
    },
};
use poem::http::{HeaderMap, HeaderValue, Method};

use crate::it::common::{Ask, Got, SignedIn, TODAY, TestApp};

/// What a forged request could change, in one text.
async fn state(mira: &SignedIn, id: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    for path in [format!("/entries/{id}/edit"), format!("/entries/{id}/versions"), format!("/d/{TODAY}")] {
        let got = mira.get(&path).await.expect(200);
        let nonce = crate::it::common::nonce(&got);
        let op = crate::it::common::attribute(&got.body, "name=\"op\"", "value").unwrap_or_default();
        bodies.push(got.body.replace(&nonce, "").replace(if op.is_empty() { "\0" } else { &op }, ""));
    }
    bodies
}

// proves: SR-03 (every row of the route table)
#[tokio::test]
async fn every_form_refuses_a_missing_a_wrong_and_a_strange_token() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    let stranger = app.anonymous();
    stranger.get("/login").await;
    let id = mira.write("As it was.").await;
    // The first view of today says more than later ones.
    mira.get(&format!("/d/{TODAY}")).await;
    let before = state(&mira, &id).await;
    let fields = [("text", "Forged."), ("revision", "1"), ("op", "0123456789abcdef"), ("q", "was")];
    let mut wrong = mira.token();
    wrong.replace_range(..1, if wrong.starts_with('A') { "B" } else { "A" });
    let tokens = [String::new(), wrong, jonas.token(), stranger.token(), format!("{} ", mira.token())];
    let mut forms = 0;
    for row in ROWS.iter().filter(|row| row.is_form()) {
        let path = row.pattern.replace(":id", &id).replace(":n", "1").replace(":date", TODAY);
        let ask = || Ask::new(row.method.clone(), &path).without_token().fields(&fields);
        let got = mira.send(ask()).await;
        assert_eq!(got.status, 403, "{} {} without a token", row.method, row.pattern);
        for token in &tokens {
            let got = mira.send(ask().fields(&[("csrf", token)])).await;
            assert_eq!(got.status, 403, "{} {} with {token:?} in the form", row.method, row.pattern);
            let got = mira.send(ask().header("x-csrf-token", token)).await;
            assert_eq!(got.status, 403, "{} {} with {token:?} in the header", row.method, row.pattern);
        }
        for site in ["cross-site", "same-site", "none"] {
            let got =
                mira.send(ask().fields(&[("csrf", &mira.token())]).header("sec-fetch-site", site)).await;
            assert_eq!(got.status, 403, "{} {} from {site}", row.method, row.pattern);
        }
        let got = mira.send(ask().fields(&[("csrf", &mira.token())]).header("sec-fetch-site", "")).await;
        assert_eq!(got.status, 403, "{} {} from nowhere", row.method, row.pattern);
        forms += 1;
    }
    assert!(forms >= 15);
    assert_eq!(state(&mira, &id).await, before, "nothing was changed");
}

#[tokio::test]
async fn a_refused_form_shows_its_text() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let ask = Ask::post(&format!("/d/{TODAY}/entries"))
        .fields(&[("csrf", "old"), ("text", "Do not lose me.")])
        .without_token();
    assert!(mira.send(ask).await.expect(403).body.contains("Do not lose me."));
}

// D48 (a tab from before the last sign-in)
#[tokio::test]
async fn a_page_of_before_gets_the_token_of_now_and_another_site_or_journal_gets_none() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let page_of = |body: &str| {
        let (_, rest) = body.split_once("data-journal=\"").expect("it names its journal");
        rest.split_once('"').expect("a value").0.to_owned()
    };
    let journal = page_of(&mira.get(&format!("/d/{TODAY}")).await.expect(200).body);
    let old = |text: &str| {
        let fields = [("csrf", "old"), ("text", text)];
        Ask::post(&format!("/d/{TODAY}/entries")).fields(&fields).without_token().partial()
    };
    let own = |text: &str| old(text).header("x-journal", &journal);
    let got = mira.send(own("Written in an old tab.")).await.expect(403);
    assert!(got.body.contains("Try once more"), "{}", got.body);
    let token = got.header("x-csrf-token").to_owned();
    let again = own("Written in an old tab.").header("x-csrf-token", &token);
    assert!(mira.send(again).await.expect(200).body.contains("Written in an old tab."));

    let gives_none = |got: &Got| !got.headers.contains_key("x-csrf-token") && !got.body.contains(&token);
    let foreign = own("From elsewhere.").header("sec-fetch-site", "cross-site");
    assert!(gives_none(&mira.send(foreign).await.expect(403)));
    let outside = app.anonymous();
    outside.get("/login").await;
    assert!(gives_none(&outside.send(own("Nobody.")).await));
    // Mira's tab is still open in the browser in which Jon signed in: what she wrote there must not be his.
    let jon = app.register("Jon").await;
    assert_ne!(page_of(&jon.get(&format!("/d/{TODAY}")).await.expect(200).body), journal);
    assert!(gives_none(&jon.send(own("For Mira alone.")).await.expect(403)));
    assert!(gives_none(&jon.send(old("From a page that names none.")).await.expect(403)));
}

// proves: SR-04 (every row with GET)
#[tokio::test]
async fn reading_changes_nothing() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("As it was.").await;
    // The first view of today says more than later ones.
    mira.get(&format!("/d/{TODAY}")).await;
    let before = state(&mira, &id).await;
    for _ in 0..2 {
        for row in ROWS.iter().filter(|row| !row.is_form()) {
            let path = row.sample().replace("01KAMQ0000000000000000000A", &id);
            mira.get(&path).await;
            // Tunnelled methods are not a thing here.
            mira.send(Ask::get(&path).header("x-http-method-override", "DELETE")).await;
            mira.get(&format!("{path}?_method=DELETE&text=Forged.")).await;
        }
    }
    assert_eq!(state(&mira, &id).await, before);
}

fn judge(method: &Method, path: &str, headers: &[(&'static str, &str)]) -> Source {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).expect("a header value"));
    }
    source(method, path, &map, &Authority::parse("localhost:5757").expect("an authority"))
}

// proves: SR-02
#[test]
fn unsafe_methods_need_our_own_origin() {
    let sites = [None, Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none"), Some("odd")];
    let origins = [
        None,
        Some("http://localhost:5757"),
        Some("http://LOCALHOST.:5757"),
        Some("null"),
        Some("http://evil.example"),
        Some("http://localhost:5758"),
        Some("http://localhost"),
        Some("https://localhost:5757"),
        Some("http://127.0.0.1:5757"),
        Some("http://localhost:5757.evil.example"),
    ];
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        for mode in ["navigate", "cors", "no-cors", "same-origin"] {
            for site in sites {
                for (origin_idx, origin) in origins.iter().enumerate() {
                    let mut headers = vec![("sec-fetch-mode", mode), ("sec-fetch-dest", "document")];
                    headers.extend(site.map(|site| ("sec-fetch-site", site)));
                    headers.extend(origin.map(|origin| ("origin", origin)));
                    let is_own_origin = (1..=2).contains(&origin_idx);
                    let ours = match site {
                        // Our own forms carry `Origin: null`, because of `Referrer-Policy: no-referrer`.
                        Some("same-origin") => is_own_origin || matches!(origin, None | Some("null")),
                        None => is_own_origin,
                        _ => false,
                    };
                    let expected = if ours { Source::Own } else { Source::Foreign };
                    assert_eq!(judge(&method, "/login", &headers), expected, "{method} {headers:?}");
                }
            }
        }
    }
}

// proves: SR-02
#[test]
fn other_sites_may_only_link_to_the_front_door() {
    for site in [None, Some("same-origin"), Some("none"), Some("same-site"), Some("cross-site"), Some("odd")]
    {
        for mode in ["navigate", "cors", "no-cors", "same-origin", "websocket"] {
            for dest in
                ["document", "iframe", "frame", "object", "embed", "image", "script", "style", "empty"]
            {
                for path in ["/", "/login", "/d/today", "/assets/x/main.js", "/healthz", "/search"] {
                    let mut headers = vec![("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
                    headers.extend(site.map(|site| ("sec-fetch-site", site)));
                    let is_door = matches!(path, "/" | "/login") && mode == "navigate" && dest == "document";
                    let expected = match site {
                        None | Some("same-origin" | "none") => Source::Own,
                        _ if is_door => Source::Link,
                        _ => Source::Foreign,
                    };
                    for method in [Method::GET, Method::HEAD] {
                        assert_eq!(judge(&method, path, &headers), expected, "{path} {headers:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn doubled_headers_are_foreign() {
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];
    assert_eq!(judge(&Method::POST, "/", &twice), Source::Foreign);
    assert_eq!(judge(&Method::GET, "/", &twice), Source::Foreign);
    let origins = [("origin", "http://localhost:5757"), ("origin", "http://localhost:5757")];
    assert_eq!(judge(&Method::POST, "/", &origins), Source::Foreign);
}

#[tokio::test]
async fn other_sites_learn_nothing_about_the_session() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let anybody = app.anonymous();
    for row in ROWS {
        let ask = || {
            Ask::new(row.method.clone(), &row.sample())
                .header("sec-fetch-site", "cross-site")
                .header("accept", "application/json")
        };
        let strip = |body: String| body.split("\"id\"").next().unwrap_or_default().to_owned();
        let (inside, outside) = (mira.send(ask()).await, anybody.send(ask()).await);
        assert_eq!(inside.status, 403, "{} {}", row.method, row.pattern);
        assert_eq!(
            (inside.status, strip(inside.body)),
            (outside.status, strip(outside.body)),
            "{}",
            row.pattern
        );
    }
}
