//! RR-32: for every use case a fault at the first, second, ... call to the disk, until none is left to fail.

use std::io::ErrorKind;

use llamora::store::faults::{Calls, Disk, torture};

use super::{ANCHOR, banner, day, mira};
use crate::it::common::{Ask, Got, PASSWORD, SignedIn, TestApp, fresh_op};

/// What a person does, each in one request.
const USE_CASES: [&str; 15] = [
    "day",
    "entry",
    "edit page",
    "versions",
    "search",
    "write",
    "edit",
    "draft",
    "delete",
    "restore",
    "version",
    "ask",
    "register",
    "sign in",
    "recover",
];

struct Stage {
    app: TestApp,
    disk: Disk,
    mira: SignedIn,
    anchor: String,
    edited: String,
    gone: String,
    code: String,
    round: usize,
}

impl Stage {
    async fn new() -> Self {
        let (app, disk, mira, anchor) = mira().await;
        let (edited, gone) = (mira.write("To be edited.").await, mira.write("To be deleted.").await);
        let made = app.state.services.register("Owner", PASSWORD, PASSWORD, None).await.expect("an account");
        let code = made.2.as_str().to_owned();
        Self { app, disk, mira, anchor, edited, gone, code, round: 0 }
    }

    async fn run(&mut self, use_case: &str) -> Got {
        self.round += 1;
        let (mira, round) = (&self.mira, self.round);
        let other = self.app.anonymous();
        let text = format!("Text of round {round}.");
        if matches!(use_case, "register" | "sign in" | "recover") {
            // For the token; this page can be drawn without the journal.
            other.get("/login").await.expect(200);
        }
        match use_case {
            "day" => mira.get(&day()).await,
            "entry" => mira.get(&format!("/entries/{}", self.anchor)).await,
            "edit page" => mira.get(&format!("/entries/{}/edit", self.anchor)).await,
            "versions" => mira.get(&format!("/entries/{}/versions", self.edited)).await,
            "search" => mira.post("/search", &[("q", "anchor")]).await,
            "write" => {
                mira.post(&format!("{}/entries", self.own_day()), &[("op", &fresh_op()), ("text", &text)])
                    .await
            }
            "edit" => {
                let revision = self.revision().await;
                let ask = Ask::post(&format!("/entries/{}", self.edited));
                mira.send(ask.fields(&[("revision", &revision), ("text", &text)])).await
            }
            "draft" => mira.post(&format!("{}/draft", day()), &[("text", &text)]).await,
            "delete" => mira.post(&format!("/entries/{}/delete", self.gone), &[]).await,
            "restore" => mira.post(&format!("/entries/{}/restore", self.gone), &[]).await,
            "version" => mira.post(&format!("/entries/{}/versions/1/restore", self.edited), &[]).await,
            "ask" => mira.post(&format!("/entries/{}/replies", self.anchor), &[]).await,
            "register" => {
                let name = format!("Guest {round}");
                let fields = [("username", &*name), ("password", PASSWORD), ("password_confirm", PASSWORD)];
                other.post("/register", &fields).await
            }
            "sign in" => other.post("/login", &[("username", "Owner"), ("password", PASSWORD)]).await,
            "recover" => {
                let fields = [
                    ("recovery_code", &*self.code),
                    ("username", "Owner"),
                    ("password", PASSWORD),
                    ("password_confirm", PASSWORD),
                ];
                other.post("/recover", &fields).await
            }
            other => panic!("{other} is no use case"),
        }
    }

    /// A day for each round, so that no page grows long.
    fn own_day(&self) -> String {
        format!(
            "/d/20{:02}-{:02}-{:02}",
            self.round / 300 % 26,
            1 + self.round / 25 % 12,
            1 + self.round % 25
        )
    }

    async fn revision(&self) -> String {
        let page = self.mira.get(&format!("/entries/{}/edit", self.edited)).await;
        crate::it::common::attribute(&page.body, "name=\"revision\"", "value")
            .unwrap_or_else(|| "1".to_owned())
    }

    /// The disk works again: so does the journal, at once and whole.
    async fn mended(&self, what: &str) {
        self.disk.mend();
        self.app.state.services.look_at_store().await.expect("no fault of ours");
        let page = self.mira.get(&day()).await;
        assert_eq!(page.status, 200, "{what}: {}", page.body);
        assert!(page.body.contains(ANCHOR), "{what}: the anchor is lost");
        assert!(!page.body.contains("deleted, put back or added outside"), "{what}: the head does not match");
        assert_eq!(banner(&page.body), "", "{what}");
    }
}

/// Runs one use case with a fault at ever later calls; how many faults hit. The first sixteen calls, then ever larger
/// steps; in the long run each call that changes the medium, and smaller steps among those that also read.
async fn hit(stage: &mut Stage, use_case: &str, calls: Calls, error: ErrorKind, once: bool) -> u64 {
    let mut hits = 0;
    let next = |call: &u64| match (torture() > 1, calls) {
        (true, Calls::Changes) => Some(call + 1),
        (true, Calls::All) => Some(call + 1 + call / 16),
        (false, _) => Some(if *call < 16 { call + 1 } else { call * 4 / 3 }),
    };
    for allowed in std::iter::successors(Some(0), next) {
        let what = format!("{use_case}, {error} at call {allowed} of {calls:?}, once: {once}");
        // Each round begins with a store opened anew, so that nothing is read from memory.
        let opposite =
            [("restore", "delete"), ("delete", "restore")].into_iter().find(|(one, _)| *one == use_case);
        if let Some((_, other)) = opposite {
            let _ = stage.run(other).await;
        }
        stage.disk.fail(Calls::All, 0, ErrorKind::Other, true);
        let _ = stage.run("draft").await;
        stage.disk.mend();
        stage.app.state.services.look_at_store().await.expect("no fault of ours");
        stage.disk.fail(calls, allowed, error, once);
        let got = stage.run(use_case).await;
        let fired = stage.disk.fired();
        let is_honest = matches!(got.status, 200 | 303 | 409 | 500 | 503) || got.status == 404 && fired > 0;
        let gone_already = matches!(use_case, "delete" | "restore" | "version") && got.status == 404;
        assert!(is_honest || gone_already, "{what}: {} {}", got.status, got.body);
        if use_case == "write" && got.status != 303 {
            assert!(
                got.body.contains(&format!("Text of round {}.", stage.round)),
                "{what}: the text is gone"
            );
        }
        stage.mended(&what).await;
        if use_case == "write" {
            let page = stage.mira.get(&stage.own_day()).await.body;
            let text = format!("Text of round {}.", stage.round);
            assert!(got.status != 303 || page.contains(&text), "{what}: acknowledged and lost");
        }
        hits += fired;
        if fired == 0 {
            break;
        }
    }
    hits
}

// proves: RR-32 (1,600 faults in 15 use cases)
#[tokio::test]
async fn rr32_a_fault_at_any_call_of_any_use_case_costs_that_request_only() {
    let mut stage = Stage::new().await;
    let mut hits = 0;
    let kinds: &[Calls] = if torture() > 1 { &[Calls::All, Calls::Changes] } else { &[Calls::All] };
    let faults = [(ErrorKind::Other, true), (ErrorKind::Other, false), (ErrorKind::StorageFull, false)];
    for use_case in USE_CASES {
        let before = hits;
        for (calls, (error, once)) in kinds.iter().flat_map(|calls| faults.map(|fault| (*calls, fault))) {
            hits += hit(&mut stage, use_case, calls, error, once).await;
        }
        println!("RR-32: {use_case}: {} faults", hits - before);
    }
    println!("RR-32: {hits} faults in {} use cases, each survived", USE_CASES.len());
    assert!(hits > 200, "only {hits} faults");
}
