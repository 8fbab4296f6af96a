//! Drafts of edits: kept while an entry is edited, offered again, and gone with the text that they became.

use crate::it::common::{Ask, SignedIn, TODAY, TestApp, attribute, fresh_op};

/// Keeps a draft as the box does, and answers which one it is.
async fn keep(mira: &SignedIn, id: &str, revision: &str, text: &str) -> String {
    let fields = [("revision", revision), ("text", text)];
    let got = mira.send(Ask::post(&format!("/entries/{id}/draft")).partial().fields(&fields)).await;
    got.expect(204).header("x-draft-kept").to_owned()
}

async fn day(mira: &SignedIn) -> String {
    mira.get(&format!("/d/{TODAY}")).await.expect(200).body
}

async fn form(mira: &SignedIn, id: &str) -> String {
    mira.get(&format!("/entries/{id}/edit")).await.expect(200).body
}

// proves: RR-29 (an edit)
#[tokio::test]
async fn a_draft_of_an_edit_is_offered_and_leaves_with_the_text_it_became() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text.").await;
    assert!(!day(&mira).await.contains("data-edit-draft"));
    let draft = keep(&mira, &id, "1", "First text, and half a").await;
    let page = day(&mira).await;
    assert!(page.contains("data-edit-draft") && page.contains("First text.") && !page.contains("and half a"));
    let edit = form(&mira, &id).await;
    assert!(edit.contains("First text, and half a") && edit.contains("Draft kept 1"), "{edit}");
    assert_eq!(attribute(&edit, "name=\"draft\"", "value"), Some(draft.clone()));

    // What is saved may differ from the draft in its middle: the form says which draft it was.
    let fields = [("revision", "1"), ("text", "First words, whole."), ("draft", draft.as_str())];
    mira.post(&format!("/entries/{id}"), &fields).await.expect(303);
    assert!(!day(&mira).await.contains("data-edit-draft"));
    assert!(form(&mira, &id).await.contains("First words, whole."));
    // One that arrives after its text was saved is none, and neither is an empty one.
    for late in ["First words, whole.\r\n", "  "] {
        keep(&mira, &id, "1", late).await;
        assert!(!day(&mira).await.contains("data-edit-draft"));
    }
}

#[tokio::test]
async fn a_draft_older_than_its_entry_shows_both_texts_and_overwrites_nothing() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text.").await;
    keep(&mira, &id, "1", "Mine, of yesterday.").await;
    let path = format!("/entries/{id}");
    mira.post(&path, &[("revision", "1"), ("text", "Theirs.")]).await.expect(303);
    let edit = form(&mira, &id).await;
    assert!(edit.contains("Theirs.") && edit.contains("Mine, of yesterday."), "{edit}");
    assert!(edit.contains("was changed"));
    assert_eq!(attribute(&edit, "name=\"revision\"", "value"), Some("2".to_owned()));
    mira.post(&path, &[("revision", "1"), ("text", "Mine, of yesterday.")]).await.expect(409);
    assert!(day(&mira).await.contains("data-edit-draft"), "a refused text is still kept");
    mira.post(&path, &[("revision", "2"), ("text", "Mine, of yesterday.")]).await.expect(303);
    assert!(!day(&mira).await.contains("data-edit-draft"));
    assert!(mira.get(&format!("{path}/versions")).await.expect(200).body.contains("Theirs."));
}

#[tokio::test]
async fn discarding_takes_the_draft_that_was_shown_and_no_later_one() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text.").await;
    let shown = keep(&mira, &id, "1", "Shown.").await;
    app.clock.advance(1_000);
    let later = keep(&mira, &id, "1", "Typed since, elsewhere.").await;
    let path = format!("/entries/{id}/draft/discard");
    let part = mira.send(Ask::post(&path).partial().fields(&[("draft", &shown)])).await.expect(200).body;
    assert!(part.contains("data-edit-draft") && !part.contains("<html"));
    mira.post(&path, &[("draft", &later)]).await.expect(303);
    assert!(!day(&mira).await.contains("data-edit-draft"));
    mira.post(&path, &[]).await.expect(400);
    mira.post(&format!("/entries/{id}/draft"), &[("text", "No revision.")]).await.expect(400);
}

#[tokio::test]
async fn without_scripts_a_draft_of_an_edit_is_a_press_and_a_long_one_stays_in_the_box() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text.").await;
    let path = format!("/entries/{id}/draft");
    let got = mira.post(&path, &[("revision", "1"), ("text", "Half a thought")]).await.expect(303);
    assert_eq!(got.location(), format!("/entries/{id}/edit"));
    assert!(form(&mira, &id).await.contains("Half a thought"));
    let long = "x".repeat(300 * 1024);
    let got = mira.post(&path, &[("revision", "1"), ("text", &long)]).await;
    assert!(got.status == 413 && got.body.contains("xxxxxxxx"), "{}", got.status);
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    mira.post(&path, &[("revision", "1"), ("text", "Too late")]).await.expect(404);
}

// The draft of a day as well: changed in its middle since it was kept, it is still the one that was saved.
#[tokio::test]
async fn a_draft_of_a_day_leaves_with_its_entry_also_when_the_text_was_changed_since() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let path = format!("/d/{TODAY}");
    let ask = Ask::post(&format!("{path}/draft")).partial().fields(&[("text", "Half a thought")]);
    let draft = mira.send(ask).await.expect(204).header("x-draft-kept").to_owned();
    let op = fresh_op();
    let fields = [("op", op.as_str()), ("text", "A whole thought"), ("draft", draft.as_str())];
    mira.post(&format!("{path}/entries"), &fields).await.expect(303);
    assert!(!day(&mira).await.contains("Half a thought"));
}

// D03, D06 (whoever leaves at once)
#[tokio::test]
async fn a_refused_text_is_kept_with_its_refusal() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let long = format!("{}.", "x".repeat(12_000));
    let (path, op) = (format!("/d/{TODAY}/entries"), fresh_op());
    let got = mira.post(&path, &[("op", &op), ("text", &long)]).await.expect(422);
    assert!(got.body.contains("data-kept"), "the box knows");
    // A draft of another tab is not put away for it.
    let other = format!("y{}", "y".repeat(12_000));
    let got_other = mira.post(&path, &[("op", &fresh_op()), ("text", &other)]).await.expect(422);
    assert!(!got_other.body.contains("data-kept") && day(&mira).await.contains(&long));
    let kept = attribute(&got.body, "name=\"draft\"", "value").expect("the box says which draft");
    let page = day(&mira).await;
    assert!(page.contains(&long) && page.contains("Draft kept"), "it is there after a reload");
    // What is refused for holding nothing takes no draft away.
    let got = mira.post(&path, &[("op", &fresh_op()), ("text", " \r\n ")]).await.expect(422);
    assert!(!got.body.contains("data-kept"));
    assert!(day(&mira).await.contains(&long));
    let saved = [("op", op.as_str()), ("text", "Shorter."), ("draft", kept.as_str())];
    mira.post(&path, &saved).await.expect(303);
    assert!(!day(&mira).await.contains(&long), "it went with the text that was saved");
    mira.post("/d/2027-01-01/entries", &[("op", &fresh_op()), ("text", "Too early.")]).await.expect(422);

    let id = mira.write("First text.").await;
    let got = mira.post(&format!("/entries/{id}"), &[("revision", "1"), ("text", &long)]).await.expect(422);
    assert!(got.body.contains("data-kept"));
    let kept = attribute(&got.body, "name=\"draft\"", "value").expect("the box says which draft");
    assert!(form(&mira, &id).await.contains(&long));
    mira.post(&format!("/entries/{id}"), &[("revision", "1"), ("text", "Theirs.")]).await.expect(303);
    let fields = [("revision", "1"), ("text", "Mine."), ("draft", kept.as_str())];
    let part = Ask::post(&format!("/entries/{id}")).partial().fields(&fields);
    assert!(mira.send(part).await.expect(409).body.contains("Draft kept"));
    let edit = form(&mira, &id).await;
    assert!(edit.contains("Theirs.") && edit.contains("Mine.") && edit.contains("was changed"), "{edit}");
}
