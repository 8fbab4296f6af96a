//! Bytes of a bundled executable, version 1. Pure: encoding, decoding and checking, no files.
//!
//! ```text
//! 0                      the program, unchanged, `program_len` bytes
//! ..                     zeros up to a multiple of 4096
//! M                      marker page (4096 bytes): MARKER (16 bytes), program_len (u64), zeros
//! M + 4096               part 0, starting on a multiple of 4096; zeros up to the next multiple; part 1; ...
//! I (multiple of 4096)   index, `index_len` bytes
//! I + index_len          trailer, 88 bytes, the last bytes of the file
//! ```
//!
//! All numbers are little-endian. The index is one record per part, in the order of the parts:
//!
//! | bytes | meaning |
//! |---|---|
//! | 2 | length of the name, 1 to 200 |
//! | n | name: relative path in UTF-8, `/` between its pieces, as in `embedder/tokenizer.json` |
//! | 1 | length of the kind, 1 to 40 |
//! | k | kind: what the part is for, ASCII lower case, as in `model` |
//! | 8 | offset of the first byte in the file, a multiple of 4096 |
//! | 8 | length in bytes |
//! | 32 | SHA-256 of the part |
//! | 2 | length of the meta text, 0 to 4096 |
//! | m | meta: free text in UTF-8, kept for later readers (licence, dimensions) |
//!
//! The trailer:
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 4 | version, 1 |
//! | 4 | 4 | number of parts, 1 to 64 |
//! | 8 | 8 | `program_len` |
//! | 16 | 8 | offset of the index |
//! | 24 | 8 | length of the index, at most 1 MiB |
//! | 32 | 8 | length of the whole file, this trailer included |
//! | 40 | 32 | SHA-256 of trailer bytes 0 to 39 followed by the index |
//! | 72 | 16 | [`TRAILER_MAGIC`] |
//!
//! The digest finds accidents. It is not a signature: whoever can write the file can write a matching digest.
//! Part digests are checked when a part is used, not here.

use sha2::{Digest, Sha256};

use crate::container::{ContainerError, PAGE, Part};

/// First bytes of the page after the program; lets a reader tell "cut off" from "never bundled".
pub const MARKER: [u8; 16] = *b"LLAMORA-PARTS-1\n";
/// Last bytes of a bundled file.
pub const TRAILER_MAGIC: [u8; 16] = *b"LLAMORA-PARTS-E\n";
/// Length of the trailer.
pub const TRAILER_LEN: usize = 88;
/// Version this module writes, and the only one it reads.
pub const VERSION: u32 = 1;

const MAX_PARTS: usize = 64;
/// Longest index, in bytes.
pub const MAX_INDEX: u64 = 1 << 20;
const MAX_NAME: usize = 200;
const MAX_KIND: usize = 40;
const MAX_META: usize = 4096;

/// Rounds up to the next multiple of a page.
pub fn page_up(offset: u64) -> Option<u64> {
    offset.checked_next_multiple_of(PAGE)
}

/// The fixed fields of a trailer, before the index has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Number of parts.
    pub parts: u32,
    /// Bytes of the program itself.
    pub program_len: u64,
    /// Where the index starts.
    pub index_offset: u64,
    /// Bytes of the index.
    pub index_len: u64,
    /// Bytes of the whole file.
    pub file_len: u64,
    digest: [u8; 32],
}

/// The marker page that follows a program of this length.
pub fn marker_page(program_len: u64) -> Vec<u8> {
    let mut page = vec![0; PAGE as usize];
    page[..16].copy_from_slice(&MARKER);
    page[16..24].copy_from_slice(&program_len.to_le_bytes());
    page
}

/// Checks names and meta texts before anything is written.
///
/// # Errors
/// [`ContainerError::Layout`] when a name, a kind or the number of parts is out of bounds, or a name comes twice.
pub fn check_names<'a>(
    parts: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Result<(), ContainerError> {
    let mut seen = std::collections::BTreeSet::new();
    for (name, kind, meta) in parts {
        let pieces_ok = name.split('/').all(|piece| !piece.is_empty() && piece != "." && piece != "..");
        if name.is_empty()
            || name.len() > MAX_NAME
            || !pieces_ok
            || name.chars().any(|c| c.is_control() || c == '\\')
        {
            return Err(ContainerError::Layout("a part has a name that cannot be used"));
        }
        if kind.is_empty()
            || kind.len() > MAX_KIND
            || !kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        {
            return Err(ContainerError::Layout("a part has a kind that cannot be used"));
        }
        if meta.len() > MAX_META {
            return Err(ContainerError::Layout("a part has too long a description"));
        }
        if !seen.insert(name) {
            return Err(ContainerError::Layout("two parts have the same name"));
        }
    }
    if seen.is_empty() || seen.len() > MAX_PARTS {
        return Err(ContainerError::Layout("a bundle holds 1 to 64 parts"));
    }
    Ok(())
}

/// Writes index and trailer for parts that stand at their final offsets.
///
/// # Errors
/// [`ContainerError::Layout`] when [`check_names`] or the order of the parts objects.
pub fn encode(parts: &[Part], program_len: u64, index_offset: u64) -> Result<Vec<u8>, ContainerError> {
    check_names(parts.iter().map(|part| (part.name.as_str(), part.kind.as_str(), part.meta.as_str())))?;
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.name.len() as u16).to_le_bytes());
        out.extend_from_slice(part.name.as_bytes());
        out.push(part.kind.len() as u8);
        out.extend_from_slice(part.kind.as_bytes());
        out.extend_from_slice(&part.offset.to_le_bytes());
        out.extend_from_slice(&part.len.to_le_bytes());
        out.extend_from_slice(&part.sha256);
        out.extend_from_slice(&(part.meta.len() as u16).to_le_bytes());
        out.extend_from_slice(part.meta.as_bytes());
    }
    let index_len = out.len() as u64;
    let file_len = index_offset
        .checked_add(index_len + TRAILER_LEN as u64)
        .ok_or(ContainerError::Layout("the file would be too long"))?;
    check_places(parts, program_len, index_offset)?;

    let mut head = Vec::with_capacity(40);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&(parts.len() as u32).to_le_bytes());
    for number in [program_len, index_offset, index_len, file_len] {
        head.extend_from_slice(&number.to_le_bytes());
    }
    let digest = Sha256::new().chain_update(&head).chain_update(&out).finalize();
    out.extend_from_slice(&head);
    out.extend_from_slice(&digest);
    out.extend_from_slice(&TRAILER_MAGIC);
    Ok(out)
}

/// Reads a trailer; `None` when these bytes are not one.
///
/// # Errors
/// [`ContainerError::Version`] for a later version, [`ContainerError::Altered`] for impossible numbers.
pub fn decode_trailer(bytes: &[u8; TRAILER_LEN], file_len: u64) -> Result<Option<Trailer>, ContainerError> {
    if bytes[72..] != TRAILER_MAGIC {
        return Ok(None);
    }
    let mut reader = Reader(bytes);
    let version = reader.u32()?;
    if version != VERSION {
        return Err(ContainerError::Version(version));
    }
    let trailer = Trailer {
        parts: reader.u32()?,
        program_len: reader.u64()?,
        index_offset: reader.u64()?,
        index_len: reader.u64()?,
        file_len: reader.u64()?,
        digest: reader.array()?,
    };
    let ends = trailer
        .index_offset
        .checked_add(trailer.index_len)
        .and_then(|end| end.checked_add(TRAILER_LEN as u64));
    if ends != Some(trailer.file_len) || trailer.file_len != file_len {
        return Err(ContainerError::Altered);
    }
    if trailer.index_len > MAX_INDEX || trailer.program_len > trailer.index_offset {
        return Err(ContainerError::Altered);
    }
    Ok(Some(trailer))
}

/// Reads an index against its trailer.
///
/// # Errors
/// [`ContainerError::Altered`] when a byte of index or trailer is not what was written.
pub fn decode_index(trailer: &Trailer, index: &[u8]) -> Result<Vec<Part>, ContainerError> {
    let mut head = Vec::with_capacity(40);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&trailer.parts.to_le_bytes());
    for number in [trailer.program_len, trailer.index_offset, trailer.index_len, trailer.file_len] {
        head.extend_from_slice(&number.to_le_bytes());
    }
    let digest = Sha256::new().chain_update(&head).chain_update(index).finalize();
    if digest[..] != trailer.digest || trailer.parts as usize > MAX_PARTS {
        return Err(ContainerError::Altered);
    }
    let mut reader = Reader(index);
    let mut parts = Vec::new();
    for _ in 0..trailer.parts {
        let name_len = usize::from(reader.u16()?);
        let name = reader.text(name_len)?;
        let kind_len = usize::from(reader.array::<1>()?[0]);
        let kind = reader.text(kind_len)?;
        let (offset, len, sha256) = (reader.u64()?, reader.u64()?, reader.array()?);
        let meta_len = usize::from(reader.u16()?);
        let meta = reader.text(meta_len)?;
        parts.push(Part { name, kind, offset, len, sha256, meta });
    }
    if !reader.0.is_empty() {
        return Err(ContainerError::Altered);
    }
    let names = parts.iter().map(|part| (part.name.as_str(), part.kind.as_str(), part.meta.as_str()));
    check_names(names).map_err(|_| ContainerError::Altered)?;
    check_places(&parts, trailer.program_len, trailer.index_offset).map_err(|_| ContainerError::Altered)?;
    Ok(parts)
}

/// Parts stand on pages, one after the other, between the marker page and the index.
fn check_places(parts: &[Part], program_len: u64, index_offset: u64) -> Result<(), ContainerError> {
    let wrong = ContainerError::Layout("the parts do not stand where they should");
    let mut free = page_up(program_len).and_then(|marker| marker.checked_add(PAGE));
    for part in parts {
        if Some(part.offset) != free {
            return Err(wrong);
        }
        free = part.offset.checked_add(part.len).and_then(page_up);
    }
    if free == Some(index_offset) { Ok(()) } else { Err(wrong) }
}

/// Where an ELF file of 64 bits, little-endian, ends according to its own headers; `None` for anything else.
///
/// Takes the first 64 bytes. Linkers put the section headers last, so their end is the end of the program.
pub fn elf_end(head: &[u8]) -> Option<u64> {
    if head.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let sections = u64::from_le_bytes(head.get(0x28..0x30)?.try_into().ok()?);
    let size = u16::from_le_bytes(head.get(0x3a..0x3c)?.try_into().ok()?);
    let count = u16::from_le_bytes(head.get(0x3c..0x3e)?.try_into().ok()?);
    if sections == 0 || count == 0 {
        return None;
    }
    sections.checked_add(u64::from(size) * u64::from(count))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ContainerError> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(ContainerError::Altered)?;
        self.0 = rest;
        Ok(*first)
    }

    fn u16(&mut self) -> Result<u16, ContainerError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, ContainerError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ContainerError> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self, len: usize) -> Result<String, ContainerError> {
        let (first, rest) = self.0.split_at_checked(len).ok_or(ContainerError::Altered)?;
        self.0 = rest;
        String::from_utf8(first.to_vec()).map_err(|_| ContainerError::Altered)
    }
}
