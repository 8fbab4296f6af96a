//! What a stranger at the door learns and may do, with the key derivation that ships.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::program::{Place, Running, is_quiet};
use crate::visitor::Visitor;

const NAME: &str = "Doorkeeper";
const PASSWORD: &str = "a bell nobody rings twice";
/// Tries in one run of the program that nobody has to wait for: five of each kind.
const EACH: usize = 5;
/// Runs at least, and at most: a machine that does other work as well may need more until the medians settle.
const RUNS: std::ops::RangeInclusive<usize> = 3..=8;

/// Processor time that a process has taken, in hundredths of a second.
fn processor_time(id: u32) -> u64 {
    let line = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<&str> = line.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// What tries of one kind took.
#[derive(Default)]
struct Taken {
    times: Vec<Duration>,
    processor: u64,
}

impl Taken {
    fn median(&mut self) -> f64 {
        self.times.sort();
        self.times[self.times.len() / 2].as_secs_f64()
    }

    fn work(&self) -> f64 {
        self.processor as f64 / self.times.len() as f64
    }
}

// proves: SR-17 (15 and 15 interleaved tries with the real scrypt: processor time and medians within 10 % in `make bench`, 40 % beside other tests)
// D45 (time)
#[test]
fn figures_of_a_name_that_does_not_exist_and_of_a_wrong_password() {
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    running.stop();
    let (mut unknown, mut wrong) = (Taken::default(), Taken::default());
    let mut ratio = 0.0_f64;
    for run in 1..=*RUNS.end() {
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.get("/login");
        for number in 0..2 * EACH {
            let is_unknown = (number + run).is_multiple_of(2);
            let name = if is_unknown { format!("Doorkeepes{number}") } else { NAME.to_owned() };
            let (begun, before) = (Instant::now(), processor_time(running.id()));
            let answer = visitor.post("/login", &[("username", &name), ("password", "not the password")]);
            assert_eq!(answer.status, 401, "{}", answer.body);
            let taken = if is_unknown { &mut unknown } else { &mut wrong };
            taken.times.push(begun.elapsed());
            taken.processor += processor_time(running.id()) - before;
        }
        running.stop();
        ratio = unknown.median() / wrong.median() - 1.0;
        if run >= *RUNS.start() && ratio.abs() < 0.1 {
            break;
        }
    }
    let work = unknown.work() / wrong.work() - 1.0;
    println!(
        "sign-in of an unknown name {:.0} ms, with a wrong password {:.0} ms; processor time {:+.1} %",
        unknown.median() * 1e3,
        wrong.median() * 1e3,
        work * 100.0
    );
    // A name without a derivation would make either near -1; other tests beside this one make them waver.
    let most = if is_quiet() { 0.1 } else { 0.4 };
    assert!(ratio.abs() < most && work.abs() < most, "medians differ by {ratio}, processor time by {work}");
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
