//! Opening the word index, keeping it up to date, and sealing it: in small rounds, so that a lock never waits long.
//!
//! A segment is one sealed file; the pointer `search/words` lists those in use. A file is written page by page in
//! transactions of their own and listed by the last one, which also removes what it replaces. A program that is killed
//! in between leaves the pointer as it was.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    blocking,
    journal::ids::EntryId,
    search::{
        lexical::{RECENT, Segment, WordIndex},
        plain::plain,
    },
    services::{
        Services,
        indexing::{is_searchable, write_behind, write_pages},
        sessions::{User, guard},
        words::{MOST_AT_ONCE, Open, UserWords, apply, catch_up, segment_of},
    },
    vault::{
        entries,
        error::VaultError,
        files::{self, FileId, FileKind, Pointer, collect},
        transaction::{Reader, Writer},
        unlocked::{Unlocked, changes::Changes},
    },
};

/// Pause after a failure.
const RETRY: Duration = Duration::from_secs(20);
/// Entries that are read at once while an index is made.
const BATCH: usize = 2_048;
/// What points to the sealed segments.
const NAME: &str = "search/words";

/// How far the index is open.
#[derive(Default)]
pub(super) enum Progress {
    /// Nothing was read yet.
    #[default]
    Closed,
    /// The sealed segments were read; what the journal holds must be compared.
    Loaded,
    /// These entries are missing.
    Lacks(Vec<EntryId>),
    /// It holds every entry but those the vault has noted as changed.
    Whole,
}

impl Services {
    /// Opens the word index of a person and keeps it up to date until the vault is locked.
    pub(in crate::services) async fn keep_words(&self, user: &Arc<User>) {
        loop {
            let keep = Arc::clone(user);
            let may_seal = user.is_settled.load(Ordering::SeqCst) && user.vault.may_write();
            match blocking::db(move || keep.words.round(&keep.vault, may_seal)).await {
                Ok(Ok(Round::More { has_written })) => {
                    if has_written {
                        self.wrote();
                    }
                }
                Ok(Ok(Round::Done)) => {
                    user.words.nudge.notified().await;
                    guard(&user.words.open).rests = false;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the word index could not be brought up to date");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the word index failed; it is made anew");
                    user.words.start_anew(&user.vault);
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// What came of one round.
pub(super) enum Round {
    /// There may be more to do.
    More {
        /// Something was committed.
        has_written: bool,
    },
    /// Nothing is to be done before something changes.
    Done,
}

impl UserWords {
    /// Does the next thing there is to do.
    pub(super) fn round(&self, vault: &Unlocked, may_seal: bool) -> Result<Round, VaultError> {
        if self.is_closed() {
            return Ok(Round::Done);
        }
        if may_seal {
            match self.seal(vault) {
                Ok(true) => return Ok(Round::More { has_written: true }),
                Ok(false) => {}
                // Full, or read-only: it is found from memory, and sealed when something changes again.
                Err(error) => {
                    tracing::warn!(%error, "a part of the word index could not be sealed");
                    let mut open = guard(&self.open);
                    (open.rests, open.is_swept) = (true, false);
                }
            }
        }
        let is_more = self.build() || self.advance(vault)?;
        Ok(if is_more { Round::More { has_written: false } } else { Round::Done })
    }

    /// Comes nearer to an index that holds everything; `false` when it does.
    fn advance(&self, vault: &Unlocked) -> Result<bool, VaultError> {
        let progress = {
            let mut open = guard(&self.open);
            if open.is_whole() {
                if let Some(applied) = catch_up(vault, &mut open, MOST_AT_ONCE)? {
                    return Ok(applied > 0);
                }
                open.progress = open.lacking(vault.take_changes());
                open.lacks_much = matches!(open.progress, Progress::Lacks(_));
                return Ok(true);
            }
            std::mem::take(&mut open.progress)
        };
        match self.step(vault, progress) {
            Ok(progress) => {
                let mut open = guard(&self.open);
                if !self.is_closed() {
                    open.lacks_much = matches!(&progress, Progress::Lacks(lacking) if lacking.len() > RECENT);
                    open.progress = progress;
                }
                if open.is_whole() || open.lacks_much {
                    self.opened.notify_all();
                }
                Ok(true)
            }
            Err(error) => {
                self.start_anew(vault);
                Err(error)
            }
        }
    }

    fn step(&self, vault: &Unlocked, progress: Progress) -> Result<Progress, VaultError> {
        match progress {
            Progress::Closed => {
                let sealed = vault.read(load)?;
                let mut open = guard(&self.open);
                (open.is_foreign, open.is_lost) = (sealed.is_foreign, sealed.is_lost);
                open.index = sealed.index;
                Ok(Progress::Loaded)
            }
            Progress::Loaded => {
                // What changes from here on is noted again; what changed before is in the list.
                vault.take_changes();
                let listed = listed(vault)?;
                Ok(Progress::Lacks(guard(&self.open).index.reconcile(&listed)))
            }
            Progress::Lacks(lacking) if lacking.len() <= RECENT => {
                let mut open = guard(&self.open);
                for id in lacking {
                    apply(vault, &mut open.index, id)?;
                }
                Ok(Progress::Whole)
            }
            Progress::Lacks(mut lacking) => {
                let rest = lacking.split_off(lacking.len().min(BATCH));
                if let Some(segment) = segment_of(vault, &lacking, &self.stop)? {
                    guard(&self.open).index.add(segment);
                }
                Ok(Progress::Lacks(rest))
            }
            Progress::Whole => Ok(Progress::Whole),
        }
    }

    /// Makes a segment of recent entries, or one of several; `false` when there is nothing to make.
    fn build(&self) -> bool {
        let job = {
            let open = guard(&self.open);
            open.index.take_recent().or_else(|| open.index.take_parts())
        };
        let Some(job) = job else { return false };
        match job.build(&self.stop) {
            Ok(segment) => {
                let mut open = guard(&self.open);
                if !self.is_closed() {
                    open.index.finish(&job, segment);
                }
                true
            }
            // Locked meanwhile. Else it is tried again when something changes; until then all is found as before.
            Err(_) => {
                if !self.is_closed() {
                    tracing::error!("a segment of the word index could not be built");
                }
                false
            }
        }
    }

    /// Seals one segment, or makes room for it; `false` when there is nothing to seal.
    fn seal(&self, vault: &Unlocked) -> Result<bool, VaultError> {
        let is_lost = {
            let open = guard(&self.open);
            open.is_lost && !open.rests
        };
        if is_lost {
            write_behind(vault, forget)?;
            collect::clear(vault)?;
            guard(&self.open).is_lost = false;
            return Ok(true);
        }
        let (number, segment, is_swept) = {
            let open = guard(&self.open);
            match open.index.unsealed() {
                Some((number, segment)) if !open.is_foreign && !open.rests => {
                    (number, segment, open.is_swept)
                }
                _ => return Ok(false),
            }
        };
        let bytes = Zeroizing::new(segment.pack());
        let file = write_behind(vault, |w| {
            if !is_swept {
                files::sweep(w, NAME)?;
            }
            files::begin(w, NAME, FileKind::WORDS, "", &bytes)
        })?;
        guard(&self.open).is_swept = true;
        if !write_pages(vault, &file, &bytes, &|| self.is_closed())? {
            return Ok(false);
        }
        let names = guard(&self.open).index.names();
        let listed = names.into_iter().map(FileId::from_bytes).chain([file.id]).collect();
        // Which state the files belong to is not noted: they are compared with the journal when they are opened.
        let to = Pointer { files: listed, ..Pointer::default() };
        write_behind(vault, |w| files::point(w, NAME, &to))?;
        guard(&self.open).index.sealed(number, *file.id.as_bytes());
        Ok(true)
    }

    pub(super) fn start_anew(&self, vault: &Unlocked) {
        let mut open = guard(&self.open);
        let Open { is_foreign, is_lost, is_swept, .. } = *open;
        *open = Open { is_foreign, is_lost, is_swept, lacks_much: true, ..Open::default() };
        self.opened.notify_all();
        vault.note_changes(Changes { all: true, entries: Vec::new() });
    }
}

impl Open {
    /// What is to be done after more changes than are applied one by one.
    fn lacking(&mut self, changes: Changes) -> Progress {
        if changes.all {
            return Progress::Loaded;
        }
        let mut lacking = changes.entries;
        lacking.sort_unstable();
        lacking.dedup();
        lacking.iter().for_each(|id| self.index.remove(*id));
        Progress::Lacks(lacking)
    }
}

/// The sealed part of an index.
pub(super) struct Sealed {
    pub(super) index: WordIndex,
    /// A newer program wrote it: it is not ours to replace.
    is_foreign: bool,
    /// What points to it does not open.
    is_lost: bool,
    /// Files that could not be used.
    pub(super) n_broken: usize,
}

/// Reads what was sealed. What cannot be used is left out.
pub(super) fn load(r: &Reader<'_>) -> Result<Sealed, VaultError> {
    let mut sealed = Sealed { index: WordIndex::default(), is_foreign: false, is_lost: false, n_broken: 0 };
    let pointer = match files::pointer(r, NAME) {
        Err(VaultError::NewerRecord) => {
            sealed.is_foreign = true;
            return Ok(sealed);
        }
        Err(error @ VaultError::Store(_)) => return Err(error),
        Err(_) => {
            sealed.is_lost = true;
            Pointer::default()
        }
        Ok(found) => found.unwrap_or_default(),
    };
    for id in pointer.files {
        let read = files::file(r, id).and_then(|file| files::read(r, &file.ok_or(VaultError::Missing)?));
        match read.map(|mut bytes| Segment::open(std::mem::take(&mut *bytes))) {
            Ok(Ok(segment)) => sealed.index.adopt(segment, Some(*id.as_bytes())),
            Err(error @ VaultError::Store(_)) => return Err(error),
            Ok(Err(_)) | Err(_) => sealed.n_broken += 1,
        }
    }
    if sealed.n_broken > 0 {
        tracing::warn!("parts of the word index cannot be used and are made anew");
    }
    Ok(sealed)
}

/// What the days list.
///
/// # Errors
/// Seal and store errors.
pub fn listed(vault: &Unlocked) -> Result<Vec<(EntryId, u32)>, VaultError> {
    vault.read(list)
}

fn list(r: &Reader<'_>) -> Result<Vec<(EntryId, u32)>, VaultError> {
    let mut listed = Vec::new();
    entries::list(r, &mut |entry| {
        listed.push((entry.id, entry.revision));
        true
    })?;
    Ok(listed)
}

/// Lets go of the sealed index; it is made anew from the entries.
///
/// # Errors
/// Seal and store errors.
pub fn forget(w: &mut Writer<'_>) -> Result<(), VaultError> {
    files::forget(w, NAME)
}

/// Brings the sealed index up to date, and answers how many entries are found by their words. For the command line.
///
/// # Errors
/// Seal and store errors; also when a segment was built and could not be sealed.
pub fn make(vault: &Unlocked) -> Result<usize, VaultError> {
    let words = UserWords::default();
    while words.seal(vault)? || words.build() || words.advance(vault)? {}
    let n_known = guard(&words.open).index.len();
    Ok(n_known)
}

/// How the sealed index stands to the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compared {
    /// Entries and replies that are in it as they are.
    pub known: usize,
    /// Those that are read after signing in.
    pub waiting: usize,
    /// Those that are in it with other words than they have.
    pub differing: usize,
    /// Parts that cannot be used.
    pub n_broken: usize,
}

/// Compares the sealed index with the entries, one by one.
///
/// # Errors
/// Seal and store errors.
pub fn compare(r: &Reader<'_>) -> Result<Compared, VaultError> {
    let Sealed { mut index, n_broken, .. } = load(r)?;
    let listed = list(r)?;
    index.reconcile(&listed);
    let mut compared = Compared { n_broken, ..Compared::default() };
    for (id, _) in &listed {
        let entry = match entries::entry(r, *id) {
            Ok(Some(entry)) if is_searchable(&entry) => entry,
            Err(error @ VaultError::Store(_)) => return Err(error),
            // Those that do not open are told of by the check of records.
            _ => continue,
        };
        *match index.agrees(*id, &plain(&entry.text)) {
            Some(true) => &mut compared.known,
            Some(false) => &mut compared.differing,
            None => &mut compared.waiting,
        } += 1;
    }
    Ok(compared)
}
