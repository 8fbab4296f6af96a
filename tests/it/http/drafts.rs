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

/// Keeps a draft of today as a box does, and answers which one it is.
async fn keep_today(mira: &SignedIn, op: &str, held: &str, text: &str) -> String {
    let fields = [("op", op), ("draft", held), ("text", text)];
    let got = mira.send(Ask::post(&format!("/d/{TODAY}/draft")).partial().fields(&fields)).await;
    got.expect(204).header("x-draft-kept").to_owned()
}

// Two windows that were open before either wrote, and one of them is closed.
#[tokio::test]
async fn what_is_typed_in_one_window_takes_no_other_windows_draft_away() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (one, two) = (fresh_op(), fresh_op());
    let first = keep_today(&mira, &one, "", "The ferry was full").await;
    let second = keep_today(&mira, &two, "", "Call the dentist").await;
    assert_ne!(first, second, "kept in the same millisecond, and yet two");
    let page = day(&mira).await;
    assert!(
        page.contains("Call the dentist") && !page.contains("The ferry") && page.contains("Another draft")
    );
    let way = format!("/d/{TODAY}?write=1&amp;draft={first}");
    assert!(page.contains(&way), "the way to the other one");
    let other = mira.get(&way.replace("&amp;", "&")).await.expect(200).body;
    assert!(other.contains("The ferry was full") && other.contains(&format!("draft={second}")), "{other}");

    // Each goes on in its own, also where an answer was lost on the way, and where one begins as the other does.
    let first = keep_today(&mira, &one, "", "The last ferry was full, again").await;
    let second = keep_today(&mira, &two, &second, "The last ferry was full, again, and late").await;
    let second = keep_today(&mira, &two, &second, "Call the dentist on Monday").await;
    // An empty box takes away only what it held, and so does one whose text was saved.
    keep_today(&mira, &fresh_op(), "", " ").await;
    let saved = [("op", one.as_str()), ("draft", first.as_str()), ("text", "The ferry, at last.")];
    mira.post(&format!("/d/{TODAY}/entries"), &saved).await.expect(303);
    let page = day(&mira).await;
    assert!(page.contains("Call the dentist on Monday") && !page.contains("Another draft"), "{page}");
    keep_today(&mira, &two, &second, "").await;
    assert!(!day(&mira).await.contains("dentist"));
}

#[tokio::test]
async fn a_phone_that_goes_on_and_a_laptop_that_lagged_behind_keep_both_texts() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let laptop = fresh_op();
    let held = keep_today(&mira, &laptop, "", "It rained").await;
    app.clock.advance(1_000);
    let on_phone = keep_today(&mira, &fresh_op(), &held, "It rained, and we stayed in").await;
    app.clock.advance(1_000);
    keep_today(&mira, &laptop, &held, "It rained. Again.").await;
    let page = day(&mira).await;
    assert!(page.contains("It rained. Again.") && page.contains(&format!("draft={on_phone}")), "{page}");
}

#[tokio::test]
async fn a_draft_that_has_no_room_beside_the_others_is_refused_and_takes_none_away() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let long = |n: usize| format!("Window {n} {}", "x".repeat(240 * 1024));
    let mut boxes = Vec::new();
    for n in 0..4 {
        let op = fresh_op();
        boxes.push((keep_today(&mira, &op, "", &long(n)).await, op));
    }
    let (path, text) = (format!("/d/{TODAY}/draft"), long(4));
    let got = mira.send(Ask::post(&path).partial().fields(&[("op", &fresh_op()), ("text", &text)])).await;
    assert!(got.expect(413).body.contains("Other windows hold so much unsaved text"));
    let page = mira.post(&path, &[("op", &fresh_op()), ("text", &text)]).await.expect(413).body;
    assert!(page.contains("Window 4 xxx"), "the text is in the box");
    for (n, (held, op)) in boxes.iter().enumerate() {
        let page = mira.get(&format!("/d/{TODAY}?write=1&draft={held}")).await.expect(200).body;
        assert!(page.contains(&format!("Window {n} xxx")) && page.contains("3 more drafts"));
        keep_today(&mira, op, held, "Short.").await;
        app.clock.advance(1_000);
    }
    keep_today(&mira, &fresh_op(), "", &text).await;
    assert!(day(&mira).await.contains("4 more drafts"));
}

#[tokio::test]
async fn edits_of_one_entry_in_two_windows_are_both_kept_and_offered_one_after_the_other() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text.").await;
    keep(&mira, &id, "1", "Of the window that was closed.").await;
    app.clock.advance(1_000);
    let later = keep(&mira, &id, "1", "Of the one that stayed open.").await;
    assert!(form(&mira, &id).await.contains("that stayed open"));
    let fields = [("revision", "1"), ("text", "Saved, and quite different."), ("draft", later.as_str())];
    mira.post(&format!("/entries/{id}"), &fields).await.expect(303);
    assert!(day(&mira).await.contains("data-edit-draft"));
    let edit = form(&mira, &id).await;
    assert!(edit.contains("that was closed") && edit.contains("quite different"), "{edit}");
}

// The page goes away while a draft of it is on its way, so the text goes once more, naming the same draft before it.
#[tokio::test]
async fn an_edit_that_is_kept_twice_by_one_box_leaves_one_draft() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First text, as it was.").await;
    let op =
        attribute(&form(&mira, &id).await, "name=\"op\"", "value").expect("the box tells itself from others");
    let mut kept = Vec::new();
    for text in ["First words, as it was.", "First words and more, as it was."] {
        let fields = [("op", op.as_str()), ("draft", ""), ("revision", "1"), ("text", text)];
        let got = mira.send(Ask::post(&format!("/entries/{id}/draft")).partial().fields(&fields)).await;
        kept.push(got.expect(204).header("x-draft-kept").to_owned());
    }
    let fields = [("op", &*op), ("draft", &*kept[1]), ("revision", "1"), ("text", "First, and all of it.")];
    mira.post(&format!("/entries/{id}"), &fields).await.expect(303);
    assert!(!day(&mira).await.contains("data-edit-draft"));
}

// What one window cut from an entry is no beginning of what another adds to it.
#[tokio::test]
async fn an_edit_that_makes_an_entry_shorter_outlives_one_that_makes_it_longer() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("First. Second.").await;
    keep(&mira, &id, "1", "First.").await;
    app.clock.advance(1_000);
    let longer = keep(&mira, &id, "1", "First. Second. Third.").await;
    let fields = [("revision", "1"), ("text", "First. Second. Third."), ("draft", longer.as_str())];
    mira.post(&format!("/entries/{id}"), &fields).await.expect(303);
    assert!(day(&mira).await.contains("data-edit-draft"));
}
