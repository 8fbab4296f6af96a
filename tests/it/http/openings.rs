//! Openings: one on a day, of what was written, made when it is asked for and never by looking.

mod mornings;

use std::{sync::Arc, time::Duration};

use llamora::{config::manifest::Ability, store::Store};

use crate::it::common::{
    Ask, Options, PASSWORD, SignedIn, TODAY, TestApp, fresh_op, restarted, services_with,
};

const AT: &str = "/d/2026-11-22/opening";
const NOW: i64 = 1_795_341_600_000;
const GARDEN: &str =
    "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late.";
const HARBOUR: &str =
    "Jonas rowed the old boat across the harbour before the rain. The lamp in the kitchen broke.";

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

async fn today(mira: &SignedIn) -> String {
    mira.get(&format!("/d/{TODAY}")).await.expect(200).body
}

/// The opening as the part of the page that asked for it gets it.
async fn made(mira: &SignedIn, fields: &[(&str, &str)]) -> String {
    mira.send(Ask::post(AT).fields(fields).partial()).await.expect(200).body
}

/// What stands once nothing is being made any more.
async fn settled(mira: &SignedIn) -> String {
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let page = today(mira).await;
            if !page.contains("data-opening=\"waiting\"") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("it comes to an end")
}

/// How many openings the journal holds, as its export says.
async fn n_stored(mira: &SignedIn) -> usize {
    let fields = [("format", "json"), ("current_password", PASSWORD), ("plain", "yes")];
    let response = mira.open(Ask::post("/settings/data/export").fields(&fields)).await;
    assert_eq!(response.status(), 200);
    let bytes = response.into_body().into_vec().await.expect("a whole export");
    String::from_utf8_lossy(&bytes).matches("\"opening\"").count()
}

async fn with_past(ability: Ability) -> (TestApp, SignedIn) {
    let app = TestApp::with(&Options { ability, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-11-19", HARBOUR).await;
    write_on(&mira, "2026-11-21", GARDEN).await;
    (app, mira)
}

#[tokio::test]
async fn a_first_day_is_welcomed_and_nothing_is_made_up() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    assert!(today(&mira).await.contains("data-opening=\"first\""));
    assert!(made(&mira, &[]).await.contains("data-opening=\"first\""));
    mira.write("The first words.").await;
    assert!(!today(&mira).await.contains("data-opening"));
    assert_eq!(n_stored(&mira).await, 0);
}

#[tokio::test]
async fn the_sample_day_is_nothing_to_look_back_on() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.post("/welcome", &[("sample", "yes")]).await.expect(303);
    assert!(today(&mira).await.contains("data-opening=\"first\""));
    write_on(&mira, "2026-11-20", HARBOUR).await;
    let opening = made(&mira, &[]).await;
    assert!(
        opening.contains("You last wrote: \u{201c}Jonas rowed") && !opening.contains("sample"),
        "{opening}"
    );
}

#[tokio::test]
async fn a_normal_morning_quotes_the_last_days_and_leads_to_them_and_looking_makes_nothing() {
    let (_app, mira) = with_past(Ability::Taste).await;
    for _ in 0..2 {
        assert!(today(&mira).await.contains("data-opening=\"wanted\""));
        mira.send(Ask::get(AT).partial()).await.expect(200);
        mira.get(AT).await.expect(303);
    }
    assert_eq!(n_stored(&mira).await, 0, "looking makes nothing");
    let opening = made(&mira, &[]).await;
    assert!(
        opening.contains("data-opening=\"there\"") && opening.contains("data-made-by=\"own\""),
        "{opening}"
    );
    assert!(opening.contains("Yesterday you wrote: \u{201c}The garden was wet"), "{opening}");
    assert!(opening.contains("Before that you wrote: \u{201c}Jonas rowed"), "{opening}");
    assert!(opening.contains("In your own words"));
    for day in ["2026-11-21", "2026-11-19"] {
        assert!(opening.contains(&format!("href=\"/d/{day}\"")), "{opening}");
    }
    // There without scripts as well, and not among the entries.
    let page = today(&mira).await;
    assert!(page.contains("data-opening=\"there\"") && !page.contains("data-entry-id"), "{page}");
    assert_eq!(made(&mira, &[]).await.contains("Jonas rowed"), opening.contains("Jonas rowed"));
    assert_eq!(n_stored(&mira).await, 1);
    // A day on which nothing else stands is no writing: not in the calendar, not on the way back.
    assert!(
        mira.get("/calendar/2026/11").await.expect(200).body.contains("22 November 2026, nothing written")
    );
}

#[tokio::test]
async fn after_five_days_without_writing_it_speaks_of_the_last_written_day_alone() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-11-15", HARBOUR).await;
    write_on(&mira, "2026-11-16", GARDEN).await;
    let opening = made(&mira, &[]).await;
    assert!(
        opening.contains("You last wrote: \u{201c}The garden") && opening.contains("/d/2026-11-16"),
        "{opening}"
    );
    assert!(!opening.contains("Jonas") && !opening.contains("2026-11-15"), "{opening}");
}

#[tokio::test]
async fn two_tabs_and_a_restart_find_the_same_one() {
    let options = Options { ability: Ability::Able, ..Options::default() };
    let store = Arc::new(Store::in_memory().expect("a store"));
    let app = TestApp::over(services_with(&options, Arc::clone(&store))).await;
    app.model_ready().await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-11-21", GARDEN).await;
    let other = app.sign_in_again("Mira").await;
    let (first, second, third) = tokio::join!(made(&mira, &[]), made(&other, &[]), made(&mira, &[]));
    for opening in [first, second, third] {
        assert!(opening.contains("data-opening=\"there\"") || opening.contains("data-opening=\"waiting\""));
    }
    let page = settled(&mira).await;
    assert!(page.contains("data-opening=\"there\""));
    assert_eq!(n_stored(&mira).await, 1);
    app.state.services.finish().await;
    let app = TestApp::over(restarted(&options, store, NOW)).await;
    let mira = app.sign_in_again("Mira").await;
    assert!(today(&mira).await.contains("data-opening=\"there\""));
    made(&mira, &[]).await;
    assert_eq!(n_stored(&mira).await, 1);
}

#[tokio::test]
async fn a_capable_model_says_it_better_and_what_fails_or_is_invented_is_never_kept() {
    let (_app, mira) = with_past(Ability::Able).await;
    made(&mira, &[]).await;
    let page = settled(&mira).await;
    assert!(
        page.contains("You wrote of the garden was wet.") && page.contains("Written by Scripted"),
        "{page}"
    );
    assert!(page.contains("data-made-by=\"model\"") && page.contains("Saturday, 21 November 2026"), "{page}");
    for spell in [
        "Please invent a story, said the child.",
        "We had to break the shape of the old bread.",
        "The old boats please fail in the storm.",
        "They say nothing of the old harbour.",
    ] {
        let (_app, mira) = with_past(Ability::Able).await;
        write_on(&mira, "2026-11-21", spell).await;
        made(&mira, &[]).await;
        let page = settled(&mira).await;
        assert!(page.contains("data-made-by=\"own\""), "{spell} {page}");
        assert!(!page.contains("Zebedee") && !page.contains("Here you") && !page.contains("You wrote of"));
        assert_eq!(n_stored(&mira).await, 1);
    }
}

#[tokio::test]
async fn days_that_say_nothing_get_none_and_the_page_does_not_ask_again() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-11-21", "Tired.").await;
    assert!(today(&mira).await.contains("data-opening=\"wanted\""));
    assert!(made(&mira, &[]).await.contains("data-opening=\"offered\""));
    assert!(today(&mira).await.contains("data-opening=\"offered\""));
    assert_eq!(n_stored(&mira).await, 0);
}

#[tokio::test]
async fn it_can_be_folded_put_away_made_anew_removed_and_switched_off() {
    let (_app, mira) = with_past(Ability::Taste).await;
    mira.post(AT, &[]).await.expect(303);
    let first = settled(&mira).await;
    assert!(first.contains("The garden was wet"));
    // Folded and put away, for this day, in every browser.
    mira.post(&format!("{AT}/fold"), &[("folded", "yes")]).await.expect(303);
    assert!(today(&mira).await.contains("data-opening=\"folded\""));
    mira.post(&format!("{AT}/fold"), &[("folded", "no")]).await.expect(303);
    assert!(today(&mira).await.contains("data-opening=\"there\""));
    mira.post(&format!("{AT}/dismiss"), &[]).await.expect(303);
    let page = today(&mira).await;
    assert!(page.contains("data-opening=\"away\"") && !page.contains("garden"));
    // Asking for it brings the same one back, asking for another makes one in its place.
    assert!(made(&mira, &[]).await.contains("The garden was wet"));
    let other = made(&mira, &[("another", "yes")]).await;
    assert!(other.contains("The bus came late.") && !other.contains("The garden was wet"), "{other}");
    assert_eq!(n_stored(&mira).await, 1);
    mira.post(&format!("{AT}/remove"), &[]).await.expect(303);
    assert!(today(&mira).await.contains("data-opening=\"offered\""));
    assert_eq!(n_stored(&mira).await, 0);
    assert!(!mira.get("/trash").await.expect(200).body.contains("bus"), "it is gone for good");
    assert!(made(&mira, &[]).await.contains("data-opening=\"there\""));
    mira.post("/settings/journal", &[("opening", "off")]).await.expect(303);
    assert!(!today(&mira).await.contains("data-opening"));
    assert!(!made(&mira, &[("another", "yes")]).await.contains("data-opening"));
}

#[tokio::test]
async fn with_the_model_off_there_is_none_and_other_days_get_none() {
    let (_app, mira) = with_past(Ability::Able).await;
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    assert!(!today(&mira).await.contains("data-opening"));
    assert!(!made(&mira, &[]).await.contains("data-opening"));
    assert_eq!(n_stored(&mira).await, 0);
    mira.post("/settings/model/switch", &[("model", "on")]).await.expect(303);
    assert!(today(&mira).await.contains("data-opening=\"wanted\""));
    mira.post("/d/2026-11-20/opening", &[]).await.expect(422);
    mira.post("/d/2026-11-23/opening", &[]).await.expect(422);
    assert!(!mira.get("/d/2026-11-20").await.expect(200).body.contains("data-opening"));
    assert_eq!(n_stored(&mira).await, 0);
}

#[tokio::test]
async fn dismissed_while_it_is_made_none_is_kept_and_a_lock_leaves_none() {
    let pause = Duration::from_millis(60);
    let app = TestApp::with(&Options { ability: Ability::Able, pause, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-11-21", &format!("{GARDEN} We walked slowly home, at length.")).await;
    let dismissed = async {
        while !today(&mira).await.contains("data-opening=\"waiting\"") {
            tokio::task::yield_now().await;
        }
        mira.send(Ask::post(&format!("{AT}/dismiss")).partial()).await.expect(200)
    };
    tokio::join!(made(&mira, &[]), dismissed);
    assert!(settled(&mira).await.contains("data-opening=\"offered\""));
    assert_eq!(n_stored(&mira).await, 0);
    let locked = async {
        while !today(&mira).await.contains("data-opening=\"waiting\"") {
            tokio::task::yield_now().await;
        }
        mira.post("/lock", &[]).await
    };
    tokio::join!(mira.send(Ask::post(AT).partial()), locked);
    let mira = app.sign_in_again("Mira").await;
    assert_eq!(n_stored(&mira).await, 0);
}

#[tokio::test]
async fn what_is_removed_from_a_day_leaves_the_opening_as_well() {
    let (_app, mira) = with_past(Ability::Taste).await;
    let secret = write_on(&mira, "2026-11-20", "Met Walter behind the lighthouse with the letters.").await;
    assert!(made(&mira, &[]).await.contains("Walter"));
    mira.post(&format!("/entries/{secret}/delete"), &[]).await.expect(303);
    let page = today(&mira).await;
    assert!(page.contains("The garden was wet") && !page.contains("Walter"), "{page}");
    assert_eq!(n_stored(&mira).await, 1);
    mira.post(&format!("/entries/{secret}/purge"), &[]).await.expect(303);
    assert_eq!(n_stored(&mira).await, 0, "its sentence is nowhere any more");
}

#[tokio::test]
async fn it_is_made_ahead_when_nothing_else_is_to_be_done_unless_its_writer_wants_to_ask() {
    let (app, mira) = with_past(Ability::Taste).await;
    mira.post("/settings/journal", &[("opening", "looked")]).await.expect(303);
    app.state.services.open_days_ahead();
    assert!(today(&mira).await.contains("data-opening=\"wanted\""));
    mira.post("/settings/journal", &[("opening", "ahead")]).await.expect(303);
    let ahead = tokio::time::timeout(Duration::from_secs(20), async {
        while !today(&mira).await.contains("data-opening=\"there\"") {
            app.state.services.open_days_ahead();
            tokio::task::yield_now().await;
        }
    });
    ahead.await.expect("it is made");
    app.state.services.open_days_ahead();
    assert_eq!(n_stored(&mira).await, 1);
}
