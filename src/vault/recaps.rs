//! Recaps: cached, sealed, and valid as long as what they sum up has the digest they were made of.
//!
//! Those of days and of traces are sentences. Of an entry the names that were suggested for it are kept in the same way,
//! a name a line, so that looking at it again costs nothing.

use crate::{
    crypto::{hash::sha256_of, record::RecordType},
    journal::{
        day::Day,
        entry::{Entry, Role},
        ids::{EntryId, TraceId},
    },
    vault::{
        error::VaultError,
        payload::{entry::ProvenanceV1, recap::RecapV1},
        transaction::{Reader, Writer},
    },
};

/// What a recap is of. The first byte of its key says which (`format-v1.md` section 8, and ruling 24 of
/// `ARCHITECTURE.md`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A day.
    Day(Day),
    /// A trace.
    Trace(TraceId),
    /// The names that were found to fit an entry.
    Suggested(EntryId),
    /// The names that a model proposed for an entry.
    Labels(EntryId),
}

impl From<Day> for Subject {
    fn from(day: Day) -> Self {
        Self::Day(day)
    }
}

impl Subject {
    fn key(self) -> Vec<u8> {
        match self {
            Self::Day(day) => [&[1][..], &day.number().to_le_bytes()].concat(),
            Self::Trace(id) => [&[4][..], id.as_bytes()].concat(),
            Self::Suggested(id) => [&[5][..], id.as_bytes()].concat(),
            Self::Labels(id) => [&[6][..], id.as_bytes()].concat(),
        }
    }
}

/// A recap as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recap {
    /// Its sentences or names; none when its owner removed it.
    pub sentences: Vec<String>,
    /// What its subject was when it was made.
    pub digest: [u8; 32],
    /// When it was made, milliseconds since 1970 UTC.
    pub made: i64,
    /// The model that wrote it, its digest and settings; none for sentences of the writer.
    pub made_by: Option<Maker>,
    /// The model that was asked and gave nothing that holds; empty for none.
    pub tried: String,
}

/// The model that wrote a recap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Maker {
    /// Its name.
    pub model: String,
    /// Digest of its file.
    pub sha256: [u8; 32],
    /// How it was asked, in words.
    pub settings: String,
}

/// The fingerprint of what a recap of a day sums up: the writer's entries outside the trash, in order.
pub fn digest(entries: &[Entry]) -> [u8; 32] {
    digest_as(b"llamora/day/1", entries)
}

/// The same of the entries of a trace. Whatever it is called, what is summed up is what its entries say.
pub fn digest_of_trace(entries: &[Entry]) -> [u8; 32] {
    digest_as(b"llamora/trace/1", entries)
}

fn digest_as(label: &[u8], entries: &[Entry]) -> [u8; 32] {
    let of_day = entries.iter().filter(|entry| entry.role == Role::Writer && entry.deleted.is_none());
    let heads: Vec<([u8; 4], [u8; 8], &Entry)> = of_day
        .map(|entry| (entry.revision.to_le_bytes(), (entry.text.len() as u64).to_le_bytes(), entry))
        .collect();
    let mut parts: Vec<&[u8]> = vec![label];
    for (revision, len, entry) in &heads {
        parts.extend([entry.id.as_bytes().as_slice(), revision, len, entry.text.as_bytes()]);
    }
    sha256_of(&parts)
}

/// The recap that is kept, fresh or not.
///
/// # Errors
/// Seal and store errors.
pub fn get(r: &Reader<'_>, of: impl Into<Subject>) -> Result<Option<Recap>, VaultError> {
    let Some(found) = r.load::<RecapV1>(RecordType::RECAP, &of.into().key())? else { return Ok(None) };
    let maker = |made_by: ProvenanceV1| Maker {
        model: made_by.model,
        sha256: made_by.sha256,
        settings: made_by.settings,
    };
    Ok(Some(Recap {
        sentences: found.text.lines().map(str::to_owned).collect(),
        digest: found.digest,
        made: found.made,
        made_by: found.made_by.map(maker),
        tried: found.tried,
    }))
}

/// Keeps a recap in place of the one before.
///
/// # Errors
/// Seal and store errors.
pub fn put(w: &mut Writer<'_>, of: impl Into<Subject>, recap: &Recap) -> Result<(), VaultError> {
    let key = of.into().key();
    // One that cannot be read any more is made anew.
    let ext = w.load::<RecapV1>(RecordType::RECAP, &key).ok().flatten().map_or_else(Vec::new, |old| old.ext);
    let maker = |maker: &Maker| ProvenanceV1 {
        model: maker.model.clone(),
        sha256: maker.sha256,
        settings: maker.settings.clone(),
    };
    let payload = RecapV1 {
        text: recap.sentences.join("\n"),
        digest: recap.digest,
        made: recap.made,
        made_by: recap.made_by.as_ref().map(maker),
        tried: recap.tried.clone(),
        ext,
    };
    w.put(RecordType::RECAP, &key, &payload)
}

/// The recap that is kept, if it sums up what is there now; one that cannot be read is none, and is made anew.
///
/// # Errors
/// Store errors.
pub fn fresh(r: &Reader<'_>, of: impl Into<Subject>, digest: &[u8; 32]) -> Result<Option<Recap>, VaultError> {
    match get(r, of) {
        Err(error) if error.is_of_one_record() => Ok(None),
        found => Ok(found?.filter(|kept| kept.digest == *digest)),
    }
}

/// Forgets a recap, for when something that it sums up is removed for ever.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, of: impl Into<Subject>) -> Result<(), VaultError> {
    w.delete(RecordType::RECAP, &of.into().key())
}

/// Forgets what was suggested for an entry that is removed for ever.
///
/// # Errors
/// Seal and store errors.
pub(super) fn remove_of_entry(w: &mut Writer<'_>, id: EntryId) -> Result<(), VaultError> {
    remove(w, Subject::Suggested(id))?;
    remove(w, Subject::Labels(id))
}
