//! What every handler can reach: the one value shared by all requests.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    services::Services,
    web::{bucket::Buckets, guess::Guesses, host::Hosts, sse::Streams, view::Views},
};

/// A person who types fast stops for a moment some times in a password; an address gets so many judgements at once, and
/// then two in a second.
const METER_BURST: u32 = 40;
const METER_EVERY: Duration = Duration::from_millis(500);

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
    /// Judgements of passwords while they are typed.
    pub meter: Buckets,
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
            meter: Buckets::new(METER_BURST, METER_EVERY),
            uploads: Semaphore::new(1),
        })
    }
}
