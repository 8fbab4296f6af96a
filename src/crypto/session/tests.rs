use super::*;
use crate::crypto::tests::fixtures::{UUID, VAULT, flips, other_lengths, token, urk};

fn session() -> Session {
    Session { urk: urk(), sess_gen: 3, created: 1_000_000, expires: 9_000_000, renewed: 2_000_000 }
}

fn refusal(token: &Token, uuid: &Uuid, value: &[u8]) -> Option<SealError> {
    Session::open(token, uuid, value).err()
}

#[test]
fn a_session_opens_with_its_token() {
    let value = session().seal(&token(), &UUID, VAULT);
    let (vault, opened) = Session::open(&token(), &UUID, &value).unwrap();
    assert_eq!((vault, opened.urk.expose()), (VAULT, urk().expose()));
    assert_eq!((opened.sess_gen, opened.created), (3, 1_000_000));
    assert_eq!((opened.expires, opened.renewed), (9_000_000, 2_000_000));
    assert_eq!(refusal(&Token::random(), &UUID, &value), Some(SealError::Open));
}

#[test]
fn every_flipped_bit_of_a_session_is_found() {
    let value = session().seal(&token(), &UUID, VAULT);
    for (bit_idx, flipped) in flips(&value) {
        let expected = match bit_idx / 8 {
            8..15 | 32.. => SealError::Open,
            _ => SealError::Damaged,
        };
        assert_eq!(refusal(&token(), &UUID, &flipped), Some(expected), "bit {bit_idx}");
    }
    for other in other_lengths(&value) {
        assert_eq!(refusal(&token(), &UUID, &other), Some(SealError::Damaged));
    }
    for (bit_idx, uuid) in flips(&UUID) {
        let uuid = uuid.try_into().unwrap();
        assert_eq!(refusal(&token(), &uuid, &value), Some(SealError::Damaged), "uuid bit {bit_idx}");
    }
}

#[test]
fn reserved_bytes_of_a_session_must_be_zero() {
    let mut value = session().seal(&token(), &UUID, VAULT)[..AAD].to_vec();
    let sealed =
        aead::seal_with(&session_key(&token()), Nonce::random(), &value, PLAIN, |plain| plain[79] = 1);
    value.extend(sealed);
    assert_eq!(refusal(&token(), &UUID, &value), Some(SealError::Damaged));
}

#[test]
fn a_session_lives_between_its_limits() {
    let session = session();
    let idle = 1_000_000;
    assert!(session.is_live(3, 2_000_000, idle));
    assert!(session.is_live(3, 2_000_000 - CLOCK_SLACK_MS, idle), "the clock was set back a little");
    assert!(!session.is_live(3, 2_000_000 - CLOCK_SLACK_MS - 1, idle), "used in the future");
    assert!(!session.is_live(3, 1_000_000 - CLOCK_SLACK_MS - 1, i64::MAX), "made in the future");
    assert!(session.is_live(3, 2_999_999, idle));
    assert!(!session.is_live(3, 3_000_000, idle), "idle");
    assert!(session.is_live(3, 8_999_999, i64::MAX));
    assert!(!session.is_live(3, 9_000_000, i64::MAX), "expired");
    assert!(!session.is_live(4, 2_000_000, idle), "sessions were ended");
    assert!(!session.is_live(2, 2_000_000, idle));
}

#[test]
fn row_and_key_of_a_token_differ_from_each_other_and_from_the_token() {
    let (sid, key) = (session_id(&token()), session_key(&token()));
    assert!(!token().key().expose().starts_with(&sid) && !key.expose().starts_with(&sid));
    assert!(session_id(&Token::random()) != sid);
}
