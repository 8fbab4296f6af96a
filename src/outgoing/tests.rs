use std::{
    io::{Read, Write},
    net::{IpAddr, TcpListener},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::*;

const QUICK: Patience = Patience {
    connect: Duration::from_secs(5),
    head: Duration::from_millis(400),
    piece: Duration::from_millis(400),
};

#[test]
fn addresses_are_read_and_shown() {
    let place = Place::parse(" https://example.org/v1/models?x=1#part ").unwrap();
    assert!(place.is_tls() && !place.is_loopback());
    assert_eq!((place.host(), place.port(), place.path()), ("example.org", 443, "/v1/models?x=1"));
    assert_eq!(place.shown(), "example.org");
    let place = Place::parse("http://[::1]:8081").unwrap();
    assert_eq!((place.host(), place.shown().as_str(), place.path()), ("::1", "[::1]:8081", "/"));
    assert!(place.is_loopback() && Place::parse("http://LocalHost:80/").unwrap().is_loopback());
    assert_eq!(place.below("/props").path(), "/props");
    assert_eq!(Place::parse("http://a.b/x/v1/").unwrap().below("/models").path(), "/x/v1/models");
    let next = Place::parse("https://a.b/x").unwrap();
    assert_eq!(next.follow("/y?z").unwrap().path(), "/y?z");
    assert_eq!(next.follow("http://c.d/").unwrap().host(), "c.d");
    for wrong in
        ["", "a.b", "ftp://a.b", "http://", "http://me:key@a.b/", "file:///etc/passwd", "http://a b/"]
    {
        assert!(Place::parse(wrong).is_err(), "{wrong}");
    }
}

// proves: SR-49 (addresses)
#[test]
fn nothing_is_sent_to_the_link_to_clouds_or_to_many() {
    let forbidden = [
        "169.254.169.254",
        "169.254.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "192.0.0.192",
        "fe80::1",
        "::",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ];
    for ip in forbidden {
        assert!(!may_reach(ip.parse::<IpAddr>().unwrap()), "{ip}");
    }
    for ip in ["127.0.0.1", "192.168.1.20", "10.0.0.1", "93.184.216.34", "::1", "2606:2800::1", "fd00::1"] {
        assert!(may_reach(ip.parse::<IpAddr>().unwrap()), "{ip}");
    }
    let caller = Caller::new().unwrap();
    for url in ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0:1/"] {
        let place = Place::parse(url).unwrap();
        let ask = Ask { place: &place, headers: &[], json: None, patience: QUICK };
        let refused = caller.send(&ask, &|| true).err();
        assert!(matches!(refused, Some(OutgoingError::Forbidden(_))), "{url}: {refused:?}");
    }
}

/// A server that says something, and tells when its client has gone.
fn says(text: &'static str) -> (Place, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let (gone, is_gone) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(text.as_bytes());
            // Waits until the other side closes.
            while matches!(stream.read(&mut head), Ok(1..)) {}
            let _ = gone.send(());
        }
    });
    (place, is_gone)
}

const BEGIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello";

#[test]
fn a_server_that_stops_talking_is_left_after_the_time_allowed() {
    let caller = Caller::new().unwrap();
    let (place, is_gone) = says("");
    let ask = Ask { place: &place, headers: &[], json: None, patience: QUICK };
    assert!(matches!(caller.send(&ask, &|| true).err(), Some(OutgoingError::TooSlow(_))));
    drop(is_gone);
    let (place, is_gone) = says(BEGIN);
    let ask = Ask { place: &place, headers: &[], json: None, patience: QUICK };
    let mut reply = caller.send(&ask, &|| true).unwrap();
    assert_eq!(reply.piece(&|| true).unwrap().as_deref(), Some(&b"hello"[..]));
    assert!(matches!(reply.piece(&|| true), Err(OutgoingError::TooSlow(_))));
    drop(reply);
    is_gone.recv_timeout(Duration::from_secs(5)).expect("the connection is closed");
}

#[test]
fn whoever_does_not_want_it_any_more_closes_the_connection_at_once() {
    let caller = Caller::new().unwrap();
    let (place, is_gone) = says(BEGIN);
    let patience = Patience { piece: Duration::from_secs(60), ..QUICK };
    let ask = Ask { place: &place, headers: &[], json: None, patience };
    let mut reply = caller.send(&ask, &|| true).unwrap();
    reply.piece(&|| true).unwrap();
    let start = Instant::now();
    assert!(matches!(reply.piece(&|| start.elapsed() < LOOK), Err(OutgoingError::Cancelled)));
    drop(reply);
    is_gone.recv_timeout(Duration::from_secs(5)).expect("the connection is closed");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn what_is_not_http_and_what_breaks_off_is_said() {
    let caller = Caller::new().unwrap();
    let (place, _is_gone) = says("SSH-2.0-OpenSSH\r\n\r\n");
    let ask = Ask { place: &place, headers: &[], json: None, patience: QUICK };
    assert!(matches!(caller.send(&ask, &|| true).err(), Some(OutgoingError::NotHttp(_))));
    let tls = Place::parse(&format!("https://{}/", place.shown())).unwrap();
    let ask = Ask { place: &tls, headers: &[], json: None, patience: QUICK };
    assert!(caller.send(&ask, &|| true).is_err());
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::parse(&format!("http://{nowhere}/")).unwrap();
    let ask = Ask { place: &place, headers: &[], json: None, patience: QUICK };
    assert!(matches!(caller.send(&ask, &|| true).err(), Some(OutgoingError::Unreachable(_))));
}
