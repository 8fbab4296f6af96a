//! The only caller of tokio's blocking pool.
//!
//! Four doors: key derivation (memory-hard, one at a time), the store (fsync), brief processor work, and work on model
//! files, which takes minutes.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// scrypt takes 128 MiB and half a second: one at a time (`decisions.md` 33).
static KDF: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

/// A task on the pool panicked; the request it served fails, the process goes on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a background task panicked")]
pub struct Panicked;

/// Runs a key derivation, alone.
///
/// # Errors
/// [`Panicked`] when `work` panicked.
pub async fn kdf<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    let permit = KDF.acquire().await.map_err(|_| Panicked)?;
    // The permit goes with the work, which also runs on when nobody waits for it any more.
    run(move || {
        let _permit = permit;
        work()
    })
    .await
}

/// Runs a read or a write of the store.
///
/// # Errors
/// [`Panicked`] when `work` panicked.
pub async fn db<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    run(work).await
}

/// Runs processor work of some milliseconds, which would hold up other requests on a thread of theirs.
///
/// # Errors
/// [`Panicked`] when `work` panicked.
pub async fn brief<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    run(work).await
}

/// Runs work that may take minutes, such as a download. It must look at a flag of its own to know when to stop; there is
/// never more than one or two of them.
///
/// # Errors
/// [`Panicked`] when `work` panicked.
pub async fn long<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    run(work).await
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    let span = tracing::Span::current();
    #[allow(clippy::disallowed_methods, reason = "the one place that uses the pool")]
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(|_| Panicked)
}
