//! What is refused, what is warned of, and the arithmetic of times.

use super::*;

const COST: Cost = Cost { log2n: 17, p: 1 };
const COMMON: &str = include_str!("../../../tests/payloads/common-passwords.txt");

fn verdict(password: &str) -> Verdict {
    let password = Password::choose(password).unwrap();
    Strength::of(password.expose(), "Mira Holt", COST).verdict
}

// proves: SR-20 (3,000 most common passwords, and with what people add to them, all refused)
#[test]
fn common_passwords_are_refused_also_with_a_capital_and_a_year() {
    let all: Vec<&str> = COMMON.lines().collect();
    assert_eq!(all.len(), 3000);
    for word in &all {
        assert!(matches!(verdict(word), Verdict::Short | Verdict::Refused), "{word}");
    }
    for word in all.iter().step_by(10) {
        let capital = word[..1].to_uppercase() + &word[1..];
        for dressed in [format!("{capital}1!"), format!("{word}2026"), format!("{word}{word}")] {
            assert!(matches!(verdict(&dressed), Verdict::Short | Verdict::Refused), "{dressed}");
        }
    }
}

#[test]
fn what_an_attacker_knows_counts_for_nothing() {
    for password in
        ["Mira Holt", "miraholt", "miraholt1", "llamora2026", "my diary", "Llamora journal", "holt holt"]
    {
        assert!(matches!(verdict(password), Verdict::Short | Verdict::Refused), "{password}");
    }
}

#[test]
fn words_without_relation_pass_whatever_they_are_made_of() {
    for password in [
        "seven herons over the dyke",
        "tr0ubadour jetty omelette",
        "\u{43b}\u{443}\u{43d}\u{430} \u{43d}\u{430}\u{434} \u{43f}\u{440}\u{443}\u{434}\u{43e}\u{43c} \u{441}\u{43f}\u{438}\u{442}",
        "xkqzjvwpfbtgmyhd",
    ] {
        assert_eq!(verdict(password), Verdict::Strong, "{password}");
    }
    assert_eq!(verdict("qzjv wpf"), Verdict::Refused, "eight random characters");
    assert_eq!(verdict("xkqzjvwpfbt"), Verdict::Weak, "eleven");
    assert_eq!(verdict("xkqzjvw"), Verdict::Short);
}

// proves: SR-20 (129 characters)
#[test]
fn nothing_is_cut_and_composed_letters_are_one() {
    let long = |last: char| "heron dyke seven ".repeat(8)[..128].to_owned() + &last.to_string();
    let (one, other) = (Password::choose(&long('a')).unwrap(), Password::choose(&long('b')).unwrap());
    assert_eq!(one.expose().chars().count(), 129);
    assert_ne!(one.expose(), other.expose());
    let [composed, decomposed] =
        ["caf\u{e9} by the sea", "cafe\u{301} by the sea"].map(|text| Password::choose(text).unwrap());
    assert_eq!(composed.expose(), decomposed.expose());
    assert!(Password::choose(&"\u{e9}".repeat(512)).is_ok());
    assert!(Password::choose(&"\u{e9}".repeat(513)).is_err());
}

#[test]
fn times_come_from_the_cost_of_the_file() {
    assert!((COST.guesses_per_second() - 5_722.0).abs() < 1.0);
    for (log2n, p, time) in [
        (17, 1, "about 5 hours"),
        (18, 1, "about 10 hours"),
        (17, 2, "about 10 hours"),
        (17, 4, "about 19 hours"),
    ] {
        assert_eq!(Cost { log2n, p }.time_for(1e8), time);
    }
    assert_eq!(COST.time_for(1e10), "about 20 days");
    assert_eq!(COST.time_for(1e12), "about 6 years");
}

#[test]
fn times_are_said_in_words() {
    for (seconds, words) in [
        (0.5, "less than a second"),
        (1.2, "about 1 second"),
        (59.0, "about 59 seconds"),
        (90.0, "about 2 minutes"),
        (4_000.0, "about 1 hour"),
        (7e6, "about 3 months"),
        (7e7, "about 2 years"),
        (4.1e10, "about 1300 years"),
        (4.1e11, "about 13 thousand years"),
        (2.5e15, "about 79 million years"),
        (1e17, "more than a billion years"),
    ] {
        assert_eq!(in_words(seconds), words);
    }
}
