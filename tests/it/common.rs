//! A whole application in memory, and the people who use it.

mod ask;
mod html;
mod listener;
mod services;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{Arc, Mutex},
};

use llamora::{
    clock::Fixed,
    routes,
    web::{self, App, host::Hosts, session::COOKIE, state::AppState, view::Views},
};
use poem::{Endpoint, Request};

pub use ask::{Ask, Got};
pub use html::attribute;
pub use listener::{Server, ending, status};
pub use services::{MakeEmbedder, Options, restarted, services, services_over, services_with};

/// Port that the application believes to be bound to.
pub const PORT: u16 = 5757;
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple";
/// Where the clock of the application stands.
pub const TODAY: &str = "2026-11-22";

/// A running application without a socket.
#[derive(Clone)]
pub struct TestApp {
    app: Arc<App>,
    /// The state its handlers share.
    pub state: Arc<AppState>,
    /// Its clock.
    pub clock: Arc<Fixed>,
}

/// A browser: it keeps cookies, and sends what browsers send.
pub struct Browser {
    app: TestApp,
    jar: Mutex<BTreeMap<String, String>>,
}

/// Somebody without a session.
pub struct Anonymous(Browser);

/// Somebody with a journal open.
pub struct SignedIn(Browser);

impl TestApp {
    /// An application without accounts.
    pub async fn new() -> Self {
        Self::with(&Options::default()).await
    }

    /// The same with options.
    pub async fn with(options: &Options) -> Self {
        let (services, clock) = services(options);
        let state = AppState::new(services, Views::embedded().expect("templates parse"), hosts(PORT));
        let app = Arc::new(web::wrap(routes::table(Arc::clone(&state))));
        let this = Self { app, state, clock };
        if options.has_model && options.loading.is_none() {
            this.model_ready().await;
        }
        this
    }

    /// An application over services that were made elsewhere.
    pub async fn over((services, clock): (Arc<llamora::services::Services>, Arc<Fixed>)) -> Self {
        let state = AppState::new(services, Views::embedded().expect("templates parse"), hosts(PORT));
        let app = Arc::new(web::wrap(routes::table(Arc::clone(&state))));
        Self { app, state, clock }
    }

    /// The browser of somebody with this session cookie.
    pub fn signed_in(&self, token: &str) -> SignedIn {
        SignedIn(Browser::with(self, token))
    }

    /// Waits until the model can answer.
    pub async fn model_ready(&self) {
        while self.state.services.model().state == "loading" {
            tokio::task::yield_now().await;
        }
    }

    /// A browser that has not been here yet.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous(Browser { app: self.clone(), jar: Mutex::default() })
    }

    /// Registers `name` and signs in.
    pub async fn register(&self, name: &str) -> SignedIn {
        let (_, token, _) = self
            .state
            .services
            .register(name, PASSWORD, PASSWORD, Some("Europe/Berlin"))
            .await
            .expect("a new account");
        SignedIn(Browser::with(self, &token))
    }

    /// Signs `name` in, who has registered.
    pub async fn sign_in_again(&self, name: &str) -> SignedIn {
        let found = self.state.services.sign_in(name, PASSWORD).await.expect("signing in works");
        let (_, token) = found.expect("the name and the password of everybody");
        SignedIn(Browser::with(self, &token))
    }

    /// Sends a request as it is.
    pub async fn raw(&self, request: Request) -> Got {
        Got::of(self.app.get_response(request).await).await
    }
}

impl Browser {
    fn with(app: &TestApp, token: &str) -> Self {
        let jar = BTreeMap::from([(COOKIE.to_owned(), token.to_owned())]);
        Self { app: app.clone(), jar: Mutex::new(jar) }
    }

    /// Sends a request with the browser's cookies, our host and `Sec-Fetch-Site: same-origin`, unless it says otherwise.
    pub async fn send(&self, ask: Ask) -> Got {
        // The token is looked up only for a form: planted panics of the clock are for the request.
        let token = if ask.has_token { self.token() } else { String::new() };
        let got = self.app.raw(ask.into_request(&self.cookies(), &token)).await;
        for line in got.set_cookies() {
            let (name, rest) = line.split_once('=').expect("a name and a value");
            self.keep(name, rest.split(';').next().expect("a value"));
        }
        got
    }

    /// Sends a request and gives the body back unread.
    pub async fn open(&self, ask: Ask) -> poem::Response {
        self.app.app.get_response(ask.into_request(&self.cookies(), &self.token())).await
    }

    /// `GET` of a page.
    pub async fn get(&self, path: &str) -> Got {
        self.send(Ask::get(path)).await
    }

    /// `POST` of a form, token included.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.send(Ask::post(path).fields(fields)).await
    }

    /// The value of the session cookie.
    pub fn cookie(&self) -> Option<String> {
        self.cookie_named(COOKIE)
    }

    /// The value of any cookie.
    pub fn cookie_named(&self, name: &str) -> Option<String> {
        self.jar.lock().expect("unpoisoned").get(name).cloned()
    }

    /// Puts a value into the session cookie.
    pub fn set_cookie(&self, value: &str) {
        self.keep(COOKIE, value);
    }

    /// Keeps a cookie; an empty value takes it away.
    pub fn keep(&self, name: &str, value: &str) {
        let mut jar = self.jar.lock().expect("unpoisoned");
        if value.is_empty() {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The `Cookie` line; empty when there are none.
    fn cookies(&self) -> String {
        let jar = self.jar.lock().expect("unpoisoned");
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The token that forms of this browser carry; nothing before the first page.
    pub fn token(&self) -> String {
        let services = &self.app.state.services;
        self.cookie()
            .and_then(|cookie| services.binding(&cookie))
            .map(|print| services.csrf(&print))
            .unwrap_or_default()
    }

    /// Writes an entry on today and answers its id.
    pub async fn write(&self, text: &str) -> String {
        let got = self.post(&format!("/d/{TODAY}/entries"), &[("op", &fresh_op()), ("text", text)]).await;
        assert_eq!(got.status, 303, "{}", got.body);
        got.location().split_once("#entry-").expect("a way to the entry").1.to_owned()
    }
}

impl Deref for Anonymous {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.0
    }
}

impl Deref for SignedIn {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.0
    }
}

/// The names of a listener on 127.0.0.1.
pub fn hosts(port: u16) -> Hosts {
    Hosts::new(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), &["diary.example".to_owned()])
}

/// A new `op`.
pub fn fresh_op() -> String {
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("random bytes");
    llamora::journal::ids::EntryId::from_parts(1_795_341_600_000, random).to_string()
}

/// The nonce of an answer's policy.
pub fn nonce(got: &Got) -> String {
    let policy = got.header("content-security-policy");
    policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned()
}
