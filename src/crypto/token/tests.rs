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

// proves: SR-11 (monobit, chi-square of bytes and no repetition, a million tokens)
#[test]
fn a_million_tokens_look_random() {
    const TOKENS: usize = 1_000_000;
    let (mut ones, mut counts, mut fronts) = (0_u64, [0_u64; 256], Vec::with_capacity(TOKENS));
    for _ in 0..TOKENS {
        let token = Token::random();
        let bytes = token.key().expose();
        for part in bytes.chunks_exact(16) {
            ones += u64::from(u128::from_le_bytes(part.try_into().unwrap()).count_ones());
        }
        bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        fronts.push(u128::from_le_bytes(bytes[..16].try_into().unwrap()));
    }
    // Six standard deviations of 256 million fair coins.
    assert!(ones.abs_diff(128 * TOKENS as u64) < 6 * 8_000, "{ones} ones");
    // 255 degrees of freedom: mean 255, standard deviation 22.6; more than six of them above.
    let expected = (32 * TOKENS / 256) as u64;
    let chi: u64 = counts.iter().map(|count| count.abs_diff(expected).pow(2)).sum::<u64>() / expected;
    assert!((120..400).contains(&chi), "chi-square {chi}");
    fronts.sort_unstable();
    assert!(fronts.windows(2).all(|pair| pair[0] != pair[1]), "a token came twice");
}

#[test]
fn the_name_of_a_session_reads_back_and_is_not_its_token() {
    let id = token().id();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string().len(), 32);
    for text in ["", "0", &id.to_string()[2..], &format!("{id}00"), &id.to_string().to_uppercase()] {
        assert!(text.parse::<SessionId>().is_err() || text == id.to_string(), "{text}");
    }
    assert!(!token().to_cookie().contains(&id.to_string()));
}
