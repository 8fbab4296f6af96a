//! The page about models: fetched in two tries, changed without a restart, measured, by the owner and nobody else.

mod files;

use std::{fs, future::poll_fn, path::Path, pin::pin, sync::Arc, task::Poll, time::Duration};

use llamora::{
    config::{Changers, manifest::Ability},
    journal::ids::EntryId,
    llm::gguf::sample::good_file,
};
use tempfile::TempDir;

use crate::it::common::{Options, PASSWORD, SignedIn, TODAY, TestApp};

const PAGE: &str = "/settings/model";
/// The password typed again, for what names a path or an address.
const TYPED: (&str, &str) = ("current_password", PASSWORD);

/// An application whose folder of models holds these.
async fn app(files: &[&str]) -> (TestApp, TempDir) {
    app_with(files, Options::default()).await
}

async fn app_with(files: &[&str], options: Options) -> (TestApp, TempDir) {
    let data = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(data.path().join("shelf")).expect("a folder");
    for file in files {
        fs::write(data.path().join("shelf").join(file), good_file(2_000)).expect("written");
    }
    let app = TestApp::with(&Options { models: Some(data.path().to_owned()), ..options }).await;
    app.model_ready().await;
    (app, data)
}

/// Waits until nothing is being done with models, and gives the page.
async fn settled(app: &TestApp, browser: &SignedIn) -> String {
    while app.state.services.model_work().is_running() {
        tokio::task::yield_now().await;
    }
    let got = browser.get(PAGE).await;
    assert_eq!(got.status, 200);
    got.body
}

/// Does something on the page and waits for its end.
async fn done(app: &TestApp, browser: &SignedIn, what: &str, fields: &[(&str, &str)]) -> String {
    let got = browser.post(&format!("{PAGE}/{what}"), fields).await;
    assert_eq!((got.status, got.location()), (303, "/settings/model#models"), "{}", got.body);
    settled(app, browser).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_takes_over_without_a_restart_and_replies_say_so() {
    let (app, data) = app(&["first.gguf", "second.gguf"]).await;
    let browser = app.register("Ada").await;
    let page = browser.get(PAGE).await.body;
    assert!(page.contains("first answers on this machine") && page.contains("second.gguf"), "{page}");
    let page = done(&app, &browser, "use", &[("name", "second.gguf")]).await;
    assert!(page.contains("second answers from now on.") && page.contains("second answers on this machine"));
    assert_eq!(fs::read_to_string(data.path().join("model.use")).expect("kept"), "second.gguf\n");

    let id = browser.write("Rain at last.").await;
    browser.post(&format!("/entries/{id}/replies"), &[]).await;
    let day = loop {
        let day = browser.get(&format!("/d/{TODAY}")).await.body;
        if day.contains("data-state=\"complete\"") {
            break day;
        }
    };
    assert!(day.contains("by second"), "{day}");
    let page = done(&app, &browser, "use", &[("name", "default")]).await;
    assert!(page.contains("first answers from now on."));
    assert!(!data.path().join("model.use").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_runs_comes_to_its_end_on_the_model_before() {
    let options = Options { pause: Duration::from_millis(20), ..Options::default() };
    let (app, _data) = app_with(&["first.gguf", "second.gguf"], options).await;
    let browser = app.register("Ada").await;
    let id = browser.write("Tell it slowly, please.").await;
    browser.post(&format!("/entries/{id}/replies"), &[]).await;
    let page = done(&app, &browser, "use", &[("name", "second.gguf")]).await;
    assert!(page.contains("second answers from now on."));
    // The model has said all of it; the last of it may still be on its way to the journal.
    let day = loop {
        let day = browser.get(&format!("/d/{TODAY}")).await.body;
        if !day.contains("aria-busy=\"true\"") {
            break day;
        }
    };
    assert!(day.contains("data-state=\"complete\"") && day.contains("by first"), "{day}");
    assert!(day.contains("What would you like to remember of it a year from now?"), "whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_loaded_leaves_the_one_before_and_the_page_says_why() {
    let (app, data) = app(&["broken.gguf", "first.gguf"]).await;
    fs::write(data.path().join("model.use"), "first.gguf\n").expect("chosen");
    let browser = app.register("Ada").await;
    app.state.services.follow_choice().await;
    let page = done(&app, &browser, "use", &[("name", "broken.gguf")]).await;
    assert!(
        page.contains("broken.gguf is not used. The model file is incomplete; fetch it again."),
        "{page}"
    );
    assert!(page.contains("first answers as before."));
    assert_eq!(fs::read_to_string(data.path().join("model.use")).expect("kept"), "first.gguf\n");

    // The command line chose it: the choice is put back, so that the next start has a model.
    fs::write(data.path().join("model.use"), "broken.gguf\n").expect("chosen");
    app.state.services.follow_choice().await;
    let page = settled(&app, &browser).await;
    assert!(page.contains("broken.gguf is not used.") && page.contains("first answers as before."));
    assert_eq!(fs::read_to_string(data.path().join("model.use")).expect("kept"), "first.gguf\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_could_not_be_loaded_is_not_said_to_answer_and_can_be_tried_again_and_removed() {
    let (app, data) = app(&["broken.gguf", "other.gguf"]).await;
    let browser = app.register("Ada").await;
    app.model_ready().await; // or not, here
    let page = browser.get(PAGE).await.body;
    assert!(page.contains("does not answer") && page.contains("Try again"), "{page}");
    assert!(!page.contains("answers now"), "{page}");
    let page = done(&app, &browser, "use", &[("name", "broken.gguf")]).await;
    assert!(
        page.contains("broken.gguf is not used. The model file is incomplete; fetch it again."),
        "{page}"
    );
    let page = done(&app, &browser, "remove", &[("name", "broken.gguf")]).await;
    assert!(page.contains("broken.gguf is removed.") && !data.path().join("shelf/broken.gguf").exists());
    let page = done(&app, &browser, "use", &[("name", "other.gguf")]).await;
    assert!(page.contains("other answers from now on.") && page.contains("answers now"), "{page}");
}

/// A reply that is long enough to hold up a change of the model; gives what its stream is asked by.
async fn hold_up(browser: &SignedIn) -> String {
    let id = browser.write("Tell it slowly and at length, please.").await;
    let got = browser.post(&format!("/entries/{id}/replies"), &[]).await.expect(303);
    got.location().split_once("#reply-").expect("a way to the reply").1.to_owned()
}

/// Ends it.
async fn let_go(browser: &SignedIn, reply: &str) {
    browser.post(&format!("/replies/{reply}/stop"), &[]).await.expect(303);
}

async fn slow_app(files: &[&str]) -> (TestApp, TempDir) {
    app_with(files, Options { pause: Duration::from_millis(50), ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_on_the_command_line_while_another_model_is_loaded_is_not_lost() {
    let (app, data) = slow_app(&["broken.gguf", "first.gguf", "second.gguf", "third.gguf"]).await;
    let choice = data.path().join("model.use");
    let choose = |name: &str| fs::write(&choice, format!("{name}\n")).expect("chosen");
    let browser = app.register("Ada").await;
    // Whichever way the first change was asked for, and whether it works or not.
    for (n, (asked_on_page, tried)) in
        [(true, "second.gguf"), (true, "broken.gguf"), (false, "second.gguf"), (false, "broken.gguf")]
            .into_iter()
            .enumerate()
    {
        choose("first.gguf");
        app.state.services.follow_choice().await;
        settled(&app, &browser).await;
        let reply = hold_up(&browser).await;
        if asked_on_page {
            browser.post(&format!("{PAGE}/use"), &[("name", tried)]).await.expect(303);
        } else {
            choose(tried);
            let services = Arc::clone(&app.state.services);
            tokio::spawn(async move { services.follow_choice().await });
            while !app.state.services.model_work().is_running() {
                tokio::task::yield_now().await;
            }
        }
        choose("third.gguf");
        let_go(&browser, &reply).await;
        settled(&app, &browser).await;
        app.state.services.follow_choice().await;
        let page = settled(&app, &browser).await;
        assert!(page.contains("third answers from now on."), "{n}: {page}");
        assert_eq!(fs::read_to_string(&choice).expect("kept"), "third.gguf\n", "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_removed_while_another_model_is_loaded() {
    let (app, data) = slow_app(&["first.gguf", "second.gguf"]).await;
    let browser = app.register("Ada").await;
    let reply = hold_up(&browser).await;
    browser.post(&format!("{PAGE}/use"), &[("name", "second.gguf")]).await.expect(303);
    let got = browser.post(&format!("{PAGE}/remove"), &[("name", "second.gguf")]).await;
    assert_eq!(got.status, 409, "{}", got.body);
    assert!(got.body.contains("Another model is being loaded") && !got.body.contains("Delete the file"));
    assert!(!got.body.contains("action=\"/settings/model/use\""), "it would be refused");
    let_go(&browser, &reply).await;
    let page = settled(&app, &browser).await;
    assert!(page.contains("second answers from now on.") && data.path().join("shelf/second.gguf").exists());
    let page = done(&app, &browser, "remove", &[("name", "first.gguf")]).await;
    assert!(page.contains("first.gguf is removed.") && !data.path().join("shelf/first.gguf").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_model_wrote_than_the_one_that_was_asked_is_let_go() {
    let options = Options { pause: Duration::from_millis(50), ability: Ability::Able, ..Options::default() };
    let (app, _data) = app_with(&["first.gguf", "second.gguf"], options).await;
    let ada = app.register("Ada").await;
    let services = &app.state.services;
    let (session, token, _) = services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.signed_in(&token);
    let entry = mira.write("The lighthouse stood still beside the harbour.").await;
    let entry: EntryId = entry.parse().expect("an id");
    let labels = services.suggest_labels(&session, entry).await.expect("read").expect("a model was asked");
    assert!(!labels.is_empty());
    // Decided for one, and asked when the other has taken over; whoever is quick is still asked of the first.
    for (n, name) in ["second", "first"].into_iter().cycle().enumerate().take(12) {
        let entry: EntryId =
            mira.write(&format!("The harbour lay still, {n}.")).await.parse().expect("an id");
        let reply = hold_up(&ada).await;
        let mut labels = pin!(services.suggest_labels(&session, entry));
        let is_waiting = poll_fn(|context| Poll::Ready(labels.as_mut().poll(context).is_pending())).await;
        assert!(is_waiting);
        ada.post(&format!("{PAGE}/use"), &[("name", &format!("{name}.gguf"))]).await.expect(303);
        let_go(&ada, &reply).await;
        let page = settled(&app, &ada).await;
        assert!(page.contains(&format!("{name} answers from now on.")), "{page}");
        if labels.await.expect("read").is_none() {
            return;
        }
    }
    panic!("what another model wrote was never let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_a_sentence() {
    let (app, data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    let own = data.path().join("own.gguf");
    fs::write(&own, good_file(3)).expect("written");
    let own = own.to_str().expect("a path");
    for (what, field, value, status, expected) in [
        ("use", "name", own, 422, "not the name of a model"),
        ("verify", "name", "../own.gguf", 422, "That model is not here."),
        ("remove", "name", "../own.gguf", 422, "plain name"),
        ("remove", "name", "first.gguf", 422, "first.gguf is in use."),
        ("discard", "name", "first.gguf", 422, "There is no model file"),
        ("fetch", "name", "gpt-9", 422, "That model is not here."),
        ("add", "path", "own.gguf", 422, "the whole path"),
        ("address", "address", "https://example.org/", 422, "must end in the name of a model file"),
    ] {
        let got = browser.post(&format!("{PAGE}/{what}"), &[(field, value), TYPED]).await;
        assert_eq!(got.status, status, "{what} {value}");
        assert!(got.body.contains(expected), "{what} {value}: {}", got.body);
    }
    assert!(Path::new(own).exists());
    let page = done(&app, &browser, "use", &[("name", "nothing.gguf")]).await;
    assert!(page.contains("nothing.gguf is not used. There is no such model here;"));
    let page = done(&app, &browser, "address", &[("address", "http://example.org/a.gguf"), TYPED]).await;
    assert!(page.contains("https only"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_changed_by_the_owner_and_seen_by_everybody() {
    let (app, _data) = app(&["first.gguf", "second.gguf"]).await;
    let owner = app.register("Ada").await;
    let guest = app.register("Bela").await;
    let page = guest.get(PAGE).await.body;
    assert!(page.contains("second.gguf") && page.contains("Whoever began the first journal"), "{page}");
    assert!(!page.contains("/settings/model/use") && !page.contains("/settings/model/add"));
    for what in ["use", "fetch", "address", "add", "verify", "remove", "discard", "stop", "bench"] {
        let fields =
            [("name", "second.gguf"), ("path", "/x.gguf"), ("address", "https://example.org/x.gguf")];
        let got = guest.post(&format!("{PAGE}/{what}"), &fields).await;
        assert_eq!(got.status, 403, "{what}");
    }
    let page = done(&app, &owner, "use", &[("name", "second.gguf")]).await;
    assert!(page.contains("second answers from now on."));

    let (app, _data) = app_with(
        &["first.gguf", "second.gguf"],
        Options { changers: Changers::Everybody, ..Options::default() },
    )
    .await;
    let (_owner, guest) = (app.register("Ada").await, app.register("Bela").await);
    assert!(
        done(&app, &guest, "use", &[("name", "second.gguf")]).await.contains("second answers from now on.")
    );
    let (app, _data) =
        app_with(&["first.gguf"], Options { changers: Changers::Nobody, ..Options::default() }).await;
    let only = app.register("Ada").await;
    assert_eq!(only.post(&format!("{PAGE}/bench"), &[]).await.status, 403);
    assert!(only.get(PAGE).await.body.contains("models.changed_by"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_is_kept_and_told_where_a_reply_is_asked_for() {
    let (app, data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    browser.write("Rain at last.").await;
    let day = format!("/d/{TODAY}");
    assert!(!browser.get(&day).await.body.contains("on this machine</span>"));
    assert!(browser.get(PAGE).await.body.contains("Not measured yet"));
    let page = done(&app, &browser, "bench", &[]).await;
    // 700 tokens at 1,000 a second and 150 at 50.
    assert!(page.contains("first was measured: a usual reply takes about 4 s on this machine."), "{page}");
    assert!(page.contains("A usual reply takes about 4 s here, as measured"));
    assert!(browser.get(&day).await.body.contains("about 4 s on this machine</span>"));
    let kept = fs::read_to_string(data.path().join("model.speed.json")).expect("kept");
    assert!(kept.contains("\"first\"") && !kept.contains("Rain"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_no_model_sees_none() {
    let (app, _data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    browser.post(&format!("{PAGE}/switch"), &[("model", "off")]).await;
    let page = browser.get(PAGE).await.body;
    assert!(!page.contains("first.gguf") && !page.contains("Recommended"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_part_that_follows_says_when_it_is_over() {
    let (app, _data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    let part = format!("{PAGE}/work");
    assert_eq!(browser.get(&part).await.location(), PAGE);
    let got = browser.send(crate::it::common::Ask::get(&part).header("HX-Request-Type", "partial")).await;
    assert_eq!(got.status, 200);
    assert!(got.body.contains("hx-target=\"#models\"") && !got.body.contains("<html"), "{}", got.body);
}
