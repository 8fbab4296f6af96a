//! One file that runs anywhere: static, alone in an empty chroot, silent about where it was built.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::program::{Place, finish, full, is_dist, is_root, slim};
use crate::visitor::Visitor;

fn only_dist(test: &str) -> bool {
    if !is_dist() {
        println!("skipped {test}: it is about dist/llamora (make test)");
    }
    is_dist()
}

/// The types of an ELF file's program headers.
fn program_headers(file: &[u8]) -> Vec<u32> {
    assert_eq!(&file[..5], b"\x7fELF\x02", "not a 64-bit ELF file");
    let word = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().unwrap());
    let start = u64::from_le_bytes(file[32..40].try_into().unwrap()) as usize;
    let (size, count) = (usize::from(word(54)), usize::from(word(56)));
    (0..count).map(|n| u32::from_le_bytes(file[start + n * size..][..4].try_into().unwrap())).collect()
}

#[test]
fn the_program_is_static() {
    if !only_dist("the_program_is_static") {
        return;
    }
    const PT_INTERP: u32 = 3;
    for path in [full(), slim()] {
        let headers = program_headers(&std::fs::read(&path).unwrap());
        assert!(!headers.contains(&PT_INTERP), "{} asks for a dynamic linker", path.display());
        let ldd = Command::new("ldd").arg(&path).output().map(|out| [out.stdout, out.stderr].concat());
        if let Ok(words) = ldd {
            let words = String::from_utf8_lossy(&words).into_owned();
            assert!(
                words.contains("statically linked") || words.contains("not a dynamic executable"),
                "{words}"
            );
        }
    }
}

#[test]
fn no_path_of_the_build_machine_is_inside() {
    if !only_dist("no_path_of_the_build_machine_is_inside") {
        return;
    }
    let program = std::fs::read(slim()).unwrap();
    let mut paths = vec![env!("CARGO_MANIFEST_DIR").to_owned(), "/root/".to_owned(), "/home/".to_owned()];
    if let Ok(home) = std::env::var("HOME")
        && home.len() > 1
    {
        paths.push(format!("{home}/"));
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_default();
    if !target.is_empty() {
        paths.push(target);
    }
    for path in paths {
        let found = program.windows(path.len()).position(|window| window == path.as_bytes());
        if let Some(at) = found {
            let around = &program[at.saturating_sub(40)..(at + 120).min(program.len())];
            panic!("{path} is in the program: {}", String::from_utf8_lossy(around));
        }
    }
}

#[test]
fn the_program_runs_alone_in_an_empty_chroot() {
    if !only_dist("the_program_runs_alone_in_an_empty_chroot") {
        return;
    }
    let mut place = Place::with(std::path::Path::new("chroot"));
    let jail = place.path("jail");
    std::fs::create_dir(&jail).unwrap();
    std::fs::copy(full(), jail.join("llamora")).unwrap();
    std::fs::set_permissions(jail.join("llamora"), PermissionsExt::from_mode(0o755)).unwrap();
    if !is_root() {
        place.command = vec!["unshare".into(), "-r".into(), "chroot".into()];
        if !finish(Command::new("unshare").args(["-r", "true"]), Duration::from_secs(5)).status.success() {
            println!("skipped the_program_runs_alone_in_an_empty_chroot: needs root or user namespaces");
            return;
        }
    }
    place.command.extend([jail.clone().into(), "/llamora".into()]);
    let running = place.start_with(&["serve", "--port", "0", "--data", "/data"]);
    let mut visitor = Visitor::new(running.address);
    visitor.register("Hermit", "nothing but this one file");
    visitor.write("There is nothing else in here.");
    assert_eq!(Visitor::new(running.address).get("/login").status, 200);
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0), "{}", place.errors());
    let mut found: Vec<_> =
        std::fs::read_dir(&jail).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, ["data", "llamora"], "the program leaves nothing outside of its data folder");
    place.assert_calm();
}
