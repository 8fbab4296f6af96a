//! Reading JSON that others wrote: only its syntax can be wrong. A field of an unexpected kind counts as missing, so
//! that one odd entry does not cost the rest, and nothing is held in memory but the fields that are looked for.

use std::{collections::HashMap, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    services::transfer::loose::lists::{Count, Names, Versions},
    vault::traces::MAX_PER_ENTRY,
};

/// How deep arrays and objects may lie in each other (SR-35).
pub const MAX_DEPTH: usize = 32;

/// Fields that are kept, as text.
const KEYS: [&str; 33] = [
    "id",
    "role",
    "state",
    "day",
    "created",
    "updated",
    "zone",
    "utc_offset_min",
    "revision",
    "text",
    "imported",
    "never_send",
    "trashed",
    "reply_to",
    "model",
    "sha256",
    "settings",
    "days",
    "wish",
    "texts",
    "passages",
    "shortened",
    "cut",
    "title",
    "body",
    "date",
    "time",
    "uuid",
    "creationDate",
    "modifiedDate",
    "timeZone",
    "kind",
    "clock",
];

/// The fields of one object.
#[derive(Default)]
pub struct Fields(HashMap<&'static str, String>);

impl Fields {
    /// A field that was a string, a number or a truth value, as text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether a field was `true`.
    pub fn is(&self, key: &str) -> bool {
        self.get(key) == Some("true")
    }

    fn put(&mut self, key: &str, value: Loose) {
        if let (Some(key), Some(text)) = (KEYS.iter().find(|known| **known == key), value.0) {
            self.0.insert(key, text);
        }
    }
}

/// One entry.
#[derive(Default)]
pub struct Record {
    /// Its own fields.
    pub fields: Fields,
    /// Those of `made_by`.
    pub made_by: Option<Fields>,
    /// Its versions; of more than [`crate::vault::entries::MAX_VERSIONS`] the first ones.
    pub versions: Vec<Fields>,
    /// Names of its traces, or its tags; of more than [`MAX_PER_ENTRY`] the first ones.
    pub traces: Vec<String>,
    /// Names of those that are pinned.
    pub pinned: Vec<String>,
    /// Pictures and other files that hang on it.
    pub n_files: usize,
    /// Whether it was an object at all.
    pub is_object: bool,
}

/// What is told of a document.
pub trait Reader {
    /// A field of the document itself, before or after its entries.
    fn fact(&mut self, key: &str, value: &str);

    /// An entry.
    ///
    /// # Errors
    /// When no more are wanted; the text is kept as the error of the document.
    fn record(&mut self, record: Record) -> Result<(), &'static str>;
}

/// Whether arrays and objects lie at most [`MAX_DEPTH`] deep in each other.
pub fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0usize, false, false);
    for byte in json {
        match (is_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => is_text = !is_text,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return false;
        }
    }
    true
}

/// Reads a document: an object with `entries`, or an array of entries.
///
/// # Errors
/// When it is not JSON, and what [`Reader::record`] says.
pub fn read(json: &[u8], reader: &mut dyn Reader) -> Result<(), serde_json::Error> {
    let mut source = serde_json::Deserializer::from_slice(json);
    Document(reader).deserialize(&mut source)?;
    source.end()
}

/// Reads one object of plain fields, as stands in the marks of our Markdown.
pub fn object(json: &str) -> Option<Record> {
    serde_json::from_str::<Record>(json).ok().filter(|record| record.is_object)
}

struct Document<'a>(&'a mut dyn Reader);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a journal")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "entries" {
                map.next_value_seed(Entries(&mut *self.0))?;
            } else if let Some(value) = map.next_value::<Loose>()?.0 {
                self.0.fact(&key, &value);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Entries(self.0).visit_seq(seq)
    }
}

struct Entries<'a>(&'a mut dyn Reader);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Record>()? {
            self.0.record(record).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// Implements what anything that is not looked for is: nothing.
macro_rules! nothing {
    ($nothing:expr) => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

mod lists;

/// A value as text, if it is a string, a number or a truth value.
struct Loose(Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose(Some(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Loose, E> {
        Ok(Loose(Some(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Loose, E> {
        Ok(Loose(Some(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Loose, E> {
        Ok(Loose(Some(value.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Loose, E> {
        Ok(Loose(Some(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Loose, E> {
        Ok(Loose(Some(value)))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(RecordVisitor { is_inner: false })
    }
}

/// The fields of an inner object: what stands in `made_by` and in `versions`.
struct Inner(Option<Fields>);

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let record = source.deserialize_any(RecordVisitor { is_inner: true })?;
        Ok(Self(record.is_object.then_some(record.fields)))
    }
}

struct RecordVisitor {
    is_inner: bool,
}

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    nothing!(Record::default());

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Record, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Record::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record { is_object: true, ..Record::default() };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "made_by" if !self.is_inner => record.made_by = map.next_value::<Inner>()?.0,
                "versions" if !self.is_inner => record.versions = map.next_value::<Versions>()?.0,
                "traces" | "tags" if !self.is_inner => {
                    record.traces.extend(map.next_value::<Names>()?.0);
                    record.traces.truncate(MAX_PER_ENTRY);
                }
                "pinned" if !self.is_inner => record.pinned = map.next_value::<Names>()?.0,
                "photos" | "videos" | "audios" | "pdfAttachments" if !self.is_inner => {
                    record.n_files += map.next_value::<Count>()?.0;
                }
                key => {
                    let value = map.next_value::<Loose>()?;
                    record.fields.put(key, value);
                }
            }
        }
        Ok(record)
    }
}
