//! A person whose vault is unlocked.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use jiff::tz::TimeZone;

use crate::{
    journal::ids::TraceId,
    llm::UpstreamKey,
    services::{
        generation::Running,
        indexing::UserIndex,
        integrity::UserIntegrity,
        openings::UserOpenings,
        preferences::Preferences,
        recaps::UserRecaps,
        rotation::UserRotation,
        sessions::{guard, renewal::Offer},
        traces::{Meant, Suggested},
        transfer::ImportSlot,
        words::UserWords,
    },
    shutdown::{Shutdown, Stopper, shutdown},
    vault::unlocked::Unlocked,
};

/// A person whose vault is unlocked. All sessions of the person share it; when it is dropped the keys are wiped.
pub struct User {
    /// The open vault.
    pub(crate) vault: Arc<Unlocked>,
    /// The writer's time zone.
    zone: Mutex<(String, TimeZone)>,
    /// How the journal looks and behaves for the writer.
    pub(crate) preferences: Mutex<Preferences>,
    /// Replies that run now.
    pub(crate) running: Running,
    /// The open search index.
    pub(crate) index: UserIndex,
    /// Recaps that are being made.
    pub(crate) recaps: UserRecaps,
    /// The opening that is being made.
    pub(crate) openings: UserOpenings,
    /// The open word index.
    pub(crate) words: UserWords,
    /// Renewing the keys.
    pub(crate) rotation: UserRotation,
    /// What the check after unlocking found.
    pub(crate) integrity: UserIntegrity,
    /// When the trash was last looked through for what has been there too long.
    pub(crate) tended: AtomicI64,
    /// Whether the person allowed that entries go to the upstream.
    pub(crate) may_send: AtomicBool,
    /// One sign-in with name and password is asked for.
    pub(crate) wants_proof: AtomicBool,
    /// The person has signed in with them since the vault was unlocked.
    pub(crate) is_proved: AtomicBool,
    /// The person's own key for the upstream.
    pub(crate) upstream_key: Mutex<Option<UpstreamKey>>,
    /// Such a key is kept and cannot be read any more.
    pub(crate) is_key_lost: AtomicBool,
    /// What writes for the person in the background has begun.
    pub(crate) is_settled: AtomicBool,
    /// What suggesting traces compares every text with.
    pub(crate) suggested: Suggested,
    /// Which names of traces mean the same.
    pub(crate) meant: Meant,
    /// Held for reading while a draft is being kept.
    pub(crate) drafting: tokio::sync::RwLock<()>,
    /// The trace whose summary a model betters now.
    pub(crate) summing: Mutex<Option<TraceId>>,
    /// What was read for an import and waits for a yes.
    pub(crate) import: ImportSlot,
    /// The writer has switched the model off.
    pub(crate) model_is_off: AtomicBool,
    /// Was told, since signing in, that there is no model.
    pub(crate) knows_no_model: AtomicBool,
    /// Told when the vault is locked.
    pub(crate) locked: Shutdown,
    stopper: Stopper,
    pub(super) offer: Offer,
}

impl User {
    pub(super) fn new(vault: Arc<Unlocked>, zone_name: String, zone: TimeZone) -> Self {
        let (stopper, locked) = shutdown();
        Self {
            vault,
            zone: Mutex::new((zone_name, zone)),
            preferences: Mutex::default(),
            running: Running::default(),
            index: UserIndex::default(),
            recaps: UserRecaps::default(),
            openings: UserOpenings::default(),
            words: UserWords::default(),
            rotation: UserRotation::default(),
            integrity: UserIntegrity::default(),
            tended: AtomicI64::new(0),
            may_send: AtomicBool::new(false),
            wants_proof: AtomicBool::new(false),
            is_proved: AtomicBool::new(false),
            upstream_key: Mutex::new(None),
            is_key_lost: AtomicBool::new(false),
            is_settled: AtomicBool::new(false),
            suggested: Suggested::default(),
            meant: Meant::default(),
            drafting: tokio::sync::RwLock::default(),
            summing: Mutex::default(),
            import: ImportSlot::default(),
            model_is_off: AtomicBool::new(false),
            knows_no_model: AtomicBool::new(false),
            locked,
            stopper,
            offer: Offer::default(),
        }
    }

    /// The IANA name and the rules of the writer's zone.
    pub(crate) fn zone(&self) -> (String, TimeZone) {
        guard(&self.zone).clone()
    }

    /// From now on the writer lives in this zone.
    pub(crate) fn set_zone(&self, name: String, zone: TimeZone) {
        *guard(&self.zone) = (name, zone);
    }

    /// From now on this is the person's own key for the upstream.
    pub(crate) fn keep_upstream_key(&self, key: Option<UpstreamKey>) {
        self.is_key_lost.store(false, Ordering::SeqCst);
        *guard(&self.upstream_key) = key;
    }

    /// Forgets what a model wrote and what is remembered of it. Every part is named here, so that a new one is thought of.
    pub(crate) fn forget_made(&self) {
        let Self {
            running,
            vault: _,
            zone: _,
            preferences: _,
            index: _,
            recaps: _,
            openings: _,
            words: _,
            rotation: _,
            integrity: _,
            tended: _,
            may_send: _,
            wants_proof: _,
            is_proved: _,
            upstream_key: _,
            is_key_lost: _,
            is_settled: _,
            suggested: _,
            meant: _,
            drafting: _,
            summing: _,
            import: _,
            model_is_off: _,
            knows_no_model: _,
            locked: _,
            stopper: _,
            offer: _,
        } = self;
        running.forget_ended();
    }

    /// Tells everything that works for this person to stop.
    pub(super) fn lock(&self) {
        self.stopper.stop();
        self.running.interrupt_all();
        self.withdraw_offer();
    }
}
