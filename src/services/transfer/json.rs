//! Our JSON, version 1, and the reader of every JSON we know.
//!
//! One object: `format` `"llamora-journal"`, `version` 1, `exported` (a moment), `zone` (IANA name of the writer),
//! `entries`, then `unreadable` (`id`, `day`, `why` of what the journal lists and cannot open) and `count` (of
//! `entries`), which stand last so that a file that was cut short shows it.
//!
//! An entry, in the order of the journal, a reply right after what it answers:
//!
//! | field | meaning |
//! |---|---|
//! | `id` | 26 symbols, see [`crate::journal::ids`] |
//! | `role` | `writer`, `reply`, `opening` |
//! | `state` | `whole`, `stopped`, `failed`, `interrupted` |
//! | `day` | the page it stands on, `YYYY-MM-DD` |
//! | `created`, `updated` | moments, RFC 3339 in UTC, to the millisecond |
//! | `zone`, `utc_offset_min` | of the writer when it was created |
//! | `revision` | from 1, one more with each edit |
//! | `text` | Markdown |
//! | `imported`, `never_send` | `true`, or left out |
//! | `trashed` | when it went to the trash, or left out |
//! | `reply_to` | `id` of the entry a reply answers |
//! | `traces` | the names of its traces, or left out |
//! | `pinned` | those of them that are pinned, or left out |
//! | `made_by` | of machine text: `model`, `sha256` (hexadecimal, zeros when unknown), `settings`; `days` (ISO, spaces between) and `wish` it was made with, what had no room (`texts`, `passages`, `shortened`), `cut`, or left out |
//! | `versions` | earlier texts, oldest first: `revision`, `updated`, `text` |

use serde::Serialize;

use crate::{
    clock::Clock,
    journal::{
        day,
        entry::{Ending, Entry, Given, LeftOut, Provenance, Role},
        ids::EntryId,
        trace::TraceName,
    },
    services::transfer::{
        Circumstances,
        loose::{Fields, Record},
        moment_text, read,
    },
    vault::whole::Item,
};

/// Names the format in the file.
pub const FORMAT: &str = "llamora-journal";
/// Its version.
pub const VERSION: u64 = 1;
/// Highest revision that is taken over; removing an entry for ever looks for a version under each.
const MAX_REVISION: u32 = 10_000;

/// What stands before the entries; the object is left open.
#[derive(Serialize)]
pub struct Head<'a> {
    format: &'static str,
    version: u64,
    exported: String,
    zone: &'a str,
}

impl<'a> Head<'a> {
    /// The head of an export made at `now`.
    pub fn new(now: i64, zone: &'a str) -> Self {
        Self { format: FORMAT, version: VERSION, exported: moment_text(now), zone }
    }
}

/// Something the journal lists and cannot open.
#[derive(Serialize)]
pub struct Unreadable {
    /// Identifier.
    pub id: String,
    /// Day, ISO.
    pub day: String,
    /// `missing` or `unreadable`.
    pub why: &'static str,
}

/// An entry as it is written.
#[derive(Serialize)]
pub struct EntryOut<'a> {
    id: String,
    role: &'static str,
    state: &'static str,
    day: String,
    created: String,
    updated: String,
    zone: &'a str,
    utc_offset_min: i16,
    revision: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    imported: bool,
    #[serde(skip_serializing_if = "is_false")]
    never_send: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trashed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traces: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pinned: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_by: Option<MadeByOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<VersionOut<'a>>,
}

#[derive(Serialize)]
struct MadeByOut<'a> {
    model: &'a str,
    sha256: String,
    settings: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    days: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    wish: &'a str,
    #[serde(skip_serializing_if = "is_none")]
    texts: u16,
    #[serde(skip_serializing_if = "is_none")]
    passages: u16,
    #[serde(skip_serializing_if = "is_false")]
    shortened: bool,
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
}

#[derive(Serialize)]
struct VersionOut<'a> {
    revision: u32,
    updated: String,
    text: &'a str,
}

impl<'a> From<&'a Item> for EntryOut<'a> {
    fn from(item: &'a Item) -> Self {
        let version = |version: &'a Entry| VersionOut {
            revision: version.revision,
            updated: moment_text(version.updated),
            text: &version.text,
        };
        Self { versions: item.versions.iter().map(version).collect(), ..Self::bare(item, &item.entry.text) }
    }
}

impl<'a> EntryOut<'a> {
    /// An entry without its versions, with this text; Markdown writes the text elsewhere.
    pub fn bare(item: &'a Item, text: &'a str) -> Self {
        let entry = &item.entry;
        Self {
            id: entry.id.to_string(),
            role: role_name(entry.role),
            state: ending_name(entry.ending),
            day: entry.day.to_string(),
            created: moment_text(entry.created),
            updated: moment_text(entry.updated),
            zone: &entry.zone,
            utc_offset_min: entry.utc_offset_min,
            revision: entry.revision,
            text,
            imported: entry.imported,
            never_send: entry.never_send,
            trashed: entry.deleted.map(moment_text),
            reply_to: entry.reply_to.map(|id| id.to_string()),
            traces: item.traces.iter().map(TraceName::as_str).collect(),
            pinned: item.pinned.iter().map(TraceName::as_str).collect(),
            made_by: entry.made_by.as_ref().map(made_by_out),
            versions: Vec::new(),
        }
    }
}

fn made_by_out(made_by: &Provenance) -> MadeByOut<'_> {
    MadeByOut {
        model: &made_by.model,
        sha256: data_encoding::HEXLOWER.encode(&made_by.sha256),
        settings: &made_by.settings,
        days: made_by.given.days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        wish: &made_by.given.wish,
        texts: made_by.given.left_out.texts,
        passages: made_by.given.left_out.passages,
        shortened: made_by.given.left_out.is_shortened,
        cut: made_by.given.is_cut,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u16) -> bool {
    *count == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

const ROLES: [(Role, &str); 3] =
    [(Role::Writer, "writer"), (Role::Reply, "reply"), (Role::Opening, "opening")];
const ENDINGS: [(Ending, &str); 4] = [
    (Ending::Whole, "whole"),
    (Ending::Stopped, "stopped"),
    (Ending::Failed, "failed"),
    (Ending::Interrupted, "interrupted"),
];

fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(known, _)| *known == role).map_or("writer", |(_, name)| name)
}

fn ending_name(ending: Ending) -> &'static str {
    ENDINGS.iter().find(|(known, _)| *known == ending).map_or("whole", |(_, name)| name)
}

/// Reads an entry of ours. `text` comes with it in JSON and beside it in Markdown.
///
/// # Errors
/// Why it cannot be read, for people.
pub fn item(record: &Record, text: &str, around: &Circumstances, clock: &dyn Clock) -> Result<Item, String> {
    let fields = &record.fields;
    let known = |key: &str, of: &[&str]| fields.get(key).is_none_or(|name| of.contains(&name));
    if !known("role", &ROLES.map(|(_, name)| name)) || !known("state", &ENDINGS.map(|(_, name)| name)) {
        return Err("its kind is not known to this program".to_owned());
    }
    let role = fields.get("role").and_then(|name| ROLES.iter().find(|(_, known)| *known == name));
    let role = role.map_or(Role::Writer, |(role, _)| *role);
    let ending = fields.get("state").and_then(|name| ENDINGS.iter().find(|(_, known)| *known == name));
    let day = read::day(fields.get("day").unwrap_or_default(), around)?;
    let (zone_name, zone) = read::zone(fields.get("zone"), around);
    let created = read::moment(fields.get("created"), around)
        .or_else(|| Circumstances::moment(day, None, &zone))
        .unwrap_or(around.now);
    let offset = fields.get("utc_offset_min").and_then(|text| text.parse().ok());
    let reply_to = fields.get("reply_to").and_then(|id| id.parse::<EntryId>().ok());
    if role == Role::Reply && reply_to.is_none() {
        return Err("it does not say which entry it answers".to_owned());
    }
    let id = fields.get("id").and_then(|id| id.parse().ok());
    let mut entry = Entry {
        id: id.unwrap_or_else(|| EntryId::from_parts(created, clock.id_random())),
        role,
        ending: ending.map_or(Ending::Whole, |(ending, _)| *ending),
        imported: true,
        never_send: fields.is("never_send"),
        day,
        created,
        updated: read::moment(fields.get("updated"), around).unwrap_or(created),
        utc_offset_min: offset
            .filter(|minutes| (-1080..=1080).contains(minutes))
            .unwrap_or_else(|| day::wall_clock(created, &zone).0),
        zone: zone_name,
        revision: 1,
        deleted: fields.get("trashed").map(|moment| read::trashed(moment, around)),
        reply_to: if role == Role::Reply { reply_to } else { None },
        traces: Vec::new(),
        text: read::text(role, text)?,
        made_by: record.made_by.as_ref().filter(|_| role != Role::Writer).map(made_by),
    };
    let versions = versions(record, &mut entry, around);
    let (traces, pinned) = (read::traces(&record.traces), read::traces(&record.pinned));
    Ok(Item { entry, versions, traces, pinned })
}

fn made_by(fields: &Fields) -> Provenance {
    let text = |key: &str, most: usize| fields.get(key).unwrap_or_default().chars().take(most).collect();
    let number = |key: &str| fields.get(key).and_then(|text| text.parse().ok()).unwrap_or(0);
    let digest =
        fields.get("sha256").and_then(|hex| data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok());
    Provenance {
        model: text("model", 200),
        sha256: digest.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
        settings: text("settings", 1_000),
        given: Given {
            days: fields
                .get("days")
                .unwrap_or_default()
                .split(' ')
                .filter_map(|day| day.parse().ok())
                .take(20)
                .collect(),
            wish: text("wish", 300),
            left_out: LeftOut {
                texts: number("texts"),
                passages: number("passages"),
                is_shortened: fields.is("shortened"),
            },
            is_cut: fields.is("cut"),
        },
    }
}

/// The versions of an entry, whose revision is set to follow theirs. Numbers that make no sense are counted anew.
fn versions(record: &Record, entry: &mut Entry, around: &Circumstances) -> Vec<Entry> {
    let number =
        |fields: &Fields| fields.get("revision").and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let mut versions: Vec<Entry> = Vec::new();
    for fields in &record.versions {
        let Ok(text) = read::text(entry.role, fields.get("text").unwrap_or_default()) else { continue };
        let updated = read::moment(fields.get("updated"), around).unwrap_or(entry.created);
        versions.push(Entry { text, updated, revision: number(fields), deleted: None, ..entry.clone() });
    }
    let revision = number(&record.fields);
    let ascends = versions.windows(2).all(|pair| pair[0].revision < pair[1].revision);
    let first = versions.first().map_or(1, |version| version.revision);
    let last = versions.last().map_or(0, |version| version.revision);
    if ascends && first > 0 && last < revision && revision <= MAX_REVISION {
        entry.revision = revision;
        return versions;
    }
    for (version, number) in versions.iter_mut().zip(1..) {
        version.revision = number;
    }
    entry.revision = u32::try_from(versions.len()).unwrap_or(MAX_REVISION) + 1;
    versions
}
