//! JSON of other programs: jrnl (<https://jrnl.sh>) and Day One.
//!
//! jrnl: `{"tags": {...}, "entries": [{"title", "body", "date": "2026-11-22", "time": "14:03", "tags", "starred"}]}`.
//! Day One: `{"entries": [{"uuid", "creationDate", "modifiedDate", "timeZone", "text", "tags", ...}]}`.
//! The tags of both become traces; jrnl's lose the sign they begin with.

use serde::Serialize;

use crate::{
    clock::Clock,
    journal::{
        day::{self, Day},
        entry::{Entry, Role},
        ids::EntryId,
        trace::TraceName,
    },
    services::transfer::{Circumstances, loose::Record, parse_clock, read},
    vault::whole::Item,
};

/// An entry as jrnl writes it. Its title is the first line, its body the rest.
#[derive(Serialize)]
pub struct JrnlOut<'a> {
    title: &'a str,
    body: &'a str,
    date: String,
    time: String,
    tags: Vec<String>,
    starred: bool,
}

impl<'a> JrnlOut<'a> {
    /// `None` for what jrnl does not know: replies, openings, the trash.
    pub fn of(item: &'a Item) -> Option<Self> {
        let entry = &item.entry;
        if entry.role != Role::Writer || entry.deleted.is_some() {
            return None;
        }
        let (title, body) = entry.text.split_once('\n').unwrap_or((&entry.text, ""));
        let zone = day::zone(&entry.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let time = day::wall_clock(entry.created, &zone).1;
        let tags = item.traces.iter().map(|name| format!("@{}", name.as_str())).collect();
        Some(Self { title, body, date: entry.day.to_string(), time, tags, starred: false })
    }
}

/// Reads an entry of jrnl.
///
/// # Errors
/// Why it cannot be read.
pub fn jrnl(record: &Record, around: &Circumstances, clock: &dyn Clock) -> Result<Vec<Item>, String> {
    let fields = &record.fields;
    let day = read::day(fields.get("date").unwrap_or_default(), around)?;
    let wall_clock = fields.get("time").and_then(parse_clock);
    let created = Circumstances::moment(day, wall_clock, &around.zone).unwrap_or(around.now);
    let (title, body) = (fields.get("title").unwrap_or_default(), fields.get("body").unwrap_or_default());
    let text = if body.is_empty() { title.to_owned() } else { format!("{title}\n{body}") };
    let place = Place { day, created, updated: created, zone: around.zone_name.clone(), id: None };
    entries(&text, &read::traces(&record.traces), &place, clock)
}

/// Reads an entry of Day One.
///
/// # Errors
/// Why it cannot be read.
pub fn day_one(record: &Record, around: &Circumstances, clock: &dyn Clock) -> Result<Vec<Item>, String> {
    let fields = &record.fields;
    let created = read::moment(fields.get("creationDate"), around)
        .ok_or_else(|| "its moment cannot be read, or lies before 1900 or in the future".to_owned())?;
    let (zone_name, zone) = read::zone(fields.get("timeZone"), around);
    let day = read::not_in_the_future(Day::at(created, &zone), around)?;
    let uuid: String = fields.get("uuid").unwrap_or_default().chars().filter(|c| *c != '-').collect();
    let random = data_encoding::HEXLOWER_PERMISSIVE.decode(uuid.as_bytes()).ok();
    let random =
        random.filter(|bytes| bytes.len() == 16).and_then(|bytes| bytes.first_chunk::<10>().copied());
    let place = Place {
        day,
        created,
        updated: read::moment(fields.get("modifiedDate"), around).unwrap_or(created),
        zone: zone_name,
        id: random.map(|random| EntryId::from_parts(created.max(0), random)),
    };
    let traces = read::traces(&record.traces);
    entries(fields.get("text").unwrap_or_default(), &traces, &place, clock)
}

/// Where and when a text was written.
pub(super) struct Place {
    pub day: Day,
    pub created: i64,
    pub updated: i64,
    pub zone: String,
    /// The same at every reading, if the source has one.
    pub id: Option<EntryId>,
}

/// A text of any length as entries on one place.
pub(super) fn entries(
    text: &str,
    traces: &[TraceName],
    place: &Place,
    clock: &dyn Clock,
) -> Result<Vec<Item>, String> {
    let zone = day::zone(&place.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let parts = read::divided(text);
    if parts.is_empty() {
        return Err("it holds no text".to_owned());
    }
    let fresh = || EntryId::from_parts(place.created.max(0), clock.id_random());
    let mut items = Vec::new();
    for text in parts {
        let id = place.id.filter(|_| items.is_empty()).unwrap_or_else(fresh);
        let written = Entry::written(id, place.day, place.created, (place.zone.clone(), &zone), text);
        let entry = Entry { imported: true, updated: place.updated, ..written };
        items.push(Item { entry, versions: Vec::new(), traces: traces.to_vec(), pinned: Vec::new() });
    }
    Ok(items)
}
