use super::*;
use crate::crypto::tests::fixtures::{flips, token};

#[test]
fn a_token_reads_back_from_its_cookie() {
    let token = Token::random();
    let cookie = token.to_cookie();
    assert_eq!(cookie.len(), TEXT_BYTES);
    assert_eq!(Token::parse(&cookie).unwrap().fingerprint(), token.fingerprint());
    assert!(Token::random().fingerprint() != token.fingerprint());
}

#[test]
fn a_cookie_of_another_shape_is_no_token() {
    let cookie = token().to_cookie();
    let (front, _) = cookie.split_at(42);
    // The last symbol carries four bits; any other spelling of it would be a second cookie for one token.
    let respelt = format!("{front}9");
    for text in
        ["", &cookie[1..], &format!("{cookie}="), &format!("{cookie}A"), &respelt, &format!("{front}!")]
    {
        assert!(Token::parse(text).is_none(), "{text}");
    }
    assert!(Token::parse(&format!("{}a", "é".repeat(21))).is_none(), "43 bytes, but not 43 symbols");
}

#[test]
fn a_form_token_belongs_to_one_session_and_one_process() {
    let (key, fingerprint) = (CsrfKey::random(), token().fingerprint());
    let form_token = key.token(&fingerprint);
    assert_eq!(form_token.len(), TEXT_BYTES);
    assert!(key.verify(&fingerprint, &form_token));
    assert!(!CsrfKey::random().verify(&fingerprint, &form_token));
    for (bit_idx, other) in flips(&fingerprint) {
        assert!(!key.verify(&other.try_into().unwrap(), &form_token), "fingerprint bit {bit_idx}");
    }
}

#[test]
fn every_changed_symbol_of_a_form_token_is_refused() {
    let (key, fingerprint) = (CsrfKey::random(), token().fingerprint());
    let form_token = key.token(&fingerprint);
    for symbol_idx in 0..TEXT_BYTES {
        let mut changed = form_token.clone().into_bytes();
        changed[symbol_idx] = if changed[symbol_idx] == b'A' { b'E' } else { b'A' };
        assert!(!key.verify(&fingerprint, std::str::from_utf8(&changed).unwrap()), "symbol {symbol_idx}");
    }
    for text in ["", &form_token[1..], &format!("{form_token} ")] {
        assert!(!key.verify(&fingerprint, text));
    }
}

#[test]
fn a_device_cookie_belongs_to_one_name_one_vault_and_one_instance() {
    let key = DeviceKey::from_key(Key::random());
    let (mira, vault) = (Name::typed(" MIRA "), VaultId::random());
    let value = key.issue(&mira, vault);
    assert_eq!(value.len(), DeviceKey::VALUE_CHARS);
    let (id, circle) = key.read(&Name::typed("mira"), &value).unwrap();
    assert!(key.is_for(&mira, vault, &value));
    assert!(!key.is_for(&mira, VaultId::random(), &value));
    assert!(key.read(&Name::typed("myra"), &value).is_none());
    assert!(DeviceKey::from_key(Key::random()).read(&mira, &value).is_none());
    let (other_id, other_circle) = key.read(&mira, &key.issue(&mira, vault)).unwrap();
    assert!(other_id != id && other_circle == circle, "another device of the same vault");
    let bytes = BASE64URL_NOPAD.decode(value.as_bytes()).unwrap();
    let shows = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    assert!(!shows(vault.as_bytes()) && !shows(b"mira"), "neither name nor vault can be read from it");
    for (bit_idx, other) in flips(&bytes) {
        assert!(key.read(&mira, &BASE64URL_NOPAD.encode(&other)).is_none(), "bit {bit_idx}");
    }
    for text in ["", &value[1..], &format!("{value}A"), &"!".repeat(DeviceKey::VALUE_CHARS)] {
        assert!(key.read(&mira, text).is_none());
    }
}
