//! What browsers keep to notice that an older state of the whole file came back (`format-v1.md` section 14).

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

pub use crate::crypto::witness::Witness;
use crate::{
    crypto::{set::Head, witness::cookie_name},
    vault::{
        error::VaultError,
        events::{self, Kind},
        transaction::{Heads, Reader},
        unlocked::Unlocked,
        witnesses::{self, Earlier},
    },
};

/// Heads that witnesses are made of and compared with. Nobody waits for the writer to read them.
pub(super) struct Marks {
    /// As last committed; `None` while the vault has no head that fits.
    last: Option<Head>,
    /// As found when the vault was opened, until the first judgement: what is written before it hides nothing.
    found: Option<Head>,
    /// An older state was noticed, and nobody has decided yet.
    is_held: bool,
}

impl Marks {
    pub(super) fn of(heads: Option<&Heads>) -> Self {
        let head = heads.map(|heads| heads.active.clone());
        Self { last: head.clone(), found: head, is_held: false }
    }
}

/// How a journal stands to what a browser last saw of it.
pub enum Sight {
    /// It may follow that, or the browser saw nothing.
    Fine,
    /// It is older, another history, or it cannot be told: then without what was seen.
    Older(Option<Witness>),
}

impl Unlocked {
    /// Compares the journal with the witness of a browser.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn judge(&self, cookie: Option<&str>) -> Result<Sight, VaultError> {
        let Some(cookie) = cookie else { return Ok(Sight::Fine) };
        let found = self.read_witness(cookie)?;
        let mut marks = self.marks();
        // Without a head nothing is written before the owner accepts the journal as it is; every page says that.
        let Some(head) = marks.found.as_ref().or(marks.last.as_ref()) else { return Ok(Sight::Fine) };
        if found.as_ref().is_some_and(|found| found.is_before && found.witness.allows(head)) {
            return Ok(Sight::Fine);
        }
        marks.is_held = marks.found.is_some();
        Ok(Sight::Older(found.map(|found| found.witness)))
    }

    /// What a browser saw, also before the keys were revoked.
    fn read_witness(&self, cookie: &str) -> Result<Option<Earlier>, VaultError> {
        let ring = self.ring()?;
        if let Ok(witness) = Witness::parse(&ring.vault_keys, cookie) {
            return Ok(Some(Earlier { witness, is_before: true }));
        }
        let snapshot = self.store.snapshot()?;
        witnesses::open(&Reader::new(snapshot.rows(), &ring.keys), &ring.vault_keys, cookie)
    }

    /// After a judgement that nothing older came back, or the decision to go on: from here on the head moves.
    pub fn settle_sight(&self) {
        let mut marks = self.marks();
        (marks.found, marks.is_held) = (None, false);
    }

    /// Whether the head must stay as it is, because somebody has yet to decide about an older state.
    pub(in crate::vault) fn is_held(&self) -> bool {
        self.marks().is_held
    }

    /// The number of the last commit; waits for nobody.
    pub fn seen_seq(&self) -> Option<u64> {
        self.marks().last.as_ref().map(|head| head.seq)
    }

    /// The witness of the last commit: its number, the name of its cookie, the value.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn witness(&self) -> Result<Option<(u64, String, String)>, VaultError> {
        let ring = self.ring()?;
        let marks = self.marks();
        Ok(marks
            .last
            .as_ref()
            .map(|head| (head.seq, cookie_name(self.vault), Witness::of(head).to_cookie(&ring.vault_keys))))
    }

    /// The name of the cookie that holds the witness.
    pub fn witness_name(&self) -> String {
        cookie_name(self.vault)
    }

    /// Goes on from an older state, in one transaction: a history of its own begins, unless this is another one already,
    /// its numbers are later than all that was seen, and the log says so.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`]; seal and store errors, after which nothing was changed.
    pub fn go_on(&self, seen: Option<&Witness>) -> Result<(), VaultError> {
        self.write(|w| {
            let lineage = w.lineage();
            let is_another = seen.is_some_and(|seen| seen.lineage != lineage);
            let lineage = if is_another { lineage } else { Head::new_lineage() };
            let before = w.seq() - 1;
            w.leap(lineage, seen.map_or(before, |seen| seen.seq.max(before)));
            events::append(w, Kind::WentOn, &[], &[before, seen.map_or(0, |seen| seen.seq)])
        })?;
        self.settle_sight();
        Ok(())
    }

    /// Keeps the heads of a transaction that is on the medium.
    pub(super) fn keep(&self, slot: &mut MutexGuard<'_, Option<Heads>>, committed: Heads) {
        self.latest.fetch_max(committed.active.wall, Ordering::Relaxed);
        self.marks().last = Some(committed.active.clone());
        **slot = Some(committed);
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
