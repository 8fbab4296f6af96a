//! The browsers somebody is signed in with.

use crate::it::common::{Anonymous, Ask, PASSWORD, TestApp};

const HOME: &str = "/settings/security";
const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 secretive-detail";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.6 Mobile/15E148 Safari/604.1";

/// Mira in another browser.
async fn elsewhere(app: &TestApp, agent: &str) -> Anonymous {
    let other = app.anonymous();
    other.get("/login").await.expect(200);
    let form = Ask::post("/login").fields(&[("username", "Mira"), ("password", PASSWORD)]);
    other.send(form.header("user-agent", agent)).await.expect(303);
    other
}

/// The addresses of the buttons that sign a browser out.
fn ends(body: &str) -> Vec<String> {
    let forms = body.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    forms.filter(|address| address.ends_with("/end")).map(str::to_owned).collect()
}

async fn is_in(browser: &Anonymous) -> bool {
    browser.get("/d/today").await.expect(303).location() != "/login"
}

#[tokio::test]
async fn every_browser_is_listed_and_any_other_can_be_signed_out() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let list = async || mira.send(Ask::get(HOME).header("user-agent", FIREFOX)).await.expect(200).body;
    assert!(ends(&list().await).is_empty(), "this browser is not signed out from the list");
    app.clock.advance(60_000);
    let (phone, tablet) = (elsewhere(&app, IPHONE).await, elsewhere(&app, "").await);
    app.clock.advance(3_600_000);
    phone.get("/search").await.expect(200);

    let body = list().await;
    for fact in ["Firefox on Linux", "this browser", "Signed in 22 November 2026, 11:00", "Safari on iPhone"]
    {
        assert!(body.contains(fact), "{fact}: {body}");
    }
    assert!(body.contains("Signed in 22 November 2026, 11:01, last seen 22 November 2026, 12:01"), "{body}");
    assert!(!body.contains("secretive-detail") && !body.contains("18_6"), "only the class is kept");
    let found = ends(&body);
    assert_eq!(found.len(), 2);

    // The phone was seen last, so it stands first.
    let got = mira.post(&found[0], &[]).await.expect(303);
    assert!(list().await.contains("A browser") && ends(&list().await) == found[1..]);
    assert!(mira.get(got.location()).await.expect(200).body.contains("That browser is signed out."));
    assert!(!is_in(&phone).await && is_in(&tablet).await);
    mira.post(&found[0], &[]).await.expect(303);
    mira.get(HOME).await.expect(200);
}

#[tokio::test]
async fn only_ones_own_browsers_are_listed_and_ended() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let phone = elsewhere(&app, FIREFOX).await;
    let jonas = app.register("Jonas").await;
    let of_mira = ends(&mira.get(HOME).await.expect(200).body);
    assert!(ends(&jonas.get(HOME).await.expect(200).body).is_empty());
    jonas.post(&of_mira[0], &[]).await.expect(303);
    assert!(is_in(&phone).await, "not his");
    mira.send(Ask::post(&of_mira[0]).without_token()).await.expect(403);
    assert!(is_in(&phone).await, "not without the token");
    for odd in ["x", "00", "%2e%2e"] {
        mira.post(&format!("{HOME}/sessions/{odd}/end"), &[]).await.expect(404);
    }
}

#[tokio::test]
async fn names_in_the_list_open_nothing() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    elsewhere(&app, FIREFOX).await;
    let found = ends(&mira.get(HOME).await.expect(200).body);
    let id = found[0].split('/').nth(4).expect("a name");
    let mallory = app.anonymous();
    for value in [id.to_owned(), format!("{id}AAAAAAAAAAA")] {
        mallory.set_cookie(&value);
        assert!(!is_in(&mallory).await);
    }
}
