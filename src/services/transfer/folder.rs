//! Many files in one: a zip. Written stored, as a stream and without dates; read stored or deflated.
//!
//! Names are given to whoever reads, and lead nowhere: nothing here opens or makes a file.

use std::io::{self, Cursor, Read, Write};

use zip::{
    CompressionMethod, ZipArchive, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::services::transfer::read::{Limits, ReadError};

/// Number of the method "deflate" in a zip; the crate names only the methods it was built with.
const DEFLATE: u16 = 8;

/// Takes in one file of a folder: its name there, and what is in it.
pub type Each<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Result<(), ReadError>;

/// Packs files one after another.
pub struct Packer<W: Write>(ZipWriter<StreamWriter<W>>);

impl<W: Write> Packer<W> {
    /// Packs into `out`.
    pub fn new(out: W) -> Self {
        Self(ZipWriter::new_stream(out))
    }

    /// Adds a file.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.0.start_file(path, options).map_err(io::Error::other)?;
        self.0.write_all(bytes)
    }

    /// Writes the list of files; without it the zip cannot be opened.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish().map(|_| ()).map_err(io::Error::other)
    }
}

/// Whether this looks like a zip.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Gives each Markdown, text and JSON file to `each`; answers how many others there are.
///
/// # Errors
/// [`ReadError::Packed`], [`ReadError::TooMany`], [`ReadError::TooLarge`], and those of `each`.
pub fn unpack(bytes: Vec<u8>, each: Each<'_>) -> Result<usize, ReadError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ReadError::Packed)?;
    if archive.len() > Limits::FILES {
        return Err(ReadError::TooMany);
    }
    let (mut n_left_out, mut n_bytes) = (0, 0);
    for idx in 0..archive.len() {
        let file = archive.by_index_raw(idx).map_err(|_| ReadError::Packed)?;
        let name = file.name().map_err(|_| ReadError::Packed)?.into_owned();
        if file.is_dir() {
            continue;
        }
        if !is_wanted(&name) {
            n_left_out += 1;
            continue;
        }
        if file.encrypted() {
            return Err(ReadError::Packed);
        }
        let method = file.compression();
        let room = u64::try_from(Limits::UNPACKED - n_bytes).unwrap_or(0) + 1;
        let mut unpacked = Vec::new();
        #[allow(deprecated, reason = "the only name that a method the crate was built without has")]
        let read = match method {
            CompressionMethod::Stored => file.take(room).read_to_end(&mut unpacked),
            CompressionMethod::Unsupported(DEFLATE) => {
                flate2::read::DeflateDecoder::new(file).take(room).read_to_end(&mut unpacked)
            }
            _ => return Err(ReadError::Packed),
        };
        read.map_err(|_| ReadError::Packed)?;
        n_bytes += unpacked.len();
        if n_bytes > Limits::UNPACKED || unpacked.len() > Limits::BYTES {
            return Err(ReadError::TooLarge);
        }
        each(&name, &unpacked)?;
    }
    Ok(n_left_out)
}

/// Markdown, text and JSON that a person put there, not what an operating system leaves beside it.
pub fn is_wanted(name: &str) -> bool {
    let base_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let extension = base_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let is_text = matches!(extension.as_deref(), Some("md" | "markdown" | "txt" | "json"));
    is_text && !base_name.starts_with('.') && !name.starts_with("__MACOSX/") && base_name != UNREADABLE
}

/// Name of the file in an export of Markdown that names what could not be opened.
pub const UNREADABLE: &str = "UNREADABLE.txt";
