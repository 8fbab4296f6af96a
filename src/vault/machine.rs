//! What a model wrote, all of it: found by looking at every record, so that a kind that is added later is found as well.
//!
//! Which records hold a model's text is said by their type ([`RecordType::voice`]), and of entries by their role.

use std::{collections::HashSet, ops::ControlFlow};

use crate::{
    crypto::{
        keys::RecordKeys,
        record::{Opened, RecordType, RowKey, Voice},
    },
    journal::{entry::Role, ids::EntryId},
    vault::{
        error::VaultError,
        payload::{
            Payload,
            entry::{EntryV1, role_number},
            recap::RecapV1,
        },
        settings,
        transaction::{Reader, Writer},
        trash,
    },
};

/// Setting: the removal of everything a model wrote was begun and is to be ended. Its value is the moment before which
/// it was written, an i64.
const REMOVING: &str = "machine.removing";

/// A record that holds text of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// What it is.
    pub what: What,
    /// When it was made, milliseconds since 1970 UTC; 0 when it does not say.
    pub made: i64,
    kind: RecordType,
    key: Vec<u8>,
}

/// What a record of a model is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A reply to an entry, perhaps in the trash.
    Reply,
    /// An opening of a day, perhaps in the trash.
    Opening,
    /// A recap.
    Recap,
    /// Something that was added later.
    Other,
}

/// Everything that a model wrote or that was made of the journal for its writer, in no order. What does not open is left
/// out; recaps that were removed are no text any more.
///
/// # Errors
/// Store errors.
pub fn all(r: &Reader<'_>) -> Result<Vec<Made>, VaultError> {
    let keys = r.keys();
    let generations: Vec<&RecordKeys> = keys.generations().collect();
    let vault = keys.active.vault();
    let ((first, _), (_, last)) = (RowKey::range(vault, 0), RowKey::range(vault, 0xff));
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    r.rows().scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
        let row = RowKey::from_bytes(*row);
        // Byte 7 of a row key is the generation modulo 256.
        let keys = generations.iter().find(|keys| keys.head_row().as_bytes()[7] == row.as_bytes()[7]);
        let opened =
            keys.filter(|keys| row != keys.head_row()).and_then(|keys| keys.open_any(&row, value).ok());
        let made = opened.and_then(|opened| made(&opened));
        // While keys are changed a record may stand there twice.
        found.extend(made.filter(|made| seen.insert((made.kind, made.key.clone()))));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn made(opened: &Opened) -> Option<Made> {
    let (kind, key) = (opened.kind, opened.key().to_vec());
    let (what, made) = match (kind.voice(), kind) {
        (Voice::Writer, _) => return None,
        (Voice::Either, _) => {
            let entry = EntryV1::decode(opened.schema, opened.body()).ok()?;
            let what = if entry.role == role_number(Role::Reply) {
                What::Reply
            } else if entry.role == role_number(Role::Opening) {
                What::Opening
            } else {
                return None;
            };
            (what, entry.created)
        }
        (Voice::Machine, RecordType::RECAP) => {
            let recap = RecapV1::decode(opened.schema, opened.body());
            if recap.as_ref().is_ok_and(|recap| recap.text.is_empty()) {
                return None;
            }
            (What::Recap, recap.map_or(0, |recap| recap.made))
        }
        (Voice::Machine, _) => (What::Other, 0),
    };
    Some(Made { what, made, kind, key })
}

/// Notes that everything made until a moment is to be removed, so that it is ended when it breaks off.
///
/// # Errors
/// Seal and store errors.
pub fn begin(w: &mut Writer<'_>, until: i64) -> Result<(), VaultError> {
    settings::put(w, REMOVING, &until.to_le_bytes())
}

/// The moment up to which a removal was begun and not ended.
///
/// # Errors
/// Seal and store errors.
pub fn begun(r: &Reader<'_>) -> Result<Option<i64>, VaultError> {
    let value = settings::get(r, REMOVING)?;
    Ok(value.and_then(|value| value.try_into().ok()).map(i64::from_le_bytes))
}

/// Removes some of what was found for ever, in one transaction; keep it to some dozens. Replies and openings go with all
/// that belongs to them, and the index is told.
///
/// # Errors
/// Store errors, and seal errors of the records of days.
pub fn remove(w: &mut Writer<'_>, some: &[Made]) -> Result<(), VaultError> {
    let is_entry = |made: &&Made| made.kind == RecordType::ENTRY;
    let ids: Vec<EntryId> = some
        .iter()
        .filter(is_entry)
        .filter_map(|made| made.key.as_slice().try_into().ok())
        .map(EntryId::from_bytes)
        .collect();
    trash::remove_now(w, &ids)?;
    for made in some.iter().filter(|made| !is_entry(made)) {
        w.delete(made.kind, &made.key)?;
    }
    Ok(())
}

/// Notes that nothing is left to remove.
///
/// # Errors
/// Seal and store errors.
pub fn end(w: &mut Writer<'_>) -> Result<(), VaultError> {
    settings::remove(w, REMOVING)
}
