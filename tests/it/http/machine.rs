//! Removing everything a model wrote, from the page to the index.

use std::time::Duration;

use llamora::config::manifest::Ability;

use crate::it::common::{Ask, Options, SignedIn, TestApp, fresh_op};

const PAST: &str = "2026-11-19";
const LONG: &str = "The garden was wet in the morning and we planted tomatoes in the garden with Ana. The bus came late \
    again. In the evening we looked at the garden once more, and Ana brought tomatoes from her own garden. I must call \
    the bank about the letter. The radio told of snow in the mountains, and nobody believed it.";

/// A journal with an entry, its reply and a recap; the reply's id.
async fn filled() -> (TestApp, SignedIn, String) {
    let app = TestApp::with(&Options { ability: Ability::Taste, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let fields = [("text", LONG), ("op", &fresh_op())];
    let got = mira.post(&format!("/d/{PAST}/entries"), &fields).await.expect(303);
    let entry = got.location().split_once("#entry-").expect("an anchor").1.to_owned();
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let reply = got.location().split_once("#reply-").expect("an anchor").1.to_owned();
    page_with(&mira, &format!("/d/{PAST}"), "data-state=\"complete\"").await;
    mira.send(Ask::get(&format!("/d/{PAST}/recap")).partial()).await.expect(200);
    page_with(&mira, &format!("/d/{PAST}"), "data-recap=\"own\"").await;
    (app, mira, reply)
}

async fn page_with(mira: &SignedIn, place: &str, what: &str) -> String {
    let looked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let page = mira.get(place).await.expect(200).body;
            if page.contains(what) {
                return page;
            }
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("it comes")
}

fn until(page: &str) -> String {
    let value = page.split("name=\"until\" value=\"").nth(1).expect("the field");
    value.split('"').next().expect("its value").to_owned()
}

#[tokio::test]
async fn everything_is_counted_confirmed_and_gone() {
    let (_app, mira, reply) = filled().await;
    assert!(mira.get("/settings/model").await.expect(200).body.contains("/settings/model/texts"));
    let page = mira.get("/settings/model/texts").await.expect(200).body;
    assert!(page.contains("1 reply, 1 recap"), "{page}");
    let removed =
        mira.post("/settings/model/texts/remove", &[("until", &until(&page))]).await.expect(200).body;
    assert!(removed.contains("Removed for ever: 1 reply, 1 recap."), "{removed}");
    // Off, so that looking at the day has no other recap made.
    mira.post("/settings/model/switch", &[("model", "off")]).await.expect(303);
    mira.get(&format!("/replies/{reply}")).await.expect(404);
    let day = mira.get(&format!("/d/{PAST}")).await.expect(200).body;
    assert!(day.contains("planted tomatoes") && !day.contains("data-reply-id"), "{day}");
    let search = async |by: &str| {
        let fields = [("q", "garden"), ("by", by)];
        mira.send(Ask::post("/search").fields(&fields)).await.expect(200).body
    };
    assert!(search("machine").await.contains("Nothing was found."));
    assert!(search("writer").await.contains("One entry"));
    let again = mira.post("/settings/model/texts/remove", &[("until", &until(&page))]).await.expect(200).body;
    assert!(again.contains("nothing left to remove"), "{again}");
    mira.post("/settings/model/texts/remove", &[]).await.expect(400);
}

#[tokio::test]
async fn a_running_reply_is_stopped_and_goes_as_well() {
    let app = TestApp::with(&Options { pause: Duration::from_millis(50), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let entry = mira.write("Tell me slowly and at length of the sea.").await;
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let reply = got.location().split_once("#reply-").expect("an anchor").1.to_owned();
    let page = mira.get("/settings/model/texts").await.expect(200).body;
    assert!(page.contains("1 reply"), "{page}");
    mira.post("/settings/model/texts/remove", &[("until", &until(&page))]).await.expect(200);
    mira.get(&format!("/replies/{reply}")).await.expect(404);
    mira.get(&format!("/replies/{reply}/events")).await.expect(404);
    assert!(mira.get("/settings/model/texts").await.expect(200).body.contains("holds no text of a model"));
}
