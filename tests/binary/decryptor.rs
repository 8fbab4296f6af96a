//! The written format is enough: an independent program in another language opens a backup and finds every entry. And
//! the files of this release still open.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backup::{folder, run, succeeds, with_input};
use crate::program::{Place, is_dist};
use crate::visitor::Visitor;

/// What is in the golden files. The name has an accent and a capital, so that its canonical form matters.
const NAME: &str = "Zo\u{eb} of Ghent";
const PASSWORD: &str = "four boats and a lantern";
const RELEASE: &str = "tests/golden/release-0.1";

fn texts() -> Vec<String> {
    let mut texts = vec![
        "The first entry.".to_owned(),
        "# A heading\n\nWith *Markdown* and an accent: caf\u{e9}, \u{4e2d}\u{6587}, \u{1f42a}.".to_owned(),
        "one word ".repeat(1_300).trim().to_owned(),
    ];
    texts.extend((0..12).map(|number| format!("Entry number {number}, written on a quiet day.")));
    texts
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Python with what `scripts/deps test` brought, or with what the machine has.
fn python(arguments: &[&str]) -> Command {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let mut command = Command::new("python3");
    command.arg("-B").args(arguments);
    if let Some(cache) = cache {
        let mut path: OsString = cache.join("llamora/python").into();
        if let Some(more) = std::env::var_os("PYTHONPATH") {
            path.push(":");
            path.push(more);
        }
        command.env("PYTHONPATH", path);
    }
    command
}

fn has_python(test: &str) -> bool {
    let probe = "from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV as A; A(bytes(32))";
    let has = python(&["-c", probe]).output().is_ok_and(|out| out.status.success());
    assert!(has || !is_dist(), "python3 with `cryptography` is missing: scripts/deps test brings it");
    if !has {
        println!("skipped {test}: needs python3 with the package `cryptography` (scripts/deps test)");
    }
    has
}

/// The entries that the decryptor finds: id to text.
fn decrypt(backup: &Path, way: &[&str], secret: &str) -> BTreeMap<String, String> {
    let script = checkout().join("tests/decryptor/llamora_archive.py");
    let arguments = [&[script.to_str().unwrap(), backup.to_str().unwrap()], way].concat();
    let output = with_input(python(&arguments), &format!("{secret}\n"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = found["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry["text"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn an_independent_decryptor_finds_every_entry_of_a_backup() {
    if !has_python("an_independent_decryptor_finds_every_entry_of_a_backup") {
        return;
    }
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    let code = visitor.register(NAME, PASSWORD);
    let mut written = BTreeMap::new();
    for text in texts() {
        written.insert(visitor.write(&text), text);
    }
    // An edit, so that an earlier version is in the archive too and must not be taken for an entry.
    let (first, _) = written.first_key_value().unwrap();
    let (first, page) = (first.clone(), format!("/entries/{first}/edit"));
    visitor.get(&page);
    let edited = visitor.post(&format!("/entries/{first}"), &[("revision", "1"), ("text", "Changed since.")]);
    assert_eq!(edited.status, 303, "{}", edited.body);
    written.insert(first, "Changed since.".to_owned());
    Visitor::new(running.address).register("Somebody else", "with another password");

    let to = folder(&place, "backups");
    let (data, to) = (place.path("data"), to.to_str().unwrap().to_owned());
    let out = succeeds(&place, &["backup", "create", "--data", data.to_str().unwrap(), "--to", &to], "");
    let backup = PathBuf::from(out.lines().next().unwrap());
    assert_eq!(
        decrypt(&backup, &["--name", "  ZO\u{cb} OF GHENT "], PASSWORD),
        written,
        "by name and password"
    );
    assert_eq!(decrypt(&backup, &["--recovery-code"], &code.to_lowercase()), written, "by recovery code");
    println!("independent decryptor: {} entries, all equal", written.len());
}

// proves: RR-14
#[test]
fn the_golden_journal_and_backup_of_release_0_1_open() {
    let golden = checkout().join(RELEASE);
    let place = Place::slim();
    let backup = golden.join("journal.llamora-backup");
    let code = fs::read_to_string(golden.join("recovery-code.txt")).unwrap();
    let verify = ["backup", "verify", backup.to_str().unwrap(), "--recovery-code"];
    let out = succeeds(&place, &verify, &code);
    assert!(out.contains("exactly the records"), "{out}");
    if has_python("the_golden_journal_and_backup_of_release_0_1_open, in Python") {
        let mut found: Vec<String> = decrypt(&backup, &["--name", NAME], PASSWORD).into_values().collect();
        let mut expected = texts();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
    for journal in ["journal.llamora.gz", "crashed.llamora.gz"] {
        opens(&golden, journal);
    }
}

/// Opens a golden journal, reads it, writes to it and checks it.
fn opens(golden: &Path, packed: &str) {
    let place = Place::slim();
    let data = folder(&place, "data");
    let mut journal = Vec::new();
    let packed = fs::File::open(golden.join(packed)).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut journal).unwrap();
    fs::write(data.join("journal.llamora"), journal).unwrap();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let day = fs::read_to_string(golden.join("day.txt")).unwrap();
    let page = visitor.get(day.trim()).body;
    for text in texts().iter().filter(|text| text.is_ascii() && text.len() < 100) {
        assert!(page.contains(text.as_str()), "{text}");
    }
    visitor.write("Writing goes on in it.");
    running.stop();
    let check = ["check", "--data", data.to_str().unwrap(), "--name", NAME, "--password-stdin"];
    let (_, out, errors) = run(&place, &check, PASSWORD);
    assert!(out.contains("exactly the records"), "{out}{errors}");
    place.assert_calm();
}

/// Makes the golden files of a release, once: `LLAMORA_TEST_MAKE_GOLDEN=FOLDER cargo test ... make_golden`. They are
/// never made again for the same release.
#[test]
fn make_golden() {
    let Some(golden) = std::env::var_os("LLAMORA_TEST_MAKE_GOLDEN").map(PathBuf::from) else { return };
    assert!(!golden.exists(), "golden files are never made anew");
    fs::create_dir_all(&golden).unwrap();
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    let code = visitor.register(NAME, PASSWORD);
    for text in texts() {
        visitor.write(&text);
    }
    let day = visitor.today();
    let (data, to) = (place.path("data"), folder(&place, "backups"));
    // As kill -9 would leave it.
    pack(&data.join("journal.llamora"), &golden.join("crashed.llamora.gz"));
    running.stop();
    let create = ["backup", "create", "--data", data.to_str().unwrap(), "--to", to.to_str().unwrap()];
    let out = succeeds(&place, &create, "");
    fs::copy(out.lines().next().unwrap(), golden.join("journal.llamora-backup")).unwrap();
    pack(&data.join("journal.llamora"), &golden.join("journal.llamora.gz"));
    fs::write(golden.join("recovery-code.txt"), format!("{code}\n")).unwrap();
    fs::write(golden.join("day.txt"), format!("{day}\n")).unwrap();
}

fn pack(file: &Path, packed: &Path) {
    let packed = fs::File::create(packed).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &fs::read(file).unwrap()).unwrap();
    packed.finish().unwrap();
}
