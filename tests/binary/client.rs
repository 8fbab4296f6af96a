//! A small HTTP/1.1 client on std: one connection per request, cookies, forms.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for an answer; generous, because one test runs the program in an emulator.
const PATIENCE: Duration = Duration::from_secs(180);

/// One answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The first header of this name, which is written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A visitor's end of the line: remembers cookies like a browser.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// What bodies are.
    kind: String,
    /// Extra headers sent with every request.
    pub extra: Vec<(String, String)>,
    /// Every header line ever received, for those who look for leaks.
    pub received: Vec<String>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        let kind = "application/x-www-form-urlencoded".to_owned();
        Client { address, cookies: BTreeMap::new(), kind, extra: Vec::new(), received: Vec::new() }
    }

    /// Sends a body of this kind.
    pub fn send_as(&mut self, kind: &str, path: &str, body: &str) -> io::Result<Answer> {
        let before = std::mem::replace(&mut self.kind, kind.to_owned());
        let answer = self.send("POST", path, Some(body));
        self.kind = before;
        answer
    }

    /// Sends a request; a connection that ends early is an error, never half an answer.
    pub fn send(&mut self, method: &str, path: &str, body: Option<&str>) -> io::Result<Answer> {
        let answer = read(self.open(method, path, body)?)?;
        for (name, value) in &answer.headers {
            self.received.push(format!("{name}: {value}"));
            if name == "set-cookie" {
                self.keep(value);
            }
        }
        Ok(answer)
    }

    /// Sends a request and gives the open connection, for streams.
    pub fn open(&self, method: &str, path: &str, body: Option<&str>) -> io::Result<TcpStream> {
        let mut stream = self.begin(method, path, body.map(str::len))?;
        stream.write_all(b"\r\n")?;
        // A refused body may meet a closed connection: the answer is still there to be read.
        if let Some(body) = body {
            let _ = stream.write_all(body.as_bytes());
        }
        Ok(stream)
    }

    /// Sends all of a form but its body, and waits until the program asks for that.
    pub fn promise(&self, path: &str, length: usize) -> io::Result<TcpStream> {
        const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut stream = self.begin("POST", path, Some(length))?;
        stream.write_all(b"Expect: 100-continue\r\n\r\n")?;
        let mut answer = vec![0; GO_ON.len()];
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, GO_ON, "{}", String::from_utf8_lossy(&answer));
        Ok(stream)
    }

    /// Opens a connection and sends the head of a request, without the empty line at its end.
    fn begin(&self, method: &str, path: &str, length: Option<usize>) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = self.address;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", pairs.join("; "));
        }
        for (name, value) in &self.extra {
            request += &format!("{name}: {value}\r\n");
        }
        if let Some(length) = length {
            request += &format!("Origin: http://{host}\r\nContent-Type: {}\r\n", self.kind);
            request += &format!("Content-Length: {length}\r\n");
        }
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    }

    /// The same browser at another address.
    pub fn at(self, address: SocketAddr) -> Client {
        Client { address, ..self }
    }

    /// The values of the cookies it keeps.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        self.cookies.values().map(String::as_str)
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let gone = cookie.to_ascii_lowercase().contains("max-age=0") || value.is_empty();
        if gone {
            self.cookies.remove(name.trim());
        } else {
            self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

/// Reads an answer to its end; a connection that ends early is an error, never half an answer.
pub fn read(mut stream: TcpStream) -> io::Result<Answer> {
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    Ok(parse(&raw).ok_or(io::ErrorKind::UnexpectedEof)?)
}

/// Encodes form fields.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body += &format!("{}={}", escape(name), escape(value));
    }
    body
}

/// Percent-encodes all but letters, digits and `-_.`.
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let find = |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    let rest = &raw[end + 4..];
    let body = if find("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        dechunk(rest)?
    } else {
        let length = find("content-length").and_then(|value| value.parse().ok()).unwrap_or(rest.len());
        rest.get(..length)?.to_vec()
    };
    Some(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
