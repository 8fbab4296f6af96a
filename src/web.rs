//! The web layer: everything between a socket and a handler. Only this module and `routes` name poem.
//!
//! [`wrap`] puts a route table behind the checks every request passes; [`serve`] runs it on a listener. The order of
//! the checks, and why:
//!
//! 1. **request id, nonce, clock** first, so that every answer and every log line has them;
//! 2. **size of the head** before anything reads it;
//! 3. **`Host`** before routing, for every address: a rebound name must not even learn which pages exist;
//! 4. **where the request comes from** (Fetch Metadata, `Origin`), before any session is looked up;
//! 5. **route**, **session**, **body**, **token**, **handler** ([`table`]), inside a panic guard;
//! 6. **headers**, then the **log line**, on whatever came out.

pub mod agent;
pub mod assets;
pub mod bucket;
pub mod call;
pub mod changes;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod form;
pub mod guess;
pub mod headers;
pub mod host;
pub mod listen;
pub mod log;
pub mod markdown;
pub mod pages;
pub mod session;
pub mod sse;
pub mod state;
pub mod table;
pub mod view;
pub mod witness;

use std::{io, net::TcpListener, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use poem::{
    Body, Endpoint, PathPattern, Request, Response,
    http::{Method, header},
};

use crate::{
    shutdown::Shutdown,
    web::{
        csrf::Source,
        error::{Surroundings, WebError},
        listen::Limits,
        log::Mark,
        state::AppState,
        table::Table,
    },
};

const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The complete application: a poem endpoint.
pub struct App {
    table: Table,
    state: Arc<AppState>,
}

/// Puts a route table behind the checks that every request passes.
pub fn wrap(table: Table) -> App {
    let state = Arc::clone(table.state());
    App { table, state }
}

/// Serves `app` until `shutdown`, then lets open requests finish for at most 4 seconds; event streams end at once.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, app: App, shutdown: Shutdown) -> io::Result<()> {
    serve_within(listener, app, Limits::default(), shutdown).await
}

/// The same with other limits, for tests that cannot wait for the real ones.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve_within(
    listener: TcpListener,
    app: App,
    limits: Limits,
    shutdown: Shutdown,
) -> io::Result<()> {
    let state = Arc::clone(&app.state);
    listen::serve(listener, Arc::new(app), limits, shutdown, move || state.streams.close_all()).await
}

impl Endpoint for App {
    type Output = Response;

    async fn call(&self, req: Request) -> poem::Result<Response> {
        let mark = Mark::new();
        let method = req.method().clone();
        let surroundings = Surroundings::of(&self.state, &mark, req.headers());
        // A panic is a bug; it costs this request and nothing else. One in a handler is caught nearer to it, where an
        // error page can still be drawn.
        let judged = AssertUnwindSafe(async {
            match self.refuse(&req, &surroundings) {
                Some(response) => (response, None),
                None => self.route(req, &mark, &surroundings).await,
            }
        });
        let (mut response, pattern) =
            judged.catch_unwind().await.unwrap_or_else(|_| (error::last_resort(&mark), None));
        if method == Method::HEAD {
            response.set_body(Body::empty());
        }
        let is_asset = response.data::<table::Immutable>().is_some();
        headers::complete(&mut response, mark.nonce(), is_asset, self.state.hosts.is_lan());
        mark.finish(&method, pattern.as_deref(), response.status());
        Ok(response)
    }
}

impl App {
    /// Judges a request by its head alone.
    fn refuse(&self, req: &Request, surroundings: &Surroundings<'_>) -> Option<Response> {
        let headers = req.headers();
        let head_bytes: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if headers.len() > MAX_HEADERS || head_bytes + req.uri().to_string().len() > MAX_HEAD_BYTES {
            return Some(WebError::head_too_large().respond(surroundings));
        }
        if headers.contains_key(header::TRANSFER_ENCODING) {
            // No browser sends a form in chunks, and a length beside chunks is how requests are smuggled (SR-45).
            return Some(WebError::unmeasured().respond(surroundings));
        }
        let local = req.local_addr().as_socket_addr().map(std::net::SocketAddr::ip);
        let Some(own) = self.state.hosts.accept(req.uri(), headers, local) else {
            return Some(WebError::misdirected(&self.state.hosts.canonical()).respond(surroundings));
        };
        match csrf::source(req.method(), req.uri().path(), headers, &own) {
            Source::Own => None,
            Source::Link => Some(error::doorstep(surroundings)),
            Source::Foreign => Some(WebError::foreign().respond(surroundings)),
        }
    }

    async fn route(
        &self,
        mut req: Request,
        mark: &Mark,
        surroundings: &Surroundings<'_>,
    ) -> (Response, Option<Arc<str>>) {
        req.set_data(mark.clone());
        match self.table.call(req).await {
            Ok(response) => {
                let pattern = response.data::<PathPattern>().map(|pattern| Arc::clone(&pattern.0));
                (response, pattern)
            }
            // Only poem's router can get here, and it only fails when nothing matches.
            Err(_) => (WebError::not_found().respond(surroundings), None),
        }
    }
}
