//! Keys in memory (SR-56): how many there are while a journal is open, and that none are left after it was locked, deleted or given another password.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use llamora::crypto::memory;

use crate::it::common::{Ask, Options, PASSWORD, TODAY, TestApp};

/// Keys belong to the process, so this one has a process of its own.
const ALONE: &str = "LLAMORA_TEST_ALONE";
const NEW: &str = "an entirely other password";

fn upload(token: &str, name: &str, bytes: &[u8]) -> Ask {
    let mut body = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--XyZ\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--XyZ--\r\n");
    let kind = "multipart/form-data; boundary=XyZ";
    Ask::post("/settings/data/import").body(body).header("content-type", kind)
}

// proves: SR-15, SR-56 (locked within 2 s while a reply runs, an import waits and the index is being built)
// D47 (locked, signed out, deleted, and locked after another password)
#[test]
fn after_lock_and_sign_out_no_key_is_left_in_the_arena() {
    let name = "it::security::memory::after_lock_and_sign_out_no_key_is_left_in_the_arena";
    if std::env::var_os(ALONE).is_none() {
        let program = std::env::current_exe().expect("this program");
        let output = Command::new(program).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output();
        let output = output.expect("the test once more");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        for way_out in ["/lock", "/logout", "/settings/security/delete", "/settings/security/password"] {
            let app =
                TestApp::with(&Options { pause: Duration::from_millis(20), ..Options::default() }).await;
            // Where a cookie for a known device is given, the key of those is made, and stays: it is the instance's.
            let others = usize::from(way_out.ends_with("/password"));
            let before = memory::census();
            let mira = app.register("Mira").await;
            let entry = mira.write("Slowly and at length.").await;
            mira.get(&format!("/d/{TODAY}")).await.expect(200);
            // Indexing works, an import waits for its yes, and a reply runs.
            for n in 0..40 {
                mira.write(&format!("Words number {n} that wait for the index.")).await;
            }
            let file =
                r#"[{"title": "Read", "body": "for an import", "date": "2020-01-02", "time": "10:00"}]"#;
            let jrnl = format!(r#"{{"tags": {{}}, "entries": {file}}}"#);
            mira.send(upload(&mira.token(), "journal.json", jrnl.as_bytes())).await.expect(303);
            mira.post(&format!("/entries/{entry}/replies"), &[]).await.expect(303);
            let open = memory::census();
            assert!(
                open.in_use >= before.in_use + 4,
                "root key, keyring, records, rows: {before:?}, {open:?}"
            );
            let fields = [
                ("current_password", PASSWORD),
                ("name", "Mira"),
                ("username", "Mira"),
                ("password", NEW),
                ("password_confirm", NEW),
            ];
            let got = mira.post(way_out, if way_out.starts_with("/settings") { &fields } else { &[] }).await;
            assert!([200, 303].contains(&got.status), "{way_out}: {}", got.body);
            if way_out.ends_with("/password") {
                mira.get("/d/today").await.expect(303);
                mira.post("/lock", &[]).await.expect(303);
            }
            let locked = Instant::now();
            while memory::census().in_use > before.in_use + others {
                let left = memory::census();
                assert!(locked.elapsed() < Duration::from_secs(2), "{way_out}: {before:?}, then {left:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(memory::census().rest_is_blank, "{way_out}: what is free reads zero");
        }
    });
}
