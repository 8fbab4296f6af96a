//! What a trace is about: its summary, and what is shown where its chip is opened.

use std::time::Duration;

use llamora::config::manifest::Ability;

use super::{add, beneath};
use crate::it::common::{Ask, Options, SignedIn, TestApp};

const TEXTS: [(&str, &str); 4] = [
    (
        "2026-03-03",
        "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late again.",
    ),
    (
        "2026-04-04",
        "In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden.",
    ),
    (
        "2026-05-05",
        "Ana dug the garden over and the tomatoes came up between the stones. I must call the bank about the letter.",
    ),
    (
        "2026-06-06",
        "We ate tomatoes from the garden at the long table, and the radio told of snow in the mountains.",
    ),
];

/// The ids of four entries that carry `garden`, and its own.
async fn garden(mira: &SignedIn) -> (Vec<String>, String) {
    let mut ids = Vec::new();
    for (day, text) in TEXTS {
        let got = mira.post(&format!("/d/{day}/entries"), &[("text", text)]).await.expect(303);
        ids.push(got.location().split_once("#entry-").expect("a way").1.to_owned());
        add(mira, ids.last().expect("one"), "garden").await;
    }
    let (garden, _) = beneath(mira, &ids[0]).await.remove(0);
    (ids, garden)
}

async fn summary(mira: &SignedIn, trace: &str) -> String {
    mira.send(Ask::get(&format!("/traces/{trace}/summary")).partial()).await.expect(200).body
}

// F080, F146 (of the writer's own sentences, each with its day; another one after each change of an entry)
#[tokio::test]
async fn a_trace_is_summed_up_in_its_own_sentences_and_anew_when_an_entry_changes() {
    let app = TestApp::with(&Options { ability: Ability::Taste, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let (ids, garden) = garden(&mira).await;
    let page = async || mira.get(&format!("/traces/{garden}")).await.expect(200).body;
    assert!(page().await.contains("data-recap=\"waiting\""), "it is asked for");
    let part = summary(&mira, &garden).await;
    assert!(part.contains("data-recap=\"own\"") && part.contains("garden"), "{part}");
    assert!(
        part.contains("href=\"/d/2026-") && part.contains("In your own words"),
        "each with its day: {part}"
    );
    assert!(page().await.contains("data-recap=\"own\""), "without scripts as well, the next time");
    assert!(
        !mira.get(&format!("/traces/{garden}?from=2026-05-01")).await.body.contains("data-recap=\"own\"")
    );

    // Renaming changes nothing of it; an edit, the trash and its undo, and taking the trace away do.
    mira.post(&format!("/traces/{garden}/rename"), &[("name", "Beds")]).await.expect(303);
    assert!(page().await.contains("data-recap=\"own\""));
    let edit = [
        (
            "text",
            "Zebras ran through the city all night long, and everybody at the windows saw the zebras run.",
        ),
        ("revision", "1"),
    ];
    mira.post(&format!("/entries/{}", ids[0]), &edit).await.expect(303);
    assert!(page().await.contains("data-recap=\"waiting\""), "nothing stale is shown");
    assert!(!summary(&mira, &garden).await.contains("planted tomatoes"));
    mira.post(&format!("/entries/{}/delete", ids[1]), &[]).await.expect(303);
    assert!(!summary(&mira, &garden).await.contains("her own garden"));
    mira.post(&format!("/entries/{}/restore", ids[1]), &[]).await.expect(303);
    assert!(page().await.contains("data-recap=\"waiting\""));
    summary(&mira, &garden).await;
    mira.post(&format!("/entries/{}/traces/{garden}/delete", ids[3]), &[]).await.expect(303);
    assert!(page().await.contains("data-recap=\"waiting\""));
    assert!(!summary(&mira, &garden).await.contains("long table"));

    mira.post(&format!("/traces/{garden}/summary/remove"), &[]).await.expect(303);
    assert!(!page().await.contains("id=\"summary\""), "it stays away");
    assert!(!summary(&mira, &garden).await.contains("data-recap"));
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    let off = page().await;
    assert!(!off.contains("id=\"summary\"") && !off.contains("data-recaps"), "nothing of it is drawn");
    let berta = app.register("Berta").await;
    berta.send(Ask::get(&format!("/traces/{garden}/summary")).partial()).await.expect(404);
}

// F080 (a capable model betters it; what rests on no entry is dropped, and the day is the one of its entry)
#[tokio::test]
async fn a_capable_model_betters_a_summary_and_invents_nothing() {
    let app = TestApp::with(&Options { ability: Ability::Able, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let (_, garden) = garden(&mira).await;
    summary(&mira, &garden).await;
    let bettered = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let page = mira.get(&format!("/traces/{garden}")).await.expect(200).body;
            if page.contains("data-recap=\"model\"") {
                return page;
            }
            summary(&mira, &garden).await;
            tokio::task::yield_now().await;
        }
    });
    let page = bettered.await.expect("it comes");
    let said =
        page.split("data-recap=\"model\"").nth(1).and_then(|rest| rest.split("</aside>").next()).expect("it");
    assert!(said.contains("on this machine") && said.contains("href=\"/d/2026-"), "{said}");
    assert!(!said.contains("Zebedee"), "{said}");
}

// F071, F072, F079 (where a chip is opened: what appears with it, and the way to the latest entries)
#[tokio::test]
async fn an_opened_chip_tells_what_is_known() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let (ids, garden) = garden(&mira).await;
    add(&mira, &ids[3], "summer").await;
    let ask = Ask::get(&format!("/traces/{garden}/about")).partial();
    let part = mira.send(ask).await.expect(200).body;
    assert!(part.contains("Appears with") && part.contains("summer"), "{part}");
    assert!(
        part.contains(&format!("href=\"/d/2026-06-06#entry-{}\"", ids[3]))
            && part.contains("We ate tomatoes")
    );
    assert!(part.find("6 June 2026") < part.find("3 March 2026"), "latest first");
    mira.send(Ask::get("/traces/01KAMQ0000000000000000000B/about").partial()).await.expect(404);
    assert_eq!(
        mira.get(&format!("/traces/{garden}/about")).await.expect(303).location(),
        format!("/traces/{garden}")
    );
}

// Issue 8, memory (a reply is shown what days that share a trace tell, with no other request of the model before it)
#[tokio::test]
async fn a_reply_remembers_a_day_that_shares_a_trace() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let past = [("text", "Zebras galloped past the fountain.")];
    let got = mira.post("/d/2026-03-03/entries", &past).await.expect(303);
    let zebras = got.location().split_once("#entry-").expect("a way").1.to_owned();
    let entry = mira.write("Nothing much, tired.").await;
    add(&mira, &zebras, "zoo").await;
    add(&mira, &entry, "zoo").await;
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let reply = got.location().split_once("#reply-").expect("a way to the reply").1.to_owned();
    mira.get(&format!("/replies/{reply}/events")).await.expect(200);
    let page = mira.get(&format!("/entries/{entry}")).await.expect(200).body;
    assert!(page.contains("href=\"/d/2026-03-03\""), "it leads to the day: {page}");
}
