//! An open vault.

mod accept;
pub mod changes;
mod kept;
pub(super) mod rekey;
pub mod seen;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
};

use crate::{
    clock::Clock,
    crypto::{
        VaultId,
        header::Header,
        keyring::Keyring,
        keys::VaultKeys,
        secret::Key,
        wrap::{WrapFace, row_key},
    },
    store::{
        Store,
        error::StoreError,
        rows::{Rows, RowsMut, SmallRow},
        tables::Copy,
    },
    vault::{
        error::{Alteration, VaultError},
        transaction::{Heads, KeySet, Reader, Writer},
        unlocked::{changes::Changes, seen::Marks},
        verify::has_strays,
    },
};

/// The keys of a vault and what is known from its keyring.
struct Ring {
    urk: Key,
    vault_keys: VaultKeys,
    keys: Arc<KeySet>,
    name: Arc<str>,
    /// A change of the keys failed, and the medium may hold either state: the keyring must be read before anything
    /// else. With it the root key that the change would have brought, if it was to bring one.
    doubt: Option<Option<Key>>,
}

/// Proof that a vault's keys are in memory, and the only way to its content. Shared in an `Arc` by all sessions of
/// its owner; the keys are wiped when the last one is dropped.
pub struct Unlocked {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    vault: VaultId,
    may_write: bool,
    /// Readers hold it while they take their snapshot, writers during their transaction; what changes the keys
    /// holds it alone while it commits. So keys and snapshot always belong together.
    ring: RwLock<Ring>,
    /// The heads as last committed; `None` when they must be read again. Held by the one writer.
    heads: Mutex<Option<Heads>>,
    marks: Mutex<Marks>,
    /// The head was missing, broken or older than the keyring when the vault was opened: nothing is written before its
    /// owner accepts the journal as it is.
    is_headless: AtomicBool,
    /// The latest moment of a commit, by the clock of that time; 0 when not known.
    latest: AtomicI64,
    /// Writers that wait for their turn; long work in small steps makes way for them.
    waiting: AtomicUsize,
    /// When a person last wrote, by the clock that nobody can set.
    written: AtomicI64,
    /// Entries that changed, for indexes in memory.
    changes: Mutex<Changes>,
}

impl Unlocked {
    /// Which vault this is; its text form is the short id shown to people.
    pub fn id(&self) -> VaultId {
        self.vault
    }

    /// The name as its owner typed it when choosing it.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner).name)
    }

    /// Whether this program may write to the file; a newer program may have reserved that for itself.
    pub fn may_write(&self) -> bool {
        self.may_write
    }

    /// Reads one consistent view. Keep it short, and call nothing of this vault or its store inside.
    ///
    /// # Errors
    /// Those of `work`, and when the file cannot be read.
    pub fn read<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let ring = self.ring()?;
        let keys = Arc::clone(&ring.keys);
        let snapshot = self.store.snapshot()?;
        drop(ring);
        work(&Reader::new(snapshot.rows(), &keys))
    }

    /// Runs one transaction: all that `work` writes is kept, with a new head, or nothing when it fails or panics.
    /// Returns after the commit is on the medium. Call nothing of this vault or its store inside.
    ///
    /// # Errors
    /// Those of `work`; [`VaultError::Altered`] when something else changed the vault; [`VaultError::KeyWorn`];
    /// [`VaultError::ReadOnly`]; store errors.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.written.store(self.clock.boot_ms(), Ordering::Relaxed);
        let ring = self.ring()?;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let heads = self.heads();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.transact(&ring.keys, heads, work)
    }

    /// As [`Unlocked::write`], for work that nobody waits for: others need not make way for it.
    ///
    /// # Errors
    /// Those of [`Unlocked::write`].
    pub fn write_behind<T>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let ring = self.ring()?;
        self.transact(&ring.keys, self.heads(), work)
    }

    /// Whether somebody waits to write: long work in small steps makes way then.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Milliseconds since somebody last wrote; what is written behind does not count.
    pub fn rested_ms(&self) -> i64 {
        self.clock.boot_ms().saturating_sub(self.written.load(Ordering::Relaxed))
    }

    fn heads(&self) -> MutexGuard<'_, Option<Heads>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn transact<T>(
        &self,
        keys: &KeySet,
        mut heads: MutexGuard<'_, Option<Heads>>,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.refuse_writing()?;
        // Taken out: after an error or a panic the slot is empty and the next transaction reads them again.
        let known = heads.take();
        let (value, touched, committed) = self.store.write(|rows| -> Result<_, VaultError> {
            let known = match known {
                Some(known) => known,
                None => Heads::read(rows, keys)?,
            };
            let mut writer = Writer::begin(rows, keys, known, self.clock.now_ms())?;
            let value = work(&mut writer)?;
            Ok((value, writer.take_touched(), writer.finish()?))
        })?;
        self.note_changes(touched);
        self.keep(&mut heads, committed);
        Ok(value)
    }

    fn refuse_writing(&self) -> Result<(), VaultError> {
        match () {
            () if !self.may_write => Err(VaultError::ReadOnly),
            () if self.is_headless.load(Ordering::SeqCst) => Err(VaultError::Altered(Alteration::Head)),
            () => Ok(()),
        }
    }

    /// The keys, certain to be those of the file.
    fn ring(&self) -> Result<RwLockReadGuard<'_, Ring>, VaultError> {
        loop {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            if ring.doubt.is_none() {
                return Ok(ring);
            }
            drop(ring);
            self.look(&mut self.ring.write().unwrap_or_else(PoisonError::into_inner))?;
        }
    }

    /// Reads the keyring; for what needs to know the ways in.
    pub(super) fn keyring(&self) -> Result<Keyring, VaultError> {
        let ring = self.ring()?;
        let snapshot = self.store.snapshot()?;
        Ok(read_keyring(snapshot.rows(), &ring.vault_keys)?.0)
    }
}

/// What [`open`] needs besides the root key.
pub(super) struct Place {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) header: Header,
}

/// A wrap row that was opened: its key without the `W`, its value, and what was in it.
pub(super) struct Wrap {
    pub(super) row: [u8; 32],
    pub(super) value: Vec<u8>,
    pub(super) vault: VaultId,
    pub(super) urk: Key,
}

impl Wrap {
    /// Whether the root key opens the keyring of its vault.
    pub(super) fn leads_to_a_keyring(&self, rows: &dyn Rows, header: &Header) -> bool {
        read_keyring(rows, &VaultKeys::derive(&self.urk, header.uuid, self.vault)).is_ok()
    }
}

/// Opens a vault with its root key: the keyring must list the row the root key came from, and be the one that the
/// head names. Without a head that fits, the vault can only be read until its owner accepts it as it is. Where the two copies of these rows differ, the one that opened is written to both.
pub(super) fn open(place: Place, wrap: Wrap) -> Result<Unlocked, VaultError> {
    let Wrap { row, value, vault, urk } = wrap;
    enter(place, vault, urk, |keyring| keyring.lists(&row), Some((row_key(&row).to_vec(), value)))
}

/// Opens a vault with the root key found in the row of a session; the keyring must still have the session's number.
pub(super) fn open_session(
    place: Place,
    vault: VaultId,
    urk: Key,
    sess_gen: u64,
) -> Result<Unlocked, VaultError> {
    enter(place, vault, urk, |keyring| keyring.sess_gen == sess_gen, None)
}

fn enter(
    place: Place,
    vault: VaultId,
    urk: Key,
    admits: impl FnOnce(&Keyring) -> bool,
    used: Option<SmallRow>,
) -> Result<Unlocked, VaultError> {
    let Place { store, clock, header } = place;
    let may_write = header.may_write();
    let vault_keys = VaultKeys::derive(&urk, header.uuid, vault);
    let snapshot = store.snapshot()?;
    let (keyring, value) = match read_keyring(snapshot.rows(), &vault_keys) {
        Err(VaultError::Altered(_)) if is_sealed_anew(snapshot.rows(), &vault_keys)? => {
            return Err(VaultError::Replaced);
        }
        found => found?,
    };
    if !admits(&keyring) {
        return Err(VaultError::Replaced);
    }
    let keys = KeySet::of(&keyring, header.uuid, vault);
    let heads = match Heads::read(snapshot.rows(), &keys) {
        // Somebody put an older head back, or the head of a rotation is missing.
        Ok(heads) if heads.active.keyring_rev < keyring.rev => None,
        // Rows of other keys tell of another keyring: then it is this one that was put back.
        Err(VaultError::Altered(Alteration::Head)) if has_strays(&Reader::new(snapshot.rows(), &keys))? => {
            return Err(VaultError::Altered(Alteration::Keyring));
        }
        Err(VaultError::Altered(Alteration::Head)) => None,
        heads => Some(heads?),
    };
    let mut good = intact_wraps(snapshot.rows(), &keyring, &header)?;
    good.extend(used);
    good.push((keyring_row(vault).to_vec(), value));
    drop(snapshot);
    if heads.as_ref().is_some_and(|heads| heads.active.keyring_rev != keyring.rev) {
        return Err(VaultError::Altered(Alteration::Keyring));
    }
    if may_write && let Err(error) = heal(&store, &good) {
        // Opening a journal must not need a write: the disk may be full or read-only.
        tracing::warn!(%error, "a damaged copy of a key row stays for now");
    }
    let name = Arc::from(keyring.name.as_str());
    let ring = RwLock::new(Ring { urk, vault_keys, keys: Arc::new(keys), name, doubt: None });
    let is_headless = AtomicBool::new(heads.is_none());
    let latest = heads.as_ref().map_or(0, |heads| heads.active.wall).into();
    let marks = Mutex::new(Marks::of(heads.as_ref()));
    let heads = Mutex::new(heads);
    Ok(Unlocked {
        store,
        clock,
        vault,
        may_write,
        ring,
        heads,
        marks,
        is_headless,
        latest,
        waiting: AtomicUsize::new(0),
        written: AtomicI64::new(i64::MIN),
        changes: Mutex::default(),
    })
}

/// The other wraps of which one copy is gone or plainly damaged. Whether the sealed part of the remaining one is
/// genuine shows when it is used.
fn intact_wraps(rows: &dyn Rows, keyring: &Keyring, header: &Header) -> Result<Vec<SmallRow>, VaultError> {
    let is_intact = |value: &Vec<u8>| WrapFace::parse(value).is_ok_and(|face| face.agrees_with(header));
    let mut intact = Vec::new();
    for wrap in &keyring.wraps {
        let key = row_key(&wrap.row);
        let copies = [rows.small(Copy::A, &key)?, rows.small(Copy::B, &key)?];
        if let [Some(value), None] | [None, Some(value)] = copies.map(|copy| copy.filter(is_intact)) {
            intact.push((key.to_vec(), value));
        }
    }
    Ok(intact)
}

/// Writes small rows to both copies where one of them differs.
fn heal(store: &Store, good: &[SmallRow]) -> Result<(), VaultError> {
    let broken = store.read(|rows| {
        let mut broken = Vec::new();
        for (key, value) in good {
            let copies = [rows.small(Copy::A, key)?, rows.small(Copy::B, key)?];
            if copies.iter().any(|copy| copy.as_ref() != Some(value)) {
                broken.push((key, value));
            }
        }
        Ok::<_, StoreError>(broken)
    })?;
    if broken.is_empty() {
        return Ok(());
    }
    tracing::warn!(rows = broken.len(), "a damaged copy of a key row was replaced by the other");
    store.write(|rows| {
        for (key, value) in broken {
            rows.put_small(key, value)?;
        }
        Ok(())
    })
}

/// Key of the keyring row.
pub(super) fn keyring_row(vault: VaultId) -> [u8; 8] {
    let mut key = [b'K'; 8];
    key[1..].copy_from_slice(vault.as_bytes());
    key
}

/// Whether the keyring, which these keys do not open, looks as if it was sealed under another root key since: both
/// copies are whole and the same. Then the wrap that led here was replaced by a revocation and came back.
fn is_sealed_anew(rows: &dyn Rows, vault_keys: &VaultKeys) -> Result<bool, VaultError> {
    let key = keyring_row(vault_keys.vault());
    let copies = [rows.small(Copy::A, &key)?, rows.small(Copy::B, &key)?];
    Ok(matches!(copies, [Some(one), Some(other)] if one == other && Keyring::fits(vault_keys, &one)))
}

/// Of the two copies the one with the higher revision that opens, and its bytes.
fn read_keyring(rows: &dyn Rows, vault_keys: &VaultKeys) -> Result<(Keyring, Vec<u8>), VaultError> {
    let mut best: Option<(Keyring, Vec<u8>)> = None;
    for copy in Copy::BOTH {
        let Some(value) = rows.small(copy, &keyring_row(vault_keys.vault()))? else { continue };
        let Ok(keyring) = Keyring::open(vault_keys, &value) else { continue };
        if best.as_ref().is_none_or(|(best, _)| keyring.rev > best.rev) {
            best = Some((keyring, value));
        }
    }
    best.ok_or(VaultError::Altered(Alteration::Keyring))
}
