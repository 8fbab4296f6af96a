//! An older state of the whole file came back: a browser that saw a later one says so before anything else is done.

use llamora::store::faults::Disk;

use crate::it::common::{Anonymous, Ask, Got, Options, PASSWORD, TODAY, TestApp, fresh_op};

const TYPED: &str = "Typed on an older journal.";

/// A program over a copy of the file.
struct Machine {
    app: TestApp,
    disk: Disk,
}

/// What a browser brings along from one program to the next.
#[derive(Clone)]
struct Witness {
    name: String,
    value: String,
}

impl Machine {
    async fn over(disk: Disk) -> Self {
        let options = Options {
            disk: Some(disk.clone()),
            has_model: false,
            keeps_sessions: true,
            ..Options::default()
        };
        Self { app: TestApp::with(&options).await, disk }
    }

    async fn holding(image: &[u8]) -> Self {
        Self::over(Disk::holding(image.to_vec())).await
    }

    /// Stops the program and takes the file.
    async fn stop(self) -> Vec<u8> {
        self.app.state.services.finish().await;
        self.disk.image()
    }

    fn browser(&self, witness: Option<&Witness>) -> Anonymous {
        let browser = self.app.anonymous();
        if let Some(witness) = witness {
            browser.keep(&witness.name, &witness.value);
        }
        browser
    }

    async fn sign_in(&self, witness: Option<&Witness>) -> Anonymous {
        let browser = self.browser(witness);
        log_in(&browser, &[]).await.expect(303);
        browser
    }

    fn witness(&self, browser: &Anonymous) -> Witness {
        let session = self.app.state.services.session(&browser.cookie().expect("a session"));
        let name = session.expect("signed in").witness_name();
        Witness { value: browser.cookie_named(&name).expect("a witness"), name }
    }
}

async fn log_in(browser: &Anonymous, more: &[(&str, &str)]) -> Got {
    browser.get("/login").await.expect(200);
    let mut fields = vec![("username", "Mira"), ("password", PASSWORD)];
    fields.extend(more);
    browser.post("/login", &fields).await
}

fn day() -> String {
    format!("/d/{TODAY}")
}

async fn save(browser: &Anonymous, text: &str) -> Got {
    browser.post(&format!("{}/entries", day()), &[("op", &fresh_op()), ("text", text)]).await
}

async fn is_asked(browser: &Anonymous) -> bool {
    let got = browser.get(&day()).await;
    assert!(got.status == 200 || (got.status, got.location()) == (303, "/older"), "{}", got.body);
    got.status == 303
}

/// A file with one entry, the same file three entries later, and the witness of the browser that wrote them.
async fn earlier_and_later() -> (Vec<u8>, Vec<u8>, Witness) {
    let machine = Machine::over(Disk::default()).await;
    machine.app.register("Mira").await.write("Monday.").await;
    let earlier = machine.stop().await;
    let machine = Machine::holding(&earlier).await;
    let mira = machine.sign_in(None).await;
    for text in ["Tuesday.", "Wednesday.", "Thursday."] {
        mira.write(text).await;
    }
    let witness = machine.witness(&mira);
    (earlier, machine.stop().await, witness)
}

#[tokio::test]
async fn an_older_file_is_told_by_the_browser_that_saw_a_later_one() {
    let (earlier, later, witness) = earlier_and_later().await;
    for (image, witness, expected) in [
        (&later, Some(&witness), false),
        (&later, None, false),
        (&earlier, None, false),
        (&earlier, Some(&witness), true),
    ] {
        let machine = Machine::holding(image).await;
        assert_eq!(is_asked(&machine.sign_in(witness).await).await, expected);
    }
    let machine = Machine::holding(&earlier).await;
    let mira = machine.sign_in(Some(&witness)).await;
    for path in ["/d/today", "/search", "/settings/security", "/trash"] {
        assert_eq!(mira.get(path).await.expect(303).location(), "/older", "{path}");
        assert_eq!(mira.send(Ask::get(path).partial()).await.status, 409, "{path}");
    }
    let page = mira.get("/older").await.expect(200).body;
    assert!(page.contains("last saw it as it was written on 22 November 2026, "), "{page}");
    assert!(page.contains("Last entry: Sunday, 22 November 2026. 1 entry on 1 day."), "{page}");
    let page = save(&mira, TYPED).await.expect(409).body;
    assert!(page.contains(TYPED) && page.contains("nothing was saved") && page.contains("/older"), "{page}");
    let events = mira.get("/replies/01KAMQ0000000000000000000A/events").await;
    assert_eq!(events.status, 409);
    assert_eq!(machine.witness(&mira).value, witness.value, "it stays what the browser saw");
    // Leaving decides nothing, however often.
    mira.post("/logout", &[]).await.expect(303);
    for _ in 0..3 {
        let again = machine.sign_in(Some(&witness)).await;
        assert!(is_asked(&again).await);
        again.post("/logout", &[]).await.expect(303);
    }
    let image = machine.stop().await;
    let machine = Machine::holding(&image).await;
    assert!(is_asked(&machine.sign_in(Some(&witness)).await).await, "nothing was written meanwhile");
}

#[tokio::test]
async fn whoever_goes_on_is_asked_once_in_each_browser_and_writes_on() {
    let (earlier, _, witness) = earlier_and_later().await;
    let machine = Machine::holding(&earlier).await;
    let mira = machine.sign_in(Some(&witness)).await;
    let done = mira.post("/older/continue", &[]).await.expect(303);
    assert_eq!(done.location(), "/d/today");
    let fresh = machine.witness(&mira);
    assert_ne!(fresh.value, witness.value, "in the same answer");
    assert!(!is_asked(&mira).await);
    mira.write("From here on.").await;
    let fresh = machine.witness(&mira);
    let image = machine.stop().await;
    let machine = Machine::holding(&image).await;
    assert!(!is_asked(&machine.sign_in(Some(&fresh)).await).await);
    let other = machine.sign_in(Some(&witness)).await;
    assert!(is_asked(&other).await, "another history, to a browser that saw the later state");
    other.post("/older/continue", &[]).await.expect(303);
    assert!(!is_asked(&machine.sign_in(Some(&fresh)).await).await, "the history stays the one it is");
    let seen = machine.witness(&other);
    assert!(!is_asked(&machine.sign_in(Some(&seen)).await).await);
}

#[tokio::test]
async fn who_only_reads_writes_nothing_and_can_decide_again() {
    let (earlier, _, witness) = earlier_and_later().await;
    let machine = Machine::holding(&earlier).await;
    let mira = machine.sign_in(Some(&witness)).await;
    mira.post("/older/read-only", &[]).await.expect(303);
    let page = mira.get(&day()).await.expect(200).body;
    assert!(page.contains("Monday.") && page.contains("older-note"), "{page}");
    mira.post("/search", &[("q", "Monday")]).await.expect(200);
    assert!(save(&mira, TYPED).await.expect(409).body.contains(TYPED));
    mira.post("/settings/keys/refresh", &[("password", PASSWORD)]).await.expect(409);
    assert_eq!(machine.witness(&mira).value, witness.value);
    let again = machine.sign_in(Some(&witness)).await;
    assert!(is_asked(&again).await);
    mira.post("/older/continue", &[]).await.expect(303);
    assert!(!mira.get(&day()).await.expect(200).body.contains("older-note"));
    mira.write("After all.").await;
}

#[tokio::test]
async fn a_revocation_gives_a_new_witness_at_once_and_tells_the_file_before_it() {
    let (_, before, _) = earlier_and_later().await;
    let machine = Machine::holding(&before).await;
    let mira = machine.sign_in(None).await;
    assert!(!is_asked(&mira).await);
    let old = machine.witness(&mira);
    mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200);
    let new = machine.witness(&mira);
    assert_ne!(old.value, new.value, "in the same answer");
    assert!(!is_asked(&mira).await, "the renewed session was judged");
    mira.write("Under new keys.").await;
    let after = machine.stop().await;
    for (image, witness, expected) in [(&after, &new, false), (&before, &new, true), (&after, &old, false)] {
        let machine = Machine::holding(image).await;
        let mira = machine.sign_in(Some(witness)).await;
        assert_eq!(is_asked(&mira).await, expected);
        if expected {
            assert!(mira.get("/older").await.expect(200).body.contains("cannot be read with the keys"));
        }
    }
}

#[tokio::test]
async fn after_a_revocation_no_browser_is_asked_unless_it_saw_another_history() {
    let (before, later, _) = earlier_and_later().await;
    let machine = Machine::holding(&before).await;
    let laptop = machine.sign_in(None).await;
    laptop.write("From the laptop.").await;
    let phone = machine.sign_in(None).await;
    assert!(!is_asked(&phone).await);
    let old = machine.witness(&phone);
    for _ in 0..2 {
        laptop.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200);
        assert_eq!(phone.get("/d/today").await.expect(303).location(), "/login");
        log_in(&phone, &[]).await.expect(303);
        assert!(!is_asked(&phone).await, "nothing is older");
        assert_ne!(machine.witness(&phone).value, old.value, "and it has a new witness at once");
        assert!(!is_asked(&laptop).await);
    }
    let image = machine.stop().await;
    let machine = Machine::holding(&image).await;
    assert!(!is_asked(&machine.sign_in(Some(&old)).await).await, "nor one that was away for both");

    // It wrote on while the file it wrote to was exchanged for an older one, in which the keys were revoked.
    let machine = Machine::holding(&later).await;
    let elsewhere = machine.sign_in(None).await;
    for text in ["Friday.", "Saturday."] {
        elsewhere.write(text).await;
    }
    let forked = machine.witness(&elsewhere);
    let machine = Machine::holding(&before).await;
    let mira = machine.sign_in(None).await;
    mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200);
    for n in 0..20 {
        mira.write(&format!("Beyond what the other saw, {n}.")).await;
    }
    let asked = machine.sign_in(Some(&forked)).await;
    assert!(is_asked(&asked).await, "a later number under the keys from before");
    assert!(asked.get("/older").await.expect(200).body.contains("last saw it as it was written on"));
}

#[tokio::test]
async fn a_browser_that_is_behind_is_fine_and_one_whose_witness_does_not_open_is_asked() {
    let (earlier, _, witness) = earlier_and_later().await;
    let machine = Machine::holding(&earlier).await;
    let mira = machine.sign_in(None).await;
    assert!(!is_asked(&mira).await);
    let behind = machine.witness(&mira);
    mira.write("Seen by another browser only.").await;
    let image = machine.stop().await;
    let machine = Machine::holding(&image).await;
    assert!(!is_asked(&machine.sign_in(Some(&behind)).await).await);
    for broken in ["x", &"A".repeat(123)] {
        let broken = Witness { value: broken.to_owned(), ..witness.clone() };
        assert!(is_asked(&machine.sign_in(Some(&broken)).await).await);
    }
}

#[tokio::test]
async fn on_a_read_only_disk_it_can_be_read_or_left() {
    let (earlier, _, witness) = earlier_and_later().await;
    let disk = Disk::holding(earlier);
    disk.write_protect();
    let machine = Machine::over(disk).await;
    let mira = machine.sign_in(Some(&witness)).await;
    let page = mira.get("/older").await.expect(200).body;
    assert!(!page.contains("/older/continue") && page.contains("/older/read-only"), "{page}");
    mira.post("/older/continue", &[]).await.expect(409);
    mira.post("/older/read-only", &[]).await.expect(303);
    assert!(mira.get(&day()).await.expect(200).body.contains("Monday."));
}

#[tokio::test]
async fn a_text_that_was_held_over_the_sign_in_is_not_saved_and_not_lost() {
    let (earlier, _, witness) = earlier_and_later().await;
    let machine = Machine::holding(&earlier).await;
    let browser = machine.browser(Some(&witness));
    let (op, held) = (fresh_op(), [("held_day", TODAY), ("held_text", TYPED)]);
    let page = log_in(&browser, &[held[0], held[1], ("held_op", &op)]).await.expect(409).body;
    assert!(page.contains(TYPED) && page.contains("/older"), "{page}");
    browser.post("/older/continue", &[]).await.expect(303);
    assert!(!browser.get(&day()).await.expect(200).body.contains(TYPED));
    browser.post(&format!("{}/entries", day()), &[("op", &op), ("text", TYPED)]).await.expect(303);
}

#[tokio::test]
async fn a_browser_that_stayed_signed_in_is_asked_too_and_can_leave() {
    let machine = Machine::over(Disk::default()).await;
    machine.app.register("Mira").await.write("Monday.").await;
    let mira = machine.browser(None);
    log_in(&mira, &[("stay", "yes")]).await.expect(303);
    assert!(!is_asked(&mira).await);
    let cookie = mira.cookie().expect("a session");
    let earlier = machine.stop().await;
    let machine = Machine::holding(&earlier).await;
    let mira = machine.browser(None);
    mira.set_cookie(&cookie);
    mira.write("Tuesday.").await;
    mira.write("Wednesday.").await;
    let witness = machine.witness(&mira);
    let machine = Machine::holding(&earlier).await;
    let mira = machine.browser(Some(&witness));
    mira.set_cookie(&cookie);
    assert!(is_asked(&mira).await);
    mira.post("/logout", &[]).await.expect(303);
    let image = machine.stop().await;
    let machine = Machine::holding(&image).await;
    let mira = machine.browser(Some(&witness));
    mira.set_cookie(&cookie);
    assert_eq!(mira.get(&day()).await.expect(303).location(), "/login", "its row is gone");
    assert!(is_asked(&machine.sign_in(Some(&witness)).await).await, "and the head is as it was");
}
