use super::*;

#[test]
fn available_memory_is_read_from_meminfo() {
    let meminfo = "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n";
    assert_eq!(available_in(meminfo), Some(2 << 30));
}

#[test]
fn an_unknown_meminfo_sets_no_limit() {
    for meminfo in ["", "MemFree: 1 kB", "MemAvailable:", "MemAvailable: x kB", "MemAvailable: 12 MB"] {
        assert_eq!(available_in(meminfo), None, "{meminfo}");
    }
    assert_eq!(available_in("MemAvailable: 18446744073709551615 kB"), None, "beyond u64");
}

#[cfg(target_os = "linux")]
#[test]
fn this_machine_tells_its_available_memory() {
    assert!(available().is_some_and(|bytes| bytes > 1 << 20));
}

// proves: SR-55
#[cfg(target_os = "linux")]
#[test]
fn hardening_turns_core_dumps_off_and_closes_the_memory() {
    let report = harden_process();
    let done = |measure| report.iter().any(|hardening| hardening.measure == measure && hardening.done);
    assert!(done("no core dumps") && done("memory closed to other processes"));
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}
