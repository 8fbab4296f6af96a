//! Files of models: fetched, added, verified and removed.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use llamora::llm::gguf::sample::good_file;

use super::{TYPED, app, done};

/// Serves a file; every connection of the first `broken` ends after `piece` bytes more.
fn breaking_server(content: Vec<u8>, broken: usize, piece: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/fetched.gguf", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for (idx, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a copy")).lines().map_while(Result::ok);
            let head: Vec<String> =
                lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
            let range = head
                .iter()
                .find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
            let from: usize = range.unwrap_or(0);
            let status = if from == 0 { "200 OK" } else { "206 Partial Content" };
            let (all, rest) = (content.len(), content.len() - from);
            let head = format!(
                "HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {rest}\r\nContent-Range: bytes {from}-{}/{all}\r\n\r\n",
                all - 1
            );
            let end = if idx < broken { from + if idx == 0 { piece } else { 0 } } else { all };
            // A client that has gone is no failure of the server.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content[from..end]));
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_breaks_off_goes_on_and_is_used() {
    let (app, data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    let content = good_file(2_000_000);
    let url = breaking_server(content.clone(), 4, 700_000);
    let page = done(&app, &browser, "address", &[("address", &url), TYPED]).await;
    assert!(page.contains("broke off. What has come, 700.0 kB, is kept"), "{page}");
    assert!(page.contains("fetched.gguf: 700.0 kB have come."), "{page}");
    assert!(!data.path().join("shelf/fetched.gguf").exists());
    let page = done(&app, &browser, "fetch", &[("name", "fetched.gguf")]).await;
    assert!(page.contains("fetched.gguf is here now, 2.0 MB, its checksum is remembered"), "{page}");
    assert!(fs::read(data.path().join("shelf/fetched.gguf")).expect("there") == content);
    let page = done(&app, &browser, "use", &[("name", "fetched.gguf")]).await;
    assert!(page.contains("fetched answers from now on."));

    // What was begun and is not wanted any more.
    let url = breaking_server(good_file(2_000_000), 4, 700_000).replace("fetched", "other");
    done(&app, &browser, "address", &[("address", &url), TYPED]).await;
    assert!(data.path().join("shelf/other.gguf.part").exists());
    let page = done(&app, &browser, "discard", &[("name", "other.gguf")]).await;
    assert!(page.contains("What had come of other.gguf is gone."));
    assert!(!data.path().join("shelf/other.gguf.part").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_added_verified_and_removed() {
    let (app, data) = app(&["first.gguf"]).await;
    let browser = app.register("Ada").await;
    let own = data.path().join("own.gguf");
    fs::write(&own, good_file(3)).expect("written");
    let page = done(&app, &browser, "add", &[("path", own.to_str().expect("a path")), TYPED]).await;
    assert!(page.contains("own.gguf is here now"), "{page}");
    let page = done(&app, &browser, "verify", &[("name", "own.gguf")]).await;
    assert!(page.contains("own.gguf is as it should be."));
    let mut altered = fs::read(data.path().join("shelf/own.gguf")).expect("there");
    *altered.last_mut().expect("bytes") ^= 1;
    fs::write(data.path().join("shelf/own.gguf"), altered).expect("written");
    let page = done(&app, &browser, "verify", &[("name", "own.gguf")]).await;
    assert!(page.contains("own.gguf is not the file it was: its checksum differs"));
    let page = done(&app, &browser, "remove", &[("name", "own.gguf")]).await;
    assert!(page.contains("own.gguf is removed.") && !data.path().join("shelf/own.gguf").exists());

    let list = data.path().join("list.gguf");
    fs::write(&list, "milk, bread").expect("written");
    let page = done(&app, &browser, "add", &[("path", list.to_str().expect("a path")), TYPED]).await;
    assert!(page.contains("list.gguf was not added.") && page.contains("GGUF"), "{page}");
}
