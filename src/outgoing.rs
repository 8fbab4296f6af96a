//! Outgoing connections: the only place from which this program speaks to another machine.
//!
//! It does so when somebody asked: a model is fetched (`llamora models pull`, the settings page), or a person allowed
//! an upstream to answer. A [`Caller`] blocks: it belongs to an engine's thread, the blocking pool or the command line.
//! HTTP is hyper's, TLS is rustls with the roots of Mozilla inside. Redirects are answers like others; nothing is
//! followed here. No cookies, no proxies, no names of this program or machine.
//!
//! # Security
//! An address is looked up once and judged by [`place::may_reach`] before anything is sent; the connection goes to the
//! addresses that were judged. Errors hold nothing of an answer.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

pub mod place;
#[cfg(test)]
mod tests;

use crate::outgoing::place::{Place, may_reach};

/// How often a wait looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// An answer's head is no longer than this.
const MAX_HEAD: usize = 64 << 10;

/// Why there is no answer. Each message is a sentence without a subject: "the server ..." stands before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutgoingError {
    /// The address is not one.
    #[error("the address {0}")]
    Address(&'static str),
    /// An address that nothing is sent to: of this link, or where clouds keep their secrets.
    #[error("{0} has an address that nothing is sent to (link-local, metadata or multicast)")]
    Forbidden(String),
    /// The name is not known, mostly because this machine is offline.
    #[error("{0} cannot be found; is this machine online?")]
    Unknown(String),
    /// Nothing answers there.
    #[error("{0} cannot be reached")]
    Unreachable(String),
    /// The other side cannot show that it is who it says.
    #[error("{0} cannot show that it is the right server (its certificate)")]
    Certificate(String),
    /// It took too long.
    #[error("{0} took too long to answer")]
    TooSlow(String),
    /// The connection ended before the answer did.
    #[error("the connection to {0} broke off")]
    BrokeOff(String),
    /// What came is not HTTP.
    #[error("{0} does not answer as a web server does")]
    NotHttp(String),
    /// Whoever asked does not want it any more.
    #[error("it was stopped")]
    Cancelled,
    /// This machine refuses.
    #[error("this system makes no connection")]
    System,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// From one piece of the answer to the next.
    pub piece: Duration,
}

/// A request.
pub struct Ask<'a> {
    /// Where to.
    pub place: &'a Place,
    /// Further headers. A value is never logged.
    pub headers: &'a [(&'static str, String)],
    /// JSON to send by POST; `None` asks by GET.
    pub json: Option<String>,
    /// How long to wait.
    pub patience: Patience,
}

/// Makes requests, one at a time, and blocks meanwhile.
pub struct Caller {
    runtime: Runtime,
    tls: TlsConnector,
}

impl Caller {
    /// Prepares; connects to nothing.
    ///
    /// # Errors
    /// [`OutgoingError::System`] when the system gives no runtime.
    pub fn new() -> Result<Self, OutgoingError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|_| OutgoingError::System)?;
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| OutgoingError::System)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { runtime, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends a request and waits for the head of the answer. `is_wanted` is looked at all the time; when it says no,
    /// the connection is closed at once.
    ///
    /// # Errors
    /// See [`OutgoingError`]. A status that says no is an answer, not an error.
    pub fn send(&self, ask: &Ask<'_>, is_wanted: &dyn Fn() -> bool) -> Result<Reply<'_>, OutgoingError> {
        let host = ask.place.shown();
        let patience = ask.patience;
        self.runtime.block_on(async {
            let stream = within(patience.connect, &host, is_wanted, self.connect(ask.place)).await??;
            let talk = within(patience.head, &host, is_wanted, self.talk(stream, ask)).await??;
            let (head, body) = talk.answer.into_parts();
            let headers = head.headers;
            Ok(Reply { caller: self, status: head.status, headers, body, host, patience, task: talk.task })
        })
    }

    async fn connect(&self, place: &Place) -> Result<TcpStream, OutgoingError> {
        let host = place.shown();
        let found: Vec<SocketAddr> = if place.host().eq_ignore_ascii_case("localhost") {
            // Without asking anybody: what counts as this machine must be this machine.
            vec![(Ipv4Addr::LOCALHOST, place.port()).into(), (Ipv6Addr::LOCALHOST, place.port()).into()]
        } else {
            let looked_up = tokio::net::lookup_host((place.host(), place.port())).await;
            looked_up.map_err(|_| OutgoingError::Unknown(host.clone()))?.collect()
        };
        if found.is_empty() {
            return Err(OutgoingError::Unknown(host));
        }
        let mut refused = true;
        for address in found.iter().filter(|address| may_reach(address.ip())) {
            refused = false;
            if let Ok(stream) = TcpStream::connect(address).await {
                // Small pieces of text shall come at once; a system that refuses this is only slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
        }
        Err(if refused { OutgoingError::Forbidden(host) } else { OutgoingError::Unreachable(host) })
    }

    async fn talk(&self, stream: TcpStream, ask: &Ask<'_>) -> Result<Talk, OutgoingError> {
        let host = ask.place.shown();
        if !ask.place.is_tls() {
            return exchange(TokioIo::new(stream), ask).await;
        }
        let name = ServerName::try_from(ask.place.host().to_owned())
            .map_err(|_| OutgoingError::Address("names no server"))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => OutgoingError::Certificate(host),
            _ => OutgoingError::BrokeOff(host),
        })?;
        exchange(TokioIo::new(stream), ask).await
    }
}

struct Talk {
    answer: hyper::Response<Incoming>,
    task: JoinHandle<()>,
}

async fn exchange<T>(stream: T, ask: &Ask<'_>) -> Result<Talk, OutgoingError>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let host = ask.place.shown();
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD.max(8192))
        .handshake(stream)
        .await
        .map_err(|_| OutgoingError::BrokeOff(host.clone()))?;
    let task = tokio::spawn(async move {
        // How it ended is told by the body.
        let _ = connection.await;
    });
    let answer = sender.send_request(request(ask)?).await.map_err(|error| {
        if error.is_parse() { OutgoingError::NotHttp(host) } else { OutgoingError::BrokeOff(host) }
    });
    match answer {
        Ok(answer) => Ok(Talk { answer, task }),
        Err(error) => {
            task.abort();
            Err(error)
        }
    }
}

fn request(ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, OutgoingError> {
    let refused = |_| OutgoingError::Address("cannot be asked for");
    let method = if ask.json.is_some() { Method::POST } else { Method::GET };
    let body = Full::new(Bytes::from(ask.json.clone().unwrap_or_default()));
    let mut request = Request::builder()
        .method(method)
        .uri(ask.place.path())
        .header(HOST, ask.place.authority())
        .body(body)
        .map_err(|_| refused(()))?;
    let headers = request.headers_mut();
    if ask.json.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in ask.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| refused(()))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}

/// Waits for `work`, at most `limit` and as long as it is wanted.
async fn within<T>(
    limit: Duration,
    host: &str,
    is_wanted: &dyn Fn() -> bool,
    work: impl Future<Output = T>,
) -> Result<T, OutgoingError> {
    let start = Instant::now();
    tokio::pin!(work);
    loop {
        if !is_wanted() {
            return Err(OutgoingError::Cancelled);
        }
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(OutgoingError::TooSlow(host.to_owned()));
        }
        if let Ok(done) = tokio::time::timeout(left.min(LOOK), &mut work).await {
            return Ok(done);
        }
    }
}

/// An answer whose body comes piece by piece. Dropping it closes the connection.
pub struct Reply<'a> {
    caller: &'a Caller,
    status: StatusCode,
    headers: hyper::HeaderMap,
    body: Incoming,
    host: String,
    patience: Patience,
    task: JoinHandle<()>,
}

impl Reply<'_> {
    /// Who answers, for people.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header, when it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// From now on a piece may take so long.
    pub fn wait_for_pieces(&mut self, limit: Duration) {
        self.patience.piece = limit;
    }

    /// The next piece of the body; `None` after the last one.
    ///
    /// # Errors
    /// [`OutgoingError::BrokeOff`] when the connection ends before the body does, [`OutgoingError::TooSlow`],
    /// [`OutgoingError::Cancelled`].
    pub fn piece(&mut self, is_wanted: &dyn Fn() -> bool) -> Result<Option<Bytes>, OutgoingError> {
        let Self { caller, body, host, patience, .. } = self;
        caller.runtime.block_on(async {
            loop {
                let frame = within(patience.piece, host, is_wanted, body.frame()).await?;
                match frame {
                    None => return Ok(None),
                    Some(Err(_)) => return Err(OutgoingError::BrokeOff(host.clone())),
                    Some(Ok(frame)) => {
                        if let Ok(bytes) = frame.into_data()
                            && !bytes.is_empty()
                        {
                            return Ok(Some(bytes));
                        }
                    }
                }
            }
        })
    }

    /// The whole body, of at most `limit` bytes; a longer one is cut off.
    ///
    /// # Errors
    /// As [`piece`](Self::piece).
    pub fn whole(mut self, limit: usize, is_wanted: &dyn Fn() -> bool) -> Result<Vec<u8>, OutgoingError> {
        let mut all = Vec::new();
        while all.len() < limit
            && let Some(piece) = self.piece(is_wanted)?
        {
            all.extend_from_slice(&piece);
        }
        all.truncate(limit);
        Ok(all)
    }
}

impl Drop for Reply<'_> {
    fn drop(&mut self) {
        self.task.abort();
        let task = &mut self.task;
        // An aborted task is dropped, and its connection closed, when the runtime runs next.
        let _ = self.caller.runtime.block_on(task);
    }
}
