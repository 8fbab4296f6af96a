//! What this machine can do: whether llama.cpp runs on it, and on how many cores.

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
