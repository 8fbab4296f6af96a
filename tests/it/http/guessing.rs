//! Guessing passwords: what strangers may try, and that the owner gets in all the same (SR-18, SR-19).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use llamora::{
    routes::device::COOKIE,
    web::guess::{Door, Refused},
};

use crate::it::common::{Anonymous, Ask, Got, PASSWORD, TODAY, TestApp};

const PLACES: u32 = 50;

fn place(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0xc633_6400 + number))
}

fn login(name: &str, password: &str) -> Ask {
    Ask::post("/login").fields(&[("username", name), ("password", password)])
}

/// A browser that registers over the pages, and so is known from then on.
async fn at_home(app: &TestApp, name: &str) -> Anonymous {
    let mira = app.anonymous();
    mira.get("/register").await;
    let fields = [("username", name), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    mira.post("/register", &fields).await.expect(200);
    assert_eq!(mira.cookie_named(COOKIE).map(|cookie| cookie.len()), Some(86));
    mira.post("/logout", &[]).await.expect(303);
    assert!(mira.cookie_named(COOKIE).is_some(), "it stays known after signing out");
    mira.get("/login").await;
    mira
}

/// A thousand tries at once, from fifty addresses; how each was answered.
async fn flood(app: &TestApp, name: impl Fn(u32) -> String) -> Vec<u16> {
    let mallory = Arc::new(app.anonymous());
    mallory.get("/login").await;
    let tries = (0..1000).map(|number| {
        let (mallory, ask) =
            (Arc::clone(&mallory), login(&name(number), "guess").from(place(number % PLACES)));
        tokio::spawn(async move { mallory.send(ask).await.status })
    });
    let mut answers = Vec::new();
    for answer in tries.collect::<Vec<_>>() {
        answers.push(answer.await.expect("no panic"));
    }
    answers
}

// proves: SR-18 (1,000 tries from 50 addresses: at most 8 key derivations for one name, 500 for a thousand names)
// D45 (sign-in)
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_gets_few_derivations_and_the_owner_gets_in() {
    for (what, most, name) in [
        ("one name", 8, (|_| "Mira".to_owned()) as fn(u32) -> String),
        ("a thousand names", u64::from(PLACES) * 10, |number: u32| format!("Mira {number}")),
    ] {
        let app = TestApp::new().await;
        let mira = at_home(&app, "Mira").await;
        let (_, before) = app.state.services.derivations();
        let begin = Instant::now();
        let answers = flood(&app, name).await;
        assert!(answers.iter().all(|status| matches!(status, 401 | 429)), "{what}");
        let (known, after) = app.state.services.derivations();
        // Each address earns one more try in twelve seconds.
        let earned = begin.elapsed().as_secs() * u64::from(PLACES) / 12;
        assert!(after - before <= most + earned, "{what}: {} derivations", after - before);
        assert_eq!(known, 0);
        let got = mira.send(login("Mira", PASSWORD).from(place(0))).await.expect(303);
        assert_eq!(got.location(), "/d/today", "{what}");
        assert_eq!(app.state.services.derivations(), (1, after), "{what}: in the line of known devices");
    }
}

// proves: SR-18
#[tokio::test]
async fn an_address_has_ten_tries_and_a_household_of_ipv6_is_one() {
    let app = TestApp::new().await;
    let mallory = app.anonymous();
    mallory.get("/login").await;
    let mut answers = Vec::new();
    for number in 0..40_u16 {
        let from = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, number, 0, 0, 1));
        answers.push(mallory.send(login(&number.to_string(), "guess").from(from)).await.status);
    }
    assert!(answers[..10].iter().all(|status| *status == 401), "{answers:?}");
    assert!(answers.iter().filter(|status| **status == 429).count() >= 28, "{answers:?}");
    let elsewhere = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 0, 0, 0, 1));
    mallory.send(login("another", "guess").from(elsewhere)).await.expect(401);
}

/// Wrong tries, each when its time has come, until strangers may not try the name any more.
fn close(app: &TestApp, name: &str) {
    let mut now = Instant::now();
    for number in 1_u32.. {
        match app.state.guesses.outside(Door::SignIn, name, place(1000 + number), None, now) {
            Ok(_) => {}
            Err(Refused::Wait(seconds)) => now += Duration::from_secs(u64::from(seconds)),
            Err(Refused::Closed) => return,
        }
    }
}

// proves: SR-19 (100 wrong tries in a row)
#[tokio::test]
async fn after_a_hundred_wrong_tries_only_a_known_device_signs_in_and_opens_the_name() {
    let app = TestApp::new().await;
    let mira = at_home(&app, "Mira").await;
    let elsewhere = app.anonymous();
    elsewhere.get("/login").await;
    close(&app, "Mira");
    close(&app, "Nobody");
    let plain = |got: Got, name: &str| {
        let nonce = crate::it::common::nonce(&got);
        got.body.replace(&nonce, "NONCE").replace(name, "NAME")
    };
    let refused = elsewhere.send(login("Mira", PASSWORD)).await.expect(429);
    assert!(refused.body.contains("only a browser that was signed in"), "{}", refused.body);
    let nobody = elsewhere.send(login("Nobody", PASSWORD)).await.expect(429);
    assert_eq!(plain(refused, "Mira"), plain(nobody, "Nobody"), "names that do not exist are closed alike");
    mira.send(login("Mira", PASSWORD)).await.expect(303);
    elsewhere.send(login("Mira", PASSWORD)).await.expect(303);
}

// proves: SR-18
#[tokio::test]
async fn a_device_cookie_is_for_its_name_only_and_a_changed_one_for_none() {
    let app = TestApp::new().await;
    let mira = at_home(&app, "Mira").await;
    app.register("Jonas").await;
    close(&app, "Mira");
    close(&app, "Jonas");
    mira.send(login("Jonas", PASSWORD)).await.expect(429);
    let cookie = mira.cookie_named(COOKIE).expect("a device cookie");
    let mut changed = cookie.clone().into_bytes();
    changed[50] = if changed[50] == b'A' { b'B' } else { b'A' };
    mira.keep(COOKIE, std::str::from_utf8(&changed).expect("ASCII"));
    mira.send(login("Mira", PASSWORD)).await.expect(429);
    mira.keep(COOKIE, &cookie);
    mira.send(login("Mira", PASSWORD)).await.expect(303);
}

#[tokio::test]
async fn a_browser_is_known_for_everybody_who_signed_in_there() {
    let app = TestApp::new().await;
    let browser = at_home(&app, "Mira").await;
    for name in ["Jonas", "Lotte", "Emil", "Ada"] {
        app.register(name).await;
        browser.get("/login").await;
        browser.send(login(name, PASSWORD)).await.expect(303);
        browser.post("/logout", &[]).await.expect(303);
    }
    let cookie = browser.cookie_named(COOKIE).expect("a device cookie");
    assert_eq!(cookie.split('.').count(), 4, "the last four");
    for (name, status) in [("Ada", 303), ("Jonas", 303), ("Mira", 429)] {
        close(&app, name);
        browser.get("/login").await;
        browser.send(login(name, PASSWORD)).await.expect(status);
        if status == 303 {
            browser.post("/logout", &[]).await.expect(303);
        }
    }
}

#[tokio::test]
async fn a_new_name_takes_the_known_device_along() {
    let app = TestApp::new().await;
    let mira = at_home(&app, "Mira").await;
    mira.send(login("Mira", PASSWORD)).await.expect(303);
    let fields = [("username", "Myrrha"), ("current_password", PASSWORD)];
    mira.post("/settings/security/password", &fields).await.expect(303);
    mira.post("/logout", &[]).await.expect(303);
    mira.get("/login").await;
    close(&app, "Myrrha");
    mira.send(login("Myrrha", PASSWORD)).await.expect(303);
}

#[tokio::test]
async fn guessing_from_outside_does_not_slow_down_who_is_inside() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    close(&app, "Mira");
    mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
}

// proves: SR-17
// D45 (a new password)
#[tokio::test]
async fn a_wrong_recovery_code_looks_the_same_for_every_name() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let wrong = llamora::crypto::secret::RecoveryCode::random().display();
    let mut answers = Vec::new();
    for name in ["Mira", "Myra"] {
        let browser = app.anonymous();
        browser.get("/recover").await;
        let fields = [
            ("username", name),
            ("recovery_code", wrong.as_str()),
            ("password", PASSWORD),
            ("password_confirm", PASSWORD),
        ];
        let got = browser.post("/recover", &fields).await.expect(401);
        let mut headers: Vec<String> = got.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        let (nonce, token) = (crate::it::common::nonce(&got), browser.token());
        let body = got.body.replace(name, "NAME").replace(&nonce, "NONCE").replace(&token, "TOKEN");
        answers.push((headers, body));
    }
    assert_eq!(answers[0], answers[1]);
}

// D45 (recovery codes are tried as slowly as passwords)
#[tokio::test]
async fn an_address_has_ten_tries_at_recovery_codes_too() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let mallory = app.anonymous();
    mallory.get("/recover").await;
    let mut answers = Vec::new();
    for number in 0..30 {
        let (wrong, name) =
            (llamora::crypto::secret::RecoveryCode::random().display(), format!("Mira {number}"));
        let fields = [
            ("username", name.as_str()),
            ("recovery_code", wrong.as_str()),
            ("password", PASSWORD),
            ("password_confirm", PASSWORD),
        ];
        let got = mallory.send(Ask::post("/recover").fields(&fields).from(place(1))).await;
        assert!(got.status != 429 || !got.header("retry-after").is_empty());
        answers.push(got.status);
    }
    assert!(answers[..10].iter().all(|status| *status == 401), "{answers:?}");
    assert!(answers.iter().filter(|status| **status == 429).count() >= 18, "{answers:?}");
}

/// What the first page after a sign-in says of wrong tries.
async fn told(browser: &Anonymous) -> Option<String> {
    let page = browser.get(&format!("/d/{TODAY}")).await.expect(200).body;
    let from = page.find("data-wrong-tries>")? + "data-wrong-tries>".len();
    Some(page[from..].split('<').next().expect("a sentence").to_owned())
}

async fn signed_in(app: &TestApp, name: &str) -> Anonymous {
    let browser = app.anonymous();
    browser.get("/login").await;
    browser.send(login(name, PASSWORD)).await.expect(303);
    browser
}

// proves: SR-18
#[tokio::test]
async fn who_signs_in_is_told_once_of_the_wrong_tries_before() {
    let app = TestApp::new().await;
    let mira = at_home(&app, "Mira").await;
    app.register("Jonas").await;
    assert_eq!(told(&signed_in(&app, "Mira").await).await, None);
    let mallory = app.anonymous();
    mallory.get("/login").await;
    mallory.send(login("mira ", "guess")).await.expect(401);
    let inside = signed_in(&app, "Mira").await;
    let one = "1 wrong password was tried for this name today at 10:00. If that was not you, somebody may be guessing.";
    assert_eq!(told(&inside).await.as_deref(), Some(one));
    assert_eq!(told(&inside).await, None, "once");

    for _ in 0..2 {
        mallory.send(login("Mira", "guess")).await.expect(401);
    }
    // Also from a browser that is known, and with codes.
    mira.send(login("Mira", "guess")).await.expect(401);
    let code = llamora::crypto::secret::RecoveryCode::random().display();
    let fields = [
        ("username", "Mira"),
        ("recovery_code", code.as_str()),
        ("password", PASSWORD),
        ("password_confirm", PASSWORD),
    ];
    mallory.post("/recover", &fields).await.expect(401);
    mallory.send(login("Jonas", "guess")).await.expect(401);
    // A journal that does not exist is counted as well, and nobody is told.
    mallory.send(login("Nobody", "guess")).await.expect(401);
    let again = signed_in(&app, "Mira").await;
    // The session is renewed before its first page is shown.
    again.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    let all = told(&again).await.expect("a sentence");
    let expected = "3 wrong passwords and 1 wrong recovery code were tried for this name since 10:00 today.";
    assert!(all.starts_with(expected), "{all}");

    app.clock.advance(26 * 60 * 60 * 1000);
    let jonas = signed_in(&app, "Jonas").await;
    let page = jonas.get("/d/2026-11-23").await.expect(200).body;
    assert!(page.contains("1 wrong password was tried for this name on 22 November 2026."), "{page}");
}
