//! Server-sent events: encoding, places, and how a stream ends.
//!
//! The generation belongs to the server: a stream only follows it, and any number of streams see the same events.
//! A stream pulls: nothing is queued for a reader who does not read but what one connection buffers, and a write that
//! moves nothing for 30 seconds ends it ([`crate::web::listen`]).
//! Poem's `Event` drops a newline at the end of its data and sends nothing for empty data, so the encoding is ours.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use poem::{Body, Response, http::StatusCode};
use tokio::{
    sync::watch,
    time::{Instant, Interval, interval_at},
};

/// Streams one session may hold open (SR-42): a browser opens at most six connections to one host.
pub const MAX_PER_SESSION: usize = 4;
/// Streams open at a time in all.
pub const MAX_OPEN: usize = 256;
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The open streams of a process.
pub struct Streams {
    seats: Mutex<HashMap<[u8; 32], usize>>,
    wake: watch::Sender<Wake>,
    heartbeat: Duration,
}

/// Changes when streams must look whether they may go on.
#[derive(Clone, Copy, Default)]
struct Wake {
    stopping: bool,
}

/// The right to hold one stream open; given back on drop.
pub struct Seat {
    streams: Arc<Streams>,
    fingerprint: [u8; 32],
}

/// One event, or the end.
pub struct Event {
    /// Counts up within one reply; a browser sends the last one it saw in `Last-Event-ID`.
    pub id: u64,
    /// `token`, `position`, `done` or `failed`.
    pub name: &'static str,
    /// Its data; newlines are kept.
    pub data: String,
    /// Whether nothing comes after it.
    pub is_last: bool,
}

impl Streams {
    /// No stream open.
    pub fn new() -> Arc<Self> {
        Self::with_heartbeat(HEARTBEAT)
    }

    /// The same with another pause between heartbeats, for tests that cannot wait for the real one.
    pub fn with_heartbeat(heartbeat: Duration) -> Arc<Self> {
        Arc::new(Self { seats: Mutex::default(), wake: watch::Sender::new(Wake::default()), heartbeat })
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.seats().values().sum()
    }

    /// A seat for a session; `None` when it has [`MAX_PER_SESSION`], or all have [`MAX_OPEN`].
    pub fn admit(self: &Arc<Self>, fingerprint: &[u8; 32]) -> Option<Seat> {
        let mut seats = self.seats();
        let open: usize = seats.values().sum();
        let taken = seats.get(fingerprint).copied().unwrap_or(0);
        if taken >= MAX_PER_SESSION || open >= MAX_OPEN {
            return None;
        }
        seats.insert(*fingerprint, taken + 1);
        Some(Seat { streams: Arc::clone(self), fingerprint: *fingerprint })
    }

    /// Tells all streams to look whether their session still lives. Called after a session was ended.
    pub fn session_ended(&self) {
        self.wake.send_modify(|_| {});
    }

    /// Ends all streams, now and later.
    pub fn close_all(&self) {
        self.wake.send_modify(|wake| wake.stopping = true);
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.streams.seats();
        if let Some(taken) = seats.get_mut(&self.fingerprint) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.fingerprint);
            }
        }
    }
}

struct Following<S, L> {
    events: S,
    may_go_on: L,
    heartbeat: Interval,
    wake: watch::Receiver<Wake>,
    is_over: bool,
    _seat: Seat,
}

/// Answers with a stream of events. It ends after the last event, when `may_go_on` says no (asked when a session
/// ends and at each heartbeat), and at shutdown.
pub fn respond<S, L>(seat: Seat, events: S, may_go_on: L) -> Response
where
    S: Stream<Item = Event> + Send + 'static,
    L: Fn() -> bool + Send + 'static,
{
    let (wake, pause) = (seat.streams.wake.subscribe(), seat.streams.heartbeat);
    let following = Following {
        events: Box::pin(events),
        heartbeat: interval_at(Instant::now() + pause, pause),
        wake,
        // Asked after subscribing, so that an end in between is not missed.
        is_over: !may_go_on(),
        may_go_on,
        _seat: seat,
    };
    let greeting = stream::once(async { Ok::<_, std::io::Error>("retry: 2000\n\n".to_owned()) });
    let lines = stream::unfold(following, |mut following| async move {
        let chunk = next_chunk(&mut following).await?;
        Some((Ok(chunk), following))
    });
    Response::builder()
        .status(StatusCode::OK)
        .content_type("text/event-stream; charset=utf-8")
        .header("x-accel-buffering", "no")
        .body(Body::from_bytes_stream(greeting.chain(lines)))
}

async fn next_chunk<S, L>(following: &mut Following<S, L>) -> Option<String>
where
    S: Stream<Item = Event> + Unpin,
    L: Fn() -> bool,
{
    if following.is_over {
        return None;
    }
    loop {
        // A session that ended while nobody waited here must not be overlooked: reading the value marks it as seen.
        let may_have_ended = following.wake.has_changed().unwrap_or(true);
        let is_stopping = following.wake.borrow_and_update().stopping;
        if is_stopping || may_have_ended && !(following.may_go_on)() {
            return None;
        }
        tokio::select! {
            event = following.events.next() => {
                let event = event?;
                following.is_over = event.is_last;
                return Some(encode(&event));
            }
            _ = following.heartbeat.tick() => return (following.may_go_on)().then(|| ":\n\n".to_owned()),
            changed = following.wake.changed() => {
                changed.ok()?;
                if !(following.may_go_on)() {
                    return None;
                }
            }
        }
    }
}

/// WHATWG HTML, section 9.2.5: each line of data has its own `data:`; CR, LF and CRLF all end a line there.
fn encode(event: &Event) -> String {
    let mut text = format!("id: {}\nevent: {}\n", event.id, event.name);
    for line in event.data.replace("\r\n", "\n").split(['\n', '\r']) {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    text
}

/// Escapes a piece of text so that it is text wherever it is put.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_travel_as_lines_of_data() {
        let event = |data: &str| Event { id: 3, name: "token", data: data.to_owned(), is_last: false };
        assert_eq!(encode(&event("a\nb")), "id: 3\nevent: token\ndata: a\ndata: b\n\n");
        assert_eq!(encode(&event("a\n")), "id: 3\nevent: token\ndata: a\ndata: \n\n");
        assert_eq!(encode(&event("\r\nid: 9")), "id: 3\nevent: token\ndata: \ndata: id: 9\n\n");
        assert_eq!(encode(&event("")), "id: 3\nevent: token\ndata: \n\n");
    }

    #[test]
    fn seats_are_limited_per_session_and_in_all_and_given_back() {
        let streams = Streams::new();
        let mut seats: Vec<Seat> = (0..MAX_PER_SESSION).filter_map(|_| streams.admit(&[1; 32])).collect();
        assert!(streams.admit(&[1; 32]).is_none());
        for session in 2..=u8::MAX {
            seats.extend((0..MAX_PER_SESSION).map_while(|_| streams.admit(&[session; 32])));
        }
        assert_eq!(seats.len(), MAX_OPEN);
        assert!(streams.admit(&[0; 32]).is_none());
        seats.clear();
        assert!(streams.admit(&[1; 32]).is_some());
        assert!(streams.seats().is_empty(), "a seat that was dropped leaves nothing behind");
    }

    // proves: SR-42
    #[tokio::test]
    async fn at_each_heartbeat_a_stream_looks_whether_its_session_lives() {
        let streams = Streams::with_heartbeat(Duration::from_millis(2));
        let left = Arc::new(std::sync::atomic::AtomicUsize::new(4));
        let asked = Arc::clone(&left);
        let seat = streams.admit(&[1; 32]).expect("a seat");
        // Once when it begins, then at every beat; nobody tells the stream that the session has ended.
        let may_go_on = move || asked.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 1;
        let body = respond(seat, stream::pending(), may_go_on).into_body().into_string().await.expect("text");
        assert_eq!(body, "retry: 2000\n\n:\n\n:\n\n");
        assert_eq!(left.load(std::sync::atomic::Ordering::SeqCst), 0);
        assert_eq!(streams.open(), 0, "the seat is free again");
    }

    // proves: SR-42
    #[tokio::test]
    async fn a_stream_pulls_no_more_than_is_read() {
        let streams = Streams::new();
        let made = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counter = Arc::clone(&made);
        let events = stream::repeat_with(move || {
            let id = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Event { id, name: "token", data: "x".to_owned(), is_last: false }
        });
        let seat = streams.admit(&[1; 32]).expect("a seat");
        let mut body = respond(seat, events, || true).into_body().into_bytes_stream();
        for _ in 0..10 {
            body.next().await.expect("a line").expect("bytes");
        }
        assert!(made.load(std::sync::atomic::Ordering::SeqCst) <= 10, "nothing is made ahead");
        drop(body);
        assert_eq!(streams.open(), 0);
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_session_and_at_shutdown() {
        for stopping in [false, true] {
            let streams = Streams::new();
            let alive = Arc::new(std::sync::atomic::AtomicBool::new(true));
            let watched = Arc::clone(&alive);
            let seat = streams.admit(&[1; 32]).expect("a seat");
            let may_go_on = move || watched.load(std::sync::atomic::Ordering::SeqCst);
            let response = respond(seat, stream::pending(), may_go_on);
            let body = tokio::spawn(response.into_body().into_string());
            tokio::task::yield_now().await;
            if stopping {
                streams.close_all();
            } else {
                alive.store(false, std::sync::atomic::Ordering::SeqCst);
                streams.session_ended();
            }
            assert_eq!(body.await.expect("no panic").expect("text"), "retry: 2000\n\n");
            assert!(streams.seats().is_empty());
        }
    }
}
