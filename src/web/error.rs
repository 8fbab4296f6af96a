//! Errors as a visitor meets them: status, title, one plain sentence, next step and a random id.
//!
//! The cause goes to the log once, under that id, and never onto the page. Poem's own errors never reach a visitor:
//! their text is the `Display` of whatever failed.

mod conversions;

use poem::{
    Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::{
    journal::dates::Language,
    services::sessions::Session,
    web::{
        assets, csrf,
        log::Mark,
        pages::{Held, IntegrityBanner, Shell, StoreBanner, errors::ErrorPage},
        state::AppState,
    },
};

/// The form in which an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// A whole page, or a redirect.
    Page,
    /// A part of a page: htmx sends `HX-Request-Type: partial`.
    Fragment,
    /// `Accept: application/json`; errors only, there is no JSON interface.
    Json,
}

impl Wants {
    /// Reads the headers of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accept = text("accept");
        if text("hx-request-type").eq_ignore_ascii_case("partial") {
            Self::Fragment
        } else if accept.contains("application/json") && !accept.contains("text/html") {
            Self::Json
        } else {
            Self::Page
        }
    }
}

/// What surrounds an answer: enough to draw an error page at any point of a request.
pub struct Surroundings<'a> {
    /// Shared state.
    pub state: &'a AppState,
    /// Request id and nonce.
    pub mark: &'a Mark,
    /// Form of the answer.
    pub wants: Wants,
    /// The session, once it is known.
    pub session: Option<&'a Session>,
    /// The visitor's token, where the answer may hold a form.
    pub csrf: String,
}

impl<'a> Surroundings<'a> {
    /// Surroundings of a request of which nothing is known but its head.
    pub fn of(state: &'a AppState, mark: &'a Mark, headers: &HeaderMap) -> Self {
        Self { state, mark, wants: Wants::of(headers), session: None, csrf: String::new() }
    }

    /// The language that dates are said in.
    fn dates(&self) -> Language {
        self.session.map(Session::dates).unwrap_or_default()
    }

    /// The shell of a page.
    pub fn shell(&self, title: &str) -> Shell {
        Shell {
            nonce: self.mark.nonce().to_owned(),
            csrf: self.csrf.clone(),
            journal: self.session.map(Session::journal).unwrap_or_default(),
            css_href: assets::css_href(),
            js_href: assets::js_href(),
            assets: assets::base(),
            look: self.session.map(Session::preferences).unwrap_or_default().into(),
            title: title.to_owned(),
            signed_in: self.session.is_some(),
            name: self.session.map(|session| session.name().to_string()),
            today: self
                .session
                .map(|session| self.state.services.today(session).to_string())
                .unwrap_or_default(),
            refresh: false,
            lan_http: self.state.hosts.is_lan(),
            store: self.state.services.store_note().map(StoreBanner::from),
            integrity: self
                .session
                .and_then(|session| self.state.services.integrity_note(session))
                .map(IntegrityBanner::from),
            is_older: self.session.is_some_and(Session::only_reads),
            clock_is_behind: self.session.is_some_and(|session| self.state.services.clock_is_behind(session)),
        }
    }
}

/// An answer that is not what was asked for. It may hold a text of the writer, so it has no `Debug`.
pub struct WebError {
    status: StatusCode,
    title: &'static str,
    sentence: Box<str>,
    next: (Box<str>, &'static str),
    headers: Vec<(HeaderName, String)>,
    held: Option<Box<Held>>,
    cause: Option<Box<str>>,
    is_torn: bool,
}

#[derive(Serialize)]
struct JsonError<'a> {
    status: u16,
    title: &'a str,
    sentence: &'a str,
    next: &'a str,
    id: &'a str,
}

const TODAY: (&str, &str) = ("/d/today", "Go to today");
const START: (&str, &str) = ("/", "Go to the start");

impl WebError {
    /// An error with its words and the address and name of the next step.
    pub fn new(
        status: StatusCode,
        title: &'static str,
        sentence: impl Into<String>,
        next: (&str, &'static str),
    ) -> Self {
        Self {
            status,
            title,
            sentence: sentence.into().into_boxed_str(),
            next: (next.0.into(), next.1),
            headers: Vec::new(),
            held: None,
            cause: None,
            is_torn: false,
        }
    }

    /// No such page, entry, reply or day; or it belongs to somebody else, which looks the same.
    pub fn not_found() -> Self {
        let sentence = "There is nothing at this address, or what was here is in the trash.";
        Self::new(StatusCode::NOT_FOUND, "Not found", sentence, TODAY)
    }

    /// What was sent cannot be read.
    pub fn bad_request(sentence: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That could not be read", sentence, START)
    }

    /// The body is sent in chunks, so that nobody knows where it ends. The connection ends with it.
    pub fn unmeasured() -> Self {
        Self::bad_request("The request does not say how long it is, so it was not read.").closing()
    }

    /// The body came below the lowest rate, or not at all.
    pub fn too_slow() -> Self {
        let sentence =
            "The form came too slowly, so nothing was saved. Go back to your text and send it again.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "Too slow", sentence, TODAY).closing()
    }

    /// What was sent can be read and not accepted.
    pub fn unprocessable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be saved", sentence, TODAY)
    }

    /// The page needs a session.
    pub fn sign_in_first() -> Self {
        let sentence = "You are signed out. Sign in, then try again.";
        Self::new(StatusCode::UNAUTHORIZED, "Please sign in", sentence, ("/login", "Sign in"))
    }

    /// The request did not carry the token of its session.
    pub fn bad_token() -> Self {
        let sentence =
            "This form was too old to be trusted, so nothing was changed. Open the page again and retry.";
        Self::new(StatusCode::FORBIDDEN, "Nothing was changed", sentence, START)
    }

    /// The token is one of before, in a session that is open: another tab signed in meanwhile, or the program began again
    /// under somebody who stays. The request came from our own page of the same journal, so the answer brings it the
    /// token of now.
    pub fn stale(wants: Wants, token: String) -> Self {
        if wants != Wants::Fragment {
            return Self::bad_token();
        }
        let sentence = "This page is older than your last sign-in, so nothing was changed yet. Try once more: it works now.";
        Self { sentence: sentence.into(), ..Self::bad_token() }
            .header(HeaderName::from_static(csrf::HEADER), token)
    }

    /// The request came from another site.
    pub fn foreign() -> Self {
        let sentence = "This request came from another site, so it was refused and nothing was changed.";
        Self::new(StatusCode::FORBIDDEN, "Refused", sentence, START)
    }

    /// The request names a host that is not ours.
    pub fn misdirected(canonical: &str) -> Self {
        let sentence = format!("The journal does not answer under this name. Its address is {canonical}.");
        let next = (format!("{canonical}/").into_boxed_str(), "Open the journal");
        Self { next, ..Self::new(StatusCode::MISDIRECTED_REQUEST, "Wrong address", sentence, START) }
    }

    /// The address is ours, the method is not.
    pub fn wrong_method(allow: &str) -> Self {
        let sentence = "This address cannot be used in this way.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Not possible here", sentence, TODAY)
            .header(header::ALLOW, allow)
    }

    /// More than the limit of the form.
    pub fn too_large() -> Self {
        let sentence = "That was too much at once, so nothing was saved. Split it into smaller parts.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", sentence, TODAY)
    }

    /// A text so large that only its beginning was read. On a page that beginning is shown, so the page says so;
    /// where a part was asked for, the box on the page still has all of it.
    pub fn cut(wants: Wants) -> Self {
        if wants == Wants::Fragment {
            return Self::too_large();
        }
        let sentence = "That was too much at once, so nothing was saved, and only the beginning of it is below. \
                        Go back in the browser to find all of it, then save it in parts.";
        Self { sentence: sentence.into(), ..Self::too_large() }
    }

    /// Too many or too large headers.
    pub fn head_too_large() -> Self {
        let sentence =
            "The browser sent more than this page accepts. Clear this site's cookies and try again.";
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Too large", sentence, START)
    }

    /// Too many tries; wait.
    pub fn too_many(retry_after_s: u32) -> Self {
        let sentence = format!("Too many tries. Wait {retry_after_s} seconds, then try again.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Please wait", sentence, ("/login", "Sign in"))
            .retry(retry_after_s)
    }

    /// Too much waits; try later.
    pub fn overloaded(sentence: &str, retry_after_s: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", sentence, TODAY).retry(retry_after_s)
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<String>) -> Self {
        let sentence = "Something went wrong here. Nothing that was saved before is lost.";
        let cause = Some(cause.into().into_boxed_str());
        Self { cause, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "That failed", sentence, TODAY) }
    }

    /// Adds a text that must not be lost.
    pub fn holding(self, held: Option<Held>) -> Self {
        Self { held: held.map(Box::new), ..self }
    }

    /// Whether the medium failed under this request, as it also does when other work fails meanwhile. The next look
    /// opens the file again, so what only reads may be tried once more.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence, to show inside a form instead of on a page of its own.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Draws the error and writes its cause to the log.
    pub fn respond(self, around: &Surroundings<'_>) -> Response {
        let id = around.mark.id();
        self.log_cause(id);
        let retry_after = self.headers.iter().find(|(name, _)| *name == header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|(_, seconds)| seconds.parse().ok());
        let page = ErrorPage {
            retry_after,
            shell: around.shell(self.title),
            status: self.status.as_u16(),
            title: self.title.to_owned(),
            sentence: self.sentence.into_string(),
            next_href: self.next.0.into_string(),
            next_label: self.next.1.to_owned(),
            id: id.to_owned(),
            held: self.held.map(|held| *held),
        };
        let (kind, body) = match around.wants {
            Wants::Json => ("application/json; charset=utf-8", Ok(json(&page))),
            Wants::Page => ("text/html; charset=utf-8", around.state.views.render(&page, around.dates())),
            Wants::Fragment => {
                ("text/html; charset=utf-8", around.state.views.fragment(&page, around.dates()))
            }
        };
        let body = body.unwrap_or_else(|error| {
            tracing::error!(request = id, cause = %error, "the error page failed");
            String::new()
        });
        let mut response = Response::builder().status(self.status).content_type(kind).body(body);
        insert(&mut response, self.headers);
        response
    }

    /// Puts the headers of this error (such as `Retry-After`) onto an answer that shows its sentence in a form, and
    /// writes its cause to the log.
    pub fn headers_onto(self, mut response: Response, mark: &Mark) -> Response {
        self.log_cause(mark.id());
        insert(&mut response, self.headers);
        response
    }

    fn log_cause(&self, id: &str) {
        if let Some(cause) = &self.cause {
            tracing::error!(request = id, cause = &**cause, "request failed");
        }
    }

    fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Ends the connection after this answer.
    fn closing(self) -> Self {
        self.header(header::CONNECTION, "close")
    }

    fn retry(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }
}

/// What a link on another site leads to. It is the same for everybody: the session cookie does not travel with such
/// a request, so an answer that depended on it would be wrong, and one that set it would end the session.
pub fn doorstep(around: &Surroundings<'_>) -> Response {
    let words = WebError::new(
        StatusCode::OK,
        "Llamora",
        "You came here from another page.",
        ("/", "Open the journal"),
    );
    words.respond(around)
}

/// What is answered when even an error page cannot be drawn: it needs neither templates nor services.
pub fn last_resort(mark: &Mark) -> Response {
    let id = mark.id();
    tracing::error!(request = id, cause = "a panic outside of a handler", "request failed");
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Llamora</title></head><body>\
         <h1>That failed</h1><p>Something went wrong here. Nothing that was saved before is lost.</p>\
         <p><a href=\"/\">Go to the start</a></p><p>500 {id}</p></body></html>\n"
    );
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Response::builder().status(status).content_type("text/html; charset=utf-8").body(body)
}

fn insert(response: &mut Response, headers: Vec<(HeaderName, String)>) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
}

fn json(page: &ErrorPage) -> String {
    let body = JsonError {
        status: page.status,
        title: &page.title,
        sentence: &page.sentence,
        next: &page.next_href,
        id: &page.id,
    };
    serde_json::to_string(&body).unwrap_or_default()
}
