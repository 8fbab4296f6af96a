//! Nothing secret comes with the program (SR-22).

use std::collections::HashSet;

use llamora::store::{Store, rows::Rows, tables::Copy};

use crate::leaks::Scanner;
use crate::program::{Place, slim};
use crate::visitor::Visitor;

/// Length of what is compared; every key, salt and token is longer.
const WINDOW: usize = 16;
/// Fewer different bytes than this in a window are layout: magic, counters, zeros. A random one has 15.
const VARIETY: usize = 10;

fn random_parts(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let is_random = |part: &&[u8]| part.iter().collect::<HashSet<_>>().len() >= VARIETY;
    bytes.windows(WINDOW).filter(is_random).map(<[u8]>::to_vec)
}

/// Parts of every salt, key row and token of an instance are drawn when it begins: none of them is in the file that
/// everybody downloads. That two instances differ as well `tests/it/security/fresh.rs` shows.
// proves: SR-22
// D40 (no default secrets)
#[test]
fn no_secret_of_an_instance_is_in_the_program() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Mira", "three brass keys on a nail");
    let cookies: Vec<String> = visitor.client.cookies().map(str::to_owned).collect();
    running.stop();

    let mut parts = HashSet::new();
    for cookie in &cookies {
        parts.extend(random_parts(cookie.as_bytes()));
    }
    let store = Store::open(&place.data_file()).unwrap();
    for copy in Copy::BOTH {
        for (key, value) in store.read(|rows| rows.smalls(copy, b"")).unwrap() {
            parts.extend(random_parts(&key).chain(random_parts(&value)));
        }
    }
    assert!(cookies.len() >= 2 && parts.len() > 400, "{} cookies, {} parts", cookies.len(), parts.len());

    let program = std::fs::read(slim()).unwrap();
    let found = program.windows(WINDOW).filter(|part| parts.contains(*part)).count();
    assert_eq!(found, 0);
    let control = b"the data file is in use by another instance";
    assert!(
        program.windows(control.len()).any(|part| part == control),
        "the control: it is looked at in clear"
    );
}

/// Stands in the name, in an entry, in a trace, in a draft and in a search.
const HERON: &str = "heronsteel8841";

/// The folder, taken to another machine and started there as it comes, shows nothing and lets nobody in: not with the
/// cookies of before, not with what other programs have as a first password, not by the command line.
// D40 (a copy)
#[test]
fn a_copy_of_the_folder_shows_nothing_to_whoever_has_no_password() {
    let (name, password) = (format!("Mira {HERON}"), "three brass keys on a nail");
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(&name, password);
    let entry = visitor.write(&format!("A walk with {HERON}."));
    assert_eq!(visitor.post(&format!("/entries/{entry}/traces"), &[("name", HERON)]).status, 303);
    let today = visitor.today();
    let kept = visitor.post(&format!("{today}/draft"), &[("text", &format!("{HERON}, and then"))]);
    assert!(kept.status < 400, "{} {}", kept.status, kept.body);
    visitor.get("/search");
    assert!(visitor.post("/search", &[("q", HERON)]).body.contains("data-entry-id"), "it is found");
    assert!(visitor.client.cookies().count() >= 2);
    running.stop();

    let elsewhere = Place::slim();
    copy_folder(&place.path("data"), &elsewhere.path("data"));
    let running = elsewhere.start();
    let mut with_cookies = Visitor::new(running.address);
    with_cookies.client = visitor.client.at(running.address);
    for mut thief in [Visitor::new(running.address), with_cookies] {
        let mut asked = 0;
        for row in llamora::routes::ROWS.iter().filter(|row| row.method == "GET") {
            let sample = row.sample().replace("01KAMQ0000000000000000000A", &entry);
            let answer = thief.get(&sample);
            assert!(!answer.body.contains(HERON), "{sample}");
            if row.needs_session() {
                let is_sent_away = answer.status == 401 || answer.header("location") == Some("/login");
                assert!(is_sent_away, "{sample}: {}", answer.status);
                asked += 1;
            }
        }
        assert!(asked > 30, "{asked} pages");
    }
    for guess in ["", "admin", "llamora", "password", "changeme"] {
        let answer = Visitor::new(running.address).try_sign_in(&name, guess);
        assert!(matches!(answer.status, 401 | 429), "{guess:?}: {}", answer.status);
        assert!(answer.header("location").is_none(), "{guess:?}");
    }
    running.stop();

    let data = elsewhere.path("data");
    for command in [&["check"][..], &["keys", "status"], &["keys", "status", "--password-stdin"]] {
        let args = [command, &["--data", data.to_str().unwrap()]].concat();
        let output = elsewhere.command(&args).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.is_empty() && !String::from_utf8_lossy(&said).contains(HERON), "{args:?}");
    }

    let running = elsewhere.start();
    let mut owner = Visitor::new(running.address);
    owner.sign_in(&name, password);
    let day = owner.get(&today).body;
    assert_eq!(day.matches(&format!("A walk with {HERON}.")).count(), 1, "the control: the copy is whole");
    assert!(day.contains(&format!("{HERON}, and then")));
    running.stop();
    let leaks = Scanner::new(&[("all of it".to_owned(), HERON.to_owned())]).folder(elsewhere.root());
    assert!(leaks.is_empty(), "{leaks:#?}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_folder(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).unwrap();
        }
    }
}
