//! ENTRY and VERSION: one piece of writing.

use crate::{
    journal::{
        day::Day,
        entry::{Ending, Entry, Given, LeftOut, Provenance, Role},
        ids::{EntryId, TraceId},
    },
    vault::{
        error::VaultError,
        payload::Payload,
        wire::{Ext, WireError, from_body, to_body, wire_struct},
    },
};

/// Values of `EntryV1::flags`.
const IMPORTED: u32 = 1;
const NEVER_SEND: u32 = 2;

wire_struct! {
    /// What made a machine text.
    ProvenanceV1 {
        /// Name as shown to people.
        model: String,
        /// SHA-256 of the model file, zero for an upstream.
        sha256: [u8; 32],
        /// Sampling settings, in words.
        settings: String,
    }
}

wire_struct! {
    /// Body of ENTRY and VERSION, schema 1.
    EntryV1 {
        /// Identifier, again, so that a record found by a scan names itself.
        id: [u8; 16],
        /// 1 writer, 2 reply, 3 opening.
        role: u8,
        /// 0 whole, 1 stopped, 2 failed, 3 interrupted.
        state: u8,
        /// Bits: 1 imported, 2 never send.
        flags: u32,
        /// Days since 1970-01-01.
        day: i32,
        /// Milliseconds since 1970 UTC, first saved.
        created: i64,
        /// Milliseconds since 1970 UTC, last changed.
        updated: i64,
        /// IANA zone of the writer at creation.
        tz: String,
        /// Offset from UTC then, in minutes.
        utc_offset_min: i16,
        /// Revision, from 1.
        rev: u32,
        /// When it went to the trash, 0 if it did not.
        deleted: i64,
        /// The entry a reply answers.
        reply_to: Option<[u8; 16]>,
        /// Traces.
        traces: Vec<[u8; 16]>,
        /// Markdown source.
        text: String,
        /// For machine text.
        made_by: Option<ProvenanceV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for EntryV1 {}

/// Tag of [`GivenV1`] in the additions of an entry.
const GIVEN: u16 = 1;

wire_struct! {
    /// Addition to a machine text: what it was made from.
    GivenV1 {
        /// Days of passages, days since 1970-01-01, nearest first.
        days: Vec<i32>,
        /// What the writer wished.
        wish: String,
        /// Texts of the day that had no room.
        texts: u16,
        /// Passages that had no room.
        passages: u16,
        /// The middle of the entry had no room.
        shortened: bool,
        /// The model repeated itself and was cut.
        cut: bool,
        /// Additions.
        ext: Ext,
    }
}

impl GivenV1 {
    /// The additions of an entry with what it was made from, sorted by tag.
    fn onto(entry: &Entry, mut ext: Ext) -> Ext {
        let given = entry.made_by.as_ref().map(|made_by| &made_by.given);
        let Some(given) = given.filter(|given| **given != Given::default()) else { return ext };
        let stored = Self {
            days: given.days.iter().map(|day| day.number()).collect(),
            wish: given.wish.clone(),
            texts: given.left_out.texts,
            passages: given.left_out.passages,
            shortened: given.left_out.is_shortened,
            cut: given.is_cut,
            ext: Vec::new(),
        };
        ext.retain(|(tag, _)| *tag != GIVEN);
        let place = ext.partition_point(|(tag, _)| *tag < GIVEN);
        ext.insert(place, (GIVEN, to_body(&stored).to_vec()));
        ext
    }

    /// What additions tell; nothing where they do not, or cannot be read.
    fn of(ext: &[(u16, Vec<u8>)]) -> Given {
        let body = ext.iter().find(|(tag, _)| *tag == GIVEN);
        let Some(Ok(stored)) = body.map(|(_, body)| from_body::<Self>(body)) else { return Given::default() };
        Given {
            days: stored.days.into_iter().filter_map(Day::from_number).collect(),
            wish: stored.wish,
            left_out: LeftOut {
                texts: stored.texts,
                passages: stored.passages,
                is_shortened: stored.shortened,
            },
            is_cut: stored.cut,
        }
    }
}

/// The stored number of a role.
pub(crate) const fn role_number(role: Role) -> u8 {
    match role {
        Role::Writer => 1,
        Role::Reply => 2,
        Role::Opening => 3,
    }
}

const fn state_number(ending: Ending) -> u8 {
    match ending {
        Ending::Whole => 0,
        Ending::Stopped => 1,
        Ending::Failed => 2,
        Ending::Interrupted => 3,
    }
}

impl EntryV1 {
    /// The stored form. What the journal does not know (flags and additions of later programs) comes from `old`,
    /// the record that is replaced.
    pub(crate) fn new(entry: &Entry, old: Option<&Self>) -> Self {
        let known = IMPORTED | NEVER_SEND;
        let unknown_flags = old.map_or(0, |old| old.flags & !known);
        Self {
            id: *entry.id.as_bytes(),
            role: role_number(entry.role),
            state: state_number(entry.ending),
            flags: unknown_flags
                | if entry.imported { IMPORTED } else { 0 }
                | if entry.never_send { NEVER_SEND } else { 0 },
            day: entry.day.number(),
            created: entry.created,
            updated: entry.updated,
            tz: entry.zone.clone(),
            utc_offset_min: entry.utc_offset_min,
            rev: entry.revision,
            deleted: entry.deleted.unwrap_or(0),
            reply_to: entry.reply_to.map(|id| *id.as_bytes()),
            traces: entry.traces.iter().map(|id| *id.as_bytes()).collect(),
            text: entry.text.clone(),
            made_by: entry.made_by.as_ref().map(|made_by| ProvenanceV1 {
                model: made_by.model.clone(),
                sha256: made_by.sha256,
                settings: made_by.settings.clone(),
            }),
            ext: GivenV1::onto(entry, old.map_or_else(Vec::new, |old| old.ext.clone())),
        }
    }

    /// The journal's form.
    pub(crate) fn into_entry(self) -> Result<Entry, VaultError> {
        Ok(Entry {
            id: EntryId::from_bytes(self.id),
            role: match self.role {
                1 => Role::Writer,
                2 => Role::Reply,
                3 => Role::Opening,
                _ => return Err(WireError.into()),
            },
            ending: match self.state {
                0 => Ending::Whole,
                1 => Ending::Stopped,
                2 => Ending::Failed,
                3 => Ending::Interrupted,
                _ => return Err(WireError.into()),
            },
            imported: self.flags & IMPORTED != 0,
            never_send: self.flags & NEVER_SEND != 0,
            day: Day::from_number(self.day).ok_or(WireError)?,
            created: self.created,
            updated: self.updated,
            zone: self.tz,
            utc_offset_min: self.utc_offset_min,
            revision: self.rev,
            deleted: (self.deleted != 0).then_some(self.deleted),
            reply_to: self.reply_to.map(EntryId::from_bytes),
            traces: self.traces.into_iter().map(TraceId::from_bytes).collect(),
            text: self.text,
            made_by: self.made_by.map(|made_by| Provenance {
                model: made_by.model,
                sha256: made_by.sha256,
                settings: made_by.settings,
                given: GivenV1::of(&self.ext),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reply_was_made_from_has_frozen_bytes() {
        let stored = GivenV1 {
            days: vec![20_779, -1],
            wish: "in D\u{fc}sseldorf".to_owned(),
            texts: 300,
            passages: 1,
            shortened: true,
            cut: false,
            ext: vec![(9, vec![7])],
        };
        // Two days (zigzag), the wish, 300, 1, true, false, one addition.
        let golden = [
            &[2, 0xd6, 0xc4, 2, 1, 14][..],
            "in D\u{fc}sseldorf".as_bytes(),
            &[0xac, 2, 1, 1, 0, 1, 9, 1, 7],
        ]
        .concat();
        assert_eq!(to_body(&stored).as_slice(), golden);
        assert!(from_body::<GivenV1>(&golden).is_ok_and(|read| read == stored));
        assert_eq!(postcard::to_allocvec(&stored).expect("bytes"), golden);
    }

    #[test]
    fn unknown_additions_stay_and_unreadable_ones_tell_nothing() {
        assert_eq!(GivenV1::of(&[(GIVEN, vec![0xff])]), Given::default());
        let given = Given { wish: "shorter".to_owned(), ..Given::default() };
        let body = |given: &Given| {
            let stored = GivenV1 {
                days: Vec::new(),
                wish: given.wish.clone(),
                texts: 0,
                passages: 0,
                shortened: false,
                cut: false,
                ext: Vec::new(),
            };
            (GIVEN, to_body(&stored).to_vec())
        };
        assert_eq!(GivenV1::of(&[(0, vec![1]), body(&given), (7, vec![2])]), given);
    }
}
