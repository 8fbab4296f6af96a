//! A thousand damaged files: none makes the check panic, and none makes it take memory that the file does not have.

use std::{path::PathBuf, process::Command};

use super::{Draft, list, string};
use crate::llm::gguf::{check, sample};

/// Set for the process in which the files are looked at: alone, so that its memory can be measured.
const ALONE: &str = "LLAMORA_TEST_DAMAGED_ALONE";
/// So much more memory may be taken for a file of some kilobytes; the code that is touched counts as well.
const SMALL_ROOM_KB: u64 = 8 * 1024;
/// And so much for the real one, whose header has two megabytes and 49,000 words.
const REAL_ROOM_KB: u64 = 48 * 1024;

/// Small numbers that look random and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// The most memory this process ever had, in kilobytes.
fn peak_kb() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Damages the first `header` bytes in one of five ways, and gives what undoes it.
fn damage(bytes: &mut [u8], header: usize, chance: &mut Chance) -> Vec<(usize, u8)> {
    let mut undo = Vec::new();
    let mut set = |bytes: &mut [u8], at: usize, value: u8| {
        undo.push((at, bytes[at]));
        bytes[at] = value;
    };
    let at = chance.below(header - 8);
    match chance.below(4) {
        0 => {
            let bit = 1 << chance.below(8);
            let value = bytes[at] ^ bit;
            set(bytes, at, value);
        }
        1 => {
            for _ in 0..8 {
                let (at, value) = (chance.below(header), chance.below(256) as u8);
                set(bytes, at, value);
            }
        }
        // A huge number where a count or a length may stand.
        2 => (0..8).for_each(|idx| set(bytes, at + idx, 0xff)),
        _ => {
            let value = (1_u64 << (20 + chance.below(40))).to_le_bytes();
            (0..8).for_each(|idx| set(bytes, at + idx, value[idx]));
        }
    }
    undo
}

/// Damages a file `n` times, also by cutting it; how many were refused.
fn look_at_many(mut bytes: Vec<u8>, header: usize, n: usize) -> usize {
    let mut chance = Chance(0x1_15ae_60bd);
    let mut n_refused = 0;
    for round in 0..n {
        if round % 5 == 4 {
            let end = chance.below(header);
            n_refused += usize::from(check(&bytes[..end]).is_err());
            continue;
        }
        let undo = damage(&mut bytes, header, &mut chance);
        n_refused += usize::from(check(&bytes).is_err());
        undo.into_iter().rev().for_each(|(at, value)| bytes[at] = value);
    }
    assert!(check(&bytes).is_ok(), "the damage was undone");
    n_refused
}

fn real_file() -> Option<Vec<u8>> {
    let folder = PathBuf::from(std::env::var_os("LLAMORA_MODELS__DIR")?);
    std::fs::read(folder.join("SmolLM2-135M-Instruct.Q4_1.gguf")).ok()
}

fn look_alone() {
    let times = std::env::var("LLAMORA_TEST_TORTURE")
        .ok()
        .and_then(|times| times.parse().ok())
        .unwrap_or(1_usize)
        .max(1);
    let draft = Draft::good().with("x.list", list(8, 3, &string("some words").repeat(3)));
    let small = draft.bytes();
    let before = peak_kb();
    let n_refused = look_at_many(small.clone(), small.len() - draft.data, 1_000 * times);
    assert!(n_refused > 500 * times, "{n_refused}");
    look_at_many(sample::good_file(64), sample::good_file(0).len(), 1_000 * times);
    let taken = |before: Option<u64>| Some(peak_kb()?.saturating_sub(before?));
    if let Some(kb) = taken(before) {
        assert!(kb < SMALL_ROOM_KB, "{kb} kB more for files of {} bytes", small.len());
        println!("2 x {} damaged small files: {n_refused} of the first refused, {kb} kB more", 1_000 * times);
    }
    let Some(real) = real_file() else { return };
    let before = peak_kb();
    let n_refused = look_at_many(real, 1_700_000, 40 * times);
    if let Some(kb) = taken(before) {
        assert!(kb < REAL_ROOM_KB, "{kb} kB more");
        println!("{} damaged real files: {n_refused} refused, {kb} kB more", 40 * times);
    }
}

// proves: SR-51 (2,000 damaged small files and 40 real ones, less than 4 and 48 MB more; `make torture`: 12 times as many)
#[test]
fn a_thousand_damaged_files_cost_neither_the_process_nor_its_memory() {
    if std::env::var_os(ALONE).is_some() {
        return look_alone();
    }
    let name = "llm::gguf::tests::damage::a_thousand_damaged_files_cost_neither_the_process_nor_its_memory";
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
