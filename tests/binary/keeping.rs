//! A journal that is carried from machine to machine, or reached over a network, keeps nobody signed in over a restart, and
//! says so (SR-15).

use std::path::PathBuf;

use crate::program::{Place, finish, slim};
use crate::visitor::Visitor;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// The program with its data folder beside it, both in a folder of their own.
fn carried() -> Place {
    let mut place = Place::slim();
    let stick = place.path("stick");
    std::fs::create_dir_all(stick.join("llamora-data")).unwrap();
    let program: PathBuf = stick.join("llamora");
    std::fs::copy(slim(), &program).unwrap();
    place.command = vec![program.into()];
    place
}

/// What `llamora config` says of a setting.
fn setting(place: &Place, key: &str) -> String {
    let output = finish(&mut place.command(&["config"]), PATIENCE);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find(|line| line.contains(key)).unwrap_or_default().to_owned()
}

/// Whether the sign-in page offers to stay signed in.
fn offers_to_stay(place: &Place, args: &[&str]) -> bool {
    let running = place.start_with(args);
    let port = running.address.port();
    let page = Visitor::new((std::net::Ipv4Addr::LOCALHOST, port).into()).get("/login").body;
    running.stop();
    page.contains("name=\"stay\"")
}

// proves: SR-15
#[test]
fn staying_signed_in_is_refused_beside_the_program_and_beyond_this_machine() {
    let mut place = Place::slim();
    place.env("LLAMORA_CRYPTO__DEK_STORAGE", "cookie");
    let data = place.path("data");
    let serve = ["serve", "--port", "0", "--data", data.to_str().unwrap()];
    assert!(offers_to_stay(&place, &serve), "on this machine it is allowed");
    assert!(!place.errors().contains("a setting is not followed"), "{}", place.errors());
    let network = [&serve[..], &["--host", "0.0.0.0"]].concat();
    assert!(!offers_to_stay(&place, &network));
    assert!(place.errors().contains("travel to other machines unencrypted"), "{}", place.errors());

    let mut place = carried();
    place.env("LLAMORA_CRYPTO__DEK_STORAGE", "cookie");
    assert!(!offers_to_stay(&place, &["serve", "--port", "0"]));
    assert!(place.errors().contains("this journal lies beside the program"), "{}", place.errors());
    let checked = finish(&mut place.command(&["check"]), PATIENCE);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(said.contains("this journal lies beside the program"), "{said}");
    place.assert_calm();
}

// proves: SR-15
#[test]
fn a_journal_beside_the_program_rests_for_a_quarter_of_an_hour_unless_somebody_chose() {
    let mut place = carried();
    assert!(setting(&place, "session.idle_ttl").contains("900"), "{}", setting(&place, "session.idle_ttl"));
    place.env("LLAMORA_SESSION__IDLE_TTL", "7200");
    assert!(setting(&place, "session.idle_ttl").contains("7200"));
    let place = Place::slim();
    assert!(setting(&place, "session.idle_ttl").contains("28800"));
}
