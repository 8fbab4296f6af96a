//! Name, password, recovery code and account, as a person meets them (F011 to F014).

use crate::it::common::{Anonymous, Got, PASSWORD, TODAY, TestApp, attribute};

const NEW: &str = "an entirely other password";
const HOME: &str = "/settings/security";

fn code_of(page: &Got) -> String {
    let start = page.body.find("id=\"recovery-code\"").expect("a recovery code");
    page.body[start..].split(['>', '<']).nth(1).expect("a code").to_owned()
}

fn last_group(code: &str) -> &str {
    code.rsplit('-').next().expect("groups")
}

async fn signs_in(app: &TestApp, name: &str, password: &str) -> bool {
    let anybody = app.anonymous();
    anybody.get("/login").await;
    app.state.guesses.forget();
    anybody.post("/login", &[("username", name), ("password", password)]).await.status == 303
}

/// Recovers with a code and the same password, so that nothing else changes. 401 when the code opens nothing.
async fn recover(app: &TestApp, code: &str) -> (Anonymous, Got) {
    let mira = app.anonymous();
    mira.get("/recover").await;
    let fields = [
        ("username", "Mira"),
        ("recovery_code", code),
        ("password", PASSWORD),
        ("password_confirm", PASSWORD),
    ];
    let got = mira.post("/recover", &fields).await;
    (mira, got)
}

#[tokio::test]
async fn the_page_shows_the_facts_of_the_account() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let page = mira.get(HOME).await.expect(200);
    for fact in ["<dd dir=\"auto\">Mira</dd>", "22 November 2026", "this browser"] {
        assert!(page.body.contains(fact), "{fact}: {}", page.body);
    }
    let id = page.body.split("<code>").nth(1).and_then(|rest| rest.split('<').next()).expect("a short id");
    assert!(id.len() == 7 && id.as_bytes()[4] == b'-', "{id}");
    for path in ["/settings/data", "/settings/model", HOME] {
        assert!(mira.get(path).await.expect(200).body.contains("href=\"/settings/security\""), "{path}");
    }
}

#[tokio::test]
async fn the_name_alone_can_be_changed() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("It stays mine.").await;
    let fields = [
        ("current_password", PASSWORD),
        ("username", " M. O'Hara "),
        ("password", ""),
        ("password_confirm", ""),
    ];
    mira.post("/settings/security/password", &fields).await.expect(303);
    assert!(mira.get(HOME).await.expect(200).body.contains("M. O&#39;Hara"));
    mira.get(&format!("/entries/{id}")).await.expect(200);
    assert!(!signs_in(&app, "Mira", PASSWORD).await);
    assert!(signs_in(&app, "m. o'hara", PASSWORD).await);
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_and_keeps_the_name_that_was_typed() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    app.state.services.register("Jonas", NEW, NEW, None).await.expect("an account");
    for (status, name, password, confirm) in [
        (422, "Mirabelle", NEW, "something else again"),
        (422, "Mirabelle", NEW, ""),
        (422, "Mirabelle", "", NEW),
        (422, "Mirabelle", "short", "short"),
        (422, "M&ra/", NEW, NEW),
        (422, "M&ra/", "", ""),
        (422, "", "", ""),
        (422, "Jonas", NEW, NEW),
        (403, "Mirabelle", "", ""),
    ] {
        let current = if status == 403 { "" } else { PASSWORD };
        let fields = [
            ("current_password", current),
            ("username", name),
            ("password", password),
            ("password_confirm", confirm),
        ];
        let got = mira.post("/settings/security/password", &fields).await.expect(status);
        let shown = attribute(&got.body, "id=\"username\"", "value").expect("the name");
        assert_eq!(shown, name.replace('&', "&amp;"));
        assert!(!got.body.contains(NEW) && !got.body.contains(PASSWORD));
        assert!(got.body.contains("role=\"alert\""));
    }
    assert!(mira.get(HOME).await.expect(200).body.contains("<dd dir=\"auto\">Mira</dd>"));
    assert!(signs_in(&app, "Mira", PASSWORD).await);
}

#[tokio::test]
async fn the_recovery_code_outlives_a_change_of_password() {
    let app = TestApp::new().await;
    let (_, cookie, code) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.set_cookie(&cookie);
    let fields =
        [("current_password", PASSWORD), ("username", "Mira"), ("password", NEW), ("password_confirm", NEW)];
    mira.post("/settings/security/password", &fields).await.expect(303);
    assert!(!signs_in(&app, "Mira", PASSWORD).await && signs_in(&app, "Mira", NEW).await);
    recover(&app, &code).await.1.expect(200);
    assert!(signs_in(&app, "Mira", PASSWORD).await && !signs_in(&app, "Mira", NEW).await);
}

#[tokio::test]
async fn a_new_code_is_valid_once_its_last_group_was_typed_back() {
    let app = TestApp::new().await;
    let (_, cookie, old) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.set_cookie(&cookie);
    let page = mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    let new = code_of(&page);
    assert_eq!(new.len(), 7 * 4 + 6);
    assert_ne!(new, old.as_str());

    let wrong = if last_group(&new) == "0000" { "1111" } else { "0000" };
    for typed in [wrong, "", "0"] {
        let path = "/settings/security/recovery/confirm";
        let got = mira.post(path, &[("last_group", typed)]).await.expect(422);
        assert_eq!(code_of(&got), new, "the sheet is still there to compare");
        assert_eq!(attribute(&got.body, "id=\"last_group\"", "value").as_deref(), Some(typed));
    }
    recover(&app, &new).await.1.expect(401);
    recover(&app, &old).await.1.expect(200);
}

#[tokio::test]
async fn the_code_before_opens_nothing_once_the_new_one_is_confirmed() {
    let app = TestApp::new().await;
    let (_, cookie, old) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.set_cookie(&cookie);
    let page = mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    let new = code_of(&page);
    let typed = format!(" {} ", last_group(&new).to_lowercase());
    let got = mira.post("/settings/security/recovery/confirm", &[("last_group", &typed)]).await.expect(303);
    assert_eq!(got.location(), "/settings/security?done=code");
    let home = mira.get(got.location()).await.expect(200);
    assert!(home.body.contains("The new recovery code is valid") && !home.body.contains(&new), "shown once");
    mira.post("/settings/security/recovery/confirm", &[("last_group", &typed)]).await.expect(409);
    recover(&app, &old).await.1.expect(401);
    recover(&app, &new).await.1.expect(200);
}

#[tokio::test]
async fn a_window_that_was_closed_loses_nothing_and_the_time_runs_out() {
    let app = TestApp::new().await;
    let (_, cookie, old) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.anonymous();
    mira.set_cookie(&cookie);
    let first = mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    let first = code_of(&first);
    // The window is closed, and another try is made: only the last code counts.
    let second = code_of(&mira.post("/settings/security/recovery", &[]).await.expect(200));
    assert_ne!(first, second);
    let path = "/settings/security/recovery/confirm";
    let group = last_group(&second).to_owned();
    if last_group(&first) != group {
        mira.post(path, &[("last_group", last_group(&first))]).await.expect(422);
    }
    app.clock.advance(15 * 60_000);
    let asked = mira.post(path, &[("last_group", &group)]).await.expect(403);
    assert!(asked.body.contains(&format!("value=\"{group}\"")), "what was typed is carried along");
    let got = mira.post(path, &[("last_group", &group), ("current_password", PASSWORD)]).await.expect(409);
    assert!(got.body.contains("The code you had before is valid"));
    recover(&app, &old).await.1.expect(200);
}

#[tokio::test]
async fn after_a_recovery_a_new_code_is_offered_and_the_old_one_stays_until_it_is_taken() {
    let app = TestApp::new().await;
    let (_, _, old) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let (_, page) = recover(&app, &old).await;
    let refused = code_of(&page.expect(200));
    assert_ne!(refused, old.as_str());
    let (mira, page) = recover(&app, &old).await;
    let page = page.expect(200);
    assert!(page.body.contains("href=\"/d/today\">Keep the old code"));
    let new = code_of(&page);
    // No password is asked for: it was chosen a moment ago.
    let path = "/settings/security/recovery/confirm";
    mira.post(path, &[("last_group", last_group(&new))]).await.expect(303);
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
    for code in [old.as_str(), &refused] {
        recover(&app, code).await.1.expect(401);
    }
    recover(&app, &new).await.1.expect(200);
}

#[tokio::test]
async fn a_journal_is_deleted_by_its_name_and_its_password() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    mira.write("Mine.").await;
    let his = jonas.write("His.").await;
    let page = mira.get("/settings/security/delete").await.expect(200);
    assert!(page.body.contains("name=\"current_password\""));
    let path = "/settings/security/delete";
    let got = mira.post(path, &[("name", "Jonas"), ("current_password", PASSWORD)]).await.expect(422);
    assert!(got.body.contains("not the name of this journal"));
    mira.get(&format!("/d/{TODAY}")).await.expect(200);

    let got = mira.post(path, &[("name", " MIRA")]).await.expect(200);
    assert!(got.body.contains("The journal is gone") && !got.body.contains("Lock"), "{}", got.body);
    assert_eq!(got.header("clear-site-data"), r#""cache", "storage""#);
    assert_eq!(mira.cookie(), None);
    assert!(!signs_in(&app, "Mira", PASSWORD).await);
    jonas.get(&format!("/entries/{his}")).await.expect(200);
    assert!(signs_in(&app, "Jonas", PASSWORD).await);

    // The same name and password make a new journal, which is empty.
    let again = app.register("Mira").await;
    assert!(!again.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("Mine."));
}

#[tokio::test]
async fn after_the_last_account_the_instance_is_new_again() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.post("/settings/security/delete", &[("name", "Mira"), ("current_password", PASSWORD)])
        .await
        .expect(200);
    assert_eq!(app.anonymous().get("/").await.expect(303).location(), "/register");
}
