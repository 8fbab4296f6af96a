//! RR-05 and RR-07: a full disk, and a disk that is pulled out and put back, under an open journal.

use std::io::ErrorKind;

use super::{ANCHOR, banner, day, mira};
use crate::it::common::{Ask, fresh_op};

const TYPED: &str = "Typed while the disk was in trouble.";

// proves: RR-05
#[tokio::test]
async fn rr05_a_full_disk_keeps_the_text_in_the_editor_at_every_write_and_saves_it_when_there_is_room() {
    let (app, disk, mira, entry) = mira().await;
    let (cookie, mut refused) = (mira.cookie(), 0);
    for allowed in 0.. {
        let (op, text) = (fresh_op(), format!("{TYPED} After {allowed} writes."));
        let fields = [("op", op.as_str()), ("text", text.as_str())];
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let got = mira.post(&format!("{}/entries", day()), &fields).await;
        if got.status == 303 && disk.fired() == 0 {
            break;
        }
        if got.status != 303 {
            refused += 1;
            assert_eq!(got.status, 503, "after {allowed}: {}", got.body);
            assert!(got.body.contains(&text), "after {allowed}: the text is gone");
            assert!(got.body.contains("The disk is full, so this was not saved"), "{}", got.body);
            assert_eq!(banner(&got.body), "full", "after {allowed}");
            let part = mira.send(Ask::post(&format!("{}/entries", day())).fields(&fields).partial()).await;
            assert!(part.status == 303 || part.status == 503 || part.status == 200, "{}", part.status);
        }
        let page = mira.get(&day()).await.expect(200);
        assert!(page.body.contains(ANCHOR), "reading goes on");
        disk.mend();
        app.state.services.look_at_store().await.unwrap();
        assert_eq!(banner(&mira.get(&day()).await.body), "", "after {allowed}");
        // Work in the background may have found the disk full a moment before it was mended, and say so only now.
        let mut got = mira.post(&format!("{}/entries", day()), &fields).await;
        for _ in 0..3 {
            if got.status != 303 {
                app.state.services.look_at_store().await.unwrap();
                got = mira.post(&format!("{}/entries", day()), &fields).await;
            }
        }
        got.expect(303);
        let page = mira.get(&day()).await.expect(200);
        assert_eq!(page.body.matches(&text).count(), 1, "after {allowed}: saved once");
    }
    assert!(refused > 3, "only {refused} writes could fail");
    assert_eq!(mira.cookie(), cookie, "the session is the same");
    assert!(mira.get(&format!("/entries/{entry}")).await.expect(200).body.contains(ANCHOR));
}

// proves: RR-07
#[tokio::test]
async fn rr07_a_disk_pulled_out_under_an_open_page_costs_no_text_and_goes_on_when_it_is_back() {
    let (app, disk, mira, _) = mira().await;
    disk.pull_out();
    app.state.services.look_at_store().await.unwrap();
    let ready = mira.get("/readyz").await.expect(503);
    assert!(
        ready.body.contains("\"store\":\"failed\"") && ready.body.contains("\"note\":\""),
        "{}",
        ready.body
    );
    let op = fresh_op();
    let fields = [("op", op.as_str()), ("text", TYPED)];
    for _ in 0..3 {
        let got = mira.post(&format!("{}/entries", day()), &fields).await.expect(503);
        assert!(got.body.contains(TYPED), "{}", got.body);
        assert_eq!(banner(&got.body), "failed");
        let part = mira.send(Ask::post(&format!("{}/entries", day())).fields(&fields).partial()).await;
        assert_eq!(part.status, 503);
        mira.post(&format!("{}/draft", day()), &fields).await.expect(503);
    }
    disk.mend();
    app.state.services.look_at_store().await.unwrap();
    mira.get("/readyz").await.expect(200);
    mira.post(&format!("{}/entries", day()), &fields).await.expect(303);
    let page = mira.get(&day()).await.expect(200);
    assert!(page.body.contains(ANCHOR) && page.body.contains(TYPED) && banner(&page.body).is_empty());
}

// proves: RR-07
#[tokio::test]
async fn rr07_another_or_an_older_journal_in_its_place_is_neither_shown_nor_written() {
    let (app, disk, mira, _) = mira().await;
    let older = disk.image();
    mira.write("After the copy was made.").await;
    let foreign = {
        let (app, other, jonas, _) = super::mira().await;
        for n in 0..20 {
            jonas.write(&format!("Somebody else's entry {n}.")).await;
        }
        drop(app);
        other.image()
    };
    disk.pull_out();
    let newest = disk.image();
    for (image, words) in [(older, "An older copy of this journal"), (foreign, "Another journal lies")] {
        disk.pull_out();
        app.state.services.look_at_store().await.unwrap();
        disk.replace(image.clone());
        app.state.services.look_at_store().await.unwrap();
        let got = mira.post(&format!("{}/entries", day()), &[("op", &fresh_op()), ("text", TYPED)]).await;
        assert_eq!(got.status, 503);
        assert!(got.body.contains(words) && got.body.contains(TYPED), "{}", got.body);
        let page = mira.get(&day()).await;
        assert!(page.status == 503 && !page.body.contains(ANCHOR) && !page.body.contains("Somebody else"));
    }
    disk.replace(newest);
    app.state.services.look_at_store().await.unwrap();
    let page = mira.get(&day()).await.expect(200);
    assert!(page.body.contains("After the copy was made."));
    mira.write("Saved again.").await;
}
