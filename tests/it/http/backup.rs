//! Backups from the settings page, by the clock, and for the command line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use llamora::{
    config::backup::Backup,
    services::backup::{Plan, last, request},
    vault::backup::inspect,
};
use tempfile::TempDir;

use crate::it::common::{Options, TestApp};

const HOUR: i64 = 3_600_000;

/// An application whose data folder exists; its store is in memory.
async fn app(folder: Option<&Path>, every_hours: u32) -> (TestApp, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    let backups = Plan::new(&Backup { folder, every_hours }, data.path());
    (TestApp::with(&Options { backups, ..Options::default() }).await, data)
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(
        all.iter().all(|path| path.extension().is_some_and(|ending| ending == "llamora-backup")),
        "{all:?}"
    );
    all
}

#[tokio::test]
async fn the_page_says_that_there_is_no_backup_and_makes_one() {
    let (app, data) = app(None, 24).await;
    let mira = app.register("Mira").await;
    mira.write("Something to keep.").await;
    let page = mira.get("/settings/data").await;
    assert!(page.body.contains("data-backup=\"none\""), "{}", page.body);
    assert!(page.body.contains("There is no backup yet."));

    let got = mira.post("/settings/data/backup", &[]).await;
    assert_eq!((got.status, got.location()), (303, "/settings/data#backup"));
    let made = backups(&data.path().join("backups"));
    let contents = inspect(fs::read(&made[0]).unwrap().as_slice()).unwrap();
    assert_eq!((made.len(), contents.vaults), (1, 1));
    let page = mira.get("/settings/data").await.body;
    assert!(page.contains("data-backup=\"made\"") && page.contains("22 November 2026, 11:00"), "{page}");
    assert!(page.contains(made[0].file_name().unwrap().to_str().unwrap()), "{page}");
    assert!(page.contains("Copy it to another medium"), "it lies beside the journal");

    app.clock.advance(9 * 24 * HOUR);
    let mira = app.sign_in_again("Mira").await;
    let page = mira.get("/settings/data").await.body;
    assert!(page.contains("(9 days ago)") && page.contains("That is long ago."), "{page}");
    fs::remove_file(&made[0]).unwrap();
    let page = mira.get("/settings/data").await.body;
    assert!(page.contains("data-backup=\"gone\"") && page.contains("is not there now"), "{page}");
}

#[tokio::test]
async fn a_missing_folder_is_said_plainly_and_the_next_try_works() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("stick");
    let (app, _data) = app(Some(&folder), 24).await;
    let mira = app.register("Mira").await;
    let got = mira.post("/settings/data/backup", &[]).await;
    assert_eq!(got.status, 503);
    assert!(got.body.contains("The folder for backups is not there. Plug in its medium"), "{}", got.body);
    app.state.services.back_up_when_due().await;
    assert!(mira.get("/settings/data").await.body.contains("Plug in its medium"));
    fs::create_dir(&folder).unwrap();
    assert_eq!(mira.post("/settings/data/backup", &[]).await.status, 303);
    let page = mira.get("/settings/data").await.body;
    assert!(!page.contains("Plug in its medium") && page.contains("One is made every day"), "{page}");
}

#[tokio::test]
async fn automatic_backups_come_when_due_also_when_nobody_is_signed_in() {
    let place = tempfile::tempdir().unwrap();
    let (app, data) = app(Some(place.path()), 6).await;
    let services = &app.state.services;
    services.back_up_when_due().await;
    assert_eq!(backups(place.path()).len(), 0, "nobody has a journal here yet");
    let mira = app.register("Mira").await;
    mira.write("The first.").await;
    services.back_up_when_due().await;
    assert_eq!(backups(place.path()).len(), 1, "the first is due at once");
    mira.write("The second.").await;
    services.back_up_when_due().await;
    app.clock.advance(5 * HOUR);
    services.back_up_when_due().await;
    assert_eq!(backups(place.path()).len(), 1, "not before six hours have passed");
    mira.post("/logout", &[]).await;
    app.clock.advance(HOUR);
    services.back_up_when_due().await;
    let two = backups(place.path());
    // Both are of one day: only the newer one is kept.
    assert_eq!(two.len(), 1);
    assert_eq!(last(data.path()).unwrap().file, two[0]);

    app.clock.advance(48 * HOUR);
    services.back_up_when_due().await;
    assert_eq!(backups(place.path()), two, "nothing was written: no second copy of the same");
    let noted = last(data.path()).unwrap();
    assert_eq!(noted.verified - noted.made, 48 * HOUR, "but the one there was verified again");
    fs::write(&two[0], b"rotten").unwrap();
    app.clock.advance(7 * HOUR);
    services.back_up_when_due().await;
    let all = backups(place.path());
    assert_eq!(all.len(), 2, "one that no longer verifies is replaced by a new one: {all:?}");
    assert!(inspect(fs::read(&all[1]).unwrap().as_slice()).is_ok());
}

#[tokio::test]
async fn the_command_line_asks_the_running_program() {
    let (app, data) = app(None, 24).await;
    let mira = app.register("Mira").await;
    mira.write("Asked for from outside.").await;
    let place = tempfile::tempdir().unwrap();
    let asked = request::Asked { id: "one".to_owned(), folder: place.path().to_owned() };
    request::ask(data.path(), &asked).unwrap();
    assert!(request::is_waiting(data.path()));
    app.state.services.answer_backup_request().await;
    assert!(!request::is_waiting(data.path()));
    assert!(request::answered(data.path(), "another").is_none(), "an answer is for who asked");
    let made = request::answered(data.path(), "one").unwrap().unwrap();
    assert_eq!(made.file, backups(place.path())[0]);
    assert!(request::answered(data.path(), "one").is_none(), "an answer is read once");

    let gone = request::Asked { id: "two".to_owned(), folder: place.path().join("gone") };
    request::ask(data.path(), &gone).unwrap();
    app.state.services.answer_backup_request().await;
    let refused = request::answered(data.path(), "two").unwrap().unwrap_err();
    assert!(refused.contains("is not there"), "{refused}");

    // What is no request is removed and not answered.
    for bytes in [&b"{\"id\":\"x\",\"folder\":\"relative\"}"[..], b"nonsense", &[b' '; 20_000]] {
        fs::write(data.path().join("backup.request"), bytes).unwrap();
        app.state.services.answer_backup_request().await;
        assert!(!request::is_waiting(data.path()));
        assert!(request::answered(data.path(), "x").is_none());
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", data.path().join("backup.request")).unwrap();
        app.state.services.answer_backup_request().await;
        assert!(!request::is_waiting(data.path()));
    }
}
