//! Rotations that end at any point, by power cuts and by failures after which the same process goes on (RR-24).

use std::{io::ErrorKind, sync::Arc};

use super::{act, finish, seen, world::Seen};
use crate::{
    crypto::secret::{Password, RecoveryCode},
    store::{
        Store,
        faults::{Cut, Dice, Disk, torture},
        rows::{Rows, SmallRow},
        tables::Copy,
    },
    vault::{
        error::VaultError,
        rotation::{Cursor, Step},
        tests::Fixture,
        unlocked::Unlocked,
    },
};

/// Random schedules of a plain run; with `LLAMORA_TEST_TORTURE=12` they are 204.
const SCHEDULES: u64 = 17;

/// A vault on a disk that fails, and one in memory that does what a person does and never rotates.
struct World {
    random: Dice,
    disk: Disk,
    fixture: Fixture,
    anna: Arc<Unlocked>,
    cursor: Cursor,
    shadow: Arc<Unlocked>,
    password: String,
    code: Option<String>,
    dead_codes: Vec<String>,
    dead_passwords: Vec<String>,
    /// Wraps of root keys that were revoked.
    dead_wraps: Vec<SmallRow>,
    n_kills: usize,
    /// The disk will fail some operations from now.
    is_armed: bool,
}

fn code(text: &str) -> RecoveryCode {
    RecoveryCode::parse(text).unwrap()
}

fn wraps(fixture: &Fixture) -> Vec<SmallRow> {
    fixture.store.read(|rows| rows.smalls(Copy::A, b"W")).unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = Disk::default();
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        let (anna, code) = fixture.register("Anna", "correct horse").unwrap();
        let shadow = Fixture::in_memory().anna();
        for n in 0..30 {
            for vault in [&anna, &shadow] {
                act(vault, n, n.wrapping_mul(5), n).unwrap();
            }
        }
        Self {
            random: Dice::new(seed),
            disk,
            fixture,
            anna,
            cursor: Cursor::default(),
            shadow,
            password: "correct horse".to_owned(),
            code: Some(code.display().to_string()),
            dead_codes: Vec::new(),
            dead_passwords: Vec::new(),
            dead_wraps: Vec::new(),
            n_kills: 0,
            is_armed: false,
        }
    }

    /// After a failure: the power goes, or the disk works again and the same process goes on.
    fn fail(&mut self) {
        self.n_kills += 1;
        self.is_armed = false;
        if self.random.below(3) == 0 {
            self.disk.mend();
            return;
        }
        let cut = match self.random.below(4) {
            0 => Cut::DropAll,
            1 => Cut::KeepAll,
            2 => Cut::Reordered(self.random.below(1 << 30)),
            _ => Cut::Torn(self.random.below(1 << 30)),
        };
        self.reopen(self.disk.cut(cut));
    }

    fn reopen(&mut self, image: Vec<u8>) {
        self.disk = Disk::holding(image);
        self.fixture = Fixture::over(Store::on_disk(&self.disk).unwrap()).unwrap();
        self.cursor = Cursor::default();
        self.anna = self.sign_in();
    }

    fn sign_in(&self) -> Arc<Unlocked> {
        let opened = self.fixture.vaults.sign_in("Anna", &self.password).unwrap();
        opened.expect("the password opens in every intermediate state")
    }

    fn check(&self, expected: &Seen) {
        assert!(seen(&self.anna) == *expected, "the journal is not what it was");
        let proof = self.anna.verify().unwrap();
        assert!(proof.ok && proof.strays == 0, "{proof:?}");
        let vaults = &self.fixture.vaults;
        if let Some(known) = &self.code {
            assert!(vaults.open_with_code(&code(known)).unwrap().is_some(), "the recovery code");
        }
        for dead in &self.dead_codes {
            assert!(vaults.open_with_code(&code(dead)).unwrap().is_none(), "a recovery code came back");
        }
        for dead in self.dead_passwords.iter().filter(|dead| **dead != self.password) {
            assert!(vaults.sign_in("Anna", dead).unwrap().is_none(), "a password came back");
        }
    }

    /// A failed revocation may have happened. Its code is lost then, and the password opens.
    fn find_code(&mut self) {
        let Some(known) = self.code.take() else { return };
        if self.fixture.vaults.open_with_code(&code(&known)).unwrap().is_some() {
            self.code = Some(known);
        } else {
            self.dead_codes.push(known);
        }
    }

    fn write(&mut self) {
        let (kind, which, n) =
            (self.random.below(256) as u8, self.random.below(256) as u8, self.random.below(256) as u8);
        if act(&self.anna, kind, which, n).is_ok() {
            act(&self.shadow, kind, which, n).unwrap();
            return;
        }
        let before = seen(&self.shadow);
        act(&self.shadow, kind, which, n).unwrap();
        self.fail();
        if seen(&self.anna) != seen(&self.shadow) {
            self.check(&before);
            act(&self.anna, kind, which, n).unwrap();
        }
    }

    fn revoke(&mut self) {
        let old = wraps(&self.fixture);
        match self.fixture.vaults.revoke(&self.anna, &self.password) {
            Ok(Some(new)) => {
                self.dead_codes.extend(self.code.replace(new.display().to_string()));
                self.dead_wraps = old;
            }
            Ok(None) => panic!("the password is right"),
            Err(_) => {
                self.fail();
                self.find_code();
            }
        }
    }

    fn change_password(&mut self) {
        let new = format!("password {}", self.random.below(1_000));
        let old = std::mem::replace(&mut self.password, new.clone());
        let result = self.fixture.vaults.set_password(&self.anna, "Anna", &Password::choose(&new).unwrap());
        if result.is_ok() {
            self.dead_passwords.push(old);
            return;
        }
        // It may have happened; which of the two opens shows.
        self.n_kills += 1;
        self.is_armed = false;
        let image = self.disk.cut(Cut::DropAll);
        let again = Fixture::over(Store::on_disk(&Disk::holding(image.clone())).unwrap()).unwrap();
        if again.vaults.sign_in("Anna", &new).unwrap().is_some() {
            self.dead_passwords.push(old);
        } else {
            self.password = old;
        }
        self.reopen(image);
    }

    fn advance(&mut self) {
        let n_rows = 1 + self.random.below(9) as usize;
        let done = match self.anna.advance_by(&mut self.cursor, n_rows) {
            Ok(Step::Compact) => self.fixture.vaults.settle().and_then(|_| self.anna.compacted()),
            Ok(Step::Stuck(left)) => panic!("{left:?}"),
            Ok(_) => Ok(()),
            Err(err) => Err(err),
        };
        if done.is_err() {
            self.fail();
        }
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..=14 => self.write(),
            15..=27 => self.advance(),
            28..=30 => {
                if self.anna.refresh().is_err() {
                    self.fail();
                }
            }
            31 | 32 => self.revoke(),
            33 => self.change_password(),
            34 => {
                // Signing in again: the vault is closed and opened.
                self.is_armed = false;
                let image = self.disk.image();
                self.reopen(image);
            }
            _ => {
                let allowed = self.random.below(60);
                self.disk.fail_after(allowed, ErrorKind::Other);
                self.is_armed = true;
            }
        }
    }

    /// Everything comes to its end, and nothing old opens any more.
    fn end(mut self) -> usize {
        self.disk.mend();
        while self.anna.rotation().unwrap().generation < 4 {
            self.anna.refresh().unwrap();
            finish(&self.fixture, &self.anna);
        }
        finish(&self.fixture, &self.anna);
        self.check(&seen(&self.shadow));
        let image = self.disk.image();
        self.reopen(image);
        self.check(&seen(&self.shadow));
        let new = wraps(&self.fixture);
        self.dead_wraps.retain(|(key, _)| new.iter().all(|(listed, _)| listed != key));
        for (key, value) in &self.dead_wraps {
            self.fixture
                .store
                .write(|rows| crate::store::rows::RowsMut::put_small(rows, key, value))
                .unwrap();
        }
        if let (Some(last), [_, ..]) = (self.dead_codes.last(), self.dead_wraps.as_slice()) {
            let opened = self.fixture.vaults.open_with_code(&code(last));
            assert!(matches!(opened, Ok(None) | Err(VaultError::Replaced)), "an old wrap put back opens");
        }
        self.n_kills
    }
}

// proves: RR-24 (17 random schedules with kills; LLAMORA_TEST_TORTURE=12: 204)
#[test]
fn random_kills_in_random_schedules_lose_nothing_and_lock_nobody_out() {
    let mut n_kills = 0;
    for seed in 0..SCHEDULES * torture() {
        let mut world = World::new(seed);
        for step_idx in 0..120 {
            world.step();
            if step_idx % 8 == 0 && !world.is_armed {
                world.check(&seen(&world.shadow));
            }
        }
        n_kills += world.end();
    }
    println!("rotation: {} schedules, {n_kills} failures", SCHEDULES * torture());
    assert!(n_kills as u64 >= SCHEDULES * torture(), "only {n_kills} failures");
}

/// A refresh with edits in between, then a revocation, each to its end. Says how far it came.
fn script(fixture: &Fixture, anna: &Unlocked, at: &mut Progress) -> Result<(), VaultError> {
    let mut n = 100;
    for round in 0..2 {
        if round == 0 {
            anna.refresh()?;
        } else {
            at.revoking = true;
            let new = fixture.vaults.revoke(anna, "correct horse")?.expect("the password is right");
            at.code = Some(new.display().to_string());
        }
        let mut cursor = Cursor::default();
        loop {
            match anna.advance_by(&mut cursor, 9)? {
                Step::Idle => break,
                Step::Compact => {
                    fixture.vaults.settle()?;
                    anna.compacted()?;
                }
                Step::Moved | Step::Turned => {}
                Step::Stuck(left) => panic!("{left:?}"),
            }
            if n < 106 {
                at.writing = Some(n);
                act(anna, n, n.wrapping_mul(5), n)?;
                at.written = n;
            }
            n += 1;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Progress {
    writing: Option<u8>,
    written: u8,
    revoking: bool,
    code: Option<String>,
}

// proves: RR-24 (a kill at every 17th write of a refresh and a revocation; LLAMORA_TEST_TORTURE=17: at every one)
#[test]
fn a_power_cut_at_any_write_of_a_refresh_and_a_revocation_leaves_a_journal_that_goes_on() {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let (anna, old_code) = fixture.register("Anna", "correct horse").unwrap();
    for n in 0..24 {
        act(&anna, n, n.wrapping_mul(5), n).unwrap();
    }
    fixture.store.quiet().unwrap();
    drop((anna, fixture));
    let image = disk.image();
    let expected = |up_to: u8| {
        let shadow = Fixture::in_memory().anna();
        for n in (0..24).chain(100..=up_to) {
            act(&shadow, n, n.wrapping_mul(5), n).unwrap();
        }
        seen(&shadow)
    };
    let states: Vec<Seen> = (99..106).map(expected).collect();
    let stride = 17_u64.div_ceil(torture().min(17));
    let mut n_cuts = 0;
    for allowed in (0..).step_by(stride as usize) {
        let disk = Disk::holding(image.clone());
        let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
        let anna = fixture.sign_in();
        disk.fail_after(allowed, ErrorKind::Other);
        let mut at = Progress::default();
        let done = script(&fixture, &anna, &mut at);
        for cut in [Cut::DropAll, Cut::KeepAll, Cut::Torn(allowed * 2 + 1)] {
            let again = Fixture::over(Store::on_disk(&Disk::holding(disk.cut(cut))).unwrap()).unwrap();
            let old = again.vaults.open_with_code(&old_code).unwrap();
            assert!(old.is_some() || at.revoking, "{cut:?} after {allowed}: the code of a refresh");
            assert!(old.is_none() || at.code.is_none(), "{cut:?} after {allowed}: a revoked code");
            drop(old);
            if let Some(new) = &at.code {
                assert!(
                    again.vaults.open_with_code(&code(new)).unwrap().is_some(),
                    "{cut:?} after {allowed}"
                );
            }
            let anna = again.sign_in();
            let found = seen(&anna);
            let least = usize::from(at.written.max(99) - 99);
            let most = usize::from(at.writing.unwrap_or(99) - 99);
            let state = states[least..=most].iter().find(|state| found == **state);
            let state = state.unwrap_or_else(|| panic!("{cut:?} after {allowed}: another journal"));
            assert!(anna.verify().unwrap().ok, "{cut:?} after {allowed}");
            finish(&again, &anna);
            assert!(seen(&anna) == *state && anna.verify().unwrap().ok, "{cut:?} after {allowed}");
            assert!(!anna.rotation().unwrap().is_running());
            n_cuts += 1;
        }
        if done.is_ok() {
            break;
        }
    }
    println!("rotation: {n_cuts} power cuts");
    assert!(n_cuts > 60, "only {n_cuts} cuts");
}
