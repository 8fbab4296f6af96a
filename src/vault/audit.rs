//! Looking through one vault with the secret of its owner and without changing anything: for a journal file, and for
//! a backup, which is read in place.
//!
//! It proves what [`crate::vault::verify`] proves, and besides that every record opens, stands where its own key
//! leads, is not newer than the head, and that every day lists what is there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::ControlFlow,
};

use crate::{
    crypto::{
        VaultId,
        canon::Name,
        header::{Header, ROW},
        keyring::Keyring,
        keys::{RecordKeys, VaultKeys},
        record::{Opened, RecordType, RowKey},
        secret::{Key, Password, RecoveryCode},
        set::SetHash,
        unlock::Unlocker,
        wrap::{open_wrap, row_key},
    },
    journal::day::Day,
    store::{rows::Rows, tables::Copy},
    vault::{
        backup::header_of,
        error::VaultError,
        payload::{Payload, entry::EntryV1, index::DayV1},
        transaction::{Heads, KeySet},
        unlocked::keyring_row,
    },
};

/// What opens a vault. It is used at once and kept by nobody.
pub enum Secret {
    /// A name and a password, as typed.
    Password {
        /// The name.
        name: String,
        /// The password.
        password: zeroize::Zeroizing<String>,
    },
    /// A recovery code.
    Code(RecoveryCode),
}

/// What was found in one vault.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Its short id, as shown to people.
    pub vault: VaultId,
    /// Records, heads not counted.
    pub records: u64,
    /// Of these, how many open and stand in their place.
    pub opened: u64,
    /// The head opens, and exactly the rows are there that were written last.
    pub head_ok: bool,
    /// Records that are newer than the head.
    pub newer: u64,
    /// Rows of generations that the keyring does not list.
    pub strays: u64,
    /// Entries, replies and openings, those in the trash included.
    pub entries: usize,
    /// Entries that no day lists.
    pub unlisted: usize,
    /// Days on which something is wrong.
    pub days: Vec<DayFlaws>,
    /// When the vault was written last, milliseconds since 1970 UTC.
    pub written: Option<i64>,
    /// The number of the last transaction.
    pub seq: Option<u64>,
}

/// What is wrong with one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayFlaws {
    /// Which day.
    pub day: Day,
    /// Entries that it lists and that are not there or do not open.
    pub lost: usize,
    /// Entries that are there in an earlier text.
    pub stale: usize,
}

impl Audit {
    /// Whether nothing is wrong.
    pub fn ok(&self) -> bool {
        self.head_ok
            && self.opened == self.records
            && (self.newer, self.strays, self.unlisted) == (0, 0, 0)
            && self.days.is_empty()
    }
}

/// Looks through the vault that a secret opens, in one view of the rows. `None` when it opens none.
///
/// # Errors
/// [`VaultError::Replaced`], [`VaultError::Altered`] when keyring or header do not open; key derivation and store errors.
pub fn audit(rows: &dyn Rows, secret: &Secret) -> Result<Option<Audit>, VaultError> {
    let mut headers = Vec::new();
    for copy in Copy::BOTH {
        headers.extend(rows.small(copy, ROW)?);
    }
    let header = header_of(&headers)?;
    let candidates = |key: &[u8]| {
        let copies = [rows.small(Copy::A, key)?, rows.small(Copy::B, key)?];
        Ok(copies.into_iter().flatten().collect())
    };
    let Some(found) = open_ring(&header, secret, &candidates)? else { return Ok(None) };
    let keys = KeySet::of(&found.keyring, header.uuid, found.vault);
    look(rows, &keys, found.keyring.rev).map(Some)
}

/// A way in that opened, and what it led to.
pub(super) struct Ring {
    pub(super) vault: VaultId,
    pub(super) row: [u8; 32],
    pub(super) wrap: Vec<u8>,
    pub(super) urk: Key,
    pub(super) keyring: Keyring,
    pub(super) ring: Vec<u8>,
}

/// The values found for a key of a small row.
pub(super) type Candidates<'c> = &'c dyn Fn(&[u8]) -> Result<Vec<Vec<u8>>, VaultError>;

/// Finds the wrap that a secret opens, and the newest keyring that opens with it.
pub(super) fn open_ring(
    header: &Header,
    secret: &Secret,
    candidates: Candidates<'_>,
) -> Result<Option<Ring>, VaultError> {
    for unlocker in unlockers(header, secret)? {
        let unlocker = unlocker?;
        for wrap in candidates(&row_key(unlocker.row()))? {
            let Ok((vault, urk)) = open_wrap(&unlocker, header, &wrap) else { continue };
            let vault_keys = VaultKeys::derive(&urk, header.uuid, vault);
            let rings = candidates(&keyring_row(vault))?.into_iter();
            let best = rings
                .filter_map(|ring| Some((Keyring::open(&vault_keys, &ring).ok()?, ring)))
                .max_by_key(|(keyring, _)| keyring.rev);
            let Some((keyring, ring)) = best else {
                return Err(VaultError::Altered(crate::vault::error::Alteration::Keyring));
            };
            if !keyring.lists(unlocker.row()) {
                return Err(VaultError::Replaced);
            }
            return Ok(Some(Ring { vault, row: *unlocker.row(), wrap, urk, keyring, ring }));
        }
    }
    Ok(None)
}

type Unlockers<'a> = Box<dyn Iterator<Item = Result<Unlocker, VaultError>> + 'a>;

fn unlockers<'a>(header: &'a Header, secret: &'a Secret) -> Result<Unlockers<'a>, VaultError> {
    Ok(match secret {
        Secret::Code(code) => Box::new(std::iter::once(Ok(Unlocker::recovery(header, code)))),
        Secret::Password { name, password } => {
            let (name, password) = (Name::typed(name), Password::typed(password)?);
            Box::new(
                header
                    .profiles()
                    .map(move |profile| Ok(Unlocker::password(header, profile, &name, &password)?)),
            )
        }
    })
}

/// What stands in the DAY and ENTRY records.
#[derive(Default)]
struct Listed {
    entries: HashMap<[u8; 16], (i32, u32)>,
    days: BTreeMap<i32, Vec<([u8; 16], u32)>>,
}

fn look(rows: &dyn Rows, keys: &KeySet, keyring_rev: u64) -> Result<Audit, VaultError> {
    let heads = match Heads::read(rows, keys) {
        Err(err @ VaultError::Store(_)) => return Err(err),
        heads => heads.ok(),
    };
    let mut audit = Audit {
        vault: keys.active.vault(),
        records: 0,
        opened: 0,
        head_ok: heads.as_ref().is_some_and(|heads| heads.active.keyring_rev == keyring_rev),
        newer: 0,
        strays: 0,
        entries: 0,
        unlisted: 0,
        days: Vec::new(),
        written: heads.as_ref().map(|heads| heads.active.wall),
        seq: heads.as_ref().map(|heads| heads.active.seq),
    };
    let mut listed = Listed::default();
    let mut tallies: Vec<(&RecordKeys, RowKey, SetHash, u64)> =
        keys.generations().map(|keys| (keys, keys.head_row(), SetHash::EMPTY, 0)).collect();
    let (first, _) = RowKey::range(audit.vault, 0);
    let (_, last) = RowKey::range(audit.vault, 0xff);
    rows.scan(first.as_bytes(), last.as_bytes(), &mut |row, value| {
        let row = RowKey::from_bytes(*row);
        // Byte 7 of a row key is the generation modulo 256.
        let of_row = |head: &RowKey| head.as_bytes()[7] == row.as_bytes()[7];
        let Some((keys, head, set, count)) = tallies.iter_mut().find(|(_, head, ..)| of_row(head)) else {
            audit.strays += 1;
            return ControlFlow::Continue(());
        };
        if row == *head {
            return ControlFlow::Continue(());
        }
        audit.records += 1;
        *count += 1;
        match keys.mark(&row, value) {
            Ok(mark) => set.toggle(&mark),
            Err(_) => audit.head_ok = false,
        }
        if let Ok(opened) = keys.open_any(&row, value) {
            audit.opened += 1;
            audit.newer += u64::from(audit.seq.is_some_and(|seq| opened.seq > seq));
            listed.note(&opened);
        }
        ControlFlow::Continue(())
    })?;
    if let Some(heads) = &heads {
        let heads = std::iter::once(&heads.active).chain(&heads.draining);
        for ((_, _, set, count), head) in tallies.iter().zip(heads) {
            audit.head_ok &= *count == head.count && set.matches(&head.set);
        }
    }
    listed.judge(&mut audit);
    Ok(audit)
}

impl Listed {
    fn note(&mut self, opened: &Opened) {
        match opened.kind {
            RecordType::ENTRY => {
                if let Ok(entry) = EntryV1::decode(opened.schema, opened.body()) {
                    self.entries.insert(entry.id, (entry.day, entry.rev));
                }
            }
            RecordType::DAY => {
                if let Ok(day) = DayV1::decode(opened.schema, opened.body()) {
                    self.days.insert(day.day, day.items.iter().map(|item| (item.id, item.rev)).collect());
                }
            }
            _ => {}
        }
    }

    fn judge(&self, audit: &mut Audit) {
        let mut seen = BTreeSet::new();
        for (day, items) in &self.days {
            let (mut lost, mut stale) = (0, 0);
            for (id, rev) in items {
                seen.insert(*id);
                match self.entries.get(id) {
                    Some((of, stored)) => stale += usize::from(of != day || stored != rev),
                    None => lost += 1,
                }
            }
            if let Some(day) = Day::from_number(*day).filter(|_| lost + stale > 0) {
                audit.days.push(DayFlaws { day, lost, stale });
            }
        }
        audit.entries = self.entries.len();
        audit.unlisted = self.entries.keys().filter(|id| !seen.contains(*id)).count();
    }
}
