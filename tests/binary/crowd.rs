//! Crowds that want to keep others out (SR-43), against the program and its real limits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::program::{Place, Running};

/// How many of each kind come; `LLAMORA_TEST_CROWD` asks for more (`make torture`: 1000).
fn crowd() -> usize {
    std::env::var("LLAMORA_TEST_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

/// Processor time of a process, in seconds.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let words: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    (words[11].parse::<f64>().unwrap() + words[12].parse::<f64>().unwrap()) / 100.0
}

fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, Duration)> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, begun.elapsed()))
}

/// Ordinary requests until told to stop; how long each took. Hardly any may be lost in the crowd.
fn visit(address: SocketAddr, is_over: &AtomicBool) -> Vec<Duration> {
    let mut took = Vec::new();
    let mut n_lost = 0;
    while !is_over.load(Ordering::SeqCst) {
        match get(address, "/login") {
            Ok((200, time)) => took.push(time),
            Ok((status, _)) => panic!("{status}"),
            Err(_) => n_lost += 1,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(n_lost * 50 <= took.len(), "{n_lost} requests were lost, {} answered", took.len());
    took.sort_unstable();
    took
}

/// One of the crowd: what it sends at first, and then every second.
struct Kind {
    name: &'static str,
    first: String,
    then: &'static str,
}

fn kinds(address: SocketAddr) -> [Kind; 4] {
    let post = format!(
        "POST /login HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n"
    );
    [
        Kind { name: "silent", first: String::new(), then: "" },
        Kind {
            name: "slow head",
            first: format!("GET / HTTP/1.1\r\nHost: {address}\r\n"),
            then: "X-A: b\r\n",
        },
        Kind { name: "silent body", first: post.clone(), then: "" },
        Kind { name: "slow body", first: post, then: "a" },
    ]
}

/// Sends the crowd and waits until all of it has been turned away; how long the last of each kind stayed.
fn besiege(address: SocketAddr) -> Vec<(&'static str, Duration)> {
    let kinds = &kinds(address);
    std::thread::scope(|scope| {
        let (send, arrived) = mpsc::channel();
        scope.spawn(move || {
            for kind in kinds.iter().cycle().take(crowd() * kinds.len()) {
                let mut stream = TcpStream::connect(address).unwrap();
                let begun = Instant::now();
                let _ = stream.write_all(kind.first.as_bytes());
                stream.set_nonblocking(true).unwrap();
                send.send((stream, kind, begun)).unwrap();
            }
        });
        watch(kinds, &arrived)
    })
}

/// Watches those who arrive until the last one is gone; how long the last of each kind stayed.
fn watch(
    kinds: &[Kind],
    arrived: &mpsc::Receiver<(TcpStream, &Kind, Instant)>,
) -> Vec<(&'static str, Duration)> {
    let (mut members, mut are_all_here) = (Vec::new(), false);
    let mut longest: Vec<(&'static str, Duration)> =
        kinds.iter().map(|kind| (kind.name, Duration::ZERO)).collect();
    let mut beat = Instant::now();
    while !(are_all_here && members.is_empty()) {
        are_all_here = loop {
            match arrived.try_recv() {
                Ok(member) => members.push(member),
                Err(error) => break error == mpsc::TryRecvError::Disconnected,
            }
        };
        let is_beat = beat.elapsed() > Duration::from_secs(1);
        if is_beat {
            beat = Instant::now();
        }
        members.retain_mut(|(stream, kind, begun)| {
            if is_beat && !kind.then.is_empty() {
                let _ = stream.write_all(kind.then.as_bytes());
            }
            let mut answer = [0; 4096];
            let is_over = match stream.read(&mut answer) {
                Ok(n_read) => {
                    n_read == 0 || answer[..n_read].windows(17).any(|part| part == b"connection: close")
                }
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            };
            if is_over {
                let stayed = begun.elapsed();
                let entry = longest.iter_mut().find(|(name, _)| *name == kind.name).unwrap();
                entry.1 = entry.1.max(stayed);
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "a {} connection stays for ever", kind.name);
            !is_over
        });
        std::thread::sleep(Duration::from_millis(20));
    }
    longest
}

fn p95(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() * 95 / 100]
}

fn with_visitor<T>(running: &Running, work: impl FnOnce() -> T) -> (T, Vec<Duration>) {
    let (address, is_over) = (running.address, AtomicBool::new(false));
    std::thread::scope(|scope| {
        let visitor = scope.spawn(|| visit(address, &is_over));
        let done = work();
        is_over.store(true, Ordering::SeqCst);
        (done, visitor.join().unwrap())
    })
}

// proves: SR-43 (600 connections; `LLAMORA_TEST_CROWD=1000`: 4,000)
#[test]
fn slow_and_silent_crowds_are_turned_away_in_12_s_and_others_hardly_notice() {
    let place = Place::slim();
    let running = place.start();
    let ((), alone) = with_visitor(&running, || std::thread::sleep(Duration::from_secs(1)));
    let (longest, crowded) = with_visitor(&running, || besiege(running.address));
    for (name, stayed) in &longest {
        println!("{} connections, {name}: the last one stayed {:.1} s", crowd(), stayed.as_secs_f64());
        assert!(*stayed < Duration::from_secs(12), "{name} stayed {stayed:?}");
    }
    let (alone, crowded) = (p95(&alone), p95(&crowded));
    println!("an ordinary page, 95th percentile: {alone:?} alone, {crowded:?} in the crowd");
    assert!(
        crowded < Duration::from_millis(300).max(10 * alone),
        "{alone:?} alone, {crowded:?} in the crowd"
    );
    place.assert_calm();
}

// proves: SR-43 (120 connections, 64 descriptors)
#[test]
fn without_descriptors_it_stays_calm_and_goes_on_answering() {
    let mut place = Place::slim();
    let program = std::mem::take(&mut place.command);
    let limited = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"];
    place.command = limited.map(Into::into).into_iter().chain(program).collect();
    let running = place.start();
    let idle: Vec<TcpStream> = (0..120).map(|_| TcpStream::connect(running.address).unwrap()).collect();
    let begun = (Instant::now(), cpu(running.id()));
    std::thread::sleep(Duration::from_secs(3));
    let share = (cpu(running.id()) - begun.1) / begun.0.elapsed().as_secs_f64();
    println!("120 idle connections and 64 descriptors: {:.1} % of a processor", 100.0 * share);
    assert!(share < 0.2, "{share}");
    for _ in 0..20 {
        let (status, took) = get(running.address, "/login").unwrap();
        assert_eq!(status, 200);
        assert!(took < Duration::from_secs(5), "{took:?} among the idle");
    }
    drop(idle);
    let (status, _) = get(running.address, "/healthz").unwrap();
    assert_eq!(status, 200);
    place.assert_calm();
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0));
}
