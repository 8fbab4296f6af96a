//! Only our own names are answered (SR-01).

use llamora::routes::ROWS;

use crate::it::common::{Ask, TestApp};

const OURS: [&str; 10] = [
    "127.0.0.1:5757",
    "localhost:5757",
    "LOCALHOST:5757",
    "localhost.:5757",
    "LocalHost.:5757",
    "[::1]:5757",
    "[0:0:0:0:0:0:0:1]:5757",
    "diary.example:5757",
    "DIARY.example.:5757",
    "127.0.0.1.:5757",
];

const NOT_OURS: [&str; 34] = [
    "evil.com",
    "evil.com:5757",
    "127.0.0.1.nip.io:5757",
    "localhost.evil.com:5757",
    "evil.localhost:5757",
    "diary.example.evil.com:5757",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "localhost:80",
    "localhost:5758",
    "localhost:05757",
    "localhost:+5757",
    "localhost:57570",
    "localhost:",
    "localhost:5757:5757",
    "localhost..:5757",
    ".:5757",
    ":5757",
    "0.0.0.0:5757",
    "[::]:5757",
    "127.0.0.2:5757",
    "127.1:5757",
    "2130706433:5757",
    "0x7f000001:5757",
    "0177.0.0.1:5757",
    "[::ffff:127.0.0.1]:5757",
    "[::1%25lo]:5757",
    "[fe80::1%25eth0]:5757",
    "::1:5757",
    "[::1:5757",
    "user@localhost:5757",
    "localhost:5757/",
    "192.168.1.7:5757",
];

// proves: SR-01
#[tokio::test]
async fn our_names_are_answered_and_no_others() {
    let app = TestApp::new().await;
    let anybody = app.anonymous();
    for host in OURS {
        let got = anybody.send(Ask::get("/healthz").header("host", host)).await;
        assert_eq!(got.status, 200, "{host}");
    }
    for host in NOT_OURS {
        let got = anybody.send(Ask::get("/healthz").header("host", host)).await;
        assert_eq!(got.status, 421, "{host}");
    }
    assert_eq!(anybody.send(Ask::get("/healthz").header("host", "")).await.status, 421, "none at all");
}

// proves: SR-01
#[tokio::test]
async fn a_wrong_name_is_refused_for_every_row_and_every_other_address_before_routing() {
    let app = TestApp::new().await;
    let mira = app.register("Mira").await;
    let mut bodies = Vec::new();
    for row in ROWS {
        let got =
            mira.send(Ask::new(row.method.clone(), &row.sample()).header("host", "evil.example:5757")).await;
        assert_eq!(got.status, 421, "{} {}", row.method, row.pattern);
        assert!(got.set_cookies().is_empty());
        bodies.push(got.body.len());
    }
    bodies.push(
        mira.send(Ask::get("/nothing").header("host", "evil.example:5757")).await.expect(421).body.len(),
    );
    assert!(
        bodies.iter().all(|length| *length == bodies[0]),
        "the answer does not tell which addresses exist"
    );
}
