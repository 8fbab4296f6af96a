//! Rows of sessions that survive a restart, as the file holds them.

use super::{Fixture, NOON};
use crate::{
    crypto::token::Token,
    store::{Store, rows::Rows, tables::Copy},
    vault::{sessions::Keep, unlocked::Unlocked},
};

const IDLE: i64 = 8 * 3_600_000;

fn keep(fixture: &Fixture, vault: &Unlocked, label: &str) -> Token {
    let token = Token::random();
    let keep = Keep { created: NOON, expires: NOON + 10 * IDLE, label: label.to_owned(), replaces: None };
    fixture.vaults.keep_session(vault, &token, &keep).unwrap();
    token
}

fn rows(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.read(|rows| rows.smalls(Copy::A, b"S")).unwrap()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_thief_sees_how_many_there_are_and_the_file_alone_opens_nothing() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let tokens: Vec<Token> = (0..3).map(|_| keep(&fixture, &anna, "Firefox on Linux")).collect();
    let found = rows(&fixture.store);
    assert_eq!(found.len(), 3);
    for (key, value) in &found {
        assert_eq!((key.len(), value.len()), (17, 140));
        assert_eq!(value[8..15], *anna.id().as_bytes());
        assert!(!holds(value, b"Firefox"));
        for token in &tokens {
            assert!(!holds(value, token.key().expose()) && !holds(key, &token.key().expose()[..16]));
        }
        // All that a thief can make of a row: its public name, its bytes.
        let mut guess = [0; 32];
        guess[..16].copy_from_slice(&key[1..]);
        let guess = Token::from_key(crate::crypto::secret::Key::from_bytes(guess.into()));
        assert!(fixture.vaults.open_session(&guess, IDLE).unwrap().is_none());
    }
    assert!(fixture.vaults.open_session(&Token::random(), IDLE).unwrap().is_none());
    let opened = fixture.vaults.open_session(&tokens[1], IDLE).unwrap().expect("token and row together");
    assert_eq!((opened.vault.id(), opened.label.as_str()), (anna.id(), "Firefox on Linux"));
}

#[test]
fn a_row_of_which_one_copy_is_gone_still_opens_and_one_put_back_after_a_change_of_keys_does_not() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let token = keep(&fixture, &anna, "");
    let (key, value) = rows(&fixture.store).remove(0);
    fixture.store.write(|rows| rows.remove_small_one(Copy::A, &key)).unwrap();
    assert!(fixture.vaults.open_session(&token, IDLE).unwrap().is_some());
    fixture.vaults.void_sessions(&anna).unwrap();
    assert!(fixture.vaults.listed_sessions(&anna).unwrap().is_empty());
    fixture.store.write(|rows| crate::store::rows::RowsMut::put_small(rows, &key, &value)).unwrap();
    assert!(fixture.vaults.open_session(&token, IDLE).unwrap().is_none());
    assert!(rows(&fixture.store).is_empty(), "it is taken out again");
}

#[test]
fn a_session_that_was_ended_is_not_brought_back_by_being_used() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    let token = keep(&fixture, &anna, "");
    fixture.clock.advance(IDLE / 2);
    assert!(fixture.vaults.renew_session(&anna, &token).unwrap());
    assert_eq!(fixture.vaults.listed_sessions(&anna).unwrap()[0].seen, NOON + IDLE / 2);
    fixture.vaults.forget_sessions(&anna, &[token.id()]).unwrap();
    assert!(!fixture.vaults.renew_session(&anna, &token).unwrap());
    assert!(rows(&fixture.store).is_empty());
}
