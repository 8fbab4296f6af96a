use proptest::prelude::*;

use super::*;
use crate::crypto::{
    canon::Name,
    secret::{KeyFile, RecoveryCode},
    tests::fixtures::{
        UUID, VAULT, cheap_header, cheap_unlocker, flips, header, other_lengths, password, profile, urk,
    },
    unlock::Stretched,
};

fn refusal<T>(result: Result<T, SealError>) -> Option<SealError> {
    result.err()
}

#[test]
fn every_kind_of_wrap_opens_with_its_own_secret() {
    let header = cheap_header();
    let stretched = Stretched::new(&header.current, &Name::typed("Anna"), &password("one")).unwrap();
    let key_file = KeyFile::from_bytes(b"file").unwrap();
    let code = RecoveryCode::random();
    let ways_in = [
        stretched.unlocker(&header),
        stretched.unlocker_with(&header, &key_file),
        Unlocker::recovery(&header, &code),
        Unlocker::passkey(&header, &Key::random()),
    ];
    for (way_idx, unlocker) in ways_in.iter().enumerate() {
        let value = seal_wrap(unlocker, VAULT, &header, &urk()).unwrap();
        let (vault, opened) = open_wrap(unlocker, &header, &value).unwrap();
        assert_eq!((vault, opened.expose()), (VAULT, urk().expose()));
        assert!(WrapFace::parse(&value).unwrap().agrees_with(&header));
        assert_eq!(usize::from(unlocker.kind().number()), [1, 4, 2, 3][way_idx]);
        for other in ways_in.iter().filter(|other| other.row() != unlocker.row()) {
            assert_eq!(refusal(open_wrap(other, &header, &value)), Some(SealError::Damaged));
        }
    }
    let rows: std::collections::HashSet<_> = ways_in.iter().map(|way| *way.row()).collect();
    assert_eq!(rows.len(), 4);
}

#[test]
fn every_flipped_bit_of_a_wrap_is_found() {
    let (header, unlocker) = (cheap_header(), cheap_unlocker("Anna", "one"));
    let value = seal_wrap(&unlocker, VAULT, &header, &urk()).unwrap();
    for (bit_idx, flipped) in flips(&value) {
        let error = refusal(open_wrap(&unlocker, &header, &flipped));
        // The vault id is authenticated but known to nobody beforehand; the sealed part starts at 72.
        let sealed = matches!(bit_idx / 8, 12..19 | 72..);
        assert_eq!(error, Some(if sealed { SealError::Open } else { SealError::Damaged }), "bit {bit_idx}");
    }
    for other in other_lengths(&value) {
        assert_eq!(refusal(open_wrap(&unlocker, &header, &other)), Some(SealError::Damaged));
    }
}

#[test]
fn a_wrap_opens_only_in_its_own_file_under_its_own_profile() {
    let (header, unlocker) = (cheap_header(), cheap_unlocker("Anna", "one"));
    let value = seal_wrap(&unlocker, VAULT, &header, &urk()).unwrap();
    for (bit_idx, uuid) in flips(&UUID) {
        let elsewhere = Header { uuid: uuid.try_into().unwrap(), ..header.clone() };
        assert!(open_wrap(&unlocker, &elsewhere, &value).is_err(), "uuid bit {bit_idx}");
        assert!(!WrapFace::parse(&value).unwrap().agrees_with(&elsewhere));
    }
    let salted = Header::rebuilt(UUID, Profile { salt: [9; 32], ..header.current.clone() }, None);
    let other = Unlocker::password(&salted, &salted.current, &Name::typed("Anna"), &password("one")).unwrap();
    assert!(open_wrap(&other, &salted, &value).is_err());
    assert!(!WrapFace::parse(&value).unwrap().agrees_with(&salted));
}

#[test]
fn the_previous_profile_agrees_too() {
    let old = cheap_header();
    let value = seal_wrap(&cheap_unlocker("Anna", "one"), VAULT, &old, &urk()).unwrap();
    let new = Header::rebuilt(UUID, Profile { id: 2, ..Profile::cheap() }, Some(old.current));
    assert!(WrapFace::parse(&value).unwrap().agrees_with(&new));
}

#[test]
fn no_wrap_is_made_under_a_planted_weak_profile() {
    let weak = header();
    assert_eq!(weak.current, profile());
    let unlocker = Unlocker::password(&weak, &weak.current, &Name::typed("Anna"), &password("one")).unwrap();
    assert_eq!(refusal(seal_wrap(&unlocker, VAULT, &weak, &urk())), Some(SealError::WeakParameters));
}

#[test]
fn no_wrap_is_made_under_the_previous_profile() {
    let old = cheap_header();
    let new = Header::rebuilt(UUID, Profile { id: 2, ..Profile::cheap() }, Some(old.current));
    let unlocker = cheap_unlocker("Anna", "one");
    assert_eq!(refusal(seal_wrap(&unlocker, VAULT, &new, &urk())), Some(SealError::WeakParameters));
}

#[test]
fn a_recovery_wrap_has_no_profile_and_survives_a_change_of_it() {
    let code = RecoveryCode::random();
    let value = seal_wrap(&Unlocker::recovery(&header(), &code), VAULT, &header(), &urk()).unwrap();
    assert_eq!(value[7..12], [0; 5]);
    assert_eq!(value[40..72], [0; 32]);
    assert!(open_wrap(&Unlocker::recovery(&cheap_header(), &code), &cheap_header(), &value).is_ok());
}

#[test]
fn the_face_tells_vault_file_and_profile_without_a_key() {
    let value = seal_wrap(&cheap_unlocker("Anna", "one"), VAULT, &cheap_header(), &urk()).unwrap();
    let face = WrapFace::parse(&value).unwrap();
    assert_eq!((face.vault, face.uuid, face.profile), (VAULT, UUID, Some(cheap_header().current)));
    assert_eq!(face.kind, WrapKind::Password);
}

#[test]
fn the_row_key_is_w_and_the_row() {
    let key = row_key(&[7; 32]);
    assert_eq!((key[0], &key[1..]), (b'W', [7; 32].as_slice()));
}

#[test]
fn a_lost_header_is_rebuilt_from_a_wrap() {
    let header = cheap_header();
    let value = seal_wrap(&cheap_unlocker("Anna", "one"), VAULT, &header, &urk()).unwrap();
    let face = WrapFace::parse(&value).unwrap();
    let rebuilt = Header::rebuilt(face.uuid, face.profile.unwrap(), None);
    assert_eq!(rebuilt.to_bytes(), header.to_bytes());
    assert!(open_wrap(&cheap_unlocker("Anna", "one"), &rebuilt, &value).is_ok());
}

proptest! {
    #[test]
    fn any_face_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), BYTES), kind in 0..6_u8) {
        prop_assert!(WrapFace::parse(&bytes).is_err());
        let mut value = [0; BYTES];
        value.copy_from_slice(&bytes);
        Layout::new(&mut value).put(&object(OBJECT)[..6]).put(&[kind]).seek(11).put(&[0]).seek(19).put(&[0; 5]);
        if let Ok(face) = WrapFace::parse(&value) {
            let mut again = [0; BYTES];
            face.write(&mut again);
            prop_assert_eq!(&again[..72], &value[..72]);
        }
    }
}
