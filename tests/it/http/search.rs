//! Search and settings pages.

mod large;

use crate::it::common::{Ask, SignedIn, TestApp, attribute, fresh_op};

#[tokio::test]
async fn an_entry_is_found_by_a_word_and_the_query_is_in_no_address() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("The lighthouse keeper had a quiet day.").await;
    assert!(!mira.get("/search").await.expect(200).body.contains("data-entry-id"));
    let found = mira.post("/search", &[("q", "lighthouse")]).await.expect(200);
    assert!(found.body.contains(&format!("data-entry-id=\"{id}\"")), "{}", found.body);
    assert!(found.body.contains("<mark>lighthouse</mark>"));
    assert!(!found.body.contains("?q="));
    let part = mira.send(Ask::post("/search").partial().fields(&[("q", "lighthouse")])).await.expect(200);
    assert!(part.body.contains("data-entry-id") && !part.body.contains("<html"));
    let nothing = mira.post("/search", &[("q", "  ")]).await.expect(200);
    assert!(!nothing.body.contains("data-entry-id"));
    let address = mira.send(Ask::get("/search?q=lighthouse")).await.expect(200).body;
    assert!(!address.contains("data-entry-id") && address.contains("name=\"q\" type=\"search\" value=\"\""));
}

/// Ids of the entries on the page of results.
fn found(body: &str) -> Vec<&str> {
    body.split("data-entry-id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn edits_and_deletions_show_in_the_next_search() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("The lighthouse keeper had a quiet day.").await;
    let search = async |typed: &str| mira.post("/search", &[("q", typed)]).await.expect(200).body;
    assert_eq!(found(&search("lighthouse").await), [id.as_str()]);
    let edit = [("revision", "1"), ("text", "The harbourmaster had a quiet day.")];
    mira.post(&format!("/entries/{id}"), &edit).await.expect(303);
    assert!(!search("\"lighthouse\"").await.contains("data-entry-id"));
    assert!(search("harbourmaster").await.contains("<mark>harbourmaster</mark>"));
    mira.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    assert!(!search("\"harbourmaster\"").await.contains("data-entry-id"));
    mira.post(&format!("/entries/{id}/restore"), &[]).await.expect(303);
    assert_eq!(found(&search("harbourmaster").await), [id.as_str()]);
}

#[tokio::test]
async fn misspelt_words_other_forms_and_beginnings_are_found_and_marked() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.write("We had tea with Gwenllian in both harbours, and the caf\u{e9} was shut.").await;
    let marks = async |typed: &str| {
        let body = mira.post("/search", &[("q", typed)]).await.expect(200).body;
        let marked = body.split("<mark>").nth(1).and_then(|rest| rest.split("</mark>").next());
        marked.unwrap_or_default().to_owned()
    };
    // The index is open a moment after signing in; until then the very words are looked for.
    for _ in 0..2_000 {
        if !marks("Gwenlian").await.is_empty() {
            break;
        }
    }
    assert_eq!(marks("Gwenlian ").await, "Gwenllian");
    assert_eq!(marks("harbour ").await, "harbours");
    assert_eq!(marks("harb").await, "harbours");
    assert_eq!(marks("cafe").await, "caf\u{e9}");
    assert_eq!(marks("\"Gwenlian\"").await, "");
}

#[tokio::test]
async fn somebody_elses_entry_is_not_found() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    mira.write("The lighthouse keeper.").await;
    assert!(!jonas.post("/search", &[("q", "lighthouse")]).await.expect(200).body.contains("data-entry-id"));
}

#[tokio::test]
async fn settings_say_where_the_data_is() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.get("/settings/data").await.expect(200);
    mira.get("/settings/model").await.expect(200);
}

async fn write_on(writer: &SignedIn, day: &str, text: &str) -> String {
    let got = writer.post(&format!("/d/{day}/entries"), &[("op", &fresh_op()), ("text", text)]).await;
    assert_eq!(got.status, 303, "{}", got.body);
    got.location().split_once("#entry-").expect("a way to the entry").1.to_owned()
}

/// Identifiers of the results, in order.
fn results(body: &str) -> Vec<String> {
    let parts = body.split("data-entry-id=\"").skip(1);
    parts.map(|part| part.split('"').next().expect("a value").to_owned()).collect()
}

fn said(body: &str) -> String {
    attribute(body, "id=\"results\"", "data-said").unwrap_or_default()
}

#[tokio::test]
async fn dates_and_order_narrow_a_search() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let old = write_on(&mira, "2024-03-05", "Snow on the bridge, and nobody in a hurry.").await;
    let middle = write_on(&mira, "2024-05-31", "No snow for weeks.").await;
    let new = write_on(&mira, "2025-01-09", "Snow, and snow, and snow.").await;
    let find = async |fields: &[(&str, &str)]| mira.post("/search", fields).await.expect(200).body;

    let all = find(&[("q", "snow"), ("order", "newest")]).await;
    assert_eq!(results(&all), [&*new, &middle, &old]);
    assert_eq!(said(&all), "3 entries, newest first");
    assert!(all.contains("<time datetime=\"2024-05-31\">31 May 2024</time>"), "{all}");

    let spring = find(&[("q", "snow"), ("from", "March 2024"), ("to", "2024-05"), ("order", "newest")]).await;
    assert_eq!(results(&spring), [&*middle, &old]);
    let typed = find(&[("q", "snow from:2024-04 to:2024")]).await;
    assert_eq!(results(&typed), [&*middle]);
    assert_eq!(said(&typed), "One entry");
    assert!(typed.contains("value=\"snow from:2024-04 to:2024\""), "what was typed stays in the box");
    // Dates alone find everything between them.
    let march = find(&[("q", "-weeks"), ("from", "2024"), ("to", "2024")]).await;
    assert_eq!(results(&march), [&*old]);
    assert_eq!(results(&find(&[("q", ""), ("to", "2024")]).await), [&*middle, &old]);
    assert!(results(&find(&[("q", "snow"), ("by", "machine")]).await).is_empty());
    assert_eq!(results(&find(&[("q", "snow -bridge"), ("by", "writer"), ("to", "2024")]).await), [&*middle]);
    let nothing = find(&[("q", "snow"), ("to", "2023")]).await;
    assert!(nothing.contains("Take them away"), "{nothing}");
}

#[tokio::test]
async fn traces_narrow_a_search() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let bridge = write_on(&mira, "2024-03-05", "Snow on the bridge, and #lake is only a word here.").await;
    let lake = write_on(&mira, "2024-05-31", "Snow on the lake.").await;
    let both = write_on(&mira, "2025-01-09", "No snow for weeks.").await;
    for (entry, name) in [(&lake, "lake"), (&both, "Lake"), (&both, "night garden")] {
        mira.post(&format!("/entries/{entry}/traces"), &[("name", name)]).await.expect(303);
    }
    let find = async |fields: &[(&str, &str)]| {
        let newest = [&[("order", "newest")], fields].concat();
        mira.post("/search", &newest).await.expect(200).body
    };
    let all = find(&[("q", "snow")]).await;
    assert_eq!(results(&all), [&*both, &lake, &bridge]);
    // The control keeps what was chosen, and is emptied to take it away.
    let some = find(&[("q", "snow"), ("traces", "LAKE")]).await;
    assert_eq!(
        (results(&some), said(&some)),
        (vec![both.clone(), lake.clone()], "2 entries, newest first".into())
    );
    assert!(
        some.contains("name=\"traces\" value=\"LAKE\"") && some.contains("<details class=\"narrow\" open>")
    );
    assert_eq!(results(&find(&[("q", "snow"), ("traces", "")]).await).len(), 3);
    for fields in [
        [("q", "snow"), ("traces", "lake, night-garden")],
        [("q", "snow"), ("traces", "#lake #night-garden")],
        [("q", "snow #night-garden"), ("traces", "lake")],
        [("q", "#night-garden"), ("traces", "")],
        [("q", "-bridge #lake #night-garden"), ("from", "2025")],
    ] {
        assert_eq!(results(&find(&fields).await), [&*both], "{fields:?}");
    }
    // What carries it is left out, also without words, and where it is no trace it is a word.
    assert_eq!(results(&find(&[("q", "snow -#lake")]).await), [&*bridge]);
    assert_eq!(results(&find(&[("q", "-#lake")]).await), [&*bridge]);
    assert_eq!(results(&find(&[("q", "#lake -#night-garden")]).await), [&*lake]);
    let odd = find(&[("q", "snow -#weeks")]).await;
    assert_eq!(results(&odd), [&*lake, &bridge]);
    assert!(odd.contains("so what says it as a word was left out."), "{odd}");
    // Without words, all that carry it; a phrase stays one, and so does what is no trace.
    assert_eq!(results(&find(&[("q", ""), ("traces", "lake")]).await), [&*both, &lake]);
    assert_eq!(results(&find(&[("q", "\"#lake\"")]).await), [&*lake, &bridge]);
    let odd = find(&[("q", "bridge #pond")]).await;
    assert_eq!(results(&odd), [&*bridge]);
    assert!(
        odd.contains("There is no trace \u{201c}pond\u{201d}, so it was searched for as a word."),
        "{odd}"
    );

    let nothing = find(&[("q", "\"bridge\""), ("traces", "lake")]).await;
    assert!(results(&nothing).is_empty() && said(&nothing) == "Nothing was found.");
    assert!(nothing.contains("No entry of the trace \u{201c}lake\u{201d} fits."), "{nothing}");
    let nothing = find(&[("q", "\"bridge\" #lake #night-garden")]).await;
    assert!(nothing.contains("No entry that carries all of these traces fits."), "{nothing}");
    let gone = find(&[("q", "snow"), ("traces", "<pond>")]).await;
    assert!(results(&gone).is_empty(), "{gone}");
    assert!(
        gone.contains("There is no trace \u{201c}&lt;pond&gt;\u{201d}, so nothing carries it."),
        "{gone}"
    );

    // Taken away from an entry, at once; the search stands under its number, and among the recent ones.
    let page = mira.get("/search").await.expect(200).body;
    assert!(page.contains("#lake, #night-garden, newest first"), "{page}");
    let sent = mira.post("/search", &[("q", "snow"), ("traces", "lake"), ("go", "page")]).await.expect(303);
    let page = mira.get(&format!("/entries/{lake}")).await.expect(200).body;
    let trace = attribute(&page, "class=\"chip\"", "data-trace-id").expect("its trace");
    mira.post(&format!("/entries/{lake}/traces/{trace}/delete"), &[]).await.expect(303);
    assert_eq!(results(&mira.get(sent.location()).await.expect(200).body), [&*both]);

    // The page of a trace leads to the form, which says it.
    let linked = mira.get(&format!("/traces/{trace}")).await.expect(200).body;
    assert!(linked.contains(&format!("href=\"/search?trace={trace}\"")), "{linked}");
    let form = mira.get(&format!("/search?trace={trace}")).await.expect(200).body;
    assert!(form.contains("name=\"traces\" value=\"lake\""), "{form}");
    let other = app.register("Jonas").await.get(&format!("/search?trace={trace}")).await.expect(200).body;
    assert!(!other.contains("lake"), "{other}");
}

#[tokio::test]
async fn results_within_a_trace_come_in_pages() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut written = Vec::new();
    for day in 1..=18 {
        let id = write_on(&mira, &format!("2026-02-{day:02}"), "A harbour seal.").await;
        if day != 9 {
            mira.post(&format!("/entries/{id}/traces"), &[("name", "sea")]).await.expect(303);
            written.push(id);
        }
    }
    written.reverse();
    let first = mira.post("/search", &[("q", "harbour #sea"), ("order", "newest")]).await.expect(200).body;
    assert_eq!(
        (results(&first), said(&first)),
        (written[..15].to_vec(), "17 entries, newest first".to_owned())
    );
    let second = mira.get("/search/1?page=2").await.expect(200).body;
    assert_eq!(results(&second), written[15..]);
}

#[tokio::test]
async fn dates_that_cannot_be_read_keep_what_was_typed() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.write("Snow.").await;
    for (from, to) in [("soon", ""), ("", "3/4/2024"), ("2025", "2024")] {
        let fields = [("q", "snow"), ("from", from), ("to", to), ("order", "newest")];
        let got = mira.post("/search", &fields).await.expect(422);
        for value in ["snow", from, to].into_iter().filter(|value| !value.is_empty()) {
            assert!(got.body.contains(&format!("value=\"{value}\"")), "{}", got.body);
        }
        assert!(got.body.contains("id=\"search-error\"") && got.body.contains("selected"), "{}", got.body);
        let part = mira.send(Ask::post("/search").partial().fields(&fields)).await.expect(422);
        assert!(part.body.contains("search-error") && !part.body.contains("<html"), "{}", part.body);
    }
}

#[tokio::test]
async fn going_back_shows_a_search_again_and_only_in_its_session() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("The lighthouse keeper had a quiet day.").await;
    let fields = [("q", "lighthouse"), ("go", "page")];
    let sent = mira.post("/search", &fields).await.expect(303);
    assert_eq!(sent.location(), "/search/1");
    let again = mira.get("/search/1").await.expect(200);
    assert_eq!(results(&again.body), [&*id]);
    assert!(again.body.contains("value=\"lighthouse\""));
    // While somebody types, one number stands for what is in the box now.
    let typing = Ask::post("/search").partial().fields(&[("q", "quiet"), ("n", "1")]);
    assert!(mira.send(typing).await.expect(200).body.contains("data-place=\"/search/1\""));
    assert!(mira.get("/search/1").await.body.contains("value=\"quiet\""));
    assert_eq!(mira.post("/search", &fields).await.location(), "/search/2");

    let elsewhere = app.sign_in_again("Mira").await;
    for path in ["/search/1", "/search/77"] {
        assert_eq!(elsewhere.get(path).await.expect(303).location(), "/search");
    }
    assert_eq!(mira.get("/search/x").await.status, 404);
    let anybody = app.anonymous();
    assert_eq!(anybody.get("/search/1").await.location(), "/login");
    mira.post("/lock", &[]).await.expect(303);
    let later = app.sign_in_again("Mira").await;
    assert_eq!(later.get("/search/1").await.location(), "/search");
}

#[tokio::test]
async fn results_come_by_fifteen_and_then_by_ten() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut written = Vec::new();
    for day in 1..=28 {
        written.push(write_on(&mira, &format!("2026-02-{day:02}"), "A harbour seal.").await);
    }
    written.reverse();
    let fields = [("q", "harbour"), ("order", "newest")];
    let first = mira.post("/search", &fields).await.expect(200).body;
    assert_eq!(results(&first), written[..15]);
    assert_eq!(said(&first), "28 entries, newest first");
    assert!(first.contains("href=\"/search/1?page=2\""), "{first}");
    let second = mira.get("/search/1?page=2").await.expect(200).body;
    assert_eq!(results(&second), written[15..25]);
    assert!(second.contains("page 2") && second.contains("href=\"/search/1?page=3\""));
    assert!(second.contains("rel=\"prev\""));
    let third = mira.send(Ask::get("/search/1?page=3").partial()).await.expect(200).body;
    assert_eq!(results(&third), written[25..]);
    assert!(!third.contains("id=\"results\"") && !third.contains("data-more"));
    assert_eq!(results(&mira.get("/search/1?upto=3").await.body), written);
    let by_form = mira.post("/search", &[("q", "harbour"), ("order", "newest"), ("page", "2")]).await.body;
    assert_eq!(results(&by_form), written[15..25]);
}

#[tokio::test]
async fn a_query_that_is_too_long_is_cut_and_says_so() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let id = mira.write("A harbour seal.").await;
    let long = "harbour ".repeat(300);
    let found = mira.post("/search", &[("q", &long)]).await.expect(200);
    assert!(found.body.contains("Only the first 512 characters"), "{}", found.body);
    assert_eq!(results(&found.body), [id]);
}

#[tokio::test]
async fn what_the_model_wrote_can_be_looked_for_alone() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let entry = mira.write("The lighthouse keeper had a quiet day.").await;
    mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let find = async |by: &str| mira.post("/search", &[("q", ""), ("by", by)]).await.expect(200).body;
    let reply = loop {
        let found = find("machine").await;
        if let [reply] = &results(&found)[..] {
            assert!(found.contains(&format!("#reply-{reply}")) && found.contains("reply of the model"));
            assert_eq!(said(&found), "One reply");
            break reply.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_ne!(reply, entry);
    assert_eq!(results(&find("writer").await), [entry]);
}

/// The words of the recent searches, in order.
fn recent(body: &str) -> Vec<String> {
    let parts = body.split("class=\"recent__words\" dir=\"auto\">").skip(1);
    parts.map(|part| part.split('<').next().expect("a value").to_owned()).collect()
}

#[tokio::test]
async fn recent_searches_are_offered_forgotten_and_switched_off() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    assert!(recent(&mira.get("/search").await.body).is_empty());
    for q in ["boat", "<rain>", "boat"] {
        mira.post("/search", &[("q", q), ("go", "page")]).await.expect(303);
    }
    mira.post("/search", &[("q", ""), ("by", "writer"), ("from", "March 2024")]).await.expect(200);
    // What is still being typed, and what cannot be searched for, is not kept.
    mira.send(Ask::post("/search").partial().fields(&[("q", "seal"), ("live", "1"), ("n", "4")]))
        .await
        .expect(200);
    mira.post("/search", &[("q", "fog"), ("to", "soon")]).await.expect(422);
    let page = mira.get("/search").await.expect(200).body;
    assert_eq!(recent(&page), ["boat", "&lt;rain&gt;"]);
    assert!(page.contains("from March 2024, only yours"), "{page}");
    assert!(recent(&jonas.get("/search").await.body).is_empty());

    // A result that is opened while typing makes it a search.
    mira.post("/search/4/kept", &[]).await.expect(204);
    assert_eq!(recent(&mira.get("/search").await.body), ["seal", "boat", "&lt;rain&gt;"]);
    let later = app.sign_in_again("Mira").await;
    let page = later.get("/search").await.body;
    assert_eq!(recent(&page), ["seal", "boat", "&lt;rain&gt;"]);

    let at = attribute(&page, "name=\"at\"", "value").expect("the first one");
    let again = mira.post("/search", &[("recent", &at), ("go", "page")]).await.expect(303);
    assert!(mira.get(again.location()).await.expect(200).body.contains("value=\"seal\""));
    let gone = mira.post("/search", &[("recent", "5")]).await.expect(200);
    assert!(recent(&gone.body).len() == 3 && results(&gone.body).is_empty());
    let at = attribute(&gone.body, "name=\"at\"", "value").expect("the first one, made again");
    assert_eq!(mira.post("/search/recent/forget", &[("at", &at)]).await.location(), "/search");
    assert_eq!(recent(&mira.get("/search").await.body), ["boat", "&lt;rain&gt;"]);
    mira.post("/search/recent/forget", &[("at", "x")]).await.expect(422);
    mira.post("/search/recent/clear", &[]).await.expect(303);
    assert!(recent(&mira.get("/search").await.body).is_empty());

    mira.post("/search", &[("q", "boat")]).await.expect(200);
    let settings = [("keep", "no"), ("page", "settings")];
    assert_eq!(mira.post("/search/recent/keep", &settings).await.location(), "/settings/data#searches");
    mira.post("/search", &[("q", "rain")]).await.expect(200);
    assert!(mira.get("/settings/data").await.body.contains("Searches are not kept."));
    assert!(recent(&mira.get("/search").await.body).is_empty());
    mira.post("/search/recent/keep", &[("keep", "yes")]).await.expect(303);
    assert!(recent(&mira.get("/search").await.body).is_empty(), "what was forgotten stays forgotten");
    mira.post("/search/recent/keep", &[]).await.expect(422);
}
