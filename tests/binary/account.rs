//! A deleted journal is gone from the file, also when the program is killed in the middle.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::program::{Place, is_dist};
use crate::visitor::Visitor;

const PASSWORD: &str = "seventeen geese over the weir";

/// The ids of all vaults that any wrap or keyring in the file carries, whether in use or left over (format-v1.md,
/// sections 5 and 6).
fn vaults_in(file: &[u8]) -> BTreeSet<Vec<u8>> {
    let carried = |at: usize| match file.get(at + 4..at + 6) {
        Some([1, 1]) => file.get(at + 12..at + 19),
        Some([2, 1]) => file.get(at + 8..at + 15),
        _ => None,
    };
    let places = file.windows(4).enumerate().filter(|(_, bytes)| *bytes == b"LLM1");
    places.filter_map(|(at, _)| carried(at)).map(<[u8]>::to_vec).collect()
}

fn vaults(place: &Place) -> BTreeSet<Vec<u8>> {
    vaults_in(&std::fs::read(place.data_file()).unwrap())
}

fn fill(visitor: &mut Visitor) {
    for n in 0..12 {
        visitor.write(&format!("Entry {n}. {}", "And the water rose. ".repeat(n * n * 4)));
    }
}

// F014 of the features, T9 of the threats (12 rounds of kill -9 in the build that ships).
#[test]
fn a_deleted_journal_leaves_the_file_also_when_the_program_is_killed_meanwhile() {
    let rounds: u64 = if is_dist() { 12 } else { 5 };
    let place = Place::slim();
    let running = place.start();
    let mut keeper = Visitor::new(running.address);
    keeper.register("Keeper", PASSWORD);
    fill(&mut keeper);
    running.kill();
    let kept = vaults(&place);
    assert_eq!(kept.len(), 1);

    let (mut n_gone, mut n_left) = (0, 0);
    for round in 0..rounds {
        let running = place.start();
        let name = format!("Doomed {round}");
        let mut doomed = Visitor::new(running.address);
        doomed.register(&name, PASSWORD);
        fill(&mut doomed);
        // The password first, so that the deletion itself begins at once.
        doomed.get("/settings/security");
        let fields = [("current_password", PASSWORD)];
        assert_eq!(doomed.post("/settings/security/recovery", &fields).status, 200);
        assert_eq!(vaults(&place).len(), 2);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(round * 7));
            running.kill();
        });
        let answer = doomed.try_post("/settings/security/delete", &[("name", &name)]);
        killer.join().unwrap();

        let running = place.start();
        let mut again = Visitor::new(running.address);
        if again.try_sign_in(&name, PASSWORD).status == 303 {
            assert!(answer.is_err(), "an acknowledged deletion was lost");
            n_left += 1;
            again.get("/settings/security");
            let fields = [("name", name.as_str()), ("current_password", PASSWORD)];
            assert_eq!(again.post("/settings/security/delete", &fields).status, 200);
        } else {
            n_gone += 1;
        }
        let give_up = Instant::now() + Duration::from_secs(20);
        while vaults(&place) != kept {
            assert!(Instant::now() < give_up, "its keys are still in the file");
            std::thread::sleep(Duration::from_millis(50));
        }
        running.stop();
    }
    println!("deletion and kill -9: {rounds} rounds, {n_gone} were gone at once, {n_left} were still whole");

    let running = place.start();
    let mut keeper = Visitor::new(running.address);
    keeper.sign_in("Keeper", PASSWORD);
    let today = keeper.today();
    assert_eq!(keeper.get(&today).body.matches("data-entry-id=").count(), 12);
    place.assert_calm();
}
