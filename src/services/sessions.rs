//! Who is signed in: sessions and the unlocked users behind them. In memory only; a restart signs everyone out.
//!
//! Limits of time are measured on the clock that nobody can set ([`Moment::boot_ms`]), so that setting the machine's
//! clock never lengthens a session. The clock on the wall is only shown.

pub mod list;
mod renewal;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use jiff::tz::TimeZone;

use crate::{
    clock::Moment,
    config::SessionLimits,
    crypto::{
        VaultId,
        token::{SessionId, Token},
    },
    services::{
        generation::Running,
        indexing::UserIndex,
        integrity::UserIntegrity,
        rotation::UserRotation,
        sessions::renewal::{Offer, Stamp},
        transfer::ImportSlot,
    },
    shutdown::{Shutdown, Stopper, shutdown},
    vault::unlocked::Unlocked,
};

/// Most sessions one person may have at a time; the least recently used one ends first.
const MAX_SESSIONS_PER_USER: usize = 8;

/// A person whose vault is unlocked. All sessions of the person share it; when it is dropped the keys are wiped.
pub struct User {
    /// The open vault.
    pub(crate) vault: Arc<Unlocked>,
    /// The writer's time zone.
    zone: Mutex<(String, TimeZone)>,
    /// Replies that run now.
    pub(crate) running: Running,
    /// The open search index.
    pub(crate) index: UserIndex,
    /// Renewing the keys.
    pub(crate) rotation: UserRotation,
    /// What the check after unlocking found.
    pub(crate) integrity: UserIntegrity,
    /// When the trash was last looked through for what has been there too long.
    pub(crate) tended: AtomicI64,
    /// What was read for an import and waits for a yes.
    pub(crate) import: ImportSlot,
    /// The writer has switched the model off.
    pub(crate) model_is_off: AtomicBool,
    /// Was told, since signing in, that there is no model.
    pub(crate) knows_no_model: AtomicBool,
    /// Told when the vault is locked.
    pub(crate) locked: Shutdown,
    stopper: Stopper,
    offer: Offer,
}

impl User {
    fn new(vault: Arc<Unlocked>, zone_name: String, zone: TimeZone) -> Self {
        let (stopper, locked) = shutdown();
        Self {
            vault,
            zone: Mutex::new((zone_name, zone)),
            running: Running::default(),
            index: UserIndex::default(),
            rotation: UserRotation::default(),
            integrity: UserIntegrity::default(),
            tended: AtomicI64::new(0),
            import: ImportSlot::default(),
            model_is_off: AtomicBool::new(false),
            knows_no_model: AtomicBool::new(false),
            locked,
            stopper,
            offer: Offer::default(),
        }
    }

    /// The IANA name and the rules of the writer's zone.
    pub(crate) fn zone(&self) -> (String, TimeZone) {
        guard(&self.zone).clone()
    }

    /// Tells everything that works for this person to stop.
    fn lock(&self) {
        self.stopper.stop();
        self.running.interrupt_all();
        self.withdraw_offer();
    }
}

/// A signed-in browser. Holding it proves that the vault is unlocked.
pub struct Session {
    fingerprint: [u8; 32],
    id: SessionId,
    pub(crate) user: Arc<User>,
    began: Moment,
    seen: Seen,
    /// What kind of browser it is, in a few words of ours.
    label: OnceLock<String>,
    stamp: Stamp,
}

/// When a session was last used, on both clocks.
struct Seen {
    wall_ms: AtomicI64,
    boot_ms: AtomicI64,
}

impl Seen {
    fn at(now: Moment) -> Self {
        Self { wall_ms: now.wall_ms.into(), boot_ms: now.boot_ms.into() }
    }

    fn again(&self, now: Moment) {
        self.boot_ms.fetch_max(now.boot_ms, Ordering::Relaxed);
        self.wall_ms.store(now.wall_ms, Ordering::Relaxed);
    }
}

impl Session {
    /// The name the writer typed when registering.
    pub fn name(&self) -> String {
        self.user.vault.name().as_ref().to_owned()
    }

    /// SHA-256 of the session token.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }
}

/// All sessions of the process, found by the fingerprint of their token; the token itself is never kept.
pub(crate) struct Sessions {
    inner: Mutex<Inner>,
    idle_ms: i64,
    absolute_ms: i64,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<[u8; 32], Arc<Session>>,
    users: HashMap<VaultId, Arc<User>>,
}

impl Sessions {
    pub(crate) fn new(limits: &SessionLimits) -> Self {
        Self {
            inner: Mutex::default(),
            idle_ms: i64::from(limits.idle_ttl) * 1000,
            absolute_ms: i64::from(limits.absolute_ttl) * 1000,
        }
    }

    /// Starts a session. A person who is signed in elsewhere keeps one unlocked vault for all sessions, so that
    /// there is one head and one search index. The flag tells whether the person was not signed in before.
    pub(crate) fn start(
        &self,
        token: &Token,
        vault: Arc<Unlocked>,
        zone: (String, TimeZone),
        now: Moment,
    ) -> (Arc<Session>, bool) {
        let mut inner = guard(&self.inner);
        let id = vault.id();
        let is_first = !inner.users.contains_key(&id);
        let user =
            Arc::clone(inner.users.entry(id).or_insert_with(|| Arc::new(User::new(vault, zone.0, zone.1))));
        let fingerprint = token.fingerprint();
        let session = Arc::new(Session {
            fingerprint,
            id: token.id(),
            user,
            began: now,
            seen: Seen::at(now),
            label: OnceLock::new(),
            stamp: Stamp::none(fingerprint),
        });
        inner.sessions.insert(fingerprint, Arc::clone(&session));
        let mut of_user: Vec<(i64, [u8; 32])> = inner
            .sessions
            .values()
            .filter(|other| other.user.vault.id() == id)
            .map(|other| (other.seen.boot_ms.load(Ordering::Relaxed), other.fingerprint))
            .filter(|(_, other)| *other != fingerprint)
            .collect();
        of_user.sort_unstable();
        let surplus = (of_user.len() + 1).saturating_sub(MAX_SESSIONS_PER_USER);
        for (_, oldest) in of_user.into_iter().take(surplus) {
            inner.sessions.remove(&oldest);
        }
        (session, is_first)
    }

    /// The live session of a fingerprint; counts as being seen.
    pub(crate) fn find(&self, fingerprint: &[u8; 32], now: Moment) -> Option<Arc<Session>> {
        let mut inner = guard(&self.inner);
        let session = Arc::clone(inner.sessions.get(fingerprint)?);
        if self.is_over(&session, now) {
            inner.end(fingerprint);
            return None;
        }
        session.seen.again(now);
        Some(session)
    }

    /// Ends one session; the last one of a person locks the vault.
    pub(crate) fn end(&self, fingerprint: &[u8; 32]) {
        guard(&self.inner).end(fingerprint);
    }

    /// Ends all sessions of a vault and locks it.
    pub(crate) fn lock(&self, vault: VaultId) {
        let mut inner = guard(&self.inner);
        inner.sessions.retain(|_, session| session.user.vault.id() != vault);
        inner.lock_unused();
    }

    /// Ends the sessions whose time is over.
    pub(crate) fn sweep(&self, now: Moment) {
        let mut inner = guard(&self.inner);
        inner.sessions.retain(|_, session| !self.is_over(session, now));
        inner.lock_unused();
        inner.users.values().for_each(|user| user.expire_offer(now));
    }

    /// Everybody who is signed in.
    pub(crate) fn users(&self) -> Vec<Arc<User>> {
        guard(&self.inner).users.values().cloned().collect()
    }

    /// Ends everything: the program stops. The users are returned so that their work can be awaited.
    pub(crate) fn end_all(&self) -> Vec<Arc<User>> {
        let mut inner = guard(&self.inner);
        inner.sessions.clear();
        let users: Vec<Arc<User>> = inner.users.values().cloned().collect();
        inner.lock_unused();
        users
    }

    /// A number that names the person in the model's queue, and nowhere else.
    pub(crate) fn queue_owner(user: &User) -> u64 {
        let mut bytes = [0; 8];
        bytes[..7].copy_from_slice(user.vault.id().as_bytes());
        u64::from_le_bytes(bytes)
    }

    fn is_over(&self, session: &Session, now: Moment) -> bool {
        now.boot_ms - session.seen.boot_ms.load(Ordering::Relaxed) > self.idle_ms
            || now.boot_ms - session.began.boot_ms > self.absolute_ms
    }
}

impl Inner {
    fn end(&mut self, fingerprint: &[u8; 32]) {
        self.sessions.remove(fingerprint);
        self.lock_unused();
    }

    fn lock_unused(&mut self) {
        let sessions = &self.sessions;
        self.users.retain(|id, user| {
            let used = sessions.values().any(|session| session.user.vault.id() == *id);
            if !used {
                user.lock();
            }
            used
        });
    }
}

/// Takes a lock even after a panic in another request: what it guards stays whole between statements.
pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
