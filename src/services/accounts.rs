//! Accounts: register, sign in, recover, sign out.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    blocking,
    crypto::{secret::RecoveryCode, token::Token},
    journal::{dates::Language, day},
    services::{
        Failure, Services, ShownCode,
        admission::{Admission, Pass},
        budget::Lane,
        keys::Confirmed,
        preferences::{PREFERENCES, Preferences},
        proof,
        sessions::{Beginning, Session, guard},
        switch::{MODEL_OFF, MODEL_SETTING},
    },
    vault::{error::VaultError, settings, transaction::Writer, unlocked::Unlocked},
};

/// Said of a password or a code that was in force once, when its row came back into the file.
const REPLACED: &str = "This was replaced: it opened the journal once and does not any more. If you did not replace it, \
                        somebody put an old copy of a part of the file in place; compare with a backup.";
/// Name of the setting that holds the writer's time zone: an IANA name in UTF-8.
pub(crate) const ZONE_SETTING: &str = "zone";

/// Whether anybody has a vault here, and whether another may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// No vault yet.
    pub is_new: bool,
    /// What it takes to make one.
    pub admission: Admission,
}

impl Instance {
    /// Whether the registration page has a form.
    pub fn registration_open(&self) -> bool {
        self.admission != Admission::Closed
    }
}

/// What a browser proposes for a new journal. What is not known here is passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proposed<'a> {
    /// Name of its time zone.
    pub zone: Option<&'a str>,
    /// Its `Accept-Language`, for the language of dates.
    pub languages: Option<&'a str>,
}

/// Why an account could not be made, opened or recovered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// What was typed cannot be used; the sentence says why and holds nothing of it.
    #[error("{0}")]
    Sentence(String),
    /// This name with this password opens another vault.
    #[error("choose another password")]
    Taken,
    /// Registration is closed.
    #[error("registration is closed")]
    Closed,
    /// A setup token or an invitation is needed, and none that is good was given.
    #[error("a code that is good is needed")]
    Uninvited,
    /// Too many tries.
    #[error("too many tries")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// See [`Failure`].
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<VaultError> for AccountError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Taken => Self::Taken,
            VaultError::Uninvited => Self::Uninvited,
            VaultError::Replaced => Self::Sentence(REPLACED.to_owned()),
            other => Self::Failed(Failure::from(other)),
        }
    }
}

fn sentence<T>(text: &str) -> Result<T, AccountError> {
    Err(AccountError::Sentence(text.to_owned()))
}

impl Services {
    /// Whether this is a new instance and registration is open.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn instance(&self) -> Result<Instance, Failure> {
        let vaults = Arc::clone(&self.vaults);
        let is_new = blocking::db(move || vaults.is_new()).await??;
        Ok(Instance { is_new, admission: self.gate.admission(is_new) })
    }

    /// Makes a vault and signs in. Returns the session, its cookie value and the recovery code.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn register(
        self: &Arc<Self>,
        name: &str,
        password: &str,
        confirm: &str,
        zone: Option<&str>,
    ) -> Result<(Arc<Session>, String, ShownCode), AccountError> {
        self.register_with(name, password, confirm, Proposed { zone, ..Proposed::default() }, "").await
    }

    /// The same with a setup token or an invitation, where one is needed. Without it nothing else is looked at.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn register_with(
        self: &Arc<Self>,
        name: &str,
        password: &str,
        confirm: &str,
        proposed: Proposed<'_>,
        code: &str,
    ) -> Result<(Arc<Session>, String, ShownCode), AccountError> {
        let pass = self.admit(code).await?;
        let made = self.make_vault(name, password, confirm, &pass).await;
        self.leave_gate(pass, made.is_ok()).await;
        let (vault, code) = made?;
        let zone = proposed.zone.filter(|zone| day::zone(zone).is_some());
        let zone = zone.map_or_else(day::machine_zone, str::to_owned);
        let dates = proposed.languages.and_then(Language::wanted).unwrap_or_default();
        let chosen = Preferences { dates, ..Preferences::default() };
        let keep = Arc::clone(&vault);
        let settings = move |w: &mut Writer<'_>| {
            settings::put(w, ZONE_SETTING, zone.as_bytes())?;
            if chosen != Preferences::default() {
                settings::put(w, PREFERENCES, chosen.over("").as_bytes())?;
            }
            settings::put(w, proof::SETTING, proof::WANTED)
        };
        blocking::db(move || keep.write(settings)).await.map_err(Failure::from)??;
        let (session, cookie) = self.start_session(vault).await?;
        // No browser has seen it before.
        self.is_fine(&session);
        Ok((session, cookie, code.display()))
    }

    async fn make_vault(
        &self,
        name: &str,
        password: &str,
        confirm: &str,
        pass: &Pass,
    ) -> Result<(Arc<Unlocked>, RecoveryCode), AccountError> {
        let (canonical, password) = self.choose(name, password, confirm).await?;
        let invitation = match pass {
            Pass::Invitation(hash) => Some(*hash),
            Pass::Free | Pass::Setup(_) => None,
        };
        let (vaults, display) = (Arc::clone(&self.vaults), name.to_owned());
        let work = move || vaults.register_with(&canonical, &display, &password, invitation.as_ref());
        Ok(self.derive(Lane::Stranger, work).await??)
    }

    /// Opens a vault. `None` when name or password are wrong, with the same work either way.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn sign_in(
        self: &Arc<Self>,
        name: &str,
        password: &str,
    ) -> Result<Option<(Arc<Session>, String)>, AccountError> {
        self.sign_in_by(Lane::Stranger, name, password).await
    }

    /// The same, in the line of those who are known or of those who are not.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn sign_in_by(
        self: &Arc<Self>,
        lane: Lane,
        name: &str,
        password: &str,
    ) -> Result<Option<(Arc<Session>, String)>, AccountError> {
        let (vaults, name, password) =
            (Arc::clone(&self.vaults), name.to_owned(), zeroize::Zeroizing::new(password.to_owned()));
        match self.derive(lane, move || vaults.sign_in(&name, &password)).await?? {
            Some(vault) => {
                let started = self.start_session(vault).await?;
                Self::prove(&started.0);
                Ok(Some(started))
            }
            None => Ok(None),
        }
    }

    /// Sets a new name and password with the recovery code. `None` when the code opens nothing. Ends all other sessions
    /// of the person. The code that was typed stays valid until the new one, given back to be shown, is typed back:
    /// see [`Services::adopt_code`].
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn recover(
        self: &Arc<Self>,
        code: &str,
        name: &str,
        password: &str,
        confirm: &str,
    ) -> Result<Option<(Confirmed, ShownCode)>, AccountError> {
        let Ok(code) = RecoveryCode::parse(code) else {
            return sentence("That is not a recovery code: check each group of four symbols for a slip.");
        };
        let (_, password) = self.choose(name, password, confirm).await?;
        let (vaults, name) = (Arc::clone(&self.vaults), name.to_owned());
        let opened = self.derive(Lane::Stranger, move || vaults.recover(&code, &name, &password)).await??;
        let Some((vault, offered)) = opened else { return Ok(None) };
        // The change is on the medium: whatever fails from here on, the old sessions are over.
        self.sessions.lock(vault.id());
        let (session, cookie) = self.start_session(vault).await?;
        let recovered = self.recovered(session, cookie, offered);
        self.settle().await;
        Ok(Some(recovered))
    }

    /// The session of a cookie value, if it is signed in.
    pub fn session(&self, cookie: &str) -> Option<Arc<Session>> {
        let (found, gone) = self.sessions.find(&self.fingerprint(cookie)?, self.clock.moment());
        self.forget_later(gone);
        found
    }

    /// Ends a session; the last session of a person locks the vault. Answers whether it left the file, too.
    pub async fn sign_out(&self, session: &Session) -> bool {
        let gone = self.sessions.end(session.fingerprint());
        self.forget(gone).await
    }

    /// Locks the vault at once: ends all sessions of the person, kept ones too, and all work for them. Answers whether
    /// they left the file, too.
    pub async fn lock(&self, session: &Session) -> bool {
        let vault = Arc::clone(&session.user.vault);
        self.sessions.lock(vault.id());
        !self.keeps_sessions || self.forget_all(&vault).await
    }

    /// Waits until the model has forgotten what it read for a person whose vault is locked by now. Does nothing while
    /// another session of the person goes on.
    pub async fn model_forgets(self: &Arc<Self>, session: &Session) {
        if session.user.locked.is_stopping() {
            self.forget_read(&session.user).await;
        }
    }

    /// A new token for a visitor who has not signed in; it only carries the CSRF binding.
    pub fn anonymous(&self) -> String {
        Token::random().to_cookie()
    }

    /// The fingerprint of a well-formed cookie value, signed in or not.
    pub fn fingerprint(&self, cookie: &str) -> Option<[u8; 32]> {
        Some(Token::parse(cookie)?.fingerprint())
    }

    /// The CSRF token of a session or visitor.
    pub fn csrf(&self, fingerprint: &[u8; 32]) -> String {
        self.csrf.token(fingerprint)
    }

    /// Whether a CSRF token belongs to a session or visitor, compared in constant time.
    pub fn csrf_ok(&self, fingerprint: &[u8; 32], token: &str) -> bool {
        self.csrf.verify(fingerprint, token)
    }

    pub(crate) async fn start_session(
        self: &Arc<Self>,
        vault: Arc<Unlocked>,
    ) -> Result<(Arc<Session>, String), Failure> {
        let token = Token::random();
        let begun = self.begin_session(vault, Beginning::of(&token, self.clock.moment())).await?;
        // A token drawn a moment ago was never ended.
        begun.map(|session| (session, token.to_cookie())).ok_or(Failure::Internal)
    }

    /// Begins a session. `None` when it was ended already.
    pub(crate) async fn begin_session(
        self: &Arc<Self>,
        vault: Arc<Unlocked>,
        beginning: Beginning,
    ) -> Result<Option<Arc<Session>>, Failure> {
        let keep = Arc::clone(&vault);
        // A setting that is broken must not keep anybody out.
        let whole = |found: Result<Option<Vec<u8>>, VaultError>| match found {
            Err(error) if error.is_of_one_record() => Ok(None),
            found => found,
        };
        let [stored, model, asked, preferences] = blocking::db(move || {
            keep.read(|r| {
                let setting = |name| whole(settings::get(r, name));
                let (zone, model) = (setting(ZONE_SETTING)?, setting(MODEL_SETTING)?);
                Ok([zone, model, setting(proof::SETTING)?, setting(PREFERENCES)?])
            })
        })
        .await??;
        let name = stored.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(day::machine_zone);
        let zone = day::zone(&name).unwrap_or(jiff::tz::TimeZone::UTC);
        let Some(begun) = self.sessions.start(beginning, vault, (name, zone)) else { return Ok(None) };
        self.forget_later(begun.gone);
        let user = &begun.session.user;
        if begun.is_first {
            user.wants_proof.store(asked.is_some_and(|value| value == proof::WANTED), Ordering::SeqCst);
            let preferences = preferences.unwrap_or_default();
            *guard(&user.preferences) = Preferences::parse(&String::from_utf8_lossy(&preferences));
            user.model_is_off.store(model.is_some_and(|value| value == MODEL_OFF), Ordering::SeqCst);
            self.wake_engines_for(user);
            self.prepare_upstream(user).await?;
            self.start_looking_for(user);
        }
        Ok(Some(begun.session))
    }
}
