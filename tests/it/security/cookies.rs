//! The session cookie (SR-10, SR-11, SR-12, SR-14).

use llamora::{
    routes::{ROWS, device::COOKIE as DEVICE},
    web::session::COOKIE,
};

use crate::it::common::{Ask, PASSWORD, TODAY, TestApp};

fn check(line: &str, what: &str) {
    let mut parts = line.split("; ");
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
    // The session's is 256 bits; the device's says for how long it is known and opens nothing.
    // What was last seen of a journal is sealed.
    let is_witness = name.strip_prefix("llw_").is_some_and(|vault| vault.len() == 14);
    let (length, age) = match name {
        _ if is_witness => (123, "Max-Age=34560000"),
        DEVICE => (86, "Max-Age=34560000"),
        _ => (43, "Max-Age=0"),
    };
    assert!(is_witness || [COOKIE, DEVICE].contains(&name), "{what}: {name}");
    assert!(value.is_empty() || value.len() == length, "{what}: {value}");
    let mut parts = parts.peekable();
    assert!(!is_witness || parts.peek() == Some(&age), "{what}: it outlives the browser");
    let mut flags: Vec<&str> = parts.filter(|flag| *flag != age).collect();
    flags.sort_unstable();
    assert_eq!(flags, ["HttpOnly", "Path=/", "SameSite=Strict"], "{what}");
}

// proves: SR-10 (every row of the route table)
#[tokio::test]
async fn every_cookie_of_every_row_has_every_flag() {
    let app = TestApp::new().await;
    let mut set = 0;
    for (row_idx, row) in ROWS.iter().enumerate() {
        let mira = app.register(&format!("Mira {row_idx}")).await;
        for ask in [
            Ask::new(row.method.clone(), &row.sample()),
            Ask::new(row.method.clone(), &row.sample()).header("cookie", ""),
        ] {
            let got = mira.send(ask).await;
            let lines = got.set_cookies();
            assert!(lines.len() <= 3);
            for line in lines {
                check(&line, row.pattern);
                set += 1;
            }
        }
    }
    assert!(set > 0);
}

// proves: SR-11
#[tokio::test]
async fn a_planted_cookie_is_never_adopted() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let mira = app.anonymous();
    let planted = app.state.services.anonymous();
    mira.set_cookie(&planted);
    mira.get("/login").await.expect(200);
    assert_eq!(mira.cookie(), Some(planted.clone()), "before signing in it only carries the binding");
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    assert_ne!(mira.cookie(), Some(planted.clone()));
    mira.set_cookie(&planted);
    assert_eq!(mira.get(&format!("/d/{TODAY}")).await.expect(303).location(), "/login");
}

// proves: SR-12
#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let old = mira.cookie().expect("a session");
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    assert_ne!(mira.cookie(), Some(old.clone()));
    mira.set_cookie(&old);
    for row in ROWS.iter().filter(|row| row.needs_session()) {
        let got = mira.send(Ask::new(row.method.clone(), &row.sample())).await;
        assert!(matches!(got.status, 303 | 401), "{} {}", row.method, row.pattern);
        assert!(got.status == 401 || got.location() == "/login", "{} {}", row.method, row.pattern);
    }
}

#[tokio::test]
async fn a_doubled_cookie_counts_as_none() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let cookie = mira.cookie().expect("a session");
    let other = app.state.services.anonymous();
    let doubled = format!("{COOKIE}={cookie}; {COOKIE}={other}");
    let got = mira.send(Ask::get(&format!("/d/{TODAY}")).header("cookie", &doubled)).await;
    assert_eq!((got.status, got.location()), (303, "/login"));
    for odd in ["", "x", "=", &"A".repeat(42), &"A".repeat(44), &"!".repeat(43), "../../etc/passwd"] {
        let got =
            mira.send(Ask::get(&format!("/d/{TODAY}")).header("cookie", &format!("{COOKIE}={odd}"))).await;
        assert_eq!((got.status, got.location()), (303, "/login"), "{odd}");
    }
}

// proves: SR-11
#[tokio::test]
async fn tokens_do_not_repeat() {
    let app = TestApp::new().await;
    let tokens: std::collections::HashSet<String> =
        (0..1000).map(|_| app.state.services.anonymous()).collect();
    assert_eq!(tokens.len(), 1000);
}

// proves: SR-15
#[tokio::test]
async fn a_session_that_rests_too_long_is_over() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let hour = 3_600_000;
    for _ in 0..3 {
        app.clock.advance(7 * hour);
        assert_ne!(mira.get("/d/today").await.expect(303).location(), "/login");
    }
    app.clock.advance(9 * hour);
    assert_eq!(mira.get("/d/today").await.expect(303).location(), "/login");
}
