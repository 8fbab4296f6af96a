use std::{
    io::ErrorKind,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    clock::Fixed,
    config::{Generation, SessionLimits},
    llm::{LlmError, prompt::templates::Prompts, worker::Engine},
    search::{embed::EmbedEngine, toy::Toy},
    services::{Parts, backup::Plan},
    store::{Store, faults::Disk},
    vault::{KdfChoice, Vaults},
};

const PASSWORD: &str = "correct horse battery staple";
const NEW: &str = "an entirely other password";

/// Services over a disk that can fail, without models.
fn on(disk: &Disk) -> Arc<Services> {
    let clock = Arc::new(Fixed::at(1_795_341_600_000));
    let store = Arc::new(Store::on_disk(disk).unwrap());
    let vaults = Vaults::open(Arc::clone(&store), clock.clone(), KdfChoice::Cheap).unwrap();
    Services::new(Parts {
        store,
        vaults,
        clock,
        llm: Engine::start(|| Err(LlmError::NoModel)),
        upstream: None,
        embed: EmbedEngine::start(|| Ok(Box::new(Toy::default()))),
        session: SessionLimits::default(),
        keeps_sessions: false,
        generation: Generation::default(),
        registration: crate::services::admission::Registration::default(),
        prompts: Prompts::embedded().unwrap(),
        folder: "memory".to_owned(),
        has_model: false,
        models_hint: String::new(),
        models: None,
        backups: Plan::default(),
        has_embedder: false,
        index_bytes: 0,
    })
}

/// Mira signed in with two browsers; and her recovery code.
async fn mira(services: &Arc<Services>) -> (Arc<Session>, String, ShownCode) {
    let (session, _, code) = services.register("Mira", PASSWORD, PASSWORD, None).await.unwrap();
    let (_, other) = services.sign_in("Mira", PASSWORD).await.unwrap().expect("the right password");
    (session, other, code)
}

/// After how many operations of the disk it fails: all of the first, later ones further apart.
fn moments() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0_u64), |n| Some(n + 1 + n / 8))
}

// proves: SR-13
#[tokio::test]
async fn a_change_that_is_committed_ends_other_sessions_also_when_the_disk_fails_then() {
    let mut n_unsettled = 0;
    for allowed in moments() {
        let disk = Disk::default();
        let services = on(&disk);
        let (session, other, _) = mira(&services).await;
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let chosen = Chosen { name: "Mira", password: NEW, confirm: NEW };
        let changed = services.change_password(&session, PASSWORD, chosen).await;
        disk.mend();
        let new_opens = services.sign_in("Mira", NEW).await.unwrap().is_some();
        assert!(services.session(&other).is_none() || !new_opens, "after {allowed}");
        let Ok(confirmed) = changed else { continue };
        assert!(new_opens);
        assert!(services.sign_in("Mira", PASSWORD).await.unwrap().is_none());
        assert!(services.session(&other).is_none(), "after {allowed}");
        assert!(services.session(&confirmed.cookie().expect("a new token").value).is_some());
        if !services.vaults.settle().unwrap() {
            break;
        }
        n_unsettled += 1;
    }
    assert!(n_unsettled > 3, "{n_unsettled}");
}

// proves: SR-13
#[tokio::test]
async fn a_recovery_that_is_committed_ends_other_sessions_also_when_the_disk_fails_then() {
    let mut n_unsettled = 0;
    for allowed in moments() {
        let disk = Disk::default();
        let services = on(&disk);
        let (_, other, code) = mira(&services).await;
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let recovered = services.recover(&code, "Mira", NEW, NEW).await;
        disk.mend();
        if services.sign_in("Mira", NEW).await.unwrap().is_some() && recovered.is_ok() {
            assert!(services.session(&other).is_none(), "after {allowed}");
            if !services.vaults.settle().unwrap() {
                break;
            }
            n_unsettled += 1;
        }
    }
    assert!(n_unsettled > 3, "{n_unsettled}");
}

// proves: SR-13
#[tokio::test]
async fn a_deletion_that_is_committed_ends_all_sessions_also_when_the_disk_fails_then() {
    let mut n_unsettled = 0;
    for allowed in moments() {
        let disk = Disk::default();
        let services = on(&disk);
        let (session, other, _) = mira(&services).await;
        let confirmed = services.confirm_password(&session, PASSWORD).await.unwrap();
        disk.fail_after(allowed, ErrorKind::StorageFull);
        let deleted = services.delete_account(confirmed, " mira").await;
        disk.mend();
        if deleted.is_err() {
            continue;
        }
        assert!(services.session(&other).is_none(), "after {allowed}");
        assert!(services.instance().await.unwrap().is_new);
        if !services.vaults.settle().unwrap() {
            break;
        }
        n_unsettled += 1;
    }
    assert!(n_unsettled > 3, "{n_unsettled}");
}

#[tokio::test]
async fn old_bytes_that_were_left_are_taken_out_when_the_program_starts() {
    let disk = Disk::default();
    {
        let services = on(&disk);
        let (session, ..) = mira(&services).await;
        let vault = Arc::clone(&session.user.vault);
        // As far as the commit, and the power goes.
        services.vaults.set_password(&vault, "Mira", &Password::choose(NEW).unwrap()).unwrap();
    }
    let services = on(&Disk::holding(disk.image()));
    assert!(!services.vaults.is_settled().unwrap());
    services.start();
    tokio::time::timeout(Duration::from_secs(10), async {
        while !services.vaults.is_settled().unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it is done by itself");
    assert!(services.sign_in("Mira", NEW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_is_not_revived() {
    let services = on(&Disk::default());
    let (session, ..) = mira(&services).await;
    services.lock(&session).await;
    let chosen = Chosen { name: "Mira", password: NEW, confirm: NEW };
    assert!(matches!(services.confirm_password(&session, PASSWORD).await, Err(KeyError::Ended)));
    assert!(matches!(services.change_password(&session, PASSWORD, chosen).await, Err(KeyError::Ended)));
    assert!(
        services.sign_in("Mira", NEW).await.unwrap().is_some(),
        "the change itself was asked for, and counts"
    );
}

#[tokio::test]
async fn a_code_that_waits_is_wiped_when_the_journal_is_locked() {
    let services = on(&Disk::default());
    let (session, ..) = mira(&services).await;
    let confirmed = services.confirm_password(&session, PASSWORD).await.unwrap();
    let shown = services.offer_code(&confirmed);
    let user = Arc::clone(&confirmed.session().user);
    let code = Arc::downgrade(&user.offered(services.clock.moment()).expect("it waits"));
    services.lock(confirmed.session()).await;
    assert!(code.upgrade().is_none(), "also while a request still holds the user");
    let adopted = services.adopt_code(&confirmed, &shown[shown.len() - 4..]).await.unwrap();
    assert!(matches!(adopted, Adopted::NoneWaits));
}

// D45 (key derivation: one at a time, not on the threads that answer, and only so many wait for it)
#[tokio::test]
async fn derivations_run_one_by_one_beside_the_thread_that_answers() {
    let services = on(&Disk::default());
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let tries = (0..20).map(|_| {
        let (services, running, most, held) =
            (Arc::clone(&services), Arc::clone(&running), Arc::clone(&most), Arc::clone(&held));
        async move {
            let work = move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let limit = Duration::from_secs(20);
                held.lock().unwrap().recv_timeout(limit).expect("the thread that answers goes on");
                running.fetch_sub(1, Ordering::SeqCst);
            };
            services.derive(Lane::Stranger, work).await
        }
    });
    // There is one thread for all that waits: it sees who is refused while the first derivation is held.
    let lets_go = async { (0..20).for_each(|_| let_go.send(()).unwrap()) };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(tries), lets_go);
    let refused = |answer: &Result<(), AccountError>| matches!(answer, Err(AccountError::TooMany { .. }));
    assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), most.load(Ordering::SeqCst)), (8, 1));
    assert_eq!(answers.iter().filter(|answer| refused(answer)).count(), 12);
}
