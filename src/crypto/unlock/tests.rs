use std::collections::HashSet;

use super::*;
use crate::crypto::tests::fixtures::{UUID, cheap_header, cheap_unlocker, header, key, password, profile};

#[test]
fn name_password_salt_and_file_all_decide_the_row() {
    let plain = cheap_header();
    let salted = Header::rebuilt(UUID, Profile { salt: [9; 32], ..plain.current.clone() }, None);
    let elsewhere = Header { uuid: [9; 16], ..plain.clone() };
    let mut rows = HashSet::new();
    for (header, name, typed) in [
        (&plain, "Anna", "one"),
        (&plain, "Anne", "one"),
        (&plain, "Anna", "One"),
        (&plain, "Anna", "one "),
        (&salted, "Anna", "one"),
        (&elsewhere, "Anna", "one"),
    ] {
        let unlocker =
            Unlocker::password(header, &header.current, &Name::typed(name), &password(typed)).unwrap();
        assert!(rows.insert(*unlocker.row()), "{name} {typed}");
    }
}

#[test]
fn other_ways_of_typing_the_same_lead_to_the_same_row() {
    let unlocker = cheap_unlocker("Anna", "caf\u{e9}");
    assert_eq!(cheap_unlocker("  ANNA ", "cafe\u{301}").row(), unlocker.row());
    assert_eq!(unlocker.profile_id(), 1);
}

#[test]
fn the_key_is_not_the_row() {
    let unlocker = cheap_unlocker("Anna", "one");
    assert!(unlocker.kek.expose() != unlocker.row());
}

#[test]
fn one_secret_leads_to_another_row_for_every_kind() {
    let (stretched, header) = (stretched(), cheap_header());
    let as_password = stretched.unlocker(&header);
    let as_passkey = Unlocker::passkey(&header, &Key::from_bytes(stretched.secret));
    assert!(as_password.row() != as_passkey.row());
}

fn stretched() -> Stretched {
    Stretched::new(&cheap_header().current, &Name::typed("Anna"), &password("one")).unwrap()
}

#[test]
fn every_key_file_leads_to_its_own_row() {
    let (stretched, header) = (stretched(), cheap_header());
    let row =
        |content: &[u8]| *stretched.unlocker_with(&header, &KeyFile::from_bytes(content).unwrap()).row();
    let rows = HashSet::from([row(b""), row(b"a"), row(b"b"), *stretched.unlocker(&header).row()]);
    assert_eq!(rows.len(), 4);
}

#[test]
fn absurd_parameters_are_refused_before_scrypt_runs() {
    for (log2n, r, p) in [(13, 8, 1), (21, 8, 1), (60, 8, 1), (17, 4, 1), (17, 8, 6)] {
        let profile = Profile { log2n, r, p, ..profile() };
        let result = Unlocker::password(&header(), &profile, &Name::typed("Anna"), &password("one"));
        assert_eq!(result.err(), Some(SealError::Parameters), "{log2n} {r} {p}");
    }
}

#[test]
fn kinds_keep_their_numbers() {
    let kinds = [WrapKind::Password, WrapKind::Recovery, WrapKind::Passkey, WrapKind::PasswordAndKeyFile];
    for (kind, number) in kinds.into_iter().zip(1..) {
        assert_eq!((kind.number(), WrapKind::from_number(number)), (number, Some(kind)));
        assert_eq!(kind.has_password(), number == 1 || number == 4);
    }
    assert_eq!((WrapKind::from_number(0), WrapKind::from_number(5)), (None, None));
}

#[test]
fn the_passkey_input_belongs_to_the_file() {
    assert!(passkey_input(&UUID) != passkey_input(&[9; 16]));
    assert!(Unlocker::passkey(&header(), &key(1)).profile_id() == 0);
}
