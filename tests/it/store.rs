//! The journal's disk in trouble, seen from the pages: read-only, full, failing, pulled out.

mod faults;
mod gone;
mod panics;
mod read_only;

use llamora::store::faults::Disk;

use crate::it::common::{Options, SignedIn, TODAY, TestApp};

/// An application on a disk that can fail, with a journal that holds one entry; the entry's id.
async fn mira() -> (TestApp, Disk, SignedIn, String) {
    let disk = Disk::default();
    let app = TestApp::with(&Options { disk: Some(disk.clone()), ..Options::default() }).await;
    let mira = app.register("Mira").await;
    let entry = mira.write(ANCHOR).await;
    (app, disk, mira, entry)
}

/// The text of the first entry; it must never be lost.
const ANCHOR: &str = "An anchor of iron.";

fn day() -> String {
    format!("/d/{TODAY}")
}

/// The banner of a page: its state, and nothing when there is none.
fn banner(page: &str) -> &str {
    page.split("data-store=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}
