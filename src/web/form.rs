//! Form bodies: read with a limit, decoded strictly (SR-35).

mod multipart;

use std::io;

use futures_util::StreamExt;
use poem::{
    Body,
    http::{HeaderMap, header},
};

/// How large a body may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// 4 KiB: names and passwords. A text held over a sign-in may come with them, up to [`Limit::Entry`].
    Login,
    /// 256 KiB: 12,000 characters of any script. What is too large is cut and still reaches the handler, so that
    /// the text can be shown again.
    Entry,
    /// 64 KiB.
    Other,
    /// 64 MiB and a little: a file to import, as `multipart/form-data`. It is read into memory and nowhere else, from
    /// somebody who is signed in, one upload at a time.
    Import,
}

/// Name of the field in which a text is held over a sign-in.
pub const HELD_FIELD: &str = "held_text";

const MAX_FIELDS: usize = 64;
const MAX_DRAIN: usize = 8 * 1024 * 1024;

impl Limit {
    /// Bytes of body that are kept.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Login => Self::Entry.bytes() + LOGIN_BYTES,
            Self::Entry => 256 * 1024,
            Self::Other => 64 * 1024,
            Self::Import => 64 * 1024 * 1024 + 64 * 1024,
        }
    }

    /// How much of a body that is too large is read and thrown away, so that the browser reads our answer.
    const fn drained(self) -> usize {
        match self {
            Self::Import => 2 * self.bytes(),
            _ => MAX_DRAIN,
        }
    }
}

const LOGIN_BYTES: usize = 4 * 1024;

/// Decoded fields of a form, in order. It reaches a handler only after its token was checked.
#[derive(Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    file: Option<Upload>,
    is_cut: bool,
}

/// A file that came with a form.
pub struct Upload {
    /// What the browser calls it. Never a path that is followed.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Why a body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not `application/x-www-form-urlencoded`.
    #[error("not a form")]
    NotAForm,
    /// Bad escapes, not UTF-8, or too many fields.
    #[error("a form that cannot be read")]
    Malformed,
    /// Larger than its limit.
    #[error("a form that is too large")]
    TooLarge,
    /// The body came too slowly; how slow it may be is for [`crate::web::listen`] to say.
    #[error("a form that came too slowly")]
    Slow,
    /// The connection broke.
    #[error("a form that did not arrive")]
    Incomplete,
}

impl Form {
    /// Reads a body. An empty one is an empty form, whatever its type.
    ///
    /// # Errors
    /// See [`FormError`]. A body over [`Limit::Entry`] is not an error here: see [`Form::is_cut`].
    pub async fn read(headers: &HeaderMap, body: Body, limit: Limit) -> Result<Self, FormError> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
            .unwrap_or(0);
        // What will be refused is not kept: only a text is shown again.
        let is_refused = limit != Limit::Entry && announced > limit.bytes();
        let room = if is_refused { 0 } else { limit.bytes() };
        let (bytes, is_cut) = collect(body, room, limit.drained(), announced).await?;
        if is_cut && limit != Limit::Entry {
            return Err(FormError::TooLarge);
        }
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        if limit == Limit::Import
            && let Some(boundary) = multipart::boundary(headers)
        {
            let (fields, file) = multipart::parse(bytes, &boundary)?;
            return Ok(Self { fields, file, is_cut });
        }
        if !is_urlencoded(headers) {
            return Err(FormError::NotAForm);
        }
        if limit == Limit::Import && bytes.len() > Limit::Other.bytes() {
            return Err(FormError::TooLarge);
        }
        if limit == Limit::Login && login_bytes(&bytes) > LOGIN_BYTES {
            return Err(FormError::TooLarge);
        }
        Self::parse(&bytes, is_cut)
    }

    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The first field of this name, or nothing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether the body was larger than its limit, so that the last field is not whole. Such a form must not
    /// change anything; it is only there to show the text again.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The file that came with the form, if one did; a second time there is none.
    pub fn take_file(&mut self) -> Option<Upload> {
        self.file.take()
    }

    fn parse(bytes: &[u8], is_cut: bool) -> Result<Self, FormError> {
        let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let pairs: Vec<&[u8]> = pairs.take(MAX_FIELDS + 1).collect();
        if pairs.len() > MAX_FIELDS {
            return Err(FormError::Malformed);
        }
        let last_idx = pairs.len().saturating_sub(1);
        let mut fields = Vec::with_capacity(pairs.len());
        for (pair_idx, pair) in pairs.into_iter().enumerate() {
            let split = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(split + 1..).unwrap_or_default();
            let may_be_partial = is_cut && pair_idx == last_idx;
            fields.push((decode(&pair[..split], may_be_partial)?, decode(value, may_be_partial)?));
        }
        Ok(Self { fields, file: None, is_cut })
    }
}

/// The first `limit` bytes of a body, and whether there were more. Up to `drained` bytes are read and thrown away, so
/// that the browser reads our answer.
async fn collect(
    body: Body,
    limit: usize,
    drained: usize,
    announced: usize,
) -> Result<(Vec<u8>, bool), FormError> {
    let mut stream = Box::pin(body.into_bytes_stream());
    let mut kept = Vec::new();
    let mut seen = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => FormError::Slow,
            _ => FormError::Incomplete,
        })?;
        seen += chunk.len();
        let room = limit - kept.len();
        kept.extend_from_slice(&chunk[..room.min(chunk.len())]);
        let will_be_cut = seen > limit;
        if will_be_cut && (seen > drained || announced > drained) {
            break;
        }
    }
    Ok((kept, seen > limit))
}

fn is_urlencoded(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let is_encoded = headers.contains_key(header::CONTENT_ENCODING);
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !is_encoded
}

/// Bytes of a sign-in form without the text held in it.
fn login_bytes(bytes: &[u8]) -> usize {
    let is_held = |pair: &&[u8]| {
        pair.strip_prefix(HELD_FIELD.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'='))
    };
    let own = bytes.split(|byte| *byte == b'&').filter(|pair| !is_held(pair));
    own.map(|pair| pair.len() + 1).sum::<usize>().saturating_sub(1)
}

/// Reads bytes as a form of either kind, for fuzzing.
#[cfg(any(test, feature = "test-hooks"))]
pub fn probe(bytes: &[u8]) {
    for is_cut in [false, true] {
        let _ = Form::parse(bytes, is_cut);
    }
    let _ = multipart::parse(bytes.to_vec(), "XyZ");
}

/// Undoes `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), strictly: bad escapes and bytes that are
/// not UTF-8 are errors. A field that was cut loses what is not whole at its end.
fn decode(encoded: &[u8], may_be_partial: bool) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match (rest.next().copied().and_then(hex), rest.next().copied().and_then(hex)) {
                (Some(high), Some(low)) => bytes.push(high << 4 | low),
                _ if may_be_partial && rest.as_slice().is_empty() => break,
                _ => return Err(FormError::Malformed),
            },
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).or_else(|error| {
        let end = error.utf8_error().valid_up_to();
        let is_cut_char = may_be_partial && error.utf8_error().error_len().is_none();
        let mut bytes = error.into_bytes();
        bytes.truncate(end);
        if is_cut_char {
            String::from_utf8(bytes).map_err(|_| FormError::Malformed)
        } else {
            Err(FormError::Malformed)
        }
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8], is_cut: bool) -> Result<Vec<(String, String)>, FormError> {
        Form::parse(bytes, is_cut).map(|form| form.fields)
    }

    #[test]
    fn what_a_browser_encodes_comes_back() {
        let text = "Zażółć & gęślą = 100% +\r\n🎉";
        let encoded: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("text", text).finish();
        assert_eq!(parsed(encoded.as_bytes(), false), Ok(vec![("text".to_owned(), text.to_owned())]));
    }

    #[test]
    fn bad_escapes_and_bad_utf8_are_refused() {
        for bytes in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"%80=a", b"a=\xff"] {
            assert_eq!(parsed(bytes, false), Err(FormError::Malformed), "{bytes:?}");
        }
        assert_eq!(parsed("a=1&".repeat(65).as_bytes(), false), Err(FormError::Malformed));
        assert!(parsed("a=1&".repeat(64).as_bytes(), false).is_ok());
    }

    #[test]
    fn a_cut_form_keeps_what_is_whole() {
        for bytes in [&b"csrf=x&text=ab%C"[..], b"csrf=x&text=ab%", b"csrf=x&text=ab%C5", b"csrf=x&text=ab"] {
            let fields = parsed(bytes, true).expect("kept");
            assert_eq!(fields[1].1, "ab", "{bytes:?}");
        }
        assert_eq!(parsed(b"csrf=%f&text=ab", true), Err(FormError::Malformed));
    }

    #[test]
    fn a_held_text_does_not_count_towards_a_sign_in() {
        assert_eq!(login_bytes(b"username=a&held_text=0123456789&csrf=b"), "username=a&csrf=b".len());
    }
}
