//! Renewing and revoking keys, through the pages.

mod stopped;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use llamora::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{
        day::Day,
        entry::{Ending, Entry, Role},
        ids::EntryId,
    },
    store::Store,
    vault::{KdfChoice, Vaults, entries, unlocked::Unlocked},
};

use crate::it::common::{Ask, Got, PASSWORD, SignedIn, TODAY, TestApp, attribute, services_over};

/// Waits until the page says that nothing is under way; gives the page.
async fn when_calm(mira: &SignedIn) -> Got {
    for _ in 0..60_000 {
        let page = mira.get("/settings/keys").await.expect(200);
        if page.body.contains("data-keys=\"calm\"") {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("the renewal does not end");
}

fn code_on(page: &Got) -> String {
    let start = page.body.find("id=\"recovery-code\"").expect("the recovery code");
    page.body[start..].split(['>', '<']).nth(1).expect("a code").to_owned()
}

async fn sign_in(app: &TestApp, password: &str) -> Got {
    let browser = app.anonymous();
    browser.get("/login").await;
    browser.post("/login", &[("username", "Mira"), ("password", password)]).await
}

// D46 (the rotation of keys can be run)
#[tokio::test]
async fn keys_are_renewed_in_the_background_while_writing_goes_on() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for n in 0..30 {
        mira.write(&format!("Entry {n} before.")).await;
    }
    let phone = app.anonymous();
    phone.get("/login").await;
    phone.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    let page = mira.get("/settings/keys").await.expect(200);
    assert!(page.body.contains("data-keys=\"calm\""));

    let got = mira.post("/settings/keys/refresh", &[("password", PASSWORD)]).await.expect(303);
    assert_eq!(got.location(), "/settings/keys");
    for n in 0..5 {
        mira.write(&format!("Entry {n} during.")).await;
    }
    when_calm(&mira).await;
    let day = phone.get(&format!("/d/{TODAY}")).await.expect(200);
    for n in 0..30 {
        assert!(day.body.contains(&format!("Entry {n} before.")), "{n}");
    }
    for n in 0..5 {
        assert!(day.body.contains(&format!("Entry {n} during.")), "{n}");
    }
    assert!(!day.body.contains("deleted, put back or added"));
    sign_in(&app, PASSWORD).await.expect(303);
}

// D46 (recovery afterwards)
#[tokio::test]
async fn a_revocation_shows_a_new_code_and_leaves_one_password_and_one_browser() {
    let app = TestApp::new().await;
    let (_, token, old_code) =
        app.state.services.register("Mira", PASSWORD, PASSWORD, None).await.expect("an account");
    let mira = app.signed_in(&token);
    let id = mira.write("It stays.").await;
    let phone = app.anonymous();
    phone.get("/login").await;
    phone.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);

    let page = mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200);
    let code = code_on(&page);
    assert_eq!(code.len(), 7 * 4 + 6);
    assert_ne!(code, *old_code);
    assert_ne!(mira.cookie().as_deref(), Some(token.as_str()), "a new cookie");
    assert_eq!(attribute(&page.body, "name=\"csrf\"", "value"), Some(mira.token()), "for the new session");
    assert_eq!(phone.get("/d/today").await.location(), "/login", "other browsers are signed out");
    let old = app.anonymous();
    old.set_cookie(&token);
    assert_eq!(old.get("/d/today").await.location(), "/login", "and the old cookie of this one");
    mira.get(&format!("/entries/{id}")).await.expect(200);

    // Not done before the code was typed back.
    let waiting = mira.get("/settings/keys").await.expect(200);
    assert!(waiting.body.contains("never typed back") && !waiting.body.contains(&code));
    let wrong = mira.post("/settings/keys/code", &[("recovery_code", "0000")]).await.expect(422);
    assert!(wrong.body.contains(&code), "shown again to compare");
    let last = code.rsplit('-').next().unwrap().to_lowercase();
    let kept = mira.post("/settings/keys/code", &[("recovery_code", &last)]).await.expect(303);
    assert_eq!(kept.location(), "/settings/keys?said=kept");
    assert!(!when_calm(&mira).await.body.contains("never typed back"));

    let recover = |code: String| {
        let app = app.clone();
        async move {
            let browser = app.anonymous();
            browser.get("/recover").await;
            let fields = [
                ("username", "Mira"),
                ("recovery_code", code.as_str()),
                ("password", "an entirely new password"),
                ("password_confirm", "an entirely new password"),
            ];
            browser.post("/recover", &fields).await.status
        }
    };
    assert_eq!(recover(old_code.to_string()).await, 401, "the old code opens nothing");
    sign_in(&app, PASSWORD).await.expect(303);
    assert_eq!(recover(code).await, 200, "the new one does");
}

#[tokio::test]
async fn a_closed_window_locks_nobody_out_and_is_not_forgotten() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let page = mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200);
    let code = code_on(&page);
    mira.post("/lock", &[]).await.expect(303);
    let again = app.anonymous();
    again.get("/login").await;
    again.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    let page = again.get("/settings/keys").await.expect(200);
    assert!(page.body.contains("never typed back") && !page.body.contains(&code));
    let last = code.rsplit('-').next().unwrap();
    let got = again.post("/settings/keys/code", &[("recovery_code", last)]).await.expect(422);
    assert!(!got.body.contains(&code), "it is shown to nobody any more");
    again.post("/settings/keys/code", &[("recovery_code", &code)]).await.expect(303);
    assert!(!again.get("/settings/keys").await.body.contains("never typed back"));
}

#[tokio::test]
async fn some_minutes_later_a_code_is_not_shown_again() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let code = code_on(&mira.post("/settings/keys/revoke", &[("password", PASSWORD)]).await.expect(200));
    app.clock.advance(5 * 60 * 1_000 + 1);
    let got = mira.post("/settings/keys/code", &[("recovery_code", "0000")]).await.expect(422);
    assert!(!got.body.contains(&code));
}

// D46 (a rotation asks for the password)
#[tokio::test]
async fn a_wrong_password_changes_nothing_and_costs_time() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    for path in ["/settings/keys/refresh", "/settings/keys/revoke", "/settings/keys/let-go"] {
        for password in ["", "not her password"] {
            let got = mira.post(path, &[("password", password)]).await.expect(403);
            assert!(got.body.contains("Nothing was changed"), "{path}");
            assert!(!got.body.contains("not her password"), "{path}");
        }
    }
    assert!(mira.get("/settings/keys").await.body.contains("data-keys=\"calm\""));
    let got = mira.post("/settings/keys/refresh", &[("password", PASSWORD)]).await;
    assert_eq!(got.status, 429, "after six wrong ones even the right one must wait");
    assert!(!got.header("retry-after").is_empty());
}

#[tokio::test]
async fn the_progress_comes_as_a_fragment() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let part = mira.send(Ask::get("/settings/keys").partial()).await.expect(200);
    assert!(part.body.trim_start().starts_with("<section") && part.body.contains("data-keys"));
    assert!(!part.body.contains("hx-get"), "nothing is asked again when nothing is under way");
}

/// A journal of Mira's with `n_entries` entries, ten a day, opened nowhere.
fn journal(store: &Arc<Store>, n_entries: u32) -> (Vaults, Arc<Unlocked>) {
    let (vaults, vault, _) = journal_with_code(store, n_entries);
    (vaults, vault)
}

/// The same with its recovery code.
fn journal_with_code(store: &Arc<Store>, n_entries: u32) -> (Vaults, Arc<Unlocked>, String) {
    let clock = Arc::new(Fixed::at(1_795_341_600_000));
    let vaults = Vaults::open(Arc::clone(store), clock, KdfChoice::Cheap).expect("accounts");
    let (vault, code) = vaults
        .register(&Name::choose("Mira").unwrap(), "Mira", &Password::choose(PASSWORD).unwrap())
        .expect("a new account");
    let entry = |n: u32| Entry {
        id: EntryId::from_parts(i64::from(n), [1; 10]),
        role: Role::Writer,
        ending: Ending::Whole,
        imported: false,
        never_send: false,
        day: Day::from_number(18_000 + i32::try_from(n / 10).expect("a day")).expect("a day"),
        created: 1,
        updated: 1,
        zone: "UTC".to_owned(),
        utc_offset_min: 0,
        revision: 1,
        deleted: None,
        reply_to: None,
        traces: Vec::new(),
        text: format!("Entry {n}. {}", "It went on and on. ".repeat((n % 60) as usize)),
        made_by: None,
    };
    let all: Vec<u32> = (0..n_entries).collect();
    for some in all.chunks(500) {
        vault.write(|w| some.iter().try_for_each(|n| entries::insert(w, &entry(*n)))).expect("written");
    }
    (vaults, vault, code.display().to_string())
}

/// Figures: `LLAMORA_TEST_RECORDS=20000` for a large journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_stays_quick_while_keys_are_renewed() {
    let wanted = std::env::var("LLAMORA_TEST_RECORDS").ok().and_then(|text| text.parse().ok());
    let n_entries = wanted.unwrap_or(1_500);
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(Store::open(&folder.path().join("journal")).expect("a store"));
    let (vaults, vault) = journal(&store, n_entries);
    let app = TestApp::over(services_over(Arc::clone(&store))).await;
    drop((vault, vaults));
    let browser = app.anonymous();
    browser.get("/login").await;
    browser.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    let mira = app.signed_in(&browser.cookie().expect("a session"));
    let median = |mut times: Vec<Duration>| {
        times.sort();
        (times[times.len() / 2], times[times.len() - 1])
    };
    let save = async |n: u32| {
        let begun = Instant::now();
        mira.write(&format!("Saved {n}.")).await;
        begun.elapsed()
    };
    let begun = Instant::now();
    mira.post("/settings/keys/refresh", &[("password", PASSWORD)]).await.expect(303);
    when_calm(&mira).await;
    let alone = begun.elapsed();
    let mut before = Vec::new();
    for n in 0..40 {
        before.push(save(n).await);
    }
    let begun = Instant::now();
    mira.post("/settings/keys/refresh", &[("password", PASSWORD)]).await.expect(303);
    let mut during = Vec::new();
    let mut records = 0;
    loop {
        let keys = mira.get("/settings/keys").await.expect(200);
        if !keys.body.contains("data-keys=\"renewing\"") {
            break;
        }
        let at = keys.body.find("max=\"").expect("the bar") + 5;
        records = keys.body[at..].split('"').next().unwrap().parse().expect("a number");
        during.push(save(1_000 + during.len() as u32).await);
    }
    let took = begun.elapsed();
    when_calm(&mira).await;
    assert!(during.len() > 3, "only {} saves fell into the renewal", during.len());
    let ((calm, slowest_calm), n_saves, (median, slowest)) = (median(before), during.len(), median(during));
    println!(
        "renewal: {records} records in {:.1} s alone, compaction included ({:.0} a second); in {:.1} s beside {n_saves} \
         saves ({:.0} a second), of which one takes {:.1} ms (median, slowest {:.1}) in place of {:.1} (slowest {:.1})",
        alone.as_secs_f64(),
        f64::from(records) / alone.as_secs_f64(),
        took.as_secs_f64(),
        f64::from(records) / took.as_secs_f64(),
        median.as_secs_f64() * 1e3,
        slowest.as_secs_f64() * 1e3,
        calm.as_secs_f64() * 1e3,
        slowest_calm.as_secs_f64() * 1e3,
    );
    let records: u32 = records;
    assert!(records >= n_entries);
    assert!(median < calm * 12 + Duration::from_millis(50), "saving waits for the renewal");
}
