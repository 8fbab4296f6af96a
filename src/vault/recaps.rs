//! Recaps of days: cached, sealed, and valid as long as the day has the digest they were made of.

use crate::{
    crypto::{hash::sha256_of, record::RecordType},
    journal::{
        day::Day,
        entry::{Entry, Role},
    },
    vault::{
        error::VaultError,
        payload::{entry::ProvenanceV1, recap::RecapV1},
        transaction::{Reader, Writer},
    },
};

/// First byte of the key of a day's recap (`format-v1.md` section 8).
const OF_DAY: u8 = 1;

/// A recap as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Recap {
    /// Its sentences; none when its owner removed it.
    pub sentences: Vec<String>,
    /// What the day was when it was made.
    pub digest: [u8; 32],
    /// When it was made, milliseconds since 1970 UTC.
    pub made: i64,
    /// The model that wrote it, its digest and settings; none for sentences of the writer.
    pub made_by: Option<Maker>,
    /// The model that was asked and gave nothing that holds; empty for none.
    pub tried: String,
}

/// The model that wrote a recap.
#[derive(Clone, PartialEq, Eq)]
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
    let of_day = entries.iter().filter(|entry| entry.role == Role::Writer && entry.deleted.is_none());
    let heads: Vec<([u8; 4], [u8; 8], &Entry)> = of_day
        .map(|entry| (entry.revision.to_le_bytes(), (entry.text.len() as u64).to_le_bytes(), entry))
        .collect();
    let mut parts: Vec<&[u8]> = vec![b"llamora/day/1"];
    for (revision, len, entry) in &heads {
        parts.extend([entry.id.as_bytes().as_slice(), revision, len, entry.text.as_bytes()]);
    }
    sha256_of(&parts)
}

/// The recap of a day that is kept, fresh or not.
///
/// # Errors
/// Seal and store errors.
pub fn get(r: &Reader<'_>, day: Day) -> Result<Option<Recap>, VaultError> {
    let Some(found) = r.load::<RecapV1>(RecordType::RECAP, &key(day))? else { return Ok(None) };
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
pub fn put(w: &mut Writer<'_>, day: Day, recap: &Recap) -> Result<(), VaultError> {
    let key = key(day);
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

/// Forgets the recap of a day, for when something of the day is removed for ever.
///
/// # Errors
/// Seal and store errors.
pub fn remove(w: &mut Writer<'_>, day: Day) -> Result<(), VaultError> {
    w.delete(RecordType::RECAP, &key(day))
}

fn key(day: Day) -> [u8; 5] {
    let mut key = [OF_DAY; 5];
    key[1..].copy_from_slice(&day.number().to_le_bytes());
    key
}
