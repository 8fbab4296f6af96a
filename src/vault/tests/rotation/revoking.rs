//! What a revocation refuses from then on.

use super::{Cursor, Fixture, Step, act, finish, seen, tamper, written};
use crate::{
    crypto::{
        secret::{Password, RecoveryCode},
        session::{Session, session_id},
        token::Token,
        wrap::row_key,
    },
    store::{rows::Rows, tables::Copy},
    vault::{
        error::VaultError,
        unlocked::{Unlocked, rekey::Outcome, seen::Sight},
    },
};

fn smalls(fixture: &Fixture, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    fixture.store.read(|rows| rows.smalls(Copy::A, prefix)).unwrap()
}

fn put(fixture: &Fixture, rows: &[(Vec<u8>, Vec<u8>)]) {
    tamper(fixture, |store| rows.iter().for_each(|(key, value)| store.put_small(key, value).unwrap()));
}

fn is_replaced<T>(result: Result<T, VaultError>) -> bool {
    matches!(result, Err(VaultError::Replaced))
}

#[test]
fn after_a_revocation_every_old_secret_wrap_and_session_row_is_refused() {
    let (fixture, anna, old_code) = written();
    let before = seen(&anna);
    // A session that survives a restart.
    let token = Token::random();
    let mut uuid = [0; 16];
    anna.rekey(
        |change| {
            uuid = fixture.vaults.header.uuid;
            let session =
                Session { urk: copy(change.urk), sess_gen: 1, created: 0, expires: i64::MAX, renewed: 0 };
            let key = [b"S", session_id(&token).as_slice()].concat();
            change.rows.put_small(&key, &session.seal(&token, &uuid, anna.id()))?;
            Ok(Outcome::Write(()))
        },
        |_, ()| Ok(()),
    )
    .unwrap();
    let (old_wraps, old_sessions, old_ring) =
        (smalls(&fixture, b"W"), smalls(&fixture, b"S"), smalls(&fixture, b"K"));
    assert_eq!((old_wraps.len(), old_sessions.len()), (2, 1));

    let all = smalls(&fixture, b"");
    assert!(fixture.vaults.revoke(&anna, "not the password").unwrap().is_none());
    assert_eq!(smalls(&fixture, b""), all, "a wrong password changes nothing");
    let code = fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");

    // In force at once, in every intermediate state and at the end.
    let mut cursor = Cursor::default();
    loop {
        assert!(seen(&anna) == before && anna.verify().unwrap().ok);
        assert!(smalls(&fixture, b"S").is_empty(), "sessions are gone");
        assert!(fixture.vaults.open_with_code(&old_code).unwrap().is_none());
        assert!(fixture.vaults.open_with_code(&code).unwrap().is_some());
        assert!(fixture.vaults.sign_in("Anna", "correct horse").unwrap().is_some());
        match anna.advance_by(&mut cursor, 9).unwrap() {
            Step::Idle => break,
            Step::Compact => anna.compacted().unwrap(),
            Step::Moved | Step::Turned => {}
            Step::Stuck(left) => panic!("{left:?}"),
        }
    }
    assert!(anna.rotation().unwrap().was_revoked);

    // Old rows that come back: while the vault is open, and after.
    let new_wraps = smalls(&fixture, b"W");
    put(&fixture, &old_wraps);
    assert!(is_replaced(fixture.vaults.open_with_code(&old_code)), "while open");
    assert!(is_replaced(fixture.vaults.sign_in("Anna", "correct horse")), "while open");
    drop(anna);
    assert!(is_replaced(fixture.vaults.open_with_code(&old_code)));
    assert!(
        is_replaced(fixture.vaults.sign_in("Anna", "correct horse")),
        "the same password, the old root key"
    );
    for copy in Copy::BOTH {
        put(&fixture, &new_wraps);
        fixture
            .store
            .write(|rows| {
                for (key, value) in &old_wraps {
                    rows.put_small_one(copy, key, value)?;
                }
                Ok::<_, VaultError>(())
            })
            .unwrap();
        assert!(fixture.vaults.sign_in("Anna", "correct horse").unwrap().is_some(), "the good copy counts");
    }
    put(&fixture, &new_wraps);
    put(&fixture, &old_sessions);
    let (vault, session) = Session::open(&token, &uuid, &old_sessions[0].1).unwrap();
    let keyring = &smalls(&fixture, b"K")[0].1;
    let opened = crate::crypto::keyring::Keyring::open(
        &crate::crypto::keys::VaultKeys::derive(&session.urk, uuid, vault),
        keyring,
    );
    assert!(opened.is_err(), "what the cookie opens does not open the keyring");
    let anna = fixture.sign_in();
    let sess_gen = anna.keyring().unwrap().sess_gen;
    assert!(!session.is_live(sess_gen, 1, i64::MAX), "and its number is void");
    drop(anna);

    // An old keyring with new wraps, and with old ones.
    put(&fixture, &old_ring);
    assert!(fixture.vaults.sign_in("Anna", "correct horse").is_err());
    put(&fixture, &old_wraps);
    assert!(fixture.vaults.sign_in("Anna", "correct horse").is_err(), "the records are under other keys");
    assert!(fixture.vaults.open_with_code(&old_code).is_err());
}

#[test]
fn witnesses_of_the_last_eight_revocations_are_still_read() {
    let (fixture, anna, _) = written();
    let cookie = |anna: &Unlocked| anna.witness().unwrap().expect("a head").2;
    let is_fine = |cookie: &str| matches!(fixture.sign_in().judge(Some(cookie)).unwrap(), Sight::Fine);
    anna.settle_sight();
    let mut seen = vec![cookie(&anna)];
    for _ in 0..9 {
        fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
        assert!(is_fine(seen.last().unwrap()), "from before a renewal that is under way");
        finish(&fixture, &anna);
        seen.push(cookie(&anna));
    }
    let (oldest, others) = seen.split_first().unwrap();
    assert!(others.iter().all(|cookie| is_fine(cookie)));
    assert!(matches!(anna.judge(Some(oldest)).unwrap(), Sight::Older(None)));
}

fn copy(key: &crate::crypto::secret::Key) -> crate::crypto::secret::Key {
    crate::crypto::secret::Key::from_bytes(zeroize::Zeroizing::new(*key.expose()))
}

#[test]
fn a_revocation_during_a_rotation_counts_at_once_and_rotates_again() {
    let (fixture, anna, old_code) = written();
    let before = seen(&anna);
    anna.refresh().unwrap();
    let mut cursor = Cursor::default();
    anna.advance_by(&mut cursor, 5).unwrap();
    let first = fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    let state = anna.rotation().unwrap();
    assert!(state.is_draining && state.again && state.was_revoked && state.generation == 2);
    assert!(fixture.vaults.open_with_code(&old_code).unwrap().is_none());
    assert!(fixture.vaults.open_with_code(&first).unwrap().is_some());
    let second = fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    assert!(fixture.vaults.open_with_code(&first).unwrap().is_none(), "the second time in a row");
    drop(anna);
    let anna = fixture.vaults.open_with_code(&second).unwrap().expect("the code in force");
    assert!(seen(&anna) == before);
    finish(&fixture, &anna);
    let state = anna.rotation().unwrap();
    assert_eq!((state.generation, state.is_running(), state.was_revoked), (3, false, true));
    assert!(seen(&anna) == before && anna.verify().unwrap().ok);
}

#[test]
fn a_new_code_is_unconfirmed_until_it_is_typed_back_or_replaced() {
    let (fixture, anna, _) = written();
    assert!(!anna.rotation().unwrap().is_code_unconfirmed);
    let code = fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    assert!(anna.rotation().unwrap().is_code_unconfirmed);
    finish(&fixture, &anna);
    drop(anna);
    let anna = fixture.sign_in();
    assert!(anna.rotation().unwrap().is_code_unconfirmed, "a closed window is not forgotten");
    assert!(!fixture.vaults.keeps_code(&anna, &RecoveryCode::random()).unwrap());
    assert!(anna.rotation().unwrap().is_code_unconfirmed);
    assert!(fixture.vaults.keeps_code(&anna, &code).unwrap());
    assert!(!anna.rotation().unwrap().is_code_unconfirmed);

    fixture.vaults.revoke(&anna, "correct horse").unwrap().expect("the password is right");
    assert!(anna.rotation().unwrap().is_code_unconfirmed);
    fixture.vaults.adopt_recovery(&anna, &RecoveryCode::random()).unwrap();
    assert!(!anna.rotation().unwrap().is_code_unconfirmed, "it is not in force any more");
}

#[test]
fn a_revocation_after_a_change_of_password_and_name_takes_the_new_ones() {
    let (fixture, anna, _) = written();
    fixture.vaults.set_password(&anna, "Anna B.", &Password::choose("battery staple").unwrap()).unwrap();
    assert!(fixture.vaults.revoke(&anna, "correct horse").unwrap().is_none());
    fixture.vaults.revoke(&anna, "battery staple").unwrap().expect("the password is right");
    act(&anna, 0, 1, 1).unwrap();
    finish(&fixture, &anna);
    assert_eq!(smalls(&fixture, b"W").len(), 2);
    assert!(smalls(&fixture, b"W").iter().all(|(key, _)| {
        anna.keyring().unwrap().wraps.iter().any(|wrap| row_key(&wrap.row) == key.as_slice())
    }));
    drop(anna);
    assert!(fixture.vaults.sign_in("anna b.", "battery staple").unwrap().is_some());
}
