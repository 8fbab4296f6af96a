//! Another program that answers: nothing without consent, only what was allowed, and said on each reply.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use llamora::store::Store;

use crate::it::{
    common::{Ask, Options, PASSWORD, SignedIn, TODAY, TestApp, services_with},
    http::integrity::{raw, tamper},
};

/// A server that speaks the protocol of `OpenAI`, and keeps what it was sent.
struct Mock {
    host: String,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Mock {
    /// Answers with these words; without an end when it `dies` in mid-reply.
    fn start(words: &'static [&'static str], dies: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let request = read(&stream);
                let answer = answer(&request, words, dies);
                heard.lock().expect("unpoisoned").push(request);
                // A client that has gone is no failure of the server.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { host, sent }
    }

    /// Everything that was sent so far, connection by connection.
    fn sent(&self) -> Vec<String> {
        self.sent.lock().expect("unpoisoned").clone()
    }

    /// Bodies of the requests for a reply.
    fn asked(&self) -> Vec<String> {
        self.sent().into_iter().filter(|request| request.starts_with("POST ")).collect()
    }
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut all, mut len) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            len = n.trim().parse().expect("a length");
        }
        all.push_str(&line);
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).expect("the body");
    all + &String::from_utf8(body).expect("JSON")
}

fn answer(request: &str, words: &[&str], dies: bool) -> String {
    if request.starts_with("POST /v1/chat/completions ") {
        let said: String = words
            .iter()
            .map(|word| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n"))
            .collect();
        let end = if dies { "" } else { "data: [DONE]\n\n" };
        return format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{said}{end}"
        );
    }
    let (status, body) = match request {
        _ if request.starts_with("GET /v1/models ") => ("200 OK", "{\"data\":[{\"id\":\"Lantern\"}]}"),
        _ => ("404 Not Found", "{}"),
    };
    let len = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}")
}

async fn app(mock: &Mock) -> TestApp {
    let upstream = Some(format!("http://{}", mock.host));
    TestApp::with(&Options { upstream, ..Options::default() }).await
}

async fn allow(mira: &SignedIn) {
    let got = mira
        .post("/settings/model/upstream", &[("allow", "yes"), ("current_password", PASSWORD)])
        .await
        .expect(303);
    assert_eq!(got.location(), "/settings/model");
}

/// Asks about an entry and waits until the reply is over; gives the day's page.
async fn reply_to(mira: &SignedIn, entry: &str) -> String {
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
    let id = got.location().split_once("#reply-").expect("a way to the reply").1.to_owned();
    // The stream ends when the reply does.
    mira.get(&format!("/replies/{id}/events")).await.expect(200);
    mira.get(&format!("/d/{TODAY}")).await.expect(200).body
}

// proves: SR-49 (0 connections without consent, counted at the upstream)
#[tokio::test]
async fn without_consent_nothing_connects_to_the_upstream() {
    let mock = Mock::start(&["Hello"], false);
    let app = app(&mock).await;
    let mira = app.register("Mira").await;
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(page.contains("data-upstream=\"off\"") && page.contains(&mock.host), "{page}");
    assert!(!page.contains("sk-canary"));
    let entry = mira.write("The lighthouse stood still.").await;
    let day = reply_to(&mira, &entry).await;
    assert!(day.contains("<strong>lighthouse</strong>") && !day.contains("Never send"), "{day}");

    // Not without the password, and not by asking from elsewhere.
    let asked = mira.post("/settings/model/upstream", &[("allow", "yes")]).await.expect(403);
    assert!(asked.body.contains("current_password"));
    let wrong = [("allow", "yes"), ("current_password", "guess")];
    mira.post("/settings/model/upstream", &wrong).await.expect(403);
    let forged =
        Ask::post("/settings/model/upstream").fields(&[("allow", "yes"), ("current_password", PASSWORD)]);
    assert_eq!(mira.send(forged.without_token()).await.status, 403);
    reply_to(&mira, &entry).await;
    app.sign_in_again("Mira").await;
    assert_eq!(mock.sent(), Vec::<String>::new());
}

// proves: SR-49 (consent with the password, per person, taken back; never-send entries; the mark on each reply)
#[tokio::test]
async fn with_consent_only_what_was_allowed_is_sent_and_each_reply_says_so() {
    let mock = Mock::start(&["A **lantern**", " for", " you."], false);
    let app = app(&mock).await;
    let mira = app.register("Mira").await;
    let secret = mira.write("A secret about Jonas.").await;
    let plain = mira.write("The tram was late.").await;
    allow(&mira).await;
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(page.contains("data-upstream=\"allowed\""), "{page}");

    mira.post(&format!("/entries/{secret}/sending"), &[("never_send", "yes")]).await.expect(303);
    let day = reply_to(&mira, &secret).await;
    assert!(day.contains("You wrote 4 words") && day.contains("Allow sending"), "{day}");
    assert!(!day.contains("data-sent-to") && mock.asked().is_empty());

    let day = reply_to(&mira, &plain).await;
    assert!(day.contains("<strong>lantern</strong> for you."), "{day}");
    let mark = format!("data-sent-to=\"{}\"", mock.host);
    assert!(day.contains(&mark) && day.contains(&format!("Lantern at {}", mock.host)), "{day}");
    let asked = mock.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("The tram was late.") && asked[0].contains("Bearer sk-canary"));
    assert!(!asked[0].contains("Jonas") && !asked[0].contains("4 words"), "{}", asked[0]);
    assert!(!day.contains("sk-canary"));

    // Another person on the same program was not asked and is not sent.
    let ada = app.register("Ada").await;
    let entry = ada.write("Ada is here.").await;
    let day = reply_to(&ada, &entry).await;
    assert!(day.contains("You wrote 3 words") && mock.asked().len() == 1);

    // Taken back without a password, at once.
    mira.post("/settings/model/upstream", &[("allow", "no")]).await.expect(303);
    let before = mock.sent().len();
    let day = reply_to(&mira, &plain).await;
    assert!(day.contains("You wrote"), "{day}");
    assert_eq!(mock.sent().len(), before);
    mira.post(&format!("/entries/{secret}/sending"), &[("never_send", "no")]).await.expect(303);
    mira.post("/entries/01KAMQ0000000000000000000A/sending", &[("never_send", "no")]).await.expect(404);
}

#[tokio::test]
async fn an_upstream_that_dies_in_mid_reply_leaves_its_words_marked_and_one_can_ask_again() {
    let mock = Mock::start(&["Half a", " lantern"], true);
    let app = app(&mock).await;
    let mira = app.register("Mira").await;
    allow(&mira).await;
    let entry = mira.write("The tram was late.").await;
    let day = reply_to(&mira, &entry).await;
    assert!(day.contains("Half a lantern") && day.contains("data-state=\"failed\""), "{day}");
    assert!(day.contains("Ask for a reply") && day.contains("You can ask again"), "{day}");
    // What was half said is neither sent again nor found.
    reply_to(&mira, &entry).await;
    assert!(!mock.asked()[1].contains("Half a lantern"), "{}", mock.asked()[1]);
    let found = mira.post("/search", &[("q", "lantern")]).await.expect(200).body;
    assert!(!found.contains("Half a"), "{found}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_named_and_tried_again() {
    let nowhere = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let upstream = Some(format!("http://{nowhere}"));
    let app = TestApp::with(&Options { upstream, ..Options::default() }).await;
    let mira = app.register("Mira").await;
    allow(&mira).await;
    let entry = mira.write("The tram was late.").await;
    let got = mira.post(&format!("/entries/{entry}/replies"), &[]).await;
    assert_eq!(got.status, 503, "{}", got.body);
    assert!(got.body.contains(&format!("{nowhere} cannot be reached")), "{}", got.body);
    let day = mira.get(&format!("/d/{TODAY}")).await.expect(200).body;
    assert!(day.contains("Ask for a reply") && !day.contains("data-reply-id"), "{day}");
}

/// What a page shows as the request, as it would be sent.
fn shown(page: &str) -> String {
    let (_, rest) = page.split_once("data-payload>").expect("a request is shown");
    let text = rest.split_once("</pre>").expect("it ends").0;
    [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

// proves: SR-49 (what is sent can be seen before, byte for byte)
#[tokio::test]
async fn what_is_sent_is_what_was_shown_before_byte_for_byte() {
    let mock = Mock::start(&["Hello"], false);
    let app = app(&mock).await;
    let mira = app.register("Mira").await;
    assert_eq!(mira.get("/settings/model/sent").await.expect(303).location(), "/settings/model");
    let secret = mira.write("A secret about Jonas.").await;
    mira.post(&format!("/entries/{secret}/sending"), &[("never_send", "yes")]).await.expect(303);
    let plain = mira.write("The tram was <late> & \"cold\".").await;
    let page = mira.get(&format!("/entries/{plain}/sending")).await.expect(200).body;
    assert!(page.contains("you have not allowed it") && mock.sent().is_empty(), "looking sends nothing");
    allow(&mira).await;
    let day = reply_to(&mira, &plain).await;
    assert!(day.contains("What is sent"), "{day}");
    let got = mira.get("/settings/model/sent").await.expect(303);
    assert_eq!(got.location(), format!("/entries/{plain}/sending"));
    let other = mira.write("It rained on the tram.").await;
    let page = mira.get(&format!("/entries/{other}/sending")).await.expect(200).body;
    let shown = shown(&page);
    assert!(shown.contains("It rained") && !shown.contains("Jonas") && page.contains(&mock.host), "{page}");
    reply_to(&mira, &other).await;
    let asked = mock.asked();
    assert!(asked[1].ends_with(&shown), "{} is not {shown}", asked[1]);
    // An entry that is kept shows that nothing is sent.
    let page = mira.get(&format!("/entries/{secret}/sending")).await.expect(200).body;
    assert!(page.contains("data-sent=\"nothing\"") && !page.contains("data-payload"), "{page}");
}

// proves: SR-49 (a key of one's own, sealed)
#[tokio::test]
async fn a_key_of_ones_own_is_sealed_goes_to_the_host_alone_and_only_while_it_is_allowed() {
    let mock = Mock::start(&["Hello"], false);
    let app = app(&mock).await;
    let mira = app.register("Mira").await;
    let keep = |key: &'static str| [("upstream_key", key)];
    mira.post("/settings/model/upstream/key", &keep("sk-mine-0815")).await.expect(422);
    allow(&mira).await;
    for wrong in ["", "two words", "tab\there"] {
        mira.post("/settings/model/upstream/key", &keep(wrong)).await.expect(422);
    }
    mira.post("/settings/model/upstream/key", &keep("sk-mine-0815")).await.expect(303);
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(page.contains("Forget my key") && !page.contains("sk-mine"), "{page}");
    let entry = mira.write("The tram was late.").await;
    reply_to(&mira, &entry).await;
    assert!(mock.asked()[0].contains("Bearer sk-mine-0815") && !mock.asked()[0].contains("sk-canary"));
    let preview = mira.get(&format!("/entries/{entry}/sending")).await.expect(200).body;
    assert!(preview.contains("with your key") && !preview.contains("sk-mine"), "{preview}");

    // It comes back with the journal, and another person's requests go without it.
    let again = app.sign_in_again("Mira").await;
    let other = again.write("It rained.").await;
    reply_to(&again, &other).await;
    assert!(mock.asked()[1].contains("Bearer sk-mine-0815"));
    let ada = app.register("Ada").await;
    allow(&ada).await;
    let entry = ada.write("Ada is here.").await;
    reply_to(&ada, &entry).await;
    assert!(mock.asked()[2].contains("Bearer sk-canary") && !mock.asked()[2].contains("sk-mine"));

    // Taking back what was allowed forgets it.
    again.post("/settings/model/upstream", &[("allow", "no")]).await.expect(303);
    allow(&again).await;
    let page = again.get("/settings/model").await.expect(200).body;
    assert!(!page.contains("Forget my key"), "{page}");
}

/// Spoils the one row that `work` makes, while nothing else writes.
async fn spoil_new_row(store: &Store, work: impl Future<Output = ()>) {
    let before = raw(store);
    work.await;
    let new = raw(store).into_iter().filter(|(key, _)| before.iter().all(|(old, _)| old != key));
    let [(key, mut value)] = new.collect::<Vec<_>>().try_into().expect("one new row");
    *value.last_mut().expect("bytes") ^= 1;
    tamper(store, &[(key, Some(value))]);
}

#[tokio::test]
async fn a_consent_or_a_key_that_cannot_be_read_keeps_nobody_out_and_can_be_given_again() {
    let mock = Mock::start(&["Hello"], false);
    let options = Options { upstream: Some(format!("http://{}", mock.host)), ..Options::default() };
    let store = Arc::new(Store::in_memory().expect("a store"));
    let open = || TestApp::over(services_with(&options, Arc::clone(&store)));
    let app = open().await;
    let mira = app.register("Mira").await;
    spoil_new_row(&store, allow(&mira)).await;

    // What was allowed cannot be read: nothing is sent until it is allowed anew.
    let app = open().await;
    let mira = app.sign_in_again("Mira").await;
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(page.contains("data-upstream=\"off\""), "{page}");
    allow(&mira).await;
    let key = [("upstream_key", "sk-mine-0815")];
    spoil_new_row(&store, async {
        mira.post("/settings/model/upstream/key", &key).await.expect(303);
    })
    .await;

    // The key cannot be read: it is told, and is as if there were none.
    let app = open().await;
    let mira = app.sign_in_again("Mira").await;
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(page.contains("data-upstream=\"allowed\"") && page.contains("can no longer be read"), "{page}");
    let entry = mira.write("The tram was late.").await;
    reply_to(&mira, &entry).await;
    assert!(mock.asked()[0].contains("Bearer sk-canary"));
    mira.post("/settings/model/upstream/key", &key).await.expect(303);
    let page = mira.get("/settings/model").await.expect(200).body;
    assert!(!page.contains("can no longer be read") && page.contains("Forget my key"), "{page}");
    reply_to(&mira, &entry).await;
    assert!(mock.asked()[1].contains("Bearer sk-mine-0815"));
}
