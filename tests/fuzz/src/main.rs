//! One of the targets, named by `LLAMORA_TEST_FUZZ`, under libFuzzer.
#![no_main]

mod targets;

use std::sync::LazyLock;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let name = std::env::var("LLAMORA_TEST_FUZZ").unwrap_or_default();
    let found = targets::TARGETS.iter().find(|(target, _)| *target == name);
    let names = targets::TARGETS.map(|(name, _)| name);
    found.unwrap_or_else(|| panic!("LLAMORA_TEST_FUZZ is none of {names:?}")).1
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET(bytes));
