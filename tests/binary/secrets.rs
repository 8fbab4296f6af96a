//! Nothing secret comes with the program (SR-22).

use std::collections::HashSet;

use llamora::store::{Store, rows::Rows, tables::Copy};

use crate::program::{Place, slim};
use crate::visitor::Visitor;

/// Length of what is compared; every key, salt and token is longer.
const WINDOW: usize = 16;
/// Fewer different bytes than this in a window are layout: magic, counters, zeros. A random one has 15.
const VARIETY: usize = 10;

fn random_parts(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let is_random = |part: &&[u8]| part.iter().collect::<HashSet<_>>().len() >= VARIETY;
    bytes.windows(WINDOW).filter(is_random).map(<[u8]>::to_vec)
}

/// Parts of every salt, key row and token of an instance are drawn when it begins: none of them is in the file that
/// everybody downloads. That two instances differ as well `tests/it/security/fresh.rs` shows.
// proves: SR-22
// D40 (no default secrets)
#[test]
fn no_secret_of_an_instance_is_in_the_program() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Mira", "three brass keys on a nail");
    let cookies: Vec<String> = visitor.client.cookies().map(str::to_owned).collect();
    running.stop();

    let mut parts = HashSet::new();
    for cookie in &cookies {
        parts.extend(random_parts(cookie.as_bytes()));
    }
    let store = Store::open(&place.data_file()).unwrap();
    for copy in Copy::BOTH {
        for (key, value) in store.read(|rows| rows.smalls(copy, b"")).unwrap() {
            parts.extend(random_parts(&key).chain(random_parts(&value)));
        }
    }
    assert!(cookies.len() >= 2 && parts.len() > 400, "{} cookies, {} parts", cookies.len(), parts.len());

    let program = std::fs::read(slim()).unwrap();
    let found = program.windows(WINDOW).filter(|part| parts.contains(*part)).count();
    assert_eq!(found, 0);
    let control = b"the data file is in use by another instance";
    assert!(
        program.windows(control.len()).any(|part| part == control),
        "the control: it is looked at in clear"
    );
}
