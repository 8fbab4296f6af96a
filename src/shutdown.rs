//! The token that tells every part of the program to stop.

use tokio::sync::watch;

/// Tells whether the program is stopping. Cheap to clone and to wait for.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The other end: whoever holds it can stop the program.
pub struct Stopper(watch::Sender<bool>);

/// A connected pair.
pub fn shutdown() -> (Stopper, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Shutdown(receiver))
}

impl Stopper {
    /// Tells every part to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until the program is to stop.
    pub async fn wait(&mut self) {
        // An error means that the stopper is gone, which is a stop as well.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }

    /// Whether the program is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow()
    }
}
