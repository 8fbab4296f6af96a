//! One connection: what it is doing, a socket that gives up on a reader who does not read, and the end of answers.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

use crate::web::listen::Limits;

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Stage {
    /// No complete head has come since the last answer.
    Waiting,
    /// A body is coming in.
    Receiving,
    /// The answer is being made or sent.
    Working,
}

/// A connection is not sent away in its first 100 milliseconds of waiting. Full, the server still takes in 5,000 new ones a
/// second.
const GRACE_MICROS: u64 = 100_000;

/// A connection as the others see it.
pub(super) struct Line {
    stage: AtomicU8,
    /// When that began, in microseconds of this process.
    since: AtomicU64,
    /// Whether bytes of an answer wait for the reader.
    is_writing: AtomicBool,
    go: Notify,
}

/// Microseconds since this was first asked.
fn now() -> u64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGUN.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Line {
    pub(super) fn new() -> Self {
        let line = Self {
            stage: AtomicU8::new(0),
            since: AtomicU64::new(0),
            is_writing: AtomicBool::new(false),
            go: Notify::new(),
        };
        line.enter(Stage::Waiting);
        line
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.since.store(now(), Ordering::Relaxed);
    }

    /// Whether nothing is asked and nothing is left to be sent.
    pub(super) fn is_waiting(&self) -> bool {
        self.stage.load(Ordering::Relaxed) == Stage::Waiting as u8 && !self.is_writing.load(Ordering::Relaxed)
    }

    /// Whether it may be ended to make room.
    pub(super) fn may_go(&self) -> bool {
        self.rank().is_some()
    }

    /// Who has to go first, the lowest; `None` for a connection that may stay: one that is being answered, and one
    /// that has only just come, whose request is on its way.
    pub(super) fn rank(&self) -> Option<(bool, u64)> {
        let is_receiving = self.stage.load(Ordering::Relaxed) == Stage::Receiving as u8;
        let since = self.since.load(Ordering::Relaxed);
        let may_go = is_receiving || self.is_waiting();
        (may_go && now().saturating_sub(since) >= GRACE_MICROS).then_some((is_receiving, since))
    }

    /// Asks it to go. It stays when a request has come in the meantime.
    pub(super) fn send_away(&self) {
        self.go.notify_one();
    }

    pub(super) async fn told_to_go(&self) {
        self.go.notified().await;
    }
}

/// The socket of a connection.
pub(super) struct Guarded<S> {
    stream: S,
    line: Arc<Line>,
    limits: Limits,
    timer: Option<Pin<Box<Sleep>>>,
    is_shut: bool,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, line: Arc<Line>, limits: Limits) -> Self {
        Self { stream, line, limits, timer: None, is_shut: false }
    }

    /// Ready when `limit` has passed since the first of these calls without [`Guarded::moved`] between them.
    fn poll_overdue(&mut self, cx: &mut Context<'_>, limit: Duration) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        timer.as_mut().poll(cx)
    }

    fn moved(&mut self) {
        self.timer = None;
        self.line.is_writing.store(false, Ordering::Relaxed);
    }

    /// Passes a write on; one that moves nothing for too long is an error, which ends the connection.
    fn written<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.moved();
            return polled;
        }
        self.line.is_writing.store(true, Ordering::Relaxed);
        self.poll_overdue(cx, self.limits.write).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn lingered(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_overdue(cx, self.limits.linger).map(Ok)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that no more answers come, then reads on for a while. A socket closed over unread bytes is reset, and a
    /// reset takes the answer away from a browser that has not read it yet: one that is still sending a form that
    /// was refused.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            std::task::ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.is_shut = true;
            self.moved();
        }
        let mut waste = [0; 4096];
        for _ in 0..64 {
            let mut unread = ReadBuf::new(&mut waste);
            match Pin::new(&mut self.stream).poll_read(cx, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return self.lingered(cx),
            }
        }
        // More is there at once: let others have a turn.
        cx.waker().wake_by_ref();
        self.lingered(cx)
    }
}

/// The body of an answer, whose end is the end of the answer.
pub(super) struct Watched<B> {
    body: Pin<Box<B>>,
    line: Arc<Line>,
}

impl<B> Watched<B> {
    pub(super) fn new(body: B, line: Arc<Line>) -> Self {
        Self { body: Box::pin(body), line }
    }
}

impl<B: Body> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        self.line.enter(Stage::Waiting);
    }
}
