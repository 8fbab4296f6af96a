//! What is fed with bytes that anybody may have made: each must take any of them without a panic.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use llamora::clock::Fixed;
use llamora::crypto::{
    archive::ArchiveReader, header::Header, keyring, record, session, token::Token, wrap::WrapFace,
};
use llamora::journal::{day, entry::EntryText};
use llamora::llm::gguf;
use llamora::search::query::Query;
use llamora::services::transfer::{Circumstances, read};
use llamora::vault::probe_bodies;
use llamora::web::{
    cookies, form,
    host::{Authority, Hosts},
    markdown,
    session::COOKIE,
};
use poem::http::{HeaderMap, HeaderValue, Uri, header};

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// All of them by name.
pub const TARGETS: [(&str, Target); 8] = [
    ("records", records),
    ("keyring", keyring),
    ("archive", archive),
    ("import", import),
    ("markdown", markdown),
    ("cookies", cookies),
    ("gguf", gguf),
    ("host", host),
];

/// What stands in a sealed record after it was opened, and the bodies of every kind.
fn records(bytes: &[u8]) {
    record::probe(bytes);
    probe_bodies(bytes);
}

/// The small rows: header, wrap, and the inside of a keyring.
fn keyring(bytes: &[u8]) {
    if let Ok(header) = Header::parse(bytes) {
        assert!(Header::parse(&header.to_bytes()).is_ok(), "what was read is written as it can be read");
    }
    let _ = WrapFace::parse(bytes);
    keyring::probe(bytes);
}

fn archive(bytes: &[u8]) {
    let Ok(mut reader) = ArchiveReader::new(bytes) else { return };
    while let Ok(Some(_)) = reader.next_row() {}
}

/// JSON of four programs, Markdown, and zips of them.
fn import(bytes: &[u8]) {
    static AROUND: LazyLock<Circumstances> = LazyLock::new(|| Circumstances {
        now: 1_795_341_600_000,
        zone_name: "Europe/Berlin".to_owned(),
        zone: day::zone("Europe/Berlin").expect("a zone"),
    });
    let _ = read::file("2026-01-31.md", bytes.to_vec(), &AROUND, &Fixed::at(AROUND.now));
    let _ = read::file("notes", bytes.to_vec(), &AROUND, &Fixed::at(AROUND.now));
}

fn markdown(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = markdown::render(&text);
    for tag in ["<script", "<style", "<img", "<svg", "<form", "<iframe", "<template", "<math"] {
        assert!(!shown.as_str().contains(tag), "{tag} came through");
    }
    markdown::visible(&text);
    let _ = EntryText::parse(&text);
    Query::parse(&text);
}

/// Cookie lines, the token in them, the sealed row of a session, and the bodies of forms.
fn cookies(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::COOKIE, value);
        }
    }
    if let Some(token) = cookies::value(&headers, COOKIE).and_then(Token::parse) {
        let _ = session::Session::open(&token, &[7; 16], bytes);
    }
    form::probe(bytes);
}

fn gguf(bytes: &[u8]) {
    let _ = gguf::check(bytes);
}

/// The first line is a request's target, the others are hosts.
fn host(bytes: &[u8]) {
    static HOSTS: LazyLock<Hosts> = LazyLock::new(|| {
        Hosts::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 5757)), &["diary.example".to_owned()])
    });
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let uri = lines.next().and_then(|line| Uri::try_from(line).ok()).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        if let Ok(text) = value.to_str() {
            let _ = Authority::parse(text);
            let _ = Authority::from_origin(text);
        }
        headers.append(header::HOST, value);
    }
    if HOSTS.accept(&uri, &headers, None).is_some() {
        assert_eq!(headers.len(), 1, "accepted without exactly one host");
    }
}
