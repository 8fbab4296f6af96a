//! Waiting in line: turns, places, refusals, and stopping before the first word.

use std::{sync::Mutex, time::Duration};

use crate::it::common::{Options, SignedIn, TODAY, TestApp};

use super::{ask, ended};

fn slow(millis: u64) -> Options {
    Options { pause: Duration::from_millis(millis), ..Options::default() }
}

async fn state(mira: &SignedIn, id: &str) -> String {
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    let part = page.split(&format!("data-reply-id=\"{id}\" data-state=\"")).nth(1).expect("the reply");
    part[..part.find('"').expect("a quote")].to_owned()
}

#[tokio::test]
async fn two_people_with_three_requests_each_are_answered_in_turn_and_know_their_place() {
    let app = TestApp::with(&slow(60)).await;
    let (mira, jonas) = (app.register("Mira").await, app.register("Jonas").await);
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(("Mira", ask(&mira, &format!("Slowly, lighthouse {n}.")).await));
    }
    for n in 0..3 {
        ids.push(("Jonas", ask(&jonas, &format!("Slowly, harbour {n}.")).await));
    }
    let places = |page: &str| -> Vec<String> {
        let after = page.split("Waiting, number ").skip(1);
        after.map(|part| part.split(' ').next().expect("a number").to_owned()).collect()
    };
    assert_eq!(places(&mira.get(&format!("/d/{TODAY}")).await.body), ["2", "4"]);
    assert_eq!(places(&jonas.get(&format!("/d/{TODAY}")).await.body), ["1", "3", "5"]);

    let order = Mutex::new(Vec::new());
    let follow = ids.iter().map(|(name, id)| {
        let (browser, order) = (if *name == "Mira" { &mira } else { &jonas }, &order);
        async move {
            let got = browser.get(&format!("/replies/{id}/events")).await.expect(200);
            order.lock().expect("unpoisoned").push(*name);
            assert!(got.body.contains("event: position") && got.body.contains("event: done"), "{}", got.body);
        }
    });
    futures_util::future::join_all(follow).await;
    let order = order.into_inner().expect("unpoisoned");
    assert_eq!(order, ["Mira", "Jonas", "Mira", "Jonas", "Mira", "Jonas"]);
}

#[tokio::test]
async fn a_full_line_is_refused_with_a_sentence_and_leaves_nothing_behind() {
    let app = TestApp::with(&slow(300)).await;
    let mira = app.register("Mira").await;
    let first = ask(&mira, "Slowly and at length.").await;
    for n in 0..4 {
        ask(&mira, &format!("Slowly, {n}.")).await;
    }
    let entry = mira.write("One too many.").await;
    let refused = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(503);
    assert_eq!(refused.header("retry-after"), "20");
    assert!(refused.body.contains("ask again in about 20 seconds"), "{}", refused.body);
    assert!(refused.body.contains("<retry-countdown data-seconds=\"20\">"));
    let alone = mira.get(&format!("/entries/{entry}")).await.expect(200).body;
    assert!(!alone.contains("data-reply-id") && alone.contains("One too many."));
    assert!(["reading", "streaming"].contains(&state(&mira, &first).await.as_str()));
}

#[tokio::test]
async fn stopping_works_in_line_before_the_first_word_and_in_the_middle() {
    let app = TestApp::with(&slow(3000)).await;
    let mira = app.register("Mira").await;
    let reading = ask(&mira, "Slowly and at length.").await;
    let queued = ask(&mira, "Slowly, too.").await;
    assert_eq!(state(&mira, &queued).await, "queued");
    mira.post(&format!("/replies/{queued}/stop"), &[]).await.expect(303);
    assert_eq!(state(&mira, &queued).await, "stopped");
    assert_eq!(state(&mira, &reading).await, "reading");
    mira.post(&format!("/replies/{reading}/stop"), &[]).await.expect(303);
    assert_eq!(state(&mira, &reading).await, "stopped");

    let streaming = ask(&mira, "Slowly, a third.").await;
    while state(&mira, &streaming).await != "streaming" {
        tokio::task::yield_now().await;
    }
    mira.post(&format!("/replies/{streaming}/stop"), &[]).await.expect(303);
    assert_eq!(state(&mira, &streaming).await, "stopped");
    let page = mira.get(&format!("/d/{TODAY}")).await.body;
    assert!(page.contains("You"), "what was said is kept");
    ended(&mira, &streaming).await;
}
