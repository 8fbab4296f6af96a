//! One request as a handler sees it: who asks, for which address, and how the answer is wanted.

use std::{
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use poem::{
    Request, Response,
    http::{HeaderMap, StatusCode, header},
};

use crate::{
    journal::{dates::Language, day::Day, ids::EntryId},
    services::{Services, sessions::Session},
    web::{
        error::{Surroundings, Wants, WebError},
        listen::Peer,
        log::Mark,
        pages::Shell,
        session::{self, Visitor},
        state::AppState,
        view::Template,
    },
};

/// A request whose host and source were judged, with its visitor. Handlers get it in an `Arc`.
pub struct Call {
    /// Shared state.
    pub app: Arc<AppState>,
    /// Request id and nonce.
    pub mark: Mark,
    /// Who asks.
    pub visitor: Visitor,
    /// The address at the other end of the connection; this machine where there is no connection, in tests.
    pub peer: IpAddr,
    /// Form of the answer.
    pub wants: Wants,
    headers: HeaderMap,
    query: String,
    params: Vec<(&'static str, String)>,
    gives_token: AtomicBool,
}

/// What a handler answers.
pub type Answer = Result<Response, WebError>;

impl Call {
    /// Reads what handlers need; `pattern` is the route's.
    pub fn of(app: &Arc<AppState>, req: &Request, pattern: &'static str, visitor: Visitor) -> Self {
        let names = pattern.split('/').filter_map(|part| part.strip_prefix([':', '*']));
        let params = names.filter_map(|name| Some((name, req.raw_path_param(name)?.to_owned()))).collect();
        Self {
            app: Arc::clone(app),
            mark: req.data::<Mark>().cloned().unwrap_or_else(Mark::new),
            visitor,
            peer: req.data::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0),
            wants: Wants::of(req.headers()),
            headers: req.headers().clone(),
            query: req.uri().query().unwrap_or_default().to_owned(),
            params,
            gives_token: AtomicBool::new(false),
        }
    }

    /// The use cases.
    pub fn services(&self) -> &Arc<Services> {
        &self.app.services
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The name and port this program was reached by, which is one of ours.
    pub fn host(&self) -> &str {
        self.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
    }

    /// A part of the address by its name in the pattern, as a value.
    ///
    /// # Errors
    /// 404 when it is not such a value: there is no such page.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T, WebError> {
        self.raw_param(name).parse().map_err(|_| WebError::not_found())
    }

    /// A part of the address as it stands, percent-decoded.
    pub fn raw_param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The day of `/d/:date`.
    ///
    /// # Errors
    /// 404 when it is not a day.
    pub fn day(&self) -> Result<Day, WebError> {
        self.param("date")
    }

    /// The identifier of `/entries/:id` or `/replies/:id`.
    ///
    /// # Errors
    /// 404 when it is not an identifier.
    pub fn id(&self) -> Result<EntryId, WebError> {
        self.param("id")
    }

    /// A value of the query string. Content never stands there.
    pub fn query(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Whether a part of a page is wanted.
    pub fn wants_fragment(&self) -> bool {
        self.wants == Wants::Fragment
    }

    /// The shell of a page or fragment for this visitor. A visitor without a cookie gets one with it.
    pub fn shell(&self, title: &str) -> Shell {
        self.gives_token.store(true, Ordering::Relaxed);
        self.surroundings().shell(title)
    }

    /// The shell of a page for a session that begins with this answer.
    pub fn shell_for(&self, title: &str, session: &Session) -> Shell {
        let csrf = self.services().csrf(session.binding());
        Surroundings { session: Some(session), csrf, ..self.surroundings() }.shell(title)
    }

    /// What an error page of this request is drawn with.
    pub fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            state: &self.app,
            mark: &self.mark,
            wants: self.wants,
            session: self.visitor.session.as_deref(),
            csrf: self.services().csrf(&self.visitor.fingerprint),
        }
    }

    /// The language that dates are said in.
    fn dates(&self) -> Language {
        self.visitor.session.as_deref().map(Session::dates).unwrap_or_default()
    }

    /// Answers with a whole page.
    ///
    /// # Errors
    /// When the template does not fit, which is a fault of ours.
    pub fn page<T: Template>(&self, status: StatusCode, page: &T) -> Answer {
        Ok(html(status, self.app.views.render(page, self.dates())?))
    }

    /// Answers with the fragment of a context when a fragment is wanted, else with the page.
    ///
    /// # Errors
    /// When the template does not fit, which is a fault of ours.
    pub fn page_or_part<T: Template>(&self, status: StatusCode, page: &T) -> Answer {
        if self.wants_fragment() && T::PART.is_some() {
            return Ok(html(status, self.app.views.fragment(page, self.dates())?));
        }
        self.page(status, page)
    }

    /// Draws an error of this request.
    pub fn refuse(&self, error: WebError) -> Response {
        self.gives_token.store(true, Ordering::Relaxed);
        error.respond(&self.surroundings())
    }

    /// What an answer is drawn with that ends the session.
    pub fn surroundings_signed_out(&self) -> Surroundings<'_> {
        Surroundings { session: None, ..self.surroundings() }
    }

    /// Draws an error of this request for a session that was renewed in it, so that the forms on the page hold.
    pub fn refuse_for(&self, error: WebError, session: &Session) -> Response {
        let csrf = self.services().csrf(session.binding());
        error.respond(&Surroundings { session: Some(session), csrf, ..self.surroundings() })
    }

    /// Gives the visitor the cookie that the answer's forms are bound to, unless the answer sets one itself.
    pub fn give_token(&self, response: &mut Response) {
        let is_html = response.content_type().is_some_and(|kind| kind.starts_with("text/html"));
        let is_wanted = self.gives_token.load(Ordering::Relaxed) && self.visitor.is_fresh() && is_html;
        if is_wanted && !response.headers().contains_key(header::SET_COOKIE) {
            set_cookie(response, session::set(self.visitor.token()));
        }
    }
}

/// 303: the browser fetches `to` next.
pub fn see_other(to: &str) -> Response {
    Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, to).finish()
}

/// Adds a `Set-Cookie` line.
pub fn set_cookie(response: &mut Response, line: poem::http::HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, line);
}

fn html(status: StatusCode, body: String) -> Response {
    Response::builder().status(status).content_type("text/html; charset=utf-8").body(body)
}
