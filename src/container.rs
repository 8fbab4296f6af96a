//! Models appended to the executable, read in place.
//!
//! [`bundle`] writes a copy of a program with files behind it, each on its own page, an index with their SHA-256, and
//! a trailer. [`read_index`] finds them again. Nothing is ever unpacked: [`map`] maps a part into memory, and
//! llama.cpp reads its model at the part's offset. The bytes are described in [`layout`].

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Deref,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub mod layout;
pub mod source;
#[cfg(test)]
mod tests;

use crate::container::layout::{TRAILER_LEN, page_up};

/// Parts start on multiples of this, so that they can be mapped and tensors in them stay aligned.
pub const PAGE: u64 = 4096;

/// One file inside a bundled executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Relative path it had, as in `embedder/tokenizer.json`.
    pub name: String,
    /// What it is for: `model`, `embedder`, `tokenizer`, `config`.
    pub kind: String,
    /// First byte in the executable, a multiple of [`PAGE`].
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
    /// Digest of its bytes when it was bundled; see [`sha256_of`].
    pub sha256: [u8; 32],
    /// Free text for people and later versions.
    pub meta: String,
}

/// A file that is to become a [`Part`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPart {
    /// Name inside the bundle.
    pub name: String,
    /// What it is for.
    pub kind: String,
    /// Where its bytes are now.
    pub path: PathBuf,
    /// Free text.
    pub meta: String,
}

/// Why a bundle cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// A file could not be read or written.
    #[error("cannot {0}")]
    Io(&'static str, #[source] io::Error),
    /// The program once had parts, and the end of the file is missing or followed by something else.
    #[error("the models at the end of the program are cut off; copy the program again")]
    CutOff,
    /// Index or trailer differ from what was written.
    #[error("the list of models at the end of the program is damaged; copy the program again")]
    Altered,
    /// Written by a later version.
    #[error("the models at the end of the program have layout version {0}, which this version cannot read")]
    Version(u32),
    /// The parts cannot be bundled as given.
    #[error("{0}")]
    Layout(&'static str),
    /// A part or file is not as long as it should be.
    #[error("the file is shorter than it should be")]
    Short,
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> ContainerError {
    move |error| ContainerError::Io(what, error)
}

/// Lists what is appended to a program; empty when nothing is.
///
/// Reads the trailer and the index only; the parts are not hashed.
///
/// # Errors
/// When the file cannot be read, when parts were there and their end is missing, or when the list is damaged.
pub fn read_index(program: &Path) -> Result<Vec<Part>, ContainerError> {
    let mut file = File::open(program).map_err(failed("open the program"))?;
    Ok(read_bundle(&mut file)?.map_or_else(Vec::new, |(_, parts)| parts))
}

/// Program length and parts, or `None` for a plain program.
fn read_bundle(file: &mut File) -> Result<Option<(u64, Vec<Part>)>, ContainerError> {
    let reading = "read the program";
    let file_len = file.seek(SeekFrom::End(0)).map_err(failed(reading))?;
    if let Some(start) = file_len.checked_sub(TRAILER_LEN as u64) {
        let mut bytes = [0; TRAILER_LEN];
        file.seek(SeekFrom::Start(start)).map_err(failed(reading))?;
        file.read_exact(&mut bytes).map_err(failed(reading))?;
        if let Some(trailer) = layout::decode_trailer(&bytes, file_len)? {
            let mut index = vec![0; usize::try_from(trailer.index_len).map_err(|_| ContainerError::Altered)?];
            file.seek(SeekFrom::Start(trailer.index_offset)).map_err(failed(reading))?;
            file.read_exact(&mut index).map_err(failed(reading))?;
            return Ok(Some((trailer.program_len, layout::decode_index(&trailer, &index)?)));
        }
    }
    if has_marker(file, file_len).map_err(failed(reading))? {
        return Err(ContainerError::CutOff);
    }
    Ok(None)
}

/// Whether the page after the program says that parts follow.
fn has_marker(file: &mut File, file_len: u64) -> io::Result<bool> {
    let mut head = [0; 64];
    if file_len < 64 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut head)?;
    let Some(marker_at) = layout::elf_end(&head).and_then(page_up) else { return Ok(false) };
    if marker_at.checked_add(16).is_none_or(|end| end > file_len) {
        return Ok(false);
    }
    let mut marker = [0; 16];
    file.seek(SeekFrom::Start(marker_at))?;
    file.read_exact(&mut marker)?;
    Ok(marker == layout::MARKER)
}

/// Writes a copy of `program` with `parts` behind it to `out`, which may be `program` itself.
///
/// Parts that `program` already carries are left out, so bundling twice gives the same file as bundling once. The copy
/// is written beside `out`, synced, given the program's permissions, and renamed over `out`: there is never half a
/// program. `progress` is told bytes done and bytes in all, at least once per MiB.
///
/// # Errors
/// When a file cannot be read or written, when a name cannot be used, or when the program's own bundle is damaged.
/// Nothing is left behind then.
pub fn bundle(
    program: &Path,
    parts: &[NewPart],
    out: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), ContainerError> {
    layout::check_names(
        parts.iter().map(|part| (part.name.as_str(), part.kind.as_str(), part.meta.as_str())),
    )?;
    let mut source = File::open(program).map_err(failed("open the program"))?;
    let facts = source.metadata().map_err(failed("read the program"))?;
    let program_len = read_bundle(&mut source)?.map_or(facts.len(), |(len, _)| len);
    source.seek(SeekFrom::Start(0)).map_err(failed("read the program"))?;

    let out_name = out.file_name().ok_or(ContainerError::Layout("the output is not a file name"))?;
    let mut temp_name = std::ffi::OsString::from(".");
    temp_name.push(out_name);
    temp_name.push(format!(".{}.part", std::process::id()));
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temp = folder.join(temp_name);

    let written = write_bundle(&mut source, program_len, parts, &temp, progress).and_then(|()| {
        fs::set_permissions(&temp, facts.permissions())
            .map_err(failed("set the permissions of the new program"))?;
        fs::rename(&temp, out).map_err(failed("put the new program in its place"))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temp);
    } else if let Ok(folder) = File::open(folder) {
        // Makes the rename last; some systems cannot sync a folder, and then there is nothing more to do.
        let _ = folder.sync_all();
    }
    written
}

fn write_bundle(
    source: &mut File,
    program_len: u64,
    parts: &[NewPart],
    temp: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), ContainerError> {
    let mut files = Vec::new();
    let mut total = program_len;
    for part in parts {
        let file = File::open(&part.path).map_err(failed("open a model file"))?;
        let len = file.metadata().map_err(failed("read a model file"))?.len();
        total += len;
        files.push((part, file, len));
    }
    let sink = File::create(temp).map_err(failed("write the new program"))?;
    let mut writer = Writer { sink, written: 0, done: 0, total, progress };

    writer.copy(source, program_len, None)?;
    writer.pad()?;
    writer.put(&layout::marker_page(program_len))?;
    let mut index = Vec::new();
    for (part, mut file, len) in files {
        let offset = writer.written;
        let mut hash = Sha256::new();
        writer.copy(&mut file, len, Some(&mut hash))?;
        writer.pad()?;
        let NewPart { name, kind, meta, .. } = part.clone();
        index.push(Part { name, kind, offset, len, sha256: hash.finalize().into(), meta });
    }
    let end = layout::encode(&index, program_len, writer.written)?;
    writer.put(&end)?;
    writer.sink.sync_all().map_err(failed("write the new program"))
}

struct Writer<'a> {
    sink: File,
    written: u64,
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ContainerError> {
        self.sink.write_all(bytes).map_err(failed("write the new program"))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn pad(&mut self) -> Result<(), ContainerError> {
        let end = page_up(self.written).ok_or(ContainerError::Layout("the file would be too long"))?;
        self.put(&vec![0; (end - self.written) as usize])
    }

    fn copy(
        &mut self,
        from: &mut File,
        len: u64,
        mut hash: Option<&mut Sha256>,
    ) -> Result<(), ContainerError> {
        each_block(from, len, &mut |block| {
            if let Some(hash) = &mut hash {
                hash.update(block);
            }
            self.put(block)?;
            self.done += block.len() as u64;
            (self.progress)(self.done, self.total);
            Ok(())
        })
    }
}

/// Reads exactly `len` bytes in blocks of at most 1 MiB.
fn each_block(
    from: &mut File,
    len: u64,
    take: &mut dyn FnMut(&[u8]) -> Result<(), ContainerError>,
) -> Result<(), ContainerError> {
    let mut block = vec![0; 1 << 20];
    let mut left = len;
    while left > 0 {
        let want = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let got = from.read(&mut block[..want]).map_err(failed("read a file"))?;
        if got == 0 {
            return Err(ContainerError::Short);
        }
        take(&block[..got])?;
        left -= got as u64;
    }
    Ok(())
}

/// Bytes of a file, mapped read-only. Pages come from the system's cache and cost no memory of our own.
pub struct Mapped(memmap2::Mmap);

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Maps `len` bytes of a file from `offset` on.
///
/// # Errors
/// When the file cannot be opened or mapped, or is shorter than that.
///
/// # Security
/// A file that another program shortens while it is mapped ends this process with a bus error. Models are never
/// written by this program while it runs, and `bundle` replaces files by renaming, which leaves maps alone.
pub fn map(path: &Path, offset: u64, len: u64) -> Result<Mapped, ContainerError> {
    let file = File::open(path).map_err(failed("open a model file"))?;
    let file_len = file.metadata().map_err(failed("read a model file"))?.len();
    if offset.checked_add(len).is_none_or(|end| end > file_len) {
        return Err(ContainerError::Short);
    }
    let len = usize::try_from(len).map_err(|_| ContainerError::Short)?;
    #[allow(unsafe_code)]
    // SAFETY: the map is read-only and private to this value; that the file is not changed meanwhile is the operator's
    // promise, see the security note above.
    let map = unsafe { memmap2::MmapOptions::new().offset(offset).len(len).map(&file) };
    map.map(Mapped).map_err(failed("map a model file"))
}

/// SHA-256 of `len` bytes of a file from `offset` on.
///
/// # Errors
/// When the file cannot be read or ends earlier.
pub fn sha256_of(path: &Path, offset: u64, len: u64) -> Result<[u8; 32], ContainerError> {
    let mut file = File::open(path).map_err(failed("open a file"))?;
    file.seek(SeekFrom::Start(offset)).map_err(failed("read a file"))?;
    let mut hash = Sha256::new();
    each_block(&mut file, len, &mut |block| {
        hash.update(block);
        Ok(())
    })?;
    Ok(hash.finalize().into())
}

/// The same, told after every block how many bytes are read; `None` when `progress` answered that it is not wanted any
/// more.
///
/// # Errors
/// When the file cannot be read or ends earlier.
pub fn sha256_watched(
    path: &Path,
    offset: u64,
    len: u64,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Option<[u8; 32]>, ContainerError> {
    let mut file = File::open(path).map_err(failed("open a file"))?;
    file.seek(SeekFrom::Start(offset)).map_err(failed("read a file"))?;
    let (mut hash, mut done) = (Sha256::new(), 0);
    let mut block = vec![0; 1 << 20];
    while done < len {
        let wanted = usize::try_from((len - done).min(1 << 20)).unwrap_or(1 << 20);
        file.read_exact(&mut block[..wanted]).map_err(failed("read a file"))?;
        hash.update(&block[..wanted]);
        done += wanted as u64;
        if !progress(done) {
            return Ok(None);
        }
    }
    Ok(Some(hash.finalize().into()))
}

/// SHA-256 of a whole file.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_of_file(path: &Path) -> Result<[u8; 32], ContainerError> {
    let len = fs::metadata(path).map_err(failed("open a file"))?.len();
    sha256_of(path, 0, len)
}
