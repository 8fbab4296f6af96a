//! Reviews: a week or a month looked back on, complete without any language model.

use crate::it::common::{SignedIn, TODAY, TestApp, fresh_op};

const LONG: &str = "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again. \
    In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. I must call the bank \
    about the letter. The radio told of snow in the mountains, and nobody believed it. Then we <sat> there & said nothing, \
    and the lamp over the table hummed until midnight came \
    and the kettle had gone cold.";

async fn write_on(mira: &SignedIn, day: &str, text: &str) -> String {
    let got =
        mira.post(&format!("/d/{day}/entries"), &[("text", text), ("op", &fresh_op())]).await.expect(303);
    got.location().split_once("#entry-").expect("an anchor").1.to_owned()
}

async fn review(mira: &SignedIn, period: &str) -> String {
    mira.get(&format!("/review/{period}")).await.expect(200).body
}

#[tokio::test]
async fn a_month_and_its_weeks_show_what_was_written_in_them_and_nothing_else() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let long = write_on(&mira, "2026-11-03", LONG).await;
    write_on(&mira, "2026-11-10", "Ana and I carried the tomatoes to the market on foot.").await;
    let first = write_on(&mira, "2026-11-19", "A quiet evening with the radio and the garden book.").await;
    write_on(&mira, "2026-11-19", "Second thoughts about the market.").await;
    write_on(&mira, "2026-10-31", "Only of October.").await;
    let gone = write_on(&mira, "2026-11-05", "A page to forget.").await;
    mira.post(&format!("/entries/{gone}/delete"), &[]).await.expect(303);
    mira.post(&format!("/entries/{first}/traces"), &[("name", "garden")]).await.expect(303);

    let month = review(&mira, "2026-11").await;
    assert!(month.contains("November 2026") && month.contains("4 entries on 3 days."), "{month}");
    assert!(!month.contains("Only of October") && !month.contains("to forget"), "{month}");
    // A short day by its first words, a long one by its own sentences; a sentence of the whole leads to its day.
    assert!(
        month.contains("A quiet evening with the radio") && month.contains("planted tomatoes"),
        "{month}"
    );
    assert!(month.contains("In short") && month.contains("href=\"/d/2026-11-03\""), "{month}");
    assert!(month.contains("Worth reading again") && month.contains(&format!("#entry-{long}")), "{month}");
    assert!(month.contains(">garden</a>") && month.contains("1, new"), "{month}");
    assert!(month.contains("href=\"/review/2026-10\"") && !month.contains("/review/2026-12"), "{month}");
    assert!(month.contains("href=\"/review/2026-W47\"") && !month.contains("/review/2026-W49"), "{month}");

    let week = review(&mira, "2026-W47").await;
    assert!(week.contains("16 to 22 November 2026") && week.contains("2 entries on 1 day."), "{week}");
    assert!(!week.contains("from her own garden") && !week.contains("In short"), "{week}");
    assert!(week.contains("href=\"/review/2026-11\""), "{week}");
    let calendar = mira.get("/calendar/2026/11").await.expect(200).body;
    assert!(calendar.contains("href=\"/review/2026-11\""), "{calendar}");
}

#[tokio::test]
async fn with_the_model_off_no_sentence_is_chosen_and_all_days_are_there() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for day in ["2026-11-03", "2026-11-10", "2026-11-19"] {
        write_on(&mira, day, LONG).await;
    }
    assert!(review(&mira, "2026-11").await.contains("In short"));
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    let month = review(&mira, "2026-11").await;
    assert!(!month.contains("In short") && month.contains("3 entries on 3 days."), "{month}");
    assert_eq!(
        month.matches("The garden was wet in the morning").count(),
        6,
        "each day and each entry: {month}"
    );
}

#[tokio::test]
async fn an_empty_week_says_so_and_what_is_no_week_or_has_not_begun_is_not_found() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    assert!(review(&mira, "2026-W30").await.contains("Nothing was written."));
    assert!(review(&mira, &TODAY[..7]).await.contains("Nothing was written."));
    for period in ["2026-W60", "2026-13", "2026-12", "2027-W01", "today", "2026-11-22"] {
        mira.get(&format!("/review/{period}")).await.expect(404);
    }
    assert!(!mira.get("/calendar/2026/11").await.expect(200).body.contains("/review/"));
}
