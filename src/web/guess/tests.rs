//! Waits, allowances and what opens a closed name.

use std::net::Ipv4Addr;

use super::*;

const DEVICE: Device = Device { id: [1; 16], circle: [2; 16] };

fn peer(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))
}

fn strange(guesses: &Guesses, name: &str, from: u32, now: Instant) -> Result<Attempt, Refused> {
    guesses.outside(Door::SignIn, name, peer(from), None, now)
}

fn known(guesses: &Guesses, name: &str, now: Instant) -> Attempt {
    let attempt = guesses
        .outside(Door::SignIn, name, peer(1), Some(DEVICE), now)
        .unwrap_or_else(|_| panic!("not admitted"));
    assert!(attempt.is_known());
    attempt
}

/// Wrong tries from ever new addresses, each as soon as the wait allows, until the name is closed.
fn close(guesses: &Guesses, name: &str, begin: Instant) -> (u32, Instant) {
    let (mut now, mut n_tries) = (begin, 0);
    loop {
        match strange(guesses, name, 1000 + n_tries, now) {
            Ok(_) => n_tries += 1,
            Err(Refused::Wait(seconds)) => now += Duration::from_secs(u64::from(seconds)),
            Err(Refused::Closed) => return (n_tries, now),
        }
    }
}

// proves: SR-18
#[test]
fn waiting_begins_after_five_and_doubles_to_a_quarter_of_an_hour() {
    let (guesses, mut now) = (Guesses::new(), Instant::now());
    for number in 0..=FREE {
        assert!(
            strange(&guesses, [" Mira ", "mira", "\u{ff2d}ira"][number as usize % 3], number, now).is_ok()
        );
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        assert_eq!(strange(&guesses, "mira", 99, now).err(), Some(Refused::Wait(wait)));
        now += Duration::from_secs(u64::from(wait));
        assert!(strange(&guesses, "mira", 100 + wait, now).is_ok(), "after {wait} s");
    }
    assert!(strange(&guesses, "jonas", 7, now).is_ok(), "another name");
    assert_eq!(wait_after(u32::MAX), LONGEST);
}

// proves: SR-18
#[test]
fn one_address_has_ten_tries_and_then_five_a_minute_whatever_the_names() {
    let (guesses, now) = (Guesses::new(), Instant::now());
    let passed = (0..200).filter(|n| strange(&guesses, &n.to_string(), 1, now).is_ok()).count();
    assert_eq!(passed, 10);
    let later = now + Duration::from_secs(60);
    let passed = (200..400).filter(|n| strange(&guesses, &n.to_string(), 1, later).is_ok()).count();
    assert_eq!(passed, 5);
    assert!(strange(&guesses, "someone", 2, now).is_ok(), "another address");
}

// proves: SR-19 (100 wrong tries in a row)
#[test]
fn after_a_hundred_only_a_known_device_opens_the_name() {
    let guesses = Guesses::new();
    let (n_tries, now) = close(&guesses, "mira", Instant::now());
    assert_eq!(n_tries, MOST_IN_A_ROW);
    let next_week = now + Duration::from_secs(7 * 24 * 60 * 60);
    assert_eq!(strange(&guesses, "mira", 5, next_week).err(), Some(Refused::Closed), "time does not open it");
    assert!(strange(&guesses, "jonas", 5, now).is_ok(), "nobody else is touched");
    assert!(guesses.outside(Door::Recovery, "mira", peer(6), None, now).is_ok(), "nor is the recovery code");
    let attempt = known(&guesses, "mira", now);
    assert_eq!(strange(&guesses, "mira", 7, now).err(), Some(Refused::Closed), "not before it was right");
    guesses.succeeded(attempt);
    assert!(strange(&guesses, "mira", 8, now).is_ok());
}

// proves: SR-18
#[test]
fn a_known_device_waits_only_for_its_own_mistakes() {
    let (guesses, now) = (Guesses::new(), Instant::now());
    for number in 0..50 {
        let _ = strange(&guesses, "mira", number, now);
    }
    for _ in 0..=FREE {
        let _ = known(&guesses, "mira", now);
    }
    let refused = guesses.outside(Door::SignIn, "mira", peer(1), Some(DEVICE), now);
    assert!(matches!(refused, Err(Refused::Wait(_))), "it has used up its own tries, and the name waits too");
    let other = Device { id: [9; 16], ..DEVICE };
    assert!(guesses.outside(Door::SignIn, "mira", peer(1), Some(other), now).is_ok_and(|it| it.is_known()));
}

#[test]
fn ever_new_devices_of_one_journal_do_not_help() {
    let (guesses, now) = (Guesses::new(), Instant::now());
    let try_from = |number: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_le_bytes());
        let device = Device { id, circle: [3; 16] };
        guesses.outside(Door::SignIn, "mira", peer(u32::from(number)), Some(device), now)
    };
    let n_known = (0..500).filter(|n| try_from(*n).is_ok_and(|attempt| attempt.is_known())).count();
    assert_eq!(n_known, 100);
}

#[test]
fn what_was_right_or_not_looked_at_costs_nothing() {
    let (guesses, now) = (Guesses::new(), Instant::now());
    for _ in 0..50 {
        let attempt = strange(&guesses, "mira", 1, now).unwrap_or_else(|_| panic!("not admitted"));
        guesses.succeeded(attempt);
    }
    for _ in 0..50 {
        let attempt = strange(&guesses, "mira", 1, now).unwrap_or_else(|_| panic!("not admitted"));
        guesses.withdrawn(&attempt);
    }
}

#[test]
fn memory_is_bounded_and_what_was_tried_most_is_kept() {
    let (guesses, now) = (Guesses::new(), Instant::now());
    let (_, now) = close(&guesses, "mira", now);
    for number in 0..2 * MAX_COUNTERS {
        let _ = strange(&guesses, &number.to_string(), 5000 + u32::try_from(number).unwrap(), now);
    }
    assert!(guesses.counters().len() <= MAX_COUNTERS);
    assert_eq!(strange(&guesses, "mira", 3, now).err(), Some(Refused::Closed));
}
