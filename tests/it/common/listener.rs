//! The application behind a real socket.

use std::{net::TcpListener, sync::Arc, time::Duration};

use llamora::{
    routes,
    shutdown::{Stopper, shutdown},
    web::{
        self, App,
        listen::Limits,
        state::AppState,
        table::{Row, Table},
        view::Views,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

/// Longest wait of a test for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port, which answers to the names of 127.0.0.1.
pub struct Server {
    /// The port.
    pub port: u16,
    /// The state its handlers share.
    pub state: Arc<AppState>,
    stopper: Stopper,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Binds and serves.
    pub async fn start() -> Self {
        Self::within(Limits::default()).await
    }

    /// The same with other limits.
    pub async fn within(limits: Limits) -> Self {
        Self::on("127.0.0.1:0", limits, |state| web::wrap(routes::table(state))).await
    }

    /// Serves rows of a test's own.
    pub async fn of(rows: &'static [Row], limits: Limits) -> Self {
        let no_sign_in = |_, _| -> web::table::Answering { Box::pin(async { panic!("not asked for") }) };
        Self::on("127.0.0.1:0", limits, |state| web::wrap(Table::new(state, rows, no_sign_in))).await
    }

    /// Serves what `app` makes of the state, on this address.
    pub async fn on(address: &str, limits: Limits, app: impl FnOnce(Arc<AppState>) -> App) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (services, _) = super::services(&super::Options::default());
        let state = AppState::new(services, Views::embedded().expect("templates parse"), super::hosts(port));
        let (stopper, signal) = shutdown();
        let task = tokio::spawn(web::serve_within(listener, app(Arc::clone(&state)), limits, signal));
        Self { port, state, stopper, task }
    }

    /// Opens a connection.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection")
    }

    /// Opens a connection and sends these bytes.
    pub async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.expect("written");
        stream
    }

    /// The head of a request, up to where more headers would stand.
    pub fn head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port)
    }

    /// Sends bytes and reads the status of the answer; 0 when the connection was closed without one.
    pub async fn status_of(&self, bytes: &str) -> u16 {
        status(&ending(self.send(bytes).await).await)
    }

    /// Stops and waits for the end.
    pub async fn stop(self) {
        self.stopper.stop();
        self.task.await.expect("no panic").expect("no error");
    }
}

/// Everything that still comes, up to the end of the connection.
pub async fn ending(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of an answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
