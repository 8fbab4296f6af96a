//! How much a request may bring (SR-35).

use crate::it::common::{Ask, TODAY, TestApp, fresh_op};

const KIB: usize = 1024;

// proves: SR-35
#[tokio::test]
async fn an_entry_form_over_256_kib_is_413_with_the_text() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let text = format!("The beginning. {}", "x".repeat(256 * KIB));
    let fields = [("csrf", mira.token()), ("op", fresh_op()), ("text", text)];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ask = || Ask::post(&format!("/d/{TODAY}/entries")).without_token().fields(&fields);
    let got = mira.send(ask()).await.expect(413);
    assert!(got.body.contains("The beginning."), "the text as far as it was read");
    assert!(got.body.contains("name=\"text\""), "in the form");
    let part = mira.send(ask().partial()).await.expect(413);
    assert!(
        !part.body.contains("<html") && !part.body.contains("name=\"text\""),
        "the box on the page stays"
    );
    assert!(!mira.get(&format!("/d/{TODAY}")).await.body.contains("The beginning."), "nothing was saved");
}

#[tokio::test]
async fn a_cut_form_that_lost_its_token_changes_nothing_and_shows_the_text() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let text = format!("The beginning. {}", "x".repeat(256 * KIB));
    let got =
        mira.post(&format!("/d/{TODAY}/entries"), &[("op", &fresh_op()), ("text", &text)]).await.expect(413);
    assert!(got.body.contains("The beginning."));
}

// proves: SR-35
#[tokio::test]
async fn sign_in_forms_end_at_4_kib_and_others_at_64() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.anonymous();
    jonas.get("/login").await;
    for path in ["/login", "/register", "/recover"] {
        jonas.post(path, &[("username", "Jonas"), ("password", &"x".repeat(4 * KIB))]).await.expect(413);
        jonas.post(path, &[("held_text", &"x".repeat(300 * KIB))]).await.expect(413);
    }
    mira.post("/search", &[("q", &"x".repeat(64 * KIB))]).await.expect(413);
    mira.post("/search", &[("q", &"x".repeat(32 * KIB))]).await.expect(422);
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
}

#[tokio::test]
async fn what_is_not_a_form_is_400() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let path = format!("/d/{TODAY}/entries");
    let token = mira.token();
    let ask = |body: &[u8]| Ask::post(&path).body(body).header("x-csrf-token", &token);
    for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
        mira.send(ask(b"text=hello").header("content-type", kind)).await.expect(400);
    }
    mira.send(ask(b"text=hello").header("content-encoding", "gzip")).await.expect(400);
    for body in [&b"text=%ff"[..], b"text=\xff", b"text=%4", b"%zz=1"] {
        mira.send(ask(body)).await.expect(400);
    }
    mira.send(ask("a=1&".repeat(65).as_bytes())).await.expect(400);
    mira.send(ask(b"op=0123456789abcdef0123456789abcdef&text=a%00b")).await.expect(422);
}

// proves: SR-35
#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    anybody.send(Ask::get("/login").header("x-padding", &"x".repeat(17 * KIB))).await.expect(431);
    let many = (0..70).fold(Ask::get("/login"), |ask, n| ask.header(&format!("x-padding-{n}"), "x"));
    anybody.send(many).await.expect(431);
    anybody.send(Ask::get(&format!("/{}", "x".repeat(17 * KIB)))).await.expect(431);
}
