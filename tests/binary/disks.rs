//! Real file systems in trouble: read-only, full, gone. Each test mounts one in a mount namespace of its own, which only
//! the superuser may; others skip with a line.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::{Place, Running, is_root, slim};
use crate::visitor::Visitor;

const NAME: &str = "Seaworthy";
const PASSWORD: &str = "three planks and a bucket";
const TYPED: &str = "Typed while the disk was in trouble.";

/// A place whose data folder is mounted by `mount`, a shell command that finds the folder in `$D`.
fn mounted(test: &str, mount: &str) -> Option<Place> {
    let can = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    if !is_root() || !can {
        println!("skipped {test}: only the superuser may mount");
        return None;
    }
    let mut place = Place::slim();
    let data = place.path("data");
    std::fs::create_dir_all(&data).unwrap();
    place.env("D", data);
    mount_by(&mut place, mount);
    Some(place)
}

fn mount_by(place: &mut Place, mount: &str) {
    let script = format!("{mount} && exec \"$@\"");
    place.command = ["unshare", "-m", "sh", "-c", &script, "sh"].map(Into::into).to_vec();
    place.command.push(slim().into());
}

/// Runs a shell command in the namespace of a running program.
fn inside(place: &Place, running: &Running, script: &str) {
    let id = running.id().to_string();
    let done = Command::new("nsenter")
        .args(["-t", &id, "-m", "sh", "-c", script])
        .env("D", place.path("data"))
        .env("A", place.path("elsewhere"))
        .status()
        .unwrap();
    assert!(done.success(), "{script}");
}

/// A file of the data folder as the running program sees it.
fn seen_by(place: &Place, running: &Running, name: &str) -> PathBuf {
    let below = place.path("data").join(name);
    PathBuf::from(format!("/proc/{}/root", running.id())).join(below.strip_prefix("/").unwrap())
}

fn banner(page: &str) -> &str {
    page.split("data-store=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

/// Waits until `/readyz` says this of the store; how long that took.
fn wait_for_store(visitor: &mut Visitor, state: &str) -> Duration {
    let begun = Instant::now();
    let wanted = format!("\"store\":\"{state}\"");
    while !visitor.get("/readyz").body.contains(&wanted) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the store never was {state}");
        std::thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed()
}

/// Processor time of a process so far, in clock ticks (1/100 s).
fn ticks(running: &Running) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

// proves: RR-06
#[test]
fn rr06_a_journal_on_a_read_only_mount_is_read_after_a_clean_end_and_after_a_crash() {
    let bind = "mount --bind \"$D\" \"$D\"";
    let test = "rr06_a_journal_on_a_read_only_mount_is_read_after_a_clean_end_and_after_a_crash";
    let Some(mut place) = mounted(test, bind) else { return };
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("Carved in stone.");
    running.stop();
    for is_crash in [false, true] {
        if is_crash {
            mount_by(&mut place, bind);
            let running = place.start();
            let mut visitor = Visitor::new(running.address);
            visitor.sign_in(NAME, PASSWORD);
            visitor.write("Carved just before the fall.");
            running.kill();
        }
        let before = std::fs::read(place.data_file()).unwrap();
        mount_by(&mut place, &format!("{bind} && mount -o remount,ro,bind \"$D\""));
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.sign_in(NAME, PASSWORD);
        let today = visitor.today();
        let page = visitor.get(&today).body;
        assert!(page.contains("Carved in stone."), "crash: {is_crash}");
        assert_eq!(page.contains("Carved just before the fall."), is_crash);
        assert_eq!(banner(&page), "read-only");
        assert!(visitor.post("/search", &[("q", "stone")]).body.contains("data-entry-id"));
        let answer = visitor.post(&format!("{today}/entries"), &[("op", ""), ("text", TYPED)]);
        assert_eq!(answer.status, 409);
        assert!(answer.body.contains(TYPED) && answer.body.contains("was not saved"), "{}", answer.body);

        // The mount becomes writable: no restart, no new sign-in.
        inside(&place, &running, "mount -o remount,rw,bind \"$D\"");
        wait_for_store(&mut visitor, "ok");
        assert_eq!(std::fs::read(place.data_file()).unwrap().len(), before.len());
        let answer = visitor.post(&format!("{today}/entries"), &[("op", "ro"), ("text", "Writable again.")]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert_eq!(banner(&visitor.get(&today).body), "");
        running.stop();
    }
    place.assert_calm();
}

// proves: RR-06
#[test]
fn rr06_a_read_only_mount_is_not_changed_by_a_byte() {
    let bind = "mount --bind \"$D\" \"$D\"";
    let Some(mut place) = mounted("rr06_a_read_only_mount_is_not_changed_by_a_byte", bind) else { return };
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("Carved in stone.");
    running.kill();
    let before = std::fs::read(place.data_file()).unwrap();
    mount_by(&mut place, &format!("{bind} && mount -o remount,ro,bind \"$D\""));
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0), "{}", place.errors());
    assert!(std::fs::read(place.data_file()).unwrap() == before);
    let found: Vec<_> =
        std::fs::read_dir(place.path("data")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!found.iter().any(|name| name.to_string_lossy().contains("probe")), "{found:?}");
    place.assert_calm();
}

// proves: RR-05
#[test]
fn rr05_a_full_tmpfs_loses_no_text_lets_deletions_through_and_saves_again_without_a_restart() {
    let test = "rr05_a_full_tmpfs_loses_no_text_lets_deletions_through_and_saves_again_without_a_restart";
    for size in ["4m", "8m"] {
        let Some(place) = mounted(test, &format!("mount -t tmpfs -o size={size} tmpfs \"$D\"")) else {
            return;
        };
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.register(NAME, PASSWORD);
        let first = visitor.write("The first entry.");
        wait_until_there(&seen_by(&place, &running, "journal.reserve"));
        let today = visitor.today();
        let mut refused = None;
        for n in 0..2_000 {
            // Days apart, so that no page grows long.
            let day = format!("/d/2001-{:02}-{:02}", 1 + n / 28 % 12, 1 + n % 28);
            let text = format!("{TYPED} Number {n}. {}", "All work and no play. ".repeat(500));
            let answer =
                visitor.post(&format!("{day}/entries"), &[("op", &format!("op{n}")), ("text", &text)]);
            if answer.status != 303 {
                refused = Some((answer, day, format!("op{n}"), text));
                break;
            }
        }
        let (answer, day, op, text) = refused.expect("the disk never was full");
        assert_eq!(answer.status, 503, "{size}");
        assert!(answer.body.contains("The disk is full, so this was not saved"), "{size}: {}", answer.body);
        assert!(answer.body.contains(text.trim_end()), "{size}: the text is gone");
        assert_eq!(banner(&answer.body), "full");
        let page = visitor.get(&today);
        assert!(page.status == 200 && page.body.contains("The first entry."), "{size}: reading goes on");

        let gone = visitor.post(&format!("/entries/{first}/delete"), &[]);
        assert_eq!(gone.status, 303, "{size}: deleting finds room in the reserve: {}", gone.body);

        inside(&place, &running, "mount -o remount,size=64m \"$D\"");
        wait_for_store(&mut visitor, "ok");
        let saved = visitor.post(&format!("{day}/entries"), &[("op", &op), ("text", &text)]);
        assert_eq!(saved.status, 303, "{size}: {}", saved.body);
        assert!(visitor.get(&day).body.contains(text.trim_end()));
        let (status, _) = running.stop();
        assert_eq!(status.code(), Some(0));
        place.assert_calm();
    }
}

fn wait_until_there(path: &std::path::Path) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !path.exists() {
        assert!(Instant::now() < give_up, "{} never came", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

// proves: RR-07
#[test]
fn rr07_a_disk_that_is_pulled_out_is_told_within_5_s_and_goes_on_when_it_is_back() {
    let test = "rr07_a_disk_that_is_pulled_out_is_told_within_5_s_and_goes_on_when_it_is_back";
    let Some(mut place) = mounted(test, "true") else { return };
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    let elsewhere = place.path("elsewhere");
    place.env("A", elsewhere);
    mount_by(&mut place, "mount --bind \"$A\" \"$D\"");
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("Written before.");
    let today = visitor.today();

    inside(&place, &running, "umount -l \"$D\"");
    let took = wait_for_store(&mut visitor, "failed");
    assert!(took < Duration::from_secs(5), "told after {took:?}");
    let page = visitor.get(&today);
    assert_eq!(banner(&page.body), "failed");
    assert!(page.body.contains("Written before."), "what is open is read on");
    // What the sign-in began may take some time yet; waiting for the disk takes none.
    let spent = (0..5).map(|_| {
        let before = ticks(&running);
        std::thread::sleep(Duration::from_secs(2));
        ticks(&running) - before
    });
    let spent = spent.min().unwrap();
    assert!(spent < 20, "{spent} ticks of processor time in 2 s of waiting");
    let answer = visitor.post(&format!("{today}/entries"), &[("op", "gone"), ("text", TYPED)]);
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains(TYPED), "{}", answer.body);
    let left = std::fs::read_dir(place.path("data")).unwrap().count();
    assert_eq!(left, 0, "nothing is written where the disk was");

    inside(&place, &running, "mount --bind \"$A\" \"$D\"");
    let back = wait_for_store(&mut visitor, "ok");
    println!("RR-07: told after {} ms, back after {} ms", took.as_millis(), back.as_millis());
    let answer = visitor.post(&format!("{today}/entries"), &[("op", "gone"), ("text", TYPED)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(visitor.get(&today).body.contains(TYPED));
    running.stop();
    place.assert_calm();
}
