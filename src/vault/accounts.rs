//! Registering, signing in, recovering (`format-v1.md` section 11). No name is stored in clear: name and password
//! together lead to a row, and finding nothing there is all that a wrong one shows.

use std::{
    ops::ControlFlow,
    sync::{Arc, PoisonError, Weak},
};

use crate::{
    crypto::{
        VaultId,
        canon::{self, Name},
        keyring::{Generation, Keyring, WrapInfo},
        keys::{RecordKeys, VaultKeys},
        record::RecordType,
        secret::{Key, Password, RecoveryCode},
        set::{Head, SetHash},
        ticket::TicketHash,
        unlock::{Unlocker, WrapKind},
        wrap::{WrapFace, open_wrap, row_key, seal_wrap},
    },
    store::{
        error::StoreError,
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        Vaults, compaction,
        error::{Alteration, VaultError},
        payload::index::{OutboxV1, RootV1},
        policy,
        sessions::{forget_records, remove_sessions},
        transaction::{Heads, KeySet, Writer},
        unlocked::{
            self, Place, Unlocked, Wrap, keyring_row,
            rekey::{Change, Outcome},
        },
    },
};

/// Moments in the life of a vault, milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// It was made.
    pub created: i64,
    /// Its name or password was last chosen.
    pub password_since: Option<i64>,
    /// Its recovery code was made.
    pub recovery_since: Option<i64>,
}

impl Vaults {
    /// Makes a vault for a new person. `display` is the name as typed. The recovery code opens the vault without name
    /// and password: show it once, it is stored nowhere.
    ///
    /// # Errors
    /// [`VaultError::Taken`] when somebody has this name and this password; [`VaultError::ReadOnly`]; key derivation
    /// and store errors.
    pub fn register(
        &self,
        name: &Name,
        display: &str,
        password: &Password,
    ) -> Result<(Arc<Unlocked>, RecoveryCode), VaultError> {
        self.register_with(name, display, password, None)
    }

    /// The same with an invitation, which is used up in the same transaction.
    ///
    /// # Errors
    /// [`VaultError::Uninvited`] when it is not good; those of [`Vaults::register`].
    pub fn register_with(
        &self,
        name: &Name,
        display: &str,
        password: &Password,
        invitation: Option<&TicketHash>,
    ) -> Result<(Arc<Unlocked>, RecoveryCode), VaultError> {
        let unlockers = self.unlockers(name, password)?;
        let (vault, urk, code) = (VaultId::random(), Key::random(), RecoveryCode::random());
        let ways = [&unlockers[0], &Unlocker::recovery(&self.header, &code)];
        let vault_keys = VaultKeys::derive(&urk, self.header.uuid, vault);
        let now = self.clock.now_ms();
        let keyring = Keyring {
            rev: 1,
            created: now,
            sess_gen: 1,
            rotate_again: false,
            name: canon::strip(display).to_owned().into(),
            generations: vec![Generation { number: 1, key: Key::random(), created: now }],
            wraps: ways.iter().map(|way| info(way, now)).collect(),
            extensions: Vec::new(),
        };
        let (ring_value, keys) = (keyring.seal(&vault_keys)?, KeySet::of(&keyring, self.header.uuid, vault));
        let wraps = ways.map(|way| seal_wrap(way, vault, &self.header, &urk));
        self.refuse_read_only()?;
        self.store.write(|rows| -> Result<(), VaultError> {
            if let Some(invitation) = invitation {
                policy::use_invitation(rows, invitation, now)?;
            }
            refuse_taken(rows, &unlockers, None)?;
            refuse_used(rows, vault, &keys.active)?;
            policy::note_owner(rows)?;
            for (way, wrap) in ways.iter().zip(wraps) {
                rows.put_small(&row_key(way.row()), &wrap?)?;
            }
            rows.put_small(&keyring_row(vault), &ring_value)?;
            let mut writer = Writer::begin(rows, &keys, Heads::new(first_head()), now)?;
            let root = RootV1 { first_day: 0, last_day: 0, years: Vec::new(), ext: Vec::new() };
            writer.put(RecordType::ROOT, &[], &root)?;
            let outbox = OutboxV1 { rescan: false, items: Vec::new(), ext: Vec::new() };
            writer.put(RecordType::OUTBOX, &[], &outbox)?;
            writer.finish().map(|_| ())
        })?;
        let wrap = self.find(&unlockers[0])?.ok_or(VaultError::Altered(Alteration::Wrap))?;
        Ok((self.unlock(wrap)?, code))
    }

    /// Opens the vault of this name and password. `None` when there is none: a wrong name and a wrong password
    /// cannot be told apart, and both cost the same.
    ///
    /// # Errors
    /// [`VaultError::Replaced`] for a password that was changed and whose row came back; [`VaultError::Altered`];
    /// key derivation and store errors.
    pub fn sign_in(&self, name: &str, password: &str) -> Result<Option<Arc<Unlocked>>, VaultError> {
        let name = Name::typed(name);
        let Ok(password) = Password::typed(password) else { return Ok(None) };
        let mut current: Option<Unlocker> = None;
        for profile in self.header.profiles() {
            let unlocker = Unlocker::password(&self.header, profile, &name, &password)?;
            if let Some(wrap) = self.find(&unlocker)? {
                let unlocked = self.unlock(wrap)?;
                if let Some(current) = current.filter(|_| self.header.may_write()) {
                    match self.move_wrap(&unlocked, &unlocker, &current) {
                        // Signing in must not need a write: the next time will do.
                        Err(error @ (VaultError::Store(_) | VaultError::Altered(Alteration::Head))) => {
                            tracing::warn!(%error, "a password stays under the older profile for now");
                        }
                        moved => moved?,
                    }
                }
                return Ok(Some(unlocked));
            }
            current.get_or_insert(unlocker);
        }
        Ok(None)
    }

    /// Opens the vault of this recovery code, gives it a new password and the name as typed (the one shown to its
    /// owner, or another), and voids all sessions. `None` when the code opens nothing.
    ///
    /// The code that is returned is only an offer: the old one stays until [`Vaults::adopt_recovery`].
    ///
    /// # Errors
    /// [`VaultError::Name`], [`VaultError::Taken`], and those of [`Vaults::sign_in`].
    pub fn recover(
        &self,
        code: &RecoveryCode,
        name: &str,
        new: &Password,
    ) -> Result<Option<(Arc<Unlocked>, RecoveryCode)>, VaultError> {
        let Some(unlocked) = self.open_with_code(code)? else { return Ok(None) };
        self.set_password(&unlocked, name, new)?;
        Ok(Some((unlocked, RecoveryCode::random())))
    }

    /// Opens the vault of this recovery code and changes nothing: to show whose it is before a new password is chosen.
    ///
    /// # Errors
    /// Those of [`Vaults::sign_in`].
    pub fn open_with_code(&self, code: &RecoveryCode) -> Result<Option<Arc<Unlocked>>, VaultError> {
        match self.find(&Unlocker::recovery(&self.header, code))? {
            Some(wrap) => self.unlock(wrap).map(Some),
            None => Ok(None),
        }
    }

    /// Replaces the recovery code of a vault, once its owner has typed back the last group of the new one. Call
    /// [`Vaults::settle`] afterwards.
    ///
    /// # Errors
    /// Store errors.
    pub fn adopt_recovery(&self, unlocked: &Unlocked, new: &RecoveryCode) -> Result<(), VaultError> {
        let unlocker = Unlocker::recovery(&self.header, new);
        self.replace_wraps(unlocked, &unlocker, |wrap| wrap.kind == WrapKind::Recovery, |_| {})
    }

    /// Gives a vault another password, and the name as typed. The old password no longer signs in, all sessions are
    /// void. It still opens copies of the file made before. Call [`Vaults::settle`] afterwards.
    ///
    /// # Errors
    /// [`VaultError::Name`], [`VaultError::Taken`], key derivation and store errors.
    pub fn set_password(&self, unlocked: &Unlocked, name: &str, new: &Password) -> Result<(), VaultError> {
        let display = canon::strip(name);
        let unlockers = self.unlockers(&Name::choose(display)?, new)?;
        self.store.read(|rows| refuse_taken(rows, &unlockers, Some(unlocked.id())))?;
        self.replace_wraps(
            unlocked,
            &unlockers[0],
            |wrap| wrap.kind.has_password(),
            |keyring| {
                keyring.name = display.to_owned().into();
                keyring.sess_gen += 1;
            },
        )
    }

    /// Whether this name and password are a way into this vault: for asking again before something serious.
    ///
    /// # Errors
    /// Key derivation and store errors.
    pub fn confirms(&self, unlocked: &Unlocked, name: &str, password: &str) -> Result<bool, VaultError> {
        let Ok(password) = Password::typed(password) else { return Ok(false) };
        let keyring = unlocked.keyring()?;
        let unlockers = self.unlockers(&Name::typed(name), &password)?;
        Ok(unlockers.iter().any(|unlocker| keyring.lists(unlocker.row())))
    }

    /// What a vault's owner may want to know about it.
    ///
    /// # Errors
    /// [`VaultError::Altered`] when its keyring does not open; store errors.
    pub fn facts(&self, unlocked: &Unlocked) -> Result<Facts, VaultError> {
        let keyring = unlocked.keyring()?;
        let newest = |is_kind: fn(&WrapInfo) -> bool| {
            keyring.wraps.iter().filter(|wrap| is_kind(wrap)).map(|wrap| wrap.created).max()
        };
        Ok(Facts {
            created: keyring.created,
            password_since: newest(|wrap| wrap.kind.has_password()),
            recovery_since: newest(|wrap| wrap.kind == WrapKind::Recovery),
        })
    }

    /// The way in with this name and password under every live profile, current first.
    pub(super) fn unlockers(&self, name: &Name, password: &Password) -> Result<Vec<Unlocker>, VaultError> {
        let derive = |profile| Unlocker::password(&self.header, profile, name, password);
        Ok(self.header.profiles().map(derive).collect::<Result<_, _>>()?)
    }

    /// The wrap row of a way in, from the first copy that opens; of two that lead to different root keys, from the one
    /// whose keyring opens.
    fn find(&self, unlocker: &Unlocker) -> Result<Option<Wrap>, VaultError> {
        let key = row_key(unlocker.row());
        self.store.read(|rows| {
            let mut is_there = false;
            let mut found: Option<Wrap> = None;
            for copy in Copy::BOTH {
                let Some(value) = rows.small(copy, &key)? else { continue };
                is_there = true;
                let Ok((vault, urk)) = open_wrap(unlocker, &self.header, &value) else { continue };
                let wrap = Wrap { row: *unlocker.row(), value, vault, urk };
                let is_better = match &found {
                    None => true,
                    Some(first) => {
                        !first.urk.is_same(&wrap.urk) && wrap.leads_to_a_keyring(rows, &self.header)
                    }
                };
                if is_better {
                    found = Some(wrap);
                }
            }
            if is_there && found.is_none() { Err(VaultError::Altered(Alteration::Wrap)) } else { Ok(found) }
        })
    }

    /// The open vault of a wrap: the one that is open already, or a new one.
    fn unlock(&self, wrap: Wrap) -> Result<Arc<Unlocked>, VaultError> {
        self.unlock_by(wrap.vault, wrap, Unlocked::admits, unlocked::open)
    }

    /// The open vault of `proof`: the one that is open already and admits it, or the one that it opens.
    pub(super) fn unlock_by<P>(
        &self,
        vault: VaultId,
        proof: P,
        admits: impl FnOnce(&Unlocked, &P) -> Result<bool, VaultError>,
        opened: impl FnOnce(Place, P) -> Result<Unlocked, VaultError>,
    ) -> Result<Arc<Unlocked>, VaultError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(unlocked) = open.get(&vault).and_then(Weak::upgrade) {
            return if admits(&unlocked, &proof)? { Ok(unlocked) } else { Err(VaultError::Replaced) };
        }
        let place = Place {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            header: self.header.clone(),
        };
        let unlocked = Arc::new(opened(place, proof)?);
        open.retain(|_, other| other.strong_count() > 0);
        open.insert(vault, Arc::downgrade(&unlocked));
        Ok(unlocked)
    }

    /// Takes a wrap found under the previous profile to the current one.
    fn move_wrap(&self, unlocked: &Unlocked, old: &Unlocker, new: &Unlocker) -> Result<(), VaultError> {
        self.replace_wraps(unlocked, new, |wrap| wrap.row == *old.row(), |_| {})
    }

    /// Puts one wrap in the place of others, in the file and in the keyring.
    fn replace_wraps(
        &self,
        unlocked: &Unlocked,
        way: &Unlocker,
        is_old: impl Fn(&WrapInfo) -> bool,
        and: impl FnOnce(&mut Keyring),
    ) -> Result<(), VaultError> {
        let (vault, now) = (unlocked.id(), self.clock.now_ms());
        let change = |change: &mut Change<'_>| {
            let Change { keyring, urk, rows, .. } = change;
            refuse_taken(*rows, std::slice::from_ref(way), Some(vault))?;
            let sess_gen = keyring.sess_gen;
            let wrap = seal_wrap(way, vault, &self.header, urk)?;
            for old in keyring.wraps.iter().filter(|wrap| is_old(wrap)) {
                rows.remove_small(&row_key(&old.row))?;
            }
            keyring.wraps.retain(|wrap| !is_old(wrap) && wrap.row != *way.row());
            keyring.wraps.push(info(way, now));
            rows.put_small(&row_key(way.row()), &wrap)?;
            compaction::owe(*rows)?;
            and(keyring);
            let are_void = keyring.sess_gen != sess_gen;
            Ok(Outcome::Write(if are_void { remove_sessions(*rows, vault)? } else { Vec::new() }))
        };
        unlocked.rekey(change, |w, sids| forget_records(w, sids)).map(|_| ())
    }

    pub(super) fn refuse_read_only(&self) -> Result<(), VaultError> {
        if self.header.may_write() { Ok(()) } else { Err(VaultError::ReadOnly) }
    }
}

pub(super) fn info(way: &Unlocker, now: i64) -> WrapInfo {
    let label = String::new();
    WrapInfo { kind: way.kind(), profile: way.profile_id(), created: now, row: *way.row(), label }
}

fn first_head() -> Head {
    Head {
        generation: 1,
        seq: 0,
        count: 0,
        set: SetHash::EMPTY,
        seals: 0,
        keyring_rev: 1,
        wall: 0,
        lineage: Head::new_lineage(),
    }
}

/// Refuses a way in whose row belongs to another vault: two people may share a name, not a name and a password.
pub(super) fn refuse_taken(
    rows: &dyn Rows,
    ways: &[Unlocker],
    own: Option<VaultId>,
) -> Result<(), VaultError> {
    for way in ways {
        for copy in Copy::BOTH {
            let Some(value) = rows.small(copy, &row_key(way.row()))? else { continue };
            let is_own = own.is_some() && WrapFace::parse(&value).ok().map(|face| face.vault) == own;
            if !is_own {
                return Err(VaultError::Taken);
            }
        }
    }
    Ok(())
}

/// A random vault id that is in use all the same would mix two vaults.
fn refuse_used(rows: &dyn Rows, vault: VaultId, keys: &RecordKeys) -> Result<(), VaultError> {
    let (mut first, mut last) = (*keys.head_row().as_bytes(), *keys.head_row().as_bytes());
    first[7..].fill(0);
    last[7..].fill(0xff);
    let mut is_used = rows.small(Copy::A, &keyring_row(vault))?.is_some();
    rows.scan(&first, &last, &mut |_, _| {
        is_used = true;
        ControlFlow::Break(())
    })?;
    if is_used { Err(StoreError::Failed.into()) } else { Ok(()) }
}
