//! The application behind a real socket.

use std::net::TcpListener;

use llamora::{
    routes,
    shutdown::{Stopper, shutdown},
    web::{self, state::AppState, view::Views},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

/// A server on a free port of 127.0.0.1.
pub struct Server {
    /// The port.
    pub port: u16,
    stopper: Stopper,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Binds and serves.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (services, _) = super::services(&super::Options::default());
        let state = AppState::new(services, Views::embedded().expect("templates parse"), super::hosts(port));
        let (stopper, signal) = shutdown();
        let task = tokio::spawn(web::serve(listener, web::wrap(routes::table(state)), signal));
        Self { port, stopper, task }
    }

    /// Sends bytes and reads the status of the answer; 0 when the connection was closed without one.
    pub async fn status_of(&self, bytes: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection");
        stream.write_all(bytes.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Stops and waits for the end.
    pub async fn stop(self) {
        self.stopper.stop();
        self.task.await.expect("no panic").expect("no error");
    }
}
