//! Search and settings pages.

use crate::it::common::{Ask, TestApp};

#[tokio::test]
async fn an_entry_is_found_by_a_word_and_the_query_is_in_no_address() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("The lighthouse keeper had a quiet day.").await;
    assert!(!mira.get("/search").await.expect(200).body.contains("data-entry-id"));
    let found = mira.post("/search", &[("q", "lighthouse")]).await.expect(200);
    assert!(found.body.contains(&format!("data-entry-id=\"{id}\"")), "{}", found.body);
    assert!(found.body.contains("<mark>lighthouse</mark>"));
    assert!(!found.body.contains("?q="));
    let part = mira.send(Ask::post("/search").partial().fields(&[("q", "lighthouse")])).await.expect(200);
    assert!(part.body.contains("data-entry-id") && !part.body.contains("<html"));
    let nothing = mira.post("/search", &[("q", "  ")]).await.expect(200);
    assert!(!nothing.body.contains("data-entry-id"));
    mira.send(Ask::get("/search?q=lighthouse"))
        .await
        .expect(200)
        .body
        .contains("lighthouse")
        .then(|| panic!("the address is not read"));
}

#[tokio::test]
async fn somebody_elses_entry_is_not_found() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    mira.write("The lighthouse keeper.").await;
    assert!(!jonas.post("/search", &[("q", "lighthouse")]).await.expect(200).body.contains("data-entry-id"));
}

#[tokio::test]
async fn settings_say_where_the_data_is() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.get("/settings/data").await.expect(200);
    mira.get("/settings/model").await.expect(200);
}
