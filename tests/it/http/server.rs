//! The application behind a real socket.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::it::common::Server;

#[tokio::test]
async fn the_program_answers_on_its_own_address_only() {
    let server = Server::start().await;
    let port = server.port;
    let get = |head: &str| format!("GET {head}\r\nConnection: close\r\n\r\n");
    for (status, head) in [
        (200, format!("/healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}")),
        (200, format!("/healthz HTTP/1.1\r\nHost: LOCALHOST.:{port}")),
        (200, format!("/healthz HTTP/1.1\r\nHost: [::1]:{port}")),
        (200, format!("http://127.0.0.1:{port}/healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}")),
        (421, format!("http://evil.example/healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}")),
        (421, format!("http://127.0.0.1:{port}/healthz HTTP/1.1\r\nHost: localhost:{port}")),
        (421, format!("/healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}")),
        (421, format!("/healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example")),
        (421, "/healthz HTTP/1.1\r\nHost: 127.0.0.1".to_owned()),
        (421, "/healthz HTTP/1.0\r\nX-Nothing: 1".to_owned()),
        (421, format!("/healthz HTTP/1.1\r\nHost: 0.0.0.0:{port}")),
        (421, format!("/assets/x/main.js HTTP/1.1\r\nHost: evil.example:{port}")),
    ] {
        assert_eq!(server.status_of(&get(&head)).await, status, "{head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn stopping_waits_for_nobody_who_says_nothing() {
    let server = Server::start().await;
    let mut silent = TcpStream::connect(("127.0.0.1", server.port)).await.expect("a connection");
    silent.write_all(b"GET /healthz HTTP/1.1\r\nHost:").await.expect("written");
    let mut idle = TcpStream::connect(("127.0.0.1", server.port)).await.expect("a connection");
    let request = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port);
    idle.write_all(request.as_bytes()).await.expect("written");
    let mut buffer = [0; 512];
    assert!(idle.read(&mut buffer).await.expect("an answer") > 0);
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
