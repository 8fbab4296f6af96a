//! Signals of the operating system, and what ends the program.

use std::{future::Future, io};

use anyhow::Context;
use tokio::task::JoinHandle;

/// SIGTERM and SIGINT (Ctrl-C on other systems), listened to from the moment this is made: a signal that comes before
/// anybody waits is not lost.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen. Call it before telling anybody that the program runs.
    ///
    /// # Errors
    /// When the operating system does not let us listen.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits until the program is told to stop. A server that ends before that has failed, whatever it says: without it
/// nobody can reach the journal, and a process that only seems to run is worse than one that is gone.
///
/// # Errors
/// When the server ended by itself.
pub async fn until_told(
    told: impl Future<Output = ()>,
    server: &mut JoinHandle<io::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = told => Ok(()),
        ended = server => {
            ended.context("the server stopped by a fault of its own")?.context("the server stopped")?;
            anyhow::bail!("the server stopped although nobody asked it to. What was saved is safe. Start it again.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_early_is_a_failure_and_a_signal_is_not() {
        let never = std::future::pending::<()>;
        let mut ends = tokio::spawn(async { Ok(()) });
        assert!(until_told(never(), &mut ends).await.is_err());
        let mut fails = tokio::spawn(async { Err(io::Error::other("no more connections")) });
        assert!(until_told(never(), &mut fails).await.is_err());
        let mut panics = tokio::spawn(async { panic!("on purpose") });
        assert!(until_told(never(), &mut panics).await.is_err());
        let mut serves = tokio::spawn(async {
            std::future::pending::<()>().await;
            Ok(())
        });
        assert!(until_told(async {}, &mut serves).await.is_ok());
        serves.abort();
    }
}
