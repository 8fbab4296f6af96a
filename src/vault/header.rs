//! The header row when a data file is opened (`format-v1.md` section 2).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    crypto::{
        SealError,
        header::{Header, Profile, ROW},
        wrap::WrapFace,
    },
    store::{
        Store,
        rows::{Rows, RowsMut},
        tables::Copy,
    },
    vault::{
        KdfChoice, SmallRows,
        backup::header_of,
        error::{Alteration, VaultError},
    },
};

/// Reads, rebuilds or creates the header, and compares every wrap with it.
pub(super) fn open_or_create(store: &Store, kdf: KdfChoice) -> Result<Header, VaultError> {
    let found = store.read(|rows| -> Result<_, VaultError> {
        let faces = faces(rows)?;
        let copies = [rows.small(Copy::A, ROW)?, rows.small(Copy::B, ROW)?];
        let intact = copies[0] == copies[1];
        let mut header = None;
        for copy in copies.iter().flatten() {
            match Header::parse(copy) {
                Ok(parsed) => {
                    header = Some(parsed);
                    break;
                }
                Err(err @ SealError::Newer { .. }) => return Err(err.into()),
                Err(_) => {}
            }
        }
        if header.is_none() && faces.is_empty() && !is_empty(rows)? {
            return Err(VaultError::Altered(Alteration::Header));
        }
        Ok((header, intact, faces))
    })?;
    let (header, intact, faces) = found;
    let is_stored = header.is_some() && intact;
    let known = match header {
        Some(header) => Some(header),
        None => rebuild(&faces)?,
    };
    let is_new = known.is_none();
    let header = known.unwrap_or_else(|| Header::new(profile(kdf)));
    let agrees =
        |copies: &Vec<WrapFace>| copies.is_empty() || copies.iter().any(|face| face.agrees_with(&header));
    if !faces.values().all(agrees) {
        return Err(VaultError::Altered(Alteration::Header));
    }
    if !is_stored && header.may_write() {
        match store.write(|rows| rows.put_small(ROW, &header.to_bytes())) {
            // A journal that can be read must not be kept shut by a copy that cannot be mended now.
            Err(error) if !is_new => tracing::warn!(%error, "a damaged copy of the header stays for now"),
            written => written?,
        }
    }
    Ok(header)
}

/// Compares the header with every wrap, and the two copies of every small row with each other.
pub(super) fn check(rows: &dyn Rows) -> Result<SmallRows, VaultError> {
    let copies: Vec<_> =
        [rows.small(Copy::A, ROW)?, rows.small(Copy::B, ROW)?].into_iter().flatten().collect();
    let header = header_of(&copies)?;
    for face in faces(rows)?.values() {
        if !face.iter().any(|face| face.agrees_with(&header)) {
            return Err(VaultError::Altered(Alteration::Header));
        }
    }
    let [a, b] = [rows.smalls(Copy::A, b"")?, rows.smalls(Copy::B, b"")?].map(BTreeMap::from_iter);
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let differing = keys.iter().filter(|key| a.get(**key) != b.get(**key)).count();
    let vaults = keys.iter().filter(|key| key.first() == Some(&b'K')).count();
    Ok(SmallRows { vaults, differing })
}

fn profile(kdf: KdfChoice) -> Profile {
    match kdf {
        KdfChoice::Default => Profile::standard(),
        #[cfg(any(test, feature = "test-hooks"))]
        KdfChoice::Cheap => Profile::cheap(),
    }
}

/// Whether a wrap may still be made under the profile of this id: one that cannot be read counts.
pub(super) fn is_used(rows: &dyn Rows, profile: u8) -> Result<bool, VaultError> {
    let is_under = |face: &WrapFace| face.profile.as_ref().is_some_and(|of| of.id == profile);
    Ok(faces(rows)?.values().any(|copies| copies.is_empty() || copies.iter().any(is_under)))
}

/// The readable copies of every wrap row.
fn faces(rows: &dyn Rows) -> Result<BTreeMap<Vec<u8>, Vec<WrapFace>>, VaultError> {
    let mut faces: BTreeMap<Vec<u8>, Vec<WrapFace>> = BTreeMap::new();
    for copy in Copy::BOTH {
        for (key, value) in rows.smalls(copy, b"W")? {
            faces.entry(key).or_default().extend(WrapFace::parse(&value).ok());
        }
    }
    Ok(faces)
}

fn is_empty(rows: &dyn Rows) -> Result<bool, VaultError> {
    for copy in Copy::BOTH {
        if !rows.smalls(copy, b"")?.is_empty() {
            return Ok(false);
        }
    }
    let mut is_empty = true;
    rows.scan(&[0; 24], &[0xff; 24], &mut |_, _| {
        is_empty = false;
        std::ops::ControlFlow::Break(())
    })?;
    Ok(is_empty)
}

/// A header from what the wraps repeat of it: identity and up to two profiles. `None` without wraps.
pub(super) fn rebuild(faces: &BTreeMap<Vec<u8>, Vec<WrapFace>>) -> Result<Option<Header>, VaultError> {
    const ALTERED: VaultError = VaultError::Altered(Alteration::Header);
    let mut all = faces.values().flatten();
    let Some(first) = all.next() else {
        return if faces.is_empty() { Ok(None) } else { Err(ALTERED) };
    };
    let mut profiles: Vec<Profile> = Vec::new();
    for profile in std::iter::once(first).chain(all).filter_map(|face| face.profile.as_ref()) {
        if !profiles.contains(profile) {
            profiles.push(profile.clone());
        }
    }
    let (current, previous) = match (profiles.pop(), profiles.pop(), profiles.pop()) {
        (Some(only), None, None) => (only, None),
        (Some(one), Some(other), None) if other.id % 255 + 1 == one.id => (one, Some(other)),
        (Some(one), Some(other), None) if one.id % 255 + 1 == other.id => (other, Some(one)),
        _ => return Err(ALTERED),
    };
    Ok(Some(Header::rebuilt(first.uuid, current, previous)))
}
