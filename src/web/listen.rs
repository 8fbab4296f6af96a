//! Connections: how many there may be, how slow they may be, and how they end (SR-43).
//!
//! Poem's own server has no time limit for heads, no cap on connections and no way to end one that waits, so
//! connections are driven by hyper directly; poem gets whole heads and paced bodies. Only HTTP/1.1 is spoken (SR-44).
//!
//! | what | limit | enforced by |
//! |---|---|---|
//! | the next head, from the end of the last answer to its blank line | 10 s | hyper's timer |
//! | a body | 1 KiB/s after a grace of 10 s, 60 s in all | `pace` |
//! | a write that moves nothing | 30 s | `line` |
//! | connections | 512 in all, 32 for an address that is not this machine | `door` |
//!
//! When all places are taken, the connection that has waited longest without a request makes room: a crowd of silent
//! connections pushes itself out, and a request that is being answered never has to go.

mod door;
mod line;
mod pace;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::{
    Addr, Endpoint, Request, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    shutdown::Shutdown,
    web::listen::{
        door::{Door, Guest},
        line::{Line, Stage, Watched},
        pace::Paced,
    },
};

/// What connections may take. The defaults are those of the table above; tests take smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address (of IPv6 one network of 64 bits), loopback excepted.
    pub per_address: usize,
    /// Longest wait for a complete head, idle time before it included.
    pub head: Duration,
    /// Longest time for a body.
    pub body: Duration,
    /// How long a body may take beyond what its rate allows.
    pub body_grace: Duration,
    /// Lowest rate of a body, in bytes per second.
    pub body_rate: u32,
    /// Longest time in which a write may move nothing.
    pub write: Duration,
    /// How long what still comes is read and thrown away after the last answer, so that it is not lost to a reset.
    pub linger: Duration,
    /// How long open requests may go on after the signal to stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            per_address: 32,
            head: Duration::from_secs(10),
            body: Duration::from_secs(60),
            body_grace: Duration::from_secs(10),
            body_rate: 1024,
            write: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            stop: Duration::from_secs(4),
        }
    }
}

/// Most that is buffered of a body or an answer, in bytes.
const MAX_BUFFER: usize = 64 * 1024;
/// Heads above this are refused by hyper without a page; those above 16 KiB with one.
const MAX_HEAD: usize = 32 * 1024;

/// The address at the other end of a connection, as data of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Serves `app` until `shutdown`; then calls `stopping`, closes what waits, and lets open requests finish for at
/// most [`Limits::stop`].
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve<E>(
    listener: TcpListener,
    app: Arc<E>,
    limits: Limits,
    mut shutdown: Shutdown,
    stopping: impl FnOnce(),
) -> io::Result<()>
where
    E: Endpoint<Output = Response> + 'static,
{
    let door = Door::new(listener, limits)?;
    let mut visits = JoinSet::new();
    loop {
        let guest = tokio::select! {
            guest = door.next() => guest,
            () = shutdown.wait() => break,
        };
        visits.spawn(attend(guest, Arc::clone(&app), limits, shutdown.clone()));
        while visits.try_join_next().is_some() {}
    }
    drop(door);
    stopping();
    // Whoever is still there after that is cut off by the drop of `visits`.
    let _ = timeout(limits.stop, async { while visits.join_next().await.is_some() {} }).await;
    Ok(())
}

/// Drives one connection to its end.
async fn attend<E>(guest: Guest, app: Arc<E>, limits: Limits, mut shutdown: Shutdown)
where
    E: Endpoint<Output = Response> + 'static,
{
    let Guest { stream, local, remote, place } = guest;
    let line = Arc::clone(place.line());
    let served = Arc::clone(&line);
    let service = service_fn(move |req| {
        let (app, line) = (Arc::clone(&app), Arc::clone(&served));
        let ends = (LocalAddr(Addr::from(local)), RemoteAddr(Addr::from(remote)));
        async move { Ok::<_, Infallible>(answer(app, line, ends, limits, req).await) }
    });
    let stream = line::Guarded::new(stream, Arc::clone(&line), limits);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_BUFFER)
        .max_header_size(MAX_HEAD);
    let mut connection = Box::pin(builder.serve_connection(TokioIo::new(stream), service));
    let mut is_stopping = false;
    loop {
        // What a connection is doing changes only while it is polled here, so a look at it between polls is exact.
        tokio::select! {
            _ = &mut connection => break,
            () = line.told_to_go() => {
                if line.may_go() {
                    break;
                }
            }
            () = shutdown.wait(), if !is_stopping => {
                if line.is_waiting() {
                    break;
                }
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
    // In this order: a permit stands for a descriptor.
    drop(connection);
    drop(place);
}

async fn answer<E>(
    app: Arc<E>,
    line: Arc<Line>,
    (local, remote): (LocalAddr, RemoteAddr),
    limits: Limits,
    req: hyper::Request<Incoming>,
) -> hyper::Response<Watched<impl hyper::body::Body<Data = impl Send, Error = io::Error>>>
where
    E: Endpoint<Output = Response>,
{
    let has_body = !req.body().is_end_stream();
    let peer = remote.as_socket_addr().map(|address| Peer(address.ip()));
    let mut req = Request::from((req, local, remote, Scheme::HTTP));
    if let Some(peer) = peer {
        req.set_data(peer);
    }
    if has_body {
        line.enter(Stage::Receiving);
        let body = req.take_body().into_bytes_stream();
        req.set_body(poem::Body::from_bytes_stream(Paced::new(body, Arc::clone(&line), limits)));
    } else {
        line.enter(Stage::Working);
    }
    let response: hyper::Response<_> = app.get_response(req).await.into();
    line.enter(Stage::Working);
    response.map(|body| Watched::new(body, line))
}
