//! Browsers that stay signed in when the program starts again (`crypto.dek_storage = "cookie"`, format section 13), and
//! everything about ending sessions that reaches the file.
//!
//! A session is ended in memory first, then in the file. What was ended is denied for as long as the process runs, so a
//! file that cannot be written brings nobody back. A session that comes back from the file begins in memory first and
//! its row is looked at once more then: whoever removed the row in between ended it.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::{
    blocking::{self, Panicked},
    clock::Moment,
    crypto::token::{SessionId, Token},
    services::{
        Services,
        sessions::{Beginning, Gone, Session, Sessions, User, guard},
    },
    vault::{
        error::VaultError,
        sessions::{Keep, Reopened},
        unlocked::Unlocked,
    },
};

/// `renewed` is written down at most once per this part of the idle limit.
const RENEWALS_PER_LIMIT: i64 = 8;
/// Shortest sleep of the machine that locks everybody's journal, in milliseconds.
const SLEEP_MS: i64 = 60_000;

/// What a session knows of its row. Times are milliseconds since 1970.
pub(super) struct Kept {
    expires: i64,
    renewed: AtomicI64,
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self { expires: self.expires, renewed: self.renewed.load(Ordering::Relaxed).into() }
    }
}

/// The cookie of a session, and for how long the browser is to keep it.
#[derive(Clone)]
pub struct SessionCookie {
    /// The token, for `Set-Cookie` and nothing else.
    pub value: String,
    /// Seconds; `None` as long as the browser runs.
    pub seconds: Option<u32>,
}

impl Session {
    fn is_renewal_due(&self, now: Moment, idle_ms: i64) -> bool {
        self.kept.get().is_some_and(|kept| {
            let renewed = kept.renewed.load(Ordering::Relaxed);
            now.wall_ms.saturating_sub(renewed).saturating_abs() >= idle_ms / RENEWALS_PER_LIMIT
                && kept
                    .renewed
                    .compare_exchange(renewed, now.wall_ms, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
        })
    }
}

impl Beginning {
    /// Of a browser that comes back after a restart: how long it has been signed in goes on counting.
    fn again(token: (SessionId, [u8; 32]), opened: &Reopened, now: Moment) -> Self {
        let age = now.wall_ms.saturating_sub(opened.created).max(0);
        let kept = Kept { expires: opened.expires, renewed: opened.renewed.into() };
        Self {
            fingerprint: token.1,
            id: token.0,
            began: Moment { wall_ms: opened.created, boot_ms: now.boot_ms.saturating_sub(age) },
            now,
            label: if opened.label.is_empty() {
                OnceLock::new()
            } else {
                OnceLock::from(opened.label.clone())
            },
            kept: OnceLock::from(kept),
        }
    }
}

impl Sessions {
    fn is_denied(&self, id: SessionId) -> bool {
        guard(&self.inner).denied.contains(&id)
    }

    fn slept_after(&self, renewed: i64) -> bool {
        guard(&self.inner).woke.is_some_and(|woke| renewed <= woke)
    }

    fn is_live(&self, session: &Session) -> bool {
        guard(&self.inner).sessions.contains_key(session.fingerprint())
    }

    /// Ends these for as long as the process runs.
    fn deny(&self, ids: &[SessionId]) {
        let mut inner = guard(&self.inner);
        inner.denied.extend(ids);
        inner.end_where(|session| ids.contains(&session.id));
    }

    /// Locks everybody when the machine has slept since the last look; gives the vaults that were open.
    fn wake(&self, slept_ms: i64, now: Moment) -> Vec<Arc<Unlocked>> {
        let mut inner = guard(&self.inner);
        let slept = slept_ms - std::mem::replace(&mut inner.slept_ms, slept_ms);
        if !self.locks_on_suspend || slept <= SLEEP_MS {
            return Vec::new();
        }
        inner.woke = Some(now.wall_ms);
        let vaults = inner.users.values().map(|user| Arc::clone(&user.vault)).collect();
        inner.end_where(|_| true);
        vaults
    }
}

impl Services {
    /// Whether browsers may stay signed in over a restart.
    pub fn keeps_sessions(&self) -> bool {
        self.keeps_sessions
    }

    /// The session of a cookie value; of a browser that stays signed in also after a restart.
    pub async fn visit(self: &Arc<Self>, cookie: &str) -> Option<Arc<Session>> {
        self.notice_sleep();
        let session = match self.session(cookie) {
            Some(session) => session,
            None => self.reopen(Token::parse(cookie).filter(|_| self.keeps_sessions)?).await?,
        };
        Some(session)
    }

    /// Writes down, now and then, that a session is in use.
    pub fn note_visit(&self, session: &Session, cookie: &str) {
        let Some(token) = Token::parse(cookie).filter(|_| session.may_write()) else { return };
        if session.is_renewal_due(self.clock.moment(), self.sessions.idle_ms) {
            let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
            self.in_background(
                "renew",
                blocking::db(move || vaults.renew_session(&vault, &token).map(|_| ())),
            );
            self.wrote();
        }
    }

    /// Lets the browser of a session stay signed in over a restart. `None`, and nothing is changed, when this instance
    /// does not keep sessions or the file cannot be written.
    pub async fn keep_signed_in(&self, session: &Session, cookie: &str) -> Option<u32> {
        if !self.keeps_sessions || !session.may_write() {
            return None;
        }
        let token = Token::parse(cookie)?;
        let expires = session.began.wall_ms.saturating_add(self.sessions.absolute_ms);
        session.kept.get_or_init(|| Kept { expires, renewed: self.clock.now_ms().into() });
        self.write_down(session, token, None).await
    }

    /// After a renewal: the new token takes the place of the old one in the file, too.
    pub(crate) async fn keep_renewed(&self, session: &Session, token: Token, old: SessionId) -> Option<u32> {
        session.kept.get()?;
        self.write_down(session, token, Some(old)).await
    }

    async fn write_down(&self, session: &Session, token: Token, replaces: Option<SessionId>) -> Option<u32> {
        let (expires, label) =
            (session.kept.get()?.expires, session.label.get().cloned().unwrap_or_default());
        let keep = Keep { created: session.began.wall_ms, expires, label, replaces };
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
        match blocking::db(move || vaults.keep_session(&vault, &token, &keep)).await {
            Ok(Ok(())) => self.wrote(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a browser cannot stay signed in over a restart");
                return None;
            }
            Err(_) => return None,
        }
        if !self.sessions.is_live(session) {
            // Locked in that very moment.
            self.forget(vec![Gone { vault: Arc::clone(&session.user.vault), id: session.id }]).await;
            return None;
        }
        u32::try_from((expires - self.clock.now_ms()) / 1000).ok()
    }

    async fn reopen(self: &Arc<Self>, token: Token) -> Option<Arc<Session>> {
        let (id, fingerprint) = (token.id(), token.fingerprint());
        if self.sessions.is_denied(id) {
            return None;
        }
        let (vaults, idle_ms) = (Arc::clone(&self.vaults), self.sessions.idle_ms);
        let opened = match blocking::db(move || vaults.open_session(&token, idle_ms)).await {
            Ok(Ok(opened)) => opened?,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a browser that stays signed in could not be let in");
                return None;
            }
            Err(_) => return None,
        };
        if self.sessions.slept_after(opened.renewed) {
            self.end_kept(opened.vault, id).await;
            return None;
        }
        let beginning = Beginning::again((id, fingerprint), &opened, self.clock.moment());
        let session = self.begin_session(opened.vault, beginning).await.ok()??;
        let vaults = Arc::clone(&self.vaults);
        let is_there = matches!(blocking::db(move || vaults.has_session(id)).await, Ok(Ok(true)));
        if !is_there {
            self.sessions.deny(&[id]);
        }
        self.sessions.is_live(&session).then_some(session)
    }

    /// Locks everybody when the machine has slept since the last look.
    pub(crate) fn notice_sleep(&self) {
        let slept = self.clock.boot_ms() - self.clock.awake_ms();
        let woken = self.sessions.wake(slept, self.clock.moment());
        if woken.is_empty() {
            return;
        }
        tracing::info!("the machine was asleep: every journal is locked");
        let vaults = Arc::clone(&self.vaults);
        self.in_background(
            "wake",
            blocking::db(move || {
                woken
                    .iter()
                    .try_for_each(|vault| vaults.forget_sessions(vault, &vaults.session_ids(vault.id())?))
            }),
        );
    }

    /// Ends all kept sessions of a vault, those of browsers that have not been here since the program started too.
    /// Answers whether they left the file.
    pub(crate) async fn forget_all(&self, vault: &Arc<Unlocked>) -> bool {
        let ids = self.deny_all(vault).await;
        let gone = ids.into_iter().map(|id| Gone { vault: Arc::clone(vault), id }).collect();
        self.forget(gone).await
    }

    /// Ends them for as long as the process runs.
    pub(crate) async fn deny_all(&self, vault: &Arc<Unlocked>) -> Vec<SessionId> {
        let (vaults, id) = (Arc::clone(&self.vaults), vault.id());
        let ids = match blocking::db(move || vaults.session_ids(id)).await {
            Ok(Ok(ids)) => ids,
            _ => Vec::new(),
        };
        self.sessions.deny(&ids);
        ids
    }

    /// Ends one kept session, wherever its browser is.
    pub(crate) async fn end_kept(&self, vault: Arc<Unlocked>, id: SessionId) {
        self.sessions.deny(&[id]);
        self.forget(vec![Gone { vault, id }]).await;
    }

    /// Takes ended sessions out of the file. `false` when it cannot be written now: they open nothing while the program
    /// runs, and go with a later sign-in.
    pub(crate) async fn forget(&self, gone: Vec<Gone>) -> bool {
        if gone.is_empty() {
            return true;
        }
        let is_done = self.removing(gone).await;
        self.wrote();
        is_done
    }

    /// The same beside whatever goes on.
    pub(crate) fn forget_later(&self, gone: Vec<Gone>) {
        if !gone.is_empty() {
            let removing = self.removing(gone);
            self.tasks.spawn(async move {
                removing.await;
            });
            self.wrote();
        }
    }

    fn removing(&self, gone: Vec<Gone>) -> impl Future<Output = bool> + Send + use<> {
        let vaults = Arc::clone(&self.vaults);
        logged(
            "end",
            blocking::db(move || {
                gone.iter().try_for_each(|gone| match vaults.has_session(gone.id)? {
                    true => vaults.forget_sessions(&gone.vault, &[gone.id]),
                    false => Ok(()),
                })
            }),
        )
    }

    /// After a sign-in: ends what is over by now in the file, what could not be taken out of it when it was ended, and
    /// everything there when sessions are not kept any more.
    pub(crate) fn purge_kept(&self, user: &Arc<User>) {
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&user.vault));
        if !vault.may_write() {
            return;
        }
        let idle_ms = self.keeps_sessions.then_some(self.sessions.idle_ms);
        let denied = guard(&self.sessions.inner).denied.clone();
        self.in_background(
            "purge",
            blocking::db(move || {
                vaults.purge_sessions(&vault, idle_ms)?;
                let ids = vaults.session_ids(vault.id())?.into_iter();
                vaults.forget_sessions(&vault, &ids.filter(|id| denied.contains(id)).collect::<Vec<_>>())
            }),
        );
    }

    /// Work on kept sessions that nobody waits for.
    fn in_background(
        &self,
        place: &'static str,
        work: impl Future<Output = Result<Result<(), VaultError>, Panicked>> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            logged(place, work).await;
        });
    }
}

/// Work that must not fail what it belongs to. Answers whether it was done.
async fn logged(
    place: &'static str,
    work: impl Future<Output = Result<Result<(), VaultError>, Panicked>>,
) -> bool {
    match work.await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::warn!(%error, place, "kept sessions stay in the file as they are for now"),
        Err(error) => tracing::error!(%error, place, "kept sessions stay in the file as they are for now"),
    }
    false
}
