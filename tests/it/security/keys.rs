//! Key operations: the password typed again, new tokens, and who is out afterwards (SR-12, SR-13, SR-16).

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use llamora::routes::ROWS;

use crate::it::common::{
    Anonymous, Ask, Browser, Options, PASSWORD, SignedIn, TODAY, TestApp, attribute, fresh_op,
};

const NEW: &str = "an entirely other password";
/// Every route that needs the password again, with a field that a person would have typed.
const KEY_ROUTES: &[(&str, &str)] = &[
    ("/settings/security/password", "username"),
    ("/settings/security/recovery", "nothing"),
    ("/settings/security/recovery/confirm", "last_group"),
    ("/settings/security/sign-out", "nothing"),
    ("/settings/security/delete", "name"),
];

/// An application whose model takes its time, so that streams stay open.
async fn slow() -> TestApp {
    TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await
}

/// Another browser of Mira's.
async fn elsewhere(app: &TestApp) -> Anonymous {
    let other = app.anonymous();
    other.get("/login").await.expect(200);
    other.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    other
}

/// What this cookie still opens: nothing, on every row.
async fn expect_out(browser: &Browser, cookie: &str) {
    let before = browser.cookie();
    for row in ROWS.iter().filter(|row| row.needs_session()) {
        browser.set_cookie(cookie);
        let got = browser.send(Ask::new(row.method.clone(), &row.sample())).await;
        assert!(matches!(got.status, 303 | 401), "{} {}: {}", row.method, row.pattern, got.status);
        assert!(got.status == 401 || got.location() == "/login", "{} {}", row.method, row.pattern);
    }
    if let Some(before) = before {
        browser.set_cookie(&before);
    }
}

/// Opens the stream of a reply that takes long, and reads its beginning.
async fn following(mira: &Browser) -> impl Stream + Unpin + use<> {
    let entry = mira.write("Slowly and at length.").await;
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let id = got.location().split_once("#reply-").expect("a way to the reply").1.to_owned();
    let mut body =
        mira.open(Ask::get(&format!("/replies/{id}/events"))).await.into_body().into_bytes_stream();
    body.next().await.expect("the stream began").expect("bytes");
    Box::pin(body)
}

async fn expect_end(mut stream: impl Stream + Unpin, what: &str) {
    let rest = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(1), rest).await.unwrap_or_else(|_| panic!("{what} went on"));
}

async fn confirm(mira: &SignedIn) {
    let got = mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    assert!(got.body.contains("id=\"recovery-code\""));
}

// proves: SR-16
// D46 (the password is asked for)
#[tokio::test]
async fn key_operations_without_a_fresh_stamp_are_403_and_change_nothing() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let cookie = mira.cookie();
    for (path, field) in KEY_ROUTES {
        assert!(ROWS.iter().any(|row| row.pattern == *path && row.is_form()), "{path}");
        let fields = [(*field, "Typed"), ("password", NEW), ("password_confirm", NEW)];
        for extra in [None, Some(("current_password", "not her password"))] {
            app.state.guesses.forget();
            let fields: Vec<(&str, &str)> = fields.into_iter().chain(extra).collect();
            let got = mira.post(path, &fields).await.expect(403);
            assert_eq!(
                attribute(&got.body, "id=\"current_password\"", "type").as_deref(),
                Some("password"),
                "{path}"
            );
            assert_eq!(attribute(&got.body, "class=\"form\"", "action").as_deref(), Some(*path));
            assert!(got.body.contains("value=\"Typed\""), "{path}: what was typed is carried along");
            assert!(!got.body.contains(NEW), "passwords are not sent back");
            assert_eq!(got.body.contains("not the password of this journal"), extra.is_some(), "{path}");
        }
        let json = mira.send(Ask::post(path).header("accept", "application/json")).await;
        assert_eq!(json.status, 403, "{path}");
    }
    assert_eq!(mira.cookie(), cookie, "no token was renewed");
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
    let other = app.anonymous();
    other.get("/login").await;
    other.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
}

// proves: SR-16
#[tokio::test]
async fn a_stamp_lasts_five_minutes_and_belongs_to_one_session() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let other = elsewhere(&app).await;
    confirm(&mira).await;
    mira.post("/settings/security/recovery", &[]).await.expect(200);
    other.post("/settings/security/recovery", &[]).await.expect(403);
    app.clock.advance(5 * 60_000 - 1);
    mira.post("/settings/security/recovery", &[]).await.expect(200);
    app.clock.advance(1);
    mira.post("/settings/security/recovery", &[]).await.expect(403);
    confirm(&mira).await;
    // Setting the clock neither ends nor lengthens it.
    app.clock.jump(-86_400_000);
    mira.post("/settings/security/recovery", &[]).await.expect(200);
    app.clock.advance(5 * 60_000);
    mira.post("/settings/security/recovery", &[]).await.expect(403);
}

// proves: SR-12
#[tokio::test]
async fn typing_the_password_again_renews_the_token_and_goes_on_to_what_was_wanted() {
    let app = slow().await;
    let mira = app.register("Mira").await;
    let stream = following(&mira).await;
    let (old, token) = (mira.cookie().expect("a session"), mira.token());
    let asked = mira.post("/settings/security/delete", &[("name", "Myra")]).await.expect(403);
    let carried = attribute(&asked.body, "type=\"hidden\" name=\"name\"", "value").expect("carried along");
    let got = mira
        .post("/settings/security/delete", &[("name", &carried), ("current_password", PASSWORD)])
        .await
        .expect(422);
    assert!(got.body.contains("value=\"Myra\"") && !got.body.contains("current_password"));
    assert_eq!(attribute(&got.body, "name=\"csrf\"", "value"), Some(mira.token()), "its forms hold");
    assert_ne!(mira.cookie(), Some(old.clone()));
    expect_end(stream, "the stream of the old token").await;
    expect_out(&mira, &old).await;
    // Another tab of this browser was open before, with something in its box.
    let fields = [("csrf", token.as_str()), ("op", &fresh_op()), ("text", "Written in another tab.")];
    let saved = mira.send(Ask::post(&format!("/d/{TODAY}/entries")).without_token().fields(&fields)).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
}

#[tokio::test]
async fn an_error_after_the_password_still_carries_the_new_cookie() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let fields = [("last_group", "J4F6"), ("current_password", PASSWORD)];
    let got = mira.post("/settings/security/recovery/confirm", &fields).await.expect(409);
    assert_eq!(got.set_cookies().iter().filter(|line| line.starts_with("llamora_session=")).count(), 1);
    assert_eq!(attribute(&got.body, "name=\"csrf\"", "value"), Some(mira.token()));
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
}

// proves: SR-16
#[tokio::test]
async fn wrong_passwords_typed_inside_bring_a_wait_to_nobody_outside() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for guess in 0..6 {
        let (path, _) = KEY_ROUTES[guess % KEY_ROUTES.len()];
        mira.post(path, &[("current_password", "guess"), ("username", "Mira")]).await.expect(403);
    }
    let got = mira.post("/settings/security/delete", &[("current_password", PASSWORD)]).await.expect(429);
    assert!(got.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert!(got.body.contains("name=\"current_password\""));
    let mallory = app.anonymous();
    mallory.get("/login").await;
    mallory.post("/login", &[("username", "Mira"), ("password", "guess")]).await.expect(401);
}

// proves: SR-12, SR-13 (three browsers, every route, streams closed within 1 s)
// D46
#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_renews_this_one() {
    let app = slow().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    let (phone, tablet) = (elsewhere(&app).await, elsewhere(&app).await);
    let stream = following(&phone).await;
    let (mine, on_phone, on_tablet) = (mira.cookie(), phone.cookie(), tablet.cookie());
    let fields = [
        ("current_password", PASSWORD),
        ("username", "Mirabelle"),
        ("password", NEW),
        ("password_confirm", NEW),
    ];
    let got = mira.post("/settings/security/password", &fields).await.expect(303);
    assert_eq!(got.location(), "/settings/security?done=password");
    expect_end(stream, "the stream of another browser").await;
    for old in [mine, on_phone, on_tablet] {
        expect_out(&phone, &old.expect("a session")).await;
    }
    let page = mira.get(got.location()).await.expect(200);
    assert!(page.body.contains("Your name and password were changed") && page.body.contains("Mirabelle"));
    assert!(page.body.contains("this browser") && !page.body.contains("/end\""), "no other is signed in");
    assert_ne!(jonas.get("/d/today").await.location(), "/login", "others are not concerned");

    let later = app.anonymous();
    later.get("/login").await;
    later.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(401);
    later.post("/login", &[("username", "Mira"), ("password", NEW)]).await.expect(401);
    later.post("/login", &[("username", "mirabelle"), ("password", NEW)]).await.expect(303);
}

// proves: SR-13
#[tokio::test]
async fn a_recovery_and_a_sign_out_everywhere_end_every_other_session() {
    let app = slow().await;
    let (_, _, code) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let (laptop, phone) = (elsewhere(&app).await, elsewhere(&app).await);
    let stream = following(&laptop).await;
    let (on_laptop, on_phone) = (laptop.cookie().expect("a session"), phone.cookie().expect("a session"));
    let mira = app.anonymous();
    mira.get("/recover").await.expect(200);
    let fields = [
        ("username", "Mira"),
        ("recovery_code", code.as_str()),
        ("password", PASSWORD),
        ("password_confirm", PASSWORD),
    ];
    mira.post("/recover", &fields).await.expect(200);
    expect_end(stream, "the stream of another browser").await;
    for old in [&on_laptop, &on_phone] {
        expect_out(&phone, old).await;
    }

    let (laptop, old) = (elsewhere(&app).await, mira.cookie().expect("a session"));
    let on_laptop = laptop.cookie().expect("a session");
    let stream = following(&laptop).await;
    let got = laptop.post("/settings/security/sign-out", &[("current_password", PASSWORD)]).await.expect(303);
    assert_eq!((got.location(), laptop.cookie()), ("/login", None));
    assert_eq!(got.header("clear-site-data"), r#""cache", "storage""#);
    expect_end(stream, "the stream of this browser").await;
    for old in [&on_laptop, &old] {
        expect_out(&laptop, old).await;
    }
}

// proves: SR-13
#[tokio::test]
async fn a_deleted_journal_ends_every_session() {
    let app = slow().await;
    let mira = app.register("Mira").await;
    let phone = elsewhere(&app).await;
    let stream = following(&phone).await;
    let (mine, on_phone) = (mira.cookie().expect("a session"), phone.cookie().expect("a session"));
    mira.post("/settings/security/delete", &[("name", "mira "), ("current_password", PASSWORD)])
        .await
        .expect(200);
    assert_eq!(mira.cookie(), None);
    expect_end(stream, "the stream of another browser").await;
    for old in [&mine, &on_phone] {
        expect_out(&phone, old).await;
    }
}
