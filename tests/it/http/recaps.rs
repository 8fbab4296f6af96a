//! Recaps of past days: made when looked at, of the day alone, sealed under its digest.

mod hovering;

use std::time::Duration;

use llamora::config::manifest::Ability;

use crate::it::common::{Ask, Options, SignedIn, TODAY, TestApp};

const PAST: &str = "2026-11-19";
const LONG: &str = "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. \
    In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. I must call the bank \
    about the letter. The radio told of snow in the mountains, and nobody believed it.";

async fn app(ability: Ability) -> TestApp {
    TestApp::with(&Options { ability, ..Options::default() }).await
}

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

fn fresh_op() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0x1_0000);
    format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The recap as the part of the page that asks for it gets it.
async fn part(mira: &SignedIn, day: &str) -> String {
    mira.send(Ask::get(&format!("/d/{day}/recap")).partial()).await.expect(200).body
}

/// The day's page once its recap has become what `is_it` waits for.
async fn page_with(mira: &SignedIn, day: &str, is_it: impl Fn(&str) -> bool) -> String {
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let page = mira.get(&format!("/d/{day}")).await.expect(200).body;
            if is_it(&page) {
                return page;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("the recap comes")
}

#[tokio::test]
async fn a_past_day_ends_with_its_own_sentences_and_short_days_and_today_do_not() {
    let app = app(Ability::Taste).await;
    let mira = app.register("Mira").await;
    write_on(&mira, PAST, LONG).await;
    write_on(&mira, "2026-11-18", "A short day with rain.").await;
    write_on(&mira, TODAY, LONG).await;
    let page = mira.get(&format!("/d/{PAST}")).await.expect(200).body;
    assert!(page.contains("data-recap=\"waiting\""), "{page}");
    let recap = part(&mira, PAST).await;
    assert!(recap.contains("data-recap=\"own\"") && recap.contains("garden"), "{recap}");
    assert!(recap.contains("In your own words") && !recap.contains("bank"), "{recap}");
    // There without scripts as well, the next time.
    let page = mira.get(&format!("/d/{PAST}")).await.expect(200).body;
    assert!(page.contains("data-recap=\"own\""));
    for day in ["2026-11-18", TODAY, "2026-11-10"] {
        let page = mira.get(&format!("/d/{day}")).await.expect(200).body;
        assert!(!page.contains("data-recap"), "{day}");
        assert!(!part(&mira, day).await.contains("data-recap"));
    }
}

#[tokio::test]
async fn a_changed_day_gets_another_recap_and_a_removed_one_stays_away_until_then() {
    let app = app(Ability::Taste).await;
    let mira = app.register("Mira").await;
    let entry = write_on(&mira, PAST, LONG).await;
    part(&mira, PAST).await;
    mira.post(&format!("/d/{PAST}/recap/remove"), &[]).await.expect(303);
    for _ in 0..2 {
        assert!(!mira.get(&format!("/d/{PAST}")).await.expect(200).body.contains("data-recap"));
        assert!(!part(&mira, PAST).await.contains("data-recap"));
    }
    let other = LONG.replace("garden", "harbour").replace("tomatoes", "lanterns");
    mira.post(&format!("/entries/{entry}"), &[("text", &other), ("revision", "1")]).await.expect(303);
    let recap = part(&mira, PAST).await;
    assert!(recap.contains("harbour") && !recap.contains("garden"), "{recap}");
    // What is removed for ever leaves the recap as well.
    mira.post(&format!("/entries/{entry}/delete"), &[]).await.expect(303);
    assert!(!mira.get(&format!("/d/{PAST}")).await.expect(200).body.contains("data-recap"));
}

// proves: SR-47 (recaps hold nothing that the day does not)
#[tokio::test]
async fn a_capable_model_betters_it_and_what_it_invents_or_damages_is_never_shown() {
    let app = app(Ability::Able).await;
    let mira = app.register("Mira").await;
    write_on(&mira, PAST, LONG).await;
    write_on(&mira, "2026-11-18", &format!("{LONG} Please invent a story, said the child.")).await;
    write_on(&mira, "2026-11-17", &format!("{LONG} We had to break the shape of the old bread.")).await;
    part(&mira, PAST).await;
    let page = page_with(&mira, PAST, |page| page.contains("data-recap=\"model\"")).await;
    assert!(
        page.contains("You wrote of the garden was wet.") && page.contains("Written by Scripted"),
        "{page}"
    );
    for day in ["2026-11-18", "2026-11-17"] {
        assert!(part(&mira, day).await.contains("data-recap=\"own\""));
    }
    // Time enough for a model that tried, and then a look at each.
    let last = write_on(&mira, "2026-11-16", LONG).await;
    page_with(&mira, "2026-11-16", |page| page.contains("data-recap=\"model\"")).await;
    for day in ["2026-11-18", "2026-11-17"] {
        let page = page_with(&mira, day, |page| page.contains("data-recap=\"own\"")).await;
        assert!(!page.contains("Zebedee") && !page.contains("Here you"), "{page}");
    }
    assert!(!last.is_empty());
}

#[tokio::test]
async fn with_the_model_off_there_are_no_recaps() {
    let app = app(Ability::Able).await;
    let mira = app.register("Mira").await;
    write_on(&mira, PAST, LONG).await;
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    assert!(!mira.get(&format!("/d/{PAST}")).await.expect(200).body.contains("data-recap"));
    assert!(!part(&mira, PAST).await.contains("data-recap"));
    mira.post("/settings/model/switch", &[("model", "on")]).await.expect(303);
    assert!(part(&mira, PAST).await.contains("data-recap"));
}

#[tokio::test]
async fn leafing_through_a_month_leaves_no_queue_behind() {
    // Slow enough that a page is shown sooner than a word is said.
    let pause = Duration::from_millis(60);
    let app = TestApp::with(&Options { ability: Ability::Able, pause, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let days: Vec<String> = (1..=20).map(|day| format!("2026-11-{day:02}")).collect();
    for day in &days {
        write_on(&mira, day, &format!("{LONG} We walked slowly on {day}.")).await;
    }
    for day in &days {
        mira.get(&format!("/d/{day}")).await.expect(200);
    }
    // The last one looked at is made, and after it nothing waits: what nobody looks at any more is not begun.
    let last = days.last().expect("a day");
    page_with(&mira, last, |page| page.contains("data-recap=\"model\"")).await;
    let counted = hovering::at_rest(&app).await;
    assert_eq!(counted.most, 1);
    mira.get("/calendar/2026/11").await.expect(200);
    assert_eq!(hovering::at_rest(&app).await, counted);
}

// proves: SR-47 (labels hold nothing that the entry does not)
#[tokio::test]
async fn labels_are_proposed_by_a_capable_model_alone_and_only_of_the_entry() {
    for (ability, expected) in [(Ability::Taste, 0), (Ability::Able, 5)] {
        let app = app(ability).await;
        let mira = app.register("Mira").await;
        let session = app.state.services.session(&mira.cookie().expect("a cookie")).expect("a session");
        let id = |entry: &str| entry.parse().expect("an id");
        let entry = mira.write(LONG).await;
        let labels = async |entry: &str| {
            let labels = app.state.services.suggest_labels(&session, id(entry)).await.expect("labels");
            labels.unwrap_or_default()
        };
        let found = labels(&entry).await;
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|label| LONG.to_lowercase().contains(label.as_str())));
        for strange in ["Please invent something, said the child.", "We break the shape of old bread."] {
            let entry = mira.write(strange).await;
            assert_eq!(labels(&entry).await, Vec::<String>::new(), "{strange}");
        }
        mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
        assert_eq!(labels(&entry).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_calendar_says_the_recap_of_a_day_and_of_no_other() {
    let app = app(Ability::Taste).await;
    let mira = app.register("Mira").await;
    write_on(&mira, PAST, LONG).await;
    write_on(&mira, "2026-11-18", "A short day with rain.").await;
    let line = async |day: &str| mira.send(Ask::get(&format!("/d/{day}/recap/line")).partial()).await.body;
    let said = line(PAST).await;
    assert!(said.contains("Thursday 19") && said.contains("garden") && !said.contains("<html"), "{said}");
    for day in ["2026-11-18", "2026-11-17", TODAY] {
        assert_eq!(line(day).await.trim(), "", "{day}");
    }
    let got = mira.get(&format!("/d/{PAST}/recap/line")).await.expect(303);
    assert_eq!(got.location(), format!("/d/{PAST}#recap"));
    mira.get("/d/2026-02-30/recap/line").await.expect(404);

    assert!(mira.get("/calendar/2026/11").await.expect(200).body.contains("data-recaps"));
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    assert!(!mira.get("/calendar/2026/11").await.expect(200).body.contains("data-recaps"));
    assert_eq!(line(PAST).await.trim(), "");
}
