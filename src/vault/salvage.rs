//! Reading what is left of a damaged journal, with the secret of its owner, and writing it to a new one.
//!
//! The trees of the file are not needed: every page that looks like a leaf is read ([`crate::store::leaves`]), the
//! seal decides what is genuine, and of several versions of a record the one with the highest sequence number counts
//! (`decisions.md` 6). Pages that were freed and not yet overwritten are found as well. So two things are decided
//! here and not by what is found:
//! - an entry that the newest record of its day no longer lists was removed for ever, and stays so;
//! - a draft whose text was saved since is not brought back.
//!
//! The new file is the same journal: same identity, same keys, same ways in. Its places, counts, trash and head are
//! made anew, so it verifies. The damaged file is only read.

mod rebuild;
mod traces;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use crate::{
    clock::Clock,
    crypto::{
        SealError,
        header::{Header, ROW},
        keys::RecordKeys,
        record::{Opened, RecordType, RowKey, is_stored_len},
        wrap::WrapFace,
    },
    journal::day::Day,
    store::leaves::{Leaves, Shape},
    vault::{
        audit::{Ring, Secret, open_ring},
        backup::BackupError,
        error::{Alteration, VaultError},
        header::rebuild as rebuild_header,
        transaction::KeySet,
    },
};

/// What was read from a damaged journal and written to a new one.
#[derive(Clone, Debug, Default)]
pub struct Salvaged {
    /// Entries, replies and openings, those in the trash included.
    pub entries: usize,
    /// Earlier texts of entries.
    pub versions: usize,
    /// Drafts and everything else.
    pub others: usize,
    /// Entries that had been removed for ever and were still found; they are left out.
    pub removed: usize,
    /// Per day: what was found, and what the day lists and could not be found.
    pub days: Vec<SalvagedDay>,
    /// Other accounts in the file, which need their own secret.
    pub other_vaults: usize,
    /// Pages that the medium did not give.
    pub unreadable: u64,
}

/// What became of one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SalvagedDay {
    /// Which day.
    pub day: Day,
    /// Entries that are in the new journal.
    pub found: usize,
    /// Entries that the day listed and that could not be found.
    pub lost: usize,
}

impl Salvaged {
    /// Entries that were listed and could not be found.
    pub fn lost(&self) -> usize {
        self.days.iter().map(|day| day.lost).sum()
    }
}

/// Reads what is left of the vault that a secret opens and writes it to `journal`, which must not be there.
/// `None` when the secret opens nothing that was found.
///
/// # Errors
/// [`BackupError::Exists`]; [`VaultError::Replaced`] and [`SealError::Newer`] inside; key derivation, read and write errors.
pub fn salvage(
    damaged: &Path,
    secret: &Secret,
    journal: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Option<Salvaged>, BackupError> {
    if journal.symlink_metadata().is_ok() {
        return Err(BackupError::Exists);
    }
    let mut leaves = Leaves::open(damaged).map_err(VaultError::from)?;
    let smalls = Smalls::find(&mut leaves);
    let Some((header, ring)) = smalls.open(secret)? else { return Ok(None) };
    let keys = KeySet::of(&ring.keyring, header.uuid, ring.vault);
    let found = Found::find(&mut leaves, &keys);
    let other_vaults = smalls.vaults().filter(|vault| *vault != ring.vault.as_bytes().as_slice()).count();
    let way = rebuild::Way { header, ring, wraps: smalls.rows(b'W') };
    let mut salvaged = rebuild::rebuild(&mut leaves, &found, &keys, way, journal, clock)?;
    salvaged.other_vaults = other_vaults;
    salvaged.unreadable = found.unreadable;
    Ok(Some(salvaged))
}

/// Everything found that may be a small row.
struct Smalls(BTreeMap<Vec<u8>, Vec<Vec<u8>>>);

impl Smalls {
    fn find(leaves: &mut Leaves) -> Self {
        let mut found: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        leaves.walk(&mut |pair| {
            let fits = match (pair.shape, pair.key.first(), pair.key.len()) {
                (Shape::Small, Some(b'H'), 1) => pair.value.len() == Header::BYTES,
                (Shape::Small, Some(b'W'), 33) => WrapFace::parse(pair.value).is_ok(),
                (Shape::Small, Some(b'K'), 8) => pair.value.len() == crate::crypto::keyring::BYTES,
                _ => false,
            };
            if fits {
                let values = found.entry(pair.key.to_vec()).or_default();
                if !values.iter().any(|value| value == pair.value) {
                    values.push(pair.value.to_vec());
                }
            }
        });
        Self(found)
    }

    /// Tries the secret with every header that was found, then with the one the wraps repeat.
    fn open(&self, secret: &Secret) -> Result<Option<(Header, Ring)>, VaultError> {
        let mut headers = Vec::new();
        for value in self.0.get(ROW).into_iter().flatten() {
            match Header::parse(value) {
                Ok(header) => headers.push(header),
                Err(err @ SealError::Newer { .. }) => return Err(err.into()),
                Err(_) => {}
            }
        }
        let faces = self.rows(b'W').into_iter().map(|(key, value)| {
            let face = WrapFace::parse(&value).ok();
            (key, face.into_iter().collect())
        });
        if let Ok(Some(rebuilt)) = rebuild_header(&faces.collect()) {
            headers.push(rebuilt);
        }
        headers.dedup();
        let candidates = |key: &[u8]| Ok(self.0.get(key).cloned().unwrap_or_default());
        let mut refusal = None;
        for header in headers {
            match open_ring(&header, secret, &candidates) {
                Ok(Some(ring)) => return Ok(Some((header, ring))),
                Ok(None) => {}
                Err(err @ (VaultError::Replaced | VaultError::Altered(Alteration::Keyring))) => {
                    refusal = Some(err);
                }
                Err(err) => return Err(err),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// All values found for keys that begin with this letter.
    fn rows(&self, letter: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
        let of_letter = self.0.iter().filter(|(key, _)| key.first() == Some(&letter));
        of_letter.flat_map(|(key, values)| values.iter().map(|value| (key.clone(), value.clone()))).collect()
    }

    fn vaults(&self) -> impl Iterator<Item = &[u8]> {
        self.0.keys().filter(|key| key.first() == Some(&b'K')).map(|key| &key[1..])
    }
}

/// The newest version of every record that opens, and where it lies.
struct Found {
    records: HashMap<(RecordType, Vec<u8>), Place>,
    unreadable: u64,
}

/// Where a record lies in the damaged file.
#[derive(Clone, Copy)]
struct Place {
    row: RowKey,
    is_active: bool,
    seq: u64,
    offset: u64,
    len: usize,
}

impl Found {
    fn find(leaves: &mut Leaves, keys: &KeySet) -> Self {
        let mut records: HashMap<(RecordType, Vec<u8>), Place> = HashMap::new();
        let vault = keys.active.vault();
        let walk = leaves.walk(&mut |pair| {
            let is_ours = pair.shape == Shape::Record
                && pair.key.starts_with(vault.as_bytes())
                && is_stored_len(pair.value.len());
            let Some(row) = <[u8; 24]>::try_from(pair.key).ok().filter(|_| is_ours).map(RowKey::from_bytes)
            else {
                return;
            };
            for (number, keys) in keys.generations().enumerate() {
                let Ok(opened) = keys.open_any(&row, pair.value) else { continue };
                let place = Place {
                    row,
                    is_active: number == 0,
                    seq: opened.seq,
                    offset: pair.offset,
                    len: pair.value.len(),
                };
                let key = (opened.kind, opened.key().to_vec());
                match records.get(&key) {
                    Some(known) if known.seq >= place.seq => {}
                    _ => drop(records.insert(key, place)),
                }
            }
        });
        Self { records, unreadable: walk.unreadable }
    }

    /// The records of one type, with their logical keys.
    fn of(&self, kind: RecordType) -> impl Iterator<Item = (&[u8], &Place)> {
        self.records
            .iter()
            .filter(move |((of, _), _)| *of == kind)
            .map(|((_, key), place)| (key.as_slice(), place))
    }

    /// The highest sequence number of all.
    fn last_seq(&self) -> u64 {
        self.records.values().map(|place| place.seq).max().unwrap_or(0)
    }
}

impl Place {
    /// Reads the record again.
    fn open(&self, leaves: &mut Leaves, keys: &KeySet) -> Result<(Opened, Vec<u8>), VaultError> {
        let value = leaves.value(self.offset, self.len);
        Ok((self.keys(keys)?.open_any(&self.row, &value)?, value))
    }

    fn keys<'k>(&self, keys: &'k KeySet) -> Result<&'k RecordKeys, VaultError> {
        let generation = usize::from(!self.is_active);
        keys.generations().nth(generation).ok_or(VaultError::Altered(Alteration::Keyring))
    }
}
