//! Reading and writing sealed records inside one transaction (`format-v1.md` sections 7 and 10).

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::{
    crypto::{
        Uuid, VaultId,
        keyring::{Generation, Keyring},
        keys::RecordKeys,
        record::{Envelope, Opened, RecordType, RowKey},
        set::{Head, MAX_SEALS, SetHash},
    },
    journal::ids::EntryId,
    store::rows::{Rows, RowsMut},
    vault::{
        error::{Alteration, VaultError},
        payload::Payload,
        unlocked::changes::Changes,
    },
};

/// The keys of the generations in use.
pub(super) struct KeySet {
    pub(super) active: RecordKeys,
    /// The generation a rotation is emptying.
    pub(super) draining: Option<RecordKeys>,
}

impl KeySet {
    pub(super) fn of(keyring: &Keyring, uuid: Uuid, vault: VaultId) -> Self {
        let derive =
            |generation: &Generation| RecordKeys::derive(&generation.key, uuid, vault, generation.number);
        Self { active: derive(keyring.active()), draining: keyring.draining().map(derive) }
    }

    /// In the order in which a record is looked for.
    pub(super) fn generations(&self) -> impl Iterator<Item = &RecordKeys> {
        std::iter::once(&self.active).chain(&self.draining)
    }
}

enum Access<'a> {
    Read(&'a dyn Rows),
    Write(&'a mut dyn RowsMut),
}

/// One consistent view of a vault. Given to the closures of [`crate::vault::unlocked::Unlocked::read`].
pub struct Reader<'a> {
    access: Access<'a>,
    keys: &'a KeySet,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rows: &'a dyn Rows, keys: &'a KeySet) -> Self {
        Self { access: Access::Read(rows), keys }
    }

    pub(super) fn rows(&self) -> &dyn Rows {
        match &self.access {
            Access::Read(rows) => *rows,
            Access::Write(rows) => &**rows,
        }
    }

    pub(super) fn keys(&self) -> &'a KeySet {
        self.keys
    }

    /// Opens the record of this type and key: in the active generation, else in the one being emptied.
    pub(super) fn open(&self, kind: RecordType, key: &[u8]) -> Result<Option<Opened>, VaultError> {
        for keys in self.keys.generations() {
            let row = keys.row_key(kind, key);
            if let Some(value) = self.rows().record(row.as_bytes())? {
                return Ok(Some(keys.open(kind, key, &value)?));
            }
        }
        Ok(None)
    }

    /// Opens a record and reads its body.
    pub(super) fn load<P: Payload>(&self, kind: RecordType, key: &[u8]) -> Result<Option<P>, VaultError> {
        let Some(opened) = self.open(kind, key)? else { return Ok(None) };
        P::decode(opened.schema, opened.body()).map(Some)
    }
}

/// The heads of the generations in use, as last committed.
pub(super) struct Heads {
    pub(super) active: Head,
    pub(super) draining: Option<Head>,
    /// Last 16 bytes of the stored head of the active generation: a cheap sign that it is still the same.
    stamp: [u8; 16],
}

impl Heads {
    /// The heads of a vault that has no record yet.
    pub(super) fn new(head: Head) -> Self {
        Self { active: head, draining: None, stamp: [0; 16] }
    }

    /// Heads made anew, for a journal that is accepted as it is.
    pub(super) fn made(active: Head, draining: Option<Head>) -> Self {
        Self { active, draining, stamp: [0; 16] }
    }

    /// Fails when the stored head of the active generation is not the one last committed: then something else wrote.
    pub(super) fn expect(&self, rows: &dyn Rows, keys: &KeySet) -> Result<(), VaultError> {
        let stored = rows.record(keys.active.head_row().as_bytes())?;
        let is_new = self.active.seq == 0;
        let is_same = match stored {
            Some(value) => !is_new && tag(&value) == Some(self.stamp),
            None => is_new,
        };
        if is_same { Ok(()) } else { Err(VaultError::Altered(Alteration::Head)) }
    }

    /// Reads the heads; a missing or broken one means that the file was altered.
    pub(super) fn read(rows: &dyn Rows, keys: &KeySet) -> Result<Self, VaultError> {
        let (active, stamp) = read_head(rows, &keys.active)?;
        let draining = keys.draining.as_ref().map(|keys| read_head(rows, keys)).transpose()?;
        Ok(Self { active, draining: draining.map(|(head, _)| head), stamp })
    }
}

fn read_head(rows: &dyn Rows, keys: &RecordKeys) -> Result<(Head, [u8; 16]), VaultError> {
    const ALTERED: VaultError = VaultError::Altered(Alteration::Head);
    let value = rows.record(keys.head_row().as_bytes())?.ok_or(ALTERED)?;
    let head = keys.open_head(&value).map_err(|_| ALTERED)?;
    Ok((head, tag(&value).ok_or(ALTERED)?))
}

fn tag(value: &[u8]) -> Option<[u8; 16]> {
    value.last_chunk().copied()
}

/// One write transaction of a vault. Given to the closures of [`crate::vault::unlocked::Unlocked::write`].
/// It reads like a [`Reader`] and sees its own changes.
pub struct Writer<'a> {
    reader: Reader<'a>,
    heads: Heads,
    draining_changed: bool,
    changed: bool,
    now: i64,
    touched: Changes,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Writer<'a> {
    /// Begins with the heads as last committed. `heads` fresh from [`Heads::new`] belong to a vault being made.
    pub(super) fn begin(
        rows: &'a mut dyn RowsMut,
        keys: &'a KeySet,
        heads: Heads,
        now: i64,
    ) -> Result<Self, VaultError> {
        if heads.active.seals >= MAX_SEALS {
            return Err(VaultError::KeyWorn);
        }
        heads.expect(rows, keys)?;
        Ok(Self::over(rows, keys, heads, now))
    }

    /// Begins with heads that are known to be those of the file, or that belong to a generation being made in this
    /// very transaction. How worn the key is does not count: changing keys must always be possible.
    pub(super) fn over(rows: &'a mut dyn RowsMut, keys: &'a KeySet, heads: Heads, now: i64) -> Self {
        let reader = Reader { access: Access::Write(rows), keys };
        Self { reader, heads, draining_changed: false, changed: false, now, touched: Changes::default() }
    }

    /// Milliseconds since 1970 UTC, the same throughout the transaction.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Number of this transaction; every record it writes carries it.
    pub fn seq(&self) -> u64 {
        self.heads.active.seq + 1
    }

    /// Notes for those who keep an index in memory that an entry changes here.
    pub(super) fn touch(&mut self, id: EntryId) {
        self.touched.entries.push(id);
    }

    /// Notes that any entry may change here.
    pub(super) fn touch_all(&mut self) {
        self.touched.all = true;
    }

    /// What was noted.
    pub(super) fn take_touched(&mut self) -> Changes {
        std::mem::take(&mut self.touched)
    }

    /// The history this transaction belongs to.
    pub(super) fn lineage(&self) -> [u8; 16] {
        self.heads.active.lineage
    }

    /// Puts the transaction into this history, behind the one with this number. Call it before anything is written.
    pub(super) fn leap(&mut self, lineage: [u8; 16], behind: u64) {
        (self.heads.active.lineage, self.heads.active.seq) = (lineage, behind);
        self.changed = true;
    }

    pub(super) fn rows_mut(&mut self) -> &mut dyn RowsMut {
        match &mut self.reader.access {
            Access::Write(rows) => &mut **rows,
            Access::Read(_) => unreachable!("a writer is only made over rows that can be written"),
        }
    }

    /// Writes all heads at the end, whatever else changes.
    pub(super) fn rewrite_heads(&mut self) {
        (self.changed, self.draining_changed) = (true, true);
    }

    /// Notes the revision of the keyring written in this transaction.
    pub(super) fn note_keyring(&mut self, rev: u64) {
        self.heads.active.keyring_rev = rev;
        self.changed = true;
    }

    /// Seals a record in place of the one with this type and key.
    pub(super) fn put<P: Payload>(
        &mut self,
        kind: RecordType,
        key: &[u8],
        payload: &P,
    ) -> Result<(), VaultError> {
        let body: Zeroizing<Vec<u8>> = payload.encode();
        self.put_body(kind, P::SCHEMA, key, &body)
    }

    pub(super) fn put_body(
        &mut self,
        kind: RecordType,
        schema: u16,
        key: &[u8],
        body: &[u8],
    ) -> Result<(), VaultError> {
        self.remove_draining(kind, key)?;
        let (row, value) =
            self.reader.keys.active.seal(&Envelope { kind, schema, seq: self.seq(), key, body })?;
        self.admit(&row, &value)
    }

    /// Stores a row of the active generation and counts it.
    fn admit(&mut self, row: &RowKey, value: &[u8]) -> Result<(), VaultError> {
        let keys = &self.reader.keys.active;
        let old = self.rows_mut().insert(row.as_bytes(), value)?;
        let head = &mut self.heads.active;
        if let Some(old) = old {
            forget(head, keys, row, &old)?;
        }
        head.set.toggle(&keys.mark(row, value)?);
        head.count += 1;
        head.seals += 1;
        self.changed = true;
        Ok(())
    }

    /// Takes a row of the generation that is being emptied to the active one. `false`, and nothing is changed, when it
    /// does not open, or when its head counts no more rows, so that this one was planted.
    pub(super) fn relocate(&mut self, row: &RowKey, value: &[u8]) -> Result<bool, VaultError> {
        let keys = self.reader.keys;
        let (Some(draining), Some(head)) = (&keys.draining, &self.heads.draining) else { return Ok(false) };
        if head.count == 0 || !self.copy_over(draining, row, value)? {
            return Ok(false);
        }
        self.rows_mut().remove(row.as_bytes())?;
        let head = self.heads.draining.as_mut().ok_or(VaultError::Altered(Alteration::Head))?;
        forget(head, draining, row, value)?;
        self.draining_changed = true;
        self.changed = true;
        Ok(true)
    }

    /// Lets go of what is left of the generation that is being emptied: what opens is taken along, the rest is removed,
    /// and its head counts nothing from now on. Answers how many rows were removed unread.
    pub(super) fn abandon(&mut self, rows: &[(RowKey, Vec<u8>)]) -> Result<u64, VaultError> {
        let keys = self.reader.keys;
        let Some(draining) = &keys.draining else { return Ok(0) };
        let mut lost = 0;
        for (row, value) in rows {
            lost += u64::from(!self.copy_over(draining, row, value)?);
            self.rows_mut().remove(row.as_bytes())?;
        }
        let head = self.heads.draining.as_mut().ok_or(VaultError::Altered(Alteration::Head))?;
        (head.set, head.count) = (SetHash::EMPTY, 0);
        self.draining_changed = true;
        self.changed = true;
        Ok(lost)
    }

    /// Seals a row of the draining generation in the active one, under the number of the transaction that wrote it,
    /// unless a later version stands there. `false` when it does not open.
    fn copy_over(&mut self, from: &RecordKeys, row: &RowKey, value: &[u8]) -> Result<bool, VaultError> {
        let active = &self.reader.keys.active;
        let Ok(opened) = from.open_any(row, value) else { return Ok(false) };
        let target = active.row_key(opened.kind, opened.key());
        let present = self.rows().record(target.as_bytes())?;
        let is_later = present.is_some_and(|value| {
            active.open_any(&target, &value).is_ok_and(|present| present.seq >= opened.seq)
        });
        if !is_later {
            let (target, sealed) = active.reseal(&opened.envelope(), value.len())?;
            self.admit(&target, &sealed)?;
        }
        Ok(true)
    }

    /// Removes the record with this type and key, if there is one.
    pub(super) fn delete(&mut self, kind: RecordType, key: &[u8]) -> Result<(), VaultError> {
        self.remove_draining(kind, key)?;
        let keys = &self.reader.keys.active;
        let row = keys.row_key(kind, key);
        if let Some(old) = self.rows_mut().remove(row.as_bytes())? {
            forget(&mut self.heads.active, keys, &row, &old)?;
            self.changed = true;
        }
        Ok(())
    }

    fn remove_draining(&mut self, kind: RecordType, key: &[u8]) -> Result<(), VaultError> {
        let Some(keys) = &self.reader.keys.draining else { return Ok(()) };
        let row = keys.row_key(kind, key);
        if let Some(old) = self.rows_mut().remove(row.as_bytes())? {
            let head = self.heads.draining.as_mut().ok_or(VaultError::Altered(Alteration::Head))?;
            forget(head, keys, &row, &old)?;
            self.draining_changed = true;
            self.changed = true;
        }
        Ok(())
    }

    /// Writes the heads. Gives them back to be kept after the commit; nothing is written when nothing changed.
    pub(super) fn finish(mut self) -> Result<Heads, VaultError> {
        if !self.changed {
            return Ok(self.heads);
        }
        let keys = self.reader.keys;
        let seq = self.seq();
        let head = &mut self.heads.active;
        head.seq = seq;
        head.wall = self.now;
        head.seals += 1;
        let (row, value) = keys.active.seal_head(head)?;
        self.heads.stamp = tag(&value).ok_or(VaultError::Altered(Alteration::Head))?;
        self.rows_mut().insert(row.as_bytes(), &value)?;
        if let (true, Some(keys), Some(head)) =
            (self.draining_changed, &keys.draining, &mut self.heads.draining)
        {
            head.seals += 1;
            let (row, value) = keys.seal_head(head)?;
            self.rows_mut().insert(row.as_bytes(), &value)?;
        }
        Ok(self.heads)
    }
}

/// Takes a row that is being replaced or removed out of the set.
fn forget(head: &mut Head, keys: &RecordKeys, row: &RowKey, old: &[u8]) -> Result<(), VaultError> {
    head.set.toggle(&keys.mark(row, old)?);
    // More rows removed than were ever counted: rows were planted.
    head.count = head.count.checked_sub(1).ok_or(VaultError::Altered(Alteration::Head))?;
    Ok(())
}
