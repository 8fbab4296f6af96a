//! Another program that may answer: whether anything may be sent to it, by whom, and of what.
//!
//! Three must say yes before a byte leaves: the owner, who sets an upstream in the configuration; the person, who allows
//! it with the password typed again, sees its host, and can take it back at any time; and the entry, which must not be
//! marked "never send". What a person allowed is one address: with another one in the configuration nothing is sent
//! until it is allowed anew. Without a yes the upstream's engine is not even loaded, so there is no connection.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    blocking,
    journal::{
        entry::{Entry, Role},
        ids::EntryId,
    },
    llm::{
        ModelIdentity,
        openai::{self, Discovered, UpstreamOptions},
        worker::{Engine, EngineState},
    },
    services::{
        Failure, Services,
        keys::Confirmed,
        sessions::{Session, User, guard},
        state::ModelState,
    },
    vault::{entries, error::VaultError, secrets, settings},
};

/// Setting that holds the address that was allowed.
const SETTING: &str = "upstream";
/// Name of the secret that is the person's own key.
const KEY: &str = "upstream";
/// Longest key, in bytes.
const LONGEST_KEY: usize = 512;
/// How long asking for a reply waits until the upstream has said what it is.
const GREETING: Duration = Duration::from_secs(6);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// An upstream that the owner has set.
pub struct Upstream {
    /// Asks it; loads nothing before somebody allowed it.
    pub engine: Engine,
    /// Its address, which a person allows.
    pub address: String,
    /// Its host, for people.
    pub host: String,
    /// Whether the way there is encrypted.
    pub is_protected: bool,
    /// Whether it is this machine.
    pub is_here: bool,
    options: UpstreamOptions,
    /// What it said of itself, once it was asked.
    known: Arc<Mutex<Option<Discovered>>>,
}

/// What answers an entry.
pub(super) struct Answerer<'a> {
    /// Takes the request.
    pub(super) engine: &'a Engine,
    /// Which model that is.
    pub(super) identity: ModelIdentity,
    /// Whether the request leaves this program.
    pub(super) is_upstream: bool,
}

/// Takes out of what goes along with an entry whatever is marked as never sent, and the replies to it.
pub(super) fn leave_out_kept(written: &mut Vec<Entry>) {
    let kept: HashSet<EntryId> =
        written.iter().filter(|entry| entry.never_send).map(|entry| entry.id).collect();
    written.retain(|entry| {
        !kept.contains(&entry.id) && entry.reply_to.is_none_or(|answered| !kept.contains(&answered))
    });
}

/// What the settings page says of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamState {
    /// Its host, for people.
    pub host: String,
    /// Whether the way there is encrypted.
    pub is_protected: bool,
    /// Whether it is this machine.
    pub is_here: bool,
    /// Whether this person allowed it.
    pub is_allowed: bool,
    /// How it is, in a sentence; nothing while it is not allowed.
    pub sentence: Option<String>,
    /// Whether this person gave a key of their own.
    pub has_own_key: bool,
    /// Whether that key cannot be read any more; then it is as if there were none.
    pub is_key_lost: bool,
}

impl Upstream {
    /// Prepares one; connects to nothing.
    pub fn new(options: UpstreamOptions) -> Self {
        let (address, host) = (options.base.address(), options.base.shown());
        let (is_protected, is_here) = (options.base.is_tls(), options.base.is_loopback());
        let known: Arc<Mutex<Option<Discovered>>> = Arc::default();
        let (asked, found) = (options.clone(), Arc::clone(&known));
        let engine = Engine::start(move || {
            let upstream = openai::Upstream::connect(asked.clone())?;
            *guard(&found) = Some(upstream.known().clone());
            Ok(Box::new(upstream))
        });
        Self { engine, address, host, is_protected, is_here, options, known }
    }

    /// What is known of it, or is taken for granted as long as it was not asked.
    pub(super) fn known(&self) -> Discovered {
        guard(&self.known).clone().unwrap_or_else(|| Discovered::assumed(&self.options))
    }
}

impl Services {
    /// The upstream the owner has set, as this person sees it; `None` when there is none.
    pub fn upstream(&self, session: &Session) -> Option<UpstreamState> {
        let upstream = self.upstream.as_ref()?;
        let is_allowed = self.may_send(&session.user);
        Some(UpstreamState {
            host: upstream.host.clone(),
            is_protected: upstream.is_protected,
            is_here: upstream.is_here,
            is_allowed,
            sentence: is_allowed.then(|| sentence(upstream)),
            has_own_key: guard(&session.user.upstream_key).is_some(),
            is_key_lost: session.user.is_key_lost.load(Ordering::SeqCst),
        })
    }

    /// Allows the upstream for this person. The password was typed again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn allow_upstream(&self, confirmed: &Confirmed) -> Result<(), Failure> {
        let Some(upstream) = &self.upstream else { return Ok(()) };
        let (user, address) = (Arc::clone(&confirmed.session().user), upstream.address.clone());
        let keep = Arc::clone(&user);
        let is_another = blocking::db(move || {
            keep.vault.write(|w| {
                // What cannot be read was not for this address, as far as anybody knows.
                let is_another = match settings::get(w, SETTING) {
                    Err(error) if error.is_of_one_record() => true,
                    old => old?.is_some_and(|old| old != address.as_bytes()),
                };
                if is_another {
                    // A key is for one address.
                    secrets::remove(w, KEY)?;
                }
                settings::put(w, SETTING, address.as_bytes())?;
                Ok(is_another)
            })
        })
        .await??;
        self.wrote();
        if is_another {
            user.keep_upstream_key(None);
        }
        user.may_send.store(true, Ordering::SeqCst);
        upstream.engine.load();
        Ok(())
    }

    /// Keeps this person's own key for the upstream they allowed, sealed; an empty one is forgotten. It goes along with
    /// what they ask, in place of the owner's, and is never shown again. `false` when it cannot be a key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn set_upstream_key(&self, session: &Session, key: &str) -> Result<bool, Failure> {
        let key = Zeroizing::new(key.trim().to_owned());
        let is_header = key.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if !is_header || key.len() > LONGEST_KEY || !self.may_send(&session.user) {
            return Ok(false);
        }
        let (user, kept) = (Arc::clone(&session.user), key.clone());
        blocking::db(move || {
            user.vault.write(|w| {
                if kept.is_empty() { secrets::remove(w, KEY) } else { secrets::put(w, KEY, kept.as_bytes()) }
            })
        })
        .await??;
        self.wrote();
        session.user.keep_upstream_key((!key.is_empty()).then(|| Arc::new(key)));
        Ok(true)
    }

    /// Takes back what was allowed, and forgets the person's own key. A reply that runs is stopped.
    ///
    /// # Errors
    /// When it cannot be written; from now on nothing is sent all the same.
    pub async fn refuse_upstream(&self, session: &Session) -> Result<(), Failure> {
        let user = Arc::clone(&session.user);
        if user.may_send.swap(false, Ordering::SeqCst) {
            user.running.interrupt_all();
        }
        user.keep_upstream_key(None);
        blocking::db(move || {
            user.vault.write(|w| {
                secrets::remove(w, KEY)?;
                settings::remove(w, SETTING)
            })
        })
        .await??;
        self.wrote();
        Ok(())
    }

    /// Marks an entry as one that is never sent, or takes the mark away. `None` when there is no such entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_here(
        &self,
        session: &Session,
        id: EntryId,
        never_send: bool,
    ) -> Result<Option<Entry>, Failure> {
        let user = Arc::clone(&session.user);
        let marked = blocking::db(move || {
            user.vault.write(move |w| {
                let entry = entries::entry(w, id)?;
                let Some(entry) = entry.filter(|entry| entry.role == Role::Writer && entry.deleted.is_none())
                else {
                    return Ok(None);
                };
                let entry = Entry { never_send, ..entry };
                entries::checkpoint(w, &entry)?;
                Ok(Some(entry))
            })
        })
        .await??;
        self.wrote();
        if never_send {
            // Whoever asks from now on finds the mark; whoever asked before is stopped.
            session.user.running.stop_for_entry(id).await;
        }
        Ok(marked)
    }

    /// How the model is that would answer an entry of a writer, who may have switched it off.
    pub fn model_for_entry(&self, session: &Session, entry: &Entry) -> ModelState {
        if session.user.model_is_off.load(Ordering::SeqCst) {
            return self.model_for(session);
        }
        self.answering(session, Some(entry))
    }

    /// How the model is that answers; of an entry, that answers it.
    pub(super) fn answering(&self, session: &Session, entry: Option<&Entry>) -> ModelState {
        match &self.upstream {
            Some(upstream) if self.sends(&session.user, entry) => ModelState {
                // Also when it could not be reached: whoever asks tries again.
                state: "ready",
                name: Some(upstream.host.clone()),
                sentence: sentence(upstream),
            },
            _ => self.model(),
        }
    }

    /// Whether an entry (or, without one, some entry) of this person is answered by the upstream.
    pub(super) fn sends(&self, user: &User, entry: Option<&Entry>) -> bool {
        self.may_send(user) && entry.is_none_or(|entry| !entry.never_send)
    }

    /// What answers an entry of this person now, or a sentence on why nothing does. An upstream that has not been asked
    /// what it is, or could not be reached, is asked now.
    pub(super) async fn answerer(&self, session: &Session, entry: &Entry) -> Result<Answerer<'_>, String> {
        if session.user.model_is_off.load(Ordering::SeqCst) {
            return Err(self.model_for(session).sentence);
        }
        let upstream = self.upstream.as_ref().filter(|_| self.sends(&session.user, Some(entry)));
        let Some(upstream) = upstream else {
            return match self.llm.state() {
                EngineState::Ready(identity) => {
                    Ok(Answerer { engine: &self.llm, identity, is_upstream: false })
                }
                _ => Err(self.model().sentence),
            };
        };
        let engine = &upstream.engine;
        engine.load();
        let greeted = tokio::time::timeout(GREETING, async {
            loop {
                match engine.state() {
                    EngineState::Ready(identity) => return Some(identity),
                    EngineState::Unavailable(_) => return None,
                    EngineState::Idle | EngineState::Loading => tokio::time::sleep(LOOK).await,
                }
            }
        });
        match greeted.await {
            Ok(Some(identity)) => Ok(Answerer { engine, identity, is_upstream: true }),
            _ => Err(sentence(upstream)),
        }
    }

    /// Finds out whether this person allowed the upstream, when the vault was opened, and greets it if so. A record that
    /// is broken keeps nobody out: without what was allowed nothing is sent, and without the key it is as if there were
    /// none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn prepare_upstream(&self, user: &Arc<User>) -> Result<(), Failure> {
        let Some(upstream) = &self.upstream else { return Ok(()) };
        let keep = Arc::clone(user);
        let (allowed, key) = blocking::db(move || {
            keep.vault.read(|r| Ok((whole(settings::get(r, SETTING))?, whole(secrets::get(r, KEY))?)))
        })
        .await??;
        if allowed.flatten().as_deref() == Some(upstream.address.as_bytes()) {
            user.is_key_lost.store(key.is_none(), Ordering::SeqCst);
            let key = key.flatten();
            let key =
                key.and_then(|key| std::str::from_utf8(&key).ok().map(|key| Zeroizing::new(key.to_owned())));
            *guard(&user.upstream_key) = key.map(Arc::new);
            user.may_send.store(true, Ordering::SeqCst);
            if !user.model_is_off.load(Ordering::SeqCst) {
                upstream.engine.load();
            }
        }
        Ok(())
    }

    fn may_send(&self, user: &User) -> bool {
        self.upstream.is_some() && user.may_send.load(Ordering::SeqCst)
    }
}

/// What was read; `None` when that one record is broken.
fn whole<T>(read: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match read {
        Err(error) if error.is_of_one_record() => Ok(None),
        read => read.map(Some),
    }
}

fn sentence(upstream: &Upstream) -> String {
    match upstream.engine.state() {
        EngineState::Ready(identity) => {
            format!("{} answers; what you ask about is sent there.", identity.name)
        }
        EngineState::Idle | EngineState::Loading => {
            format!("{} is being asked which model it has.", upstream.host)
        }
        EngineState::Unavailable(why) => {
            format!("No reply can be had now: {why}. Your writing is safe. It is tried again when you ask.")
        }
    }
}
