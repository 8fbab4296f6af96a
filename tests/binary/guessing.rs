//! What a stranger at the door learns and may do, with the key derivation that ships.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::program::{Place, Running};
use crate::visitor::Visitor;

const NAME: &str = "Doorkeeper";
const PASSWORD: &str = "a bell nobody rings twice";
/// Tries in one run of the program that nobody has to wait for: five of each kind.
const EACH: usize = 5;
const RUNS: usize = 3;

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

// proves: SR-17 (medians of 15 and 15 interleaved tries with the real scrypt, within 10 %)
#[test]
fn a_name_that_does_not_exist_takes_as_long_as_a_wrong_password() {
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    running.stop();
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.get("/login");
        for number in 0..2 * EACH {
            let is_unknown = (number + run) % 2 == 0;
            let name = if is_unknown { format!("Doorkeepes{number}") } else { NAME.to_owned() };
            let begun = Instant::now();
            let answer = visitor.post("/login", &[("username", &name), ("password", "not the password")]);
            assert_eq!(answer.status, 401, "{}", answer.body);
            if is_unknown { &mut unknown } else { &mut wrong }.push(begun.elapsed());
        }
        running.stop();
    }
    assert_eq!((unknown.len(), wrong.len()), (RUNS * EACH, RUNS * EACH));
    let (unknown, wrong) = (median(&mut unknown), median(&mut wrong));
    println!(
        "sign-in of an unknown name {:.0} ms, with a wrong password {:.0} ms",
        unknown * 1e3,
        wrong * 1e3
    );
    assert!((unknown / wrong - 1.0).abs() < 0.1, "{unknown} s and {wrong} s");
    place.assert_calm();
}

fn start_for_all(place: &Place) -> (Running, SocketAddr) {
    let data = place.path("data");
    let running =
        place.start_with(&["serve", "--host", "0.0.0.0", "--port", "0", "--data", data.to_str().unwrap()]);
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), running.address.port());
    (running, address)
}

// proves: SR-08 (file mode 0600; a new token for each start)
#[test]
fn the_setup_token_stands_in_the_terminal_and_in_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::slim();
    let file = place.path("data").join("setup-token");
    let token = || std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let (running, _) = start_for_all(&place);
    let first = token();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(place.errors().contains(&first), "standard error shows it");
    running.kill();
    let (running, address) = start_for_all(&place);
    let second = token();
    assert_ne!(first, second);

    let mut visitor = Visitor::new(address);
    let mut register = |code: &str| {
        visitor.get("/register");
        let fields =
            [("username", NAME), ("password", PASSWORD), ("password_confirm", PASSWORD), ("code", code)];
        visitor.post("/register", &fields)
    };
    for code in ["", &first] {
        assert_eq!(register(code).status, 404);
    }
    let answer = register(&second);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!file.exists(), "it is gone once it was used");
    running.stop();

    // With a journal there is nothing to set up any more; on this machine alone there never was.
    let (running, address) = start_for_all(&place);
    assert!(!file.exists());
    let mut other = Visitor::new(address);
    assert!(other.get("/register").body.contains("Invitation code"));
    running.stop();
    let local = Place::slim();
    let running = local.start();
    assert!(!local.path("data").join("setup-token").exists());
    running.stop();
    place.assert_calm();
}
