//! Bodies come at a rate, or not at all.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::web::listen::{
    Limits,
    line::{Line, Stage},
};

/// A body that ends with [`io::ErrorKind::TimedOut`] when it is too slow. Only waiting for the sender counts: time
/// that the reader takes costs nothing while more is there to be read.
pub(super) struct Paced<S> {
    body: Pin<Box<S>>,
    line: Arc<Line>,
    limits: Limits,
    begun: Instant,
    n_bytes: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(super) fn new(body: S, line: Arc<Line>, limits: Limits) -> Self {
        let begun = Instant::now();
        let timer = Box::pin(sleep_until(begun + allowed(0, &limits)));
        Self { body: Box::pin(body), line, limits, begun, n_bytes: 0, timer }
    }
}

/// How long `n_bytes` and the wait for the next one may take from the beginning.
fn allowed(n_bytes: u64, limits: &Limits) -> Duration {
    let at_rate = Duration::from_millis(n_bytes.saturating_mul(1000) / u64::from(limits.body_rate.max(1)));
    limits.body_grace.saturating_add(at_rate).min(limits.body)
}

impl<S, B> Stream for Paced<S>
where
    S: Stream<Item = io::Result<B>>,
    B: AsRef<[u8]>,
{
    type Item = io::Result<B>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.body.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.n_bytes += chunk.as_ref().len() as u64;
                let deadline = self.begun + allowed(self.n_bytes, &self.limits);
                self.timer.as_mut().reset(deadline);
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(end) => {
                self.line.enter(Stage::Working);
                Poll::Ready(end)
            }
            Poll::Pending => self.timer.as_mut().poll(cx).map(|()| Some(Err(io::ErrorKind::TimedOut.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_10_s_of_grace_then_1_kib_a_second_and_60_s_in_all() {
        let limits = Limits::default();
        let seconds = |n_bytes| allowed(n_bytes, &limits).as_secs();
        assert_eq!([seconds(0), seconds(1024), seconds(40 * 1024)], [10, 11, 50]);
        assert_eq!([seconds(50 * 1024), seconds(60 * 1024), seconds(u64::MAX)], [60, 60, 60]);
    }
}
