//! What goes wrong in real life: each has a clear message and an honest code, and never a panic.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::program::{Place, is_root, slim};
use crate::visitor::Visitor;

const NAME: &str = "Ordinary";
const PASSWORD: &str = "a wet field in november";

fn mentions(text: &str, words: &[&str]) {
    let lower = text.to_lowercase();
    assert!(words.iter().any(|word| lower.contains(word)), "none of {words:?} in:\n{text}");
}

/// Blanks long random-looking values (tokens, nonces) and the name, which the form repeats.
fn without_tokens(page: &str, name: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let page = page.replace(name, "NAME");
    for piece in page.split_inclusive(|c| !is_token(c)) {
        let word = piece.trim_end_matches(|c| !is_token(c));
        out += if word.len() >= 16 { piece.strip_prefix(word).unwrap_or("") } else { piece };
    }
    out
}

// proves: SR-17
#[test]
fn a_wrong_password_and_an_unknown_name_look_alike() {
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    let wrong = Visitor::new(running.address).try_sign_in(NAME, "a dry field in november");
    let unknown = Visitor::new(running.address).try_sign_in("Otherone", PASSWORD);
    assert!((400..500).contains(&wrong.status), "{}", wrong.status);
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(without_tokens(&wrong.body, NAME), without_tokens(&unknown.body, "Otherone"));
    let names = |answer: &crate::client::Answer| -> Vec<String> {
        answer.headers.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&wrong), names(&unknown));
    mentions(&wrong.body, &["password"]);
}

// proves: RR-09
#[test]
fn a_damaged_data_file_is_named_and_left_alone() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("Something worth keeping.");
    running.stop();
    let file = place.data_file();
    let good = std::fs::read(&file).unwrap();
    let data = place.path("data");
    let mut noise = good.clone();
    let mut seed = 1_u32;
    for byte in &mut noise {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (seed >> 24) as u8;
    }
    let mut pages = good.clone();
    let from = pages.len() / 4;
    pages[4096..].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
    let damages = [
        ("noise", noise),
        ("header", [vec![0xff; 4096], good[4096..].to_vec()].concat()),
        ("half of it", good[..good.len() / 2].to_vec()),
        ("a few bytes", good[..100].to_vec()),
        ("pages", pages),
    ];
    assert!(from > 0);
    for (what, damage) in damages {
        std::fs::write(&file, &damage).unwrap();
        let (code, errors) = place.fails(&["serve", "--port", "0", "--data", data.to_str().unwrap()]);
        assert_eq!(code, 1, "{what}: {errors}");
        mentions(&errors, &["damage", "not a llamora", "cannot be read", "corrupt", "not a journal"]);
        assert!(errors.len() < 2_000, "{what}: a person cannot read {} bytes:\n{errors}", errors.len());
    }
    std::fs::write(&file, &good).unwrap();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let today = visitor.today();
    assert!(visitor.get(&today).body.contains("Something worth keeping."));
}

#[test]
fn a_busy_port_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let place = Place::slim();
    let data = place.path("data");
    let (code, errors) = place.fails(&["serve", "--port", &port, "--data", data.to_str().unwrap()]);
    assert_eq!(code, 1);
    mentions(&errors, &[&port]);
    mentions(&errors, &["in use", "busy", "already"]);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let place = Place::slim();
    let open = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    // Root may write anywhere, so the program runs as nobody, from a copy that nobody can reach.
    open(place.root(), 0o755);
    let copy = place.path("llamora");
    std::fs::copy(slim(), &copy).unwrap();
    open(&copy, 0o755);
    let closed = place.path("closed");
    std::fs::create_dir(&closed).unwrap();
    open(&closed, 0o555);
    open(&place.path("tmp"), 0o777);
    open(&place.path("home"), 0o777);
    for folder in [closed.clone(), closed.join("below")] {
        let mut copied = Place::with(&copy);
        copied.env("HOME", place.path("home")).env("TMPDIR", place.path("tmp"));
        let mut command = copied.command(&["serve", "--port", "0", "--data", folder.to_str().unwrap()]);
        command.current_dir("/");
        if is_root() {
            command.uid(65_534).gid(65_534);
        }
        let (code, errors) = copied.fails_as(&mut command);
        assert_eq!(code, 1, "{errors}");
        mentions(&errors, &["cannot be written", "not writable", "permission", "cannot write", "may not"]);
        mentions(&errors, &["closed"]);
    }
    open(&closed, 0o755);
}

// proves: RR-08
#[test]
fn rr08_a_second_program_on_the_same_folder_is_told_which_one_is_first() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    let data = place.path("data");
    let port = running.address.port().to_string();
    // Also with the same port, and for a command that only looks.
    for args in [
        &["serve", "--port", "0", "--data", data.to_str().unwrap()][..],
        &["serve", "--port", &port, "--data", data.to_str().unwrap()],
        &["--port", &port, "--data", data.to_str().unwrap()],
    ] {
        let (code, errors) = place.fails(args);
        assert_eq!(code, 1);
        mentions(&errors, &["already open in another llamora"]);
        mentions(&errors, &[&format!("process {}", running.id())]);
        mentions(&errors, &[&format!("http://{}", running.address)]);
    }
    let checked = crate::program::finish(
        &mut place.command(&["check", "--data", data.to_str().unwrap()]),
        std::time::Duration::from_secs(30),
    );
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    mentions(&said, &[&format!("http://{}", running.address)]);
    mentions(&said, &["stop it to check the pages"]);
    visitor.write("The first one is unaffected.");
    let run_file = place.path("data/journal.run");
    assert_eq!(std::fs::metadata(&run_file).unwrap().permissions().mode() & 0o777, 0o600);
    // Killed, it leaves its file behind, which stops nobody.
    running.kill();
    assert!(run_file.exists());
    let running = place.start();
    Visitor::new(running.address).sign_in(NAME, PASSWORD);
}

#[test]
fn permissions_are_mended_or_named() {
    let place = Place::slim();
    let running = place.start();
    Visitor::new(running.address).register(NAME, PASSWORD);
    running.stop();
    let open = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.path("data")), mode(&place.data_file())), (0o700, 0o600));
    open(&place.data_file(), 0o644);
    open(&place.path("data"), 0o755);
    place.start().stop();
    assert_eq!(mode(&place.data_file()), 0o600, "the file is mended");
    mentions(&place.errors(), &["other users could read the journal file"]);
    mentions(&place.errors(), &["look into the data folder"]);
}

#[test]
fn an_unknown_setting_is_an_error_that_names_the_nearest() {
    let place = Place::slim();
    let data = place.path("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("config.toml"), "[models]\ndri = \"/nowhere\"\n").unwrap();
    let (_, errors) = place.fails(&["serve", "--port", "0", "--data", data.to_str().unwrap()]);
    mentions(&errors, &["models.dri"]);
    mentions(&errors, &["models.dir"]);
    std::fs::remove_file(data.join("config.toml")).unwrap();

    let mut place = place;
    place.env("LLAMORA_MODELS__DRI", "/nowhere");
    let (_, errors) = place.fails(&["serve", "--port", "0", "--data", data.to_str().unwrap()]);
    mentions(&errors, &["models__dir", "models.dir"]);
}
