//! Writing the whole journal down, a day at a time.
//!
//! Each day is read in a snapshot of its own, so that a slow reader of the export holds nothing off: what is written
//! meanwhile may or may not be in it. At most one day is in memory.

use std::io::{self, Write};

use crate::{
    journal::{day::Day, entry::Role},
    services::{
        preferences::{PREFERENCES, Preferences},
        transfer::{
            Circumstances, Format,
            folder::{Packer, UNREADABLE},
            json::{EntryOut, Head, Unreadable},
            markdown,
            others::JrnlOut,
        },
    },
    vault::{
        entries::Flaw,
        error::VaultError,
        settings,
        unlocked::Unlocked,
        whole::{self, Item},
    },
};

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// The writer's entries.
    pub n_entries: usize,
    /// Replies and openings.
    pub n_replies: usize,
    /// Days.
    pub n_days: usize,
    /// What the journal lists and cannot open. The export names it.
    pub n_unreadable: usize,
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The journal cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Whoever takes the export does not take more.
    #[error(transparent)]
    Out(#[from] io::Error),
}

/// Where the files of a folder go.
pub trait Folder {
    /// Adds a file. `path` is relative, made of digits, letters, `-`, `.` and `/`.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()>;
}

impl<W: Write> Folder for Packer<W> {
    fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.file(path, bytes)
    }
}

/// Writes the journal as one file: JSON, or a zip of Markdown.
///
/// # Errors
/// See [`ExportError`]. What was written until then is no whole file and shows it.
pub fn to_file(
    vault: &Unlocked,
    format: Format,
    around: &Circumstances,
    out: &mut dyn Write,
) -> Result<Summary, ExportError> {
    match format {
        Format::Json | Format::DayOne => json(vault, around, out),
        Format::Jrnl => jrnl(vault, out),
        Format::Markdown => {
            let mut packer = Packer::new(out);
            let summary = to_folder(vault, &mut packer)?;
            packer.finish()?;
            Ok(summary)
        }
    }
}

/// Writes the journal as a folder of Markdown.
///
/// # Errors
/// See [`ExportError`].
pub fn to_folder(vault: &Unlocked, folder: &mut dyn Folder) -> Result<Summary, ExportError> {
    let mut summary = Summary::default();
    // Preferences that cannot be read keep nobody from an export.
    let preferences = vault.read(|r| settings::get(r, PREFERENCES)).ok().flatten().unwrap_or_default();
    let dates = Preferences::parse(&String::from_utf8_lossy(&preferences)).dates;
    let unreadable =
        each_day(vault, &mut summary, &mut |day, items| match markdown::day_file(day, items, dates) {
            Some(file) => folder.add(&markdown::path(day), file.as_bytes()),
            None => Ok(()),
        })?;
    if !unreadable.is_empty() {
        let lines = unreadable.iter().map(|one| format!("{} {} {}\n", one.day, one.id, one.why));
        let list: String =
            std::iter::once("These entries could not be opened:\n".to_owned()).chain(lines).collect();
        folder.add(UNREADABLE, list.as_bytes())?;
    }
    Ok(summary)
}

fn json(vault: &Unlocked, around: &Circumstances, out: &mut dyn Write) -> Result<Summary, ExportError> {
    let mut summary = Summary::default();
    let head = serde_json::to_string(&Head::new(around.now, &around.zone_name)).map_err(io::Error::other)?;
    out.write_all(head.trim_end_matches('}').as_bytes())?;
    out.write_all(b",\"entries\":[")?;
    let mut n_written = 0usize;
    let unreadable = each_day(vault, &mut summary, &mut |_, items| {
        for item in items {
            out.write_all(if n_written == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, &EntryOut::from(item))?;
            n_written += 1;
        }
        Ok(())
    })?;
    out.write_all(b"\n],\"unreadable\":")?;
    serde_json::to_writer(&mut *out, &unreadable).map_err(io::Error::other)?;
    writeln!(out, ",\"count\":{n_written}}}")?;
    Ok(summary)
}

fn jrnl(vault: &Unlocked, out: &mut dyn Write) -> Result<Summary, ExportError> {
    let mut summary = Summary::default();
    out.write_all(b"{\"tags\":{},\"entries\":[")?;
    let mut is_first = true;
    each_day(vault, &mut summary, &mut |_, items| {
        for entry in items.iter().filter_map(JrnlOut::of) {
            out.write_all(if is_first { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, &entry)?;
            is_first = false;
        }
        Ok(())
    })?;
    out.write_all(b"\n]}\n")?;
    Ok(summary)
}

/// Gives each day to `write`, counts, and answers what could not be opened.
fn each_day(
    vault: &Unlocked,
    summary: &mut Summary,
    write: &mut dyn FnMut(Day, &[Item]) -> io::Result<()>,
) -> Result<Vec<Unreadable>, ExportError> {
    let mut unreadable = Vec::new();
    for day in vault.read(whole::days)? {
        let found = vault.read(|r| whole::day(r, day))?;
        summary.n_days += 1;
        summary.n_entries += found.items.iter().filter(|item| item.entry.role == Role::Writer).count();
        summary.n_replies += found.items.iter().filter(|item| item.entry.role != Role::Writer).count();
        summary.n_unreadable += found.flaws.len();
        unreadable.extend(found.flaws.iter().map(|(id, flaw)| Unreadable {
            id: id.to_string(),
            day: day.to_string(),
            why: if *flaw == Flaw::Missing { "missing" } else { "unreadable" },
        }));
        write(day, &found.items)?;
    }
    Ok(unreadable)
}
