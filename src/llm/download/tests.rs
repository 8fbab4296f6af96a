use std::{
    cell::Cell,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;
use crate::{container, llm::gguf::sample::good_file};

/// What the server does with one request.
#[derive(Clone)]
enum Does {
    /// Sends all that is asked for.
    All,
    /// Sends that many bytes of it, then closes the connection.
    Some(usize),
    /// Answers with a status and a header.
    Status(u16, &'static str),
}

struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    n_connections: Arc<AtomicUsize>,
}

/// Serves a file to one request after the other as the list says; the last one again and again.
fn server(content: Vec<u8>, etag: &'static str, does: Vec<Does>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/small.gguf", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let n_connections = Arc::new(AtomicUsize::new(0));
    let (heard, count) = (Arc::clone(&asked), Arc::clone(&n_connections));
    thread::spawn(move || {
        for (idx, stream) in listener.incoming().enumerate() {
            count.fetch_add(1, Ordering::SeqCst);
            let step = does.get(idx).or(does.last()).unwrap().clone();
            // A client that has gone is what some tests are about.
            let _ = answer(stream.unwrap(), &content, etag, &step, &heard);
        }
    });
    Server { url, asked, n_connections }
}

fn answer(
    mut stream: TcpStream,
    content: &[u8],
    etag: &str,
    does: &Does,
    heard: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = String::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    let is_same = value("if-range").is_none_or(|mark| mark == etag);
    let from = value("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from: usize = from.filter(|_| is_same).unwrap_or(0);
    heard.lock().unwrap().push(head.clone());
    match does {
        Does::Status(status, header) => write!(
            stream,
            "HTTP/1.1 {status} Said\r\n{header}\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret"
        ),
        Does::All | Does::Some(_) => {
            let rest = &content[from..];
            let sent = if let Does::Some(n) = does { *n } else { rest.len() };
            let all = content.len();
            let status = if from == 0 { "200 OK" } else { "206 Partial Content" };
            write!(
                stream,
                "HTTP/1.1 {status}\r\nETag: {etag}\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{all}\r\nConnection: close\r\n\r\n",
                rest.len(),
                all - 1,
            )?;
            stream.write_all(&rest[..sent.min(rest.len())])
        }
    }
}

struct Fixture {
    _folder: tempfile::TempDir,
    shelf: Shelf,
    caller: Caller,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("models"), folder.path());
    Fixture { _folder: folder, shelf, caller: Caller::new().unwrap() }
}

impl Fixture {
    fn fetch(&self, url: &str, sha256: Option<[u8; 32]>) -> Result<OnShelf, DownloadError> {
        self.fetch_while(url, sha256, &|_| true)
    }

    fn fetch_while(
        &self,
        url: &str,
        sha256: Option<[u8; 32]>,
        goes_on: &dyn Fn(u64) -> bool,
    ) -> Result<OnShelf, DownloadError> {
        let wanted = Wanted { url: url.to_owned(), file: "small.gguf".to_owned(), sha256, bytes: None };
        let done = Cell::new(0);
        fetch(&self.caller, &self.shelf, &wanted, &mut |n, _| done.set(n), &|| goes_on(done.get()))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.shelf.folder())
            .unwrap()
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, bytes).unwrap();
    container::sha256_of_file(&path).unwrap()
}

#[test]
fn a_file_is_fetched_whole_checked_and_remembered() {
    let fixture = fixture();
    let content = good_file(2_000_000);
    let server = server(content.clone(), "\"one\"", vec![Does::All]);
    let got = fixture.fetch(&server.url, Some(digest_of(&content))).unwrap();
    assert_eq!((got.bytes, got.pinned), (content.len() as u64, Some(digest_of(&content))));
    assert_eq!(fixture.names(), ["SHA256SUMS", "small.gguf"]);
    assert!(fs::read(fixture.shelf.folder().join("small.gguf")).unwrap() == content);
    let head = server.asked.lock().unwrap()[0].clone();
    for word in ["cookie", "authorization", "user-agent", "referer"] {
        assert!(!head.contains(word), "{head}");
    }
    // A second time nothing is asked.
    assert!(matches!(fixture.fetch(&server.url, None), Err(DownloadError::Shelf(ShelfError::Exists(_)))));
    assert_eq!(server.n_connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let fixture = fixture();
    let content = good_file(3_000_000);
    let steps = vec![Does::Some(1_000_000), Does::Some(900_000), Does::All];
    let server = server(content.clone(), "\"one\"", steps);
    fixture.fetch(&server.url, Some(digest_of(&content))).unwrap();
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert!(asked[1].contains("range: bytes=1000000-\nif-range: \"one\""), "{}", asked[1]);
    assert!(asked[2].contains("range: bytes=1900000-"), "{}", asked[2]);
}

#[test]
fn a_stopped_download_goes_on_in_the_next_run_unless_the_file_is_another() {
    let fixture = fixture();
    let content = good_file(3_000_000);
    let first = server(content.clone(), "\"one\"", vec![Does::All]);
    let stopped = fixture.fetch_while(&first.url, None, &|done| done < 500_000);
    assert!(matches!(stopped, Err(DownloadError::Outgoing(OutgoingError::Cancelled))));
    let there = begun::bytes(&fixture.shelf, "small.gguf").unwrap();
    assert!((500_000..3_000_000).contains(&there));
    assert_eq!(fixture.names(), ["small.gguf.part", "small.gguf.part.from"]);
    assert_eq!(fixture.shelf.list(), []);
    fixture.fetch(&first.url, Some(digest_of(&content))).unwrap();
    assert!(first.asked.lock().unwrap()[1].contains(&format!("range: bytes={there}-")));

    fixture.shelf.remove("small.gguf").unwrap();
    let stopped = fixture.fetch_while(&first.url, None, &|done| done < 500_000);
    assert!(stopped.is_err());
    // From another address: begun anew, not mixed.
    let other = good_file(2_500_000);
    let second = server(other.clone(), "\"two\"", vec![Does::All]);
    let got = fixture.fetch(&second.url, Some(digest_of(&other))).unwrap();
    assert_eq!(got.bytes, other.len() as u64);
    assert!(!second.asked.lock().unwrap()[0].contains("range:"));
}

#[test]
fn what_was_not_synchronised_is_fetched_again() {
    let fixture = fixture();
    let content = good_file(3_000_000);
    let server = server(content.clone(), "\"one\"", vec![Does::All]);
    assert!(fixture.fetch_while(&server.url, None, &|done| done < 500_000).is_err());
    // As after a loss of power: the file is longer than what is surely there.
    let part = fixture.shelf.folder().join("small.gguf.part");
    let there = fs::metadata(&part).unwrap().len();
    OpenOptions::new().append(true).open(&part).unwrap().write_all(&[0; 4096]).unwrap();
    fixture.fetch(&server.url, Some(digest_of(&content))).unwrap();
    assert!(server.asked.lock().unwrap()[1].contains(&format!("range: bytes={there}-")));
}

// proves: SR-50
#[test]
fn a_file_with_one_wrong_bit_is_not_taken_and_begun_anew() {
    let fixture = fixture();
    let content = good_file(1_000_000);
    let mut altered = content.clone();
    *altered.last_mut().unwrap() ^= 1;
    let evil = server(altered, "\"one\"", vec![Does::All]);
    let refused = fixture.fetch(&evil.url, Some(digest_of(&content))).unwrap_err();
    assert!(refused.to_string().contains("is not the file that it should be"), "{refused}");
    assert_eq!(fixture.names(), Vec::<String>::new());

    let text = server(b"<html>log in first</html>".repeat(99), "\"one\"", vec![Does::All]);
    let refused = fixture.fetch(&text.url, None).unwrap_err();
    assert!(refused.to_string().contains("not in GGUF format"), "{refused}");
    assert_eq!(fixture.names(), Vec::<String>::new());
}

#[test]
fn a_server_that_says_no_or_sends_elsewhere_gets_nothing() {
    let fixture = fixture();
    let refused = server(Vec::new(), "", vec![Does::Status(404, "X: y")]);
    let error = fixture.fetch(&refused.url, None).unwrap_err();
    assert!(error.to_string().ends_with("does not give the file (status 404)"), "{error}");
    assert!(!error.to_string().contains("secret"));
    for (location, expected) in [
        ("Location: http://192.0.2.1/x.gguf", "https only"),
        ("Location: /small.gguf", "too often"),
        ("Location: ftp://example.org/x", "must begin with"),
        ("X: none", "status 302"),
    ] {
        let sends_on = server(Vec::new(), "", vec![Does::Status(302, location)]);
        let error = fixture.fetch(&sends_on.url, None).unwrap_err();
        assert!(error.to_string().contains(expected), "{location}: {error}");
        assert!(sends_on.n_connections.load(Ordering::SeqCst) <= MAX_HOPS + 1);
    }
    for url in ["http://example.org/a.gguf", "http://192.168.1.4/a.gguf"] {
        let error = fixture.fetch(url, None).unwrap_err();
        assert!(matches!(error, DownloadError::Unprotected(_)), "{error}");
    }
    // A server that is not there, and one that always breaks off.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fixture.fetch(&format!("http://{gone}/a.gguf"), None).unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let breaks = server(good_file(100_000), "\"one\"", vec![Does::Some(0)]);
    let error = fixture.fetch(&breaks.url, None).unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(breaks.n_connections.load(Ordering::SeqCst), MAX_TRIES);
}

#[test]
fn a_recommended_file_of_another_size_is_refused_before_it_is_fetched() {
    let fixture = fixture();
    let content = good_file(1_000_000);
    let server = server(content, "\"one\"", vec![Does::All]);
    let wanted = Wanted { url: server.url, file: "small.gguf".to_owned(), sha256: None, bytes: Some(7) };
    let error = fetch(&fixture.caller, &fixture.shelf, &wanted, &mut |_, _| (), &|| true).unwrap_err();
    assert!(matches!(error, DownloadError::OtherSize(_)), "{error}");
    assert_eq!(begun::bytes(&fixture.shelf, "small.gguf"), None);
}

#[test]
fn every_recommended_model_can_be_asked_for_by_name() {
    for model in manifest::recommended() {
        let wanted = Wanted::recommended(&model.name).unwrap();
        assert!(is_file_name(&wanted.file) && Place::parse(&wanted.url).unwrap().is_tls());
        assert_eq!(wanted.bytes.is_some(), wanted.sha256.is_some());
        assert!(Wanted::recommended(&model.file).is_some());
    }
    assert!(Wanted::recommended("gpt-5").is_none());
}
