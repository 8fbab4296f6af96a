//! Who may make a journal here (SR-08).
//!
//! | the program is reached from | the first journal | later ones |
//! |---|---|---|
//! | this machine only | anybody | anybody, unless `features.disable_registration` |
//! | other machines as well | whoever has the setup token of this start | whoever has an invitation, unless `features.disable_registration` |
//!
//! A token and an invitation are good for one journal: two who come at once with the same get one journal between them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use zeroize::Zeroizing;

use crate::{
    blocking,
    crypto::ticket::{Ticket, TicketHash},
    services::{Failure, Services, accounts::AccountError, keys::Confirmed},
};

/// How long a setup token is good, counted from the start of the program.
pub const SETUP_MS: i64 = 30 * 60 * 1000;
/// How long an invitation is good.
const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Invitations that may wait at a time.
pub const MAX_INVITATIONS: usize = 16;

/// Who may make a journal, as configured.
#[derive(Default)]
pub struct Registration {
    /// Other machines can reach the program.
    pub is_remote: bool,
    /// Closed after the first journal.
    pub is_disabled: bool,
    /// Needed for the first journal where other machines can reach the program.
    pub setup: Option<Setup>,
}

/// The setup token of this start.
pub struct Setup {
    hash: TicketHash,
    until_ms: i64,
    file: Option<PathBuf>,
}

impl Setup {
    /// Draws one; the text is for the terminal and for the file.
    ///
    /// # Panics
    /// When the operating system gives no random bytes.
    pub fn random(now_ms: i64, file: Option<PathBuf>) -> (Self, Zeroizing<String>) {
        let ticket = Ticket::random();
        (Self { hash: ticket.hash(), until_ms: now_ms + SETUP_MS, file }, ticket.display())
    }
}

/// What it takes to make a journal now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Nothing.
    Open,
    /// The setup token.
    Setup,
    /// An invitation.
    Invited,
    /// It cannot be done.
    Closed,
}

/// A way in that was shown to be there.
pub(super) enum Pass {
    /// None was needed.
    Free,
    /// The setup token, taken out of its place so that nobody else has it.
    Setup(Setup),
    /// An invitation, which goes with the transaction that makes the journal.
    Invitation(TicketHash),
}

/// The invitations that wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invitations {
    /// Whether they are how journals are made here.
    pub are_used: bool,
    /// How many wait.
    pub waiting: usize,
}

/// Rules and token of a running program.
pub(super) struct Gate {
    is_remote: bool,
    is_disabled: bool,
    setup: Mutex<Option<Setup>>,
}

impl From<Registration> for Gate {
    fn from(rules: Registration) -> Self {
        let Registration { is_remote, is_disabled, setup } = rules;
        Self { is_remote, is_disabled, setup: Mutex::new(setup) }
    }
}

impl Gate {
    pub(super) fn admission(&self, is_new: bool) -> Admission {
        match (is_new, self.is_remote, self.is_disabled) {
            (true, true, _) => Admission::Setup,
            (false, _, true) => Admission::Closed,
            (false, true, false) => Admission::Invited,
            _ => Admission::Open,
        }
    }

    fn take_setup(&self, code: &str, now_ms: i64) -> Option<Setup> {
        let typed = Ticket::parse(code)?.hash();
        let mut place = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        place.take_if(|setup| setup.hash == typed && now_ms < setup.until_ms)
    }

    fn put_back(&self, setup: Setup) {
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(setup);
    }
}

impl Services {
    /// Shows a code at the gate.
    ///
    /// # Errors
    /// [`AccountError::Closed`]; [`AccountError::Uninvited`] without a code that is good, whatever is wrong with it.
    pub(super) async fn admit(&self, code: &str) -> Result<Pass, AccountError> {
        let now = self.clock.now_ms();
        match self.instance().await?.admission {
            Admission::Open => Ok(Pass::Free),
            Admission::Closed => Err(AccountError::Closed),
            Admission::Setup => {
                self.gate.take_setup(code, now).map(Pass::Setup).ok_or(AccountError::Uninvited)
            }
            Admission::Invited => {
                let hash = Ticket::parse(code).ok_or(AccountError::Uninvited)?.hash();
                let vaults = Arc::clone(&self.vaults);
                let is_good =
                    blocking::db(move || vaults.is_invited(&hash, now)).await.map_err(Failure::from)??;
                if is_good { Ok(Pass::Invitation(hash)) } else { Err(AccountError::Uninvited) }
            }
        }
    }

    /// What becomes of a pass: used up when the journal was made, else given back.
    pub(super) async fn leave_gate(&self, pass: Pass, is_made: bool) {
        let Pass::Setup(setup) = pass else { return };
        if !is_made {
            self.gate.put_back(setup);
        } else if let Some(file) = setup.file {
            let removed = blocking::db(move || std::fs::remove_file(file)).await;
            if !matches!(removed, Ok(Ok(()))) {
                tracing::warn!("the file with the setup token could not be removed; the token is used up");
            }
        }
    }

    /// Makes an invitation for one journal, good for a week. `None` when too many wait already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn invite(&self, _owner: &Confirmed) -> Result<Option<Zeroizing<String>>, Failure> {
        let (ticket, now) = (Ticket::random(), self.clock.now_ms());
        let (hash, vaults) = (ticket.hash(), Arc::clone(&self.vaults));
        let keep = move || vaults.invite(&hash, now, now + INVITATION_MS, MAX_INVITATIONS);
        let is_kept = blocking::db(keep).await??;
        self.wrote();
        Ok(is_kept.then(|| ticket.display()))
    }

    /// The invitations that wait.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn invitations(&self) -> Result<Invitations, Failure> {
        let (vaults, now) = (Arc::clone(&self.vaults), self.clock.now_ms());
        let are_used = self.instance().await?.admission == Admission::Invited;
        let waiting = blocking::db(move || vaults.invitations(now)).await??;
        Ok(Invitations { are_used, waiting })
    }

    /// Withdraws all invitations that wait.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn withdraw_invitations(&self) -> Result<(), Failure> {
        let vaults = Arc::clone(&self.vaults);
        blocking::db(move || vaults.withdraw_invitations()).await??;
        self.wrote();
        Ok(())
    }
}
