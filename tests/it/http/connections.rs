//! Slow, silent and too many connections (SR-43), and requests that pretend (SR-45).

use std::{
    net::UdpSocket,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::stream;
use llamora::{
    routes,
    web::{
        self,
        listen::Limits,
        table::{Handler, Kind, Row},
    },
};
use poem::{Body, Response, http::Method};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::it::common::{Server, ending, status};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);

// proves: SR-43
#[tokio::test]
async fn silence_and_heads_that_do_not_end_are_cut_off_and_a_whole_one_is_not() {
    let server = Server::within(Limits { head: SHORT, ..Limits::default() }).await;
    let begun = Instant::now();
    let mut dripping = server.connect().await;
    let drip = tokio::spawn(async move {
        let mut n_sent = 0;
        let pause = Duration::from_millis(20);
        while n_sent < 10_000 && dripping.write_all(b"x").await.is_ok() {
            n_sent += 1;
            tokio::time::sleep(pause).await;
        }
        n_sent
    });
    let (silent, partial) = (server.connect().await, server.send("GET /healthz HTTP/1.1\r\nHost: ").await);
    let mut second = server.send(&format!("{}\r\n", server.head("GET /healthz"))).await;
    let mut first_answer = [0; 2048];
    let n_read = second.read(&mut first_answer).await.expect("an answer");
    assert_eq!(status(&String::from_utf8_lossy(&first_answer[..n_read])), 200);
    second.write_all(server.head("GET /healthz").as_bytes()).await.expect("half a head");
    let idle = server.send(&format!("{}\r\n", server.head("GET /healthz"))).await;

    let endings = tokio::join!(ending(silent), ending(partial), ending(second), ending(idle));
    assert_eq!((endings.0.as_str(), endings.1.as_str(), endings.2.as_str()), ("", "", ""));
    assert_eq!(status(&endings.3), 200, "kept open after its answer, then closed");
    assert!(begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
    assert!(drip.await.expect("no panic") < 10_000, "a head that drips is cut off as well");
    assert_eq!(
        server.status_of(&format!("{}Connection: close\r\n\r\n", server.head("GET /healthz"))).await,
        200
    );
    server.stop().await;
}

// proves: SR-43
#[tokio::test]
async fn a_body_below_its_rate_is_408_and_ends_the_connection() {
    let server = Server::within(Limits { body_grace: SHORT, ..Limits::default() }).await;
    let post = format!(
        "{}Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n",
        server.head("POST /login")
    );
    let silent = server.send(&post).await;
    let mut dripping = server.send(&format!("{post}username=")).await;
    let (mut reader, mut writer) = dripping.split();
    let drip = async {
        while writer.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut answer = [0; 1024];
    let n_read = tokio::select! {
        n_read = reader.read(&mut answer) => n_read.expect("an answer"),
        () = drip => 0,
    };
    assert_eq!(status(&String::from_utf8_lossy(&answer[..n_read])), 408);
    let answer = ending(silent).await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(answer.contains("connection: close") && answer.contains("Go back to your text"), "{answer}");
    server.stop().await;
}

static DROPPED: Notify = Notify::const_new();

struct Endless;

impl Drop for Endless {
    fn drop(&mut self) {
        DROPPED.notify_one();
    }
}

static ENDLESS: [Row; 1] = [Row {
    method: Method::GET,
    pattern: "/endless",
    handler: Handler::Open(|_| {
        Box::pin(async {
            let blocks = stream::unfold(Endless, |state| async {
                Some((Ok::<_, std::io::Error>(vec![b'x'; 16 * 1024]), state))
            });
            Ok(Response::builder().body(Body::from_bytes_stream(blocks)))
        })
    }),
    kind: Kind::Page,
    sample: "/endless",
}];

// proves: SR-43
#[tokio::test]
async fn a_reader_who_does_not_read_is_let_go() {
    let server = Server::of(&ENDLESS, Limits { write: SHORT, ..Limits::default() }).await;
    let reader = server.send(&format!("{}\r\n", server.head("GET /endless"))).await;
    timeout(Duration::from_secs(20), DROPPED.notified()).await.expect("the answer is dropped");
    drop(reader);
    server.stop().await;
}

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static GO_ON: Semaphore = Semaphore::const_new(0);

static SLOW: [Row; 2] = [
    Row {
        method: Method::GET,
        pattern: "/slow",
        handler: Handler::Open(|_| {
            Box::pin(async {
                INSIDE.fetch_add(1, Ordering::SeqCst);
                let _turn = GO_ON.acquire().await.expect("open");
                Ok(Response::builder().body("done"))
            })
        }),
        kind: Kind::Page,
        sample: "/slow",
    },
    Row {
        method: Method::GET,
        pattern: "/quick",
        handler: Handler::Open(|_| Box::pin(async { Ok(Response::builder().body("done")) })),
        kind: Kind::Page,
        sample: "/quick",
    },
];

// proves: SR-43
#[tokio::test]
async fn when_all_places_are_taken_the_silent_make_room_and_the_busy_stay() {
    let limits = Limits { connections: 6, head: LONG, ..Limits::default() };
    let server = Server::of(&SLOW, limits).await;
    let (slow, quick) =
        (format!("{}Connection: close\r\n\r\n", server.head("GET /slow")), server.head("GET /quick"));
    let quick = format!("{quick}Connection: close\r\n\r\n");
    let mut busy = vec![server.send(&slow).await];
    while INSIDE.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(server.connect().await);
    }
    for _ in 0..20 {
        assert_eq!(server.status_of(&quick).await, 200, "in spite of a crowd");
    }
    assert_eq!(ending(silent.remove(0)).await, "", "who was silent longest is gone");

    while busy.len() < limits.connections {
        busy.push(server.send(&slow).await);
    }
    while INSIDE.load(Ordering::SeqCst) < limits.connections {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let late = server.send(&quick).await;
    let waiting = timeout(SHORT, late.readable()).await;
    assert!(waiting.is_err(), "nobody who is being answered has to go");
    GO_ON.add_permits(limits.connections);
    for stream in busy {
        assert_eq!(status(&ending(stream).await), 200);
    }
    assert_eq!(status(&ending(late).await), 200, "its turn has come");
    server.stop().await;
}

// proves: SR-43
#[tokio::test]
async fn one_address_has_its_share_of_places() {
    // The address of this machine on its network, which is not loopback. Nothing is sent.
    let probe = UdpSocket::bind("0.0.0.0:0").and_then(|probe| {
        probe.connect("192.0.2.1:9")?;
        probe.local_addr()
    });
    let Some(address) = probe.ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
    else {
        println!("skipped one_address_has_its_share_of_places: this machine has loopback only");
        return;
    };
    let limits = Limits { per_address: 3, head: LONG, ..Limits::default() };
    let server = Server::on("0.0.0.0:0", limits, |state| web::wrap(routes::table(state))).await;
    let mut here = Vec::new();
    for _ in 0..3 {
        here.push(TcpStream::connect((address, server.port)).await.expect("a connection"));
    }
    let fourth = TcpStream::connect((address, server.port)).await.expect("a connection");
    assert_eq!(ending(fourth).await, "", "one too many");
    let health = format!("{}Connection: close\r\n\r\n", server.head("GET /healthz"));
    assert_eq!(server.status_of(&health).await, 200, "others are not concerned");
    drop(here.pop());
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        // The server notices the end of the third a moment later.
        let mut next = TcpStream::connect((address, server.port)).await.expect("a connection");
        let _ = next.write_all(health.as_bytes()).await;
        if status(&ending(next).await) != 0 {
            break;
        }
        assert!(Instant::now() < give_up, "the place is free again");
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_that_pretend_are_400_and_nothing_after_them_is_read() {
    let server = Server::start().await;
    let post = server.head("POST /login");
    let next = format!("{}\r\n", server.head("GET /healthz"));
    for (expected, request) in [
        (400, format!("{post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd{next}")),
        (400, format!("{post}Content-Length: 3, 4\r\n\r\nabcd{next}")),
        (400, format!("{post}Content-Length: +3\r\n\r\nabc{next}")),
        (400, format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{next}")),
        (400, format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{next}")),
        (400, format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{next}")),
        (400, format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{next}")),
        (400, format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{next}")),
        (400, format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{next}")),
        (400, format!("NONSENSE\r\n\r\n{next}")),
        (400, format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: yes\r\n\r\n{next}")),
        (400, format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX\0: yes\r\n\r\n{next}")),
        (0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
    ] {
        let answer = ending(server.send(&request).await).await;
        assert_eq!(status(&answer), expected, "{request:?} got {answer}");
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{request:?} got {answer}");
    }
    assert_eq!(server.status_of(&next.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await, 200);
    server.stop().await;
}

// proves: SR-35
#[tokio::test]
async fn chunks_without_end_are_refused_at_once_and_the_answer_arrives() {
    let server = Server::start().await;
    let mut stream =
        server.send(&format!("{}Transfer-Encoding: chunked\r\n\r\n", server.head("POST /login"))).await;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let mut n_sent = 0_usize;
    while n_sent < 256 << 20 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        n_sent += chunk.len();
        let mut answer = [0; 512];
        if let Ok(n_read) = stream.try_read(&mut answer) {
            assert_eq!(status(&String::from_utf8_lossy(&answer[..n_read])), 400);
            server.stop().await;
            return;
        }
    }
    panic!("{n_sent} bytes were taken without an answer");
}

// proves: SR-35
#[tokio::test]
async fn an_answer_to_a_form_that_is_still_being_sent_is_not_lost_to_a_reset() {
    let server = Server::start().await;
    let length = 24 << 20;
    let head = format!(
        "{}Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n",
        server.head("POST /login")
    );
    let mut stream = server.send(&head).await;
    // As a browser does: all is written before anything is read.
    stream.write_all(&vec![b'x'; length]).await.expect("everything is taken");
    let answer = ending(stream).await;
    assert_eq!(status(&answer), 413, "{answer}");
    server.stop().await;
}
