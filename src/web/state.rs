//! What every handler can reach: the one value shared by all requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    services::Services,
    web::{guess::Guesses, host::Hosts, sse::Streams, view::Views},
};

/// Shared by all requests of a process.
pub struct AppState {
    /// The use cases.
    pub services: Arc<Services>,
    /// The templates.
    pub views: Views,
    /// The names this program answers to.
    pub hosts: Hosts,
    /// Open event streams.
    pub streams: Arc<Streams>,
    /// Wrong guesses of passwords and recovery codes.
    pub guesses: Guesses,
    /// One file to import is taken in at a time: each may be 64 MiB.
    pub uploads: Semaphore,
}

impl AppState {
    /// Puts the parts together. `hosts` comes from the bound listener.
    pub fn new(services: Arc<Services>, views: Views, hosts: Hosts) -> Arc<Self> {
        Arc::new(Self {
            services,
            views,
            hosts,
            streams: Streams::new(),
            guesses: Guesses::new(),
            uploads: Semaphore::new(1),
        })
    }
}
