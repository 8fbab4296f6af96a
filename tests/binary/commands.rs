//! The command line.

use std::net::TcpStream;
use std::time::Duration;

use crate::program::{Place, finish};
use crate::visitor::Visitor;

fn output(place: &Place, args: &[&str]) -> (Option<i32>, String, String) {
    let output = finish(&mut place.command(args), Duration::from_secs(30));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn port_0_takes_a_free_port_and_prints_it_first() {
    let place = Place::slim();
    let running = place.start();
    assert_ne!(running.address.port(), 0);
    assert!(running.address.ip().is_loopback());
    TcpStream::connect(running.address).unwrap();
    let answer = Visitor::new(running.address).get("/healthz");
    assert_eq!(answer.status, 200);
}

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::slim();
    let (code, help, _) = output(&place, &["--help"]);
    assert_eq!(code, Some(0));
    let listed = help.split("Commands:").nth(1).expect("--help lists the commands");
    let commands: Vec<&str> = listed
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"serve") && commands.contains(&"bundle"), "{commands:?}");
    for command in commands {
        let (code, help, _) = output(&place, &[command, "--help"]);
        assert_eq!(code, Some(0), "{command} --help");
        assert!(help.to_lowercase().contains("example"), "{command} --help shows no example:\n{help}");
    }
}

#[test]
fn wrong_usage_is_code_2() {
    let place = Place::slim();
    for args in [&["no-such-command"][..], &["serve", "--no-such-flag"], &["serve", "--port", "70000"]] {
        let (code, errors) = place.fails(args);
        assert_eq!(code, 2, "{args:?}: {errors}");
    }
}

#[test]
fn version_is_that_of_the_package() {
    let (code, version, _) = output(&Place::slim(), &["--version"]);
    assert_eq!(code, Some(0));
    assert_eq!(version.trim(), concat!("llamora ", env!("CARGO_PKG_VERSION")));
}
