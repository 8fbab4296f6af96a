//! On this day: the same date of earlier years, and passages of other times that mean nearly the same.

use std::{sync::Arc, time::Duration};

use llamora::{
    journal::{day::Day, entry::Entry},
    store::Store,
    vault::entries,
};

use super::integrity::{entry, journal, new_row, tamper};
use crate::it::common::{Ask, SignedIn, TODAY, TestApp, fresh_op, services_over};

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

async fn part(mira: &SignedIn, day: &str) -> String {
    mira.send(Ask::get(&format!("/d/{day}/on-this-day")).partial()).await.expect(200).body
}

/// The part once the index has taken what was written, which it does in the background.
async fn near(mira: &SignedIn, day: &str) -> String {
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let found = part(mira, day).await;
            if found.contains("Near in meaning") {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("it is found")
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
    let found = near(&mira, TODAY).await;
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

#[tokio::test]
async fn an_entry_that_cannot_be_opened_hides_no_other() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let (vaults, vault) = journal(&store);
    let insert = |entry: Entry| vault.write(|w| entries::insert(w, &entry)).expect("written");
    let today: Day = TODAY.parse().expect("a day");
    let (then, long_ago) = (today.number() - 300, Day::from_ymd(2020, today.month(), today.day_of_month()));
    insert(entry(1, today.number(), "The boiler of the heating broke, the plumber came."));
    insert(entry(2, long_ago.expect("a day").number(), "Two years of quiet."));
    insert(entry(3, then, "Strawberries."));
    let (row, mut value) =
        new_row(&store, || insert(entry(4, then, "The boiler of the heating broke and the plumber came.")));
    drop((vault, vaults));
    let app = TestApp::over(services_over(Arc::clone(&store))).await;
    let mira = app.sign_in_again("Mira").await;
    assert!(near(&mira, TODAY).await.contains("Two years of quiet"));
    *value.last_mut().expect("bytes") ^= 1;
    tamper(&store, &[(row, Some(value))]);
    let found = part(&mira, TODAY).await;
    assert!(found.contains("Two years of quiet") && !found.contains("Near in meaning"), "{found}");
}
