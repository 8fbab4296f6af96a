//! On this day: the same date of earlier years, and passages of other times that mean nearly the same.

use std::time::Duration;

use crate::it::common::{Ask, SignedIn, TODAY, TestApp, fresh_op};

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

async fn part(mira: &SignedIn, day: &str) -> String {
    mira.send(Ask::get(&format!("/d/{day}/on-this-day")).partial()).await.expect(200).body
}

fn same_date(year: u32) -> String {
    format!("{year}{}", &TODAY[4..])
}

#[tokio::test]
async fn a_day_shows_the_same_date_of_earlier_years_and_leads_there() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let first = write_on(&mira, &same_date(2019), "Moved & settled by the canal.").await;
    write_on(&mira, &same_date(2024), "Two years of quiet.").await;
    let gone = write_on(&mira, &same_date(2023), "A day to forget.").await;
    mira.post(&format!("/entries/{gone}/delete"), &[]).await.expect(303);
    write_on(&mira, "2024-01-03", "Another date.").await;
    let today = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(today.contains("data-on-this-day"), "{today}");

    let found = part(&mira, TODAY).await;
    assert!(!found.contains("<html") && found.contains("Earlier years"), "{found}");
    let (late, early) = (found.find("Two years of quiet"), found.find("Moved &amp; settled by the canal"));
    assert!(late.is_some() && late < early, "the latest year first: {found}");
    assert!(found.contains(&format!("/d/{}#entry-{first}", same_date(2019))), "{found}");
    assert!(!found.contains("to forget") && !found.contains("Another date"), "{found}");

    // As a page without scripts, from an earlier year's own place, and with nothing to show.
    let page = mira.get(&format!("/d/{TODAY}/on-this-day")).await.expect(200).body;
    assert!(page.contains("<html") && page.contains("Two years of quiet"), "{page}");
    assert!(!part(&mira, &same_date(2019)).await.contains("Two years"), "later years do not come before");
    assert!(part(&mira, "2022-05-05").await.contains("Nothing of other times fits this day."));
}

#[tokio::test]
async fn a_passage_of_another_time_that_means_the_same_is_shown_and_one_of_last_week_is_not() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    write_on(&mira, "2026-02-03", "The boiler of the heating broke and the plumber came.").await;
    write_on(&mira, "2026-11-18", "The boiler of the heating broke once more and the plumber came.").await;
    write_on(&mira, "2025-06-01", "Strawberries and a long swim in the lake.").await;
    write_on(&mira, TODAY, "The boiler of the heating broke, the plumber came.").await;
    // The index takes what was written in the background.
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let found = part(&mira, TODAY).await;
            if found.contains("Near in meaning") {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    let found = looked.await.expect("it is found");
    assert!(found.contains("2026-02-03"), "{found}");
    assert!(!found.contains("2026-11-18") && !found.contains("Strawberries"), "{found}");
}

#[tokio::test]
async fn a_new_journal_offers_nothing_and_whoever_wants_none_gets_none() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    write_on(&mira, TODAY, "The first page.").await;
    let is_offered =
        async || mira.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("data-on-this-day");
    assert!(!is_offered().await, "there are no other times");
    write_on(&mira, &same_date(2020), "A memory, put in later.").await;
    assert!(is_offered().await);
    mira.post("/settings/journal", &[("earlier", "off"), ("zone", "UTC")]).await.expect(303);
    assert!(!is_offered().await);
    assert!(!part(&mira, TODAY).await.contains("A memory"));
}
