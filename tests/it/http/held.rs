//! A text that comes without a session is held over the sign-in and saved once.

use poem::http::Method;

use crate::it::common::{Ask, PASSWORD, SignedIn, TODAY, TestApp, attribute, fresh_op};

const TEXT: &str = "Written \"just\" in time & <kept>.";

/// Ends the session behind the browser's back; its cookie and the token on its page stay.
async fn expire(app: &TestApp, mira: &SignedIn) {
    let session = app.state.services.session(&mira.cookie().expect("a cookie")).expect("a session");
    app.state.services.sign_out(&session).await;
}

fn held_fields(page: &str) -> Vec<(&'static str, String)> {
    let field = |name: &str| attribute(page, &format!("name=\"{name}\""), "value").expect("a held field");
    vec![
        ("held_day", field("held_day")),
        ("held_op", field("held_op")),
        ("held_text", TEXT.to_owned()),
        ("username", "Mira".to_owned()),
    ]
}

async fn sign_in(mira: &SignedIn, fields: &[(&str, String)], password: &str) -> crate::it::common::Got {
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("password", password));
    mira.post("/login", &fields).await
}

// proves: RR-29
// D48
#[tokio::test]
async fn an_entry_is_saved_once_after_signing_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    expire(&app, &mira).await;
    let op = fresh_op();
    let page = mira.post(&format!("/d/{TODAY}/entries"), &[("op", &op), ("text", TEXT)]).await.expect(401);
    assert!(
        page.body.contains("Written &quot;just&quot; in time &amp; &lt;kept&gt;.")
            || page.body.contains("&lt;kept&gt;")
    );
    let fields = held_fields(&page.body);
    assert!(fields.contains(&("held_op", op.clone())));

    let again = sign_in(&mira, &fields, "wrong password").await.expect(401);
    assert!(again.body.contains("&lt;kept&gt;"), "a wrong password does not cost the text");
    let got = sign_in(&mira, &fields, PASSWORD).await.expect(303);
    assert!(got.location().starts_with(&format!("/d/{TODAY}#entry-")), "{}", got.location());

    // The browser goes back and sends the same form once more.
    mira.post(&format!("/d/{TODAY}/entries"), &[("op", &op), ("text", TEXT)]).await.expect(303);
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert_eq!(day.body.matches("&lt;kept&gt;").count(), 1);
}

#[tokio::test]
async fn an_edit_is_saved_after_signing_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Before.").await;
    expire(&app, &mira).await;
    let ask = Ask::new(Method::POST, &format!("/entries/{id}")).fields(&[("revision", "1"), ("text", TEXT)]);
    let page = mira.send(ask).await.expect(401);
    let got = sign_in(&mira, &held_fields(&page.body), PASSWORD).await.expect(303);
    assert_eq!(got.location(), format!("/d/{TODAY}#entry-{id}"));
    assert!(mira.get(&format!("/entries/{id}")).await.body.contains("&lt;kept&gt;"));
}

#[tokio::test]
async fn htmx_gets_the_sign_in_form_in_place() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    expire(&app, &mira).await;
    let ask =
        Ask::post(&format!("/d/{TODAY}/entries")).partial().fields(&[("op", &fresh_op()), ("text", TEXT)]);
    let part = mira.send(ask).await.expect(401);
    assert!(!part.body.contains("<html") && part.body.contains("name=\"held_text\""), "{}", part.body);
}

#[tokio::test]
async fn a_held_text_that_cannot_be_saved_is_shown_again_and_the_sign_in_stands() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    expire(&app, &mira).await;
    let page = mira.post("/d/2027-01-01/entries", &[("op", &fresh_op()), ("text", TEXT)]).await.expect(401);
    let got = sign_in(&mira, &held_fields(&page.body), PASSWORD).await.expect(422);
    assert!(got.body.contains("&lt;kept&gt;"));
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
}

/// A sign-in that holds a text for today.
fn of_today<'a>(op: &'a str, text: &'a str) -> [(&'a str, &'a str); 5] {
    let held = [("held_day", TODAY), ("held_op", op), ("held_text", text)];
    [("username", "Mira"), ("password", PASSWORD), held[0], held[1], held[2]]
}

// Changed at its beginning since it was kept, so that only the form knows which draft it was.
#[tokio::test]
async fn a_held_text_takes_the_draft_along_that_its_box_held() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (op, path) = (fresh_op(), format!("/d/{TODAY}"));
    let ask = Ask::post(&format!("{path}/draft")).partial();
    let got = mira.send(ask.fields(&[("op", &op), ("text", "Over the bridge")])).await.expect(204);
    let draft = got.header("x-draft-kept").to_owned();
    expire(&app, &mira).await;
    let fields = [("op", op.as_str()), ("draft", &draft), ("text", TEXT)];
    let page = mira.post(&format!("{path}/entries"), &fields).await.expect(401);
    let mut held = held_fields(&page.body);
    held.push(("held_draft", attribute(&page.body, "name=\"held_draft\"", "value").expect("a held draft")));
    sign_in(&mira, &held, PASSWORD).await.expect(303);
    assert!(!mira.get(&path).await.expect(200).body.contains("Over the bridge"));
}

#[tokio::test]
async fn a_held_text_that_is_too_long_is_a_draft_of_its_day() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    expire(&app, &mira).await;
    let (text, op) = ("x".repeat(12_001), fresh_op());
    assert!(mira.post("/login", &of_today(&op, &text)).await.expect(422).body.contains(&text));
    assert!(mira.get(&format!("/d/{TODAY}")).await.expect(200).body.contains(&text));
}

#[tokio::test]
async fn a_text_of_full_length_passes_the_sign_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    expire(&app, &mira).await;
    let text = "🎉".repeat(12_000);
    let op = fresh_op();
    mira.post(&format!("/d/{TODAY}/entries"), &[("op", &op), ("text", &text)]).await.expect(401);
    mira.post("/login", &of_today(&op, &text)).await.expect(303);
    assert!(mira.get(&format!("/d/{TODAY}")).await.body.contains(&text));
}

// D48 (a tab that was open for long)
#[tokio::test]
async fn a_page_from_before_a_restart_still_keeps_its_text() {
    let before = TestApp::new().await;
    let old = before.register("Mira").await;
    let after = TestApp::new().await;
    let mira = after.register("Mira").await;
    // The browser has a cookie and a token of a process that is gone.
    let token = old.token();
    mira.set_cookie(&old.cookie().expect("a cookie"));
    let ask = Ask::post(&format!("/d/{TODAY}/entries")).without_token().fields(&[
        ("op", &fresh_op()),
        ("text", TEXT),
        ("csrf", &token),
    ]);
    let page = mira.send(ask).await.expect(401);
    let got = sign_in(&mira, &held_fields(&page.body), PASSWORD).await.expect(303);
    assert!(got.location().contains("#entry-"));
}

#[tokio::test]
async fn an_edit_survives_too_many_guesses_in_the_sign_in_form() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Before.").await;
    expire(&app, &mira).await;
    let ask = Ask::new(Method::POST, &format!("/entries/{id}")).fields(&[("revision", "1"), ("text", TEXT)]);
    let page = mira.send(ask).await.expect(401);
    let fields = held_fields(&page.body);
    for _ in 0..6 {
        sign_in(&mira, &fields, "guess").await.expect(401);
    }
    let got = sign_in(&mira, &fields, "guess").await.expect(429);
    assert!(got.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert_eq!(held_fields(&got.body), fields, "the form still holds the edit");
    assert!(got.body.contains("&lt;kept&gt;"));
}

#[tokio::test]
async fn a_held_text_survives_that_another_tab_signed_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Before.").await;
    expire(&app, &mira).await;
    let ask = Ask::new(Method::POST, &format!("/entries/{id}")).fields(&[("revision", "1"), ("text", TEXT)]);
    let mut fields = held_fields(&mira.send(ask).await.expect(401).body);
    let old_token = mira.token();
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    fields.push(("password", PASSWORD.to_owned()));
    fields.push(("csrf", old_token));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = mira.send(Ask::post("/login").without_token().fields(&fields)).await.expect(403);
    assert!(page.body.contains("&lt;kept&gt;"), "{}", page.body);
    assert!(page.body.contains(&format!("/d/{TODAY}/entries")), "it can be saved on today");
}
