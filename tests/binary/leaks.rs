//! Finds words in files, whatever they were turned into: other encodings, digests, compressed streams.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use sha2::{Digest, Sha256};

/// Where a word was found and in what form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub word: String,
    pub form: String,
    pub place: String,
}

struct Needle {
    bytes: Vec<u8>,
    word: usize,
    form: &'static str,
}

/// Looks for a set of words in every form we can think of.
pub struct Scanner {
    names: Vec<String>,
    needles: Vec<Needle>,
    /// Needles by their first two bytes.
    by_start: HashMap<[u8; 2], Vec<usize>>,
}

/// Streams found inside streams are followed to this depth.
const DEPTH: u32 = 3;
/// A stream is inflated to at most this many bytes.
const INFLATED: u64 = 16 << 20;
/// Every piece of this length counts, so that a word cut in two is found as well.
const PIECE: usize = 12;

impl Scanner {
    /// Words are (name, text) pairs; texts are at least `PIECE` bytes and unlike anything else.
    pub fn new(words: &[(String, String)]) -> Scanner {
        let mut scanner = Scanner { names: Vec::new(), needles: Vec::new(), by_start: HashMap::new() };
        for (name, text) in words {
            assert!(text.len() >= PIECE, "{name} is too short to be looked for");
            let word = scanner.names.len();
            scanner.names.push(name.clone());
            for (form, bytes) in forms(text) {
                scanner.needles.push(Needle { bytes, word, form });
            }
        }
        for (n, needle) in scanner.needles.iter().enumerate() {
            scanner.by_start.entry([needle.bytes[0], needle.bytes[1]]).or_default().push(n);
        }
        scanner
    }

    /// One more form of a word, which is not made from its letters.
    pub fn add(&mut self, name: &str, form: &'static str, bytes: Vec<u8>) {
        let word = self.names.iter().position(|known| known == name).expect("one of the words");
        self.by_start.entry([bytes[0], bytes[1]]).or_default().push(self.needles.len());
        self.needles.push(Needle { bytes, word, form });
    }

    /// Everything found in a folder, contents and names of files alike.
    pub fn folder(&self, folder: &Path) -> Vec<Leak> {
        let mut leaks = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let place = path.display().to_string();
            self.bytes(place.as_bytes(), &format!("the name {place}"), 0, &mut leaks);
            if path.is_dir() {
                leaks.extend(self.folder(&path));
            } else if path.is_file() {
                self.bytes(&std::fs::read(&path).unwrap(), &place, 0, &mut leaks);
            }
        }
        leaks.sort();
        leaks.dedup();
        leaks
    }

    /// Everything found in a piece of text.
    pub fn text(&self, text: &str, place: &str) -> Vec<Leak> {
        let mut leaks = Vec::new();
        self.bytes(text.as_bytes(), place, 0, &mut leaks);
        leaks
    }

    fn bytes(&self, hay: &[u8], place: &str, depth: u32, leaks: &mut Vec<Leak>) {
        for at in 0..hay.len().saturating_sub(1) {
            if let Some(candidates) = self.by_start.get(&[hay[at], hay[at + 1]]) {
                for needle in candidates.iter().map(|&n| &self.needles[n]) {
                    if hay[at..].starts_with(&needle.bytes) {
                        let word = self.names[needle.word].clone();
                        leaks.push(Leak { word, form: needle.form.to_owned(), place: place.to_owned() });
                    }
                }
            }
            if depth < DEPTH
                && let Some((kind, inflated)) = inflate(&hay[at..])
            {
                self.bytes(&inflated, &format!("{place} > {kind} at {at}"), depth + 1, leaks);
            }
        }
    }
}

/// The stream that begins here, inflated as far as it goes.
fn inflate(hay: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let mut out = Vec::new();
    let kind = match hay {
        [0x1f, 0x8b, 8, ..] => {
            let _ = flate2::read::GzDecoder::new(hay).take(INFLATED).read_to_end(&mut out);
            "gzip"
        }
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            let _ = flate2::read::ZlibDecoder::new(hay).take(INFLATED).read_to_end(&mut out);
            "zlib"
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(hay).ok()?;
            let _ = decoder.take(INFLATED).read_to_end(&mut out);
            "zstd"
        }
        _ => return None,
    };
    (out.len() >= PIECE).then_some((kind, out))
}

/// All forms of one word.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = Vec::new();
    // Pieces at the front, in the middle and at the end find most of what was cut.
    let chars: Vec<char> = text.chars().collect();
    let mut pieces = vec![text.to_owned()];
    if chars.len() > PIECE {
        for start in [0, (chars.len() - PIECE) / 2, chars.len() - PIECE] {
            pieces.push(chars[start..start + PIECE].iter().collect());
        }
    }
    for piece in &pieces {
        let bytes = piece.as_bytes();
        forms.push(("plain", bytes.to_vec()));
        forms.push(("upper case", piece.to_uppercase().into_bytes()));
        forms.push(("lower case", piece.to_lowercase().into_bytes()));
        forms.push(("reversed", bytes.iter().rev().copied().collect()));
        forms.push(("UTF-16LE", piece.encode_utf16().flat_map(u16::to_le_bytes).collect()));
        forms.push(("UTF-16BE", piece.encode_utf16().flat_map(u16::to_be_bytes).collect()));
        forms.push(("UTF-32LE", piece.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()));
        forms.push(("hex", HEXLOWER.encode(bytes).into_bytes()));
        forms.push(("hex, upper case", HEXUPPER.encode(bytes).into_bytes()));
        forms.push(("URL-encoded", crate::client::escape(piece).into_bytes()));
        forms.push((
            "URL-encoded throughout",
            bytes.iter().flat_map(|b| format!("%{b:02X}").into_bytes()).collect(),
        ));
        forms.push(("base32", BASE32.encode(&bytes[..bytes.len() / 5 * 5]).into_bytes()));
        for skip in 0..3 {
            // What stands before the word shifts it; only whole groups of three bytes look the same everywhere.
            let aligned = &bytes[skip..];
            let whole = &aligned[..aligned.len() / 3 * 3];
            forms.push(("base64", BASE64.encode(whole).into_bytes()));
            forms.push(("base64url", BASE64URL.encode(whole).into_bytes()));
        }
    }
    for digested in [text.to_owned(), text.to_lowercase()] {
        let digest = Sha256::digest(digested.as_bytes());
        forms.push(("SHA-256", digest[..PIECE].to_vec()));
        forms.push(("SHA-256 in hex", HEXLOWER.encode(&digest)[..2 * PIECE].into()));
        forms.push(("SHA-256 in base64", BASE64.encode(&digest)[..PIECE].into()));
    }
    forms
}

#[cfg(test)]
mod controls {
    use std::io::Write;

    use super::*;

    /// A scanner that finds nothing proves nothing: it must find each of these.
    #[test]
    fn a_planted_leak_is_caught_in_every_form() {
        let word = "CNRYQ7ZK2MWA5RTUX3VB6YHD";
        let scanner = Scanner::new(&[("planted".into(), word.into())]);
        let sentence = format!("before it {word} and after");
        let utf16 = |order: fn(u16) -> [u8; 2]| sentence.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let gzip = |text: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let zlib = |text: &[u8]| {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let zstd = |text: &[u8]| {
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Uncompressed)
        };
        let plants: Vec<(&str, Vec<u8>)> = vec![
            ("plain", sentence.clone().into_bytes()),
            ("cut in two", word.as_bytes()[..14].to_vec()),
            ("lower case", sentence.to_lowercase().into_bytes()),
            ("UTF-16LE", utf16(u16::to_le_bytes)),
            ("UTF-16BE", utf16(u16::to_be_bytes)),
            ("hex", HEXLOWER.encode(sentence.as_bytes()).into_bytes()),
            ("hex, upper case", HEXUPPER.encode(sentence.as_bytes()).into_bytes()),
            ("base64 at 0", BASE64.encode(word.as_bytes()).into_bytes()),
            ("base64 at 1", BASE64.encode(format!("a{word}").as_bytes()).into_bytes()),
            ("base64 at 2", BASE64.encode(format!("ab{word}").as_bytes()).into_bytes()),
            ("reversed", sentence.bytes().rev().collect()),
            ("URL-encoded", word.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()),
            ("SHA-256", Sha256::digest(word.as_bytes()).to_vec()),
            ("SHA-256 in hex", HEXLOWER.encode(&Sha256::digest(word.as_bytes())).into_bytes()),
            ("zlib", zlib(sentence.repeat(5).as_bytes())),
            ("gzip", gzip(sentence.repeat(5).as_bytes())),
            ("zstd", zstd(sentence.as_bytes())),
            ("zlib in gzip", gzip(&zlib(sentence.as_bytes()))),
            ("UTF-16 in zlib", zlib(&utf16(u16::to_le_bytes))),
        ];
        for (form, plant) in plants {
            let folder = tempfile::TempDir::new().unwrap();
            std::fs::create_dir(folder.path().join("below")).unwrap();
            let noise: Vec<u8> =
                (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            let content = [noise.clone(), plant, noise].concat();
            std::fs::write(folder.path().join("below/file"), content).unwrap();
            assert!(!scanner.folder(folder.path()).is_empty(), "the scanner misses a leak planted as {form}");
        }
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join(format!("draft-{word}.txt")), b"").unwrap();
        assert!(!scanner.folder(folder.path()).is_empty(), "the scanner misses a leak in a file's name");
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("clean"), b"nothing to see").unwrap();
        assert!(scanner.folder(folder.path()).is_empty());
    }
}
