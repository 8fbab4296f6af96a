use std::sync::Arc;

use crate::{
    crypto::{
        SealError,
        secret::{Password, RecoveryCode},
    },
    store::Store,
    vault::{
        entries,
        error::VaultError,
        settings,
        tests::{Fixture, NOON, day, entry, ids},
    },
};

#[test]
fn a_vault_opens_with_its_name_and_password_only() {
    let fixture = Fixture::in_memory();
    assert!(fixture.vaults.is_new().unwrap());
    let anna = fixture.anna();
    assert!(!fixture.vaults.is_new().unwrap());
    assert_eq!(&*anna.name(), "Anna");
    for (name, password) in [
        ("Anna", "Correct horse"),
        ("Anna", "correct horse "),
        ("Anne", "correct horse"),
        ("", "correct horse"),
        ("Anna", ""),
        ("Anna", &"x".repeat(5_000)),
    ] {
        assert!(fixture.vaults.sign_in(name, password).unwrap().is_none());
    }
    let again = fixture.vaults.sign_in("  ANNA ", "correct horse").unwrap().expect("the same canonical name");
    assert!(Arc::ptr_eq(&anna, &again), "one vault is open once, or two would count its transactions apart");
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn two_people_see_their_own_records_only() {
    let fixture = Fixture::in_memory();
    let (anna, _) = fixture.register("Anna", "correct horse").unwrap();
    let (ben, _) = fixture.register("Ben", "battery staple").unwrap();
    let today = day(20_779);
    anna.write(|w| entries::insert(w, &entry(1, today, "of Anna"))).unwrap();
    ben.write(|w| entries::insert(w, &entry(1, today, "of Ben"))).unwrap();
    ben.write(|w| settings::put(w, "zone", b"UTC")).unwrap();
    let text = |unlocked: &crate::vault::unlocked::Unlocked| {
        unlocked.read(|r| entries::day(r, today)).unwrap()[0].text.clone()
    };
    assert_eq!(text(&anna), "of Anna");
    assert_eq!(text(&ben), "of Ben");
    assert_eq!(anna.read(|r| settings::get(r, "zone")).unwrap(), None);
    assert_ne!(anna.id(), ben.id());
    assert!(anna.verify().unwrap().ok && ben.verify().unwrap().ok);
}

#[test]
fn a_name_may_be_shared_but_not_with_the_password() {
    let fixture = Fixture::in_memory();
    let (first, _) = fixture.register("Anna", "correct horse").unwrap();
    let (second, _) = fixture.register("anna", "battery staple").unwrap();
    assert_ne!(first.id(), second.id());
    assert!(matches!(fixture.register("ANNA", "correct horse"), Err(VaultError::Taken)));
    let taken = fixture.vaults.set_password(&second, "Anna", &Password::choose("correct horse").unwrap());
    assert!(matches!(taken, Err(VaultError::Taken)));
    assert_eq!(fixture.vaults.sign_in("Anna", "battery staple").unwrap().unwrap().id(), second.id());
    assert_eq!(fixture.sign_in().id(), first.id());
}

#[test]
fn everything_is_there_after_the_file_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let today = day(20_779);
    {
        let fixture = Fixture::over(Store::open(&path).unwrap()).unwrap();
        fixture.anna().write(|w| entries::insert(w, &entry(7, today, "kept"))).unwrap();
    }
    let fixture = Fixture::over(Store::open(&path).unwrap()).unwrap();
    assert!(!fixture.vaults.is_new().unwrap());
    let anna = fixture.sign_in();
    assert_eq!(&*anna.name(), "Anna");
    assert_eq!(ids(&anna.read(|r| entries::day(r, today)).unwrap()), [7]);
    anna.write(|w| entries::insert(w, &entry(8, today, "more"))).unwrap();
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn a_recovery_code_gives_a_new_password_and_stays_until_the_next_is_confirmed() {
    let fixture = Fixture::in_memory();
    let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
    anna.write(|w| entries::insert(w, &entry(1, day(1), "before"))).unwrap();
    drop(anna);
    assert!(fixture.vaults.open_with_code(&RecoveryCode::random()).unwrap().is_none());
    assert_eq!(&*fixture.vaults.open_with_code(&code).unwrap().unwrap().name(), "Anna");

    let new = Password::choose("battery staple").unwrap();
    let (anna, offered) = fixture.vaults.recover(&code, "Anna B.", &new).unwrap().expect("the code is right");
    assert_eq!(&*anna.name(), "Anna B.");
    assert_eq!(anna.read(|r| entries::day(r, day(1))).unwrap()[0].text, "before");
    assert!(fixture.vaults.sign_in("Anna", "correct horse").unwrap().is_none(), "the old password");
    assert!(fixture.vaults.sign_in("anna b.", "battery staple").unwrap().is_some(), "the new one");
    assert!(fixture.vaults.open_with_code(&offered).unwrap().is_none(), "only an offer");
    assert!(fixture.vaults.open_with_code(&code).unwrap().is_some(), "the old code still works");

    fixture.vaults.adopt_recovery(&anna, &offered).unwrap();
    assert!(fixture.vaults.open_with_code(&code).unwrap().is_none(), "the old code");
    assert!(fixture.vaults.open_with_code(&offered).unwrap().is_some(), "the new code");
    assert!(anna.verify().unwrap().ok);
    drop(anna);
    let anna = fixture.vaults.sign_in("Anna B.", "battery staple").unwrap().unwrap();
    assert!(fixture.vaults.confirms(&anna, "Anna B.", "battery staple").unwrap());
    assert!(!fixture.vaults.confirms(&anna, "Anna", "correct horse").unwrap());
    assert!(anna.verify().unwrap().ok);
}

#[test]
fn a_password_can_be_set_to_itself_with_another_spelling_of_the_name() {
    let fixture = Fixture::in_memory();
    let anna = fixture.anna();
    fixture.vaults.set_password(&anna, " ANNA ", &Password::choose("correct horse").unwrap()).unwrap();
    drop(anna);
    let anna = fixture.sign_in();
    assert_eq!(&*anna.name(), "ANNA");
    assert!(anna.verify().unwrap().ok);
    assert!(matches!(
        fixture.vaults.set_password(&anna, "  ", &Password::choose("x").unwrap()),
        Err(VaultError::Name(_))
    ));
}

#[test]
fn keys_are_gone_when_the_last_owner_drops_the_vault() {
    let fixture = Fixture::in_memory();
    let weak = Arc::downgrade(&fixture.anna());
    assert!(weak.upgrade().is_none(), "nothing inside keeps a vault open");
    fixture.clock.advance(1_000);
    let anna = fixture.sign_in();
    anna.write(|w| {
        assert_eq!(w.now(), NOON + 1_000);
        assert_eq!(w.seq(), 2, "registering was the first transaction");
        Ok(())
    })
    .unwrap();
    anna.write(|w| {
        assert_eq!(w.seq(), 2, "a transaction that changes nothing is not counted");
        settings::put(w, "a", b"1")
    })
    .unwrap();
    assert_eq!(anna.write(|w| Ok(w.seq())).unwrap(), 3);
}

#[test]
fn a_raised_cost_takes_each_password_along_and_can_be_interrupted_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let open = || Fixture::over(Store::open(&path).unwrap()).unwrap();
    let p_of = |fixture: &Fixture| fixture.vaults.profile().p;
    {
        let fixture = open();
        fixture.register("Anna", "correct horse").unwrap();
        fixture.register("Ben", "battery staple").unwrap();
    }
    let mut fixture = open();
    assert!(fixture.vaults.raise().unwrap());
    // The power goes before anybody signs in.
    drop(fixture);
    let mut fixture = open();
    assert_eq!(p_of(&fixture), 2);
    let refused = fixture.vaults.raise();
    assert!(matches!(refused, Err(VaultError::Seal(SealError::ParametersInUse))), "{refused:?}");
    let anna = fixture.sign_in();
    let in_use = fixture.vaults.raise();
    assert!(
        matches!(in_use, Err(VaultError::Seal(SealError::ParametersInUse))),
        "Ben is under the first one"
    );
    drop(anna);
    assert!(!fixture.vaults.retire().unwrap());
    drop(fixture.vaults.sign_in("Ben", "battery staple").unwrap().expect("under the previous profile"));
    assert!(fixture.vaults.retire().unwrap(), "nobody is left under the first one");
    drop(fixture);

    let mut fixture = open();
    assert!(fixture.vaults.raise().unwrap());
    assert_eq!(p_of(&fixture), 4);
    for (name, password) in [("Anna", "correct horse"), ("Ben", "battery staple")] {
        let vault = fixture.vaults.sign_in(name, password).unwrap().expect("it opens");
        assert!(vault.verify().unwrap().ok);
        assert!(fixture.vaults.sign_in(name, "another").unwrap().is_none());
    }
    assert!(!fixture.vaults.raise().unwrap(), "there is nothing above it");
    assert_eq!(p_of(&fixture), 4);
}
