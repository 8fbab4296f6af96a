//! Who may make a journal when other machines can reach the program (SR-08).

use std::sync::Arc;

use llamora::store::{Store, rows::Rows, tables::Copy};

use crate::it::common::{Anonymous, Got, Options, PASSWORD, TestApp, attribute, nonce};

async fn remote() -> (TestApp, String) {
    let options = Options { is_remote: true, ..Options::default() };
    let app = TestApp::with(&options).await;
    let token = options.setup_token.lock().expect("unpoisoned").clone();
    assert_eq!(token.len(), 34);
    (app, token)
}

async fn register(browser: &Anonymous, name: &str, code: &str) -> Got {
    browser.get("/register").await.expect(200);
    let fields = [("username", name), ("password", PASSWORD), ("password_confirm", PASSWORD), ("code", code)];
    browser.post("/register", &fields).await
}

/// A page without what differs from one request to the next.
fn plain(got: &Got, browser: &Anonymous) -> String {
    let body = got.body.replace(&nonce(got), "NONCE").replace(&browser.token(), "TOKEN");
    let typed = attribute(&body, "name=\"code\"", "value").expect("what was typed stays");
    body.replace(&format!("name=\"code\" value=\"{typed}\""), "CODE")
}

/// Makes an invitation; answers its code.
async fn invite(browser: &Anonymous) -> String {
    let fields = [("current_password", PASSWORD)];
    let got = browser.post("/settings/security/invite", &fields).await.expect(200);
    assert_eq!(got.header("cache-control"), "no-store");
    let from = got.body.find("id=\"invitation-code\"").expect("a code");
    got.body[from..].split(['>', '<']).nth(1).expect("a code").to_owned()
}

// proves: SR-08 (without, with a wrong, an old and a used token: 404, and no key derivation)
#[tokio::test]
async fn the_first_journal_needs_the_setup_token_of_this_start() {
    let (app, token) = remote().await;
    let mira = app.anonymous();
    assert!(mira.get("/register").await.expect(200).body.contains("Setup token"));
    let wrong = token.chars().rev().collect::<String>();
    let mut bodies = Vec::new();
    for code in ["", "x", &wrong] {
        let got = register(&mira, "Mira", code).await.expect(404);
        bodies.push(plain(&got, &mira));
        assert!(!got.body.contains(&token));
    }
    app.clock.advance(30 * 60 * 1000);
    let late = register(&mira, "Mira", &token).await.expect(404);
    bodies.push(plain(&late, &mira));
    assert!(bodies.iter().all(|body| *body == bodies[0]), "all are told alike");
    assert_eq!(app.state.services.derivations(), (0, 0));
    app.clock.advance(-30 * 60 * 1000);
    let fields =
        [("username", "Mira"), ("password", "weak"), ("password_confirm", "weak"), ("code", token.as_str())];
    mira.post("/register", &fields).await.expect(422);
    register(&mira, "Mira", &token.to_lowercase().replace('-', " ")).await.expect(200);
    let jonas = app.anonymous();
    assert!(jonas.get("/register").await.expect(200).body.contains("Invitation code"));
    register(&jonas, "Jonas", &token).await.expect(404);
}

// proves: SR-08
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_come_at_once_with_one_token_one_gets_in() {
    for _ in 0..10 {
        let (app, token) = remote().await;
        let tries = ["Mira", "Jonas"].map(|name| {
            let (browser, token) = (app.anonymous(), token.clone());
            tokio::spawn(async move {
                browser.get("/register").await;
                register(&browser, name, &token).await.status
            })
        });
        let mut answers = Vec::new();
        for answer in tries {
            answers.push(answer.await.expect("no panic"));
        }
        answers.sort_unstable();
        assert_eq!(answers, [200, 404]);
    }
}

// proves: SR-08
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_makes_one_journal_within_a_week() {
    let (app, token) = remote().await;
    let mira = app.anonymous();
    register(&mira, "Mira", &token).await.expect(200);
    register(&app.anonymous(), "Jonas", "").await.expect(404);
    let asked = mira.post("/settings/security/invite", &[]).await.expect(403);
    assert!(asked.body.contains("name=\"current_password\""), "the password is asked for");
    let code = invite(&mira).await;
    assert!(mira.get("/settings/security").await.body.contains("One waits to be used."));

    let tries = ["Jonas", "Lotte", "Emil"].map(|name| {
        let (browser, code) = (app.anonymous(), code.clone());
        tokio::spawn(async move { register(&browser, name, &code).await.status })
    });
    let mut answers = Vec::new();
    for answer in tries {
        answers.push(answer.await.expect("no panic"));
    }
    answers.sort_unstable();
    assert_eq!(answers, [200, 404, 404]);
    assert!(mira.get("/settings/security").await.body.contains("None waits."));

    let old = invite(&mira).await;
    let withdrawn = invite(&mira).await;
    assert!(mira.get("/settings/security").await.body.contains("2 wait to be used."));
    mira.post("/settings/security/invite/withdraw", &[]).await.expect(303);
    register(&app.anonymous(), "Ada", &withdrawn).await.expect(404);
    register(&app.anonymous(), "Ada", &old).await.expect(404);
    let late = invite(&mira).await;
    app.clock.advance(7 * 24 * 60 * 60 * 1000);
    register(&app.anonymous(), "Ada", &late).await.expect(404);
}

// proves: SR-08
#[tokio::test]
async fn invitations_are_kept_over_a_restart_and_only_as_hashes() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let options = Options { is_remote: true, ..Options::default() };
    let app = TestApp::over(crate::it::common::services_with(&options, Arc::clone(&store))).await;
    let token = options.setup_token.lock().expect("unpoisoned").clone();
    let mira = app.anonymous();
    register(&mira, "Mira", &token).await.expect(200);
    let code = invite(&mira).await;
    let rows = store.read(|rows| rows.smalls(Copy::A, b"Pinvite/")).expect("rows");
    assert_eq!(rows.len(), 1);
    let symbols = code.replace('-', "");
    assert!(!format!("{rows:?}").contains(&symbols) && rows[0].0.len() == 8 + 32 && rows[0].1.len() == 8);
    drop((mira, app));
    let again = TestApp::over(crate::it::common::services_with(&options, store)).await;
    register(&again.anonymous(), "Jonas", &code).await.expect(200);
}

#[tokio::test]
async fn on_this_machine_nobody_needs_a_code_and_nobody_is_invited() {
    let app = TestApp::new().await;
    let mira = app.anonymous();
    assert!(!mira.get("/register").await.expect(200).body.contains("name=\"code\""));
    register(&mira, "Mira", "").await.expect(200);
    assert!(!mira.get("/settings/security").await.expect(200).body.contains("invite"));
    mira.post("/settings/security/invite", &[("current_password", PASSWORD)]).await.expect(404);
    register(&app.anonymous(), "Jonas", "").await.expect(200);
}

#[tokio::test]
async fn closed_registration_takes_no_invitation_either() {
    let options = Options { is_remote: true, registration_disabled: true, ..Options::default() };
    let app = TestApp::with(&options).await;
    let token = options.setup_token.lock().expect("unpoisoned").clone();
    let mira = app.anonymous();
    register(&mira, "Mira", &token).await.expect(200);
    mira.post("/settings/security/invite", &[("current_password", PASSWORD)]).await.expect(404);
    app.anonymous().get("/register").await.expect(403);
}
