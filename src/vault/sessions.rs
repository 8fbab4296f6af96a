//! Sessions that survive a restart (`format-v1.md` section 13). The browser's token and a row of the file open the vault
//! together; neither does alone. What the list of sessions shows is a sealed record beside the row.
//!
//! Row and record are written and removed in one transaction. A row that is gone is gone for good: nothing puts it back.

use std::sync::Arc;

use crate::{
    crypto::{
        Uuid, VaultId,
        record::RecordType,
        secret::Key,
        session::{CLOCK_SLACK_MS, MAX_SESSIONS, Session},
        token::{SessionId, Token},
    },
    store::{
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        Vaults, compaction,
        error::{Alteration, VaultError},
        payload::session::SessionV1,
        transaction::Writer,
        unlocked::{self, Unlocked, rekey::Outcome},
    },
};

/// A session of which the list tells. Times are milliseconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name.
    pub id: SessionId,
    /// When it signed in.
    pub created: i64,
    /// When it ends whatever happens.
    pub expires: i64,
    /// When it was last used, up to an eighth of the idle limit ago.
    pub seen: i64,
    /// What kind of browser it is.
    pub label: String,
}

/// A vault that was opened by a session's token.
pub struct Reopened {
    /// The vault.
    pub vault: Arc<Unlocked>,
    /// When the session signed in.
    pub created: i64,
    /// When it ends whatever happens.
    pub expires: i64,
    /// When it was last used, as far as that was written down.
    pub renewed: i64,
    /// What kind of browser it is.
    pub label: String,
}

/// A session that is to survive a restart.
pub struct Keep {
    /// When it signed in.
    pub created: i64,
    /// When it ends whatever happens.
    pub expires: i64,
    /// What kind of browser it is.
    pub label: String,
    /// The session whose place it takes; that one opens nothing any more.
    pub replaces: Option<SessionId>,
}

impl Vaults {
    /// Writes down a session. Of more than eight of a vault the oldest end.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; seal and store errors, after which nothing was changed.
    ///
    /// # Security
    /// The row holds the root key under keys made from the token, which is stored nowhere.
    pub fn keep_session(&self, unlocked: &Unlocked, token: &Token, keep: &Keep) -> Result<(), VaultError> {
        let (id, vault, uuid) = (token.id(), unlocked.id(), self.header.uuid);
        unlocked.write_with_root(|w, urk, sess_gen| {
            if let Some(old) = keep.replaces {
                remove(w, old)?;
            }
            let mut others = listed(w, vault)?;
            others.sort_by_key(|other| other.created);
            for other in others.iter().take((others.len() + 1).saturating_sub(MAX_SESSIONS)) {
                remove(w, other.id)?;
            }
            let now = w.now();
            let urk = Key::filled(|bytes| bytes.copy_from_slice(urk.expose()));
            let row = Session { urk, sess_gen, created: keep.created, expires: keep.expires, renewed: now };
            w.rows_mut().put_small(&row_key(id), &row.seal(token, &uuid, vault))?;
            let record = SessionV1 {
                created: keep.created,
                expires: keep.expires,
                seen: now,
                label: keep.label.clone(),
                ext: Vec::new(),
            };
            w.put(RecordType::SESSION, id.as_bytes(), &record)
        })
    }

    /// Opens the vault of a session's token. `None` when there is no such session or its time is over; its row is
    /// removed then. It needs no write: what cannot be removed is refused all the same.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_session(&self, token: &Token, idle_ms: i64) -> Result<Option<Reopened>, VaultError> {
        let (id, now) = (token.id(), self.clock.now_ms());
        let found = self.store.read(|rows| row(rows, token, &self.header.uuid))?;
        let Some((vault, session)) = found else { return Ok(None) };
        let is_live = session.is_live(session.sess_gen, now, idle_ms);
        let Session { urk, sess_gen, created, expires, renewed } = session;
        let opened = self.unlock_by(
            vault,
            urk,
            |open, urk| open.admits_session(urk, sess_gen),
            |place, urk| unlocked::open_session(place, vault, urk, sess_gen),
        );
        let vault = match opened {
            Ok(vault) => vault,
            Err(VaultError::Replaced | VaultError::Altered(Alteration::Keyring)) => {
                note(self.store.write(|rows| rows.remove_small(&row_key(id)).map_err(VaultError::from)));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // A clock before the last commit has been set back: how long the session rested cannot be told.
        let is_set_back = now < vault.written_at().saturating_sub(CLOCK_SLACK_MS);
        if is_set_back || !is_live {
            note(self.forget_sessions(&vault, &[id]));
            return Ok(None);
        }
        let record = vault.read(|r| r.load::<SessionV1>(RecordType::SESSION, id.as_bytes()))?;
        let label = record.map(|record| record.label).unwrap_or_default();
        Ok(Some(Reopened { vault, created, expires, renewed, label }))
    }

    /// Notes that a session is in use now. `false` when it has no row any more.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; seal and store errors.
    pub fn renew_session(&self, unlocked: &Unlocked, token: &Token) -> Result<bool, VaultError> {
        let (id, uuid) = (token.id(), self.header.uuid);
        unlocked.write(|w| {
            let Some((vault, mut session)) = row(w.rows(), token, &uuid)? else { return Ok(false) };
            session.renewed = w.now();
            w.rows_mut().put_small(&row_key(id), &session.seal(token, &uuid, vault))?;
            if let Some(mut record) = w.load::<SessionV1>(RecordType::SESSION, id.as_bytes())? {
                record.seen = w.now();
                w.put(RecordType::SESSION, id.as_bytes(), &record)?;
            }
            Ok(true)
        })
    }

    /// Whether a session of this name has a row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn has_session(&self, id: SessionId) -> Result<bool, VaultError> {
        self.store.read(|rows| {
            let copies = [rows.small(Copy::A, &row_key(id))?, rows.small(Copy::B, &row_key(id))?];
            Ok(copies.iter().any(Option::is_some))
        })
    }

    /// The names of all sessions of a vault that have a row; needs no key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn session_ids(&self, vault: VaultId) -> Result<Vec<SessionId>, VaultError> {
        self.store.read(|rows| ids(rows, vault))
    }

    /// What is known of all sessions of a vault that have a row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn listed_sessions(&self, unlocked: &Unlocked) -> Result<Vec<Listed>, VaultError> {
        unlocked.read(|r| {
            let mut found = Vec::new();
            for id in ids(r.rows(), unlocked.id())? {
                found.push(list(id, r.load(RecordType::SESSION, id.as_bytes())?));
            }
            Ok(found)
        })
    }

    /// Ends sessions for good: their tokens open nothing any more.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors, after which they may still open the vault.
    pub fn forget_sessions(&self, unlocked: &Unlocked, ids: &[SessionId]) -> Result<(), VaultError> {
        if ids.is_empty() {
            return Ok(());
        }
        if unlocked.is_held() {
            // A new head would hide from the next judgement that an older state came back. The rows open the vault; what
            // the list said of them shows nowhere without them.
            return self.store.write(|rows| {
                ids.iter().try_for_each(|id| rows.remove_small(&row_key(*id))).map_err(VaultError::from)
            });
        }
        unlocked.write(|w| ids.iter().try_for_each(|id| remove(w, *id)))
    }

    /// Makes all stored sessions of a vault void and removes them. Call [`Vaults::settle`] afterwards.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; store errors.
    pub fn void_sessions(&self, unlocked: &Unlocked) -> Result<(), VaultError> {
        let vault = unlocked.id();
        unlocked
            .rekey(
                |change| {
                    change.keyring.sess_gen += 1;
                    let sids = remove_sessions(change.rows, vault)?;
                    if !sids.is_empty() {
                        compaction::owe(change.rows)?;
                    }
                    Ok(Outcome::Write(sids))
                },
                |w, sids| forget_records(w, sids),
            )
            .map(|_| ())
    }

    /// Ends the sessions of a vault whose time is over, and with no limit all of them. Needs no token.
    ///
    /// # Errors
    /// As [`Vaults::forget_sessions`].
    pub fn purge_sessions(&self, unlocked: &Unlocked, idle_ms: Option<i64>) -> Result<(), VaultError> {
        let now = self.clock.now_ms();
        let is_over = |one: &Listed| match idle_ms {
            Some(idle) => one.expires <= now || now.saturating_sub(one.seen) >= idle,
            None => true,
        };
        let over: Vec<SessionId> =
            self.listed_sessions(unlocked)?.iter().filter(|one| is_over(one)).map(|one| one.id).collect();
        self.forget_sessions(unlocked, &over)
    }
}

/// Opening a journal must not need a write.
fn note(removed: Result<(), VaultError>) {
    if let Err(error) = removed {
        tracing::warn!(%error, "a session whose time is over stays in the file for now");
    }
}

fn remove(w: &mut Writer<'_>, id: SessionId) -> Result<(), VaultError> {
    w.rows_mut().remove_small(&row_key(id))?;
    w.delete(RecordType::SESSION, id.as_bytes())
}

fn listed(w: &Writer<'_>, vault: VaultId) -> Result<Vec<Listed>, VaultError> {
    let ids = ids(w.rows(), vault)?.into_iter();
    ids.map(|id| Ok(list(id, w.load(RecordType::SESSION, id.as_bytes())?))).collect()
}

/// A row without a record was not written by this program; it counts as long over.
fn list(id: SessionId, record: Option<SessionV1>) -> Listed {
    let SessionV1 { created, expires, seen, label, .. } = record.unwrap_or(SessionV1 {
        created: 0,
        expires: 0,
        seen: 0,
        label: String::new(),
        ext: Vec::new(),
    });
    Listed { id, created, expires, seen, label }
}

fn row_key(id: SessionId) -> [u8; 17] {
    let mut key = [b'S'; 17];
    key[1..].copy_from_slice(id.as_bytes());
    key
}

/// The row of a token, from the copy that opens; of two the later one.
fn row(rows: &dyn Rows, token: &Token, uuid: &Uuid) -> Result<Option<(VaultId, Session)>, VaultError> {
    let mut best: Option<(VaultId, Session)> = None;
    for copy in Copy::BOTH {
        let Some(value) = rows.small(copy, &row_key(token.id()))? else { continue };
        let Ok(found) = Session::open(token, uuid, &value) else { continue };
        if best.as_ref().is_none_or(|(_, best)| found.1.renewed > best.renewed) {
            best = Some(found);
        }
    }
    Ok(best)
}

/// The vault's id stands in clear at bytes 8 to 15 of each row.
fn ids(rows: &dyn Rows, vault: VaultId) -> Result<Vec<SessionId>, VaultError> {
    let mut found: Vec<SessionId> = Vec::new();
    for copy in Copy::BOTH {
        for (key, value) in rows.smalls(copy, b"S")? {
            let Ok(id) = <[u8; 16]>::try_from(&key[1..]).map(SessionId::from_bytes) else { continue };
            if value.get(8..15) == Some(vault.as_bytes().as_slice()) && !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found)
}

/// Removes the session rows of a vault; the vault's id stands in clear at bytes 8 to 15 of each. Answers the ids of the
/// sessions, which are the logical keys of their SESSION records.
pub(super) fn remove_sessions(rows: &mut dyn RowsMut, vault: VaultId) -> Result<Vec<Vec<u8>>, VaultError> {
    let mut sids = Vec::new();
    for copy in Copy::BOTH {
        for (key, value) in rows.smalls(copy, b"S")? {
            if value.get(8..15) == Some(vault.as_bytes().as_slice()) {
                rows.remove_small(&key)?;
                sids.push(key[1..].to_vec());
            }
        }
    }
    Ok(sids)
}

/// Removes what the list of sessions says of these; their rows are gone already.
pub(super) fn forget_records(w: &mut Writer<'_>, sids: &[Vec<u8>]) -> Result<(), VaultError> {
    sids.iter().try_for_each(|sid| w.delete(RecordType::SESSION, sid))
}
