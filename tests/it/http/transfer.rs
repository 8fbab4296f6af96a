//! Export and import over HTTP (SR-16, SR-39, SR-40, SR-41).

use crate::it::common::{Ask, Got, PASSWORD, SignedIn, TODAY, TestApp};

const EXPORT: &str = "/settings/data/export";
const IMPORT: &str = "/settings/data/import";

fn choose<'a>(format: &'a str, password: &'a str, plain: &'a str) -> [(&'static str, &'a str); 3] {
    [("format", format), ("current_password", password), ("plain", plain)]
}

async fn exported(mira: &SignedIn, format: &str) -> Vec<u8> {
    let response = mira.open(Ask::post(EXPORT).fields(&choose(format, PASSWORD, "yes"))).await;
    assert_eq!(response.status().as_u16(), 200);
    response.into_body().into_vec().await.expect("a whole export")
}

fn upload(mira: &SignedIn, name: &str, bytes: &[u8]) -> Ask {
    let mut body = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--XyZ\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        mira.token()
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--XyZ--\r\n");
    Ask::post(IMPORT).body(body).header("content-type", "multipart/form-data; boundary=XyZ")
}

async fn read(mira: &SignedIn, name: &str, bytes: &[u8]) -> Got {
    let got = mira.send(upload(mira, name, bytes)).await.expect(303);
    mira.get(got.location()).await.expect(200)
}

// proves: SR-16, SR-40 (export)
#[tokio::test]
async fn an_export_asks_for_the_password_and_for_a_yes() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    mira.write("The lighthouse.").await;
    for (fields, status) in [
        (choose("json", "", "yes"), 403),
        (choose("json", "wrong horse", "yes"), 403),
        (choose("json", PASSWORD, ""), 422),
        (choose("docx", PASSWORD, "yes"), 422),
    ] {
        let got = mira.post(EXPORT, &fields).await.expect(status);
        assert!(!got.body.contains("lighthouse") && got.body.contains("export-error"), "{fields:?}");
        assert_eq!(got.header("content-disposition"), "");
    }
    mira.get(EXPORT).await.expect(405);
    let got = mira.post(EXPORT, &choose("json", PASSWORD, "yes")).await.expect(200);
    assert!(got.body.contains("The lighthouse."));
    assert_eq!(got.header("content-disposition"), format!("attachment; filename=\"llamora-{TODAY}.json\""));
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("cache-control"), "no-store");
    assert!(got.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn guessing_the_password_at_an_export_is_slowed_down() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for _ in 0..6 {
        mira.post(EXPORT, &choose("json", "wrong horse", "yes")).await.expect(403);
    }
    let got = mira.post(EXPORT, &choose("json", PASSWORD, "yes")).await.expect(429);
    assert_ne!(got.header("retry-after"), "");
}

// proves: SR-41
#[tokio::test]
async fn a_journal_moves_from_one_person_to_another_and_back_without_doubling() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    mira.write("Snow on the *bridge* & nobody.").await;
    mira.post("/d/2019-03-01/entries", &[("op", "a"), ("text", "Za\u{17c}\u{f3}\u{142}\u{107} \u{1f389}")])
        .await
        .expect(303);
    let gone = mira.write("Thrown away.").await;
    mira.post(&format!("/entries/{gone}/delete"), &[]).await.expect(303);
    for (format, name) in [("json", "a.json"), ("markdown", "a.zip"), ("jrnl", "b.json")] {
        let bytes = exported(&mira, format).await;
        let page = read(&jonas, name, &bytes).await.body;
        if format == "json" {
            assert!(page.contains("To be imported: 3 entries on 2 days."), "{page}");
            assert!(
                !jonas.get("/d/2019-03-01").await.body.contains('\u{1f389}'),
                "a dry run changes nothing"
            );
        } else {
            assert!(
                page.contains("There is nothing new in it.") && page.contains("nothing is doubled"),
                "{format}: {page}"
            );
        }
        let got = jonas.post("/settings/data/import/start", &[]).await.expect(303);
        let page = jonas.get(got.location()).await.expect(200).body;
        assert!(
            page.contains(if format == "json" { "Imported: 3 entries on 2 days." } else { "nothing new" }),
            "{page}"
        );
        jonas.post("/settings/data/import/forget", &[]).await.expect(303);
        assert_eq!(jonas.get(IMPORT).await.expect(303).location(), "/settings/data#import");
        assert!(jonas.get("/d/2019-03-01").await.body.contains("Za\u{17c}\u{f3}\u{142}\u{107} \u{1f389}"));
        assert_eq!(jonas.get(&format!("/d/{TODAY}")).await.body.matches("<em>bridge</em>").count(), 1);
        assert!(jonas.get("/trash").await.body.contains("Thrown away."));
    }
    // And back, where all of it came from.
    let page = read(&mira, "c.json", &exported(&jonas, "json").await).await.body;
    assert!(page.contains("There is nothing new in it."));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_nothing_changes() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for (bytes, why) in [
        (&b"\xff\xfe"[..], "neither JSON, nor Markdown"),
        (b"{\"entries\":[", "malformed or cut short"),
        (b"PK\x03\x04xxxx", "the zip is damaged"),
    ] {
        let got = mira.send(upload(&mira, "x", bytes)).await.expect(422);
        assert!(got.body.contains(why) && got.body.contains("import-error"), "{why}");
    }
    assert!(mira.post(IMPORT, &[]).await.expect(422).body.contains("Choose a file first."));
    let page = read(&mira, "<b>.md", b"No date.").await.body;
    assert!(page.contains("&lt;b&gt;.md") && page.contains("does not say its day"));
    mira.post("/settings/data/import/forget", &[]).await.expect(303);
    mira.post("/settings/data/import/start", &[]).await.expect(422);
}

// proves: SR-35
#[tokio::test]
async fn an_upload_ends_at_64_mib_and_needs_a_session_and_a_token() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let big = vec![b' '; 64 * 1024 * 1024 + 128 * 1024];
    mira.send(upload(&mira, "x.json", &big)).await.expect(413);
    let body =
        b"--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nx\r\n--XyZ--\r\n";
    let kind = "multipart/form-data; boundary=XyZ";
    let ask = || Ask::post(IMPORT).body(body.to_vec()).header("content-type", kind);
    mira.send(ask()).await.expect(403);
    mira.send(ask().header("x-csrf-token", &mira.token())).await.expect(303);
    let anybody = app.anonymous();
    anybody.get("/login").await.expect(200);
    assert_eq!(anybody.send(ask()).await.expect(303).location(), "/login");
    // Elsewhere a file is no form.
    let elsewhere = Ask::post("/search").body(body.to_vec()).header("content-type", kind);
    mira.send(elsewhere.header("x-csrf-token", &mira.token())).await.expect(400);
}

// proves: SR-39
#[tokio::test]
async fn what_one_person_reads_in_nobody_else_sees_or_starts() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.register("Jonas").await;
    read(&mira, "2019-03-01.md", b"Mine alone.").await;
    assert_eq!(jonas.get(IMPORT).await.expect(303).location(), "/settings/data#import");
    jonas.post("/settings/data/import/start", &[]).await.expect(422);
    jonas.post("/settings/data/import/forget", &[]).await.expect(303);
    assert!(mira.get(IMPORT).await.expect(200).body.contains("To be imported: 1 entry on 1 day."));
    let theirs = exported(&jonas, "json").await;
    assert!(!String::from_utf8_lossy(&theirs).contains("Mine alone."));
}

#[tokio::test]
async fn what_was_read_is_forgotten_after_a_while_and_at_lock() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    read(&mira, "2019-03-01.md", b"Not said yes to.").await;
    app.clock.advance(31 * 60_000);
    app.state.services.tend_all();
    mira.get(IMPORT).await.expect(303);
    read(&mira, "2019-03-01.md", b"Not said yes to.").await;
    mira.post("/lock", &[]).await.expect(303);
    mira.get("/login").await.expect(200);
    mira.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    mira.get(IMPORT).await.expect(303);
}

// proves: SR-40
#[tokio::test]
async fn an_export_breaks_off_when_the_journal_is_locked() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for n in 0..60 {
        mira.write(&format!("{n} {}", "word ".repeat(2_000))).await;
    }
    let response = mira.open(Ask::post(EXPORT).fields(&choose("json", PASSWORD, "yes"))).await;
    assert_eq!(response.status().as_u16(), 200);
    mira.post("/lock", &[]).await.expect(303);
    assert!(response.into_body().into_vec().await.is_err(), "half an export is no export");
}
