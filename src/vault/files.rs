//! Sealed files: objects larger than a record, in pages, and the names that point to them (`format-v1.md` section 8).
//!
//! ```text
//! NAMED "search/vectors" --> FILE, FILE, ...            one pointer, several files, switched in one transaction
//!                            FILE id --> PAGE id 0, PAGE id 1, ...
//! ```
//! A file is written once and never changed. What replaces it is another file, and [`point`] switches the pointer to
//! it and removes the old pages in the same transaction: pages of two versions cannot be mixed, and a reader sees the
//! one or the other.
//!
//! Files are begun ([`begin`]) and written page by page in transactions of their own, so that saving an entry need not
//! wait for them; until they are pointed to, the pointer lists them as unfinished, and [`sweep`] removes what a program
//! that was killed left behind.
//! What only a damaged pointer named is found by [`collect::orphans`].
//!
//! Pages have 16,128 bytes, so that they are stored in the class of long entries (`security.md` 2.6).

pub mod collect;

use std::ops::Range;

use zeroize::Zeroizing;

use crate::{
    crypto::{hash::sha256, record::RecordType},
    random,
    vault::{
        error::VaultError,
        payload::file::{EXT_NOTE, EXT_UNFINISHED, FileV1, NamedV1, PAGE_SCHEMA},
        transaction::{Reader, Writer},
        wire::{Ext, WireError},
    },
};

/// Bytes of a page.
pub const PAGE_BYTES: usize = 16_128;

/// Names a file. Drawn at random; a file that replaces another has another id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId([u8; 16]);

impl FileId {
    /// Wraps the bytes of a stored id.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes as stored.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What is in a file. Kinds below 256 can be made anew from the entries; a salvage leaves them out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileKind(pub u16);

impl FileKind {
    /// Entries, places and eight-bit codes of a segment of meanings.
    pub const SEGMENT: Self = Self(1);
    /// Half-precision vectors of a segment.
    pub const EXACT: Self = Self(2);
    /// The neighbour graph of a segment.
    pub const GRAPH: Self = Self(3);
    /// A file of the index of words.
    pub const WORDS: Self = Self(16);

    /// Whether the file can be made anew from the entries.
    pub const fn is_derived(self) -> bool {
        self.0 < 256
    }
}

/// What is known of a file without its pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedFile {
    /// Its id.
    pub id: FileId,
    /// What is in it.
    pub kind: FileKind,
    /// Its name among the files of one pointer; may be empty.
    pub name: String,
    /// Bytes in all.
    pub len: u64,
    /// Number of pages.
    pub pages: u32,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    page_bytes: u32,
}

impl SealedFile {
    /// Bytes of every page but the last.
    pub fn page_bytes(&self) -> usize {
        self.page_bytes as usize
    }

    /// Which bytes of the file stand on a page.
    fn span(&self, page: u32) -> Range<usize> {
        let start = page as usize * self.page_bytes();
        start..(start + self.page_bytes()).min(usize::try_from(self.len).unwrap_or(usize::MAX))
    }

    fn from_stored(stored: FileV1) -> Result<Self, VaultError> {
        let page_bytes = u64::from(stored.page_size);
        let fits = page_bytes > 0 && u64::from(stored.pages) == stored.len.div_ceil(page_bytes);
        if !fits || usize::try_from(stored.len).is_err() {
            return Err(WireError.into());
        }
        Ok(Self {
            id: FileId(stored.id),
            kind: FileKind(stored.kind),
            name: stored.name,
            len: stored.len,
            pages: stored.pages,
            sha256: stored.sha256,
            page_bytes: stored.page_size,
        })
    }
}

/// What a name points to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pointer {
    /// Counts the changes of this pointer, from 1. [`point`] counts; what is handed to it here does not matter.
    pub generation: u64,
    /// The files, in an order that belongs to the name.
    pub files: Vec<FileId>,
    /// Number of the newest transaction whose entries are taken into account.
    pub indexed_seq: u64,
    /// Bytes whose meaning belongs to the name.
    pub note: Vec<u8>,
}

/// Writes a whole file, for tests. Point to it in the same transaction, or it is lost in the file until it is collected.
///
/// # Errors
/// Seal and store errors.
#[cfg(test)]
pub fn put(w: &mut Writer<'_>, kind: FileKind, name: &str, bytes: &[u8]) -> Result<SealedFile, VaultError> {
    let file = describe(w, kind, name, bytes)?;
    write(w, &file, bytes, 0..file.pages)?;
    Ok(file)
}

/// Announces a file that is to be written in several transactions, and lists it as unfinished under a pointer. Then
/// call [`write()`] for all its pages in order, then [`point`].
///
/// # Errors
/// Seal and store errors, and as [`pointer()`].
pub fn begin(
    w: &mut Writer<'_>,
    pointer: &str,
    kind: FileKind,
    name: &str,
    bytes: &[u8],
) -> Result<SealedFile, VaultError> {
    let file = describe(w, kind, name, bytes)?;
    let mut stored = load_or_new(w, pointer)?;
    let mut unfinished = unfinished(&stored);
    unfinished.push(file.id);
    set_unfinished(&mut stored.ext, &unfinished);
    w.put(RecordType::NAMED, name_key(pointer)?, &stored)?;
    Ok(file)
}

/// Writes some pages of a file; `bytes` is the whole content.
///
/// # Errors
/// [`VaultError::Altered`] when these are not the bytes the file was announced with; store errors.
pub fn write(
    w: &mut Writer<'_>,
    file: &SealedFile,
    bytes: &[u8],
    pages: Range<u32>,
) -> Result<(), VaultError> {
    if bytes.len() as u64 != file.len {
        return Err(WireError.into());
    }
    for page in pages {
        let span = bytes.get(file.span(page)).ok_or(WireError)?;
        w.put_body(RecordType::PAGE, PAGE_SCHEMA, &page_key(file.id, page), span)?;
    }
    Ok(())
}

/// What is known of a file, if it is there.
///
/// # Errors
/// Seal and store errors.
pub fn file(r: &Reader<'_>, id: FileId) -> Result<Option<SealedFile>, VaultError> {
    r.load::<FileV1>(RecordType::FILE, &id.0)?.map(SealedFile::from_stored).transpose()
}

/// One page of a file.
///
/// # Errors
/// [`VaultError::Missing`] when it is not there, [`VaultError::Altered`] when it is not as long as it must be; seal and
/// store errors.
pub fn page(r: &Reader<'_>, file: &SealedFile, page: u32) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let opened = r.open(RecordType::PAGE, &page_key(file.id, page))?.ok_or(VaultError::Missing)?;
    if opened.schema != PAGE_SCHEMA {
        return Err(VaultError::NewerRecord);
    }
    if page >= file.pages || opened.body().len() != file.span(page).len() {
        return Err(WireError.into());
    }
    Ok(Zeroizing::new(opened.body().to_vec()))
}

/// A whole file, compared with its checksum. For large ones read page by page.
///
/// # Errors
/// As [`page`], and [`VaultError::Altered`] when it is not what was written.
pub fn read(r: &Reader<'_>, file: &SealedFile) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(file.len).unwrap_or(0)));
    for idx in 0..file.pages {
        bytes.extend_from_slice(&page(r, file, idx)?);
    }
    if sha256(&bytes) == file.sha256 { Ok(bytes) } else { Err(WireError.into()) }
}

/// What a name points to, if it points to anything.
///
/// # Errors
/// [`VaultError::SettingName`] for a name of no or more than 64 bytes; seal and store errors.
pub fn pointer(r: &Reader<'_>, name: &str) -> Result<Option<Pointer>, VaultError> {
    let Some(stored) = r.load::<NamedV1>(RecordType::NAMED, name_key(name)?)? else { return Ok(None) };
    let note = stored.ext.iter().find(|(tag, _)| *tag == EXT_NOTE).map(|(_, note)| note.clone());
    Ok(Some(Pointer {
        generation: stored.generation,
        files: stored.files.into_iter().map(FileId).collect(),
        indexed_seq: stored.indexed_seq,
        note: note.unwrap_or_default(),
    }))
}

/// Lets a name point to these files, and removes those it pointed to and does not any more. Answers the new
/// generation.
///
/// # Errors
/// [`VaultError::Missing`] when a file or its last page is not there: nothing must point to what was not written. Seal
/// and store errors.
pub fn point(w: &mut Writer<'_>, name: &str, to: &Pointer) -> Result<u64, VaultError> {
    let mut stored = load_or_new(w, name)?;
    let old: Vec<FileId> = stored.files.iter().copied().map(FileId).collect();
    for id in to.files.iter().filter(|id| !old.contains(id)) {
        let file = file(w, *id)?.ok_or(VaultError::Missing)?;
        if let Some(last) = file.pages.checked_sub(1) {
            // Pages are written in order: with the last one all are there.
            page(w, &file, last)?;
        }
    }
    for id in old.iter().filter(|id| !to.files.contains(id)) {
        remove(w, *id)?;
    }
    let mut unfinished = unfinished(&stored);
    unfinished.retain(|id| !to.files.contains(id));
    set_unfinished(&mut stored.ext, &unfinished);
    set_ext(&mut stored.ext, EXT_NOTE, to.note.clone());
    stored.generation += 1;
    stored.files = to.files.iter().map(|id| id.0).collect();
    stored.indexed_seq = to.indexed_seq;
    w.put(RecordType::NAMED, name_key(name)?, &stored)?;
    Ok(stored.generation)
}

/// Removes the files that were begun under a name and never pointed to. Call it before the first [`begin`] after
/// signing in. Answers how many there were.
///
/// # Errors
/// Seal and store errors.
pub fn sweep(w: &mut Writer<'_>, name: &str) -> Result<usize, VaultError> {
    let mut stored = load_or_new(w, name)?;
    let left = unfinished(&stored);
    if left.is_empty() {
        return Ok(0);
    }
    for id in &left {
        remove(w, *id)?;
    }
    set_unfinished(&mut stored.ext, &[]);
    w.put(RecordType::NAMED, name_key(name)?, &stored)?;
    Ok(left.len())
}

/// Removes a name, the files it points to and those begun under it.
///
/// # Errors
/// Seal and store errors.
pub fn forget(w: &mut Writer<'_>, name: &str) -> Result<(), VaultError> {
    let stored = load_or_new(w, name)?;
    for id in stored.files.iter().copied().map(FileId).chain(unfinished(&stored)) {
        remove(w, id)?;
    }
    w.delete(RecordType::NAMED, name_key(name)?)
}

/// Gives what a name points to another name, and removes the files that this one pointed to.
///
/// # Errors
/// Seal and store errors.
pub fn rename(w: &mut Writer<'_>, from: &str, to: &str) -> Result<(), VaultError> {
    let mut stored = load_or_new(w, from)?;
    let replaced = load_or_new(w, to)?;
    let old = replaced.files.iter().copied().map(FileId).chain(unfinished(&replaced));
    for id in old.filter(|id| !stored.files.contains(&id.0)) {
        remove(w, id)?;
    }
    stored.generation = stored.generation.max(replaced.generation) + 1;
    w.put(RecordType::NAMED, name_key(to)?, &stored)?;
    w.delete(RecordType::NAMED, name_key(from)?)
}

/// Removes a file and its pages. Pages of one whose FILE record does not open stay until they are collected.
fn remove(w: &mut Writer<'_>, id: FileId) -> Result<(), VaultError> {
    let found = match file(w, id) {
        Err(error) if error.is_damage() => None,
        found => found?,
    };
    for page in 0..found.map_or(0, |file| file.pages) {
        w.delete(RecordType::PAGE, &page_key(id, page))?;
    }
    w.delete(RecordType::FILE, &id.0)
}

/// Writes the FILE record.
fn describe(w: &mut Writer<'_>, kind: FileKind, name: &str, bytes: &[u8]) -> Result<SealedFile, VaultError> {
    let stored = FileV1 {
        id: random::array(),
        kind: kind.0,
        name: name.to_owned(),
        len: bytes.len() as u64,
        page_size: PAGE_BYTES as u32,
        pages: u32::try_from(bytes.len().div_ceil(PAGE_BYTES)).map_err(|_| WireError)?,
        sha256: sha256(bytes),
        ext: Vec::new(),
    };
    w.put(RecordType::FILE, &stored.id, &stored)?;
    SealedFile::from_stored(stored)
}

/// The stored pointer. A damaged one points to nothing: what it named is collected, and made anew by its owner.
fn load_or_new(r: &Reader<'_>, name: &str) -> Result<NamedV1, VaultError> {
    let stored = match r.load::<NamedV1>(RecordType::NAMED, name_key(name)?) {
        Err(error) if error.is_damage() => None,
        stored => stored?,
    };
    let new = NamedV1 { generation: 0, files: Vec::new(), indexed_seq: 0, ext: Vec::new() };
    Ok(stored.unwrap_or(new))
}

fn unfinished(stored: &NamedV1) -> Vec<FileId> {
    let listed = stored.ext.iter().find(|(tag, _)| *tag == EXT_UNFINISHED);
    let (ids, _) = listed.map_or(&[][..], |(_, bytes)| bytes).as_chunks();
    ids.iter().copied().map(FileId).collect()
}

fn set_unfinished(ext: &mut Ext, ids: &[FileId]) {
    set_ext(ext, EXT_UNFINISHED, ids.iter().flat_map(|id| id.0).collect());
}

/// Sets an addition; an empty one is taken out.
fn set_ext(ext: &mut Ext, tag: u16, bytes: Vec<u8>) {
    ext.retain(|(known, _)| *known != tag);
    if !bytes.is_empty() {
        ext.insert(ext.partition_point(|(known, _)| *known < tag), (tag, bytes));
    }
}

fn page_key(id: FileId, page: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(&id.0);
    key[16..].copy_from_slice(&page.to_le_bytes());
    key
}

/// Names are those of the program, such as `search/vectors`; a record's key has 512 bytes at most.
fn name_key(name: &str) -> Result<&[u8], VaultError> {
    if (1..=64).contains(&name.len()) { Ok(name.as_bytes()) } else { Err(VaultError::SettingName) }
}
