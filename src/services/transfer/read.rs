//! Reading what is to be imported. Changes nothing, fails never on single entries: those are told of instead.

use std::collections::{BTreeMap, HashSet};

use crate::{
    clock::Clock,
    journal::{
        day::{self, Day},
        entry::{EntryText, MAX_CHARS, Role, TextError},
        ids::EntryId,
        trace::TraceName,
    },
    services::{
        transfer::{
            Circumstances, Format, folder, json,
            loose::{self, Record},
            markdown, others, parse_moment,
        },
        trash::KEEP_DAYS,
    },
    vault::whole::Item,
};

/// What one import may bring (SR-41).
pub struct Limits;

impl Limits {
    /// Bytes of one file, and of one upload.
    pub const BYTES: usize = 64 * 1024 * 1024;
    /// Bytes of all files of a folder together, unpacked.
    pub const UNPACKED: usize = 256 * 1024 * 1024;
    /// Files of a folder that are looked at.
    pub const FILES: usize = 50_000;
    /// Entries and replies: twenty-seven a day for ten years.
    pub const ITEMS: usize = 100_000;
    /// Entries and replies of one day: as many as a day of the journal has room for.
    pub const PER_DAY: usize = 4_096;
    /// Problems that are told one by one; the rest is counted.
    pub const PROBLEMS: usize = 50;
}

const DAY_MS: i64 = 86_400_000;
/// 1900-01-01, the first day the journal knows.
const FIRST_MOMENT: i64 = -2_208_988_800_000;
/// Longest machine text, in characters.
const MAX_MACHINE_CHARS: usize = 100_000;

/// Something that cannot be read. It may name a file of the writer: show it, never log it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where: a file, and which entry of it.
    pub place: String,
    /// Why, in words that end a sentence.
    pub why: String,
}

/// Why nothing at all can be read. The texts are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Neither JSON nor Markdown nor a zip.
    #[error("the file is neither JSON, nor Markdown, nor a zip of those")]
    NotText,
    /// JSON that breaks off or is malformed.
    #[error("the JSON is malformed or cut short in line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Lists in lists in lists.
    #[error("the JSON is nested more than {} levels deep", loose::MAX_DEPTH)]
    TooDeep,
    /// More than [`Limits::BYTES`] or [`Limits::UNPACKED`].
    #[error("the file is too large: at most {} MB, and {} MB unpacked", Limits::BYTES >> 20, Limits::UNPACKED >> 20)]
    TooLarge,
    /// More than [`Limits::ITEMS`] entries or [`Limits::FILES`] files.
    #[error("there are too many: at most {} entries in {} files at once", Limits::ITEMS, Limits::FILES)]
    TooMany,
    /// Written by a later version of this program.
    #[error("a newer version of this program wrote the file; use that one")]
    Newer,
    /// A zip that cannot be opened.
    #[error("the zip is damaged")]
    Packed,
}

/// What was read, by day.
#[derive(Default)]
pub struct Parsed {
    /// Formats that were met.
    pub formats: Vec<Format>,
    /// Entries and replies by day, in the order of the file.
    pub items: BTreeMap<Day, Vec<Item>>,
    /// How many.
    pub n_items: usize,
    /// Entries that stood in the file twice, under one id.
    pub n_repeated: usize,
    /// The first [`Limits::PROBLEMS`] of what cannot be read.
    pub problems: Vec<Problem>,
    /// All of it.
    pub n_problems: usize,
    /// Pictures and other files that hang on entries, which are not imported.
    pub n_files: usize,
    /// Files of a folder that are neither Markdown nor JSON.
    pub n_left_out: usize,
    /// Long texts that became several entries.
    pub n_divided: usize,
    /// What is odd about the file as a whole, in sentences.
    pub notes: Vec<String>,
}

/// Reads one file: JSON, Markdown, or a zip of those. Of `name` only a date is read.
///
/// # Errors
/// See [`ReadError`].
pub fn file(
    name: &str,
    bytes: Vec<u8>,
    around: &Circumstances,
    clock: &dyn Clock,
) -> Result<Parsed, ReadError> {
    let mut collector = Collector::new(around, clock);
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if bytes.len() > Limits::BYTES {
        return Err(ReadError::TooLarge);
    }
    if folder::is_packed(&bytes) {
        let n_left_out = folder::unpack(bytes, &mut |name, bytes| collector.one_of_many(name, bytes))?;
        collector.parsed.n_left_out += n_left_out;
    } else {
        collector.file(name, &bytes)?;
    }
    Ok(collector.end())
}

/// Takes in one file after another.
pub struct Collector<'a> {
    parsed: Parsed,
    seen: HashSet<EntryId>,
    around: &'a Circumstances,
    clock: &'a dyn Clock,
    n_files: usize,
    n_bytes: usize,
}

impl<'a> Collector<'a> {
    /// Nothing yet. Identifiers that the files lack are drawn from `clock`.
    pub fn new(around: &'a Circumstances, clock: &'a dyn Clock) -> Self {
        Self { parsed: Parsed::default(), seen: HashSet::new(), around, clock, n_files: 0, n_bytes: 0 }
    }

    /// Takes in a file of a folder. What is wrong with it alone becomes a problem.
    ///
    /// # Errors
    /// When there are too many files or entries, or too many bytes.
    pub fn one_of_many(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReadError> {
        self.n_files += 1;
        self.n_bytes += bytes.len();
        if self.n_files > Limits::FILES {
            return Err(ReadError::TooMany);
        }
        if self.n_bytes > Limits::UNPACKED {
            return Err(ReadError::TooLarge);
        }
        match self.file(name, bytes) {
            Err(error @ (ReadError::TooMany | ReadError::TooLarge)) => Err(error),
            Err(error) => {
                self.problem(name.to_owned(), error.to_string());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Takes in a file that is not a zip.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReadError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| ReadError::NotText)?;
        let first = text.trim_start().chars().next();
        if matches!(first, Some('{' | '[')) && !markdown::is_named(name) {
            return self.json(name, bytes);
        }
        if text.contains('\0') {
            return Err(ReadError::NotText);
        }
        let found = markdown::read(name, text, self.around, self.clock);
        for (place, result) in found.items {
            self.add(Format::Markdown, place, result)?;
        }
        self.parsed.n_divided += found.n_divided;
        Ok(())
    }

    /// What was read.
    pub fn end(self) -> Parsed {
        self.parsed
    }

    fn json(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReadError> {
        if !loose::is_shallow(bytes) {
            return Err(ReadError::TooDeep);
        }
        let mut document =
            Document { collector: self, name, n: 0, failed: None, is_newer: false, promised: None };
        let read = loose::read(bytes, &mut document);
        let Document { n, failed, is_newer, promised, .. } = document;
        if let Some(error) = failed {
            return Err(error);
        }
        read.map_err(|error| ReadError::Syntax { line: error.line(), column: error.column() })?;
        if is_newer {
            return Err(ReadError::Newer);
        }
        if promised.is_some_and(|promised| promised != n) {
            let note =
                "The file says that it holds another number of entries than it does: some may be missing.";
            self.parsed.notes.push(note.to_owned());
        }
        Ok(())
    }

    fn add(&mut self, format: Format, place: String, item: Result<Item, String>) -> Result<(), ReadError> {
        if self.parsed.n_items + self.parsed.n_problems + self.parsed.n_repeated >= Limits::ITEMS {
            return Err(ReadError::TooMany);
        }
        if !self.parsed.formats.contains(&format) {
            self.parsed.formats.push(format);
        }
        match item {
            Err(why) => self.problem(place, why),
            Ok(item) if !self.seen.insert(item.entry.id) => self.parsed.n_repeated += 1,
            Ok(item) => {
                let of_day = self.parsed.items.entry(item.entry.day).or_default();
                if of_day.len() >= Limits::PER_DAY {
                    let why = format!("its day holds more than {} entries", Limits::PER_DAY);
                    self.problem(place, why);
                } else {
                    of_day.push(item);
                    self.parsed.n_items += 1;
                }
            }
        }
        Ok(())
    }

    fn problem(&mut self, place: String, why: String) {
        self.parsed.n_problems += 1;
        if self.parsed.problems.len() < Limits::PROBLEMS {
            let place = place.chars().take(120).collect();
            self.parsed.problems.push(Problem { place, why });
        }
    }
}

struct Document<'c, 'a> {
    collector: &'c mut Collector<'a>,
    name: &'c str,
    n: usize,
    failed: Option<ReadError>,
    is_newer: bool,
    promised: Option<usize>,
}

impl loose::Reader for Document<'_, '_> {
    fn fact(&mut self, key: &str, value: &str) {
        match key {
            "version" => self.is_newer |= value.parse::<u64>().is_ok_and(|version| version > json::VERSION),
            "count" => self.promised = value.parse().ok(),
            _ => {}
        }
    }

    fn record(&mut self, record: Record) -> Result<(), &'static str> {
        self.n += 1;
        let (around, clock) = (self.collector.around, self.collector.clock);
        let (format, items) = items(&record, around, clock);
        self.collector.parsed.n_files += record.n_files;
        self.collector.parsed.n_divided += usize::from(items.len() > 1);
        for item in items {
            let place = format!("{}, entry {}", self.name, self.n);
            if let Err(error) = self.collector.add(format, place, item) {
                self.failed = Some(error);
                return Err("too many");
            }
        }
        Ok(())
    }
}

/// An entry of any JSON: each format has a field that no other has. A long text makes several entries.
fn items(record: &Record, around: &Circumstances, clock: &dyn Clock) -> (Format, Vec<Result<Item, String>>) {
    let has = |key| record.fields.get(key).is_some();
    let one = |format, result: Result<Vec<Item>, String>| {
        (format, result.map_or_else(|why| vec![Err(why)], |items| items.into_iter().map(Ok).collect()))
    };
    if has("creationDate") {
        return one(Format::DayOne, others::day_one(record, around, clock));
    }
    if has("date") {
        return one(Format::Jrnl, others::jrnl(record, around, clock));
    }
    if !record.is_object || !has("day") {
        return (Format::Json, vec![Err("it is no entry of a journal, or does not say its day".to_owned())]);
    }
    let text = record.fields.get("text").unwrap_or_default();
    (Format::Json, vec![json::item(record, text, around, clock)])
}

/// A day that may be written on.
pub(super) fn day(text: &str, around: &Circumstances) -> Result<Day, String> {
    let day: Day = text.trim().parse().map_err(|_| "its day is no date from 1900 on".to_owned())?;
    not_in_the_future(day, around)
}

pub(super) fn not_in_the_future(day: Day, around: &Circumstances) -> Result<Day, String> {
    if day > around.today() { Err("its day has not come yet".to_owned()) } else { Ok(day) }
}

/// A moment, if it is one that an entry can have.
pub(super) fn moment(text: Option<&str>, around: &Circumstances) -> Option<i64> {
    let latest = around.now.saturating_add(366 * DAY_MS);
    text.and_then(parse_moment).filter(|moment| (FIRST_MOMENT..=latest).contains(moment))
}

/// A zone by its name, or the writer's.
pub(super) fn zone(name: Option<&str>, around: &Circumstances) -> (String, jiff::tz::TimeZone) {
    let found =
        name.filter(|name| name.len() <= 64).and_then(|name| Some((name.to_owned(), day::zone(name)?)));
    found.unwrap_or_else(|| (around.zone_name.clone(), around.zone.clone()))
}

/// When an entry went to the trash. What would be removed at the next sign-in gets its thirty days anew.
pub(super) fn trashed(text: &str, around: &Circumstances) -> i64 {
    let oldest = around.now - (KEEP_DAYS - 1) * DAY_MS;
    parse_moment(text).filter(|moment| (oldest..=around.now).contains(moment)).unwrap_or(around.now)
}

/// The text of an entry as the journal keeps it.
pub(super) fn text(role: Role, raw: &str) -> Result<String, String> {
    if role == Role::Writer {
        return EntryText::parse(raw).map(EntryText::into_string).map_err(|error| match error {
            TextError::Empty => "it holds no text".to_owned(),
            other => other.to_string(),
        });
    }
    if raw.chars().count() > MAX_MACHINE_CHARS {
        return Err("it is too long".to_owned());
    }
    Ok(raw.replace('\0', ""))
}

/// The names that can be traces, each once. Of those that cannot nothing is told: the entry is what matters.
pub(super) fn traces(names: &[String]) -> Vec<TraceName> {
    let mut traces: Vec<TraceName> = Vec::new();
    for name in names {
        let Ok(name) = TraceName::parse(name.trim_start_matches('@')) else { continue };
        if traces.iter().all(|known| known.key() != name.key()) {
            traces.push(name);
        }
    }
    traces
}

/// A text of any length in entries of at most [`MAX_CHARS`], cut between paragraphs, else lines, else words.
pub(super) fn divided(raw: &str) -> Vec<String> {
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "");
    let mut parts = Vec::new();
    let mut rest = unified.as_str();
    while !rest.trim().is_empty() {
        let end = rest.char_indices().nth(MAX_CHARS).map_or(rest.len(), |(at, _)| at);
        let end = if end == rest.len() { end } else { cut(rest, end) };
        parts.extend(EntryText::parse(&rest[..end]).map(EntryText::into_string));
        rest = &rest[end..];
    }
    parts
}

/// Where to cut before `end`, at least halfway.
fn cut(text: &str, end: usize) -> usize {
    let window = &text[..end];
    ["\n\n", "\n", " "]
        .iter()
        .filter_map(|mark| window.rfind(mark).map(|at| at + mark.len()))
        .find(|at| *at > end / 2)
        .unwrap_or(end)
}
