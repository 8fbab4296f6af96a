//! What this machine can do: whether llama.cpp runs on it, and on how many cores.

use std::path::Path;

use crate::llm::LlmError;

/// Checks that llama.cpp runs here: it is compiled for AVX2, FMA, F16C and BMI2 and would die of an illegal instruction.
///
/// `LLAMORA_TEST_NO_AVX2=1` in the environment makes any machine look too old, for tests of the whole program.
///
/// # Errors
/// [`LlmError::Unsupported`] with a sentence for people.
pub fn check_processor() -> Result<(), LlmError> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        let old = !(has!("avx2") && has!("fma") && has!("bmi2") && has!("f16c"));
        if old || std::env::var_os("LLAMORA_TEST_NO_AVX2").is_some_and(|value| value == "1") {
            return Err(LlmError::Unsupported(
                "the local language model needs a processor with AVX2 (2013 or later); everything else works",
            ));
        }
    }
    Ok(())
}

/// Number of physical cores, at most 4: more threads mostly wait for memory, and for each other.
pub fn default_threads() -> u32 {
    let logical = std::thread::available_parallelism().map_or(1, |count| count.get());
    let siblings = (0..logical).filter_map(|cpu| {
        std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"))
            .ok()
    });
    let cores = siblings.collect::<std::collections::BTreeSet<_>>().len();
    let cores = if cores == 0 { logical } else { cores.min(logical) };
    cores.clamp(1, 4) as u32
}

/// Memory of this machine, or what its control group allows, in bytes; `None` where that cannot be found out.
pub fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)?;
    let allowed = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let allowed = allowed.and_then(|allowed| allowed.trim().parse::<u64>().ok());
    Some(allowed.map_or(total, |allowed| allowed.min(total)))
}

/// Memory that can be taken now without pushing other programs out, in bytes.
pub fn available_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let available = available.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)?;
    Some(available.min(memory_bytes()?))
}

/// Whether there is room for a second model beside the one that runs, for the moment of a change. Where that cannot be
/// found out there is not.
pub fn holds_both(old: u64, new: u64) -> bool {
    /// What a model takes besides its file.
    const BESIDES: u64 = 700_000_000;
    let needed = old.saturating_add(new).saturating_add(2 * BESIDES);
    available_bytes().is_some_and(|available| needed <= available)
}

/// Free disk for files in a folder that may not be there yet, in bytes; `None` where that cannot be found out.
#[cfg(target_os = "linux")]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let facts = rustix::fs::statvfs(there).ok()?;
    facts.f_bavail.checked_mul(facts.f_frsize)
}

/// Elsewhere it is not known.
#[cfg(not(target_os = "linux"))]
pub fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// What this machine is, so that what was measured on another one is not believed here: its processor and how many of
/// them may be used.
pub fn name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        matches!(key.trim(), "model name" | "Model" | "Hardware").then(|| value.trim().to_owned())
    });
    let count = std::thread::available_parallelism().map_or(1, |count| count.get());
    format!("{} x{count}", model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
}
