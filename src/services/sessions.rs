//! Who is signed in: sessions and the unlocked users behind them, in memory. A restart signs everyone out, but for the
//! browsers that stay signed in ([`kept`]).
//!
//! Limits of time are measured on the clock that nobody can set ([`Moment::boot_ms`]), so that setting the machine's
//! clock never lengthens a session. The clock on the wall is only shown.

pub mod kept;
pub mod list;
mod renewal;
pub mod sight;
mod user;
pub mod wrong;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use jiff::tz::TimeZone;

pub use crate::services::sessions::user::User;
use crate::{
    clock::Moment,
    config::SessionLimits,
    crypto::{
        VaultId,
        token::{SessionId, Token},
    },
    services::{
        finding::held::HeldSearches,
        sessions::{kept::Kept, renewal::Stamp, sight::View, wrong::WrongTries},
    },
    vault::unlocked::Unlocked,
};

/// Most sessions one person may have at a time; the least recently used one ends first.
const MAX_SESSIONS_PER_USER: usize = 8;

/// A signed-in browser. Holding it proves that the vault is unlocked.
pub struct Session {
    fingerprint: [u8; 32],
    id: SessionId,
    pub(crate) user: Arc<User>,
    began: Moment,
    seen: Seen,
    /// What kind of browser it is, in a few words of ours.
    label: OnceLock<String>,
    /// That it stays when the program starts again.
    kept: OnceLock<Kept>,
    stamp: Stamp,
    /// Whether the first page after signing in was shown.
    pub(crate) is_greeted: AtomicBool,
    /// What was searched for, to show it again after going back.
    pub(crate) searches: HeldSearches,
    /// Wrong tries before it, until they were told.
    wrong: Mutex<Option<WrongTries>>,
    view: View,
}

/// A session about to begin.
pub(crate) struct Beginning {
    fingerprint: [u8; 32],
    id: SessionId,
    began: Moment,
    now: Moment,
    label: OnceLock<String>,
    kept: OnceLock<Kept>,
}

impl Beginning {
    /// Of somebody who has just typed a password.
    pub(crate) fn of(token: &Token, now: Moment) -> Self {
        let (fingerprint, id) = (token.fingerprint(), token.id());
        Self { fingerprint, id, began: now, now, label: OnceLock::new(), kept: OnceLock::new() }
    }
}

/// A session that has begun.
pub(crate) struct Begun {
    pub(crate) session: Arc<Session>,
    /// Whether the person was not signed in before.
    pub(crate) is_first: bool,
    /// What had to make room.
    pub(crate) gone: Vec<Gone>,
}

/// A session that is over and has something in the file that must go.
pub(crate) struct Gone {
    pub(crate) vault: Arc<Unlocked>,
    pub(crate) id: SessionId,
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

    /// Short id of the journal, as people see it.
    pub fn journal(&self) -> String {
        self.user.vault.id().to_string()
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
    locks_on_suspend: bool,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<[u8; 32], Arc<Session>>,
    users: HashMap<VaultId, Arc<User>>,
    /// Kept sessions that were ended: they open nothing in this process, whatever the file still says.
    denied: HashSet<SessionId>,
    /// How long the machine has slept, as far as that was noticed.
    slept_ms: i64,
    /// When it woke, by the clock on the wall: kept sessions that were last used before open nothing.
    woke: Option<i64>,
}

impl Sessions {
    /// `slept_ms` is how long the machine has slept already.
    pub(crate) fn new(limits: &SessionLimits, slept_ms: i64) -> Self {
        Self {
            inner: Mutex::new(Inner { slept_ms, ..Inner::default() }),
            idle_ms: i64::from(limits.idle_ttl) * 1000,
            absolute_ms: i64::from(limits.absolute_ttl) * 1000,
            locks_on_suspend: limits.lock_on_suspend,
        }
    }

    /// Starts a session. A person who is signed in elsewhere keeps one unlocked vault for all sessions, so that
    /// there is one head and one search index. `None` when the session was ended already.
    pub(crate) fn start(
        &self,
        beginning: Beginning,
        vault: Arc<Unlocked>,
        zone: (String, TimeZone),
    ) -> Option<Begun> {
        let Beginning { fingerprint, id, began, now, label, kept } = beginning;
        let mut inner = guard(&self.inner);
        if inner.denied.contains(&id) {
            return None;
        }
        if let Some(session) = inner.sessions.get(&fingerprint) {
            // Two tabs came at once.
            return Some(Begun { session: Arc::clone(session), is_first: false, gone: Vec::new() });
        }
        let vault_id = vault.id();
        let is_first = !inner.users.contains_key(&vault_id);
        let new_user = || Arc::new(User::new(vault, zone.0, zone.1));
        let user = Arc::clone(inner.users.entry(vault_id).or_insert_with(new_user));
        let (seen, stamp) = (Seen::at(now), Stamp::none(fingerprint));
        let is_greeted = AtomicBool::default();
        let session = Session {
            fingerprint,
            id,
            user,
            began,
            seen,
            label,
            kept,
            stamp,
            is_greeted,
            searches: HeldSearches::default(),
            wrong: Mutex::default(),
            view: View::default(),
        };
        let session = Arc::new(session);
        inner.sessions.insert(fingerprint, Arc::clone(&session));
        let mut others: Vec<(i64, [u8; 32])> = inner
            .sessions
            .values()
            .filter(|other| other.user.vault.id() == vault_id && other.fingerprint != fingerprint)
            .map(|other| (other.seen.boot_ms.load(Ordering::Relaxed), other.fingerprint))
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(MAX_SESSIONS_PER_USER);
        let oldest = &others[..surplus];
        let gone = inner.end_where(|other| oldest.iter().any(|(_, print)| *print == other.fingerprint));
        Some(Begun { session, is_first, gone })
    }

    /// The live session of a fingerprint; counts as being seen. With it what is over because it rested too long.
    pub(crate) fn find(&self, fingerprint: &[u8; 32], now: Moment) -> (Option<Arc<Session>>, Vec<Gone>) {
        let mut inner = guard(&self.inner);
        let Some(session) = inner.sessions.get(fingerprint).map(Arc::clone) else {
            return (None, Vec::new());
        };
        if self.is_over(&session, now) {
            return (None, inner.end(fingerprint));
        }
        session.seen.again(now);
        (Some(session), Vec::new())
    }

    /// Ends one session; the last one of a person locks the vault.
    pub(crate) fn end(&self, fingerprint: &[u8; 32]) -> Vec<Gone> {
        guard(&self.inner).end(fingerprint)
    }

    /// Ends all sessions of a vault and locks it.
    pub(crate) fn lock(&self, vault: VaultId) {
        guard(&self.inner).end_where(|session| session.user.vault.id() == vault);
    }

    /// Ends the sessions whose time is over.
    pub(crate) fn sweep(&self, now: Moment) -> Vec<Gone> {
        let mut inner = guard(&self.inner);
        let gone = inner.end_where(|session| self.is_over(session, now));
        inner.users.values().for_each(|user| user.expire_offer(now));
        gone
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
    fn end(&mut self, fingerprint: &[u8; 32]) -> Vec<Gone> {
        self.end_where(|session| session.fingerprint == *fingerprint)
    }

    /// The one place where sessions end while the program runs.
    fn end_where(&mut self, is_over: impl Fn(&Session) -> bool) -> Vec<Gone> {
        let (mut gone, denied) = (Vec::new(), &mut self.denied);
        self.sessions.retain(|_, session| {
            if !is_over(session) {
                return true;
            }
            if session.kept.get().is_some() {
                denied.insert(session.id);
                gone.push(Gone { vault: Arc::clone(&session.user.vault), id: session.id });
            }
            false
        });
        self.lock_unused();
        gone
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
