//! What is suggested before anybody types: kept over a restart, and taught by its owner alone.

use std::sync::{Arc, Barrier};

use llamora::store::Store;

use super::{add, offer};
use crate::it::common::{Options, TestApp, restarted};

/// Where the clock stands first.
const NOW: i64 = 1_795_341_600_000;

// W086 (what was found by meaning is sealed with the entry: another start needs no embedder for it)
#[tokio::test]
async fn what_was_found_by_meaning_is_there_again_without_the_embedder() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let first = TestApp::over(restarted(&Options::default(), Arc::clone(&store), NOW)).await;
    let mira = first.register("Mira").await;
    let entry = mira.write("Planted beans in the wide garden.").await;
    let found = loop {
        let (names, _) = offer(&mira, &entry, "").await;
        if !names.is_empty() {
            break names;
        }
        tokio::task::yield_now().await;
    };
    first.state.services.finish().await;

    let embedding = Arc::new(Barrier::new(2));
    let options = Options { embedding: Some(Arc::clone(&embedding)), ..Options::default() };
    let second = TestApp::over(restarted(&options, store, NOW)).await;
    let mira = second.sign_in_again("Mira").await;
    assert_eq!(offer(&mira, &entry, "").await.0, found);
    // Of a text that has changed nothing is known yet.
    let edit = [("text", "Zebras walk."), ("revision", "1")];
    mira.post(&format!("/entries/{entry}"), &edit).await.expect(303);
    assert!(offer(&mira, &entry, "").await.0.is_empty());
    llamora::blocking::db(move || {
        embedding.wait();
    })
    .await
    .expect("it is let through");
}

// F065 (what one person takes and refuses moves the order of nobody else, and is sealed)
#[tokio::test]
async fn taking_and_refusing_teach_the_order_for_their_owner_alone() {
    // Not let through until the end: by words alone the order is known beforehand.
    let embedding = Arc::new(Barrier::new(2));
    let options = Options { embedding: Some(Arc::clone(&embedding)), ..Options::default() };
    let app = TestApp::with(&options).await;
    let text = "Beans! The beans and the peas: beans, and more peas.";
    let (mira, berta) = (app.register("Mira").await, app.register("Berta").await);
    let (one, hers) = (mira.write(text).await, berta.write(text).await);
    assert_eq!(offer(&mira, &one, "").await.0, ["beans", "peas"]);
    mira.post(&format!("/entries/{one}/traces/refuse"), &[("name", "Beans")]).await;
    assert_eq!(offer(&mira, &one, "").await.0, ["peas"]);
    assert_eq!(offer(&berta, &hers, "").await.0, ["beans", "peas"], "hers are as they were");
    let mira = app.sign_in_again("Mira").await;
    let two = mira.write(text).await;
    assert_eq!(offer(&mira, &two, "").await.0, ["peas"], "it is remembered, for other entries too");

    // Attached all the same it is wanted again; what is taken often comes first.
    add(&mira, &two, "beans").await;
    let three = mira.write("Peas, peas and peas; beans and beans.").await;
    assert!(offer(&mira, &three, "").await.0.contains(&"beans".to_owned()));
    llamora::blocking::db(move || {
        embedding.wait();
    })
    .await
    .expect("it is let through");
}

// F062, F066 (a suggested name is spelt as its writer spells it, one in use as its trace is called)
#[tokio::test]
async fn a_suggested_name_keeps_its_capitals_and_a_trace_of_that_name_its_own() {
    let embedding = Arc::new(Barrier::new(2));
    let options = Options { embedding: Some(Arc::clone(&embedding)), ..Options::default() };
    let app = TestApp::with(&options).await;
    let mira = app.register("Mira").await;
    let text = "We met Jonas by the harbour, and later Jonas and McEwan in the harbour.";
    let one = mira.write(text).await;
    assert_eq!(offer(&mira, &one, "").await.0, ["Jonas", "McEwan", "harbour"]);
    let other = mira.write("An older page.").await;
    add(&mira, &other, "jonas").await;
    let (names, _) = offer(&mira, &one, "").await;
    assert!(names.contains(&"jonas".to_owned()) && !names.contains(&"Jonas".to_owned()), "{names:?}");
    add(&mira, &one, "Jonas").await;
    assert_eq!(super::names(&mira, &one).await, ["jonas"]);
    add(&mira, &one, "McEwan").await;
    assert_eq!(super::names(&mira, &one).await, ["jonas", "McEwan"]);
    llamora::blocking::db(move || {
        embedding.wait();
    })
    .await
    .expect("it is let through");
}
