use proptest::prelude::*;

use super::*;

fn canonical(text: &str) -> String {
    Name::typed(text).expose().to_owned()
}

fn refusal(text: &str) -> Option<NameError> {
    Name::choose(text).err()
}

proptest! {
    #[test]
    fn a_canonical_name_is_its_own_canonical_form(text in "[\\p{L}\\p{N}\\p{Mn} _.'-]{1,40}") {
        prop_assume!(Name::choose(&text).is_ok());
        let once = canonical(&text);
        prop_assert_eq!(canonical(&once), once);
    }

    #[test]
    fn typing_never_panics(text: String) {
        let _ = Name::typed(&text);
        let _ = Name::choose(&text);
    }
}

#[test]
fn blanks_at_the_ends_and_case_do_not_count() {
    for typed in ["Anna B.", " anna b.\t", "\n\u{b}\u{c}\rANNA B.", "Anna B.\u{3000}"] {
        assert_eq!(canonical(typed), "anna b.", "{typed:?}");
    }
    assert_eq!(canonical("anna  b."), "anna  b.", "blanks inside do");
}

#[test]
fn lower_casing_stops_before_hebrew() {
    // U+10A0 GEORGIAN CAPITAL LETTER AN has a lower-case form, but above U+0590 nothing is mapped.
    assert_eq!(canonical("\u{10a0}"), "\u{10a0}");
    assert_eq!(canonical("\u{0531}"), "\u{0561}", "Armenian is below");
}

#[test]
fn names_of_many_scripts_can_be_chosen() {
    for name in ["Żółć", "O'Brien-Smith", "a_b.c", "李小龍", "हिन्दी", "สมชาย", "שרה", "محمد", "Ольга 2", "ა"]
    {
        assert_eq!(refusal(name), None, "{name}");
    }
}

#[test]
fn other_signs_cannot_be_chosen() {
    for name in ["a@b", "a/b", "a,b", "a\u{7}b", "a\tb", "a\u{200b}b", "\u{1f600}", "a\u{202e}b", "\u{301}a"]
    {
        assert_eq!(refusal(name), Some(NameError::Symbol), "{name:?}");
    }
    for name in ["a\u{e000}", "a\u{0378}", "a\u{fffe}"] {
        assert_eq!(refusal(name), Some(NameError::Unassigned), "{name:?}");
    }
}

#[test]
fn names_have_one_to_sixty_four_characters() {
    assert_eq!(refusal(""), Some(NameError::Empty));
    assert_eq!(refusal(" \t\u{3000}"), Some(NameError::Empty));
    assert_eq!(refusal("a"), None);
    assert_eq!(refusal(&"ł".repeat(64)), None);
    assert_eq!(refusal(&"ł".repeat(65)), Some(NameError::TooLong));
    assert_eq!(refusal(&"\u{20000}".repeat(64)), None, "256 bytes");
    // 64 characters in canonical form, but 384 bytes as typed: the keyring keeps 256.
    assert_eq!(refusal(&"\u{ff21}\u{308}".repeat(64)), Some(NameError::TooLong));
}

#[test]
fn sign_in_takes_any_text() {
    assert_eq!(canonical("a@b"), "a@b");
    assert_eq!(canonical(""), "");
    assert_eq!(canonical(&"x".repeat(5_000)).len(), 5_000);
}
