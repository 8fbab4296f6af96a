//! What a person does: register, sign in, write, ask. Forms are read from the pages, as a browser without scripts would.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::client::{Answer, Client, form};

/// A person at a browser.
#[derive(Clone)]
pub struct Visitor {
    pub client: Client,
    csrf: String,
    op: String,
}

impl Visitor {
    pub fn new(address: SocketAddr) -> Visitor {
        Visitor { client: Client::new(address), csrf: String::new(), op: String::new() }
    }

    /// Reads a page and remembers the tokens of its forms.
    pub fn get(&mut self, path: &str) -> Answer {
        let answer = self.client.send("GET", path, None).unwrap();
        if let Some(token) = field(&answer.body, "csrf") {
            self.csrf = token;
        }
        if let Some(op) = field(&answer.body, "op") {
            self.op = op;
        }
        answer
    }

    /// Sends a form with the token of the page read last.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).unwrap()
    }

    /// Like `post`, for those who expect that the program may be gone.
    pub fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let body = form(&all);
        self.client.send("POST", path, Some(&body))
    }

    /// Like `post`, but the form is only begun: its body is sent to the connection later, by whoever asked.
    pub fn begin_post(&self, path: &str, fields: &[(&str, &str)]) -> (TcpStream, String) {
        let mut all = vec![("csrf", self.csrf.as_str()), ("op", self.op.as_str())];
        all.extend_from_slice(fields);
        let body = form(&all);
        (self.client.promise(path, body.len()).unwrap(), body)
    }

    /// Uploads a file with the token of the page read last.
    pub fn upload(&mut self, path: &str, name: &str, text: &str) -> Answer {
        let csrf = &self.csrf;
        let body = format!(
            "--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--XyZ\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--XyZ--\r\n"
        );
        self.client.send_as("multipart/form-data; boundary=XyZ", path, &body).unwrap()
    }

    /// Registers; answers the recovery code.
    pub fn register(&mut self, name: &str, password: &str) -> String {
        self.get("/register");
        let fields =
            [("username", name), ("password", password), ("password_confirm", password), ("zone", "")];
        let mut answer = self.post("/register", &fields);
        if answer.status == 303 {
            let next = answer.header("location").unwrap().to_owned();
            answer = self.get(&next);
        }
        assert_eq!(answer.status, 200, "registering: {}", answer.body);
        let start = answer.body.find("id=\"recovery-code\"").expect("the page shows the recovery code");
        let text = answer.body[start..].split('>').nth(1).unwrap().split('<').next().unwrap();
        self.get("/d/today");
        unescape(text.trim())
    }

    /// Fills in the sign-in form; answers what came of it.
    pub fn try_sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.get("/login");
        self.post("/login", &[("username", name), ("password", password)])
    }

    /// Signs in and opens today.
    pub fn sign_in(&mut self, name: &str, password: &str) {
        let answer = self.try_sign_in(name, password);
        assert_eq!(answer.status, 303, "signing in: {}", answer.body);
        let today = self.today();
        assert_eq!(self.get(&today).status, 200);
    }

    /// Where `/d/today` leads.
    pub fn today(&mut self) -> String {
        let answer = self.get("/d/today");
        match answer.header("location") {
            Some(place) => place.to_owned(),
            None => "/d/today".to_owned(),
        }
    }

    /// Writes an entry on a day (`/d/2026-01-31`); its id, or an error when the program did not answer, or answered
    /// with a page that gives the text back.
    pub fn try_write(&mut self, day: &str, text: &str) -> io::Result<String> {
        let op = self.op.clone();
        let answer = self.try_post(&format!("{day}/entries"), &[("op", &op), ("text", text)])?;
        if answer.status == 401 && answer.body.contains(text.trim()) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        assert_eq!(answer.status, 303, "writing: {}", answer.body);
        let place = answer.header("location").unwrap();
        Ok(place.split("#entry-").nth(1).expect("the answer leads to the entry").to_owned())
    }

    /// Writes an entry on today.
    pub fn write(&mut self, text: &str) -> String {
        let today = self.today();
        self.get(&today);
        self.try_write(&today, text).unwrap()
    }

    /// Asks for a reply to an entry, waiting until the model has been loaded; answers the reply's id.
    pub fn ask(&mut self, entry: &str) -> String {
        let give_up = Instant::now() + Duration::from_secs(120);
        loop {
            let answer = self.post(&format!("/entries/{entry}/replies"), &[]);
            if let Some((_, id)) = answer.header("location").and_then(|place| place.split_once("#reply-")) {
                return id.to_owned();
            }
            assert!(Instant::now() < give_up, "asking: {} {}", answer.status, answer.body);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The state of a reply, as its day's page shows it.
    pub fn reply_state(&mut self, reply: &str) -> String {
        let page = self.reply_page(reply);
        let mark = page.find(&format!("data-reply-id=\"{reply}\"")).expect("the page shows the reply");
        attribute(tag_around(&page, mark), "data-state").unwrap_or_default()
    }

    /// The page that shows a reply.
    pub fn reply_page(&mut self, reply: &str) -> String {
        let mut answer = self.get(&format!("/replies/{reply}"));
        if let Some(place) = answer.header("location").map(str::to_owned) {
            answer = self.get(place.split('#').next().unwrap_or_default());
        }
        answer.body
    }

    /// Waits until a reply has ended; gives its page.
    pub fn wait_for_reply(&mut self, reply: &str) -> String {
        let give_up = Instant::now() + Duration::from_secs(120);
        while !matches!(self.reply_state(reply).as_str(), "complete" | "failed" | "stopped") {
            assert!(Instant::now() < give_up, "waiting for a reply");
            std::thread::sleep(Duration::from_millis(200));
        }
        self.reply_page(reply)
    }

    /// Waits until a page's text satisfies the condition; gives that page.
    pub fn wait_for(&mut self, path: &str, what: &str, good: impl Fn(&str) -> bool) -> String {
        let give_up = Instant::now() + Duration::from_secs(120);
        loop {
            let answer = self.get(path);
            if good(&answer.body) {
                return answer.body;
            }
            assert!(Instant::now() < give_up, "waiting for {what}: {path} says {}", answer.body);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The value of a form's hidden or visible input of this name.
pub fn field(html: &str, name: &str) -> Option<String> {
    html.match_indices("<input")
        .map(|(at, _)| tag_around(html, at))
        .find(|tag| attribute(tag, "name").as_deref() == Some(name))
        .and_then(|tag| attribute(tag, "value"))
}

fn tag_around(html: &str, at: usize) -> &str {
    let start = html[..=at].rfind('<').unwrap_or(0);
    let end = html[at..].find('>').map_or(html.len(), |end| at + end);
    &html[start..end]
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=")).or_else(|| tag.find(&format!("\n{name}=")))? + name.len() + 2;
    let quote = tag[start..].chars().next()?;
    let value = match quote {
        '"' | '\'' => tag[start + 1..].split(quote).next()?,
        _ => tag[start..].split_whitespace().next()?,
    };
    Some(unescape(value))
}

/// Undoes the escapes that the templates make.
pub fn unescape(text: &str) -> String {
    let pairs =
        [("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&#x2f;", "/"), ("&lt;", "<"), ("&gt;", ">")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}
