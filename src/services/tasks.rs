//! Tasks that outlive the request that started them. Every one is awaited or ended when the program stops.

use std::{future::Future, sync::Mutex, time::Duration};

use tokio::task::JoinSet;

use crate::services::sessions::guard;

/// Owner of all background tasks.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Work with an end of its own, which is awaited.
    ending: Mutex<JoinSet<()>>,
    /// Loops, which are aborted.
    endless: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// Starts work that comes to its end when its user is locked.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = guard(&self.ending);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Starts a loop, or work that loses nothing by it, which is aborted at the end.
    pub(crate) fn spawn_forever(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = guard(&self.endless);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Aborts the loops and waits for the rest, at most `limit`; what is not done then is aborted.
    pub(crate) async fn finish(&self, limit: Duration) {
        guard(&self.endless).abort_all();
        let mut tasks = std::mem::take(&mut *guard(&self.ending));
        let all_done = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all_done).await.is_err() {
            tracing::warn!("background work did not end in time and was aborted");
        }
    }
}
