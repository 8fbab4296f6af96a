//! Changes of keys that the power cut off, and writers who come back to them.

use std::sync::Arc;

use llamora::{
    store::{
        Store,
        faults::{Cut, Dice, Disk},
    },
    vault::rotation::Cursor,
};

use super::{code_on, journal_with_code, sign_in, when_calm};
use crate::it::common::{Got, PASSWORD, SignedIn, TODAY, TestApp, services_over};

/// So many that a change of keys takes three pieces to move them.
const N_ENTRIES: u32 = 520;

/// Sets a new password with a recovery code, in a browser of its own.
async fn recover(app: &TestApp, code: &str, password: &str) -> (Got, SignedIn) {
    let browser = app.anonymous();
    browser.get("/recover").await;
    let fields = [
        ("username", "Mira"),
        ("recovery_code", code),
        ("password", password),
        ("password_confirm", password),
    ];
    let got = browser.post("/recover", &fields).await;
    let mira = app.signed_in(&browser.cookie().unwrap_or_default());
    (got, mira)
}

// D46 (interrupted after any piece, taken up by a sign-in or by a recovery, and recovered from afterwards)
#[tokio::test]
async fn a_change_of_keys_that_stopped_anywhere_ends_whichever_way_its_writer_comes_back() {
    let mut dice = Dice::new(46);
    for is_revoked in [false, true] {
        let disk = Disk::default();
        let store = Arc::new(Store::on_disk(&disk).expect("a store"));
        let (vaults, vault, mut code) = journal_with_code(&store, N_ENTRIES);
        if is_revoked {
            let new = vaults.revoke(&vault, PASSWORD).expect("begun").expect("her password");
            code = new.display().to_string();
        } else {
            assert!(vault.refresh().expect("begun"));
        }
        let (mut cursor, mut n_halves) = (Cursor::default(), 0);
        for pieces in 0.. {
            let state = vault.rotation().expect("a state");
            n_halves += usize::from(pieces > 0 && state.is_draining && state.done < state.all);
            let left = Disk::holding(disk.cut(Cut::of(pieces, &mut dice)));
            let what = format!("revoked: {is_revoked}, {pieces} pieces");
            comes_back(&left, &code, (pieces % 2 == 0) != is_revoked, &what).await;
            if !state.is_draining {
                break;
            }
            vault.advance(&mut cursor).expect("a piece");
        }
        assert!(n_halves > 1, "only {n_halves} were in the middle");
    }
}

/// Comes back to a journal by password or by code, sees the change of keys to its end, and recovers afterwards.
async fn comes_back(disk: &Disk, code: &str, by_password: bool, what: &str) {
    let store = Arc::new(Store::on_disk(disk).expect("a store"));
    let app = TestApp::over(services_over(store)).await;
    let mira = if by_password {
        let browser = app.anonymous();
        browser.get("/login").await;
        browser.post("/login", &[("username", "Mira"), ("password", PASSWORD)]).await.expect(303);
        app.signed_in(&browser.cookie().expect("a session"))
    } else {
        let (got, mira) = recover(&app, code, "a password of the next day").await;
        got.expect(200);
        mira
    };
    mira.write("Written meanwhile.").await;
    assert!(!when_calm(&mira).await.body.contains("cannot end by itself"), "{what}");
    mira.post("/lock", &[]).await.expect(303);

    // A code that nobody replaced by typing the next one still opens.
    let (got, again) = recover(&app, code, "an entirely new password").await;
    let newer = code_on(&got.expect(200));
    for (day, text) in
        [("2019-04-14", "Entry 0."), ("2019-06-04", "Entry 519."), (TODAY, "Written meanwhile.")]
    {
        let page = again.get(&format!("/d/{day}")).await.expect(200);
        assert!(page.body.contains(text), "{what}: {text}");
        assert!(!page.body.contains("data-flaw"), "{what}: {day}");
        assert!(!page.body.contains("deleted, put back or added"), "{what}");
    }
    sign_in(&app, "an entirely new password").await.expect(303);
    sign_in(&app, PASSWORD).await.expect(401);
    let last = newer.rsplit('-').next().expect("a group");
    again.post("/settings/security/recovery/confirm", &[("last_group", last)]).await.expect(303);
    app.state.guesses.forget();
    recover(&app, code, "a third password").await.0.expect(401);
    recover(&app, &newer, "a third password").await.0.expect(200);
}
