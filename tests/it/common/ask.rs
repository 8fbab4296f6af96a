//! Requests and answers.

use std::net::IpAddr;

use llamora::web::listen::Peer;
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
};

use super::PORT;

/// A request as a browser would make it.
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    peer: Option<IpAddr>,
    pub(super) has_token: bool,
}

/// An answer, read to its end.
pub struct Got {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: String,
}

impl Ask {
    /// Any method.
    pub fn new(method: Method, path: &str) -> Self {
        let has_token = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            fields: Vec::new(),
            body: None,
            peer: None,
            has_token,
        }
    }

    /// A page.
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// A form.
    pub fn post(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    /// Adds fields.
    pub fn fields(mut self, fields: &[(&str, &str)]) -> Self {
        self.fields.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Adds a header, or replaces one that every request carries; an empty value takes it away.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends this body as it is, and no token in it.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Comes from this address.
    pub fn from(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Leaves the token out.
    pub fn without_token(mut self) -> Self {
        self.has_token = false;
        self
    }

    /// As htmx asks for a part of a page.
    pub fn partial(self) -> Self {
        self.header("hx-request", "true").header("hx-request-type", "partial")
    }

    pub(super) fn into_request(mut self, cookies: &str, token: &str) -> Request {
        let mut headers = HeaderMap::new();
        let mut put = |name: &str, value: &str| {
            let name: HeaderName = name.parse().expect("a header name");
            headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        };
        put("host", &format!("127.0.0.1:{PORT}"));
        put("sec-fetch-site", "same-origin");
        if !cookies.is_empty() {
            put("cookie", cookies);
        }
        if self.method != Method::GET && self.method != Method::HEAD {
            put("content-type", "application/x-www-form-urlencoded");
        }
        if self.has_token {
            self.fields.push(("csrf".to_owned(), token.to_owned()));
        }
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("a header name");
            headers.remove(&name);
            if !value.is_empty() {
                headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
            }
        }
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        let uri: Uri = self.path.parse().expect("an address");
        let mut builder = Request::builder().method(self.method).uri(uri);
        if let Some(peer) = self.peer {
            builder = builder.extension(Peer(peer));
        }
        let mut request = builder.body(self.body.unwrap_or(form.into_bytes()));
        *request.headers_mut() = headers;
        request
    }
}

impl Got {
    pub(super) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.into_string().await.expect("text");
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// Every `Set-Cookie` line.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.map(|line| line.to_str().expect("ASCII").to_owned()).collect()
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}
