//! Asking again, with a wish, and throwing a reply away.

use std::{sync::Arc, time::Duration};

use llamora::store::Store;

use crate::it::common::{Ask, Options, SignedIn, TODAY, TestApp, services_over};

use super::{ask, ended};

fn states(page: &str) -> Vec<&str> {
    page.split("data-reply-id=")
        .skip(1)
        .filter_map(|part| part.split("data-state=\"").nth(1))
        .map(|part| &part[..part.find('"').expect("a quote")])
        .collect()
}

async fn day(mira: &SignedIn) -> String {
    mira.get(&format!("/d/{TODAY}")).await.expect(200).body
}

async fn retry(mira: &SignedIn, id: &str, fields: &[(&str, &str)]) -> String {
    let got = mira.post(&format!("/replies/{id}/retry"), fields).await.expect(303);
    let again =
        got.location().strip_prefix(&format!("/d/{TODAY}#reply-")).expect("a way to the reply").to_owned();
    ended(mira, &again).await;
    again
}

#[tokio::test]
async fn a_failed_reply_makes_room_for_the_next_try() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Please fail.").await;
    ended(&mira, &id).await;
    assert!(day(&mira).await.contains(">Try again</button>"));
    let again = retry(&mira, &id, &[("wish", "speak of tomatoes")]).await;
    assert_ne!(again, id);
    let page = day(&mira).await;
    assert_eq!(states(&page), ["complete"], "{page}");
    mira.get(&format!("/replies/{id}")).await.expect(404);
    assert!(mira.get("/trash").await.expect(200).body.contains(&id), "what was thrown away can be looked at");
}

#[tokio::test]
async fn another_reply_stands_beside_the_first_and_hears_the_wish() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "We planted tomatoes.").await;
    ended(&mira, &id).await;
    let again = retry(&mira, &id, &[("wish", "something about hippopotamuses"), ("length", "shorter")]).await;
    let page = day(&mira).await;
    assert_eq!(states(&page), ["complete", "complete"]);
    let got = mira.send(Ask::get(&format!("/replies/{again}")).partial()).await.expect(200);
    assert!(
        got.body.contains("<strong>hippopotamuses</strong>"),
        "the wish is the writer's last turn: {}",
        got.body
    );

    let too_long =
        mira.post(&format!("/replies/{id}/retry"), &[("wish", &"x".repeat(201))]).await.expect(422);
    assert!(too_long.body.contains("200 characters"), "{}", too_long.body);
    mira.post("/replies/01KAMQ0000000000000000000A/retry", &[]).await.expect(404);
}

#[tokio::test]
async fn a_reply_that_runs_is_not_asked_for_twice() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly and at length.").await;
    let got = mira.post(&format!("/replies/{id}/retry"), &[]).await.expect(303);
    assert_eq!(got.location(), format!("/d/{TODAY}#reply-{id}"));
    assert_eq!(states(&day(&mira).await).len(), 1);
}

#[tokio::test]
async fn a_reply_can_be_thrown_away_while_it_runs_and_taken_back() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly and at length.").await;
    let got = mira.post(&format!("/replies/{id}/delete"), &[]).await.expect(303);
    assert_eq!(got.location(), format!("/d/{TODAY}?deleted={id}"));
    let page = day(&mira).await;
    assert!(states(&page).is_empty() && page.contains("Slowly and at length."), "{page}");
    mira.get(&format!("/replies/{id}/events")).await.expect(404);
    mira.post(&format!("/replies/{id}/delete"), &[]).await.expect(404);
    mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(303);
    assert_eq!(states(&day(&mira).await), ["stopped"]);
    let part = mira.send(Ask::post(&format!("/replies/{id}/delete")).partial()).await.expect(200);
    assert!(part.body.contains("data-entry-id") && !part.body.contains("data-reply-id"), "{}", part.body);
}

#[tokio::test]
async fn an_entry_that_is_thrown_away_stops_its_reply() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let entry = mira.write("Slowly and at length.").await;
    mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    mira.post(&format!("/entries/{entry}/delete"), &[]).await.expect(303);
    mira.post(&format!("/entries/{entry}/restore"), &[]).await.expect(303);
    assert_eq!(states(&day(&mira).await), ["stopped"]);
}

#[tokio::test]
async fn what_the_model_failed_at_is_not_found() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Please fail.").await;
    ended(&mira, &id).await;
    assert!(day(&mira).await.contains("You wrote 2"), "what was said is kept");
    let found = mira.post("/search", &[("q", "wrote")]).await.expect(200);
    assert!(!found.body.contains(&id), "{}", found.body);
}

#[tokio::test]
async fn a_model_that_repeats_itself_is_cut_before_it_shows() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(2), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly, again and again.").await;
    let seen = mira.get(&format!("/replies/{id}/events")).await.expect(200).body;
    ended(&mira, &id).await;
    let page = day(&mira).await;
    assert_eq!(states(&page), ["complete"]);
    assert_eq!(page.matches("The harbour was quiet").count(), 1, "{page}");
    assert!(page.contains("began to repeat itself and was cut there"));
    assert!(!seen.contains("The The") && seen.matches("data: harbour").count() <= 1, "{seen}");
}

#[tokio::test]
async fn a_model_that_is_switched_off_stops_and_no_control_of_it_is_left() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    let id = ask(&mira, "Slowly and at length.").await;
    mira.post("/settings/model/switch", &[("model", "perhaps")]).await.expect(400);
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    let page = day(&mira).await;
    assert_eq!(states(&page), ["stopped"]);
    for control in ["/retry", "/replies\"", "Ask for a reply", "<model-wait"] {
        assert!(!page.contains(control), "{control}: {page}");
    }
    assert!(mira.get("/settings/model").await.body.contains("data-model=\"off\""));
    let entry = mira.write("Alone.").await;
    mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(503);
    mira.post(&format!("/replies/{id}/retry"), &[]).await.expect(503);
    ask(&jonas, "It answers others.").await;

    // It is a setting of the journal, not of the session.
    mira.post("/logout", &[]).await.expect(303);
    let mira = app.sign_in_again("Mira").await;
    assert!(!day(&mira).await.contains("Ask for a reply"));
    mira.post("/settings/model/switch", &[("model", "on")]).await.expect(303);
    assert!(day(&mira).await.contains("Ask for a reply"));
}

// D02
#[tokio::test]
async fn without_a_model_a_day_says_so_once() {
    let app = TestApp::with(&Options { has_model: false, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    assert!(day(&mira).await.contains("data-model=\"absent\""));
    assert!(!day(&mira).await.contains("data-model=\"absent\""));
}

#[tokio::test]
async fn a_crash_leaves_an_honest_partial_that_can_be_tried_again() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let before = TestApp::over(services_over(Arc::clone(&store))).await;
    before.model_ready().await;
    let mira = before.register("Mira").await;
    let id = ask(&mira, "Slowly and at length.").await;
    // Another process on the same file knows nothing of what ran in the first.
    let after = TestApp::over(services_over(store)).await;
    after.model_ready().await;
    let mira = after.sign_in_again("Mira").await;
    let page = day(&mira).await;
    assert_eq!(states(&page), ["interrupted"]);
    assert!(page.contains("The program stopped before this reply was finished."), "{page}");
    assert!(page.contains(&format!("/replies/{id}/retry")));
}
