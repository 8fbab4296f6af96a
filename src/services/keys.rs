//! What a signed-in person does with name, password, recovery code and account (SR-12, SR-13, SR-16).
//!
//! A key operation needs a [`Confirmed`]: proof that the password was typed again in this session within the last five
//! minutes. It cannot be made outside this module. Typing it renews the token of the session, so that whoever copied
//! the cookie before is out.
//!
//! What is committed counts: a failure after the commit (old bytes that could not be taken out of the file yet) never
//! keeps other sessions alive and is not told as a failure of the change.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    blocking::{self, Panicked},
    crypto::{
        canon::Name,
        secret::{Password, RecoveryCode},
        token::Token,
    },
    journal::day::Day,
    services::{
        Failure, Services, ShownCode,
        accounts::AccountError,
        budget::Lane,
        sessions::{Session, kept::SessionCookie},
    },
    vault::error::VaultError,
};

/// Proof that the owner of a session typed the password within the last five minutes.
pub struct Confirmed {
    session: Arc<Session>,
    cookie: Option<SessionCookie>,
}

impl Confirmed {
    /// The session, which may have been renewed a moment ago.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The cookie the browser must get with this answer; `None` when it has it already.
    pub fn cookie(&self) -> Option<&SessionCookie> {
        self.cookie.as_ref()
    }
}

/// The name and password a person chooses. An empty password keeps the one there is.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// The name as typed.
    pub name: &'a str,
    /// The new password, or nothing.
    pub password: &'a str,
    /// The same again.
    pub confirm: &'a str,
}

/// What became of a recovery code that was typed back.
pub enum Adopted {
    /// It is valid, and the one before opens nothing any more.
    Done,
    /// That was not its last group. It still waits, and here it is again.
    Mistyped(ShownCode),
    /// None waits: its time was over, or it was confirmed already. Nothing was changed.
    NoneWaits,
}

/// The facts of an account, for its owner.
pub struct Account {
    /// The name as typed when it was chosen.
    pub name: String,
    /// Short id of the journal, `XXXX-XX`, to name it to others without giving anything away.
    pub short_id: String,
    /// The day it was made.
    pub since: Day,
    /// The day name or password was last chosen.
    pub password_since: Option<Day>,
    /// The day the recovery code was made.
    pub recovery_since: Option<Day>,
}

/// Why a key operation was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The password that was typed is not the one.
    #[error("not the password of this journal")]
    Wrong,
    /// What was typed cannot be used; the sentence says why and holds nothing of it.
    #[error("{0}")]
    Refused(String),
    /// Too many wait for a key derivation.
    #[error("too many tries")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The session ended meanwhile.
    #[error("the session has ended")]
    Ended,
    /// See [`Failure`].
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<AccountError> for KeyError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Taken => {
                Self::Refused("Choose another password: this one cannot be used with this name.".to_owned())
            }
            AccountError::TooMany { retry_after_s } => Self::TooMany { retry_after_s },
            AccountError::Failed(failure) => Self::Failed(failure),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<VaultError> for KeyError {
    fn from(error: VaultError) -> Self {
        Self::from(AccountError::from(error))
    }
}

impl From<Panicked> for KeyError {
    fn from(panicked: Panicked) -> Self {
        Self::Failed(panicked.into())
    }
}

impl Services {
    /// What CSRF tokens of the bearer of this cookie value are bound to, signed in or not.
    pub fn binding(&self, cookie: &str) -> Option<[u8; 32]> {
        Some(self.sessions.binding(self.fingerprint(cookie)?))
    }

    /// The proof of a session that has it already; `None` when the password must be typed.
    pub fn confirmed(&self, session: &Arc<Session>) -> Option<Confirmed> {
        let is_fresh = session.is_confirmed(self.clock.moment());
        is_fresh.then(|| Confirmed { session: Arc::clone(session), cookie: None })
    }

    /// Looks at a password typed again. When it is right the session gets a new token and its stamp of five minutes;
    /// the token before opens nothing any more.
    ///
    /// # Errors
    /// [`KeyError::Wrong`], [`KeyError::TooMany`], [`KeyError::Ended`], [`KeyError::Failed`].
    pub async fn confirm_password(&self, session: &Session, password: &str) -> Result<Confirmed, KeyError> {
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
        let password = Zeroizing::new(password.to_owned());
        let is_right =
            self.derive(Lane::Known, move || vaults.confirms(&vault, &vault.name(), &password)).await??;
        if is_right { self.renew(session).await } else { Err(KeyError::Wrong) }
    }

    /// Gives a journal another name, another password, or both. All other sessions of its owner end and this one is
    /// renewed. The recovery code stays as it is. `current` is asked for also within the five minutes.
    ///
    /// # Errors
    /// See [`KeyError`]. After [`KeyError::Failed`] either the old or the new name and password sign in.
    pub async fn change_password(
        &self,
        session: &Session,
        current: &str,
        chosen: Chosen<'_>,
    ) -> Result<Confirmed, KeyError> {
        let new = self.checked(chosen).await?;
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
        let (name, current) = (chosen.name.to_owned(), Zeroizing::new(current.to_owned()));
        let work = move || -> Result<bool, VaultError> {
            if !vaults.confirms(&vault, &vault.name(), &current)? {
                return Ok(false);
            }
            let new = new.map_or_else(|| Password::typed(&current), Ok)?;
            vaults.set_password(&vault, &name, &new)?;
            Ok(true)
        };
        let done = self.derive(Lane::Known, work).await?;
        // After a failed commit either password may be the valid one: then too, nobody else stays inside.
        if matches!(done, Ok(true) | Err(VaultError::Store(_))) {
            self.sessions.end_others(session);
        }
        if !done? {
            return Err(KeyError::Wrong);
        }
        let renewed = self.renew(session).await;
        self.settle().await;
        renewed
    }

    /// Makes a new recovery code, which waits in memory to be typed back. The one before stays valid until then.
    pub fn offer_code(&self, confirmed: &Confirmed) -> ShownCode {
        let code = Arc::new(RecoveryCode::random());
        let shown = code.display();
        confirmed.session.user.offer(code, self.clock.moment());
        shown
    }

    /// Makes the code that waits the valid one, when its last group was typed back; the one before opens nothing then.
    ///
    /// # Errors
    /// [`KeyError::Failed`]: the code goes on waiting.
    pub async fn adopt_code(&self, confirmed: &Confirmed, last_group: &str) -> Result<Adopted, KeyError> {
        let user = &confirmed.session.user;
        let Some(code) = user.offered(self.clock.moment()) else { return Ok(Adopted::NoneWaits) };
        if !code.was_kept(last_group) {
            return Ok(Adopted::Mistyped(code.display()));
        }
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&user.vault));
        blocking::db(move || vaults.adopt_recovery(&vault, &code)).await??;
        user.withdraw_offer();
        self.settle().await;
        Ok(Adopted::Done)
    }

    /// Deletes a journal for ever, with all ways in and all sessions; `name` must be the name of the journal.
    ///
    /// # Errors
    /// [`KeyError::Refused`] when the name is another; [`KeyError::Failed`] when nothing was deleted.
    pub async fn delete_account(&self, confirmed: Confirmed, name: &str) -> Result<(), KeyError> {
        let vault = Arc::clone(&confirmed.session.user.vault);
        if Name::typed(name).expose() != Name::typed(&vault.name()).expose() {
            return Err(KeyError::Refused("That is not the name of this journal.".to_owned()));
        }
        let (vaults, doomed) = (Arc::clone(&self.vaults), Arc::clone(&vault));
        blocking::db(move || vaults.delete(&doomed)).await??;
        self.sessions.lock(vault.id());
        self.settle().await;
        Ok(())
    }

    /// Ends all sessions of a person, this one included, in memory and in the file.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when the file could not be written; the sessions in memory are over all the same.
    pub async fn sign_out_everywhere(&self, confirmed: Confirmed) -> Result<(), KeyError> {
        let vault = Arc::clone(&confirmed.session.user.vault);
        self.sessions.lock(vault.id());
        let (vaults, keep) = (Arc::clone(&self.vaults), Arc::clone(&vault));
        let voided = blocking::db(move || vaults.void_sessions(&keep)).await;
        // One may have come back from the file in between, or the file could not be written.
        self.deny_all(&vault).await;
        self.sessions.lock(vault.id());
        voided??;
        self.settle().await;
        Ok(())
    }

    /// The facts of an account.
    ///
    /// # Errors
    /// When its keyring cannot be read.
    pub async fn account(&self, session: &Session) -> Result<Account, Failure> {
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
        let facts = blocking::db(move || vaults.facts(&vault)).await??;
        let zone = session.user.zone().1;
        let day = |moment| Day::at(moment, &zone);
        Ok(Account {
            name: session.name(),
            short_id: session.user.vault.id().to_string(),
            since: day(facts.created),
            password_since: facts.password_since.map(day),
            recovery_since: facts.recovery_since.map(day),
        })
    }

    /// After a recovery the owner has proved to be there, and the new code waits to be typed back.
    pub(super) fn recovered(
        &self,
        session: Arc<Session>,
        cookie: String,
        offered: RecoveryCode,
    ) -> (Confirmed, ShownCode) {
        let (now, shown) = (self.clock.moment(), offered.display());
        session.confirm(now);
        session.user.offer(Arc::new(offered), now);
        (Confirmed { session, cookie: Some(SessionCookie { value: cookie, seconds: None }) }, shown)
    }

    async fn renew(&self, session: &Session) -> Result<Confirmed, KeyError> {
        let token = Token::random();
        let renewed = self.sessions.renew(session, &token, self.clock.moment());
        let (old, session, value) = (session.id(), renewed.ok_or(KeyError::Ended)?, token.to_cookie());
        let seconds = self.keep_renewed(&session, token, old).await;
        Ok(Confirmed { session, cookie: Some(SessionCookie { value, seconds }) })
    }

    /// The password that was chosen; `None` when the one there is stays.
    async fn checked(&self, chosen: Chosen<'_>) -> Result<Option<Password>, KeyError> {
        if !chosen.password.is_empty() || !chosen.confirm.is_empty() {
            let (_, password) = self.choose(chosen.name, chosen.password, chosen.confirm).await?;
            return Ok(Some(password));
        }
        match Name::choose(chosen.name) {
            Ok(_) => Ok(None),
            Err(_) => Err(KeyError::Refused(
                "Choose a name of 1 to 64 letters, digits, spaces or the signs _ - . '".to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
