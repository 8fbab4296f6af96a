//! How much a request may bring (SR-35).

use llamora::{
    routes::ROWS,
    web::{form::Limit, table::Kind},
};

use crate::it::common::{Ask, PASSWORD, Server, SignedIn, TODAY, TestApp, fresh_op};

const KIB: usize = 1024;

// proves: SR-35
#[tokio::test]
async fn an_entry_form_over_256_kib_is_413_with_the_text() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let text = format!("The beginning. {}", "x".repeat(256 * KIB));
    let fields = [("csrf", mira.token()), ("op", fresh_op()), ("text", text)];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ask = || Ask::post(&format!("/d/{TODAY}/entries")).without_token().fields(&fields);
    let got = mira.send(ask()).await.expect(413);
    assert!(got.body.contains("The beginning."), "the text as far as it was read");
    assert!(got.body.contains("name=\"text\""), "in the form");
    let part = mira.send(ask().partial()).await.expect(413);
    assert!(
        !part.body.contains("<html") && !part.body.contains("name=\"text\""),
        "the box on the page stays"
    );
    assert!(!mira.get(&format!("/d/{TODAY}")).await.body.contains("The beginning."), "nothing was saved");
}

#[tokio::test]
async fn a_cut_form_that_lost_its_token_changes_nothing_and_shows_the_text() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let text = format!("The beginning. {}", "x".repeat(256 * KIB));
    let got =
        mira.post(&format!("/d/{TODAY}/entries"), &[("op", &fresh_op()), ("text", &text)]).await.expect(413);
    assert!(got.body.contains("The beginning."));
}

// proves: SR-35
#[tokio::test]
async fn sign_in_forms_end_at_4_kib_and_others_at_64() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let jonas = app.anonymous();
    jonas.get("/login").await;
    for path in ["/login", "/register", "/recover"] {
        jonas.post(path, &[("username", "Jonas"), ("password", &"x".repeat(4 * KIB))]).await.expect(413);
        jonas.post(path, &[("held_text", &"x".repeat(300 * KIB))]).await.expect(413);
    }
    mira.post("/search", &[("q", &"x".repeat(64 * KIB))]).await.expect(413);
    mira.post("/search", &[("q", &"x".repeat(32 * KIB))]).await.expect(200);
    mira.get(&format!("/d/{TODAY}")).await.expect(200);
}

#[tokio::test]
async fn what_is_not_a_form_is_400() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let path = format!("/d/{TODAY}/entries");
    let token = mira.token();
    let ask = |body: &[u8]| Ask::post(&path).body(body).header("x-csrf-token", &token);
    for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
        mira.send(ask(b"text=hello").header("content-type", kind)).await.expect(400);
    }
    mira.send(ask(b"text=hello").header("content-encoding", "gzip")).await.expect(400);
    for body in [&b"text=%ff"[..], b"text=\xff", b"text=%4", b"%zz=1"] {
        mira.send(ask(body)).await.expect(400);
    }
    mira.send(ask("a=1&".repeat(65).as_bytes())).await.expect(400);
    mira.send(ask(b"op=0123456789abcdef0123456789abcdef&text=a%00b")).await.expect(422);
}

// proves: SR-35
#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    anybody.send(Ask::get("/login").header("x-padding", &"x".repeat(17 * KIB))).await.expect(431);
    let many = (0..70).fold(Ask::get("/login"), |ask, n| ask.header(&format!("x-padding-{n}"), "x"));
    anybody.send(many).await.expect(431);
    anybody.send(Ask::get(&format!("/{}", "x".repeat(17 * KIB)))).await.expect(431);
}

/// A body of exactly this many bytes that passes for a form of any row.
fn padded(mira: &SignedIn, length: usize) -> Vec<u8> {
    let start = format!("csrf={}&op={}&revision=1&text=", mira.token(), fresh_op());
    let mut body = start.into_bytes();
    body.resize(length, b'x');
    body
}

// proves: SR-35 (every form of the route table)
#[tokio::test]
async fn every_form_takes_its_limit_and_not_a_byte_more() {
    let app = TestApp::new().await;
    let mut n_forms = 0;
    for row in ROWS {
        let Kind::Form(limit) = row.kind else { continue };
        let most = match limit {
            Limit::Login => 4 * KIB,
            // The 64 MiB are for a file; what is no file ends where other forms do.
            Limit::Import => Limit::Other.bytes(),
            limit => limit.bytes(),
        };
        for (length, is_too_large) in [(most, false), (most + 1, true), (2 * most, true)] {
            // Somebody new each time: some rows end the session.
            n_forms += 1;
            let mira = app.register(&format!("Mira {n_forms}")).await;
            let body = padded(&mira, length);
            let got = mira.send(Ask::new(row.method.clone(), &row.sample()).without_token().body(body)).await;
            let what =
                format!("{} {} with {length} bytes: {} {}", row.method, row.pattern, got.status, got.body);
            assert_eq!(got.status == 413, is_too_large, "{what}");
            assert!(got.status < 500, "{what}");
        }
    }
    assert!(n_forms > 30);
}

// proves: SR-35
#[tokio::test]
async fn a_hundred_thousand_fields_are_refused_by_every_form() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for row in ROWS.iter().filter(|row| row.is_form()) {
        for body in ["a=1&".repeat(100_000), "a&".repeat(100_000), "&".repeat(100_000) + &"a&".repeat(65)] {
            let ask = Ask::new(row.method.clone(), &row.sample()).without_token().body(body);
            let status = mira.send(ask.header("x-csrf-token", &mira.token())).await.status;
            assert!(matches!(status, 400 | 413), "{} {}: {status}", row.method, row.pattern);
        }
    }
}

// proves: SR-35
#[tokio::test]
async fn a_body_in_chunks_is_refused_by_every_row() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for row in ROWS {
        let ask = Ask::new(row.method.clone(), &row.sample()).header("transfer-encoding", "chunked");
        let got = mira.send(ask).await.expect(400);
        assert_eq!(got.header("connection"), "close", "{} {}", row.method, row.pattern);
    }
}

// proves: SR-35
#[tokio::test]
async fn a_head_has_64_headers_and_16_kib_and_then_ends() {
    let server = Server::start().await;
    let ask = |n_headers: usize, padding: usize| {
        let many: String = (0..n_headers).map(|n| format!("X-{n}: {}\r\n", "x".repeat(padding))).collect();
        format!("{}Connection: close\r\n{many}\r\n", server.head("GET /healthz"))
    };
    for (status, n_headers, padding) in [
        (200, 62, 1),
        (431, 63, 1),
        (431, 99, 1),
        (431, 5_000, 1),
        (431, 100_000, 1),
        (200, 1, 15 * KIB),
        (431, 1, 16 * KIB),
        (431, 1, 31 * KIB),
        (431, 1, 200 * KIB),
        (431, 60, 20 * KIB),
    ] {
        assert_eq!(
            server.status_of(&ask(n_headers, padding)).await,
            status,
            "{n_headers} of {padding} bytes"
        );
    }
    let long_path =
        format!("{}Connection: close\r\n\r\n", server.head(&format!("GET /{}", "x".repeat(100 * KIB))));
    assert!(matches!(server.status_of(&long_path).await, 414 | 431));
    server.stop().await;
}

// proves: SR-35
#[tokio::test]
async fn a_text_that_is_too_long_is_kept_whole_and_one_that_was_cut_says_so() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let long = format!("The beginning. {} The end.", "x".repeat(100_000));
    let cut = format!("The beginning. {} The end.", "x".repeat(256 * KIB));
    let id = mira.write("Before.").await;
    for (path, fields) in [
        (format!("/d/{TODAY}/entries"), vec![("op", fresh_op())]),
        (format!("/entries/{id}"), vec![("revision", "1".to_owned())]),
    ] {
        for (status, text, is_whole) in [(422, &long, true), (413, &cut, false)] {
            let mut fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            fields.push(("text", text));
            let got = mira.post(&path, &fields).await.expect(status);
            assert!(got.body.contains("The beginning. xxx"), "{path}");
            assert_eq!(got.body.contains("xxx The end."), is_whole, "{path}");
            assert_eq!(got.body.contains("only the beginning"), !is_whole, "{path}");
        }
    }
    let got = mira.post(&format!("/d/{TODAY}/draft"), &[("text", &cut)]).await.expect(413);
    assert!(got.body.contains("only the beginning") && got.body.contains("The beginning. xxx"));
}

#[tokio::test]
async fn the_same_holds_over_a_sign_in() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let session = app.state.services.session(&mira.cookie().expect("a cookie")).expect("a session");
    app.state.services.sign_out(&session).await;
    let path = format!("/d/{TODAY}/entries");
    let cut = format!("The beginning. {}", "x".repeat(256 * KIB));
    let got =
        mira.post(&path, &[("csrf", &mira.token()), ("op", &fresh_op()), ("text", &cut)]).await.expect(413);
    assert!(got.body.contains("only the beginning") && got.body.contains("The beginning. xxx"));

    let long = format!("The beginning. {} The end.", "x".repeat(100_000));
    let op = fresh_op();
    let page = mira.post(&path, &[("op", &op), ("text", &long)]).await.expect(401);
    assert!(page.body.contains("xxx The end."), "the sign-in form holds all of it");
    let fields = [
        ("username", "Mira"),
        ("password", PASSWORD),
        ("held_day", TODAY),
        ("held_op", &op),
        ("held_text", &long),
    ];
    let got = mira.post("/login", &fields).await.expect(422);
    assert!(
        got.body.contains("xxx The end.") && got.body.contains("more than an entry can hold"),
        "all of it again"
    );
}
