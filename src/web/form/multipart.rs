//! `multipart/form-data` (RFC 7578) from memory: some fields and one file. Poem's own reader spools files to disk.

use poem::http::{HeaderMap, header};

use crate::web::form::{FormError, MAX_FIELDS, Upload};

/// Longest head of a part, in bytes.
const MAX_HEAD: usize = 4 * 1024;
/// Longest value of a field that is not a file, in bytes.
const MAX_VALUE: usize = 64 * 1024;

/// Fields in order, and the file.
pub type Parts = (Vec<(String, String)>, Option<Upload>);

/// What stands between the parts of a body, if its type says so.
pub fn boundary(headers: &HeaderMap) -> Option<String> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    // RFC 2046 5.1.1.
    let is_valid =
        (1..=70).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_valid.then(|| value.to_owned())
}

/// Takes a body apart. An empty file without a name, which is what browsers send for no file, counts as none.
///
/// # Errors
/// [`FormError::Malformed`] when it is not what it says, or holds more than one file.
pub fn parse(mut bytes: Vec<u8>, boundary: &str) -> Result<Parts, FormError> {
    let between = format!("\r\n--{boundary}").into_bytes();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut file: Option<(String, std::ops::Range<usize>)> = None;
    // The first boundary has no line end before it.
    let mut at = if bytes.starts_with(&between[2..]) {
        between.len() - 2
    } else {
        find(&bytes, &between, 0).ok_or(FormError::Malformed)? + between.len()
    };
    loop {
        match bytes.get(at..at + 2) {
            Some(b"--") => break,
            Some(b"\r\n") => at += 2,
            _ => return Err(FormError::Malformed),
        }
        let head_end =
            find(&bytes[..bytes.len().min(at + MAX_HEAD)], b"\r\n\r\n", at).ok_or(FormError::Malformed)?;
        let (name, file_name) = disposition(&bytes[at..head_end]).ok_or(FormError::Malformed)?;
        let start = head_end + 4;
        let end = find(&bytes, &between, start).ok_or(FormError::Malformed)?;
        match file_name {
            Some(file_name) if file_name.is_empty() && start == end => {}
            Some(file_name) if file.is_none() => file = Some((file_name, start..end)),
            Some(_) => return Err(FormError::Malformed),
            None => {
                let value = &bytes[start..end];
                if value.len() > MAX_VALUE || fields.len() >= MAX_FIELDS {
                    return Err(FormError::Malformed);
                }
                let value = std::str::from_utf8(value).map_err(|_| FormError::Malformed)?;
                fields.push((name, value.to_owned()));
            }
        }
        at = end + between.len();
    }
    let file = file.map(|(name, place)| {
        bytes.truncate(place.end);
        bytes.drain(..place.start);
        Upload { name, bytes }
    });
    Ok((fields, file))
}

/// The place of `wanted`, which begins with a line end, at `from` or after.
fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\r') {
        at += found;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Name of the field, and of the file if it is one.
fn disposition(head: &[u8]) -> Option<(String, Option<String>)> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.trim())
    })?;
    let rest = line.strip_prefix("form-data")?;
    let value = |name: &str| {
        let start = rest.find(&format!("; {name}=\""))? + name.len() + 4;
        let end = rest[start..].find('"')?;
        // Browsers write quotes and line ends in names as %22, %0D, %0A; nobody needs them back.
        Some(rest[start..start + end].to_owned())
    };
    Some((value("name")?, value("filename")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, value) in parts {
            body.extend_from_slice(b"--XyZ\r\nContent-Disposition: form-data; ");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XyZ--\r\n");
        body
    }

    fn header(kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header value"));
        headers
    }

    #[test]
    fn fields_and_a_file_come_apart() {
        let parts = body(&[
            ("name=\"csrf\"", b"token"),
            ("name=\"file\"; filename=\"a.json\"\r\nContent-Type: application/json", b"{\"a\":\r\n1}"),
            ("name=\"after\"", "\u{17c}\u{f3}".as_bytes()),
        ]);
        let (fields, file) = parse(parts, "XyZ").expect("a form");
        assert_eq!(
            fields,
            [("csrf".to_owned(), "token".to_owned()), ("after".to_owned(), "\u{17c}\u{f3}".to_owned())]
        );
        let file = file.expect("a file");
        assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("a.json", &b"{\"a\":\r\n1}"[..]));
    }

    #[test]
    fn no_file_and_an_empty_one_are_told_apart() {
        let none = body(&[("name=\"file\"; filename=\"\"\r\nContent-Type: application/octet-stream", b"")]);
        assert!(parse(none, "XyZ").expect("a form").1.is_none());
        let empty = body(&[("name=\"file\"; filename=\"x.json\"", b"")]);
        assert!(parse(empty, "XyZ").expect("a form").1.expect("a file").bytes.is_empty());
    }

    #[test]
    fn what_is_cut_or_doubled_is_refused() {
        let whole = body(&[("name=\"csrf\"", b"token"), ("name=\"file\"; filename=\"a\"", b"bytes")]);
        for end in 0..whole.len() - 4 {
            assert!(parse(whole[..end].to_vec(), "XyZ").is_err(), "{end}");
        }
        let file = ("name=\"file\"; filename=\"a\"", &b"x"[..]);
        assert!(parse(body(&[file, file]), "XyZ").is_err());
        assert!(parse(body(&[("name=\"a\"", b"\xff")]), "XyZ").is_err());
        assert!(parse(body(&[("nothing", b"x")]), "XyZ").is_err());
    }

    #[test]
    fn the_boundary_is_read_from_the_type() {
        assert_eq!(boundary(&header("multipart/form-data; boundary=abc")), Some("abc".to_owned()));
        assert_eq!(
            boundary(&header("Multipart/Form-Data; charset=x; Boundary=\"a b\"")),
            Some("a b".to_owned())
        );
        for kind in [
            "multipart/form-data",
            "multipart/mixed; boundary=a",
            "text/plain; boundary=a",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(boundary(&header(kind)), None, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"-XyZ\r\n:;=\"acdefilmnoprst ".to_vec()), 0..200)) {
            let _ = parse(bytes.clone(), "XyZ");
            let _ = parse([b"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec(), bytes].concat(), "XyZ");
        }

        #[test]
        fn any_file_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assume!(find(&bytes, b"\r\n--XyZ", 0).is_none());
            let parts = body(&[("name=\"file\"; filename=\"a\"", &bytes), ("name=\"csrf\"", b"t")]);
            let (fields, file) = parse(parts, "XyZ").expect("a form");
            prop_assert_eq!(file.expect("a file").bytes, bytes);
            prop_assert_eq!(fields.len(), 1);
        }
    }
}
