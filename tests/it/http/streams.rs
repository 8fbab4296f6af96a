//! Many event streams (SR-42, RR-26).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures_util::stream;
use llamora::web::{
    error::WebError,
    listen::Limits,
    sse,
    table::{Handler, Kind, Row},
};
use poem::{Response, http::Method};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::it::common::{Server, ending, status};

static ROWS: [Row; 3] = [
    Row {
        method: Method::GET,
        pattern: "/flood",
        handler: Handler::Open(|call| {
            Box::pin(async move {
                let seat = call.app.streams.admit(&call.visitor.fingerprint);
                let seat = seat.ok_or_else(|| WebError::overloaded("Too many.", 5))?;
                let event =
                    || sse::Event { id: 1, name: "token", data: "word ".repeat(2000), is_last: false };
                Ok(sse::respond(seat, stream::repeat_with(event), || true))
            })
        }),
        kind: Kind::Events,
        sample: "/flood",
    },
    Row {
        method: Method::GET,
        pattern: "/events",
        handler: Handler::Open(|call| {
            Box::pin(async move {
                let seat = call.app.streams.admit(&call.visitor.fingerprint);
                let seat = seat.ok_or_else(|| WebError::overloaded("Too many.", 5))?;
                Ok(sse::respond(seat, stream::pending(), || true))
            })
        }),
        kind: Kind::Events,
        sample: "/events",
    },
    Row {
        method: Method::GET,
        pattern: "/quick",
        handler: Handler::Open(|_| Box::pin(async { Ok(Response::builder().body("done")) })),
        kind: Kind::Page,
        sample: "/quick",
    },
];

/// Sends a request for events and reads what comes first.
async fn follow(server: &Server, cookie: &str) -> (TcpStream, String) {
    let head = server.head("GET /events");
    let mut stream = server.send(&format!("{head}Cookie: llamora_session={cookie}\r\n\r\n")).await;
    let mut answer = vec![0; 8192];
    let n_read = stream.read(&mut answer).await.expect("an answer");
    answer.truncate(n_read);
    (stream, String::from_utf8_lossy(&answer).into_owned())
}

// proves: SR-42
#[tokio::test]
async fn a_reader_who_does_not_read_loses_the_seat() {
    let limits = Limits { write: Duration::from_millis(300), ..Limits::default() };
    let server = Server::of(&ROWS, limits).await;
    let mut reader = server.send(&format!("{}\r\n", server.head("GET /flood"))).await;
    assert_eq!(reader.read(&mut [0; 16]).await.expect("the answer begins"), 16);
    let begun = Instant::now();
    while server.state.streams.open() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the seat is still taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(reader);
    server.stop().await;
}

/// The median time of a few ordinary requests.
async fn ordinary(server: &Server) -> Duration {
    let request = format!("{}Connection: close\r\n\r\n", server.head("GET /quick"));
    let mut took = Vec::new();
    for _ in 0..31 {
        let begun = Instant::now();
        assert_eq!(server.status_of(&request).await, 200);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took[took.len() / 2]
}

// proves: SR-42 (480 streams; `LLAMORA_TEST_STREAMS=10000`)
#[tokio::test]
async fn a_crowd_of_streams_gets_256_seats_four_for_each_and_the_rest_an_answer_at_once() {
    let n_asked =
        std::env::var("LLAMORA_TEST_STREAMS").ok().and_then(|text| text.parse().ok()).unwrap_or(480_usize);
    let server = Server::of(&ROWS, Limits::default()).await;
    let alone = ordinary(&server).await;
    let (mut served, mut refused) = (VecDeque::new(), Vec::new());
    let mut cookie = String::new();
    for n in 0..n_asked {
        if n % 6 == 0 {
            cookie = server.state.services.anonymous();
        }
        let begun = Instant::now();
        let (stream, answer) = follow(&server, &cookie).await;
        match status(&answer) {
            200 => served.push_back(stream),
            503 => {
                assert!(answer.contains("retry-after: 5"), "{answer}");
                refused.push(begun.elapsed());
            }
            other => panic!("{other}: {answer}"),
        }
        let expected = (n / 6 * 4 + (n % 6 + 1).min(4)).min(sse::MAX_OPEN);
        assert_eq!(served.len(), expected, "after {} requests", n + 1);
    }
    assert_eq!(server.state.streams.open(), sse::MAX_OPEN.min(n_asked / 6 * 4));
    refused.sort_unstable();
    let slow = refused[refused.len() * 95 / 100];
    assert!(slow < Duration::from_secs(1), "a refusal takes {slow:?}");
    let crowded = ordinary(&server).await;
    println!("an ordinary request takes {alone:?} alone and {crowded:?} beside {} streams", served.len());
    assert!(crowded < 10 * alone + Duration::from_millis(50), "{alone:?} alone, {crowded:?} in the crowd");

    let gone = Instant::now();
    let last = served.pop_back().expect("a stream");
    drop(served);
    while server.state.streams.open() > 1 {
        assert!(
            gone.elapsed() < Duration::from_secs(30),
            "{} seats are still taken",
            server.state.streams.open()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("all seats were free {:?} after the readers had left", gone.elapsed());
    server.stop().await;
    assert!(!ending(last).await.contains("event:"), "who stayed is told the end by the end of the stream");
}
