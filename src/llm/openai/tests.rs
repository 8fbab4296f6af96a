use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Instant,
};

use super::*;

/// A request as a server sees it: first line, headers in lower case, body.
#[derive(Clone, Default)]
struct Asked {
    line: String,
    head: String,
    body: String,
}

/// Answers each request by a function of its path; tells when a client closes the connection.
struct Mock {
    host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    gone: mpsc::Receiver<()>,
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut asked = Asked::default();
    reader.read_line(&mut asked.line).ok()?;
    let mut len = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let line = line.to_lowercase();
        if line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.strip_prefix("content-length:") {
            len = n.trim().parse().unwrap();
        }
        asked.head.push_str(&line);
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).unwrap();
    Some(asked)
}

fn mock(answer: impl Fn(&str) -> String + Send + 'static) -> Mock {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (tell, gone) = mpsc::channel();
    let heard = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(request) = read(&stream) else { continue };
            let path = request.line.split(' ').nth(1).unwrap().to_owned();
            heard.lock().unwrap().push(request);
            let _ = stream.write_all(answer(&path).as_bytes());
            if path == "/v1/chat/completions" && !answer(&path).contains("Connection: close") {
                // Waits for the other side to close.
                while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
                let _ = tell.send(());
            }
        }
    });
    Mock { host, asked, gone }
}

fn json(status: u16, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}"
    )
}

const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const MODELS: &str = r#"{"data":[{"id":"/models/Small-Q4.gguf","meta":{"n_ctx":2048}},{"id":"other"}]}"#;
const PROPS: &str = r#"{"default_generation_settings":{"n_ctx":1024},"total_slots":2}"#;

fn word(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices":[{"delta":{"content":text}}]}))
}

fn whole(words: &[&str]) -> String {
    let said: String = words.iter().map(|text| word(text)).collect();
    format!("{EVENTS}Connection: close\r\n\r\n{said}data: [DONE]\n\n")
}

fn options(host: &str) -> UpstreamOptions {
    UpstreamOptions::of(&format!("http://{host}"), "", "", "sk-canary").unwrap().unwrap()
}

/// One that is llama.cpp when `props` says so, and answers with `reply`.
fn server(props: &'static str, reply: String) -> Mock {
    mock(move |path| match path {
        "/v1/models" => json(200, MODELS),
        "/props" if !props.is_empty() => json(200, props),
        "/v1/chat/completions" => reply.clone(),
        _ => json(404, "{}"),
    })
}

fn ask(upstream: &mut Upstream, entry: &str, cancel: &Cancel) -> (String, Result<StopReason, LlmError>) {
    let turns = vec![Message::new(Speaker::System, "Be kind."), Message::new(Speaker::Writer, entry)];
    let mut text = String::new();
    let done = upstream.generate(&GenRequest::reply(turns, 7), cancel, &mut |event| {
        if let GenEvent::Token(piece) = event {
            text.push_str(&piece);
        }
    });
    (text, done)
}

#[test]
fn a_server_says_what_it_is_and_answers() {
    let mock = server("", whole(&["", " Good", " evening", "."]));
    let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
    let expected = Discovered {
        model: "/models/Small-Q4.gguf".to_owned(),
        context: 2048,
        slots: None,
        parameters: None,
        is_llama: false,
    };
    assert_eq!(upstream.known(), &expected);
    assert_eq!(upstream.identity().name, format!("Small-Q4 at {}", mock.host));
    let (text, done) = ask(&mut upstream, "I am tired.", &Cancel::new());
    assert_eq!((text.as_str(), done), ("Good evening.", Ok(StopReason::End)));
    let asked = mock.asked.lock().unwrap().last().unwrap().clone();
    assert!(asked.line.starts_with("POST /v1/chat/completions "));
    assert!(asked.head.contains("authorization: bearer sk-canary\r\n"));
    for word in ["cookie", "user-agent", "referer", "origin"] {
        assert!(!asked.head.contains(word), "{}", asked.head);
    }
    // Only what the standard knows.
    let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
    let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["max_tokens", "messages", "model", "stream", "temperature", "top_p"]);
    assert_eq!(body["messages"][1], serde_json::json!({"role":"user","content":"I am tired."}));
}

#[test]
fn llama_cpp_is_recognised_and_asked_for_more() {
    let mock = server(PROPS, whole(&["\n", "\nYes", "."]));
    let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
    let known = upstream.known().clone();
    assert_eq!((known.context, known.slots, known.is_llama), (1024, Some(2), true));
    assert_eq!(ask(&mut upstream, "And you?", &Cancel::new()), ("Yes.".to_owned(), Ok(StopReason::End)));
    let body = mock.asked.lock().unwrap().last().unwrap().body.clone();
    assert!(body.contains("\"cache_prompt\":true") && body.contains("\"enable_thinking\":false"), "{body}");
    // What does not fit is refused here, and nothing is sent.
    let n = mock.asked.lock().unwrap().len();
    let long = ask(&mut upstream, &"word ".repeat(2_000), &Cancel::new());
    assert!(matches!(long.1, Err(LlmError::PromptTooLong { .. })), "{long:?}");
    assert_eq!(mock.asked.lock().unwrap().len(), n);
}

// proves: SR-49 (redirects, errors)
#[test]
fn refusals_are_sentences_without_a_word_of_the_server() {
    for (status, expected) in [
        (302, "sends on"),
        (401, "does not take the key"),
        (404, "no such address"),
        (400, "does not take the request"),
        (429, "busy"),
        (503, "still loading"),
        (500, "failed (status 500)"),
    ] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let to = elsewhere.local_addr().unwrap();
        let body = "{\"error\":\"canary\"}";
        let answer = format!(
            "HTTP/1.1 {status} Said\r\nLocation: http://{to}/v1/chat/completions\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mock = server(PROPS, answer);
        let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
        let (text, done) = ask(&mut upstream, "Hello", &Cancel::new());
        let error = done.unwrap_err().to_string();
        assert!(text.is_empty() && error.contains(expected) && error.contains(&mock.host), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(elsewhere.accept().is_err(), "a redirect was followed");
    }
    let failing =
        server(PROPS, whole(&["Half"]).replace("data: [DONE]", "data: {\"error\":{\"message\":\"canary\"}}"));
    let mut upstream = Upstream::connect(options(&failing.host)).unwrap();
    let (text, done) = ask(&mut upstream, "Hello", &Cancel::new());
    assert_eq!(text, "Half");
    assert!(!done.unwrap_err().to_string().contains("canary"));
}

#[test]
fn an_upstream_that_dies_in_mid_reply_leaves_what_it_said() {
    let cut = whole(&["Good", " evening"]).replace("data: [DONE]\n\n", "");
    let in_the_middle =
        format!("{EVENTS}Content-Length: 9000\r\nConnection: close\r\n\r\n{}", word("Good evening"));
    for reply in [cut, in_the_middle] {
        let mock = server("", reply);
        let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
        let (text, done) = ask(&mut upstream, "Hello", &Cancel::new());
        assert_eq!(text, "Good evening");
        let sentence = format!("the connection to {} broke off", mock.host);
        assert_eq!(done, Err(LlmError::Upstream(sentence)));
    }
}

#[test]
fn cancelling_closes_the_connection_at_once() {
    let mock = server("", format!("{EVENTS}\r\n{}", word("Good")));
    let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
    let cancel = Cancel::new();
    let (inner, start) = (cancel.clone(), Instant::now());
    let request = GenRequest::reply(vec![Message::new(Speaker::Writer, "Hello")], 1);
    let done = upstream.generate(&request, &cancel, &mut |_| inner.cancel());
    assert_eq!(done, Ok(StopReason::Cancelled));
    mock.gone.recv_timeout(Duration::from_secs(5)).expect("the connection is closed");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_server_that_talks_for_ever_is_cut() {
    let many: Vec<String> = (0..400).map(|n| format!(" {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mock = server("", whole(&many));
    let mut upstream = Upstream::connect(options(&mock.host)).unwrap();
    let (text, done) = ask(&mut upstream, "Hello", &Cancel::new());
    assert_eq!(done, Ok(StopReason::Length));
    assert!(text.ends_with(" 319"), "{text}");
}

#[test]
fn an_upstream_that_cannot_be_used_is_named() {
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let error = |options| Upstream::connect(options).err().unwrap().to_string();
    assert_eq!(error(options(&nowhere)), format!("{nowhere} cannot be reached"));
    let nameless = mock(|_| json(404, "{}"));
    assert!(error(options(&nameless.host)).contains("llm.chat.model"));
    let named = UpstreamOptions { model: "mine".to_owned(), ..options(&nameless.host) };
    assert_eq!(Upstream::connect(named).unwrap().known().model, "mine");
    let locked = mock(|_| json(401, "{\"error\":\"canary\"}"));
    let error = error(options(&locked.host));
    assert!(error.contains("key") && !error.contains("canary"), "{error}");
    assert!(UpstreamOptions::of("", " ", "", "").unwrap().is_none());
    assert!(UpstreamOptions::of("127.0.0.1:8081", "", "", "").is_err());
    let both = UpstreamOptions::of("http://a.b", "https://c.d/x/v1/", "", "").unwrap().unwrap();
    assert_eq!(both.base.below("/chat/completions").path(), "/x/v1/chat/completions");
    assert_eq!(both.base.beside("/v1", "/props").path(), "/x/props");
}
