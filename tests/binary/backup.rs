//! Backups, restoring, checking and salvaging, as a person at a shell does it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use llamora::store::faults::wreck_trees;

use crate::program::{Place, finish, is_dist};
use crate::visitor::Visitor;

const NAME: &str = "Keeper";
const PASSWORD: &str = "the cellar is dry enough";

/// Exit code, standard output and standard error of a command, with something on its standard input.
pub fn run(place: &Place, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let input_file = place.path("input");
    fs::write(&input_file, input).unwrap();
    let mut command = place.command(args);
    command.stdin(fs::File::open(&input_file).unwrap());
    let output = finish(&mut command, Duration::from_secs(60));
    fs::remove_file(&input_file).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub fn succeeds(place: &Place, args: &[&str], input: &str) -> String {
    let (code, out, errors) = run(place, args, input);
    assert_eq!(code, Some(0), "{args:?}: {out}\n{errors}");
    out
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder for backups in the place.
pub fn folder(place: &Place, name: &str) -> PathBuf {
    let path = place.path(name);
    fs::create_dir_all(&path).unwrap();
    path
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut backups: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|ending| ending == "llamora-backup")).collect();
    backups.sort();
    backups
}

/// A backup is called by the second in which it is made.
fn wait_for_a_free_name() {
    std::thread::sleep(Duration::from_millis(1_100));
}

// proves: RR-13, RR-35
#[test]
fn a_backup_is_made_while_the_journal_is_served_and_restores_to_a_new_folder() {
    let place = Place::slim();
    let (data, to) = (place.path("data"), folder(&place, "backups"));
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    let code = visitor.register(NAME, PASSWORD);
    let kept = visitor.write("Kept in a safe place.");
    let out = succeeds(&place, &["backup", "create", "--data", text(&data), "--to", text(&to)], "");
    let made = PathBuf::from(out.lines().next().unwrap());
    assert_eq!(backups(&to), std::slice::from_ref(&made));
    let (exit, _, errors) =
        run(&place, &["backup", "create", "--data", text(&data), "--to", "/nowhere/at/all"], "");
    assert!(exit == Some(1) && errors.contains("is not there"), "{errors}");
    // The page knows of it, and checking beside the running program says so.
    assert!(visitor.get("/settings/data").body.contains(text(&made)));
    let report = succeeds(&place, &["check", "--json", "--data", text(&data)], "");
    assert!(report.contains("open in a running llamora") && report.contains("\"ok\": true"), "{report}");
    visitor.write("Written after the backup.");
    running.stop();

    let verify = |more: &[&str], input: &str| {
        let args = [&["backup", "verify", text(&made)], more].concat();
        run(&place, &args, input)
    };
    let (exit, out, _) = verify(&[], "");
    assert!(exit == Some(0) && out.contains("checksum right"), "{out}");
    let (exit, out, _) = verify(&["--name", NAME, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert!(exit == Some(0) && out.contains("exactly the records"), "{out}");
    let (exit, out, _) = verify(&["--recovery-code"], &code);
    assert!(exit == Some(0) && out.contains("1 entry"), "{out}");
    let (exit, _, errors) = verify(&["--name", NAME, "--password-stdin"], "wrong");
    assert!(exit == Some(1) && errors.contains("nothing in it opens"), "{errors}");
    let (exit, _, errors) = verify(&["--name", NAME], "");
    assert!(exit == Some(1) && errors.contains("--password-stdin"), "{errors}");

    let new = place.path("restored");
    let restore = ["backup", "restore", text(&made), "--to", text(&new), "--name", NAME, "--password-stdin"];
    let out = succeeds(&place, &restore, PASSWORD);
    assert!(out.contains("byte for byte") && out.contains("exactly the records"), "{out}");
    let (exit, _, errors) = run(&place, &restore, PASSWORD);
    assert!(exit == Some(1) && errors.contains("nothing is ever overwritten"), "{errors}");
    let running = place.start_with(&["serve", "--port", "0", "--data", text(&new)]);
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let today = visitor.today();
    let page = visitor.get(&today).body;
    assert!(page.contains(&kept) && page.contains("Kept in a safe place."), "the entry and its address");
    assert!(!page.contains("Written after"), "the state of that time");
    running.stop();
    let args = ["check", "--json", "--data", text(&new), "--name", NAME, "--password-stdin"];
    let report = succeeds(&place, &args, PASSWORD);
    assert!(report.contains("\"what\": \"records\"") && report.contains("\"ok\": true"), "{report}");
    assert!(!report.contains("Kept in a safe place"), "a report holds no text");
    place.assert_calm();
}

// proves: RR-12 (40 rounds)
#[test]
fn kill_9_while_a_backup_is_made_leaves_the_earlier_ones_and_the_journal() {
    let rounds = std::env::var("LLAMORA_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(if is_dist() { 40 } else { 12 });
    let place = Place::slim();
    let (data, to) = (place.path("data"), folder(&place, "backups"));
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    for number in 0..60 {
        visitor.write(&format!("Entry {number} {}", "of some length. ".repeat(600)));
    }
    running.stop();
    let create = ["backup", "create", "--data", text(&data), "--to", text(&to)];
    let out = succeeds(&place, &create, "");
    let first = PathBuf::from(out.lines().next().unwrap());
    let whole = fs::read(&first).unwrap();
    let mut cut_off = 0;
    let mut verified = BTreeSet::from([first.clone()]);
    wait_for_a_free_name();
    for round in 0..rounds {
        let mut child = place.command(&create).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 + round as u64 * 7 % 60));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert!(ended.success() || ended.signal() == Some(9), "it failed by itself: {ended}");
        cut_off += usize::from(!ended.success());
        assert_eq!(fs::read(&first).unwrap(), whole);
        // What came just now; all of them again when the last one was killed.
        for backup in backups(&to) {
            if verified.insert(backup.clone()) {
                succeeds(&place, &["backup", "verify", text(&backup)], "");
                wait_for_a_free_name();
            }
        }
    }
    assert_eq!(backups(&to).into_iter().collect::<BTreeSet<_>>(), verified, "none is lost");
    for backup in &verified {
        succeeds(&place, &["backup", "verify", text(backup)], "");
    }
    wait_for_a_free_name();
    succeeds(&place, &create, "");
    let left: Vec<_> = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".partial"))
        .collect();
    assert!(left.is_empty(), "the next backup sweeps what was left: {left:?}");
    println!("kill -9 while a backup is made: {rounds} rounds, {cut_off} cut off");
    assert!(cut_off > 0, "nothing was cut off, so nothing was proved");
}

// proves: RR-10, RR-35
#[test]
fn a_damaged_journal_is_refused_with_the_way_out_and_salvaged() {
    let place = Place::slim();
    let data = place.path("data");
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    for number in 0..40 {
        visitor.write(&format!("Salvaged number {number}."));
    }
    let today = visitor.today();
    running.stop();
    let journal = place.data_file();
    let mut bytes = fs::read(&journal).unwrap();
    wreck_trees(&mut bytes);
    bytes[..9].copy_from_slice(b"redb\x1a\x0a\xa9\x0d\x0a");
    fs::write(&journal, &bytes).unwrap();

    let (_, errors) = place.fails(&["serve", "--port", "0", "--data", text(&data)]);
    assert!(errors.contains("is damaged") && errors.contains("--salvage"), "{errors}");
    let (exit, report, _) = run(&place, &["check", "--json", "--data", text(&data)], "");
    assert!(exit == Some(1) && report.contains("\"state\": \"bad\""), "{report}");
    let new = place.path("rescued");
    let salvage = ["check", "--salvage", "--to", text(&new), "--data", text(&data)];
    let (exit, _, errors) = run(&place, &salvage, "");
    assert!(exit == Some(1) && errors.contains("--name"), "{errors}");
    let with_name = [&salvage[..], &["--name", NAME, "--password-stdin"]].concat();
    let (exit, _, errors) = run(&place, &with_name, "wrong");
    assert!(exit == Some(1) && errors.contains("nothing that was found opens"), "{errors}");
    let out = succeeds(&place, &with_name, PASSWORD);
    assert!(out.contains("40 entries") && out.contains("0 are listed and lost"), "{out}");
    assert_eq!(fs::read(&journal).unwrap(), bytes, "the damaged file is only read");

    let running = place.start_with(&["serve", "--port", "0", "--data", text(&new)]);
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let page = visitor.get(&today).body;
    for number in 0..40 {
        assert!(page.contains(&format!("Salvaged number {number}.")), "number {number}");
    }
    visitor.write("And on it goes.");
    place.assert_calm();
}

/// Writes to the standard input of a command while it runs.
pub fn with_input(mut command: std::process::Command, input: &str) -> std::process::Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
