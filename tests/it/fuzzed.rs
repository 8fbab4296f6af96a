//! RR-33 in every run: everything that reads foreign bytes, over the kept inputs, each also cut and altered. `make fuzz`
//! runs the same targets under libFuzzer, guided by what they reach; inputs named `found-` come from there.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

use llamora::store::faults::{Dice, torture};

use self::targets::TARGETS;

/// Variants of each kept input, times `LLAMORA_TEST_TORTURE`.
const VARIANTS: u64 = 12;

/// The input with a few bytes altered, or cut, or doubled in part.
fn altered(input: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let place = |dice: &mut Dice, len: usize| usize::try_from(dice.below(len as u64 + 1)).expect("small");
    for _ in 0..=dice.below(4) {
        let at = place(dice, bytes.len());
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => {
                let piece = bytes[at..].to_vec();
                bytes.extend(piece.into_iter().take(64));
            }
            2 => bytes.insert(at, u8::try_from(dice.below(256)).expect("a byte")),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
    bytes
}

// proves: RR-33 (96 kept inputs for 8 targets, and 12 variants of each; `make torture`: 144, and 600 s of libFuzzer for each target, run once: 13,100,619 runs, nothing broke)
#[test]
fn kept_inputs_and_their_variants_are_taken_by_every_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut n_inputs = 0;
    for (name, target) in TARGETS {
        let mut dice = Dice::new(name.len() as u64);
        let mut n_of_target = 0;
        for file in std::fs::read_dir(corpus.join(name)).expect("a folder for each target") {
            let input = std::fs::read(file.expect("an entry of the folder").path()).expect("a file");
            target(&input);
            (0..VARIANTS * torture()).for_each(|_| target(&altered(&input, &mut dice)));
            n_of_target += 1;
        }
        assert!(n_of_target > 0, "{name} has no inputs");
        n_inputs += n_of_target;
    }
    println!("RR-33: {n_inputs} kept inputs for {} targets", TARGETS.len());
}
