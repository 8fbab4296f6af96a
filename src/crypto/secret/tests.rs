use proptest::prelude::*;
use zeroize::ZeroizeOnDrop;

use super::*;

fn code_of(symbols: &[u8; 26]) -> RecoveryCode {
    RecoveryCode(Box::new(Zeroizing::new(*symbols)))
}

fn text_of(code: &RecoveryCode) -> Vec<u8> {
    code.display().bytes().filter(|b| *b != b'-').collect()
}

fn parse(symbols: &[u8]) -> Option<CodeError> {
    RecoveryCode::parse(std::str::from_utf8(symbols).unwrap()).err()
}

fn codes() -> Vec<RecoveryCode> {
    let fixed = [b"0123456789ABCDEFGHJKMNPQRS", b"ZZZZZZZZZZZZZZZZZZZZZZZZZZ", b"00000000000000000000000000"];
    fixed.into_iter().map(code_of).chain((0..5).map(|_| RecoveryCode::random())).collect()
}

#[test]
fn secrets_are_wiped_when_dropped() {
    fn wiped(_: &impl ZeroizeOnDrop) {}
    wiped(&Key::random().0);
    wiped(&KeyFile::from_bytes(b"x").unwrap().0.0);
    wiped(&*RecoveryCode::random().0);
    wiped(&Password::typed("x").unwrap().0);
}

#[test]
fn every_single_wrong_symbol_of_a_recovery_code_is_caught() {
    for code in codes() {
        let symbols = text_of(&code);
        assert_eq!(parse(&symbols), None);
        for place in 0..28 {
            for wrong in CROCKFORD.iter().filter(|symbol| **symbol != symbols[place]) {
                let mut typed = symbols.clone();
                typed[place] = *wrong;
                assert_eq!(parse(&typed), Some(CodeError::Checksum), "{wrong} at {place}");
            }
        }
    }
}

#[test]
fn every_swap_of_two_symbols_of_a_recovery_code_is_caught() {
    for code in codes() {
        let symbols = text_of(&code);
        for first in 0..26 {
            for second in first + 1..26 {
                let mut typed = symbols.clone();
                typed.swap(first, second);
                let expected = (typed != symbols).then_some(CodeError::Checksum);
                assert_eq!(parse(&typed), expected, "{first} and {second}");
            }
        }
    }
}

#[test]
fn a_recovery_code_reads_back_as_people_type_it() {
    let code = code_of(b"0123456789ABCDEFGHJKMNPQRS");
    let shown = code.display();
    assert_eq!(shown.len(), 34);
    for typed in [
        shown.as_str(),
        &shown.to_lowercase(),
        &shown.replace('-', " "),
        &shown.replace('-', ""),
        &shown.replace('-', "\u{2013}"),
        &shown.replace('-', "\u{2212}"),
        &shown.replace('-', "\u{a0}\t"),
        &shown.replace('0', "O").replace('1', "l"),
        &shown.replace('0', "o").replace('1', "I"),
        &shown.replace('A', "\u{ff21}"),
        &format!("  {}\n", shown.as_str()),
    ] {
        let parsed = RecoveryCode::parse(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!(parsed.expose(), code.expose());
    }
}

#[test]
fn what_is_no_recovery_code_is_told_apart() {
    let symbols = text_of(&RecoveryCode::random());
    assert_eq!(parse(b""), Some(CodeError::Length));
    assert_eq!(parse(&symbols[..27]), Some(CodeError::Length));
    assert_eq!(parse(&[symbols.as_slice(), b"0"].concat()), Some(CodeError::Length));
    for sign in ["U", "!", "é", "ß", "\u{1f600}"] {
        assert_eq!(RecoveryCode::parse(sign).err(), Some(CodeError::Symbol), "{sign}");
    }
}

#[test]
fn recovery_codes_are_drawn_from_all_symbols() {
    let mut seen = [0_u32; 32];
    for _ in 0..1_000 {
        for symbol in RecoveryCode::random().expose() {
            seen[value_of(*symbol)] += 1;
        }
    }
    // 26,000 draws: 812 each on average; 600 is more than seven standard deviations away.
    assert!(seen.iter().all(|count| (600..1_024).contains(count)), "{seen:?}");
}

proptest! {
    #[test]
    fn passwords_typed_in_two_ways_are_one(text in "\\PC{1,60}") {
        let canonical: String = text.nfkc().collect();
        let decomposed: String = text.nfkd().collect();
        for typed in [text, decomposed] {
            let password = Password::typed(&typed).unwrap();
            prop_assert_eq!(password.expose(), canonical.as_str());
        }
    }

    #[test]
    fn parsing_a_code_never_panics(text: String) {
        let _ = RecoveryCode::parse(&text);
    }
}

#[test]
fn passwords_have_one_to_1024_bytes_and_nothing_is_stripped() {
    assert_eq!(Password::typed("").err(), Some(PasswordError::Empty));
    assert_eq!(Password::typed(&"x".repeat(1_024)).unwrap().expose().len(), 1_024);
    assert_eq!(Password::typed(&"x".repeat(1_025)).err(), Some(PasswordError::TooLong));
    assert_eq!(Password::typed(&"\u{fdfa}".repeat(32)).err(), Some(PasswordError::TooLong), "33 bytes each");
    assert_eq!(Password::typed(&"e\u{301}".repeat(512)).unwrap().expose().len(), 1_024, "2 bytes each");
    assert_eq!(Password::typed("  a ").unwrap().expose(), "  a ");
}

#[test]
fn a_chosen_password_has_no_control_and_no_unassigned_character() {
    assert_eq!(Password::choose("tab\there").err(), Some(PasswordError::Control));
    assert_eq!(Password::choose("a\u{85}b").err(), Some(PasswordError::Control));
    assert_eq!(Password::choose("private \u{e000}").err(), Some(PasswordError::Unassigned));
    assert_eq!(Password::choose("\u{0378}").err(), Some(PasswordError::Unassigned));
    assert!(Password::choose("zażółć gęślą 🦙").is_ok());
    assert!(Password::typed("tab\there").is_ok(), "at sign-in anything goes");
}

#[test]
fn a_key_file_has_at_most_one_mebibyte() {
    assert!(KeyFile::from_bytes(&vec![0; 1 << 20]).is_some());
    assert!(KeyFile::from_bytes(&vec![0; (1 << 20) + 1]).is_none());
}

#[test]
fn keys_are_drawn() {
    assert!(Key::random().expose() != Key::random().expose());
    assert!(Key::random().expose() != &[0; 32]);
}

#[test]
fn the_last_group_shows_that_a_code_was_kept() {
    let code = RecoveryCode::parse("0123-4567-89AB-CDEF-GHJK-MNPQ-RSQ9").unwrap();
    for typed in
        ["RSQ9", "rsq9", " r s-q 9 ", "0123-4567-89AB-CDEF-GHJK-MNPQ-RSQ9", "oi23456789abcdefghjkmnpqrsq9"]
    {
        assert!(code.was_kept(typed), "{typed}");
    }
    for typed in [
        "",
        "-",
        "RSQ8",
        "SQ9",
        "QRSQ9",
        "MNPQ",
        "RSQ9!",
        "0123",
        "MNPQ-RSQ9",
        "1123-4567-89AB-CDEF-GHJK-MNPQ-RSQ9",
    ] {
        assert!(!code.was_kept(typed), "{typed}");
    }
}
