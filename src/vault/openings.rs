//! Openings: what a day begins with, at most one on each, kept as an entry with a role of its own.

use crate::{
    journal::{
        day::Day,
        entry::{Ending, Entry, Role},
        ids::EntryId,
    },
    vault::{
        days,
        entries::{self, entry},
        error::VaultError,
        payload::{entry::role_number, index::TRASHED},
        transaction::{Reader, Writer},
        trash,
    },
};

/// So many openings in a row that do not speak of a day, and no later one is expected to.
const MOST_STRANGERS: usize = 30;

/// The opening of a day outside the trash. Of several, as a joined journal may have, it is the first that is whole.
///
/// # Errors
/// Store errors, and seal errors of the record of the day.
pub fn get(r: &Reader<'_>, day: Day) -> Result<Option<Entry>, VaultError> {
    let is_whole = |found: &Entry| found.ending == Ending::Whole && !found.text.is_empty();
    Ok(all(r, day)?.into_iter().find(is_whole))
}

/// Keeps an opening as that of its day, in place of the one before when `replaces`. `false`, and nothing is kept, when
/// the day has one and it is to stay: whoever comes second finds the first.
///
/// # Errors
/// Those of [`entries::insert`].
pub fn keep(w: &mut Writer<'_>, opening: &Entry, replaces: bool) -> Result<bool, VaultError> {
    if !replaces && get(w, opening.day)?.is_some() {
        return Ok(false);
    }
    remove(w, opening.day, opening.created)?;
    entries::insert(w, opening)?;
    Ok(true)
}

/// Removes the opening of a day for ever; whether there was one. `now` must not be 0.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, day: Day, now: i64) -> Result<bool, VaultError> {
    let found = all(w, day)?;
    for opening in &found {
        trash::trash(w, opening.id, now)?;
        trash::purge(w, opening.id)?;
    }
    Ok(!found.is_empty())
}

/// Removes the openings that speak of a day of which something was removed for ever: they may hold sentences of it.
pub(super) fn forget_citing(w: &mut Writer<'_>, told: Day) -> Result<(), VaultError> {
    let mut n_strangers = 0;
    for day in days::opened_after(w, told)? {
        let cites =
            |opening: &Entry| opening.made_by.as_ref().is_some_and(|made| made.given.days.contains(&told));
        let found = match all(w, day) {
            // A day that cannot be read keeps nothing from being removed.
            Err(error) if error.is_of_one_record() => Vec::new(),
            found => found?,
        };
        match found.iter().find(|opening| cites(opening)).map(|opening| opening.created) {
            Some(created) => {
                remove(w, day, created.max(1))?;
                n_strangers = 0;
            }
            None => n_strangers += 1,
        }
        if n_strangers == MOST_STRANGERS {
            break;
        }
    }
    Ok(())
}

/// The openings of a day that open, without what is in the trash.
fn all(r: &Reader<'_>, day: Day) -> Result<Vec<Entry>, VaultError> {
    let mut found = Vec::new();
    let role = role_number(Role::Opening);
    for item in days::load(r, day)?.items.iter().filter(|item| item.role == role && item.flags & TRASHED == 0)
    {
        match entry(r, EntryId::from_bytes(item.id)) {
            Err(error) if error.is_of_one_record() => {}
            opening => found.extend(opening?),
        }
    }
    Ok(found)
}
