//! ENTRY and VERSION: one piece of writing.

use crate::{
    journal::{
        day::Day,
        entry::{Ending, Entry, Provenance, Role},
        ids::{EntryId, TraceId},
    },
    vault::{
        error::VaultError,
        payload::Payload,
        wire::{Ext, WireError, wire_struct},
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
            ext: old.map_or_else(Vec::new, |old| old.ext.clone()),
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
            }),
        })
    }
}
