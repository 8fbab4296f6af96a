//! `llamora export` and `llamora import` on a closed journal.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use crate::program::{Place, finish, panicked};
use crate::visitor::Visitor;

const PASSWORD: &str = "seven herons over the dyke";

/// Runs a command on the journal of a place, with a password on standard input.
fn run(place: &Place, password: &str, args: &[&str]) -> Output {
    let secret = place.path("logs/password");
    std::fs::write(&secret, format!("{password}\n")).unwrap();
    let data = place.path("data");
    let mut command = place.command(args);
    command.args(["--data", data.to_str().unwrap(), "--name", "Margarethe", "--password-stdin"]);
    command.stdin(File::open(&secret).unwrap());
    let output = finish(&mut command, Duration::from_secs(60));
    assert!(!panicked(&String::from_utf8_lossy(&output.stderr)));
    output
}

fn good(place: &Place, args: &[&str]) -> String {
    let output = run(place, PASSWORD, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn bad(place: &Place, password: &str, args: &[&str], words: &str) {
    let output = run(place, password, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {errors}");
    assert!(errors.contains(words), "{args:?}: {errors}");
}

fn journal(entries: &[(&str, &str)]) -> Place {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Margarethe", PASSWORD);
    for (day, text) in entries {
        let day = format!("/d/{day}");
        visitor.get(&day);
        visitor.try_write(&day, text).unwrap();
    }
    assert_eq!(running.stop().0.code(), Some(0));
    place
}

fn entries_of(file: &Path) -> Vec<(String, String, String)> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = json["entries"].as_array().unwrap().iter();
    entries.map(|entry| (text(entry, "day"), text(entry, "created"), text(entry, "text"))).collect()
}

#[test]
fn a_closed_journal_goes_out_and_into_another() {
    let texts = [
        ("2019-03-01", "Za\u{17c}\u{f3}\u{142}\u{107}, & <more>."),
        ("2019-03-01", "Twice."),
        ("2020-02-29", "Leap.\n\n- a\n- b"),
    ];
    let (from, to) = (journal(&texts), journal(&[]));
    let folder = from.path("out");
    let (out, json) = (folder.to_str().unwrap(), from.path("out.json"));
    good(&from, &["export", "--format", "markdown", "--output", out, "--yes"]);
    good(&from, &["export", "--output", json.to_str().unwrap(), "--yes"]);
    assert!(std::fs::read_to_string(folder.join("2019/2019-03-01.md")).unwrap().contains("Twice."));
    for (path, mode) in
        [(folder.join("2019"), 0o700), (folder.join("2020/2020-02-29.md"), 0o600), (json.clone(), 0o600)]
    {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }

    let said = good(&to, &["import", out, "--dry-run"]);
    assert!(said.contains("new entries          3") && said.contains("nothing was changed"), "{said}");
    assert!(good(&to, &["import", json.to_str().unwrap()]).contains("imported 3 entries"));
    assert!(good(&to, &["import", out]).contains("imported 0 entries"), "the same again adds nothing");
    let back = to.path("back.json");
    good(&to, &["export", "--output", back.to_str().unwrap(), "--yes"]);
    assert_eq!(entries_of(&json), entries_of(&back));
    let running = to.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in("Margarethe", PASSWORD);
    assert!(visitor.get("/d/2020-02-29").body.contains("Leap."));
    bad(&to, PASSWORD, &["export", "--output", out, "--yes"], "exists already");
    let zip = to.path("x.zip");
    bad(
        &to,
        PASSWORD,
        &["export", "--format", "markdown", "--output", zip.to_str().unwrap(), "--yes"],
        "already open",
    );
    assert!(!zip.exists());
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_left_behind() {
    let place = journal(&[("2019-03-01", "Mine.")]);
    let out = place.path("out.json");
    let args = ["export", "--output", out.to_str().unwrap(), "--yes"];
    bad(&place, "wrong horse", &args, "open no journal here");
    bad(&place, PASSWORD, &args[..3], "is not sealed");
    bad(&place, PASSWORD, &["import", "/no/such/file"], "is not there");
    let odd = place.path("odd.json");
    std::fs::write(&odd, "{\"entries\":[").unwrap();
    bad(&place, PASSWORD, &["import", odd.to_str().unwrap()], "cut short");
    assert!(!out.exists());
    let empty = Place::slim();
    bad(&empty, PASSWORD, &args, "no journal");
    let (code, errors) = place.fails(&[
        "export",
        "--output",
        "x.json",
        "--yes",
        "--data",
        place.path("data").to_str().unwrap(),
    ]);
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("--password-stdin"), "without a terminal it says how: {errors}");
}
