//! Accepting connections: at most 512 at a time, and calm when the system has no more descriptors.
//!
//! Poem retries a failed accept in a tight loop and has no cap on connections; both are done here. A time limit
//! for request heads belongs into [`Guarded`] as well.

use std::{
    io,
    net::TcpListener,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use poem::{
    Addr,
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

const MAX_CONNECTIONS: usize = 512;
const BACK_OFF: Duration = Duration::from_millis(100);

/// Accepts connections from a listener.
pub struct Doorman {
    listener: tokio::net::TcpListener,
    permits: Arc<Semaphore>,
}

/// A connection that holds one of the permits until it is closed.
pub struct Guarded {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
}

impl Doorman {
    /// Takes over a bound listener.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn new(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(Self { listener, permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)) })
    }
}

impl Acceptor for Doorman {
    type Io = Guarded;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.listener.local_addr().map(|addr| LocalAddr(Addr::from(addr))).into_iter().collect()
    }

    async fn accept(&mut self) -> io::Result<(Guarded, LocalAddr, RemoteAddr, Scheme)> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, remote) = match self.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tokio::time::sleep(BACK_OFF).await;
                return Err(error);
            }
        };
        let _ = stream.set_nodelay(true);
        // The address of this connection, not the one the listener is bound to, which may be 0.0.0.0.
        let local = LocalAddr(Addr::from(stream.local_addr()?));
        let guarded = Guarded { stream, _permit: permit };
        Ok((guarded, local, RemoteAddr(Addr::from(remote)), Scheme::HTTP))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
