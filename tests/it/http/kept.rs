//! Browsers that stay signed in over a restart (`crypto.dek_storage = "cookie"`).

use std::sync::Arc;

use llamora::config::SessionLimits;
use llamora::store::{Store, error::StoreError, faults::Disk, rows::Rows, tables::Copy};

use crate::it::common::{Anonymous, Ask, Got, Options, PASSWORD, TODAY, TestApp, restarted};

const NEW: &str = "an entirely other password";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The idle limit as it comes.
const IDLE: i64 = 8 * HOUR;
/// Where the clock stands first.
const NOW: i64 = 1_795_341_600_000;

fn options(keeps_sessions: bool) -> Options {
    Options { keeps_sessions, has_model: false, ..Options::default() }
}

/// A program that is stopped and started again over the same file.
struct Machine {
    store: Arc<Store>,
    app: TestApp,
    now: i64,
}

impl Machine {
    async fn over(store: Store, keeps: bool) -> Self {
        let store = Arc::new(store);
        let app = TestApp::over(restarted(&options(keeps), Arc::clone(&store), NOW)).await;
        Self { store, app, now: NOW }
    }

    async fn new(keeps: bool) -> Self {
        Self::over(Store::in_memory().expect("a store"), keeps).await
    }

    /// Lets time go by while the program runs.
    fn wait(&mut self, millis: i64) {
        self.now += millis;
        self.app.clock.advance(millis);
    }

    /// Stops the program, lets time go by, and starts it.
    async fn restart(&mut self, after: i64, keeps: bool) {
        self.app.state.services.finish().await;
        self.now += after;
        self.app = TestApp::over(restarted(&options(keeps), Arc::clone(&self.store), self.now)).await;
    }

    async fn login(&self, fields: &[(&str, &str)]) -> (Anonymous, Got) {
        let browser = self.app.anonymous();
        browser.get("/login").await.expect(200);
        let got = browser.post("/login", fields).await.expect(303);
        (browser, got)
    }

    /// Mira in a browser that stays signed in; answers its cookie.
    async fn stays(&self) -> String {
        let (browser, _) = self.login(&[("username", "Mira"), ("password", PASSWORD), ("stay", "yes")]).await;
        browser.cookie().expect("a session")
    }

    fn with(&self, cookie: &str) -> Anonymous {
        let browser = self.app.anonymous();
        browser.set_cookie(cookie);
        browser
    }

    async fn is_in(&self, cookie: &str) -> bool {
        self.with(cookie).get("/d/today").await.expect(303).location() != "/login"
    }

    /// Session rows in both copies.
    fn rows(&self) -> [usize; 2] {
        let count = |rows: &dyn Rows, copy| rows.smalls(copy, b"S").map(|found| found.len());
        let counted =
            self.store.read(|rows| Ok::<_, StoreError>([count(rows, Copy::A)?, count(rows, Copy::B)?]));
        counted.expect("readable")
    }

    /// Waits until that many rows are left: what ends by itself leaves the file a moment later.
    async fn until_rows(&self, n: usize) {
        while self.rows() != [n; 2] {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

// proves: SR-15
#[tokio::test]
async fn a_session_that_stays_never_outlives_its_idle_limit() {
    // However often it was used, and whether or not the program was stopped while it rested.
    for pauses in [vec![], vec![IDLE / 8 - 1; 5], vec![IDLE - 1, 1, 1], vec![HOUR; 20], vec![IDLE / 8; 3]] {
        for keeps_running in [true, false] {
            let mut machine = Machine::new(true).await;
            machine.app.register("Mira").await;
            let cookie = machine.stays().await;
            for pause in &pauses {
                machine.wait(*pause);
                assert!(machine.is_in(&cookie).await, "{pauses:?}");
            }
            if keeps_running {
                machine.wait(IDLE + 1);
                assert!(!machine.is_in(&cookie).await, "{pauses:?}");
                // Nor does the file bring it back when the clock is set back.
                machine.app.clock.jump(-DAY);
                assert!(!machine.is_in(&cookie).await, "{pauses:?}");
                machine.app.clock.jump(DAY);
            }
            machine.restart(IDLE + 1, true).await;
            assert!(!machine.is_in(&cookie).await, "{pauses:?}");
            machine.until_rows(0).await;
            machine.restart(-DAY, true).await;
            assert!(!machine.is_in(&cookie).await, "{pauses:?}");
        }
    }
}

// proves: SR-15
#[tokio::test]
async fn a_session_that_is_used_stays_until_its_absolute_limit() {
    let mut machine = Machine::new(true).await;
    machine.app.register("Mira").await;
    let cookie = machine.stays().await;
    let mut left = 30 * DAY;
    while left > 6 * HOUR {
        left -= 6 * HOUR;
        machine.restart(6 * HOUR, true).await;
        assert!(machine.is_in(&cookie).await, "{left} ms before the end");
    }
    machine.restart(6 * HOUR, true).await;
    assert!(!machine.is_in(&cookie).await);
    machine.until_rows(0).await;
}

#[tokio::test]
async fn a_browser_stays_signed_in_over_a_restart_only_when_asked_to() {
    let mut machine = Machine::new(true).await;
    let mira = machine.app.register("Mira").await;
    let entry = mira.write("It stays.").await;
    assert!(machine.app.anonymous().get("/login").await.body.contains("name=\"stay\""));
    let fields = [("username", "Mira"), ("password", PASSWORD), ("stay", "yes")];
    let (laptop, got) = machine.login(&fields).await;
    let line = &got.set_cookies()[0];
    assert!(line.contains(&format!("Max-Age={}", 30 * DAY / 1000)), "{line}");
    let (_, plain) = machine.login(&fields[..2]).await;
    assert!(!plain.set_cookies()[0].contains("Max-Age"));
    let (laptop, plain) = (laptop.cookie().expect("a session"), mira.cookie().expect("a session"));
    assert_eq!(machine.rows(), [1, 1]);
    machine.restart(HOUR, true).await;
    assert!(machine.is_in(&laptop).await && !machine.is_in(&plain).await);
    machine.with(&laptop).get(&format!("/entries/{entry}")).await.expect(200);
    let list = machine.with(&laptop).get("/settings/security").await.expect(200);
    assert!(list.body.contains("Signed in 22 November 2026, 11:00. Stays signed in"), "{}", list.body);
    // The file and a token that is not its own open nothing.
    let other = machine.app.state.services.anonymous();
    assert!(!machine.is_in(&other).await);
}

#[tokio::test]
async fn in_the_mode_session_nothing_is_written_and_nothing_comes_back() {
    let mut machine = Machine::new(false).await;
    machine.app.register("Mira").await;
    assert!(!machine.app.anonymous().get("/login").await.body.contains("name=\"stay\""));
    let cookie = machine.stays().await;
    assert_eq!(machine.rows(), [0, 0]);
    machine.restart(HOUR, false).await;
    assert!(!machine.is_in(&cookie).await);
    // What the other mode left is not used, and goes at the next sign-in.
    machine.restart(0, true).await;
    let cookie = machine.stays().await;
    assert_eq!(machine.rows(), [1, 1]);
    machine.restart(0, false).await;
    assert!(!machine.is_in(&cookie).await);
    machine.login(&[("username", "Mira"), ("password", PASSWORD)]).await;
    machine.until_rows(0).await;
}

// proves: SR-12
#[tokio::test]
async fn every_way_out_takes_the_row_along() {
    for way in ["/logout", "/lock", "another browser"] {
        let mut machine = Machine::new(true).await;
        machine.app.register("Mira").await;
        let (laptop, phone) = (machine.stays().await, machine.stays().await);
        // The phone was not here since the program started.
        machine.restart(HOUR, true).await;
        let browser = machine.with(&laptop);
        browser.get("/settings/security").await.expect(200);
        assert_eq!(machine.rows(), [2, 2]);
        let left = match way {
            "another browser" => {
                let page = browser.get("/settings/security").await.expect(200).body;
                let end = page.split("action=\"").filter_map(|rest| rest.split('"').next());
                let end = end.filter(|path| path.ends_with("/end")).last().expect("the phone").to_owned();
                browser.post(&end, &[]).await.expect(303);
                1
            }
            way => {
                browser.post(way, &[]).await.expect(303);
                usize::from(way == "/logout")
            }
        };
        assert_eq!(machine.rows(), [left; 2], "{way}");
        for _ in 0..2 {
            assert_eq!(machine.is_in(&laptop).await, way == "another browser", "{way}");
            assert_eq!(machine.is_in(&phone).await, way == "/logout", "{way}");
            machine.restart(HOUR, true).await;
        }
    }
}

// proves: SR-13 (three browsers, five ways, both modes, and a restart)
#[tokio::test]
async fn sign_out_everywhere_and_new_keys_end_other_sessions_across_a_restart() {
    for keeps in [true, false] {
        for way in ["everywhere", "password", "recover", "delete", "revoke"] {
            let mut machine = Machine::new(keeps).await;
            let services = Arc::clone(&machine.app.state.services);
            let (_, _, code) = services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
            drop(services);
            let (mine, phone, absent) = (machine.stays().await, machine.stays().await, machine.stays().await);
            if keeps {
                machine.restart(HOUR, true).await;
                assert!(machine.is_in(&mine).await && machine.is_in(&phone).await);
            }
            let mira = machine.with(&mine);
            mira.get("/settings/security").await.expect(200);
            let home = "/settings/security";
            let pass = ("current_password", PASSWORD);
            let status = match way {
                "everywhere" => mira.post(&format!("{home}/sign-out"), &[pass]).await.status,
                "password" => {
                    let new = [("username", "Mira"), ("password", NEW), ("password_confirm", NEW), pass];
                    mira.post(&format!("{home}/password"), &new).await.status
                }
                "recover" => {
                    let new = [
                        ("username", "Mira"),
                        ("recovery_code", code.as_str()),
                        ("password", NEW),
                        ("password_confirm", NEW),
                    ];
                    mira.post("/recover", &new).await.status
                }
                "delete" => mira.post(&format!("{home}/delete"), &[("name", "Mira"), pass]).await.status,
                _ => mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.status,
            };
            assert!(matches!(status, 200 | 303), "{way}: {status}");
            let stays = keeps && way == "password";
            let renewed = mira.cookie();
            for round in 0..2 {
                for (cookie, who) in [(&mine, "the old token"), (&phone, "the phone"), (&absent, "the third")]
                {
                    assert!(!machine.is_in(cookie).await, "{way}, {who}, {keeps}, {round}");
                }
                assert_eq!(machine.rows(), [usize::from(stays); 2], "{way}");
                machine.restart(HOUR, keeps).await;
            }
            if let Some(renewed) = renewed {
                assert_eq!(machine.is_in(&renewed).await, stays, "{way}: this one stays, with its new token");
            }
        }
    }
}

// proves: SR-12
#[tokio::test]
async fn a_renewed_session_stays_and_the_token_before_is_dead_after_a_restart_too() {
    let mut machine = Machine::new(true).await;
    machine.app.register("Mira").await;
    let old = machine.stays().await;
    let mira = machine.with(&old);
    mira.get("/settings/security").await.expect(200);
    let got = mira.post("/settings/security/recovery", &[("current_password", PASSWORD)]).await.expect(200);
    assert!(got.set_cookies()[0].contains("Max-Age="), "{:?}", got.set_cookies().len());
    let new = mira.cookie().expect("a session");
    assert!(new != old && machine.rows() == [1, 1]);
    for _ in 0..2 {
        assert!(machine.is_in(&new).await && !machine.is_in(&old).await);
        machine.restart(HOUR, true).await;
    }
}

#[tokio::test]
async fn at_most_eight_browsers_stay() {
    let mut machine = Machine::new(true).await;
    machine.app.register("Mira").await;
    let mut cookies = Vec::new();
    for _ in 0..10 {
        cookies.push(machine.stays().await);
        machine.wait(1000);
    }
    machine.until_rows(8).await;
    machine.restart(0, true).await;
    let mut inside = Vec::new();
    for cookie in &cookies {
        inside.push(machine.is_in(cookie).await);
    }
    assert_eq!(inside, [false, false, true, true, true, true, true, true, true, true]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_lets_in_who_stays_and_ends_who_leaves() {
    let disk = Disk::default();
    let mut machine = Machine::over(Store::on_disk(&disk).expect("a store"), true).await;
    let mira = machine.app.register("Mira").await;
    mira.write("Before.").await;
    let cookie = machine.stays().await;
    machine.app.state.services.finish().await;
    disk.write_protect();
    machine.store = Arc::new(Store::on_disk(&disk).expect("readable"));
    machine.restart(2 * HOUR, true).await;
    let mira = machine.with(&cookie);
    assert!(mira.get(&format!("/d/{TODAY}")).await.expect(200).body.contains("Before."));
    // Of this one no row can be written, so none is left behind.
    let other = machine.with(&machine.stays().await);
    assert_eq!(other.send(Ask::post("/logout")).await.expect(303).location(), "/login");
    let other = machine.with(&machine.stays().await);
    for (browser, path) in [(mira, "/logout"), (other, "/lock")] {
        let got = browser.send(Ask::post(path)).await.expect(303);
        assert_eq!(got.location(), "/login?row=left", "{path}");
        let page = browser.get(got.location()).await.expect(200).body;
        assert!(page.contains("is still in it. It opens nothing while this program runs."), "{page}");
    }
    assert!(!machine.is_in(&cookie).await, "although the row is still there");
    assert_eq!(machine.rows(), [1, 1]);
    disk.mend();
    machine.app.state.services.look_at_store().await.expect("no fault of ours");
    machine.login(&[("username", "Mira"), ("password", PASSWORD)]).await;
    machine.until_rows(0).await;
}

// proves: SR-15
#[tokio::test]
async fn sleep_locks_nobody_where_the_owner_chose_so() {
    let limits = SessionLimits { lock_on_suspend: false, ..SessionLimits::default() };
    let app = TestApp::with(&Options { session: limits, ..options(true) }).await;
    app.register("Mira").await;
    let mira = app.anonymous();
    mira.get("/login").await;
    let fields = [("username", "Mira"), ("password", PASSWORD), ("stay", "yes")];
    mira.post("/login", &fields).await.expect(303);
    for _ in 0..2 {
        app.clock.sleep(3 * HOUR);
        mira.get(&format!("/d/{TODAY}")).await.expect(200);
    }
    // Sleeping is resting all the same.
    app.clock.sleep(IDLE + 1);
    assert_eq!(mira.get("/d/today").await.expect(303).location(), "/login");
}

// proves: SR-15
#[tokio::test]
async fn a_machine_that_was_asleep_locks_everybody() {
    let mut machine = Machine::new(true).await;
    let jonas = machine.app.register("Jonas").await;
    machine.app.register("Mira").await;
    let (here, absent) = (machine.stays().await, machine.stays().await);
    machine.restart(HOUR, true).await;
    let jonas_again = machine.login(&[("username", "Jonas"), ("password", PASSWORD)]).await.0;
    drop(jonas);
    assert!(machine.is_in(&here).await);
    machine.app.clock.sleep(60_000);
    assert!(machine.is_in(&here).await, "a minute is a nap");
    machine.app.clock.sleep(60_001);
    assert!(!machine.is_in(&here).await, "also when the row is still in the file");
    assert_eq!(jonas_again.get("/d/today").await.location(), "/login");
    assert!(!machine.is_in(&absent).await, "also who was not here since the start");
    machine.until_rows(0).await;
    machine.restart(HOUR, true).await;
    assert!(!machine.is_in(&here).await && !machine.is_in(&absent).await);
    let again = machine.stays().await;
    assert!(machine.is_in(&again).await);
}
