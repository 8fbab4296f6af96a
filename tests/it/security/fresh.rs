//! Two fresh instances have nothing secret in common (SR-22).

use std::{collections::HashSet, sync::Arc};

use llamora::{
    routes::device::COOKIE,
    store::{Store, rows::Rows, tables::Copy},
};

use crate::it::common::{Anonymous, PASSWORD, TestApp, services_over};

/// Length of what is compared; every key and salt is longer.
const WINDOW: usize = 16;
/// Fewer different bytes than this in a window are layout: magic, counters, zeros. A random one has 15.
const VARIETY: usize = 10;

/// Registers the same name with the same password over the pages of a fresh instance.
async fn fresh() -> (Arc<Store>, TestApp, Anonymous) {
    let store = Arc::new(Store::in_memory().expect("a store"));
    let app = TestApp::over(services_over(Arc::clone(&store))).await;
    let mira = app.anonymous();
    mira.get("/register").await;
    let fields = [("username", "Mira"), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    mira.post("/register", &fields).await.expect(200);
    (store, app, mira)
}

/// What looks random in the small rows, keys of rows included.
fn random_parts(store: &Store) -> HashSet<Vec<u8>> {
    let mut parts = HashSet::new();
    let mut kinds = HashSet::new();
    for copy in Copy::BOTH {
        for (key, value) in store.read(|rows| rows.smalls(copy, b"")).expect("rows") {
            kinds.insert(key[0]);
            for bytes in [key, value] {
                let windows = bytes.windows(WINDOW).map(<[u8]>::to_vec);
                parts.extend(windows.filter(|part| part.iter().collect::<HashSet<_>>().len() >= VARIETY));
            }
        }
    }
    assert!(
        [b'H', b'W', b'K', b'P'].iter().all(|kind| kinds.contains(kind)),
        "rows of every kind: {kinds:?}"
    );
    parts
}

// proves: SR-22
// D40 (no default secrets)
#[tokio::test]
async fn two_fresh_instances_share_no_secret() {
    let ((one, first, mira), (other, second, twin)) = (fresh().await, fresh().await);
    let (of_one, of_other) = (random_parts(&one), random_parts(&other));
    assert!(of_one.len() > 200 && of_other.len() > 200, "{} and {}", of_one.len(), of_other.len());
    assert_eq!(of_one.intersection(&of_other).count(), 0);

    let binding = [7; 32];
    let (token, foreign) = (first.state.services.csrf(&binding), second.state.services.csrf(&binding));
    assert_ne!(token, foreign);
    assert!(
        first.state.services.csrf_ok(&binding, &token) && !second.state.services.csrf_ok(&binding, &token)
    );

    let cookie = mira.cookie_named(COOKIE).expect("a device cookie");
    assert_ne!(Some(&cookie), twin.cookie_named(COOKIE).as_ref());
    assert!(first.state.services.known_device("Mira", &cookie).await.is_some());
    assert!(second.state.services.known_device("Mira", &cookie).await.is_none());
}

// proves: SR-22
#[tokio::test]
async fn a_fresh_instance_has_no_account() {
    let app = TestApp::new().await;
    assert!(app.state.services.instance().await.expect("readable").is_new);
    let anybody = app.anonymous();
    anybody.get("/login").await;
    for (name, password) in [("admin", "admin"), ("llamora", "llamora"), ("", ""), ("root", PASSWORD)] {
        app.state.guesses.forget();
        anybody.post("/login", &[("username", name), ("password", password)]).await.expect(401);
    }
}
