//! The types of records, `format-v1.md` section 8. A number, once given, keeps its meaning and key grammar for ever.

/// Whose text a record holds, for whoever wants no text of a model kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// The writer's, or nobody's.
    Writer,
    /// A model's, or what was made of the journal without being asked for: it can all be removed at once.
    Machine,
    /// One or the other, as the record says.
    Either,
}

/// The type of a record. Numbers that are not named here open and move like all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordType(pub u16);

impl RecordType {
    /// The head of a generation; empty key; see [`crate::crypto::set`].
    pub const HEAD: Self = Self(1);
    /// An entry, a reply or an opening; key: id.
    pub const ENTRY: Self = Self(2);
    /// An earlier text of an entry; key: id, rev u32.
    pub const VERSION: Self = Self(3);
    /// First and last day and the years that hold something; empty key.
    pub const ROOT: Self = Self(4);
    /// The entries of a day in display order; key: day i32.
    pub const DAY: Self = Self(5);
    /// Counts per day of a year; key: year i32.
    pub const YEAR: Self = Self(6);
    /// What the search index has still to do; empty key.
    pub const OUTBOX: Self = Self(7);
    /// Text not yet saved; key: 1 and day i32, or 2 and id.
    pub const DRAFT: Self = Self(8);
    /// A setting; key: its name, 1 to 64 bytes.
    pub const SETTINGS: Self = Self(9);
    /// A trace; key: id.
    pub const TRACE: Self = Self(10);
    /// The trace of a name; key: the canonical name, 1 to 256 bytes.
    pub const TRACE_NAME: Self = Self(11);
    /// A page of trace ids; key: page u32.
    pub const TRACE_DIR: Self = Self(12);
    /// A page of entries of a trace; key: trace id, page u32.
    pub const POSTING: Self = Self(13);
    /// Vectors of an entry that are in no segment yet; key: entry id.
    pub const VECTOR: Self = Self(14);
    /// A big object; key: file id.
    pub const FILE: Self = Self(15);
    /// A page of a big object; key: file id, page u32.
    pub const PAGE: Self = Self(16);
    /// A pointer to big objects; key: its name.
    pub const NAMED: Self = Self(17);
    /// A summary made by the model; key: kind u8 and its subject.
    pub const RECAP: Self = Self(18);
    /// Recent searches; empty key.
    pub const SEARCHES: Self = Self(19);
    /// A page of deleted ids; key: page u32.
    pub const TRASH: Self = Self(20);
    /// What the list of sessions shows; key: session id.
    pub const SESSION: Self = Self(21);
    /// A secret of the owner, such as an upstream key; key: its name.
    pub const SECRET: Self = Self(22);
    /// A page of the security log; key: page u32.
    pub const EVENT: Self = Self(23);

    /// Every type there is, with whose text its records hold. One that is missing here holds none that a person could read.
    pub const VOICES: [(Self, Voice); 23] = [
        (Self::HEAD, Voice::Writer),
        (Self::ENTRY, Voice::Either),
        (Self::VERSION, Voice::Writer),
        (Self::ROOT, Voice::Writer),
        (Self::DAY, Voice::Writer),
        (Self::YEAR, Voice::Writer),
        (Self::OUTBOX, Voice::Writer),
        (Self::DRAFT, Voice::Writer),
        (Self::SETTINGS, Voice::Writer),
        (Self::TRACE, Voice::Writer),
        (Self::TRACE_NAME, Voice::Writer),
        (Self::TRACE_DIR, Voice::Writer),
        (Self::POSTING, Voice::Writer),
        (Self::VECTOR, Voice::Writer),
        (Self::FILE, Voice::Writer),
        (Self::PAGE, Voice::Writer),
        (Self::NAMED, Voice::Writer),
        (Self::RECAP, Voice::Machine),
        (Self::SEARCHES, Voice::Writer),
        (Self::TRASH, Voice::Writer),
        (Self::SESSION, Voice::Writer),
        (Self::SECRET, Voice::Writer),
        (Self::EVENT, Voice::Writer),
    ];

    /// Whose text a record of this type holds.
    pub fn voice(self) -> Voice {
        Self::VOICES.iter().find(|(kind, _)| *kind == self).map_or(Voice::Writer, |(_, voice)| *voice)
    }

    /// The least stored length of this type in bytes, so that length does not tell apart records whose size would
    /// say too much.
    pub const fn floor(self) -> usize {
        match self {
            Self::YEAR | Self::DRAFT | Self::SETTINGS | Self::SECRET => 992,
            // The length of what was summed up or suggested would tell of it.
            Self::RECAP => 2_016,
            Self::SEARCHES => 8_160,
            _ => 480,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A type that is added says whose text it holds, or removing a model's texts would pass it over.
    #[test]
    fn every_type_says_whose_text_it_holds() {
        let named = include_str!("kind.rs").matches(": Self = Self(").count();
        // The line above is one of them.
        assert_eq!(named - 1, RecordType::VOICES.len());
        assert!((1..).zip(RecordType::VOICES).all(|(number, (kind, _))| kind == RecordType(number)));
        assert_eq!(RecordType::RECAP.voice(), Voice::Machine);
        assert_eq!(RecordType(999).voice(), Voice::Writer);
    }
}
