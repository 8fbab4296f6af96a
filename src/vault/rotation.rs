//! Rotation: all records of a vault are sealed anew under fresh keys, while reading and writing go on
//! (`format-v1.md` section 12).
//!
//! ```text
//! STABLE [g]  --refresh, revoke-->  DRAINING [g+1, g]  --the last row has moved-->  STABLE [g+1]  --compact--> clean
//! ```
//! *Refresh* makes new generation keys; passwords and codes stay. *Revoke* also makes a new root key and a new recovery
//! code, and voids every other way in and every session: what somebody learned before opens nothing that is written, or
//! was drained and compacted, after it.
//!
//! Each step is one transaction and looks at what is there, so that any step may be the last one before the power goes
//! and the next sign-in goes on. Where the record `keys` speaks of old bytes, they are still in free pages of the file.

use std::{cell::Cell, ops::ControlFlow};

use crate::{
    crypto::{
        canon::Name,
        keyring::Generation,
        keys::{RecordKeys, VaultKeys},
        record::RowKey,
        secret::{Key, Password, RecoveryCode},
        set::{Head, SetHash},
        unlock::Unlocker,
        wrap::{WrapFace, row_key, seal_wrap},
    },
    store::{
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        Vaults,
        accounts::{info, refuse_taken},
        compaction,
        error::VaultError,
        events,
        rotation::mark::{Cause, Mark},
        sessions::{forget_records, remove_sessions},
        transaction::Writer,
        unlocked::{
            Unlocked,
            rekey::{Change, Outcome},
        },
        witnesses::Retired,
    },
};

mod mark;
mod status;

pub use status::Rotation;

/// Most rows that one transaction moves (`format-v1.md` section 12).
pub const BATCH_ROWS: usize = 256;
/// A transaction takes no further row beyond this many stored bytes, so that saving never waits long.
const BATCH_BYTES: usize = 512 << 10;
/// So many rows are moved even when somebody waits to write.
const LEAST_ROWS: usize = 16;

/// Down to [`LEAST_ROWS`] of [`BATCH_ROWS`].
const MOST_HALVINGS: u32 = 4;

/// Where the drain of a rotation stands. A new one begins at the start, which is always right.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cursor {
    /// The generation that is being emptied.
    generation: u32,
    /// The last row that was looked at.
    after: Option<[u8; 24]>,
    is_at_end: bool,
    /// Halvings of the next batch: the more its rows, the longer its commit holds up others.
    halvings: u32,
}

/// What a call of [`Unlocked::advance`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing is to be done.
    Idle,
    /// Records were sealed anew: call again.
    Moved,
    /// A rotation ended or began: call again.
    Turned,
    /// Old bytes are to leave the file: call [`Vaults::settle`], tell [`Unlocked::compacted`], call again.
    Compact,
    /// What is left does not open, or does not add up: it waits for its owner to call [`Unlocked::let_go`].
    Stuck(Leftover),
}

/// What a rotation could not take along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leftover {
    /// Rows that do not open with any key of the vault.
    pub unreadable: u64,
    /// Rows were deleted, put back or planted by something other than this program.
    pub is_altered: bool,
}

impl Vaults {
    /// Voids every way into a vault but this password, and begins to seal everything anew. The recovery code that is
    /// answered is in force: show it before anything else. `None` when the password is not that of the vault, and
    /// nothing is changed.
    ///
    /// # Errors
    /// Key derivation and store errors. After a store error either state may be found; the password opens both.
    pub fn revoke(&self, unlocked: &Unlocked, password: &str) -> Result<Option<RecoveryCode>, VaultError> {
        let Ok(password) = Password::typed(password) else { return Ok(None) };
        let unlockers = self.unlockers(&Name::typed(&unlocked.name()), &password)?;
        let code = RecoveryCode::random();
        let ways = [&unlockers[0], &Unlocker::recovery(&self.header, &code)];
        let vault = unlocked.id();
        let done = unlocked.rekey(
            |change| {
                if !unlockers.iter().any(|way| change.keyring.lists(way.row())) {
                    return Ok(Outcome::Keep(None));
                }
                refuse_taken(change.rows, &unlockers, Some(vault))?;
                let urk = Key::random();
                remove_wraps(change.rows, *vault.as_bytes())?;
                let sids = remove_sessions(change.rows, vault)?;
                for way in ways {
                    let wrap = seal_wrap(way, vault, &self.header, &urk)?;
                    change.rows.put_small(&row_key(way.row()), &wrap)?;
                }
                change.keyring.wraps = ways.iter().map(|way| info(way, change.now)).collect();
                change.keyring.sess_gen += 1;
                let keys = VaultKeys::derive(change.urk, self.header.uuid, vault);
                let retired = Retired::of(keys, change.heads.active.seq);
                if change.keys.draining.is_some() {
                    change.keyring.rotate_again = true;
                } else {
                    turn(change)?;
                }
                compaction::owe(change.rows)?;
                Ok(Outcome::WriteUnder(urk, Some((sids, retired))))
            },
            |w, done| {
                if let Some((sids, retired)) = done {
                    forget_records(w, sids)?;
                    retired.put(w)?;
                }
                Mark { cause: Cause::Revoke, unclean: mark::NOW, shown: Some(*ways[1].row()) }.put(w)
            },
        )?;
        Ok(done.map(|_| code))
    }

    /// Whether this is the recovery code of the vault, typed by somebody who was shown it; then it counts as kept.
    ///
    /// # Errors
    /// Seal and store errors.
    pub fn keeps_code(&self, unlocked: &Unlocked, code: &RecoveryCode) -> Result<bool, VaultError> {
        let row = *Unlocker::recovery(&self.header, code).row();
        if !unlocked.keyring()?.lists(&row) {
            return Ok(false);
        }
        unlocked.write(|w| {
            let mark = Mark::read(w);
            if mark.shown == Some(row) { Mark { shown: None, ..mark }.put(w) } else { Ok(()) }
        })?;
        Ok(true)
    }
}

impl Unlocked {
    /// Begins to seal everything anew under fresh keys. `false` when that is under way already.
    ///
    /// # Errors
    /// Store errors; after one either state may be found.
    pub fn refresh(&self) -> Result<bool, VaultError> {
        self.begin(|mark| Mark { cause: Cause::Refresh, ..mark })
    }

    fn begin(&self, marked: impl FnOnce(Mark) -> Mark) -> Result<bool, VaultError> {
        self.rekey(
            |change| {
                if change.keys.draining.is_some() {
                    return Ok(Outcome::Keep(false));
                }
                turn(change)?;
                Ok(Outcome::Write(true))
            },
            |w, _| {
                let mark = marked(Mark::read(w));
                Mark { unclean: mark.unclean.max(mark::AT_END), ..mark }.put(w)
            },
        )
    }

    /// Does the next piece of a rotation, if there is one: one short transaction. `cursor` belongs to the caller and
    /// saves looking twice at what does not open.
    ///
    /// # Errors
    /// Those of [`Unlocked::write`].
    pub fn advance(&self, cursor: &mut Cursor) -> Result<Step, VaultError> {
        self.advance_by(cursor, BATCH_ROWS)
    }

    pub(super) fn advance_by(&self, cursor: &mut Cursor, n_rows: usize) -> Result<Step, VaultError> {
        let keys = self.key_set()?;
        let Some(draining) = &keys.draining else {
            *cursor = Cursor::default();
            if self.keyring()?.rotate_again {
                self.begin(|mark| mark)?;
                return Ok(Step::Turned);
            }
            let mark = self.read(|r| Ok(Mark::read(r)))?;
            return Ok(if mark.unclean == mark::CLEAN { Step::Idle } else { Step::Compact });
        };
        if cursor.generation != draining.generation() {
            *cursor = Cursor { generation: draining.generation(), ..Cursor::default() };
            if self.read(|r| Ok(Mark::read(r)))?.unclean == mark::NOW {
                return Ok(Step::Compact);
            }
        }
        if cursor.is_at_end {
            return self.end();
        }
        let limit = (n_rows >> cursor.halvings).max(LEAST_ROWS.min(n_rows));
        let was_awaited = Cell::new(false);
        let look = || {
            was_awaited.set(was_awaited.get() || self.is_awaited());
            was_awaited.get()
        };
        let (place, n_moved) = self.write_behind(|w| drain(w, *cursor, limit, &look))?;
        // Where somebody writes now, somebody will write again soon.
        let halvings = if look() { MOST_HALVINGS } else { cursor.halvings.saturating_sub(1) };
        *cursor = Cursor { halvings, ..place };
        if n_moved == 0 && place.is_at_end { self.end() } else { Ok(Step::Moved) }
    }

    /// Notes that old bytes have left the file after [`Step::Compact`].
    ///
    /// # Errors
    /// Those of [`Unlocked::write`].
    pub fn compacted(&self) -> Result<(), VaultError> {
        self.write(|w| {
            let mark = Mark::read(w);
            let unclean = if w.keys().draining.is_some() { mark::AT_END } else { mark::CLEAN };
            if mark.unclean == unclean { Ok(()) } else { Mark { unclean, ..mark }.put(w) }
        })
    }

    /// Lets go of what a rotation is stuck at: rows that do not open are removed for ever, those that open are taken
    /// along, and an event says how many are gone. Answers that number.
    ///
    /// # Errors
    /// Those of [`Unlocked::write`].
    pub fn let_go(&self) -> Result<u64, VaultError> {
        self.write(|w| {
            let Some(draining) = &w.keys().draining else { return Ok(0) };
            let left = left_over(w.rows(), draining)?;
            let lost = w.abandon(&left)?;
            events::append(w, events::Kind::LetGo, &[], &[lost])?;
            Ok(lost)
        })
    }

    /// Ends the rotation when nothing is left but the head of the old generation, and that counts nothing.
    fn end(&self) -> Result<Step, VaultError> {
        self.rekey(
            |change| {
                let (Some(draining), Some(head)) = (&change.keys.draining, &change.heads.draining) else {
                    return Ok(Outcome::Keep(Step::Turned));
                };
                let left = left_over(change.rows, draining)?;
                let mut set = SetHash::EMPTY;
                for (row, value) in &left {
                    // A value too short to have a mark was never written by this program: the sets differ then.
                    if let Ok(mark) = draining.mark(row, value) {
                        set.toggle(&mark);
                    }
                }
                let unreadable = left.len() as u64;
                let is_altered = head.count != unreadable || !head.set.matches(&set);
                if is_altered || unreadable > 0 {
                    return Ok(Outcome::Keep(Step::Stuck(Leftover { unreadable, is_altered })));
                }
                change.rows.remove(draining.head_row().as_bytes())?;
                compaction::owe(change.rows)?;
                change.heads.draining = None;
                change.keyring.generations.truncate(1);
                Ok(Outcome::Write(Step::Turned))
            },
            |_, _| Ok(()),
        )
    }
}

/// Puts a new generation in front of the one in use, whose head stays as it is.
fn turn(change: &mut Change<'_>) -> Result<(), VaultError> {
    let number = change.keyring.active().number.checked_add(1).ok_or(VaultError::KeyWorn)?;
    let generation = Generation { number, key: Key::random(), created: change.now };
    change.keyring.generations.insert(0, generation);
    change.keyring.rotate_again = false;
    let old = &change.heads.active;
    let head = Head {
        generation: number,
        seq: old.seq,
        count: 0,
        set: SetHash::EMPTY,
        seals: 0,
        keyring_rev: old.keyring_rev,
        wall: old.wall,
        lineage: old.lineage,
    };
    change.heads.draining = Some(std::mem::replace(&mut change.heads.active, head));
    Ok(())
}

/// Moves the next rows of the draining generation. Answers how far it came and how many moved.
fn drain(
    w: &mut Writer<'_>,
    cursor: Cursor,
    n_rows: usize,
    is_awaited: &dyn Fn() -> bool,
) -> Result<(Cursor, usize), VaultError> {
    let Some(draining) = w.keys().draining.as_ref().filter(|keys| keys.generation() == cursor.generation)
    else {
        return Ok((Cursor::default(), 0)); // ended meanwhile by somebody else
    };
    let (mut first, mut last) = RowKey::range(draining.vault(), draining.generation());
    if let Some(after) = cursor.after {
        let Some(next) = successor(after).filter(|next| next <= last.as_bytes()) else {
            return Ok((Cursor { is_at_end: true, ..cursor }, 0));
        };
        first = RowKey::from_bytes(next);
    }
    let head_row = draining.head_row();
    let (mut found, mut n_bytes, mut is_at_end) = (Vec::new(), 0, true);
    w.rows().scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
        if found.len() >= n_rows || n_bytes >= BATCH_BYTES {
            is_at_end = false;
            return ControlFlow::Break(());
        }
        n_bytes += value.len();
        found.push((RowKey::from_bytes(*row), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    let mut n_moved = 0;
    for (seen, (row, value)) in found.iter().enumerate() {
        if seen >= LEAST_ROWS && is_awaited() {
            is_at_end = false;
            break;
        }
        last = *row;
        if *row != head_row {
            n_moved += usize::from(w.relocate(row, value)?);
        }
    }
    let after = if found.is_empty() { cursor.after } else { Some(*last.as_bytes()) };
    Ok((Cursor { after, is_at_end, ..cursor }, n_moved))
}

/// The row key after this one; `None` after the last possible one.
fn successor(mut row: [u8; 24]) -> Option<[u8; 24]> {
    for byte in row.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(row);
        }
    }
    None
}

/// What is left of a generation besides its head.
fn left_over(rows: &dyn Rows, keys: &RecordKeys) -> Result<Vec<(RowKey, Vec<u8>)>, VaultError> {
    let (first, last) = RowKey::range(keys.vault(), keys.generation());
    let head_row = keys.head_row();
    let mut left = Vec::new();
    rows.scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
        let row = RowKey::from_bytes(*row);
        if row != head_row {
            left.push((row, value.to_vec()));
        }
        ControlFlow::Continue(())
    })?;
    Ok(left)
}

/// Removes every wrap of a vault, listed in its keyring or not.
fn remove_wraps(rows: &mut dyn RowsMut, vault: [u8; 7]) -> Result<(), VaultError> {
    for copy in Copy::BOTH {
        for (key, value) in rows.smalls(copy, b"W")? {
            if WrapFace::parse(&value).is_ok_and(|face| *face.vault.as_bytes() == vault) {
                rows.remove_small(&key)?;
            }
        }
    }
    Ok(())
}
