//! The headers of every answer (SR-05, SR-23, SR-26, SR-27).

use std::collections::{BTreeMap, HashSet};

use llamora::{routes::ROWS, web::table::Kind};
use poem::http::Method;

use crate::it::common::{Ask, Got, TODAY, TestApp};

fn check(got: &Got, is_asset: bool, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("origin-agent-cluster", "?1"),
    ] {
        assert_eq!(got.header(name), value, "{what}: {name}");
    }
    assert!(got.header("x-robots-tag").contains("noindex"), "{what}");
    let permissions = got.header("permissions-policy");
    assert!(permissions.contains("camera=()") && permissions.contains("microphone=()"), "{what}");
    assert!(!got.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{what}: CORS");
    assert!(
        !got.headers.contains_key("server") && !got.headers.contains_key("strict-transport-security"),
        "{what}"
    );
    if is_asset && got.status == 200 {
        assert!(got.header("cache-control").starts_with("public"), "{what}");
        assert!(got.set_cookies().is_empty(), "{what}");
    } else {
        assert_eq!(got.header("cache-control"), "no-store", "{what}");
        assert_eq!(got.header("vary"), "Cookie, Sec-Fetch-Site", "{what}");
    }
    let policy = policy(got);
    assert_eq!(policy["default-src"], ["'none'"], "{what}");
    assert_eq!(policy["frame-ancestors"], ["'none'"], "{what}");
    assert_eq!(policy["base-uri"], ["'none'"], "{what}");
    if got.header("content-type").starts_with("text/html") {
        check_page(got, &policy, what);
    }
}

fn policy(got: &Got) -> BTreeMap<String, Vec<String>> {
    assert_eq!(got.headers.get_all("content-security-policy").iter().count(), 1);
    got.header("content-security-policy")
        .split(';')
        .map(|directive| {
            let mut words = directive.split_whitespace().map(str::to_owned);
            (words.next().expect("a name"), words.collect())
        })
        .collect()
}

fn check_page(got: &Got, policy: &BTreeMap<String, Vec<String>>, what: &str) {
    let [script] = &policy["script-src"][..] else { panic!("{what}: one source of scripts") };
    let nonce = script.strip_prefix("'nonce-").and_then(|rest| rest.strip_suffix('\'')).expect("a nonce");
    assert!(nonce.len() >= 22, "{what}: {nonce}");
    for directive in ["style-src", "img-src", "font-src", "connect-src", "form-action", "manifest-src"] {
        assert_eq!(policy[directive], ["'self'"], "{what}: {directive}");
    }
    assert_eq!(policy["require-trusted-types-for"], ["'script'"], "{what}");
    assert_eq!(policy["trusted-types"], ["htmx"], "{what}");
    for unsafe_word in ["unsafe-inline", "unsafe-eval", "data:", "*", "http:", "https:"] {
        assert!(!got.header("content-security-policy").contains(unsafe_word), "{what}: {unsafe_word}");
    }
    for tag in got.body.split("<script").skip(1) {
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{what}: a script without this answer's nonce");
    }
    let tags = got.body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    for tag in tags {
        for inline in [" style=", " onclick=", " onerror=", " onload=", "javascript:", " hx-on"] {
            assert!(!tag.contains(inline), "{what}: {inline} in <{tag}>");
        }
    }
}

// proves: SR-05, SR-23, SR-26, SR-27 (every row of the route table)
// D43 (the policy)
#[tokio::test]
async fn every_row_carries_them_signed_in_and_out_asked_well_and_badly() {
    let app = TestApp::new().await;
    for (row_idx, row) in ROWS.iter().enumerate() {
        let is_asset = row.kind == Kind::Asset;
        let mira = app.register(&format!("Mira {row_idx}")).await;
        let anybody = app.anonymous();
        let ask = || Ask::new(row.method.clone(), &row.sample());
        let what = format!("{} {}", row.method, row.pattern);
        check(&anybody.send(ask()).await, is_asset, &format!("{what} signed out"));
        check(&mira.send(ask().without_token()).await, is_asset, &format!("{what} without token"));
        check(&mira.send(ask().partial()).await, is_asset, &format!("{what} in part"));
        check(
            &mira.send(ask().header("accept", "application/json")).await,
            is_asset,
            &format!("{what} as JSON"),
        );
        check(&mira.send(ask().header("host", "evil.example")).await, is_asset, &format!("{what} rebound"));
        check(
            &mira.send(ask().header("sec-fetch-site", "cross-site")).await,
            is_asset,
            &format!("{what} foreign"),
        );
        check(
            &mira
                .send(Ask::new(Method::OPTIONS, &row.sample()).header("origin", "http://evil.example"))
                .await,
            is_asset,
            &format!("{what} preflight"),
        );
        check(&mira.send(ask()).await, is_asset, &what);
    }
}

#[tokio::test]
async fn pages_with_content_and_errors_carry_them() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("<script>alert(1)</script> and <b onclick=x>bold</b>").await;
    for path in [
        format!("/d/{TODAY}"),
        format!("/entries/{id}"),
        format!("/entries/{id}/edit"),
        "/nothing".to_owned(),
    ] {
        check(&mira.get(&path).await, false, &path);
    }
    let long = "x".repeat(12_001);
    check(&mira.post(&format!("/d/{TODAY}/entries"), &[("text", &long)]).await.expect(422), false, "422");
    check(&mira.post("/search", &[("q", "bold")]).await.expect(200), false, "search");
    check(&mira.send(Ask::get("/").header("x-padding", &"x".repeat(17_000))).await.expect(431), false, "431");
}

/// What other sites may read is nothing, whatever they ask and whoever they say they are.
// proves: SR-05
#[tokio::test]
async fn no_row_ever_gives_another_site_leave() {
    let app = TestApp::new().await;
    for (row_idx, row) in ROWS.iter().enumerate() {
        let mira = app.register(&format!("Mira {row_idx}")).await;
        for origin in ["http://evil.example", "null", "http://127.0.0.1:5757", "http://localhost:5757"] {
            let asked = [("access-control-request-method", row.method.as_str()), ("origin", origin)];
            let preflight =
                asked.iter().fold(Ask::new(Method::OPTIONS, &row.sample()), |ask, (name, value)| {
                    ask.header(name, value)
                        .header("access-control-request-headers", "x-csrf-token, content-type")
                });
            let what = format!("{} {} from {origin}", row.method, row.pattern);
            for got in [
                mira.send(preflight).await,
                mira.send(
                    Ask::new(Method::OPTIONS, &row.sample())
                        .header("origin", origin)
                        .header("sec-fetch-site", ""),
                )
                .await,
                mira.send(Ask::new(row.method.clone(), &row.sample()).header("origin", origin)).await,
                mira.send(
                    Ask::new(row.method.clone(), &row.sample())
                        .header("origin", origin)
                        .header("sec-fetch-site", "cross-site"),
                )
                .await,
            ] {
                let leave = got.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(leave, None, "{what}");
                assert!(!got.header("vary").to_ascii_lowercase().contains("origin"), "{what}");
            }
            let asked = Ask::new(Method::OPTIONS, &row.sample()).header("origin", origin);
            let status = mira.send(asked).await.status;
            assert!(matches!(status, 403 | 405), "{what}: {status}");
        }
    }
}

// proves: SR-23
#[tokio::test]
async fn nonces_are_never_used_twice() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let anybody = app.anonymous();
    let mut seen = HashSet::new();
    for _ in 0..64 {
        assert!(seen.insert(policy(&anybody.get("/login").await)["script-src"].clone()));
    }
}

#[tokio::test]
async fn titles_hold_no_content_and_no_date() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.write("Lighthouse").await;
    for path in
        [format!("/d/{TODAY}"), "/search".to_owned(), "/settings/data".to_owned(), "/nothing".to_owned()]
    {
        let body = mira.get(&path).await.body;
        let title =
            body.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
        assert!(title.starts_with("Llamora"), "{title}");
        for content in ["Lighthouse", "2026", "November", "Mira"] {
            assert!(!title.contains(content), "{path}: {title}");
        }
    }
}
