//! DAY, YEAR, ROOT, OUTBOX, TRASH: where the entries stand and what is still to be done with them.

use crate::vault::{
    payload::Payload,
    wire::{Ext, wire_struct},
};

/// Most items of a day (`format-v1.md` section 9).
pub(crate) const MAX_DAY_ITEMS: usize = 4_096;
/// Most items of the outbox; beyond, everything is to be looked at again.
pub(crate) const MAX_OUTBOX_ITEMS: usize = 512;
/// Most items of one page of the trash.
pub(crate) const MAX_TRASH_ITEMS: usize = 500;
/// Length of the two counters of a year.
pub(crate) const YEAR_DAYS: usize = 366;

/// Bit of `DayItemV1::flags`: in the trash.
pub(crate) const TRASHED: u8 = 1;
/// Bit of a day in `YearV1::flags`: holds a reply.
pub(crate) const HAS_REPLY: u8 = 1;
/// Bit of a day in `YearV1::flags`: holds an opening.
pub(crate) const HAS_OPENING: u8 = 2;
/// Values of `OutboxItemV1::op`.
pub(crate) const OP_INDEX: u8 = 1;
pub(crate) const OP_REMOVE: u8 = 2;
/// Tag of `OutboxV1::ext`: the seq (u64 little-endian) at which `rescan` was last demanded, so that a rescan that
/// began before does not clear a demand that came after.
pub(crate) const EXT_RESCAN_SEQ: u16 = 1;

wire_struct! {
    /// One place of a day.
    DayItemV1 {
        /// Entry, reply or opening.
        id: [u8; 16],
        /// 1 writer, 2 reply, 3 opening.
        role: u8,
        /// Bits: 1 in the trash.
        flags: u8,
        /// Revision of the record that must be found there; a lower one was put back.
        rev: u32,
    }
}

wire_struct! {
    /// Body of DAY, schema 1.
    DayV1 {
        /// Days since 1970-01-01.
        day: i32,
        /// In display order: openings, then entries, each followed by its replies.
        items: Vec<DayItemV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of YEAR, schema 1.
    YearV1 {
        /// Calendar year.
        year: i32,
        /// 366 counts of the writer's entries outside the trash, saturating; index is the day of the year from 0.
        entries: Vec<u8>,
        /// 366 sets of bits: 1 reply, 2 opening.
        flags: Vec<u8>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// Body of ROOT, schema 1.
    RootV1 {
        /// First day that holds anything; 0 when no day does.
        first_day: i32,
        /// Last day that holds anything; 0 when no day does.
        last_day: i32,
        /// Years that hold anything, ascending.
        years: Vec<i32>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// One piece of work for the index.
    OutboxItemV1 {
        /// Entry, reply or opening.
        id: [u8; 16],
        /// 1 index, 2 remove.
        op: u8,
        /// Seq of the transaction that asked for it.
        seq: u64,
    }
}

wire_struct! {
    /// Body of OUTBOX, schema 1.
    OutboxV1 {
        /// Look at every entry again.
        rescan: bool,
        /// At most one per entry, oldest first.
        items: Vec<OutboxItemV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

wire_struct! {
    /// One entry in the trash.
    TrashItemV1 {
        /// What was thrown away; its replies lie there with it and are not listed.
        id: [u8; 16],
        /// When, milliseconds since 1970 UTC.
        deleted: i64,
    }
}

wire_struct! {
    /// Body of TRASH, schema 1, one page.
    TrashV1 {
        /// Oldest first.
        items: Vec<TrashItemV1>,
        /// Additions; unknown tags are kept.
        ext: Ext,
    }
}

impl Payload for DayV1 {}
impl Payload for YearV1 {}
impl Payload for RootV1 {}
impl Payload for OutboxV1 {}
impl Payload for TrashV1 {}

impl YearV1 {
    /// A year without a day.
    pub(crate) fn empty(year: i32) -> Self {
        Self { year, entries: vec![0; YEAR_DAYS], flags: vec![0; YEAR_DAYS], ext: Vec::new() }
    }

    /// Whether the day with this index holds anything.
    pub(crate) fn holds(&self, day_idx: usize) -> bool {
        let set = |counts: &[u8]| counts.get(day_idx).is_some_and(|count| *count != 0);
        set(&self.entries) || set(&self.flags)
    }

    /// Indices of the days that hold anything, ascending.
    pub(crate) fn held(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..YEAR_DAYS).filter(|day_idx| self.holds(*day_idx))
    }

    /// Indices of the days that hold more than an opening, ascending.
    pub(crate) fn told(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.held().filter(|day_idx| {
            let of = |counts: &[u8]| counts.get(*day_idx).copied().unwrap_or(0);
            of(&self.entries) > 0 || of(&self.flags) & !HAS_OPENING != 0
        })
    }
}
