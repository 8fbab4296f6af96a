//! Bodies and heads that are far too large cost the sender's time, not our memory (SR-35).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::program::Place;
use crate::visitor::Visitor;

/// Resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A head, and blocks after it up to this many bytes; and what may be answered.
struct Flood<'a> {
    name: &'static str,
    head: String,
    block: &'a [u8],
    most: usize,
    expected: &'static [u16],
}

/// Sends a flood; the status of the answer, 0 for none.
fn send(address: SocketAddr, Flood { head, block, most, .. }: &Flood<'_>) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut n_sent = 0;
    while n_sent < *most && stream.write_all(block).is_ok() {
        n_sent += block.len();
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

// proves: SR-35 (12 floods at once)
#[test]
fn floods_are_refused_within_32_mib_of_memory() {
    let place = Place::slim();
    let running = place.start();
    let address = running.address;
    let mut visitor = Visitor::new(address);
    visitor.register("Afloat", "the water is rising but");
    visitor.write("Before the flood.");
    let post = |path: &str, rest: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{rest}\r\n\r\n"
        )
    };
    let mib = 1 << 20;
    let text = vec![b'x'; 64 * 1024];
    let fields = b"a=1&".repeat(16 * 1024);
    let chunk = [b"10000\r\n".to_vec(), text.clone(), b"\r\n".to_vec()].concat();
    let headers = b"X-Header: yes\r\n".repeat(1000);
    let length = |bytes: usize| format!("Content-Length: {bytes}");
    let flood = |name, head, block, most, expected| Flood { name, head, block, most, expected };
    let floods = [
        flood("a text of 24 MiB", post("/login", &length(24 * mib)), &text, 24 * mib, &[413]),
        flood("a million fields", post("/login", &length(4 * mib)), &fields, 4 * mib, &[413]),
        flood(
            "10^5 fields",
            post("/d/2026-11-20/entries", &length(384 * 1024)),
            &fields,
            384 * 1024,
            &[400, 413],
        ),
        flood("chunks without end", post("/login", "Transfer-Encoding: chunked"), &chunk, 64 * mib, &[400]),
        flood(
            "headers without end",
            format!("GET / HTTP/1.1\r\nHost: {address}\r\n"),
            &headers,
            16 * mib,
            &[431],
        ),
        flood("a path without end", "GET /".to_owned(), &text, 16 * mib, &[414, 431]),
    ];
    let before = resident(running.id());
    let is_over = AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::SeqCst) {
                most = most.max(resident(running.id()));
                std::thread::sleep(Duration::from_millis(1));
            }
            most
        });
        let senders: Vec<_> = floods
            .iter()
            .flat_map(|flood| std::iter::repeat_n(flood, 2))
            .map(|flood| {
                scope.spawn(move || {
                    let status = send(address, flood);
                    // An endless sender may see the end of the connection before the answer.
                    let is_endless = flood.name.contains("without end");
                    let is_right = flood.expected.contains(&status) || (is_endless && status == 0);
                    assert!(is_right, "{}: {status}", flood.name);
                })
            })
            .collect();
        let outcomes: Vec<_> = senders.into_iter().map(|sender| sender.join()).collect();
        is_over.store(true, Ordering::SeqCst);
        let most = watcher.join().unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "see above");
        most
    });
    let growth = most.saturating_sub(before);
    println!("12 floods at once: resident memory grew by {} KiB from {} KiB", growth, before);
    assert!(growth < 32 * 1024, "{growth} KiB");
    let today = visitor.today();
    assert!(visitor.get(&today).body.contains("Before the flood."));
    place.assert_calm();
}
