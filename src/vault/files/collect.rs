//! Files that nothing points to: what a pointer named that is damaged or lost.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
};

use crate::{
    crypto::record::{Opened, RecordType, RowKey},
    vault::{
        error::VaultError,
        files::{FileId, FileKind, page_key, unfinished},
        payload::{
            Payload,
            file::{FileV1, NamedV1},
        },
        transaction::{Reader, Writer},
        unlocked::Unlocked,
    },
};

/// Records removed in one transaction.
const AT_ONCE: usize = 512;

/// Records of files that nothing points to.
#[derive(Default)]
pub struct Orphans {
    files: Vec<FileId>,
    pages: Vec<(FileId, u32)>,
}

impl Orphans {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.files.len() + self.pages.len()
    }

    /// Whether everything is pointed to.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Looks for files that can be made anew and that no name points to, and for pages without a file. It opens every
/// record: use it when a pointer does not open, and when an index is rebuilt on demand. A file that is being written is
/// listed by its pointer, so what is found here can never be pointed to again.
///
/// # Errors
/// Store errors.
pub fn orphans(r: &Reader<'_>) -> Result<Orphans, VaultError> {
    let census = Census::take(r)?;
    if census.is_uncertain {
        return Ok(Orphans::default());
    }
    let is_orphan = |id: &FileId| match census.files.get(id) {
        _ if census.named.contains(id) => false,
        Some(kind) => kind.is_none_or(FileKind::is_derived),
        // The record of the file may be one of those that do not open, and say that it cannot be made anew.
        None => !census.has_broken,
    };
    Ok(Orphans {
        files: census.files.keys().copied().filter(is_orphan).collect(),
        pages: census.pages.iter().copied().filter(|(id, _)| is_orphan(id)).collect(),
    })
}

/// Looks for them and removes them all, in small transactions. Only the command line, and who meets a pointer that does
/// not open, have a reason to: every record is opened.
///
/// # Errors
/// Store errors; what is left is found by the next one.
pub fn clear(vault: &Unlocked) -> Result<(), VaultError> {
    let mut orphans = vault.read(orphans)?;
    while !orphans.is_empty() {
        vault.write(|w| remove(w, &mut orphans, AT_ONCE))?;
    }
    Ok(())
}

/// Damages a pointer.
#[cfg(test)]
pub(crate) fn spoil(w: &mut Writer<'_>, name: &str) -> Result<(), VaultError> {
    w.put_body(RecordType::NAMED, 1, name.as_bytes(), b"not a pointer")
}

/// Removes up to `most` of the records found; call it until [`Orphans::is_empty`].
///
/// # Errors
/// Store errors.
pub fn remove(w: &mut Writer<'_>, orphans: &mut Orphans, most: usize) -> Result<(), VaultError> {
    for (id, page) in orphans.pages.drain(orphans.pages.len().saturating_sub(most)..) {
        w.delete(RecordType::PAGE, &page_key(id, page))?;
    }
    if orphans.pages.is_empty() {
        for id in orphans.files.drain(..) {
            w.delete(RecordType::FILE, &id.0)?;
        }
    }
    Ok(())
}

/// All records of files of a vault.
#[derive(Default)]
pub(in crate::vault) struct Census {
    /// What each is; `None` when its record has another shape.
    pub(in crate::vault) files: HashMap<FileId, Option<FileKind>>,
    pub(in crate::vault) pages: Vec<(FileId, u32)>,
    pub(in crate::vault) named: HashSet<FileId>,
    /// A record of a newer program may name any of them.
    is_uncertain: bool,
    /// Records that do not open.
    has_broken: bool,
}

impl Census {
    pub(in crate::vault) fn take(r: &Reader<'_>) -> Result<Self, VaultError> {
        let mut census = Self::default();
        for keys in r.keys().generations() {
            let (first, last) = RowKey::range(keys.vault(), keys.generation());
            r.rows().scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
                match keys.open_any(&RowKey::from_bytes(*row), value) {
                    Ok(opened) => census.note(&opened),
                    Err(_) => census.has_broken = true,
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(census)
    }

    fn note(&mut self, opened: &Opened) {
        match opened.kind {
            RecordType::NAMED => match NamedV1::decode(opened.schema, opened.body()) {
                Ok(stored) => {
                    self.named.extend(unfinished(&stored));
                    self.named.extend(stored.files.into_iter().map(FileId));
                }
                Err(_) => self.is_uncertain = true,
            },
            RecordType::FILE => {
                let Some(id) = opened.key().first_chunk() else { return };
                match FileV1::decode(opened.schema, opened.body()) {
                    Ok(stored) => self.files.insert(FileId(*id), Some(FileKind(stored.kind))),
                    Err(VaultError::NewerRecord) => {
                        self.is_uncertain = true;
                        None
                    }
                    Err(_) => self.files.insert(FileId(*id), None),
                };
            }
            RecordType::PAGE => {
                if let Some((id, page)) = opened.key().split_first_chunk()
                    && let Some(page) = page.first_chunk()
                {
                    self.pages.push((FileId(*id), u32::from_le_bytes(*page)));
                }
            }
            _ => {}
        }
    }
}
