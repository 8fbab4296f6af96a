//! Asking, following, stopping.

use std::{
    sync::{Arc, Barrier},
    time::Duration,
};

use futures_util::StreamExt;
use llamora::web::sse;

use crate::it::common::{Ask, Options, SignedIn, TODAY, TestApp};

mod again;
mod line;

struct Event {
    id: u64,
    name: String,
    data: String,
}

/// Reads events as WHATWG HTML 9.2.6 says.
fn events(stream: &str) -> Vec<Event> {
    stream
        .split("\n\n")
        .filter(|block| block.contains("event:"))
        .map(|block| {
            let field = |name: &str| -> Vec<&str> {
                block.lines().filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect()
            };
            Event {
                id: field("id")[0].parse().expect("a number"),
                name: field("event")[0].to_owned(),
                data: block
                    .lines()
                    .filter_map(|line| line.strip_prefix("data: "))
                    .collect::<Vec<_>>()
                    .join("\n"),
            }
        })
        .collect()
}

async fn ask(mira: &SignedIn, text: &str) -> String {
    let entry = mira.write(text).await;
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    got.location().strip_prefix(&format!("/d/{TODAY}#reply-")).expect("a way to the reply").to_owned()
}

/// Waits for the end of a reply.
async fn ended(mira: &SignedIn, id: &str) {
    mira.get(&format!("/replies/{id}/events")).await.expect(200);
}

fn words(events: &[Event]) -> String {
    events.iter().filter(|event| event.name == "token").map(|event| event.data.as_str()).collect()
}

// D09 (a reply, live and stored)
#[tokio::test]
async fn a_reply_streams_its_words_and_ends_with_its_html() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    // A reply that is over answers its last event only, so this one must still run when it is followed.
    let id = ask(&mira, "Slowly, the lighthouse.").await;
    let got = mira.get(&format!("/replies/{id}/events")).await.expect(200);
    assert!(got.header("content-type").starts_with("text/event-stream"));
    assert_eq!(got.header("cache-control"), "no-store");
    let events = events(&got.body);
    let (last, before) = events.split_last().expect("events");
    assert_eq!(last.name, "done");
    assert!(last.data.contains("<strong>lighthouse</strong>"), "{}", last.data);
    let text: String =
        before.iter().filter(|event| event.name == "token").map(|event| event.data.as_str()).collect();
    assert!(text.contains("**lighthouse**"), "{text}");
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "ids rise");

    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert!(
        day.body.contains(&format!("data-reply-id=\"{id}\"")) && day.body.contains("data-state=\"complete\"")
    );
    let part = mira.send(Ask::get(&format!("/replies/{id}")).partial()).await.expect(200);
    assert!(part.body.contains("<strong>lighthouse</strong>") && !part.body.contains("<html"));
    assert_eq!(
        mira.get(&format!("/replies/{id}")).await.expect(303).location(),
        format!("/d/{TODAY}#reply-{id}")
    );
}

#[tokio::test]
async fn following_goes_on_after_the_last_event_without_loss_or_repetition() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(20), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly, the lighthouse.").await;
    let path = format!("/replies/{id}/events");
    // The first connection breaks after a few events.
    let mut body = mira.open(Ask::get(&path)).await.into_body().into_bytes_stream();
    let mut seen = String::new();
    while events(&seen).iter().filter(|event| event.name == "token").count() < 3 {
        seen.push_str(std::str::from_utf8(&body.next().await.expect("more").expect("bytes")).expect("UTF-8"));
    }
    drop(body);
    let first = events(&seen);
    let last = first.last().expect("an event").id;
    let with_query = format!("{path}?after={last}");
    let (header, query) = tokio::join!(
        mira.send(Ask::get(&path).header("last-event-id", &last.to_string())),
        mira.get(&with_query),
    );
    for rest in [header, query] {
        let rest = events(&rest.body);
        assert!(rest.iter().all(|event| event.id > last), "nothing is repeated");
        let tokens = first.iter().chain(&rest).filter(|event| event.name == "token");
        let text: String = tokens.map(|event| event.data.as_str()).collect();
        assert!(text.starts_with("You wrote 3 words") && text.ends_with("from now?"), "{text}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_every_event_loses_and_repeats_nothing_beside_another_tab() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(20), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let tab = app.sign_in_again("Mira").await;
    let id = ask(&mira, "Slowly, the lighthouse & <b>its</b> keeper.").await;
    let path = format!("/replies/{id}/events");
    let broken = async {
        let mut seen: Vec<Event> = Vec::new();
        loop {
            let last = seen.last().map_or(0, |event| event.id);
            let resumed = Ask::get(&path).header("last-event-id", &last.to_string());
            let mut body = mira.open(resumed).await.into_body().into_bytes_stream();
            let mut text = String::new();
            while events(&text).is_empty() || !text.ends_with("\n\n") {
                let Some(bytes) = body.next().await else { break };
                text.push_str(std::str::from_utf8(&bytes.expect("bytes")).expect("UTF-8"));
            }
            // Only the first event counts as seen; the rest comes again.
            let event = events(&text).into_iter().next().expect("an event");
            assert_eq!(event.id, last + 1);
            let is_last = event.name == "done";
            seen.push(event);
            if is_last {
                return seen;
            }
        }
    };
    let (broken, whole) = tokio::join!(broken, tab.get(&path));
    let whole = events(&whole.expect(200).body);
    assert_eq!(words(&broken), words(&whole));
    assert!(words(&whole).ends_with("from now?"));
    assert_eq!(broken.last().map(|event| &event.data), whole.last().map(|event| &event.data));

    // A page that comes back after the end gets what it has not seen, from any event on.
    for (seen, event) in whole.iter().enumerate() {
        let last = event.id.to_string();
        let rest = mira.send(Ask::get(&path).header("last-event-id", &last)).await.expect(200);
        let rest = events(&rest.body);
        assert_eq!(words(&whole[..=seen]) + &words(&rest), words(&whole), "after event {last}");
        assert_eq!(rest.last().map(|event| event.name.as_str()), Some("done"));
    }
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert_eq!(page.body.matches("data-reply-id").count(), 1, "one generation");
}

#[tokio::test]
async fn stopping_keeps_what_is_there() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly and at length.").await;
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert!(day.body.contains("http-equiv=\"refresh\""), "without scripts the page refreshes itself");
    assert!(!day.body.contains("name=\"text\""), "and has no box to lose text from");
    assert!(day.body.contains(&format!("/d/{TODAY}?write=1")));
    let write = mira.get(&format!("/d/{TODAY}?write=1")).await.expect(200);
    assert!(!write.body.contains("http-equiv=\"refresh\"") && write.body.contains("name=\"text\""));

    assert_eq!(
        mira.post(&format!("/replies/{id}/stop"), &[]).await.expect(303).location(),
        format!("/d/{TODAY}#reply-{id}")
    );
    assert!(mira.get(&format!("/d/{TODAY}")).await.body.contains("data-state=\"stopped\""));
    let after = mira.get(&format!("/replies/{id}/events")).await.expect(200);
    assert!(after.body.contains("event: done"), "a late follower is told at once");
}

#[tokio::test]
async fn a_failing_model_says_so_and_the_entry_stays() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Please fail.").await;
    let got = mira.get(&format!("/replies/{id}/events")).await.expect(200);
    assert_eq!(events(&got.body).last().expect("an event").name, "failed");
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200);
    assert!(day.body.contains("data-state=\"failed\"") && day.body.contains("Please fail."));
}

#[tokio::test]
async fn while_the_model_loads_the_button_says_so_and_cannot_be_pressed() {
    let loading = Arc::new(Barrier::new(2));
    let app = TestApp::with(&Options { loading: Some(Arc::clone(&loading)), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = mira.write("Is anybody there?").await;
    let page = mira.get(&format!("/entries/{id}")).await.expect(200);
    let button = "disabled data-when-ready=\"Ask for a reply\">The model is loading</button>";
    assert!(page.body.contains(button), "{}", page.body);
    mira.post(&format!("/entries/{id}/replies"), &[]).await.expect(503);
    loading.wait();
    app.model_ready().await;
    let page = mira.get(&format!("/entries/{id}")).await.expect(200);
    assert!(page.body.contains(">Ask for a reply</button>") && !page.body.contains("data-when-ready"));
}

// D02
#[tokio::test]
async fn without_a_model_nothing_can_be_asked_and_writing_goes_on() {
    let app = TestApp::with(&Options { has_model: false, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let entry = mira.write("Alone.").await;
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(page.contains("Alone.") && page.contains(&format!("entry-{entry}")), "it was saved: {page}");
    assert!(
        !page.contains("/replies\"") && page.contains("There is no model"),
        "no button, and a sentence: {page}"
    );
    let refused = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(503).body;
    assert!(refused.contains("no model"), "{refused}");
}

// proves: SR-42
#[tokio::test]
async fn streams_are_limited_per_session_and_freed() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let path = format!("/replies/{}/events", ask(&mira, "Slowly and at length.").await);
    let mut open = Vec::new();
    for _ in 0..sse::MAX_PER_SESSION {
        let response = mira.open(Ask::get(&path)).await;
        assert_eq!(response.status().as_u16(), 200);
        open.push(response);
    }
    let refused = mira.get(&path).await.expect(503);
    assert!(!refused.header("retry-after").is_empty());
    drop(open);
    assert_eq!(mira.open(Ask::get(&path)).await.status().as_u16(), 200);
}

// proves: SR-12
#[tokio::test]
async fn a_stream_ends_when_its_session_ends() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let path = format!("/replies/{}/events", ask(&mira, "Slowly and at length.").await);
    let mut body = mira.open(Ask::get(&path)).await.into_body().into_bytes_stream();
    body.next().await.expect("the stream began").expect("bytes");
    mira.post("/logout", &[]).await.expect(303);
    let rest = async { while body.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(1), rest).await.expect("the stream ended");
}

/// D07: an entry that is deleted while its reply streams leaves nothing behind.
#[tokio::test]
async fn deleting_an_entry_ends_its_reply_and_leaves_no_orphan() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let id = ask(&mira, "Slowly, the lighthouse.").await;
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    let entry = crate::it::common::attribute(&page, "class=\"entry", "data-entry-id").expect("its entry");
    mira.post(&format!("/entries/{entry}/delete"), &[]).await.expect(303);
    // The stream ends, and nothing of the reply is on the day, by itself, or found.
    tokio::time::timeout(Duration::from_secs(20), async {
        while mira.get(&format!("/replies/{id}/events")).await.status == 200
            && mira.get(&format!("/replies/{id}")).await.status == 200
        {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it ends");
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(!page.contains(&id) && !page.contains("lighthouse"), "{page}");
    // It comes back with its entry, as far as it was, and is over.
    mira.post(&format!("/entries/{entry}/restore"), &[]).await.expect(303);
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(page.contains("lighthouse") && !page.contains("data-state=\"streaming\""), "{page}");
}
