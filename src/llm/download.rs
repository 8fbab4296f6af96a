//! Fetches a model file: over HTTPS, with resume, to a name of its own until it is whole and looked through.
//!
//! `NAME.part` holds what has come, `NAME.part.from` says where it comes from, how the server marks this version of the
//! file, and how many bytes of the part are surely on the disk. A part goes on only where that mark still holds; else
//! it begins anew. Only the finished file, checked and synchronised, gets its name. Two programs cannot fetch the same
//! file at once: the part is locked.
//!
//! # Security
//! Only HTTPS, redirects included; plain HTTP only from this machine to this machine, for tests and own servers.
//! Nothing is sent but the path: no cookie, no key, no name of this machine.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    config::manifest,
    llm::shelf::{OnShelf, Shelf, ShelfError, is_file_name},
    outgoing::{Ask, Caller, OutgoingError, Patience, Reply, place::Place},
};

pub mod begun;
#[cfg(test)]
mod tests;

const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(15),
    head: Duration::from_secs(30),
    piece: Duration::from_secs(60),
};
/// A server may send on this often.
const MAX_HOPS: usize = 5;
/// So often in a row a connection may break off without a byte.
const MAX_TRIES: usize = 3;
/// No model is larger.
const MAX_BYTES: u64 = 400 << 30;
/// After so many bytes they are synchronised and noted.
const SYNC_EVERY: u64 = 64 << 20;

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is.
    pub url: String,
    /// Name it gets.
    pub file: String,
    /// Its digest, where that is known.
    pub sha256: Option<[u8; 32]>,
    /// Its exact size, where that is known.
    pub bytes: Option<u64>,
}

impl Wanted {
    /// A file of an address, about which nothing is known.
    pub fn of(url: String, file: String) -> Self {
        Self { url, file, sha256: None, bytes: None }
    }

    /// How large it will be, about, where that is known.
    pub fn bytes_expected(&self) -> Option<u64> {
        let listed = || manifest::recommended().iter().find(|model| model.url == self.url);
        self.bytes.or_else(|| listed().map(|model| model.bytes))
    }

    /// A recommended model by its short name or file name.
    pub fn recommended(name: &str) -> Option<Self> {
        let found = manifest::recommended().iter().find(|model| model.name == name || model.file == name)?;
        let sha256 = found.sha256.as_deref().and_then(manifest::digest);
        Some(Self {
            url: found.url.clone(),
            file: found.file.clone(),
            sha256,
            bytes: sha256.map(|_| found.bytes),
        })
    }
}

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No answer, or it broke off. What has come is kept.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// Neither HTTPS nor on this machine.
    #[error("models are fetched by https only; {0} would send it unprotected")]
    Unprotected(String),
    /// The server says no.
    #[error("{host} does not give the file (status {status})")]
    Refused {
        /// The server.
        host: String,
        /// Its status.
        status: u16,
    },
    /// The server sends on and on.
    #[error("{0} sends on to another address too often")]
    TooManyHops(String),
    /// Not as long as it should be.
    #[error("{0} has another file than the one recommended (its size differs); nothing was fetched")]
    OtherSize(String),
    /// Another program fetches it.
    #[error("this file is being fetched already")]
    Busy,
    /// It is no model, or not the right one; or the shelf refuses.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The disk refuses.
    #[error("{0}: {1}")]
    Io(&'static str, #[source] io::Error),
}

impl DownloadError {
    /// Whether it ended because nobody wanted it any more.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Outgoing(OutgoingError::Cancelled))
    }
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> DownloadError {
    move |error| DownloadError::Io(what, error)
}

const UNWRITTEN: &str = "the file cannot be written; what has come so far is kept";

/// Fetches a file onto the shelf. `progress` is told the bytes that are there and how many there will be; `is_wanted`
/// is asked all the time. What has come stays for the next try, unless it turned out to be the wrong file.
///
/// # Errors
/// See [`DownloadError`].
pub fn fetch(
    caller: &Caller,
    shelf: &Shelf,
    wanted: &Wanted,
    progress: &mut dyn FnMut(u64, Option<u64>),
    is_wanted: &dyn Fn() -> bool,
) -> Result<OnShelf, DownloadError> {
    let name = &wanted.file;
    if !is_file_name(name) {
        return Err(ShelfError::Name(name.clone()).into());
    }
    if fs::symlink_metadata(shelf.folder().join(name)).is_ok() {
        return Err(ShelfError::Exists(name.clone()).into());
    }
    let start = Place::parse(&wanted.url)?;
    protected(&start, &start)?;
    shelf.make_folder()?;
    let mut part = Part::open(shelf.folder(), name, &wanted.url)?;
    let mut tries = 0;
    let mut linked = None;
    loop {
        let before = part.len;
        let got = part.take(caller, &start, wanted, &mut linked, progress, is_wanted);
        // Whatever happened, what has come shall be there next time.
        part.settle()?;
        tries = if part.len > before { 0 } else { tries + 1 };
        match got {
            Ok(()) => break,
            Err(DownloadError::Outgoing(OutgoingError::BrokeOff(_) | OutgoingError::TooSlow(_)))
                if tries < MAX_TRIES => {}
            Err(error) => {
                if part.len == 0 {
                    let _ = fs::remove_file(&part.path);
                    let _ = fs::remove_file(&part.note);
                }
                return Err(error);
            }
        }
    }
    let Part { file, path, note, .. } = part;
    drop(file);
    let adopted = shelf.adopt(&path, name, wanted.sha256.or(linked));
    if let Err(ShelfError::Altered { .. } | ShelfError::Model(_)) = &adopted {
        // Not a beginning of the right file: it would only be continued wrongly.
        let _ = fs::remove_file(&path);
    }
    if adopted.is_ok() || !path.exists() {
        let _ = fs::remove_file(&note);
    }
    Ok(adopted?)
}

/// The same with connections of its own.
///
/// # Errors
/// See [`DownloadError`].
pub fn fetch_alone(
    shelf: &Shelf,
    wanted: &Wanted,
    progress: &mut dyn FnMut(u64, Option<u64>),
    is_wanted: &dyn Fn() -> bool,
) -> Result<OnShelf, DownloadError> {
    fetch(&Caller::new()?, shelf, wanted, progress, is_wanted)
}

/// The host that an address names, for people.
pub fn host(url: &str) -> Option<String> {
    Place::parse(url).ok().map(|place| place.shown())
}

fn protected(start: &Place, next: &Place) -> Result<(), DownloadError> {
    if next.is_tls() || (start.is_loopback() && next.is_loopback() && !start.is_tls()) {
        return Ok(());
    }
    Err(DownloadError::Unprotected(next.shown()))
}

struct Part {
    file: File,
    path: PathBuf,
    note: PathBuf,
    url: String,
    /// The server's mark of this version of the file.
    mark: Option<String>,
    len: u64,
    synced: u64,
}

impl Part {
    fn open(folder: &Path, name: &str, url: &str) -> Result<Self, DownloadError> {
        let path = folder.join(format!("{name}.part"));
        let note = folder.join(format!("{name}.part.from"));
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("the folder of models cannot be written"))?;
        match file.try_lock() {
            // Where locks are not known, two downloads at once end in a wrong checksum.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy),
        }
        let text = fs::read_to_string(&note).unwrap_or_default();
        let mut lines = text.lines();
        let (from, mark, synced) = (lines.next(), lines.next(), lines.next());
        let there = file.metadata().map_err(failed("the file cannot be read"))?.len();
        let synced = synced.and_then(|synced| synced.parse::<u64>().ok()).unwrap_or(0).min(there);
        let is_same = from == Some(url) && mark.is_some_and(|mark| !mark.is_empty());
        let mut part = Self {
            file,
            path,
            note,
            url: url.to_owned(),
            mark: mark.filter(|_| is_same).map(str::to_owned),
            len: 0,
            synced: 0,
        };
        part.cut(if is_same { synced } else { 0 })?;
        Ok(part)
    }

    /// Keeps the first `len` bytes.
    fn cut(&mut self, len: u64) -> Result<(), DownloadError> {
        self.file.set_len(len).map_err(failed(UNWRITTEN))?;
        self.file.seek(SeekFrom::Start(len)).map_err(failed(UNWRITTEN))?;
        (self.len, self.synced) = (len, len);
        Ok(())
    }

    /// Synchronises what has come and notes how much that is.
    fn settle(&mut self) -> Result<(), DownloadError> {
        self.file.sync_data().map_err(failed(UNWRITTEN))?;
        self.synced = self.len;
        let mark = self.mark.as_deref().unwrap_or_default();
        fs::write(&self.note, format!("{}\n{mark}\n{}\n", self.url, self.synced)).map_err(failed(UNWRITTEN))
    }

    /// Asks for what is missing and takes it.
    fn take(
        &mut self,
        caller: &Caller,
        start: &Place,
        wanted: &Wanted,
        linked: &mut Option<[u8; 32]>,
        progress: &mut dyn FnMut(u64, Option<u64>),
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<(), DownloadError> {
        let mut reply = self.ask(caller, start, linked, is_wanted)?;
        let host = start.shown();
        let total = match reply.status() {
            200 => {
                self.cut(0)?;
                reply.header("content-length").and_then(|length| length.parse().ok())
            }
            206 => {
                let range = reply.header("content-range").and_then(range_of);
                let Some((from, total)) = range.filter(|(from, _)| *from == self.len) else {
                    self.cut(0)?;
                    return Err(OutgoingError::BrokeOff(host).into());
                };
                debug_assert_eq!(from, self.len);
                Some(total)
            }
            // What is here is not a beginning of what is there.
            416 => {
                self.cut(0)?;
                return Err(OutgoingError::BrokeOff(host).into());
            }
            status => return Err(DownloadError::Refused { host, status }),
        };
        if total.is_some_and(|total| total > MAX_BYTES || wanted.bytes.is_some_and(|bytes| bytes != total)) {
            return Err(DownloadError::OtherSize(host));
        }
        self.mark = mark_of(&reply);
        let limit = total.or(wanted.bytes).unwrap_or(MAX_BYTES);
        progress(self.len, total);
        while let Some(piece) = reply.piece(is_wanted)? {
            if self.len + piece.len() as u64 > limit {
                return Err(DownloadError::OtherSize(host));
            }
            self.file.write_all(&piece).map_err(failed(UNWRITTEN))?;
            self.len += piece.len() as u64;
            if self.len - self.synced >= SYNC_EVERY {
                self.settle()?;
            }
            progress(self.len, total);
        }
        if total.is_some_and(|total| self.len < total) {
            return Err(OutgoingError::BrokeOff(host).into());
        }
        Ok(())
    }

    fn ask<'c>(
        &self,
        caller: &'c Caller,
        start: &Place,
        linked: &mut Option<[u8; 32]>,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Reply<'c>, DownloadError> {
        let mut headers = vec![("accept", "*/*".to_owned()), ("accept-encoding", "identity".to_owned())];
        if let Some(mark) = self.mark.as_ref().filter(|_| self.len > 0) {
            headers.push(("range", format!("bytes={}-", self.len)));
            headers.push(("if-range", mark.clone()));
        }
        let mut place = start.clone();
        for _ in 0..=MAX_HOPS {
            let ask = Ask { place: &place, headers: &headers, json: None, patience: PATIENCE };
            let reply = caller.send(&ask, is_wanted)?;
            // Hugging Face names the checksum before it sends on to a server that only stores.
            if place == *start && place.is_tls() {
                let tag = reply.header("x-linked-etag").map(|tag| tag.trim_matches('"'));
                *linked = tag.and_then(manifest::digest).or(*linked);
            }
            if !matches!(reply.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok(reply);
            }
            let status = reply.status();
            let refused = || DownloadError::Refused { host: place.shown(), status };
            let next = place.follow(reply.header("location").ok_or_else(refused)?)?;
            drop(reply);
            protected(start, &next)?;
            place = next;
        }
        Err(DownloadError::TooManyHops(start.shown()))
    }
}

/// A strong mark of this version of a file.
fn mark_of(reply: &Reply<'_>) -> Option<String> {
    let tag = reply.header("etag").filter(|tag| tag.starts_with('"'));
    tag.or_else(|| reply.header("last-modified")).filter(|mark| mark.len() < 300).map(str::to_owned)
}

/// First byte and length of the whole of `bytes 5-9/10`.
fn range_of(text: &str) -> Option<(u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()?))
}
