//! Whether a browser last saw a later state of the journal than there is: judged once per session, before anything else
//! is done in it, and decided by its owner.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    blocking,
    services::{
        Failure, Services,
        sessions::{Session, User, guard},
    },
    vault::{
        days,
        days::Totals,
        unlocked::seen::{Sight, Witness},
    },
};

/// How a session stands to what its browser last saw.
#[derive(Clone, Default)]
pub(super) enum Standing {
    /// Not looked at yet.
    #[default]
    Unjudged,
    /// Nothing older came back, or its owner goes on.
    Fine,
    /// Something older came back; what was seen, if that can be read.
    Undecided(Option<Arc<Witness>>),
    /// The same, and its owner only reads.
    ReadOnly(Option<Arc<Witness>>),
}

/// What a session keeps of it.
#[derive(Default)]
pub(super) struct View {
    standing: Mutex<Standing>,
    /// The number of the last commit that the browser has a witness of.
    given: AtomicU64,
}

impl View {
    /// For a session whose token is renewed: its browser gets a new witness.
    pub(super) fn again(&self) -> Self {
        Self { standing: Mutex::new(guard(&self.standing).clone()), given: AtomicU64::new(0) }
    }
}

/// A witness for `Set-Cookie`.
pub struct WitnessCookie {
    /// Name of the cookie.
    pub name: String,
    /// Its value, sealed.
    pub value: String,
}

/// What is to be decided about.
pub struct OlderJournal {
    /// What the journal holds now.
    pub totals: Option<Totals>,
    /// When that was written which the browser last saw, milliseconds since 1970; `None` when it cannot be read.
    pub seen: Option<i64>,
    /// Whether going on can be written down.
    pub can_go_on: bool,
}

impl Session {
    /// Whether the owner may write in it.
    pub fn may_write(&self) -> bool {
        matches!(*guard(&self.view.standing), Standing::Fine)
    }

    /// Whether it was looked at yet; when that failed it is done with the next request.
    pub fn is_judged(&self) -> bool {
        !matches!(*guard(&self.view.standing), Standing::Unjudged)
    }

    /// Whether its owner only reads, because an older state came back.
    pub fn only_reads(&self) -> bool {
        matches!(*guard(&self.view.standing), Standing::ReadOnly(_))
    }

    /// The name of the cookie of its witness.
    pub fn witness_name(&self) -> String {
        self.user.vault.witness_name()
    }

    /// Chooses to read only, where there is something to choose.
    pub fn choose_reading(&self) {
        let mut standing = guard(&self.view.standing);
        if let Standing::Undecided(seen) = &*standing {
            *standing = Standing::ReadOnly(seen.clone());
        }
    }

    fn older(&self) -> Option<Option<Arc<Witness>>> {
        match &*guard(&self.view.standing) {
            Standing::Undecided(seen) | Standing::ReadOnly(seen) => Some(seen.clone()),
            Standing::Unjudged | Standing::Fine => None,
        }
    }
}

impl Services {
    /// Judges a session by the witness its browser sends, once. What goes on for its owner begins after that.
    pub async fn judge(self: &Arc<Self>, session: &Session, cookie: Option<&str>) {
        if !matches!(*guard(&session.view.standing), Standing::Unjudged) {
            return;
        }
        let (vault, cookie) = (Arc::clone(&session.user.vault), cookie.map(str::to_owned));
        let sight = match blocking::db(move || vault.judge(cookie.as_deref())).await {
            Ok(Ok(sight)) => sight,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a journal could not be compared with what a browser last saw");
                return;
            }
            Err(_) => return,
        };
        match sight {
            Sight::Fine => self.is_fine(session),
            Sight::Older(seen) => {
                tracing::warn!("a journal is older than what a browser last saw");
                let mut standing = guard(&session.view.standing);
                if matches!(*standing, Standing::Unjudged) {
                    *standing = Standing::Undecided(seen.map(Arc::new));
                }
            }
        }
    }

    /// Lets a session write, and begins what goes on for its owner.
    pub(crate) fn is_fine(self: &Arc<Self>, session: &Session) {
        {
            let mut standing = guard(&session.view.standing);
            if !matches!(*standing, Standing::Unjudged) {
                return;
            }
            *standing = Standing::Fine;
        }
        self.settle_user(&session.user);
    }

    fn settle_user(self: &Arc<Self>, user: &Arc<User>) {
        user.vault.settle_sight();
        if !user.is_settled.swap(true, Ordering::SeqCst) {
            self.start_writing_for(user);
            self.purge_kept(user);
        }
        self.note_proof(user);
        self.tend(user);
        self.end_removal(user);
    }

    /// What there is to decide in a session; `None` when there is nothing.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn older_journal(&self, session: &Session) -> Result<Option<OlderJournal>, Failure> {
        let Some(seen) = session.older() else { return Ok(None) };
        let vault = Arc::clone(&session.user.vault);
        let totals = blocking::db(move || vault.read(days::totals)).await??;
        let is_read_only = self.store_note().is_some_and(|note| note.state == "read-only");
        Ok(Some(OlderJournal { totals, seen: seen.map(|seen| seen.wall), can_go_on: !is_read_only }))
    }

    /// Goes on from an older state as if nothing later had been; nothing happens when there is nothing to decide.
    ///
    /// # Errors
    /// When it cannot be written; then nothing was decided.
    pub async fn go_on(self: &Arc<Self>, session: &Session) -> Result<(), Failure> {
        let Some(seen) = session.older() else { return Ok(()) };
        let vault = Arc::clone(&session.user.vault);
        blocking::db(move || vault.go_on(seen.as_deref())).await??;
        tracing::info!("a journal was gone on from an older state");
        self.wrote();
        *guard(&session.view.standing) = Standing::Fine;
        self.settle_user(&session.user);
        Ok(())
    }

    /// The witness a browser is to keep, when the one it has is not of the last commit. None while something is to be
    /// decided: what the browser saw is kept.
    pub async fn witness(&self, session: &Session) -> Option<WitnessCookie> {
        let vault = &session.user.vault;
        let is_new = || vault.seen_seq() > Some(session.view.given.load(Ordering::Relaxed));
        if !session.may_write() || !is_new() {
            return None;
        }
        let keep = Arc::clone(vault);
        let (seq, name, value) = blocking::db(move || keep.witness()).await.ok()?.ok()??;
        let before = session.view.given.fetch_max(seq, Ordering::Relaxed);
        (before < seq).then_some(WitnessCookie { name, value })
    }
}
