//! Traces: on entries and replies, the list, the page of one, and changes of the whole.

mod about;
mod list;
mod suggested;

use std::sync::{Arc, Barrier};

use llamora::config::manifest::Ability;

use crate::it::common::{Ask, Options, SignedIn, TODAY, TestApp, attribute};

async fn add(mira: &SignedIn, entry: &str, name: &str) {
    mira.post(&format!("/entries/{entry}/traces"), &[("name", name)]).await.expect(303);
}

/// The ids and names of the traces beneath an entry, as its page draws them.
async fn beneath(mira: &SignedIn, entry: &str) -> Vec<(String, String)> {
    let page = mira.get(&format!("/entries/{entry}")).await.expect(200).body;
    let mut found = Vec::new();
    for part in page.split("data-trace-id=\"").skip(1) {
        let id = part.split('"').next().expect("an id").to_owned();
        let name = part.split("</button>").next().and_then(|link| link.rsplit('>').next()).expect("a name");
        found.push((id, name.to_owned()));
    }
    found
}

async fn names(mira: &SignedIn, entry: &str) -> Vec<String> {
    beneath(mira, entry).await.into_iter().map(|(_, name)| name).collect()
}

// F062, F067, F068, F070, W080 (each name of the issue on the page)
#[tokio::test]
async fn names_of_every_script_stand_beneath_an_entry_and_equal_ones_once() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let entry = mira.write("By the lake.").await;
    let longest = "a".repeat(64);
    let typed = [
        "caf\u{e9}",
        "CAFE\u{301}",
        "Z\u{fc}rich",
        "\u{65e5}\u{8a18}",
        "\u{1f389}",
        ":tada:",
        "\u{634}\u{639}\u{631}",
        "C++",
        "<b>&",
        longest.as_str(),
    ];
    for name in typed {
        add(&mira, &entry, name).await;
    }
    let shown = names(&mira, &entry).await;
    let expected = [
        "caf\u{e9}",
        "Z\u{fc}rich",
        "\u{65e5}\u{8a18}",
        "\u{1f389}",
        "\u{634}\u{639}\u{631}",
        "C++",
        "&lt;b&gt;&amp;",
        longest.as_str(),
    ];
    assert_eq!(shown, expected);
    let page = mira.get(&format!("/d/{TODAY}")).await.body;
    assert!(page.contains("title=\":tada:\"") && page.contains("dir=\"auto\">\u{634}"));
    let too_long = "a".repeat(65);
    for wrong in [too_long.as_str(), "", "+++", ":nobody:"] {
        let got = mira.post(&format!("/entries/{entry}/traces"), &[("name", wrong)]).await.expect(422);
        assert!(got.body.contains("This is no trace"), "{wrong}");
        let ask = Ask::post(&format!("/entries/{entry}/traces")).fields(&[("name", wrong)]).partial();
        let part = mira.send(ask).await.expect(422).body;
        assert_eq!(
            attribute(&part, "name=\"name\"", "value").as_deref(),
            Some(wrong),
            "it stays in the field"
        );
    }
    let (id, _) = beneath(&mira, &entry).await.remove(0);
    let path = format!("/entries/{entry}/traces/{id}");
    mira.post(&format!("{path}/delete"), &[]).await.expect(303);
    assert_eq!(names(&mira, &entry).await.len(), 7);
    mira.get(&format!("/traces/{id}")).await.expect(404);
    let nobody = "01KAMQ0000000000000000000A";
    mira.post(&format!("/entries/{nobody}/traces"), &[("name", "x")]).await.expect(404);
    mira.post(&format!("/entries/{nobody}/traces/{id}/delete"), &[]).await.expect(404);
}

#[tokio::test]
async fn a_part_answers_with_the_traces_alone_and_an_undo() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let entry = mira.write("By the lake.").await;
    let path = format!("/entries/{entry}/traces");
    let part = mira.send(Ask::post(&path).fields(&[("name", "lake")]).partial()).await.expect(200).body;
    assert!(part.contains(&format!("id=\"traces-{entry}\"")) && !part.contains("<html"));
    assert!(part.contains("<details open") && part.contains("autofocus"), "more can be added");
    let (id, _) = beneath(&mira, &entry).await.remove(0);
    let part = mira.send(Ask::post(&format!("{path}/{id}/delete")).partial()).await.expect(200).body;
    assert!(part.contains("was taken away") && part.contains("name=\"name\" value=\"lake\""));
    let back = [("name", "lake"), ("then", "close")];
    let part = mira.send(Ask::post(&path).fields(&back).partial()).await.expect(200).body;
    assert!(part.contains("lake") && !part.contains("<details open"));
}

// F063, F069, D33 (known names by their beginning, then short names; never those the entry has)
#[tokio::test]
async fn known_names_are_offered_by_their_beginning() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (one, two) = (mira.write("One.").await, mira.write("Two.").await);
    for name in ["Lake", "late", "lake-shore", "home"] {
        add(&mira, &one, name).await;
    }
    add(&mira, &two, "lake").await;
    let offer = async |entry: &str, typed: &str| offer(&mira, entry, typed).await;
    assert_eq!(offer(&two, "LA").await.0, ["lake-shore", "late"]);
    assert_eq!(offer(&two, "shore").await.0, ["lake-shore"]);
    let all = offer(&two, "").await.0;
    assert!(["late", "lake-shore", "home"].iter().all(|name| all.iter().any(|found| found == name)));
    assert!(!all.contains(&"Lake".to_owned()), "it has that");
    let all = offer(&one, "").await.0;
    assert!(["Lake", "late", "lake-shore", "home"].iter().all(|name| all.iter().all(|found| found != name)));
    assert_eq!(offer(&two, ":tad").await.0, ["\u{1f389}"]);
    assert!(offer(&two, &"x".repeat(65)).await.1.contains("65 characters"));
    let berta = app.register("Berta").await;
    let hers = berta.write("Hers.").await;
    let part = berta.post(&format!("/entries/{hers}/traces/offer"), &[("name", "")]).await.expect(200).body;
    assert!(!part.contains("lake"), "a journal knows nothing of another");
}

/// What is offered for `typed` in the field of an entry, and the part that shows it.
async fn offer(mira: &SignedIn, entry: &str, typed: &str) -> (Vec<String>, String) {
    let ask = Ask::post(&format!("/entries/{entry}/traces/offer")).fields(&[("name", typed)]).partial();
    let part = mira.send(ask).await.expect(200).body;
    (offered(&part), part)
}

/// The names of a part that offers some.
fn offered(part: &str) -> Vec<String> {
    let names = part.split("data-name=\"").skip(1).filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_was_suggested_before_the_embedder_was_there_is_not_kept() {
    let embedding = Arc::new(Barrier::new(2));
    let options = Options { embedding: Some(Arc::clone(&embedding)), ..Options::default() };
    let app = TestApp::with(&options).await;
    let mira = app.register("Mira").await;
    let entry = mira.write("Planted beans in the wide garden.").await;
    assert!(offer(&mira, &entry, "").await.0.is_empty(), "nothing is said twice");
    llamora::blocking::db(move || {
        embedding.wait();
    })
    .await
    .expect("it is let through");
    while offer(&mira, &entry, "").await.0.is_empty() {
        tokio::task::yield_now().await;
    }
}

// F146 (names that a model proposes are asked for, marked, held to the entry and refused like the others)
#[tokio::test]
async fn a_capable_model_is_asked_for_names_and_attaches_none() {
    // So many words that none alone is near to the whole.
    let text = "Grandmother planted strawberries beside the crooked fence while Theodore whistled cheerful \
                melodies through evening sunshine.";
    for ability in [Ability::Taste, Ability::Able] {
        let app = TestApp::with(&Options { ability, ..Options::default() }).await;
        let mira = app.register("Mira").await;
        let entry = mira.write(text).await;
        let ask = async |entry: &str| {
            let ask = Ask::post(&format!("/entries/{entry}/traces/labels")).partial();
            mira.send(ask).await.expect(200).body
        };
        let before = offer(&mira, &entry, "").await.1;
        assert!(!before.contains("from the model"), "it was not asked");
        assert_eq!(before.contains("data-ask-model"), ability == Ability::Able);
        let part = ask(&entry).await;
        if ability != Ability::Able {
            assert!(part.contains("is not there") && !part.contains("from the model"));
            continue;
        }
        assert!(part.contains("from the model") && !part.contains("data-ask-model"), "{part}");
        assert!(offered(&part).contains(&"strawberries".to_owned()), "{part}");
        assert!(names(&mira, &entry).await.is_empty(), "nothing is attached by itself");
        assert!(offer(&mira, &entry, "").await.1.contains("from the model"), "it stays");
        assert!(!offer(&mira, &entry, "st").await.1.contains("data-ask-model"), "not while one types");
        let refuse = [("name", "strawberries")];
        mira.send(Ask::post(&format!("/entries/{entry}/traces/refuse")).fields(&refuse).partial())
            .await
            .expect(204);
        let taken = [("name", "Grandmother"), ("from", "offer")];
        mira.post(&format!("/entries/{entry}/traces"), &taken).await.expect(303);
        let left = offered(&ask(&entry).await);
        assert!(left.iter().all(|name| name != "strawberries" && name != "grandmother"), "{left:?}");
        let strange = mira.write("Please invent something, said the child.").await;
        let part = ask(&strange).await;
        assert!(part.contains("found no other name") && !part.contains("Zebedee"), "{part}");
        mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
        let off = offer(&mira, &entry, "").await.1;
        assert!(!off.contains("from the model") && !off.contains("data-ask-model"), "no trace of it");
        mira.send(Ask::post("/entries/01KAMQ0000000000000000000A/traces/labels").partial()).await.expect(404);
    }
}

// F078, F079, F081, F084, W084, W085, W088, D36
#[tokio::test]
async fn the_page_of_a_trace_shows_its_days_its_year_and_what_appears_with_it() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let on = async |day: &str, text: &str| {
        let got = mira.post(&format!("/d/{day}/entries"), &[("text", text)]).await.expect(303);
        got.location().split_once("#entry-").expect("a way").1.to_owned()
    };
    let mut ids = Vec::new();
    for (day, text, traces) in [
        ("2024-02-29", "Ice on the lake.", &["lake", "winter"][..]),
        ("2026-03-03", "Swam.", &["lake"]),
        ("2026-03-03", "Swam again.", &["lake", "summer"]),
        ("2026-07-01", "Warm.", &["lake", "summer"]),
        ("2026-07-02", "Hot, no lake.", &["summer", "harbour"]),
    ] {
        let id = on(day, text).await;
        for trace in traces {
            add(&mira, &id, trace).await;
        }
        ids.push(id);
    }
    let of = async |entry: &str, name: &str| {
        let all = beneath(&mira, entry).await;
        all.into_iter().find(|(_, found)| found == name).expect("attached").0
    };
    let lake = of(&ids[0], "lake").await;
    let summer = of(&ids[2], "summer").await;
    let chips = mira.get(&format!("/entries/{}", ids[0])).await.body;
    let about = chips.split(&format!("id=\"about-{}-{lake}\"", ids[0])).nth(1).expect("what is known of it");
    let about = about.split("</div>").next().expect("an end");
    assert!(about.contains("4 entries, from 29 February 2024 to 1 July 2026"), "{about}");
    assert!(about.contains(&format!("href=\"/traces/{lake}\"")), "{about}");
    let page = mira.get(&format!("/traces/{lake}")).await.expect(200).body;
    assert!(page.contains("4 entries, from 29 February 2024 to 1 July 2026"), "counts and ends");
    assert!(page.contains("Warm.") && page.contains("Ice on the lake.") && !page.contains("Hot, no lake."));
    assert!(page.find("Warm.") < page.find("Swam again."), "latest day first");
    let related = page.split("Appears with").nth(1).expect("what appears with it");
    assert!(related.find("summer") < related.find("winter"), "2 before 1");
    assert!(page.contains("3 March 2026: 2 entries") && page.contains("1 July 2026: one entry"));
    assert!(page.contains("year=2025#heat") && !page.contains("year=2027"), "the year before, none after");
    let first = mira.get(&format!("/traces/{lake}?year=1999")).await.expect(200).body;
    assert!(
        first.contains("29 February 2024: one entry") && !first.contains("year=2023"),
        "it ends at the first use"
    );
    let narrow = mira.get(&format!("/traces/{lake}?with={summer}&from=2026-03-04")).await.expect(200).body;
    assert!(
        narrow.contains("One entry fits.") && narrow.contains("Warm.") && !narrow.contains("Swam again.")
    );
    // What can be chosen beside it is what stands beside it, with how often.
    let choice = |page: &str| -> Vec<String> {
        let select = page.split("<select").nth(1).and_then(|rest| rest.split("</select>").next());
        let options = select.expect("a choice").split("<option").skip(1);
        options
            .map(|option| option.split_once('>').expect("a name").1.trim().replace("</option>", ""))
            .collect()
    };
    assert_eq!(choice(&page), ["any", "summer (2)", "winter (1)"]);
    assert_eq!(choice(&narrow), choice(&page));
    assert!(narrow.contains(&format!("<option value=\"{summer}\" selected>")), "{narrow}");
    mira.get("/traces/01KAMQ0000000000000000000B").await.expect(404);

    mira.post(&format!("/entries/{}/delete", ids[3]), &[]).await.expect(303);
    let page = mira.get(&format!("/traces/{lake}")).await.body;
    assert!(page.contains("3 entries, from 29 February 2024 to 3 March 2026") && !page.contains("Warm."));
    mira.post(&format!("/entries/{}/restore", ids[3]), &[]).await.expect(303);
    assert!(mira.get(&format!("/traces/{lake}")).await.body.contains("4 entries"));
    let berta = app.register("Berta").await;
    berta.get(&format!("/traces/{lake}")).await.expect(404);
}

#[tokio::test]
async fn a_long_trace_comes_in_pages() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut last = String::new();
    for n in 0..25 {
        app.clock.advance(1_000);
        last = mira.write(&format!("Text number {n}.")).await;
        add(&mira, &last, "all").await;
    }
    let (id, _) = beneath(&mira, &last).await.remove(0);
    let first = mira.get(&format!("/traces/{id}")).await.body;
    assert!(first.contains("Text number 24.") && !first.contains("Text number 4."));
    let more = attribute(&first, "data-upto", "hx-get").expect("a way to more").replace("&amp;", "&");
    let part = mira.send(Ask::get(&more).partial()).await.expect(200).body;
    assert!(part.contains("Text number 4.") && !part.contains("<html") && !part.contains("trace-more"));
    assert!(mira.get(&more).await.expect(200).body.contains("<html"), "without scripts a page");

    // F089, F084: whoever comes back finds as much of it as had come.
    let all = attribute(&first, "data-upto", "data-upto").expect("where one was");
    let again = mira.get(&all.replace("&amp;", "&")).await.expect(200).body;
    assert!(
        again.contains("Text number 24.")
            && again.contains("Text number 0.")
            && again.contains("id=\"heat\"")
    );
    assert!(!again.contains("trace-more"), "that is all");
}

// F086, W081, W082, D34 (rename, merge, delete; each undone)
#[tokio::test]
async fn a_trace_is_renamed_merged_and_deleted_and_each_is_undone() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (one, two) = (mira.write("One.").await, mira.write("Two.").await);
    for (entry, name) in [(&one, "lake"), (&two, "lake"), (&two, "sea")] {
        add(&mira, entry, name).await;
    }
    let (lake, _) = beneath(&mira, &one).await.remove(0);
    let change = async |path: &str, fields: &[(&str, &str)]| {
        mira.post(&format!("/traces/{lake}/{path}"), fields).await.expect(303).location().to_owned()
    };
    let undo = async |from: &str| {
        let page = mira.get(from).await.expect(200).body;
        let id = attribute(&page, "name=\"change\"", "value").expect("it can be undone");
        mira.post("/traces/undo", &[("change", &id)]).await.expect(303).location().to_owned()
    };

    let to = change("rename", &[("name", "Lac")]).await;
    assert!(!to.contains("Lac"), "no name in an address");
    assert_eq!(names(&mira, &one).await, ["Lac"]);
    assert!(undo(&to).await.starts_with(&format!("/traces/{lake}")));
    assert_eq!(names(&mira, &two).await, ["lake", "sea"]);
    let taken = mira.post(&format!("/traces/{lake}/rename"), &[("name", "SEA")]).await.expect(409).body;
    assert!(taken.contains("name=\"into\" value=\"sea\""), "it offers to make them one");
    mira.post(&format!("/traces/{lake}/rename"), &[("name", "--")]).await.expect(422);

    let to = change("merge", &[("into", "Sea")]).await;
    assert_eq!(
        (names(&mira, &one).await, names(&mira, &two).await),
        (vec!["sea".to_owned()], vec!["sea".to_owned()])
    );
    mira.get(&format!("/traces/{lake}")).await.expect(404);
    undo(&to).await;
    assert_eq!((names(&mira, &one).await, names(&mira, &two).await.len()), (vec!["lake".to_owned()], 2));
    mira.post(&format!("/traces/{lake}/merge"), &[("into", "nowhere")]).await.expect(422);

    let to = change("delete", &[]).await;
    assert_eq!((names(&mira, &one).await.len(), names(&mira, &two).await), (0, vec!["sea".to_owned()]));
    add(&mira, &one, "other").await;
    let back = undo(&to).await;
    assert!(mira.get(&back).await.expect(200).body.contains("It is as it was before."));
    assert_eq!(names(&mira, &two).await, ["lake", "sea"]);
    let late =
        mira.post("/traces/undo", &[("change", &"0".repeat(31))]).await.expect(303).location().to_owned();
    assert!(mira.get(&late).await.expect(200).body.contains("can no longer be undone"));
}
