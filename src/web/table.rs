//! The route table: what a row says, and how a request runs through its row.
//!
//! The kind of handler is its access rule. A [`Handler::SignedForm`] cannot be called without a session and a form
//! whose token was checked, because there is no other way to get its arguments.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::FutureExt;
use poem::{Body, Endpoint, Request, Response, Route, http::Method};

use crate::{
    services::sessions::Session,
    web::{
        assets,
        call::{Answer, Call},
        csrf,
        error::WebError,
        form::{Form, Limit},
        pages::Held,
        session::Visitor,
        state::AppState,
        witness,
    },
};

/// What a handler returns.
pub type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A handler, by what it needs. A handler with a form may change things; one without may not (SR-04).
pub enum Handler {
    /// Anybody.
    Open(fn(Arc<Call>) -> Answering),
    /// Anybody who sends a form with a valid token.
    OpenForm(fn(Arc<Call>, Form) -> Answering),
    /// A signed-in visitor.
    Signed(fn(Arc<Call>, Arc<Session>) -> Answering),
    /// A signed-in visitor who sends a form with a valid token.
    SignedForm(fn(Arc<Call>, Arc<Session>, Form) -> Answering),
}

/// What kind of answer a row gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An HTML page or fragment.
    Page,
    /// Takes a form of at most this size; answers a redirect, a page or a fragment.
    Form(Limit),
    /// A stream of events.
    Events,
    /// A file that never changes under its address.
    Asset,
    /// For programs that watch this one.
    Health,
}

/// One row of the table.
pub struct Row {
    /// HTTP method. Rows with GET answer HEAD as well.
    pub method: Method,
    /// Address with `:name` for one part and `*name` for the rest, in poem's syntax.
    pub pattern: &'static str,
    /// What answers it.
    pub handler: Handler,
    /// What kind of answer it gives.
    pub kind: Kind,
    /// An address that fits the pattern; see [`Row::sample`].
    pub sample: &'static str,
}

/// Marks an answer that browsers may keep for ever.
#[derive(Clone, Copy)]
pub struct Immutable;

/// Rows, and the poem route made of them.
pub struct Table {
    route: Route,
    state: Arc<AppState>,
}

/// Answers a visitor who would have to sign in first; a text that was sent is held over it.
pub type SignInFirst = fn(Arc<Call>, Option<Held>) -> Answering;

struct Leaf {
    rows: Vec<&'static Row>,
    state: Arc<AppState>,
    sign_in: SignInFirst,
}

impl Row {
    /// An address that fits the pattern. What it names need not exist.
    pub fn sample(&self) -> String {
        self.sample.replace("{hash}", assets::HASH)
    }

    /// Whether the handler needs a session.
    pub fn needs_session(&self) -> bool {
        matches!(self.handler, Handler::Signed(_) | Handler::SignedForm(_))
    }

    /// Whether the row may change something, and so needs a token.
    pub fn is_form(&self) -> bool {
        matches!(self.kind, Kind::Form(_))
    }
}

impl Table {
    /// Builds the poem route: one leaf for each pattern, which knows the methods.
    pub fn new(state: Arc<AppState>, rows: &'static [Row], sign_in: SignInFirst) -> Self {
        let mut patterns: Vec<&'static str> = rows.iter().map(|row| row.pattern).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let route = patterns.into_iter().fold(Route::new(), |route, pattern| {
            let rows = rows.iter().filter(|row| row.pattern == pattern).collect();
            route.at(pattern, Leaf { rows, state: Arc::clone(&state), sign_in })
        });
        Self { route, state }
    }

    /// The state that all handlers share.
    pub fn state(&self) -> &Arc<AppState> {
        &self.state
    }

    /// Runs a request through the route.
    ///
    /// # Errors
    /// When no pattern fits the address.
    pub async fn call(&self, req: Request) -> poem::Result<Response> {
        self.route.call(req).await
    }
}

impl Endpoint for Leaf {
    type Output = Response;

    async fn call(&self, mut req: Request) -> poem::Result<Response> {
        let method = if req.method() == Method::HEAD { &Method::GET } else { req.method() };
        let row = self.rows.iter().find(|row| row.method == *method);
        let pattern = self.rows.first().map_or("", |row| row.pattern);
        let has_visitor = self.rows.iter().any(|row| !matches!(row.kind, Kind::Asset | Kind::Health));
        let visitor = if has_visitor {
            Visitor::of(&self.state.services, req.headers()).await
        } else {
            Visitor::nobody()
        };
        let call = Arc::new(Call::of(&self.state, &req, pattern, visitor));
        let answer = match row {
            None => Err(WebError::wrong_method(&self.allow())),
            Some(row) => {
                let body = req.take_body();
                // A panic is a bug; it costs this request and nothing else.
                AssertUnwindSafe(self.run(row, Arc::clone(&call), body))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(WebError::internal("a handler panicked")))
            }
        };
        let mut response = answer.unwrap_or_else(|error| call.refuse(error));
        call.give_token(&mut response);
        witness::give(&call, &mut response).await;
        Ok(response)
    }
}

impl Leaf {
    fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.rows.iter().map(|row| row.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.join(", ")
    }

    async fn run(&self, row: &Row, call: Arc<Call>, body: Body) -> Answer {
        let session = call.visitor.session.clone();
        match (&row.handler, session) {
            (Handler::Open(handler), _) => handler(call).await,
            (Handler::Signed(handler), Some(session)) => {
                if let Some(answer) = witness::instead(row, &call, &session) {
                    return answer;
                }
                match handler(Arc::clone(&call), Arc::clone(&session)).await {
                    // Such a handler only reads, and reading goes on when writing in the background has just failed.
                    Err(error) if error.is_torn() => handler(call, session).await,
                    answer => answer,
                }
            }
            (Handler::Signed(_), None) if row.kind == Kind::Events => Err(WebError::sign_in_first()),
            (Handler::Signed(_), None) => (self.sign_in)(call, None).await,
            (Handler::OpenForm(handler), _) => {
                let form = Form::read(call.headers(), body, limit(row)).await?;
                if !csrf::token_ok(call.services(), &call.visitor, call.headers(), &form) {
                    return self.stale_sign_in(call, &form).await;
                }
                to_the_end(handler(call, form)).await
            }
            (Handler::SignedForm(handler), Some(session)) => {
                let instead = witness::instead(row, &call, &session);
                if instead.is_some() && limit(row) == Limit::Import {
                    return instead.unwrap_or_else(|| Err(busy()));
                }
                // Held until the answer: an upload stays in memory as long.
                let _turn = match limit(row) {
                    Limit::Import => Some(self.state.uploads.try_acquire().map_err(|_| busy())?),
                    _ => None,
                };
                let form = Form::read(call.headers(), body, limit(row)).await?;
                if !csrf::token_ok(call.services(), &call.visitor, call.headers(), &form) {
                    // A cut form may have lost its token, and an old page has an old one: either way the text is shown.
                    let error = if form.is_cut() {
                        WebError::cut(call.wants)
                    } else if csrf::is_own_page(call.headers(), &session) {
                        WebError::stale(call.wants, call.services().csrf(&call.visitor.fingerprint))
                    } else {
                        WebError::bad_token()
                    };
                    return Err(error.holding(kept(row, &call, &session, &form)));
                }
                if let Some(answer) = instead {
                    return answer.map_err(|error| error.holding(kept(row, &call, &session, &form)));
                }
                to_the_end(handler(call, session, form)).await
            }
            // A file is not read from somebody who may not import it, nor held over a sign-in.
            (Handler::SignedForm(_), None) if limit(row) == Limit::Import => (self.sign_in)(call, None).await,
            (Handler::SignedForm(_), None) => {
                let form = Form::read(call.headers(), body, limit(row)).await?;
                if !csrf::has_token(call.headers(), &form) {
                    return Err(WebError::bad_token());
                }
                let held = held(row, &call, &form);
                if form.is_cut() {
                    // It could not be saved after signing in either. An edit stands in the box it came from.
                    let to_show = held.filter(|held| !held.day.is_empty());
                    let error =
                        to_show.as_ref().map_or_else(WebError::too_large, |_| WebError::cut(call.wants));
                    return Err(error.holding(to_show));
                }
                (self.sign_in)(call, held).await
            }
        }
    }
}

impl Leaf {
    /// A sign-in form whose token is too old, mostly because another tab signed in. A text it holds is shown again:
    /// in a new form, or to save on today.
    async fn stale_sign_in(&self, call: Arc<Call>, form: &Form) -> Answer {
        match (Held::over_sign_in(form), call.visitor.session.clone()) {
            (None, _) => Err(WebError::bad_token()),
            (held, None) => (self.sign_in)(call, held).await,
            (Some(held), Some(session)) => Err(WebError::bad_token().holding(Some(Held {
                day: call.services().today(&session).to_string(),
                op: call.services().fresh_op(),
                ..held
            }))),
        }
    }
}

fn busy() -> WebError {
    WebError::overloaded("Another file is being read. Try again in a moment.", 5)
}

fn limit(row: &Row) -> Limit {
    match row.kind {
        Kind::Form(limit) => limit,
        _ => Limit::Other,
    }
}

/// The text of an entry form, so that it can be shown again. An edit keeps its place in `op`.
fn held(row: &Row, call: &Call, form: &Form) -> Option<Held> {
    let text = form.get("text").filter(|text| !text.trim().is_empty())?;
    if limit(row) != Limit::Entry {
        return None;
    }
    let op = match call.raw_param("id") {
        "" => form.text("op").to_owned(),
        id => format!("{EDIT}{id}.{}", form.text("revision")),
    };
    let (day, draft) = (call.raw_param("date").to_owned(), form.text("draft").parse().ok());
    Some(Held { day, op, draft, text: text.to_owned() })
}

/// Runs a form's handler to its end even when the browser has gone: a server drops the future of a request whose
/// connection closes, and a change must not stop halfway between two awaits.
async fn to_the_end(work: Answering) -> Answer {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(WebError::internal("a handler panicked")))
}

/// The same for an error page, whose form saves the text as a new entry: an edit that was refused stands on today.
fn kept(row: &Row, call: &Call, session: &Session, form: &Form) -> Option<Held> {
    let held = held(row, call, form)?;
    if !held.op.starts_with(EDIT) {
        return Some(held);
    }
    Some(Held {
        day: call.services().today(session).to_string(),
        op: call.services().fresh_op(),
        draft: None,
        text: held.text,
    })
}

/// Begins the `op` of a held text that belongs to an edit: `edit.` id `.` revision.
pub const EDIT: &str = "edit.";
