//! A folder of Markdown, one file for each day, for people and for every other program; and what others wrote so.
//!
//! ```text
//! ---
//! llamora: 1
//! day: 2026-11-22
//! ---
//!
//! # 22 November 2026
//!
//! <!-- llamora {"id":"...","role":"writer","created":"2026-11-22T13:03:00Z",...,"title":"14:03"} -->
//! ## 14:03
//!
//! The text, as it was written.
//! ```
//! The mark above each entry holds the fields of our JSON without text and versions; the heading beneath it is its
//! `title` and no part of the text. `>` in a mark is written `\u003e`, so that nothing in it ends the comment. A line
//! of text that reads like a mark, with or without backslashes before it, gets one more backslash.
//!
//! A file without marks is one entry. Its day comes from `date`, `day` or `created` in its front matter, else from a
//! `YYYY-MM-DD` in its name; of the name nothing else is used. `tags` of its front matter become traces.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    clock::Clock,
    journal::{
        dates::Language,
        day::{self, Day},
        entry::Role,
    },
    services::transfer::{
        Circumstances,
        json::{self, EntryOut},
        loose,
        others::{self, Place},
        parse_clock, parse_moment, read,
    },
    vault::whole::Item,
};

const MARK: &str = "<!-- llamora ";
const MARK_END: &str = " -->";
/// Lines of front matter that are read.
const MAX_FRONT: usize = 200;

/// Where the file of a day lies in the folder.
pub fn path(day: Day) -> String {
    format!("{:04}/{day}.md", day.year())
}

/// The file of a day, under its date in a language; `None` when all of it is in the trash.
pub fn day_file(day: Day, items: &[Item], dates: Language) -> Option<String> {
    let mut file = format!("---\nllamora: 1\nday: {day}\n---\n\n# {}\n", dates.date(day));
    let live = items.iter().filter(|item| item.entry.deleted.is_none());
    let mut n_live = 0;
    for item in live {
        let entry = &item.entry;
        n_live += 1;
        let zone = day::zone(&entry.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let clock = day::wall_clock(entry.created, &zone).1;
        let title = match (entry.role, &entry.made_by) {
            (Role::Writer, _) => clock,
            (Role::Reply, Some(made_by)) => format!("{clock}, reply of {}", one_line(&made_by.model)),
            (Role::Reply, None) => format!("{clock}, reply"),
            (Role::Opening, _) => format!("{clock}, opening"),
        };
        let title = title.trim_end().to_owned();
        let mark = Mark { entry: EntryOut::bare(item, ""), title: &title };
        // Serialising to memory cannot fail; an empty mark would be read as a problem, not as text.
        let mark = serde_json::to_string(&mark).unwrap_or_default().replace('>', "\\u003e");
        let depth = if entry.role == Role::Reply { "###" } else { "##" };
        let _ = write!(file, "\n{MARK}{mark}{MARK_END}\n{depth} {title}\n\n");
        for line in entry.text.split('\n') {
            if is_like_a_mark(line) {
                file.push('\\');
            }
            file.push_str(line);
            file.push('\n');
        }
    }
    (n_live > 0).then_some(file)
}

#[derive(Serialize)]
struct Mark<'a> {
    #[serde(flatten)]
    entry: EntryOut<'a>,
    title: &'a str,
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_like_a_mark(line: &str) -> bool {
    line.trim_start_matches('\\').starts_with(MARK)
}

/// Whether a name says that the file is text and not JSON.
pub fn is_named(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("md" | "markdown" | "txt"))
}

/// What a file holds.
pub struct Found {
    /// Entries and problems, each with its place.
    pub items: Vec<(String, Result<Item, String>)>,
    /// Long texts that became several entries.
    pub n_divided: usize,
}

/// Reads a file of ours, or of anybody.
pub fn read(name: &str, text: &str, around: &Circumstances, clock: &dyn Clock) -> Found {
    let mut found = Found { items: Vec::new(), n_divided: 0 };
    let unified = text.replace("\r\n", "\n");
    let lines: Vec<&str> = unified.split('\n').collect();
    let marks: Vec<usize> = (0..lines.len()).filter(|n| mark(lines[*n]).is_some()).collect();
    let before = &lines[..marks.first().copied().unwrap_or(lines.len())];
    let (front, body) = front_matter(before);
    let is_ours = !marks.is_empty() || front.iter().any(|(key, _)| key == "llamora");
    // Our own title goes; what somebody wrote beneath it does not.
    let is_title = |line: &&&str| is_ours && (line.trim().is_empty() || line.starts_with("# "));
    let body = body[body.iter().take_while(is_title).count()..].join("\n");
    if !body.trim().is_empty() || !is_ours {
        let items = foreign(name, &front, &body, around, clock);
        found.n_divided += usize::from(items.as_ref().is_ok_and(|items| items.len() > 1));
        match items {
            Ok(items) => found.items.extend(items.into_iter().map(|item| (name.to_owned(), Ok(item)))),
            Err(why) => found.items.push((name.to_owned(), Err(why))),
        }
    }
    for (mark_idx, line_idx) in marks.iter().enumerate() {
        let end = marks.get(mark_idx + 1).copied().unwrap_or(lines.len());
        let place = format!("{name}, line {}", line_idx + 1);
        found.items.push((place, ours(&lines[*line_idx..end], around, clock)));
    }
    found
}

fn mark(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)?.trim_end().strip_suffix(MARK_END.trim_start()).map(str::trim)
}

fn ours(lines: &[&str], around: &Circumstances, clock: &dyn Clock) -> Result<Item, String> {
    let (first, mut rest) = lines.split_first().ok_or_else(String::new)?;
    let json = mark(first).unwrap_or_default();
    let record = loose::is_shallow(json.as_bytes()).then(|| loose::object(json)).flatten();
    let record = record.ok_or_else(|| "the mark above it was changed".to_owned())?;
    let title = record.fields.get("title").unwrap_or_default();
    if let Some((heading, after)) = rest.split_first()
        && heading.starts_with('#')
        && heading.trim_start_matches('#').trim() == title
    {
        rest = after;
    }
    // One empty line stands between the heading and the text; the text's own indents stay.
    let text: Vec<&str> = rest
        .iter()
        .map(|line| if is_like_a_mark(line) { line.strip_prefix('\\').unwrap_or(line) } else { line })
        .collect();
    let text = text.join("\n");
    let text = text.strip_prefix('\n').unwrap_or(&text);
    json::item(&record, text.trim_end_matches('\n'), around, clock)
}

/// The lines of front matter as pairs, and the lines after it.
fn front_matter<'a>(lines: &'a [&'a str]) -> (Vec<(String, String)>, &'a [&'a str]) {
    let Some((first, rest)) = lines.split_first().filter(|(first, _)| first.trim_end() == "---") else {
        return (Vec::new(), lines);
    };
    let _ = first;
    let Some(end) = rest.iter().take(MAX_FRONT).position(|line| line.trim_end() == "---") else {
        return (Vec::new(), lines);
    };
    let pair = |line: &&str| {
        let (key, value) = line.split_once(':')?;
        let value = value.trim().trim_matches(['"', '\'']);
        Some((key.trim().to_ascii_lowercase(), value.to_owned()))
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for line in &rest[..end] {
        match (line.trim_start().strip_prefix("- "), pairs.last()) {
            // A list beneath its key.
            (Some(item), Some((key, _))) => {
                let item = item.trim().trim_matches(['"', '\'']);
                // One item is one tag, whatever blanks it has; a name of a trace has hyphens for them.
                let item =
                    if key == "tags" { item.replace(char::is_whitespace, "-") } else { item.to_owned() };
                pairs.push((key.clone(), item));
            }
            _ => pairs.extend(pair(line)),
        }
    }
    (pairs, &rest[end + 1..])
}

fn foreign(
    name: &str,
    front: &[(String, String)],
    body: &str,
    around: &Circumstances,
    clock: &dyn Clock,
) -> Result<Vec<Item>, String> {
    let value = |key: &str| front.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str());
    let stated = ["date", "day", "created"].iter().find_map(|key| value(key));
    let base_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let found = stated.and_then(date_in).or_else(|| date_in(base_name));
    let date = found.ok_or_else(|| {
        "it does not say its day: put it into the name of the file, as in 2026-11-22.md".to_owned()
    })?;
    let day = read::day(date, around)?;
    let moment = stated.and_then(parse_moment).filter(|moment| Day::at(*moment, &around.zone) == day);
    let wall_clock = value("time")
        .or_else(|| stated.and_then(|stated| stated.get(date.len() + 1..)))
        .and_then(parse_clock);
    let created =
        moment.or_else(|| Circumstances::moment(day, wall_clock, &around.zone)).unwrap_or(around.now);
    let text = match value("title").filter(|title| !title.is_empty()) {
        Some(title) => format!("# {title}\n\n{}", body.trim_start_matches('\n')),
        None => body.to_owned(),
    };
    let place = Place { day, created, updated: created, zone: around.zone_name.clone(), id: None };
    let tags: Vec<String> =
        front.iter().filter(|(key, _)| key == "tags").flat_map(|(_, list)| tags(list)).collect();
    others::entries(&text, &read::traces(&tags), &place, clock)
}

/// The tags of a line of front matter: in brackets or not, with commas or blanks between.
fn tags(list: &str) -> Vec<String> {
    let list = list.trim_start_matches('[').trim_end_matches(']');
    let split = |c: char| c == ',' || (c.is_whitespace() && !list.contains(','));
    let bare = |tag: &str| tag.trim().trim_matches(['"', '\'']).to_owned();
    list.split(split).map(bare).filter(|tag| !tag.is_empty()).collect()
}

/// The first `YYYY-MM-DD` in a text.
fn date_in(text: &str) -> Option<&str> {
    let is_date = |bytes: &[u8]| {
        bytes.iter().enumerate().all(|(idx, byte)| match idx {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let start = text.as_bytes().windows(10).position(is_date)?;
    text.get(start..start + 10)
}
