//! RR-06: a journal that can only be read is read, and says so.

use llamora::{routes, store::faults::Disk};

use super::{ANCHOR, banner, day, mira};
use crate::it::common::{Ask, Options, PASSWORD, SignedIn, TestApp, attribute, fresh_op};

const TYPED: &str = "Typed while nothing could be saved.";

/// Pages of an open journal, each with the banner.
async fn everything_is_read(app: &TestApp, mira: &SignedIn, entry: &str) {
    let pages = [
        day(),
        format!("/entries/{entry}"),
        format!("/entries/{entry}/edit"),
        format!("/entries/{entry}/versions"),
        "/search".to_owned(),
        "/settings/data".to_owned(),
        "/settings/model".to_owned(),
    ];
    for path in pages {
        let page = mira.get(&path).await.expect(200);
        assert_eq!(banner(&page.body), "read-only", "{path}");
        assert!(page.body.contains("This journal can only be read now"), "{path}");
    }
    assert!(mira.get(&day()).await.body.contains(ANCHOR));
    let found = mira.post("/search", &[("q", "anchor")]).await.expect(200);
    assert!(found.body.contains(&format!("data-entry-id=\"{entry}\"")));

    let other = app.anonymous();
    assert_eq!(banner(&other.get("/login").await.expect(200).body), "read-only");
    other.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    assert!(other.get(&day()).await.expect(200).body.contains(ANCHOR), "signing in needs no write");
    let ready = other.get("/readyz").await.expect(200);
    assert!(ready.body.contains("\"store\":\"read-only\"") && ready.body.contains("\"note\":\"This journal"));
}

/// Each change is refused with 409 and a sentence, and what was typed is in the answer.
async fn every_change_is_refused(app: &TestApp, mira: &SignedIn, entry: &str) {
    let (op, day) = (fresh_op(), day());
    let texts = [
        (format!("{day}/entries"), vec![("op", op.as_str()), ("text", TYPED)]),
        (format!("{day}/draft"), vec![("op", op.as_str()), ("text", TYPED)]),
        (format!("/entries/{entry}"), vec![("revision", "2"), ("text", TYPED)]),
    ];
    for (path, fields) in &texts {
        let page = mira.post(path, fields).await.expect(409);
        assert!(page.body.contains(TYPED), "{path}: the text is gone");
        assert!(page.body.contains("cannot be written, so this was not saved"), "{path}: {}", page.body);
        let part = mira.send(Ask::post(path).fields(fields).partial()).await.expect(409);
        assert!(part.body.contains("was not saved") && !part.body.contains("<html"), "{path}");
    }
    // This part takes the place of the box on the page, so it must bring the text along.
    let edit = mira.send(Ask::post(&texts[2].0).fields(&texts[2].1).partial()).await;
    assert!(edit.body.contains(TYPED) && edit.body.contains("<textarea"), "{}", edit.body);

    let others = [
        format!("/entries/{entry}/delete"),
        format!("/entries/{entry}/replies"),
        format!("/entries/{entry}/versions/1/restore"),
    ];
    for path in &others {
        let page = mira.post(path, &[]).await.expect(409);
        assert!(page.body.contains("The journal is read-only"), "{path}");
        assert_eq!(banner(&page.body), "read-only", "{path}");
    }
    let other = app.anonymous();
    other.get("/register").await.expect(200);
    let fields = [("username", "Jonas"), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    other.post("/register", &fields).await.expect(409);
}

async fn writing_works(mira: &SignedIn) {
    assert_eq!(banner(&mira.get(&day()).await.expect(200).body), "");
    mira.write("Saved again.").await;
}

// proves: RR-06
#[tokio::test]
async fn rr06_a_read_only_disk_is_read_and_every_change_says_so_until_it_can_be_written() {
    let (app, disk, mira, entry) = mira().await;
    let path = format!("/entries/{entry}");
    let second = format!("{ANCHOR} And of rust.");
    mira.post(&path, &[("revision", "1"), ("text", &second)]).await.expect(303);
    disk.write_protect();
    app.state.services.look_at_store().await.unwrap();
    // Nothing was tried yet: the first refused change finds out.
    every_change_is_refused(&app, &mira, &entry).await;
    everything_is_read(&app, &mira, &entry).await;
    every_change_is_refused(&app, &mira, &entry).await;
    disk.mend();
    app.state.services.look_at_store().await.unwrap();
    writing_works(&mira).await;
}

// proves: RR-06
#[tokio::test]
async fn rr06_a_journal_left_by_a_crash_on_a_read_only_disk_opens_and_is_not_touched() {
    let (running, disk, _, _) = mira().await;
    // The last commit has no allocator state yet: this is what a crash would leave.
    let crashed = disk.image();
    let medium = Disk::holding(crashed.clone());
    medium.write_protect();
    let app = TestApp::with(&Options { disk: Some(medium.clone()), ..Options::default() }).await;
    let visitor = app.anonymous();
    visitor.get("/login").await.expect(200);
    let got = visitor.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    assert_eq!(got.location(), "/d/today");
    let page = visitor.get(&day()).await.expect(200);
    assert!(page.body.contains(ANCHOR), "{}", page.body);
    assert_eq!(banner(&page.body), "read-only");
    let op = attribute(&page.body, "name=\"op\"", "value").unwrap();
    let refused = visitor.post(&format!("{}/entries", day()), &[("op", &op), ("text", TYPED)]).await;
    assert!(refused.status == 409 && refused.body.contains(TYPED));
    app.state.services.finish().await;
    assert!(medium.image() == crashed, "the medium was changed");
    drop(running);
}

// proves: RR-06
#[tokio::test]
async fn rr06_each_form_of_the_route_table_answers_something_else_than_a_fault() {
    let (app, disk, mira, _) = mira().await;
    disk.write_protect();
    app.state.services.look_at_store().await.unwrap();
    for row in routes::ROWS.iter().filter(|row| row.is_form()) {
        let got = mira.send(Ask::new(row.method.clone(), &row.sample())).await;
        assert!(got.status < 500, "{} {}: {} {}", row.method, row.pattern, got.status, got.body);
        if got.status == 303 && got.location() == "/login" {
            mira.get("/login").await.expect(200);
            mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
        }
    }
}
