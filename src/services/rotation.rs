//! Renewing and revoking the keys of a journal. The records are sealed anew in the background, in short pieces, while
//! the journal is open; what is left when it is locked goes on at the next sign-in.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    blocking,
    crypto::secret::RecoveryCode,
    journal::day::Day,
    services::{
        Failure, Services, ShownCode,
        accounts::AccountError,
        budget::Lane,
        sessions::{Session, User, guard},
    },
    vault::rotation::{Cursor, Leftover, Rotation, Step},
};

/// Pause after a failure before the next piece is tried.
const RETRY: Duration = Duration::from_secs(20);
/// Shortest pause between two pieces. Whoever waits to write is let in by it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
/// How long a recovery code can be shown again to somebody who types it wrongly, counted from the password that was
/// typed for it (SR-16).
const SHOWN_FOR_MS: i64 = 5 * 60 * 1_000;

/// What a person's rotation keeps in memory.
#[derive(Default)]
pub(crate) struct UserRotation {
    pub(super) nudge: tokio::sync::Notify,
    pub(super) stuck: Mutex<Option<Leftover>>,
    shown: Mutex<Option<Shown>>,
}

/// A recovery code in force that was shown and not yet typed back.
struct Shown {
    code: RecoveryCode,
    at: i64,
}

/// How the keys of a journal are, for its page.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// How far they are renewed.
    pub rotation: Rotation,
    /// What a renewal could not take along and waits for.
    pub stuck: Option<Leftover>,
    /// The day on which the keys in use were made.
    pub since: Day,
}

/// What became of a recovery code that was typed back.
pub enum Kept {
    /// It is the one in force.
    Yes,
    /// It is not; this one is, and it may still be shown.
    Look(ShownCode),
    /// It is not.
    No,
}

/// A journal whose keys were revoked.
pub struct Revoked {
    /// The recovery code in force. Show it before anything else.
    pub code: ShownCode,
    /// The session that goes on, and its cookie value. `None` when it could not be started: sign in again.
    pub session: Option<(Arc<Session>, String)>,
}

impl Services {
    /// How the keys are.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keys(&self, session: &Session) -> Result<Keys, Failure> {
        let user = Arc::clone(&session.user);
        let rotation = blocking::db(move || user.vault.rotation()).await??;
        let stuck = guard(&session.user.rotation.stuck).filter(|_| rotation.is_draining);
        Ok(Keys { rotation, stuck, since: Day::at(rotation.since, &session.user.zone().1) })
    }

    /// Whether this is the password of the journal that is open: for asking again before something serious. Waits in
    /// the queue of key derivations.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn is_password(&self, session: &Session, password: &str) -> Result<bool, AccountError> {
        let (vaults, user) = (Arc::clone(&self.vaults), Arc::clone(&session.user));
        let password = zeroize::Zeroizing::new(password.to_owned());
        Ok(self
            .derive(Lane::Known, move || vaults.confirms(&user.vault, &user.vault.name(), &password))
            .await??)
    }

    /// Begins to seal everything anew under fresh keys, unless that is under way.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn refresh_keys(&self, session: &Session) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        blocking::db(move || user.vault.refresh()).await??;
        tracing::info!("the keys of a journal are being renewed");
        self.wrote();
        session.user.rotation.nudge.notify_one();
        Ok(())
    }

    /// Voids everything that opens the journal but this password, ends all its sessions and starts a new one, and
    /// begins to seal everything anew. `None` when the password is wrong.
    ///
    /// # Errors
    /// See [`AccountError`]. Then the old recovery code may or may not be void; the password opens either way.
    pub async fn revoke_keys(
        self: &Arc<Self>,
        session: &Session,
        password: &str,
    ) -> Result<Option<Revoked>, AccountError> {
        let (vaults, vault) = (Arc::clone(&self.vaults), Arc::clone(&session.user.vault));
        let password = zeroize::Zeroizing::new(password.to_owned());
        let keep = Arc::clone(&vault);
        let Some(code) = self.derive(Lane::Known, move || vaults.revoke(&keep, &password)).await?? else {
            return Ok(None);
        };
        tracing::info!("the keys of a journal were revoked");
        self.wrote();
        self.sessions.lock(vault.id());
        let shown = code.display();
        // From here on nothing may keep the code from being shown.
        let session = self.start_session(vault).await.ok();
        if let Some((session, _)) = &session {
            // The session before was judged, and may write.
            self.is_fine(session);
            *guard(&session.user.rotation.shown) = Some(Shown { code, at: self.clock.now_ms() });
        }
        Ok(Some(Revoked { code: shown, session }))
    }

    /// Compares what was typed with the recovery code in force: the whole of it at any time, or its last group while
    /// it is shown.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn keep_code(&self, session: &Session, typed: &str) -> Result<Kept, Failure> {
        let now = self.clock.now_ms();
        let (again, code) = {
            let mut shown = guard(&session.user.rotation.shown);
            if shown.as_ref().is_some_and(|shown| now - shown.at > SHOWN_FOR_MS) {
                *shown = None;
            }
            let again = shown.as_ref().map(|shown| shown.code.display());
            let whole = again.as_ref().filter(|whole| ends_with(whole, typed));
            (again.clone(), RecoveryCode::parse(whole.map_or(typed, |whole| whole.as_str())))
        };
        if let Ok(code) = code {
            let (vaults, user) = (Arc::clone(&self.vaults), Arc::clone(&session.user));
            if blocking::db(move || vaults.keeps_code(&user.vault, &code)).await?? {
                *guard(&session.user.rotation.shown) = None;
                self.wrote();
                return Ok(Kept::Yes);
            }
        }
        Ok(again.map_or(Kept::No, Kept::Look))
    }

    /// Lets go of what a renewal is stuck at. Answers how many records are gone for ever.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn let_go(&self, session: &Session) -> Result<u64, Failure> {
        let user = Arc::clone(&session.user);
        let lost = blocking::db(move || user.vault.let_go()).await??;
        *guard(&session.user.rotation.stuck) = None;
        self.wrote();
        session.user.rotation.nudge.notify_one();
        Ok(lost)
    }

    /// Goes on with the rotations of a person until the vault is locked; the caller ends it then. Whatever is dropped
    /// between two pieces is found again by looking at what is left.
    pub(crate) async fn rotate_user(&self, user: &Arc<User>) {
        let mut cursor = Cursor::default();
        loop {
            if !user.vault.may_write() {
                tokio::time::sleep(RETRY).await;
                continue;
            }
            let begun = tokio::time::Instant::now();
            let keep = Arc::clone(user);
            let piece = blocking::db(move || (keep.vault.advance(&mut cursor), cursor)).await;
            let step = match piece {
                Ok((step, place)) => {
                    cursor = place;
                    step.map_err(Failure::from)
                }
                Err(panicked) => Err(Failure::from(panicked)),
            };
            let done = match step {
                Ok(Step::Moved | Step::Turned) => {
                    self.wrote();
                    // As long again as the piece took: half of the time belongs to others.
                    tokio::time::sleep(begun.elapsed().max(SHORTEST_PAUSE)).await;
                    Ok(())
                }
                Ok(Step::Compact) => self.compact_for(user).await,
                Ok(Step::Stuck(left)) => {
                    tracing::warn!(records = left.unreadable, "a renewal of keys cannot end by itself");
                    *guard(&user.rotation.stuck) = Some(left);
                    user.rotation.nudge.notified().await;
                    cursor = Cursor::default();
                    Ok(())
                }
                Ok(Step::Idle) => {
                    user.rotation.nudge.notified().await;
                    Ok(())
                }
                Err(failure) => Err(failure),
            };
            if done.is_err() {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Lets old bytes leave the file. Rewriting it holds no key, so that locking need not wait for it.
    async fn compact_for(&self, user: &Arc<User>) -> Result<(), Failure> {
        let vaults = Arc::clone(&self.vaults);
        blocking::db(move || vaults.settle()).await??;
        let keep = Arc::clone(user);
        blocking::db(move || keep.vault.compacted()).await??;
        self.wrote();
        Ok(())
    }
}

/// Whether these are the last four symbols of a code, typed as people type.
fn ends_with(code: &str, typed: &str) -> bool {
    let group: String = typed.chars().filter(|symbol| symbol.is_ascii_alphanumeric()).collect();
    let group = group.to_ascii_uppercase().replace('O', "0").replace(['I', 'L'], "1");
    group.len() == 4 && code.ends_with(&group)
}

#[cfg(test)]
mod tests {
    use super::ends_with;

    #[test]
    fn the_last_group_is_read_as_people_type_it() {
        let code = "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-10F6";
        for typed in ["10F6", " 10f6 ", "-IOF6", "l0 f6"] {
            assert!(ends_with(code, typed), "{typed}");
        }
        for typed in ["", "0F6", "F6", "YN8G", "10F7", "G-10F6", "YN8G-10F6"] {
            assert!(!ends_with(code, typed), "{typed}");
        }
    }
}
