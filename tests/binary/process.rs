//! What the process does for the keys in its memory (SR-55, SR-56): looked at from outside, as a thief would.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

use crate::program::{Place, finish, is_root};
use crate::visitor::Visitor;

/// Nobody in particular.
const NOBODY: &str = "65534";

fn status(pid: u32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap().trim().to_owned()
}

/// The words that run a command as nobody, when this test may choose: as root.
fn as_nobody() -> Vec<String> {
    if !is_root() {
        return Vec::new();
    }
    ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--inh-caps=-all"]
        .map(str::to_owned)
        .into()
}

/// A place in which the program runs as somebody without rights.
fn unprivileged() -> Place {
    let mut place = Place::slim();
    if is_root() {
        // The program itself may lie where nobody can reach it.
        let copy = place.path("llamora");
        fs::copy(&place.command[0], &copy).unwrap();
        fs::create_dir(place.path("data")).unwrap();
        let given =
            Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(place.root()).status();
        assert!(given.unwrap().success());
        place.command = as_nobody().into_iter().map(Into::into).chain([copy.into()]).collect();
        let mode = Command::new("chmod").args(["700"]).arg(place.path("data")).status().unwrap();
        assert!(mode.success());
    }
    place
}

/// Whether somebody with the program's own rights can open the memory of a process.
fn can_open_memory(pid: u32) -> bool {
    let mut words = as_nobody();
    words.extend([
        "dd".to_owned(),
        format!("if=/proc/{pid}/mem"),
        "of=/dev/null".to_owned(),
        "count=0".to_owned(),
    ]);
    Command::new(&words[0]).args(&words[1..]).output().unwrap().status.success()
}

// proves: SR-55
#[test]
fn another_program_of_the_same_user_cannot_read_its_memory() {
    let place = unprivileged();
    let running = place.start();
    let pid = running.id();
    assert_ne!(status(pid, "Uid").split_whitespace().next(), Some("0"), "runs without rights");

    let mut words = as_nobody();
    words.extend(["sleep".to_owned(), "600".to_owned()]);
    let mut control = Command::new(&words[0]).args(&words[1..]).spawn().unwrap();
    while fs::read_to_string(format!("/proc/{}/comm", control.id())).unwrap().trim() != "sleep" {
        std::thread::yield_now();
    }
    let control_opens = can_open_memory(control.id());
    let _ = control.kill();
    let _ = control.wait();
    assert!(control_opens, "the control: the memory of an ordinary program can be opened");
    assert!(!can_open_memory(pid), "the memory of the program can be opened");

    for file in ["environ", "maps", "smaps"] {
        let mut words = as_nobody();
        words.extend(["cat".to_owned(), format!("/proc/{pid}/{file}")]);
        let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
        assert!(!output.status.success() || output.stdout.is_empty(), "/proc/PID/{file} can be read");
    }
    if Command::new("gdb").arg("--version").output().is_ok() {
        let core = place.path("tmp/core");
        let mut words = as_nobody();
        words.extend(["gdb".to_owned(), "-p".to_owned(), pid.to_string(), "-batch".to_owned()]);
        words.extend(["-ex".to_owned(), format!("generate-core-file {}", core.display())]);
        let output = finish(Command::new(&words[0]).args(&words[1..]), std::time::Duration::from_secs(60));
        assert!(
            !core.exists(),
            "gdb wrote the memory to a file: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}

// proves: SR-56
#[test]
fn keys_lie_in_memory_that_is_locked_and_that_not_even_root_reads() {
    if !is_root() {
        println!("skipped keys_lie_in_memory_that_is_locked: only root may look at the program's memory");
        return;
    }
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register("Locked away", "where nobody goes to look");
    let pid = running.id();
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut from = 0;
    let mut locked = Vec::new();
    let mut name = "";
    for line in smaps.lines() {
        let first = line.split_whitespace().next().unwrap();
        if let Some((start, _)) = first.split_once('-') {
            from = u64::from_str_radix(start, 16).unwrap();
            name = line;
        } else if line.starts_with("VmFlags:") && line.split_whitespace().any(|flag| flag == "lo") {
            assert!(line.split_whitespace().any(|flag| flag == "dd"), "locked, but dumped: {name}");
            locked.push((from, name.to_owned()));
        }
    }
    assert!(!locked.is_empty(), "no memory is locked:\n{smaps}");
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    for (from, name) in &locked {
        if name.contains("secretmem") {
            assert!(memory.read_at(&mut [0; 64], *from).is_err(), "read: {name}");
        }
    }
    println!("locked: {}", locked.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("; "));
}

// proves: SR-56
#[test]
fn where_locking_is_refused_the_journal_opens_and_check_says_so() {
    let mut place = unprivileged();
    let program = std::mem::take(&mut place.command);
    let limited = ["sh", "-c", "ulimit -l 0; exec \"$@\"", "sh"];
    place.command = limited.map(Into::into).into_iter().chain(program).collect();
    let running = place.start();
    Visitor::new(running.address).register("Unlocked", "as well as this place can");
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0));
    assert!(place.errors().contains("refuses to lock memory"), "{}", place.errors());
    place.assert_calm();

    let data = place.path("data");
    let said = finish(
        &mut place.command(&["check", "--json", "--data", data.to_str().unwrap()]),
        std::time::Duration::from_secs(60),
    );
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let findings: serde_json::Value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let mut findings = findings["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["what"] == "keys in locked memory");
    assert_eq!(finding.unwrap()["state"], "bad", "{said}");
}
