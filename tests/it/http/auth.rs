//! From a new instance to a journal and back.

use std::sync::Arc;

use llamora::store::Store;

use crate::it::common::{Ask, Browser, Options, PASSWORD, TODAY, TestApp, attribute, nonce, services_with};

#[tokio::test]
async fn a_new_instance_begins_with_registering_and_shows_the_recovery_code_once() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    assert_eq!(mira.get("/").await.expect(303).location(), "/register");
    mira.get("/login").await.expect(200);
    let page = mira.get("/register").await.expect(200);
    assert_eq!(
        attribute(&page.body, "name=\"csrf\"", "value"),
        Some(mira.token()),
        "the form carries the token"
    );
    let before = mira.cookie();

    let fields = [("username", "Mira"), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    let page = mira.post("/register", &fields).await.expect(200);
    let start = page.body.find("id=\"recovery-code\"").expect("the recovery code");
    let code = page.body[start..].split(['>', '<']).nth(1).expect("a code").to_owned();
    assert_eq!(code.len(), 7 * 4 + 6, "{code}");
    assert_ne!(mira.cookie(), before, "signing in gives a new cookie");

    assert_eq!(mira.get("/").await.expect(303).location(), format!("/d/{TODAY}"));
    for path in ["/login", "/register"] {
        assert_eq!(mira.get(path).await.expect(303).location(), "/d/today");
    }
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert!(!day.body.contains(&code), "shown once");
}

#[tokio::test]
async fn signing_in_lands_on_today() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let mira = app.anonymous();
    assert_eq!(mira.get("/").await.expect(303).location(), "/login");
    mira.get("/login").await.expect(200);
    let got = mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    assert_eq!(got.location(), "/d/today");
    assert_eq!(mira.get("/d/today").await.expect(303).location(), format!("/d/{TODAY}"));
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
}

/// D44: there is no way back to be led astray by. What looks like one is not read.
#[tokio::test]
async fn signing_in_leads_nowhere_else_whatever_an_address_says() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    for place in
        ["//example.org", "/%5Cexample.org", "/%09/example.org", "https://example.org", "javascript:alert(1)"]
    {
        let mira = app.anonymous();
        for name in ["next", "return", "return_to", "redirect", "url", "back"] {
            let page = mira.get(&format!("/login?{name}={place}")).await.expect(200);
            assert!(!page.body.contains("example.org") && !page.body.contains("alert(1)"), "{name}={place}");
        }
        let fields = [("username", "Mira"), ("password", PASSWORD), ("next", place), ("return_to", place)];
        let got = mira.post(&format!("/login?next={place}"), &fields).await.expect(303);
        assert_eq!(got.location(), "/d/today", "{place}");
    }
}

// proves: SR-17
// D45
#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_alike() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let mira = app.anonymous();
    mira.get("/login").await;
    let mut bodies = Vec::new();
    for (name, password) in [("Mira", "not her password at all"), ("Myra", PASSWORD)] {
        let got = mira.post("/login", &[("username", name), ("password", password)]).await.expect(401);
        assert!(got.body.contains(&format!("value=\"{name}\"")), "the name stays in the form");
        assert!(!got.body.contains(password), "the password does not");
        let nonce = nonce(&got);
        bodies.push(got.body.replace(name, "NAME").replace(&nonce, "NONCE"));
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn many_wrong_guesses_must_wait() {
    let app = TestApp::new().await;
    app.register("Mira").await;
    let mallory = app.anonymous();
    mallory.get("/login").await;
    for _ in 0..6 {
        mallory.post("/login", &[("username", "Mira"), ("password", "guess")]).await.expect(401);
    }
    let got = mallory.post("/login", &[("username", "mira "), ("password", "guess")]).await.expect(429);
    assert!(got.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    mallory.post("/login", &[("username", "Jonas"), ("password", "guess")]).await.expect(401);
}

#[tokio::test]
async fn a_refused_registration_keeps_the_name() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    mira.get("/register").await;
    for (password, confirm) in [(PASSWORD, "another one entirely"), ("short", "short"), ("", "")] {
        let fields = [("username", "Mira"), ("password", password), ("password_confirm", confirm)];
        let got = mira.post("/register", &fields).await.expect(422);
        assert!(got.body.contains("value=\"Mira\""));
        assert!(!got.body.contains(PASSWORD));
    }
    assert_eq!(mira.get("/").await.location(), "/register", "nothing was made");
}

#[tokio::test]
async fn closed_registration_is_403() {
    let app = TestApp::with(&Options { registration_disabled: true, ..Options::default() }).await;
    let mira = app.anonymous();
    mira.get("/register").await.expect(200);
    let fields = [("username", "Mira"), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    mira.post("/register", &fields).await.expect(200);
    let jonas = app.anonymous();
    assert!(!jonas.get("/login").await.expect(200).body.contains("href=\"/register\""));
    jonas.get("/register").await.expect(403);
    jonas
        .post("/register", &[("username", "Jonas"), ("password", PASSWORD), ("password_confirm", PASSWORD)])
        .await
        .expect(403);
}

#[tokio::test]
async fn a_recovery_code_sets_a_new_password() {
    let app = TestApp::new().await;
    let (_, _, code) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.get("/recover").await.expect(200);
    let new = "an entirely new password";
    let fields = |code: &str| {
        [
            ("username", "Mira".to_owned()),
            ("recovery_code", code.to_owned()),
            ("password", new.to_owned()),
            ("password_confirm", new.to_owned()),
        ]
    };
    let as_refs = |fields: &[(&'static str, String); 4]| fields.clone();
    let wrong = as_refs(&fields("AAAA-BBBB"));
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let got = mira.post("/recover", &wrong).await;
    assert!(matches!(got.status, 401 | 422), "{}", got.status);
    let right = fields(&code);
    let right: Vec<(&str, &str)> = right.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let got = mira.post("/recover", &right).await.expect(200);
    assert!(got.body.contains("id=\"recovery-code\""));
    mira.get(&format!("/d/{TODAY}")).await.expect(200);

    let elsewhere = app.anonymous();
    elsewhere.get("/login").await;
    elsewhere.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(401);
    elsewhere.post("/login", &[("username", "Mira"), ("password", new)]).await.expect(303);
}

// proves: SR-12, SR-28
#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_browser() {
    for path in ["/logout", "/lock"] {
        let app = TestApp::new().await;
        let mira = app.register("Mira").await;
        let old = mira.cookie().expect("a session");
        let got = mira.post(path, &[]).await.expect(303);
        assert_eq!(got.location(), "/login");
        assert_eq!(got.header("clear-site-data"), r#""cache", "storage""#);
        assert_eq!(mira.cookie(), None, "the cookie is cleared");
        mira.set_cookie(&old);
        assert_eq!(
            mira.get("/d/today").await.expect(303).location(),
            "/login",
            "the old cookie opens nothing"
        );
    }
}

#[tokio::test]
async fn locking_ends_every_session_of_the_writer_and_of_nobody_else() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    let phone = app.anonymous();
    phone.get("/login").await;
    phone.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    mira.post("/lock", &[]).await.expect(303);
    assert_eq!(phone.get("/d/today").await.location(), "/login");
    assert_ne!(jonas.get("/d/today").await.location(), "/login");
}

#[tokio::test]
async fn a_link_on_another_site_sees_one_page_whoever_clicks_and_costs_no_session() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let follow = |path: &str| {
        Ask::get(path)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("cookie", "")
    };
    for path in ["/", "/login"] {
        let got = mira.send(follow(path)).await.expect(200);
        assert!(got.set_cookies().is_empty());
        assert!(got.body.contains("href=\"/\""));
    }
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
    mira.send(follow(&format!("/d/{TODAY}"))).await.expect(403);
}

// A wrong name and a wrong password look alike, so whoever has just chosen both signs in once while the journal is open.
#[tokio::test]
async fn one_sign_in_is_asked_for_until_name_and_password_opened_the_journal() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let options = Options { has_model: false, ..Options::default() };
    let app = TestApp::over(services_with(&options, Arc::clone(&store))).await;
    let is_asked = async |browser: &Browser| {
        browser.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("data-proof")
    };
    let mira = app.register("Mira").await;
    assert!(is_asked(&mira).await && is_asked(&mira).await, "on every day page");
    let page = mira.get("/login?again=yes").await.expect(200).body;
    assert!(page.contains("You stay signed in until it worked."), "{page}");
    let wrong = [("username", "Mira"), ("password", "what I thought it was")];
    let page = mira.post("/login", &wrong).await.expect(401).body;
    assert!(page.contains("You stay signed in until it worked."), "{page}");
    assert!(is_asked(&mira).await, "a wrong password proves nothing and signs nobody out");
    let old = mira.cookie();
    mira.post("/login", &[("username", "mira"), ("password", PASSWORD)]).await.expect(303);
    assert!(!is_asked(&mira).await);
    assert!(app.state.services.session(&old.expect("a session")).is_none(), "the session before is over");
    app.state.services.finish().await;

    // It is remembered, and a journal in which it was not done asks again.
    let app = TestApp::over(services_with(&options, Arc::clone(&store))).await;
    let mira = app.sign_in_again("Mira").await;
    assert!(!is_asked(&mira).await);
    let jonas = app.register("Jonas").await;
    assert!(is_asked(&jonas).await);
    jonas.post("/logout", &[]).await.expect(303);
    let jonas = app.sign_in_again("Jonas").await;
    assert!(!is_asked(&jonas).await, "signing in once more is all it takes");
}
