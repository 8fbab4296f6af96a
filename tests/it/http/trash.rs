//! The trash: what is listed, put back, removed by hand and after thirty days; versions survive it.

use std::time::Duration;

use crate::it::common::{Ask, PASSWORD, SignedIn, TODAY, TestApp, attribute, fresh_op};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn trashed(mira: &SignedIn, text: &str) -> String {
    let id = mira.write(text).await;
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    id
}

/// Background work has its own time: asks until the trash reads so.
async fn until_the_trash_says(mira: &SignedIn, words: &str) {
    let looks = async {
        while !mira.get("/trash").await.expect(200).body.contains(words) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looks).await.expect("the trash changes in time");
}

#[tokio::test]
async fn what_is_deleted_is_listed_newest_first_and_put_back_on_its_day() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    assert!(mira.get("/trash").await.expect(200).body.contains("The trash is empty."));
    let first = trashed(&mira, "First & <b>bold</b>.").await;
    app.clock.advance(60_000);
    let second = trashed(&mira, "Line one\n\nline two\nline three\nline four").await;
    let page = mira.get("/trash").await.expect(200).body;
    let place = |id: &str| page.find(&format!("id=\"trash-{id}\"")).expect("listed");
    assert!(place(&second) < place(&first), "newest first");
    assert!(page.contains("First &amp; &lt;b&gt;bold"), "first lines, escaped");
    assert!(page.contains("22 November 2026") && page.contains("30 days left."));
    assert_eq!(page.matches("line four").count(), 1, "only in the whole text");
    let got = mira.post(&format!("/entries/{second}/restore"), &[]).await.expect(303);
    assert_eq!(got.location(), format!("/d/{TODAY}#entry-{second}"));
    assert!(mira.get(&format!("/d/{TODAY}")).await.body.contains("line four"));
    let page = mira.get("/trash").await.body;
    assert!(!page.contains(&second) && page.contains("One entry lies here"));
}

// D08
#[tokio::test]
async fn what_is_put_back_has_its_traces_its_reply_and_is_found_again() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("The lighthouse keeper had a quiet day.").await;
    mira.post(&format!("/entries/{id}/traces"), &[("name", "harbour")]).await.expect(303);
    let asked = mira.post(&format!("/entries/{id}/replies"), &[]).await.expect(303);
    let reply = asked.location().split_once("#reply-").expect("a reply").1.to_owned();
    mira.get(&format!("/replies/{reply}/events")).await.expect(200);
    let day = async || mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    let found = async || mira.post("/search", &[("q", "lighthouse")]).await.expect(200).body.contains(&id);
    let traces = async || mira.get("/traces").await.expect(200).body.contains("harbour");
    assert!(found().await && traces().await && day().await.contains(&format!("id=\"reply-{reply}\"")));
    for _ in 0..2 {
        mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
        assert!(!found().await && !traces().await);
        let page = day().await;
        assert!(!page.contains(&id) || !page.contains("quiet day"), "only the way back is left");
        mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(303);
        let page = day().await;
        assert!(page.contains("quiet day") && page.contains("harbour"));
        assert!(page.contains(&format!("id=\"reply-{reply}\"")) && page.contains("data-state=\"complete\""));
        assert!(found().await && traces().await);
    }
}

#[tokio::test]
async fn the_way_to_the_trash_is_where_things_are_moved_there() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Gone.").await;
    let part = mira.send(Ask::post(&format!("/entries/{id}/delete")).partial()).await.expect(200);
    assert!(part.body.contains("href=\"/trash\""));
    mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(303);
    let to = mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303).location().to_owned();
    assert!(mira.get(&to).await.expect(200).body.contains("href=\"/trash\""));
    assert!(mira.get("/settings/data").await.expect(200).body.contains("href=\"/trash\""));
}

#[tokio::test]
async fn one_entry_is_removed_for_ever_and_only_from_the_trash() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("For ever?").await;
    mira.post(&format!("/entries/{id}/purge"), &[]).await.expect(404);
    mira.get(&format!("/entries/{id}")).await.expect(200);
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    let asks = mira.get("/trash").await.body;
    assert!(asks.contains("It cannot be brought back."), "it asks first");
    let got = mira.post(&format!("/entries/{id}/purge"), &[("page", "1")]).await.expect(303);
    assert!(mira.get(got.location()).await.body.contains("It was removed for ever."));
    mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(404);
    mira.post(&format!("/entries/{id}/purge"), &[]).await.expect(404);
}

#[tokio::test]
async fn emptying_removes_what_the_page_showed_and_nothing_that_came_later() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for n in 0..40 {
        trashed(&mira, &format!("Old {n}. {}", "words ".repeat(600))).await;
    }
    let page = mira.get("/trash").await.body;
    let until = attribute(&page, "name=\"until\"", "value").expect("the form says up to when");
    app.clock.advance(1);
    let later = trashed(&mira, "Came later.").await;
    mira.post("/trash/empty", &[]).await.expect(400);
    let before = app.state.services.about().file_bytes;
    mira.post("/trash/empty", &[("until", &until)]).await.expect(303);
    let page = mira.get("/trash").await.body;
    assert!(page.contains(&later) && page.contains("One entry lies here"));
    assert!(app.state.services.about().file_bytes < before, "the file was compacted");
    mira.post(&format!("/entries/{later}/restore"), &[]).await.expect(303);
    mira.post("/trash/empty", &[("until", "9223372036854775807")]).await.expect(303);
    mira.get(&format!("/entries/{later}")).await.expect(200);
}

#[tokio::test]
async fn fifty_stand_on_a_page() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for n in 0..51 {
        trashed(&mira, &format!("Number {n}.")).await;
        app.clock.advance(1);
    }
    let first = mira.get("/trash").await.expect(200).body;
    assert!(first.contains("Number 50.") && !first.contains("Number 0."));
    assert!(first.contains("Page 1 of 2") && first.contains("/trash?page=2"));
    for page in ["2", "77"] {
        let last = mira.get(&format!("/trash?page={page}")).await.expect(200).body;
        assert!(last.contains("Number 0.") && !last.contains("Number 50."), "{page}");
    }
    mira.get("/trash?page=-1").await.expect(200);
}

#[tokio::test]
async fn after_thirty_days_it_is_removed_at_sign_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let old = trashed(&mira, "Thirty days ago.").await;
    app.clock.advance(HOUR);
    let younger = trashed(&mira, "An hour later.").await;
    app.clock.advance(30 * DAY - HOUR);
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    until_the_trash_says(&mira, "One entry lies here").await;
    mira.post(&format!("/entries/{old}/restore"), &[]).await.expect(404);
    mira.post(&format!("/entries/{younger}/restore"), &[]).await.expect(303);
}

#[tokio::test]
async fn after_thirty_days_it_is_removed_while_signed_in_once_a_day() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    trashed(&mira, "Almost thirty days ago.").await;
    app.clock.advance(30 * DAY - 10 * HOUR);
    mira.get("/login").await.expect(200);
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    for _ in 0..3 {
        app.clock.advance(7 * HOUR);
        app.state.services.tend_all();
        assert!(mira.get("/trash").await.expect(200).body.contains("One entry lies here"));
    }
    app.clock.advance(3 * HOUR);
    app.state.services.tend_all();
    until_the_trash_says(&mira, "The trash is empty.").await;
}

#[tokio::test]
async fn a_form_sent_again_after_its_entry_was_deleted_makes_no_other() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (op, path) = (fresh_op(), format!("/d/{TODAY}/entries"));
    let fields = [("op", op.as_str()), ("text", "Sent twice.")];
    let got = mira.post(&path, &fields).await.expect(303);
    let id = got.location().split_once("#entry-").expect("a way to the entry").1.to_owned();
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    for _ in 0..3 {
        let again = mira.post(&path, &fields).await.expect(303);
        assert_eq!(again.location(), format!("/d/{TODAY}?deleted={id}"));
        let day = mira.get(again.location()).await.expect(200).body;
        assert!(!day.contains("Sent twice.") && day.contains(&format!("/entries/{id}/restore")));
        let part = mira.send(Ask::post(&path).partial().fields(&fields)).await.expect(200);
        assert!(part.body.contains(&format!("/entries/{id}/restore")) && !part.body.contains("Sent twice."));
    }
    assert!(mira.get("/trash").await.body.contains("One entry lies here"));
    mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(303);
    assert_eq!(mira.get(&format!("/d/{TODAY}")).await.body.matches("Sent twice.").count(), 1);
}

#[tokio::test]
async fn versions_show_what_changed_and_come_back_from_the_trash() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("We swam in the cold lake.").await;
    let path = format!("/entries/{id}");
    assert!(mira.get(&format!("{path}/versions")).await.expect(200).body.contains("never changed"));
    for (revision, text) in
        [("1", "We swam in the icy river."), ("2", "We swam in the icy river & <i>back</i>.")]
    {
        mira.post(&path, &[("revision", revision), ("text", text)]).await.expect(303);
    }
    let shown = mira.get(&format!("{path}/versions")).await.expect(200).body;
    assert!(
        shown.contains("removed: </span>cold lake.</del>")
            && shown.contains("added: </span>icy river.</ins>")
    );
    assert!(shown.contains("&lt;i&gt;back") && !shown.contains("<i>back"), "what was added is escaped");
    assert_eq!(shown.matches("/restore\"").count(), 2, "the current text is not brought back");

    mira.post(&format!("{path}/delete"), &[]).await.expect(303);
    mira.get(&format!("{path}/versions")).await.expect(404);
    mira.post(&format!("{path}/versions/1/restore"), &[]).await.expect(404);
    mira.post(&format!("{path}/restore"), &[]).await.expect(303);
    assert_eq!(mira.get(&format!("{path}/versions")).await.expect(200).body.matches("/restore\"").count(), 2);

    mira.post(&format!("{path}/versions/1/restore"), &[]).await.expect(303);
    assert!(mira.get(&path).await.body.contains("cold lake."));
    mira.post(&format!("{path}/versions/3/restore"), &[]).await.expect(303);
    assert!(
        mira.get(&path).await.body.contains("&lt;i&gt;back")
            || mira.get(&path).await.body.contains("icy river")
    );
    let shown = mira.get(&format!("{path}/versions")).await.body;
    assert_eq!(shown.matches("/restore\"").count(), 4, "bringing back is a change like any other");
    mira.post(&format!("{path}/versions/3/restore"), &[]).await.expect(303);
    let again = mira.get(&format!("{path}/versions")).await.body;
    assert_eq!(again.matches("/restore\"").count(), 4, "what stands there already is no change");
}

#[tokio::test]
async fn the_last_two_hundred_earlier_texts_are_kept() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Text 1.").await;
    let path = format!("/entries/{id}");
    for revision in 1..=203 {
        let (text, revision) = (format!("Text {}.", revision + 1), revision.to_string());
        mira.post(&path, &[("revision", &revision), ("text", &text)]).await.expect(303);
    }
    mira.post(&format!("{path}/versions/3/restore"), &[]).await.expect(404);
    let last = mira.get(&format!("{path}/versions?page=99")).await.expect(200).body;
    assert!(
        last.contains("Page 11 of 11")
            && last.contains("id=\"version-4\"")
            && !last.contains("id=\"version-3\"")
    );
    mira.post(&format!("{path}/versions/4/restore"), &[]).await.expect(303);
    assert!(mira.get(&path).await.body.contains("Text 4."));
}
