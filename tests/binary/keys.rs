//! `llamora keys`.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::program::{Place, panicked};
use crate::visitor::Visitor;

const NAME: &str = "Keykeeper";
const PASSWORD: &str = "three brass keys on a nail";

fn keys(place: &Place, action: &str, name: &str, password: &str) -> Output {
    let data = place.path("data");
    let mut command = place.command(&["keys", action, "--password-stdin", "--data", data.to_str().unwrap()]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses before it asks has closed its end.
    let _ = child.stdin.take().unwrap().write_all(format!("{name}\n{password}\n").as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn keys_are_renewed_and_revoked_on_the_command_line() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    let old_code = visitor.register(NAME, PASSWORD);
    for n in 0..20 {
        visitor.write(&format!("Entry {n} of twenty."));
    }
    let day = visitor.today();

    // The journal is open: nothing is asked and nothing is changed.
    let (out, errors) = said(&keys(&place, "status", NAME, PASSWORD));
    assert!(out.is_empty() && errors.contains("already open in another llamora"), "{errors}");
    running.stop();

    for (name, password) in [(NAME, "four brass keys"), ("Nobody", PASSWORD), (NAME, "")] {
        let refused = keys(&place, "revoke", name, password);
        let (out, errors) = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{errors}");
        assert!(out.is_empty() && errors.contains("Nothing was changed"), "{errors}");
        assert!(!errors.contains(PASSWORD) && !panicked(&errors), "{errors}");
    }
    let (out, _) = said(&keys(&place, "status", NAME, PASSWORD));
    assert!(out.contains("none under way"), "{out}");

    let raised = keys(&place, "raise", NAME, PASSWORD);
    let (out, errors) = said(&raised);
    assert!(raised.status.success() && out.contains("p = 2"), "{out} {errors}");
    let (out, _) = said(&keys(&place, "status", NAME, PASSWORD));
    assert!(out.contains("N = 2^17, r = 8, p = 2"), "{out}");

    let refreshed = keys(&place, "refresh", NAME, PASSWORD);
    assert!(refreshed.status.success(), "{:?}", said(&refreshed));
    let revoked = keys(&place, "revoke", NAME, PASSWORD);
    let (out, errors) = said(&revoked);
    assert!(revoked.status.success(), "{errors}");
    let code = out.lines().find_map(|line| line.strip_prefix("recovery code")).expect("the code").trim();
    assert_eq!(code.len(), 7 * 4 + 6, "{out}");
    assert_ne!(code, old_code);
    let (out, _) = said(&keys(&place, "status", NAME, PASSWORD));
    assert!(
        out.contains("revoked") && out.contains("none under way") && out.contains("never typed back"),
        "{out}"
    );

    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    let page = visitor.get(&day).body;
    assert!((0..20).all(|n| page.contains(&format!("Entry {n} of twenty."))));
    let recover = |code: &str| {
        let mut visitor = Visitor::new(running.address);
        visitor.get("/recover");
        let new = "five brass keys in a drawer";
        let fields =
            [("username", NAME), ("recovery_code", code), ("password", new), ("password_confirm", new)];
        visitor.post("/recover", &fields).status
    };
    assert_eq!(recover(&old_code), 401);
    assert_eq!(recover(code), 200);
    place.assert_calm();
}

#[test]
fn a_folder_without_a_journal_gets_none() {
    let place = Place::slim();
    let refused = keys(&place, "status", NAME, PASSWORD);
    let (_, errors) = said(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors.contains("there is no journal"), "{errors}");
    assert_eq!(std::fs::read_dir(place.path("data")).unwrap().count(), 0, "nothing is made");
}

#[test]
fn a_renewal_survives_kill_9_and_ends_after_signing_in() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    let today = visitor.today();
    visitor.get(&today);
    for n in 0..300 {
        visitor.try_write(&today, &format!("Entry {n}. {}", "It went on. ".repeat(n % 60))).unwrap();
    }
    visitor.get("/settings/keys");
    assert_eq!(visitor.post("/settings/keys/refresh", &[("password", PASSWORD)]).status, 303);
    running.kill();
    for round in 0..5 {
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.sign_in(NAME, PASSWORD);
        std::thread::sleep(std::time::Duration::from_millis(3 * round));
        running.kill();
    }
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.sign_in(NAME, PASSWORD);
    visitor.wait_for("/settings/keys", "the end of the renewal", |page| page.contains("data-keys=\"calm\""));
    let page = visitor.get(&today).body;
    assert!((0..300).all(|n| page.contains(&format!("Entry {n}."))));
    assert!(!page.contains("deleted, put back or added"));
    place.assert_calm();
}
