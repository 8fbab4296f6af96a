//! The calendar, how the journal looks and behaves, tasks, the first run.

use crate::it::common::{Ask, PASSWORD, TODAY, TestApp, attribute, fresh_op};

#[tokio::test]
async fn a_month_marks_the_days_with_writing_and_keeps_to_its_limits() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let day = |day: &str| format!("/d/{day}/entries");
    mira.post(&day("2026-09-30"), &[("op", &fresh_op()), ("text", "First.")]).await.expect(303);
    mira.write("Last.").await;

    assert_eq!(mira.get("/calendar").await.expect(303).location(), "/calendar/2026/11");
    let november = mira.get("/calendar/2026/11?day=2026-11-20").await.expect(200).body;
    let cell = |label: &str| attribute(&november, label, "href");
    assert_eq!(cell("Sunday, 22 November 2026, 1 entry"), Some(format!("/d/{TODAY}")));
    assert_eq!(cell("Friday, 20 November 2026, nothing written"), Some("/d/2026-11-20".to_owned()));
    assert!(!november.contains("href=\"/d/2026-11-23\""), "what has not come is no link");
    assert!(november.contains("aria-selected=\"true\""));
    assert!(november.contains("href=\"/calendar/2026/10?day=2026-11-20\"") && !november.contains("2026/12"));
    assert!(november.find("Monday").expect("a head") < november.find("Sunday").expect("a head"));

    let september = mira.get("/calendar/2026/9").await.expect(200).body;
    assert!(september.contains("/calendar/2026/10") && !september.contains("\"/calendar/2026/8"));
    let part = mira.send(Ask::get("/calendar/2026/9").partial()).await.expect(200).body;
    assert!(part.contains("role=\"grid\"") && !part.contains("<html"));
    assert_eq!(
        mira.get("/calendar?year=2026&month=9&day=2026-11-20").await.expect(303).location(),
        "/calendar/2026/9?day=2026-11-20"
    );
    assert_eq!(mira.get("/calendar?year=2031&month=1").await.expect(303).location(), "/calendar/2026/11");
    for nowhere in ["/calendar/2026/13", "/calendar/2026/0", "/calendar/1/1", "/calendar/x"] {
        mira.get(nowhere).await.expect(404);
    }
}

#[tokio::test]
async fn a_year_is_warmer_where_more_was_written() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for (day, n) in [("2026-03-01", 1), ("2026-03-02", 4)] {
        for idx in 0..n {
            let text = format!("{idx}");
            let fields = [("op", fresh_op()), ("text", text)];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            mira.post(&format!("/d/{day}/entries"), &fields).await.expect(303);
        }
    }
    let year = mira.get("/calendar/2026").await.expect(200).body;
    let class = |label: &str| attribute(&year, label, "class");
    assert_eq!(class("1 March 2026: 1 entry").as_deref(), Some("heat__day heat__day--1"));
    assert_eq!(class("2 March 2026: 4 entries").as_deref(), Some("heat__day heat__day--4"));
    assert!(year.contains("5 entries on 2 days."));
    assert!(!year.contains("\"/calendar/2025\"") && !year.contains("\"/calendar/2027\""));
}

// D62 (theme, contrast, size, width, motion)
#[tokio::test]
async fn what_a_writer_chooses_holds_in_every_browser_and_after_signing_in_again() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let fields = [("theme", "dark"), ("contrast", "more"), ("size", "large"), ("motion", "calm")];
    let got = mira.post("/settings/appearance", &fields).await.expect(303);
    assert!(mira.get(got.location()).await.expect(200).body.contains("Saved"));
    mira.post("/settings/appearance", &[("theme", "sepia")]).await.expect(400);

    let again = app.sign_in_again("Mira").await;
    mira.post("/lock", &[]).await.expect(303);
    let later = app.sign_in_again("Mira").await;
    again.get(&format!("/d/{TODAY}")).await.expect(303);
    let page = later.get(&format!("/d/{TODAY}")).await.expect(200).body;
    for attribute in [
        "data-theme=\"dark\"",
        "data-contrast=\"more\"",
        "data-size=\"large\"",
        "data-motion=\"calm\"",
        "content=\"dark\"",
    ] {
        assert!(page.contains(attribute), "{attribute}");
    }
    let other = app.register("Jonas").await;
    let page = other.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(page.contains("data-theme=\"system\""), "another person's journal looks as it did");
}

// D62 (first weekday, clock, time zone, keys)
#[tokio::test]
async fn weeks_hours_and_the_zone_follow_the_writer() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    assert!(mira.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("/emoji.txt"));
    let fields = [
        ("week", "sunday"),
        ("hours", "12"),
        ("enter", "save"),
        ("keys", "off"),
        ("emoji", "off"),
        ("zone", "utc"),
    ];
    mira.post("/settings/journal", &fields).await.expect(303);
    let settings = mira.get("/settings/journal").await.expect(200).body;
    assert_eq!(attribute(&settings, "name=\"zone\"", "value").as_deref(), Some("UTC"));
    mira.write("At noon.").await;
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(day.contains("data-enter-saves") && !day.contains(" data-keys") && !day.contains("emoji.txt"));
    assert!(day.contains(" am</time>") || day.contains(" pm</time>"), "{day}");
    let month = mira.get("/calendar/2026/11").await.expect(200).body;
    assert!(month.find("Sunday").expect("a head") < month.find("Monday").expect("a head"));

    let got = mira.post("/settings/journal", &[("zone", "Mars/Olympus"), ("hours", "24")]).await.expect(422);
    assert!(got.body.contains("no time zone of this name") && got.body.contains("Mars/Olympus"));
    assert!(mira.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("m</time>"), "nothing changed");
}

// SR-30
#[tokio::test]
async fn the_browser_checks_and_translates_nothing_until_it_is_allowed_to() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("Only for me.").await;
    let settings = mira.get("/settings/journal").await.expect(200).body;
    assert!(settings.contains("send what you type to their maker"), "it is explained");
    let (day, edit) = (format!("/d/{TODAY}"), format!("/entries/{id}/edit"));
    for (chosen, may) in [("off", false), ("on", true), ("off", false)] {
        mira.post("/settings/journal", &[("spelling", chosen)]).await.expect(303);
        for (page, box_id) in [(&day, "composer-text"), (&edit, "edit-")] {
            let body = mira.get(page).await.expect(200).body;
            let checked = attribute(&body, &format!("id=\"{box_id}"), "spellcheck");
            assert_eq!(checked.as_deref(), Some(if may { "true" } else { "false" }), "{page}");
            assert_eq!(body.contains("translate=\"no\""), !may, "{page}");
            assert_eq!(body.contains("content=\"notranslate\""), !may, "{page}");
        }
    }
}

// D09 (ticking)
#[tokio::test]
async fn a_task_is_ticked_in_the_text_and_the_text_before_is_kept() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("For today:\n\n- [ ] plums\n- [x] bread").await;
    let page = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(page.contains(&format!("formaction=\"/entries/{id}/tasks/1\"")));
    let tick = |n: &str, revision: &str| {
        Ask::post(&format!("/entries/{id}/tasks/{n}")).fields(&[("revision", revision)])
    };
    let got = mira.send(tick("0", "1")).await.expect(303);
    assert_eq!(got.location(), format!("/d/{TODAY}#entry-{id}"));
    let edit = mira.get(&format!("/entries/{id}/edit")).await.expect(200).body;
    assert!(edit.contains("- [x] plums\n- [x] bread"), "{edit}");
    let part = mira.send(tick("1", "2").partial()).await.expect(200).body;
    assert!(part.contains("aria-checked=\"false\"") && !part.contains("<html"));
    mira.send(tick("1", "2")).await.expect(409);
    mira.send(tick("7", "3")).await.expect(404);
    mira.send(tick("x", "3")).await.expect(404);
    assert!(mira.get(&format!("/entries/{id}/versions")).await.expect(200).body.contains("plums"));
}

// D65
#[tokio::test]
async fn the_first_run_can_be_skipped_and_its_sample_day_removed() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let welcome = mira.get("/welcome").await.expect(200).body;
    assert!(welcome.contains("href=\"/d/today\"") && welcome.contains("name=\"sample\""));
    let got = mira.post("/welcome", &[("sample", "yes")]).await.expect(303);
    assert_eq!(got.location(), "/d/2026-11-21");
    let day = mira.get(got.location()).await.expect(200).body;
    assert!(day.contains("This is the sample day") && day.matches("data-entry-id").count() == 3);
    assert!(!mira.get("/welcome").await.expect(200).body.contains("name=\"sample\""), "there is writing now");
    mira.post("/d/2026-11-21/entries", &[("op", &fresh_op()), ("text", "Mine.")]).await.expect(303);

    mira.post("/sample/remove", &[]).await.expect(303);
    let day = mira.get("/d/2026-11-21").await.expect(200).body;
    assert!(day.contains("Mine.") && day.matches("data-entry-id").count() == 1, "what was added stays");
    assert!(!day.contains("sample day"));
    assert!(mira.get("/trash").await.expect(200).body.contains("The trash is empty"));
}

#[tokio::test]
async fn today_says_when_it_ends_and_other_days_lead_back() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let today = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    let left: i64 =
        attribute(&today, " data-ends-in=", "data-ends-in").expect("an end").parse().expect("a number");
    assert!((1..86_400_000).contains(&left), "{left}");
    assert!(!today.contains("Back to today"));
    let past = mira.get("/d/2026-11-20").await.expect(200).body;
    assert!(past.contains("Back to today") && !past.contains("data-ends-in"));
    assert!(past.contains("Nothing was written on this day."));
}

#[tokio::test]
async fn the_box_says_when_a_text_was_saved_or_kept() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let draft = format!("/d/{TODAY}/draft");
    mira.post(&draft, &[("text", "Half a thought")]).await.expect(303);
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(day.contains("Draft kept 1") && day.contains("Half a thought"));
    let fields = [("op", fresh_op()), ("text", "A whole one.".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ask = Ask::post(&format!("/d/{TODAY}/entries")).partial().fields(&fields);
    assert!(mira.send(ask).await.expect(200).body.contains("Saved 1"));
}

// D62 (language of dates)
#[tokio::test]
async fn dates_are_said_in_the_language_of_the_writer() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let past = "/d/2026-03-03/entries";
    mira.post(past, &[("op", &fresh_op()), ("text", "The lake was cold.")]).await.expect(303);
    let id = mira.write("Warm rain on the lake.").await;
    mira.post(&format!("/entries/{id}/traces"), &[("name", "lake")]).await.expect(303);
    let settings = mira.get("/settings/journal").await.expect(200).body;
    assert!(
        settings.contains("value=\"de\" lang=\"de\">Deutsch: Sonntag, 22. November 2026</option>"),
        "{settings}"
    );
    assert!(settings.contains("Today is shown as Sunday, 22 November 2026."), "{settings}");
    mira.post("/settings/journal", &[("dates", "tlh")]).await.expect(400);

    mira.post("/settings/journal", &[("dates", "de")]).await.expect(303);
    let trace = mira.get("/traces").await.expect(200).body;
    assert!(trace.contains("<span lang=\"de\">22. November 2026</span>"), "{trace}");
    let trace = attribute(&trace, "href=\"/traces/", "href").unwrap_or_default();
    let today = format!("/d/{TODAY}");
    for (page, said) in [
        ("/settings/journal", "Today is shown as <span lang=\"de\">Sonntag, 22. November 2026</span>."),
        (today.as_str(), "<time datetime=\"2026-11-22\" lang=\"de\">22. November 2026</time>"),
        (&today, "<span lang=\"de\">Sonntag</span>"),
        ("/d/2026-03-03", " lang=\"de\">3. M\u{e4}rz 2026</time>"),
        (&format!("/entries/{id}"), "<h1 class=\"day-head__date\" lang=\"de\">22. November 2026</h1>"),
        ("/calendar/2026/3", "aria-label=\"Dienstag, 3. M\u{e4}rz 2026, 1 entry\""),
        ("/calendar/2026/3", " lang=\"de\">M\u{e4}rz 2026</h1>"),
        (
            "/calendar/2026/3",
            "<span aria-hidden=\"true\">Mo</span><span class=\"visually-hidden\">Montag</span>",
        ),
        ("/calendar/2026/3", ">Dezember</option>"),
        ("/calendar/2026", "aria-label=\"3. M\u{e4}rz 2026: 1 entry\""),
        ("/review/2026-W10", "<h1 class=\"title\" lang=\"de\">2. M\u{e4}rz \u{2013} 8. M\u{e4}rz 2026</h1>"),
        ("/review/2026-03", "<time datetime=\"2026-03-03\" lang=\"de\">Dienstag, 3. M\u{e4}rz 2026</time>"),
        (
            "/d/2026-03-03/on-this-day",
            "What other times say to <a href=\"/d/2026-03-03\"><span lang=\"de\">3. M\u{e4}rz 2026</span>",
        ),
        (&trace, "One entry on <span lang=\"de\">22. November 2026</span>"),
        (&trace, "aria-label=\"22. November 2026: one entry\""),
        ("/settings/security", "<dd lang=\"de\">22. November 2026</dd>"),
    ] {
        let body = mira.get(page).await.expect(200).body;
        assert!(body.contains(said), "{page} does not say {said}: {body}");
        assert!(body.contains("<html lang=\"en\""), "the interface stays English");
    }
    let found = mira.post("/search", &[("q", "cold")]).await.expect(200).body;
    assert!(
        found.contains(" lang=\"de\">3. M\u{e4}rz 2026</time>") && found.contains(">Dienstag</span>"),
        "{found}"
    );
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    let trash = mira.get("/trash").await.expect(200).body;
    assert!(trash.contains("Moved here <span lang=\"de\">22. November 2026, "), "{trash}");
    // Another person's dates stay as they were, and they hold in every browser.
    let again = app.sign_in_again("Mira").await;
    let day = again.get(&today).await.expect(200).body;
    assert!(day.contains(" lang=\"de\">22. November 2026</time>"), "{day}");
    let jonas = app.register("Jonas").await;
    assert!(
        jonas
            .get(&today)
            .await
            .expect(200)
            .body
            .contains("<time datetime=\"2026-11-22\">22 November 2026</time>")
    );
}

// D62 (the language of dates that a browser asks for)
#[tokio::test]
async fn a_new_journal_says_dates_as_its_browser_wants_them() {
    let app = TestApp::new().await;
    for (name, header, said) in [
        ("Ines", "pt-BR,pt;q=0.9,en;q=0.8", " lang=\"pt\">22 de novembro de 2026</time>"),
        ("Walt", "en-US,en;q=0.9", "<time datetime=\"2026-11-22\">November 22, 2026</time>"),
        ("Mira", "tlh", "<time datetime=\"2026-11-22\">22 November 2026</time>"),
    ] {
        let person = app.anonymous();
        person.get("/register").await.expect(200);
        let fields = [("username", name), ("password", PASSWORD), ("password_confirm", PASSWORD)];
        let ask = Ask::post("/register").fields(&fields).header("accept-language", header);
        person.send(ask).await.expect(200);
        let day = person.get(&format!("/d/{TODAY}")).await.expect(200).body;
        assert!(day.contains(said), "{header}: {day}");
    }
}
