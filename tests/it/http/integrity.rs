//! A journal that was changed outside the program: told by day on every page, and accepted as it is.

mod moved;

use std::{ops::ControlFlow, sync::Arc};

use llamora::{
    clock::Fixed,
    crypto::{canon::Name, secret::Password},
    journal::{day::Day, entry::Entry, ids::EntryId},
    store::{
        Store,
        rows::{Rows, RowsMut},
    },
    vault::{KdfChoice, Vaults, entries, error::VaultError, unlocked::Unlocked},
};

use crate::it::common::{Got, PASSWORD, SignedIn, TODAY, TestApp, fresh_op, services_over};

pub(super) type Raw = Vec<([u8; 24], Vec<u8>)>;

/// 14 March 2025.
const LOST_DAY: i32 = 20_161;
const PAGE: &str = "/settings/integrity";

pub(super) fn raw(store: &Store) -> Raw {
    let mut all = Vec::new();
    let scanned = store.read(|rows| {
        rows.scan(&[0; 24], &[0xff; 24], &mut |key, value| {
            all.push((*key, value.to_vec()));
            ControlFlow::Continue(())
        })
    });
    scanned.expect("rows");
    all
}

/// Puts rows in, or takes them out.
pub(super) fn tamper(store: &Store, changes: &[([u8; 24], Option<Vec<u8>>)]) {
    let done = store.write(|rows| {
        for (key, value) in changes {
            match value {
                Some(value) => drop(rows.insert(key, value)?),
                None => drop(rows.remove(key)?),
            }
        }
        Ok::<_, VaultError>(())
    });
    done.expect("written");
}

pub(super) fn entry(number: u8, day: i32, text: &str) -> Entry {
    let id = EntryId::from_parts(i64::from(number), [number; 10]);
    Entry::saved(id, Day::from_number(day).expect("a day"), 1, text)
}

/// A journal of Mira's on disk, opened nowhere, and the rows that matter.
struct Stage {
    store: Arc<Store>,
    /// Of the entries `one` and `two` of the day that will miss them, and of `other`, a day later.
    rows: Vec<[u8; 24]>,
    /// The row of `one` before it was edited.
    older: Vec<u8>,
    head: [u8; 24],
    /// The head before the last entry.
    older_head: Vec<u8>,
}

/// Runs `work` and answers the row that is new.
pub(super) fn new_row(store: &Store, work: impl FnOnce()) -> ([u8; 24], Vec<u8>) {
    let before = raw(store);
    work();
    let new = raw(store).into_iter().filter(|(key, _)| before.iter().all(|(old, _)| old != key));
    let [row] = new.collect::<Vec<_>>().try_into().expect("one new row");
    row
}

pub(super) fn journal(store: &Arc<Store>) -> (Vaults, Arc<Unlocked>) {
    let vaults = Vaults::open(Arc::clone(store), Arc::new(Fixed::at(1_795_341_600_000)), KdfChoice::Cheap);
    let vaults = vaults.expect("accounts");
    let (name, password) = (Name::choose("Mira").unwrap(), Password::choose(PASSWORD).unwrap());
    let (vault, _) = vaults.register(&name, "Mira", &password).expect("a new account");
    (vaults, vault)
}

fn stage() -> Stage {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let (vaults, vault) = journal(&store);
    let insert = |entry: Entry| vault.write(|w| entries::insert(w, &entry)).expect("written");
    insert(entry(1, LOST_DAY, "anchor"));
    insert(entry(2, LOST_DAY + 1, "anchor"));
    let (one, older) = new_row(&store, || insert(entry(3, LOST_DAY, "first of two")));
    let (two, _) = new_row(&store, || insert(entry(4, LOST_DAY, "second of two")));
    let edited = Entry { revision: 2, ..entry(3, LOST_DAY, "first of two, edited") };
    vault.write(|w| entries::replace(w, &edited)).expect("written");
    let before = raw(&store);
    let (other, _) = new_row(&store, || insert(entry(5, LOST_DAY + 1, "of another day")));
    // The setting is new and nothing else is written with it but the head.
    let now = raw(&store);
    vault.write(|w| llamora::vault::settings::put(w, "test", b"1")).expect("written");
    let is_head = |(key, value): &&([u8; 24], Vec<u8>)| {
        now.iter().any(|(other, was)| other == key && was != value)
            && before.iter().any(|(old, _)| old == key)
    };
    let head = raw(&store).iter().find(is_head).expect("the head").0;
    let older_head = before.iter().find(|(key, _)| *key == head).expect("the head").1.clone();
    drop((vault, vaults));
    Stage { store, rows: vec![one, two, other], older, head, older_head }
}

impl Stage {
    fn value(&self, key: &[u8; 24]) -> Vec<u8> {
        raw(&self.store).into_iter().find(|(other, _)| other == key).expect("a row").1
    }

    async fn open(&self) -> (TestApp, SignedIn) {
        let app = TestApp::over(services_over(Arc::clone(&self.store))).await;
        let mira = sign_in(&app).await;
        (app, mira)
    }
}

async fn sign_in(app: &TestApp) -> SignedIn {
    let browser = app.anonymous();
    browser.get("/login").await;
    browser.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
    app.signed_in(&browser.cookie().expect("a session"))
}

/// The page once the check has ended.
async fn checked(mira: &SignedIn) -> Got {
    for _ in 0..20_000 {
        let page = mira.get(PAGE).await.expect(200);
        if page.body.contains("data-integrity=\"whole\"") || page.body.contains("data-integrity=\"altered\"")
        {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("the check does not end");
}

fn banner(page: &Got) -> &str {
    let found = page.body.split("id=\"integrity-note\"").nth(1);
    found.and_then(|rest| rest.split(['>', '<']).nth(1)).unwrap_or_default().trim()
}

async fn save(mira: &SignedIn, text: &str) -> Got {
    mira.post(&format!("/d/{TODAY}/entries"), &[("op", &fresh_op()), ("text", text)]).await
}

async fn accept(mira: &SignedIn) {
    let asked = mira.post("/settings/integrity/accept", &[]).await.expect(403);
    assert!(asked.body.contains("current_password"), "the password is asked for");
    assert!(!banner(&asked).is_empty(), "nothing is accepted yet");
    let done = mira.post("/settings/integrity/accept", &[("current_password", PASSWORD)]).await.expect(303);
    assert_eq!(done.location(), "/settings/integrity?said=accepted");
}

// proves: RR-09 (every page names the day, from outside)
// D41 (a row taken away, and one of before put back)
#[tokio::test]
async fn what_was_taken_away_or_put_back_is_named_by_day_until_it_is_accepted() {
    type Tamper = fn(&Stage);
    let delete: Tamper = |stage| tamper(&stage.store, &[(stage.rows[0], None), (stage.rows[1], None)]);
    let replay: Tamper = |stage| tamper(&stage.store, &[(stage.rows[0], Some(stage.older.clone()))]);
    let swap: Tamper = |stage| {
        let [one, two] = [stage.value(&stage.rows[0]), stage.value(&stage.rows[1])];
        tamper(&stage.store, &[(stage.rows[0], Some(two)), (stage.rows[1], Some(one))]);
    };
    for (what, change, count, on_day, left) in [
        ("deleted", delete, "2 entries", "2 entries of this day are missing.", 1),
        ("put back", replay, "1 entry", "1 entry of this day is not in the version it should be.", 3),
        ("swapped", swap, "2 entries", "2 entries of this day cannot be read.", 1),
    ] {
        let stage = stage();
        change(&stage);
        let (app, mira) = stage.open().await;
        let page = checked(&mira).await;
        assert!(page.body.contains("14 March 2025") && !page.body.contains("15 March 2025"), "{what}");
        for path in [PAGE, "/d/2025-03-15", "/search", "/settings/data", "/trash"] {
            let said = mira.get(path).await.expect(200);
            assert!(
                banner(&said).starts_with(&format!("{count} of 14 March 2025 ")),
                "{what}: {}",
                banner(&said)
            );
        }
        let day = mira.get("/d/2025-03-14").await.expect(200);
        assert!(day.body.contains(on_day), "{what}: {}", day.body);
        assert!(day.body.contains("anchor"), "{what}: what is there is shown");
        assert!(!mira.get("/d/2025-03-15").await.body.contains("data-flaw"), "{what}");
        // Everything else stays usable.
        save(&mira, "While something is missing.").await.expect(303);
        mira.post("/search", &[("q", "anchor")]).await.expect(200);
        accept(&mira).await;
        let day = mira.get("/d/2025-03-14").await.expect(200);
        assert!(banner(&day).is_empty() && !day.body.contains("data-flaw"), "{what}: {}", day.body);
        assert_eq!(day.body.matches("data-entry-id=").count(), left, "{what}");
        let page = mira.get(PAGE).await;
        assert!(page.body.contains("Accepted before") && page.body.contains("14 March 2025"), "{what}");
        mira.post("/lock", &[]).await.expect(303);
        let again = sign_in(&app).await;
        assert!(checked(&again).await.body.contains("data-integrity=\"whole\""), "{what}: quiet");
        assert!(again.get("/d/today").await.location() == format!("/d/{TODAY}"));
    }
}

#[tokio::test]
async fn the_first_page_after_signing_in_says_what_the_journal_holds() {
    let stage = stage();
    let (app, mira) = stage.open().await;
    let today = format!("/d/{TODAY}");
    assert!(!mira.get("/d/2025-03-14").await.expect(200).body.contains("data-last-entry"));
    let page = mira.get(&today).await.expect(200);
    assert!(page.body.contains("Last entry: Saturday, 15 March 2025. 5 entries on 2 days."), "{}", page.body);
    assert!(!mira.get(&today).await.expect(200).body.contains("data-last-entry"), "once");
    save(&mira, "A later one.").await.expect(303);
    let again = sign_in(&app).await;
    assert!(
        again.get(&today).await.body.contains("Last entry: Sunday, 22 November 2026. 6 entries on 3 days.")
    );
    let empty = app.register("Empty").await;
    assert!(!empty.get(&today).await.expect(200).body.contains("data-last-entry"));
}

#[tokio::test]
async fn without_its_head_a_journal_is_read_only_until_it_is_accepted() {
    let stage = stage();
    tamper(&stage.store, &[(stage.head, None)]);
    let (app, mira) = stage.open().await;
    let page = checked(&mira).await;
    assert!(banner(&page).contains("nothing is saved for now"), "{}", banner(&page));
    let refused = save(&mira, "Kept in the box.").await.expect(409);
    assert!(
        refused.body.contains("Kept in the box.") && refused.body.contains("accept the journal as it is")
    );
    assert!(mira.get("/d/2025-03-14").await.expect(200).body.contains("first of two, edited"));
    accept(&mira).await;
    save(&mira, "Saved again.").await.expect(303);
    mira.post("/lock", &[]).await.expect(303);
    let again = sign_in(&app).await;
    assert!(checked(&again).await.body.contains("data-integrity=\"whole\""));
}

// D41 (a head of before)
#[tokio::test]
async fn an_old_head_is_noticed_and_can_be_accepted() {
    let stage = stage();
    tamper(&stage.store, &[(stage.head, Some(stage.older_head.clone()))]);
    let (app, mira) = stage.open().await;
    let page = checked(&mira).await;
    assert!(banner(&page).contains("deleted, put back or added outside this program"), "{}", banner(&page));
    assert!(page.body.contains("No day misses anything"));
    save(&mira, "Still possible.").await.expect(303);
    accept(&mira).await;
    mira.post("/lock", &[]).await.expect(303);
    let again = sign_in(&app).await;
    assert!(checked(&again).await.body.contains("data-integrity=\"whole\""));
}

#[tokio::test]
async fn rows_of_no_keys_are_counted_and_stay_accepted() {
    let stage = stage();
    let mut stray = stage.rows[0];
    stray[7] = 77;
    tamper(&stage.store, &[(stray, Some(vec![0; 480]))]);
    let (app, mira) = stage.open().await;
    assert!(checked(&mira).await.body.contains("1 row belongs to no keys"));
    accept(&mira).await;
    mira.post("/lock", &[]).await.expect(303);
    let again = sign_in(&app).await;
    assert!(checked(&again).await.body.contains("data-integrity=\"whole\""));
    stray[7] = 78;
    tamper(&stage.store, &[(stray, Some(vec![0; 480]))]);
    again.post("/settings/integrity/check", &[]).await.expect(303);
    assert!(checked(&again).await.body.contains("2 rows belong to no keys"), "one more is another matter");
}

#[tokio::test]
async fn a_loss_during_a_renewal_of_keys_is_named_and_accepted_too() {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let (vaults, vault) = journal(&store);
    let (gone, _) = {
        vault.write(|w| entries::insert(w, &entry(1, LOST_DAY, "anchor"))).expect("written");
        let row = new_row(&store, || {
            vault.write(|w| entries::insert(w, &entry(2, LOST_DAY, "lost"))).expect("written");
        });
        vault.refresh().expect("begun");
        row
    };
    drop((vault, vaults));
    tamper(&store, &[(gone, None)]);
    let app = TestApp::over(services_over(Arc::clone(&store))).await;
    let mira = sign_in(&app).await;
    assert!(banner(&checked(&mira).await).starts_with("1 entry of 14 March 2025"));
    accept(&mira).await;
    for _ in 0..60_000 {
        if mira.get("/settings/keys").await.expect(200).body.contains("data-keys=\"calm\"") {
            assert!(banner(&mira.get(PAGE).await).is_empty());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the renewal does not end");
}
