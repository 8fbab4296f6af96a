//! Asking the journal: answers of what was written, each with its day, or none.

mod citations;

use std::time::Duration;

use llamora::config::manifest::Ability;

use crate::it::common::{Ask, Options, SignedIn, TODAY, TestApp, fresh_op};

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

/// The place of an answer.
async fn place(mira: &SignedIn, question: &str) -> String {
    mira.post("/ask", &[("q", question)]).await.expect(303).location().to_owned()
}

async fn ask(mira: &SignedIn, question: &str) -> String {
    mira.get(&place(mira, question).await).await.expect(200).body
}

/// The answer once the index has taken what was written, which it does in the background.
async fn answered(mira: &SignedIn, question: &str) -> String {
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let page = ask(mira, question).await;
            if !page.contains("data-answer=\"nothing\"") && !page.contains("still to be read") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("it is answered")
}

async fn filled(ability: Ability) -> (TestApp, SignedIn, String) {
    let app = TestApp::with(&Options { ability, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let boiler =
        write_on(&mira, "2026-02-03", "The boiler of the heating broke and the plumber Lechner came.").await;
    write_on(&mira, "2025-06-01", "Strawberries and a long swim in the lake with Ana & Jonas, 5 < 7.").await;
    write_on(&mira, TODAY, "A quiet page.").await;
    (app, mira, boiler)
}

#[tokio::test]
async fn an_answer_is_what_was_written_with_the_way_to_its_day() {
    let (_app, mira, boiler) = filled(Ability::Taste).await;
    let page = answered(&mira, "Which boiler of the heating broke?").await;
    assert!(page.contains("data-answer=\"own\"") && page.contains("plumber Lechner came"), "{page}");
    assert!(
        page.contains(&format!("/d/2026-02-03#entry-{boiler}")) && page.contains("3 February 2026"),
        "{page}"
    );
    assert!(page.contains("In your own words") && !page.contains("Strawberries"), "{page}");
    let day = mira.get("/d/2026-02-03").await.expect(200).body;
    assert!(day.contains(&format!("entry-{boiler}")) && day.contains("plumber Lechner came"));
    let page = answered(&mira, "When was the long swim in the lake with strawberries?").await;
    assert!(page.contains("Ana &amp; Jonas, 5 &lt; 7"), "{page}");
}

#[tokio::test]
async fn what_nothing_answers_is_not_answered() {
    let (_app, mira, _) = filled(Ability::Taste).await;
    answered(&mira, "Which boiler of the heating broke?").await;
    for question in [
        "Who won the chess tournament?",
        "Which boiler of the heating broke in 1994?",
        "Which boiler of the heating broke when Gwenllian came?",
    ] {
        let page = ask(&mira, question).await;
        assert!(
            page.contains("data-answer=\"nothing\"") && page.contains("I find nothing about that."),
            "{page}"
        );
        assert!(!page.contains("Lechner"), "{question}: {page}");
    }
}

#[tokio::test]
async fn a_question_is_in_no_address_and_is_not_kept() {
    let (_app, mira, _) = filled(Ability::Taste).await;
    let place = place(&mira, "Where is the canary?").await;
    assert!(place.starts_with("/ask/") && !place.contains("canary"), "{place}");
    let page = mira.get(&place).await.expect(200).body;
    assert!(
        page.contains("value=\"Where is the canary?\"") && page.contains("<title>Llamora \u{b7} Ask</title>"),
        "{page}"
    );
    assert!(!mira.get("/search").await.expect(200).body.contains("canary"), "not among recent searches");
    assert_eq!(mira.get("/ask/99").await.expect(303).location(), "/ask");
    mira.get("/ask/x").await.expect(404);
    let empty = mira.post("/ask", &[("q", "  ")]).await.expect(422).body;
    assert!(empty.contains("Write a question first."), "{empty}");
    let long = "long ".repeat(80);
    let page = mira.post("/ask", &[("q", &long)]).await.expect(422).body;
    assert!(page.contains("may have 300 characters") && page.contains("long long"), "{page}");
}

#[tokio::test]
async fn with_the_model_off_passages_are_shown_and_nothing_is_said() {
    let (_app, mira, boiler) = filled(Ability::Able).await;
    answered(&mira, "Which boiler of the heating broke?").await;
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    let page = ask(&mira, "Which boiler of the heating broke?").await;
    assert!(
        page.contains("data-answer=\"passages\"") && page.contains(&format!("#entry-{boiler}")),
        "{page}"
    );
    assert!(!page.contains("you wrote:") && !page.contains("put it into words"), "{page}");
    assert!(page.contains("The model is switched off"), "{page}");
    assert!(!mira.get("/search").await.expect(200).body.contains("/ask"), "nothing leads there");
    let page = ask(&mira, "zzyzx").await;
    assert!(page.contains("I find nothing about that."), "{page}");
}

// proves: SR-47 (answers hold nothing that the entries do not)
#[tokio::test]
async fn a_capable_model_words_an_answer_of_which_only_what_rests_on_it_is_shown() {
    let (_app, mira, boiler) = filled(Ability::Able).await;
    answered(&mira, "Which boiler of the heating broke?").await;
    let words = async |question: &str| {
        let place = place(&mira, question).await;
        mira.post(&format!("{place}/words"), &[]).await.expect(200).body
    };
    let page = ask(&mira, "Boiler heating broke plumber?").await;
    assert!(page.contains("Let Scripted put it into words"), "{page}");
    let page = words("Boiler heating broke plumber?").await;
    assert!(page.contains("data-answer=\"model\"") && page.contains("Put into words by Scripted"), "{page}");
    assert!(page.contains(&format!("/d/2026-02-03#entry-{boiler}")), "{page}");
    // What it invents is dropped, and the writer's own words stay.
    write_on(&mira, "2026-02-04", "Please invent no other boiler of the heating, the plumber said.").await;
    let question = "Which boiler of the heating did he please invent?";
    answered(&mira, question).await;
    let page = words(question).await;
    assert!(page.contains("data-answer=\"own\"") && page.contains("rests on your entries"), "{page}");
    assert!(!page.contains("Zebedee"), "{page}");
}

#[tokio::test]
async fn the_search_leads_to_it_for_a_question() {
    let (_app, mira, _) = filled(Ability::Taste).await;
    assert!(mira.get("/search").await.expect(200).body.contains("href=\"/ask\""));
    let search = async |q: &str| mira.send(Ask::post("/search").fields(&[("q", q)])).await.expect(200).body;
    assert!(search("Which boiler broke?").await.contains("href=\"/ask/"));
    assert!(!search("boiler").await.contains("href=\"/ask/"));
}

#[tokio::test]
async fn only_words_are_needed_while_there_is_no_embedder_yet() {
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
    let app = TestApp::with(&Options { embedding: Some(barrier.clone()), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-02-03", "The boiler broke and the plumber Lechner came.").await;
    let page = ask(&mira, "Which boiler broke?").await;
    assert!(page.contains("data-answer=\"own\"") && page.contains("Only words were searched"), "{page}");
    barrier.wait();
}
